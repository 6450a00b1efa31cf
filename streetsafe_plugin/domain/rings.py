# SPDX-License-Identifier: GPL-2.0-or-later
"""Which park and which ring a report belongs to.

The rule, in the words the manual uses: ring 0 is the park itself, edge included. Ring 1 reaches
from the edge to the first distance, that distance included, and so on. A report belongs to the
park whose edge is nearest to it; where parks overlap or are equally near, to the smaller one, and
of parks of the same size to the one whose park_id comes first. So the order of the parks changes
nothing. With *shared* rings a report outside all parks belongs to the ring of every park it is
near enough to; inside the parks there is no sharing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Union

import numpy as np
from scipy.optimize import brentq
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.edges import nearest_park
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import PointIndex, buffered, contains, distances, outline_of
from streetsafe_plugin.domain.precedence import by_precedence
from streetsafe_plugin.domain.progress import Tick, no_tick

#: Wider than any walk to a park; a larger number is a slip.
GREATEST_DISTANCE_M = 50_000.0
MOST_RINGS = 20


class Overlap(Enum):
    """What happens where the rings of two parks overlap."""

    NEAREST = "nearest"
    SHARED = "shared"


@dataclass(frozen=True)
class Belonging:
    """Which reports belong to which park's ring.

    The three arrays run side by side, ordered by report: report `reports[k]` belongs to ring
    `rings[k]` of park `parks[k]`. With *nearest* a report occurs at most once, with *shared*
    once for every park it is near to. `count` is how many reports were looked at.
    """

    reports: Ints
    parks: Ints
    rings: Ints
    count: int

    def inside(self) -> int:
        """Return how many reports lie in a park, each counted once."""
        return len(np.unique(self.reports[self.rings == 0]))

    def in_rings(self) -> int:
        """Return how many reports lie in some ring but in no park, each counted once."""
        return len(np.unique(self.reports[self.rings > 0]))


def parse_distances(text: str) -> tuple[float, ...]:
    """Read ring distances such as "100, 250, 400", in metres, and sort them.

    Raises:
        InputRefused: there is none, or one is not a number, not positive, given twice or absurd.
    """
    pieces = [piece for piece in re.split(r"[,;\s]+", text.strip()) if piece]
    remedy = "Write them in metres, such as 100,250,400."
    if not pieces:
        raise InputRefused("DISTANCES holds no distance.", remedy)
    found = []
    for piece in pieces:
        try:
            distance = float(piece)
        except ValueError:
            raise InputRefused(f"DISTANCES: “{piece}” is not a number.", remedy) from None
        if not math.isfinite(distance) or distance <= 0:
            raise InputRefused(f"DISTANCES: {piece} is not a distance above 0.", remedy)
        if distance > GREATEST_DISTANCE_M:
            raise InputRefused(
                f"DISTANCES: {piece} is more than {GREATEST_DISTANCE_M:g} m.", remedy
            )
        found.append(distance)
    if len(set(found)) < len(found):
        raise InputRefused("DISTANCES names a distance twice.", "Name each one once.")
    if len(found) > MOST_RINGS:
        raise InputRefused(
            f"DISTANCES names {len(found)} distances.", f"Name {MOST_RINGS} at most."
        )
    return tuple(sorted(found))


#: Outer distances of rings, ascending: one list for all parks, or one for each park.
Limits = Union[Sequence[float], Sequence[Sequence[float]]]


def limits_of(limits_m: Limits, parks: int) -> Floats:
    """Return the outer distances by park and ring, (parks, rings)."""
    given = np.array(limits_m, dtype=float)
    return np.broadcast_to(given, (parks, given.shape[-1]))


def area_matched_limits(park: BaseGeometry, multiples: Sequence[float]) -> tuple[float, ...]:
    """Return the distances within which the ground around a park is so many times its own area.

    Neighbours and their rings are left aside. True to 0.01 % of the area.

    Args:
        park: A polygon with an area.
        multiples: How many times the park's own area, ascending.
    """

    def lacking(distance: float, multiple: float) -> float:
        return float(buffered(park, distance).area / park.area) - 1 - multiple

    found = []
    for multiple in multiples:
        # no shape has less ground around it than a disc has
        furthest = math.sqrt((1 + multiple) * park.area / math.pi)
        found.append(brentq(lacking, 0.0, furthest, args=(multiple,), rtol=1e-5))
    return tuple(found)


def ring_limits(limits_m: Sequence[float]) -> list[tuple[float, float]]:
    """Return the inner and outer distance of every ring, the park itself first as (0, 0)."""
    return [(0.0, 0.0), *zip((0.0, *limits_m), limits_m)]


def assign(
    xy: Floats,
    parks: Sequence[BaseGeometry],
    limits_m: Limits,
    overlap: Overlap = Overlap.NEAREST,
    tick: Tick = no_tick,
    ids: Sequence[str] | None = None,
) -> Belonging:
    """Find the parks and rings that points belong to, by the rule of this module.

    Distances are true distances to the park's edge, not to a buffer's polygon. Points and edges
    are found through indices, so the work does not grow with points times parks.

    Args:
        xy: Points (n, 2), finite, in metres.
        parks: Valid polygons in the same metres.
        limits_m: Outer distances of the rings, ascending; one list for all parks or one for each.
        overlap: Whether a report between two parks goes to the nearest or to both.
        tick: Progress.
        ids: The parks' park_ids, by which `by_precedence` chooses between parks of the same size.

    Returns:
        The belonging of all n points, with the parks numbered as they are given.
    """
    limits = limits_of(limits_m, len(parks))
    if not len(parks) or not len(xy):
        nothing = np.empty(0, np.int64)
        return Belonging(nothing, nothing, nothing, len(xy))
    find = _nearest if overlap is Overlap.NEAREST else _all_near
    order = by_precedence(parks, ids)
    in_order = [parks[number] for number in order]
    points, places, metres = find(xy, in_order, float(limits.max()), tick)
    owners = order[places]
    # a park's own rings may end before the widest ones do
    kept = metres <= limits[owners, -1]
    points, owners, metres = points[kept], owners[kept], metres[kept]
    inner = np.column_stack((np.zeros(len(parks)), limits))
    rings = (metres[:, None] > inner[owners]).sum(axis=1)
    return Belonging(points, owners, rings.astype(np.int64), len(xy))


def _nearest(
    xy: Floats, parks: Sequence[BaseGeometry], reach_m: float, tick: Tick
) -> tuple[Ints, Ints, Floats]:
    """Return points within reach of a park, the nearest park, and how far off it is.

    Where several hold a point or are as near, it is the first of the parks given.
    """
    outlines = [outline_of(park) for park in parks]
    index = PointIndex(xy)
    owner = np.full(len(xy), -1, dtype=np.int64)
    around = np.zeros(len(xy), dtype=bool)
    for number, outline in enumerate(outlines):
        tick(number / len(parks) / 2)
        around[index.within(outline.bounds, reach_m)] = True
        points = index.within(outline.bounds, 0.0)
        points = points[owner[points] < 0]
        owner[points[contains(xy[points], outline)]] = number
    metres = np.where(owner >= 0, 0.0, np.inf)
    outside = np.flatnonzero(around & (owner < 0))
    owner[outside], metres[outside] = nearest_park(
        xy[outside], outlines, reach_m, lambda share: tick(0.5 + share / 2)
    )
    points = np.flatnonzero(owner >= 0)
    return points, owner[points], metres[points]


def _all_near(
    xy: Floats, parks: Sequence[BaseGeometry], reach_m: float, tick: Tick
) -> tuple[Ints, Ints, Floats]:
    """Return points with every park in whose reach they are; inside a park, with that alone.

    Where several parks hold a point, it is the first of those given.
    """
    index = PointIndex(xy)
    near_points, near_parks, near_distances = [], [], []
    for number, park in enumerate(parks):
        tick(number / len(parks))
        outline = outline_of(park)
        points = index.within(outline.bounds, reach_m)
        distance = distances(xy[points], outline, reach_m)
        reached = np.isfinite(distance)
        near_points.append(points[reached])
        near_parks.append(np.full(int(reached.sum()), number, dtype=np.int64))
        near_distances.append(distance[reached])
    points, owners = np.concatenate(near_points), np.concatenate(near_parks)
    metres = np.concatenate(near_distances)
    # by point, then distance, then precedence: the first of each point is the one that has it
    order = np.lexsort((owners, metres, points))
    points, owners, metres = points[order], owners[order], metres[order]
    nearest = np.ones(len(points), dtype=bool)
    nearest[1:] = points[1:] != points[:-1]
    kept = nearest | (_of_nearest(metres, nearest) > 0)
    return points[kept], owners[kept], metres[kept]


def within_any(xy: Floats, areas: Sequence[BaseGeometry], tick: Tick = no_tick) -> Bools:
    """Tell for each point (n, 2) whether it lies in one of the areas, their edges included."""
    index = PointIndex(xy)
    found = np.zeros(len(xy), dtype=bool)
    for number, area in enumerate(areas):
        tick(number / len(areas))
        outline = outline_of(area)
        points = index.within(outline.bounds, 0.0)
        points = points[~found[points]]
        found[points[contains(xy[points], outline)]] = True
    return found


def _of_nearest(metres: Floats, nearest: Bools) -> Floats:
    """Return for every pair the distance of its point's nearest park."""
    of_nearest: Floats = metres[np.flatnonzero(nearest)[np.cumsum(nearest) - 1]]
    return of_nearest
