# SPDX-License-Identifier: GPL-2.0-or-later
"""Bar charts in the box of a slot, drawn with a layout's own items so that text stays text.

All bars of a chart are one shape, so that a pack of many pages stays light and the chart can be
recoloured with one click.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsFillSymbol
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from streetsafe_plugin.domain.pack import Step, Trend
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.tables import Column, lines
from streetsafe_plugin.gis.sheet import INK, QUIET, Box, fill_symbol, hatching
from streetsafe_plugin.gis.text_fit import width_mm
from streetsafe_plugin.i18n import tr

_PITCH_MM = 3.75
_LABEL_PT, _SMALLEST_PT = 6.8, 5.8
_MM_PER_POINT = 25.4 / 72
_LABEL_SHARE = 0.5
_MIDDLE, _RIGHT = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
_LEFT, _CENTRE = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter
_BOTTOM, _TOP = Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignTop
#: As wide as a column gets, however few there are.
_WIDEST_COLUMN_MM = 9.0
#: What is held back stands as this in a chart; a footnote says so.
HELD = "–"


def reasons_chart(page: Page, name: str, reasons: Sequence[tuple[str, int]]) -> None:
    """Draw mentions by reason as bars that lie, as many reasons as fit, the first ones."""
    slot = page.take_box(name)
    if slot is None or not reasons:
        return
    box, colour = slot
    pitch = min(_PITCH_MM * page.scale, box.height / len(reasons))
    size_pt = min(_LABEL_PT, pitch / page.scale / _MM_PER_POINT * 0.68)
    if size_pt < _SMALLEST_PT:
        size_pt = _SMALLEST_PT
        pitch = size_pt * page.scale * _MM_PER_POINT / 0.68
    room = int(box.height / pitch + 1e-6)
    beyond = len(reasons) - room + 1 if len(reasons) > room else 0
    shown = reasons[: room - 1] if beyond else reasons
    look = page.small(size_pt)
    label_mm = box.width * _LABEL_SHARE
    figure_mm = max(width_mm(f"{mentions:,}", look) for _, mentions in shown) + 2.0
    longest = box.width - label_mm - figure_mm - 1.5
    most = max(mentions for _, mentions in shown)
    bars = [
        Box(
            box.x + label_mm + figure_mm + 1.5,
            box.y + (number + 0.14) * pitch,
            longest * mentions / most,
            0.72 * pitch,
        )
        for number, (_, mentions) in enumerate(shown)
    ]
    words = Box(box.x, box.y, label_mm + figure_mm, pitch * len(shown))
    columns = [Column("", label_mm, words=True), Column("", figure_mm)]
    rows = [(label, f"{mentions:,}") for label, mentions in shown]
    lines(page, f"{name}_labels", words, columns, rows, look)
    if beyond:
        last = Box(box.x, box.y + pitch * (len(shown) + 0.15), box.width, 0.85 * pitch)
        more = tr("and {} more reasons, in the tables of this pack").format(beyond)
        page.sheet.text(f"{name}_more", more, last, look, QUIET, _LEFT, _MIDDLE)
    page.sheet.bars(f"{name}_bars", bars, fill_symbol(colour), upright=False)


def trend_chart(page: Page, name: str, trend: Trend | None) -> None:
    """Draw reports by month (or the trend's unit) as columns on a line.

    A step that the reports do not wholly cover is hatched; one that is held back is a dash.
    """
    slot = page.take_box(name)
    if slot is None or trend is None or not trend.steps:
        return
    box, colour = slot
    look = page.small(6.2)
    if all(step.reports == 0 for step in trend.steps):
        page.sheet.text(f"{name}_empty", tr("No report in this time."), box, page.small(7.5), QUIET)
        return
    line_mm = 6.2 * page.scale * _MM_PER_POINT * 1.45
    known = [step.reports for step in trend.steps if step.reports is not None]
    most = max(known, default=0)
    axis_mm = max(width_mm(f"{most:,}", look), width_mm("0", look)) + 1.5
    plot = Box(
        box.x + axis_mm, box.y + line_mm / 2, box.width - axis_mm, box.height - 1.6 * line_mm - 0.4
    )
    base = plot.y + plot.height
    pitch = min(plot.width / len(trend.steps), _WIDEST_COLUMN_MM * page.scale)
    covered: list[Box] = []
    partly: list[Box] = []
    for at, step in enumerate(trend.steps):
        if step.reports and most:
            height = plot.height * step.reports / most
            bar = Box(plot.x + (at + 0.1) * pitch, base - height, 0.8 * pitch, height)
            (covered if step.covered else partly).append(bar)
    page.sheet.bars(f"{name}_columns", covered, fill_symbol(colour), upright=True)
    page.sheet.bars(f"{name}_partly", partly, _hatched(colour), upright=True)
    line = Box(plot.x, base, pitch * len(trend.steps), 0.2)
    page.sheet.rectangle(f"{name}_line", line, fill_symbol(QUIET))
    top = plot.y - line_mm / 2
    for figure, y in ((most, top), (0, base - line_mm)) if most else ((0, base - line_mm),):
        place = Box(box.x, y, axis_mm - 1, line_mm)
        label = f"{name}_axis_{'most' if figure else 'none'}"
        page.sheet.text(label, f"{figure:,}", place, look, QUIET, _RIGHT, _MIDDLE)
    _name_steps(page, name, trend.steps, Box(plot.x, base + 0.5, pitch, line_mm))
    held = [at for at, step in enumerate(trend.steps) if step.reports is None]
    for number, at in enumerate(held, start=1):
        place = Box(plot.x + at * pitch, base - line_mm, pitch, line_mm)
        page.sheet.text(f"{name}_held_{number:02d}", HELD, place, look, INK, _CENTRE, _BOTTOM)


def _name_steps(page: Page, name: str, steps: Sequence[Step], first: Box) -> None:
    """Write the names of as many steps beneath the line as there is room for, evenly spaced."""
    look = page.small(6.2)
    labels = [step.label for step in steps]
    widest = max(width_mm(label, look) for label in labels) * 1.06 + 1.5
    every = max(1, -(-int(widest * 100) // int(first.width * 100)))
    if every > 3 and every % 3:  # names three months apart, or six, or twelve, are easier to read
        every = next((usual for usual in (3, 6, 12) if usual >= every), every)
    for number, at in enumerate(range(0, len(steps), every), start=1):
        centre = first.x + (at + 0.5) * first.width
        place = Box(centre - widest / 2, first.y, widest, first.height)
        page.sheet.text(f"{name}_step_{number:02d}", labels[at], place, look, QUIET, _CENTRE, _TOP)


def _hatched(colour: QColor) -> QgsFillSymbol:
    symbol = fill_symbol(None, colour, 0.2)
    symbol.appendSymbolLayer(hatching(45.0, 0.9, 0.2, colour))
    return symbol
