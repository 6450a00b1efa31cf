# SPDX-License-Identifier: GPL-2.0-or-later
"""The layer of reports, field by field, as later steps and colleagues' models rely on it."""

from __future__ import annotations

import numpy as np
from qgis.core import QgsField

from streetsafe_plugin.compat import boolean_field, datetime_field, integer_field, text_field
from streetsafe_plugin.domain.arrays import Texts
from streetsafe_plugin.domain.reading.column_roles import CHARACTERISTICS
from streetsafe_plugin.domain.reading.reports import Reports
from streetsafe_plugin.domain.reading.table import none_where_empty, texts
from streetsafe_plugin.domain.taxonomy import REASON_CODES, concern_of
from streetsafe_plugin.gis.store import LayerColumns

FREE_TEXT = "free_text"
#: What describes the people who reported, or is in their own words.
SENSITIVE = (*CHARACTERISTICS, FREE_TEXT)


def report_fields(characteristics: bool, free_text: bool) -> list[QgsField]:
    """Return the fields of a layer of reports; the last ones only where they were asked for."""
    fields = [
        text_field("report_id"),
        datetime_field("submitted_at"),
        text_field("submitted_precision"),
        text_field("concern"),
        text_field("reasons"),
        integer_field("n_reasons"),
        *(boolean_field(code) for code in REASON_CODES),
        text_field("crime_reported"),
        text_field("why_not_reported"),
        text_field("place_source"),
        text_field("flags"),
        text_field("source_file"),
        integer_field("source_row"),
        text_field("import_id"),
    ]
    if characteristics:
        fields += [text_field(name) for name in CHARACTERISTICS]
    if free_text:
        fields.append(text_field(FREE_TEXT))
    return fields


def report_columns(reports: Reports, file_name: str, import_id: str) -> LayerColumns:
    """Return reports as the columns of their layer, in the order of `report_fields`."""
    concern, reasons = _concerns_and_reasons(reports)
    count = len(reports)
    columns = [
        reports.report_id,
        reports.submitted_at,
        reports.submitted_precision,
        concern,
        reasons,
        reports.ticked.sum(axis=1),
        *reports.ticked.T,
        none_where_empty(reports.crime_reported),
        none_where_empty(reports.why_not_reported),
        reports.place_source,
        reports.flags,
        texts([file_name] * count),
        reports.source_row,
        texts([import_id] * count),
        *(none_where_empty(said) for said in reports.characteristics.values()),
    ]
    if reports.free_text is not None:
        columns.append(none_where_empty(reports.free_text))
    return LayerColumns(reports.xy, columns)


def _concerns_and_reasons(reports: Reports) -> tuple[Texts, Texts]:
    """Return the concern and the codes in their order, worked out once for each combination."""
    powers = 1 << np.arange(len(REASON_CODES))
    combinations, which = np.unique(reports.ticked @ powers, return_inverse=True)
    codes = [
        tuple(code for place, code in enumerate(REASON_CODES) if combination >> place & 1)
        for combination in combinations.tolist()
    ]
    concern = texts([concern_of(held) for held in codes])
    return concern[which], texts([";".join(held) for held in codes])[which]
