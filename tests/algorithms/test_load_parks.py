# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading parks: every park of the register is matched, a circle, or named as not drawn."""

from __future__ import annotations

import datetime

import pytest
from qgis.core import QgsProcessing

from tests.conftest import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT

#: A register of five, in metres: two with an area, one without, one without a place.
REGISTER = """\
park_id,park_name,aliases,district,lad_code,scheme,easting,northing,area_ha,area_source,note
green,The Green,,Leicester,E06000016,Round 3,457000,301000,4,"10 acres, says a sign",Beware.
victoria,Victoria Park,Vicky Park,Leicester,E06000016,Round 3,460000,301000,,,
queens,"Queen's Park, Loughborough",,Charnwood,E07000130,Round 3,463000,301000,4,,
tod,Tod's Piece,,Rutland,E06000017,Round 3,466000,301000,,,
lost,Lost Park,,,,,,,,,
"""
MEASURES = """\
park_id,measure,quantity,status,date_from,date_to,date_confidence,funding_gbp,source
green,cctv,6,removed,2022-05-01,,month,2500,the paper
"""


def square(x, y, side=200):
    east, north = x + side, y + side
    return f"POLYGON(({x} {y}, {east} {y}, {east} {north}, {x} {north}, {x} {y}))"


@pytest.fixture
def register(tmp_path):
    path = tmp_path / "my parks £.csv"
    path.write_text(REGISTER, encoding="utf-8")
    (tmp_path / "interventions.csv").write_text(MEASURES, encoding="utf-8")
    return str(path)


@pytest.fixture
def boundaries(make_layer):
    def make(*named, **options):
        return make_layer(
            [wkt for _, wkt in named],
            "Polygon",
            fields=[(options.pop("field", "name"), "string")],
            rows=[[name] for name, _ in named],
            **options,
        )

    return make


@pytest.fixture
def load(run_algorithm, register):
    def run(**parameters):
        return run_algorithm("loadparks", {"REGISTER": register, "OUTPUT": MEMORY, **parameters})

    return run


def numbers(outcome):
    lines = outcome["UNMATCHED"].splitlines()
    assert outcome["PARKS"] == outcome["MATCHED"] + outcome["INDICATIVE_COUNT"] + len(lines)
    assert len(outcome.rows("OUTPUT")) == outcome["MATCHED"] + outcome["INDICATIVE_COUNT"]
    return outcome["PARKS"], outcome["MATCHED"], outcome["INDICATIVE_COUNT"], len(lines)


def test_the_bundled_18_without_boundaries(run_algorithm):
    outcome = run_algorithm("loadparks", {"OUTPUT": MEMORY})
    # an area is known of seven
    assert numbers(outcome) == (18, 0, 7, 11)
    victoria = outcome.rows("OUTPUT")[0]
    assert victoria["park_id"] == "victoria-park"
    assert victoria["boundary_status"] == "indicative"
    assert victoria["area_ha"] == pytest.approx(27.9)
    assert victoria["match_name"] is None
    assert "not a boundary" in victoria["note"]
    assert "69 acres" in victoria["note"]
    assert outcome.layer("OUTPUT").crs().authid() == "EPSG:27700"


def test_circles_lie_where_the_register_says(load, tmp_path):
    # the first is point TP14 of the Ordnance Survey's OSTN15 test set, at 651409.804, 313177.450
    (tmp_path / "two.csv").write_text(
        "park_id,park_name,longitude,latitude,easting,northing,area_ha\n"
        "caister,Caister,1.716073973,52.658007833,,,4\n"
        "meadows,Meadows,,,457224,301613,80.26\n",
        encoding="utf-8",
    )
    outcome = load(REGISTER=str(tmp_path / "two.csv"))
    caister, meadows = (
        feature.geometry().boundingBox().center()
        for feature in outcome.layer("OUTPUT").getFeatures()
    )
    # within 5 m: OSTN15's grid may not be installed
    assert (caister.x(), caister.y()) == pytest.approx((651409.804, 313177.450), abs=5)
    assert (meadows.x(), meadows.y()) == pytest.approx((457224, 301613), abs=0.01)


def test_matched_indicative_and_not_drawn(load, boundaries):
    layer = boundaries(
        ("green", square(456900, 300900)),
        ("VICTORIA PARK", square(460300, 301000)),
        ("Victoria Park", square(560000, 301000)),
        ("Queens Park", square(443000, 293000)),
    )
    outcome = load(BOUNDARIES=layer)
    assert numbers(outcome) == (5, 2, 1, 2)
    green, victoria, queens = outcome.rows("OUTPUT")
    assert green == {
        "park_id": "green",
        "park_name": "The Green",
        "district": "Leicester",
        "lad_code": "E06000016",
        "scheme": "Round 3",
        "area_ha": pytest.approx(4.0),
        "boundary_status": "matched",
        "match_method": "name",
        "match_name": "green",
        "match_distance_m": 0.0,
        "note": "Beware.",
    }
    assert (victoria["boundary_status"], victoria["match_distance_m"]) == ("matched", 300.0)
    assert (queens["boundary_status"], queens["match_method"]) == ("indicative", "known_area")
    assert "within 1000 m" in queens["note"]
    assert outcome["UNMATCHED"].splitlines() == [
        "Tod's Piece: no polygon has its name; its area is not known, so there is no circle either",
        "Lost Park: its place is not known, and a name alone is not enough;"
        " its place is not known, so there is no circle either",
    ]
    assert sum("Not drawn" in warning for warning in outcome.warnings) == 2


def test_boundaries_in_degrees_are_measured_in_metres(load, boundaries):
    # a quarter of a degree around The Green: 457000 301000 is about -1.1589 52.6042
    layer = boundaries(
        ("The Green", "POLYGON((-1.1604 52.6033, -1.1574 52.6033, -1.1574 52.6051,"
                      " -1.1604 52.6051, -1.1604 52.6033))"),
        crs="EPSG:4326",
    )  # fmt: skip
    outcome = load(BOUNDARIES=layer)
    green = outcome.rows("OUTPUT")[0]
    assert green["boundary_status"] == "matched"
    # 0.0030 degrees east are 203 m here, 0.0018 degrees north 200 m
    assert green["area_ha"] == pytest.approx(4.06, rel=0.01)


def test_an_ambiguous_park_is_not_drawn_and_its_candidates_are_named(load, boundaries):
    layer = boundaries(("The Green", square(456900, 300900)), ("Green", square(457600, 301000)))
    outcome = load(BOUNDARIES=layer)
    assert numbers(outcome) == (5, 0, 1, 4)
    line = outcome["UNMATCHED"].splitlines()[0]
    assert line.startswith("The Green: 2 places answer to its name")
    assert "(4.0 ha, 0 m away)" in line
    assert "(4.0 ha, 600 m away)" in line
    nearer = load(BOUNDARIES=layer, MAX_DISTANCE=500)
    assert nearer["MATCHED"] == 1


def test_an_area_that_cannot_be_right_is_reported_and_a_circle_drawn(load, boundaries):
    outcome = load(BOUNDARIES=boundaries(("The Green", square(456500, 300500, 1000))))
    green = outcome.rows("OUTPUT")[0]
    assert green["boundary_status"] == "indicative"
    assert "more than 4 times" in green["note"]
    assert "100.0 ha" in green["note"]


def test_without_circles_nothing_is_indicative(load):
    outcome = load(INDICATIVE=False)
    assert numbers(outcome) == (5, 0, 0, 5)
    assert "circles are switched off" in outcome["UNMATCHED"]


def test_an_invalid_boundary_is_repaired_on_a_copy(load, boundaries):
    bow_tie = "POLYGON((456900 300900, 457100 301100, 457100 300900, 456900 301100, 456900 300900))"
    outcome = load(BOUNDARIES=boundaries(("The Green", bow_tie)))
    assert outcome.rows("OUTPUT")[0]["area_ha"] == pytest.approx(2.0)
    assert any("invalid" in warning for warning in outcome.warnings)


def test_a_play_space_is_not_the_park(load, make_layer):
    layer = make_layer(
        [square(457000, 301000, 30)],
        "Polygon",
        fields=[("distinctiveName1", "string"), ("function", "string")],
        rows=[["The Green", "Play Space"]],
    )
    outcome = load(BOUNDARIES=layer)
    assert outcome["MATCHED"] == 0
    assert "what has its name here is no park (play space)" in outcome.rows("OUTPUT")[0]["note"]


@pytest.mark.parametrize("field", ["WD13CD", "LAD21NM", "LSOA11CD"])
def test_administrative_areas_are_refused(load, boundaries, field):
    layer = boundaries(("E05006536", square(456900, 300900)), field=field, name="wards")
    with pytest.raises(Refused, match=f"“wards” holds administrative areas .field {field}."):
        load(BOUNDARIES=layer)


def test_real_wards_are_refused(load, real_data):
    wards = real_data / "boundaries" / "wards" / "E06000016.json"
    with pytest.raises(Refused, match="WD13CD"):
        load(BOUNDARIES=str(wards))


def test_a_layer_without_names_is_refused(load, boundaries):
    layer = boundaries(("The Green", square(456900, 300900)), field="words")
    with pytest.raises(Refused, match="Choose the field that holds the parks' names"):
        load(BOUNDARIES=layer)
    assert load(BOUNDARIES=layer, NAME_FIELD="words")["MATCHED"] == 1
    with pytest.raises(Refused, match="has no field nowhere"):
        load(BOUNDARIES=layer, NAME_FIELD="nowhere")


def test_a_bad_register_is_refused_before_work(load, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("park_id,park_name,area_ha\ngreen,The Green,big\n", encoding="utf-8")
    with pytest.raises(Refused, match="“bad.csv”, row 2: area_ha is not a number"):
        load(REGISTER=str(bad))
    with pytest.raises(Refused, match="there is no file “none.csv”"):
        load(REGISTER=str(tmp_path / "none.csv"))


def test_interventions_come_with_the_register(load):
    outcome = load(INTERVENTIONS=MEMORY)
    assert outcome.rows("INTERVENTIONS") == [
        {
            "park_id": "green",
            "measure": "cctv",
            "quantity": 6,
            "status": "removed",
            "date_from": datetime.date(2022, 5, 1),
            "date_to": None,
            "date_confidence": "month",
            "funding_gbp": 2500.0,
            "source": "the paper",
            "overlap": None,
        }
    ]
    assert "INTERVENTIONS" not in load().results


def test_a_register_without_interventions_gives_an_empty_table(load, tmp_path):
    (tmp_path / "interventions.csv").unlink()
    outcome = load(INTERVENTIONS=MEMORY)
    assert outcome.rows("INTERVENTIONS") == []
    assert any("no “interventions.csv”" in warning for warning in outcome.warnings)


def test_the_bundled_interventions(run_algorithm):
    outcome = run_algorithm("loadparks", {"OUTPUT": MEMORY, "INTERVENTIONS": MEMORY})
    assert {row["park_id"] for row in outcome.rows("INTERVENTIONS")} >= {
        "welland-park",
        "warwick-park",
        "queens-park",
    }


def test_measures_that_cannot_be_told_apart_are_pointed_out(load, tmp_path):
    (tmp_path / "interventions.csv").write_text(
        MEASURES
        + "green,lighting,,live,2022-05-20,,day,,\n"
        + "victoria,cctv,,live,2022-01-01,2022-03-01,day,,\n"
        + "victoria,lighting,,live,2022-03-02,,day,,\n",
        encoding="utf-8",
    )
    outcome = load(INTERVENTIONS=str(tmp_path / "measures.gpkg"))
    assert [row["overlap"] for row in outcome.rows("INTERVENTIONS")] == [
        "lighting: from 2022-05-20 on",
        "cctv: from 2022-05-20 on",
        None,
        None,
    ]
    (warning,) = [one for one in outcome.warnings if "told apart" in one]
    assert warning.startswith("The Green: cctv and lighting cannot be told apart in time (from 20")
    assert warning in outcome.layer("INTERVENTIONS").metadata().abstract()


def test_of_the_bundled_parks_only_bede_has_two_measures(run_algorithm):
    outcome = run_algorithm("loadparks", {"OUTPUT": MEMORY, "INTERVENTIONS": MEMORY})
    (warning,) = [one for one in outcome.warnings if "told apart" in one]
    assert warning.startswith("Bede Park: other and vegetation")


def test_names_from_data_are_shown_as_they_are(load, boundaries):
    layer = boundaries(("<img src=x>[% 1+1 %]", square(456900, 300900)), name="<b>l</b>")
    outcome = load(BOUNDARIES=layer)
    assert not any("<img" in message or "<b>" in message for message in outcome.messages)
