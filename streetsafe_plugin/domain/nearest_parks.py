# SPDX-License-Identifier: GPL-2.0-or-later
"""The park nearest to each place, however far off it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.edges import nearest_park
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of

_FIRST_REACH_M = 2_000.0
_FURTHER = 8.0


def nearest_parks(xy: Floats, parks: Sequence[BaseGeometry]) -> tuple[Ints, Floats]:
    """Return the number (n) of each point's nearest park, and how far off its edge is in metres.

    The distance is 0 in a park and on its edge. Where several parks hold a point or are equally
    near, the first of them is taken. Most points are near a park, so that is where to look
    first; the rest look further.

    Args:
        xy: Points (n, 2), finite, in metres.
        parks: Valid polygons in the same metres, at least one.

    Raises:
        ValueError: there is no park.
    """
    if not parks:
        raise ValueError("without parks none is the nearest")
    outlines = [outline_of(park) for park in parks]
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
    return owner, metres
