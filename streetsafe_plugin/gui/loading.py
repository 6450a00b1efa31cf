# SPDX-License-Identifier: GPL-2.0-or-later
"""The one place where an algorithm's results enter the project."""

from __future__ import annotations

from dataclasses import dataclass, field

from qgis.core import (
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorLayer,
    QgsWkbTypes,
)

from streetsafe_plugin.gis.park_relation import is_interventions


@dataclass(frozen=True)
class Loaded:
    """The layers that came into the project and the names of results that could not be read."""

    layers: list[QgsMapLayer] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def load_results(context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> Loaded:
    """Add to the project what `context` holds for it, then let each result be styled.

    A table without rows, such as of rejected rows where none was, is left out, unless it is one
    to be filled in.
    Must be called in the thread of the windows, after the algorithm has ended.
    """
    loaded = Loaded()
    finishers = []
    for destination, details in context.layersToLoadOnCompletion().items():
        found = QgsProcessingUtils.mapLayerFromString(
            destination, context, True, details.layerTypeHint
        )
        if found is None or not found.isValid():
            loaded.unreadable.append(details.name)
            continue
        if isinstance(found, QgsVectorLayer) and _is_empty_table(found):
            continue
        details.setOutputLayerName(found)
        layer = _in_project(details.project or QgsProject.instance(), context, found)
        loaded.layers.append(layer)
        finishers.append((details.postProcessor(), layer))
    for finisher, layer in finishers:
        if finisher is not None:
            finisher.postProcessLayer(layer, context, feedback)
    return loaded


def _in_project(
    project: QgsProject, context: QgsProcessingContext, found: QgsMapLayer
) -> QgsMapLayer:
    """Return a result as a layer of the project; it is one already if its file was replaced."""
    if project.mapLayer(found.id()) is not None:
        found.reload()
        return found
    layer = context.temporaryLayerStore().takeMapLayer(found)
    _add_to_project(project, layer)
    return layer


def _add_to_project(project: QgsProject, layer: QgsMapLayer) -> None:
    """Add a layer where it hides nothing: points on top, then areas, surfaces and tables."""
    project.addMapLayer(layer, False)
    root = project.layerTreeRoot()
    root.insertLayer(_place_in(root, _depth(layer)), layer)


def _is_empty_table(layer: QgsVectorLayer) -> bool:
    # interventions are for people to add to
    return not layer.isSpatial() and layer.featureCount() == 0 and not is_interventions(layer)


def _place_in(root: QgsLayerTree, depth: int) -> int:
    for place, node in enumerate(root.children()):
        layers = node.findLayers() if isinstance(node, QgsLayerTreeGroup) else [node]
        depths = [_depth(found.layer()) for found in layers if found.layer() is not None]
        if depths and min(depths) >= depth:
            return place
    return len(root.children())


def _depth(layer: QgsMapLayer) -> int:
    if not isinstance(layer, QgsVectorLayer):
        return 3
    return {
        QgsWkbTypes.GeometryType.PointGeometry: 0,
        QgsWkbTypes.GeometryType.LineGeometry: 1,
        QgsWkbTypes.GeometryType.PolygonGeometry: 2,
    }.get(layer.geometryType(), 4)
