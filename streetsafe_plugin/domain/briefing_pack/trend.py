# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports month by month, every month of the period there, those half covered marked."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Ints, Moments
from streetsafe_plugin.domain.briefing_pack.material import Asked, ReportSet
from streetsafe_plugin.domain.briefing_words import span
from streetsafe_plugin.domain.month_windows import cover_of
from streetsafe_plugin.domain.pack import Step, Trend
from streetsafe_plugin.domain.periods import calendar_between

#: More steps than this cannot be told apart in a chart.
MOST_STEPS = 48
#: How many months a step may have, the finest first.
_UNITS = (("month", 1), ("quarter", 3), ("half-year", 6), ("year", 12))


@dataclass(frozen=True)
class Months:
    """The months of a period: the number of the first, since 1970, and which are wholly covered.

    A month is covered where the reports of the layer reach over all its days, and all of these
    were asked for.
    """

    first: int
    covered: Bools

    def __len__(self) -> int:
        """Return how many months there are."""
        return len(self.covered)

    def whole(self) -> Ints:
        """Return the numbers of the covered months, since 1970."""
        return np.asarray(self.first + np.flatnonzero(self.covered), dtype=np.int64)


def months_of(reports: ReportSet, asked: Asked) -> Months | None:
    """Return the months from the first to the last that the layer has reports of and are asked for.

    None where no report of the layer has a date in them.
    """
    dates, monthly = reports.every_date
    if not len(dates):
        return None
    numbers = month_numbers(dates)
    low, high = int(numbers.min()), int(numbers.max())
    calendar = calendar_between(first_day(low), last_day(high))
    wanted = calendar.between(asked.first, asked.last)
    whole = calendar.whole_months(cover_of(dates, monthly, calendar).days & wanted)
    month = calendar.months()
    covered = np.bincount(month, weights=whole) > 0
    shown = np.flatnonzero(np.bincount(month, weights=wanted) > 0)
    if not len(shown):
        return None
    return Months(low + int(shown[0]), covered[shown[0] : shown[-1] + 1])


def trends(months: Months, month: Ints, park: Ints, parks: int) -> tuple[Trend, list[Trend]]:
    """Return the reports by step of the whole, and of each park with all its rings.

    Args:
        months: The months of the period.
        month: Each report's month (n) since 1970, one of them; what lies elsewhere is not dated.
        park: Each report's park (n), -1 for none.
        parks: How many parks there are.
    """
    unit, size = next(
        (pair for pair in _UNITS if _steps_of(months, pair[1]) <= MOST_STEPS), _UNITS[-1]
    )
    start = months.first // size
    steps = _steps_of(months, size)
    dated = (month >= months.first) & (month < months.first + len(months))
    step = month[dated] // size - start
    # the last row is that of reports near no park
    owner = np.where(park[dated] < 0, parks, park[dated])
    counts = np.bincount(owner * steps + step, minlength=(parks + 1) * steps)
    table = counts.reshape(parks + 1, steps)
    blank = [
        Step(span(first, last), first, last, 0, _is_covered(months, begin, size))
        for begin in range(start * size, (start + steps) * size, size)
        for first, last in [(first_day(begin), last_day(begin + size - 1))]
    ]

    def filled(reports: Ints) -> Trend:
        return Trend(
            unit,
            tuple(
                Step(one.label, one.first, one.last, int(count), one.covered)
                for one, count in zip(blank, reports)
            ),
        )

    return filled(table.sum(axis=0)), [filled(row) for row in table[:parks]]


def month_numbers(dates: Moments) -> Ints:
    """Return each date's month since 1970; dates must be known."""
    return np.asarray(dates.astype("datetime64[M]").astype(np.int64))


def first_day(month: int) -> datetime.date:
    """Return the first day of a month that is numbered since 1970."""
    return datetime.date(1970 + month // 12, month % 12 + 1, 1)


def last_day(month: int) -> datetime.date:
    """Return the last day of a month that is numbered since 1970."""
    return first_day(month + 1) - datetime.timedelta(days=1)


def _steps_of(months: Months, size: int) -> int:
    return (months.first + len(months) - 1) // size - months.first // size + 1


def _is_covered(months: Months, first: int, size: int) -> bool:
    begin = first - months.first
    if begin < 0 or begin + size > len(months):
        return False
    return bool(months.covered[begin : begin + size].all())
