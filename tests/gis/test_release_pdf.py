# SPDX-License-Identifier: GPL-2.0-or-later
"""PDFs that leave: what QGIS would write, page by page, and nothing but what they show."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsLayoutExporter, QgsProject
from qgis.PyQt.QtGui import QColor

from streetsafe_plugin.compat import switch_off_geospatial_pdf, text_as_text
from streetsafe_plugin.domain.errors import Cancelled, WriteFailed
from streetsafe_plugin.gis import release_pdf
from streetsafe_plugin.gis.sheet import add_page
from tests.canaries import leaks
from tests.layouts_to_export import (
    A3_LANDSCAPE,
    A4_LANDSCAPE,
    A4_PORTRAIT,
    MARKING,
    SLIDE,
    small_layout,
)

TITLE = "OFFICIAL: Parks – 2022"
MIXED = (A4_LANDSCAPE, A4_PORTRAIT, A3_LANDSCAPE, SLIDE)


@pytest.fixture
def points(make_layer, qgis_new_project):
    layer = make_layer(["Point(450000 300000)", "Point(450100 300020)", "Point(450050 299950)"])
    QgsProject.instance().addMapLayer(layer)
    return layer


def written(*arguments: str) -> str:
    if shutil.which(arguments[0]) is None:
        pytest.skip(f"{arguments[0]} is not installed")
    return subprocess.run(arguments, capture_output=True, check=True).stdout.decode("utf-8")


def page_as_seen(path: Path, number: int) -> np.ndarray:
    dataset = gdal.OpenEx(
        f"PDF:{number}:{path}", gdal.OF_RASTER, allowed_drivers=["PDF"], open_options=["DPI=60"]
    )
    if dataset is None:
        pytest.skip("GDAL cannot draw PDFs here")
    return dataset.ReadAsArray().astype(int)


def exported_by_qgis(layout, path: Path) -> Path:
    """Export a layout in one go, as the layout designer does."""
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = release_pdf.PDF_DPI
    settings.exportMetadata = False
    settings.appendGeoreference = False
    settings.simplifyGeometries = True
    settings.textRenderFormat = text_as_text()
    switch_off_geospatial_pdf(settings)
    assert QgsLayoutExporter(layout).exportToPdf(str(path), settings) == 0
    return path


def test_page_by_page_gives_what_qgis_gives_in_one_go(points, tmp_path: Path) -> None:
    layout = small_layout([points], MIXED)
    theirs = exported_by_qgis(layout, tmp_path / "theirs.pdf")
    ours = release_pdf.export_pdf(layout, tmp_path / "ours.pdf", TITLE)
    # an update of a few hundred bytes with the title
    assert 0 <= ours.stat().st_size - theirs.stat().st_size < 1000
    for number in range(1, 5):
        assert np.array_equal(page_as_seen(ours, number), page_as_seen(theirs, number))
    assert written("pdftotext", str(ours), "-") == written("pdftotext", str(theirs), "-")
    assert written("pdffonts", str(ours)) == written("pdffonts", str(theirs))


def test_text_is_searchable_and_the_marking_stands_twice(points, tmp_path: Path) -> None:
    path = release_pdf.export_pdf(small_layout([points], MIXED), tmp_path / "x.pdf", TITLE)
    pages = written("pdftotext", str(path), "-").split("\f")[:-1]
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert page.count(MARKING) == 2
        assert f"£ café on page {number}" in page
        assert "6 * 7" in page
        assert "42" not in page


def test_fonts_are_inside(points, tmp_path: Path) -> None:
    path = release_pdf.export_pdf(small_layout([points]), tmp_path / "x.pdf", TITLE)
    fonts = written("pdffonts", str(path)).splitlines()[2:]
    # columns from the right: object, generation, uni, sub, emb
    assert fonts
    assert {line.split()[-5] for line in fonts} == {"yes"}


def test_sizes_of_pages_may_differ(points, tmp_path: Path) -> None:
    path = release_pdf.export_pdf(small_layout([points], MIXED), tmp_path / "x.pdf", TITLE)
    told = written("pdfinfo", "-f", "1", "-l", "4", str(path))
    sizes = re.findall(r"size:\s+([\d.]+) x ([\d.]+) pts", told)
    # millimetres / 25.4 · 72
    wanted = [(841.9, 595.3), (595.3, 841.9), (1190.6, 841.9), (960.0, 540.0)]
    assert np.array(sizes, dtype=float) == pytest.approx(np.array(wanted), abs=0.7)


def test_progress_comes_with_every_page_and_only_grows(points, tmp_path: Path) -> None:
    told: list[float] = []
    layout = small_layout([points], (A4_LANDSCAPE,) * 5)
    release_pdf.export_pdf(layout, tmp_path / "x.pdf", TITLE, told.append)
    assert len(set(told)) >= 10
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] <= 1


def test_stopping_stops_at_the_next_page(points, tmp_path: Path) -> None:
    layout = small_layout([points], (A4_LANDSCAPE,) * 5)
    asked: list[float] = []

    def stop(share: float) -> None:
        asked.append(share)
        if len(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        release_pdf.export_pdf(layout, tmp_path / "x.pdf", TITLE, stop)
    assert len(asked) == 3


def test_the_layout_is_left_as_it_was(points, tmp_path: Path) -> None:
    layout = small_layout([points], (A4_LANDSCAPE,) * 2)
    for stop_at in (None, 1):
        ticks: list[float] = []

        def tick(share: float, ticks=ticks, stop_at=stop_at) -> None:
            ticks.append(share)
            if len(ticks) == stop_at:
                raise Cancelled

        try:
            release_pdf.export_pdf(layout, tmp_path / "x.pdf", TITLE, tick)
        except Cancelled:
            assert stop_at == 1
        assert not any(page.excludeFromExports() for page in layout.pageCollection().pages())


def test_the_title_is_all_that_is_told(points, tmp_path: Path) -> None:
    """QGIS from 3.40 on writes the project's author, by default the login, whatever one asks."""
    metadata = QgsProject.instance().metadata()
    metadata.setAuthor("Canary-author")
    metadata.setTitle("Canary-title")
    QgsProject.instance().setMetadata(metadata)
    path = release_pdf.export_pdf(small_layout([points]), tmp_path / "x.pdf", TITLE)
    assert leaks([path], ["Canary-author", "Canary-title", "Qt 5", "Qt 6", "xpacket", "D:20"]) == []
    assert leaks([path], [TITLE])
    told = [line.split(":", 1) for line in written("pdfinfo", str(path)).splitlines()]
    said = {name: value.strip() for name, value in told}
    assert said["Title"] == TITLE
    assert not {"Author", "Creator", "Producer", "CreationDate", "ModDate"} & set(said)
    assert said["JavaScript"] == "no"
    assert said.get("Metadata Stream") == "no"


def test_the_stated_title_leaves_a_pdf_that_opens(points, tmp_path: Path) -> None:
    layout = small_layout([points])
    path = release_pdf.export_pdf(layout, tmp_path / "x.pdf", "A title")
    release_pdf.verify_pdf(path, layout)
    content = path.read_bytes()
    table = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", content).group(1))
    assert content[table : table + 4] == b"xref"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "could not be exported whole"),
        (lambda content: b"", "could not be exported whole"),
        (lambda content: content.replace(b"%PDF-", b"%XXX-", 1), "could not be exported whole"),
        (lambda content: b"%PDF-1.4 /Author (x)\n" + content, r"more than its pages show.*Author"),
    ],
    ids=["cut short", "empty", "not a PDF", "an author"],
)
def test_a_spoilt_pdf_is_found_out(points, tmp_path: Path, spoil, sentence: str) -> None:
    layout = small_layout([points])
    path = release_pdf.export_pdf(layout, tmp_path / "x.pdf", "A title")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WriteFailed, match=sentence):
        release_pdf.verify_pdf(path, layout)


def test_missing_and_wrong_pages_are_found_out(points, tmp_path: Path) -> None:
    path = release_pdf.export_pdf(small_layout([points]), tmp_path / "x.pdf", "A title")
    with pytest.raises(WriteFailed, match="2 pages instead of 3"):
        release_pdf.verify_pdf(path, small_layout([points], (A4_LANDSCAPE,) * 3))
    with pytest.raises(WriteFailed, match="Page 2 .* size"):
        release_pdf.verify_pdf(path, small_layout([points], (A4_LANDSCAPE, A4_PORTRAIT)))


def test_a_blank_page_is_found_out(points, tmp_path: Path) -> None:
    layout = small_layout([points])
    add_page(layout, 2, 297, 210)
    with pytest.raises(WriteFailed, match="Page 3 .* blank"):
        release_pdf.export_pdf(layout, tmp_path / "x.pdf", "A title")


def test_a_map_without_its_layer_is_found_out(points, tmp_path: Path) -> None:
    """Fault 86: grid, frame, scale bar and north arrow still stand."""
    layout = small_layout([points])
    QgsProject.instance().removeMapLayer(points.id())
    with pytest.raises(WriteFailed, match=r"On page 1 .* the map came out blank"):
        release_pdf.export_pdf(layout, tmp_path / "x.pdf", "A title")


@pytest.mark.parametrize("name", ["page02_marking_top", "page02_marking_bottom"])
def test_a_marking_that_cannot_be_seen_is_found_out(points, tmp_path: Path, name: str) -> None:
    from streetsafe_plugin.compat import set_label_look
    from streetsafe_plugin.gis.sheet import font

    layout = small_layout([points])
    set_label_look(layout.itemById(name), font(10, True), QColor("#ffffff"))
    with pytest.raises(WriteFailed, match=r"On page 2 .* the marking came out blank"):
        release_pdf.export_pdf(layout, tmp_path / "x.pdf", "A title")
