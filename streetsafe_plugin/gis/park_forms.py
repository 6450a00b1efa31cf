# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms in which QGIS shows parks and interventions, and lets people edit them.

They are settings of the layers, so they work in any project and without this plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qgis.core import (
    QgsAttributeEditorContainer,
    QgsAttributeEditorElement,
    QgsAttributeEditorField,
    QgsAttributeEditorRelation,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsFieldConstraints,
    QgsMapLayer,
    QgsRelation,
    QgsVectorLayer,
)

from streetsafe_plugin.compat import drag_and_drop_layout, tab_for_form
from streetsafe_plugin.domain.parks import DATE_CONFIDENCES, MEASURES, STATUSES
from streetsafe_plugin.i18n import tr

_PARK_PAGE = (
    "park_name",
    "district",
    "area_ha",
    "boundary_status",
    "match_name",
    "match_distance_m",
    "note",
)
_LONG_TEXTS = ("note", "source", "overlap")
#: What follows from other fields and is not for people to write.
_WORKED_OUT = ("overlap",)
_EARLIEST, _LATEST = "0", "99999999"
_CALENDAR = {
    "allow_null": True,
    "calendar_popup": True,
    "display_format": "dd/MM/yyyy",
    "field_format": "yyyy-MM-dd",
    "field_iso_format": False,
}


def parks_form(layer: QgsMapLayer) -> None:
    """Give a layer of parks a form with a page about the park itself."""
    if isinstance(layer, QgsVectorLayer):
        _lay_out_park(layer, None)


def interventions_form(layer: QgsMapLayer) -> None:
    """Give a table of interventions a form with words to choose from and calendars."""
    if not isinstance(layer, QgsVectorLayer):
        return
    _label_fields(layer, _intervention_labels())
    for field, words in (
        ("measure", _words(MEASURES, _measure_labels())),
        ("status", _words(STATUSES, _status_labels())),
        ("date_confidence", _words(DATE_CONFIDENCES, _confidence_labels())),
    ):
        _use_widget(layer, field, "ValueMap", words)
    for field in ("date_from", "date_to"):
        _use_widget(layer, field, "DateTime", _CALENDAR)
    _use_long_texts(layer)
    for field in ("status", "date_confidence"):
        layer.setDefaultValueDefinition(_index(layer, field), QgsDefaultValue("'unknown'"))
    _constrain_interventions(layer)
    layer.setDisplayExpression(_intervention_in_a_line())


def show_interventions_of(parks: QgsVectorLayer, relation: QgsRelation) -> None:
    """Add a page to the parks' form on which a park's interventions are seen and edited."""
    _lay_out_park(parks, relation)


def choose_park_by(interventions: QgsVectorLayer, relation: QgsRelation) -> None:
    """Have the interventions' form show and choose a park by its name."""
    how = {
        "Relation": relation.id(),
        "AllowNULL": False,
        "AllowAddFeatures": False,
        "OrderByValue": True,
        "ShowForm": False,
        "ShowOpenFormButton": True,
        "MapIdentification": False,
        "ReadOnly": False,
    }
    _use_widget(interventions, "park_id", "RelationReference", how)


def _lay_out_park(layer: QgsVectorLayer, relation: QgsRelation | None) -> None:
    _label_fields(layer, _park_labels())
    _use_long_texts(layer)
    layer.setDisplayExpression('"park_name"')
    config = layer.editFormConfig()
    config.clearTabs()
    config.setLayout(drag_and_drop_layout())
    root = config.invisibleRootContainer()
    about = tab_for_form(tr("Park"), root)
    _add_fields(about, layer, _PARK_PAGE)
    config.addTab(about)
    if relation is not None:
        done = tab_for_form(tr("Interventions"), root)
        done.addChildElement(_list_of_children(relation, done))
        config.addTab(done)
    layer.setEditFormConfig(config)


def _list_of_children(
    relation: QgsRelation, parent: QgsAttributeEditorElement
) -> QgsAttributeEditorRelation:
    children = QgsAttributeEditorRelation(relation, parent)
    children.setLabel(tr("Interventions"))
    children.setShowLabel(False)
    children.setRelationWidgetTypeId("relation_editor")
    return children


def _add_fields(
    page: QgsAttributeEditorContainer, layer: QgsVectorLayer, fields: Iterable[str]
) -> None:
    for field in fields:
        index = _index(layer, field)
        if index >= 0:
            page.addChildElement(QgsAttributeEditorField(field, index, page))


def _label_fields(layer: QgsVectorLayer, labels: Mapping[str, str]) -> None:
    for field, label in labels.items():
        if _index(layer, field) >= 0:
            layer.setFieldAlias(_index(layer, field), label)
    if _index(layer, "fid") >= 0:
        _use_widget(layer, "fid", "Hidden", {})


def _use_long_texts(layer: QgsVectorLayer) -> None:
    config: QgsEditFormConfig = layer.editFormConfig()
    for field in _LONG_TEXTS:
        _use_widget(layer, field, "TextEdit", {"IsMultiline": True, "UseHtml": False})
    for field in _WORKED_OUT:
        if _index(layer, field) >= 0:
            config.setReadOnly(_index(layer, field), True)
    layer.setEditFormConfig(config)


def _use_widget(layer: QgsVectorLayer, field: str, kind: str, how: Mapping[str, Any]) -> None:
    if _index(layer, field) >= 0:
        layer.setEditorWidgetSetup(_index(layer, field), QgsEditorWidgetSetup(kind, dict(how)))


def _index(layer: QgsVectorLayer, field: str) -> int:
    return int(layer.fields().lookupField(field))


def _words(values: Iterable[str], labels: Mapping[str, str]) -> dict[str, Any]:
    return {"map": [{labels[value]: value} for value in values]}


def _constrain_interventions(layer: QgsVectorLayer) -> None:
    """Refuse what the register refuses, and point out what leaves a change two explanations."""
    hard = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard
    soft = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthSoft
    not_null = QgsFieldConstraints.Constraint.ConstraintNotNull
    for field in ("park_id", "measure", "status", "date_confidence"):
        layer.setFieldConstraint(_index(layer, field), not_null, hard)
    by_expression = QgsFieldConstraints.Constraint.ConstraintExpression
    for field, expression, sentence, strength in (
        (
            "date_to",
            '"date_to" IS NULL OR "date_from" IS NULL OR "date_to" >= "date_from"',
            tr("The last day is before the first: swap or correct the dates."),
            hard,
        ),
        (
            "date_confidence",
            '"date_confidence" <> \'unknown\' OR ("date_from" IS NULL AND "date_to" IS NULL)',
            tr("A date is given: say how exact it is."),
            hard,
        ),
        (
            "measure",
            nothing_else_at_the_time(),
            tr("Another measure of this park may have been there at the same time."),
            soft,
        ),
    ):
        layer.setConstraintExpression(_index(layer, field), expression, sentence)
        layer.setFieldConstraint(_index(layer, field), by_expression, strength)


def nothing_else_at_the_time() -> str:
    """Return the expression that is true if no other measure of the park may coincide.

    It does for the row that is being edited what `domain.intervention_overlaps` does for a
    whole table, and must agree with it.
    """
    mine = {
        field: f"attribute(@parent, '{field}')"
        for field in ("park_id", "measure", "date_from", "date_to", "date_confidence")
    }
    its = {field: f'"{field}"' for field in mine}
    coincides = " AND ".join(
        (
            f"{its['park_id']} = {mine['park_id']}",
            f"{its['measure']} <> {mine['measure']}",
            f"{_first_day(its)} <= {_last_day(mine)}",
            f"{_first_day(mine)} <= {_last_day(its)}",
        )
    )
    return f"coalesce(aggregate(@layer_id, 'count', \"measure\", {coincides}), 0) = 0"


def _first_day(row: Mapping[str, str]) -> str:
    return _day_as_number(row["date_from"], row["date_confidence"], 1, "0", _EARLIEST)


def _last_day(row: Mapping[str, str]) -> str:
    return _day_as_number(row["date_to"], row["date_confidence"], 3, "99", _LATEST)


def _day_as_number(
    date: str, confidence: str, month_of_quarter: int, any_day: str, unknown: str
) -> str:
    """Return the expression of a date as 20220331, as exact as it is known."""
    quarter = f"(3 * ((month({date}) - 1) // 3) + {month_of_quarter})"
    month = f"CASE WHEN {confidence} = 'quarter' THEN {quarter} ELSE month({date}) END"
    day = f"CASE WHEN {confidence} IN ('month', 'quarter') THEN {any_day} ELSE day({date}) END"
    number = f"10000 * year({date}) + 100 * ({month}) + ({day})"
    return f"CASE WHEN {date} IS NULL THEN {unknown} ELSE {number} END"


def _intervention_in_a_line() -> str:
    return (
        "coalesce(represent_value(\"measure\"), '?')"
        " || coalesce(' × ' || \"quantity\", '')"
        " || ', ' || coalesce(represent_value(\"status\"), '?')"
        " || coalesce(', ' || format_date(\"date_from\", 'dd/MM/yyyy'), '')"
        " || coalesce(' – ' || format_date(\"date_to\", 'dd/MM/yyyy'), '')"
    )


def _park_labels() -> dict[str, str]:
    return {
        "park_id": tr("Park id"),
        "park_name": tr("Park"),
        "district": tr("District"),
        "lad_code": tr("District's code"),
        "scheme": tr("Scheme"),
        "area_ha": tr("Area (hectares)"),
        "boundary_status": tr("Boundary"),
        "match_method": tr("Matched by"),
        "match_name": tr("Name in the boundary layer"),
        "match_distance_m": tr("From the known place (metres)"),
        "note": tr("Note"),
    }


def _intervention_labels() -> dict[str, str]:
    return {
        "park_id": tr("Park"),
        "measure": tr("Measure"),
        "quantity": tr("How many"),
        "status": tr("Status"),
        "date_from": tr("First day"),
        "date_to": tr("Last day (empty: still there, or not known)"),
        "date_confidence": tr("The dates are exact to the"),
        "funding_gbp": tr("Funding (pounds)"),
        "source": tr("Source"),
        "overlap": tr("When loaded, not to be told apart from"),
    }


def _measure_labels() -> dict[str, str]:
    return {
        "cctv": tr("CCTV"),
        "lighting": tr("Lighting"),
        "vegetation": tr("Vegetation"),
        "other": tr("Other"),
    }


def _status_labels() -> dict[str, str]:
    return {
        "planned": tr("Planned"),
        "live": tr("Live"),
        "removed": tr("Removed"),
        "unknown": tr("Unknown"),
    }


def _confidence_labels() -> dict[str, str]:
    return {
        "day": tr("Day"),
        "month": tr("Month"),
        "quarter": tr("Quarter"),
        "unknown": tr("Not known"),
    }
