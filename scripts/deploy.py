# SPDX-License-Identifier: GPL-2.0-or-later
"""Unpack the plugin's ZIP into a QGIS profile, so that what is tried is what is shipped."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

from package import ROOT, TOP, archive_name


class CannotDeploy(Exception):
    """There is nothing to install, or nowhere to install it; the text says what to do."""


def settings_folders() -> list[Path]:
    """Return the folders in which QGIS 3 and 4 keep their profiles on this system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return [base / "QGIS" / "QGIS3", base / "QGIS" / "QGIS4"]


def default_profile() -> Path:
    """Return the folder of the profile with which QGIS starts.

    Raises:
        CannotDeploy: QGIS has never been started here, or there are two to choose from.
    """
    found = [folder for folder in settings_folders() if (folder / "profiles").is_dir()]
    if not found:
        raise CannotDeploy("No QGIS profile was found. Start QGIS once, or give --profile-dir.")
    if len(found) > 1:
        raise CannotDeploy(f"Both {found[0]} and {found[1]} hold profiles. Give --profile-dir.")
    profiles = found[0] / "profiles"
    chosen = ConfigParser(interpolation=None)
    chosen.read(profiles / "profiles.ini", encoding="utf-8")
    return profiles / chosen.get("core", "defaultProfile", fallback="default")


def install(archive: Path, profile: Path) -> Path:
    """Replace the plugin in a profile by the one in the ZIP and return its folder.

    Raises:
        CannotDeploy: There is no ZIP, or the profile links to a plugin kept elsewhere.
    """
    if not archive.is_file():
        raise CannotDeploy(f"There is no {archive}. Make it with 'make package'.")
    plugins = profile / "python" / "plugins"
    target = plugins / TOP
    if target.is_symlink():
        raise CannotDeploy(f"{target} is a link to {target.resolve()}. Remove it first.")
    beside = plugins / f"{TOP}.new"
    shutil.rmtree(beside, ignore_errors=True)
    with zipfile.ZipFile(archive) as file:
        file.extractall(beside)
    if target.exists():
        shutil.rmtree(target)
    (beside / TOP).rename(target)
    beside.rmdir()
    return target


def main() -> int:
    """Install the ZIP into the profile the command line names and say where it lies."""
    parser = argparse.ArgumentParser(description="Install the plugin's ZIP into a QGIS profile.")
    parser.add_argument("--zip", type=Path, default=ROOT / "dist" / archive_name())
    parser.add_argument("--profile-dir", type=Path, help="default: the profile QGIS starts with")
    choice = parser.parse_args()
    try:
        target = install(choice.zip, choice.profile_dir or default_profile())
    except CannotDeploy as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Installed in {target}. Switch it on under Plugins > Manage and Install Plugins.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
