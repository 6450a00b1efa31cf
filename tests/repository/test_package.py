# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

TOP = "streetsafe_plugin"
SHIPPED_KINDS = {
    "", ".csv", ".geojson", ".gpkg", ".json", ".md", ".png", ".py", ".qm", ".qml", ".qpt", ".svg",
    ".txt", ".ui",
}  # fmt: skip


def package(run, checkout: Path, out: Path) -> Path:
    done = run(checkout / "scripts" / "package.py", "--out-dir", out)
    assert done.returncode == 0, done.stderr
    (archive,) = out.glob("*.zip")
    return archive


@pytest.fixture
def archive(run, root, tmp_path) -> Path:
    return package(run, root, tmp_path / "dist")


@pytest.fixture
def names(archive) -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return file.namelist()


@pytest.fixture
def installed(archive, tmp_path) -> Path:
    plugins = tmp_path / "plugins"
    with zipfile.ZipFile(archive) as file:
        file.extractall(plugins)
    return plugins


def test_one_folder_holds_what_qgis_looks_for(names):
    assert {name.split("/")[0] for name in names} == {TOP}
    assert {f"{TOP}/__init__.py", f"{TOP}/metadata.txt", f"{TOP}/LICENSE"} <= set(names)
    assert any(name.startswith(f"{TOP}/resources/") for name in names)


def test_names_are_sorted_plain_and_unique(names):
    assert names == sorted(set(names))
    for name in names:
        assert ".." not in name
        assert "\\" not in name
        assert name.isascii()
        assert not any(part.startswith(".") for part in name.split("/"))


def test_only_known_kinds_of_files_are_shipped(names):
    assert {Path(name).suffix for name in names} <= SHIPPED_KINDS


def test_all_code_and_resources_of_the_checkout_are_in_it(names, sources, root):
    def inside(path: Path) -> str:
        name = path.relative_to(root).as_posix()
        return name if name.startswith(TOP) else f"{TOP}/{name}"

    expected = {
        inside(path)
        for path in sources
        if path.relative_to(root).parts[0] in {TOP, "resources"} and path.suffix != ".ts"
    }
    assert set(names) - expected == {f"{TOP}/metadata.txt", f"{TOP}/LICENSE"}
    assert expected <= set(names)


def test_the_plugin_site_would_take_its_size(archive):
    assert archive.stat().st_size <= 25_000_000


def test_the_file_name_states_the_version(archive, root):
    metadata = ConfigParser(interpolation=None)
    metadata.read(root / "metadata.txt", encoding="utf-8")
    assert archive.name == f"{TOP}-{metadata['general']['version']}.zip"


def test_the_same_sources_give_the_same_bytes_on_another_day(run, checkout, tmp_path):
    first = package(run, checkout, tmp_path / "first").read_bytes()
    for path in checkout.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert package(run, checkout, tmp_path / "second").read_bytes() == first


def test_what_tools_leave_behind_stays_out(run, checkout, tmp_path):
    left_behind = ["__pycache__/a.pyc", "gis/.DS_Store", "gis/old.bak", "gis/loose.pyc"]
    for name in left_behind:
        path = checkout / TOP / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left behind")
    (checkout / "resources" / "streetsafe_cy.ts").write_text("<TS/>", encoding="utf-8")
    with zipfile.ZipFile(package(run, checkout, tmp_path / "dist")) as file:
        found = file.namelist()
    assert not [n for n in found if n.endswith((".pyc", ".bak", ".ts", ".DS_Store"))]


def test_programs_are_refused_by_name(run, checkout, tmp_path):
    (checkout / "resources" / "helper.sh").write_text("exit 0", encoding="utf-8")
    done = run(checkout / "scripts" / "package.py", "--out-dir", tmp_path / "dist")
    assert done.returncode == 1
    assert "helper.sh" in done.stderr
    assert not list(tmp_path.glob("dist/*.zip"))


def test_a_version_without_a_changelog_entry_is_refused(run, checkout, tmp_path):
    metadata = checkout / "metadata.txt"
    text = metadata.read_text(encoding="utf-8")
    metadata.write_text(text.replace("\nversion=", "\nversion=99."), encoding="utf-8")
    done = run(checkout / "scripts" / "package.py", "--out-dir", tmp_path / "dist")
    assert done.returncode == 1
    assert "CHANGELOG.md has no entry for version 99." in done.stderr


def test_the_changelog_is_filled_in_and_readable_as_qgis_reads_it(installed):
    metadata = ConfigParser()
    metadata.read(installed / TOP / "metadata.txt", encoding="utf-8")
    changelog = metadata["general"]["changelog"]
    assert f"Version {metadata['general']['version']}, " in changelog
    assert "\nAdded:\n- " in changelog
    assert "Unreleased" not in changelog


def test_the_icon_and_the_metadata_are_found_once_installed(installed):
    metadata = ConfigParser()
    metadata.read(installed / TOP / "metadata.txt", encoding="utf-8")
    assert (installed / TOP / metadata["general"]["icon"]).is_file()
    asked = "from streetsafe_plugin import about, paths; print(about.version(), paths.RESOURCES)"
    said = subprocess.run(
        [sys.executable, "-B", "-c", asked],
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert said == f"{metadata['general']['version']} {installed / TOP / 'resources'}"
