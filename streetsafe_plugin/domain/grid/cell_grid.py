# SPDX-License-Identifier: GPL-2.0-or-later
"""Points in the cells that cover an area: every cell of it, empty or not, and every point once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.geometry import polygon_parts
from streetsafe_plugin.domain.grid.cells import Lattice, counts_of, places_in
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.rings import within_any

#: Points on one line have an extent without ground; it is made so many cells wide.
_WIDTH_OF_A_LINE = 1e-3


@dataclass(frozen=True)
class CellGrid:
    """The cells (m, 2) of an area, and in which of them each point (n) lies.

    `ground_m2` (m,) is the part of each cell that belongs to the area: all of it where the area
    is no more than the extent of the points.
    """

    lattice: Lattice
    cells: Ints
    ground_m2: Floats
    place: Ints

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self.cells)

    @property
    def counts(self) -> Ints:
        """Return how many points lie in each cell."""
        return counts_of(self.place, len(self.cells)).astype(np.int64)

    def sums_of(self, weights: Floats) -> Floats:
        """Return the sum of the points' weights (n,) in each cell."""
        return counts_of(self.place, len(self.cells), weights)

    def ids(self) -> list[str]:
        """Return what each cell is called: the same ground has the same name in every grid."""
        return [f"{column}_{row}" for column, row in self.cells.tolist()]


def lay_grid(
    lattice: Lattice, xy: Floats, area: BaseGeometry | None = None, tick: Tick = no_tick
) -> CellGrid:
    """Return the cells that share ground with an area, or with the extent of the points.

    A cell that the area only touches is in the grid where a point on the area's edge lies in it.

    Args:
        lattice: How the ground is divided.
        xy: Points (n, 2) in metres, all of them in the area.
        area: A valid polygon or several; None for the rectangle around the points.
        tick: Progress.

    Raises:
        InputRefused: there are too many cells, or neither a point nor an area.
        DoesNotAddUp: a point lies in no cell.
    """
    if area is None and not len(xy):
        raise InputRefused("There is no point, so there is no extent to cover.", "Choose an area.")
    ground = area if area is not None else _extent(xy, lattice.size_m)
    cells = lattice.within_bounds(ground.bounds)
    shared = lattice.ground_in(cells, ground, tick)
    wanted = lattice.cells_of(xy)
    held = counts_of(places_in(cells, wanted), len(cells)) > 0
    kept = lattice.share_ground(shared) | held
    cells = cells[kept]
    place = places_in(cells, wanted)
    if (place < 0).any():
        raise DoesNotAddUp(
            f"{len(place)} points came in, but {int((place >= 0).sum())} lie in a cell.",
            "Nothing was written; please report this.",
        )
    whole = np.full(len(cells), lattice.cell_area_m2)
    return CellGrid(lattice, cells, shared[kept] if area is not None else whole, place)


def in_area(xy: Floats, area: BaseGeometry, tick: Tick = no_tick) -> Bools:
    """Tell which points (n, 2) lie in an area, its edges included."""
    return within_any(xy, polygon_parts(area), tick)


def _extent(xy: Floats, size_m: float) -> BaseGeometry:
    rectangle = box(*xy.min(axis=0), *xy.max(axis=0))
    if rectangle.is_valid and rectangle.area > 0:
        return rectangle
    width = _WIDTH_OF_A_LINE * size_m
    return box(*(xy.min(axis=0) - width), *(xy.max(axis=0) + width))
