# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures of one park that cannot be told apart in time: what changed then has two explanations.

A date may be known to a month or a quarter only, and counts as any day of it; a date that is not
known counts as any day at all. So nothing is called separate that may have been simultaneous.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streetsafe_plugin.domain.parks import Intervention

_MONTHS_OF = {"month": 1, "quarter": 3}


@dataclass(frozen=True)
class Span:
    """The first and the last day on which a measure may have been there; None where open."""

    first: datetime.date | None
    last: datetime.date | None

    @property
    def is_unknown(self) -> bool:
        """Tell whether nothing is known of it."""
        return self.first is None and self.last is None

    def shared_with(self, other: Span) -> Span | None:
        """Return the days that both may hold, or None."""
        first = max(filter(None, (self.first, other.first)), default=None)
        last = min(filter(None, (self.last, other.last)), default=None)
        return None if first and last and last < first else Span(first, last)


@dataclass(frozen=True)
class Overlap:
    """Two measures of one park, by their numbers in the list, and when they may coincide."""

    one: int
    other: int
    when: str


def overlaps(interventions: Sequence[Intervention]) -> list[Overlap]:
    """Return every pair of measures of one park that cannot be told apart in time.

    The same measure twice is no such pair, since it has one explanation; two `other` are.
    """
    spans = [possible_span(one) for one in interventions]
    return [
        Overlap(number, later, _when(spans[number], spans[later], shared))
        for number, later in _pairs(interventions)
        for shared in [spans[number].shared_with(spans[later])]
        if shared is not None
    ]


def possible_span(intervention: Intervention) -> Span:
    """Return the days on which a measure may have been there, as exactly as its dates are known."""
    months = _MONTHS_OF.get(intervention.date_confidence, 0)
    first, last = intervention.date_from, intervention.date_to
    return Span(
        None if first is None else _start_of(first, months),
        None if last is None else _end_of(last, months),
    )


def _pairs(interventions: Sequence[Intervention]) -> Iterator[tuple[int, int]]:
    for number, one in enumerate(interventions):
        for later, other in enumerate(interventions[number + 1 :], start=number + 1):
            different = one.measure != other.measure or one.measure == "other"
            if one.park_id == other.park_id and different:
                yield number, later


def _when(one: Span, other: Span, shared: Span) -> str:
    if one.is_unknown or other.is_unknown:
        return "dates not known"
    if shared.first is None:
        return f"until {shared.last}" if shared.last else "dates not known"
    return f"from {shared.first} to {shared.last}" if shared.last else f"from {shared.first} on"


def _start_of(day: datetime.date, months: int) -> datetime.date:
    """Return the first day of the month or quarter, or the day itself where `months` is 0."""
    if not months:
        return day
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _end_of(day: datetime.date, months: int) -> datetime.date:
    """Return the last day of the month or quarter, or the day itself where `months` is 0."""
    if not months:
        return day
    month = (day.month - 1) // months * months + months
    return day.replace(month=month, day=calendar.monthrange(day.year, month)[1])
