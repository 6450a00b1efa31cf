# SPDX-License-Identifier: GPL-2.0-or-later
"""Squares and hexagons that cover the ground, and which of them a point lies in.

Cells are numbered by column and row from an origin that does not depend on the data, so that the
grids of two months are the same grid. A hexagon's size is the distance between opposite sides;
its rows run east, every other one moved by half a cell.

Every point lies in exactly one cell: a square holds its western and southern edge, a hexagon is
the ground nearer to its middle than to any other, the even row taking what is equally near.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.spatial import cKDTree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.edges import Edges, edges_of
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import outline_of
from streetsafe_plugin.domain.grid.shared_ground import shared_ground
from streetsafe_plugin.domain.progress import Tick, no_tick

#: More cells than this are refused: nobody reads such a map, and it would take minutes.
MOST_CELLS = 1_000_000
_ROW_OF_HEXAGONS = math.sqrt(3) / 2
#: A hexagon's side, and how far its corners lie from its middle.
_SIDE = 1 / math.sqrt(3)
#: Cells that fill their extent so thinly are looked up by sorting rather than in a table.
_MOST_PLACES = 20_000_000
#: A sliver is no ground: less of a cell than this in an area does not make it a cell of it.
_LEAST_SHARE_OF_A_CELL = 1e-9


class CellShape(Enum):
    """What the ground is divided into; the value is the word in the results."""

    SQUARE = "square"
    HEXAGON = "hexagon"


@dataclass(frozen=True)
class Lattice:
    """A division of the plane into equal cells.

    `size_m` is a square's side, or the distance between a hexagon's opposite sides. At `origin`,
    in metres, lies a corner of a square or the middle of a hexagon.
    """

    shape: CellShape
    size_m: float
    origin: tuple[float, float] = (0.0, 0.0)

    @property
    def cell_area_m2(self) -> float:
        """Return the ground that one cell covers."""
        return self.size_m**2 * (1.0 if self.shape is CellShape.SQUARE else _ROW_OF_HEXAGONS)

    def cells_of(self, xy: Floats) -> Ints:
        """Return the column and row (n, 2) of the cell that holds each point (n, 2)."""
        scaled = (xy - np.array(self.origin)) / self.size_m
        if self.shape is CellShape.SQUARE:
            return np.asarray(np.floor(scaled), dtype=np.int64)
        x, y = scaled[:, 0], scaled[:, 1]
        # hexagons are what is nearest to the middles of two rectangular grids, even and odd rows
        tall = 2 * _ROW_OF_HEXAGONS
        even_column, even_row = np.floor(x + 0.5), np.floor(y / tall + 0.5)
        odd_column, odd_row = np.floor(x), np.floor(y / tall)
        to_even = (x - even_column) ** 2 + (y - even_row * tall) ** 2
        to_odd = (x - odd_column - 0.5) ** 2 + (y - (odd_row + 0.5) * tall) ** 2
        even = to_even <= to_odd
        columns = np.where(even, even_column, odd_column)
        rows = np.where(even, 2 * even_row, 2 * odd_row + 1)
        return np.asarray(np.column_stack((columns, rows)), dtype=np.int64)

    def middles(self, cells: Ints) -> Floats:
        """Return the middle (m, 2) of each cell (m, 2) in metres."""
        columns, rows = cells[:, 0].astype(float), cells[:, 1].astype(float)
        if self.shape is CellShape.SQUARE:
            scaled = np.column_stack((columns + 0.5, rows + 0.5))
        else:
            scaled = np.column_stack((columns + 0.5 * (cells[:, 1] % 2), rows * _ROW_OF_HEXAGONS))
        return np.asarray(scaled * self.size_m + np.array(self.origin))

    def corners(self, cells: Ints) -> Floats:
        """Return the corners (m, 4 or 6, 2) of each cell, anticlockwise, the first not repeated.

        A corner of several cells is the same number in each, so that they join without a gap.
        """
        columns, rows = cells[:, 0], cells[:, 1]
        if self.shape is CellShape.SQUARE:
            x = columns[:, None] + np.array([0, 1, 1, 0])
            y = rows[:, None] + np.array([0, 0, 1, 1])
            steps = np.array([1.0, 1.0])
        else:
            # from the south-west: a side to the east and west, a corner to the north and south
            x = (2 * columns + rows % 2)[:, None] + np.array([-1, 0, 1, 1, 0, -1])
            y = 3 * rows[:, None] + np.array([-1, -2, -1, 1, 2, 1])
            steps = np.array([0.5, _ROW_OF_HEXAGONS / 3])
        return np.asarray(np.stack((x, y), axis=2) * (steps * self.size_m) + np.array(self.origin))

    def boxes(self, cells: Ints) -> list[tuple[float, float, float, float]]:
        """Return the west, south, east and north of the rectangle around each cell (m, 2)."""
        corners = self.corners(cells)
        low, high = corners.min(axis=1).tolist(), corners.max(axis=1).tolist()
        return [(west, south, east, north) for (west, south), (east, north) in zip(low, high)]

    def polygons(self, cells: Ints) -> list[Polygon]:
        """Return each cell's outline."""
        return [Polygon(corners) for corners in self.corners(cells)]

    def within_bounds(self, bounds: tuple[float, float, float, float]) -> Ints:
        """Return every cell (m, 2) that may reach into a rectangle, by row, then column.

        Args:
            bounds: West, south, east and north in metres.

        Raises:
            InputRefused: there are more than `MOST_CELLS`.
        """
        west, south, east, north = bounds
        low, high = self.cells_of(np.array([[west, south], [east, north]]))
        around = 0 if self.shape is CellShape.SQUARE else 1
        columns = np.arange(low[0] - around, high[0] + around + 1)
        rows = np.arange(low[1] - around, high[1] + around + 1)
        if len(columns) * len(rows) > MOST_CELLS:
            raise self._too_many(len(columns) * len(rows), bounds)
        grid = np.meshgrid(columns, rows)
        return np.asarray(np.column_stack([axis.ravel() for axis in grid]), dtype=np.int64)

    def covering(self, area: BaseGeometry, tick: Tick = no_tick) -> Ints:
        """Return the cells (m, 2) that share ground with an area, by row, then column.

        Raises:
            InputRefused: the rectangle around the area holds more than `MOST_CELLS`.
        """
        cells = self.within_bounds(area.bounds)
        return np.asarray(cells[self.share_ground(self.ground_in(cells, area, tick))])

    def share_ground(self, ground_m2: Floats) -> Bools:
        """Tell for what cells share with an area whether it is ground or a sliver."""
        return np.asarray(ground_m2 > _LEAST_SHARE_OF_A_CELL * self.cell_area_m2)

    def ground_in(self, cells: Ints, area: BaseGeometry, tick: Tick = no_tick) -> Floats:
        """Return how many square metres of each cell (m, 2) lie in a valid polygon or several.

        Only cells near the area's edge are cut; of the others the middle decides.
        """
        edges = edges_of([outline_of(area)])
        ground = np.where(self._middles_inside(cells, edges), self.cell_area_m2, 0.0)
        near = self._near_edges(cells, edges)
        ground[near] = shared_ground(self.polygons(cells[near]), area, tick)
        return ground

    def _near_edges(self, cells: Ints, edges: Edges) -> Bools:
        """Tell which cells an edge may cross: those with a place of it as near as their corners."""
        step = self.size_m / 4
        pieces = edges.cut(step)
        places = np.concatenate((pieces.starts, pieces.ends))
        met = np.unique(self.cells_of(places), axis=0)
        around = np.concatenate([met + np.array(move) - 1 for move in np.ndindex(3, 3)])
        found = np.unique(places_in(cells, around))
        found = found[found >= 0]
        to_corner = self.size_m * (math.sqrt(0.5) if self.shape is CellShape.SQUARE else _SIDE)
        reach = (to_corner + step / 2) * (1 + 1e-9)
        nearest, _ = cKDTree(places).query(self.middles(cells[found]), distance_upper_bound=reach)
        near = np.zeros(len(cells), dtype=bool)
        near[found[np.isfinite(nearest)]] = True
        return near

    def _middles_inside(self, cells: Ints, edges: Edges) -> Bools:
        """Tell which cells have their middle inside, by the edges that lie west of it in its row.

        Wrong only where an edge passes within rounding of the middle, which is near an edge.
        """
        if not len(cells):
            return np.zeros(0, dtype=bool)
        low, high = cells.min(axis=0), cells.max(axis=0)
        tall = 1.0 if self.shape is CellShape.SQUARE else _ROW_OF_HEXAGONS
        first = self.middles(np.array([[0, low[1]]]))[0, 1]
        # an edge holds its lower end and not its upper one
        ends = np.sort(np.column_stack((edges.starts[:, 1], edges.ends[:, 1])), axis=1)
        from_row, to_row = np.ceil((ends - first) / (tall * self.size_m)).astype(np.int64).T
        rows = int(high[1] - low[1]) + 1
        from_row, to_row = np.clip(from_row, 0, rows), np.clip(to_row, 0, rows)
        crossings = to_row - from_row
        edge = np.repeat(np.arange(len(crossings)), crossings)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(crossings) - crossings, crossings)
        row += from_row[edge]
        start, along = edges.starts[edge], (edges.ends - edges.starts)[edge]
        y = first + row * tall * self.size_m
        x = start[:, 0] + along[:, 0] * (y - start[:, 1]) / along[:, 1]
        west = self.middles(np.column_stack((np.full(rows, low[0]), low[1] + np.arange(rows))))
        column = np.ceil((x - west[row, 0]) / self.size_m).astype(np.int64)
        columns = int(high[0] - low[0]) + 1
        place = row * (columns + 1) + np.clip(column, 0, columns)
        met = np.bincount(place, minlength=rows * (columns + 1)).reshape(rows, columns + 1)
        inside = np.cumsum(met, axis=1) % 2 == 1
        return np.asarray(inside[cells[:, 1] - low[1], cells[:, 0] - low[0]])

    def _too_many(self, cells: int, bounds: tuple[float, float, float, float]) -> InputRefused:
        west, south, east, north = bounds
        wanted = self.size_m * math.sqrt(cells / MOST_CELLS)
        return InputRefused(
            f"An extent of {(east - west) / 1000:,.1f} × {(north - south) / 1000:,.1f} km holds"
            f" {cells:,} cells of {self.size_m:g} m; the most is {MOST_CELLS:,}.",
            f"Choose cells of {math.ceil(wanted)} m or more, or look for places far outside.",
        )


def places_in(cells: Ints, wanted: Ints) -> Ints:
    """Return where in a list of cells (m, 2) each wanted cell (n, 2) stands; -1 if it does not."""
    if not len(cells) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)
    low, high = cells.min(axis=0), cells.max(axis=0)
    column, row = wanted.T
    inside = (column >= low[0]) & (column <= high[0]) & (row >= low[1]) & (row <= high[1])
    width, height = (high - low + 1).tolist()
    keys, asked = (
        (some[:, 1] - low[1]) * width + (some[:, 0] - low[0]) for some in (cells, wanted[inside])
    )
    result = np.full(len(wanted), -1, dtype=np.int64)
    if width * height <= _MOST_PLACES:
        table = np.full(width * height, -1, dtype=np.int64)
        table[keys] = np.arange(len(keys))
        result[inside] = table[asked]
        return result
    order = np.argsort(keys, kind="stable")
    places = order[np.minimum(np.searchsorted(keys[order], asked), len(keys) - 1)]
    result[inside] = np.where(keys[places] == asked, places, -1)
    return result


def counts_of(places: Ints, cells: int, weights: Sequence[float] | Floats | None = None) -> Floats:
    """Return how many points, or what weight of them, lie in each of so many cells.

    `places` are what `places_in` gives; points in no cell, -1, are left out.
    """
    inside = places >= 0
    given = None if weights is None else np.asarray(weights, dtype=float)[inside]
    return np.bincount(places[inside], weights=given, minlength=cells).astype(float)
