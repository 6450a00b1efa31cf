# SPDX-License-Identifier: GPL-2.0-or-later
"""Parks before and after: counted by hand, dated by their own interventions, never over-read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from qgis.core import QgsProcessing, QgsProcessingException

from streetsafe_plugin.domain.samples import SURGES
from tests.conftest import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
PARK_FIELDS = [("park_id", "string"), ("park_name", "string")]
DATED = [("submitted_at", "datetime")]
MEASURES = [
    ("park_id", "string"), ("measure", "string"), ("quantity", "integer"), ("status", "string"),
    ("date_from", "date"), ("date_to", "date"), ("date_confidence", "string"),
    ("funding_gbp", "double"), ("source", "string"),
]  # fmt: skip
PERIODS = {
    "BEFORE_FROM": "2022-01-01", "BEFORE_TO": "2022-04-10",
    "AFTER_FROM": "2022-06-01", "AFTER_TO": "2022-09-08",
}  # fmt: skip
#: Both periods have a hundred days.
BEFORE, AFTER = "2022-02-01T12:00:00", "2022-07-01T12:00:00"
X, Y, SIDE = 457000, 301000, 100
MIDDLE, IN_RING, IN_BAND, BEYOND = X + 50, X + SIDE + 50, X + SIDE + 150, X + 900


def square(x=X, y=Y, side=SIDE):
    east, north = x + side, y + side
    return f"POLYGON(({x} {y}, {east} {y}, {east} {north}, {x} {north}, {x} {y}))"


@pytest.fixture
def parks(make_layer):
    return make_layer([square()], "Polygon", fields=PARK_FIELDS, rows=[["p", "Park <b>P</b>"]])


@pytest.fixture
def reports(make_layer):
    """Return a function that makes reports from (x, when, how many)."""

    def make(*groups, y=Y + 50):
        places = [(x, when) for x, when, number in groups for _ in range(number)]
        return make_layer(
            [f"POINT({x} {y})" for x, _ in places],
            fields=DATED,
            rows=[[when] for _, when in places],
        )

    return make


@pytest.fixture
def interventions(make_layer):
    def make(*measures):
        rows = [
            [
                one.get("park_id", "p"),
                one.get("measure", "cctv"),
                None,
                one.get("status", "live"),
                one.get("date_from"),
                one.get("date_to"),
                one.get("date_confidence", "day"),
                None,
                "",
            ]
            for one in measures
        ]
        return make_layer([None] * len(rows), "None", fields=MEASURES, rows=rows)

    return make


@pytest.fixture
def evaluate(run_algorithm, parks):
    def run(layer, periods=PERIODS, **parameters):
        return run_algorithm(
            "evaluatepark",
            {
                "PARKS": parks,
                "REPORTS": layer,
                "BUFFER": 100,
                "OUTPUT": MEMORY,
                **periods,
                **parameters,
            },
        )

    return run


def counts(row):
    return [
        (row[f"{area}_before"], row[f"{area}_after"])
        for area in ("treated", "displacement", "control")
    ]


def test_one_park_by_hand(reports, evaluate):
    layer = reports(
        (MIDDLE, BEFORE, 8), (MIDDLE, AFTER, 3),
        (IN_RING, BEFORE, 2), (IN_RING, AFTER, 4),
        (IN_BAND, BEFORE, 6), (IN_BAND, AFTER, 7),
        (BEYOND, BEFORE, 50), (MIDDLE, "2022-05-01", 9),
    )  # fmt: skip
    park, whole = evaluate(layer).rows("OUTPUT")
    assert (park["park_id"], whole["park_id"]) == ("p", "all")
    assert counts(park) == counts(whole) == [(8, 3), (2, 4), (6, 7)]
    assert (park["days_before"], park["days_after"]) == (100, 100)
    # 100 m square: ring 4 x 100 x 100 + pi x 100², band 4 x 100 x 100 + pi x (200² - 100²)
    ground, band = 10_000 + 40_000 + 31_416, 40_000 + 94_248
    scale = ground / band
    assert park["wdd"] == pytest.approx(-5 + 2 - scale * 1, abs=0.001)
    assert park["wdd_se"] == pytest.approx((8 + 3 + 2 + 4 + scale**2 * 13) ** 0.5, abs=0.001)
    assert park["verdict"] == "cannot_tell"
    assert whole["wdd"] == pytest.approx(park["wdd"])
    assert "whether anything changed cannot be told" in park["sentence"]
    assert "8 reports in 100 days before and 3 in 100 days after" in park["sentence"]


def test_a_plain_fall_is_said_and_bound_to_its_numbers(reports, evaluate):
    layer = reports(
        (MIDDLE, BEFORE, 90), (MIDDLE, AFTER, 20), (IN_RING, BEFORE, 30), (IN_RING, AFTER, 30),
        (IN_BAND, BEFORE, 40), (IN_BAND, AFTER, 40),
    )  # fmt: skip
    found = evaluate(layer)
    park, _ = found.rows("OUTPUT")
    assert (park["wdd"], park["verdict"]) == (pytest.approx(-70), "fall")
    assert "changed by -70.0" in park["sentence"]
    assert "%" not in park["sentence"].replace("95 % interval", "")
    assert park["ge"] == 70
    assert (found["FALLS"], found["RISES"], found["CANNOT_TELL"]) == (1, 0, 0)


def test_periods_of_different_length_are_compared_by_rate(reports, evaluate):
    layer = reports((MIDDLE, BEFORE, 10), (MIDDLE, AFTER, 5))
    half = {**PERIODS, "AFTER_TO": "2022-07-20"}  # 50 days
    park, _ = evaluate(layer, half).rows("OUTPUT")
    assert park["days_after"] == 50
    assert park["wdd"] == pytest.approx(0)
    assert park["wdd_se"] == pytest.approx((10 + 4 * 5) ** 0.5)


def test_no_report_in_the_park_is_an_empty_answer_not_an_error(reports, evaluate):
    park, whole = evaluate(reports((BEYOND, BEFORE, 3))).rows("OUTPUT")
    for row in (park, whole):
        assert counts(row) == [(0, 0)] * 3
        assert (row["wdd"], row["wdq"], row["verdict"]) == (0, None, "cannot_tell")
        # no report at all is no certainty that nothing changed
        assert [row[f"wdd_{part}"] for part in ("se", "z", "low", "high")] == [None] * 4


def test_own_control_areas_lose_what_lies_in_parks_and_rings(make_layer, reports, evaluate):
    control = make_layer([square(X + SIDE, Y, 200)], "Polygon")  # from the park's edge, 200 m wide
    layer = reports((MIDDLE, BEFORE, 4), (IN_RING, BEFORE, 3), (IN_BAND, BEFORE, 7))
    found = evaluate(layer, CONTROL=control)
    park, _ = found.rows("OUTPUT")
    assert counts(park) == [(4, 0), (3, 0), (7, 0)]
    # of the 4 ha, 100 m beside the park (1 ha) and a quarter circle above it lie in the ring
    assert park["control_ha"] == pytest.approx(4 - 1 - 0.7854, abs=0.001)
    assert any("control areas lie in parks or rings" in warning for warning in found.warnings)


def test_a_treated_park_is_never_another_ones_control(make_layer, reports, run_algorithm):
    two = make_layer(
        [square(), square(X + 250)], "Polygon", fields=PARK_FIELDS, rows=[["p", "P"], ["q", "Q"]]
    )
    layer = reports((X + 300, BEFORE, 5), (X + SIDE + 10, BEFORE, 2))
    found = run_algorithm(
        "evaluatepark",
        {"PARKS": two, "REPORTS": layer, "BUFFER": 100, "OUTPUT": MEMORY, **PERIODS},
    )
    first, second, whole = found.rows("OUTPUT")
    assert counts(first) == [(0, 0), (2, 0), (0, 0)]
    assert counts(second) == [(5, 0), (0, 0), (0, 0)]
    assert counts(whole) == [(5, 0), (2, 0), (0, 0)]


def test_a_control_shared_by_parks_is_counted_once_and_allowed_for(
    make_layer, reports, run_algorithm
):
    # two parks of 1 ha, far apart, and a control area of 4 ha: each report there is held against
    # both, so its weight is twice the scale, and its square four times
    far = X + 5_000
    two = make_layer(
        [square(), square(far)], "Polygon", fields=PARK_FIELDS, rows=[["p", "P"], ["q", "Q"]]
    )
    control = make_layer([square(X + 2_000, Y, 200)], "Polygon")
    layer = reports((MIDDLE, BEFORE, 6), (far + 50, AFTER, 5), (X + 2_050, BEFORE, 3))
    found = run_algorithm(
        "evaluatepark",
        {
            "PARKS": two, "REPORTS": layer, "CONTROL": control, "BUFFER": 100,
            "OUTPUT": MEMORY, **PERIODS,
        },
    )  # fmt: skip
    whole = found.rows("OUTPUT")[-1]
    scale = 2 * (10_000 + 40_000 + 31_416) / 40_000
    assert counts(whole) == [(6, 5), (0, 0), (3, 0)]
    assert whole["control_ha"] == 4
    assert whole["wdd"] == pytest.approx(-6 + 5 + 3 * scale, abs=0.01)
    assert whole["wdd_se"] == pytest.approx((6 + 5 + 3 * scale**2) ** 0.5, abs=0.01)


def test_all_parks_say_no_more_than_the_one_there_is(make_layer, reports, evaluate):
    """A shared control area without a report afterwards must not lose the periods' lengths."""
    periods = {
        "BEFORE_FROM": "2022-01-01", "BEFORE_TO": "2022-08-28",
        "AFTER_FROM": "2022-09-01", "AFTER_TO": "2022-09-20",
    }  # fmt: skip
    control = make_layer([square(X + 2_000, Y, 200)], "Polygon")
    days = [f"2022-0{month}-12" for month in range(1, 9)]
    layer = reports(*[(X + 2_050, day, 1 + place % 2) for place, day in enumerate(days)])
    park, whole = evaluate(layer, periods, CONTROL=control).rows("OUTPUT")
    assert counts(park) == counts(whole) == [(0, 0), (0, 0), (12, 0)]
    assert (park["verdict"], whole["verdict"]) == ("cannot_tell", "cannot_tell")
    assert whole["displacement_verdict"] == "cannot_tell"


def test_a_control_report_before_for_one_park_and_after_for_another_stands_in_both(
    make_layer, reports, interventions, run_algorithm
):
    far = X + 5_000
    two = make_layer(
        [square(), square(far)], "Polygon", fields=PARK_FIELDS, rows=[["p", "P"], ["q", "Q"]]
    )
    control = make_layer([square(X + 2_000, Y, 200)], "Polygon")
    measures = interventions(
        {"park_id": "p", "date_from": "2022-04-11"}, {"park_id": "q", "date_from": "2022-07-20"}
    )
    layer = reports(
        (X + 2_050, "2022-02-01", 10), (X + 2_050, "2022-06-01", 40), (X + 2_050, "2022-09-01", 10),
        (MIDDLE, "2022-02-01", 10), (MIDDLE, "2022-06-01", 10), (far + 50, "2022-06-01", 10),
        (far + 50, "2022-09-01", 10), (X + 900, "2021-12-01", 1), (X + 900, "2022-12-30", 1),
    )  # fmt: skip
    found = run_algorithm(
        "evaluatepark",
        {
            "PARKS": two, "REPORTS": layer, "CONTROL": control, "BUFFER": 100,
            "WINDOW_DAYS": 100, "INTERVENTIONS": measures, "OUTPUT": MEMORY,
        },
    )  # fmt: skip
    first, second, whole = found.rows("OUTPUT")
    assert [counts(row)[2] for row in (first, second, whole)] == [(10, 40), (40, 10), (50, 50)]
    # neither ring has a report, so nothing is said of either
    assert {row["displacement_verdict"] for row in (first, second, whole)} == {"cannot_tell"}
    assert "In the ring" not in first["sentence"]


def test_a_trend_that_all_places_share_is_no_effect_of_the_measure(reports, evaluate):
    """Everything halves, and the control area is four times as busy as the park and its ring."""
    layer = reports(
        (MIDDLE, BEFORE, 100), (MIDDLE, AFTER, 50), (IN_BAND, BEFORE, 400), (IN_BAND, AFTER, 200),
    )  # fmt: skip
    park, _ = evaluate(layer).rows("OUTPUT")
    assert park["wdd"] > 0
    assert park["wdd_low"] > 0  # the published interval would call it a rise
    assert park["verdict"] == "cannot_tell"
    assert "in proportion to the control area that may be no change" in park["sentence"]


def test_clusters_are_named_where_they_are_the_reason(reports, evaluate):
    """Every third month has four times as many: 288 reports, then 192, so few they are not."""
    groups = [
        (place, f"{year}-{month:02d}-{day:02d}", number * (4 if busy and month % 3 == 0 else 1))
        for place, year, number, busy in (
            (MIDDLE, 2021, 3, True), (MIDDLE, 2022, 2, True),
            (IN_BAND, 2021, 3, False), (IN_BAND, 2022, 3, False),
        )
        for month in range(1, 13)
        for day in (3, 10, 17, 24)
    ]  # fmt: skip
    periods = {
        "BEFORE_FROM": "2021-01-01", "BEFORE_TO": "2021-12-31",
        "AFTER_FROM": "2022-01-01", "AFTER_TO": "2022-12-31",
    }  # fmt: skip
    park, _ = evaluate(reports(*groups), periods).rows("OUTPUT")
    assert counts(park) == [(288, 192), (0, 0), (144, 144)]
    assert park["wdd_high"] < 0
    assert park["verdict"] == "cannot_tell"
    assert "reports come in clusters" in park["sentence"]
    assert "so few reports" not in park["sentence"]


def test_the_order_of_the_parks_changes_no_answer(make_layer, reports, run_algorithm):
    # P lies in Q; R is as near to a place as Q, and S, as large as R, to another; T overlaps S
    shapes = {
        "p": square(),
        "q": square(side=200),
        **{park: square(X + east) for park, east in (("r", 300), ("s", 500), ("t", 550))},
    }
    layer = reports(
        (MIDDLE, BEFORE, 8), (MIDDLE, AFTER, 3), (X + 150, BEFORE, 5), (X + 150, AFTER, 6),
        (X + 250, BEFORE, 4), (X + 250, AFTER, 2), (X + 350, BEFORE, 7), (X + 350, AFTER, 7),
        (X + 450, BEFORE, 1), (X + 450, AFTER, 9), (X + 575, BEFORE, 6), (X + 575, AFTER, 1),
        (X + 625, BEFORE, 3), (X + 625, AFTER, 2), (X + 800, BEFORE, 5), (X + 800, AFTER, 6),
    )  # fmt: skip

    def rows(order):
        parks = make_layer(
            [shapes[park] for park in order],
            "Polygon",
            fields=PARK_FIELDS,
            rows=[[park, park.upper()] for park in order],
        )
        given = {"PARKS": parks, "REPORTS": layer, "BUFFER": 100, "OUTPUT": MEMORY, **PERIODS}
        found = run_algorithm("evaluatepark", given).rows("OUTPUT")
        assert [row["park_id"] for row in found] == [*order, "all"]
        return {row["park_id"]: row for row in found}

    first = rows("pqrst")
    assert [counts(first[park])[0] for park in "pqrst"] == [(8, 3), (5, 6), (7, 7), (6, 1), (3, 2)]
    # X + 250 is 50 m from Q and R, and R is smaller; X + 450 is 50 m from R and S
    assert [counts(first[park])[1] for park in "pqrs"] == [(0, 0), (0, 0), (5, 11), (0, 0)]
    for order in ("tsqrp", "rtsqp"):
        for park, row in rows(order).items():
            assert row == {
                name: pytest.approx(value) if isinstance(value, float) else value
                for name, value in first[park].items()
            }


def test_each_park_by_its_own_date(reports, interventions, evaluate):
    layer = reports(
        (MIDDLE, "2022-02-28", 1), (MIDDLE, "2022-03-01", 2), (MIDDLE, "2022-03-30", 4),
        (MIDDLE, "2022-03-31", 8), (MIDDLE, "2022-04-29", 16), (MIDDLE, "2022-04-30", 32),
    )  # fmt: skip
    measures = interventions({"date_from": "2022-03-31"})
    park, _ = evaluate(layer, {"WINDOW_DAYS": 30}, INTERVENTIONS=measures).rows("OUTPUT")
    assert counts(park)[0] == (2 + 4, 8 + 16)
    assert (park["days_before"], park["days_after"]) == (30, 30)


@pytest.mark.parametrize(
    ("measure", "after"),
    [
        ({"status": "live"}, 1 + 2 + 4),
        ({"status": "removed", "date_to": "2022-07-15"}, 1 + 2),
        ({"status": "removed", "date_to": "2022-06-20"}, 1),
    ],
)
def test_live_then_removed_changes_which_reports_count_as_after(
    reports, interventions, evaluate, measure, after
):
    layer = reports(
        (MIDDLE, BEFORE, 5), (MIDDLE, "2022-06-10", 1), (MIDDLE, AFTER, 2),
        (MIDDLE, "2022-08-01", 4),
    )  # fmt: skip
    measures = interventions({"date_from": "2022-05-01", **measure})
    for periods in (PERIODS, {"WINDOW_DAYS": 100}):
        park, _ = evaluate(layer, periods, INTERVENTIONS=measures).rows("OUTPUT")
        assert park["treated_after"] == after


def test_a_removal_nobody_dated_leaves_no_days_after(reports, interventions, evaluate):
    measures = interventions({"date_from": "2022-05-01", "status": "removed"})
    found = evaluate(reports((MIDDLE, BEFORE, 5)), INTERVENTIONS=measures)
    park, whole = found.rows("OUTPUT")
    assert (park["wdd"], park["verdict"]) == (None, "cannot_tell")
    assert "no measure is known to have been live afterwards" in park["sentence"]
    assert (whole["verdict"], found["PARKS_COUNTED"]) == ("cannot_tell", 0)


def test_a_date_known_to_the_month_leaves_the_month_out(reports, interventions, evaluate):
    layer = reports((MIDDLE, "2022-05-03", 9), (MIDDLE, "2022-04-20", 1), (MIDDLE, "2022-06-02", 2))
    measures = interventions({"date_from": "2022-05-16", "date_confidence": "month"})
    park, _ = evaluate(layer, {"WINDOW_DAYS": 30}, INTERVENTIONS=measures).rows("OUTPUT")
    assert counts(park)[0] == (1, 2)


def test_a_park_without_a_date_is_not_guessed_at(reports, interventions, evaluate):
    measures = interventions({"status": "unknown", "date_confidence": "unknown"})
    found = evaluate(reports((MIDDLE, BEFORE, 5)), {"WINDOW_DAYS": 30}, INTERVENTIONS=measures)
    park, _ = found.rows("OUTPUT")
    assert "no measure has a date" in park["sentence"]
    assert any("Not evaluated" in warning for warning in found.warnings)


def test_months_count_only_whole(make_layer, evaluate):
    layer = make_layer(
        [f"POINT({MIDDLE} {Y + 50})"] * 6,
        fields=[("month_start", "date")],
        rows=[[f"2022-{month:02}-01"] for month in (1, 2, 3, 4, 6, 9)],
    )
    park, _ = evaluate(layer).rows("OUTPUT")
    # January to March before; 1 June to 8 September holds June, July and August whole
    assert counts(park)[0] == (3, 1)
    assert (park["days_before"], park["days_after"]) == (31 + 28 + 31, 30 + 31 + 31)


def test_months_that_are_missing_count_as_no_time(make_layer, evaluate):
    # forty crimes a month, one of them in the park, and no June at all
    months = [month for month in range(1, 10) if month != 6]
    layer = make_layer(
        [f"POINT({x} {Y + 50})" for _ in months for x in [MIDDLE, *[BEYOND] * 39]],
        fields=[("month_start", "date")],
        rows=[[f"2022-{month:02}-01"] for month in months for _ in range(40)],
    )
    found = evaluate(layer)
    park, _ = found.rows("OUTPUT")
    assert (park["days_after"], counts(park)[0]) == (31 + 31, (3, 2))
    assert any("count as no time: 2022-06." in warning for warning in found.warnings)


@pytest.fixture
def monthly(make_layer):
    """Return a function that makes layers of what happened each month in park, ring and beyond."""

    def make(first, last, fields=(("month_start", "date"),), more=lambda day: ()):
        months = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1)
        groups = ((MIDDLE, 10), (IN_RING, 20), (IN_BAND, 20))
        rows = [(x, str(day)) for day in months.astype("datetime64[D]") for x, n in groups
                for _ in range(n)]  # fmt: skip
        return make_layer(
            [f"POINT({x} {Y + 50})" for x, _ in rows],
            fields=list(fields),
            rows=[[day, *more(day)] for _, day in rows],
        )

    return make


BEYOND_THE_EXTRACT = "cover the months from 2018-10 to 2022-10; what the periods reach beyond"


def test_months_beyond_the_extract_are_no_time_around_a_parks_own_date(
    monthly, interventions, evaluate
):
    layer, measures = monthly("2018-10", "2022-10"), interventions({"date_from": "2022-09-01"})
    found = evaluate(layer, {"WINDOW_DAYS": 122}, INTERVENTIONS=measures)
    park, _ = found.rows("OUTPUT")
    # June to August before, of 122 days from 2 May; September and October after
    assert (park["days_before"], park["days_after"]) == (30 + 31 + 31, 30 + 31)
    assert counts(park) == [(30, 20), (60, 40), (60, 40)]
    assert any(BEYOND_THE_EXTRACT in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("periods", "days", "warned"),
    [
        (("2022-06-01", "2022-08-31", "2022-09-01", "2022-12-31"), (92, 61), True),
        (("2018-07-01", "2018-12-31", "2019-01-01", "2019-03-31"), (92, 90), True),
        (("2018-10-01", "2018-12-31", "2022-08-01", "2022-10-31"), (92, 92), False),
    ],
)
def test_months_beyond_the_extract_are_no_time_in_given_periods(
    monthly, evaluate, periods, days, warned
):
    found = evaluate(monthly("2018-10", "2022-10"), dict(zip(PERIODS, periods)))
    park, _ = found.rows("OUTPUT")
    assert (park["days_before"], park["days_after"]) == days
    assert park["treated_before"] == 30
    assert any(BEYOND_THE_EXTRACT in warning for warning in found.warnings) is warned
    assert warned or found.warnings == []


def test_months_told_by_their_precision_end_with_the_extract_too(monthly, evaluate):
    fields = (("submitted_at", "datetime"), ("submitted_precision", "string"))
    layer = monthly("2018-10", "2022-10", fields, more=lambda day: ["month"])
    periods = ("2022-06-01", "2022-08-31", "2022-09-01", "2022-12-31")
    park, _ = evaluate(layer, dict(zip(PERIODS, periods))).rows("OUTPUT")
    assert (park["days_before"], park["days_after"]) == (92, 61)


def test_a_month_that_reports_with_a_day_reach_into_is_no_whole_month(make_layer, evaluate):
    # by the month until July, then on every day until 14 August
    months = [(f"2022-{month:02}-01", "month") for month in range(1, 8)]
    days = [(f"2022-08-{day:02}", "day") for day in range(1, 15)]
    layer = make_layer(
        [f"POINT({MIDDLE} {Y + 50})"] * 21,
        fields=[*DATED, ("submitted_precision", "string")],
        rows=months + days,
    )
    found = evaluate(layer, {**PERIODS, "AFTER_TO": "2022-08-31"})
    park, _ = found.rows("OUTPUT")
    assert (park["days_after"], counts(park)[0]) == (30 + 31, (3, 2))
    assert any("from 2022-01 to 2022-07" in warning for warning in found.warnings)


def test_periods_wholly_beyond_the_extract_are_not_judged(monthly, evaluate):
    periods = ("2022-06-01", "2022-08-31", "2022-11-01", "2022-12-31")
    park, _ = evaluate(monthly("2018-10", "2022-10"), dict(zip(PERIODS, periods))).rows("OUTPUT")
    assert (park["wdd"], park["verdict"]) == (None, "cannot_tell")
    assert "the reports cover no day after" in park["sentence"]


def test_the_samples_launch_and_campaigns_are_found(run_algorithm, tmp_path):
    folder = tmp_path / "sample"
    made = run_algorithm("sampledata", {"FOLDER": str(folder)})
    imported = run_algorithm("importreports", {"SOURCE": made["REPORTS_BNG"], "OUTPUT": MEMORY})
    found = run_algorithm(
        "evaluatepark",
        {
            "PARKS": made["PARKS"], "REPORTS": imported.layer("OUTPUT"), "OUTPUT": MEMORY,
            "BEFORE_FROM": "2021-09-02", "BEFORE_TO": "2022-02-28",
            "AFTER_FROM": "2022-03-01", "AFTER_TO": "2022-10-31",
        },
    )  # fmt: skip
    surges = re.findall(r"([\d-]{10}) to ([\d-]{10})", found["SURGES"])
    planted = [str(day) for day, height, _ in SURGES if height > 3]
    assert len(planted) == 4
    assert all(any(first <= day <= last for first, last in surges) for day in planted)
    assert found["SURGES"].startswith("2021-09-02")


def test_a_day_of_publicity_is_named_and_left_out_beside_the_answer(make_layer, evaluate):
    dates = [f"2022-{month:02}-{day:02}" for month in range(1, 10) for day in range(1, 29)]
    places = [(BEYOND, date) for date in dates for _ in range(3)]
    places += [(IN_BAND, f"2022-{month:02}-03") for month in (1, 2, 3, 4, 6, 7, 8, 9)] * 2
    places += [(MIDDLE, "2022-07-14")] * 60
    layer = make_layer(
        [f"POINT({x} {Y + 50})" for x, _ in places],
        fields=DATED,
        rows=[[date] for _, date in places],
    )
    found = evaluate(layer)
    assert re.match(r"2022-07-14 to 2022-07-14: 63 reports, 3\.0 expected", found["SURGES"])
    park, _ = found.rows("OUTPUT")
    assert (park["wdd"], park["verdict"]) == (60, "rise")
    # 8 reports of the control area in 99 days are 8.08 in 100, times the park's and ring's
    # 1 + 7.14 ha over the band's 13.42 ha
    assert park["wdd_without_surges"] == pytest.approx(-0.08 * 8.14 / 13.42, abs=0.001)
    assert park["verdict_without_surges"] == "cannot_tell"
    assert any("instead of rise" in warning for warning in found.warnings)
    # nobody reads “a rise” without what stands against it
    assert re.search(r": a rise\. But not without the days on which reports", park["sentence"])
    assert park["sentence"].startswith("Park")
    assert "inside, 0 reports in 100 days before and 60 in 100" in park["sentence"]


def test_a_steady_year_has_no_surge(make_layer, evaluate):
    dates = [f"2022-{month:02}-{day:02}" for month in range(1, 10) for day in range(1, 29)]
    layer = make_layer(
        [f"POINT({BEYOND} {Y})"] * (2 * len(dates)),
        fields=DATED,
        rows=[[date] for date in 2 * dates],
    )
    found = evaluate(layer)
    assert found["SURGES"] == ""
    assert found.rows("OUTPUT")[0]["wdd_without_surges"] is None


def test_a_sign_that_depends_on_the_ring_is_warned_of(reports, evaluate):
    # 5 fewer in the park, 8 more between 100 and 200 m: a ring of 100 m falls, one of 200 m rises
    layer = reports((MIDDLE, BEFORE, 5), (X + SIDE + 120, AFTER, 40))
    found = evaluate(layer, BUFFER=100)
    assert found["SIGN_FLIPS"] > 0
    assert any("depends on the width of the ring" in warning for warning in found.warnings)


def test_the_page_reads_by_itself_and_evaluates_nothing(tmp_path, reports, evaluate):
    path = tmp_path / "change £.html"
    found = evaluate(reports((MIDDLE, BEFORE, 8), (IN_BAND, AFTER, 3)), HTML=str(path))
    assert found["HTML"] == str(path)
    text = path.read_text(encoding="utf-8")
    assert "Park &lt;b&gt;P&lt;/b&gt;" in text
    assert "<b>" not in text
    for said in ("What could have been found", "Ring of 50 m", "half as long", "evaluatepark"):
        assert said in text
    assert "http" not in text
    assert found.rows("OUTPUT")[-1]["sentence"].split(": ", 1)[1].split(" Set")[0] in text


@pytest.mark.parametrize(
    ("periods", "said"),
    [
        ({}, "BEFORE_FROM"),
        ({**PERIODS, "AFTER_TO": None}, "AFTER_TO"),
        ({**PERIODS, "WINDOW_DAYS": 30}, "both given"),
        ({"WINDOW_DAYS": 30}, "INTERVENTIONS"),
        ({**PERIODS, "BEFORE_TO": "2022-06-02"}, "not before"),
        ({**PERIODS, "BEFORE_TO": "2021-06-02"}, "not before"),
    ],
)
def test_periods_that_cannot_be_used_are_refused(reports, evaluate, periods, said):
    with pytest.raises(Refused, match=said):
        evaluate(reports((MIDDLE, BEFORE, 1)), periods)


def test_points_without_a_date_are_refused(make_layer, evaluate):
    with pytest.raises(Refused, match="DATE_FIELD"):
        evaluate(make_layer([f"POINT({MIDDLE} {Y})"]))
    undated = make_layer([f"POINT({MIDDLE} {Y})"], fields=DATED, rows=[[None]])
    with pytest.raises(QgsProcessingException, match="has a date"):
        evaluate(undated)


@pytest.mark.parametrize("periods", [PERIODS, {"WINDOW_DAYS": 30}])
def test_no_report_at_all_is_an_answer(make_layer, interventions, evaluate, periods):
    layer = make_layer([], fields=DATED, rows=[])
    measures = interventions({"date_from": "2022-05-01"})
    found = evaluate(layer, periods, INTERVENTIONS=measures)
    park, whole = found.rows("OUTPUT")
    for row in (park, whole):
        assert counts(row) == [(0, 0)] * 3
        assert (row["wdd"], row["verdict"]) == (None, "cannot_tell")
    assert park["sentence"] == "Park <b>P</b>: cannot be told, because there is no report."
    assert (found["PARKS_COUNTED"], found["CANNOT_TELL"], found["SURGES"]) == (0, 1, "")
    assert "There is no report to count." in found.warnings


def test_reports_without_a_place_are_an_answer_too(make_layer, evaluate):
    layer = make_layer([None], fields=DATED, rows=[[BEFORE]])
    park, _ = evaluate(layer).rows("OUTPUT")
    assert "because no report has a place" in park["sentence"]


@pytest.mark.parametrize(
    ("periods", "meaning"),
    [
        (PERIODS, "periods count as they were given"),
        ({"WINDOW_DAYS": 30}, "are not evaluated"),
    ],
)
def test_interventions_of_other_parks_alone_are_warned_of(
    reports, interventions, evaluate, periods, meaning
):
    measures = interventions(
        {"park_id": "park-1", "date_from": "2022-05-01"},
        {"park_id": "park-2", "date_from": "2022-05-01"},
    )
    found = evaluate(reports((MIDDLE, BEFORE, 5)), periods, INTERVENTIONS=measures)
    (warning,) = [one for one in found.warnings if "park_id" in one]
    for said in ("2 interventions", "park-1, park-2", "Park <b>P</b>", meaning):
        assert said in warning


@pytest.mark.parametrize("spelling", ["P", " p ", "P "])
def test_a_park_id_is_known_in_other_case_and_with_blanks(
    reports, interventions, evaluate, spelling
):
    measures = interventions({"park_id": spelling, "date_from": "2022-07-15"})
    layer = reports((MIDDLE, AFTER, 5), (MIDDLE, "2022-08-01", 2))
    found = evaluate(layer, INTERVENTIONS=measures)
    assert found.rows("OUTPUT")[0]["treated_after"] == 2
    assert not any("park_id" in warning for warning in found.warnings)


def test_a_park_id_that_two_parks_could_have_is_nobodys(
    make_layer, reports, interventions, run_algorithm
):
    two = make_layer(
        [square(), square(X + 5_000)], "Polygon", fields=PARK_FIELDS,
        rows=[["Park A", "One"], ["parka", "Two"]],
    )  # fmt: skip
    layer = reports((MIDDLE, AFTER, 5), (MIDDLE, "2022-08-01", 2))

    def run(park_id):
        measures = interventions({"park_id": park_id, "date_from": "2022-07-15"})
        return run_algorithm(
            "evaluatepark",
            {
                "PARKS": two, "REPORTS": layer, "INTERVENTIONS": measures, "BUFFER": 100,
                "OUTPUT": MEMORY, **PERIODS,
            },
        )  # fmt: skip

    unclear = run("PARK A")
    assert unclear.rows("OUTPUT")[0]["treated_after"] == 7
    assert any("PARK A" in warning for warning in unclear.warnings)
    assert run("Park A").rows("OUTPUT")[0]["treated_after"] == 2


def test_silence_at_the_edge_is_pointed_out(make_layer, evaluate):
    dates = [f"2022-{month:02}-{day:02}" for month in range(1, 7) for day in range(1, 29)]
    layer = make_layer(
        [f"POINT({BEYOND} {Y})"] * len(dates), fields=DATED, rows=[[date] for date in dates]
    )
    found = evaluate(layer)
    assert any("does not reach so far" in warning for warning in found.warnings)


def test_cancelling_writes_nothing(tmp_path, reports, evaluate, run_algorithm, parks):
    path = tmp_path / "change.gpkg"
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm(
            "evaluatepark",
            {
                "PARKS": parks, "REPORTS": reports((MIDDLE, BEFORE, 3)), "BUFFER": 100,
                "OUTPUT": str(path), **PERIODS,
            },
            cancel_at=40,
        )  # fmt: skip
    assert not list(tmp_path.iterdir())
