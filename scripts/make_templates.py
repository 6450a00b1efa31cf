# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the briefing's layout templates into resources/layouts, from the dimensions held here.

A force edits a copy in QGIS's layout designer; the plugin finds each item by its id.
"""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headless import ROOT, qgis_running
from qgis.core import (
    QgsLayoutItem,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutMeasurement,
    QgsLegendStyle,
    QgsLineSymbol,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtXml import QDomDocument

from streetsafe_plugin.compat import set_legend_font
from streetsafe_plugin.gis.sheet import (
    ACCENT,
    INK,
    MM,
    PALE,
    QUIET,
    Box,
    Sheet,
    add_page,
    fill_symbol,
    font,
    text_format,
)

OUT = ROOT / "resources" / "layouts"
A3_FROM_A4 = 2**0.5
#: A larger sheet is looked at from further away, but is there to hold more as well.
A3_TEXT = 1.19
_NAMESPACE = uuid.UUID("6f0c1a52-0d0f-4b43-9d0a-6a9a4f6a5c11")
_UUID = re.compile(r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}")
_ATTRIBUTE = re.compile(r' [\w:.-]+="[^"]*"')
_TAG = re.compile(rf"<([\w:.-]+)((?:{_ATTRIBUTE.pattern})+)(/?)>")
_TILE_GAP = 2.0
#: Room for the figures at the left edge of an inset.
_INSET_GAP = 5.0
#: Beneath what lies on a map, so that it is read whatever the map shows there.
_VEIL = QColor(255, 255, 255, 190)


@dataclass(frozen=True)
class Slot:
    """An item of a template: its name, what it is, where, and how its text looks.

    `box` is (x, y, width, height) in millimetres.
    """

    name: str
    what: str
    box: tuple[float, float, float, float]
    size_pt: float = 8.0
    bold: bool = False
    colour: str = "ink"
    across: str = "left"
    down: str = "top"


@dataclass(frozen=True)
class Paper:
    """A template: its file's name, its page in millimetres, and the slots of each kind of page."""

    name: str
    width: float
    height: float
    kinds: dict[str, list[Slot]]
    legend_columns: int
    legend_pt: float = 7.0

    def enlarged(self, name: str, factor: float, text: float) -> Paper:
        """Return the template of a larger paper of the same shape."""
        kinds = {
            kind: [
                replace(
                    slot,
                    box=tuple(round(side * factor, 2) for side in slot.box),
                    size_pt=round(slot.size_pt * text, 1),
                )
                for slot in slots
            ]
            for kind, slots in self.kinds.items()
        }
        return Paper(
            name,
            self.width * factor,
            self.height * factor,
            kinds,
            self.legend_columns,
            round(self.legend_pt * text, 1),
        )


def text(name: str, x: float, y: float, width: float, height: float, *look: object) -> Slot:
    """Return a slot for text; `look` is its size, weight, colour and alignment."""
    return Slot(name, "text", (x, y, width, height), *look)  # type: ignore[arg-type]


def placed(what: str, name: str, x: float, y: float, width: float, height: float) -> Slot:
    """Return a slot for something other than text."""
    return Slot(name, what, (x, y, width, height))


def map_slots(x: float, y: float, width: float, height: float, inset: float = 0.0) -> list[Slot]:
    """Return a map with its scale bar and north arrow, and an inset so wide beside it, if any."""
    slots = []
    if inset:
        width -= inset + _INSET_GAP
        left = x + width + _INSET_GAP
        slots = [
            placed("map", "inset", left, y, inset, height),
            placed("scale_bar", "inset_scale_bar", left + 2, y + height - 2, 10, 5),
        ]
    return [
        placed("map", "map", x, y, width, height),
        placed("scale_bar", "scale_bar", x + 2, y + height - 2, 10, 5),
        placed("north_arrow", "north_arrow", x + width - 12, y + 3, 9, 12.5),
        *slots,
    ]


def tiles(x: float, y: float, width: float, number: int) -> list[Slot]:
    """Return the page's main figures side by side, each with what it counts."""
    each = (width - _TILE_GAP * (number - 1)) / number
    slots = []
    for at in range(number):
        left = x + at * (each + _TILE_GAP)
        slots += [
            placed("tile", f"tile_{at + 1}", left, y, each, 15),
            text(f"figure_{at + 1}", left + 1, y + 1.2, each - 2, 8, 17.0, True, "accent",
                 "centre", "middle"),
            text(f"meaning_{at + 1}", left + 1, y + 9.4, each - 2, 4.4, 7.0, False, "ink",
                 "centre", "middle"),
        ]  # fmt: skip
    return slots


def furniture(width: float, height: float) -> list[Slot]:
    """Return what every page of a sheet of paper has."""
    across = width > height
    margin, foot = 12.0, height - (19.5 if across else 22.8)
    inner = width - 2 * margin
    # a narrow page needs more lines for the same words
    head, note, sources = (78.0, 3.6, 6.8) if across else (58.0, 6.2, 10.1)
    edge = 62.0
    handling = inner / 2 - 2 if across else edge
    right = width - margin
    return [
        text("marking_top", margin, 4, inner, 5, 10.0, True, "ink", "centre", "middle"),
        text("title", margin, 11, inner - head - 4, 8.5, 17.0, True, "accent", "left",
             "middle"),
        text("audience", right - head, 10.4, head, 4.2, 8.0, True, "ink", "right"),
        text("briefing_title", right - head, 14.6, head, 5.8, 8.0, False, "quiet", "right",
             "middle"),
        text("subtitle", margin, 20.5, inner, 5, 9.0, False, "quiet"),
        placed("rule", "rule", margin, 26.3, inner, 0.35),
        text("note", margin, foot - note - 0.6, inner, note, 6.5, False, "quiet"),
        placed("hairline", "foot_rule", margin, foot - 0.4, inner, 0.15),
        text("operation", margin, foot, inner - handling - 2, 3.4, 6.0, False, "quiet"),
        text("handling", right - handling, foot, handling, 3.4, 6.0, False, "quiet", "right"),
        text("attribution", margin, foot + 3.4, inner, sources, 6.0, False, "quiet"),
        text("made", margin, height - 8.2, edge, 3.6, 6.0, False, "quiet"),
        text("marking_bottom", margin + edge, height - 9, inner - 2 * edge, 5, 10.0, True, "ink",
             "centre", "middle"),
        text("page", right - edge, height - 8.2, edge, 3.6, 6.0, False, "quiet", "right"),
    ]  # fmt: skip


def chart(name: str, x: float, y: float, width: float, height: float) -> list[Slot]:
    """Return a chart under its title."""
    return [
        text(f"{name}_title", x, y, width, 4.4, 8.0, True),
        placed("chart", f"{name}_chart", x, y + 5, width, height - 5),
    ]


def table(name: str, x: float, y: float, width: float, height: float, title: float) -> list[Slot]:
    """Return a table under its title of so many millimetres' height."""
    return [
        text(f"{name}_title", x, y, width, title, 8.0, True),
        placed("table", f"{name}_table", x, y + title + 0.4, width, height - title - 0.4),
    ]


def landscape() -> Paper:
    """Return A4 across: the map on the left, figures in a column on the right."""
    width, height = 297.0, 210.0
    every = furniture(width, height)
    side, side_width = 201.0, 84.0
    kinds = {
        "overview": [
            *map_slots(16.5, 30, 177.5, 88, inset=56),
            placed("legend", "legend", 12, 123.5, 182, 18.5),
            text("enough", 12, 143, 182, 9.2, 8.0),
            *chart("trend", 12, 153.5, 88, 31),
            *chart("reasons", 106, 153.5, 88, 31),
            *tiles(side, 30, side_width, 3),
            text("summary", side, 48, side_width, 48, 8.0),
            placed("table", "parks_table", side, 98, side_width, 86.5),
        ],
        "park": [
            *map_slots(16.5, 30, 177.5, 94),
            placed("legend", "legend", 12, 129.5, 182, 18.5),
            *chart("trend", 12, 150, 122, 34.5),
            text("change", 141, 150, 53, 34.5, 8.0),
            *tiles(side, 30, side_width, 2),
            text("sentences", side, 48, side_width, 46, 8.0),
            placed("table", "zones_table", side, 96, side_width, 35),
            *chart("reasons", side, 133.5, side_width, 51),
        ],
        "places": [
            *map_slots(16.5, 30, 177.5, 97, inset=56),
            text("sentences", side, 30, side_width, 42, 8.0),
            placed("legend", "legend", side, 73.5, side_width, 57.5),
            *table("fixes", 12, 133, 273, 51.5, 4.4),
        ],
        "gap": [
            *map_slots(16.5, 30, 177.5, 132, inset=74),
            placed("legend", "legend", 12, 167.5, 182, 17.5),
            text("sentences", side, 30, side_width, 66, 8.0),
            *table("feared", side, 98, side_width, 42.5, 4.4),
            *table("crime", side, 142, side_width, 42.5, 4.4),
        ],
        "method": [
            placed("column", "column_1", 12, 30, 132.5, 156),
            placed("column", "column_2", 152.5, 30, 132.5, 156),
        ],
    }
    return Paper("briefing-a4-landscape", width, height, _with(every, kinds), 5)


def portrait() -> Paper:
    """Return A4 upright: the map above, two columns below."""
    width, height = 210.0, 297.0
    every = furniture(width, height)
    left, right, column = 12.0, 108.0, 90.0
    kinds = {
        "overview": [
            *map_slots(16.5, 30, 181.5, 88, inset=58),
            placed("legend", "legend", 12, 123.5, 186, 18.5),
            text("enough", 12, 143, 186, 9.2, 8.0),
            *tiles(left, 154, column, 3),
            text("summary", left, 172, column, 57, 8.0),
            *chart("trend", left, 231, column, 35.5),
            placed("table", "parks_table", right, 154, column, 86.5),
            *chart("reasons", right, 243, column, 23.5),
        ],
        "park": [
            *map_slots(16.5, 30, 181.5, 100),
            placed("legend", "legend", 12, 135.5, 186, 18.5),
            *tiles(left, 157, column, 2),
            text("sentences", left, 175, column, 46, 8.0),
            placed("table", "zones_table", left, 223, column, 35),
            *chart("reasons", right, 157, column, 47),
            *chart("trend", right, 206, column, 32),
            text("change", right, 240, column, 26.5, 8.0),
        ],
        "places": [
            *map_slots(16.5, 30, 181.5, 95, inset=58),
            placed("legend", "legend", 12, 130.5, 186, 25),
            text("sentences", 12, 157.5, 186, 34, 8.0),
            *table("fixes", 12, 193.5, 186, 73, 4.4),
        ],
        "gap": [
            *map_slots(16.5, 30, 181.5, 108, inset=74),
            placed("legend", "legend", 12, 143.5, 186, 18.5),
            text("sentences", 12, 164, 186, 38, 8.0),
            *table("feared", left, 204, column, 62.5, 4.4),
            *table("crime", right, 204, column, 62.5, 4.4),
        ],
        "method": [
            placed("column", "column_1", left, 30, column, 236.5),
            placed("column", "column_2", right, 30, column, 236.5),
        ],
    }
    return Paper("briefing-a4-portrait", width, height, _with(every, kinds), 5)


def slides() -> Paper:
    """Return slides of 13.333 by 7.5 inches: a large map, one sentence, three figures."""
    width, height = 338.67, 190.5
    margin, side, side_width = 14.0, 228.0, 96.67
    inner = width - 2 * margin
    slots = [
        text("marking_top", margin, 4, inner, 6, 12.0, True, "ink", "centre", "middle"),
        text("title", margin, 11.5, inner - 84, 12, 26.0, True, "accent", "left",
             "middle"),
        text("audience", width - margin - 80, 12.5, 80, 6, 12.0, True, "ink", "right"),
        text("briefing_title", width - margin - 80, 18.5, 80, 5.5, 11.0, False, "quiet", "right"),
        text("subtitle", margin, 24.5, inner, 6.5, 13.0, False, "quiet"),
        placed("rule", "rule", margin, 32.5, inner, 0.5),
        placed("legend", "legend", margin, 148, 205, 24),
        text("headline", side, 37, side_width, 51, 15.0),
        *[
            slot
            for at in range(3)
            for slot in (
                placed("tile", f"tile_{at + 1}", side, 89 + 25 * at, side_width, 22),
                text(f"figure_{at + 1}", side + 3, 89 + 25 * at, 38, 22, 28.0, True, "accent",
                     "centre", "middle"),
                text(f"meaning_{at + 1}", side + 44, 89 + 25 * at, side_width - 47, 22, 12.0,
                     False, "ink", "left", "middle"),
            )
        ],
        text("note", side, 164, side_width, 8.4, 7.5, False, "quiet"),
        placed("hairline", "foot_rule", margin, 173.2, inner, 0.15),
        text("operation", margin, 173.7, 150, 3.6, 6.5, False, "quiet"),
        text("handling", width - margin - 150, 173.7, 150, 3.6, 6.5, False, "quiet", "right"),
        text("attribution", margin, 177.1, inner, 7.2, 6.5, False, "quiet"),
        text("made", margin, 185, 90, 3.6, 6.5, False, "quiet"),
        text("marking_bottom", margin + 95, 184, inner - 190, 5.5, 12.0, True, "ink", "centre",
             "middle"),
        text("page", width - margin - 90, 185, 90, 3.6, 6.5, False, "quiet", "right"),
    ]  # fmt: skip
    kinds = {
        kind: [*map_slots(20, 37, 199, 106, inset), *slots]
        for kind, inset in (("overview", 64), ("park", 0), ("places", 64), ("gap", 76))
    }
    return Paper("slides-16x9", width, height, kinds, 5, 10.0)


def papers() -> list[Paper]:
    """Return every template."""
    across = landscape()
    return [
        across,
        portrait(),
        across.enlarged("briefing-a3-landscape", A3_FROM_A4, A3_TEXT),
        slides(),
    ]


def _with(every: Sequence[Slot], kinds: dict[str, list[Slot]]) -> dict[str, list[Slot]]:
    return {kind: [*every, *own] for kind, own in kinds.items()}


def template_xml(paper: Paper) -> str:
    """Return a template as QGIS writes it, with ids that are the same each time."""
    project = QgsProject()
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(paper.name)
    for number, (kind, slots) in enumerate(paper.kinds.items()):
        add_page(layout, number, paper.width, paper.height)
        sheet = Sheet(layout, number, f"{kind}.")
        for slot in slots:
            _put(sheet, paper, slot)
        _link(layout, kind)
    document = QDomDocument()
    document.appendChild(layout.writeXml(document, QgsReadWriteContext()))
    fresh: dict[str, str] = {}

    def stable(found: re.Match[str]) -> str:
        name = f"{paper.name} {len(fresh)}"
        return fresh.setdefault(found.group(), "{" + str(uuid.uuid5(_NAMESPACE, name)) + "}")

    return _UUID.sub(stable, _TAG.sub(_in_order, document.toString(1)))


def _in_order(tag: re.Match[str]) -> str:
    """Return a tag with its attributes sorted: Qt writes them in an order of its own each time."""
    attributes = sorted(_ATTRIBUTE.findall(tag.group(2)))
    return f"<{tag.group(1)}{''.join(attributes)}{tag.group(3)}>"


def _put(sheet: Sheet, paper: Paper, slot: Slot) -> None:
    box = Box(*slot.box)
    if slot.what == "text":
        _put_text(sheet, slot, box)
    elif slot.what in _MADE:
        sheet.put(_MADE[slot.what](sheet.layout, paper), slot.name, box)
    else:
        fill = {"rule": ACCENT, "hairline": QUIET, "chart": ACCENT}.get(slot.what, PALE)
        sheet.rectangle(slot.name, box, fill_symbol(fill))


def _put_text(sheet: Sheet, slot: Slot, box: Box) -> None:
    flag = Qt.AlignmentFlag
    sheet.text(
        slot.name,
        slot.name.replace("_", " ").capitalize(),
        box,
        font(slot.size_pt, slot.bold),
        {"ink": INK, "quiet": QUIET, "accent": ACCENT}[slot.colour],
        {"left": flag.AlignLeft, "centre": flag.AlignHCenter, "right": flag.AlignRight}[
            slot.across
        ],
        {"top": flag.AlignTop, "middle": flag.AlignVCenter}[slot.down],
    )


def _map(layout: QgsPrintLayout, paper: Paper) -> QgsLayoutItemMap:
    item = QgsLayoutItemMap(layout)
    item.setFrameEnabled(True)
    item.setFrameStrokeColor(QUIET)
    item.setFrameStrokeWidth(QgsLayoutMeasurement(0.2, MM))
    item.setBackgroundColor(QColor("#ffffff"))
    item.grids().addGrid(_grid(item, paper))
    return item


def _grid(item: QgsLayoutItemMap, paper: Paper) -> QgsLayoutItemMapGrid:
    kind = QgsLayoutItemMapGrid
    grid = kind("grid", item)
    grid.setIntervalX(1000)
    grid.setIntervalY(1000)
    grid.setStyle(kind.GridStyle.Solid)
    grid.setLineSymbol(QgsLineSymbol.createSimple({"color": "120,130,140,70", "width": "0.1"}))
    grid.setAnnotationEnabled(True)
    grid.setAnnotationFormat(kind.AnnotationFormat.CustomFormat)
    grid.setAnnotationExpression("to_string(@grid_number / 1000)")
    grid.setAnnotationTextFormat(text_format(font(paper.legend_pt * 0.8), QUIET))
    grid.setAnnotationFrameDistance(0.6)
    for side in (kind.BorderSide.Right, kind.BorderSide.Top):
        grid.setAnnotationDisplay(kind.DisplayMode.HideAll, side)
    grid.setAnnotationDirection(kind.AnnotationDirection.Vertical, kind.BorderSide.Left)
    return grid


def _legend(layout: QgsPrintLayout, paper: Paper) -> QgsLayoutItemLegend:
    legend = QgsLayoutItemLegend(layout)
    legend.setAutoUpdateModel(False)
    legend.setTitle("")
    legend.model().rootGroup().clear()
    part, side, size = QgsLegendStyle.Style, QgsLegendStyle.Side, paper.legend_pt
    set_legend_font(legend, part.Group, font(size + 0.5, True), INK)
    set_legend_font(legend, part.Subgroup, font(size + 0.5, True), INK)
    set_legend_font(legend, part.SymbolLabel, font(size), INK)
    legend.setSymbolHeight(0.4 * size)
    legend.setSymbolWidth(0.7 * size)
    legend.setBoxSpace(0)
    legend.setColumnCount(paper.legend_columns)
    legend.setMaximumSymbolSize(0.42 * size)
    legend.setColumnSpace(0.8 * size)
    legend.setSplitLayer(False)
    legend.setBackgroundEnabled(False)
    legend.rstyle(part.Title).setMargin(side.Bottom, 0)
    legend.rstyle(part.Subgroup).setMargin(side.Top, 0.08 * size)
    legend.rstyle(part.Subgroup).setMargin(side.Bottom, 0.12 * size)
    legend.rstyle(part.Symbol).setMargin(side.Top, 0.08 * size)
    return legend


def _scale_bar(layout: QgsPrintLayout, paper: Paper) -> QgsLayoutItemScaleBar:
    bar = QgsLayoutItemScaleBar(layout)
    bar.setStyle("Single Box")
    bar.setNumberOfSegments(2)
    bar.setNumberOfSegmentsLeft(0)
    bar.setHeight(0.23 * paper.legend_pt)
    bar.setLabelBarSpace(0.15 * paper.legend_pt)
    bar.setTextFormat(text_format(font(paper.legend_pt), INK))
    bar.setBackgroundEnabled(True)
    bar.setBackgroundColor(_VEIL)
    bar.setBoxContentSpace(1.2)
    bar.setReferencePoint(QgsLayoutItem.ReferencePoint.LowerLeft)
    return bar


def _north_arrow(layout: QgsPrintLayout, _: Paper) -> QgsLayoutItemPicture:
    # without a picture of its own it gets the plugin's, wherever that is installed
    arrow = QgsLayoutItemPicture(layout)
    arrow.setNorthMode(QgsLayoutItemPicture.NorthMode.GridNorth)
    arrow.setBackgroundEnabled(True)
    arrow.setBackgroundColor(_VEIL)
    return arrow


_MADE = {"map": _map, "legend": _legend, "scale_bar": _scale_bar, "north_arrow": _north_arrow}


def _link(layout: QgsPrintLayout, kind: str) -> None:
    """Tie what explains a map to it, as the designer shows it."""
    for name, of in (
        ("legend", "map"),
        ("scale_bar", "map"),
        ("north_arrow", "map"),
        ("inset_scale_bar", "inset"),
    ):
        shown, item = layout.itemById(f"{kind}.{of}"), layout.itemById(f"{kind}.{name}")
        if shown is not None and item is not None:
            item.setLinkedMap(shown)


def templates() -> Iterator[tuple[str, str]]:
    """Yield each template's file name and content."""
    for paper in papers():
        yield f"{paper.name}.qpt", template_xml(paper)


def main() -> int:
    """Write the templates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out-dir", type=Path, default=OUT)
    out: Path = parser.parse_args().out_dir
    with qgis_running():
        for name, content in templates():
            (out / name).write_text(content, encoding="utf-8")
            print(out / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
