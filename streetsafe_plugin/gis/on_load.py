# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to a result once QGIS has loaded it: style, form, metadata, notes, relations."""

from __future__ import annotations

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
)

from streetsafe_plugin.gis.park_relation import relate_with_kin
from streetsafe_plugin.gis.styling import Finish, dress

#: QGIS keeps no reference to a post-processor written in Python, so they wait here.
_WAITING: dict[str, _Dresser] = {}


class _Dresser(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, destination: str, finish: Finish) -> None:
        super().__init__()
        self._destination = destination
        self._finish = finish

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        dress(layer, self._finish)
        relate_with_kin(layer)
        _WAITING.pop(self._destination, None)


def dress_when_loaded(context: QgsProcessingContext, destination: str, finish: Finish) -> None:
    """Have `finish` applied to the layer at `destination` if QGIS is going to load it."""
    if context.willLoadLayerOnCompletion(destination):
        _WAITING[destination] = _Dresser(destination, finish)
        details = context.layerToLoadOnCompletionDetails(destination)
        details.setPostProcessor(_WAITING[destination])


def name_when_loaded(
    context: QgsProcessingContext, destination: str, usual: str, name: str
) -> None:
    """Have QGIS call a result `name` where it would call it by its usual name.

    A model, a script or a panel that has a name of its own for it keeps that.
    """
    if context.willLoadLayerOnCompletion(destination):
        details = context.layerToLoadOnCompletionDetails(destination)
        if details.name in ("", usual):
            details.name = name


def load_from_elsewhere(context: QgsProcessingContext, planned: str, actual: str) -> None:
    """Tell QGIS that a result it was going to load came to lie somewhere else."""
    if planned == actual or not context.willLoadLayerOnCompletion(planned):
        return
    waiting = context.layersToLoadOnCompletion()
    waiting[actual] = waiting.pop(planned)
    context.setLayersToLoadOnCompletion(waiting)


def forget_all() -> None:
    """Drop what still waits: called when the plugin is unloaded."""
    _WAITING.clear()
