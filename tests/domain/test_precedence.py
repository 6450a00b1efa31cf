# SPDX-License-Identifier: GPL-2.0-or-later
"""Which park comes first: by size, then by park_id, and never by the bits that turning changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import Polygon, box

from streetsafe_plugin.domain.precedence import by_precedence

PLAY_AREA, GREEN, COUNTRY_PARK = box(40, 40, 60, 60), box(0, 0, 100, 100), box(0, 0, 900, 900)


def test_the_smaller_park_comes_first():
    order = by_precedence([COUNTRY_PARK, PLAY_AREA, GREEN], ["a", "b", "c"])
    assert order.tolist() == [1, 2, 0]


def test_a_hole_makes_a_park_smaller():
    ring = Polygon(box(0, 0, 110, 100).exterior.coords, [box(40, 40, 80, 80).exterior.coords])
    assert by_precedence([GREEN, ring], ["a", "b"]).tolist() == [1, 0]  # 9,400 m² against 10,000


def test_of_the_same_size_the_park_id_that_comes_first():
    same = [GREEN, box(500, 0, 550, 200), box(0, 500, 25, 900)]  # 10,000 m² each
    assert by_precedence(same, ["green", "b-field", "brook"]).tolist() == [1, 2, 0]


def test_without_park_ids_the_one_given_first():
    assert by_precedence([GREEN, COUNTRY_PARK, GREEN, PLAY_AREA]).tolist() == [3, 0, 2, 1]


def test_no_parks_have_no_order():
    assert by_precedence([], []).tolist() == []


@pytest.mark.parametrize(
    ("width", "first"),
    [
        pytest.param(1_000.004, 1, id="the seventh digit does not count"),  # 1,000,004 m²
        pytest.param(1_000.02, 0, id="the sixth does"),  # 1,000,020 m²
    ],
)
def test_six_digits_count(width, first):
    parks = [box(0, 0, 1_000, 1_000), box(0, 0, width, 1_000)]
    assert by_precedence(parks, ["z", "a"])[0] == first


@given(
    degrees=st.floats(0, 360),
    moved=st.tuples(st.floats(0, 700_000), st.floats(0, 1_300_000)),
    sides=st.sampled_from([(1_005, 1_001), (1_235, 1_003), (100, 100), (7, 3)]),
)
def test_moving_and_turning_keep_parks_the_same_size(degrees, moved, sides):
    # 1,005 by 1,001 m are 1,006,005 m², just between two numbers of six digits
    park = box(0, 0, *sides)
    turned = translate(rotate(park, degrees, origin=(0, 0)), *moved)
    assert by_precedence([park, turned], ["b", "a"]).tolist() == [1, 0]
    assert by_precedence([turned, park], ["b", "a"]).tolist() == [1, 0]
