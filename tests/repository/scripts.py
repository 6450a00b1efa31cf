# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a script of the repository as `make` does, in a process and a profile of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def script(
    root: Path, tmp_path: Path, name: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run `scripts/NAME` with arguments and return how it ended and what it said."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(runtime),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile"),
    }
    return subprocess.run(
        [sys.executable, str(root / "scripts" / name), *map(str, arguments)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
