# SPDX-License-Identifier: GPL-2.0-or-later
"""Is there a pattern to map at all? Distances to the nearest other place, held against chance.

Clark and Evans (1954), *Ecology* 35:445–453, compare the mean distance from each place to the
nearest other with that of places strewn by chance over an endless plain. Places near the edge of a
real area have part of their neighbours cut off, which Donnelly (1978) allows for; both are given.
The verdict comes from neither, but from the same figure of places drawn by chance on the same
ground, so that its shape and its edge count as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import norm

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.random_places import Ground, rectangle_areas, rectangle_for

#: With fewer places not even a strong pattern would show: if all of them lay within one quarter of
#: the ground, the test would miss it more often than once in five.
FEWEST = 9
#: More places than this are not simulated: it would take long, and the normal curve is as good.
MOST_SIMULATED = 5_000
RUNS = 999
#: The work of all runs together; more places get fewer runs, at least `_FEWEST_RUNS`.
_PLACES_OF_ALL_RUNS = 1_000_000
_FEWEST_RUNS = 199
_PLACES_AT_A_TIME = 20_000
LEVEL = 0.05
SEED = 1954


class Verdict(Enum):
    """What the distances allow to be said; the value is the word in the results."""

    CLUSTERED = "clustered"
    DISPERSED = "dispersed"
    NOT_DISTINGUISHABLE = "not_distinguishable"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Clustering:
    """How near places lie to one another, and what that allows to be said.

    `count` places on `ground`, `outside` of them left out, of the others `sharing` lie where
    another lies too. Distances in metres; the index is the mean distance over the expected one and
    below 1 where places lie together, `corrected` for the edge; None for what so few places do not
    give. `p` is two-sided,
    from `runs` simulations, or from Donnelly's z where `runs` is 0.
    """

    count: int
    outside: int
    sharing: int
    ground: Ground | None
    mean: float | None = None
    expected: float | None = None
    expected_corrected: float | None = None
    index: float | None = None
    z: float | None = None
    index_corrected: float | None = None
    z_corrected: float | None = None
    p: float | None = None
    runs: int = 0
    verdict: Verdict = Verdict.TOO_FEW


def clustering(xy: Floats, area: Ground | None = None, tick: Tick = no_tick) -> Clustering:
    """Return whether places lie together, apart, or as chance would have them.

    Args:
        xy: (n, 2) finite places in metres.
        area: the ground they could have been on; without it, `rectangle_for` them, which every
            simulated set of places gets for itself in the same way.
        tick: told the share done; may raise `Cancelled`.

    Raises:
        InputRefused: without an area, and all places lie in one line or one place.
    """
    inside = np.ones(len(xy), dtype=bool) if area is None else area.holds(xy)
    xy, outside = xy[inside], int((~inside).sum())
    _, repeats = np.unique(xy, axis=0, return_counts=True)
    sharing = int(repeats[repeats > 1].sum())
    if len(xy) < 2:
        return Clustering(len(xy), outside, sharing, area)
    ground = area or rectangle_for(xy)
    if not ground.area_m2 > 0:
        raise InputRefused(
            f"The {len(xy)} points lie in one line or one place, so they say nothing of an area.",
            "Give the area they could have been in.",
        )
    return _tested(xy, ground, area is not None, outside, sharing, tick)


def _tested(
    xy: Floats, ground: Ground, is_stated: bool, outside: int, sharing: int, tick: Tick
) -> Clustering:
    count, mean = len(xy), float(mean_nearest(xy[np.newaxis])[0])
    expected, error = by_clark_and_evans(count, ground.area_m2)
    expected_corrected, error_corrected = by_donnelly(count, ground.area_m2, ground.perimeter_m)
    z_corrected = (mean - expected_corrected) / error_corrected
    p, runs = None, 0
    if count > MOST_SIMULATED:
        p = float(2 * norm.sf(abs(z_corrected)))
        below = z_corrected < 0
    elif count >= FEWEST:
        runs = min(RUNS, max(_FEWEST_RUNS, _PLACES_OF_ALL_RUNS // count))
        by_chance = _simulated(count, ground, is_stated, runs, tick)
        p, below = _rank(mean / expected, by_chance)
    verdict = Verdict.TOO_FEW
    if p is not None:
        together = Verdict.CLUSTERED if below else Verdict.DISPERSED
        verdict = together if p <= LEVEL else Verdict.NOT_DISTINGUISHABLE
    return Clustering(
        count,
        outside,
        sharing,
        ground,
        mean,
        expected,
        expected_corrected,
        mean / expected,
        (mean - expected) / error,
        mean / expected_corrected,
        z_corrected,
        p,
        runs,
        verdict,
    )


def mean_nearest(sets: Floats) -> Floats:
    """Return for each set of places (sets, n, 2), n at least 2, the mean distance to the nearest.

    All sets are asked at once, each on a floor of its own, far from the others'.
    """
    count = sets.shape[1]
    floor = 10 * (1 + float(np.ptp(sets, axis=(0, 1)).max()))
    heights = np.repeat(np.arange(len(sets)) * floor, count)
    stacked = np.column_stack((sets.reshape(-1, 2), heights))
    nearest, _ = cKDTree(stacked).query(stacked, k=[2])
    return np.asarray(nearest.reshape(-1, count).mean(axis=1))


def by_clark_and_evans(count: int, area_m2: float) -> tuple[float, float]:
    """Return the mean distance that chance would give without an edge, and its standard error."""
    return 0.5 / math.sqrt(count / area_m2), 0.26136 / math.sqrt(count**2 / area_m2)


def by_donnelly(count: int, area_m2: float, perimeter_m: float) -> tuple[float, float]:
    """Return the mean distance that chance would give within an edge, and its standard error."""
    expected = 0.5 * math.sqrt(area_m2 / count) + (0.0514 + 0.041 / math.sqrt(count)) * (
        perimeter_m / count
    )
    variance = 0.0703 * area_m2 / count**2 + 0.037 * perimeter_m * math.sqrt(area_m2 / count**5)
    return expected, math.sqrt(variance)


def _simulated(count: int, ground: Ground, is_stated: bool, runs: int, tick: Tick) -> Floats:
    """Return the index of each of many sets of places drawn by chance."""
    drawn = ground.draw(count * runs, np.random.default_rng(SEED), lambda done: tick(done / 3))
    sets = drawn.reshape(runs, count, 2)
    at_a_time = max(1, _PLACES_AT_A_TIME // count)
    found: list[Floats] = []
    for start in range(0, runs, at_a_time):
        tick(1 / 3 + 2 / 3 * start / runs)
        found.append(mean_nearest(sets[start : start + at_a_time]))
    areas = np.full(runs, ground.area_m2) if is_stated else rectangle_areas(sets)
    index: Floats = np.concatenate(found) / (0.5 * np.sqrt(areas / count))
    return index


def _rank(index: float, by_chance: Floats) -> tuple[float, bool]:
    """Return the exact two-sided p of a rank among simulated ones, and whether it is a low one."""
    low = (1 + int((by_chance <= index).sum())) / (len(by_chance) + 1)
    high = (1 + int((by_chance >= index).sum())) / (len(by_chance) + 1)
    return min(1.0, 2 * min(low, high)), low < high
