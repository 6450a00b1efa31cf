# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json

import numpy as np
import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.column_roles import MANY_COLUMNS, ROLES
from streetsafe_plugin.domain.reading.columns import recognise
from streetsafe_plugin.domain.reading.profile import parse_profile, profile_from, to_json
from streetsafe_plugin.domain.reading.reasons import split_reasons
from streetsafe_plugin.domain.reading.table import RawTable, columns_of
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from tests.conftest import REPOSITORY

PROFILES = REPOSITORY / "resources" / "profiles"
SHIPPED = sorted(path for path in PROFILES.glob("*.json") if path.name != "profile.schema.json")


def parsed(**keys):
    return parse_profile(json.dumps({"streetsafe_profile": 1, **keys}), "mine.json")


def table(**columns: list[str]) -> RawTable:
    rows = list(zip(*columns.values()))
    cells = columns_of(rows, len(columns))
    return RawTable("x.csv", tuple(columns), cells, np.arange(2, len(rows) + 2))


def test_a_profile_says_which_column_holds_what():
    profile = parsed(
        name="Survey",
        columns={"report_id": "Nr", "gridref": "Where exactly", "reasons": ["Why", "Why else"]},
        ticks={"Lamps": "env_lighting"},
        ignore=["Batch"],
    )
    held = table(
        **{
            "where EXACTLY": ["SK 586 043"],
            "Nr": ["7"],
            "Why": ["Badly lit"],
            "Why else": [""],
            "Lamps": ["x"],
            "Batch": ["b1"],
        }
    )
    columns = recognise(held, profile.mapped)
    assert (columns.gridref, columns.report_id, columns.ticks) == (0, 1, ((4, "env_lighting"),))
    assert [index for index, _ in columns.reason_lists] == [2, 3]
    assert columns.ignored == (5,)
    assert "Report's own id: “Nr” (certain, as the profile “Survey” says)." in columns.found


def test_a_heading_the_file_lacks_is_named_with_the_file():
    with pytest.raises(InputRefused, match="names a column “Nr”, which “x.csv” lacks"):
        recognise(table(ref=["1"]), parsed(columns={"report_id": "Nr"}).mapped)


def test_headings_that_differ_in_punctuation_alone_are_told_apart():
    profile = parsed(ticks={"badly LIT?": "env_lighting", "Badly lit": "env_other"}, ignore=["A?"])
    held = table(**{"A": ["1"], "A?": ["2"], "Badly lit": ["1"], "Badly lit?": ["0"]})
    columns = recognise(held, profile.mapped)
    assert columns.ticks == ((3, "env_lighting"), (2, "env_other"))
    assert columns.ignored == (1,)


def test_two_headings_of_a_profile_that_are_one_column_are_refused():
    profile = parsed(columns={"report_id": "Ref"}, ignore=["Ref."])
    with pytest.raises(InputRefused, match="gives the column “Ref” of “x.csv” two meanings"):
        recognise(table(Ref=["1"]), profile.mapped)


def test_wordings_of_the_source_are_understood_or_mean_nothing():
    profile = parsed(
        wordings={"Lamps broken": "env_lighting", "Just, a feeling": None, "Geese": "?"}
    )
    codes, unknown = split_reasons("LAMPS BROKEN, Just, a feeling; Geese", None, profile.wordings)
    assert codes == {"env_lighting"}
    assert unknown == ("Geese",)
    assert profile.undecided == ("Geese",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON .line 1"),
        ("[1]", "is no mapping profile"),
        ('{"name": "x"}', "lacks “streetsafe_profile”"),
        ('{"streetsafe_profile": 2}', "newer kind"),
        ('{"streetsafe_profile": "1"}', "is no mapping profile"),
        ('{"streetsafe_profile": 1, "columns": {"wkt": "A"}, "ignore": ["a "]}', "two meanings"),
        ('{"streetsafe_profile": 1, "colums": {}}', "unknown key “colums”"),
        ('{"streetsafe_profile": 1, "columns": {"colour": "x"}}', "“colour” at “columns”"),
        ('{"streetsafe_profile": 1, "columns": {"wkt": ["a", "b"]}}', "must be one heading"),
        ('{"streetsafe_profile": 1, "columns": {"wkt": 7}}', "a heading or a list"),
        ('{"streetsafe_profile": 1, "columns": []}', "must be an object"),
        ('{"streetsafe_profile": 1, "ticks": {"Lamps": "lamps"}}', "“lamps” at “ticks: Lamps”"),
        ('{"streetsafe_profile": 1, "wordings": {"Lamps": "lamps"}}', "at “wordings: Lamps”"),
        ('{"streetsafe_profile": 1, "wordings": {"Lamps": 1}}', "must be a text"),
        ('{"streetsafe_profile": 1, "header_row": -1}', "must be a row's number"),
        ('{"streetsafe_profile": 1, "date_order": "dym"}', "“dym” at “date_order”"),
        ('{"streetsafe_profile": 1, "encoding": 8}', "must be a text"),
        (
            '{"streetsafe_profile": 1, "columns": {"wkt": "A"}, "ticks": {"a": "env_other"}}',
            "has two meanings",
        ),
        ('{"streetsafe_profile": 1, "streetsafe_profile": 1}', "a key comes twice"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(text, words):
    with pytest.raises(InputRefused, match=words) as refusal:
        parse_profile(text, "mine.json")
    assert "“mine.json”" in refusal.value.message
    assert refusal.value.hint


def test_what_was_recognised_makes_a_profile_that_reads_the_same():
    held = table(
        **{
            "Ref": ["1", "2"],
            "Date": ["2024-04-03", "2024-04-04"],
            "Easting": ["458224", "458225"],
            "Northing": ["304400", "304401"],
            "Badly lit": ["1", "0"],
            "Reasons": ["Geese", "Geese"],
            "Age": ["20", "30"],
        }
    )
    columns = recognise(held)
    draft = profile_from(columns, held, {"Geese": 2, "My neighbour's dog": 1})
    assert draft.undecided == ("Geese",)
    again = parse_profile(to_json(draft), "mine.json")
    assert again == draft
    by_profile = recognise(held, again.mapped)
    for role in ("report_id", "submitted", "metres", "ticks", "reason_lists", "characteristics"):
        assert getattr(by_profile, role) == getattr(columns, role)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_profiles_are_valid_and_named(path):
    profile = parse_profile(path.read_text(encoding="utf-8"), path.name)
    assert profile.name
    assert profile.description


def test_three_profiles_are_shipped():
    assert len(SHIPPED) == 3


def test_the_schema_knows_every_role_and_code():
    schema = json.loads((PROFILES / "profile.schema.json").read_text(encoding="utf-8"))
    roles = schema["properties"]["columns"]["properties"]
    assert tuple(roles) == ROLES
    assert {role for role, kind in roles.items() if "oneOf" in kind} == set(MANY_COLUMNS)
    ticks = schema["properties"]["ticks"]["additionalProperties"]["enum"]
    assert ticks == list(REASON_CODES)


def test_the_stop_and_search_profile_fits_the_published_headings():
    """The headings are those data.police.uk documents for its stop-and-search files."""
    path = PROFILES / "data-police-uk-stop-and-search.json"
    profile = parse_profile(path.read_text(encoding="utf-8"), path.name)
    held = table(
        **{
            "Type": ["Person search"],
            "Date": ["2022-01-01T21:30:00+00:00"],
            "Part of a policing operation": ["False"],
            "Policing operation": [""],
            "Latitude": ["52.636"],
            "Longitude": ["-1.133"],
            "Gender": ["Male"],
            "Age range": ["18-24"],
            "Self-defined ethnicity": ["Not stated"],
            "Officer-defined ethnicity": ["White"],
            "Legislation": ["Misuse of Drugs Act 1971 (section 23)"],
            "Object of search": ["Controlled drugs"],
            "Outcome": ["A no further action disposal"],
            "Outcome linked to object of search": [""],
            "Removal of more than just outer clothing": ["False"],
        }
    )
    columns = recognise(held, profile.mapped)
    assert columns.lonlat == (5, 4)
    assert columns.submitted == 1
    assert set(columns.characteristics) == {"gender", "age_range", "ethnicity"}
    assert not columns.ticks
    assert not columns.reason_lists
