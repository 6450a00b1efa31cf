# SPDX-License-Identifier: GPL-2.0-or-later
"""Which field holds the date of a report or crime, and how exact it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from qgis.core import QgsFeatureSource, QgsProcessingParameterField

from streetsafe_plugin.algorithms.base import Answers, StreetSafeAlgorithm
from streetsafe_plugin.domain.arrays import Bools, Moments
from streetsafe_plugin.domain.periods import names_a_month
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.i18n import tr

DATE_FIELD = "DATE_FIELD"
#: Where the date of a report or crime is looked for.
DATE_FIELDS = ("submitted_at", "month_start")
#: A field of the first day of the month that something happened in.
MONTH_FIELD = "month_start"
PRECISION = "submitted_precision"


def ask_for_date_field(algorithm: StreetSafeAlgorithm, layer: str, when: str) -> None:
    """Declare the field with the date of a layer parameter; `when` says when it is needed."""
    algorithm.ask_advanced(
        QgsProcessingParameterField(
            DATE_FIELD,
            tr("Field with the date"),
            None,
            layer,
            QgsProcessingParameterField.DataType.Any,
            False,
            True,
        ),
        when,
    )


def date_field(answers: Answers, source: QgsFeatureSource) -> str | None:
    """Return the field that was chosen, or else a usual one that the layer has."""
    chosen = answers.fields(DATE_FIELD)
    if chosen:
        return chosen[0]
    names = source.fields().names()
    return next((name for name in DATE_FIELDS if name in names), None)


def no_date(answers: Answers, layer: str) -> Iterator[str]:
    """Yield the refusal of a layer parameter whose layer has no field with a date."""
    source = answers.layer_source(layer)
    if source is not None and not date_field(answers, source):
        yield tr(
            "“{}” has no field submitted_at or month_start. Choose the field with the date in"
            " DATE_FIELD."
        ).format(source.sourceName())


def counted_if_leaving(days: Moments) -> Bools:
    """Tell which reports (n) count in what leaves: those with a date, unless none has one.

    A number less those of its months, or a product with months set against one without, would tell
    how many reports have no date, which are few.
    """
    dated = ~np.isnat(days)
    return dated if dated.any() else ~dated


def date_columns(field: str, source: QgsFeatureSource) -> list[str]:
    """Return the fields to read for dates: the date, and how exact it is where that is said."""
    return [field, *(name for name in (PRECISION,) if name in source.fields().names())]


def known_to_the_month(field: str, table: PointTable) -> Bools:
    """Return which reports have a date that stands for a whole month, of the fields in a table."""
    if field == MONTH_FIELD:
        return np.ones(len(table.xy), dtype=bool)
    monthly = names_a_month(table.columns[field])
    if PRECISION in table.columns:
        monthly |= np.array([one == "month" for one in table.columns[PRECISION]], dtype=bool)
    return monthly
