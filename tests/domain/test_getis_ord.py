# SPDX-License-Identifier: GPL-2.0-or-later
"""G and G* against the published values, by hand, and on lattices against places anywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearson3

from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.getis_ord import gi, gi_star, gi_star_on, two_sided
from streetsafe_plugin.domain.grid.neighbour_sums import sums_on, touching_distance_m

#: The example in the docstring of esda's G_Local (esda 2.9.0), with the results it prints there.
SIX = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
BAND = 15.0
#: transform='B', star=True: binary weights, the place itself included.
G_STAR = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
#: transform='B', star=False: binary weights, the place itself left out.
G = [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941]


def test_the_published_example():
    assert gi_star(SIX, VALUES, BAND) == pytest.approx(G_STAR, abs=1e-8)
    assert gi(SIX, VALUES, BAND) == pytest.approx(G, abs=1e-8)


def test_g_star_by_hand():
    """Three places in a row, 3, 0, 0: for the first, 3 − 2·1 over √2·√((3·2 − 4) / 2) = 1/√2."""
    xy = np.array([[0, 0], [1, 0], [2, 0]], dtype=float)
    found = gi_star(xy, np.array([3.0, 0, 0]), 1.0)
    assert found[0] == pytest.approx(1 / math.sqrt(2))
    assert found[2] == pytest.approx(-2 / math.sqrt(2))
    assert np.isnan(found[1])  # its neighbourhood is everything


@pytest.mark.parametrize("values", [[2.0] * 6, [0.0] * 6, [0.1] * 6])
def test_nothing_is_told_where_all_are_alike(values):
    assert np.isnan(gi_star(SIX, np.array(values), BAND)).all()
    assert np.isnan(gi(SIX, np.array(values), BAND)).all()


def test_a_place_without_neighbours_has_no_g_but_a_g_star():
    xy = np.array([[0, 0], [1, 0], [50, 0], [51, 0], [200, 0]], dtype=float)
    values = np.array([1.0, 2, 3, 4, 9])
    assert np.isnan(gi(xy, values, 5.0)[4])
    assert np.isfinite(gi_star(xy, values, 5.0)[4])


def test_p_is_two_sided():
    assert two_sided(np.array([1.959963984540054, -2.5758293035489004, 0.0])) == pytest.approx(
        [0.05, 0.01, 1.0]
    )


@given(st.floats(-4, 6), st.floats(-2, 2).filter(lambda skewness: abs(skewness) > 0.01))
def test_p_of_skewed_sums_is_scipys_pearson_iii(z, skewness):
    tails = pearson3.cdf(z, skewness), pearson3.sf(z, skewness)
    p = two_sided(np.array([z]), skewness)
    assert p[0] == pytest.approx(min(2 * min(tails), 1), rel=1e-6, abs=1e-12)


def test_p_of_hardly_skewed_sums_is_the_normal_one():
    z = np.array([-3.0, 0.5, 4.0])
    assert two_sided(z, 2e-4) == pytest.approx(two_sided(z), rel=0.005)


@given(
    st.sampled_from(CellShape),
    st.floats(1.0, 6.0),
    st.floats(0.3, 1.0),
    st.integers(0, 2**32 - 1),
)
def test_a_lattice_gives_what_places_anywhere_give(shape, cells_off, filled, seed):
    rng = np.random.default_rng(seed)
    lattice = Lattice(shape, 100.0, (13.0, -7.0))
    cells = lattice.within_bounds((-600, -500, 700, 800))
    cells = cells[rng.random(len(cells)) < filled]
    values = rng.poisson(1.5, len(cells)).astype(float)
    expected = gi_star(lattice.middles(cells), values, 100.0 * cells_off)
    found = gi_star_on(lattice, cells, values, 100.0 * cells_off)
    assert found == pytest.approx(expected, nan_ok=True, abs=1e-12)


@pytest.mark.parametrize(("shape", "inner"), [(CellShape.SQUARE, 9), (CellShape.HEXAGON, 7)])
def test_by_default_neighbours_are_the_cells_that_touch(shape, inner):
    lattice = Lattice(shape, 137.3, (0.1, 0.2))
    cells = lattice.within_bounds((0, 0, 1_000, 1_000))
    ones = np.ones(len(cells))
    around = sums_on(lattice, cells, ones, touching_distance_m(lattice))
    assert around.max() == inner
    row, column = cells[:, 1] - cells[:, 1].min(), cells[:, 0] - cells[:, 0].min()
    rim = (row % row.max() == 0) | (column % column.max() == 0)
    assert (around[~rim] == inner).all()
    assert (around[rim] < inner).all()
