# SPDX-License-Identifier: GPL-2.0-or-later
"""What an evaluation starts from: dated reports, measures, the days that count, the ground."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from streetsafe_plugin.algorithms.base import Run, some_of
from streetsafe_plugin.algorithms.report_dates import date_columns, date_field, known_to_the_month
from streetsafe_plugin.domain.arrays import Bools, Floats, Moments
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.evaluation_ground import ground_around
from streetsafe_plugin.domain.geometry import buffered, union
from streetsafe_plugin.domain.month_windows import cover_of, whole_month_windows
from streetsafe_plugin.domain.park_evaluation import ASKED_WIDTH, MULTIPLES, WIDTHS, Ground
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.parks import Intervention, interventions_in
from streetsafe_plugin.domain.periods import (
    Calendar,
    Windows,
    around_the_change,
    calendar_between,
    calendar_of,
    days_of,
    months_covered,
    silence_is_telling,
    within_given,
)
from streetsafe_plugin.domain.rings import within_any
from streetsafe_plugin.gis.layer_table import read_layer
from streetsafe_plugin.i18n import tr

REPORTS, INTERVENTIONS, CONTROL, BUFFER = "REPORTS", "INTERVENTIONS", "CONTROL", "BUFFER"
BEFORE_FROM, BEFORE_TO = "BEFORE_FROM", "BEFORE_TO"
AFTER_FROM, AFTER_TO, WINDOW_DAYS = "AFTER_FROM", "AFTER_TO", "WINDOW_DAYS"
PERIODS = (BEFORE_FROM, BEFORE_TO, AFTER_FROM, AFTER_TO)

#: Where neither reports nor periods name a day, none counts.
_ANY = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class DatedReports:
    """The reports of the layer that have a place: where, on which day, and how many do not say.

    `to_the_month` marks the dates that stand for a whole month.
    """

    xy: Floats
    dates: Moments
    total: int
    undated: int
    to_the_month: Bools

    @property
    def monthly(self) -> bool:
        """Tell whether some dates stand for a whole month."""
        return bool(self.to_the_month.any())

    def why_none(self) -> str:
        """Return why there is nothing to count; empty where there is."""
        if len(self.dates):
            return ""
        return "no report has a place" if self.total else "there is no report"


def read_measures(
    run: Run, parks: Sequence[ParkGround], by_own_dates: bool
) -> dict[str, list[Intervention]]:
    """Return the interventions by park; says which are of no park, and which cannot be told apart.

    A park_id is also recognised in other case or with blanks, if it is that of one park alone.

    Args:
        run: The run, with its table of interventions if there is one.
        parks: The parks.
        by_own_dates: Whether every park is looked at around the dates of its own measures.
    """
    by_park: dict[str, list[Intervention]] = {park.park_id: [] for park in parks}
    source = run.layer_source(INTERVENTIONS)
    if source is None:
        return by_park
    alike: dict[str, list[str]] = {}
    for park_id in by_park:
        alike.setdefault(_plain(park_id), []).append(park_id)
    elsewhere: list[str] = []
    for one in interventions_in(read_layer(source, source.sourceName())):
        meant = [one.park_id] if one.park_id in by_park else alike.get(_plain(one.park_id), [])
        if len(meant) == 1:
            by_park[meant[0]].append(one)
        else:
            elsewhere.append(one.park_id)
    if elsewhere:
        without = [one.name for one in parks if not by_park[one.park_id]]
        _say_elsewhere(run, elsewhere, without, by_own_dates)
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


def _plain(park_id: str) -> str:
    return "".join(park_id.split()).casefold()


def _say_elsewhere(
    run: Run, elsewhere: Sequence[str], without: Sequence[str], by_own_dates: bool
) -> None:
    """Say whose interventions were not used, and warn where a park may lack its own for that."""
    sentence = tr(
        "{} interventions have a park_id of no park in PARKS and were not used: {}."
    ).format(len(elsewhere), some_of(sorted(set(elsewhere))))
    if not without:
        run.say(sentence)
        return
    meaning = (
        tr("They have no date of their own and are not evaluated")
        if by_own_dates
        else tr("Their periods count as they were given, whatever was live then")
    )
    sentence += " " + tr("Parks without any intervention: {}. {}.").format(
        some_of(without), meaning
    )
    run.warn(sentence)
    run.note(sentence)


def read_dated_reports(run: Run) -> DatedReports:
    """Return the reports with their dates, perhaps none.

    Raises:
        InputRefused: there are reports, but none has a date.
    """
    source = run.source(REPORTS)
    field = date_field(run, source)
    if field is None:  # the check has refused this already
        raise InputRefused(tr("Reports have no date."), tr("Choose the field with the date."))
    table = run.points(REPORTS, date_columns(field, source), run.stage(0.05, 0.3))
    dates, _ = days_of(table.columns[field])
    undated = int(np.isnat(dates).sum())
    if len(dates) and undated == len(dates):
        raise InputRefused(
            tr("No report of “{}” has a date in {}.").format(source.sourceName(), field),
            tr("Choose the field with the date in DATE_FIELD."),
        )
    to_the_month = known_to_the_month(field, table) & ~np.isnat(dates)
    return DatedReports(table.xy, dates, table.total, undated, to_the_month)


def calendar_for(run: Run, reports: DatedReports) -> Calendar:
    """Return the days that are looked at: those of the reports and those asked for.

    With days around each park's own date, those of the reports with room on either side, unless
    the silence there would mean that the extract has ended.
    """
    room = run.integer(WINDOW_DAYS) if run.given(WINDOW_DAYS) else 0
    covered = (
        months_covered(reports.dates, reports.to_the_month)
        if reports.monthly
        else calendar_of(reports.dates, room)
    )
    asked = [day for day in map(run.date, PERIODS) if day]
    if covered is None:
        return calendar_between(asked[0], asked[-1]) if asked else calendar_between(_ANY, _ANY)
    known = reports.dates[~np.isnat(reports.dates)]
    if reports.monthly:
        spread = datetime.timedelta(days=room)
        ends = [covered.first - spread, covered.last + spread]
    else:
        ends = [covered.first, covered.last]
        _warn_of_silence(run, known, asked)
    every = [*ends, *asked, known.min().item(), known.max().item()]
    return calendar_between(min(every), max(every))


def _warn_of_silence(run: Run, known: Moments, asked: Sequence[datetime.date]) -> None:
    """Warn of days at the edge of the given periods that the extract seems not to reach."""
    if not asked:
        return
    first, last = (np.datetime64(day, "D") for day in (asked[0], asked[-1]))
    for edge, silent in ((first, known.min() - first), (last, last - known.max())):
        days = int(silent.astype(int))
        if days > 0 and silence_is_telling(known, days):
            run.warn(
                tr(
                    "There is no report in the {} days up to the edge of the periods on {}. If the"
                    " extract does not reach so far, give the days that it covers."
                ).format(days, edge)
            )


def windows_for(
    run: Run,
    parks: Sequence[ParkGround],
    measures: dict[str, list[Intervention]],
    calendar: Calendar,
    reports: DatedReports,
) -> list[Windows]:
    """Return the days before and after for each park."""
    found = []
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
        found.append(one)
    why_none = reports.why_none()
    if why_none:
        run.warn(tr("There is no report to count."))
        return [Windows(one.before, one.after, why_none) for one in found]
    return _whole_months(run, found, calendar, reports) if reports.monthly else found


def _whole_months(
    run: Run, windows: Sequence[Windows], calendar: Calendar, reports: DatedReports
) -> list[Windows]:
    """Return what periods hold of the whole months that the reports cover; says what is left out.

    A date that stands for a month says nothing of its days, and a month beyond the first and last
    of the extract may be one without crime or one that nobody has: it is no time.
    """
    sentences = [tr("Some dates are known to the month only, so only whole months count.")]
    run.say(sentences[0])
    cover = cover_of(reports.dates, reports.to_the_month, calendar)
    if cover.lacking.any():
        months = sorted({str(day)[:7] for day in calendar.dates()[cover.lacking]})
        sentences.append(
            tr("Months without a single report are missing and count as no time: {}.").format(
                ", ".join(months)
            )
        )
    asked_beyond = any((cover.beyond & (one.before | one.after)).any() for one in windows)
    if cover.months is not None and asked_beyond:
        sentences.append(
            tr(
                "The reports cover the months from {:%Y-%m} to {:%Y-%m}; what the periods"
                " reach beyond these counts as no time."
            ).format(cover.months.first, cover.months.last)
        )
    for sentence in sentences[1:]:
        run.warn(sentence)
    for sentence in sentences:
        run.note(sentence)
    return whole_month_windows(windows, cover)


def ground_of(run: Run, parks: Sequence[ParkGround], reports: DatedReports) -> Ground:
    """Return where the reports lie and how large the places are."""
    shapes, ids = [park.shape for park in parks], [park.park_id for park in parks]
    own_control = run.given(CONTROL)
    multiples = [MULTIPLES[width] for width in WIDTHS] if own_control else MULTIPLES
    limits = [multiple * run.number(BUFFER) for multiple in multiples]
    around = ground_around(reports.xy, shapes, limits, run.stage(0.3, 0.7), ids)
    if not own_control:
        return around
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
    outside = np.array([shape.area for shape in without])
    return replace(around, in_control=in_control, control_areas=outside)
