# SPDX-License-Identifier: GPL-2.0-or-later
"""A page of a layout in millimetres, its colours and fonts, and plain items on it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from qgis.core import (
    QgsFillSymbol,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemPage,
    QgsLayoutItemPolygon,
    QgsLayoutItemShape,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLinePatternFillSymbolLayer,
    QgsPrintLayout,
    QgsSimpleLineSymbolLayer,
    QgsTextFormat,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import QPointF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontInfo, QPolygonF

from streetsafe_plugin.compat import set_label_look
from streetsafe_plugin.gis import text_gate

MM = QgsUnitTypes.LayoutUnit.LayoutMillimeters
INK = QColor("#1f2933")
QUIET = QColor("#52606d")
ACCENT = QColor("#1b5e3a")
PALE = QColor("#e4efe8")

_FAMILIES = ("Open Sans", "Segoe UI", "Arial", "Liberation Sans", "DejaVu Sans")
_LEFT = Qt.AlignmentFlag.AlignLeft
_TOP = Qt.AlignmentFlag.AlignTop

_NO_BREAK = "\u00a0"
_HELD_TOGETHER = re.compile(
    r"(?<=\bP) (?=[=<] \d)|(?<=\bP [=<]) (?=\d)|(?<=\d) (?=(?:m|km|ha|m²|km²|%)(?!\w))"
)


@dataclass(frozen=True)
class Box:
    """A rectangle on a page in millimetres from its top left corner."""

    x: float
    y: float
    width: float
    height: float

    def scaled(self, factor: float) -> Box:
        """Return the box of a page that is larger by a factor."""
        return Box(*(factor * side for side in (self.x, self.y, self.width, self.height)))


def font(size_pt: float, bold: bool = False) -> QFont:
    """Return the plugin's page font, or the nearest that this machine has."""
    here = (name for name in _FAMILIES if QFontInfo(QFont(name)).family() == name)
    family = next(here, QFont().family())
    chosen = QFont(family)
    chosen.setPointSizeF(size_pt)
    chosen.setBold(bold)
    return chosen


def resized(look: QFont, size_pt: float, bold: bool = False) -> QFont:
    """Return a font of the same family in another size."""
    chosen = QFont(look)
    chosen.setPointSizeF(size_pt)
    chosen.setBold(bold)
    return chosen


def text_format(look: QFont, colour: QColor) -> QgsTextFormat:
    """Return a font and a colour as QGIS's text format."""
    made = QgsTextFormat()
    made.setFont(look)
    made.setSize(look.pointSizeF())
    made.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
    made.setColor(colour)
    return made


def fill_symbol(
    fill: QColor | None = None, line: QColor | None = None, width_mm: float = 0.2
) -> QgsFillSymbol:
    """Return a plain fill with or without an outline."""
    return QgsFillSymbol.createSimple(
        {
            "color": fill.name() if fill else "#ffffff",
            "style": "solid" if fill else "no",
            "outline_color": line.name() if line else "#ffffff",
            "outline_style": "solid" if line else "no",
            "outline_width": f"{width_mm:g}",
            "joinstyle": "miter",
        }
    )


def hatching(
    angle: float, apart_mm: float, width_mm: float, colour: QColor
) -> QgsLinePatternFillSymbolLayer:
    """Return lines to lay over a fill, so that it tells apart from others in grey as well."""
    pattern = QgsLinePatternFillSymbolLayer()
    pattern.setLineAngle(angle)
    pattern.setDistance(apart_mm)
    pattern.subSymbol().changeSymbolLayer(0, QgsSimpleLineSymbolLayer(colour, width_mm))
    return pattern


def prefix_of(number: int) -> str:
    """Return what the ids of a page's items begin with; pages are numbered from 0."""
    return f"page{number + 1:02d}_"


def add_page(layout: QgsPrintLayout, number: int, width: float, height: float) -> QgsLayoutItemPage:
    """Return page `number`, added to the layout if it does not have it yet, in its size."""
    pages = layout.pageCollection()
    if number < pages.pageCount():
        page = pages.page(number)
        page.setPageSize(QgsLayoutSize(width, height, MM))
    else:
        page = QgsLayoutItemPage(layout)
        page.setPageSize(QgsLayoutSize(width, height, MM))
        pages.addPage(page)
    return page


class Sheet:
    """One page of a layout, on which items are placed in the page's own millimetres."""

    def __init__(self, layout: QgsPrintLayout, number: int, prefix: str) -> None:
        """Take the page as it is; `prefix` begins the ids of everything placed."""
        self.layout = layout
        self.number = number
        self.prefix = prefix

    def put(self, item: QgsLayoutItem, name: str, box: Box) -> None:
        """Place an item and give it its id."""
        item.setId(self.prefix + name)
        self.layout.addLayoutItem(item)
        item.attemptMove(QgsLayoutPoint(box.x, box.y, MM), True, False, self.number)
        item.attemptResize(QgsLayoutSize(box.width, box.height, MM))

    def text(
        self,
        name: str,
        text: str,
        box: Box,
        look: QFont,
        colour: QColor = INK,
        horizontal: Qt.AlignmentFlag = _LEFT,
        vertical: Qt.AlignmentFlag = _TOP,
    ) -> QgsLayoutItemLabel:
        """Place text in a font that fits; shown as it is, never evaluated."""
        label = QgsLayoutItemLabel(self.layout)
        label.setMode(QgsLayoutItemLabel.Mode.ModeFont)
        label.setText(as_letters(text))
        set_label_look(label, look, colour)
        label.setHAlign(horizontal)
        label.setVAlign(vertical)
        label.setMarginX(0)
        label.setMarginY(0)
        self.put(label, name, box)
        return label

    def rectangle(self, name: str, box: Box, symbol: QgsFillSymbol) -> None:
        """Place a box."""
        shape = QgsLayoutItemShape(self.layout)
        shape.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
        shape.setSymbol(symbol)
        self.put(shape, name, box)

    def bars(self, name: str, boxes: Iterable[Box], symbol: QgsFillSymbol, upright: bool) -> None:
        """Place bars as one shape, joined along the line they stand on, which has no width.

        `upright` bars stand on a common bottom, others start at a common left edge.
        """
        corners: list[QPointF] = []
        for box in boxes:
            left, right, top, bottom = box.x, box.x + box.width, box.y, box.y + box.height
            turns = (
                [(left, bottom), (left, top), (right, top), (right, bottom)]
                if upright
                else [(left, top), (right, top), (right, bottom), (left, bottom)]
            )
            corners += [QPointF(x, y) for x, y in turns]
        if not corners:
            return
        offset = self.layout.pageCollection().pagePositionToLayoutPosition(
            self.number, QgsLayoutPoint(0, 0, MM)
        )
        shape = QgsLayoutItemPolygon(QPolygonF([c + offset for c in corners]), self.layout)
        shape.setSymbol(symbol)
        shape.setId(self.prefix + name)
        self.layout.addLayoutItem(shape)


def as_letters(text: str) -> str:
    """Return text for a label, line by line: shown as it is, never evaluated.

    A line does not end between a number and its unit, nor within “P = 0.002”.
    """
    shown = "\n".join(text_gate.label(line) for line in text.split("\n"))
    return _HELD_TOGETHER.sub(_NO_BREAK, shown)
