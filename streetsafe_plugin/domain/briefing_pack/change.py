# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether reports changed, park by park and for all parks together.

A park with a dated measure is looked at around that date, as many days before as after, and all
such parks together. Without one, and for all parks if nothing can be told of any such, the last
whole months are held against as many before. Park, ring, control area and verdict are those of
`park_evaluation`. A change is only told if it is there without the days of publicity as well.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from streetsafe_plugin.domain.arrays import Bools
from streetsafe_plugin.domain.briefing_pack.change_words import sentence
from streetsafe_plugin.domain.briefing_pack.material import RING_M, Asked, ReportSet
from streetsafe_plugin.domain.briefing_pack.trend import Months, first_day, last_day
from streetsafe_plugin.domain.evaluation import Difference, Verdict
from streetsafe_plugin.domain.evaluation_ground import ground_around
from streetsafe_plugin.domain.month_windows import cover_of, whole_month_windows, without_days
from streetsafe_plugin.domain.pack import Change
from streetsafe_plugin.domain.park_evaluation import (
    ASKED_WIDTH,
    MULTIPLES,
    Evaluation,
    Ground,
    Times,
    evaluate,
)
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.parks import Intervention
from streetsafe_plugin.domain.periods import (
    Calendar,
    Windows,
    around_the_change,
    calendar_between,
)
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.surges import find_surges

#: A year on either side, so that both have every season.
LONGEST_DAYS, MOST_MONTHS = 365, 12


@dataclass(frozen=True)
class _Periods:
    """Which days count as before and after in each park; `months` as in `Change`."""

    calendar: Calendar
    windows: Sequence[Windows]
    months: int | None


def changes(
    reports: ReportSet,
    parks: Sequence[ParkGround],
    months: Months | None,
    asked: Asked,
    tick: Tick = no_tick,
) -> tuple[Change, list[Change]]:
    """Return the change of all parks together, and that of each."""
    if months is None:
        nothing = unknown("no report has a date in the period")
        return nothing, [nothing] * len(parks)
    ground = ground_around(
        reports.xy,
        [park.shape for park in parks],
        # the outermost is the control area of the one that is asked for
        [multiple * RING_M for multiple in MULTIPLES[: ASKED_WIDTH + 2]],
        lambda share: tick(0.8 * share),
        [park.park_id for park in parks],
        asked.area,
    )
    tick(0.8)
    whole, single = _answers(ground, reports, _last_months(months, len(parks)))
    if asked.measures is None:
        return whole, single
    tick(0.9)
    own = [asked.measures.get(park.park_id, ()) for park in parks]
    dated = [any(measure.date_from for measure in of_park) for of_park in own]
    if not any(dated):
        return whole, single
    around = _around_measures(reports, own, months, asked)
    around_whole, around_single = _answers(ground, reports, around)
    if around_whole.why_not:
        # the parks' own dates tell nothing together, so their months are counted like the others'
        aside = replace(whole, sets_measures_aside=not whole.why_not)
        around_whole = replace(aside, sentence=sentence(aside))
    return around_whole, [
        around_single[park] if has_date else single[park] for park, has_date in enumerate(dated)
    ]


def _answers(
    ground: Ground, reports: ReportSet, periods: _Periods | None
) -> tuple[Change, list[Change]]:
    if periods is None:
        nothing = unknown("the reports cover no two whole months")
        return nothing, [nothing] * len(ground.areas)
    times = Times(periods.calendar.number(reports.dates), periods.calendar.months())
    answers = evaluate(ground, times, periods.windows, with_power=False)
    in_calm = _without_publicity(ground, reports, times, periods, answers)
    shared = periods.windows[0] if periods.months else None
    made = [
        _change(one, periods, windows, calm.verdict)
        for one, windows, calm in zip(answers, [*periods.windows, shared], in_calm)
    ]
    return made[-1], made[:-1]


def _without_publicity(
    ground: Ground,
    reports: ReportSet,
    times: Times,
    periods: _Periods,
    answers: Sequence[Evaluation],
) -> Sequence[Evaluation]:
    """Return the answers without the days on which the reports of the whole area jumped.

    They are the same where nothing is told, where no day stands out, and where dates are known to
    the month, so that no day can.
    """
    told = any(one.verdict is not Verdict.CANNOT_TELL for one in answers)
    if not told or reports.every_date[1].any():
        return answers
    daily = np.bincount(times.day[times.day >= 0], minlength=periods.calendar.days)
    surges, days = find_surges(daily, periods.calendar)
    if not surges:
        return answers
    calm = [without_days(windows, days) for windows in periods.windows]
    return evaluate(ground, times, calm, with_power=False)


def unknown(why_not: str) -> Change:
    """Return that nothing can be told, and why."""
    found = Change(Verdict.CANNOT_TELL, "", why_not=why_not)
    return replace(found, sentence=sentence(found))


def _last_months(months: Months, parks: int) -> _Periods | None:
    """Return the last whole months, and as many before them; None without two of them."""
    calendar = calendar_between(first_day(months.first), last_day(months.first + len(months) - 1))
    whole = months.whole()
    number = min(MOST_MONTHS, len(whole) // 2)
    if not number:
        return None
    month = months.first + calendar.months()
    after, before = whole[len(whole) - number :], whole[len(whole) - 2 * number :][:number]
    windows = Windows(np.isin(month, before), np.isin(month, after))
    return _Periods(calendar, [windows] * parks, number)


def _around_measures(
    reports: ReportSet,
    measures: Sequence[Sequence[Intervention]],
    months: Months,
    asked: Asked,
) -> _Periods:
    """Return as many days before the parks' own measures as after, at most a year."""
    dates, monthly = reports.every_date
    if monthly.any():
        edges = first_day(months.first), last_day(months.first + len(months) - 1)
    else:
        edges = dates.min().item(), dates.max().item()
    first = edges[0] if asked.first is None else max(edges[0], asked.first)
    last = edges[1] if asked.last is None else min(edges[1], asked.last)
    calendar = calendar_between(first, last)
    windows = [_equal(own, calendar) for own in measures]
    if monthly.any():
        held = (dates >= np.datetime64(first)) & (dates <= np.datetime64(last))
        cover = cover_of(dates[held], monthly[held], calendar)
        windows = whole_month_windows(windows, cover)
    return _Periods(calendar, windows, None)


def _equal(measures: Sequence[Intervention], calendar: Calendar) -> Windows:
    longest = around_the_change(measures, calendar, LONGEST_DAYS)
    shorter = min(int(longest.before.sum()), int(longest.after.sum()))
    return around_the_change(measures, calendar, shorter) if shorter else longest


def _change(
    one: Evaluation, periods: _Periods, windows: Windows | None, in_calm: Verdict
) -> Change:
    if one.difference is None:
        return replace(unknown(one.why_not), months=periods.months)
    said = _said(one.verdict, one.difference)
    publicity = said is not Verdict.CANNOT_TELL and in_calm is not said
    found = Change(
        Verdict.CANNOT_TELL if publicity else said,
        "",
        None if windows is None else _span(periods.calendar, windows.before),
        None if windows is None else _span(periods.calendar, windows.after),
        (one.treated, one.ring, one.control),
        one.difference.value,
        one.difference.low,
        one.difference.high,
        periods.months,
        one.days,
        one.doubt,
        in_ring=one.in_ring,
        control_density=one.control_density,
        publicity=publicity,
    )
    return replace(found, sentence=sentence(found))


def _said(verdict: Verdict, found: Difference) -> Verdict:
    """Return a verdict that the interval bears as it is printed, to one decimal."""
    spans_zero = round(found.low, 1) <= 0 <= round(found.high, 1)
    return Verdict.CANNOT_TELL if spans_zero else verdict


def _span(calendar: Calendar, period: Bools) -> tuple[datetime.date, datetime.date]:
    first, last = calendar.dates()[period][[0, -1]].tolist()
    return first, last
