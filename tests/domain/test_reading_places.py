# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain.errors import InputRefused
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
    read_gridrefs,
    read_latlon,
    read_wkt,
    turned_round,
)
from streetsafe_plugin.domain.reading.table import PointColumn, texts
from streetsafe_plugin.domain.reading.written_places import (
    coordinate,
    grid_square,
    looks_like_gridref,
    looks_like_latlon,
    looks_like_wkt,
)


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
        ("-1.1398°", "52.6369°"),
        ("–1.1398", "52.6369º N"),
        ("1° 8' 23.28\" W", "52° 38' 12.84\" N"),
        ("1º8′23.28″W", "52˚38’12.84”N"),
        ("1 8 23.28 W", "52 38 12.84 N"),
        ("W1°08'23.28''", "N52°38´12.84´´"),
        ("1d8m23.28sW", "52d38m12.84sN"),
        ("-1 8 23,28", "52 38 12,84"),
        ("1° 8.388' W", "52° 38.214' N"),
        ("1 deg 8.388 min w", "52 deg 38.214 min n"),
    ],
)
def test_ways_to_write_degrees(longitude, latitude):
    """Faults 46: 0.1398° are 8.388 minutes or 8 and 23.28 seconds; 0.6369° are 38 and 12.84."""
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
        ("1° 8' 70\" W", "52.6", "unreadable_place"),
        ("1° 60' W", "52.6", "unreadable_place"),
        ("1.5° 30' W", "52.6", "unreadable_place"),
        ("12:30:00", "52.6", "unreadable_place"),
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
    judged = leave_out_places_off_the_grid(places)
    assert codes(judged) == {1: "outside_gb", 2: "outside_gb"}
    assert not any("exchanged" in problem.sentence for problem in judged.problems.values())


def test_a_row_of_metres_that_fits_only_when_exchanged_says_so():
    """Faults 63: Aberdeen, northing first."""
    places = read_metres(["806000", "394000"], ["394000", "806000"], ("E", "N"))
    judged = leave_out_places_off_the_grid(places)
    assert codes(judged) == {0: "outside_gb"}
    assert "exchanged" in judged.problems[0].sentence


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


def test_one_exchanged_row_among_rows_abroad_proves_nothing():
    """Faults 63: of ten rows that can be read, one fits the other way round."""
    longitudes, latitudes = ["4.9"] * 9 + ["52.64"], ["52.37"] * 9 + ["-1.14"]
    assert not put_swapped_right(read_lonlat(longitudes, latitudes, NAMES)).swapped


@pytest.mark.parametrize(
    ("longitude", "latitude", "where"),
    [
        ("-5.93", "54.60", "Northern Ireland"),  # Belfast
        ("-4.48", "54.15", "Isle of Man"),  # Douglas
        ("-2.10", "49.19", "Channel Islands"),  # St Helier
    ],
)
def test_neighbours_off_the_grid_are_named(longitude, latitude, where):
    """Faults 74: the national grid does not hold there."""
    places = read_lonlat([longitude], [latitude], NAMES)
    judged = leave_out_places_abroad(places, places.xy)
    assert codes(judged) == {0: "outside_gb"}
    assert where in judged.problems[0].sentence


@pytest.mark.parametrize(
    ("text", "easting", "northing", "side"),
    [
        # Caister water tower, Ordnance Survey's own worked example
        ("TG 51409 13177", 651_409.5, 313_177.5, 1),
        ("tg5140913177", 651_409.5, 313_177.5, 1),
        ("TG 5140 1317", 651_405, 313_175, 10),
        ("TG514131", 651_450, 313_150, 100),
        ("TG 51 13", 651_500, 313_500, 1000),
        ("NN 166 712", 216_650, 771_250, 100),  # Ben Nevis
        ("HU 476 414", 447_650, 1_141_450, 100),  # Lerwick
        ("SW\u00a0518\u00a0408", 151_850, 40_850, 100),  # St Ives
        ("S W 518 408", None, None, None),
        ("SK 123", None, None, None),
        ("SK 5860 43", None, None, None),  # parted unevenly
        ("SI 123 456", None, None, None),  # no square is lettered I
        ("SK 1", None, None, None),
        ("SK 123456 123456", None, None, None),
        ("J 123 456", None, None, None),  # Irish
        ("Victoria Park", None, None, None),
    ],
)
def test_grid_references(text, easting, northing, side):
    """Faults 46: the place is the centre of the square."""
    places, sides = read_gridrefs(texts([text]), "Grid reference")
    assert looks_like_gridref(text) is (side is not None)
    if side is None:
        assert codes(places) == {0: "unreadable_place"}
        assert np.isnan(sides[0])
    else:
        assert places.problems == {}
        assert (*places.xy[0], sides[0]) == (easting, northing, side)


def test_squares_that_are_lettered_but_lie_off_the_grid():
    places, _ = read_gridrefs(texts(["AA 12 34", "", "SK 58 04"]), "Grid reference")
    judged = leave_out_places_off_the_grid(places)
    assert codes(judged) == {0: "outside_gb", 1: "no_place"}


# the squares of 100 km as every map of the national grid shows them, from the north-west
GRID_CHART = """
    HL HM HN HO HP JL JM
    HQ HR HS HT HU JQ JR
    HV HW HX HY HZ JV JW
    NA NB NC ND NE OA OB
    NF NG NH NJ NK OF OG
    NL NM NN NO NP OL OM
    NQ NR NS NT NU OQ OR
    NV NW NX NY NZ OV OW
    SA SB SC SD SE TA TB
    SF SG SH SJ SK TF TG
    SL SM SN SO SP TL TM
    SQ SR SS ST SU TQ TR
    SV SW SX SY SZ TV TW
"""
SQUARES = [line.split() for line in GRID_CHART.strip().splitlines()][::-1]
SPACES = st.sampled_from(["", " ", "  ", "\t", "\u00a0"])


@given(
    st.integers(0, 699_999), st.integers(0, 1_299_999), st.integers(2, 5), st.booleans(),
    SPACES, SPACES, SPACES,
)  # fmt: skip
def test_a_grid_reference_names_the_square_that_holds_the_place(
    easting, northing, half, lower, before, between, after
):
    """Faults 46: any precision, spacing and case."""
    east, north = (f"{metres % 100_000:05d}"[:half] for metres in (easting, northing))
    letters = SQUARES[northing // 100_000][easting // 100_000]
    text = f"{before}{letters}{between}{east}{between}{north}{after}"
    square = grid_square(text.lower() if lower else text)
    assert square is not None
    assert square.side_m == 10 ** (5 - half)
    assert 0 <= easting - (square.easting - square.side_m / 2) < square.side_m
    assert 0 <= northing - (square.northing - square.side_m / 2) < square.side_m


@pytest.mark.parametrize(
    ("text", "place", "srid"),
    [
        ("POINT (-1.1398 52.6369)", LEICESTER, 0),
        ("point(-1.1398 52.6369)", LEICESTER, 0),
        ("POINT Z (-1.1398 52.6369 70)", LEICESTER, 0),
        ("SRID=27700;POINT(458224 304400.5)", (458_224.0, 304_400.5), 27_700),
        (" srid = 4326 ; Point ZM (-1.1398 52.6369 70 1) ", LEICESTER, 4_326),
    ],
)
def test_points_in_wkt(text, place, srid):
    places, system = read_wkt(texts([text]), "Point")
    assert looks_like_wkt(text)
    assert (tuple(places.xy[0]), system, places.problems) == (place, srid, {})
    assert places.degrees is (place == LEICESTER)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_place"),
        ("POINT EMPTY", "no_place"),
        ("LINESTRING (0 0, 1 1)", "unreadable_place"),
        ("POINT (nan 52)", "unreadable_place"),
        ("POINT (1e999 52)", "unreadable_place"),
        ("POINT (1, 52)", "unreadable_place"),
        ("POINT (1 52", "unreadable_place"),
    ],
)
def test_wkt_that_is_no_point(text, code):
    """Faults 46, 68: what is no finite point never becomes one."""
    places, _ = read_wkt(texts([text]), "Point")
    assert codes(places) == {0: code}
    assert np.isnan(places.xy).all()


def test_wkt_in_two_systems_is_refused():
    """Faults 72: which of the rows is in which system must not be guessed."""
    cells = ["SRID=4326;POINT(-1 52)", "SRID=27700;POINT(458224 304400)"]
    with pytest.raises(InputRefused, match="“Point” mixes 2"):
        read_wkt(texts(cells), "Point")


@pytest.mark.parametrize(
    "text",
    [
        "52.6369, -1.1398",
        "-1.1398,52.6369",
        "52.6369 -1.1398",
        "(52.6369; -1.1398)",
        "52,6369 -1,1398",
        "52.6369° N, 1.1398° W",
        "52.6369°, -1.1398°",
        "52°38'12.84\"N 1°8'23.28\"W",
        "N52 38.214 W1 8.388",
        "52.6369 -1.1398 70.2 4.5",  # a survey app's latitude, longitude, height and accuracy
    ],
)
def test_both_coordinates_in_one_cell(text):
    """Faults 46, 63: in Great Britain only one order can be."""
    places = read_latlon(texts([text]), "Location")
    assert looks_like_latlon(text)
    assert places.problems == {}
    assert places.xy[0] == pytest.approx(LEICESTER, abs=1e-9)


@pytest.mark.parametrize("text", ["12, 34", "52.6369", "Park Road 5, 3", "2021-03-04 12:00"])
def test_what_does_not_look_like_two_coordinates(text):
    assert not looks_like_latlon(text)


def test_longitudes_counted_eastwards_are_turned_round():
    """Faults 78: 359.9 is -0.1; where that is not in Great Britain, 181 is no longitude."""
    read = read_lonlat(["359.9", "-0.1", "181"], ["51.5", "51.5", "51.5"], NAMES)
    places, turned = turned_round(read)
    assert (turned, codes(places)) == (1, {2: "outside_earth"})
    assert places.xy[:2] == pytest.approx(np.array([[-0.1, 51.5]] * 2), abs=1e-9)


def test_geometries():
    xy = np.array([[-1.14, 52.64], [np.nan, np.nan], [np.nan, np.nan], [np.inf, 1.0]])
    points = PointColumn(xy, ["point", "", "Polygon", "point"], "EPSG:4326")
    places = read_geometry(points, degrees=True)
    assert codes(places) == {1: "no_place", 2: "unreadable_place", 3: "unreadable_place"}
    assert np.isfinite(places.xy).all(axis=1).tolist() == [True, False, False, False]


def test_low_precision():
    """Faults 76: three decimals, whole minutes, or 100 m in both coordinates."""
    degrees = read_lonlat(["-1.140", "-1.1401", "-1.14"], ["52.6", "52.637", "x"], NAMES)
    assert low_precision(degrees).tolist() == [True, False, False]
    minutes = read_lonlat(["1°8'W", "1°8'1\"W"], ["52°38'N", "52°38'N"], NAMES)
    assert low_precision(minutes).tolist() == [True, False]
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


@given(
    st.integers(0, 89), st.integers(0, 59), st.integers(0, 5_999), st.sampled_from("NSEW"),
    st.sampled_from(["{}°{}'{}\"{}", "{} {} {} {}", "{3}{0}° {1}′ {2}″", "{}d{}m{}s{}"]),
)  # fmt: skip
def test_degrees_minutes_and_seconds_come_back(degrees, minutes, hundredths, letter, layout):
    """Faults 46: whatever the marks, to the hundredth of a second."""
    text = layout.format(degrees, minutes, f"{hundredths / 100:.2f}", letter)
    value = coordinate(text, degrees=True)
    assert value is not None
    whole = (degrees * 60 + minutes) * 6_000 + hundredths
    assert round(abs(value) * 360_000) == whole
    assert value == 0 or (value < 0) == (letter in "SW")


@given(st.lists(st.text("0123456789.,-", max_size=9), max_size=12))
@settings(max_examples=200)
def test_many_numbers_are_read_as_each_alone(cells):
    """A cell that is no number sends its neighbours the slow way, which must not change them."""
    for read in (read_lonlat, read_metres):
        together = read(cells, cells, NAMES)
        slowly = read([*cells, "see map"], [*cells, "see map"], NAMES)
        assert np.array_equal(together.xy, slowly.xy[:-1], equal_nan=True)
        assert codes(together) == {row: c for row, c in codes(slowly).items() if row < len(cells)}


@given(st.floats(), st.floats())
@settings(max_examples=200)
def test_no_infinite_number_reaches_a_geometry(x, y):
    column = PointColumn(np.array([[x, y]]), ["point"], "")
    for degrees in (True, False):
        places = read_geometry(column, degrees)
        assert np.isfinite(places.xy).all() == (not places.problems)


def test_numbers_of():
    assert numbers_of(["1", "x", "NaN", "-2,5", "inf"]) == [1.0, -2.5]
