# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving: what is handed over was read back, and holds nothing but what it shows."""

from __future__ import annotations

import getpass
import re
import zlib
from pathlib import Path

import pytest
from qgis.core import QgsLayoutItemMap, QgsPrintLayout, QgsProject, QgsRectangle
from qgis.PyQt.QtGui import QImage

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.gis import release
from streetsafe_plugin.gis.sheet import Box, Sheet, add_page, font, prefix_of

CANARY = "CANARY-7f3a"


@pytest.fixture
def layout(make_layer, qgis_new_project) -> QgsPrintLayout:
    project = QgsProject.instance()
    layer = make_layer(
        ["Point(450000 300000)", "Point(450100 300100)"],
        fields=[("secret", "string(0)")],
        rows=[[CANARY], [CANARY]],
    )
    project.addMapLayer(layer)
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    for number in range(2):
        add_page(layout, number, 297, 210)
        sheet = Sheet(layout, number, prefix_of(number))
        sheet.text("title", "Searchable words [% 6 * 7 %]", Box(10, 10, 200, 10), font(14))
        shown = QgsLayoutItemMap(layout)
        sheet.put(shown, "map", Box(20, 40, 150, 100))
        shown.setLayers([layer])
        shown.setCrs(layer.crs())
        shown.setExtent(QgsRectangle(449900, 299900, 450200, 300100))
        shown.setFrameEnabled(True)
    return layout


def streams(content: bytes) -> bytes:
    """Return a PDF with its compressed streams opened."""
    opened = [content]
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            opened.append(zlib.decompress(match.group(1)))
        except zlib.error:
            continue
    return b"\n".join(opened)


def test_a_pdf_carries_its_title_and_nobodys_name(layout, tmp_path: Path) -> None:
    path = release.export_pdf(layout, tmp_path / "x.pdf", "OFFICIAL: Parks – 2022")
    content = path.read_bytes()
    opened = streams(content)
    assert "\ufeffOFFICIAL: Parks – 2022".encode("utf-16-be").hex().upper().encode() in content
    for word in (b"/Author", b"/Creator", b"/Producer", b"/CreationDate", CANARY.encode()):
        assert word not in opened
    if len(getpass.getuser()) > 4:
        assert getpass.getuser().encode() not in opened


def test_the_stated_title_leaves_a_pdf_that_opens(layout, tmp_path: Path) -> None:
    path = release.export_pdf(layout, tmp_path / "x.pdf", "A title")
    release.verify_pdf(path, 2)
    content = path.read_bytes()
    table = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", content).group(1))
    assert content[table : table + 4] == b"xref"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "could not be exported whole"),
        (lambda content: b"", "could not be exported whole"),
        (lambda content: content.replace(b"%PDF-", b"%XXX-", 1), "could not be exported whole"),
    ],
    ids=["cut short", "empty", "not a PDF"],
)
def test_a_spoilt_pdf_is_found_out(layout, tmp_path: Path, spoil, sentence: str) -> None:
    path = release.export_pdf(layout, tmp_path / "x.pdf", "A title")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WriteFailed, match=sentence):
        release.verify_pdf(path, 2)


def test_a_missing_page_is_found_out(layout, tmp_path: Path) -> None:
    path = release.export_pdf(layout, tmp_path / "x.pdf", "A title")
    with pytest.raises(WriteFailed, match="2 pages instead of 3"):
        release.verify_pdf(path, 3)


def test_a_blank_page_is_found_out(layout, tmp_path: Path) -> None:
    add_page(layout, 2, 297, 210)
    with pytest.raises(WriteFailed, match="Page 3 .* blank"):
        release.export_pdf(layout, tmp_path / "x.pdf", "A title")
    with pytest.raises(WriteFailed, match="Page 3 .* blank"):
        release.export_png(layout, release.Page(2, "x"), tmp_path)


def test_a_picture_has_its_resolution_and_no_words_inside(layout, tmp_path: Path) -> None:
    path = release.export_png(layout, release.Page(0, "x"), tmp_path)
    image = QImage(str(path))
    # A4 landscape at 150 dpi: 297/25.4·150 = 1753.9 by 210/25.4·150 = 1240.2
    assert image.width() == pytest.approx(1753.9, abs=1)
    assert image.height() == pytest.approx(1240.2, abs=1)
    assert not {"Author", "Creator", "Title"} & set(image.textKeys())


def test_svg_has_a_file_for_each_page(layout, tmp_path: Path) -> None:
    pages = [release.Page(0, "a"), release.Page(1, "b")]
    paths = release.export_svg(layout, pages, tmp_path)
    assert [path.name for path in paths] == ["a.svg", "b.svg"]
    assert CANARY not in paths[0].read_text()


def test_text_is_shown_and_not_evaluated(layout, tmp_path: Path) -> None:
    release.export_svg(layout, [release.Page(0, "a"), release.Page(1, "b")], tmp_path)
    shown = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "Searchable words" in shown
    assert "6 * 7" in shown
    assert ">42<" not in shown


def fail_half_way(folder: Path) -> None:
    with release.staging(folder) as aside:
        (aside / "x.pdf").write_bytes(b"half")
        raise ValueError("stop")


def test_staging_leaves_nothing_behind_when_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"):
        fail_half_way(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    staging = release.staging(tmp_path / "not" / "here")
    with pytest.raises(WriteFailed, match="“here” cannot be written"):
        staging.__enter__()
