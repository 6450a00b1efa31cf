# SPDX-License-Identifier: GPL-2.0-or-later
"""Take one written date apart: its day, its clock time and its offset from UTC.

A text is cut into the day and the clock, which are read apart: a column of a million moments has
few different days and at most 86,400 different times.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_MISSING = frozenset(("", "null", "none", "n/a", "#n/a", "nan", "nat", "-", "unknown", "not known"))
_MONTH_NAMES = (
    "january february march april may june july august september october november december"
).split()
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_JOINED = r"(?:\s*t\s*|[\s,]+(?:at\s+)?)"
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,:]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<offset>z|utc|gmt|bst|[+-]\d{2}(?::?\d{2})?)?"
)
#: A clock without a colon, such as "9.30pm", at the end behind a blank or a T.
_DOTTED_CLOCK = re.compile(
    r"(?<=[\s,tT])\d{1,2}\.\d{2}(?:\.\d{2})?\s*(?:[ap]\.?m\.?)?\s*$", re.IGNORECASE
)
_DAYS = tuple(
    re.compile(rf"{_WEEKDAY}{shape}(?P<joined>{_JOINED})?")
    for shape in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        # a day written so cannot be one with the year last: no month is the 19th, 20th or 21st
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<first>\d{1,2})[-/. ](?P<second_part>\d{1,2})[-/. ](?P<third>\d{4}|\d{2})",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[-\s/,]+(?P<name>[a-z]{3,9})\.?,?[-\s/]+"
        r"(?P<year>\d{4}|\d{2})",
        r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
    )
)
_MONTHS = tuple(
    re.compile(shape)
    for shape in (
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})[-/](?P<year>\d{4})",
        r"(?P<name>[a-z]{3,9})\.?,?[-\s]+(?P<year>\d{4})",
    )
)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
#: Serial numbers of days from October 1954 to April 2064, or four years later counted from 1904.
_SERIALS = (20_000, 60_000)


@dataclass(frozen=True)
class WrittenDay:
    """A day as it is written.

    `parts` are its three numbers as they stand, where their order is open; `day` is the day where
    the order is plain.
    """

    parts: tuple[int, int, int] | None = None
    third_is_year: bool = False
    day: date | None = None
    month_only: bool = False

    def in_order(self, order: str) -> date | None:
        """Return the day, its open parts taken as `dmy`, `mdy` or `ymd`; None if there is none."""
        if self.parts is None:
            return self.day
        first, second, third = self.parts
        if order == "ymd":
            if self.third_is_year:
                return None
            year, month, day = first, second, third
        else:
            year = third
            day, month = (first, second) if order == "dmy" else (second, first)
        try:
            return date(_full_year(f"{year:02d}"), month, day)
        except ValueError:
            return None


@dataclass(frozen=True)
class WrittenClock:
    """A time of day: seconds after midnight, and minutes ahead of UTC, None where it is local."""

    seconds: int
    offset_minutes: int | None = None


def cut(text: str) -> tuple[str, str]:
    """Return the part of a text that says the day, and the part that says the time, if any."""
    if not text.isascii():
        text = folded(text)
    colon = text.find(":")
    if colon > 0:
        start = colon - 2 if text[colon - 2 : colon].isdigit() else colon - 1
        return text[:start], text[start:]
    dotted = _DOTTED_CLOCK.search(text) if "." in text else None
    if dotted is None or not any(map(str.isdigit, text[: dotted.start()])):
        return text, ""
    return text[: dotted.start()], dotted[0]


def written_day(text: str, has_clock: bool) -> WrittenDay | None:
    """Read the part of a text that says the day; None where it says none.

    Whether a clock time follows decides what may stand at the end.
    """
    plain = folded(text)
    if not has_clock:
        months = (shape.fullmatch(plain) for shape in _MONTHS)
        month = next(filter(None, months), None)
        if month:
            return _from_match(month)
    # folding takes a blank at the end away, which stands between day and clock
    plain += " " if has_clock and text[-1:].isspace() else ""
    matches = (shape.fullmatch(plain) for shape in _DAYS)
    match = next(filter(None, matches), None)
    if match is None or bool(match["joined"]) != has_clock:
        return None
    return _from_match(match)


def written_serial(text: str) -> float:
    """Return the number of days that a spreadsheet may mean as a date; NaN if it is none."""
    plain = folded(text)
    number = float(plain.replace(",", ".")) if _SERIAL.fullmatch(plain) else math.nan
    return number if _SERIALS[0] <= number < _SERIALS[1] else math.nan


def written_clock(text: str) -> WrittenClock | None:
    """Read a time of day; None where it says none."""
    match = _CLOCK.fullmatch(folded(text))
    if match is None:
        return None
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return WrittenClock(hour * 3600 + minute * 60 + second, _offset_minutes(match["offset"]))


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no date."""
    return folded(text) in _MISSING


def in_words(day: date) -> str:
    """Return a day that can be read in one way only."""
    return f"{day.day} {_MONTH_NAMES[day.month - 1].capitalize()} {day.year}"


def folded(text: str) -> str:
    """Return a text in lower case, with plain blanks and nothing that cannot be seen."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u200b", "")
    return " ".join(text.casefold().split())


def _from_match(match: re.Match[str]) -> WrittenDay | None:
    held = match.groupdict()
    if held.get("first"):
        parts = (int(held["first"]), int(held["second_part"]), int(held["third"]))
        return WrittenDay(parts, len(held["third"]) == 4)
    day = held.get("day")
    try:
        month = int(held["month"]) if held.get("month") else _month_number(held["name"])
        plain = date(_full_year(held["year"]), month, int(day or 1))
    except ValueError:
        return None
    return WrittenDay(day=plain, month_only=day is None)


def _offset_minutes(text: str | None) -> int | None:
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
