# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the plugin's own files lie, installed from the ZIP or run from a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

#: In the ZIP `metadata.txt` lies beside the code, in a checkout one level up.
ROOT = PACKAGE if (PACKAGE / "metadata.txt").exists() else PACKAGE.parent

METADATA = ROOT / "metadata.txt"
RESOURCES = ROOT / "resources"


def resource(*parts: str) -> Path:
    """Return the path of a shipped file, e.g. `resource("icons", "streetsafe.svg")`."""
    return RESOURCES.joinpath(*parts)
