# SPDX-License-Identifier: GPL-2.0-or-later
"""The fix list through the front door: planted places, accounts, refusals and the look."""

from __future__ import annotations

import datetime

import pytest
from qgis.core import QgsProcessing, QgsSymbolLayer

from streetsafe_plugin.domain.taxonomy import REASON_CODES, REASONS
from streetsafe_plugin.gis import styling
from tests.front_door import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
FIELDS = [("submitted_at", "datetime"), *((code, "boolean") for code in REASON_CODES)]

#: Five bad lights within 50 m of the third, three missing cameras elsewhere, two lone ones.
LIGHTS = [(458_712, 304_371), (458_740, 304_371), (458_745, 304_380), (458_750, 304_400),
          (458_790, 304_381)]  # fmt: skip
CAMERAS = [(459_000, 304_000), (459_010, 304_000), (459_020, 304_000)]
LONE = [(460_000, 305_000), (460_060, 305_000)]
ROWS = [
    *((place, ("env_lighting",), day) for day, place in enumerate(LIGHTS, start=1)),
    *((place, ("env_no_cctv", "beh_followed"), 10) for place in CAMERAS[:2]),
    (CAMERAS[2], ("env_no_cctv",), 11),
    *((place, ("env_lighting",), 12) for place in LONE),
    ((458_744, 304_380), (), 13),
]


@pytest.fixture
def make_reports(make_layer):
    def make(rows):
        return make_layer(
            [f"POINT({x} {y})" for (x, y), _, _ in rows],
            fields=FIELDS,
            rows=[
                [f"2022-03-{day:02d}T22:00:00", *(code in ticked for code in REASON_CODES)]
                for _, ticked, day in rows
            ],
            name="reports",
        )

    return make


@pytest.fixture
def list_places(run_algorithm):
    def run(reports, **parameters):
        outcome = run_algorithm("fixlist", {"REPORTS": reports, "OUTPUT": MEMORY, **parameters})
        rows = outcome.rows("OUTPUT")
        assert outcome["MENTIONS"] == outcome["MENTIONS_LISTED"] + outcome["MENTIONS_UNLISTED"]
        assert outcome["MENTIONS_LISTED"] == sum(row["reports"] for row in rows)
        assert outcome["PLACES"] == len(rows)
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        return outcome

    return run


def test_planted_lights_come_first_with_grid_reference_and_owner(list_places, make_reports):
    outcome = list_places(make_reports(ROWS))
    lights, cameras = outcome.rows("OUTPUT")
    assert lights["reason"] == "Badly lit"
    assert lights["reason_code"] == "env_lighting"
    assert lights["owner"] == "Street lighting authority"
    assert (lights["rank"], lights["reports"]) == (1, 5)
    # the third has all five within 50 m; so does no other
    assert lights["grid_ref"] == "SK 58745 04380"
    assert lights["reports_in_all"] == 6
    assert lights["first"] == datetime.date(2022, 3, 1)
    assert lights["last"] == datetime.date(2022, 3, 5)
    assert (lights["nearest_park"], lights["nearest_park_m"]) == (None, None)
    # all three see each other, so the most westerly is the place
    assert (cameras["reports"], cameras["grid_ref"]) == (3, "SK 59000 04000")
    assert cameras["owner"] == "Council CCTV team"
    # 7 lights, 3 cameras, 2 followed; the lone lights and the followed are too few
    assert [outcome[name] for name in ("MENTIONS", "MENTIONS_LISTED", "MENTIONS_UNLISTED")] == [
        12, 8, 4,
    ]  # fmt: skip
    assert outcome["REPORTS_LISTED"] == 8
    assert any("12 reasons ticked = 8 in these places + 4" in m for m in outcome.messages)
    point = next(outcome.layer("OUTPUT").getFeatures()).geometry().asPoint()
    assert (point.x(), point.y()) == (458_745, 304_380)


def test_the_order_of_rows_changes_nothing(list_places, make_reports):
    forwards = list_places(make_reports(ROWS), MINIMUM=1)
    backwards = list_places(make_reports(ROWS[::-1]), MINIMUM=1)
    assert backwards.rows("OUTPUT") == forwards.rows("OUTPUT")
    assert forwards["MENTIONS_UNLISTED"] == 0


def test_the_nearest_park_is_named_and_0_m_off_inside(list_places, make_reports, make_layer):
    parks = make_layer(
        [
            "POLYGON((458700 304300, 458800 304300, 458800 304500, 458700 304500, 458700 304300))",
            "POLYGON((459120 303900, 459300 303900, 459300 304100, 459120 304100, 459120 303900))",
        ],
        "Polygon",
        fields=[("park_name", "string")],
        rows=[["Victoria Park"], ["Bede Park"]],
    )
    rows = list_places(make_reports(ROWS), PARKS=parks).rows("OUTPUT")
    assert [(row["nearest_park"], row["nearest_park_m"]) for row in rows] == [
        ("Victoria Park", 0),
        ("Bede Park", 120),
    ]


def test_no_place_is_said_and_gives_an_empty_list(list_places, make_reports, make_layer):
    outcome = list_places(make_reports(ROWS), MINIMUM=9)
    assert (outcome["PLACES"], outcome["REPORTS_LISTED"]) == (0, 0)
    assert any("choose a larger DISTANCE" in warning for warning in outcome.warnings)


def test_reports_without_reasons_are_refused_naming_the_fields(list_places, make_layer):
    with pytest.raises(Refused, match=r"“pins” has none of .*env_no_cctv.*beh_other"):
        list_places(make_layer(["POINT(0 0)"], name="pins"))


def test_lacking_reasons_are_named_and_undated_reports_have_no_dates(list_places, make_layer):
    reports = make_layer(["POINT(1 1)"] * 3, fields=[("env_empty", "boolean")], rows=[[True]] * 3)
    outcome = list_places(reports)
    assert any("has no field env_no_cctv, env_lighting" in w for w in outcome.warnings)
    (row,) = outcome.rows("OUTPUT")
    assert (row["reports"], row["first"], row["last"]) == (3, None, None)


def test_the_style_has_a_marker_for_every_owner_with_the_rank_in_it(list_places, make_reports):
    outcome = list_places(make_reports(ROWS))
    layer = outcome.layer("OUTPUT")
    styling.from_file("fix_list")(layer)
    categories = layer.renderer().categories()
    owners = {reason.owner for reason in REASONS}
    assert {one.value() for one in categories} == {one.label() for one in categories} == owners
    markers = [one.symbol()[0] for one in categories]
    assert len({(marker.shape(), marker.color().name()) for marker in markers}) == len(owners)
    character = QgsSymbolLayer.Property.PropertyCharacter
    for one in categories:
        number = one.symbol()[1].dataDefinedProperties().property(character)
        assert number.expressionString() == 'to_string("rank")'


def test_cancelled_it_leaves_nothing(run_algorithm, make_reports, tmp_path):
    path = str(tmp_path / "list.gpkg")
    with pytest.raises(Exception, match="[Cc]ancel"):
        run_algorithm("fixlist", {"REPORTS": make_reports(ROWS), "OUTPUT": path}, cancel_at=40)
    assert list(tmp_path.iterdir()) == []
