# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cells are hot: more reports in and around them than chance would gather there.

Each cell is tested with Getis and Ord's G* among all cells of the area, empty ones included, and
the p values are corrected for so many tests. Counts scattered at random are skewed where they are
few: read against the normal distribution, 5 points in a neighbourhood make some cell hot at 95 %
(false discovery rate) in a third of maps of 1,600 squares. So p comes from a curve with the
skewness that such counts have; by simulation, kept in the tests, a map then holds a false hot cell
in less than 5 % of cases, however few points there are.

A cell can be hot by its neighbours alone, with no report of its own: it is marked, for nothing was
reported there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints, Texts
from streetsafe_plugin.domain.cell_grid import CellGrid
from streetsafe_plugin.domain.getis_ord import gi_star_on, two_sided
from streetsafe_plugin.domain.many_tests import Correction, adjusted
from streetsafe_plugin.domain.neighbour_sums import sums_on

#: From the coldest to the hottest, as `HotCells.level` numbers them from -3 to 3.
CLASSES = ("cold_99", "cold_95", "cold_90", "none", "hot_90", "hot_95", "hot_99")
#: A cell is of the class if chance alone would gather so much in at most this share of cases.
LIMITS = (0.10, 0.05, 0.01)


@dataclass(frozen=True)
class HotCells:
    """What the test says of each cell (m,) of a grid.

    `counts` are points, `values` what was tested: the points, or their weights. `z`, `p` and
    `p_adjusted` are NaN where all values are alike. `level` is -3 (cold, 99 %) to 3 (hot, 99 %).
    `around` is how many points lie in a cell and its neighbours on average.
    """

    grid: CellGrid
    counts: Ints
    values: Floats
    z: Floats
    p: Floats
    p_adjusted: Floats
    level: Ints
    around: float

    @property
    def tested(self) -> bool:
        """Tell whether there was anything to test."""
        return bool(np.isfinite(self.z).any())

    @property
    def hot(self) -> Bools:
        """Tell which cells are hot, at 90 % or more."""
        return np.asarray(self.level > 0)

    @property
    def neighbours_only(self) -> Bools:
        """Tell which cells are hot without a report of their own."""
        return np.asarray((self.level > 0) & (self.counts == 0))

    @property
    def surely_hot(self) -> Bools:
        """Tell which cells are hot at 95 % or more and have reports of their own."""
        return np.asarray((self.level >= 2) & (self.counts > 0))

    @property
    def classes(self) -> Texts:
        """Return each cell's class as the results spell it."""
        return np.asarray(np.array(CLASSES, dtype=object)[self.level + 3])


def find_hot_cells(
    grid: CellGrid,
    distance_m: float,
    correction: Correction = Correction.FDR,
    weights: Floats | None = None,
) -> HotCells:
    """Test every cell of a grid.

    Args:
        grid: Cells with their points.
        distance_m: Cells whose middles are within this are neighbours.
        correction: For so many tests at once.
        weights: What each point counts (n,), not negative; 1 each where None.
    """
    counts = grid.counts
    values = counts.astype(float) if weights is None else grid.sums_of(weights)
    z = gi_star_on(grid.lattice, grid.cells, values, distance_m)
    p = two_sided(z, _skewness(grid, distance_m, weights))
    p_adjusted = adjusted(p, correction)
    around = sums_on(grid.lattice, grid.cells, counts.astype(float), distance_m)
    return HotCells(
        grid, counts, values, z, p, p_adjusted, levels_of(z, p_adjusted), float(around.mean())
    )


def _skewness(grid: CellGrid, distance_m: float, weights: Floats | None) -> Floats | float:
    """Return how skewed each neighbourhood's sum is if the points are scattered at random.

    As many points as there are fall into a share of the cells: a binomial distribution. Points of
    different weights count as the number of equal ones that would be as skewed.
    """
    inside = grid.place >= 0
    own = np.ones(int(inside.sum())) if weights is None else weights[inside]
    cubes = float((own**3).sum())
    if not cubes:
        return 0.0
    points = float((own**2).sum()) ** 3 / cubes**2
    share = sums_on(grid.lattice, grid.cells, np.ones(len(grid)), distance_m) / len(grid)
    spread = np.sqrt(points * share * (1 - share))
    return np.divide(1 - 2 * share, spread, out=np.zeros(len(grid)), where=spread > 0)


def levels_of(z: Floats, p_adjusted: Floats) -> Ints:
    """Return -3 (cold, 99 %) to 3 (hot, 99 %) for each cell, 0 where it is neither or untested."""
    passed = sum((p_adjusted <= limit).astype(np.int64) for limit in LIMITS)
    return np.asarray(np.where(z > 0, passed, -passed), dtype=np.int64)
