# SPDX-License-Identifier: GPL-2.0-or-later
"""How layers look on a printed map, where that differs from the screen.

No layer is blended or made translucent as a whole: QGIS would then print the map as one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsExpression,
    QgsFillSymbol,
    QgsLabeling,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsPointPatternFillSymbolLayer,
    QgsProperty,
    QgsRasterLayer,
    QgsRenderContext,
    QgsRuleBasedRenderer,
    QgsSingleSymbolRenderer,
    QgsSymbolLayer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QPainter

from streetsafe_plugin.domain.surface.class_limits import class_limits
from streetsafe_plugin.gis import styling
from streetsafe_plugin.gis.heat_facts import heat_facts
from streetsafe_plugin.gis.sheet import font, hatching, text_format
from streetsafe_plugin.i18n import tr

#: The variable of a map in a layout beside which an inset stands.
BESIDE_INSET = "beside_inset"
#: The variable that holds what that inset shows, as a polygon in WKT.
INSET_EXTENT = "inset_extent"
#: So many places to mend have their rank on a map; the others are small.
FIXES_NUMBERED = 10
_SMALL_FIX_MM, _FIX_MM = 2.4, 5.6
_LABEL_WIDTH = 26
_GREEN = "#14502d"
_RING = "#5b6670"


def parks(layer: QgsVectorLayer) -> None:
    """Draw parks by their outline, so that the heat beneath is seen, with wrapped names."""
    styling.from_file("parks")(layer)
    settings = layer.labeling().settings()
    settings.placement = QgsPalLayerSettings.Placement.Horizontal
    settings.displayAll = True
    settings.autoWrapLength = _LABEL_WIDTH
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    for symbol in layer.renderer().symbols(QgsRenderContext()):
        symbol[0].setBrushStyle(Qt.BrushStyle.NoBrush)


def park_numbers(layer: QgsVectorLayer) -> None:
    """Draw parks as dots with their numbers."""
    dot = {"name": "circle", "color": _GREEN, "size": "1.9", "outline_color": "white"}
    layer.setRenderer(QgsSingleSymbolRenderer(QgsMarkerSymbol.createSimple(dot)))
    settings = QgsPalLayerSettings()
    settings.fieldName = "number"
    settings.placement = QgsPalLayerSettings.Placement.OrderedPositionsAroundPoint
    settings.dist = 0.9
    settings.displayAll = True
    settings.setFormat(_haloed(8, _GREEN))
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def numbers_in_inset(layer: QgsVectorLayer, some: Sequence[str]) -> None:
    """Leave some park numbers to the inset on a map that says by a variable that it has one."""
    settings = layer.labeling().settings()
    there = ", ".join(QgsExpression.quotedValue(number) for number in some)
    settings.isExpression = True
    settings.fieldName = f'if(@{BESIDE_INSET} AND "number" IN ({there}), NULL, "number")'
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))


def rings(layer: QgsVectorLayer) -> None:
    """Draw rings by their edges, each with how far from the park it lies."""
    styling.from_file("rings")(layer)
    settings = QgsPalLayerSettings()
    settings.fieldName = "reach"
    settings.placement = QgsPalLayerSettings.Placement.PerimeterCurved
    settings.lineSettings().setPlacementFlags(QgsLabeling.LinePlacementFlag.OnLine)
    settings.setFormat(_haloed(6.5, _RING))
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def ring_counts(layer: QgsVectorLayer) -> None:
    """Draw rings with the number of their reports; hatched where it is held back."""
    root = QgsRuleBasedRenderer.Rule(None)
    outline = {"style": "no", "outline_color": _RING, "outline_width": "0.2"}
    shown = QgsFillSymbol.createSimple(outline)
    held = shown.clone()
    held.appendSymbolLayer(hatching(45.0, 2.2, 0.15, QColor("#9aa5b1")))
    for symbol, rule, label in (
        (shown, '"reports" IS NOT NULL', tr("Ring, number of its reports")),
        (held, '"reports" IS NULL', tr("Number held back to protect people")),
    ):
        root.appendChild(QgsRuleBasedRenderer.Rule(symbol, 0, 0, rule, label))
    layer.setRenderer(QgsRuleBasedRenderer(root))
    settings = QgsPalLayerSettings()
    settings.isExpression = True
    settings.fieldName = "coalesce(to_string(\"reports\"), '{}')".format(tr("held back"))
    settings.placement = QgsPalLayerSettings.Placement.Horizontal
    settings.setFormat(_haloed(7.5, "#1f2933"))
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def fixes(layer: QgsVectorLayer) -> None:
    """Draw places to mend by who can, the first with their rank.

    Beside an inset that shows them larger they are small, so as not to cover what lies there.
    """
    styling.from_file("fix_list")(layer)
    in_inset = f"intersects($geometry, geom_from_wkt(@{INSET_EXTENT}))"
    small = f'"rank" > {FIXES_NUMBERED} OR coalesce({in_inset}, false)'
    size = QgsProperty.fromExpression(f"if({small}, {_SMALL_FIX_MM}, {_FIX_MM})")
    rank = QgsProperty.fromExpression(f"if({small}, '', to_string(\"rank\"))")
    renderer = layer.renderer()
    for number, category in enumerate(renderer.categories()):
        symbol = category.symbol().clone()
        symbol[0].setDataDefinedProperty(QgsSymbolLayer.Property.PropertySize, size)
        symbol[1].setDataDefinedProperty(QgsSymbolLayer.Property.PropertyCharacter, rank)
        renderer.updateCategorySymbol(number, symbol)


def hot_cells(layer: QgsVectorLayer) -> None:
    """Draw hot and cold cells; the others are bare ground, however large the map's scale."""
    styling.from_file("hotspot_classes")(layer)
    for rule in layer.renderer().rootRule().children():
        if "'none'" in rule.filterExpression():
            rule.setActive(False)


def crime_gap(layer: QgsVectorLayer) -> None:
    """Draw the classes of fear and crime with patterns, which also tell apart in grey."""
    styling.from_file("crime_gap")(layer)
    patterns = {
        "feared_only": hatching(45.0, 1.5, 0.3, QColor("#6b2a06")),
        "crime_only": _dots(1.5, 0.5, "#0b4a78"),
    }
    renderer = layer.renderer()
    for number, category in enumerate(renderer.categories()):
        symbol = category.symbol().clone()
        if category.value() in patterns:
            symbol.appendSymbolLayer(patterns[category.value()])
        elif category.value() == "neither":  # its grey is too pale for print
            symbol[0].setStrokeColor(QColor("#b9c0c7"))
        renderer.updateCategorySymbol(number, symbol)


def specks(reports: QgsVectorLayer) -> QgsVectorLayer:
    """Return a layer of reports drawn as small specks, for an overview."""
    small = reports.clone()
    styling.from_file("crimes")(small)
    return small


def without_labels(layer: QgsVectorLayer) -> QgsVectorLayer:
    """Return a layer drawn without its labels."""
    plain = layer.clone()
    plain.setLabelsEnabled(False)
    return plain


def heat_shown(heat: QgsRasterLayer, title: str) -> QgsRasterLayer:
    """Return the heat map as it is styled, or in the style that lies beside its file."""
    shown = heat.clone()
    facts = heat_facts(heat)
    radius = tr(", radius {:g} m").format(facts.radius_m) if facts else ""
    shown.setName(f"{title}{radius}")
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


def _haloed(size_pt: float, colour: str) -> QgsTextFormat:
    look = text_format(font(size_pt, bold=True), QColor(colour))
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.8)
    halo.setColor(QColor("white"))
    look.setBuffer(halo)
    return look


def _dots(apart: float, size: float, colour: str) -> QgsPointPatternFillSymbolLayer:
    pattern = QgsPointPatternFillSymbolLayer()
    pattern.setDistanceX(apart)
    pattern.setDistanceY(apart)
    dot = {"name": "circle", "color": colour, "size": f"{size}", "outline_style": "no"}
    pattern.setSubSymbol(QgsMarkerSymbol.createSimple(dot))
    return pattern
