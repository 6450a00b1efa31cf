# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports in parks and rings: small layers counted by hand, and every report accounted for."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qgis.core import QgsProcessing, QgsProcessingException, QgsVectorLayer
from qgis.PyQt.QtCore import QDate

from streetsafe_plugin.domain.taxonomy import REASON_CODES
from tests.conftest import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT

PARK_FIELDS = [("park_id", "string"), ("park_name", "string")]
SQUARES = {"west": 457000, "east": 457250, "far": 470000}
DATED = [("submitted_at", "datetime")]
REASONS = [(code, "boolean") for code in REASON_CODES]


def square(x, y=301000, side=100):
    return rectangle(x, y, side, side)


def rectangle(x, y, width, height):
    east, north = x + width, y + height
    return f"POLYGON(({x} {y}, {east} {y}, {east} {north}, {x} {north}, {x} {y}))"


def point(x, y=301050):
    return f"POINT({x} {y})"


#: Where a report lies, and the park and ring it belongs to with rings of 50 and 200 m.
PLACES = {
    457010: ("west", 0),
    457100: ("west", 0),  # on the edge
    457150: ("west", 1),  # on the first limit
    457174: ("west", 2),
    457175: ("east", 2),  # halfway between two of the same size: east comes before west
    457300: ("east", 0),
    456800: ("west", 2),  # on the last limit
    456799: None,
    460000: None,
}


@pytest.fixture
def parks(make_layer):
    return make_layer(
        [square(x) for x in SQUARES.values()],
        "Polygon",
        fields=PARK_FIELDS,
        rows=[[name, name.title()] for name in SQUARES],
    )


@pytest.fixture
def analyse(run_algorithm, parks):
    def run(reports, **parameters):
        outcome = run_algorithm(
            "parkanalysis",
            {
                "PARKS": parks,
                "REPORTS": reports,
                "DISTANCES": "50,200",
                "OUTPUT": MEMORY,
                "SUMMARY": MEMORY,
                **parameters,
            },
        )
        parts = (outcome[name] for name in ("INSIDE", "IN_RINGS", "OUTSIDE", "EXCLUDED"))
        assert outcome["TOTAL"] == sum(parts)
        return outcome

    return run


def counts(outcome, what="reports"):
    return {(row["park_id"], row["ring"]): row[what] for row in outcome.rows("OUTPUT")}


def accounting(outcome):
    return tuple(outcome[name] for name in ("TOTAL", "INSIDE", "IN_RINGS", "OUTSIDE", "EXCLUDED"))


def test_every_report_where_it_belongs(make_layer, analyse):
    outcome = analyse(make_layer([point(x) for x in PLACES]))
    expected = {(park, ring): 0 for park in SQUARES for ring in range(3)}
    for place in PLACES.values():
        if place:
            expected[place] += 1
    assert counts(outcome) == expected
    assert accounting(outcome) == (9, 3, 4, 2, 0)
    first = outcome.rows("OUTPUT")[0]
    assert first["reports_per_km2"] == pytest.approx(200)  # 2 on a hectare
    assert first["area_ha"] == 1.0


#: Parks by corner, width and height: a country park, in it a play area that is there twice, a park
#: as large that overlaps it by 100 x 200 m, and a small one that touches both.
CROWDED = {
    "country": (457000, 301000, 400, 400),
    "play": (457100, 301100, 50, 50),
    "copy": (457100, 301100, 50, 50),
    "overlapping": (457300, 301000, 800, 200),
    "touching": (457400, 301200, 100, 100),
}


@pytest.mark.parametrize("overlap", [0, 1])
def test_the_order_of_the_layer_changes_nothing(make_layer, analyse, overlap):
    steps = range(-2, 12)
    reports = make_layer(
        [f"POINT({457000 + 50 * x} {301000 + 50 * y})" for x in steps for y in steps]
    )

    def rows(order):
        layer = make_layer(
            [rectangle(*CROWDED[name]) for name in order],
            "Polygon",
            fields=PARK_FIELDS,
            rows=[[name, name.title()] for name in order],
        )
        outcome = analyse(reports, PARKS=layer, DISTANCES="50,100", OVERLAP=overlap)
        assert [row["park_id"] for row in outcome.rows("SUMMARY")] == order
        assert [row["park_id"] for row in outcome.rows("OUTPUT")][::3] == order
        assert any("overlap a smaller one" in warning for warning in outcome.warnings)
        by_park = [
            {(row["park_id"], row.get("ring")): row for row in outcome.rows(name)}
            for name in ("OUTPUT", "SUMMARY")
        ]
        return by_park, accounting(outcome)

    names = list(CROWDED)
    first = rows(names)
    (rings, _), _ = first
    assert {name: rings[name, 0]["reports"] for name in names} == {
        "copy": 2 * 2,  # on a lattice of 50 m, edges included
        "play": 0,  # copy is as large and comes before it
        "touching": 3 * 3,  # its edges too, since it is smaller than what it touches
        "country": 9 * 9 - 4 - 3,
        # reports lie in the first 6 of its 17 columns; country is as large and comes before it
        "overlapping": 6 * 5 - 3 * 5 - 2,
    }
    areas = {name: rings[name, 0]["area_ha"] for name in names}
    assert areas == {"copy": 0.25, "play": 0, "touching": 1, "country": 15.75, "overlapping": 14}
    for order in (names[::-1], names[2:] + names[:2], ["play", "country", *names[2:]]):
        assert rows(order) == first


def test_any_points_count_and_their_reasons_are_unknown_not_0(make_layer, analyse):
    outcome = analyse(make_layer([point(457010)]))
    for row in outcome.rows("OUTPUT"):
        assert [row[code] for code in ("mentions", *REASON_CODES)] == [None] * 13
    assert [row["top_reason"] for row in outcome.rows("SUMMARY")] == [None] * 3


def test_mentions_and_reports_by_hand(make_layer, analyse):
    def ticked(*codes):
        return [code in codes for code in REASON_CODES]

    reports = make_layer(
        [point(457010), point(457020), point(457120), point(457300)],
        fields=REASONS,
        rows=[
            ticked("env_lighting", "env_no_cctv", "beh_followed"),
            ticked(),
            ticked("env_lighting"),
            [None] * 12,
        ],
    )
    outcome = analyse(reports)
    assert counts(outcome)["west", 0] == 2
    assert counts(outcome, "mentions")["west", 0] == 3
    assert counts(outcome, "mentions")["west", 1] == 1
    assert counts(outcome, "mentions")["east", 0] == 0
    assert counts(outcome, "env_lighting")["west", 0] == 1
    assert sum(counts(outcome, "env_drugs_alcohol").values()) == 0
    west, east = outcome.rows("SUMMARY")[:2]
    assert west["top_reason"] == "env_lighting"
    assert east["top_reason"] is None


def test_some_reasons_are_counted_but_not_summed(make_layer, analyse):
    reports = make_layer([point(457010)], fields=[("env_lighting", "boolean")], rows=[[True]])
    outcome = analyse(reports)
    row = outcome.rows("OUTPUT")[0]
    assert (row["env_lighting"], row["env_no_cctv"], row["mentions"]) == (1, None, None)
    assert any("only some of the reasons" in warning for warning in outcome.warnings)


def test_the_summary_by_hand(make_layer, analyse):
    outcome = analyse(make_layer([point(x) for x in PLACES]))
    assert outcome.rows("SUMMARY") == [
        {
            "park_id": "west",
            "park_name": "West",
            "inside": 2,
            "within_50": 3,
            "within_200": 5,
            "rank": 1,
            "rank_from": 1,
            "rank_to": 3,
            "top_reason": None,
            "share_of_area": pytest.approx(5 / 9),
        },
        {
            "park_id": "east",
            "park_name": "East",
            "inside": 1,
            "within_50": 1,
            "within_200": 2,
            "rank": 2,
            "rank_from": 1,
            "rank_to": 3,
            "top_reason": None,
            "share_of_area": pytest.approx(2 / 9),
        },
        {
            "park_id": "far",
            "park_name": "Far",
            "inside": 0,
            "within_50": 0,
            "within_200": 0,
            "rank": 3,
            "rank_from": 1,
            "rank_to": 3,
            "top_reason": None,
            "share_of_area": 0.0,
        },
    ]


def test_ranks_say_which_ones_they_cannot_be_told_apart_from(make_layer, analyse):
    # 6 against 0 is told apart (6 - 0 - 1 > 1.96 x 2.45), 5 against 0 is not (4 < 1.96 x 2.24)
    places = [457010] * 6 + [457300] * 5
    rows = analyse(make_layer([point(x) for x in places])).rows("SUMMARY")
    assert [(row["rank"], row["rank_from"], row["rank_to"]) for row in rows] == [
        (1, 1, 2),
        (2, 1, 3),
        (3, 2, 3),
    ]


def test_only_some_reasons_count(make_layer, analyse):
    def ticked(*codes):
        return [code in codes for code in REASON_CODES]

    reports = make_layer(
        [point(457010), point(457020), point(457030), point(460000)],
        fields=REASONS,
        rows=[ticked("env_lighting", "beh_followed"), ticked("env_no_cctv"), ticked(), ticked()],
    )
    chosen = [REASON_CODES.index("env_lighting"), REASON_CODES.index("env_no_cctv")]
    outcome = analyse(reports, REASONS=chosen)
    assert accounting(outcome) == (4, 2, 0, 0, 2)
    assert counts(outcome, "mentions")["west", 0] == 3
    with pytest.raises(Refused, match="no field env_no_cctv"):
        analyse(
            make_layer([point(457010)], fields=[("env_lighting", "boolean")], rows=[[True]]),
            REASONS=chosen,
        )


def test_equal_numbers_share_a_rank(make_layer, analyse):
    outcome = analyse(make_layer([point(457010), point(457300)]))
    assert [row["rank"] for row in outcome.rows("SUMMARY")] == [1, 1, 3]


def test_shared_rings_count_twice_but_total_once(make_layer, analyse):
    outcome = analyse(make_layer([point(457175), point(457010)]), OVERLAP=1)
    assert counts(outcome)["west", 2] == counts(outcome)["east", 2] == 1
    assert accounting(outcome) == (2, 1, 1, 0, 0)
    assert any("Rings are shared" in message for message in outcome.messages)


def test_reports_without_a_place_are_left_out_and_counted(make_layer, analyse):
    outcome = analyse(make_layer([point(457010), None, None]))
    assert accounting(outcome) == (3, 1, 0, 0, 2)
    assert any("no usable place: 2" in message for message in outcome.messages)


@pytest.mark.parametrize("as_date", [str, lambda text: QDate.fromString(text, "yyyy-MM-dd")])
def test_a_window_includes_both_days_and_counts_the_undated(make_layer, analyse, as_date):
    times = ["2022-02-28T23:59:59", "2022-03-01T00:00:00", "2022-03-31T23:59:59",
             "2022-04-01T00:00:00", None]  # fmt: skip
    reports = make_layer([point(457010)] * 5, fields=DATED, rows=[[time] for time in times])
    outcome = analyse(reports, FROM=as_date("2022-03-01"), TO=as_date("2022-03-31"))
    assert accounting(outcome) == (5, 2, 0, 0, 3)
    said = next(message for message in outcome.messages if message.startswith("Left out"))
    assert "no date: 1" in said
    assert "outside the dates: 2" in said
    assert accounting(analyse(reports)) == (5, 5, 0, 0, 0)
    assert accounting(analyse(reports, FROM=as_date("2022-04-01"))) == (5, 1, 0, 0, 4)


def test_months_are_not_cut_without_a_warning(make_layer, analyse):
    crimes = make_layer([point(457010)], fields=[("month_start", "date")], rows=[["2022-03-01"]])
    cut = analyse(crimes, FROM="2022-02-15")
    assert cut["INSIDE"] == 1
    assert any("known to the month only" in warning for warning in cut.warnings)
    whole = analyse(crimes, FROM="2022-03-01", TO="2022-03-31")
    assert not any("month only" in warning for warning in whole.warnings)


def test_a_date_field_of_another_name(make_layer, analyse):
    reports = make_layer([point(457010)], fields=[("day", "string")], rows=[["2022-03-01"]])
    with pytest.raises(Refused, match="Choose the field with the date"):
        analyse(reports, FROM="2022-03-01")
    assert analyse(reports, FROM="2022-03-01", DATE_FIELD="day")["INSIDE"] == 1


def test_an_area_leaves_out_what_is_outside_it_and_cuts_the_rings(make_layer, analyse):
    # the western half of West and what lies west of it
    area = make_layer([square(456750, 300900, 300)], "Polygon")
    reports = make_layer([point(457010), point(457060), point(456999), point(460000)])
    outcome = analyse(reports, AREA=area)
    assert accounting(outcome) == (4, 1, 1, 0, 2)
    assert any("outside Area: 2" in message for message in outcome.messages)
    west, *_, far = outcome.rows("OUTPUT")
    assert west["area_ha"] == pytest.approx(0.5)
    assert west["reports_per_km2"] == pytest.approx(200)
    assert (far["area_ha"], far["reports"], far["reports_per_km2"]) == (0, 0, None)


def test_share_is_of_the_area(make_layer, analyse):
    area = make_layer([square(456900, 300900, 300)], "Polygon")
    reports = make_layer([point(457010), point(457060), point(457190), point(460000)])
    outcome = analyse(reports, AREA=area)
    west = outcome.rows("SUMMARY")[0]
    assert west["share_of_area"] == pytest.approx(2 / 3)
    ring = outcome.rows("OUTPUT")[1]
    # the ring of 50 m lies wholly in the area: 4 x 100 x 50 + 2500 pi
    assert ring["area_ha"] == pytest.approx((20_000 + 2_500 * 3.14159265) / 1e4, rel=1e-3)


def test_reports_in_degrees(make_layer, analyse):
    # point TP14 of the Ordnance Survey's OSTN15 test set lies at 651409.804, 313177.450
    park = make_layer([square(651360, 313127)], "Polygon")
    reports = make_layer(["POINT(1.716073973 52.658007833)"], crs="EPSG:4326")
    outcome = analyse(reports, PARKS=park)
    assert accounting(outcome) == (1, 1, 0, 0, 0)


def test_no_reports_is_an_answer(make_layer, analyse):
    outcome = analyse(make_layer([]))
    assert accounting(outcome) == (0, 0, 0, 0, 0)
    assert {row["reports"] for row in outcome.rows("OUTPUT")} == {0}
    assert [row["share_of_area"] for row in outcome.rows("SUMMARY")] == [None] * 3
    assert any("no report to count" in warning for warning in outcome.warnings)


def test_broken_distances_have_a_field_of_their_own(make_layer, analyse):
    outcome = analyse(make_layer([point(457010)]), DISTANCES="12.5,100")
    names = list(outcome.rows("SUMMARY")[0])
    assert names[3:5] == ["within_12_5", "within_100"]


def test_dates_the_wrong_way_round_are_refused(make_layer, analyse):
    reports = make_layer([point(457010)], fields=DATED, rows=[[None]])
    with pytest.raises(Refused, match="is before From"):
        analyse(reports, FROM="2022-03-31", TO="2022-03-01")


def test_an_empty_area_is_refused(make_layer, analyse):
    with pytest.raises(QgsProcessingException, match="holds no polygon"):
        analyse(make_layer([point(457010)]), AREA=make_layer([], "Polygon"))


def test_the_accounting_stays_with_the_file(make_layer, analyse, tmp_path):
    path = tmp_path / "rings.gpkg"
    analyse(make_layer([point(457010), None]), OUTPUT=str(path))
    layer = QgsVectorLayer(f"{path}|layername=rings", "", "ogr")
    kept = " ".join(layer.metadata().history())
    assert "2 reports = 1 in parks + 0 in rings + 0 beyond 200 m + 1 left out." in kept
    assert "Left out: no usable place: 1." in kept


@pytest.mark.parametrize("cancel_at", [0, 40, 70])
def test_a_cancelled_run_leaves_no_file(make_layer, run_algorithm, parks, tmp_path, cancel_at):
    target = tmp_path / "rings.gpkg"
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm(
            "parkanalysis",
            {
                "PARKS": parks,
                "REPORTS": make_layer([point(457010 + x) for x in range(5000)]),
                "DISTANCES": "50,200",
                "OUTPUT": str(target),
            },
            cancel_at=cancel_at,
        )
    assert list(tmp_path.iterdir()) == []


def test_rings_by_area_are_counted_and_named_so(make_layer, analyse):
    # 10 and 30 m off a hectare: rings of 1 and 3 hectares reach 21.4 and 65.9 m
    outcome = analyse(
        make_layer([point(457090), point(457110), point(457130)]), DISTANCES="1,4", RINGS_BY=1
    )
    west = outcome.rows("SUMMARY")[0]
    assert (west["inside"], west["within_1x"], west["within_4x"]) == (1, 2, 3)


steps = st.integers(-20, 60).map(lambda step: 25 * step)
any_place = st.one_of(st.none(), st.tuples(steps, steps))
any_date = st.sampled_from([None, "2022-01-31T23:59:00", "2022-03-01T00:00:00"])
any_park = st.tuples(steps, steps, st.integers(1, 20)).map(
    lambda one: square(457000 + one[0], 301000 + one[1], 25 * one[2])
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    reports=st.lists(st.tuples(any_place, any_date), max_size=30),
    outlines=st.lists(any_park, min_size=1, max_size=4),
    shared=st.booleans(),
    dated=st.booleans(),
    cut=st.booleans(),
)
def test_it_adds_up_whatever_comes(make_layer, analyse, reports, outlines, shared, dated, cut):
    layer = make_layer(
        [f"POINT({457000 + at[0]} {301000 + at[1]})" if at else None for at, _ in reports],
        fields=DATED,
        rows=[[date] for _, date in reports],
    )
    outcome = analyse(  # which asserts TOTAL = INSIDE + IN_RINGS + OUTSIDE + EXCLUDED
        layer,
        PARKS=make_layer(outlines, "Polygon"),
        OVERLAP=int(shared),
        FROM="2022-02-01" if dated else None,
        AREA=make_layer([square(457000, 301000, 800)], "Polygon") if cut else None,
    )
    assert outcome["TOTAL"] == len(reports)
    if not shared:
        counted = sum(row["reports"] for row in outcome.rows("OUTPUT"))
        assert counted == outcome["INSIDE"] + outcome["IN_RINGS"]
