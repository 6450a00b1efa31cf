# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel density surfaces that add up to the number of reports.

The value of a cell is the sum of all kernels at the cell's centre, in reports per square metre, so
that value times area, added over all cells, gives the number of reports back. The check that it
does is part of the calculation: a grid too coarse for its kernel is refused.

The sum is exact wherever it can be had at the price (`kernel_sums`): for any few reports, and for
many in few places. For many places the smooth part of a kernel is added by Fourier transforms
(`kernel_convolution`), to within half a percent of the surface's peak at any cell, whatever the
configuration (`kernels` says why); the Epanechnikov and the uniform kernel stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.surface.class_limits import class_limits
from streetsafe_plugin.domain.surface.density_grid import MOST_CELLS, Grid, grid_around
from streetsafe_plugin.domain.surface.kernel_convolution import convolved, fineness
from streetsafe_plugin.domain.surface.kernel_sums import by_cells, by_rows
from streetsafe_plugin.domain.surface.kernels import KERNELS, Kernel, default_cell_m, lone_peak
from streetsafe_plugin.domain.surface.reach import reached

__all__ = [
    "KERNELS", "M2_PER_HA", "M2_PER_KM2", "MOST_CELLS", "TOLERANCE", "Grid", "Kernel", "Surface",
    "class_limits", "default_cell_m", "grid_around", "lone_peak", "surface",
]  # fmt: skip

#: How far the volume under a surface may lie from the number of reports.
TOLERANCE = 0.01
M2_PER_KM2 = 1_000_000.0
M2_PER_HA = 10_000.0

# Rough nanoseconds, only to choose between ways that lead to the same surface.
_AT_ANY_RATE = 0.4e9
_A_CELL_OF_A_DISC = 15.0
_A_ROW_OF_A_DISC = 150.0
_A_CELL_TRANSFORMED = 15.0
_A_NODE = 5.0
_A_PLACE_TRANSFORMED = 400.0


@dataclass(frozen=True)
class Surface:
    """A density surface: `values` in reports per m², and the number of reports it adds up to."""

    values: Floats
    grid: Grid
    reports: float
    integral: float


def surface(
    xy: Floats,
    radius_m: float,
    cell_m: float,
    kernel: Kernel,
    weights: Floats | None = None,
    tick: Tick = no_tick,
) -> Surface:
    """Return the density of points at every cell's centre; 0 beyond the radius of all of them.

    Points in the same place are added up first.

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
    if weights is not None:
        weights = _checked(weights)
    grid = grid_around(xy, radius_m, cell_m)
    tick(0.0)
    places, mass = _places(xy, weights)
    if _is_cheaper_apart(grid, len(places), radius_m, kernel):
        values = _apart(grid, places, mass, radius_m, kernel, tick)
    else:
        values = by_cells(grid, places, mass, radius_m, kernel, tick)
    reports = float(mass.sum())
    integral = float(values.sum()) * cell_m**2
    if abs(integral - reports) > TOLERANCE * reports:
        finest = default_cell_m(kernel, radius_m)
        raise DoesNotAddUp(
            f"Cells of {cell_m:g} m are too coarse for a {kernel.name} kernel of {radius_m:g} m:"
            f" the surface adds up to {integral:.2f} instead of {reports:g}.",
            f"Choose cells of {finest:g} m or less.",
        )
    return Surface(values, grid, reports, integral)


def _places(xy: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    """Return the different places from south to north, and how many reports each counts for."""
    # as complex numbers pairs are sorted ten times as fast as rows of a table
    northing_first = np.ascontiguousarray(xy[:, ::-1], dtype=np.float64).view(np.complex128)
    if weights is None:
        pairs, counted = np.unique(northing_first.ravel(), return_counts=True)
        mass = counted.astype(np.float64)
    else:
        pairs, where = np.unique(northing_first.ravel(), return_inverse=True)
        mass = np.bincount(where.ravel(), weights=weights).astype(np.float64)
    return np.column_stack((pairs.imag, pairs.real)), mass


def _is_cheaper_apart(grid: Grid, places: int, radius_m: float, kernel: Kernel) -> bool:
    """Tell whether rows and transforms take less time than every cell of every disc."""
    across = 2 * radius_m / grid.cell_m + 1
    every_cell = places * across**2 * _A_CELL_OF_A_DISC
    apart = _AT_ANY_RATE
    if kernel.rows:
        apart += places * across * _A_ROW_OF_A_DISC
    if kernel.smooth:
        fine = fineness(kernel, radius_m, grid.cell_m)
        transforms = 2 * fine**2 + 1
        apart += grid.cells * (transforms * _A_CELL_TRANSFORMED + fine**2 * _A_NODE)
        apart += places * _A_PLACE_TRANSFORMED
    return apart < every_cell


def _apart(
    grid: Grid, places: Floats, mass: Floats, radius_m: float, kernel: Kernel, tick: Tick
) -> Floats:
    """Return the sum of a kernel's parts, each added in the way that suits it."""
    share = 0.6 if kernel.rows and kernel.smooth else float(kernel.rows is not None)
    parts: list[Floats] = []
    if kernel.rows:
        parts.append(
            by_rows(grid, places, mass, radius_m, kernel.rows, lambda done: tick(share * done))
        )
    if kernel.smooth:

        def later(done: float) -> None:
            tick(share + (1 - share) * done)

        fine = fineness(kernel, radius_m, grid.cell_m)
        rest = convolved(
            grid, places, mass, radius_m, kernel.smooth, fine, lambda done: later(0.8 * done)
        )
        rest[~reached(grid, places, radius_m, lambda done: later(0.8 + 0.2 * done))] = 0.0
        parts.append(rest)
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _checked(weights: Floats) -> Floats:
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum() > 0:
        raise InputRefused(
            "The weights hold a missing, negative or unusable number, or are all zero.",
            "Choose another field, or filter those points out.",
        )
    return weights
