# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels added up exactly at every cell's centre: cell by cell, or row by row.

Cell by cell a place costs as much as there are cells in its disc. Row by row it costs twice the
rows of its disc, for kernels of the form c0 + c1·u²: along a row such a kernel is a parabola
between two ends, so its three coefficients are entered where it begins, taken back where it ends,
and carried along the row by one running sum for all places together.

A centre exactly at the radius does not count. All distances are worked out in metres, so that
places and cells on whole metres give no rounding that could decide otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.surface.density_grid import Grid
from streetsafe_plugin.domain.surface.kernels import Kernel

#: Bounds the memory of one step of the work, and keeps what it works on at hand.
_NUMBERS_AT_A_TIME = 200_000
#: A root as near to a whole number of cells as this may have been rounded to the wrong side.
_NEARLY = 1e-6


def by_cells(
    grid: Grid, places: Floats, mass: Floats, radius_m: float, kernel: Kernel, tick: Tick
) -> Floats:
    """Return the sum (rows, columns) of all kernels, one row of every kernel at a time.

    Args:
        grid: holds every kernel whole.
        places: (n, 2) metres.
        mass: (n,) how many reports each place counts for.
        radius_m: the kernel's radius.
        kernel: any.
        tick: told the share done.
    """
    total = np.zeros(grid.cells)
    steps = _steps(grid, radius_m)
    per_block = max(1, _NUMBERS_AT_A_TIME // len(steps) ** 2)
    per_band = max(1, _NUMBERS_AT_A_TIME // (len(steps) * per_block))
    for block, part in _blocks(len(places), per_block, tick):
        row, column, east, north = grid.home_of(places[block])
        across = (steps * grid.cell_m - east[:, np.newaxis]) ** 2
        height = mass[block] / radius_m**2
        home = row * grid.columns + column
        for start in range(0, len(steps), per_band):
            part(start / len(steps))
            band = steps[start : start + per_band]
            down = (band * grid.cell_m + north[:, np.newaxis]) ** 2
            square = down[:, :, np.newaxis] + across[:, np.newaxis, :]
            inside = np.flatnonzero(square < radius_m**2)
            place, offset = np.divmod(inside, len(band) * len(steps))
            offsets = (band[:, np.newaxis] * grid.columns + steps).ravel()
            share = height[place] * kernel.shape(square.ravel()[inside] / radius_m**2)
            _add(total, home[place] + offsets[offset], share)
    return total.reshape(grid.rows, grid.columns)


def by_rows(
    grid: Grid,
    places: Floats,
    mass: Floats,
    radius_m: float,
    coefficients: tuple[float, float],
    tick: Tick,
) -> Floats:
    """Return the sum (rows, columns) of kernels c0 + c1·u², exactly 0 beyond their radius.

    Args:
        grid: holds every kernel whole.
        places: (n, 2) metres, best sorted from south to north.
        mass: (n,) how many reports each place counts for.
        radius_m: the kernel's radius.
        coefficients: c0 and c1.
        tick: told the share done.
    """
    c0, c1 = coefficients
    # one column more, for what ends with the row
    width = grid.columns + 1
    begun = np.zeros(grid.rows * width)
    powers = [np.zeros(grid.rows * width) for _ in range(3 if c1 else 1)]
    steps = _steps(grid, radius_m)
    for block, part in _blocks(len(places), max(1, _NUMBERS_AT_A_TIME // len(steps)), tick):
        part(0.0)
        row, column, east, north = grid.home_of(places[block])
        down = (steps * grid.cell_m + north[:, np.newaxis]).ravel()
        which, first, last = _chords(np.repeat(east, len(steps)), down, grid.cell_m, radius_m)
        place, step = np.divmod(which, len(steps))
        start = (row * width + column)[place] + steps[step] * width + first
        ends = np.concatenate((start, start + (last - first + 1)))
        _add(begun, ends, _in_and_out(np.ones(len(which))))
        height = mass[block] / radius_m**2
        constant = c0 * height[place]
        if c1:
            square, middle = c1 * height, (column * grid.cell_m + east) / radius_m
            constant += square[place] * (down[which] / radius_m) ** 2
            constant += (square * middle**2)[place]
            _add(powers[1], ends, _in_and_out((-2 * square * middle)[place]))
            _add(powers[2], ends, _in_and_out(square[place]))
        _add(powers[0], ends, _in_and_out(constant))
    along = np.arange(width) * (grid.cell_m / radius_m)
    total = np.zeros((grid.rows, width))
    for power, held in enumerate(powers):
        total += np.cumsum(held.reshape(grid.rows, width), axis=1) * along**power
    reached = np.cumsum(begun.reshape(grid.rows, width), axis=1) > 0.5
    total[~reached] = 0.0
    return np.ascontiguousarray(np.maximum(total[:, :-1], 0.0))


def _chords(east: Floats, down: Floats, cell_m: float, radius_m: float) -> tuple[Ints, Ints, Ints]:
    """Return which discs a row of centres cuts, and their first and last column from home."""
    left = radius_m**2 - down**2
    which = np.flatnonzero(left > 0)
    half, east, down = np.sqrt(left[which]), east[which], down[which]
    # a rounded root does not decide about a centre at the radius: that is done as for any other
    ends: list[Floats] = []
    for end, inwards in (((east - half) / cell_m, 1.0), ((east + half) / cell_m, -1.0)):
        nearest = np.rint(end)
        doubtful = np.flatnonzero(np.abs(end - nearest) < _NEARLY)
        column = np.floor(end) + 1 if inwards > 0 else np.ceil(end) - 1
        at, off = nearest[doubtful], east[doubtful]
        inside = (at * cell_m - off) ** 2 + down[doubtful] ** 2 < radius_m**2
        column[doubtful] = np.where(inside, at, at + inwards)
        ends.append(column)
    first, last = ends
    some = first <= last
    return which[some], first[some].astype(np.int64), last[some].astype(np.int64)


def _in_and_out(values: Floats) -> Floats:
    return np.concatenate((values, -values))


def _steps(grid: Grid, radius_m: float) -> Ints:
    """Return by how many rows, or columns, a cell may lie from the one that holds the place."""
    reach = math.ceil(radius_m / grid.cell_m + 0.5)
    return np.arange(-reach, reach + 1)


def _blocks(count: int, size: int, tick: Tick) -> Iterator[tuple[slice, Tick]]:
    """Yield pieces of `count` places, each with the tick of its own work."""
    size = max(1, size)
    for start in range(0, count, size):
        done, part = start / count, min(size, count - start) / count

        def part_tick(share: float, done: float = done, part: float = part) -> None:
            tick(done + share * part)

        yield slice(start, start + size), part_tick


def _add(total: Floats, cells: Ints, values: Floats) -> None:
    """Add values to the cells they are for, which may be the same."""
    if not len(cells):
        return
    first = cells.min()
    added = np.bincount(cells - first, weights=values)
    total[first : first + len(added)] += added
