# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the register of issued products lies, and that it holds what was issued and no more."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from qgis.core import QgsProject

from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.domain.issued import Issued
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.gis.issue_register import (
    entered,
    read_register,
    register_path,
    with_files,
)


def entry(title: str) -> Issued:
    return Issued(datetime.date(2022, 11, 1), title, Audience.PARTNER, 5, 0, "salt")


def test_it_lies_beside_a_saved_project_or_where_it_is_said(qgis_new_project, tmp_path):
    project = QgsProject.instance()
    assert register_path("", project) is None
    assert register_path("", None) is None
    assert project.write(str(tmp_path / "parks.qgz"))
    assert register_path("", project) == tmp_path / "parks.issued.json"
    assert register_path(str(tmp_path / "other.json"), project) == tmp_path / "other.json"


def test_entries_stay_in_their_order(qgis_app, tmp_path):
    path = tmp_path / "register.json"
    assert read_register(path) == []
    for title in ("July", "August"):
        with entered(path, entry(title)):  # from here on, before the product is written
            assert read_register(path)[-1] == entry(title)
    assert read_register(path) == [entry("July"), entry("August")]


def test_a_product_that_fails_is_not_in_it(qgis_app, tmp_path):
    path = tmp_path / "register.json"
    with pytest.raises(WriteFailed), entered(path, entry("July")):
        raise WriteFailed("The disk is full.")
    assert not path.exists()
    with entered(path, entry("August")):
        pass
    with pytest.raises(WriteFailed), entered(path, entry("September")):
        raise WriteFailed("The disk is full.")
    assert read_register(path) == [entry("August")]


def test_what_is_no_text_is_damaged(qgis_app, tmp_path):
    path = tmp_path / "register.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputRefused, match="damaged"):
        read_register(path)


def test_files_handed_out_are_known_by_name_and_content(qgis_app, tmp_path):
    path = tmp_path / "briefing.pdf"
    path.write_bytes(b"pages")
    known = with_files(entry("July"), [path]).files
    assert known == {"briefing.pdf": hashlib.sha256(b"pages").hexdigest()}
