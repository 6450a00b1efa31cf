# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies around each place: sums over everything within a distance, the place itself included.

On a lattice the neighbours in a row stand side by side, so their sum is the difference of two
running sums: the work grows with the rows that the distance spans, not with the neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice

#: Two distances that differ by less than this share of themselves are the same distance.
_SAME = 1e-9


def touching_distance_m(lattice: Lattice) -> float:
    """Return the distance of middles within which a square has 8 neighbours, a hexagon its 6."""
    return lattice.size_m * (math.sqrt(2) if lattice.shape is CellShape.SQUARE else 1.0)


def sums_on(lattice: Lattice, cells: Ints, values: Floats, distance_m: float) -> Floats:
    """Return, for each cell, the sum of the values of cells with their middle in a distance.

    Args:
        lattice: Where the cells lie.
        cells: Columns and rows (m, 2), each cell once.
        values: One or several numbers a cell, (m,) or (m, k).
        distance_m: In metres; what is exactly as far off is in.

    Returns:
        Sums of the shape of `values`; exact where the values are whole numbers.
    """
    low, high = cells.min(axis=0), cells.max(axis=0)
    row, column = (cells[:, 1] - low[1]), (cells[:, 0] - low[0])
    columns, rows = int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1
    # before each column, what the row has held up to there
    held = np.zeros((rows, columns + 1, *values.shape[1:]))
    held[row, column + 1] = values
    held = np.cumsum(held, axis=1)
    total = np.zeros(values.shape)
    for step, first, last in _rows_in_reach(lattice, row + low[1], distance_m, rows):
        there = row + step
        in_list = (there >= 0) & (there < rows)
        there = np.clip(there, 0, rows - 1)
        begin = np.clip(column + first, 0, columns)
        end = np.clip(column + last + 1, 0, columns)
        part = held[there, end] - held[there, begin]
        total += np.where(in_list.reshape(-1, *(1,) * (values.ndim - 1)), part, 0.0)
    return total


def _rows_in_reach(
    lattice: Lattice, rows: Ints, distance_m: float, most: int
) -> Iterator[tuple[int, Ints, Ints]]:
    """Yield how many rows off, and for each cell's row the first and last column in reach."""
    reach = distance_m / lattice.size_m * (1 + _SAME)
    square = lattice.shape is CellShape.SQUARE
    tall = 1.0 if square else math.sqrt(3) / 2
    furthest = min(int(reach / tall), most - 1)
    for step in range(-furthest, furthest + 1):
        wide = math.sqrt(max(reach**2 - (step * tall) ** 2, 0.0))
        # every other row of hexagons lies half a cell further east
        shift = np.zeros(len(rows)) if square else 0.5 * ((rows + step) % 2 - rows % 2)
        first, last = np.ceil(-wide - shift), np.floor(wide - shift)
        yield step, first.astype(np.int64), last.astype(np.int64)


def sums_around(xy: Floats, values: Floats, distance: float) -> Floats:
    """Return the same sums for places (n, 2) anywhere, with values (n,) or (n, k)."""
    pairs = cKDTree(xy).query_pairs(distance * (1 + _SAME), output_type="ndarray")
    total = np.array(values, dtype=float)
    np.add.at(total, pairs[:, 0], values[pairs[:, 1]])
    np.add.at(total, pairs[:, 1], values[pairs[:, 0]])
    return total
