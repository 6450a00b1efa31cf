# SPDX-License-Identifier: GPL-2.0-or-later
"""From the time that clocks show to universal time, and back.

British time follows the rule in force since 1996 (summer time from 01:00 UTC on the last Sunday of
March to 01:00 UTC on the last Sunday of October), so that every computer gives the same answer
whether or not it has a time zone database.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streetsafe_plugin.domain.arrays import Bools, Moments

BRITISH = "Europe/London"
_HOUR = np.timedelta64(3600, "s")
_AT_ONCE = np.timedelta64(0, "s")


@dataclass(frozen=True)
class Clock:
    """How far local time is ahead of universal time, and when that changes.

    `changes` are the moments in universal time, ascending, after which the next of `offsets`
    (`timedelta64[s]`, one more than there are changes) holds.
    """

    changes: Moments
    offsets: NDArray[np.timedelta64]


@dataclass(frozen=True)
class ClockReading:
    """Local times made definite.

    `local` is the time as the clocks showed it and `utc` the moment. A time in a skipped hour has
    been moved on by what was skipped; one in a repeated hour is taken the first time round.
    """

    local: Moments
    utc: Moments
    skipped: Bools
    repeated: Bools


def british_clock(moments: Moments) -> Clock:
    """Return the British clock for the years that some moments lie in."""
    known = moments[~np.isnat(moments)].astype("datetime64[Y]")
    if not len(known):
        return Clock(np.zeros(0, dtype="datetime64[s]"), np.array([_AT_ONCE]))
    begins, ends = summer_time(np.arange(known.min(), known.max() + 1).astype("datetime64[s]"))
    changes = np.column_stack([begins, ends]).ravel()
    return Clock(changes, np.array([_AT_ONCE, *[_HOUR, _AT_ONCE] * len(begins)]))


def read_clock(local: Moments, clock: Clock) -> ClockReading:
    """Return when local times were; none may be NaT."""
    before, after = clock.offsets[:-1], clock.offsets[1:]
    # each change as the clocks showed it before and after: a gap, or the same time twice
    leaves, lands = clock.changes + before, clock.changes + after
    following = np.searchsorted(np.maximum(leaves, lands), local, side="right")
    offset = clock.offsets[following]
    skipped = np.zeros(len(local), dtype=bool)
    repeated = skipped.copy()
    near = np.flatnonzero(following < len(clock.changes))
    change = following[near]
    skipped[near] = (local[near] >= leaves[change]) & (leaves < lands)[change]
    repeated[near] = (local[near] >= lands[change]) & (leaves > lands)[change]
    moved = local.copy()
    moved[skipped] += (after - before)[following[skipped]]
    return ClockReading(moved, local - offset, skipped, repeated)


def local_from_utc(moments: Moments) -> Moments:
    """Return British local time for times in UTC (from 1996 on)."""
    begins, ends = summer_time(moments)
    return np.where((moments >= begins) & (moments < ends), moments + _HOUR, moments)


def summer_time(moments: Moments) -> tuple[Moments, Moments]:
    """Return when British summer time begins and ends in each moment's year, in UTC."""
    which, numbers = pd.factorize(moments.astype("datetime64[Y]").astype(np.int64))
    different = numbers.astype("datetime64[Y]")
    begins = _last_sunday(different, 3) + _HOUR
    ends = _last_sunday(different, 10) + _HOUR
    return begins[which], ends[which]


def _last_sunday(years: Moments, month: int) -> Moments:
    """Return the midnight that begins the last Sunday of a month of 31 days, in each year."""
    months = years.astype("datetime64[M]") + np.timedelta64(month - 1, "M")
    last_day = months.astype("datetime64[D]") + np.timedelta64(30, "D")
    # 1 January 1970, day 0, was a Thursday; Sundays are three days later
    after_sunday = (last_day.astype(np.int64) - 3) % 7
    sundays = last_day - after_sunday.astype("timedelta64[D]")
    return np.asarray(np.where(np.isnat(years), np.datetime64("NaT"), sundays)).astype(
        "datetime64[s]"
    )
