# SPDX-License-Identifier: GPL-2.0-or-later
"""Which park and ring a report belongs to: by hand on squares, and as properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import Point, Polygon, box

from streetsafe_plugin.domain.errors import Cancelled, InputRefused
from streetsafe_plugin.domain.rings import (
    Overlap,
    area_matched_limits,
    assign,
    parse_distances,
    ring_limits,
    within_any,
)

WEST, EAST = box(0, 0, 100, 100), box(250, 0, 350, 100)  # 150 m apart, of the same size
IDS = ["west", "east"]
LIMITS = (50.0, 200.0)


def places(points, parks, limits=LIMITS, overlap=Overlap.NEAREST, ids=None):
    """Return what a report belongs to as (report, park, ring)."""
    xy = np.array(points, dtype=float).reshape(-1, 2)
    belonging = assign(xy, parks, limits, overlap, ids=ids)
    return list(zip(belonging.reports.tolist(), belonging.parks.tolist(), belonging.rings.tolist()))


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param((50, 50), (0, 0), id="inside"),
        pytest.param((100, 50), (0, 0), id="on the edge"),
        pytest.param((100, 100), (0, 0), id="on a corner"),
        pytest.param((100.001, 50), (0, 1), id="a millimetre outside"),
        pytest.param((150, 50), (0, 1), id="on the first limit"),
        pytest.param((150.001, 50), (0, 2), id="just beyond the first limit"),
        pytest.param((-200, 50), (0, 2), id="on the last limit"),
        pytest.param((174.999, 50), (0, 2), id="nearer to the western park"),
        pytest.param((175, 50), (1, 2), id="halfway goes to the park_id that comes first: east"),
        pytest.param((175.001, 50), (1, 2), id="nearer to the eastern park"),
        pytest.param((220, 180), (1, 2), id="30 and 80 off a corner"),
    ],
)
def test_by_hand(point, expected):
    assert places([point], [WEST, EAST], ids=IDS) == [(0, *expected)]


def test_beyond_all_rings():
    assert places([(-200.001, 50)], [WEST, EAST]) == []


def test_the_order_of_the_layer_does_not_settle_a_draw():
    assert places([(175, 50)], [EAST, WEST], ids=["east", "west"]) == [(0, 0, 2)]
    assert places([(175, 50)], [EAST, WEST], ids=["west", "east"]) == [(0, 1, 2)]


def test_halfway_goes_to_the_smaller_park_whatever_its_park_id():
    large = box(250, -10, 350, 110)
    assert places([(175, 50)], [large, WEST], ids=["a", "z"]) == [(0, 1, 2)]
    assert places([(175, 50)], [WEST, large], ids=["z", "a"]) == [(0, 0, 2)]


def test_touching_and_overlapping_parks():
    touching = [box(0, 0, 100, 100), box(100, 0, 200, 100)]
    assert places([(100, 50)], touching, ids=["a", "b"]) == [(0, 0, 0)]
    assert places([(100, 50)], touching, ids=["b", "a"]) == [(0, 1, 0)]
    overlapping = [box(0, 0, 100, 100), box(50, 0, 200, 100)]
    assert places([(75, 50), (150, 50)], overlapping) == [(0, 0, 0), (1, 1, 0)]
    assert places([(75, 50), (150, 50)], overlapping[::-1]) == [(0, 1, 0), (1, 0, 0)]


@pytest.mark.parametrize("overlap", Overlap)
def test_a_play_area_in_a_country_park_keeps_its_ground(overlap):
    country, play = box(0, 0, 900, 900), box(40, 40, 60, 60)
    points = [(50, 50), (60, 50), (61, 50)]  # in it, on its edge, outside it
    assert places(points, [country, play], overlap=overlap) == [(0, 1, 0), (1, 1, 0), (2, 0, 0)]
    assert places(points, [play, country], overlap=overlap) == [(0, 0, 0), (1, 0, 0), (2, 1, 0)]


def test_shared_rings_hold_a_report_twice_but_parks_do_not():
    between, inside = (175, 50), (250, 50)
    assert places([between, inside], [WEST, EAST], overlap=Overlap.SHARED) == [
        (0, 0, 2),
        (0, 1, 2),
        (1, 1, 0),
    ]


def test_shared_rings_each_by_their_own_distance():
    # 10 m from West, 140 m from East
    assert places([(110, 50)], [WEST, EAST], overlap=Overlap.SHARED) == [(0, 0, 1), (0, 1, 2)]


def test_a_hole_belongs_to_the_ring():
    park = Polygon(box(0, 0, 100, 100).exterior.coords, [box(40, 40, 60, 60).exterior.coords])
    assert places([(50, 50)], [park], (20.0,)) == [(0, 0, 1)]


def test_totals_count_a_shared_report_once():
    xy = np.array([(175.0, 50.0), (50.0, 50.0), (900.0, 900.0)])
    belonging = assign(xy, [WEST, EAST], LIMITS, Overlap.SHARED)
    assert (belonging.inside(), belonging.in_rings(), belonging.count) == (1, 1, 3)


def test_cancelling_stops_it():
    def press_cancel(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        assign(np.zeros((1, 2)), [WEST], LIMITS, tick=press_cancel)


coordinates = st.integers(-60, 60).map(lambda step: 10.0 * step)
points_on_a_lattice = st.lists(st.tuples(coordinates, coordinates), max_size=60)
parks_on_a_lattice = st.lists(
    st.tuples(coordinates, coordinates, st.integers(1, 20), st.integers(1, 20)).map(
        lambda box_of: box(
            box_of[0], box_of[1], box_of[0] + 10 * box_of[2], box_of[1] + 10 * box_of[3]
        )
    ),
    min_size=1,
    max_size=5,
)


@given(points=points_on_a_lattice, parks=parks_on_a_lattice, overlap=st.sampled_from(Overlap))
@settings(max_examples=80, deadline=None)
def test_every_report_within_reach_of_a_park_and_no_other_is_counted(points, parks, overlap):
    limits = (30.0, 100.0, 200.0)
    belonging = assign(np.array(points).reshape(-1, 2), parks, limits, overlap)
    near = [
        number
        for number, point in enumerate(points)
        if min(park.distance(Point(point)) for park in parks) <= 200.0
    ]
    assert np.unique(belonging.reports).tolist() == near
    assert belonging.inside() + belonging.in_rings() == len(near)
    if overlap is Overlap.NEAREST:
        assert len(belonging.reports) == len(near)


@given(points=points_on_a_lattice, parks=parks_on_a_lattice)
@settings(max_examples=60, deadline=None)
def test_nearest_is_what_a_look_at_every_park_finds(points, parks):
    limits = (30.0, 100.0, 200.0)
    for report, park, ring in places(points, parks, limits):
        off = [round(shape.distance(Point(points[report])), 6) for shape in parks]
        assert park == min(range(len(parks)), key=lambda one: (off[one], parks[one].area))
        inner, outer = ring_limits(limits)[ring]
        assert inner < off[park] <= outer or off[park] == ring == 0


@given(points=points_on_a_lattice, parks=parks_on_a_lattice, data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_reports_changes_nothing(points, parks, data):
    order = data.draw(st.permutations(range(len(points))))
    one = places(points, parks)
    other = places([points[number] for number in order], parks)
    assert sorted((order[report], park, ring) for report, park, ring in other) == one


@given(
    points=points_on_a_lattice,
    parks=parks_on_a_lattice,
    degrees=st.floats(0, 360),
    moved=st.tuples(st.floats(0, 700_000), st.floats(0, 1_300_000)),
    overlap=st.sampled_from(Overlap),
)
@settings(max_examples=80, deadline=None)
def test_moving_and_turning_everything_changes_no_count(points, parks, degrees, moved, overlap):
    # the lattice puts many reports on edges, on limits and halfway between parks
    def there(shape):
        return translate(rotate(shape, degrees, origin=(0, 0)), *moved)

    limits = (30.0, 100.0, 200.0)
    turned = [there(Point(point)).coords[0] for point in points]
    assert places(turned, [there(park) for park in parks], limits, overlap) == places(
        points, parks, limits, overlap
    )


# so small a lattice that parks overlap, touch, lie in each other, have the same size and are alike,
# and that reports lie on edges, on limits and halfway between parks
steps = st.integers(0, 10)
crowded_parks = st.lists(
    st.tuples(steps, steps, st.integers(1, 4), st.integers(1, 4)).map(
        lambda one: box(10 * one[0], 10 * one[1], 10 * (one[0] + one[2]), 10 * (one[1] + one[3]))
    ),
    min_size=2,
    max_size=6,
)
half_steps = st.integers(-6, 34).map(lambda step: 5.0 * step)
crowded_points = st.lists(st.tuples(half_steps, half_steps), min_size=1, max_size=60)
some_ids = st.permutations(["a", "b", "c", "d", "e", "f"])


def named(places_found, ids):
    """Return what reports belong to with the parks called by their ids, in no order."""
    return sorted((report, ids[park], ring) for report, park, ring in places_found)


@given(
    points=crowded_points,
    parks=crowded_parks,
    ids=some_ids,
    overlap=st.sampled_from(Overlap),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_parks_changes_nothing(points, parks, ids, overlap, data):
    limits = [(10.0, 10.0 * (2 + number % 3)) for number in range(len(parks))]
    one = named(places(points, parks, limits, overlap, ids[: len(parks)]), ids)
    order = data.draw(st.permutations(range(len(parks))))
    other_ids = [ids[number] for number in order]
    other = places(
        points,
        [parks[number] for number in order],
        [limits[number] for number in order],
        overlap,
        other_ids,
    )
    assert named(other, other_ids) == one


@given(points=crowded_points, parks=crowded_parks, ids=some_ids)
@settings(max_examples=60, deadline=None)
def test_draws_are_settled_by_size_and_then_by_park_id(points, parks, ids):
    limits = (10.0, 30.0)
    for report, park, _ in places(points, parks, limits, ids=ids[: len(parks)]):
        off = [round(shape.distance(Point(points[report])), 6) for shape in parks]
        assert park == min(range(len(parks)), key=lambda one: (off[one], parks[one].area, ids[one]))


@given(
    points=crowded_points,
    parks=crowded_parks,
    ids=some_ids,
    quarters=st.integers(1, 3),
    moved=st.tuples(st.integers(0, 700_000), st.integers(0, 1_300_000)),
    overlap=st.sampled_from(Overlap),
)
@settings(max_examples=60, deadline=None)
def test_quarter_turns_change_no_count(points, parks, ids, quarters, moved, overlap):
    def there(shape):
        return translate(rotate(shape, 90 * quarters, origin=(0, 0)), *moved)

    turned = [there(Point(point)).coords[0] for point in points]
    turned_parks = [there(park) for park in parks]
    some = ids[: len(parks)]
    assert places(turned, turned_parks, (10.0, 30.0), overlap, some) == places(
        points, parks, (10.0, 30.0), overlap, some
    )


def test_within_any_takes_edges_in():
    xy = np.array([(50.0, 50.0), (100.0, 50.0), (300.0, 50.0), (200.0, 50.0)])
    assert within_any(xy, [WEST, EAST]).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100,250,400", (100, 250, 400)),
        (" 400; 100 ,250 ", (100, 250, 400)),
        ("12.5", (12.5,)),
    ],
)
def test_distances_are_read_and_sorted(text, expected):
    assert parse_distances(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no distance"),
        (" , ", "no distance"),
        ("100,abc", "“abc” is not a number"),
        ("100,-5", "-5 is not a distance"),
        ("0", "0 is not a distance"),
        ("nan", "nan is not a distance"),
        ("inf", "inf is not a distance"),
        ("100,250,100.0", "twice"),
        ("100,60000", "more than 50000 m"),
        (",".join(str(number) for number in range(1, 22)), "21 distances"),
    ],
)
def test_distances_that_cannot_be_used_are_refused(text, says):
    with pytest.raises(InputRefused, match=says) as refusal:
        parse_distances(text)
    assert "DISTANCES" in refusal.value.message
    assert refusal.value.hint


def test_ring_limits_begin_with_the_park():
    assert ring_limits((100.0, 250.0)) == [(0, 0), (0, 100), (100, 250)]


def test_rings_of_a_park_may_end_before_those_of_another():
    parks = [box(0, 0, 100, 100), box(1_000, 0, 1_100, 100)]
    xy = np.array([[250.0, 50.0], [850.0, 50.0], [560.0, 50.0]])
    found = assign(xy, parks, [(100.0, 200.0), (100.0, 120.0)])
    # 150 m from the first; 150 m from the second, whose rings end at 120 m; beyond both
    assert list(zip(found.reports, found.parks, found.rings)) == [(0, 0, 2)]


@given(st.floats(1.0, 500.0), st.floats(1.0, 500.0), st.floats(0.05, 20.0))
def test_matched_rings_hold_the_area_asked_for(width, height, multiple):
    park = box(0, 0, width, height)
    (distance,) = area_matched_limits(park, [multiple])
    # worked by hand for a rectangle: sides times distance, and a disc at the corners
    around = 2 * (width + height) * distance + np.pi * distance**2
    assert around == pytest.approx(multiple * park.area, rel=1e-3)
