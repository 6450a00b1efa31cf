# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a briefing are those of the analyses, asked through both front doors."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest
from qgis.core import QgsProcessing, QgsProcessingException

from streetsafe_plugin.domain.taxonomy import REASON_CODES
from tests.front_door import Refused
from tests.sheets import sheets_of

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
FIRST = datetime.date(2021, 1, 1)
DAYS = 730
WEST, SOUTH = 457_000, 301_000
MEASURES = [
    ("park_id", "string"), ("measure", "string"), ("quantity", "integer"), ("status", "string"),
    ("date_from", "date"), ("date_to", "date"), ("date_confidence", "string"),
    ("funding_gbp", "double"), ("source", "string"),
]  # fmt: skip


def square(x: float, y: float, side: float) -> str:
    return f"POLYGON(({x} {y}, {x + side} {y}, {x + side} {y + side}, {x} {y + side}, {x} {y}))"


@pytest.fixture
def parks(make_layer):
    """Three parks, the first of two polygons, the last far outside the area."""
    return make_layer(
        [
            square(WEST, SOUTH, 300),
            square(WEST + 400, SOUTH, 200),
            square(WEST + 1500, SOUTH + 900, 250),
            square(WEST + 60_000, SOUTH, 100),
        ],
        kind="Polygon",
        fields=[("park_id", "string(0)"), ("park_name", "string(0)")],
        rows=[["a", "Two Halves"], ["a", "Two Halves"], ["b", "Green"], ["c", "Elsewhere"]],
    )


@pytest.fixture
def area(make_layer):
    return make_layer([square(WEST - 200, SOUTH - 150, 2600)], kind="Polygon")


@pytest.fixture
def reports(make_layer):
    """900 reports of two years: some in crowds, some undated, some without a place."""
    rng = np.random.default_rng(11)
    xy = np.vstack(
        [
            rng.normal((WEST + 150, SOUTH + 150), 120, (250, 2)),
            rng.normal((WEST + 1600, SOUTH + 1000), 200, (250, 2)),
            rng.uniform((WEST - 900, SOUTH - 900), (WEST + 3200, SOUTH + 3200), (400, 2)),
        ]
    )
    days = rng.integers(0, DAYS, len(xy))
    ticks = rng.random((len(xy), len(REASON_CODES))) < 0.15
    rows = [
        [
            f"r{number}",
            None if number % 50 == 0 else f"{FIRST + datetime.timedelta(days=int(day))}T12:00:00",
            *(bool(tick) for tick in ticked),
        ]
        for number, (day, ticked) in enumerate(zip(days, ticks))
    ]
    fields = [
        ("report_id", "string(0)"),
        ("submitted_at", "datetime"),
        *((code, "bool") for code in REASON_CODES),
    ]
    places = [None if n % 300 == 7 else f"POINT({x} {y})" for n, (x, y) in enumerate(xy)]
    return make_layer(places, fields=fields, rows=rows)


@pytest.fixture
def figures(run_algorithm, parks, reports, tmp_path: Path):
    """Return a function that makes a briefing and gives its sheets and its outcome."""

    def run(**more):
        made = run_algorithm(
            "exportbriefing",
            {
                "PARKS": parks,
                "REPORTS": reports,
                "MARKING": 0,
                "FORMATS": [4],
                "FOLDER": str(tmp_path / "pack"),
                **more,
            },
        )
        return sheets_of(made["XLSX"]), made

    return run


@pytest.mark.parametrize("cut", [False, True])
def test_counts_are_those_of_park_counts(figures, run_algorithm, parks, reports, area, cut) -> None:
    given = {"DISTANCES": "100,300"}
    if cut:
        given = {**given, "AREA": area, "FROM": "2021-03-10", "TO": "2022-06-30"}
    sheets, made = figures(**given)
    counted = run_algorithm(
        "parkanalysis",
        {"PARKS": parks, "REPORTS": reports, "OUTPUT": MEMORY, "SUMMARY": MEMORY, **given},
    )
    shown = [row for row in counted.rows("OUTPUT") if not (cut and row["park_id"] == "c")]
    zones = sheets["Zones"]
    assert [row["reports"] for row in zones] == [row["reports"] for row in shown]
    assert [row["mentions"] for row in zones] == [row["mentions"] for row in shown]
    assert [row["area (ha)"] for row in zones] == pytest.approx(
        [shape.geometry().area() / 1e4 for shape in counted.layer("OUTPUT").getFeatures()][
            : len(zones)
        ],
        abs=0.001,
    )
    assert [row["density (reports per km²)"] for row in zones] == pytest.approx(
        [row["reports_per_km2"] for row in shown], abs=0.001
    )
    summary = {row["park_id"]: row for row in counted.rows("SUMMARY")}
    assert [row["park"] for row in sheets["Parks"]] == ["Two Halves", "Green"] + (
        [] if cut else ["Elsewhere"]
    )
    for row in sheets["Parks"]:
        assert row["inside (reports)"] == summary[row["park_id"]]["inside"]
        within = row["inside and within 300 m (reports)"]
        assert within == summary[row["park_id"]]["within_300"] > 0 or row["park_id"] == "c"
    lines = {row["line"]: row["reports"] for row in sheets["Accounting"]}
    assert lines.pop("read") == counted["TOTAL"] == 900
    assert lines.pop("inside a park") == counted["INSIDE"]
    assert lines.pop("in a ring around one") == counted["IN_RINGS"]
    assert lines.pop("further away") == counted["OUTSIDE"]
    assert sum(lines.values()) == counted["EXCLUDED"]
    assert ("not counted: outside the area" in lines) == cut
    assert any("Elsewhere" in warning for warning in made.warnings) == cut


def test_months_add_up_to_the_dated_reports(figures) -> None:
    sheets, made = figures(FROM="2021-03-10", TO="2022-06-30")
    steps = [row for row in sheets["Trend"] if row["park"] == "All reports"]
    assert [row["step"] for row in steps][:2] == ["Mar 2021", "Apr 2021"]
    assert len(steps) == 16
    assert steps[0]["covered"] == "part of a month"
    assert {row["covered"] for row in steps[1:]} == {"whole month"}
    assert sum(row["reports"] for row in steps) == made["REPORTS_COUNTED"]


def test_change_is_that_of_the_evaluation(
    figures, run_algorithm, parks, reports, make_layer
) -> None:
    begun = FIRST + datetime.timedelta(days=300)
    rows = [["A ", "cctv", None, "live", str(begun), None, "day", None, ""]]
    measures = make_layer([None], "None", fields=MEASURES, rows=rows)
    sheets, _ = figures(INTERVENTIONS=measures)
    evaluated = run_algorithm(
        "evaluatepark",
        {
            "PARKS": parks,
            "REPORTS": reports,
            "INTERVENTIONS": measures,
            "WINDOW_DAYS": 300,
            "OUTPUT": MEMORY,
        },
    )
    mine, (told, *_) = sheets["Change"][1], evaluated.rows("OUTPUT")
    assert mine["park_id"] == told["park_id"] == "a"
    names = {"inside": "treated", "in the ring": "displacement", "in the control area": "control"}
    for place, name in names.items():
        for when in ("before", "after"):
            assert mine[f"{place} {when} (reports)"] == told[f"{name}_{when}"]
    assert mine["change against the control area (reports)"] == pytest.approx(
        told["wdd"], abs=0.001
    )
    assert mine["interval from (reports)"] == pytest.approx(told["wdd_low"], abs=0.001)
    assert mine["interval to (reports)"] == pytest.approx(told["wdd_high"], abs=0.001)
    assert mine["last of the period before"].startswith(f"{begun - datetime.timedelta(1):%Y/%m/%d}")
    assert "no evaluation" not in mine["in words"]
    # parks without a measure are compared by months
    green = next(row for row in sheets["Change"] if row["park_id"] == "b")
    assert "no evaluation of any measure" in green["in words"]


def test_without_interventions_it_is_no_evaluation(figures) -> None:
    sheets, _ = figures()
    for row in sheets["Change"]:
        if "no control area" not in row["in words"] and "Without any report" not in row["in words"]:
            assert "no evaluation of any measure" in row["in words"]
    assert sheets["Change"][0]["first of the period before"].startswith("2021/01/01")


def test_hot_spots_are_those_of_the_tested_grid(figures, run_algorithm, reports, area) -> None:
    sheets, made = figures(AREA=area, CELL_SIZE=300)
    grid = run_algorithm(
        "hotspotgrid",
        {"INPUT": reports, "AREA": area, "CELL_SIZE": 300, "SHAPE": 1, "OUTPUT": MEMORY},
    )
    cells = sheets["Hot spots"]
    hot = [row for row in cells if row["class"].startswith("hot")]
    assert len(hot) == grid["HOT_CELLS"] > 0
    held = [row for row in grid.rows("OUTPUT") if row["count"] or row["class"][:3] == "hot"]
    assert sorted((row["class"], row["reports"]) for row in cells) == sorted(
        (row["class"], row["count"]) for row in held
    )
    said = [row["text"] for row in sheets["About"] if row["item"] == "Hot spots"]
    assert f"{grid['PAI']:.1f} times as many as an even spread" in said[1]
    assert sum(row["reports"] for row in cells) == made["REPORTS_COUNTED"]


def test_the_fix_list_is_the_fix_list(figures, run_algorithm, parks, reports) -> None:
    sheets, _ = figures()
    listed = run_algorithm("fixlist", {"REPORTS": reports, "PARKS": parks, "OUTPUT": MEMORY})
    theirs = listed.rows("OUTPUT")
    assert len(theirs) > len(sheets["Fix list"]) == 40
    for name in ("rank", "reason", "owner", "reports", "grid_ref", "nearest_park", "reason_code"):
        assert [row[name] for row in sheets["Fix list"]] == [row[name] for row in theirs[:40]]
    said = [row["text"] for row in sheets["About"] if row["item"] == "Fix list"]
    assert f"first 40 of {len(theirs)} places" in said[1]


def test_fear_and_crime_are_compared_as_ever(
    figures, run_algorithm, reports, area, make_layer
) -> None:
    rng = np.random.default_rng(2)
    places = rng.normal((WEST + 2000, SOUTH + 2000), 300, (300, 2))
    crimes = make_layer(
        [f"POINT({x} {y})" for x, y in places],
        fields=[("month_start", "date")],
        rows=[["2021-06-01"] if number % 3 else ["2018-06-01"] for number in range(300)],
    )
    sheets, _ = figures(CRIMES=crimes, AREA=area, CELL_SIZE=400)
    gap = run_algorithm(
        "crimegap",
        {"REPORTS": reports, "CRIMES": crimes, "AREA": area, "CELL_SIZE": 400, "OUTPUT": MEMORY},
    )
    theirs = [(r["name"], r["gap_class"], r["reports"], r["crimes"]) for r in gap.rows("OUTPUT")]
    mine = sheets["Fear and crime"]
    assert [(r["place"], r["class"], r["reports"], r["crimes (recorded)"]) for r in mine] == theirs
    # of the dates asked for only
    sheets, _ = figures(CRIMES=crimes, AREA=area, CELL_SIZE=400, FROM="2021-01-15")
    assert sum(r["crimes (recorded)"] for r in sheets["Fear and crime"]) < sum(
        row[3] for row in theirs
    )


def test_an_area_without_a_park_is_refused(figures, make_layer) -> None:
    nowhere = make_layer([square(WEST + 20_000, SOUTH, 500)], kind="Polygon")
    with pytest.raises(QgsProcessingException, match="No park lies in Area"):
        figures(AREA=nowhere)


def test_dates_that_cannot_be_asked_for_are_refused(figures, make_layer) -> None:
    undated = make_layer([f"POINT({WEST} {SOUTH})"])
    with pytest.raises(Refused, match="From and To need a date"):
        figures(REPORTS=undated, FROM="2022-01-01")
    sheets, made = figures(REPORTS=undated)
    assert made["REPORTS_COUNTED"] == 1
    assert "Trend" not in sheets


def test_an_empty_layer_makes_tables_of_nothing(figures, make_layer) -> None:
    sheets, made = figures(REPORTS=make_layer([], fields=[("submitted_at", "datetime")]))
    assert made["REPORTS_COUNTED"] == 0
    assert {row["reports"] for row in sheets["Zones"]} == {0}
    assert {row["reports"] for row in sheets["Accounting"]} == {0}


@pytest.mark.parametrize("at", [15, 22, 28])
def test_counting_can_be_stopped(
    figures, tmp_path: Path, run_algorithm, parks, reports, at
) -> None:
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm(
            "exportbriefing",
            {
                "PARKS": parks,
                "REPORTS": reports,
                "MARKING": 0,
                "FORMATS": [4],
                "FOLDER": str(tmp_path / "pack"),
            },
            cancel_at=at,
        )
    assert not (tmp_path / "pack").exists()
