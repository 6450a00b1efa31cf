# SPDX-License-Identifier: GPL-2.0-or-later
"""Distances from many points to polygons, as arrays and without a loop over the points.

Distances are kept to the micrometre. That is far below what any coordinate means, and far above
the last bits in which a computer's arithmetic errs, so a point on an edge is at distance 0, a
point exactly 100 m away is at 100.0, and two equal distances are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints

#: Segments in a quarter of a circle: a disc's polygon is then 0.01 % too small.
QUARTER_SEGMENTS = 64

_DECIMALS = 6  # micrometres
_BLOCK = 1 << 18  # pairs of a point and an edge handled at once; small enough for the cache
_POINTS_PER_TILE = 4.0
_MOST_TILES_ACROSS = 64
# shapely 2 renamed the argument and warns of the old name
_SEGMENTS_ARGUMENT = "resolution" if shapely.__version__.startswith("1.") else "quad_segs"


@dataclass(frozen=True)
class Outline:
    """The edges of one polygon with all its parts and holes.

    `starts` and `ends` are (m, 2) in metres; edges of no length are left out.
    """

    starts: Floats
    ends: Floats

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return the least x, least y, greatest x and greatest y."""
        low, high = self.starts.min(axis=0), self.starts.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def outline_of(shape: BaseGeometry) -> Outline:
    """Return the edges of a polygon or multipolygon.

    Raises:
        ValueError: the shape has no area, so there is nothing to be inside of.
    """
    lines = [
        np.asarray(line.coords, dtype=float)[:, :2]
        for part in polygon_parts(shape)
        for line in (part.exterior, *part.interiors)
    ]
    if not lines:
        raise ValueError("a shape without an area has no outline")
    starts = np.concatenate([line[:-1] for line in lines])
    ends = np.concatenate([line[1:] for line in lines])
    real = (starts != ends).any(axis=1)
    return Outline(starts[real], ends[real])


def polygon_parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return the polygons a geometry holds, leaving lines and points out."""
    if shape.is_empty:
        return []
    if shape.geom_type == "Polygon":
        return [shape]
    return [part for member in getattr(shape, "geoms", ()) for part in polygon_parts(member)]


def line_parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return the lines a geometry holds, leaving points out."""
    if shape.is_empty:
        return []
    if shape.geom_type in ("LineString", "LinearRing"):
        return [shape]
    return [part for member in getattr(shape, "geoms", ()) for part in line_parts(member)]


def only_area(shape: BaseGeometry) -> BaseGeometry:
    """Return the part of a geometry that has an area, as a multipolygon, perhaps an empty one."""
    return MultiPolygon(polygon_parts(shape))


def union(shapes: list[BaseGeometry]) -> BaseGeometry:
    """Return what any of the shapes covers, as a multipolygon."""
    return only_area(unary_union(shapes)) if shapes else MultiPolygon()


def buffered(shape: BaseGeometry, distance_m: float) -> BaseGeometry:
    """Return all places within `distance_m` of a shape, its area true to 0.01 %."""
    return shape.buffer(distance_m, **{_SEGMENTS_ARGUMENT: QUARTER_SEGMENTS})


def distances(xy: Floats, outline: Outline, reach_m: float) -> Floats:
    """Return how far each point is from a polygon: 0 inside and on its edge.

    Points are taken tile by tile. A tile's centre decides for all its points where the edge is
    further off than the tile is large; elsewhere only edges near enough to be some point's
    nearest are measured. So a polygon of many corners costs little more than a simple one.

    Args:
        xy: Points (n, 2), finite, in metres.
        outline: The polygon's edges.
        reach_m: Distances above this are not worked out.

    Returns:
        Distances (n) in metres; infinite where above `reach_m`.
    """
    result = np.full(len(xy), np.inf)
    if not len(xy):
        return result
    tiles = _tile(xy)
    per_block = max(1, _BLOCK // len(outline.starts))
    for first in range(0, len(tiles.centres), per_block):
        some = np.arange(first, min(first + per_block, len(tiles.centres)))
        _fill_tiles(result, xy, outline, reach_m, tiles, some)
    result = np.round(result, _DECIMALS)
    result[result > reach_m] = np.inf
    return result


def contains(xy: Floats, outline: Outline) -> Bools:
    """Tell for each point whether it lies in a polygon or on its edge."""
    return np.asarray(distances(xy, outline, 0.0) == 0.0)


class PointIndex:
    """Points sorted by x, to find those in a box without looking at all of them."""

    def __init__(self, xy: Floats) -> None:
        """Sort the points (n, 2) once."""
        self._order = np.argsort(xy[:, 0], kind="stable")
        self._xy = xy[self._order]

    def within(self, bounds: tuple[float, float, float, float], margin_m: float) -> Ints:
        """Return the numbers of the points in a box widened by a margin, ascending."""
        west, south, east, north = bounds
        margin = margin_m + 1e-3  # nothing is lost to rounding
        first, last = np.searchsorted(self._xy[:, 0], (west - margin, east + margin))
        y = self._xy[first:last, 1]
        return np.sort(self._order[first:last][(y >= south - margin) & (y <= north + margin)])


@dataclass(frozen=True)
class _Tiles:
    """Points gathered in square tiles: tile t holds `order[starts[t] : starts[t] + counts[t]]`."""

    centres: Floats
    side: float
    order: Ints
    starts: Ints
    counts: Ints

    @property
    def half_diagonal(self) -> float:
        """Return how far a tile's point can be from its centre, generously."""
        return self.side * 0.7072 + 1e-6


def _tile(xy: Floats) -> _Tiles:
    low = xy.min(axis=0)
    extent = float((xy.max(axis=0) - low).max())
    across = int(np.clip(np.sqrt(len(xy) / _POINTS_PER_TILE), 1, _MOST_TILES_ACROSS))
    side = extent / across if extent > 0 else 1.0
    cell = np.minimum((xy - low) // side, across - 1).astype(np.int64)
    keys = cell[:, 0] * across + cell[:, 1]
    order = np.argsort(keys, kind="stable")
    tile_keys, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    corners = np.column_stack((tile_keys // across, tile_keys % across))
    return _Tiles(low + (corners + 0.5) * side, side, order, starts, counts)


def _fill_tiles(
    result: Floats, xy: Floats, outline: Outline, reach_m: float, tiles: _Tiles, some: Ints
) -> None:
    """Write the distances of the points in `some` tiles into `result`."""
    centres, half = tiles.centres[some], tiles.half_diagonal
    to_edge = np.sqrt(squares_to_edges(centres[:, None, :], outline.starts, outline.ends))
    nearest = to_edge.min(axis=1)
    centre_inside = _crossings(centres[:, None, :], outline.starts, outline.ends).sum(axis=1) % 2
    uniform = nearest > half  # no edge passes through the tile
    all_inside = uniform & (centre_inside == 1)
    too_far = uniform & ~all_inside & (nearest > reach_m + half)
    result[_points_of(tiles, some[all_inside])] = 0.0

    near = np.flatnonzero(~all_inside & ~too_far)
    candidates = to_edge[near] <= nearest[near, None] + 2 * half
    for points, pairs, edges in _pairs(tiles, some[near], candidates):
        squares = squares_to_edges(
            np.repeat(xy[points], pairs, axis=0), outline.starts[edges], outline.ends[edges]
        )
        result[points] = np.sqrt(np.minimum.reduceat(squares, _firsts(pairs)))

    mixed = near[~uniform[near]]
    low, high = centres[mixed] - half, centres[mixed] + half
    # a ray to the east meets only edges that reach as far east and share its northing
    candidates = (
        (np.minimum(outline.starts[:, 1], outline.ends[:, 1]) <= high[:, None, 1])
        & (np.maximum(outline.starts[:, 1], outline.ends[:, 1]) >= low[:, None, 1])
        & (np.maximum(outline.starts[:, 0], outline.ends[:, 0]) >= low[:, None, 0])
    )
    for points, pairs, edges in _pairs(tiles, some[mixed], candidates):
        crossed = _crossings(
            np.repeat(xy[points], pairs, axis=0), outline.starts[edges], outline.ends[edges]
        )
        inside = np.add.reduceat(crossed.astype(np.int64), _firsts(pairs)) % 2 == 1
        result[points[inside]] = 0.0


def _points_of(tiles: _Tiles, some: Ints) -> Ints:
    return tiles.order[_ranges(tiles.starts[some], tiles.counts[some])]


def _pairs(tiles: _Tiles, some: Ints, candidates: Bools) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield, in blocks, points, how many candidate edges each has, and those edges in a row.

    `candidates` is (tiles, edges). Points without a candidate are left out.
    """
    of_tile, edge = np.nonzero(candidates)
    edges_per_tile = candidates.sum(axis=1)
    first_edge = np.searchsorted(of_tile, np.arange(len(some)))
    points = _points_of(tiles, some)
    tile_of_point = np.repeat(np.arange(len(some)), tiles.counts[some])
    pairs = edges_per_tile[tile_of_point]
    has_edges = pairs > 0
    points, tile_of_point, pairs = points[has_edges], tile_of_point[has_edges], pairs[has_edges]
    block = np.cumsum(pairs) // _BLOCK
    for cut in np.split(np.arange(len(points)), np.flatnonzero(np.diff(block)) + 1):
        if len(cut):
            yield points[cut], pairs[cut], edge[_ranges(first_edge[tile_of_point[cut]], pairs[cut])]


def _firsts(lengths: Ints) -> Ints:
    """Return where each run starts when runs of these lengths follow one another."""
    return np.cumsum(lengths) - lengths


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """Return `start, start + 1, …` of every run, one after another."""
    offsets: Ints = np.repeat(starts - _firsts(lengths), lengths)
    return offsets + np.arange(int(lengths.sum()))


def squares_to_edges(xy: Floats, starts: Floats, ends: Floats) -> Floats:
    """Return squared distances from points to edges, by broadcasting (..., 2) arrays."""
    along_x, along_y = ends[..., 0] - starts[..., 0], ends[..., 1] - starts[..., 1]
    from_x, from_y = xy[..., 0] - starts[..., 0], xy[..., 1] - starts[..., 1]
    past_x, past_y = xy[..., 0] - ends[..., 0], xy[..., 1] - ends[..., 1]
    length = along_x * along_x + along_y * along_y
    cross: Floats = from_x * along_y - from_y * along_x
    squares: Floats = cross * cross / length
    before = from_x * along_x + from_y * along_y <= 0
    after = past_x * along_x + past_y * along_y >= 0
    squares = np.where(before, from_x * from_x + from_y * from_y, squares)
    return np.where(after, past_x * past_x + past_y * past_y, squares)


def _crossings(xy: Floats, starts: Floats, ends: Floats) -> Bools:
    """Tell which edges a ray to the east from each point crosses.

    An edge holds its lower end and not its upper one, so that a ray through a corner counts
    once. The side is uncertain only for points within rounding of the edge itself, whose
    distance to it is 0 in micrometres.
    """
    x, y = xy[..., 0], xy[..., 1]
    start_above, end_above = starts[..., 1] > y, ends[..., 1] > y
    along_x, along_y = ends[..., 0] - starts[..., 0], ends[..., 1] - starts[..., 1]
    cross: Floats = (x - starts[..., 0]) * along_y - (y - starts[..., 1]) * along_x
    return np.asarray((start_above != end_above) & ((cross < 0) == (along_y > 0)))
