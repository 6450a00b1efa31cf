# SPDX-License-Identifier: GPL-2.0-or-later
"""The fix list: places where several people ticked the same reason, and who can mend it.

For each reason on its own, the reports that tick it are gathered into places. The place to begin
with is the report that has most others within the distance; it and they are the first place. What
is left is gathered in the same way, until no report has enough others around it. Of reports with
equally many around them the most westerly is taken, of those the most southerly, so the order of
the rows changes nothing.

So every place fits in a circle of the distance around one of its own reports, which an officer can
walk to, and a report is counted once for each reason it ticks. Joining neighbours to neighbours
instead would chain a whole high street into one place.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Callable

import numpy as np
from scipy.spatial import cKDTree

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.taxonomy import REASON_CODES, Reason, reason

_SPOTS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Place:
    """A place and one reason ticked there.

    `x` and `y` are in metres, those of one of its reports; `reports` are the numbers of all its
    reports, ascending, none further off than the distance.
    """

    reason: Reason
    x: float
    y: float
    reports: Ints


@dataclass(frozen=True)
class FixList:
    """The places to be mended, the one with most reports first, and where every mention went.

    Of places with equally many reports the reason that comes first in the taxonomy goes first, of
    these the most westerly place, then the most southerly. `mentions` = `listed` + `unlisted`.
    """

    places: list[Place]
    mentions: int
    unlisted: int

    @property
    def listed(self) -> int:
        """Return how many mentions belong to a place of the list."""
        return sum(len(place.reports) for place in self.places)

    def reports_listed(self) -> int:
        """Return how many reports belong to a place of the list, each counted once."""
        return len(np.unique(np.concatenate([[], *(place.reports for place in self.places)])))


def fix_list(
    xy: Floats,
    ticks: Mapping[str, Bools],
    distance_m: float,
    minimum: int,
    tick: Tick = no_tick,
) -> FixList:
    """Gather reports into places, reason by reason, by the rule of this module.

    Args:
        xy: Reports (n, 2), finite, in metres.
        ticks: For each reason code that the reports have, whether each report ticks it (n).
        distance_m: How far a report may lie from the place's point.
        minimum: How many reports make a place.
        tick: Progress.

    Raises:
        DoesNotAddUp: a mention is lost or counted twice.
    """
    codes = [code for code in REASON_CODES if code in ticks]
    places: list[Place] = []
    mentions = unlisted = 0
    for number, code in enumerate(codes):
        ticking = np.flatnonzero(ticks[code])
        mentions += len(ticking)
        done = number / len(codes)
        place_of, middles = _gather(xy[ticking], distance_m, minimum, partial(tick, done))
        unlisted += int((place_of < 0).sum())
        order = np.argsort(place_of, kind="stable")
        first = np.searchsorted(place_of[order], np.arange(len(middles) + 1))
        places += [
            Place(reason(code), float(x), float(y), ticking[order[start:end]])
            for (x, y), start, end in zip(middles, first, first[1:])
        ]
    places.sort(
        key=lambda place: (
            -len(place.reports),
            REASON_CODES.index(place.reason.code),
            place.x,
            place.y,
        )
    )
    result = FixList(places, mentions, unlisted)
    if result.listed + unlisted != mentions:
        raise DoesNotAddUp(
            f"{mentions} mentions came in, but {result.listed + unlisted} are accounted for.",
            "Nothing was written; please report this.",
        )
    return result


def within(
    spots: Floats, xy: Floats, distance_m: float, check: Callable[[], None] = lambda: None
) -> Ints:
    """Return how many points (n, 2) lie within a distance of each spot (m, 2), limit included."""
    tree = cKDTree(xy)
    counted = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(spots), _SPOTS_AT_ONCE):
        check()
        some = spots[start : start + _SPOTS_AT_ONCE]
        counted.append(tree.query_ball_point(some, distance_m, return_length=True))
    return np.concatenate(counted).astype(np.int64)


def _gather(
    xy: Floats, distance_m: float, minimum: int, check: Callable[[], None]
) -> tuple[Ints, Floats]:
    """Return the place of each point (n), -1 for none, and the middle of each place (places, 2).

    How many untaken points a spot has around it can only fall as points are taken, so a number
    worked out earlier is an upper bound: only the spot on top is counted anew, and if it stays on
    top it is the best there is.
    """
    if not len(xy):
        return np.empty(0, dtype=np.int64), np.empty((0, 2))
    # by x, then y: the lower number is the more westerly spot, then the more southerly
    spots, spot_of, untaken = np.unique(xy, axis=0, return_inverse=True, return_counts=True)
    around = within(spots, xy, distance_m, check)
    tree = cKDTree(spots)
    place_of_spot = np.full(len(spots), -1, dtype=np.int64)
    middles: list[int] = []
    waiting = [(-int(around[spot]), int(spot)) for spot in np.flatnonzero(around >= minimum)]
    heapq.heapify(waiting)
    while waiting:
        check()
        _, spot = heapq.heappop(waiting)
        if not untaken[spot]:
            continue
        near = np.array(tree.query_ball_point(spots[spot], distance_m))
        now = int(untaken[near].sum())
        if now < minimum:
            continue
        if waiting and (-now, spot) > waiting[0]:
            heapq.heappush(waiting, (-now, spot))
            continue
        place_of_spot[near[untaken[near] > 0]] = len(middles)
        untaken[near] = 0
        middles.append(spot)
    return place_of_spot[spot_of.ravel()], spots[middles]
