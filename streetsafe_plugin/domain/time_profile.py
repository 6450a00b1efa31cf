# SPDX-License-Identifier: GPL-2.0-or-later
"""When reports were sent: counted by month, weekday, hour and light, beside the time there was.

A count says little without its denominator: three in five reports in the dark are many in June
and few in December. So each count stands beside the share of the time that its month, weekday,
hour or light made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Floats, Ints, Moments
from streetsafe_plugin.domain.briefing import SMALLEST_BASE
from streetsafe_plugin.domain.clocks import ClockReading
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.moments import DatedMoments, Known
from streetsafe_plugin.domain.periods import Calendar, missing_months
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.sun import LIGHTS, altitude, light_of

MONTHS, WEEKDAYS, HOURS, LIGHT = "month", "weekday", "hour", "light"
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Hours by weekdays are shown where a cell holds so many reports on average.
FEW_A_CELL = 5

_DAYS_A_WEEK, _HOURS_A_DAY = 7, 24
_STEP = np.timedelta64(10, "m")
#: More days than four years hold add nothing to the shares of light.
_MOST_DAYS = 1_461


@dataclass(frozen=True)
class Part:
    """A month, weekday, hour or light: its reports, its days (None for hours and light), its share.

    `share` is that of the reports which say so much, None where they are too few for shares;
    `share_of_time` that of the time which such reports cover.
    """

    value: str
    order: int
    reports: int
    days: int | None
    share: float | None
    share_of_time: float


@dataclass(frozen=True)
class Profile:
    """Reports by when they were sent; `parts` has an entry only for what some reports say.

    `hour_by_weekday` is (24, 7), None where the reports are too few. `period` holds the first and
    last day on which reports with a time were sent.
    """

    with_time: int
    with_date: int
    month_only: int
    undated: int
    parts: dict[str, tuple[Part, ...]]
    hour_by_weekday: Ints | None = None
    period: tuple[np.datetime64, np.datetime64] | None = None

    def base(self, dimension: str) -> int:
        """Return how many reports a dimension counts."""
        return sum(part.reports for part in self.parts.get(dimension, ()))

    def missing(self) -> list[str]:
        """Return the months that the layer lacks."""
        return [part.value for part in self.parts.get(MONTHS, ()) if not part.days]


def profile(dated: DatedMoments, timed: ClockReading, light: Ints, light_time: Floats) -> Profile:
    """Count reports by when they were sent.

    Args:
        dated: All reports.
        timed: Those of them that have a time, in the same order.
        light: The light at each of those, as numbers in `LIGHTS`.
        light_time: What share of the time each light makes up.

    Raises:
        DoesNotAddUp: a report is missing or counted twice.
    """
    moments = dated.moments.copy()
    moments[dated.known == Known.TIME] = timed.local
    by_known = np.bincount(dated.known, minlength=len(Known))
    parts: dict[str, tuple[Part, ...]] = {}
    some = dated.known >= Known.MONTH
    if some.any():
        parts[MONTHS] = _by_month(moments[some], dated.known[some])
    some = dated.known >= Known.DAY
    if some.any():
        parts[WEEKDAYS] = _by_weekday(moments[some], dated.known[some])
    cells, period = None, None
    if by_known[Known.TIME]:
        hours = hours_of(timed.local)
        counts = np.bincount(hours, minlength=_HOURS_A_DAY)
        names = [f"{hour:02d}" for hour in range(_HOURS_A_DAY)]
        parts[HOURS] = _parts(names, counts, np.full(_HOURS_A_DAY, 1 / _HOURS_A_DAY), first=0)
        counts = np.bincount(light[light >= 0], minlength=len(LIGHTS))
        parts[LIGHT] = _parts([one.value for one in LIGHTS], counts, light_time)
        cells = _hour_by_weekday(hours, weekdays_of(timed.local))
        days = timed.local.astype("datetime64[D]")
        period = days.min(), days.max()
    found = Profile(
        with_time=int(by_known[Known.TIME]),
        with_date=int(by_known[Known.DAY]),
        month_only=int(by_known[Known.MONTH]),
        undated=int(by_known[Known.NOTHING]),
        parts=parts,
        hour_by_weekday=cells,
        period=period,
    )
    _require_sums(found, int((light >= 0).sum()))
    return found


def light_shares(timed: ClockReading, lon: float, lat: float, tick: Tick = no_tick) -> Floats:
    """Return what share of the time each of `LIGHTS` makes up while reports were sent.

    Taken every ten minutes of the days covered, at one place; of more than four years, on as many
    days spread evenly.
    """
    every_time = np.full(len(timed.local), Known.TIME, dtype=np.int64)
    days = covered_days(timed.local, every_time)
    if len(days) > _MOST_DAYS:
        days = days[np.linspace(0, len(days) - 1, _MOST_DAYS).astype(np.int64)]
    steps = np.arange(np.timedelta64(0, "m"), np.timedelta64(1, "D"), _STEP)
    moments = (days[:, None] + steps).ravel().astype("datetime64[s]")
    light = light_of(altitude(moments, np.array([lon]), np.array([lat]), tick))
    return np.bincount(light, minlength=len(LIGHTS)) / len(light)


def covered_days(moments: Moments, known: Ints) -> Moments:
    """Return the days from the first to the last report, less months that the layer lacks.

    A report known to the month covers all of its month.
    """
    days, months = moments.astype("datetime64[D]"), moments.astype("datetime64[M]")
    monthly = known == Known.MONTH
    begins = np.where(monthly, months.astype("datetime64[D]"), days)
    ends = np.where(monthly, (months + 1).astype("datetime64[D]") - 1, days)
    first, last = begins.min(), ends.max()
    calendar = Calendar(first.item(), int((last - first).astype(int)) + 1)
    return np.asarray(calendar.dates()[~missing_months(begins, calendar)])


def hours_of(moments: Moments) -> Ints:
    """Return the hour of each moment, 0 to 23."""
    return np.asarray(moments.astype("datetime64[h]").astype(np.int64) % _HOURS_A_DAY)


def weekdays_of(moments: Moments) -> Ints:
    """Return the weekday of each moment, 0 for Monday."""
    # 1 January 1970, day 0, was a Thursday
    return np.asarray((moments.astype("datetime64[D]").astype(np.int64) + 3) % _DAYS_A_WEEK)


def _by_month(moments: Moments, known: Ints) -> tuple[Part, ...]:
    months = moments.astype("datetime64[M]")
    covered = covered_days(moments, known).astype("datetime64[M]")
    every = np.arange(months.min(), months.max() + 1)
    days = np.bincount((covered - every[0]).astype(np.int64), minlength=len(every))
    counts = np.bincount((months - every[0]).astype(np.int64), minlength=len(every))
    return _parts(np.datetime_as_string(every).tolist(), counts, days / days.sum(), days)


def _by_weekday(moments: Moments, known: Ints) -> tuple[Part, ...]:
    days = np.bincount(weekdays_of(covered_days(moments, known)), minlength=_DAYS_A_WEEK)
    counts = np.bincount(weekdays_of(moments), minlength=_DAYS_A_WEEK)
    return _parts(WEEKDAY_NAMES, counts, days / days.sum(), days)


def _parts(
    names: Sequence[str],
    counts: Ints,
    share_of_time: Floats,
    days: Ints | None = None,
    first: int = 1,
) -> tuple[Part, ...]:
    base = int(counts.sum())
    return tuple(
        Part(
            name,
            first + number,
            int(counts[number]),
            None if days is None else int(days[number]),
            counts[number] / base if base >= SMALLEST_BASE else None,
            float(share_of_time[number]),
        )
        for number, name in enumerate(names)
    )


def _hour_by_weekday(hours: Ints, weekdays: Ints) -> Ints | None:
    cells = _HOURS_A_DAY * _DAYS_A_WEEK
    if len(hours) < FEW_A_CELL * cells:
        return None
    counts = np.bincount(hours * _DAYS_A_WEEK + weekdays, minlength=cells)
    return counts.reshape(_HOURS_A_DAY, _DAYS_A_WEEK)


def _require_sums(found: Profile, lit: int) -> None:
    with_day = found.with_time + found.with_date
    expected = {
        MONTHS: with_day + found.month_only,
        WEEKDAYS: with_day,
        HOURS: found.with_time,
        LIGHT: lit,
    }
    for dimension, number in expected.items():
        if found.base(dimension) != number:
            raise DoesNotAddUp(
                f"{number} reports are to be counted by {dimension}, but"
                f" {found.base(dimension)} are.",
                "Nothing was written; please report this.",
            )
