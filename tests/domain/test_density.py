# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel density: exact at every cell's centre, adds up, stays in place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain import density
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.surface import kernel_sums

QUARTIC, _TRIWEIGHT, _EPANECHNIKOV, UNIFORM, _TRIANGULAR = density.KERNELS


def centres(grid: density.Grid) -> tuple[np.ndarray, np.ndarray]:
    x = grid.west + (np.arange(grid.columns) + 0.5) * grid.cell_m
    y = grid.north - (np.arange(grid.rows) + 0.5) * grid.cell_m
    return np.meshgrid(x, y)


def exact_sum(
    xy: np.ndarray, radius_m: float, kernel: density.Kernel, grid: density.Grid
) -> np.ndarray:
    """Sum the kernels at every centre, one point after another, as the definition says."""
    x, y = centres(grid)
    total = np.zeros_like(x)
    for east, north in xy:
        u = np.hypot(x - east, y - north) / radius_m
        inside = u < 1
        total[inside] += kernel.shape(u[inside] ** 2) / radius_m**2
    return total


@pytest.mark.parametrize("kernel", density.KERNELS, ids=lambda kernel: kernel.name)
def test_a_lone_report_has_volume_one(kernel: density.Kernel) -> None:
    made = density.surface(np.array([[458_123.4, 304_567.8]]), 200, 5, kernel)
    assert made.values.sum() * 25 == pytest.approx(1, abs=0.01)
    assert made.integral == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        # K(0)·π by hand, from the kernels' closed forms
        ("quartic", 3),
        ("triweight", 4),
        ("epanechnikov", 2),
        ("uniform", 1),
        ("triangular", 3),
    ],
)
def test_the_closed_form_of_every_kernel(name: str, peak: float) -> None:
    kernel = next(kernel for kernel in density.KERNELS if kernel.name == name)
    assert density.lone_peak(kernel, 1.0) == pytest.approx(peak / math.pi)
    # the volume under it: the integral of 2πu·K(u²) from 0 to 1, by the midpoint rule
    u = (np.arange(100_000) + 0.5) / 100_000
    assert (2 * math.pi * u * kernel.shape(u**2)).mean() == pytest.approx(1, abs=1e-6)
    # its parts add up to it
    parts = np.zeros_like(u)
    if kernel.rows:
        parts += kernel.rows[0] + kernel.rows[1] * u**2
    if kernel.smooth:
        parts += kernel.smooth(u**2)
    assert parts == pytest.approx(kernel.shape(u**2), abs=1e-12)


def test_the_quartic_peak_is_three_over_pi_r_squared() -> None:
    # by hand: K(0)/h² = 3/(π·200²) per m² = 23.873 per km²; the point lies on a cell's centre
    made = density.surface(np.array([[2.5, 2.5]]), 200, 5, QUARTIC)
    assert made.values.max() * 1e6 == pytest.approx(23.8732, abs=1e-4)


@pytest.mark.parametrize(
    "kernel", [k for k in density.KERNELS if k.name != "uniform"], ids=lambda kernel: kernel.name
)
@pytest.mark.parametrize("offset", [(0, 0), (17, -17), (24.9, 24.9), (-12, 3)])
def test_a_lone_report_stays_in_its_place(
    kernel: density.Kernel, offset: tuple[float, float]
) -> None:
    point = np.array([[1000.0, 2000.0]]) + offset
    made = density.surface(point, 300, 30, kernel)
    x, y = centres(made.grid)
    mass = made.values.sum()
    east, north = (made.values * x).sum() / mass, (made.values * y).sum() / mass
    assert math.hypot(east - point[0, 0], north - point[0, 1]) < 0.02 * 30


def test_two_reports_keep_north_and_south_apart() -> None:
    # QGIS's own heat map puts this pair 17 m too far north and 17 m too far south
    points = np.array([[1010.0, 1013.0], [1010.0, 3037.0]])
    made = density.surface(points, 200, 50, QUARTIC)
    _, y = centres(made.grid)
    for north in points[:, 1]:
        near = np.abs(y - north) < 500
        mean = (made.values[near] * y[near]).sum() / made.values[near].sum()
        assert mean == pytest.approx(north, abs=0.02 * 50)


@pytest.mark.parametrize("kernel", density.KERNELS, ids=lambda kernel: kernel.name)
def test_every_cell_is_the_exact_sum(kernel: density.Kernel) -> None:
    xy = np.random.default_rng(7).uniform(0, 2000, (300, 2))
    made = density.surface(xy, 250, 25, kernel)
    exact = exact_sum(xy, 250, kernel, made.grid)
    assert np.abs(made.values - exact).max() <= 1e-9 * exact.max()


@pytest.mark.parametrize("kernel", density.KERNELS, ids=lambda kernel: kernel.name)
def test_blocks_of_places_give_what_one_block_gives(
    monkeypatch: pytest.MonkeyPatch, kernel: density.Kernel
) -> None:
    xy = np.random.default_rng(8).uniform(0, 3000, (500, 2))
    whole = density.surface(xy, 200, 20, kernel)
    monkeypatch.setattr(kernel_sums, "_NUMBERS_AT_A_TIME", 50)
    assert np.allclose(density.surface(xy, 200, 20, kernel).values, whole.values, rtol=1e-12)


@given(
    st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 5000)).map(list), min_size=1, max_size=40),
    st.sampled_from([k for k in density.KERNELS if k is not UNIFORM]),
)
@settings(max_examples=40, deadline=None)
def test_volume_is_the_number_of_reports(points: list[list[float]], kernel: density.Kernel) -> None:
    made = density.surface(np.array(points), 250, 25, kernel)
    assert made.integral == pytest.approx(len(points), rel=0.01)
    assert made.reports == len(points)


def test_weights_count_as_so_many_reports() -> None:
    place = np.array([[0.0, 0.0], [900.0, 0.0]])
    weighted = density.surface(place, 100, 10, QUARTIC, np.array([3.0, 1.0]))
    repeated = density.surface(place[[0, 0, 0, 1]], 100, 10, QUARTIC)
    assert np.allclose(weighted.values, repeated.values)
    assert weighted.reports == 4


@pytest.mark.parametrize("weights", [[1, -1], [np.nan, 1], [0, 0]])
def test_weights_that_cannot_be_are_refused(weights: list[float]) -> None:
    with pytest.raises(InputRefused, match="weights"):
        density.surface(np.zeros((2, 2)), 100, 10, QUARTIC, np.array(weights, dtype=float))


def test_a_grid_too_coarse_to_add_up_is_refused() -> None:
    # one point on a corner of cells as large as the radius: 4 centres at u² = ½ give 0.955
    with pytest.raises(DoesNotAddUp, match="too coarse.*0.95"):
        density.surface(np.array([[0.0, 0.0]]), 100, 100, QUARTIC)


def test_a_radius_below_the_cell_is_refused() -> None:
    with pytest.raises(InputRefused, match="smaller than a cell"):
        density.surface(np.array([[0.0, 0.0]]), 10, 25, QUARTIC)


def test_a_large_area_is_refused_with_the_extent() -> None:
    # a place at null island in British National Grid, beside Leicester: which of two is astray?
    points = np.array([[622_575.7, -5_527_063.8], [458_000, 304_000]])
    with pytest.raises(InputRefused, match="165 × 5,831 km.*cells of") as refused:
        density.surface(points, 250, 25, QUARTIC)
    assert "away" not in str(refused.value)


def test_strays_are_counted_with_where_they_lie() -> None:
    around = np.random.default_rng(2).uniform([430_000, 280_000], [500_000, 342_000], (400, 2))
    far = [[622_575.7, -5_527_063.8], [622_575.7, -5_527_063.8], [1_400_000, 300_000]]
    with pytest.raises(InputRefused) as refused:
        density.surface(np.vstack((far, around)), 250, 25, QUARTIC)
    assert "3 points lie more than 900 km away from the rest" in str(refused.value)
    assert "northing -5527064" in str(refused.value)
    assert "filter them out: the rest lie between eastings 430" in str(refused.value)


def test_cells_lie_on_multiples_of_their_size() -> None:
    grid = density.grid_around(np.array([[458_123.0, 304_567.0]]), 250, 25)
    assert grid.west % 25 == 0
    assert grid.north % 25 == 0


def test_a_lone_report_stays_below_the_first_colour() -> None:
    made = density.surface(np.array([[0.0, 0.0]]), 250, 25, QUARTIC)
    peak = density.lone_peak(QUARTIC, 250)
    assert made.values.max() <= peak
    assert density.class_limits(made.values.max() * 1e6, peak * 1e6) == [20]
