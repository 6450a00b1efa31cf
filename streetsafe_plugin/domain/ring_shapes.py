# SPDX-License-Identifier: GPL-2.0-or-later
"""The rings around parks as polygons, drawn by the same rule that counts the reports.

The park's own polygon is ring 0; where parks overlap, the later one in the layer loses the
overlap. All parks are cut out of all rings. Where rings of neighbours overlap they are either
left whole (*shared*) or split along the line that is equally far from both edges (*nearest*).

That line is made of straight pieces and parabolas. It is drawn as the border between the Voronoi
cells of points set closely along the edges: the spacing is a sixteenth of the gap to the next
park, which keeps the line within about a thousandth of the gap of where it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import Voronoi
from shapely.geometry import MultiLineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, unary_union

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.geometry import (
    buffered,
    distances,
    only_area,
    outline_of,
    squares_to_edges,
    union,
)
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.rings import Overlap

#: How far the areas of split rings may miss the ground they share out.
AREA_TOLERANCE = 0.001
_SPACINGS_PER_GAP = 16.0
_FINEST_SHARE = 1 / 1000  # of the greatest distance: where parks touch the gap is 0
_COARSEST_SHARE = 1 / 8


def ring_shapes(
    parks: Sequence[BaseGeometry],
    limits_m: Sequence[float],
    overlap: Overlap = Overlap.NEAREST,
    tick: Tick = no_tick,
) -> list[list[BaseGeometry]]:
    """Return for each park its own ground and its rings, as multipolygons.

    Args:
        parks: Valid polygons in layer order, in metres.
        limits_m: Outer distances of the rings, ascending.
        overlap: Whether overlapping rings are split or left whole.
        tick: Progress.

    Returns:
        One list a park: ring 0, then one ring for each distance. A shape is empty where other
        parks leave nothing of it. With *nearest* no two shapes overlap.
    """
    neighbourhood = _Neighbourhood(parks, limits_m[-1])
    splits = overlap is Overlap.NEAREST
    borders = neighbourhood.borders(lambda share: tick(share / 2)) if splits else {}
    result = []
    for number, park in enumerate(parks):
        tick((1 + number / len(parks)) / 2)
        near = neighbourhood.neighbours[number]
        own = only_area(park.difference(union([parks[other] for other in near if other < number])))
        ground = union([park, *(parks[other] for other in near)])
        zones = [buffered(park, limit) for limit in limits_m]
        if number in borders:
            cell = neighbourhood.cell(number, zones[-1], borders[number])
            zones = [zone.intersection(cell) for zone in zones]
        shapes = [own]
        for inner, outer in zip([ground, *zones], zones):
            shapes.append(only_area(outer.difference(union([inner, ground]))))
        result.append(shapes)
    if overlap is Overlap.NEAREST:
        _require_sum(parks, limits_m[-1], result)
    return result


def _require_sum(
    parks: Sequence[BaseGeometry], reach_m: float, shapes: Sequence[Sequence[BaseGeometry]]
) -> None:
    """Withhold rings whose areas do not add up to the ground within reach of the parks."""
    expected = union([buffered(park, reach_m) for park in parks]).area
    found = sum(shape.area for zones in shapes for shape in zones)
    if abs(found - expected) > AREA_TOLERANCE * expected:
        raise DoesNotAddUp(
            f"The rings add up to {found / 1e4:,.1f} ha where {expected / 1e4:,.1f} ha lie within"
            " reach: some of these parks touch or enclose one another.",
            "Join such parks to one, or choose shared rings.",
        )


@dataclass(frozen=True)
class _Edges:
    """Pieces of park edges short enough to stand for the whole edge: a point each, and its park."""

    xy: Floats
    park: Ints


class _Neighbourhood:
    """Which parks are near enough to each other for their rings to meet, and where they meet."""

    def __init__(self, parks: Sequence[BaseGeometry], reach_m: float) -> None:
        """Find the neighbours of every park by their boxes."""
        self._outlines = [outline_of(park) for park in parks]
        self._reach = reach_m
        boxes = np.array([outline.bounds for outline in self._outlines]).reshape(-1, 4)
        self.neighbours: list[Ints] = []
        for number, (west, south, east, north) in enumerate(boxes):
            gap = 2 * reach_m
            meets = (boxes[:, 0] <= east + gap) & (boxes[:, 2] >= west - gap)
            meets &= (boxes[:, 1] <= north + gap) & (boxes[:, 3] >= south - gap)
            meets[number] = False
            self.neighbours.append(np.flatnonzero(meets))

    def borders(self, tick: Tick) -> dict[int, BaseGeometry]:
        """Return, for every park whose rings may meet another's, the border of what is nearest."""
        result = {}
        for cluster in self._clusters():
            lines: dict[int, list[Floats]] = {number: [] for number in cluster}
            for first, second, line in _cell_borders(self._edges_of(cluster, tick), self._reach):
                lines[first].append(line)
                lines[second].append(line)
            for number in cluster:
                result[number] = MultiLineString(lines[number])
        return result

    def cell(self, number: int, zone: BaseGeometry, border: BaseGeometry) -> BaseGeometry:
        """Return the part of a park's zone that is nearer to it than to any other park."""
        faces = list(polygonize(unary_union([zone.boundary, border])))
        middles = np.array([_middle(face) for face in faces]).reshape(-1, 2)
        own = self._nearest_is(number, middles)
        return union([face for face, is_own in zip(faces, own) if is_own])

    def _nearest_is(self, number: int, xy: Floats) -> Bools:
        """Tell which points belong to a park by the rule that counts the reports."""
        distance = distances(xy, self._outlines[number], np.inf)
        own = np.isfinite(distance)
        for other in self.neighbours[number]:
            to_other = distances(xy, self._outlines[other], np.inf)
            own &= (distance < to_other) | ((distance == to_other) & (number < other))
        return own

    def _clusters(self) -> list[list[int]]:
        """Return the groups of parks that are neighbours directly or through others."""
        waiting = {number for number, near in enumerate(self.neighbours) if len(near)}
        clusters = []
        while waiting:
            cluster: list[int] = []
            frontier = [waiting.pop()]
            while frontier:
                number = frontier.pop()
                cluster.append(number)
                new = waiting.intersection(self.neighbours[number].tolist())
                waiting -= new
                frontier.extend(new)
            clusters.append(sorted(cluster))
        return clusters

    def _edges_of(self, cluster: list[int], tick: Tick) -> _Edges:
        samples = []
        for number in cluster:
            tick(number / len(self._outlines))
            samples.append(self._points_along(number))
        xy = np.concatenate(samples)
        park = np.repeat(cluster, [len(points) for points in samples])
        return _Edges(xy, park)

    def _points_along(self, number: int) -> Floats:
        """Return points along a park's edge, the closer together the nearer another park is.

        Points in an earlier park are left out: whatever is nearest to them is nearest to that
        park as well, which comes first.
        """
        finest, coarsest = self._reach * _FINEST_SHARE, self._reach * _COARSEST_SHARE
        outline = self._outlines[number]
        starts, ends = outline.starts, outline.ends
        found = []
        while len(starts):
            middles = (starts + ends) / 2
            lengths = np.hypot(*(ends - starts).T)
            gaps = self._gaps(number, middles) - lengths / 2
            fine = lengths <= np.clip(gaps / _SPACINGS_PER_GAP, finest, coarsest)
            found += [starts[fine], middles[fine]]
            starts, middles, ends = starts[~fine], middles[~fine], ends[~fine]
            starts, ends = np.concatenate([starts, middles]), np.concatenate([middles, ends])
        points: Floats = np.concatenate(found)
        for other in self.neighbours[number]:
            if other < number:
                points = points[distances(points, self._outlines[other], 0.0) > 0]
        return points

    def _gaps(self, number: int, xy: Floats) -> Floats:
        """Return how far points are from the next other park, at most as far as matters."""
        farthest = 2 * self._reach
        gaps = np.full(len(xy), farthest)
        for other in self.neighbours[number]:
            gaps = np.minimum(gaps, distances(xy, self._outlines[other], farthest))
        return gaps


def _cell_borders(edges: _Edges, reach_m: float) -> list[tuple[int, int, Floats]]:
    """Return the borders between Voronoi cells of different parks: both parks and a line (2, 2).

    Borders further than `reach_m` from the edges they part are left out: no ring goes there.
    """
    if len(set(edges.park.tolist())) < 2:
        return []
    origin = edges.xy.mean(axis=0)
    local = edges.xy - origin
    # far corners close every cell that matters; they belong to no park
    far = 8 * (float(np.abs(local).max()) + reach_m)
    corners = far * np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    diagram = Voronoi(np.concatenate([local, corners]))
    owner = np.concatenate([edges.park, np.full(len(corners), -1)])
    parted = owner[diagram.ridge_points]
    ends = np.array(diagram.ridge_vertices)
    real = (parted[:, 0] != parted[:, 1]) & (parted >= 0).all(axis=1) & (ends >= 0).all(axis=1)
    parted, ends = parted[real], diagram.vertices[ends[real]]
    sites = local[diagram.ridge_points[real, 0]]
    long = (ends[:, 0] != ends[:, 1]).any(axis=1)
    parted, ends, sites = parted[long], ends[long], sites[long]
    close = squares_to_edges(sites, ends[:, 0], ends[:, 1]) <= (1.1 * reach_m) ** 2
    return [
        (int(first), int(second), line)
        for (first, second), line in zip(parted[close], ends[close] + origin)
    ]


def _middle(face: BaseGeometry) -> tuple[float, float]:
    point = face.representative_point()
    return float(point.x), float(point.y)
