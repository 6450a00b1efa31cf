# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cells of a grid have their centre nearer than a radius to any of many places.

Square blocks of cells are settled first, by how many blocks the nearest one with a place is away.
Only where that leaves it open are distances measured.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from streetsafe_plugin.domain.arrays import Bools, Floats
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.surface.density_grid import Grid

_BLOCKS_PER_RADIUS = 5
_CELLS_AT_A_TIME = 200_000


def reached(grid: Grid, places: Floats, radius_m: float, tick: Tick) -> Bools:
    """Return a (rows, columns) array, true where a place is nearer to the centre than the radius.

    Args:
        grid: holds all places.
        places: (n, 2) metres, n at least 1.
        radius_m: how near.
        tick: told the share done.
    """
    side = max(1, int(radius_m / grid.cell_m / _BLOCKS_PER_RADIUS))
    radius = radius_m / (grid.cell_m * side)
    slack = math.sqrt(2) + 1e-9  # a centre and a place are each half a diagonal from a block's
    rows, columns, _, _ = grid.home_of(places)
    block_of_place = rows // side, columns // side
    held = np.zeros((-(-grid.rows // side), -(-grid.columns // side)), dtype=bool)
    held[block_of_place] = True
    tick(0.0)
    away = distance_transform_edt(~held)
    tick(0.3)
    covered = _in_cells(away + slack < radius, side, grid)
    open_blocks = (away + slack >= radius) & (away - slack < radius)
    if not open_blocks.any():
        return covered
    near = distance_transform_edt(~open_blocks) - slack < radius
    tick(0.6)
    tree = cKDTree(places[near[block_of_place]])
    cells = np.flatnonzero(_in_cells(open_blocks, side, grid))
    for start in range(0, len(cells), _CELLS_AT_A_TIME):
        tick(0.6 + 0.4 * start / len(cells))
        some = cells[start : start + _CELLS_AT_A_TIME]
        row, column = np.divmod(some, grid.columns)
        centres = np.column_stack(
            (
                grid.west + (column + 0.5) * grid.cell_m,
                grid.north - (row + 0.5) * grid.cell_m,
            )
        )
        nearest, _ = tree.query(centres, distance_upper_bound=radius_m)
        covered.ravel()[some] = np.isfinite(nearest)
    return covered


def _in_cells(blocks: Bools, side: int, grid: Grid) -> Bools:
    """Return what is true of blocks for each of their cells."""
    wide = np.repeat(blocks, side, axis=1)[:, : grid.columns]
    return np.ascontiguousarray(np.repeat(wide, side, axis=0)[: grid.rows])
