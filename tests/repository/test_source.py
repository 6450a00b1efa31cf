# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SPDX = "# SPDX-License-Identifier: GPL-2.0-or-later"

#: Put together, so that this file does not hold what it forbids.
MACHINE_PATHS = ["/" + folder + "/" for folder in ("root", "work/main", "work/shared")]
REGISTRIES = [".".join(parts) for parts in (
    ("deb", "debian"), ("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"),
)]  # fmt: skip

#: Each of them has run code or fetched addresses found in data.
RUNS_WHAT_DATA_SAYS = ["eval_template", "QgsLayoutItemHtml", "ModeHtml", "QWebView", "QWebEngine"]
PICTURES = {".gif", ".gpkg", ".jpg", ".pdf", ".png", ".zip"}


@pytest.fixture(scope="module")
def python_files(sources) -> list[Path]:
    return [path for path in sources if path.suffix == ".py"]


def test_the_domain_loads_without_qgis():
    asked = (
        "import importlib, pkgutil, sys, streetsafe_plugin.domain as domain\n"
        "for module in pkgutil.walk_packages(domain.__path__, domain.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'qgis', 'osgeo', 'PyQt5', 'PyQt6'}))"
    )
    root = Path(__file__).resolve().parents[2]
    said = subprocess.run(
        [sys.executable, "-B", "-c", asked], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_loading_the_package_loads_nothing_else():
    asked = "import sys, streetsafe_plugin; print([m for m in sys.modules if 'qgis' in m])"
    root = Path(__file__).resolve().parents[2]
    said = subprocess.run(
        [sys.executable, "-B", "-c", asked], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_imports_are_absolute(python_files):
    relative = [
        f"{path}:{node.lineno}"
        for path in python_files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert relative == []


def test_every_python_file_names_its_licence(python_files):
    unnamed = [str(p) for p in python_files if SPDX not in p.read_text("utf-8").splitlines()[:2]]
    assert unnamed == []


def test_nothing_names_a_machine_or_a_registry(sources, root):
    forbidden = [*MACHINE_PATHS, f"{root}/", f"{Path.home()}/", *REGISTRIES]
    found = [
        f"{path}: {word}"
        for path in sources
        if path.suffix not in PICTURES
        for word in forbidden
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []


def test_nothing_shipped_can_run_what_data_says(sources, root):
    shipped = [
        p for p in sources if p.relative_to(root).parts[0] in {"streetsafe_plugin", "resources"}
    ]
    found = [
        f"{path}: {word}"
        for path in shipped
        if path.suffix not in PICTURES
        for word in RUNS_WHAT_DATA_SAYS
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_only_one_file_speaks_in_versions(sources, root):
    """Differences between QGIS versions are settled in compat.py and asked for nowhere else."""
    asking = [
        path.name
        for path in sources
        if path.relative_to(root).parts[0] == "streetsafe_plugin"
        and path.suffix == ".py"
        and any(w in path.read_text(encoding="utf-8") for w in ("versionInt(", "QGIS_VERSION_INT"))
    ]
    assert set(asking) <= {"compat.py"}
