# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures and drawings that leave: their size, their resolution, and what they show."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qgis.core import QgsLayoutExporter, QgsLayoutItemPage, QgsProject
from qgis.PyQt.QtGui import QColor, QImage

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.gis import release_pictures
from streetsafe_plugin.gis.release_checks import grey_levels
from streetsafe_plugin.gis.sheet import add_page
from tests.layouts_to_export import (
    A3_LANDSCAPE,
    A4_LANDSCAPE,
    A4_PORTRAIT,
    MARKING,
    SLIDE,
    small_layout,
)

TITLE = "OFFICIAL-SENSITIVE: <Parks> & more – 2022"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def points(make_layer, qgis_new_project):
    layer = make_layer(
        ["Point(450000 300000)", "Point(450100 300020)", "Point(450050 299950)"],
        fields=[("secret", "string(0)")],
        rows=[["CANARY-7f3a"]] * 3,
    )
    QgsProject.instance().addMapLayer(layer)
    return layer


def chunk(content: bytes, kind: bytes) -> bytes:
    at = content.index(kind)
    (length,) = struct.unpack(">I", content[at - 4 : at])
    return content[at + 4 : at + 4 + length]


@pytest.mark.parametrize(
    ("page", "pixels", "dpi"),
    [
        # millimetres / 25.4 · 200, cut
        (A4_LANDSCAPE, (2338, 1653), 200),
        (A4_PORTRAIT, (1653, 2338), 200),
        (A3_LANDSCAPE, (3307, 2338), 200),
        # 1920 / (338.667 / 25.4)
        (SLIDE, (1920, 1080), 144),
        # 1920 / (254 / 25.4)
        ((254.0, 142.875), (1920, 1080), 192),
    ],
    ids=["A4", "A4 upright", "A3", "slide", "smaller slide"],
)
def test_a_picture_has_its_size_and_says_its_resolution(
    points, tmp_path: Path, page, pixels, dpi: float
) -> None:
    path = release_pictures.export_png(small_layout([points], [page]), 0, tmp_path / "x.png", TITLE)
    content = path.read_bytes()
    width, height = struct.unpack(">II", chunk(content, b"IHDR")[:8])
    assert (width, height) == pixels
    across, down, metres = struct.unpack(">IIB", chunk(content, b"pHYs"))
    assert metres == 1
    assert across == down
    assert across * 0.0254 == pytest.approx(dpi, abs=0.1)


@given(st.floats(10, 5000), st.floats(10, 5000))
def test_no_picture_is_larger_than_can_be_drawn(width: float, height: float) -> None:
    size, dpi = release_pictures.picture_size(width, height)
    assert size.width() * size.height() <= release_pictures.MOST_PIXELS
    if (size.width(), size.height()) != release_pictures.SLIDE_PIXELS:
        assert dpi <= release_pictures.PNG_DPI
        assert size.width() == pytest.approx(width / 25.4 * dpi, abs=1)


def test_a_very_large_page_is_drawn_whole(points, tmp_path: Path) -> None:
    """Fault 87: A0 at 200 dpi would be 62 million pixels."""
    layout = small_layout([points], [(1189.0, 841.0)])
    path = release_pictures.export_png(layout, 0, tmp_path / "x.png", TITLE)
    image = QImage(str(path))
    assert image.width() * image.height() == pytest.approx(31_000_000, rel=0.001)
    assert image.dotsPerMeterX() * 0.0254 == pytest.approx(image.width() / (1189 / 25.4), abs=0.1)


def test_a_picture_has_its_title_and_no_other_words(points, tmp_path: Path) -> None:
    path = release_pictures.export_png(small_layout([points]), 0, tmp_path / "x.png", TITLE)
    image = QImage(str(path))
    assert image.textKeys() == ["Title"]
    assert image.text("Title") == TITLE


def box_of(image: QImage, x: float, y: float, width: float, height: float) -> np.ndarray:
    """Return the darkness, 0 to 255, of a box in millimetres of an A4 picture."""
    per_mm = image.width() / 297
    cut = image.copy(*(round(side * per_mm) for side in (x, y, width, height)))
    return 255 - grey_levels(cut, 1e9).astype(int)


def test_the_marking_is_in_the_pixels(points, tmp_path: Path) -> None:
    """It looks as the same label does on a page that holds nothing else."""
    path = release_pictures.export_png(small_layout([points]), 0, tmp_path / "x.png", TITLE)
    image = QImage(str(path))
    alone = small_layout([points])
    for item in alone.pageCollection().itemsOnPage(0):
        is_page = isinstance(item, QgsLayoutItemPage)
        item.setVisibility(is_page or item.id().endswith(("marking_top", "marking_bottom")))
    expected = QgsLayoutExporter(alone).renderPageToImage(0, image.size(), 200)
    for y in (4.0, 201.0):
        seen, wanted = box_of(image, 12, y, 273, 5), box_of(expected, 12, y, 273, 5)
        assert wanted.max() > 150, MARKING
        assert np.abs(seen - wanted).max() < 8


@pytest.mark.parametrize("export", [release_pictures.export_png, release_pictures.export_svg])
def test_what_did_not_come_out_is_found_out(points, tmp_path: Path, export) -> None:
    layout = small_layout([points])
    add_page(layout, 2, 297, 210)
    with pytest.raises(WriteFailed, match="Page 3 .* blank"):
        export(layout, 2, tmp_path / "x", TITLE)
    marking = layout.itemById("page02_marking_bottom")
    marking.setVisibility(False)
    marking.setText("")
    marking.setVisibility(True)
    with pytest.raises(WriteFailed, match=r"On page 2 .* the marking came out blank"):
        export(layout, 1, tmp_path / "x", TITLE)
    QgsProject.instance().removeMapLayer(points.id())
    with pytest.raises(WriteFailed, match=r"On page 1 .* the map came out blank"):
        export(layout, 0, tmp_path / "x", TITLE)


def with_another_text(content: bytes) -> bytes:
    text = b"tEXtAuthor\0somebody"
    more = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    at = content.index(b"IDAT") - 4
    return content[:at] + more + content[at:]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "exported whole"),
        (lambda content: b"", "exported whole"),
        (lambda content: content[:-12], "exported whole"),
        (with_another_text, "other text than its title"),
    ],
    ids=["cut short", "empty", "without its end", "an author"],
)
def test_a_spoilt_picture_is_found_out(points, tmp_path: Path, spoil, sentence: str) -> None:
    layout = small_layout([points])
    path = release_pictures.export_png(layout, 0, tmp_path / "x.png", TITLE)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WriteFailed, match=sentence):
        release_pictures.verify_png(path, layout, 0, TITLE)


def test_a_drawing_has_text_and_a_title_and_no_other_metadata(points, tmp_path: Path) -> None:
    path = release_pictures.export_svg(small_layout([points]), 1, tmp_path / "x.svg", TITLE)
    root = ElementTree.parse(path).getroot()  # noqa: S314 - written by this test
    assert [found.text for found in root.iter(f"{SVG}title")] == [TITLE]
    assert not list(root.iter(f"{SVG}desc"))
    assert not list(root.iter(f"{SVG}metadata"))
    words = "".join(root.itertext())
    assert words.count(MARKING) == 2 + 1  # two on the page, one in the title
    assert "6 * 7" in words
    assert "42" not in words
    assert "on page 2" in words
    assert "CANARY-7f3a" not in path.read_text(encoding="utf-8")
    assert [other.name for other in tmp_path.iterdir()] == ["x.svg"]


def test_a_drawing_has_the_size_of_its_page(points, tmp_path: Path) -> None:
    path = release_pictures.export_svg(
        small_layout([points], [A4_PORTRAIT]), 0, tmp_path / "x.svg", TITLE
    )
    root = ElementTree.parse(path).getroot()  # noqa: S314 - written by this test
    sides = [float(re.sub("mm$", "", root.get(side))) for side in ("width", "height")]
    assert sides == pytest.approx([210, 297], abs=0.2)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "exported whole"),
        (lambda content: b"", "exported whole"),
        (lambda content: content.replace(b"OFFICIAL-SENSITIVE: ", b"x", 1), "exported whole"),
        (
            lambda content: content.replace(
                b"</svg>", b'<image xlink:href="http://127.0.0.1/x.png"/></svg>'
            ),
            "from elsewhere",
        ),
    ],
    ids=["cut short", "empty", "another title", "a picture elsewhere"],
)
def test_a_spoilt_drawing_is_found_out(points, tmp_path: Path, spoil, sentence: str) -> None:
    layout = small_layout([points])
    path = release_pictures.export_svg(layout, 0, tmp_path / "x.svg", TITLE)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WriteFailed, match=sentence):
        release_pictures.verify_svg(path, layout, 0, TITLE)


def test_a_page_without_a_background_is_not_black(points, tmp_path: Path) -> None:
    layout = small_layout([points])
    symbol = layout.pageCollection().page(0).pageStyleSymbol().clone()
    symbol.setColor(QColor(0, 0, 0, 0))
    layout.pageCollection().page(0).setPageStyleSymbol(symbol)
    path = release_pictures.export_png(layout, 0, tmp_path / "x.png", TITLE)
    assert QImage(str(path)).pixelColor(3, 800).name() == "#ffffff"
