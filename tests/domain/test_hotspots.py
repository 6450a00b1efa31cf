# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot cells: found where a cluster was planted, not found in chance, every point counted once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box
from shapely.ops import unary_union

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.grid.cell_grid import CellGrid, in_area, lay_grid
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.getis_ord import two_sided
from streetsafe_plugin.domain.grid.hotspot_stability import GRIDS, how_stable
from streetsafe_plugin.domain.grid.neighbour_sums import sums_on, touching_distance_m
from streetsafe_plugin.domain.hotspots import find_hot_cells, levels_of
from streetsafe_plugin.domain.many_tests import Correction, adjusted

SHAPES = st.sampled_from(CellShape)
SIDE_M = 2_000.0
AREA = box(0, 0, SIDE_M, SIDE_M)
LOBED = Polygon([(0, 0), (900, 150), (2_000, 0), (1_300, 1_100), (1_900, 1_950), (200, 1_400)])


def scattered(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, SIDE_M, (count, 2))


def searched(xy, lattice, area=AREA, correction=Correction.FDR):
    return find_hot_cells(lay_grid(lattice, xy, area), touching_distance_m(lattice), correction)


def chance_maps(around: float, maps: int, side: int = 40):
    """Yield tests of random points on `side` x `side` squares, `around` in a neighbourhood."""
    rng = np.random.default_rng(1)
    lattice = Lattice(CellShape.SQUARE, 1.0)
    cells = lattice.within_bounds((0.5, 0.5, side - 0.5, side - 0.5))
    count = round(around / 9 * len(cells))
    for _ in range(maps):
        place = rng.integers(0, len(cells), count)
        yield find_hot_cells(CellGrid(lattice, cells, np.ones(len(cells)), place), 1.5)


@pytest.mark.parametrize("around", [2, 5, 18, 50, 450])
def test_chance_is_called_hot_no_more_often_than_is_said(around):
    """However many points a neighbourhood gathers, at most 5 % of random maps hold a hot cell."""
    assert np.mean([(found.level >= 2).any() for found in chance_maps(around, 400)]) <= 0.05


#: Parks of very different size: most of their cells are cut.
PARKS = unary_union(
    [Point(1_000 * n, 700 * (n % 3)).buffer(r) for n, r in enumerate([120] * 8 + [200] * 4 + [600])]
)


@pytest.mark.parametrize(
    ("area", "size_m", "count"),
    [(PARKS, 150.0, 1_500), (Point(0, 0).buffer(900), 250.0, 2_000)],
    ids=["many parks", "a disc"],
)
def test_cells_that_the_area_cuts_are_neither_hot_nor_cold_for_that(area, size_m, count):
    """With whole cells taken for granted, most maps of such areas would show hot cells."""
    rng = np.random.default_rng(17)
    west, south, east, north = area.bounds
    hot, cold = 0, 0
    for _ in range(100):
        xy = rng.uniform((west, south), (east, north), (40 * count, 2))
        xy = xy[in_area(xy, area)][:count]
        found = searched(xy, Lattice(CellShape.SQUARE, size_m), area)
        hot += (found.level >= 2).any()
        cold += (found.level <= -2).any()
    # one in twenty is exceeded by so much in one try of a hundred
    assert max(hot, cold) <= 11


@given(SHAPES, st.integers(0, 10_000))
@settings(max_examples=20)
def test_of_whole_cells_p_is_that_of_the_published_statistic(shape, seed):
    rng = np.random.default_rng(seed)
    lattice = Lattice(shape, 100.0)
    grid = lay_grid(lattice, rng.uniform(0, 1_500, (60, 2)))
    found = find_hot_cells(grid, touching_distance_m(lattice))
    around = sums_on(lattice, grid.cells, np.ones(len(grid)), touching_distance_m(lattice))
    share = around / len(grid)
    skewness = (1 - 2 * share) / np.sqrt(60 * share * (1 - share))
    assert found.p == pytest.approx(two_sided(found.z, skewness), rel=1e-6, abs=1e-12)


def test_against_the_normal_distribution_few_points_would_deceive():
    """What the skewed curve is for: 5 in a neighbourhood make a third of maps show a hot cell."""
    found = [
        (adjusted(two_sided(one.z), Correction.FDR)[one.z > 0] <= 0.05).any()
        for one in chance_maps(5, 200)
    ]
    assert np.mean(found) > 0.2


def test_points_of_unequal_weight_deceive_no_more_often():
    rng = np.random.default_rng(2)
    false = []
    for one in chance_maps(18, 200):
        weights = rng.exponential(1.0, len(one.grid.place))
        false.append((find_hot_cells(one.grid, 1.5, weights=weights).level >= 2).any())
    assert np.mean(false) <= 0.05


@pytest.mark.parametrize("around", [1, 5, 18])
def test_the_share_of_cells_that_chance_makes_hot_is_far_below_5_percent(around):
    assert np.mean([found.hot.mean() for found in chance_maps(around, 100)]) < 0.01


@pytest.mark.parametrize("shape", CellShape)
def test_a_planted_cluster_is_found_and_nothing_far_from_it(shape):
    rng = np.random.default_rng(5)
    xy = np.concatenate((scattered(1_500, 4), rng.normal((1_450, 650), 60, (120, 2))))
    found = searched(xy, Lattice(shape, 100.0))
    middles = found.grid.lattice.middles(found.grid.cells)
    away = np.hypot(*(middles - (1_450, 650)).T)
    assert (found.level[away < 90] == 3).all()
    assert (found.level[away > 400] < 2).all()
    assert found.classes[np.argmin(away)] == "hot_99"


def test_a_cell_that_is_hot_by_its_neighbours_is_marked():
    """A ring of eight full squares around an empty one."""
    around = [(x, y) for x in (450, 550, 650) for y in (450, 550, 650) if (x, y) != (550, 550)]
    found = searched(np.array(around * 5, dtype=float), Lattice(CellShape.SQUARE, 100.0))
    (middle,) = np.flatnonzero((found.grid.cells == [5, 5]).all(axis=1))
    assert (found.counts[middle], found.classes[middle]) == (0, "hot_99")
    assert found.neighbours_only[middle]
    assert not found.surely_hot[middle]
    assert not (found.neighbours_only & (found.counts > 0)).any()


def test_classes_by_hand():
    p = np.array([0.01, 0.0101, 0.05, 0.051, 0.10, 0.11, np.nan])
    z = np.array([3, 3, 3, -3, -3, 3, np.nan])
    assert levels_of(z, p).tolist() == [3, 2, 2, -1, -1, 0, 0]


def test_where_every_cell_holds_the_same_nothing_is_tested():
    lattice = Lattice(CellShape.SQUARE, 500.0)
    found = searched(lattice.middles(lattice.covering(AREA)), lattice)
    assert not found.tested
    assert set(found.classes) == {"none"}


@settings(deadline=None, max_examples=25)
@given(SHAPES, st.floats(60, 700), st.integers(0, 200), st.integers(0, 99), st.booleans())
def test_every_point_of_the_area_is_counted_once(shape, size_m, count, seed, whole):
    xy = np.concatenate((scattered(count, seed), np.array(LOBED.exterior.coords)))
    area = AREA if whole else LOBED
    inside = in_area(xy, area)
    grid = lay_grid(Lattice(shape, size_m, (31.0, -4.0)), xy[inside], area)
    assert grid.counts.sum() == inside.sum()
    assert grid.ground_m2.sum() == pytest.approx(area.area, rel=1e-9)
    assert len(set(grid.ids())) == len(grid)


@settings(deadline=None, max_examples=25)
@given(SHAPES, st.integers(1, 60), st.integers(0, 99))
def test_without_an_area_the_extent_is_covered(shape, count, seed):
    grid = lay_grid(Lattice(shape, 150.0), scattered(count, seed))
    assert grid.counts.sum() == count
    assert (grid.ground_m2 == grid.lattice.cell_area_m2).all()


@pytest.mark.parametrize(
    "xy", [[(5.0, 5.0)], [(0.0, 0.0), (950.0, 0.0)], [(0.0, 0.0), (0.0, 950.0)]]
)
def test_points_on_a_line_have_their_cells_too(xy):
    grid = lay_grid(Lattice(CellShape.SQUARE, 100.0), np.array(xy))
    assert grid.counts.sum() == len(xy)
    # a line along the edge between two rows has the cells on both sides of it and of its ends
    assert len(grid) == (1 if len(xy) == 1 else 22)


def test_without_points_and_area_there_is_nothing_to_cover():
    with pytest.raises(InputRefused, match="no extent"):
        lay_grid(Lattice(CellShape.SQUARE, 100.0), np.empty((0, 2)))


def test_the_order_of_the_points_changes_nothing():
    xy = scattered(700, 8)
    one = searched(xy, Lattice(CellShape.HEXAGON, 120.0))
    other = searched(xy[::-1], Lattice(CellShape.HEXAGON, 120.0))
    assert (one.counts == other.counts).all()
    assert np.array_equal(one.z, other.z)


@settings(deadline=None, max_examples=25)
@given(SHAPES, st.integers(-30, 30), st.integers(-30, 30), st.integers(0, 99))
def test_moving_everything_by_whole_cells_changes_nothing(shape, columns, rows, seed):
    lattice = Lattice(shape, 128.0)  # a power of two moves without rounding
    step = np.array([columns, 2 * rows])
    (start, end) = lattice.middles(np.array([[0, 0], step]))
    xy = np.floor(scattered(300, seed)) + 0.3
    moved = xy + (end - start)
    # what lies within rounding of an edge may change sides
    assume((lattice.cells_of(moved) - step == lattice.cells_of(xy)).all())
    here, there = searched(xy, lattice, None), searched(moved, lattice, None)
    assert (there.grid.cells == here.grid.cells + step).all()
    assert np.array_equal(here.counts, there.counts)
    assert np.array_equal(here.z, there.z)
    assert (here.classes == there.classes).all()


def test_weights_are_tested_and_points_are_counted():
    xy = scattered(400, 3)
    grid = lay_grid(Lattice(CellShape.SQUARE, 100.0), xy, AREA)
    weights = np.where(np.hypot(*(xy - 1_000).T) < 150, 40.0, 1.0)
    found = find_hot_cells(grid, 150.0, weights=weights)
    assert found.counts.sum() == 400
    assert found.values.sum() == pytest.approx(weights.sum())
    (middle,) = np.flatnonzero((grid.cells == [10, 10]).all(axis=1))
    assert found.level[middle] == 3
    assert find_hot_cells(grid, 150.0).level[middle] < 3


def stability(xy, lattice, area=AREA):
    grid = lay_grid(lattice, xy, area)
    places = lattice.middles(grid.cells)
    return grid, how_stable(places, lattice, xy, touching_distance_m(lattice), area=area)


@pytest.mark.parametrize("shape", CellShape)
def test_of_random_points_hardly_any_place_is_stable(shape):
    shares = [stability(scattered(900, seed), Lattice(shape, 125.0))[1] for seed in range(2)]
    assert np.mean([one.stable.mean() for one in shares]) < 0.05
    assert np.mean([np.nanmean(one.hot_share) for one in shares]) < 0.05


def test_a_strong_cluster_is_hot_in_every_grid():
    rng = np.random.default_rng(5)
    xy = np.concatenate((scattered(800, 4), rng.normal((1_050, 950), 90, (400, 2))))
    grid, found = stability(xy, Lattice(CellShape.HEXAGON, 100.0))
    away = np.hypot(*(grid.lattice.middles(grid.cells) - (1_050, 950)).T)
    assert (found.hot_share[away < 60] == 1.0).all()
    assert (found.runs[away < 60] == GRIDS).all()
    assert not found.stable[away > 500].any()
    again = stability(xy, Lattice(CellShape.HEXAGON, 100.0))[1]
    assert np.array_equal(found.hot, again.hot)


def test_grids_that_do_not_hold_a_place_do_not_count_for_it():
    """A middle beyond the rim lies in cells that, shifted, share no ground with the area."""
    xy = scattered(300, 2) * 0.5
    grid, found = stability(xy, Lattice(CellShape.SQUARE, 300.0), box(0, 0, 1_010, 1_010))
    rim = (grid.cells == 3).any(axis=1)
    assert (found.runs[~rim] == GRIDS).all()
    assert (found.runs[rim] < GRIDS).all()
