# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison of reports and crimes as rows of its layer and its table, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.algorithms.gap_ground import FIGURES, Ground
from streetsafe_plugin.algorithms.written_places import grid_references
from streetsafe_plugin.compat import integer_field, real_field, text_field
from streetsafe_plugin.domain.arrays import Ints
from streetsafe_plugin.domain.crime_gap import Gap, GapClass
from streetsafe_plugin.gis.store import Row
from streetsafe_plugin.i18n import tr


@dataclass(frozen=True)
class Comparison:
    """The places, how many reports and crimes lie in each, and what came of comparing them."""

    ground: Ground
    reports: Ints
    crimes: Ints
    gap: Gap

    def sentence(self, place: int) -> str:
        """Return what a place has of each, and which of them more."""
        more = {
            GapClass.FEARED_ONLY: tr("more of the reports"),
            GapClass.CRIME_ONLY: tr("more of the crime"),
        }
        return tr("{}: {}, {:,} reports ({:.2%} of all) against {:,} crimes ({:.2%})").format(
            self.ground.called(place),
            more[self.gap.classes[place]],
            self.reports[place],
            self.gap.report_share[place],
            self.crimes[place],
            self.gap.crime_share[place],
        )


def in_words(gap_class: GapClass) -> str:
    """Return a class in plain words, as the legend has it."""
    return {
        GapClass.BOTH: tr("Feared, and much recorded crime"),
        GapClass.FEARED_ONLY: tr("Feared more than recorded crime explains"),
        GapClass.CRIME_ONLY: tr("Recorded crime, but less feared than that explains"),
        GapClass.NEITHER: tr("Little of either"),
        GapClass.NOT_ENOUGH_DATA: tr("Cannot be told: too few, or near the average"),
    }[gap_class]


def gap_fields() -> list[Any]:
    """Return the fields of the layer of places."""
    return [
        text_field("cell_id"),
        text_field("name"),
        text_field("gap_class"),
        integer_field("reports"),
        integer_field("crimes"),
        real_field("ratio"),
        real_field("report_share"),
        real_field("crime_share"),
        real_field("p_value"),
        real_field("p_adjusted"),
        real_field("p_level"),
        real_field("area_km2"),
    ]


def gap_rows(comparison: Comparison) -> Iterator[Row]:
    """Yield every place with the values of `gap_fields`."""
    ground, gap = comparison.ground, comparison.gap
    for place, shape in enumerate(ground.shapes):
        yield (
            shape,
            [
                ground.ids[place],
                ground.names[place],
                gap.classes[place].value,
                int(comparison.reports[place]),
                int(comparison.crimes[place]),
                _or_nothing(gap.ratio[place]),
                float(gap.report_share[place]),
                float(gap.crime_share[place]),
                _or_nothing(gap.p_value[place]),
                _or_nothing(gap.p_adjusted[place]),
                _or_nothing(gap.p_level[place]),
                ground.areas_km2[place],
            ],
        )


def widest_fields() -> list[Any]:
    """Return the fields of the table of places where the two differ."""
    return [
        integer_field("rank"),
        text_field("cell_id"),
        text_field("name"),
        text_field("gap_class"),
        integer_field("reports"),
        integer_field("crimes"),
        real_field("report_share"),
        real_field("crime_share"),
        real_field("ratio"),
        text_field("grid_ref"),
    ]


def widest_rows(run: Run, comparison: Comparison) -> Iterator[Row]:
    """Yield the places where the two differ with the values of `widest_fields`."""
    ground, gap = comparison.ground, comparison.gap
    places = gap.widest().tolist()
    spots = [ground.shapes[place].representative_point() for place in places]
    references = grid_references(run, [(spot.x, spot.y) for spot in spots], FIGURES)
    for number, (place, reference) in enumerate(zip(places, references), start=1):
        yield (
            None,
            [
                number,
                ground.ids[place],
                ground.names[place],
                gap.classes[place].value,
                int(comparison.reports[place]),
                int(comparison.crimes[place]),
                float(gap.report_share[place]),
                float(gap.crime_share[place]),
                _or_nothing(gap.ratio[place]),
                reference,
            ],
        )


def _or_nothing(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
