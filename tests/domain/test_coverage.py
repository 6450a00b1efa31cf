# SPDX-License-Identifier: GPL-2.0-or-later
"""PAI, PEI and RRI by hand, and what is said where there is nothing to divide by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain.coverage import Coverage, most_reports_on, rri
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.known_lattice import known_lattice
from streetsafe_plugin.domain.grid.shared_ground import shared_ground

KM2 = 1e6


def test_30_of_100_points_in_3_of_60_km2():
    found = Coverage(30, 100, 3 * KM2, 60 * KM2, best=40)
    assert found.share_reports == pytest.approx(0.30)
    assert found.share_area == pytest.approx(0.05)
    assert found.pai == pytest.approx(6.0)
    # the best on 3 km² would have had 40 points and a PAI of 8
    assert found.pei == pytest.approx(6.0 / 8.0)


def test_rri_by_hand():
    """30 of 100 first, 20 of 80 later: (20 / 30) / (80 / 100) = 0.8333."""
    assert rri(Coverage(30, 100, 1, 2), Coverage(20, 80, 1, 2)) == pytest.approx(20 / 30 / 0.8)


@pytest.mark.parametrize(
    ("found", "share", "pai", "pei"),
    [
        (Coverage(0, 0, 3, 60, 0), None, None, None),  # no points
        (Coverage(0, 100, 0, 60, 0), 0, None, None),  # no hot ground
        (Coverage(0, 100, 3, 60, 40), 0, 0, 0),  # hot ground without points
        (Coverage(100, 100, 60, 60, 100), 1, 1, 1),  # everything is hot
        (Coverage(30, 100, 3, 60), 0.3, 6, None),  # the best was not worked out
    ],
)
def test_what_cannot_be_divided_is_not_given(found, share, pai, pei):
    assert (found.share_reports, found.pai, found.pei) == (
        share if share is None else pytest.approx(share),
        pai if pai is None else pytest.approx(pai),
        pei if pei is None else pytest.approx(pei),
    )


def test_rri_needs_a_first_share():
    assert rri(Coverage(0, 100, 1, 2), Coverage(20, 80, 1, 2)) is None
    assert rri(Coverage(10, 100, 1, 2), Coverage(0, 0, 1, 2)) is None


def test_the_most_reports_on_an_area_by_hand():
    """Per 100 m²: 5, 9, 2 and, on half a cell, 4; the densest come first: 9, the half, 5."""
    counts, ground = np.array([5, 9, 2, 4]), np.array([100.0, 100, 100, 50])
    assert most_reports_on(100, counts, ground) == pytest.approx(9)
    assert most_reports_on(150, counts, ground) == pytest.approx(13)
    assert most_reports_on(200, counts, ground) == pytest.approx(13 + 2.5)
    assert most_reports_on(0, counts, ground) == 0
    assert most_reports_on(350, counts, ground) == pytest.approx(20)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.data())
def test_no_choice_of_cells_beats_the_best(counts, data):
    counts = np.array(counts)
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts)))
    )
    best = most_reports_on(10.0 * chosen.sum(), counts, np.full(len(counts), 10.0))
    top = np.sort(counts)[::-1][: chosen.sum()].sum()
    assert best == pytest.approx(top)
    assert counts[chosen].sum() <= best + 1e-9


@pytest.mark.parametrize("shape", CellShape)
def test_a_layer_of_cells_gives_its_lattice_back(shape):
    lattice = Lattice(shape, 123.4, (56.7, -8.9))
    cells = lattice.within_bounds((-300, -300, 400, 500))[::2]
    names = [f"{column}_{row}" for column, row in cells.tolist()]
    known, found = known_lattice(lattice.polygons(cells), names)
    assert (found == cells).all()
    assert known.shape is shape
    assert known.size_m == pytest.approx(123.4)
    assert known.origin == pytest.approx((56.7, -8.9))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda cells: [cells[0].buffer(-5), *cells[1:]], ["0_0", "1_0"]),
        (lambda cells: cells, ["0_0", "2_0"]),
        (lambda cells: cells, ["0_0", "0_0"]),
        (lambda cells: cells, ["A", "B"]),
        (lambda cells: cells, [None, None]),
        (lambda cells: [], []),
    ],
    ids=["cut", "moved", "twice", "renamed", "nameless", "none"],
)
def test_cells_that_are_none_any_more_are_not_taken_for_a_lattice(change, names):
    cells = Lattice(CellShape.SQUARE, 100.0).polygons(np.array([[0, 0], [1, 0]]))
    assert known_lattice(change(cells), names) is None


def test_shared_ground_is_what_each_shares():
    rng = np.random.default_rng(2)
    corners = rng.uniform(0, 900, (60, 2))
    shapes = [box(x, y, x + 80, y + 120) for x, y in corners]
    area = (
        box(100, 100, 700, 500).union(box(800, 0, 1_000, 1_000)).difference(box(200, 200, 300, 300))
    )
    expected = [shape.intersection(area).area for shape in shapes]
    assert shared_ground(shapes, area) == pytest.approx(expected)
    assert len(shared_ground([], area)) == 0
