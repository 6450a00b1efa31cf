# SPDX-License-Identifier: GPL-2.0-or-later
"""Published crimes do not lie where they happened, but on the nearest of a few map points.

data.police.uk moves every crime to the nearest of some 750,000 points, each above the middle of a
street, a public place such as a park, or a business, and chosen so that eight postal addresses or
none are near. So a small cell may hold a neighbour's crime, and a park that is such a point itself
either holds all the crime of its surroundings or none. Tompson and others (2015, Cartography and
Geographic Information Science 42:97) found the data trustworthy for LSOAs and larger, not below.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of

#: The mark of a crime that came from data.police.uk, among a layer's flags.
SNAPPED = "snapped"
#: Crimes may lie a few hundred metres off: what is narrower than this is too small to hold them.
#: Tried on 40 months of a county: 1,200 reports put where the crimes are, but some 100 m off,
#: give a false place in 26 % of maps with hexagons of 200 m, 23 % with 250 m, 10 % with 300 m, and
#: 6 % with 400 m or 500 m. With 5,000 reports even 500 m show what only the map points have made.
SNAPPING_M = 400.0
#: With fewer points than this, shared places tell nothing.
_MANY = 100
#: Real places repeat now and then; on map points there are several crimes on average.
_POINTS_A_PLACE = 3.0
#: A park is a map point itself if at least so many of its crimes, and such a share, lie on one.
LEAST_ON_ONE_POINT, SHARE_ON_ONE_POINT = 10, 0.5


def look_snapped(xy: Floats) -> bool:
    """Tell whether points (n, 2) share so few places that these can hardly be the true ones."""
    return len(xy) >= _MANY and len(xy) >= _POINTS_A_PLACE * len(np.unique(xy, axis=0))


def are_flagged(flags: Sequence[object]) -> bool:
    """Tell whether some of the points are flagged as snapped."""
    return any(isinstance(text, str) and SNAPPED in text.split(";") for text in set(flags))


def most_on_one_point(xy: Floats, parks: Sequence[BaseGeometry]) -> tuple[Ints, Ints]:
    """Return for each park how many points lie in it, and how many on the place that has most."""
    index = PointIndex(xy)
    inside = np.zeros(len(parks), dtype=np.int64)
    on_one = np.zeros(len(parks), dtype=np.int64)
    for number, park in enumerate(parks):
        outline = outline_of(park)
        points = index.within(outline.bounds, 0.0)
        points = points[contains(xy[points], outline)]
        if len(points):
            inside[number] = len(points)
            on_one[number] = np.unique(xy[points], axis=0, return_counts=True)[1].max()
    return inside, on_one


def are_map_points(inside: Ints, on_one: Ints) -> Ints:
    """Return which parks are themselves a map point, by what `most_on_one_point` gives."""
    enough = (on_one >= LEAST_ON_ONE_POINT) & (on_one >= SHARE_ON_ONE_POINT * inside)
    return np.flatnonzero(enough)
