# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of a project's layers are StreetSafe's own, so that each step finds what the last made.

Vector layers are known by their fields, a heat map by what its file says of itself, whatever
project or tool they came through.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer

from streetsafe_plugin.gis.heat_facts import heat_facts


class Kind(Enum):
    """The layers that one step makes and a later one uses."""

    REPORTS = "reports"
    CRIMES = "crimes"
    PARKS = "parks"
    INTERVENTIONS = "interventions"
    HEAT_MAP = "heat map"
    HOT_SPOTS = "hot spots"


_FIELDS = {
    Kind.REPORTS: {"report_id", "reasons", "n_reasons"},
    Kind.CRIMES: {"month_start", "crime_type", "last_outcome"},
    Kind.PARKS: {"park_id", "park_name", "boundary_status"},
    Kind.HOT_SPOTS: {"cell_id", "gi_z", "class", "neighbours_only"},
    Kind.INTERVENTIONS: {"park_id", "measure", "status", "date_from", "date_to"},
}
_WITHOUT_PLACES = (Kind.INTERVENTIONS,)


def kind_of(layer: QgsMapLayer) -> Kind | None:
    """Return what a layer is to StreetSafe; None for any other layer."""
    if isinstance(layer, QgsRasterLayer):
        return None if heat_facts(layer) is None else Kind.HEAT_MAP
    if not isinstance(layer, QgsVectorLayer):
        return None
    names = set(layer.fields().names())
    for kind, fields in _FIELDS.items():
        if fields <= names and layer.isSpatial() is (kind not in _WITHOUT_PLACES):
            return kind
    return None


def first_of(kind: Kind, layers: Iterable[QgsMapLayer]) -> QgsMapLayer | None:
    """Return the first layer of a kind; None where there is none."""
    return next((layer for layer in layers if kind_of(layer) is kind), None)


def project_layers() -> list[QgsMapLayer]:
    """Return the project's layers as the layer panel lists them, the uppermost first."""
    return list(QgsProject.instance().layerTreeRoot().layerOrder())
