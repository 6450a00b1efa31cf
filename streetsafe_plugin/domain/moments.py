# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of when reports were sent: a time, a day, a month or nothing."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from streetsafe_plugin.domain.arrays import Bools, Ints, Moments, Values
from streetsafe_plugin.domain.reading.dates import DATE, MONTH, NONE, TIME, read_dates

_HOUR_S, _DAY_S = 3600, 86_400
_UNLIKELY = 0.001


class Known(IntEnum):
    """How exactly a moment is known; a larger number is more exact."""

    NOTHING = 0
    MONTH = 1
    DAY = 2
    TIME = 3


_IN_WORDS = {NONE: Known.NOTHING, MONTH: Known.MONTH, DATE: Known.DAY, TIME: Known.TIME}


@dataclass(frozen=True)
class DatedMoments:
    """Local moments (NaT where there is none), and how exactly each is known, as `Known`.

    `at_midnight` counts those that stand at midnight sharp only because no time was stored,
    `unreadable` the values that are there but are no date as far as can be read.
    """

    moments: Moments
    known: Ints
    at_midnight: int
    unreadable: int = 0


def read_moments(
    values: Values, most: Known = Known.TIME, stated: Values | None = None
) -> DatedMoments:
    """Return what a date field says.

    A moment is known as exactly as its value allows (a date has no time, `2022-03` no day), as
    `most` allows and as is stated.

    Args:
        values: An array of moments, or dates, date-times and text; what is none of them is no date.
        most: What the field can hold at most.
        stated: `time`, `date`, `month` or `none` for each value; anything else states nothing.
    """
    given = np.asarray(values)
    moments, known = _read(given)
    known = np.minimum(known, most)
    if stated is not None:
        words = np.asarray(stated, dtype=object).tolist()
        said = [_IN_WORDS.get(word, Known.TIME) for word in words]
        known = np.minimum(known, np.array(said, dtype=np.int64))
    known[np.isnat(moments)] = Known.NOTHING
    stamped = false_midnights(moments, known == Known.TIME)
    known[stamped] = Known.DAY
    return DatedMoments(moments, known, int(stamped.sum()), _unreadable(given, moments))


def false_midnights(moments: Moments, timed: Bools) -> Bools:
    """Return which times are midnight sharp without meaning it.

    Systems that store a day alone write midnight. It is not believed where every time is midnight,
    or where more times are than chance allows (1 in 1,000, Poisson) if midnight is struck no more
    often than the hour that is struck most.
    """
    seconds = moments.astype(np.int64) % _DAY_S
    strokes = np.bincount(seconds[timed & (seconds % _HOUR_S == 0)] // _HOUR_S, minlength=24)
    usual = max(int(strokes[1:].max()), 1)
    all_of_them = strokes[0] == timed.sum()
    if all_of_them or stats.poisson.sf(strokes[0] - 1, usual) < _UNLIKELY:
        return np.asarray(timed & (seconds == 0))
    return np.zeros(len(moments), dtype=bool)


def _unreadable(values: NDArray[Any], moments: Moments) -> int:
    """Return how many values hold something that is no date."""
    if values.dtype.kind == "M":
        return 0
    lost = values[np.isnat(moments)].tolist()
    return sum(1 for value in lost if value is not None and str(value).strip())


def _read(values: NDArray[Any]) -> tuple[Moments, Ints]:
    if values.dtype.kind == "M":
        return values.astype("datetime64[s]"), np.full(len(values), Known.TIME, dtype=np.int64)
    moments = np.full(len(values), "NaT", dtype="datetime64[s]")
    known = np.full(len(values), Known.NOTHING, dtype=np.int64)
    is_text = np.array([isinstance(value, str) for value in values.tolist()], dtype=bool)
    if is_text.any():
        read = read_dates(values[is_text], "ymd")
        moments[is_text] = read.moments
        known[is_text] = [_IN_WORDS[word] for word in read.precisions.tolist()]
    for place in np.flatnonzero(~is_text).tolist():
        value = values[place]
        if isinstance(value, datetime.date):  # a date-time is one too
            moments[place] = np.datetime64(value, "s")
            known[place] = Known.TIME if isinstance(value, datetime.datetime) else Known.DAY
    return moments, known
