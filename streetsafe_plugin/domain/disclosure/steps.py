# SPDX-License-Identifier: GPL-2.0-or-later
"""Trends in longer steps, until none of them holds too few reports."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from streetsafe_plugin.domain.briefing_words import span
from streetsafe_plugin.domain.pack import Step, Trend

#: So many thresholds a step holds on average; few steps are below one then.
_ON_AVERAGE = 2
#: How many months a step has, the shortest first.
_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


def month_number(day: datetime.date) -> int:
    """Return a day's month, numbered since 1970."""
    return (day.year - 1970) * 12 + day.month - 1


def months_of(step: Step) -> tuple[int, int]:
    """Return a step's first and last month, numbered since 1970."""
    return month_number(step.first), month_number(step.last)


def ever_longer(trend: Trend) -> Iterator[Trend]:
    """Yield a trend as it is, then by the calendar's longer units."""
    yield trend
    shortest = _MONTHS[trend.unit]
    for unit, size in _MONTHS.items():
        if size > shortest:
            yield Trend(unit, tuple(_joined(trend, size)))


def fitting(trend: Trend, reports: int, threshold: int) -> Trend:
    """Return a trend by the shortest unit whose steps hold enough on average, else the longest.

    `reports` is their number as it is published, so that a long unit tells nothing of any step.
    """
    longest = trend
    for longest in ever_longer(trend):
        if reports >= _ON_AVERAGE * threshold * len(longest.steps):
            break
    return longest


def _joined(trend: Trend, size: int) -> Iterator[Step]:
    parts: dict[int, list[Step]] = {}
    for step in trend.steps:
        parts.setdefault(month_number(step.first) // size, []).append(step)
    for steps in parts.values():
        first, last = steps[0], steps[-1]
        begin, end = months_of(first)[0], months_of(last)[1]
        yield Step(
            span(first.first, last.last),
            first.first,
            last.last,
            sum(step.reports or 0 for step in steps),
            end - begin + 1 == size and all(step.covered for step in steps),
        )
