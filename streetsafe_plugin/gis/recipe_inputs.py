# SPDX-License-Identifier: GPL-2.0-or-later
"""The inputs of a recipe found again among a project's layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer

from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis import fingerprints
from streetsafe_plugin.gis.recipe import Recorded, RecordedInput, file_name


class State(Enum):
    """Whether an input is as it was, has changed, is gone, or cannot be told."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FoundInput:
    """An input of a recipe and the layer that it is now, if any."""

    recorded: RecordedInput
    state: State
    layer: QgsMapLayer | None = None


def find_inputs(
    recorded: Recorded, result: QgsMapLayer, project: QgsProject, tick: Tick = no_tick
) -> Mapping[str, FoundInput]:
    """Return what each input of a result is now: first by its content, then by its name."""
    others = [layer for layer in project.mapLayers().values() if layer.id() != result.id()]
    return {name: _found(one, others, tick) for name, one in recorded.inputs.items()}


def candidates(recorded: RecordedInput, layers: list[QgsMapLayer]) -> list[QgsMapLayer]:
    """Return the layers that go by an input's name and file, those of the same name first."""
    named = [layer for layer in layers if layer.name() == recorded.name]
    filed = [layer for layer in layers if recorded.file and file_name(layer) == recorded.file]
    both = [layer for layer in named if layer in filed]
    return list(dict.fromkeys([*both, *named, *filed]))


def _found(recorded: RecordedInput, layers: list[QgsMapLayer], tick: Tick) -> FoundInput:
    known = candidates(recorded, layers)
    if not recorded.fingerprint or recorded.part:
        return FoundInput(recorded, State.UNKNOWN, known[0] if known else None)
    rest = [layer for layer in layers if layer not in known and _may_be(layer, recorded)]
    for layer in [*known, *rest]:
        if _may_be(layer, recorded) and fingerprints.of_layer(layer, tick) == recorded.fingerprint:
            return FoundInput(recorded, State.SAME, layer)
    if not known:
        return FoundInput(recorded, State.GONE)
    return FoundInput(recorded, State.CHANGED, known[0])


def _may_be(layer: QgsMapLayer, recorded: RecordedInput) -> bool:
    """Tell cheaply whether a layer could hold what was read: as many rows, or a raster."""
    if not layer.isValid():
        return False
    if isinstance(layer, QgsVectorLayer):
        return max(layer.featureCount(), 0) == recorded.features
    return isinstance(layer, QgsRasterLayer) and recorded.features < 0
