# SPDX-License-Identifier: GPL-2.0-or-later
"""The tie between parks and what was done in them, as a relation of the project.

With it QGIS shows a park's interventions in the park's form. Both layers must be in the project,
so whichever comes second has it made. It is an association: whoever deletes an outline to draw it
anew does not lose the dates with it.
"""

from __future__ import annotations

from qgis.core import (
    QgsMapLayer,
    QgsProject,
    QgsRelation,
    QgsRelationContext,
    QgsVectorLayer,
    QgsWkbTypes,
)

from streetsafe_plugin.gis.park_forms import (
    choose_park_by,
    interventions_form,
    show_interventions_of,
)
from streetsafe_plugin.gis.styling import KIN_PROPERTY
from streetsafe_plugin.i18n import tr

#: The relation's id in the project; a second pair of layers gets this with a number behind.
RELATION_ID = "streetsafe_park_interventions"

_KEY = "park_id"
_PARK_FIELDS = frozenset((_KEY, "park_name", "boundary_status"))
_INTERVENTION_FIELDS = frozenset((_KEY, "measure", "status", "date_from", "date_to"))


def is_parks(layer: QgsMapLayer) -> bool:
    """Tell whether a layer holds parks as they are loaded from the register."""
    return _has(layer, _PARK_FIELDS, QgsWkbTypes.GeometryType.PolygonGeometry)


def is_interventions(layer: QgsMapLayer) -> bool:
    """Tell whether a layer is a table of interventions."""
    return _has(layer, _INTERVENTION_FIELDS, QgsWkbTypes.GeometryType.NullGeometry)


def relate_with_kin(layer: QgsMapLayer) -> None:
    """Tie a layer of parks or interventions to its counterpart of the same run, if it is there."""
    project, kin = layer.project(), layer.customProperty(KIN_PROPERTY)
    if project is None or not kin:
        return
    family = [one for one in _layers(project) if one.customProperty(KIN_PROPERTY) == kin]
    _relate_if_one_of_each(project, family)


def relate_within(project: QgsProject) -> None:
    """Tie the parks of a project to its interventions, where there is one layer of each."""
    _relate_if_one_of_each(project, _layers(project))


def relate(project: QgsProject, parks: QgsVectorLayer, interventions: QgsVectorLayer) -> None:
    """Have two layers tied by one relation, which their forms show."""
    relation = _tie_of(project, parks, interventions) or _new_tie(project, parks, interventions)
    interventions_form(interventions)
    choose_park_by(interventions, relation)
    show_interventions_of(parks, relation)


def _tie_of(
    project: QgsProject, parks: QgsVectorLayer, interventions: QgsVectorLayer
) -> QgsRelation | None:
    for relation in project.relationManager().referencedRelations(parks):
        if relation.isValid() and relation.referencingLayerId() == interventions.id():
            return relation
    return None


def _new_tie(
    project: QgsProject, parks: QgsVectorLayer, interventions: QgsVectorLayer
) -> QgsRelation:
    relation = QgsRelation(QgsRelationContext(project))
    relation.setId(_free_id(project))
    relation.setName(tr("Interventions of a park"))
    relation.setReferencedLayer(parks.id())
    relation.setReferencingLayer(interventions.id())
    relation.addFieldPair(_KEY, _KEY)
    project.relationManager().addRelation(relation)
    return relation


def _relate_if_one_of_each(project: QgsProject, layers: list[QgsVectorLayer]) -> None:
    parks = [layer for layer in layers if is_parks(layer)]
    interventions = [layer for layer in layers if is_interventions(layer)]
    if len(parks) == len(interventions) == 1:
        relate(project, parks[0], interventions[0])


def _layers(project: QgsProject) -> list[QgsVectorLayer]:
    return [
        layer
        for layer in project.mapLayers().values()
        if isinstance(layer, QgsVectorLayer) and layer.isValid()
    ]


def _has(layer: QgsMapLayer, fields: frozenset[str], kind: QgsWkbTypes.GeometryType) -> bool:
    return (
        isinstance(layer, QgsVectorLayer)
        and layer.geometryType() == kind
        and fields <= set(layer.fields().names())
    )


def _free_id(project: QgsProject) -> str:
    """Return an id that no relation has whose layers are still there."""
    relations = project.relationManager().relations()
    relation_id, number = RELATION_ID, 2
    while relation_id in relations and relations[relation_id].isValid():
        relation_id = f"{RELATION_ID}_{number}"
        number += 1
    return relation_id
