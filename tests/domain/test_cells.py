# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.grid import cells as cells_module
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice, counts_of, places_in

SHAPES = st.sampled_from(CellShape)
METRES = st.floats(-2_000, 2_000, allow_nan=False)
LATTICES = st.builds(Lattice, SHAPES, st.floats(10, 500), st.tuples(METRES, METRES))
PLACES = st.lists(st.tuples(METRES, METRES), min_size=1, max_size=40)


@given(LATTICES, PLACES)
def test_a_point_lies_in_its_cell(lattice, places):
    xy = np.array(places)
    outlines = lattice.polygons(lattice.cells_of(xy))
    assert all(cell.distance(Point(*place)) < 1e-6 for cell, place in zip(outlines, xy))


@given(LATTICES)
def test_cells_cover_the_ground_once(lattice):
    """Within a disc their shares of it add up to the disc."""
    disc = Point(300, -200).buffer(2.2 * lattice.size_m)
    outlines = lattice.polygons(lattice.covering(disc))
    shared = sum(outline.intersection(disc).area for outline in outlines)
    assert shared == pytest.approx(disc.area, rel=1e-9)
    assert all(outline.area == pytest.approx(lattice.cell_area_m2) for outline in outlines)


@given(LATTICES, PLACES)
def test_every_point_of_a_rectangle_is_in_a_cell_of_it(lattice, places):
    xy = np.array(places)
    low, high = xy.min(axis=0), xy.max(axis=0)
    # as large as this they would be refused, which has a test of its own
    cells = lattice.within_bounds((*low, *high)) if np.ptp(xy) < 300 * lattice.size_m else None
    if cells is not None:
        counted = counts_of(places_in(cells, lattice.cells_of(xy)), len(cells))
        assert counted.sum() == len(xy)


def test_squares_hold_their_western_and_southern_edge():
    lattice = Lattice(CellShape.SQUARE, 100.0)
    xy = np.array([[0, 0], [100, 50], [99.9, 99.9], [-0.1, 0]], dtype=float)
    assert lattice.cells_of(xy).tolist() == [[0, 0], [1, 0], [0, 0], [-1, 0]]


def test_a_hexagon_by_hand():
    """100 m between the eastern and western side; the corners lie 57.735 m off, one north."""
    lattice = Lattice(CellShape.HEXAGON, 100.0)
    (corners,) = lattice.corners(np.array([[0, 0]]))
    assert corners[:, 0].max() == pytest.approx(50)
    assert corners[:, 1].max() == pytest.approx(100 / math.sqrt(3))
    assert lattice.cell_area_m2 == pytest.approx(8660.254)
    # on the side between two, and on the corner of three: the even row has it
    xy = np.array([[50, 0], [0, 57.735026918962575], [50, 57.7], [0, 173.3]])
    assert lattice.cells_of(xy).tolist() == [[1, 0], [0, 0], [0, 1], [0, 2]]


def test_the_cells_of_an_area_by_hand():
    """A corner of the area only touches the fourth square, which is no ground of it."""
    area = Polygon([(10, 10), (190, 10), (100, 100), (10, 190)])
    cells = Lattice(CellShape.SQUARE, 100.0).covering(area)
    assert cells.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_an_extent_of_too_many_cells_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(cells_module, "MOST_CELLS", 100)
    with pytest.raises(InputRefused, match=r"1\.0 × 1\.0 km holds 441 cells.*105 m or more"):
        Lattice(CellShape.SQUARE, 50.0).covering(box(0, 0, 1_000, 1_000))


def test_cells_that_are_not_wanted_have_no_place():
    cells = np.array([[3, 1], [0, 0], [2, 5]])
    places = places_in(cells, np.array([[2, 5], [9, 9], [3, 1], [3, 1]]))
    assert places.tolist() == [2, -1, 0, 0]
    assert counts_of(places, 3).tolist() == [2, 0, 1]
    assert counts_of(places, 3, [0.5, 9, 1, 2]).tolist() == [3, 0, 0.5]


def lobed(seed: int) -> Polygon:
    """Return an outline with bays and a hole."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    radius = 900 + 300 * np.sin(5 * turn) + rng.uniform(-90, 90, 80)
    edge = np.column_stack((radius * np.cos(turn), radius * np.sin(turn)))
    return Polygon(edge, [Point(100, 50).buffer(160).exterior.coords])


@settings(deadline=None, max_examples=40)
@given(SHAPES, st.floats(90, 900), st.tuples(METRES, METRES), st.integers(0, 50))
def test_the_ground_of_each_cell_is_what_cutting_it_gives(shape, size_m, origin, seed):
    lattice = Lattice(shape, size_m, origin)
    area = lobed(seed)
    cells = lattice.within_bounds(area.bounds)
    expected = [outline.intersection(area).area for outline in lattice.polygons(cells)]
    found = lattice.ground_in(cells, area)
    assert found == pytest.approx(expected, abs=1e-6 * lattice.cell_area_m2)
    kept = {tuple(cell) for cell in lattice.covering(area).tolist()}
    sure = np.array(expected) > 1e-6 * lattice.cell_area_m2
    assert {tuple(cell) for cell in cells[sure].tolist()} <= kept


@pytest.mark.parametrize("shape", CellShape)
def test_neighbours_share_their_corners_to_the_last_bit(shape):
    lattice = Lattice(shape, 137.1, (0.3, 0.7))
    cells = lattice.within_bounds((0, 0, 900, 900))
    corners = lattice.corners(cells).reshape(-1, 2)
    apart = np.unique(np.round(corners, 3), axis=0)
    assert len(np.unique(corners, axis=0)) == len(apart)
    away = np.hypot(
        *(lattice.corners(cells) - lattice.middles(cells)[:, None, :]).transpose(2, 0, 1)
    )
    assert away == pytest.approx(lattice.size_m * (0.5**0.5 if len(away[0]) == 4 else 3**-0.5))


def test_cells_far_apart_are_looked_up_as_well():
    cells = np.array([[0, 0], [10**7, 10**7], [-(10**7), 3]])
    wanted = np.array([[10**7, 10**7], [1, 1], [-(10**7), 3], [10**8, 0]])
    assert places_in(cells, wanted).tolist() == [1, -1, 2, -1]
