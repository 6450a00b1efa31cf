# SPDX-License-Identifier: GPL-2.0-or-later
"""Distances to polygons: by hand, and against shapely, which works point by point."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from streetsafe_plugin.domain.geometry import (
    PointIndex,
    buffered,
    contains,
    distances,
    outline_of,
    polygon_parts,
)

SQUARE = box(0, 0, 100, 100)
WITH_HOLE = Polygon(SQUARE.exterior.coords, [box(40, 40, 60, 60).exterior.coords])


def to(shape, *points, reach=1000.0):
    return distances(np.array(points, dtype=float), outline_of(shape), reach).tolist()


def test_square_by_hand():
    # beside an edge, off a corner (a 3-4-5 triangle), on an edge, on a corner, inside
    points = (150, 50), (103, 104), (100, 30), (0, 0), (1, 99)
    assert to(SQUARE, *points) == [50, 5, 0, 0, 0]


def test_slanted_edge_is_measured_square_to_it():
    # the line 3x + 4y = 500 lies 20 m from (60, 105): |180 + 420 - 500| / 5
    triangle = Polygon([(0, 0), (500 / 3, 0), (0, 125)])
    assert to(triangle, (60, 105)) == [20]


def test_a_point_on_a_slanted_edge_in_national_grid_numbers_is_at_0():
    triangle = Polygon([(457224.1, 301613.7), (457324.1, 301613.7), (457224.1, 301713.7)])
    on_edge = [(457224.1 + t, 301713.7 - t) for t in np.linspace(0, 100, 37)]
    assert to(triangle, *on_edge) == [0.0] * 37


def test_a_hole_is_outside_and_its_edge_is_not():
    assert to(WITH_HOLE, (50, 50), (45, 50), (40, 50), (30, 50)) == [10, 5, 0, 0]


def test_the_nearest_part_counts():
    parts = MultiPolygon([SQUARE, box(200, 0, 300, 100)])
    assert to(parts, (160, 50), (140, 50), (250, 50)) == [40, 40, 0]


def test_beyond_reach_is_infinite_and_at_reach_is_not():
    assert to(SQUARE, (200, 50), (200.01, 50), reach=100.0) == [100, math.inf]


def test_no_points():
    assert distances(np.empty((0, 2)), outline_of(SQUARE), 10.0).tolist() == []


def test_a_ray_through_corners_counts_them_once():
    # a diamond's corners share the northing of many points
    diamond = Polygon([(0, 0), (50, 50), (100, 0), (50, -50)])
    # the last one is square to the edge at (20, 20), 30 m off either way
    assert to(diamond, (-10, 0), (50, 0), (110, 0), (20, 0), (-10, 50)) == [
        10,
        0,
        10,
        0,
        pytest.approx(math.hypot(30, 30), abs=1e-6),
    ]


corners = st.integers(-200, 200).map(float)


@given(
    ring=st.lists(st.tuples(corners, corners), min_size=3, max_size=12, unique=True),
    points=st.lists(st.tuples(corners, corners), min_size=1, max_size=60),
    reach=st.sampled_from([0.0, 5.0, 100.0, math.inf]),
    shift=st.sampled_from([0.0, 457224.1]),
)
@settings(max_examples=150, deadline=None)
def test_agrees_with_shapely(ring, points, reach, shift):
    shape = Polygon(np.array(ring) + shift).buffer(0)
    if shape.is_empty:
        return
    xy = np.array(points) + shift
    expected = np.array([shape.distance(Point(point)) for point in xy])
    measured = distances(xy, outline_of(shape), reach)
    within = np.isfinite(measured)
    assert measured[within] == pytest.approx(expected[within], abs=1e-6)
    assert (expected[~within] > reach - 1e-6).all()
    assert (measured[expected <= 1e-9] == 0).all()


@pytest.mark.parametrize("count", [1, 50, 5000])
def test_many_corners_and_points_in_blocks_agree_with_shapely(count):
    turn = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    radius = 1000 + 200 * np.sin(31 * turn)
    star = Polygon(np.column_stack((radius * np.cos(turn), radius * np.sin(turn))))
    xy = np.random.default_rng(7).uniform(-1800, 1800, (count, 2))
    measured = distances(xy, outline_of(star), 400.0)
    sample = slice(None, None, max(1, count // 200))
    expected = np.array([star.distance(Point(point)) for point in xy[sample]])
    assert np.where(expected > 400, math.inf, expected) == pytest.approx(measured[sample], abs=1e-6)


def test_contains_takes_the_edge_in():
    xy = np.array([(50.0, 50.0), (100.0, 50.0), (100.001, 50.0)])
    assert contains(xy, outline_of(SQUARE)).tolist() == [True, True, False]


@given(
    points=st.lists(st.tuples(corners, corners), min_size=1, max_size=80),
    bounds=st.tuples(corners, corners, corners, corners),
)
@settings(max_examples=60, deadline=None)
def test_index_finds_what_a_look_at_every_point_finds(points, bounds):
    xy = np.array(points)
    west, east = sorted((bounds[0], bounds[2]))
    south, north = sorted((bounds[1], bounds[3]))
    found = PointIndex(xy).within((west, south, east, north), 7.0)
    inside = (xy[:, 0] >= west - 7) & (xy[:, 0] <= east + 7)
    inside &= (xy[:, 1] >= south - 7) & (xy[:, 1] <= north + 7)
    assert found.tolist() == np.flatnonzero(inside).tolist()


def test_a_disc_has_its_area_within_a_ten_thousandth():
    assert buffered(Point(0, 0), 250.0).area == pytest.approx(math.pi * 250**2, rel=1.1e-4)


def test_lines_have_no_parts():
    assert polygon_parts(box(0, 0, 1, 1).intersection(box(1, 0, 2, 1))) == []
    with pytest.raises(ValueError, match="without an area"):
        outline_of(MultiPolygon())
