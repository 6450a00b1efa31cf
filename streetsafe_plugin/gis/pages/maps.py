# SPDX-License-Identifier: GPL-2.0-or-later
"""A page's map and what explains it: legend, scale bar, north arrow, grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsExpressionContextUtils,
    QgsFillSymbol,
    QgsLayerTreeLayer,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapOverview,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutSize,
    QgsLayoutUtils,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsRasterLayer,
    QgsRectangle,
    QgsUnitTypes,
)

from streetsafe_plugin.compat import shrink_legend_font
from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.pack import Park
from streetsafe_plugin.gis.map_styles import BESIDE_INSET, INSET_EXTENT
from streetsafe_plugin.gis.pages.in_sight import heat_in_sight, symbols_in_sight
from streetsafe_plugin.gis.pages.page import Page, box_of
from streetsafe_plugin.gis.sheet import MM, QUIET, Box
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

_SMALLEST_MAP_M = 800.0
_SMALLEST_GRID_M = 100.0
#: An inset takes a third of the map's room, so it must show its part so many times larger.
_LEAST_ENLARGED = 2.0
#: A scale bar is about this share of the map's width.
_BAR_SHARE = 0.25
#: On a shorter one the figures run into each other.
_SHORTEST_BAR_MM = 25.0
_SMALLEST_LEGEND, _LEGEND_STEP = 0.6, 0.93
#: A layer with so many classes may take several columns of a legend.
_MANY_CLASSES = 6
#: Layers with this property stand in a legend without their name above their symbols.
EXPLAINS_ITSELF = "streetsafe/explains_itself"


@dataclass(frozen=True)
class BriefingLayers:
    """The layers of the maps and what is to be known of them.

    `maps` holds by kind of page its layers, bottom first, and `extents` what its map shows;
    a park's page shows the park's own. `crowds` holds by kind the part of its map in which much
    lies close together. `legend_symbols` holds by layer id the numbers of the
    symbols that a legend explains, none for a layer that needs no explanation. `places` (n, 2)
    are the reports', none where they must not be drawn. `path` is the layers' GeoPackage.
    """

    maps: Mapping[str, Sequence[QgsMapLayer]]
    extents: Mapping[str, QgsRectangle]
    legend_symbols: Mapping[str, Sequence[int]]
    places: np.ndarray
    crs: QgsCoordinateReferenceSystem
    path: Path
    crowds: Mapping[str, QgsRectangle] = field(default_factory=dict)

    def all_layers(self) -> list[QgsMapLayer]:
        """Return every layer once, bottom first."""
        found = {layer.id(): layer for held in self.maps.values() for layer in held}
        return list(found.values())

    def has_heat(self, kind: str) -> bool:
        """Tell whether a kind of map has a heat map."""
        return any(isinstance(layer, QgsRasterLayer) for layer in self.maps[kind])

    def reports_in(self, extent: QgsRectangle) -> int:
        """Return how many reports lie within an extent."""
        x, y = self.places[:, 0], self.places[:, 1]
        across = (x >= extent.xMinimum()) & (x <= extent.xMaximum())
        up = (y >= extent.yMinimum()) & (y <= extent.yMaximum())
        return int((across & up).sum())


def shows_heat(layers: BriefingLayers, kind: str, extent: QgsRectangle) -> bool:
    """Tell whether any of a heat map's colours is in sight on a map."""
    held = (layer for layer in layers.maps[kind] if isinstance(layer, QgsRasterLayer))
    return any(heat_in_sight(layer, extent) for layer in held)


def park_symbols(parks: Sequence[Park]) -> list[int]:
    """Return the numbers of the symbols of parks that are in use: with a boundary, without."""
    return sorted({1 if park.indicative else 0 for park in parks})


def show_map(
    page: Page,
    kind: str,
    extent: QgsRectangle,
    layers: BriefingLayers,
) -> QgsRectangle:
    """Fill the page's map and what explains it, and return the extent that it shows.

    The legend explains the symbols that are in sight, and no others. Where an inset can show a
    crowd much larger it does; elsewhere the map has its room.

    Other maps that a force has put on the page get the same layers: left alone they would draw
    whatever the project holds.
    """
    crowd = layers.crowds.get(kind)
    if crowd is None or not _is_worth_an_inset(page, extent, crowd):
        page.clear("inset_scale_bar")
        page.widen("map", over="inset", along=("north_arrow",))
    shown, inset = (page.item(name, QgsLayoutItemMap) for name in ("map", "inset"))
    filled = extent
    for item in page.items:
        if isinstance(item, QgsLayoutItemMap):
            wanted = crowd if item is inset and crowd is not None else extent
            within = _draw(item, layers.maps[kind], wanted, layers.crs)
            if item is shown:
                filled = within
    if shown is None:
        page.clear("legend", "scale_bar", "north_arrow")
        return filled
    _require_drawable(shown)
    _space_grids(shown, filled)
    usual = layers.legend_symbols
    # what has no heading comes first, or it would seem to belong under the one before
    on_top_first = list(reversed(layers.maps[kind]))
    on_top_first.sort(key=lambda one: not one.customProperty(EXPLAINS_ITSELF))
    entries = [(one, symbols_in_sight(one, filled, usual[one.id()])) for one in on_top_first]
    _explain(page, shown, entries)
    _set_scale_bar(page, "scale_bar", shown, filled)
    _point_north(page, shown)
    if inset is not None:
        _require_drawable(inset)
        _space_grids(inset, inset.extent())
        _set_scale_bar(page, "inset_scale_bar", inset, inset.extent())
        _tie(shown, inset)
    return filled


def _is_worth_an_inset(page: Page, extent: QgsRectangle, crowd: QgsRectangle) -> bool:
    """Tell whether a crowd becomes much larger in the inset than on a map that has its room."""
    shown, inset = (page.item(name, QgsLayoutItemMap) for name in ("map", "inset"))
    if shown is None or inset is None:
        return False
    alone, small = page.widened("map", over="inset") or box_of(shown), box_of(inset)
    across = _fill(extent, alone.width / alone.height).width() / alone.width
    larger = _fill(crowd, small.width / small.height).width() / small.width
    return across >= _LEAST_ENLARGED * larger


def _draw(
    item: QgsLayoutItemMap,
    layers: Sequence[QgsMapLayer],
    extent: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
) -> QgsRectangle:
    """Have a map draw layers, bottom first; return the extent that it shows."""
    box = box_of(item)
    within = _fill(extent, box.width / box.height)
    item.setCrs(crs)
    item.setLayers(list(reversed(layers)))
    item.setKeepLayerSet(True)
    item.setFollowVisibilityPreset(False)
    item.setExtent(within)
    return within


def _tie(shown: QgsLayoutItemMap, inset: QgsLayoutItemMap) -> None:
    """Draw on a map the frame of what its inset shows, and leave some labels to that."""
    QgsExpressionContextUtils.setLayoutItemVariable(shown, BESIDE_INSET, 1)
    within = inset.extent().asWktPolygon()
    QgsExpressionContextUtils.setLayoutItemVariable(shown, INSET_EXTENT, within)
    frame = QgsLayoutItemMapOverview("inset", shown)
    shown.overviews().addOverview(frame)
    frame.setLinkedMap(inset)
    look = {"style": "no", "outline_color": QUIET.name(), "outline_width": "0.3"}
    frame.setFrameSymbol(QgsFillSymbol.createSimple(look))


def _require_drawable(shown: QgsLayoutItemMap) -> None:
    """Refuse a map that would come out empty, which QGIS exports without a word."""
    missing = [layer.name() for layer in shown.layers() if not layer.isValid()]
    if missing:
        raise WriteFailed(
            tr("Layer “{}” cannot be drawn.").format(missing[0]),
            tr("Check that its file is still there, then try again."),
        )
    if not (math.isfinite(shown.scale()) and shown.scale() > 0) or not any(
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


def _space_grids(shown: QgsLayoutItemMap, extent: QgsRectangle) -> None:
    longer = max(extent.width(), extent.height())
    interval_m = max(briefing.nice_step(longer, 4), _SMALLEST_GRID_M)
    for at in range(shown.grids().size()):
        grid = shown.grids().grid(at)
        grid.setCrs(shown.crs())
        grid.setIntervalX(interval_m)
        grid.setIntervalY(interval_m)


def _explain(
    page: Page, shown: QgsLayoutItemMap, entries: Sequence[tuple[QgsMapLayer, Sequence[int]]]
) -> None:
    """Fill the legend with the symbols that the map shows, smaller until it fits its slot."""
    legend = page.item("legend", QgsLayoutItemLegend)
    if legend is None:
        return
    room = box_of(legend)
    legend.setLinkedMap(shown)
    legend.setAutoUpdateModel(False)
    root = legend.model().rootGroup()
    root.clear()
    for layer, symbols in entries:
        if symbols:
            node = root.addLayer(layer)
            QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(symbols))
            if layer.customProperty(EXPLAINS_ITSELF):
                QgsLegendRenderer.setNodeLegendStyle(node, QgsLegendStyle.Style.Hidden)
            if len(symbols) >= _MANY_CLASSES:
                split = QgsLayerTreeLayer.LegendNodesSplitBehavior
                node.setLegendSplitBehavior(split.AllowSplittingLegendNodesOverMultipleColumns)
            legend.model().refreshLayerLegend(node)
    most_columns = max(legend.columnCount(), 1)
    share = 1.0
    while not _fits(legend, most_columns, room) and share > _SMALLEST_LEGEND:
        share *= _LEGEND_STEP
        for part in (
            QgsLegendStyle.Style.Group,
            QgsLegendStyle.Style.Subgroup,
            QgsLegendStyle.Style.SymbolLabel,
        ):
            shrink_legend_font(legend, part, _LEGEND_STEP)
        legend.setSymbolHeight(legend.symbolHeight() * _LEGEND_STEP)


def _fits(legend: QgsLayoutItemLegend, most_columns: int, room: Box) -> bool:
    """Tell whether a legend fits its slot in some number of columns, and leave it so."""
    context = QgsLayoutUtils.createRenderContextForLayout(legend.layout(), None)
    for columns in range(most_columns, 0, -1):
        legend.setColumnCount(columns)
        drawn = QgsLegendRenderer(legend.model(), legend.legendSettings())
        # its box would only follow when the page is drawn
        size = drawn.minimumSize(context)
        if size.height() > room.height:
            return False
        if size.width() <= room.width:
            legend.attemptResize(QgsLayoutSize(size.width(), size.height(), MM))
            return True
    return False


def _set_scale_bar(page: Page, name: str, shown: QgsLayoutItemMap, extent: QgsRectangle) -> None:
    """Make the bar a quarter of the map's width or more; metres below a kilometre, else km."""
    bar = page.item(name, QgsLayoutItemScaleBar)
    if bar is None:
        return
    segments = max(bar.numberOfSegments(), 1)
    share = max(_BAR_SHARE, _SHORTEST_BAR_MM / box_of(shown).width)
    segment_m = briefing.nice_step(extent.width() * share, segments)
    in_km = segment_m >= 1000
    unit = QgsUnitTypes.DistanceUnit
    bar.setLinkedMap(shown)
    bar.setUnits(unit.DistanceKilometers if in_km else unit.DistanceMeters)
    bar.setUnitLabel("km" if in_km else "m")
    bar.setUnitsPerSegment(segment_m / 1000 if in_km else segment_m)
    bar.update()


def _point_north(page: Page, shown: QgsLayoutItemMap) -> None:
    """Tie the arrow to the map; one without a picture gets the plugin's."""
    arrow = page.item("north_arrow", QgsLayoutItemPicture)
    if arrow is None:
        return
    arrow.setLinkedMap(shown)
    if not arrow.picturePath():
        arrow.setPicturePath(str(resource("icons", "north.svg")))
