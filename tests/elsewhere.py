# SPDX-License-Identifier: GPL-2.0-or-later
"""A shared folder as a colleague without the plugin has it: opened in a QGIS of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECK = Path(__file__).resolve().parents[1] / "scripts" / "check_shared_folder.py"


def found_in(folder: Path) -> dict[str, Any]:
    """Return what the check of shared folders tells of one, after it found nothing wrong."""
    done = subprocess.run(
        [sys.executable, str(CHECK), folder.name],
        cwd=folder.parent,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(told)
