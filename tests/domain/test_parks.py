# SPDX-License-Identifier: GPL-2.0-or-later
"""The register: the bundled one holds what is known, and a bad cell is named by row and column."""

from __future__ import annotations

import csv
import datetime
import math
from collections import Counter
from pathlib import Path

import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.parks import (
    Place,
    circle,
    identify,
    interventions_in,
    read_register,
    slug,
)
from streetsafe_plugin.domain.reading.delimited import read_delimited

REGISTER = Path(__file__).resolve().parents[2] / "resources" / "register"
HEADING = "park_id,park_name,aliases,longitude,latitude,easting,northing,area_ha"
MEASURES = "park_id,measure,quantity,status,date_from,date_to,date_confidence,funding_gbp,source"


def read_interventions(text, name, park_ids):
    return interventions_in(read_delimited(text.encode(), name), park_ids)


def bundled():
    return read_register((REGISTER / "parks.csv").read_text(encoding="utf-8"), "parks.csv")


def test_the_bundled_register_names_8_parks_in_leicester_and_10_elsewhere():
    assert Counter(park.lad_code for park in bundled()) == {
        "E06000016": 8,
        "E07000130": 2,
        "E07000131": 2,
        "E07000132": 1,
        "E07000133": 1,
        "E07000135": 2,
        "E06000017": 2,
    }


def test_every_bundled_park_has_a_place_in_the_force_area():
    for park in bundled():
        assert park.place is not None, park.name
        if park.place.in_degrees:
            assert -1.6 < park.place.x < -0.4, park.name
            assert 52.3 < park.place.y < 53.0, park.name
        else:
            assert 430_000 < park.place.x < 500_000, park.name
            assert 280_000 < park.place.y < 340_000, park.name
        assert park.place_source, park.name


def test_the_bundled_places_are_those_of_the_sources():
    # typed in from the list of sources, not from the register: (x, y, certainty)
    assert {
        park.park_id: (park.place.x, park.place.y, park.place_source.split(":")[0])
        for park in bundled()
    } == {
        "victoria-park": (-1.119436, 52.622741, "published"),
        "braunstone-park": (-1.174453, 52.621394, "unverified"),
        "abbey-park": (-1.134660, 52.646281, "published"),
        "western-park": (-1.177, 52.634, "approximate"),
        "bede-park": (-1.143616, 52.628944, "unverified"),
        "aylestone-meadows": (457224, 301613, "published"),
        "rally-park": (-1.151, 52.637, "approximate"),
        "knighton-park": (-1.107, 52.602, "approximate"),
        "queens-park": (-1.210, 52.770, "approximate"),
        "bradgate-park": (-1.213858, 52.689669, "published"),
        "warwick-park": (-1.000, 52.538, "low"),
        "welland-park": (-0.927, 52.474, "approximate"),
        "clarendon-park": (-1.386, 52.536, "low"),
        "melton-country-park": (-0.882, 52.777, "approximate"),
        "brocks-hill-country-park": (462044, 299497, "published"),
        "blaby-road-park": (-1.134, 52.582, "approximate"),
        "cutts-close": (-0.728, 52.672, "approximate"),
        "tods-piece": (-0.721, 52.590, "approximate"),
    }


def test_the_bundled_areas_say_where_they_come_from():
    areas = {park.park_id: park.area_ha for park in bundled() if park.area_ha is not None}
    assert areas == {
        "victoria-park": pytest.approx(69 * 0.40468564224, abs=0.05),  # acres
        "braunstone-park": pytest.approx(168 * 0.40468564224, abs=0.05),
        "western-park": 72,
        "aylestone-meadows": 80.26,
        "knighton-park": 32.9,
        "bradgate-park": pytest.approx(830 * 0.40468564224, abs=0.05),
        "brocks-hill-country-park": 26.22,
    }
    assert all(park.area_source for park in bundled() if park.area_ha is not None)


def test_notes_carry_the_traps():
    notes = {park.park_id: park.note for park in bundled()}
    assert "8 parks in Leicester and 10 elsewhere" in notes["victoria-park"]
    assert "Hinckley has a Queens Park too" in notes["queens-park"]
    assert "suburb of Leicester" in notes["clarendon-park"]
    assert "Kibworth Beauchamp" in notes["warwick-park"]
    assert "Brock Hill" in notes["brocks-hill-country-park"]
    assert "South Wigston, not in Blaby" in notes["blaby-road-park"]
    assert "12 and 6" in notes["victoria-park"]


def test_the_bundled_interventions_fit_the_bundled_register():
    text = (REGISTER / "interventions.csv").read_text(encoding="utf-8")
    measures = read_interventions(text, "interventions.csv", [park.park_id for park in bundled()])
    welland = next(one for one in measures if one.park_id == "welland-park")
    assert (welland.measure, welland.quantity, welland.status) == ("cctv", 6, "removed")
    assert welland.date_from == datetime.date(2022, 5, 1)
    assert welland.date_to is None
    city = [one for one in measures if one.measure == "vegetation" and "eight city" in one.source]
    assert len(city) == 8
    assert {one.funding_gbp for one in city} == {None}  # only the sum for all eight is known
    assert all(one.source for one in measures)


def test_the_readme_names_every_column():
    readme = (REGISTER / "README.md").read_text(encoding="utf-8")
    for name in ("parks.csv", "interventions.csv"):
        with (REGISTER / name).open(encoding="utf-8", newline="") as file:
            for column in next(csv.reader(file)):
                assert f"`{column}`" in readme


def test_a_small_register():
    text = (
        f"{HEADING}\nthe-green,The Green,Green|Old Green,-1.1,52.6,,,2.5\nx,X,,,,457000,301000,\n"
    )
    green, other = read_register(text, "mine.csv")
    assert green.aliases == ("Green", "Old Green")
    assert green.place == Place(-1.1, 52.6, in_degrees=True)
    assert green.area_ha == 2.5
    assert other.place == Place(457000, 301000, in_degrees=False)
    assert other.area_ha is None


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param(",A Park,,,,,,", "row 3: park_id is empty", id="no id"),
        pytest.param("A Park,A Park,,,,,,", "row 3: park_id is not an identifier", id="bad id"),
        pytest.param("one,A Park,,,,,,", "row 3: park_id is the same", id="id twice"),
        pytest.param("a,,,,,,,", "row 3: park_name is empty", id="no name"),
        pytest.param("a,A,,west,52,,,", "row 3: longitude is not a number", id="not a number"),
        pytest.param("a,A,,-1,95,,,", "row 3: latitude is out of range", id="too far north"),
        pytest.param("a,A,,nan,52,,,", "row 3: longitude is out of range", id="nan"),
        pytest.param("a,A,,-1,,,,", "row 3: latitude is empty", id="half a place"),
        pytest.param(
            "a,A,,-1,52,457000,301000,", "row 3: easting is given beside", id="two places"
        ),
        pytest.param(
            "a,A,,,,457000,3010000,", "row 3: northing is out of range", id="off the grid"
        ),
        pytest.param("a,A,,,,,,-3", "row 3: area_ha is out of range", id="negative area"),
        pytest.param("a,A,,,,,,0", "row 3: area_ha is 0", id="no area"),
        pytest.param("a,A,,", "row 3: The row has 4 cells", id="short row"),
    ],
)
def test_a_bad_row_is_named(row, says):
    with pytest.raises(InputRefused, match=says) as refusal:
        read_register(f"{HEADING}\none,One,,,,,,\n{row}\n", "mine.csv")
    assert "mine.csv" in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        (f"{HEADING}\n", "no rows"),
        ("park_id,name\na,A\n", "no column park_name"),
    ],
)
def test_a_register_without_parks_is_refused(text, says):
    with pytest.raises(InputRefused, match=says):
        read_register(text, "mine.csv")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("two,cctv,,live,,,unknown,,", "park_id is not in the register"),
        ("one,dogs,,live,,,unknown,,", "measure is none of the known words"),
        ("one,cctv,1.5,live,,,unknown,,", "quantity is not a whole number"),
        ("one,cctv,,going,,,unknown,,", "status is none of the known words"),
        ("one,cctv,,live,2022-02-30,,day,,", "date_from is not a date"),
        ("one,cctv,,live,1/2/2022,,day,,", "date_from is not a date"),
        ("one,cctv,,live,2022-02-02,2022-02-01,day,,", "date_to is before date_from"),
        ("one,cctv,,live,2022-02-02,,unknown,,", "date_confidence is unknown though"),
        ("one,cctv,,live,,,,,", "date_confidence is empty"),
    ],
)
def test_a_bad_intervention_is_named(row, says):
    with pytest.raises(InputRefused, match=f"row 2: {says}"):
        read_interventions(f"{MEASURES}\n{row}\n", "mine.csv", ["one"])


def test_a_circle_holds_exactly_its_area():
    ground = circle(457000, 301000, 27.9)
    assert ground.area == pytest.approx(279_000, rel=1e-12)
    assert ground.centroid.coords[0] == pytest.approx((457000, 301000))
    assert ground.bounds[2] - 457000 == pytest.approx(math.sqrt(279_000 / math.pi), rel=1e-3)


def test_slugs():
    assert slug("Tod's Piece, Uppingham") == "tods-piece-uppingham"
    assert slug("Café & Green") == "cafe-green"
    assert slug("公園") == ""


def test_polygons_without_an_id_get_one_of_their_own():
    assert identify(["a", None, "", "a", 7], ["A", "Green", "Green", None, "公園"], range(5)) == [
        ("a", "A"),
        ("green", "Green"),
        ("green-2", "Green"),
        ("a", "a"),
        ("7", "公園"),
    ]
    assert identify([None, "park-2"], [None, None], [1, 2]) == [
        ("park-2-2", "park-2-2"),
        ("park-2", "park-2"),
    ]
