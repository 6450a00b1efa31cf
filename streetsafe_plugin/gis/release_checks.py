# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a page came out: not blank, its maps drawn, its marking there.

A page is looked at as an array of grey levels, (rows, columns) of 0 to 255, at about `LOOK_DPI`,
whichever format it is in. QGIS exports a map whose layers are gone without a word, and everything
around it still stands; so maps and markings are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qgis.core import (
    QgsLayout,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QImage

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.i18n import tr

LOOK_DPI = 72
MM_PER_INCH = 25.4
#: A page with next to nothing on it holds fewer shades than this.
_FEWEST_SHADES = 8
#: Fainter differences from the ground, in grey levels, are no ink.
_FAINTEST_INK = 12
#: As many inked pixels as a map's or a marking's box has at least, seen at LOOK_DPI.
_LEAST_INK = 12
#: A frame's line lies on the edge of its box.
_EDGE_MM = 1.0
_MARKING_IDS = ("marking_top", "marking_bottom")


@dataclass(frozen=True)
class Spot:
    """What must have ink on a page, in millimetres from its corner, and what lies over it."""

    what: str
    box: QRectF
    covered: tuple[QRectF, ...] = ()


def spots(layout: QgsLayout, number: int) -> list[Spot]:
    """Return the maps and markings of page `number`, counted from 0.

    Markings are labels whose ids end in `marking_top` or `marking_bottom`.
    """
    on_page = [
        item
        for item in layout.pageCollection().itemsOnPage(number)
        if not isinstance(item, QgsLayoutItemPage)
    ]
    found = []
    for item in on_page:
        if isinstance(item, QgsLayoutItemMap):
            above = (_box(o) for o in on_page if o is not item and o.zValue() > item.zValue())
            found.append(Spot(tr("the map"), _box(item), tuple(above)))
        elif isinstance(item, QgsLayoutItemLabel) and item.id().endswith(_MARKING_IDS):
            found.append(Spot(tr("the marking"), _box(item)))
    return found


def require_layers(layout: QgsLayout) -> None:
    """Refuse a layout of which a map has no layer, or one that cannot be read any more.

    Raises:
        WriteFailed: naming the layer.
    """
    for item in layout.items():
        if not isinstance(item, QgsLayoutItemMap):
            continue
        layers = item.layers() if item.keepLayerSet() else item.layersToRender()
        broken = [layer.name() for layer in layers if not layer.isValid()]
        if broken:
            raise WriteFailed(
                tr("Layer “{}” cannot be drawn.").format(broken[0]),
                tr("Check that its file is still there, then try again."),
            )
        if not layers:
            raise WriteFailed(
                tr("The map “{}” has no layers left.").format(item.id()),
                tr("Check that the layers of the map still exist, then try again."),
            )


def check_page(path: Path, layout: QgsLayout, number: int, grey: np.ndarray) -> None:
    """Look at page `number`, counted from 0, of a file, where it came out as `grey`.

    Raises:
        WriteFailed: the page is blank, or a map or marking of it is.
    """
    if np.count_nonzero(np.bincount(grey.ravel(), minlength=256)) < _FEWEST_SHADES:
        raise WriteFailed(
            tr("Page {} of “{}” came out blank.").format(number + 1, path.name),
            tr("Check that the layers of the map still exist, then try again."),
        )
    per_mm = grey.shape[1] / layout.pageCollection().page(number).rect().width()
    for spot in spots(layout, number):
        if not _has_ink(grey, spot, per_mm):
            raise WriteFailed(
                tr("On page {} of “{}” {} came out blank.").format(
                    number + 1, path.name, spot.what
                ),
                tr("Check that the layers of the map still exist, then try again."),
            )


def size_mm(layout: QgsLayout, number: int) -> tuple[float, float]:
    """Return the width and height of a page, counted from 0, in millimetres."""
    sides = layout.pageCollection().page(number).rect()
    unit = QgsUnitTypes.LayoutUnit.LayoutMillimeters
    width, height = (
        layout.convertFromLayoutUnits(side, unit).length()
        for side in (sides.width(), sides.height())
    )
    return width, height


def grey_levels(image: QImage, width_mm: float) -> np.ndarray:
    """Return a picture of a page of this width as grey levels at about `LOOK_DPI`."""
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    bits = grey.constBits()
    bits.setsize(grey.sizeInBytes())
    lines = np.frombuffer(bits, dtype=np.uint8).reshape(grey.height(), grey.bytesPerLine())
    step = max(int(grey.width() / (width_mm / MM_PER_INCH * LOOK_DPI)), 1)
    # a copy, since the picture takes its memory along when it goes
    return lines[::step, : grey.width() : step].copy()


def _has_ink(grey: np.ndarray, spot: Spot, per_mm: float) -> bool:
    edge = _EDGE_MM if spot.covered or spot.box.height() > 4 * _EDGE_MM else 0.0
    inner = spot.box.adjusted(edge, edge, -edge, -edge)
    cut = _pixels(grey, inner, per_mm).astype(np.int16)
    if cut.size == 0:
        return False
    seen = np.ones(cut.shape, dtype=bool)
    for over in spot.covered:
        _pixels(seen, over.translated(-inner.x(), -inner.y()), per_mm)[...] = False
    # the lines of a map's grid are their whole row's or column's level, and are not ink
    rows, columns = np.median(cut, axis=1, keepdims=True), np.median(cut, axis=0, keepdims=True)
    ink = (np.abs(cut - rows) > _FAINTEST_INK) & (np.abs(cut - columns) > _FAINTEST_INK) & seen
    return int(np.count_nonzero(ink)) >= _LEAST_INK


def _pixels(array: np.ndarray, box: QRectF, per_mm: float) -> np.ndarray:
    left, right = (max(round(x * per_mm), 0) for x in (box.left(), box.right()))
    top, bottom = (max(round(y * per_mm), 0) for y in (box.top(), box.bottom()))
    return array[top:bottom, left:right]


def _box(item: QgsLayoutItem) -> QRectF:
    """Return where an item lies on its page, turned or not, whatever it is placed by."""
    page = item.layout().pageCollection().page(item.page()).pos()
    return item.mapRectToScene(item.rect()).translated(-page.x(), -page.y())
