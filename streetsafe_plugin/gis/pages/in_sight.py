# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of a layer's symbols a map shows, so that its legend explains those and no others."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsColorRampShader,
    QgsFeatureRequest,
    QgsMapLayer,
    QgsRasterBandStats,
    QgsRasterLayer,
    QgsRectangle,
    QgsRenderContext,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)


def symbols_in_sight(
    layer: QgsMapLayer, extent: QgsRectangle, usual: Sequence[int]
) -> Sequence[int]:
    """Return those of a legend's usual symbols that an extent, in the layer's system, shows."""
    if not usual:
        return usual
    if isinstance(layer, QgsRasterLayer):
        return usual if heat_in_sight(layer, extent) else ()
    return _in_use(layer, extent, usual) if isinstance(layer, QgsVectorLayer) else usual


def heat_in_sight(layer: QgsRasterLayer, extent: QgsRectangle) -> bool:
    """Tell whether a heat map has any of its colours in an extent, and not just its ground."""
    within = layer.extent().intersect(extent)
    if within.isEmpty():
        return False
    whole = QgsRasterBandStats.Stats.All
    highest = layer.dataProvider().bandStatistics(1, whole, within, 0).maximumValue
    return bool(highest > _uncoloured_to(layer))


def _uncoloured_to(layer: QgsRasterLayer) -> float:
    """Return up to which value a heat map has no colour: the limit of its first class."""
    shader = layer.renderer().shader() if hasattr(layer.renderer(), "shader") else None
    ramp = shader.rasterShaderFunction() if shader is not None else None
    if not isinstance(ramp, QgsColorRampShader):
        return 0.0
    clear = [item.value for item in ramp.colorRampItemList() if item.color.alpha() == 0]
    return max(clear, default=0.0)


def _in_use(layer: QgsVectorLayer, extent: QgsRectangle, usual: Sequence[int]) -> list[int]:
    renderer, context = layer.renderer().clone(), QgsRenderContext()
    keys = [item.ruleKey() for item in renderer.legendSymbolItems()]
    alone = isinstance(renderer, QgsSingleSymbolRenderer)
    context.setExpressionContext(layer.createExpressionContext())
    renderer.startRender(context, layer.fields())
    wanted = {keys[number] for number in usual}
    found: set[str] = set()
    request = QgsFeatureRequest(extent).setFlags(QgsFeatureRequest.Flag.ExactIntersect)
    for feature in layer.getFeatures(request):
        context.expressionContext().setFeature(feature)
        found |= set(keys) if alone else renderer.legendKeysForFeature(feature, context)
        if wanted <= found:
            break
    renderer.stopRender(context)
    return [number for number in usual if keys[number] in found]
