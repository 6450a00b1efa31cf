# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

TOP = "streetsafe_plugin"


@pytest.fixture
def archive(run, root, tmp_path) -> Path:
    assert run(root / "scripts" / "package.py", "--out-dir", tmp_path / "dist").returncode == 0
    return next((tmp_path / "dist").glob("*.zip"))


@pytest.fixture
def deploy(run, root, archive):
    def deploy_with(*arguments, **environment):
        return run(root / "scripts" / "deploy.py", "--zip", archive, *arguments, **environment)

    return deploy_with


def test_the_profile_holds_what_the_zip_holds(deploy, archive, tmp_path):
    profile = tmp_path / "a profile"
    assert deploy("--profile-dir", profile).returncode == 0
    plugins = profile / "python" / "plugins"
    found = {p.relative_to(plugins).as_posix() for p in plugins.rglob("*") if p.is_file()}
    with zipfile.ZipFile(archive) as file:
        assert found == set(file.namelist())


def test_an_earlier_version_is_replaced_whole(deploy, tmp_path):
    stale = tmp_path / "python" / "plugins" / TOP / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("", encoding="utf-8")
    assert deploy("--profile-dir", tmp_path).returncode == 0
    assert not stale.exists()
    assert [p.name for p in (tmp_path / "python" / "plugins").iterdir()] == [TOP]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_linked_plugin_is_left_alone(deploy, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    plugins = tmp_path / "python" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / TOP).symlink_to(elsewhere)
    done = deploy("--profile-dir", tmp_path)
    assert done.returncode == 1
    assert "is a link" in done.stderr
    assert elsewhere.is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is told apart by a variable here")
def test_the_profile_qgis_starts_with_is_the_default(deploy, tmp_path):
    profiles = tmp_path / "QGIS" / "QGIS3" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "profiles.ini").write_text("[core]\ndefaultProfile=night\n", encoding="utf-8")
    done = deploy(XDG_DATA_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (profiles / "night" / "python" / "plugins" / TOP / "metadata.txt").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is told apart by a variable here")
def test_without_a_profile_it_says_what_to_do(deploy, tmp_path):
    done = deploy(XDG_DATA_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "--profile-dir" in done.stderr
