# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel density surfaces that add up to the number of reports.

The value of a cell is the exact sum of all kernels at the cell's centre, in reports per square
metre, so that value times area, added over all cells, gives the number of reports back. The check
that it does is part of the calculation: a grid too coarse for its kernel is refused.

Kernels after Silverman (1986), *Density Estimation for Statistics and Data Analysis*, section 4.2;
each integrates to 1 over the disc of radius h: K(u)/h² with u = distance/h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable

import numpy as np

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick

#: More cells than this are refused: the surface would take more than about 400 MB.
MOST_CELLS = 25_000_000
#: How far the volume under a surface may lie from the number of reports.
TOLERANCE = 0.01
#: Bounds the memory of one step of the calculation.
_PLACES_AT_A_TIME = 100_000
M2_PER_KM2 = 1_000_000.0
M2_PER_HA = 10_000.0


@dataclass(frozen=True)
class Kernel:
    """How a report's weight spreads: `shape` of u² (0 to 1), integrating to 1 on the unit disc.

    `cells_per_radius` is how fine a grid must be for a lone report to keep its place and weight;
    kernels with a hard edge need more cells than smooth ones.
    """

    name: str
    shape: Callable[[Floats], Floats]
    cells_per_radius: int


KERNELS = (
    Kernel("quartic", lambda uu: 3 / math.pi * (1 - uu) ** 2, 10),
    Kernel("triweight", lambda uu: 4 / math.pi * (1 - uu) ** 3, 10),
    Kernel("epanechnikov", lambda uu: 2 / math.pi * (1 - uu), 10),
    Kernel("uniform", lambda uu: np.full_like(uu, 1 / math.pi), 40),
    Kernel("triangular", lambda uu: 3 / math.pi * (1 - np.sqrt(uu)), 10),
)


@dataclass(frozen=True)
class Grid:
    """A grid of square cells, its corner on a multiple of the cell size so that months compare.

    `west` and `north` are the outer corner in metres; row 0 is the northernmost.
    """

    west: float
    north: float
    cell_m: float
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        """Return the number of cells."""
        return self.rows * self.columns


@dataclass(frozen=True)
class Surface:
    """A density surface: `values` in reports per m², and the number of reports it adds up to."""

    values: Floats
    grid: Grid
    reports: float
    integral: float


def lone_peak(kernel: Kernel, radius_m: float) -> float:
    """Return the highest density, per m², that a single report can make."""
    return float(kernel.shape(np.zeros(1))[0]) / radius_m**2


def default_cell_m(kernel: Kernel, radius_m: float) -> float:
    """Return the cell size that shows a kernel of this radius faithfully."""
    return radius_m / kernel.cells_per_radius


def grid_around(xy: Floats, radius_m: float, cell_m: float) -> Grid:
    """Return the grid that holds every kernel whole.

    Args:
        xy: (n, 2) metres, n at least 1.
        radius_m: the kernel's radius.
        cell_m: the side of a cell.

    Raises:
        InputRefused: the radius is smaller than a cell, or the grid would be too large.
    """
    if radius_m < cell_m:
        raise InputRefused(
            f"The radius of {radius_m:g} m is smaller than a cell of {cell_m:g} m.",
            f"Choose a cell size of {radius_m / 10:g} m or less, or a larger radius.",
        )
    # a kernel ends at the radius, so a cell's centre just outside may be left off
    west, south = np.floor((xy.min(axis=0) - radius_m) / cell_m)
    east, north = np.ceil((xy.max(axis=0) + radius_m) / cell_m)
    rows, columns = int(north - south), int(east - west)
    if rows * columns > MOST_CELLS:
        width_km, height_km = (xy.max(axis=0) - xy.min(axis=0)) / 1000
        wanted = cell_m * math.sqrt(rows * columns / MOST_CELLS)
        raise InputRefused(
            f"Points spread over {width_km:,.0f} × {height_km:,.0f} km would need"
            f" {rows * columns / 1e6:,.0f} million cells of {cell_m:g} m; the most is"
            f" {MOST_CELLS / 1e6:,.0f} million.",
            f"Look for points far outside the area, or choose cells of {math.ceil(wanted)} m"
            " or more.",
        )
    return Grid(float(west * cell_m), float(north * cell_m), cell_m, rows, columns)


def surface(
    xy: Floats,
    radius_m: float,
    cell_m: float,
    kernel: Kernel,
    weights: Floats | None = None,
    tick: Tick = no_tick,
) -> Surface:
    """Return the density of points, exact at every cell's centre.

    Points in the same place are added up first; each place then reaches only the cells within
    the radius of it.

    Args:
        xy: (n, 2) finite coordinates in metres, n at least 1.
        radius_m: the distance at which a report stops counting.
        cell_m: the side of a cell.
        kernel: one of `KERNELS`.
        weights: (n,) not negative; 1 each where None.
        tick: told the share done; may raise `Cancelled`.

    Raises:
        InputRefused: no points, a weight that cannot be one, or a grid out of proportion.
        DoesNotAddUp: the volume differs from the number of reports by more than 1 %.
    """
    if not len(xy):
        raise InputRefused(
            "There is no point to make a heat map of.", "Check the layer and its filter."
        )
    weights = np.ones(len(xy)) if weights is None else _checked(weights)
    grid = grid_around(xy, radius_m, cell_m)
    places, where = np.unique(xy, axis=0, return_inverse=True)
    mass: Floats = np.bincount(where.ravel(), weights=weights).astype(np.float64)

    total = np.zeros(grid.cells)
    for start in range(0, len(places), _PLACES_AT_A_TIME):
        block = slice(start, start + _PLACES_AT_A_TIME)
        done, part = start / len(places), min(1.0, _PLACES_AT_A_TIME / len(places))

        def block_tick(share: float, done: float = done, part: float = part) -> None:
            tick(done + share * part)

        _spread(total, grid, places[block], mass[block], radius_m, kernel, block_tick)
    reports = float(mass.sum())
    integral = float(total.sum()) * cell_m**2
    if abs(integral - reports) > TOLERANCE * reports:
        finest = default_cell_m(kernel, radius_m)
        raise DoesNotAddUp(
            f"Cells of {cell_m:g} m are too coarse for a {kernel.name} kernel of {radius_m:g} m:"
            f" the surface adds up to {integral:.2f} instead of {reports:g}.",
            f"Choose cells of {finest:g} m or less.",
        )
    return Surface(total.reshape(grid.rows, grid.columns), grid, reports, integral)


def _spread(
    total: Floats,
    grid: Grid,
    places: Floats,
    mass: Floats,
    radius_m: float,
    kernel: Kernel,
    tick: Tick,
) -> None:
    """Add the kernels of some places to `total`, one row of every kernel at a time."""
    # the centre of cell (row, column) is at west + (column + ½)·cell, north − (row + ½)·cell
    column = (places[:, 0] - grid.west) / grid.cell_m - 0.5
    row = (grid.north - places[:, 1]) / grid.cell_m - 0.5
    home_column, home_row = np.rint(column).astype(np.int64), np.rint(row).astype(np.int64)
    reach = radius_m / grid.cell_m
    steps = np.arange(-math.ceil(reach + 0.5), math.ceil(reach + 0.5) + 1)
    across = (steps - (column - home_column)[:, np.newaxis]) ** 2
    down = row - home_row
    height = mass / radius_m**2
    for number, step in enumerate(steps):
        tick(number / len(steps))
        uu = (across + ((step - down) ** 2)[:, np.newaxis]) / reach**2
        place, offset = np.nonzero(uu < 1)
        if len(place):
            cell = (home_row[place] + step) * grid.columns + home_column[place] + steps[offset]
            share = height[place] * kernel.shape(uu[place, offset])
            first = cell.min()
            added = np.bincount(cell - first, weights=share)
            total[first : first + len(added)] += added


def _checked(weights: Floats) -> Floats:
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum() > 0:
        raise InputRefused(
            "The weights hold a missing, negative or unusable number, or are all zero.",
            "Choose another field, or filter those points out.",
        )
    return weights


def class_limits(maximum: float, lowest: float, most: int = 6) -> list[float]:
    """Return round class limits that rise by about the same factor from class to class.

    Densities of reports are skewed: in equal steps one busy square would leave the rest of a map
    without colour. The limits are taken from 1, 2, 5, 10, 20 ... times powers of ten.

    Args:
        maximum: the highest density; the last limit is at least this.
        lowest: the density below which nothing is to be made of a place, such as the peak of one
            lone report; the first limit is at least this.
        most: how many limits there may be.
    """
    if not maximum > 0:
        return []
    low, high = _step_at_least(lowest), _step_at_least(maximum)
    if high <= low:
        return [round_limit(low)]
    stride = math.ceil((high - low) / (most - 1))
    return [round_limit(step) for step in range(high, low - 1, -stride)][::-1]


def _step_at_least(value: float) -> int:
    """Return the number of the smallest limit in 1, 2, 5, 10 ... that is not below a value."""
    step = 3 * math.floor(math.log10(value))
    while round_limit(step) < value * (1 - 1e-9):
        step += 1
    return step


def round_limit(step: int) -> float:
    """Return limit number `step` of the series in which 0, 1, 2, 3 are 1, 2, 5 and 10."""
    power, factor = divmod(step, 3)
    return float((1, 2, 5)[factor] * 10.0**power)
