# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.columns import Columns, reason_of_heading, recognise
from streetsafe_plugin.domain.reading.table import RawTable, columns_of


def table_of(**columns: list[str]) -> RawTable:
    rows = [list(row) for row in zip(*columns.values())]
    return RawTable(
        "x.csv", tuple(columns), columns_of(rows, len(columns)), np.arange(2, len(rows) + 2)
    )


def roles(**columns: list[str]) -> tuple[Columns, list[str]]:
    return recognise(table_of(**columns)), list(columns)


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        ("Longitude", "Latitude"),
        ("LNG", "LAT"),
        ("pin_longitude", "pin_latitude"),
        ("Longitude (WGS84)", "Latitude (WGS84)"),
        ("X", "Y"),
    ],
)
def test_degrees_by_heading(longitude, latitude):
    columns, names = roles(**{latitude: ["52.6369"], "n": ["1"], longitude: ["-1.1398"]})
    assert columns.lonlat == (names.index(longitude), names.index(latitude))
    assert columns.metres is None


@pytest.mark.parametrize(
    ("easting", "northing"),
    [("Easting", "Northing"), ("OSGB Easting", "OSGB Northing"), ("x", "y")],
)
def test_metres_by_heading(easting, northing):
    columns, _ = roles(**{easting: ["458224"], northing: ["304400"]})
    assert columns.metres == (0, 1)
    assert columns.lonlat is None


def test_both_kinds_are_found():
    columns, _ = roles(
        Latitude=["52.6"], Longitude=["-1.1"], Easting=["458224"], Northing=["304400"]
    )
    assert columns.metres == (2, 3)
    assert columns.lonlat == (1, 0)


def test_degrees_by_content():
    columns, _ = roles(p=["52.63691", "52.70002"], q=["-1.13981", "-1.20007"], age=["50", "51"])
    assert columns.lonlat == (1, 0)
    assert any("by what stands in them" in sentence for sentence in columns.found)


def test_a_first_row_of_data_is_not_taken_for_headings():
    cells = columns_of([["-1.2001", "52.7001"]], 2)
    table = RawTable("x.csv", ("-1.13981", "52.63691"), cells, np.array([2]))
    with pytest.raises(InputRefused, match="no headings"):
        recognise(table)


def test_latitude_alone_is_no_place():
    columns, _ = roles(Latitude=["52.6369"])
    assert columns.lonlat is None


@pytest.mark.parametrize("name", ["Report ID", "REF", "Reference number", "reportId", "URN"])
def test_ids(name):
    columns, _ = roles(**{"Status": ["a"], name: ["007"]})
    assert columns.report_id == 1


def test_a_databases_running_number_is_no_id():
    columns, _ = roles(fid=["1"], objectid=["2"], ref=["007"])
    assert columns.report_id == 2
    assert columns.storage == (0, 1)


@pytest.mark.parametrize(
    "name",
    ["Submitted", "Date submitted", "createdAt", "Timestamp", "Submission date (UK)", "Date"],
)
def test_dates(name):
    columns, _ = roles(**{"n": ["1"], name: ["2022-03-05"]})
    assert columns.submitted == 1


def test_a_birthday_is_not_when_a_report_was_made():
    columns, _ = roles(**{"Date of birth": ["1990-03-05"], "Updated date": ["2022-03-05"]})
    assert columns.submitted is None


def test_one_column_a_reason():
    columns, _ = roles(
        **{
            "Absence of CCTV": ["1", "0"],
            "Badly lit": ["Yes", ""],
            "Reasons [Poor layout]": ["X", ""],
            "Behaviour: Other": ["0", "1"],
            "Rundown area": ["graffiti on the wall", "burnt car by the gate"],
        }
    )
    assert columns.ticks == (
        (0, "env_no_cctv"),
        (1, "env_lighting"),
        (2, "env_layout"),
        (3, "beh_other"),
    )


def test_several_reasons_in_one_column_by_heading_and_by_content():
    columns, _ = roles(
        **{
            "Behavioural reasons": ["Other", ""],
            "What is it?": ["Badly lit; Poor layout", "Absence of CCTV"],
            "Town": ["Melton", "Oakham"],
        }
    )
    assert columns.reason_lists == ((0, "behaviour"), (1, None))
    assert columns.unused == (2,)


def test_characteristics_and_free_text_are_told_apart_from_the_rest():
    columns, _ = roles(
        **{
            "Age range": ["25-34"],
            "Sex": ["F"],
            "Gender identity": ["woman"],
            "Ethnic group": ["x"],
            "Religion or belief": ["x"],
            "Sexual orientation": ["x"],
            "Illnesses or disabilities": ["x"],
            "Comments": ["x"],
            "Q9": ["The path behind the shops is where he followed me home twice"],
            "Stage": ["1"],
        }
    )
    assert columns.characteristics == {
        "age_range": 0,
        "sex": 1,
        "gender": 2,
        "ethnicity": 3,
        "religion": 4,
        "sexual_orientation": 5,
        "disability": 6,
    }
    assert columns.free_text == (7, 8)
    assert columns.personal == frozenset(range(9))
    assert columns.unused == (9,)


def test_crime_reported_and_why_not():
    columns, _ = roles(**{"Crime reported": ["No"], "Reason not reported": ["Other"]})
    assert (columns.crime_reported, columns.why_not_reported) == (0, 1)
    assert columns.reason_lists == ()


def test_every_column_has_one_role():
    columns, names = roles(
        **{"id": ["1"], "date": ["2022-01-01"], "lat": ["52"], "lon": ["-1"], "Badly lit": ["1"]}
    )
    given = [
        columns.report_id,
        columns.submitted,
        *columns.lonlat,
        *(index for index, _ in columns.ticks),
        *columns.unused,
    ]
    assert sorted(given) == list(range(len(names)))


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Reasons (choice=Badly lit)", "env_lighting"),
        ("environmental_reasons/Other", "env_other"),
        ("Q3: Absence of CCTV", "env_no_cctv"),
        ("Status", None),
    ],
)
def test_headings_of_form_builders(heading, code):
    assert reason_of_heading(heading) == code


def test_forms_that_ask_in_whole_sentences():
    columns, _ = roles(
        **{
            "Q1. Report reference": ["SS-1"],
            "Q2. When did you see it?": ["13/04/2024 21:30"],
            "Q3. Location - Easting": ["458224"],
            "Q3. Location - Northing": ["304401"],
            "Q4. Why did you feel unsafe? [Badly lit]": ["Selected"],
            "Q4. Why did you feel unsafe? [Other (please specify)]": ["kids on bikes"],
            "Name": ["Sam Smith"],
        }
    )
    assert (columns.report_id, columns.submitted, columns.metres) == (0, 1, (2, 3))
    assert columns.ticks == ((4, "env_lighting"),)
    assert columns.reason_lists == ()
    assert columns.free_text == (5, 6)


def test_columns_of_yes_and_no_that_name_no_reason_are_pointed_out():
    columns, names = roles(
        **{"Badly lit": ["Y", "N"], "Geese": ["Y", "N"], "District": ["Y", "Leicester"]}
    )
    assert [names[index] for index in columns.puzzling] == ["Geese"]


def test_two_columns_of_dates_without_a_telling_heading_are_not_chosen_between():
    columns, _ = roles(first=["2024-04-13"], second=["2024-04-14"])
    assert columns.submitted is None


def finding(columns: Columns, role: str) -> str:
    return next(sentence for sentence in columns.found if sentence.startswith(f"{role}:"))


@pytest.mark.parametrize("swap", [False, True])
def test_of_two_columns_for_one_role_the_other_is_named_whatever_their_order(swap):
    held = {"Date reported": ["2022-01-01"], "Date submitted": ["2022-01-02"]}
    columns, names = roles(**dict(reversed(held.items())) if swap else held)
    assert names[columns.submitted] == "Date submitted"
    sentence = finding(columns, "Submitted")
    assert "likely" in sentence
    assert "“Date reported”" in sentence


def test_an_empty_column_is_no_match_for_a_filled_one():
    columns, names = roles(
        **{
            "Report ID": ["", "", "", "7"],
            "Ref": ["a", "b", "c", "d"],
            "Submitted": [""] * 4,
            "Date": ["2022-01-02"] * 4,
        }
    )
    assert names[columns.report_id] == "Ref"
    assert names[columns.submitted] == "Date"


def test_a_column_that_repeats_itself_more_often_than_a_report_can_is_no_id():
    columns, _ = roles(ID=["1", "2"] * 20)
    assert columns.report_id is None
    columns, _ = roles(ID=[str(n // 12) for n in range(36)])
    assert columns.report_id == 0


def test_a_column_filled_in_few_rows_of_many_is_judged_by_all_its_cells():
    filled = {1: "oh", 7: "1", 8: "1", 4009: "1", 4011: "1"}
    columns, _ = roles(**{"Badly lit": [filled.get(row, "") for row in range(9000)]})
    assert columns.ticks == ((0, "env_lighting"),)


def test_a_reason_is_reported_though_its_cells_are_not_understood_and_one_is_long():
    cells = ["oui", "non"] * 10 + ["seulement en hiver, vers minuit"]
    columns, _ = roles(**{"Badly lit": cells})
    assert columns.ticks == ((0, "env_lighting"),)
    assert "unsure" in finding(columns, "One column a reason")


def test_counts_of_reasons_are_no_ticks():
    """Counts of 0 and 1 look like ticks, but their headings name no reason."""
    columns, _ = roles(**{"n_reasons": ["1", "0"], "Total reasons": ["2", "1"]})
    assert columns.ticks == ()
    assert columns.reason_lists == ()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("Did you report this to the police?", "Why didn't you report this?"),
        ("7. Have you reported it to anyone?", "7.1 If not, why not?"),
        ("Reported to Police", "Reason for not reporting"),
    ],
)
def test_whether_and_why_not_are_known_by_their_questions(asked, why):
    columns, _ = roles(**{why: ["Did not think of it", ""], asked: ["No", "Yes"]})
    assert (columns.why_not_reported, columns.crime_reported) == (0, 1)


def test_a_question_about_the_report_that_is_not_answered_by_yes_or_no_is_another():
    columns, _ = roles(**{"Police station of this report": ["Melton", "Oakham"]})
    assert columns.crime_reported is None


def test_what_else_describes_the_person_is_private():
    columns, names = roles(
        **{
            "Self-defined ethnicity": ["x"],
            "Officer-defined ethnicity": ["y"],
            "Date of birth": ["1990-03-05"],
            "Town": ["Melton"],
        }
    )
    assert [names[index] for index in columns.private] == [
        "Self-defined ethnicity",
        "Date of birth",
    ]
    assert set(columns.private) < columns.personal
    assert columns.unused == (3,)


@pytest.mark.parametrize(
    ("heading", "cell", "role"),
    [
        ("Grid Ref", "SK 586 043", "gridref"),
        ("OSGR", "SK586043", "gridref"),
        ("WKT", "POINT (-1.13 52.63)", "wkt"),
        ("Lat/Long", "52.63, -1.13", "latlon"),
        ("Location (lat, lon)", "52.63, -1.13", "latlon"),
        ("Location", "SK586043", "gridref"),
        ("Where were you?", "SK586043", "gridref"),
    ],
)
def test_whole_places_in_one_column(heading, cell, role):
    columns, _ = roles(**{"Town": ["Melton"], heading: [cell]})
    held = {name: getattr(columns, name) for name in ("gridref", "wkt", "latlon")}
    assert held == {"gridref": None, "wkt": None, "latlon": None, role: 1}


def test_an_address_is_no_place():
    columns, _ = roles(Location=["High Street, Melton"])
    assert (columns.gridref, columns.wkt, columns.latlon) == (None, None, None)


@pytest.mark.parametrize("heading", ["3.2 Badly lit", "Q3_1 Badly lit", "ENV_LIGHTING"])
def test_numbered_headings_and_codes(heading):
    assert reason_of_heading(heading) == "env_lighting"
