# SPDX-License-Identifier: GPL-2.0-or-later
"""The grid of a density surface, and why one may be too large."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.errors import InputRefused

#: More cells than this are refused: nobody sees so many, and the work would take over a gigabyte.
MOST_CELLS = 25_000_000
#: More of the points than this share, far from the others, are not strays but a part of the data.
_MOST_STRAYS = 0.01


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

    def home_of(self, xy: Floats) -> tuple[Ints, Ints, Floats, Floats]:
        """Return row and column of the cell that holds each point, and how far from its centre.

        The distances, to the east and to the north, are in metres, so that places on whole metres
        keep exact ones.
        """
        column = np.floor((xy[:, 0] - self.west) / self.cell_m).astype(np.int64)
        row = np.floor((self.north - xy[:, 1]) / self.cell_m).astype(np.int64)
        east = xy[:, 0] - (self.west + (column + 0.5) * self.cell_m)
        north = xy[:, 1] - (self.north - (row + 0.5) * self.cell_m)
        return row, column, east, north


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
    x, y = xy[:, 0], xy[:, 1]  # one by one, which numpy does ten times as fast
    low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    # a kernel ends at the radius, so a cell's centre just outside may be left off
    west, south = np.floor((low - radius_m) / cell_m)
    east, north = np.ceil((high + radius_m) / cell_m)
    rows, columns = int(north - south), int(east - west)
    if rows * columns > MOST_CELLS:
        raise _too_large(xy, radius_m, cell_m, rows * columns)
    return Grid(float(west * cell_m), float(north * cell_m), cell_m, rows, columns)


def _too_large(xy: Floats, radius_m: float, cell_m: float, cells: int) -> InputRefused:
    width_km, height_km = (xy.max(axis=0) - xy.min(axis=0)) / 1000
    wanted = math.ceil(cell_m * math.sqrt(cells / MOST_CELLS))
    refused = (
        f"Points spread over {width_km:,.0f} × {height_km:,.0f} km would need"
        f" {cells / 1e6:,.0f} million cells of {cell_m:g} m; the most is"
        f" {MOST_CELLS / 1e6:,.0f} million."
    )
    far = strays(xy, radius_m, cell_m)
    if not len(far):
        return InputRefused(
            refused,
            f"Choose cells of {wanted} m or more, or map a part of the area at a time.",
        )
    lie, them = ("1 point lies", "it") if len(far) == 1 else (f"{len(far):,} points lie", "them")
    rest = np.delete(xy, far, axis=0)
    low, high = rest.min(axis=0), rest.max(axis=0)
    beyond = np.maximum(np.maximum(low - xy[far], xy[far] - high), 0)
    away_km = math.floor(np.hypot(*beyond.T).min() / 1000)
    east, north = xy[far[-1]]
    return InputRefused(
        f"{refused} {lie} more than {away_km:,} km away from the rest, the farthest at easting"
        f" {east:.0f}, northing {north:.0f}.",
        f"Correct {them} or filter {them} out: the rest lie between eastings {low[0]:.0f} and"
        f" {high[0]:.0f}, northings {low[1]:.0f} and {high[1]:.0f}. With {them}, cells of"
        f" {wanted} m or more would do.",
    )


def strays(xy: Floats, radius_m: float, cell_m: float) -> Ints:
    """Return the numbers of the points, nearest first, that alone make a grid too large.

    These are the fewest of those farthest from the middle without which the grid of the others
    is small enough. There are none if that takes more than one point in a hundred (or than one
    point), since then it is not strays but the area that is large.
    """
    middle = np.median(xy, axis=0)
    order = np.argsort(np.hypot(*(xy - middle).T), kind="stable")
    low, high = np.minimum.accumulate(xy[order]), np.maximum.accumulate(xy[order])
    sides = np.ceil((high + radius_m) / cell_m) - np.floor((low - radius_m) / cell_m)
    kept = int(np.searchsorted(sides[:, 0] * sides[:, 1], MOST_CELLS, side="right"))
    most = max(1, int(_MOST_STRAYS * len(xy)))
    few = len(xy) - kept <= most and kept > len(xy) // 2
    return order[kept:] if few else order[:0]
