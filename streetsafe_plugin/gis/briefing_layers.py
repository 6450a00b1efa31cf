# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers that a briefing's maps draw, made afresh so that nothing else travels with them.

They carry a number, a name or a concern and nothing more: what is not in them cannot leak into
a PDF.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely.geometry
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsRenderContext,
    QgsSingleSymbolRenderer,
    QgsTextBufferSettings,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QPainter
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from streetsafe_plugin.compat import integer_field, text_field
from streetsafe_plugin.domain.geometry import polygon_parts
from streetsafe_plugin.domain.pack import Park
from streetsafe_plugin.domain.surface.class_limits import class_limits
from streetsafe_plugin.gis import styling
from streetsafe_plugin.gis.heat_facts import heat_facts
from streetsafe_plugin.gis.layouts import BriefingLayers
from streetsafe_plugin.gis.sheet import text_format
from streetsafe_plugin.gis.store import LayerSpec, Row, add_rows
from streetsafe_plugin.i18n import tr

#: More points than this are a grey mass on an overview, and a very large PDF.
MOST_POINTS_DRAWN = 20_000
#: The number of the outer rings' symbol in the rings' style; the park has its own outline.
_RING_OUTSIDE = 1
_LABEL_WIDTH = 26
#: Smaller scraps, left where rings meet, are no ground to draw.
_LEAST_M2 = 1.0
_GREEN = "#14502d"


def briefing_layers(
    project: QgsProject,
    crs: QgsCoordinateReferenceSystem,
    parks: Sequence[Park],
    xy: np.ndarray,
    concerns: Sequence[str | None] | None,
    heat: QgsRasterLayer | None,
    area: Sequence[BaseGeometry] | None,
) -> BriefingLayers:
    """Return the maps' layers, added to `project`, which keeps them alive.

    Args:
        project: a project made for the briefing.
        crs: the metre-based system of everything.
        parks: the parks with their zones.
        xy: (n, 2) places of the reports.
        concerns: each report's concern, None where the layer does not say.
        heat: a heat map to draw beneath, if any.
        area: outlines of the whole area, if any.
    """
    points = _points(crs, xy, concerns)
    numbers, grounds, rings = _park_numbers(crs, parks), _parks(crs, parks), _rings(crs, parks)
    overview: list[QgsMapLayer] = []
    on_park: list[QgsMapLayer] = []
    if len(xy) <= MOST_POINTS_DRAWN:
        specks = points.clone()
        styling.from_file("crimes")(specks)
        overview.append(specks)
    outlines = _without_labels(grounds)
    overview.append(outlines)
    if heat is not None:
        shown = _heat(heat)
        overview.append(shown)
        on_park.append(shown)
    on_park += [rings, grounds]
    if len(xy) <= MOST_POINTS_DRAWN:
        on_park.append(points)
    if area:
        outline = _memory(LayerSpec(tr("Area"), [text_field("name")], "polygon", crs))
        _fill(outline, [(shape, [""]) for shape in area])
        styling.from_file("area")(outline)
        overview.append(outline)
    overview.append(numbers)
    project.addMapLayers({*overview, *on_park}, False)
    around = area or [park.zone_shapes[-1] for park in parks]
    bounds = shapely.geometry.MultiPoint(
        [corner for shape in around for corner in _corners(shape)]
    ).bounds
    statuses = sorted({1 if park.indicative else 0 for park in parks})
    symbols = {
        points.id(): _symbols_used(points, set(concerns or ())),
        grounds.id(): statuses,
        outlines.id(): statuses,
        rings.id(): [_RING_OUTSIDE],
        numbers.id(): [0],
    }
    for layer in {*overview, *on_park}:
        if isinstance(layer, QgsRasterLayer):
            # the first entry of a raster's legend only names the band
            symbols[layer.id()] = list(range(1, len(layer.renderer().legendSymbologyItems()) + 1))
        symbols.setdefault(layer.id(), [0])
    return BriefingLayers(overview, on_park, QgsRectangle(*bounds), symbols, xy, crs)


def _symbols_used(points: QgsVectorLayer, concerns: set[str | None]) -> list[int]:
    """Return the numbers of the symbols by which reports of these concerns are drawn."""
    renderer = points.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return [0]
    values = [category.value() for category in renderer.categories()]
    return [number for number, value in enumerate(values) if value in concerns]


def _corners(shape: BaseGeometry) -> list[tuple[float, float]]:
    west, south, east, north = shape.bounds
    return [(west, south), (east, north)]


def _memory(spec: LayerSpec) -> QgsVectorLayer:
    kind = {"point": "Point", "polygon": "MultiPolygon"}[spec.geometry]
    layer = QgsVectorLayer(f"{kind}?crs={spec.system().authid()}", spec.title, "memory")
    layer.dataProvider().addAttributes(list(spec.fields))
    layer.updateFields()
    return layer


def _fill(layer: QgsVectorLayer, rows: Sequence[Row]) -> None:
    spec = LayerSpec(layer.name(), list(layer.fields()), "polygon", layer.crs())
    add_rows(layer.dataProvider(), spec, rows)
    layer.updateExtents()


def _points(
    crs: QgsCoordinateReferenceSystem,
    xy: np.ndarray,
    concerns: Sequence[str | None] | None,
) -> QgsVectorLayer:
    layer = _memory(LayerSpec(tr("Reports"), [text_field("concern")], "point", crs))
    if len(xy) <= MOST_POINTS_DRAWN:
        held = concerns if concerns is not None else ["unknown"] * len(xy)
        _fill(layer, [((float(x), float(y)), [held[row]]) for row, (x, y) in enumerate(xy)])
    # plain grey specks where nothing is known but the place
    styling.from_file("reports" if concerns is not None else "crimes")(layer)
    return layer


def _parks(crs: QgsCoordinateReferenceSystem, parks: Sequence[Park]) -> QgsVectorLayer:
    fields = [text_field("park_name"), text_field("boundary_status")]
    layer = _memory(LayerSpec(tr("Parks"), fields, "polygon", crs))
    rows: list[Row] = [
        (park.zone_shapes[0], [park.name, "indicative" if park.indicative else "supplied"])
        for park in parks
    ]
    _fill(layer, rows)
    styling.from_file("parks")(layer)
    settings = layer.labeling().settings()
    settings.placement = QgsPalLayerSettings.Placement.Horizontal
    settings.displayAll = True
    settings.autoWrapLength = _LABEL_WIDTH
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    for symbol in layer.renderer().symbols(QgsRenderContext()):
        symbol[0].setBrushStyle(Qt.BrushStyle.NoBrush)  # the heat beneath must be seen
    return layer


def _without_labels(parks: QgsVectorLayer) -> QgsVectorLayer:
    plain = parks.clone()
    plain.setLabelsEnabled(False)
    return plain


def _rings(crs: QgsCoordinateReferenceSystem, parks: Sequence[Park]) -> QgsVectorLayer:
    # out to each distance, not from ring to ring: every edge is then drawn once
    layer = _memory(LayerSpec(tr("Rings"), [integer_field("ring")], "polygon", crs))
    rows: list[Row] = [
        (_without_scraps(unary_union(park.zone_shapes[: ring + 1])), [ring])
        for park in parks
        for ring in range(1, len(park.zones))
    ]
    _fill(layer, rows)
    styling.from_file("rings")(layer)
    return layer


def _without_scraps(shape: BaseGeometry) -> BaseGeometry:
    return shapely.geometry.MultiPolygon(
        [part for part in polygon_parts(shape) if part.area >= _LEAST_M2]
    )


def _park_numbers(crs: QgsCoordinateReferenceSystem, parks: Sequence[Park]) -> QgsVectorLayer:
    """Return the parks as dots with their numbers: at this scale most outlines are specks."""
    layer = _memory(LayerSpec(tr("Parks, by number"), [text_field("number")], "point", crs))
    # a park of which smaller ones have all has no ground of its own left to mark
    drawn = [park for park in parks if not park.zone_shapes[0].is_empty]
    spots = [park.zone_shapes[0].representative_point() for park in drawn]
    _fill(layer, [((spot.x, spot.y), [str(p.number)]) for spot, p in zip(spots, drawn)])
    layer.setRenderer(
        QgsSingleSymbolRenderer(
            QgsMarkerSymbol.createSimple(
                {"name": "circle", "color": _GREEN, "size": "1.9", "outline_color": "white"}
            )
        )
    )
    settings = QgsPalLayerSettings()
    settings.fieldName = "number"
    settings.placement = QgsPalLayerSettings.Placement.OrderedPositionsAroundPoint
    settings.dist = 0.9
    settings.displayAll = True
    look = text_format(8, QColor(_GREEN), bold=True)
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.8)
    halo.setColor(QColor("white"))
    look.setBuffer(halo)
    settings.setFormat(look)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)
    return layer


def _heat(heat: QgsRasterLayer) -> QgsRasterLayer:
    """Return the heat map as it is styled, or in the style that lies beside its file."""
    shown = heat.clone()
    facts = heat_facts(heat)
    radius = tr(", radius {:g} m").format(facts.radius_m) if facts else ""
    shown.setName(tr("Heat map{}").format(radius))
    if shown.renderer() is None or shown.renderer().type() != "singlebandpseudocolor":
        styling.beside_file(shown)
    if shown.renderer().type() != "singlebandpseudocolor":
        provider = shown.dataProvider()
        highest = provider.bandStatistics(1).maximumValue
        unit = provider.generateBandName(1).split(": ", 1)[-1]
        styling.density(class_limits(highest, highest / 100), unit)(shown)
    # the page beneath is white, and blending would turn the whole map into one picture
    shown.setBlendMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    return shown
