# SPDX-License-Identifier: GPL-2.0-or-later
"""The checkout as a whole: what is shipped, what is promised, what must not be in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE_HERE = {".git", ".hypothesis", ".qgis-settings", ".venv", "__pycache__", "build", "dist"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Path]:
    """Every file of the checkout that was not made by its own commands."""
    found = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [n for n in names if n not in MADE_HERE and not n.endswith("_cache")]
        found += [Path(folder, name) for name in files]
    return sorted(found)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of everything that is shipped and of the scripts that ship it."""
    copy = tmp_path / "checkout"
    for folder in ("streetsafe_plugin", "resources", "scripts"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("metadata.txt", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a Python script of the project and return what came of it."""

    def run_script(script: Path, *arguments: object, **environment: str):
        return subprocess.run(
            [sys.executable, "-B", str(script), *map(str, arguments)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run_script
