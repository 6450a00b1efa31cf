# SPDX-License-Identifier: GPL-2.0-or-later
"""Which days count as before and which as after, park by park.

A period is a set of days, kept as one true or false for each day that the reports cover. So
periods may have holes (a camera that was taken down, days of publicity that are left out) and
their lengths are always known.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Ints, Moments, Values
from streetsafe_plugin.domain.parks import Intervention

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_UNLIKELY = 0.001
_MANY_A_MONTH = 30
_KNOWN_TO_THE_DAY, _TO_THE_QUARTER = "day", "quarter"


@dataclass(frozen=True)
class Calendar:
    """The days that the reports cover, from the first of them on."""

    first: datetime.date
    days: int

    @property
    def last(self) -> datetime.date:
        """Return the last day."""
        return self.first + datetime.timedelta(days=self.days - 1)

    def number(self, dates: Moments) -> Ints:
        """Return each date's number, 0 for the first day; -1 where there is no date."""
        numbers = (dates - np.datetime64(self.first, "D")).astype("timedelta64[D]")
        return np.where(np.isnat(dates), -1, numbers.astype(np.int64))

    def between(self, first: datetime.date | None, last: datetime.date | None) -> Bools:
        """Return the days from one to another, both included; None for an open end."""
        period = np.zeros(self.days, dtype=bool)
        start = 0 if first is None else max(0, (first - self.first).days)
        end = self.days if last is None else min(self.days, (last - self.first).days + 1)
        period[start : max(start, end)] = True
        return period

    def dates(self) -> Moments:
        """Return every day as a date."""
        return np.datetime64(self.first, "D") + np.arange(self.days)

    def months(self) -> Ints:
        """Return the number of each day's calendar month, 0 for the first."""
        months = self.dates().astype("datetime64[M]").astype(np.int64)
        return np.asarray(months - months[0])

    def whole_months(self, period: Bools) -> Bools:
        """Return the days of a period that belong to calendar months wholly in it."""
        months = self.dates().astype("datetime64[M]")
        begun, owner = np.unique(months, return_inverse=True)
        lengths = ((begun + 1).astype("datetime64[D]") - begun.astype("datetime64[D]")).astype(int)
        whole = np.bincount(owner, weights=period) == lengths
        return np.asarray(period & whole[owner])


def calendar_between(first: datetime.date, last: datetime.date) -> Calendar:
    """Return the days from one to another, both included."""
    return Calendar(first, (last - first).days + 1)


@dataclass(frozen=True)
class Windows:
    """The days before and after in one place; `why_not` says why there are none, or is empty."""

    before: Bools
    after: Bools
    why_not: str = ""


def days_of(values: Values) -> tuple[Moments, bool]:
    """Return the days that values of a date field name, and whether some name a month only.

    Values may be an array of dates, or dates, date-times or text that starts as `2022-03-31`, or
    is `2022-03` and then stands for the month's first day; anything else is no date (NaT).
    """
    given = np.asarray(values)
    if given.dtype.kind == "M":
        return given.astype("datetime64[D]"), False
    found = {value: _day_of(value) for value in set(given.tolist())}
    days = np.array([found[value] for value in given.tolist()], dtype="datetime64[D]")
    return days, any(isinstance(value, str) and _is_month(value) for value in found)


def names_a_month(values: Values) -> Bools:
    """Return which values of a date field name a month and no day of it, as `2022-03` does."""
    given = np.asarray(values)
    if given.dtype.kind == "M":
        return np.zeros(len(given), dtype=bool)
    return np.array([isinstance(one, str) and _is_month(one) for one in given.tolist()], dtype=bool)


def _day_of(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    text = str(value).strip()
    try:
        return datetime.date.fromisoformat(f"{text}-01" if _is_month(text) else text[:10])
    except ValueError:
        return None


def _is_month(text: str) -> bool:
    return bool(_MONTH.fullmatch(text.strip()))


def calendar_of(dates: Moments, room_days: int = 0) -> Calendar | None:
    """Return the days that reports cover, with some room on either side; None without a date.

    Room is only given where the silence there could be chance. Where it could not, the extract is
    taken to begin or end with its first or last report: days that nobody could have reported on
    would pass for days without reports.
    """
    known = np.unique(dates[~np.isnat(dates)].astype("datetime64[D]"))
    if not len(known):
        return None
    first, last = known[0], known[-1]
    if not silence_is_telling(known, room_days):
        first, last = first - room_days, last + room_days
    return calendar_between(first.item(), last.item())


def months_covered(dates: Moments, to_the_month: Bools) -> Calendar | None:
    """Return the days of the whole months that reports cover, some known to the month only.

    That is from the first to the last month with a report. At either end a month without a report
    known to the month only is left out, if its reports with a day leave too long a silence up to
    the month's edge: then the extract reaches into it, but does not cover it.
    """
    known = ~np.isnat(dates)
    if not known.any():
        return None
    months = dates[known].astype("datetime64[M]")
    days, monthly = dates[known].astype("datetime64[D]"), to_the_month[known]
    dated = days[~monthly]
    first, last = months.min(), months.max()
    silent_before = (dated.min(initial=days.max()) - first.astype("datetime64[D]")).astype(int)
    if not monthly[months == first].any() and silence_is_telling(dated, silent_before):
        first = first + 1
    after = (last + 1).astype("datetime64[D]")
    silent_after = (after - 1 - dated.max(initial=days.min())).astype(int)
    if not monthly[months == last].any() and silence_is_telling(dated, silent_after):
        last, after = last - 1, last.astype("datetime64[D]")
    return calendar_between(first.astype("datetime64[D]").item(), (after - 1).item())


def missing_months(dates: Moments, calendar: Calendar) -> Bools:
    """Return the days of months between the first and the last report that have none at all.

    Only where months have 30 reports on average: there a month without any is a month that the
    extract lacks.
    """
    month, months = calendar.months(), int(calendar.months()[-1]) + 1
    numbers = calendar.number(dates)
    reports = np.bincount(month[numbers[numbers >= 0]], minlength=months)
    filled = np.flatnonzero(reports)
    lacking = np.zeros(months, dtype=bool)
    if len(filled) and reports[filled].mean() >= _MANY_A_MONTH:
        lacking[filled[0] : filled[-1]] = True
        lacking[filled] = False
    return np.asarray(lacking[month])


def silence_is_telling(dates: Moments, days: int) -> bool:
    """Tell whether so many days without any report are too unlikely to be chance (1 in 1,000).

    Judged by how many of the days between the first and the last date have a report.
    """
    known = np.unique(dates[~np.isnat(dates)].astype("datetime64[D]"))
    if len(known) < 2:
        return False
    rate = len(known) / ((known[-1] - known[0]).astype(int) + 1)
    return bool((1 - rate) ** days < _UNLIKELY)


def effect_of(measures: Sequence[Intervention], calendar: Calendar) -> tuple[Bools, Bools]:
    """Return the days on which something was surely live in a park, and those on which it may be.

    A measure is live from its first to its last date. A date known to the month or quarter could
    be any day of that: so long it may be live. What was removed nobody knows when may be live
    from its first date on, and so may what was only planned. Measures without a date tell nothing.
    """
    surely = np.zeros(calendar.days, dtype=bool)
    perhaps = np.zeros(calendar.days, dtype=bool)
    for measure in measures:
        if measure.date_from is None:
            continue
        starts, started = _possible(measure.date_from, measure.date_confidence)
        ends, ended = None, None
        if measure.date_to is not None:
            ends, ended = _possible(measure.date_to, measure.date_confidence)
        perhaps |= calendar.between(starts, ended)
        certain = measure.status == "live" or (measure.status == "removed" and ends is not None)
        if certain and (ends is None or started <= ends):
            surely |= calendar.between(started, ends)
    return surely, perhaps & ~surely


def around_the_change(measures: Sequence[Intervention], calendar: Calendar, length: int) -> Windows:
    """Return the days up to `length` before a park's measures began and after they were live.

    Days on which nobody can tell whether they were live are in neither.
    """
    nothing = np.zeros(calendar.days, dtype=bool)
    if not any(measure.date_from for measure in measures):
        return Windows(nothing, nothing, "no measure has a date")
    surely, perhaps = effect_of(measures, calendar)
    if not surely.any():
        return Windows(nothing, nothing, "no measure is known to have been live while reports came")
    begun = int(np.flatnonzero(surely | perhaps)[0])
    before, after = nothing.copy(), surely.copy()
    before[max(0, begun - length) : begun] = True
    after[int(np.flatnonzero(surely)[0]) + length :] = False
    return Windows(before, after)


def within_given(
    before: Bools, after: Bools, measures: Sequence[Intervention], calendar: Calendar
) -> Windows:
    """Return given periods without the days that a park's own dates contradict.

    Days on which a measure was or may have been live do not count as before, nor days on which
    none surely was as after. Without a dated measure the periods stay as they were given.
    """
    if not any(measure.date_from for measure in measures):
        return Windows(before, after)
    surely, perhaps = effect_of(measures, calendar)
    kept = Windows(before & ~surely & ~perhaps, after & surely)
    if not kept.after.any():
        return Windows(kept.before, kept.after, "no measure is known to have been live afterwards")
    if not kept.before.any():
        return Windows(kept.before, kept.after, "measures were or may have been live before")
    return kept


def nearest_half(windows: Windows) -> Windows:
    """Return the later half of the days before and the earlier half of those after."""
    before, after = np.flatnonzero(windows.before), np.flatnonzero(windows.after)
    halves = np.zeros_like(windows.before), np.zeros_like(windows.after)
    halves[0][before[len(before) // 2 :]] = True
    halves[1][after[: (len(after) + 1) // 2]] = True
    return Windows(*halves, windows.why_not)


def _possible(date: datetime.date, confidence: str) -> tuple[datetime.date, datetime.date]:
    """Return the first and last day that a date may mean."""
    if confidence == _KNOWN_TO_THE_DAY:
        return date, date
    first_month = date.month - (date.month - 1) % 3 if confidence == _TO_THE_QUARTER else date.month
    months = 3 if confidence == _TO_THE_QUARTER else 1
    first = date.replace(month=first_month, day=1)
    later = first.month - 1 + months
    after = first.replace(year=first.year + later // 12, month=later % 12 + 1)
    return first, after - datetime.timedelta(days=1)
