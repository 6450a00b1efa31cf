# SPDX-License-Identifier: GPL-2.0-or-later
"""The rings around parks as polygons, drawn by the same rule that counts the reports.

The park's own polygon is ring 0; where parks overlap, the smaller one has the overlap, and of parks
of the same size the one whose park_id comes first. All parks are cut out of all rings. Where rings
of neighbours overlap they are either left whole (*shared*) or split along the line that is equally
far from both edges (*nearest*).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.geometry import (
    buffered,
    only_area,
    union,
)
from streetsafe_plugin.domain.nearest_cells import nearest_cells
from streetsafe_plugin.domain.parallel import in_parallel
from streetsafe_plugin.domain.precedence import by_precedence
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.rings import Limits, Overlap, limits_of

#: How far the areas of split rings may miss the ground they share out.
AREA_TOLERANCE = 0.001


def ring_shapes(
    parks: Sequence[BaseGeometry],
    limits_m: Limits,
    overlap: Overlap = Overlap.NEAREST,
    tick: Tick = no_tick,
    ids: Sequence[str] | None = None,
) -> list[list[BaseGeometry]]:
    """Return for each park its own ground and its rings, as multipolygons.

    Args:
        parks: Valid polygons in metres.
        limits_m: Outer distances of the rings, ascending; one list for all parks or one for each.
        overlap: Whether overlapping rings are split or left whole.
        tick: Progress.
        ids: The parks' park_ids, by which `by_precedence` chooses between parks of the same size.

    Returns:
        One list a park, in the order given: ring 0, then one ring for each distance. A shape is
        empty where other parks leave nothing of it. With *nearest* no two shapes overlap.

    Raises:
        DoesNotAddUp: split rings miss the ground they share out.
    """
    if not parks:
        return []
    order = by_precedence(parks, ids)
    parks, limits = [parks[number] for number in order], limits_of(limits_m, len(parks))[order]
    reach = float(limits.max())
    splits = overlap is Overlap.NEAREST
    cells = nearest_cells(parks, reach, lambda share: tick(share / 2)) if splits else None
    near = _Neighbours(parks, reach)

    def draw(number: int) -> tuple[list[BaseGeometry], BaseGeometry]:
        drawn = _Rings(parks, number, cells.joined[number] if cells else near.of(number))
        if cells:
            drawn.keep_to(cells.shapes[number], float(cells.gaps[number]) / 2)
        return [drawn.park(), *drawn.rings(limits[number])], drawn.zone

    result, zones = [], []
    for number, (shapes, zone) in enumerate(in_parallel(draw, range(len(parks)))):
        tick(0.5 + 0.4 * number / len(parks))
        result.append(shapes)
        zones.append(zone)
    if splits:
        _require_sum(zones, result, limits)
    return [result[place] for place in np.argsort(order)]


class _Rings:
    """The rings of one park, without the ground of others."""

    def __init__(self, parks: Sequence[BaseGeometry], number: int, others: Sequence[int]) -> None:
        """Keep the park and the others whose ground its rings may reach."""
        self._park = parks[number]
        self._earlier = [parks[other] for other in others if other < number]
        self._others = [parks[other] for other in others]
        self._cell: BaseGeometry | None = None
        self._free_m = math.inf
        #: All ground within reach, whether it is nearest to this park or not.
        self.zone: BaseGeometry = self._park

    def keep_to(self, cell: BaseGeometry | None, free_m: float) -> None:
        """Draw only what is nearest to the park; all is that lies within `free_m` of it."""
        self._cell, self._free_m = cell, free_m

    def park(self) -> BaseGeometry:
        """Return the park's own ground."""
        return only_area(_less(self._park, self._earlier))

    def rings(self, limits: Sequence[float]) -> list[BaseGeometry]:
        """Return one ring for each distance."""
        self.zone = buffered(self._park, limits[-1])
        if self._cell is not None and self._others:
            # taken out of the cell once instead of out of every ring
            self._cell = only_area(_less(self._cell.intersection(self.zone), self._others))
            self._others = []
        inner, found = self._park, []
        for limit in limits:
            if self._cell is not None and (self._cell.is_empty or inner.contains(self._cell)):
                found.append(MultiPolygon())
                continue
            outer = self.zone if limit == limits[-1] else buffered(self._park, limit)
            ring, inner = _between(inner, outer), outer
            if self._cell is not None and limit > self._free_m:
                ring = ring.intersection(self._cell)
            found.append(only_area(_less(ring, self._others)))
        return found


def cut_at(rings: Sequence[Sequence[BaseGeometry]], area: BaseGeometry) -> list[list[BaseGeometry]]:
    """Return the parts of parks and rings that lie in an area; empty where nothing does."""
    return [[only_area(ring.intersection(area)) for ring in of_park] for of_park in rings]


def _less(shape: BaseGeometry, others: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return a shape without others: one by one, which is quicker than joining them first."""
    for other in others:
        shape = shape.difference(other)
    return shape


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
    """Which parks are near enough to each other for the rings of one to reach the other."""

    def __init__(self, parks: Sequence[BaseGeometry], reach_m: float) -> None:
        """Keep the parks' boxes."""
        self._boxes = np.array([park.bounds for park in parks])
        self._gap = reach_m

    def of(self, number: int) -> list[int]:
        """Return the parks that a park's rings may reach, in the order given."""
        west, south, east, north = self._boxes[number]
        boxes, gap = self._boxes, self._gap
        meets = (boxes[:, 0] <= east + gap) & (boxes[:, 2] >= west - gap)
        meets &= (boxes[:, 1] <= north + gap) & (boxes[:, 3] >= south - gap)
        meets[number] = False
        return [int(other) for other in np.flatnonzero(meets)]


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
