# SPDX-License-Identifier: GPL-2.0-or-later
"""Read dates and times as local civil time, never guessing whether the day or month stands first.

Times with an offset are turned into British local time by the rule in force since 1996 (summer
time from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October), so
that every computer gives the same answer whether or not it has a time zone database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from streetsafe_plugin.domain.arrays import Bools
from streetsafe_plugin.domain.errors import InputRefused

#: How the parts of a numeric date stand; `auto` takes an order only where the column proves it.
DATE_ORDERS = ("auto", "dmy", "mdy", "ymd")
TIME, DATE, MONTH, NONE = "time", "date", "month", "none"

_MISSING = frozenset(("", "null", "none", "n/a", "#n/a", "nan", "nat", "-", "unknown", "not known"))
_MONTH_NAMES = (
    "january february march april may june july august september october november december"
).split()
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_CLOCK = (
    r"(?:(?:\s*t\s*|[\s,]+(?:at\s+)?)"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<offset>z|utc|gmt|bst|[+-]\d{2}(?::?\d{2})?)?)?"
)
_SHAPES = tuple(
    re.compile(_WEEKDAY + shape)
    for shape in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _CLOCK,
        r"(?P<first>\d{1,2})[-/. ](?P<second_part>\d{1,2})[-/. ](?P<third>\d{4}|\d{2})" + _CLOCK,
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[-\s/,]+(?P<name>[a-z]{3,9})\.?,?[-\s/]+"
        r"(?P<year>\d{4}|\d{2})" + _CLOCK,
        r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})" + _CLOCK,
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})[-/](?P<year>\d{4})",
        r"(?P<name>[a-z]{3,9})\.?,?[-\s]+(?P<year>\d{4})",
    )
)


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: local civil time, how precise each is, and what was remarkable.

    `moments` is None where there is no date; a date alone is at midnight, a month alone on its
    first day. `clock_change` marks times in the hour that is skipped or repeated when the clocks
    change; a skipped one has been moved on by an hour, to the time the clocks showed.
    `order` is the order in which numeric dates were read, with `evidence` for it.
    """

    moments: tuple[datetime | None, ...]
    precisions: tuple[str, ...]
    unreadable: Bools
    clock_change: Bools
    order: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class _Written:
    """A date as it is written: its parts, with a numeric order still to be settled."""

    parts: tuple[int, int, int] | None  # as they stand, where the order is open
    third_is_year: bool
    day: date | None  # where the order is plain
    month_only: bool
    clock: tuple[int, int, int] | None
    offset_minutes: int | None


@dataclass(frozen=True)
class _Placed:
    """A date settled: its local moment, how precise it is, and the midnight of its written day."""

    moment: datetime | None
    precision: str
    clock_change: bool = False
    written_day: datetime | None = None
    written_at_midnight: bool = False


_NOWHEN = _Placed(None, NONE)


def read_dates(texts: Sequence[str], order: str = "auto", column: str = "") -> DateColumn:
    """Read one column of dates; `order` is one of `DATE_ORDERS`.

    With `auto`, one date with a day above 12 proves the order of the whole column.

    Raises:
        InputRefused: the column does not prove its order, or proves two.
    """
    written = {text: _written(text) for text in dict.fromkeys(texts)}
    settled, evidence = _settle_order(written, order, column)
    placed = {text: _place(one, settled) for text, one in written.items()}
    placed = _days_where_every_time_is_midnight(placed)
    column_placed = [placed[text] for text in texts]
    return DateColumn(
        tuple(one.moment for one in column_placed),
        tuple(one.precision for one in column_placed),
        np.array([placed[t].moment is None and not is_missing(t) for t in texts], dtype=bool),
        np.array([one.clock_change for one in column_placed], dtype=bool),
        settled,
        evidence,
    )


def looks_like_date(text: str) -> bool:
    """Tell whether a text has the shape of a date, in whatever order."""
    return _written(text) is not None


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no date."""
    return _folded(text) in _MISSING


def local_from_utc(moment: datetime) -> datetime:
    """Return British local time for a naive time in UTC (from 1996 on)."""
    begins, ends = _summer_time(moment.year)
    return moment + timedelta(hours=1) if begins <= moment < ends else moment


def _summer_time(year: int) -> tuple[datetime, datetime]:
    """Return when summer time begins and ends, in UTC."""
    return (
        datetime(year, 3, _last_sunday(year, 3), 1),
        datetime(year, 10, _last_sunday(year, 10), 1),
    )


def _last_sunday(year: int, month: int) -> int:
    return 31 - (date(year, month, 31).weekday() + 1) % 7


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("\u200b", "").casefold().split())


def _written(text: str) -> _Written | None:
    folded = _folded(text)
    for shape in _SHAPES:
        match = shape.fullmatch(folded)
        if match:
            return _from_match(match)
    return None


def _from_match(match: re.Match[str]) -> _Written | None:
    held = match.groupdict()
    try:
        clock = _clock(held)
        offset = _offset_minutes(held.get("offset"))
        if held.get("first"):
            parts = (int(held["first"]), int(held["second_part"]), int(held["third"]))
            return _Written(parts, len(held["third"]) == 4, None, False, clock, offset)
        month = int(held["month"]) if held.get("month") else _month_number(held["name"])
        day = held.get("day")
        return _Written(
            None,
            False,
            date(_full_year(held["year"]), month, int(day or 1)),
            day is None,
            clock,
            offset,
        )
    except ValueError:
        return None


def _clock(held: dict[str, str | None]) -> tuple[int, int, int] | None:
    hour_text, minute_text = held.get("hour"), held.get("minute")
    if hour_text is None or minute_text is None:
        return None
    hour, minute, second = int(hour_text), int(minute_text), int(held.get("second") or 0)
    half = held.get("half")
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(hour, minute, second)
    return hour, minute, second


def _offset_minutes(text: str | None) -> int | None:
    """Return minutes ahead of UTC; None where the time is local already."""
    if text is None or text == "bst":
        return None
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if text[0] == "-" else minutes


def _month_number(name: str | None) -> int:
    for number, full in enumerate(_MONTH_NAMES, start=1):
        if name in (full, full[:3]) or (name == "sept" and number == 9):
            return number
    raise ValueError(name)


def _full_year(text: str | None) -> int:
    year = int(text or "")
    if len(text or "") == 2:
        year += 2000 if year < 70 else 1900
    if not 1900 <= year <= 2100:
        raise ValueError(year)
    return year


def _settle_order(written: dict[str, _Written | None], order: str, column: str) -> tuple[str, str]:
    """Return the order of numeric dates and what it rests on."""
    open_ones = {text: one.parts for text, one in written.items() if one and one.parts}
    if not open_ones:
        return "", ""
    if order != "auto":
        return order, f"Dates were read as {order}, as DATE_ORDER says."
    day_first = next((t for t, (a, b, _) in open_ones.items() if a > 12 >= b), None)
    month_first = next((t for t, (a, b, _) in open_ones.items() if b > 12 >= a), None)
    if day_first and month_first:
        raise InputRefused(
            f"Column “{column}” mixes two orders: {day_first.strip()} can only be day first,"
            f" {month_first.strip()} only month first.",
            "Set DATE_ORDER to dmy or mdy; dates that do not fit will be flagged.",
        )
    if day_first:
        return "dmy", f"Dates were read day first, which {day_first.strip()} proves."
    if month_first:
        return "mdy", f"Dates were read month first, which {month_first.strip()} proves."
    two_ways = next(
        ((t, placed) for t, (a, b, _) in open_ones.items() if a != b
         for placed in [_two_readings(written[t])] if placed),
        None,
    )  # fmt: skip
    if two_ways is None:
        return "dmy", "Every date is the same day first and month first."
    text, (by_day, by_month) = two_ways
    raise InputRefused(
        f"The dates in column “{column}” can be read two ways: {text.strip()} may be"
        f" {_in_words(by_day)} or {_in_words(by_month)}.",
        "Set DATE_ORDER to dmy (day first) or mdy (month first).",
    )


def _two_readings(one: _Written | None) -> tuple[date, date] | None:
    if one is None:
        return None
    by_day, by_month = _day(one, "dmy"), _day(one, "mdy")
    return (by_day, by_month) if by_day and by_month else None


def _in_words(day: date) -> str:
    return f"{day.day} {_MONTH_NAMES[day.month - 1].capitalize()} {day.year}"


def _day(one: _Written, order: str) -> date | None:
    """Return the day that is written, its numeric parts taken in `order`."""
    if one.parts is None:
        return one.day
    first, second, third = one.parts
    if order == "ymd":
        if one.third_is_year:
            return None
        year, month, day = first, second, third
    else:
        year = third
        day, month = (first, second) if order == "dmy" else (second, first)
    try:
        return date(_full_year(f"{year:02d}"), month, day)
    except ValueError:
        return None


def _place(one: _Written | None, order: str) -> _Placed:
    """Settle one date in the order of its column."""
    day = _day(one, order) if one else None
    if one is None or day is None:
        return _NOWHEN
    midnight = datetime(day.year, day.month, day.day)
    if one.month_only:
        return _Placed(midnight, MONTH)
    if one.clock is None:
        return _Placed(midnight, DATE)
    hour, minute, second = one.clock
    moment = midnight + timedelta(hours=hour, minutes=minute, seconds=second)
    if one.offset_minutes is not None:
        local = local_from_utc(moment - timedelta(minutes=one.offset_minutes))
        return _Placed(local, TIME, False, midnight, moment == midnight)
    begins, ends = _summer_time(moment.year)
    one_hour = timedelta(hours=1)
    if begins <= moment < begins + one_hour:
        return _Placed(moment + one_hour, TIME, True, midnight)
    in_repeated_hour = ends <= moment < ends + one_hour
    return _Placed(moment, TIME, in_repeated_hour, midnight, moment == midnight)


def _days_where_every_time_is_midnight(placed: dict[str, _Placed]) -> dict[str, _Placed]:
    """Return dates without times where every time is midnight, as written or in local time.

    Systems that store days alone write them so; taking midnight for a time would invent hours.
    """
    timed = {text: one for text, one in placed.items() if one.precision == TIME}
    if all(one.written_at_midnight for one in timed.values()):
        days = {text: _Placed(one.written_day, DATE) for text, one in timed.items()}
    elif all(one.moment and one.moment.time() == time.min for one in timed.values()):
        days = {text: _Placed(one.moment, DATE) for text, one in timed.items()}
    else:
        days = {}
    return {**placed, **days}
