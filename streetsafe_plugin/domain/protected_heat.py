# SPDX-License-Identifier: GPL-2.0-or-later
"""A heat map that tells no more than a table of counts in cells.

A density surface over true places gives them back: its peaks are the places, and subtracting the
kernel at a peak shows the next one. This surface is made from the counts of cells alone, as they
are published, each put at the middle of its cell. Whatever is worked out from it, by whatever
means, was in those counts. It is shown only where a whole published cell lies within the radius,
so that at least as many reports as the threshold do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.density import Grid, Kernel, Surface, surface
from streetsafe_plugin.domain.disclosure.statistics import Order, Shown, Statistic
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice, places_in
from streetsafe_plugin.domain.issued import Scope
from streetsafe_plugin.domain.progress import Tick, no_tick

#: So many cells lie side by side within the radius: fewer would show the cells, not the reports.
CELLS_IN_RADIUS = 3


@dataclass(frozen=True)
class HeatCells:
    """The cells (m, 2) that hold reports, and which of them each report (n) lies in."""

    lattice: Lattice
    cells: Ints
    of_report: Ints

    def names(self) -> list[str]:
        """Return the names of the cells' numbers."""
        size = self.lattice.size_m
        return [f"heat cell {size:g} {column}_{row}" for column, row in self.cells.tolist()]

    def counts(self) -> Ints:
        """Return how many reports lie in each."""
        return np.bincount(self.of_report, minlength=len(self.cells))

    def statistics(self, months: tuple[int, int], threshold: int) -> list[Statistic]:
        """Return the numbers that the surface would give away, for an audit of all numbers.

        `months` are the first and last that the reports are of, numbered since 1970. Cells with
        too few reports never enter the surface and are no numbers of it.
        """
        boxes = self.lattice.boxes(self.cells)
        return [
            Statistic(
                name,
                self.of_report == place,
                Scope((), False, months, True, (box,)),
                Shown.COUNT,
                Order.CELL,
            )
            for place, (name, box, count) in enumerate(zip(self.names(), boxes, self.counts()))
            if count >= threshold
        ]


def heat_cells(xy: Floats, radius_m: float) -> HeatCells:
    """Return the cells for a surface of such a radius; their grid does not depend on the data."""
    lattice = Lattice(CellShape.SQUARE, radius_m / CELLS_IN_RADIUS)
    of_report = lattice.cells_of(xy)
    cells = np.unique(of_report, axis=0)
    return HeatCells(lattice, cells, places_in(cells, of_report))


def protected_heat(
    cells: HeatCells,
    published: Mapping[str, int],
    radius_m: float,
    cell_m: float,
    kernel: Kernel,
    tick: Tick = no_tick,
) -> Surface:
    """Return the surface of the published counts; NaN where none is within the radius.

    Args:
        cells: the cells.
        published: counts by the cells' names, as an audit lets them through.
        radius_m: the distance at which a cell's reports stop counting.
        cell_m: the side of a cell of the surface.
        kernel: one of `KERNELS`.
        tick: progress.

    Raises:
        InputRefused: no cell is published, or the grid is out of proportion.
        DoesNotAddUp: the volume differs from the published reports by more than 1 %.
    """
    names = cells.names()
    shown = [place for place, name in enumerate(names) if name in published]
    if not shown:
        raise InputRefused(
            f"No cell of {cells.lattice.size_m:g} m holds enough reports for a heat map that may"
            " leave.",
            "Choose a larger radius, or do without the map.",
        )
    middles = cells.lattice.middles(cells.cells[shown])
    weights = np.array([published[names[place]] for place in shown], dtype=float)
    found = surface(middles, radius_m, cell_m, kernel, weights, tick)
    whole = _whole_cell_within(found.grid, middles, cells.lattice.size_m, radius_m)
    return replace(found, values=np.where(whole, found.values, np.nan))


def _whole_cell_within(grid: Grid, middles: Floats, size_m: float, radius_m: float) -> Bools:
    """Return where the farthest corner of some cell is no farther than the radius."""
    inside = np.zeros((grid.rows, grid.columns), dtype=bool)
    reach = int(radius_m // grid.cell_m) + 1
    steps = np.arange(-reach, reach + 1)
    rows, columns, east, north = grid.home_of(middles)
    for row, column, off_east, off_north in zip(rows, columns, east, north):
        across = np.abs(steps * grid.cell_m - off_east) + size_m / 2
        along = np.abs(-steps * grid.cell_m - off_north) + size_m / 2
        near = across[None, :] ** 2 + along[:, None] ** 2 <= radius_m**2
        down, right = steps + row, steps + column
        kept = np.ix_((down >= 0) & (down < grid.rows), (right >= 0) & (right < grid.columns))
        inside[
            max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1
        ] |= near[kept]
    return inside
