# SPDX-License-Identifier: GPL-2.0-or-later
"""The park nearest to each place, however far off it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.edges import nearest_park
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of
from streetsafe_plugin.domain.precedence import by_precedence

_FIRST_REACH_M = 2_000.0
_FURTHER = 8.0


def nearest_parks(
    xy: Floats, parks: Sequence[BaseGeometry], ids: Sequence[str] | None = None
) -> tuple[Ints, Floats]:
    """Return the number (n) of each point's nearest park, and how far off its edge is in metres.

    The distance is 0 in a park and on its edge. Where several parks hold a point or are equally
    near, `by_precedence` says which is taken. Most points are near a park, so that is where to look
    first; the rest look further.

    Args:
        xy: Points (n, 2), finite, in metres.
        parks: Valid polygons in the same metres.
        ids: The parks' park_ids, by which `by_precedence` chooses between parks of the same size.

    Returns:
        Numbers and distances; -1 and infinite where there is no park at all.
    """
    if not parks:
        return np.full(len(xy), -1, dtype=np.int64), np.full(len(xy), np.inf)
    order = np.asarray(by_precedence(parks, ids))
    outlines = [outline_of(parks[number]) for number in order]
    owner = np.full(len(xy), -1, dtype=np.int64)
    index = PointIndex(xy)
    for number, outline in enumerate(outlines):
        points = index.within(outline.bounds, 0.0)
        points = points[owner[points] < 0]
        owner[points[contains(xy[points], outline)]] = number
    metres = np.where(owner >= 0, 0.0, np.inf)
    reach = _FIRST_REACH_M
    waiting = np.flatnonzero(owner < 0)
    while len(waiting):
        owner[waiting], metres[waiting] = nearest_park(xy[waiting], outlines, reach)
        waiting = waiting[owner[waiting] < 0]
        reach *= _FURTHER
    return order[owner], metres
