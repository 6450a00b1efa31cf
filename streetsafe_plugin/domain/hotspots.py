# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cells are hot: more reports in and around them than chance would gather there.

Each cell is tested with Getis and Ord's G* among all cells of the area, empty ones included, and
the p values are corrected for so many tests. Counts scattered at random are skewed where they are
few: read against the normal distribution, 5 points in a neighbourhood make some cell hot at 95 %
(false discovery rate) in a third of maps of 1,600 squares. So p comes from a curve with the
skewness that such counts have. And a cell that the area cuts holds less for having less ground: p
goes by the ground of a neighbourhood, while z is that of the published statistic, which takes every
cell for whole. By simulation, kept in the tests, a map then holds a false hot cell in less than 5 %
of cases, however few the points and whatever the shape of the area.

A cell can be hot by its neighbours alone, with no report of its own: it is marked, for nothing was
reported there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints, Texts
from streetsafe_plugin.domain.grid.cell_grid import CellGrid
from streetsafe_plugin.domain.grid.getis_ord import gi_star_on, two_sided
from streetsafe_plugin.domain.grid.neighbour_sums import sums_on
from streetsafe_plugin.domain.many_tests import Correction, adjusted

#: From the coldest to the hottest, as `HotCells.level` numbers them from -3 to 3.
CLASSES = ("cold_99", "cold_95", "cold_90", "none", "hot_90", "hot_95", "hot_99")
#: A cell is of the class if chance alone would gather so much in at most this share of cases.
LIMITS = (0.10, 0.05, 0.01)
#: A point that counts so many times as much as the average one can make a hot spot by itself.
HEAVY = 5.0
_NOTHING = 1e-300


@dataclass(frozen=True)
class HotCells:
    """What the test says of each cell (m,) of a grid.

    `counts` are points, `values` what was tested: the points, or their weights. `z` is G*; `p` goes
    by the ground, and so is that of z where all cells are whole. All three are NaN where all values
    are alike, and in a cell whose neighbourhood is the whole grid. `level` is -3 (cold, 99 %) to 3
    (hot, 99 %). `around` is how many points lie in a cell and its neighbours on average,
    `heaviest` how many times as much as the average point the heaviest one counts.
    """

    grid: CellGrid
    counts: Ints
    values: Floats
    z: Floats
    p: Floats
    p_adjusted: Floats
    level: Ints
    around: float
    heaviest: float = 1.0

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
    beyond, share = _beyond_its_ground(grid, values, distance_m)
    p = np.where(np.isnan(z), np.nan, two_sided(beyond, _skewness(grid, share, weights)))
    p_adjusted = adjusted(p, correction)
    around = sums_on(grid.lattice, grid.cells, counts.astype(float), distance_m)
    level = levels_of(beyond, p_adjusted)
    heaviest = 1.0 if weights is None or not weights.any() else weights.max() / weights.mean()
    return HotCells(
        grid, counts, values, z, p, p_adjusted, level, float(around.mean()), float(heaviest)
    )


def _beyond_its_ground(grid: CellGrid, values: Floats, distance_m: float) -> tuple[Floats, Floats]:
    """Return how far each neighbourhood's sum is from what its ground makes one expect.

    In standard errors, which are those of points scattered at random times the root of how much
    more the cells vary than such points do. With cells of equal ground that is G*'s z.

    Returns:
        The standard errors, and what share of the ground each neighbourhood has.
    """
    own = grid.ground_m2 / grid.ground_m2.sum()
    sums = sums_on(grid.lattice, grid.cells, np.column_stack((values, own)), distance_m)
    share, total = np.minimum(sums[:, 1], 1.0), float(values.sum())
    expected = total * own
    varying = ((values - expected) ** 2).sum() / max((expected * (1 - own)).sum(), _NOTHING)
    error = np.sqrt(varying * total * share * (1 - share))
    excess = sums[:, 0] - total * share
    return np.divide(excess, error, out=np.zeros(len(grid)), where=error > 0), share


def _skewness(grid: CellGrid, share: Floats, weights: Floats | None) -> Floats | float:
    """Return how skewed each neighbourhood's sum is if the points are scattered at random.

    As many points as there are fall on a share of the ground: a binomial distribution. Points of
    different weights count as the number of equal ones that would be as skewed.
    """
    inside = grid.place >= 0
    own = np.ones(int(inside.sum())) if weights is None else weights[inside]
    cubes = float((own**3).sum())
    if not cubes:
        return 0.0
    points = float((own**2).sum()) ** 3 / cubes**2
    spread = np.sqrt(points * share * (1 - share))
    return np.divide(1 - 2 * share, spread, out=np.zeros(len(grid)), where=spread > 0)


def levels_of(beyond: Floats, p_adjusted: Floats) -> Ints:
    """Return -3 (cold, 99 %) to 3 (hot, 99 %) for each cell, 0 where it is neither or untested."""
    passed = sum((p_adjusted <= limit).astype(np.int64) for limit in LIMITS)
    return np.asarray(np.where(beyond > 0, passed, -passed), dtype=np.int64)
