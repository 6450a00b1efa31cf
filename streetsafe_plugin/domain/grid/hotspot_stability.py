# SPDX-License-Identifier: GPL-2.0-or-later
"""Would a place still be hot, had the grid been laid a little differently?

Where a grid begins and how large its cells are is a choice, and hot spots come and go with it. So
the test is made again on grids shifted by thirds of a cell either way, with cells three quarters,
once and one and a half times as large: 27 grids, the first among them. A place that is hot in
nearly all of them is hot for what was reported, not for how the grid was laid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.grid.cell_grid import lay_grid
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice, places_in
from streetsafe_plugin.domain.hotspots import find_hot_cells
from streetsafe_plugin.domain.many_tests import Correction
from streetsafe_plugin.domain.progress import Tick, no_tick

SCALES = (0.75, 1.0, 1.5)
SHIFTS = 3
GRIDS = len(SCALES) * SHIFTS**2
#: A place is called stable if it is hot in at least this share of the grids.
STABLE_SHARE = 0.8


@dataclass(frozen=True)
class Stability:
    """In how many grids each place (m,) was tested, and in how many of them it was hot."""

    hot: Ints
    runs: Ints

    @property
    def hot_share(self) -> Floats:
        """Return the share of grids in which a place is hot, 0 to 1; NaN where none holds it."""
        return np.where(self.runs > 0, self.hot / np.maximum(self.runs, 1), np.nan)

    @property
    def stable(self) -> Bools:
        """Tell which places are hot in nearly all grids."""
        return np.asarray(self.hot >= STABLE_SHARE * np.maximum(self.runs, 1))


def how_stable(
    places: Floats,
    lattice: Lattice,
    xy: Floats,
    distance_m: float,
    correction: Correction = Correction.FDR,
    weights: Floats | None = None,
    area: BaseGeometry | None = None,
    tick: Tick = no_tick,
) -> Stability:
    """Test again on 27 grids and count in how many the cell around each place is hot.

    Hot means: at 95 % or more, and with reports of its own. A place at the rim of the area may
    lie in no cell of some grids, which then do not count for it.

    Args:
        places: Where to look (m, 2): the middles of the first grid's cells.
        lattice: The first grid's.
        xy: Points (n, 2), all of them in the area.
        distance_m: Between the middles of neighbours; it grows and shrinks with the cells.
        correction: For so many tests at once, in each grid by itself.
        weights: What each point counts; 1 each where None.
        area: What the grids cover; the points' extent where None.
        tick: Progress.
    """
    hot = np.zeros(len(places), dtype=np.int64)
    runs = np.zeros(len(places), dtype=np.int64)
    for number, (scale, other) in enumerate(_variants(lattice)):
        tick(number / GRIDS)
        grid = lay_grid(other, xy, area)
        found = find_hot_cells(grid, distance_m * scale, correction, weights)
        where = places_in(grid.cells, other.cells_of(places))
        runs += where >= 0
        hot += (where >= 0) & found.surely_hot[where]
    return Stability(hot, runs)


def _variants(lattice: Lattice) -> Iterator[tuple[float, Lattice]]:
    """Yield grids of every size and shift, by thirds of the way to the next cell either way."""
    north = (0.0, 1.0) if lattice.shape is CellShape.SQUARE else (0.5, np.sqrt(3) / 2)
    for scale in SCALES:
        size_m = lattice.size_m * scale
        for along, across in np.ndindex(SHIFTS, SHIFTS):
            steps = np.array([along, 0.0]) + across * np.array(north)
            x, y = np.array(lattice.origin) + steps / SHIFTS * size_m
            yield scale, replace(lattice, size_m=size_m, origin=(float(x), float(y)))
