# SPDX-License-Identifier: GPL-2.0-or-later
"""The park nearest to a place, and how far off it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.edges import nearest_park
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of


def nearest_parks(xy: Floats, parks: Sequence[BaseGeometry]) -> tuple[Ints, Floats]:
    """Return which park is nearest to each place (n, 2), and the metres to its edge, 0 inside.

    Of parks equally near the first is taken. Without a park, -1 and an infinite distance.
    """
    nearest = np.full(len(xy), -1, dtype=np.int64)
    metres = np.full(len(xy), np.inf)
    if not len(parks) or not len(xy):
        return nearest, metres
    outlines = [outline_of(park) for park in parks]
    index = PointIndex(xy)
    for number, outline in enumerate(outlines):
        around = index.within(outline.bounds, 0.0)
        around = around[nearest[around] < 0]
        nearest[around[contains(xy[around], outline)]] = number
    metres[nearest >= 0] = 0.0
    outside = nearest < 0
    nearest[outside], metres[outside] = nearest_park(xy[outside], outlines, np.inf)
    return nearest, metres
