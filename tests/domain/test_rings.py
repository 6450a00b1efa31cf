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

WEST, EAST = box(0, 0, 100, 100), box(250, 0, 350, 100)  # 150 m apart
LIMITS = (50.0, 200.0)


def places(points, parks, limits=LIMITS, overlap=Overlap.NEAREST):
    """Return what a report belongs to as (report, park, ring)."""
    belonging = assign(np.array(points, dtype=float).reshape(-1, 2), parks, limits, overlap)
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
        pytest.param((175, 50), (0, 2), id="halfway goes to the first park"),
        pytest.param((175.001, 50), (1, 2), id="nearer to the second park"),
        pytest.param((220, 180), (1, 2), id="30 and 80 off a corner"),
    ],
)
def test_by_hand(point, expected):
    assert places([point], [WEST, EAST]) == [(0, *expected)]


def test_beyond_all_rings():
    assert places([(-200.001, 50)], [WEST, EAST]) == []


def test_the_order_of_the_layer_settles_a_draw():
    assert places([(175, 50)], [EAST, WEST]) == [(0, 0, 2)]


def test_touching_and_overlapping_parks():
    touching = [box(0, 0, 100, 100), box(100, 0, 200, 100)]
    assert places([(100, 50)], touching) == [(0, 0, 0)]
    overlapping = [box(0, 0, 100, 100), box(50, 0, 200, 100)]
    assert places([(75, 50), (150, 50)], overlapping) == [(0, 0, 0), (1, 1, 0)]


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
        assert park == off.index(min(off))
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


@given(points=points_on_a_lattice, parks=parks_on_a_lattice, data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_parks_only_settles_draws(points, parks, data):
    order = data.draw(st.permutations(range(len(parks))))
    limits = (30.0, 100.0, 200.0)
    one = places(points, parks, limits)
    other = places(points, [parks[number] for number in order], limits)
    # every report stays in its ring, and with its park unless another is as near
    assert [(report, ring) for report, _, ring in other] == [
        (report, ring) for report, _, ring in one
    ]
    for (report, park, _), (_, moved_park, _) in zip(one, other):
        now = order[moved_park]
        here = Point(points[report])
        assert now == park or round(parks[now].distance(here) - parks[park].distance(here), 6) == 0


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
