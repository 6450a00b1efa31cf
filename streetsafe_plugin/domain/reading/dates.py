# SPDX-License-Identifier: GPL-2.0-or-later
"""Read dates and times as local civil time, never guessing whether the day or month stands first.

Times with an offset are turned into British local time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints, Moments, Texts
from streetsafe_plugin.domain.clocks import local_from_utc, summer_time
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.cut_dates import cut_dates
from streetsafe_plugin.domain.reading.table import DAY_ZERO, texts
from streetsafe_plugin.domain.reading.written_dates import (
    WrittenDay,
    cut,
    in_words,
    is_missing,
    written_clock,
    written_day,
    written_serial,
)

#: How the parts of a numeric date stand; `auto` takes an order only where the column proves it.
DATE_ORDERS = ("auto", "dmy", "mdy", "ymd")
TIME, DATE, MONTH, NONE = "time", "date", "month", "none"

_ORDER_IN_WORDS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_HOUR = np.timedelta64(3600, "s")
_MINUTE = np.timedelta64(60, "s")
_DAY_S = 86_400
#: So many different days say something together.
_ENOUGH = 5


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: local civil time, how precise each is, and what was remarkable.

    `moments` is NaT where there is no date; a date alone is at midnight, a month alone on its
    first day. `clock_change` marks times in the hour that is skipped or repeated when the clocks
    change; a skipped one has been moved on by an hour, to the time the clocks showed.
    `order` is the order in which numeric dates were read, with `evidence` for it.
    """

    moments: Moments
    precisions: Texts
    unreadable: Bools
    clock_change: Bools
    order: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class _Parts:
    """The different texts of a column, cut into days and clocks, each of which is read once.

    `day` and `clock` say for each text which of `days` and `clocks` it holds, `timed` whether it
    has a clock at all. `serials` are the days that are plain numbers, NaN for others.
    """

    whole: Texts
    day: Ints
    clock: Ints
    timed: Bools
    days: Sequence[WrittenDay | None]
    serials: Floats
    clocks: Sequence[str]

    def is_serial(self) -> Bools:
        """Tell which texts are plain numbers."""
        return np.asarray(~np.isnan(self.serials[self.day]))


def read_dates(
    cells: Texts, order: str = "auto", column: str = "", day_zero: date = DAY_ZERO
) -> DateColumn:
    """Read one column of dates; `order` is one of `DATE_ORDERS`.

    With `auto`, the order is the only one in which every date of the column exists. Plain numbers
    of five figures count days from `day_zero`, as spreadsheets do.

    Raises:
        InputRefused: the column does not prove its order, or proves two.
    """
    which, different = pd.factorize(cells)
    if not len(different):
        nothing = np.zeros(0, dtype=bool)
        return DateColumn(np.zeros(0, dtype="datetime64[s]"), texts([]), nothing, nothing)
    parts = _cut_up(different)
    settled, evidence = _settle_order(parts, order, column)
    moments, precisions, clock_change = _moments(parts, settled, day_zero)
    missing = [is_missing(text) for text in different[np.isnat(moments)]]
    unreadable = np.isnat(moments)
    unreadable[unreadable] = ~np.array(missing, dtype=bool)
    said = [evidence, _about_swaps(parts, settled, day_zero)]
    said.append(_about_serials(int(parts.is_serial()[which].sum()), day_zero))
    return DateColumn(
        moments[which],
        precisions[which],
        unreadable[which],
        clock_change[which],
        settled,
        " ".join(filter(None, said)),
    )


def looks_like_date(text: str) -> bool:
    """Tell whether a text has the shape of a date, in whatever order; a bare number has not."""
    if text.isdigit():
        return False
    day_text, clock_text = cut(text)
    return written_day(day_text, bool(clock_text)) is not None and (
        not clock_text or written_clock(clock_text) is not None
    )


def looks_like_serial(text: str) -> bool:
    """Tell whether a text is a bare number that may mean a date, such as 45395 or 20240413."""
    is_compact = text.isdigit() and written_day(text, False) is not None
    return is_compact or not np.isnan(written_serial(text))


def _cut_up(different: Texts) -> _Parts:
    cut_up = cut_dates(different)
    # a day is read differently where a clock follows it
    day, kinds = pd.factorize(cut_up.days.which * 2 + cut_up.timed)
    written = [(cut_up.days.different[kind // 2], bool(kind % 2)) for kind in kinds.tolist()]
    serials = [np.nan if timed else written_serial(text) for text, timed in written]
    days = [
        written_day(text, timed) if np.isnan(serial) else None
        for (text, timed), serial in zip(written, serials)
    ]
    clock, clocks = cut_up.clocks
    return _Parts(different, day, clock, cut_up.timed, days, np.array(serials), clocks)


def _settle_order(parts: _Parts, order: str, column: str) -> tuple[str, str]:
    """Return the order of numeric dates and what it rests on."""
    open_days = [
        (number, day) for number, day in enumerate(parts.days) if day is not None and day.parts
    ]
    if not open_days:
        return "", ""
    if order != "auto":
        return order, f"Dates were read as {order}, as DATE_ORDER says."
    orders = ["dmy", "mdy"]
    if not any(day.third_is_year for _, day in open_days):
        orders.append("ymd")
    readings = {
        number: found
        for number, day in open_days
        for found in [{one: day.in_order(one) for one in orders}]
        if any(found.values())
    }
    possible = [one for one in orders if all(found[one] for found in readings.values())]
    if not readings:
        return "dmy", ""
    if not possible:
        raise _mixed_orders(parts, readings, column)
    if len(possible) == 1:
        return possible[0], _proof(parts, readings, possible[0])
    for number, found in readings.items():
        if len({found[one] for one in possible}) > 1:
            raise _two_ways(_example(parts, number), [found[one] for one in possible], column)
    return possible[0], "Every date is the same in whatever order it is read."


def _proof(parts: _Parts, readings: dict[int, dict[str, date | None]], order: str) -> str:
    """Name the dates that exclude every other order, those that exclude most of them first."""
    left = {other for found in readings.values() for other in found} - {order}
    proofs = []
    for number, found in sorted(
        readings.items(), key=lambda item: sum(map(bool, item[1].values()))
    ):
        excluded = {other for other in left if found[other] is None}
        if excluded:
            proofs.append(_example(parts, number))
            left -= excluded
    proves = "proves" if len(proofs) == 1 else "prove"
    return f"Dates were read {_ORDER_IN_WORDS[order]}, which {' and '.join(proofs)} {proves}."


def _about_swaps(parts: _Parts, order: str, day_zero: date) -> str:
    """Warn of dates that a spreadsheet may have swapped before they came here.

    It takes the dates that exist in its own order for dates and leaves the others as text: then
    every text has a day above 12, and nothing else has.
    """
    texts_left = [day.in_order(order) for day in parts.days if day and day.parts]
    others = [day.day for day in parts.days if day and day.day and not day.month_only]
    counted = parts.serials[~np.isnan(parts.serials)]
    others += [day_zero + timedelta(days=int(serial)) for serial in counted]
    left_alone = [day.day > 12 for day in texts_left if day]
    if len(set(others)) < _ENOUGH or not left_alone or not all(left_alone):
        return ""
    if any(day.day > 12 for day in others):
        return ""
    return (
        "All dates that stand as numbers with signs between have days above 12, and no others:"
        " a spreadsheet may have swapped day and month in the others, so compare them with the"
        " source."
    )


def _mixed_orders(
    parts: _Parts, readings: dict[int, dict[str, date | None]], column: str
) -> InputRefused:
    examples: dict[str, str] = {}
    for number, found in readings.items():
        held = [one for one, day in found.items() if day]
        if len(held) == 1:
            order, example = held[0], _example(parts, number)
            examples.setdefault(order, f"{example} can only be {_ORDER_IN_WORDS[order]}")
    return InputRefused(
        f"Column “{column}” mixes orders: {', '.join(examples.values())}.",
        "Set DATE_ORDER to dmy, mdy or ymd; dates that do not fit will be flagged.",
    )


def _two_ways(example: str, days: Sequence[date | None], column: str) -> InputRefused:
    readings = list(dict.fromkeys(in_words(day) for day in days if day))
    count = {2: "two", 3: "three"}[len(readings)]
    return InputRefused(
        f"The dates in column “{column}” can be read {count} ways: {example} may be"
        f" {', '.join(readings[:-1])} or {readings[-1]}.",
        "Set DATE_ORDER to dmy (day first), mdy (month first) or ymd (year first).",
    )


def _example(parts: _Parts, number: int) -> str:
    """Return a date as it is written, without the time that stands with it."""
    text = parts.whole[int(np.argmax(parts.day == number))]
    return cut(text)[0].strip(" ,tT\r\n\t")


def _moments(parts: _Parts, order: str, day_zero: date) -> tuple[Moments, Texts, Bools]:
    """Return each text's local moment, how precise it is, and whether the clocks changed then."""
    days = _days(parts, order, day_zero)
    clocks = [written_clock(text) if text else None for text in parts.clocks]
    seconds = np.array([clock.seconds if clock else 0 for clock in clocks], dtype="timedelta64[s]")
    wrong = np.array([bool(text) and clock is None for text, clock in zip(parts.clocks, clocks)])
    has_offset = np.array([bool(c and c.offset_minutes is not None) for c in clocks])
    offsets = np.array([(c.offset_minutes or 0) if c else 0 for c in clocks]) * _MINUTE

    written_days = days[parts.day]
    written = written_days + seconds[parts.clock]
    written[wrong[parts.clock]] = np.datetime64("NaT")
    given_offset = has_offset[parts.clock]
    moments = np.where(given_offset, local_from_utc(written - offsets[parts.clock]), written)
    clock_change = np.zeros(len(moments), dtype=bool)
    precisions = _precisions(parts)
    precisions[np.isnat(moments)] = NONE
    timed = precisions == TIME

    begins, ends = summer_time(moments)
    local = timed & ~given_offset
    skipped = local & (moments >= begins) & (moments < begins + _HOUR)
    repeated = local & (moments >= ends) & (moments < ends + _HOUR)
    at_midnight = timed & (written == written_days) & ~parts.is_serial()
    if timed.any():
        if at_midnight[timed].all():
            # systems that store days alone write midnight; taking it for a time invents hours
            return np.where(timed, written_days, moments), _days_for_times(precisions), clock_change
        if (moments[timed] == moments[timed].astype("datetime64[D]")).all():
            return moments, _days_for_times(precisions), clock_change
    moments = np.where(skipped, moments + _HOUR, moments)
    return moments, precisions, skipped | repeated


def _days(parts: _Parts, order: str, day_zero: date) -> Moments:
    days = np.array([day and day.in_order(order) for day in parts.days], dtype="datetime64[s]")
    counted = ~np.isnan(parts.serials)
    seconds = np.rint(parts.serials[counted] * _DAY_S).astype("timedelta64[s]")
    days[counted] = np.datetime64(day_zero, "s") + seconds
    return days


def _precisions(parts: _Parts) -> Texts:
    of_days = texts([MONTH if day and day.month_only else DATE for day in parts.days])
    of_days[np.rint(np.nan_to_num(parts.serials) * _DAY_S) % _DAY_S != 0] = TIME
    precisions = of_days[parts.day]
    precisions[parts.timed] = TIME
    return precisions


def _days_for_times(precisions: Texts) -> Texts:
    return np.where(precisions == TIME, DATE, precisions)


def _about_serials(count: int, day_zero: date) -> str:
    if not count:
        return ""
    are = "1 date is a plain number" if count == 1 else f"{count} dates are plain numbers"
    return f"{are}, counted in days from {in_words(day_zero)}."
