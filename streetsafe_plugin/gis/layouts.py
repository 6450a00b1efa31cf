# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing as a print layout: an overview, a page a park, a page of method and caveats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayoutItemMap,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QFontMetricsF

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.briefing import Park, Whole
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.sheet import ACCENT, INK, PALE, QUIET, Box, Sheet, font
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
#: As many parks as the overview's table has room for.
_MOST_ROWS = 24
_SMALLEST_MAP_M = 800.0
_POINTS_TO_MM = 0.3528
_LINE_SPACING = 1.42


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
    explanation.
    """

    overview: Sequence[QgsMapLayer]
    park: Sequence[QgsMapLayer]
    overview_extent: QgsRectangle
    legend_symbols: Mapping[str, Sequence[int]]
    crs: QgsCoordinateReferenceSystem


def briefing_layout(
    project: QgsProject,
    frame: Frame,
    whole: Whole,
    parks: Sequence[Park],
    layers: BriefingLayers,
    how_made: Sequence[str],
    tick: Tick = no_tick,
) -> QgsPrintLayout:
    """Return the layout of a whole briefing, its pages in order.

    `how_made` are the lines of provenance that the last page prints.
    """
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(frame.title)
    pages = len(parks) + 2
    _overview(Sheet(layout, 0, WIDTH, HEIGHT), frame, whole, parks, layers, pages)
    for park in parks:
        tick(park.number / pages)
        _park_page(Sheet(layout, park.number, WIDTH, HEIGHT), frame, whole, park, layers, pages)
    _method_page(Sheet(layout, pages - 1, WIDTH, HEIGHT), frame, whole, how_made, pages)
    return layout


def _n(whole: Whole) -> str:
    return tr("n = {:,} reports").format(whole.used)


def _furniture(sheet: Sheet, frame: Frame, heading: str, below: str, pages: int) -> None:
    """Put on a page what every page has."""
    whole_width = Box(_MARGIN, 4, WIDTH - 2 * _MARGIN, 5)
    for name, y in (("marking_top", 4.0), ("marking_bottom", HEIGHT - 9)):
        box = Box(whole_width.x, y, whole_width.width, whole_width.height)
        sheet.text(name, frame.marking.upper(), box, 10, True, INK, _CENTRE, _MIDDLE)
    sheet.text("title", heading, Box(_MARGIN, 11, 200, 8), 17, True, ACCENT)
    sheet.text("subtitle", below, Box(_MARGIN, 20.5, WIDTH - 2 * _MARGIN, 5), 9, False, QUIET)
    if heading != frame.title:
        place = Box(WIDTH - _MARGIN - 100, 12.5, 100, 6)
        sheet.text("briefing_title", frame.title, place, 8.5, False, QUIET, _RIGHT)
    sheet.rectangle("rule", Box(_MARGIN, 26.3, WIDTH - 2 * _MARGIN, 0.35), fill=ACCENT)
    sheet.text(
        "footer_left",
        f"{frame.attribution}\n{frame.operation}",
        Box(_MARGIN, 191, 190, 9.5),
        6,
        False,
        QUIET,
    )
    sheet.text(
        "footer_right",
        "\n".join(
            line
            for line in (
                frame.handling,
                frame.made,
                tr("Page {} of {}").format(sheet.number + 1, pages),
            )
            if line
        ),
        Box(WIDTH - _MARGIN - 78, 191, 78, 10.5),
        6,
        False,
        QUIET,
        _RIGHT,
    )


def _map_with_furniture(
    sheet: Sheet, layers: Sequence[QgsMapLayer], extent: QgsRectangle, place: BriefingLayers
) -> None:
    filled = _fill(extent, _MAP.width / _MAP.height)
    grid_m = max(briefing.nice_step(filled.width(), 4), 100.0)
    drawn_first = list(reversed(layers))  # a layout draws the first of a list on top
    shown = sheet.map(_MAP, drawn_first, filled, place.crs, grid_m)
    _require_drawable(shown)
    legend = Box(_MAP.x, _MAP.y + _MAP.height + 4.5, _MAP.width, _LEGEND_HEIGHT)
    entries = [(layer, place.legend_symbols[layer.id()]) for layer in drawn_first]
    sheet.legend(shown, [entry for entry in entries if entry[1]], legend, 4)
    segment_m = briefing.nice_step(filled.width() * 45 / _MAP.width, 2)
    sheet.scale_bar(shown, _MAP.x + 2, _MAP.y + _MAP.height - 2, segment_m)
    sheet.north_arrow(shown, Box(_MAP.x + _MAP.width - 12, _MAP.y + 3, 9, 12.5))


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
    _furniture(sheet, frame, frame.title, f"{whole.period}  ·  {_n(whole)}", pages)
    _map_with_furniture(sheet, layers.overview, layers.overview_extent, layers)
    y = _tiles(
        sheet,
        _TOP,
        [
            (f"{whole.used:,}", tr("reports")),
            (f"{whole.inside:,}", tr("inside the parks")),
            (f"{whole.in_rings:,}", tr("in rings around them")),
        ],
    )
    y = _paragraphs(sheet, "summary", y, [briefing.headline(whole), briefing.accounting(whole)], 8)
    reach = f"{parks[0].reach_m:g}" if parks else ""
    rows = [
        [f"{park.number}  {park.name}", f"{park.inside:,}", f"{park.within:,}"]
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
    n = tr("n = {:,} of {:,} reports").format(park.within, whole.used)
    where = [park.district] if park.district else []
    if park.indicative:
        where.append(tr("indicative circle, boundary not known"))
    below = "  ·  ".join([*where, whole.period, n])
    _furniture(sheet, frame, f"{park.number}  {park.name}", below, pages)
    west, south, east, north = park.zone_shapes[-1].union(park.zone_shapes[0]).bounds
    _map_with_furniture(sheet, layers.park, QgsRectangle(west, south, east, north), layers)
    y = _tiles(
        sheet,
        _TOP,
        [
            (f"{park.inside:,}", tr("reports inside")),
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


def _method_page(
    sheet: Sheet, frame: Frame, whole: Whole, how_made: Sequence[str], pages: int
) -> None:
    _furniture(
        sheet,
        frame,
        tr("Method, caveats and sources"),
        "  ·  ".join((whole.period, _n(whole))),
        pages,
    )
    gap = 8.0
    width = (WIDTH - 2 * _MARGIN - gap) / 2
    left, right = _TOP + 2, _TOP + 2
    sections = [(tr("Where every report went"), briefing.accounting(whole)), *briefing.method()]
    for number, (heading, text) in enumerate(sections, start=1):
        left = _section(sheet, f"method_{number}", heading, [text], Box(_MARGIN, left, width, 0))
    x = _MARGIN + width + gap
    sources = [frame.attribution, frame.operation]
    right = _section(sheet, "sources", tr("Sources"), sources, Box(x, right, width, 0))
    if frame.author:
        right = _section(sheet, "author", tr("Made by"), [frame.author], Box(x, right, width, 0))
    _section(sheet, "how_made", tr("How it was made"), list(how_made), Box(x, right, width, 0), 7)


def _section(
    sheet: Sheet,
    name: str,
    heading: str,
    paragraphs: Sequence[str],
    place: Box,
    size_pt: float = 9,
) -> float:
    sheet.text(
        f"{name}_heading", heading, Box(place.x, place.y, place.width, 5.5), 10.5, True, ACCENT
    )
    y = place.y + 6
    for number, paragraph in enumerate(paragraphs, start=1):
        height = _height_of(paragraph, place.width, size_pt)
        sheet.text(f"{name}_{number}", paragraph, Box(place.x, y, place.width, height), size_pt)
        y += height + 1
    return y + 3


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
        height = _height_of(paragraph, _SIDE_WIDTH, size_pt)
        sheet.text(f"{name}_{number}", paragraph, Box(_SIDE_X, y, _SIDE_WIDTH, height), size_pt)
        y += height + 0.8
    return y + 1.2


def _height_of(text: str, width_mm: float, size_pt: float) -> float:
    """Return the height in millimetres that wrapped text needs at most."""
    large = font(size_pt * 20)  # measured large, since small fonts are rounded to the screen
    metrics = QFontMetricsF(large)
    space = metrics.horizontalAdvance(" ")
    scale = width_mm / _POINTS_TO_MM / size_pt * (metrics.height() / 1.36)
    lines, used = 1, 0.0
    for word in text.split():
        advance = metrics.horizontalAdvance(word)
        if used and used + advance > scale * 0.97:
            lines, used = lines + 1, 0.0
        used += advance + space
    return math.ceil(lines * size_pt * _POINTS_TO_MM * _LINE_SPACING * 10) / 10 + 0.6
