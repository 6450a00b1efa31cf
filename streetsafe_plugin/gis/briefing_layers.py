# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers that a briefing's maps draw: tables of one GeoPackage, made afresh for its audience.

They carry what the pack holds and what its maps need: what is not in them cannot leak, neither into
a PDF nor with a project in which the layouts are kept. Points are in an internal pack only.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from streetsafe_plugin.domain.crowding import crowded
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.geometry import polygon_parts
from streetsafe_plugin.domain.pack import Audience, FearAndCrime, HotCell, Pack, Park
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.briefing_tables import briefing_tables, hot_by_neighbours, park_spots
from streetsafe_plugin.gis.map_styles import heat_shown, numbers_in_inset, specks, without_labels
from streetsafe_plugin.gis.pages.maps import EXPLAINS_ITSELF, BriefingLayers, park_symbols
from streetsafe_plugin.gis.store import write_layers
from streetsafe_plugin.i18n import tr

#: More points than this are a grey mass on an overview, and a very large PDF.
MOST_POINTS_DRAWN = 20_000
#: Markers nearer than this share of a map's diagonal cover each other's numbers.
_CLOSE_SHARE = 0.035
#: Feared places, and those with crime, belong together up to so many cells apart.
_TOGETHER_CELLS = 3.0
#: An inset shows no less than this part of the map, for its reader to know where it is.
_MOST_ENLARGED = 10.0
#: Room for markers and numbers at an inset's edges, as a share of its longer side.
_INSET_MARGIN = 0.05
#: The number of the outer rings' symbol in the rings' style; the park has its own outline.
_RING_OUTSIDE = 1
#: As the style of hot spots names cells that are hot by their neighbours only.
_HOT_BY_NEIGHBOURS = "hot_%"


def briefing_layers(
    path: Path,
    project: QgsProject,
    crs: QgsCoordinateReferenceSystem,
    pack: Pack,
    xy: np.ndarray | None,
    concerns: Sequence[str | None] | None,
    heat: QgsRasterLayer | None,
    area: BaseGeometry | None,
    tick: Tick = no_tick,
) -> BriefingLayers:
    """Write the maps' layers and return them, added to `project`, which keeps them alive.

    Args:
        path: the GeoPackage to write, in place of one of the same name.
        project: a project made for the briefing.
        crs: the metre-based system of everything.
        pack: the figures as the audience may see them.
        xy: (n, 2) places of the reports; drawn and kept in an internal pack only.
        concerns: each report's concern, None where the layer does not say.
        heat: a heat map to draw beneath, if any, protected where the pack is.
        area: the whole area, if it is known.
        tick: progress.
    """
    internal = pack.audience is Audience.INTERNAL
    drawn = xy if internal and xy is not None and len(xy) <= MOST_POINTS_DRAWN else None
    tables = briefing_tables(pack, crs, drawn, concerns, area)
    final = write_layers(path, tables, project.transformContext(), tick)
    opened = {one.table: _open(final, one.table, one.spec.title) for one in tables}
    for one in tables:
        if one.finish.style is not None:
            one.finish.style(opened[one.table])
    if heat is not None:
        title = tr("Heat map") if internal else tr("Heat map of published counts")
        opened["heat"] = heat_shown(heat, title)
    if "reports" in opened:
        opened["specks"] = specks(opened["reports"])
    opened["outlines"] = without_labels(opened["parks"])
    maps = {
        kind: [opened[name] for name in names if name in opened] for kind, names in _DRAWN.items()
    }
    for name in _EXPLAIN_THEMSELVES:
        if name in opened:
            opened[name].setCustomProperty(EXPLAINS_ITSELF, True)
    extents = _extents(pack, area)
    crowded_parks = _crowded_parks(pack, extents["overview"])
    if crowded_parks:
        numbers_in_inset(opened["numbers"], [str(park.number) for park in crowded_parks])
    project.addMapLayers(list(opened.values()), False)
    places = xy if internal and xy is not None else np.empty((0, 2))
    symbols = _legend_symbols(opened, pack, set(concerns or ()))
    crowds = _crowds(pack, extents, crowded_parks)
    return BriefingLayers(maps, extents, symbols, places, crs, final, crowds)


#: What their symbols' labels say needs no name above it.
_EXPLAIN_THEMSELVES = ("parks", "outlines", "rings", "numbers", "area")
#: By kind of page its layers, bottom first.
_DRAWN: Mapping[str, Sequence[str]] = {
    "overview": ("specks", "heat", "outlines", "area", "numbers"),
    "park": ("heat", "rings", "parks", "reports"),
    "places": ("area", "hot_cells", "outlines", "fixes"),
    "gap": ("gap_areas", "area", "outlines"),
}


def _open(path: Path, table: str, title: str) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{path}|layername={table}", title, "ogr")
    if not layer.isValid():
        raise WriteFailed(
            tr("The layer “{}” cannot be read back.").format(title),
            tr("Check the free space and your rights in the folder, then try again."),
        )
    return layer


def _extents(pack: Pack, area: BaseGeometry | None) -> Mapping[str, QgsRectangle]:
    """Return what each kind of map shows: all, the hot cells and fixes, the areas compared."""
    grounds = [shape for park in pack.parks for shape in park.zone_shapes]
    whole = _around(grounds if area is None else [area])
    hot = [cell.shape for cell in pack.hot_spots.cells] if pack.hot_spots else []
    hottest = [
        cell.shape for cell in (pack.hot_spots.cells if pack.hot_spots else ()) if _hot(cell)
    ]
    places = _around(hottest or hot)
    for fix in pack.fixes:
        places.combineExtentWith(QgsRectangle(fix.x, fix.y, fix.x, fix.y))
    gap = _around([one.shape for one in pack.fear_and_crime.areas] if pack.fear_and_crime else [])
    return {
        "overview": whole,
        "places": places if places.xMinimum() <= places.xMaximum() else whole,
        "gap": gap if gap.xMinimum() <= gap.xMaximum() else whole,
    }


#: The classes of areas of fear and crime of which something is told.
_TOLD = ("feared_only", "crime_only", "both")


def _hot(cell: HotCell) -> bool:
    return cell.level.startswith("hot")


def _crowded_parks(pack: Pack, extent: QgsRectangle) -> list[Park]:
    """Return the parks whose numbers would cover each other on a map of an extent."""
    spots = park_spots(pack.parks)
    drawn = [park for park in pack.parks if str(park.number) in spots]
    near = _CLOSE_SHARE * math.hypot(extent.width(), extent.height())
    crowd = crowded(np.array(list(spots.values()), dtype=float).reshape(-1, 2), near)
    return [park for park, is_crowded in zip(drawn, crowd) if is_crowded]


def _crowds(
    pack: Pack, extents: Mapping[str, QgsRectangle], crowded_parks: Sequence[Park]
) -> dict[str, QgsRectangle]:
    """Return by kind of map what an inset may show: what crowds, the largest hot spot.

    Hot cells belong to one where no more than one other lies between them.
    """
    spots: list[BaseGeometry] = []
    if pack.hot_spots is not None:
        reach = 0.5 * pack.hot_spots.cell_m
        hot = [cell.shape.buffer(reach, 2) for cell in pack.hot_spots.cells if _hot(cell)]
        spots = sorted(polygon_parts(unary_union(hot)), key=lambda one: (-one.area, one.bounds))
    shown = {
        "overview": [park.zone_shapes[0] for park in crowded_parks],
        "places": spots[:1],
        "gap": _crowded_areas(pack.fear_and_crime),
    }
    return {
        kind: _with_room(_around(shapes), extents[kind]) for kind, shapes in shown.items() if shapes
    }


def _crowded_areas(found: FearAndCrime | None) -> list[BaseGeometry]:
    """Return the largest crowd of areas of which something is told."""
    if found is None:
        return []
    told = [area.shape for area in found.areas if area.gap_class in _TOLD]
    middles = np.array([(shape.centroid.x, shape.centroid.y) for shape in told], dtype=float)
    crowd = crowded(middles.reshape(-1, 2), _TOGETHER_CELLS * found.cell_m)
    return [shape for shape, is_crowded in zip(told, crowd) if is_crowded]


def _with_room(extent: QgsRectangle, whole: QgsRectangle) -> QgsRectangle:
    """Return an extent with room for markers at its edges, and not absurdly small."""
    least = max(whole.width(), whole.height()) / _MOST_ENLARGED
    longer = max(extent.width(), extent.height())
    return extent.buffered(max(_INSET_MARGIN * longer, (least - longer) / 2))


def _around(shapes: Sequence[BaseGeometry]) -> QgsRectangle:
    extent = QgsRectangle()
    extent.setMinimal()
    for shape in shapes:
        if not shape.is_empty:
            extent.combineExtentWith(QgsRectangle(*shape.bounds))
    return extent


def _legend_symbols(
    opened: Mapping[str, QgsMapLayer], pack: Pack, concerns: set[str | None]
) -> dict[str, Sequence[int]]:
    """Return by layer id the numbers of the symbols that its legend explains: those in use."""
    used: dict[str, set[object]] = {
        "reports": set(concerns),
        "hot_cells": {
            _HOT_BY_NEIGHBOURS if hot_by_neighbours(cell) else cell.level
            for cell in (pack.hot_spots.cells if pack.hot_spots else ())
            if cell.level.startswith(("hot", "cold"))  # the others have no colour to explain
        },
        "fixes": {fix.owner for fix in pack.fixes},
        "gap_areas": (
            {one.gap_class for one in pack.fear_and_crime.areas} if pack.fear_and_crime else set()
        ),
    }
    symbols: dict[str, Sequence[int]] = {}
    for name, layer in opened.items():
        if name == "heat":
            # the first entry of a raster's legend only names the band
            shown = list(range(1, len(layer.renderer().legendSymbologyItems()) + 1))
        elif name in ("parks", "outlines"):
            shown = park_symbols(pack.parks)
        elif name == "rings":
            shown = _ring_symbols(pack)
        else:
            shown = _categories_in(layer, used.get(name, set()))
        symbols[layer.id()] = shown
    return symbols


def _ring_symbols(pack: Pack) -> list[int]:
    """Return the rings' symbols in use: in a pack that leaves, those with and without a count."""
    if pack.audience is Audience.INTERNAL:
        return [_RING_OUTSIDE]
    held = {zone.reports is None for park in pack.parks for zone in park.zones[1:]}
    return [number for number, is_held in ((0, False), (1, True)) if is_held in held]


def _categories_in(layer: QgsVectorLayer, values: set[object]) -> list[int]:
    renderer = layer.renderer()
    if isinstance(renderer, QgsRuleBasedRenderer):
        rules = renderer.rootRule().children()
        return [at for at, rule in enumerate(rules) if _names_one(rule, values)]
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return [0]
    held = [category.value() for category in renderer.categories()]
    return [number for number, value in enumerate(held) if value in values]


def _names_one(rule: QgsRuleBasedRenderer.Rule, values: set[object]) -> bool:
    """Tell whether a rule's filter names one of the values, in quotes."""
    return any(f"'{value}'" in rule.filterExpression() for value in values)


def copy_tables(source: Path, path: Path) -> None:
    """Copy the maps' GeoPackage whole while layers have it open, without a file beside it.

    Raises:
        OSError: it cannot be written.
    """
    try:
        with closing(sqlite3.connect(source)) as held, closing(sqlite3.connect(path)) as copy:
            held.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise OSError(str(error)) from error
