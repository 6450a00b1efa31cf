# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways for many places, held against the sum of every kernel at every centre.

Few places would never be handed to them, so they are called here whatever the price.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain import density
from streetsafe_plugin.domain.density import KERNELS, Grid, Kernel, grid_around, surface
from streetsafe_plugin.domain.progress import no_tick
from streetsafe_plugin.domain.surface import kernel_convolution
from streetsafe_plugin.domain.surface.kernel_sums import by_cells
from streetsafe_plugin.domain.surface.reach import reached

QUARTIC, TRIWEIGHT, EPANECHNIKOV, UNIFORM, TRIANGULAR = KERNELS
WITHIN = 0.005


def squares(xy: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the squared distances (n, rows, columns) to every cell's centre."""
    x = grid.west + (np.arange(grid.columns) + 0.5) * grid.cell_m
    y = grid.north - (np.arange(grid.rows) + 0.5) * grid.cell_m
    across, down = x - xy[:, :1], y - xy[:, 1:]
    return down[:, :, np.newaxis] ** 2 + across[:, np.newaxis, :] ** 2


def exact(
    xy: np.ndarray, mass: np.ndarray, radius_m: float, kernel: Kernel, grid: Grid
) -> np.ndarray:
    square = squares(xy, grid)
    heights = np.where(square < radius_m**2, kernel.shape(np.minimum(square / radius_m**2, 1)), 0.0)
    return np.tensordot(mass, heights, 1) / radius_m**2


def apart(
    xy: np.ndarray, weights: np.ndarray, radius_m: float, kernel: Kernel, grid: Grid
) -> np.ndarray:
    places, mass = density._places(xy, weights)
    return density._apart(grid, places, mass, radius_m, kernel, no_tick)


def holds(xy: np.ndarray, weights: np.ndarray, radius_m: float, cell_m: float, kernel: Kernel):
    grid = grid_around(xy, radius_m, cell_m)
    made, right = (way(xy, weights, radius_m, kernel, grid) for way in (apart, exact))
    assert np.abs(made - right).max() <= WITHIN * right.max()
    assert made.min() >= 0
    beyond = (squares(xy, grid) >= radius_m**2).all(axis=0)
    assert not made[beyond].any()
    return made, right


def scattered(rng: np.random.Generator, count: int, extent: float) -> np.ndarray:
    return rng.uniform(0, extent, (count, 2))


def clumped(rng: np.random.Generator, count: int, extent: float) -> np.ndarray:
    middles = rng.uniform(0, extent, (3, 2))
    return middles[rng.integers(0, 3, count)] + rng.normal(0, extent / 100, (count, 2))


def snapped(rng: np.random.Generator, count: int, extent: float) -> np.ndarray:
    return np.round(scattered(rng, count, extent) / 25) * 25 + 12.5


def ringed(rng: np.random.Generator, count: int, extent: float) -> np.ndarray:
    angle = rng.uniform(0, 2 * math.pi, count)
    ring = 250 * np.column_stack((np.cos(angle), np.sin(angle))) + extent / 2
    return np.floor(ring / 25) * 25 + 12.5


@given(
    st.sampled_from([scattered, clumped, snapped, ringed]),
    st.sampled_from(KERNELS),
    # from cells hardly smaller than the radius to fine ones
    st.sampled_from([240.0, 110.0, 60.0, 25.0, 17.3, 12.5]),
    st.integers(1, 40),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_any_cell_is_within_half_a_percent_of_the_peak(
    arrangement, kernel: Kernel, cell_m: float, count: int, weighted: bool, seed: int
) -> None:
    if kernel.smooth and kernel_convolution.fineness(kernel, 250, cell_m) > 12:
        cell_m = 60.0  # beyond this only the exact way is ever cheaper
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0, 5, count) + 1e-3 if weighted else np.ones(count)
    holds(arrangement(rng, count, 1_000.0), weights, 250.0, cell_m, kernel)


@pytest.mark.parametrize("kernel", [QUARTIC, TRIWEIGHT, TRIANGULAR], ids=lambda k: k.name)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_worst_reports_can_do_together(kernel: Kernel, sign: int) -> None:
    """All those places around a cell that err in one direction, as much as any can."""
    radius_m = float(kernel.grain)
    lattice = np.arange(-radius_m - 3, radius_m + 3, 0.25)
    candidates = np.stack(np.meshgrid(lattice, lattice), -1).reshape(-1, 2) + 0.5
    candidates = candidates[np.hypot(*(candidates - 0.5).T) < radius_m + 3]
    # what one report adds to the cell at the middle when its place is handed to nodes around it
    base = np.floor(candidates - 0.5)
    across, down = (kernel_convolution._shares(t) for t in (candidates - 0.5 - base).T)
    added = np.zeros(len(candidates))
    for i in range(4):
        for j in range(4):
            uu = ((base + np.array([i - 1, j - 1])) ** 2).sum(axis=1) / radius_m**2
            added += across[i] * down[j] * np.where(uu < 1, kernel.smooth(np.minimum(uu, 1)), 0)
    uu = ((candidates - 0.5) ** 2).sum(axis=1) / radius_m**2
    error = sign * (added - np.where(uu < 1, kernel.smooth(np.minimum(uu, 1)), 0))
    worst = candidates[error > 0.6 * error.max()]
    # as evenly around the middle as can be: it makes the lowest peak
    sector = ((np.arctan2(*(worst - 0.5).T) / (2 * math.pi)) % 1 * 32).astype(int)
    weights = 1 / np.bincount(sector, minlength=32)[sector]
    chosen = np.random.default_rng(0).permutation(len(worst))[:300]
    made, right = holds(worst[chosen], weights[chosen], radius_m, 1.0, kernel)
    # the case bites: were errors of nothing but rounding, this would test nothing
    assert np.abs(made - right).max() > 1e-4 * right.max()


@pytest.mark.parametrize("kernel", [EPANECHNIKOV, UNIFORM], ids=lambda kernel: kernel.name)
def test_row_by_row_is_exact(kernel: Kernel) -> None:
    xy = scattered(np.random.default_rng(4), 200, 2_000.0)
    grid = grid_around(xy, 300, 20)
    made, right = (way(xy, np.ones(200), 300, kernel, grid) for way in (apart, exact))
    assert np.abs(made - right).max() <= 1e-9 * right.max()


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_centre_at_the_radius_does_not_count(kernel: Kernel) -> None:
    # 3-4-5 and 5-12-13 triangles: 65 m from a centre of 5 m cells, in metres without rounding
    xy = np.array([[2.5, 2.5]])
    grid = grid_around(xy, 65, 5)
    reach = squares(xy, grid)[0] < 65**2
    cell_by_cell = by_cells(grid, xy, np.ones(1), 65, kernel, no_tick)
    assert np.array_equal(cell_by_cell > 0, reach)
    assert np.array_equal(apart(xy, np.ones(1), 65, kernel, grid) > 0, reach)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("offset", [(0.0, 0.0), (7.0, -11.0), (12.49, 12.49)])
def test_a_lone_report_stays_in_its_place(kernel: Kernel, offset: tuple[float, float]) -> None:
    xy = np.array([[1_012.5, 2_012.5]]) + offset
    cell_m = 25.0 if kernel is not UNIFORM else 5.0
    grid = grid_around(xy, 500, cell_m)
    made = apart(xy, np.ones(1), 500, kernel, grid)
    x = grid.west + (np.arange(grid.columns) + 0.5) * grid.cell_m
    y = grid.north - (np.arange(grid.rows) + 0.5) * grid.cell_m
    middle = (made.sum(axis=0) @ x / made.sum(), made.sum(axis=1) @ y / made.sum())
    # the uniform kernel's edge takes in whole cells or none: exact sums are no better
    assert math.dist(middle, xy[0]) < (0.02 if kernel is not UNIFORM else 0.1) * cell_m
    assert made.sum() * cell_m**2 == pytest.approx(1, abs=0.01)


def test_strips_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    xy = scattered(np.random.default_rng(6), 300, 3_000.0)
    grid = grid_around(xy, 250, 25)
    whole = apart(xy, np.ones(300), 250, QUARTIC, grid)
    monkeypatch.setattr(kernel_convolution, "_MOST_NODES", 4 * grid.columns * 45)
    strips = apart(xy, np.ones(300), 250, QUARTIC, grid)
    assert np.abs(strips - whole).max() < 1e-12 * whole.max()


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_the_order_of_reports_is_of_no_matter(kernel: Kernel) -> None:
    rng = np.random.default_rng(9)
    xy, order = clumped(rng, 500, 2_000.0), rng.permutation(500)
    weights = rng.uniform(0, 3, 500)
    grid = grid_around(xy, 250, 25)
    one = apart(xy, weights, 250, kernel, grid)
    two = apart(xy[order], weights[order], 250, kernel, grid)
    assert np.abs(one - two).max() <= 1e-9 * one.max()


@given(st.integers(1, 60), st.sampled_from([4.0, 11.0, 30.0, 99.0]), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_reached_is_what_is_nearer_than_the_radius(count: int, cell_m: float, seed: int) -> None:
    xy = scattered(np.random.default_rng(seed), count, 700.0)
    grid = grid_around(xy, 100, cell_m)
    nearer = (squares(xy, grid) < 100**2).any(axis=0)
    assert np.array_equal(reached(grid, xy, 100, no_tick), nearer)


def test_many_places_are_taken_apart_and_few_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice is made for the price, and both come to the same."""
    xy = scattered(np.random.default_rng(5), 60_000, 12_000.0)
    taken: list[str] = []
    ways = {name: getattr(density, name) for name in ("by_cells", "convolved")}
    for name, way in ways.items():
        monkeypatch.setattr(density, name, lambda *a, n=name, w=way: (taken.append(n), w(*a))[1])
    many = surface(xy, 500, 25, QUARTIC)
    surface(xy[:100], 500, 25, QUARTIC)
    assert taken == ["convolved", "by_cells"]
    monkeypatch.setattr(density, "_AT_ANY_RATE", math.inf)
    right = surface(xy, 500, 25, QUARTIC)
    assert np.abs(many.values - right.values).max() < 1e-4 * right.values.max()
    assert many.integral == pytest.approx(60_000, rel=1e-4)
