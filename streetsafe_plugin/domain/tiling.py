# SPDX-License-Identifier: GPL-2.0-or-later
"""Telling a park from a tile: wards, beats and census areas cover the land edge to edge.

Parks stand apart from one another, with streets between. So a polygon that shares its edges with
named neighbours, in a neighbourhood where most do, is part of a division of the land, whatever
its columns are called.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from streetsafe_plugin.domain.arrays import Floats

#: Edges this near to one another are one edge, drawn or projected twice.
SAME_EDGE_M = 2.0
#: A park may share this much of its edge with other parks before it is looked at more closely.
_LEAST_SHARE_OF_A_TILE = 0.25
#: Where more than this much of all edges is shared, the land is divided up.
_LEAST_SHARE_OF_A_TILING = 0.5


def is_a_tile(
    site: BaseGeometry, others: Sequence[BaseGeometry], around: tuple[float, float], reach_m: float
) -> bool:
    """Tell whether a site is one of areas that lie edge to edge.

    Only edges within `reach_m` east, west, north and south of the place `around` are looked at:
    of those all neighbours are known, even if only the polygons near the place were read.

    Args:
        site: The polygon in question.
        others: The named polygons of other names that reach into the same square.
        around: The middle of the square.
        reach_m: Half its side.
    """
    x, y = around
    window = box(x - reach_m, y - reach_m, x + reach_m, y + reach_m)
    edges = [shape.boundary.intersection(window) for shape in (site, *others)]
    edges = edges[:1] + [edge for edge in edges[1:] if not edge.is_empty]
    bounds = np.array([edge.bounds or (np.nan,) * 4 for edge in edges], dtype=float)
    if edges[0].is_empty or _shared(0, edges, bounds) < _LEAST_SHARE_OF_A_TILE * edges[0].length:
        return False
    shared = sum(_shared(number, edges, bounds) for number in range(len(edges)))
    return bool(shared > _LEAST_SHARE_OF_A_TILING * sum(edge.length for edge in edges))


def _shared(number: int, edges: Sequence[BaseGeometry], bounds: Floats) -> float:
    """Return the length of an edge that runs along others."""
    west, south, east, north = bounds[number] + np.array([-1, -1, 1, 1]) * SAME_EDGE_M
    meets = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    meets &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    meets[number] = False
    neighbours = [edges[other] for other in np.flatnonzero(meets)]
    if not neighbours:
        return 0.0
    along = unary_union(neighbours).buffer(SAME_EDGE_M)
    return float(edges[number].intersection(along).length)
