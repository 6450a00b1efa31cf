# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground that is nearer to one park than to any other, drawn as polygons.

The border between two parks' ground is equally far from both edges: straight pieces and parabolas.
It is drawn as the border between the Voronoi cells of points set along the edges, an eighth of the
gap to the next park apart. That leaves a fine zigzag about the true line, a few thousandths of the
gap wide, which takes as much from one side as from the other.

The cells come from the triangles of all points at once: in a triangle with corners of different
parks each of these parks has one piece of border that comes in and one that goes out, so borders
close to rings by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.prepared import prep

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.edges import Edges
from streetsafe_plugin.domain.geometry import line_parts, squares_to_edges, union
from streetsafe_plugin.domain.progress import Tick

_PIECES_PER_GAP = 4.0  # points stand at both ends and the middle of a piece
_FINEST_SHARE = 1 / 250  # of the greatest distance: where parks touch the gap is 0
_COARSEST_SHARE = 1 / 8
_MOST_PIECES = 50_000.0  # before edges are cut any finer
_MOST_FINE_PIECES = 1_000_000.0  # at the end: bounds the memory
_LOOKED_AT = 32
_HAIR_M = 0.0001
#: Parks that touch may have been drawn each for itself. Ground between them that is narrower than
#: twice this share of the greatest distance is a slit, not ground to be shared out finely.
_SLIT_SHARE = 0.01
_MITRE = 2  # shapely's number for corners that are kept
_DECIMALS = 6  # micrometres, as all distances are kept
_BLOCK = 1 << 15  # points looked at together
_CUTS_AT_ONCE = 4.0
_NOBODY = -1


@dataclass(frozen=True)
class Cells:
    """Each park's cell, None for a park with no other near enough, and what lies around it.

    `gaps` are how far the next other park is at least; `joined` are the other parks whose ground
    its cell may hold.
    """

    shapes: list[BaseGeometry | None]
    gaps: Floats
    joined: list[list[int]]


def nearest_cells(parks: Sequence[BaseGeometry], reach_m: float, tick: Tick) -> Cells:
    """Return the ground that is nearest to each park, as far as `reach_m` matters.

    Args:
        parks: Valid polygons in order of precedence; where they overlap or touch, the earlier one
            has the edge they share.
        reach_m: The greatest distance of any ring.
        tick: Progress.
    """
    shapes: list[BaseGeometry | None] = [None] * len(parks)
    touching = _touching(parks)
    edges = _outer_edges(parks, touching, reach_m * _SLIT_SHARE)
    points, park, gaps = _points_along(edges, len(parks), reach_m, tick)
    gaps[[bool(others) for others in touching]] = 0.0
    crowded = np.flatnonzero(gaps <= 2 * reach_m)
    if len(crowded):
        borders = _Borders(points, park, reach_m)
        for number, owner in enumerate(crowded):
            tick(0.7 + 0.3 * number / len(crowded))
            shapes[owner] = borders.cell(int(owner), parks[owner].bounds, reach_m)
    return Cells(shapes, gaps, _joined(parks, touching, reach_m))


def _outer_edges(
    parks: Sequence[BaseGeometry], touching: Sequence[Sequence[int]], slit_m: float
) -> Edges:
    """Return the edges that ground outside all parks can be nearest to.

    An edge that lies in another park, or that two parks share from either side, has only ground of
    parks around it. Of edges that run together on the same side the earlier park has them.
    """
    lines: list[Floats] = []
    owners: list[int] = []
    for number, (park, others) in enumerate(zip(parks, touching)):
        edge = park.boundary
        if others:
            edge = edge.difference(_inland([park, *(parks[other] for other in others)], slit_m))
        for other in others:
            if other < number:
                edge = edge.difference(parks[other])
        for line in line_parts(edge):
            lines.append(np.asarray(line.coords, dtype=float)[:, :2])
            owners.append(number)
    lengths = [len(line) - 1 for line in lines]
    starts = np.concatenate([line[:-1] for line in lines])
    ends = np.concatenate([line[1:] for line in lines])
    real = (starts != ends).any(axis=1)
    return Edges(starts[real], ends[real], np.repeat(owners, lengths)[real])


def _inland(parks: Sequence[BaseGeometry], slit_m: float) -> BaseGeometry:
    """Return what lies within parks that touch, slits closed: an edge drawn twice leaves some."""
    wider = [park.buffer(slit_m, join_style=_MITRE) for park in parks]
    return union(wider).buffer(-slit_m - _HAIR_M, join_style=_MITRE)


def _joined(
    parks: Sequence[BaseGeometry], touching: Sequence[Sequence[int]], reach_m: float
) -> list[list[int]]:
    """Return for each park those joined to it through parks that touch, as far as rings reach.

    Edges between such parks count for nothing, so a park's cell may hold ground of any of them.
    """
    found: list[list[int]] = [[] for _ in parks]
    pairs = [(number, other) for number, others in enumerate(touching) for other in others]
    if not pairs:
        return found
    one, other = np.array(pairs).T
    graph = coo_matrix((np.ones(len(pairs)), (one, other)), shape=(len(parks), len(parks)))
    _, group = connected_components(graph, directed=False)
    boxes = np.array([park.bounds for park in parks])
    for number in np.unique(one).tolist():
        west, south, east, north = boxes[number] + reach_m * np.array([-1, -1, 1, 1])
        near = (group == group[number]) & (boxes[:, 0] <= east) & (boxes[:, 2] >= west)
        near &= (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        near[number] = False
        found[number] = np.flatnonzero(near).tolist()
    return found


def _touching(parks: Sequence[BaseGeometry]) -> list[list[int]]:
    """Return for each park those it overlaps or touches, in the order given."""
    found: list[list[int]] = [[] for _ in parks]
    boxes = np.array([park.bounds for park in parks])
    for number, (west, south, east, north) in enumerate(boxes):
        meets = (boxes[:number, 0] <= east) & (boxes[:number, 2] >= west)
        meets &= (boxes[:number, 1] <= north) & (boxes[:number, 3] >= south)
        for earlier in np.flatnonzero(meets).tolist():
            if parks[number].intersects(parks[earlier]):
                found[number].append(earlier)
                found[earlier].append(number)
    return found


def _points_along(
    edges: Edges, parks: int, reach_m: float, tick: Tick
) -> tuple[Floats, Ints, Floats]:
    """Return points along all edges, whose they are, and each park's gap to the next other one.

    Edges are cut until their pieces are short against that gap.
    """
    perimeter = float(edges.lengths.sum())
    finest = max(reach_m * _FINEST_SHARE, perimeter / _MOST_FINE_PIECES)
    edges = edges.cut(max(reach_m * _COARSEST_SHARE, perimeter / _MOST_PIECES))
    look_around = _Surroundings(edges)
    nearest = np.full(parks, np.inf)
    points: list[Floats] = []
    owners: list[Ints] = []
    while len(edges.park):
        tick(0.3)
        middles, lengths = edges.middles, edges.lengths
        gaps = np.maximum(look_around.gaps(middles, edges.park) - lengths / 2, 0.0)
        wanted = np.maximum(gaps / _PIECES_PER_GAP, finest)
        fine = lengths <= wanted
        # of edges that are short by themselves the corners are near enough to each other
        halved = fine & (lengths > wanted / 2)
        points += [edges.starts[fine], middles[halved]]
        owners += [edges.park[fine], edges.park[halved]]
        np.minimum.at(nearest, edges.park[fine], gaps[fine])
        # the gap of a long piece is underestimated, so it is cut by degrees
        longest = np.maximum(wanted, lengths / _CUTS_AT_ONCE)[~fine]
        edges = edges.only(~fine).cut(longest)
    return np.concatenate(points), np.concatenate(owners), nearest


class _Surroundings:
    """The edges of all parks, to find how far off the next other park is."""

    def __init__(self, edges: Edges) -> None:
        """Sort the edges by their middles."""
        self._edges = edges
        self._tree = cKDTree(edges.middles)
        self._longest = float(edges.lengths.max())

    def gaps(self, xy: Floats, park: Ints) -> Floats:
        """Return a lower bound of each point's distance to the next park but its own.

        It is exact where that park is among the edges looked at; else it lies beyond them.
        """
        blocks = range(0, len(xy), _BLOCK)
        return np.concatenate(
            [
                self._gaps(xy[start : start + _BLOCK], park[start : start + _BLOCK])
                for start in blocks
            ]
        )

    def _gaps(self, xy: Floats, park: Ints) -> Floats:
        edges = self._edges
        looked_at = min(_LOOKED_AT, len(edges.park))
        to_middle, which = self._tree.query(xy, k=looked_at, workers=-1)
        point, place = np.nonzero(edges.park[which] != park[:, None])
        edge = which[point, place]
        squares = np.full(which.shape, np.inf)
        squares[point, place] = squares_to_edges(xy[point], edges.starts[edge], edges.ends[edge])
        nearest = np.sqrt(squares.min(axis=1))
        if looked_at == len(edges.park):
            return np.asarray(nearest)
        return np.asarray(np.minimum(nearest, to_middle[:, -1] - self._longest / 2))


class _Borders:
    """The borders of all cells, as directed pieces with each park's own ground on their left."""

    def __init__(self, points: Floats, park: Ints, reach_m: float) -> None:
        """Triangulate the points, with far corners that close every cell that matters."""
        points, park = _once_each(points, park)
        self._origin = points.mean(axis=0)
        local = points - self._origin
        far = 8 * (float(np.abs(local).max()) + reach_m)
        corners = far * np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        local = np.concatenate([local, corners])
        owner = np.concatenate([park, np.full(len(corners), _NOBODY)])
        triangles = _triangulate(local)
        self._centres = _circumcentres(local[triangles.simplices])
        starts, ends, owners = _pieces(triangles, owner)
        order = np.lexsort((starts, owners))
        self._starts, self._ends, self._owners = starts[order], ends[order], owners[order]

    def cell(
        self, park: int, bounds: tuple[float, float, float, float], reach_m: float
    ) -> BaseGeometry:
        """Return the polygon of a park's cell, empty where earlier parks leave it nothing.

        Pieces of it that lie further than `reach_m` from the park's `bounds` are left out.
        """
        first, last = np.searchsorted(self._owners, [park, park + 1])
        starts, ends = self._starts[first:last], self._ends[first:last]
        cycles = _cycles(np.searchsorted(starts, ends).tolist())
        rings = [self._centres[starts[cycle]] + self._origin for cycle in cycles]
        low, high = np.array(bounds[:2]) - reach_m, np.array(bounds[2:]) + reach_m
        return _polygon(
            [
                ring
                for ring in rings
                if (ring.min(axis=0) <= high).all() and (ring.max(axis=0) >= low).all()
            ]
        )


def _once_each(points: Floats, park: Ints) -> tuple[Floats, Ints]:
    """Return points without repeats; where parks meet in one, the earlier park has it."""
    rounded = np.round(points, _DECIMALS)
    order = np.lexsort((park, rounded[:, 1], rounded[:, 0]))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (rounded[order[1:]] != rounded[order[:-1]]).any(axis=1)
    kept = np.sort(order[new])
    return points[kept], park[kept]


def _cycles(following: Sequence[int]) -> list[list[int]]:
    """Return the cycles of three and more that lead from each number to the one that follows."""
    waiting = [True] * len(following)
    cycles = []
    for begin in range(len(following)):
        cycle, number = [], begin
        while waiting[number]:
            waiting[number] = False
            cycle.append(number)
            number = following[number]
        if len(cycle) > 2:
            cycles.append(cycle)
    return cycles


def _triangulate(points: Floats) -> Delaunay:
    try:
        return Delaunay(points)
    except QhullError:  # points too even for exact arithmetic are moved by the last bits
        return Delaunay(points, qhull_options="QJ Pp")


def _circumcentres(corners: Floats) -> Floats:
    """Return the centres (n, 2) of the circles through the corners (n, 3, 2) of triangles.

    Corners in one line have no such circle; their middle stands for its centre.
    """
    first = corners[:, 0]
    one, two = corners[:, 1] - first, corners[:, 2] - first
    doubled = 2 * (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    square_one, square_two = (one**2).sum(axis=1), (two**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (two[:, 1] * square_one - one[:, 1] * square_two) / doubled
        y = (one[:, 0] * square_two - two[:, 0] * square_one) / doubled
    centres = first + np.column_stack((x, y))
    flat = ~np.isfinite(centres).all(axis=1)
    centres[flat] = corners[flat].mean(axis=1)
    return np.asarray(centres)


def _pieces(triangles: Delaunay, owner: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the pieces of border between triangles' centres: from, to, and whose they are.

    The piece that leads across the side opposite a corner into the neighbouring triangle has that
    side's second end on its left, since the corners run anticlockwise.
    """
    starts, ends, owners = [], [], []
    for corner in range(3):
        neighbour = triangles.neighbors[:, corner]
        right = owner[triangles.simplices[:, (corner + 1) % 3]]
        left = owner[triangles.simplices[:, (corner + 2) % 3]]
        parted = (neighbour >= 0) & (left != right) & (left != _NOBODY)
        starts.append(np.flatnonzero(parted))
        ends.append(neighbour[parted])
        owners.append(left[parted])
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(owners)


def _polygon(rings: Sequence[Floats]) -> BaseGeometry:
    """Return what anticlockwise rings hold and clockwise ones leave out."""
    shells: list[Floats] = []
    holes: list[Floats] = []
    for ring in rings:
        x, y = (ring - ring[0]).T
        twice_area = float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
        (shells if twice_area > 0 else holes).append(ring)
    if len(shells) == 1:
        return _valid(Polygon(shells[0], holes))
    return _with_holes(shells, holes)


def _with_holes(shells: Sequence[Floats], holes: Sequence[Floats]) -> BaseGeometry:
    """Return polygons of several shells, each hole in the smallest shell around it."""
    inside: list[list[Floats]] = [[] for _ in shells]
    outlines = [Polygon(shell) for shell in shells]
    by_size = sorted(range(len(shells)), key=lambda number: outlines[number].area)
    boxes = np.array([outlines[number].bounds for number in by_size]).reshape(-1, 4)
    outsides = [prep(outlines[number]) for number in by_size]
    for hole in holes:
        middle = Polygon(hole).representative_point()
        around = (boxes[:, 0] <= middle.x) & (boxes[:, 2] >= middle.x)
        around &= (boxes[:, 1] <= middle.y) & (boxes[:, 3] >= middle.y)
        for place in np.flatnonzero(around).tolist():
            if outsides[place].contains(middle):
                inside[by_size[place]].append(hole)
                break
    # shells share no ground, so there is nothing to join
    return union([_valid(Polygon(*pair)) for pair in zip(shells, inside)])


def _valid(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape whose border may have touched itself in the last bits, mended."""
    return shape if shape.is_valid else shape.buffer(0)
