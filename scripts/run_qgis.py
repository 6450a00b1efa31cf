# SPDX-License-Identifier: GPL-2.0-or-later
"""Open the real QGIS with the plugin's ZIP and the sample project, in a profile below build/.

Nobody's own profile is touched. The profile is kept between runs, as a user's would be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

from deploy import CannotDeploy, install
from package import ROOT, TOP, archive_name

HOME = ROOT / "build" / "qgis"
SAMPLE = HOME / "sample"

#: What QGIS asks, offers and fetches when it is new.
_QUIET = {
    "qgis": {"checkVersion": "false", "enableMacros": "false"},
    "migration": {"firstRunVersionFlag": "99999", "fileVersion": "2"},
    "core": {r"NewsFeed\httpsfeedqgisorg\disabled": "true"},
}


def make_profile(home: Path, theme: str = "default") -> Path:
    """Install the ZIP into the profile below `home` and switch it on; return the profile.

    Raises:
        CannotDeploy: There is no ZIP yet.
    """
    profile = home / "profiles" / "default"
    install(ROOT / "dist" / archive_name(), profile)
    for version in ("3", "4"):
        _write_settings(profile / "QGIS" / f"QGIS{version}.ini", theme)
    return profile


def make_sample(profile: Path) -> Path:
    """Write the sample data once, and return the project among them."""
    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(profile)
    SAMPLE.parent.mkdir(parents=True, exist_ok=True)
    from headless import qgis_running, run

    with qgis_running():
        results, _ = run("streetsafe:sampledata", {"FOLDER": str(SAMPLE)})
    return Path(results["PROJECT"])


def start(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start QGIS on the profile below `home`.

    Raises:
        CannotDeploy: QGIS is not installed here.
    """
    program = shutil.which("qgis")
    if program is None:
        raise CannotDeploy("There is no 'qgis' here. Install it with 'make setup'.")
    without = ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH")
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return subprocess.Popen(
        [program, "--nologo", "--profiles-path", str(home), *arguments],
        env={**kept, **environment},
    )


def _write_settings(path: Path, theme: str) -> None:
    settings = ConfigParser(interpolation=None)
    settings.optionxform = str  # type: ignore[assignment,method-assign]
    settings.read(path, encoding="utf-8")
    tips = {f"showTips{version}": "false" for version in (322, 340, 344, 400, 402)}
    wanted = {
        **_QUIET,
        "qgis": {**_QUIET["qgis"], **tips},
        "PythonPlugins": {TOP: "true", "processing": "true"},
        "UI": {"UITheme": theme},
    }
    for section, values in wanted.items():
        if not settings.has_section(section):
            settings.add_section(section)
        for name, value in values.items():
            settings.set(section, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        settings.write(file, space_around_delimiters=False)


def main() -> int:
    """Make what is missing, then open QGIS and wait until it is closed."""
    try:
        project = make_sample(make_profile(HOME))
        return start(HOME, str(project)).wait()
    except CannotDeploy as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
