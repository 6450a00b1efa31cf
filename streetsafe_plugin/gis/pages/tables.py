# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables in the box of a slot: as many rows as fit, in columns of stated shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsLayoutFrame,
    QgsLayoutItemManualTable,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsTableCell,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QFont

from streetsafe_plugin.gis import text_gate
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.sheet import INK, MM, QUIET, Box, text_format
from streetsafe_plugin.gis.text_fit import on_one_line

_GRID_MM = 0.1
_LINE_MM_PER_POINT, _MARGIN_MM_PER_POINT = 0.41, 0.1
_SIZE_PT, _SMALLEST_PT = 7.0, 5.4
#: Long words in a cell may be smaller than the rest, to this share.
_SMALLEST_SHARE = 0.75
_LINES = QColor("#cbd2d9")
#: A frame that is too low by a hair would lose its last row.
_SLACK_MM = 0.4


@dataclass(frozen=True)
class Column:
    """A column: its heading, its share of the width, and whether it holds words, not numbers."""

    heading: str
    share: float
    words: bool = False


def table(
    page: Page,
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    more: str = "",
    like_rows: int = 0,
) -> int:
    """Draw a table in a slot's box and return how many of its rows are shown.

    Where not all fit even in small print, a line beneath says `more`, in which `{}` stands for
    the number of rows that are left out. Without rows, or a slot, nothing is drawn. `like_rows`
    are those of a table beside it, whose print is to be as large.
    """
    slot = page.take_box(name)
    if slot is None or not rows:
        return 0
    box, ground = slot
    size_pt, wanted = _SIZE_PT, max(len(rows), like_rows)
    while size_pt > _SMALLEST_PT and _room(box.height, size_pt * page.scale) < wanted:
        size_pt -= 0.1
    if _room(box.height, size_pt * page.scale) < wanted:
        size_pt = _SIZE_PT  # small print would not help: fewer rows, but easy to read
    room = _room(box.height, size_pt * page.scale)
    shown = rows if len(rows) <= room else rows[: room - 1]
    height = _draw(page, name, Box(box.x, box.y, box.width, 0), columns, shown, size_pt, ground)
    if len(shown) < len(rows):
        look = page.small(size_pt)
        line = Box(box.x, box.y + height + 0.6, box.width, _row_mm(size_pt * page.scale))
        text, look = on_one_line(more.format(len(rows) - len(shown)), look, box.width)
        page.sheet.text(f"{name}_more", text, line, look, QUIET)
    return len(shown)


def _row_mm(size_pt: float) -> float:
    return size_pt * (_LINE_MM_PER_POINT + 2 * _MARGIN_MM_PER_POINT) + _GRID_MM


def _room(height: float, size_pt: float) -> int:
    """Return how many rows fit beneath the headings."""
    return max(int((height - _GRID_MM - _SLACK_MM) / _row_mm(size_pt)) - 1, 1)


def _draw(
    page: Page,
    name: str,
    box: Box,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    size_pt: float,
    ground: QColor,
) -> float:
    """Place the table and return its height."""
    whole = sum(column.share for column in columns)
    widths = [box.width * column.share / whole for column in columns]
    bold, look = page.small(size_pt, bold=True), page.small(size_pt)
    margin = size_pt * page.scale * _MARGIN_MM_PER_POINT
    heading = [
        _cell(column.heading, column, width - 2 * margin, bold)
        for column, width in zip(columns, widths)
    ]
    for cell in heading:
        if not cell.textFormat().isValid():
            cell.setTextFormat(text_format(bold, INK))
        cell.setBackgroundColor(ground)
    body = [
        [
            _cell(text, column, width - 2 * margin, look)
            for text, column, width in zip(row, columns, widths)
        ]
        for row in rows
    ]
    row_mm = _row_mm(size_pt * page.scale)
    height = (len(rows) + 1) * row_mm + _GRID_MM
    place = Box(box.x, box.y, box.width, height)
    made = _place(page, name, place, [heading, *body], widths, row_mm - _GRID_MM, margin, look)
    made.setGridStrokeWidth(_GRID_MM)
    made.setGridColor(_LINES)
    made.setVerticalGrid(False)
    return float(height)


def lines(
    page: Page,
    name: str,
    box: Box,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    look: QFont,
) -> None:
    """Place rows without headings or rules that share a box's height evenly, as beside a chart.

    The columns' shares are millimetres.
    """
    widths = [column.share for column in columns]
    cells = [
        [_cell(text, column, column.share, look) for text, column in zip(row, columns)]
        for row in rows
    ]
    made = _place(page, name, box, cells, widths, box.height / len(rows), 0.0, look)
    made.setShowGrid(False)


def _place(
    page: Page,
    name: str,
    box: Box,
    cells: Sequence[Sequence[QgsTableCell]],
    widths: Sequence[float],
    row_mm: float,
    margin: float,
    look: QFont,
) -> QgsLayoutItemManualTable:
    """Place a table of cells with rows of one height, margins included and rules not."""
    layout = page.sheet.layout
    made = QgsLayoutItemManualTable.create(layout)
    layout.addMultiFrame(made)
    made.setIncludeTableHeader(False)
    made.setContentTextFormat(text_format(look, INK))
    made.setCellMargin(margin)
    made.setTableContents([list(row) for row in cells])
    made.setColumnWidths([width - 2 * margin for width in widths])
    frame = QgsLayoutFrame(layout, made)
    frame.setId(page.sheet.prefix + name)
    made.addFrame(frame)
    # a table's own size is that of its frame, so the frame's must be known beforehand
    made.setRowHeights([row_mm - 2 * margin] * len(cells))
    frame.attemptMove(QgsLayoutPoint(box.x, box.y, MM), True, False, page.number)
    frame.attemptResize(QgsLayoutSize(box.width, box.height + _SLACK_MM, MM))
    frame.setFrameEnabled(False)
    return made


def _cell(text: str, column: Column, width: float, look: QFont) -> QgsTableCell:
    shown, fitted = on_one_line(text_gate.label(text), look, width, _SMALLEST_SHARE)
    cell = QgsTableCell(shown)
    if fitted.pointSizeF() < look.pointSizeF():
        cell.setTextFormat(text_format(fitted, INK))
    cell.setVerticalAlignment(Qt.AlignmentFlag.AlignVCenter)
    if not column.words:
        cell.setHorizontalAlignment(Qt.AlignmentFlag.AlignRight)
    return cell
