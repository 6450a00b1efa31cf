# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain.reading import places as reading
from streetsafe_plugin.domain.reading.britain import in_great_britain
from streetsafe_plugin.domain.reading.places import (
    Places,
    inside_area,
    leave_out_places_abroad,
    leave_out_places_off_the_grid,
    low_precision,
    numbers_of,
    put_swapped_right,
    read_geometry,
)
from streetsafe_plugin.domain.reading.table import PointColumn, texts


def read_lonlat(longitudes, latitudes, names) -> Places:
    return reading.read_lonlat(texts(longitudes), texts(latitudes), names)


def read_metres(eastings, northings, names) -> Places:
    return reading.read_metres(texts(eastings), texts(northings), names)


LEICESTER = (-1.1398, 52.6369)
NAMES = ("Longitude", "Latitude")


def codes(places) -> dict[int, str]:
    return {row: problem.code for row, problem in places.problems.items()}


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        ("-1.1398", "52.6369"),
        (" -1.1398 ", "52.6369\u00a0"),
        ("−1.1398", "+52.6369"),
        ("-1,1398", "52,6369"),
        ("1.1398W", "52.6369 N"),
        ("W 1.1398°", "N52.6369"),
        ("-11398e-4", "526369E-4"),
    ],
)
def test_ways_to_write_degrees(longitude, latitude):
    places = read_lonlat([longitude], [latitude], NAMES)
    assert places.xy[0] == pytest.approx(LEICESTER, abs=1e-12)
    assert places.problems == {}


@pytest.mark.parametrize(
    ("easting", "northing"),
    [("458224", "304400.5"), ("458,224", "304,400.5"), ("458 224", "304 400.5")],
)
def test_ways_to_write_metres(easting, northing):
    places = read_metres([easting], [northing], ("Easting", "Northing"))
    assert places.xy.tolist() == [[458224.0, 304400.5]]


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        ("", "", "no_place"),
        ("-1.1", "", "no_place"),
        ("NULL", "N/A", "no_place"),
        ("0", "0.0", "zero_place"),
        ("0", "", "zero_place"),
        ("see map", "52.6", "unreadable_place"),
        ("NaN", "52.6", "unreadable_place"),
        ("inf", "52.6", "unreadable_place"),
        ("1e999", "52.6", "unreadable_place"),
        ("1_0", "52.6", "unreadable_place"),
        ("-1.1W", "52.6", "unreadable_place"),
        ("181", "52.6", "outside_earth"),
        ("-1.1", "95", "outside_earth"),
        ("458224", "304400", "outside_earth"),
    ],
)
def test_degrees_that_are_no_place(longitude, latitude, code):
    places = read_lonlat([longitude], [latitude], NAMES)
    assert codes(places) == {0: code}
    assert np.isnan(places.xy).all()


def test_metres_in_columns_of_degrees_are_named_in_the_sentence():
    assert "metres" in read_lonlat(["458224"], ["304400"], NAMES).problems[0].sentence


def test_degrees_in_columns_of_metres_are_rejected():
    places = read_metres(["-1.1398", "458224"], ["52.6369", "304400"], ("E", "N"))
    assert codes(places) == {0: "outside_gb"}
    assert "degrees" in places.problems[0].sentence


def test_the_greenwich_meridian_is_a_place():
    assert read_lonlat(["0"], ["51.4778"], NAMES).problems == {}


def test_metres_beyond_the_national_grid():
    places = read_metres(["458224", "7485749", "-5"], ["304400", "300000", "300000"], ("E", "N"))
    assert codes(leave_out_places_off_the_grid(places)) == {1: "outside_gb", 2: "outside_gb"}


# towns and capes at the edge of the country and beyond, to two decimals, from any atlas
@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        (-1.14, 52.64),  # Leicester
        (1.75, 52.48),  # Lowestoft
        (1.38, 51.13),  # Dover
        (-6.32, 49.92),  # St Mary's, Scilly
        (-5.71, 50.07),  # Land's End
        (-5.32, 51.88),  # Ramsey Island
        (-4.63, 53.31),  # Holyhead
        (-5.12, 54.84),  # Portpatrick
        (-5.80, 55.31),  # Mull of Kintyre
        (-6.32, 55.60),  # Islay
        (-7.49, 57.35),  # South Uist
        (-8.57, 57.81),  # St Kilda
        (-1.14, 60.15),  # Lerwick
        (-0.85, 60.85),  # Unst
        (-1.98, 55.77),  # Berwick
        (0.34, 52.94),  # The Wash
    ],
)
def test_great_britain(longitude, latitude):
    assert in_great_britain(np.array([[longitude, latitude]])).all()


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        (-5.93, 54.60),  # Belfast
        (-5.54, 54.64),  # Donaghadee
        (-6.20, 55.30),  # Rathlin Island
        (-6.26, 53.35),  # Dublin
        (-4.48, 54.15),  # Douglas, Isle of Man
        (-2.10, 49.19),  # Jersey
        (-2.20, 49.71),  # Alderney
        (1.85, 50.96),  # Calais
        (-1.62, 49.64),  # Cherbourg
        (4.90, 52.37),  # Amsterdam
        (52.64, -1.14),  # Leicester, swapped
        (0.0, 0.0),
        (math.nan, 52.0),
    ],
)
def test_abroad(longitude, latitude):
    assert not in_great_britain(np.array([[longitude, latitude]])).any()


def test_places_abroad_are_left_out_with_a_hint_where_they_are_swapped():
    places = read_lonlat(["-1.14", "4.9", "52.64"], ["52.64", "52.37", "-1.14"], NAMES)
    judged = leave_out_places_abroad(places, places.xy)
    assert codes(judged) == {1: "outside_gb", 2: "outside_gb"}
    assert "exchanged" in judged.problems[2].sentence
    assert "exchanged" not in judged.problems[1].sentence
    assert np.isfinite(judged.xy).all(axis=1).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("wrong", "right", "swapped"), [(19, 1, True), (18, 2, False), (0, 3, False)]
)
def test_columns_are_exchanged_only_where_nearly_every_row_proves_it(wrong, right, swapped):
    longitudes = ["52.64"] * wrong + ["-1.14"] * right
    latitudes = ["-1.14"] * wrong + ["52.64"] * right
    places = put_swapped_right(read_lonlat(longitudes, latitudes, NAMES))
    assert places.swapped is swapped
    assert in_great_britain(places.xy).sum() == (wrong if swapped else right)


def test_geometries():
    xy = np.array([[-1.14, 52.64], [np.nan, np.nan], [np.nan, np.nan], [np.inf, 1.0]])
    points = PointColumn(xy, ["point", "", "Polygon", "point"], "EPSG:4326")
    places = read_geometry(points, degrees=True)
    assert codes(places) == {1: "no_place", 2: "unreadable_place", 3: "unreadable_place"}
    assert np.isfinite(places.xy).all(axis=1).tolist() == [True, False, False, False]


def test_low_precision():
    degrees = read_lonlat(["-1.140", "-1.1401", "-1.14"], ["52.6", "52.637", "x"], NAMES)
    assert low_precision(degrees).tolist() == [True, False, False]
    metres = read_metres(["458200", "458210", "458200"], ["304400", "304400", "304450"], ("E", "N"))
    assert low_precision(metres).tolist() == [True, False, False]


def test_inside_area():
    xy = np.array([[5.0, 5.0], [10.0, 5.0], [10.1, 5.0], [25.0, 5.0], [np.nan, 5.0], [5.0, 5.0]])
    area = [box(0, 0, 10, 10), box(20, 0, 30, 10)]
    assert inside_area(xy, area).tolist() == [True, True, False, True, False, True]


@given(st.floats(-9, 2), st.floats(49, 61))
@settings(max_examples=100)
def test_a_written_number_is_read_to_the_last_digit(longitude, latitude):
    places = read_lonlat([repr(longitude)], [repr(latitude)], NAMES)
    if places.problems:
        assert (longitude, latitude) == (0.0, 0.0)
    else:
        assert tuple(places.xy[0]) == (longitude, latitude)


@given(st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=200)
def test_any_text_is_a_finite_place_or_a_problem(first, second):
    for read in (read_lonlat, read_metres):
        places = read([first], [second], ("a", "b"))
        assert np.isfinite(places.xy).all() == (not places.problems)


@given(st.floats(), st.floats())
@settings(max_examples=200)
def test_no_infinite_number_reaches_a_geometry(x, y):
    column = PointColumn(np.array([[x, y]]), ["point"], "")
    for degrees in (True, False):
        places = read_geometry(column, degrees)
        assert np.isfinite(places.xy).all() == (not places.problems)


def test_numbers_of():
    assert numbers_of(["1", "x", "NaN", "-2,5", "inf"]) == [1.0, -2.5]
