# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

from streetsafe_plugin.domain.areas import area_of

#: Nine squares of 10 m, row by row, sharing their edges and corners.
SQUARES = [
    box(10 * column, 10 * row, 10 * column + 10, 10 * row + 10)
    for row in range(3)
    for column in range(3)
]


def test_a_shared_edge_belongs_to_the_first_area():
    xy = np.array([[5, 5], [10, 5], [10, 10], [15, 10], [30, 30], [30.001, 30]], dtype=float)
    assert area_of(xy, SQUARES).tolist() == [0, 0, 0, 1, 8, -1]
    assert area_of(xy, SQUARES[::-1]).tolist() == [8, 7, 4, 4, 0, -1]


@given(st.lists(st.tuples(st.integers(-5, 35), st.integers(-5, 35)), min_size=1, max_size=50))
def test_every_point_counts_in_exactly_the_first_area_that_holds_it(places):
    xy = np.array(places, dtype=float)
    expected = [
        next((n for n, square in enumerate(SQUARES) if square.intersects(Point(place))), -1)
        for place in places
    ]
    assert area_of(xy, SQUARES).tolist() == expected
