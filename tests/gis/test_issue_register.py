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
    add_files,
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
        with entered(
            path, entry(title), read_register(path)
        ):  # from here on, before the product is written
            assert read_register(path)[-1] == entry(title)
    assert read_register(path) == [entry("July"), entry("August")]


def test_a_product_that_fails_is_not_in_it(qgis_app, tmp_path):
    path = tmp_path / "register.json"
    with pytest.raises(WriteFailed), entered(path, entry("July"), []):
        raise WriteFailed("The disk is full.")
    assert not path.exists()
    with entered(path, entry("August"), []):
        pass
    with pytest.raises(WriteFailed), entered(path, entry("September"), [entry("August")]):
        raise WriteFailed("The disk is full.")
    assert read_register(path) == [entry("August")]


def test_what_was_entered_meanwhile_is_not_passed_over(qgis_app, tmp_path):
    path = tmp_path / "register.json"
    earlier = read_register(path)
    with entered(path, entry("July"), earlier):
        pass
    with pytest.raises(WriteFailed, match="was changed"), entered(path, entry("August"), earlier):
        pytest.fail("August was not held against July")
    assert read_register(path) == [entry("July")]


def test_what_came_behind_a_product_that_fails_stays(qgis_app, tmp_path):
    path, product = tmp_path / "register.json", tmp_path / "briefing.pdf"
    product.write_bytes(b"pages")

    def fail() -> None:
        with entered(path, entry("July"), []):
            with entered(path, entry("August"), [entry("July")]):
                pass
            add_files(path, entry("August"), [product])
            raise WriteFailed("The disk is full.")

    with pytest.raises(WriteFailed, match="full"):
        fail()
    assert [one.title for one in read_register(path)] == ["August"]
    assert list(read_register(path)[0].files) == ["briefing.pdf"]


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
