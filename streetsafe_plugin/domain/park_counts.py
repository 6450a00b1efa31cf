# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports and mentions counted in parks and rings, with a line that shows where every one went.

Reports and mentions are never mixed: a report with three ticked reasons adds 1 to the reports and
3 to the mentions of its ring.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Ints, Values
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.rings import Belonging
from streetsafe_plugin.domain.taxonomy import REASON_CODES

M2_PER_KM2 = 1_000_000.0
_Z_95 = 1.959963984540054

_TICKED = frozenset(("1", "true", "t", "yes", "y"))


@dataclass(frozen=True)
class RingCounts:
    """Counts by park and ring, each array (parks, rings).

    `reasons` holds only the reasons whose fields the reports have; `mentions` is None unless all
    of them are there, since a sum over some would be too low.
    """

    reports: Ints
    reasons: dict[str, Ints]
    mentions: Ints | None

    def reports_per_km2(self, areas_m2: Sequence[Sequence[float]]) -> list[list[float | None]]:
        """Return densities by park and ring; None where a ring has no area."""
        return [
            [
                float(count) / (area / M2_PER_KM2) if area > 0 else None
                for count, area in zip(counts, areas)
            ]
            for counts, areas in zip(self.reports, areas_m2)
        ]


@dataclass(frozen=True)
class ParkSummary:
    """One park's row.

    `within[k]` counts reports in the park and its rings up to the k-th distance. `rank` is by
    the last of these, equal counts sharing a rank (1, 2, 2, 4); the ranks from `rank_from` to
    `rank_to` cannot be told apart from it by counts so small. `top_reason` is the reason most
    ticked there, several joined by `;`, None without mentions. `share` is the last of `within`
    as a share of all reports counted in the analysis, None where there are none.
    """

    inside: int
    within: tuple[int, ...]
    rank: int
    rank_from: int
    rank_to: int
    top_reason: str | None
    share: float | None


@dataclass(frozen=True)
class Accounting:
    """Where every report went: `excluded` says how many were left out for which reason."""

    total: int
    inside: int
    in_rings: int
    outside: int
    excluded: dict[str, int]

    def check(self) -> None:
        """Raise `DoesNotAddUp` unless every report is in exactly one of the four places."""
        placed = self.inside + self.in_rings + self.outside + self.excluded_sum()
        if placed != self.total:
            raise DoesNotAddUp(
                f"{self.total} reports came in, but {placed} are accounted for.",
                "Nothing was written; please report this.",
            )

    def excluded_sum(self) -> int:
        """Return how many reports were left out."""
        return sum(self.excluded.values())


def keep_in_window(
    dates: Values, first: datetime.date | None, last: datetime.date | None
) -> tuple[Bools, Bools]:
    """Return which reports fall in a window, both its days included, and which have no date.

    Dates are what `days_of` reads.
    """
    days, _ = days_of(dates)
    undated = np.isnat(days)
    kept = ~undated
    if first is not None:
        kept &= days >= np.datetime64(first)
    if last is not None:
        kept &= days <= np.datetime64(last)
    return kept, undated


def cuts_a_month(first: datetime.date | None, last: datetime.date | None) -> bool:
    """Tell whether a window begins after the first or ends before the last day of a month."""
    day_after = last + datetime.timedelta(days=1) if last and last < datetime.date.max else None
    return any(edge is not None and edge.day != 1 for edge in (first, day_after))


def read_ticks(values: Values) -> Bools:
    """Return which reports have a reason ticked; a missing value is not a tick."""
    given = np.asarray(values)
    if given.dtype.kind in "biuf":
        return np.asarray(given == 1)
    return np.array([_is_tick(value) for value in given.tolist()], dtype=bool)


def _is_tick(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _TICKED
    return value is not None and value == 1


def count_rings(
    belonging: Belonging, parks: int, rings: int, ticks: Mapping[str, Bools]
) -> RingCounts:
    """Count reports and mentions by park and ring.

    Args:
        belonging: Which report belongs where.
        parks: How many parks there are.
        rings: How many rings each has, the park itself included.
        ticks: For each reason code that the reports have, whether each report ticks it.
    """
    slot = belonging.parks * rings + belonging.rings

    def tally(slots: Ints) -> Ints:
        return np.bincount(slots, minlength=parks * rings).reshape(parks, rings)

    reasons = {
        code: tally(slot[ticks[code][belonging.reports]]) for code in REASON_CODES if code in ticks
    }
    complete = len(reasons) == len(REASON_CODES)
    mentions = np.sum(list(reasons.values()), axis=0) if complete else None
    return RingCounts(tally(slot), reasons, mentions)


def summarise(counts: RingCounts, counted: int) -> list[ParkSummary]:
    """Return one row a park; `counted` is how many reports the analysis looked at."""
    within = np.cumsum(counts.reports, axis=1)
    reach = within[:, -1]
    firsts, lasts = ranks_that_may_be(reach)
    return [
        ParkSummary(
            inside=int(sums[0]),
            within=tuple(int(number) for number in sums[1:]),
            rank=int((reach > sums[-1]).sum()) + 1,
            rank_from=int(firsts[park]),
            rank_to=int(lasts[park]),
            top_reason=_top_reason(counts, park),
            share=float(sums[-1]) / counted if counted else None,
        )
        for park, sums in enumerate(within)
    ]


def ranks_that_may_be(counts: Ints) -> tuple[Ints, Ints]:
    """Return for each count the best and the worst rank it may deserve.

    Two counts are told apart if, were the rates alike, so great a difference came about in less
    than 5 % of cases: |a - b| - 1 > 1.96 √(a + b), the difference of two Poisson counts with
    half a step taken off. Solved for b, each count has a least count that is surely above it.
    """
    ascending = np.sort(counts)
    z2 = _Z_95**2
    gap = ((2 + z2) + np.sqrt((2 + z2) ** 2 - 4 * (1 - 2 * z2 * counts))) / 2
    surely_above = len(counts) - np.searchsorted(ascending, counts + gap, side="right")
    bounds = np.sort(counts + gap)
    surely_below = np.searchsorted(bounds, counts, side="left")
    return surely_above + 1, len(counts) - surely_below


def _top_reason(counts: RingCounts, park: int) -> str | None:
    if counts.mentions is None:
        return None
    mentions = {code: int(table[park].sum()) for code, table in counts.reasons.items()}
    most = max(mentions.values())
    return ";".join(code for code, number in mentions.items() if number == most) if most else None


def account(
    total: int, belonging: Belonging, counts: RingCounts, excluded: Mapping[str, int], once: bool
) -> Accounting:
    """Return the accounting line, proven to close.

    Args:
        total: Reports that came in, with or without a usable place.
        belonging: Where the reports that were looked at belong.
        counts: The counts that are published.
        excluded: Reports that were not looked at, by reason.
        once: Every report belongs to one ring at most, so the counts must add up as well.

    Raises:
        DoesNotAddUp: a report is missing or counted twice.
    """
    belonging_somewhere = len(np.unique(belonging.reports))
    result = Accounting(
        total,
        belonging.inside(),
        belonging.in_rings(),
        belonging.count - belonging_somewhere,
        {reason: number for reason, number in excluded.items() if number},
    )
    result.check()
    if once and int(counts.reports.sum()) != belonging_somewhere:
        raise DoesNotAddUp(
            f"{belonging_somewhere} reports lie in parks and rings, but the rings hold"
            f" {int(counts.reports.sum())}.",
            "Nothing was written; please report this.",
        )
    return result
