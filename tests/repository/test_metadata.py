# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import re
from configparser import ConfigParser

import pytest

REQUIRED = [
    "name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker",
    "repository",
]  # fmt: skip


@pytest.fixture(scope="module")
def general(root) -> dict[str, str]:
    parser = ConfigParser()  # with interpolation, as QGIS reads it
    parser.optionxform = str
    parser.read(root / "metadata.txt", encoding="utf-8")
    return dict(parser["general"])


@pytest.mark.parametrize("key", REQUIRED)
def test_what_the_plugin_site_requires_is_stated(general, key):
    assert general[key].strip()


def test_it_runs_from_qgis_3_22_through_all_of_4(general):
    assert general["qgisMinimumVersion"] == "3.22"
    assert general["qgisMaximumVersion"] == "4.99"
    assert "supportsQt6" not in general


def test_qgis_process_finds_the_provider(general):
    assert general["hasProcessingProvider"] == "yes"


def test_the_version_is_semantic(general):
    assert re.fullmatch(r"\d+\.\d+\.\d+(-rc\d+)?", general["version"])


def test_the_icon_exists(general, root):
    assert (root / general["icon"]).is_file()


def test_it_says_where_it_is_useful_and_what_leaves_the_machine(general):
    assert "Great Britain" in general["about"]
    assert "Nothing leaves your machine" in general["about"]


def test_links_are_secure(general):
    for key in ("homepage", "repository", "tracker"):
        assert general[key].startswith("https://")


def test_it_is_called_what_the_code_calls_it(general):
    from streetsafe_plugin import about

    assert (about.name(), about.version()) == (general["name"], general["version"])
