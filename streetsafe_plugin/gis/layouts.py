# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing as a print layout: an overview, a page a park, a page of method and caveats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayoutItemMap,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import Qt

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.briefing import HeatInWords
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.pack import Park, Whole
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.sheet import ACCENT, INK, PALE, QUIET, Box, Sheet, font
from streetsafe_plugin.gis.text_fit import height_mm
from streetsafe_plugin.i18n import tr

WIDTH, HEIGHT = 297.0, 210.0
_MARGIN = 12.0
_SIDE_WIDTH = 92.0
_TOP, _BOTTOM = 29.0, 190.0
_LEGEND_HEIGHT = 33.0
_MAP = Box(
    _MARGIN + 4.5,
    _TOP,
    WIDTH - 2 * _MARGIN - _SIDE_WIDTH - 10,
    _BOTTOM - _TOP - _LEGEND_HEIGHT - 5,
)
_SIDE_X = WIDTH - _MARGIN - _SIDE_WIDTH
_CENTRE, _RIGHT = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight
_MIDDLE, _LOW = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignBottom
_COLUMN_GAP = 8.0
_COLUMN_WIDTH = (WIDTH - 2 * _MARGIN - _COLUMN_GAP) / 2
_COLUMN_HEIGHT = _BOTTOM - _TOP - 1
_SECTION_GAP, _PARAGRAPH_GAP = 2.6, 0.8
#: As many parks as the overview's table has room for.
_MOST_ROWS = 24
_SMALLEST_MAP_M = 800.0


@dataclass(frozen=True)
class Frame:
    """What stands on every page: marking, handling line, title, sources, how it was made."""

    title: str
    marking: str
    handling: str
    author: str
    attribution: str
    made: str
    operation: str


@dataclass(frozen=True)
class BriefingLayers:
    """The layers of the maps, bottom first, and which of their symbols the legends explain.

    `legend_symbols` holds by layer id the numbers of its symbols; none for a layer that needs no
    explanation. `places` (n, 2) are the reports'.
    """

    overview: Sequence[QgsMapLayer]
    park: Sequence[QgsMapLayer]
    overview_extent: QgsRectangle
    legend_symbols: Mapping[str, Sequence[int]]
    places: np.ndarray
    crs: QgsCoordinateReferenceSystem

    def reports_in(self, extent: QgsRectangle) -> int:
        """Return how many reports lie within an extent."""
        x, y = self.places[:, 0], self.places[:, 1]
        across = (x >= extent.xMinimum()) & (x <= extent.xMaximum())
        up = (y >= extent.yMinimum()) & (y <= extent.yMaximum())
        return int((across & up).sum())


def briefing_layout(
    project: QgsProject,
    frame: Frame,
    whole: Whole,
    parks: Sequence[Park],
    layers: BriefingLayers,
    heat: HeatInWords | None,
    how_made: Sequence[str],
    tick: Tick = no_tick,
) -> QgsPrintLayout:
    """Return the layout of a whole briefing, its pages in order.

    `heat` describes the heat map if there is one; `how_made` are the lines of provenance that the
    last pages print.
    """
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(frame.title)
    columns = _columns(_method_paragraphs(frame, whole, heat, how_made))
    pages = 1 + len(parks) + math.ceil(len(columns) / 2)
    _overview(Sheet(layout, 0, WIDTH, HEIGHT), frame, whole, parks, layers, pages)
    for park in parks:
        tick(park.number / pages)
        _park_page(Sheet(layout, park.number, WIDTH, HEIGHT), frame, whole, park, layers, pages)
    _method_pages(layout, frame, whole, columns, len(parks) + 1, pages)
    return layout


def _n(whole: Whole) -> str:
    return f"n = {briefing.counted(whole.used, 'report')}"


def _furniture(sheet: Sheet, frame: Frame, heading: str, below: str, pages: int) -> None:
    """Put on a page what every page has."""
    whole_width = Box(_MARGIN, 4, WIDTH - 2 * _MARGIN, 5)
    for name, y in (("marking_top", 4.0), ("marking_bottom", HEIGHT - 9)):
        box = Box(whole_width.x, y, whole_width.width, whole_width.height)
        sheet.text(name, frame.marking.upper(), box, 10, True, INK, _CENTRE, _MIDDLE)
    sheet.text("title", heading, Box(_MARGIN, 11, 190, 8.5), 17, True, ACCENT, one_line=True)
    sheet.text(
        "subtitle",
        below,
        Box(_MARGIN, 20.5, WIDTH - 2 * _MARGIN, 5),
        9,
        False,
        QUIET,
        one_line=True,
    )
    if heading != frame.title:
        place = Box(WIDTH - _MARGIN - 78, 13, 78, 6)
        sheet.text("briefing_title", frame.title, place, 8.5, False, QUIET, _RIGHT, one_line=True)
    sheet.rectangle("rule", Box(_MARGIN, 26.3, WIDTH - 2 * _MARGIN, 0.35), fill=ACCENT)
    sources = Box(_MARGIN, 190.5, 188, 6.4)
    sheet.text("attribution", frame.attribution, sources, 6, False, QUIET)
    operation = Box(_MARGIN, 197.2, 188, 3.4)
    sheet.text("operation", frame.operation, operation, 6, False, QUIET, one_line=True)
    right = WIDTH - _MARGIN - 82
    for name, text, y in (
        ("handling", frame.handling, 190.5),
        ("made", frame.made, 193.9),
        ("page", tr("Page {} of {}").format(sheet.number + 1, pages), 197.3),
    ):
        box = Box(right, y, 82, 3.4)
        sheet.text(name, text, box, 6, False, QUIET, _RIGHT, one_line=True)


def _map_with_furniture(
    sheet: Sheet, layers: Sequence[QgsMapLayer], extent: QgsRectangle, place: BriefingLayers
) -> QgsRectangle:
    """Put the map with what explains it on the page and return the extent it shows."""
    filled = _fill(extent, _MAP.width / _MAP.height)
    grid_m = max(briefing.nice_step(filled.width(), 4), 100.0)
    drawn_first = list(reversed(layers))  # a layout draws the first of a list on top
    shown = sheet.map(_MAP, drawn_first, filled, place.crs, grid_m)
    _require_drawable(shown)
    grid_note = tr("Grid: km, {}").format(place.crs.authid())
    note_box = Box(_MAP.x + _MAP.width - 60, _MAP.y + _MAP.height + 2.4, 60, 3)
    sheet.text("grid_note", grid_note, note_box, 5.5, False, QUIET, _RIGHT, one_line=True)
    legend = Box(_MAP.x, _MAP.y + _MAP.height + 4.5, _MAP.width, _LEGEND_HEIGHT)
    entries = [(layer, place.legend_symbols[layer.id()]) for layer in drawn_first]
    sheet.legend(shown, [entry for entry in entries if entry[1]], legend, 4)
    segment_m = briefing.nice_step(filled.width() * 45 / _MAP.width, 2)
    sheet.scale_bar(shown, _MAP.x + 2, _MAP.y + _MAP.height - 2, segment_m)
    sheet.north_arrow(shown, Box(_MAP.x + _MAP.width - 12, _MAP.y + 3, 9, 12.5))
    return filled


def _require_drawable(shown: QgsLayoutItemMap) -> None:
    """Refuse a map that would come out empty, which QGIS exports without a word."""
    missing = [layer.name() for layer in shown.layers() if not layer.isValid()]
    if missing:
        raise WriteFailed(
            tr("Layer “{}” cannot be drawn.").format(missing[0]),
            tr("Check that its file is still there, then try again."),
        )
    if not math.isfinite(shown.scale()) or not any(
        layer.extent().intersects(shown.extent()) for layer in shown.layers()
    ):
        raise WriteFailed(
            tr("A map of the briefing would be empty."),
            tr("Check that parks and reports lie where they should."),
        )


def _fill(extent: QgsRectangle, ratio: float) -> QgsRectangle:
    """Return the extent widened to a frame's proportions, with a margin, never absurdly small."""
    width = max(extent.width() * 1.06, _SMALLEST_MAP_M)
    height = max(extent.height() * 1.06, _SMALLEST_MAP_M / ratio)
    width, height = max(width, height * ratio), max(height, width / ratio)
    centre = extent.center()
    return QgsRectangle(
        centre.x() - width / 2,
        centre.y() - height / 2,
        centre.x() + width / 2,
        centre.y() + height / 2,
    )


def _overview(
    sheet: Sheet,
    frame: Frame,
    whole: Whole,
    parks: Sequence[Park],
    layers: BriefingLayers,
    pages: int,
) -> None:
    _furniture(sheet, frame, frame.title, f"{briefing.period(whole)}  ·  {_n(whole)}", pages)
    shown = _map_with_furniture(sheet, layers.overview, layers.overview_extent, layers)
    y = _tiles(
        sheet,
        _TOP,
        [
            (f"{whole.used:,}", tr("report") if whole.used == 1 else tr("reports")),
            (f"{whole.inside:,}", tr("inside the parks")),
            (f"{whole.in_rings:,}", tr("in rings around them")),
        ],
    )
    said = [briefing.headline(whole), briefing.accounting(whole), briefing.circles(parks)]
    beyond = whole.used - layers.reports_in(shown)
    if beyond:
        lie = tr("lies") if beyond == 1 else tr("lie")
        said.append(tr("{:,} of them {} beyond the edges of this map.").format(beyond, lie))
    y = _paragraphs(sheet, "summary", y, [text for text in said if text], 8)
    reach = f"{parks[0].reach_m:g}" if parks else ""
    rows = [
        [
            f"{park.number}  {park.name}{' *' if park.indicative else ''}",
            f"{park.inside:,}",
            f"{park.within:,}",
        ]
        for park in parks[:_MOST_ROWS]
    ]
    if len(parks) > _MOST_ROWS:
        more = tr("and {} more, each on its own page").format(len(parks) - _MOST_ROWS)
        rows.append([more, "", ""])
    sheet.table(
        "parks_table",
        _SIDE_X,
        y,
        [tr("Park"), tr("Inside"), tr("Within {} m").format(reach)],
        rows,
        [54, 16, 22],
    )


def _park_page(
    sheet: Sheet, frame: Frame, whole: Whole, park: Park, layers: BriefingLayers, pages: int
) -> None:
    n = f"n = {park.within:,} of {briefing.counted(whole.used, 'report')}"
    where = [park.district] if park.district else []
    if park.indicative:
        where.append(tr("indicative circle, boundary not known"))
    below = "  ·  ".join([*where, briefing.period(whole), n])
    _furniture(sheet, frame, f"{park.number}  {park.name}", below, pages)
    west, south, east, north = park.zone_shapes[-1].union(park.zone_shapes[0]).bounds
    _map_with_furniture(sheet, layers.park, QgsRectangle(west, south, east, north), layers)
    y = _tiles(
        sheet,
        _TOP,
        [
            (f"{park.inside:,}", tr("report inside") if park.inside == 1 else tr("reports inside")),
            (f"{park.within:,}", tr("inside and within {:g} m").format(park.reach_m)),
        ],
    )
    y = _paragraphs(sheet, "sentences", y, briefing.park_sentences(park, whole), 8)
    rows = [
        [
            zone.label,
            f"{zone.area_ha:,.1f}",
            f"{zone.reports:,}",
            "–" if zone.mentions is None else f"{zone.mentions:,}",
            "–" if zone.per_km2 is None else f"{zone.per_km2:,.1f}",
        ]
        for zone in park.zones
    ]
    y += sheet.table(
        "zones_table",
        _SIDE_X,
        y,
        [tr("Zone"), tr("Hectares"), tr("Reports"), tr("Mentions"), tr("Reports/km²")],
        rows,
        [28, 15, 14, 16, 19],
    )
    _reason_bars(sheet, park, y + 5)


def _reason_bars(sheet: Sheet, park: Park, y: float) -> None:
    """Draw mentions by reason as bars."""
    if not park.reasons:
        return
    sheet.text(
        "reasons_title",
        tr("Reasons ticked, inside and within {:g} m (mentions)").format(park.reach_m),
        Box(_SIDE_X, y, _SIDE_WIDTH, 4.5),
        8,
        True,
    )
    y += 5
    longest = park.reasons[0][1]
    for number, (label, mentions) in enumerate(park.reasons, start=1):
        width = 32 * mentions / longest
        sheet.text(f"reason_{number:02d}", label, Box(_SIDE_X, y, 52, 3.6), 6.8, vertical=_MIDDLE)
        sheet.rectangle(f"bar_{number:02d}", Box(_SIDE_X + 53, y + 0.5, width, 2.6), fill=ACCENT)
        sheet.text(
            f"mentions_{number:02d}",
            f"{mentions:,}",
            Box(_SIDE_X + 54 + width, y, 8, 3.6),
            6.8,
            vertical=_MIDDLE,
        )
        y += 3.75
    _paragraphs(sheet, "more_than_one", y + 0.5, [briefing.MORE_THAN_ONE], 6.5)


@dataclass(frozen=True)
class _Paragraph:
    """A paragraph of the method pages: its text, its size, and whether it heads a section."""

    text: str
    size_pt: float
    heads: bool = False

    def height(self) -> float:
        return height_mm(self.text, font(self.size_pt, self.heads), _COLUMN_WIDTH)


def _method_paragraphs(
    frame: Frame, whole: Whole, heat: HeatInWords | None, how_made: Sequence[str]
) -> list[_Paragraph]:
    sections = [
        (tr("Where every report went"), [briefing.accounting(whole)], 9.0),
        *((heading, [text], 9.0) for heading, text in briefing.method(whole, heat)),
        (tr("Sources"), [frame.attribution, frame.operation], 9.0),
        (tr("Made by"), [frame.author] if frame.author else [], 9.0),
        (tr("How it was made"), list(how_made), 7.0),
    ]
    return [
        paragraph
        for heading, texts, size_pt in sections
        if texts
        for paragraph in (
            _Paragraph(heading, 10.5, heads=True),
            *(_Paragraph(text, size_pt) for text in texts),
        )
    ]


def _columns(paragraphs: Sequence[_Paragraph]) -> list[list[_Paragraph]]:
    """Return the paragraphs column by column, a heading never the last of one."""
    columns: list[list[_Paragraph]] = [[]]
    y = 0.0
    for number, paragraph in enumerate(paragraphs):
        above = _SECTION_GAP if paragraph.heads and columns[-1] else 0.0
        needed = above + paragraph.height() + _PARAGRAPH_GAP
        follower = paragraphs[number + 1].height() if paragraph.heads else 0.0
        if columns[-1] and y + needed + follower > _COLUMN_HEIGHT:
            columns.append([])
            y, needed = 0.0, needed - above
        columns[-1].append(paragraph)
        y += needed
    return columns


def _method_pages(
    layout: QgsPrintLayout,
    frame: Frame,
    whole: Whole,
    columns: Sequence[Sequence[_Paragraph]],
    first: int,
    pages: int,
) -> None:
    below = "  ·  ".join((briefing.period(whole), _n(whole)))
    for number, start in enumerate(range(0, len(columns), 2)):
        sheet = Sheet(layout, first + number, WIDTH, HEIGHT)
        _furniture(sheet, frame, tr("Method, caveats and sources"), below, pages)
        for side, column in enumerate(columns[start : start + 2]):
            _column(sheet, f"method_{side + 1}", column, side)


def _column(sheet: Sheet, name: str, paragraphs: Sequence[_Paragraph], side: int) -> None:
    x = _MARGIN + side * (_COLUMN_WIDTH + _COLUMN_GAP)
    y = _TOP + 1
    for number, paragraph in enumerate(paragraphs, start=1):
        if paragraph.heads and number > 1:
            y += _SECTION_GAP
        height = paragraph.height()
        sheet.text(
            f"{name}_{number:02d}",
            paragraph.text,
            Box(x, y, _COLUMN_WIDTH, height + 0.1),
            paragraph.size_pt,
            paragraph.heads,
            ACCENT if paragraph.heads else INK,
        )
        y += height + _PARAGRAPH_GAP


def _tiles(sheet: Sheet, y: float, figures: Sequence[tuple[str, str]]) -> float:
    """Draw the page's main figures large, each with what it counts."""
    gap = 2.0
    width = (_SIDE_WIDTH - gap * (len(figures) - 1)) / len(figures)
    for number, (figure, meaning) in enumerate(figures, start=1):
        x = _SIDE_X + (number - 1) * (width + gap)
        sheet.rectangle(f"tile_{number}", Box(x, y, width, 15), fill=PALE)
        sheet.text(
            f"figure_{number}",
            figure,
            Box(x, y + 1.2, width, 8),
            17,
            True,
            ACCENT,
            _CENTRE,
            _MIDDLE,
        )
        sheet.text(
            f"meaning_{number}", meaning, Box(x, y + 9.6, width, 4), 7, False, INK, _CENTRE, _MIDDLE
        )
    return y + 17.5


def _paragraphs(
    sheet: Sheet, name: str, y: float, paragraphs: Sequence[str], size_pt: float
) -> float:
    for number, paragraph in enumerate(paragraphs, start=1):
        height = height_mm(paragraph, font(size_pt), _SIDE_WIDTH)
        sheet.text(f"{name}_{number}", paragraph, Box(_SIDE_X, y, _SIDE_WIDTH, height), size_pt)
        y += height + 0.8
    return y + 1.2
