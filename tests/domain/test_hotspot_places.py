# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot cells that touch become one place; the nearest park is the nearest by its edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from streetsafe_plugin.domain.grid.cell_grid import lay_grid
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.hotspot_places import hot_places
from streetsafe_plugin.domain.hotspots import HotCells
from streetsafe_plugin.domain.nearest_parks import nearest_parks

AREA = box(0, 0, 1_000, 1_000)


def hot_cells(counts: dict[tuple[int, int], int], shape=CellShape.SQUARE, level=3, area=AREA):
    """Return cells with so many points each, hot where there is a number, 0 included."""
    lattice = Lattice(shape, 100.0)
    cells = np.array(list(counts))
    xy = np.repeat(lattice.middles(cells), list(counts.values()), axis=0)
    grid = lay_grid(lattice, xy, area)
    hot = [tuple(cell) in counts for cell in grid.cells.tolist()]
    levels = np.where(hot, level, 0)
    nothing = np.zeros(len(grid))
    return HotCells(
        grid, grid.counts, grid.counts.astype(float), nothing, nothing, nothing, levels, 0
    )


def test_squares_touch_at_corners_and_empty_ones_join_nothing():
    found = hot_cells({(1, 1): 5, (2, 2): 3, (3, 2): 0, (4, 2): 4, (8, 8): 6})
    places = hot_places(found, AREA, {})
    assert [(place.rank, place.reports) for place in places] == [(1, 8), (2, 6), (3, 4)]
    assert [place.shape.area for place in places] == pytest.approx([20_000, 10_000, 10_000])
    assert places[0].share == pytest.approx(8 / 18)
    assert places[0].reports_per_km2 == pytest.approx(400)
    assert places[0].point == pytest.approx((150, 150))
    assert places[0].top_reasons is None


def test_of_equal_numbers_the_denser_is_first():
    places = hot_places(hot_cells({(1, 1): 2, (2, 1): 2, (7, 7): 4}), AREA, {})
    assert [place.shape.area for place in places] == pytest.approx([10_000, 20_000])


def test_cells_hot_at_90_percent_are_no_place():
    assert hot_places(hot_cells({(1, 1): 5}, level=1), AREA, {}) == []


def test_hexagons_join_without_a_gap():
    around = [(4, 4), (3, 4), (5, 4), (4, 5), (3, 5), (4, 3), (3, 3)]
    (place,) = hot_places(hot_cells(dict.fromkeys(around, 2), CellShape.HEXAGON), None, {})
    (outline,) = place.shape.geoms
    assert not outline.interiors
    assert outline.area == pytest.approx(7 * 8660.254, rel=1e-6)
    assert len(outline.exterior.coords) == 19  # 18 corners and the first again


def test_a_place_is_cut_at_the_area_and_its_point_lies_in_it():
    area = box(0, 0, 1_000, 160)
    (place,) = hot_places(hot_cells({(1, 1): 5}, area=area), area, {})
    assert place.shape.area == pytest.approx(6_000)
    assert place.shape.contains(Point(place.point))


def test_the_main_reasons_in_words():
    found = hot_cells({(1, 1): 4, (8, 8): 3})
    ticks = {
        "env_no_cctv": np.array([1, 1, 0, 0, 0, 0, 0], dtype=bool),
        "env_lighting": np.array([1, 1, 1, 0, 1, 0, 0], dtype=bool),
        "env_empty": np.array([1, 0, 0, 0, 0, 0, 0], dtype=bool),
        "beh_followed": np.array([1, 1, 0, 0, 0, 0, 0], dtype=bool),
        "beh_other": np.zeros(7, dtype=bool),
    }
    from streetsafe_plugin.domain.taxonomy import reason

    first, second = hot_places(found, AREA, ticks)
    named = [("env_lighting", 3), ("env_no_cctv", 2), ("beh_followed", 2)]
    assert first.top_reasons == "; ".join(f"{reason(code).label} ({n})" for code, n in named)
    assert second.top_reasons == f"{reason('env_lighting').label} (1)"


@given(st.integers(0, 10_000))
def test_nearest_parks_are_as_near_as_shapely_says(seed):
    rng = np.random.default_rng(seed)
    parks = [
        Polygon(rng.uniform(-3_000, 3_000, 2) + rng.uniform(-400, 400, (3, 2))) for _ in range(6)
    ]
    xy = rng.uniform(-4_000, 4_000, (30, 2))
    nearest, metres = nearest_parks(xy, parks)
    for place, park, distance in zip(xy, nearest, metres):
        off = [one.distance(Point(*place)) for one in parks]
        assert distance == pytest.approx(min(off), abs=2e-6)
        assert off[park] == pytest.approx(min(off), abs=2e-6)
