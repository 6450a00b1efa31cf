# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from streetsafe_plugin.domain.nearest_parks import nearest_parks

#: A square with a pond, one beside it, one far away, and one that lies in the first.
PARKS = [
    Polygon([(0, 0), (100, 0), (100, 100), (0, 100)], [[(40, 40), (60, 40), (60, 60), (40, 60)]]),
    box(200, 0, 300, 100),
    box(90_000, 0, 90_100, 100),
    box(10, 10, 20, 20),
]
METRES = st.one_of(st.integers(-400, 700), st.integers(-200_000, 200_000))


def test_by_hand():
    """Inside, on an edge, in the pond, halfway between two, diagonally off, and far away."""
    xy = [[15, 15], [100, 50], [50, 52], [150, 50], [303, 104], [89_000, 50], [-50_000, 100]]
    owner, metres = nearest_parks(np.array(xy, dtype=float), PARKS)
    # of the two that hold the first place the smaller has it
    assert owner.tolist() == [3, 0, 0, 0, 1, 2, 0]
    assert metres.tolist() == [0, 0, 8, 50, 5, 1_000, 50_000]


@given(st.lists(st.tuples(METRES, METRES), min_size=1, max_size=30))
def test_the_distance_is_that_of_the_nearest_and_the_smallest_of_these(places):
    owner, metres = nearest_parks(np.array(places, dtype=float), PARKS)
    for place, park, off in zip(places, owner, metres):
        true = np.round([shape.distance(Point(place)) for shape in PARKS], 6)
        assert off == pytest.approx(true.min(), abs=1e-5)
        assert true[park] == pytest.approx(true.min(), abs=1e-5)
        level = np.flatnonzero(true <= off + 1e-7)
        assert PARKS[park].area == min(PARKS[other].area for other in level)


def test_no_places_and_no_parks():
    owner, metres = nearest_parks(np.empty((0, 2)), PARKS)
    assert not len(owner)
    assert not len(metres)
    owner, metres = nearest_parks(np.zeros((1, 2)), [])
    assert (owner.tolist(), metres.tolist()) == ([-1], [np.inf])
