# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings as polygons: areas worked by hand, and the same reports as the distances count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box
from shapely.ops import unary_union

from streetsafe_plugin.domain import ring_shapes as module
from streetsafe_plugin.domain.errors import Cancelled, DoesNotAddUp
from streetsafe_plugin.domain.geometry import buffered, contains, outline_of
from streetsafe_plugin.domain.nearest_cells import Cells
from streetsafe_plugin.domain.ring_shapes import ring_shapes
from streetsafe_plugin.domain.rings import Overlap, assign

LIMITS = (50.0, 200.0)
WITH_CLEARING = Polygon(
    box(0, 0, 500, 500).exterior.coords, [box(100, 100, 400, 400).exterior.coords]
)

NEIGHBOURS = {
    "150 m apart": [box(0, 0, 100, 100), box(250, 0, 350, 100)],
    "touching": [box(0, 0, 100, 100), box(100, 0, 200, 100)],
    "overlapping": [box(0, 0, 100, 100), box(50, 0, 200, 100)],
    "the same twice": [box(0, 0, 100, 100), box(0, 0, 100, 100)],
    "the smaller inside, first": [box(0, 30, 60, 60), box(0, 0, 100, 100)],
    "the smaller inside, last": [box(0, 0, 100, 100), box(0, 30, 60, 60)],
    "one in the other's clearing": [WITH_CLEARING, box(200, 200, 300, 300)],
    "three round a place": [
        box(0, 0, 100, 100),
        box(260, 30, 330, 80),
        Point(180, 260).buffer(50, 8),
    ],
}


def square_ring(side, inner, outer):
    """Return the area of a ring around a square: 4sd + pi d^2, less that of the inner one."""
    return 4 * side * (outer - inner) + math.pi * (outer**2 - inner**2)


def test_a_lone_square_has_the_areas_worked_by_hand():
    ((park, first, second),) = ring_shapes([box(0, 0, 100, 100)], (100.0, 250.0))
    assert park.area == 10_000
    assert first.area == pytest.approx(square_ring(100, 0, 100), rel=1e-3)
    assert second.area == pytest.approx(square_ring(100, 100, 250), rel=1e-3)


def test_two_squares_split_the_ground_between_them_evenly():
    # 150 m apart, ring to 75 m: they only touch; to 100 m: each loses what lies past the middle
    (_, west), (_, east) = ring_shapes(NEIGHBOURS["150 m apart"], (75.0,))
    assert west.area == pytest.approx(square_ring(100, 0, 75), rel=1e-3)
    (_, west), (_, east) = ring_shapes(NEIGHBOURS["150 m apart"], (100.0,))
    cap = 100**2 * math.acos(0.75) - 75 * math.sqrt(100**2 - 75**2)  # segments at both corners
    lost = 100 * 25 + cap
    assert west.area == pytest.approx(square_ring(100, 0, 100) - lost, rel=1e-3)
    assert east.area == pytest.approx(west.area, rel=1e-4)
    assert west.bounds[2] == pytest.approx(175, abs=0.1)


def test_shared_rings_stay_whole_but_parks_are_cut_out():
    parks = NEIGHBOURS["150 m apart"]
    (_, west), (_, east) = ring_shapes(parks, (200.0,), Overlap.SHARED)
    assert west.area == pytest.approx(square_ring(100, 0, 200) - 50 * 100, rel=1e-3)
    assert west.intersection(east).area > 10_000
    assert west.intersection(parks[1]).area == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("overlap", Overlap)
def test_the_smaller_park_has_the_overlap(overlap):
    small, large = NEIGHBOURS["overlapping"]
    # of 150 x 100 m the larger one loses the 50 x 100 it shares
    for parks in ([small, large], [large, small]):
        assert [own[0].area for own in ring_shapes(parks, LIMITS, overlap)] == [10_000, 10_000]
    inner, outer = NEIGHBOURS["the smaller inside, first"]
    assert [own[0].area for own in ring_shapes([inner, outer], LIMITS, overlap)] == [1_800, 8_200]
    assert [own[0].area for own in ring_shapes([outer, inner], LIMITS, overlap)] == [8_200, 1_800]


def test_of_the_same_park_twice_the_park_id_that_comes_first_has_all():
    gone, kept = ring_shapes(NEIGHBOURS["the same twice"], LIMITS, ids=["b", "a"])
    assert kept[0].area == 10_000
    assert [shape.area for shape in gone] == [0, 0, 0]


@pytest.mark.parametrize("parks", NEIGHBOURS.values(), ids=list(NEIGHBOURS))
def test_split_rings_cover_the_union_once(parks):
    rings = ring_shapes(parks, LIMITS)
    covered = unary_union([buffered(park, LIMITS[-1]) for park in parks]).area
    assert sum(shape.area for of_park in rings for shape in of_park) == pytest.approx(
        covered, rel=1e-6
    )


@pytest.mark.parametrize("overlap", Overlap)
@pytest.mark.parametrize("parks", NEIGHBOURS.values(), ids=list(NEIGHBOURS))
def test_polygons_hold_the_reports_that_distances_count(parks, overlap):
    rings = ring_shapes(parks, LIMITS, overlap)
    west, south, east, north = unary_union(parks).buffer(230).bounds
    xy = np.random.default_rng(11).uniform((west, south), (east, north), (4000, 2))
    shapes = [shape for of_park in rings for shape in of_park if not shape.is_empty]
    edges = unary_union([shape.boundary for shape in shapes])
    xy = np.array([point for point in xy if edges.distance(Point(point)) > 0.5])
    belonging = assign(xy, parks, LIMITS, overlap)
    for number, of_park in enumerate(rings):
        for ring, shape in enumerate(of_park):
            by_distance = belonging.reports[(belonging.parks == number) & (belonging.rings == ring)]
            by_shape = (
                [] if shape.is_empty else np.flatnonzero(contains(xy, outline_of(shape))).tolist()
            )
            assert by_distance.tolist() == by_shape


def test_the_line_between_a_point_like_park_and_a_straight_edge_is_a_parabola():
    # equally far from (0, 100) and the axis: y = 50 + x^2 / 200
    pond, meadow = box(-0.05, 99.95, 0.05, 100.05), box(-400, -50, 400, 0)
    _, (_, ring) = ring_shapes([pond, meadow], (300.0,))
    for x in (0.0, 60.0, -120.0):
        line = 50 + x**2 / 200
        assert ring.contains(Point(x, line - 0.5))
        assert not ring.contains(Point(x, line + 0.5))


def test_far_apart_parks_do_not_touch_each_other():
    parks = [box(0, 0, 100, 100), box(5000, 0, 5100, 100)]
    assert [[shape.area for shape in rings] for rings in ring_shapes(parks, LIMITS)] == [
        [pytest.approx(area, rel=1e-9) for area in rings]
        for rings in [[shape.area for shape in ring_shapes([park], LIMITS)[0]] for park in parks]
    ]


def test_cancelling_stops_it():
    def press_cancel(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ring_shapes(NEIGHBOURS["touching"], LIMITS, tick=press_cancel)


def test_a_park_in_the_others_clearing_shares_it_with_what_is_around():
    # a square of 100 m in a clearing of 300 m: half of the 100 m between them belongs to each
    around, inside = ring_shapes(NEIGHBOURS["one in the other's clearing"], (100.0,))
    clearing = 300**2 - 100**2
    assert around[0].area == 500**2 - 300**2
    assert inside[0].area == 100**2
    outside = square_ring(500, 0, 100)
    assert inside[1].area + around[1].area == pytest.approx(clearing + outside, rel=1e-3)
    # nearest to the inner square: 50 m on each side, less than a quarter circle at each corner
    assert 4 * 100 * 50 < inside[1].area < 200**2 - 100**2
    assert Point(250, 150.5).within(inside[1])
    assert Point(250, 149.5).within(around[1])


def test_rings_that_do_not_add_up_are_withheld(monkeypatch):
    def no_cells(parks, reach_m, tick):
        return Cells([None] * len(parks), np.zeros(len(parks)), [[] for _ in parks])

    monkeypatch.setattr(module, "nearest_cells", no_cells)
    with pytest.raises(DoesNotAddUp, match="within reach"):
        ring_shapes(NEIGHBOURS["150 m apart"], LIMITS)


@pytest.mark.parametrize("corners", [16, 64, 512])
def test_round_parks_of_many_corners_with_wide_rings(corners):
    parks = [Point(0, 0).buffer(150, corners), Point(700, 50).buffer(200, corners)]
    shapes = ring_shapes(parks, (500.0, 1500.0))
    total = sum(shape.area for rings in shapes for shape in rings)
    assert total == pytest.approx(unary_union([buffered(p, 1500.0) for p in parks]).area, rel=1e-3)


def test_narrow_rings_along_a_long_shared_edge():
    parks = [box(0, 0, 5_000, 100), box(0, 100, 5_000, 200)]
    (_, south), (_, north) = ring_shapes(parks, (1.0,))
    # three free sides of 5,000 and twice 100 m, and a quarter circle at each corner
    assert south.area == pytest.approx(5_000 + 200 + math.pi / 2, rel=1e-3)
    assert north.area == pytest.approx(south.area, rel=1e-3)


def test_each_park_may_have_distances_of_its_own():
    parks = [box(0, 0, 100, 100), box(1_000, 0, 1_100, 100)]
    (_, near), (_, far) = ring_shapes(parks, [(100.0,), (200.0,)])
    assert near.area == pytest.approx(square_ring(100, 0, 100), rel=1e-3)
    assert far.area == pytest.approx(square_ring(100, 0, 200), rel=1e-3)


coordinates = st.integers(0, 40).map(lambda number: number * 25.0)
boxes = st.tuples(coordinates, coordinates, st.integers(1, 8), st.integers(1, 8)).map(
    lambda b: box(b[0], b[1], b[0] + 25 * b[2], b[1] + 25 * b[3])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(boxes, min_size=1, max_size=6), st.sampled_from([(30.0,), (50.0, 120.0, 300.0)]))
def test_split_rings_add_up_whatever_the_parks(parks, limits):
    shapes = ring_shapes(parks, limits)
    total = sum(shape.area for rings in shapes for shape in rings)
    union = unary_union([buffered(park, limits[-1]) for park in parks])
    assert total == pytest.approx(union.area, rel=1e-3)
    for rings in shapes:
        assert all(shape.is_valid for shape in rings)


# so small a lattice that parks overlap, touch, lie in each other and are alike
steps = st.integers(0, 8)
crowded = st.lists(
    st.tuples(steps, steps, st.integers(1, 4), st.integers(1, 4)).map(
        lambda b: box(25 * b[0], 25 * b[1], 25 * (b[0] + b[2]), 25 * (b[1] + b[3]))
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(
    parks=crowded,
    ids=st.permutations(["a", "b", "c", "d", "e"]),
    overlap=st.sampled_from(Overlap),
    data=st.data(),
)
def test_the_order_of_the_parks_changes_no_shape(parks, ids, overlap, data):
    limits = [(20.0, 25.0 * (1 + number % 3)) for number in range(len(parks))]
    order = data.draw(st.permutations(range(len(parks))))
    one = ring_shapes(parks, limits, overlap, ids=ids[: len(parks)])
    other = ring_shapes(
        [parks[number] for number in order],
        [limits[number] for number in order],
        overlap,
        ids=[ids[number] for number in order],
    )
    # to the last bit, since both are drawn in the same order
    assert [[shape.wkt for shape in rings] for rings in other] == [
        [shape.wkt for shape in one[number]] for number in order
    ]
