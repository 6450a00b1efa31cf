# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields of parks and of interventions as layers, in the order in which rows give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem

from streetsafe_plugin.compat import date_field, integer_field, real_field, text_field
from streetsafe_plugin.domain.intervention_overlaps import Overlap
from streetsafe_plugin.domain.parks import Intervention
from streetsafe_plugin.gis.store import LayerSpec, Row
from streetsafe_plugin.i18n import tr


def parks_spec(crs: QgsCoordinateReferenceSystem) -> LayerSpec:
    """Return what a layer of parks is."""
    fields = [
        text_field("park_id"),
        text_field("park_name"),
        text_field("district"),
        text_field("lad_code"),
        text_field("scheme"),
        real_field("area_ha"),
        text_field("boundary_status"),
        text_field("match_method"),
        text_field("match_name"),
        real_field("match_distance_m"),
        text_field("note"),
    ]
    return LayerSpec(tr("Parks"), fields, "polygon", crs)


def interventions_spec() -> LayerSpec:
    """Return what a table of interventions is."""
    fields = [
        text_field("park_id"),
        text_field("measure"),
        integer_field("quantity"),
        text_field("status"),
        date_field("date_from"),
        date_field("date_to"),
        text_field("date_confidence"),
        real_field("funding_gbp"),
        text_field("source"),
        text_field("overlap"),
    ]
    return LayerSpec(tr("Interventions"), fields, "none")


def intervention_rows(
    interventions: Sequence[Intervention], overlaps: Sequence[Overlap]
) -> list[Row]:
    """Return the rows of a table; `overlap` says what each cannot be told apart from in time."""
    rivals: list[list[str]] = [[] for _ in interventions]
    for pair in overlaps:
        rivals[pair.one].append(f"{interventions[pair.other].measure}: {pair.when}")
        rivals[pair.other].append(f"{interventions[pair.one].measure}: {pair.when}")
    return [
        (None, [*_values(one), "; ".join(found) or None])
        for one, found in zip(interventions, rivals)
    ]


def _values(one: Intervention) -> list[Any]:
    return [
        one.park_id,
        one.measure,
        one.quantity,
        one.status,
        one.date_from,
        one.date_to,
        one.date_confidence,
        one.funding_gbp,
        one.source or None,
    ]
