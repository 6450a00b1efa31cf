# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers, shares and dates as a briefing writes them; what is held back is said to be."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence

from streetsafe_plugin.domain.pack import Count

#: Below this many reports a share is given as counts only.
SMALLEST_BASE = 50
#: A figure built on fewer reports than this gets a word of caution.
FEW = 10
#: What stands in a sentence or a cell for a number that is not given.
HELD_BACK = "held back"
#: As many missing months are named; more are counted.
_MOST_NAMED = 2


def day(date: datetime.date) -> str:
    """Return a date in words, e.g. “2 September 2021”."""
    return f"{date.day} {date:%B %Y}"


def month(date: datetime.date) -> str:
    """Return the month of a date in words, e.g. “September 2021”."""
    return f"{date:%B %Y}"


def span(first: datetime.date, last: datetime.date) -> str:
    """Return the months from one day's to another's, such as “Sep 2021” or “Oct–Dec 2021”.

    Not “Q4 2021”: quarters begin in another month in every body's calendar.
    """
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%b %Y}"
    if first.year != last.year:
        return f"{first:%b %Y}–{last:%b %Y}"
    whole_year = (first.month, last.month) == (1, 12)
    return f"{first.year}" if whole_year else f"{first:%b}–{last:%b %Y}"


def counted(number: Count, noun: str) -> str:
    """Return a number with its noun, e.g. “1 report”, “2,014 reports”, “no reports”."""
    if number is None:
        return HELD_BACK
    if number == 0:
        return f"no {noun}s"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def figure(number: Count) -> str:
    """Return a number as a cell shows it, e.g. “2,014”, or that it is held back."""
    return HELD_BACK if number is None else f"{number:,}"


def share(part: Count, base: Count) -> str | None:
    """Return a share in per cent; None where there is nothing to share or too small a base."""
    if not part or base is None or base < SMALLEST_BASE:
        return None
    return f"{100 * part / base:.1f} %"


def why_held(threshold: int = 0) -> str:
    """Return why a number is held back, as the end of a sentence."""
    if threshold:
        return f"held back, since there are fewer than {threshold} or to protect such a number"
    return "held back to protect people"


def months(held: Iterable[datetime.date]) -> str:
    """Return the months covered, with the gaps, e.g. “June to October 2022 without August 2022”."""
    found = sorted({(day.year, day.month) for day in held})
    if not found:
        return "no months given"
    (first_year, first), (last_year, last) = found[0], found[-1]
    span = (last_year - first_year) * 12 + last - first + 1
    begin, end = datetime.date(first_year, first, 1), datetime.date(last_year, last, 1)
    if span == 1:
        return month(begin)
    start = f"{begin:%B}" if first_year == last_year else month(begin)
    text = f"{start} to {month(end)}"
    every = [divmod(first_year * 12 + first - 1 + step, 12) for step in range(span)]
    gaps = [datetime.date(year, place + 1, 1) for year, place in every]
    missing = [day for day in gaps if (day.year, day.month) not in found]
    if len(missing) > _MOST_NAMED:
        return f"{text}, {counted(len(missing), 'month')} missing"
    return f"{text} without {', '.join(month(day) for day in missing)}" if missing else text


def nice_step(span: float, parts: int) -> float:
    """Return the largest of 1, 2, 2.5 and 5 times a power of ten that fits `parts` in `span`."""
    raw = span / parts
    power = 10.0 ** math.floor(math.log10(raw))
    return max(factor * power for factor in (1, 2, 2.5, 5) if factor * power <= raw * (1 + 1e-9))


def most_frequent(labels: Sequence[str], mentions: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Return (label, mentions) with the most frequent first, none with zero; ties keep order."""
    pairs = [(label, count) for label, count in zip(labels, mentions) if count > 0]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))
