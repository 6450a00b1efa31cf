# SPDX-License-Identifier: GPL-2.0-or-later
"""The rings around parks as polygons, drawn by the same rule that counts the reports.

The park's own polygon is ring 0; where parks overlap, the later one in the layer loses the
overlap. All parks are cut out of all rings. Where rings of neighbours overlap they are either
left whole (*shared*) or split along the line that is equally far from both edges (*nearest*).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.geometry import (
    buffered,
    only_area,
    union,
)
from streetsafe_plugin.domain.nearest_cells import Cells, nearest_cells
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.rings import Limits, Overlap, limits_of

#: How far the areas of split rings may miss the ground they share out.
AREA_TOLERANCE = 0.001


def ring_shapes(
    parks: Sequence[BaseGeometry],
    limits_m: Limits,
    overlap: Overlap = Overlap.NEAREST,
    tick: Tick = no_tick,
) -> list[list[BaseGeometry]]:
    """Return for each park its own ground and its rings, as multipolygons.

    Args:
        parks: Valid polygons in layer order, in metres.
        limits_m: Outer distances of the rings, ascending; one list for all parks or one for each.
        overlap: Whether overlapping rings are split or left whole.
        tick: Progress.

    Returns:
        One list a park: ring 0, then one ring for each distance. A shape is empty where other
        parks leave nothing of it. With *nearest* no two shapes overlap.

    Raises:
        DoesNotAddUp: split rings miss the ground they share out.
    """
    if not parks:
        return []
    limits = limits_of(limits_m, len(parks))
    reach = float(limits.max())
    neighbours = _Neighbours(parks, reach)
    splits = overlap is Overlap.NEAREST
    cells = nearest_cells(parks, reach, lambda share: tick(share / 2)) if splits else None
    result, zones = [], []
    for number, park in enumerate(parks):
        tick(0.5 + 0.4 * number / len(parks))
        near = neighbours.of(number)
        own = only_area(park.difference(union([parks[other] for other in near if other < number])))
        drawn = _Rings(number, parks, near, cells)
        result.append([own, *drawn.rings(limits[number])])
        zones.append(drawn.zone)
    if splits:
        _require_sum(zones, result, limits)
    return result


class _Rings:
    """The rings of one park."""

    def __init__(
        self, number: int, parks: Sequence[BaseGeometry], near: Ints, cells: Cells | None
    ) -> None:
        """Keep the park with what its rings must leave out."""
        self._park = parks[number]
        self._others = [parks[other] for other in near]
        self._cell = cells.shapes[number] if cells else None
        self._free_m = float(cells.gaps[number]) / 2 if cells else 0.0
        #: All ground within reach, whether it is nearest to this park or not.
        self.zone: BaseGeometry = self._park

    def rings(self, limits: Sequence[float]) -> list[BaseGeometry]:
        """Return one ring for each distance."""
        found = []
        for limit in limits:
            inner, self.zone = self.zone, buffered(self._park, limit)
            ring = _between(inner, self.zone)
            if self._cell is not None and limit > self._free_m:
                ring = ring.intersection(self._cell)
            found.append(only_area(self._without_parks(ring, limit)))
        return found

    def _without_parks(self, ring: BaseGeometry, limit: float) -> BaseGeometry:
        """Return a ring without the ground of other parks.

        Ground that is nearest to this park holds none of another one, unless they touch.
        """
        if not self._others or (self._cell is not None and self._free_m > 0):
            return ring
        return ring.difference(union(self._others))


def _between(inner: BaseGeometry, outer: BaseGeometry) -> BaseGeometry:
    """Return what a zone holds beyond the next smaller one, without overlaying if that is plain."""
    simple = (
        inner.geom_type == outer.geom_type == "Polygon"
        and not inner.interiors
        and not outer.interiors
    )
    if simple:
        return Polygon(outer.exterior.coords, [inner.exterior.coords])
    return outer.difference(inner)


class _Neighbours:
    """Which parks are near enough to each other for their rings to meet."""

    def __init__(self, parks: Sequence[BaseGeometry], reach_m: float) -> None:
        """Keep the parks' boxes."""
        self._boxes = np.array([park.bounds for park in parks])
        self._gap = 2 * reach_m

    def of(self, number: int) -> Ints:
        """Return the parks whose rings may meet a park's, in layer order."""
        west, south, east, north = self._boxes[number]
        boxes, gap = self._boxes, self._gap
        meets = (boxes[:, 0] <= east + gap) & (boxes[:, 2] >= west - gap)
        meets &= (boxes[:, 1] <= north + gap) & (boxes[:, 3] >= south - gap)
        meets[number] = False
        return np.flatnonzero(meets)


def _require_sum(
    zones: Sequence[BaseGeometry], shapes: Sequence[Sequence[BaseGeometry]], limits: Floats
) -> None:
    """Withhold rings whose areas do not add up to the ground within reach of the parks."""
    if (limits != limits[0]).any():
        return  # ground within reach of one park may be nearest to another with a shorter reach
    expected = union(list(zones)).area
    found = sum(shape.area for rings in shapes for shape in rings)
    if abs(found - expected) > AREA_TOLERANCE * expected:
        raise DoesNotAddUp(
            f"The rings add up to {found / 1e4:,.1f} ha where {expected / 1e4:,.1f} ha lie within"
            " reach.",
            "Choose shared rings, and please report this.",
        )
