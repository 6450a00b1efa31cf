# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of many areas, such as wards, a point lies in: one at most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of
from streetsafe_plugin.domain.progress import Tick, no_tick


def area_of(xy: Floats, areas: Sequence[BaseGeometry], tick: Tick = no_tick) -> Ints:
    """Return the number (n) of the area that holds each point (n, 2); -1 where none does.

    An edge belongs to the area. A point on a shared edge, or where areas overlap, lies in the one
    that comes first.
    """
    index = PointIndex(xy)
    found = np.full(len(xy), -1, dtype=np.int64)
    for number, area in enumerate(areas):
        tick(number / len(areas))
        outline = outline_of(area)
        points = index.within(outline.bounds, 0.0)
        points = points[found[points] < 0]
        found[points[contains(xy[points], outline)]] = number
    return found
