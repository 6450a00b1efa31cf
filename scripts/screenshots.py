# SPDX-License-Identifier: GPL-2.0-or-later
"""Take the manual's pictures: the real QGIS on a screen of its own, walked through every step.

The pictures are taken inside QGIS by `screenshots_in_qgis.py`; this script prepares the profile,
starts the screen and checks that all pictures came out.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy import CannotDeploy
from package import ROOT
from run_qgis import make_profile, make_sample, start

SCREEN = "1600x1000x24"
LONGEST_S = 600
PICTURES = (
    "1-reports", "2-parks", "3-analyse", "4-brief", "dock-1", "dock-2", "dock-3", "dock-4",
    "running", "dialog", "options",
)  # fmt: skip


def take(images: Path, theme: str) -> list[str]:
    """Take all pictures in a fresh profile and return the names of those that are missing."""
    images.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        (images / f"{name}.png").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        profile = make_profile(home, theme)
        project = make_sample(profile)
        script = Path(__file__).with_name("screenshots_in_qgis.py")
        application = start(
            home,
            "--code",
            str(script),
            STREETSAFE_IMAGES=str(images),
            STREETSAFE_PROJECT=str(project),
        )
        try:
            application.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            application.kill()
            application.wait()
    return [name for name in PICTURES if not (images / f"{name}.png").exists()]


def main() -> int:
    """Take the pictures, on a virtual screen unless already on one."""
    parser = argparse.ArgumentParser(description="Take the manual's pictures.")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--theme", default="default", help="such as 'Night Mapping'")
    parser.add_argument("--here", action="store_true", help="use the screen there is")
    choice = parser.parse_args()
    if not choice.here:
        xvfb = shutil.which("xvfb-run")
        if xvfb is None:
            print("There is no xvfb-run here. Install Xvfb with 'make setup'.", file=sys.stderr)
            return 1
        command = [xvfb, "--auto-servernum", f"--server-args=-screen 0 {SCREEN}"]
        again = [*command, sys.executable, __file__, "--here", *sys.argv[1:]]
        return subprocess.run(again, check=False).returncode
    try:
        missing = take(choice.images.resolve(), choice.theme)
    except CannotDeploy as problem:
        print(problem, file=sys.stderr)
        return 1
    if missing:
        print(f"These pictures could not be taken: {', '.join(missing)}.", file=sys.stderr)
        return 1
    print(f"{len(PICTURES)} pictures in {choice.images}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
