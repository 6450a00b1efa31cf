# SPDX-License-Identifier: GPL-2.0-or-later
"""What an evaluation starts from: dated reports, measures, the days that count, the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.algorithms.base import Run, some_of
from streetsafe_plugin.algorithms.park_input import ParkGround
from streetsafe_plugin.algorithms.report_dates import date_columns, date_field, known_to_the_month
from streetsafe_plugin.domain.arrays import Bools, Floats, Moments
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import buffered, union
from streetsafe_plugin.domain.park_evaluation import ASKED_WIDTH, MULTIPLES, WIDTHS, Ground
from streetsafe_plugin.domain.parks import Intervention, interventions_in
from streetsafe_plugin.domain.periods import (
    Calendar,
    Windows,
    around_the_change,
    calendar_of,
    days_of,
    missing_months,
    silence_is_telling,
    within_given,
)
from streetsafe_plugin.domain.ring_shapes import ring_shapes
from streetsafe_plugin.domain.rings import assign, within_any
from streetsafe_plugin.gis.layer_table import read_layer
from streetsafe_plugin.i18n import tr

REPORTS, INTERVENTIONS, CONTROL, BUFFER = "REPORTS", "INTERVENTIONS", "CONTROL", "BUFFER"
BEFORE_FROM, BEFORE_TO = "BEFORE_FROM", "BEFORE_TO"
AFTER_FROM, AFTER_TO, WINDOW_DAYS = "AFTER_FROM", "AFTER_TO", "WINDOW_DAYS"
PERIODS = (BEFORE_FROM, BEFORE_TO, AFTER_FROM, AFTER_TO)


@dataclass(frozen=True)
class DatedReports:
    """The reports of the layer that have a place: where, on which day, and how many do not say.

    `monthly` says that some dates stand for a whole month.
    """

    xy: Floats
    dates: Moments
    total: int
    undated: int
    monthly: bool


def read_measures(run: Run, parks: Sequence[ParkGround]) -> dict[str, list[Intervention]]:
    """Return the interventions by park; says which measures of a park cannot be told apart."""
    by_park: dict[str, list[Intervention]] = {park.park_id: [] for park in parks}
    source = run.layer_source(INTERVENTIONS)
    if source is None:
        return by_park
    elsewhere = 0
    for one in interventions_in(read_layer(source, source.sourceName())):
        if one.park_id in by_park:
            by_park[one.park_id].append(one)
        else:
            elsewhere += 1
    if elsewhere:
        run.say(tr("{} interventions are in other parks and were not used.").format(elsewhere))
    together = [
        park.name
        for park in parks
        if len({one.measure for one in by_park[park.park_id] if one.status != "planned"}) > 1
    ]
    if together:
        run.say(
            tr("Several measures were taken, whose effects cannot be told apart: {}.").format(
                some_of(together)
            )
        )
    return by_park


def read_dated_reports(run: Run) -> DatedReports:
    """Return the reports with their dates.

    Raises:
        InputRefused: none of them has a date.
    """
    source = run.source(REPORTS)
    field = date_field(run, source)
    if field is None:  # the check has refused this already
        raise InputRefused(tr("Reports have no date."), tr("Choose the field with the date."))
    columns = date_columns(field, source)
    table = run.points(REPORTS, columns, run.stage(0.05, 0.3))
    dates, months = days_of(table.columns[field])
    precisions = [value for name in columns[1:] for value in set(table.columns[name].tolist())]
    undated = int(np.isnat(dates).sum())
    if undated == len(dates):
        raise InputRefused(
            tr("No report of “{}” has a date in {}.").format(source.sourceName(), field),
            tr("Choose the field with the date in DATE_FIELD."),
        )
    return DatedReports(
        table.xy, dates, table.total, undated, months or known_to_the_month(field, precisions)
    )


def calendar_for(run: Run, reports: DatedReports) -> Calendar:
    """Return the days that can count: those asked for, as far as the reports cover them."""
    if run.given(WINDOW_DAYS):
        found = calendar_of(reports.dates, run.integer(WINDOW_DAYS))
        if found is None:
            raise InputRefused(tr("No report has a date."), tr("Choose the field with the date."))
        return found
    known = reports.dates[~np.isnat(reports.dates)]
    asked = [np.datetime64(run.date(name), "D") for name in PERIODS]
    for edge, silent in ((asked[0], known.min() - asked[0]), (asked[-1], asked[-1] - known.max())):
        days = int(silent.astype(int))
        if days > 0 and silence_is_telling(known, days):
            run.warn(
                tr(
                    "There is no report in the {} days up to the edge of the periods on {}. If the"
                    " extract does not reach so far, give the days that it covers."
                ).format(days, edge)
            )
    first, last = min(known.min(), asked[0]), max(known.max(), asked[-1])
    return Calendar(first.item(), int((last - first).astype(int)) + 1)


def windows_for(
    run: Run,
    parks: Sequence[ParkGround],
    measures: dict[str, list[Intervention]],
    calendar: Calendar,
    reports: DatedReports,
) -> list[Windows]:
    """Return the days before and after for each park."""
    found = []
    lacking = np.zeros(calendar.days, dtype=bool)
    if reports.monthly:
        lacking = missing_months(reports.dates, calendar)
    for park in parks:
        own = measures[park.park_id]
        if run.given(WINDOW_DAYS):
            one = around_the_change(own, calendar, run.integer(WINDOW_DAYS))
        else:
            before, after = (
                calendar.between(run.date(first), run.date(last))
                for first, last in ((BEFORE_FROM, BEFORE_TO), (AFTER_FROM, AFTER_TO))
            )
            one = within_given(before, after, own, calendar)
        if reports.monthly:
            one = Windows(
                calendar.whole_months(one.before), calendar.whole_months(one.after), one.why_not
            )
        found.append(without_days(one, lacking))
    if lacking.any():
        months = sorted({str(day)[:7] for day in calendar.dates()[lacking]})
        sentence = tr("Months without a single report are missing and count as no time: {}.")
        run.warn(sentence.format(", ".join(months)))
        run.note(sentence.format(", ".join(months)))
    if reports.monthly:
        sentence = tr("Some dates are known to the month only, so only whole months count.")
        run.say(sentence)
        run.note(sentence)
    return found


def ground_of(run: Run, parks: Sequence[ParkGround], reports: DatedReports) -> Ground:
    """Return where the reports lie and how large the places are."""
    shapes, ids = [park.shape for park in parks], [park.park_id for park in parks]
    own_control = run.given(CONTROL)
    multiples = [MULTIPLES[width] for width in WIDTHS] if own_control else MULTIPLES
    limits = [multiple * run.number(BUFFER) for multiple in multiples]
    belonging = assign(reports.xy, shapes, limits, tick=run.stage(0.3, 0.45), ids=ids)
    park = np.full(len(reports.xy), -1, dtype=np.int64)
    ring = park.copy()
    park[belonging.reports], ring[belonging.reports] = belonging.parks, belonging.rings
    drawn = ring_shapes(shapes, limits, tick=run.stage(0.45, 0.7), ids=ids)
    areas = np.array([[shape.area for shape in of_park] for of_park in drawn])
    if not own_control:
        return Ground(park, ring, areas)
    control = union(run.polygons(CONTROL).shapes)
    if control.is_empty:
        raise InputRefused(tr("CONTROL holds no polygon."), tr("Choose another layer."))
    without = [
        control.difference(union([buffered(shape, limits[width]) for shape in shapes]))
        for width in WIDTHS
    ]
    cut = control.area - without[ASKED_WIDTH].area
    if cut > 1e-6 * control.area:
        sentence = tr(
            "{:,.1f} ha of the control areas lie in parks or rings and were left out; {:,.1f} ha"
            " remain."
        ).format(cut / 1e4, without[ASKED_WIDTH].area / 1e4)
        run.warn(sentence)
        run.note(sentence)
    in_control = within_any(reports.xy, [control])
    return Ground(park, ring, areas, in_control, np.array([shape.area for shape in without]))


def without_days(windows: Windows, days: Bools) -> Windows:
    """Return periods without some of their days."""
    return Windows(windows.before & ~days, windows.after & ~days, windows.why_not)
