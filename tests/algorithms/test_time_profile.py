# SPDX-License-Identifier: GPL-2.0-or-later
"""When reports were sent: light known by hand, and only as much said as is known."""

from __future__ import annotations

import re

import pytest
from qgis.core import QgsProcessing, QgsProcessingException, QgsVectorLayer

from tests.conftest import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
DATED = [("submitted_at", "datetime")]
PRECISE = [*DATED, ("submitted_precision", "string")]
#: The Royal Observatory in Greenwich.
GREENWICH = "POINT(0.0 51.4779)"
#: Six reports in local time. NOAA's calculator: sunset at 21:21 on 20 June 2024. PyEphem 4.2.1: end
#: of civil twilight at 22:08; on 21 December sunset at 15:53, end of civil twilight at 16:34.
SIX = {
    "2024-06-20T21:15:00": "daylight",
    "2024-06-20T21:30:00": "twilight",
    "2024-06-20T22:30:00": "dark",
    "2024-12-21T15:45:00": "daylight",
    "2024-12-21T16:10:00": "twilight",
    "2024-12-21T17:00:00": "dark",
}


@pytest.fixture
def reports(make_layer):
    """Return a function that makes reports in Greenwich from values of the date fields."""

    def make(rows, fields=DATED, name="sent"):
        rows = [row if isinstance(row, (list, tuple)) else [row] for row in rows]
        return make_layer([GREENWICH] * len(rows), crs="EPSG:4326", fields=fields, rows=rows,
                          name=name)  # fmt: skip

    return make


@pytest.fixture
def analyse(run_algorithm):
    def run(layer, **parameters):
        outcome = run_algorithm("timeprofile", {"REPORTS": layer, "OUTPUT": MEMORY, **parameters})
        parts = ("WITH_TIME", "WITH_DATE", "MONTH_ONLY", "UNDATED", "NO_PLACE")
        assert outcome["TOTAL"] == sum(outcome[name] for name in parts)
        return outcome

    return run


def counts(outcome, dimension):
    return {
        row["value"]: row["reports"]
        for row in outcome.rows("OUTPUT")
        if row["dimension"] == dimension and row["reports"]
    }


def lights(outcome):
    return tuple(outcome[name] for name in ("DAYLIGHT", "TWILIGHT", "DARK"))


@pytest.mark.parametrize(("moment", "light"), SIX.items())
def test_the_light_of_each_by_hand(reports, analyse, moment, light):
    assert counts(analyse(reports([moment])), "light") == {light: 1}


def test_all_six_together(reports, analyse):
    outcome = analyse(reports(SIX))
    assert lights(outcome) == (2, 2, 2)
    assert counts(outcome, "month") == {"2024-06": 3, "2024-12": 3}
    assert counts(outcome, "weekday") == {"Thursday": 3, "Saturday": 3}
    assert counts(outcome, "hour") == {"15": 1, "16": 1, "17": 1, "21": 2, "22": 1}
    rows = outcome.rows("OUTPUT")
    assert len(rows) == 7 + 7 + 24 + 3  # June to December, weekdays, hours, lights
    assert {row["share"] for row in rows} == {None}
    assert [row["order"] for row in rows if row["dimension"] == "hour"] == list(range(24))


def test_another_time_zone_has_another_light(reports, analyse):
    # an hour earlier than in London: 22:30 is then 21:30, after sunset, and 17:00 is 16:00
    outcome = analyse(reports(SIX), TIMEZONE="Europe/Paris")
    assert lights(outcome) == (4, 2, 0)
    assert counts(outcome, "hour") == counts(analyse(reports(SIX)), "hour")


def test_the_hours_in_which_the_clocks_change(reports, analyse):
    outcome = analyse(reports(["2024-03-31T01:30:00", "2024-10-27T01:30:00"]))
    assert (outcome["SKIPPED_HOUR"], outcome["REPEATED_HOUR"]) == (1, 1)
    assert counts(outcome, "hour") == {"01": 1, "02": 1}
    said = " ".join(outcome.warnings)
    assert "comes twice when the clocks go back: 1." in said
    assert "is skipped when the clocks go forward: 1." in said


def test_only_as_much_as_is_known(reports, analyse):
    outcome = analyse(
        reports(
            [
                ("2024-06-20T21:15:00", "time"),
                ("2024-06-21T00:00:00", "date"),
                ("2024-07-01T00:00:00", "month"),
                (None, "none"),
            ],
            PRECISE,
        )
    )
    names = ("TOTAL", "WITH_TIME", "WITH_DATE", "MONTH_ONLY", "UNDATED")
    assert [outcome[name] for name in names] == [4, 1, 1, 1, 1]
    assert counts(outcome, "month") == {"2024-06": 2, "2024-07": 1}
    assert counts(outcome, "weekday") == {"Thursday": 1, "Friday": 1}
    assert counts(outcome, "hour") == {"21": 1}
    assert lights(outcome) == (1, 0, 0)


@pytest.mark.parametrize(
    ("rows", "fields", "dimensions"),
    [
        (["2024-06-20", "2024-06-22"], [("submitted_at", "date")], {"month", "weekday"}),
        (["2024-06-20T00:00:00", "2024-06-22T00:00:00"], DATED, {"month", "weekday"}),
        (["2024-06-20", "2024-06-22"], [("submitted_at", "string")], {"month", "weekday"}),
        (["2024-06-01", "2024-07-01"], [("month_start", "date")], {"month"}),
        (["2024-06", "2024-07"], [("month_start", "string")], {"month"}),
    ],
)
def test_no_hours_and_no_light_where_no_time_is_known(
    reports, analyse, tmp_path, rows, fields, dimensions
):
    page = tmp_path / "page.html"
    outcome = analyse(reports(rows, fields), HTML=str(page))
    assert {row["dimension"] for row in outcome.rows("OUTPUT")} == dimensions
    assert "DARK" not in outcome.results
    why = "No report has a time of day, so nothing can be said of hours or of light."
    assert any(why in warning for warning in outcome.warnings)
    text = page.read_text(encoding="utf-8")
    assert why in text
    assert "<h2>Light</h2>" not in text


def test_midnights_that_stand_for_days_are_no_hours(reports, analyse):
    ordinary = [f"2024-06-{day:02d}T{hour:02d}:17:00" for day in range(1, 4) for hour in range(24)]
    stamped = [f"2024-06-{day:02d}T00:00:00" for day in range(1, 21)]
    outcome = analyse(reports(ordinary + stamped))
    assert (outcome["AT_MIDNIGHT"], outcome["WITH_DATE"], outcome["WITH_TIME"]) == (20, 20, 72)
    assert counts(outcome, "hour")["00"] == 3
    assert any("more than on the stroke of any other hour: 20." in one for one in outcome.warnings)


def test_times_come_out_of_a_file_as_they_went_in(run_algorithm, analyse, tmp_path):
    extract = tmp_path / "extract.csv"
    lines = ["Id,Longitude,Latitude,Date"]
    lines += [f"R{number},0.0,51.4779,{moment}" for number, moment in enumerate(SIX)]
    extract.write_text("\n".join(lines))
    stored = tmp_path / "reports.gpkg"
    run_algorithm("importreports", {"SOURCE": str(extract), "OUTPUT": str(stored)})
    whole = QgsVectorLayer(f"{stored}", "reports", "ogr")
    filtered = QgsVectorLayer(f"{stored}", "reports", "ogr")
    filtered.setSubsetString("report_id <> 'R9'")  # read feature by feature
    for layer in (whole, filtered):
        outcome = analyse(layer)
        assert lights(outcome) == (2, 2, 2)
        assert counts(outcome, "hour") == {"15": 1, "16": 1, "17": 1, "21": 2, "22": 1}


def test_reports_without_a_place_are_counted_as_such(make_layer, analyse):
    layer = make_layer(
        [GREENWICH, None], crs="EPSG:4326", fields=DATED, rows=[[one] for one in list(SIX)[:2]]
    )
    outcome = analyse(layer)
    assert (outcome["TOTAL"], outcome["WITH_TIME"], outcome["NO_PLACE"]) == (2, 1, 1)


def test_the_page_says_first_what_the_times_are_not(reports, analyse, tmp_path):
    page = tmp_path / "page.html"
    sent = [f"2024-06-{day:02d}T{hour:02d}:{day:02d}:00" for day in range(1, 29) for hour in
            (0, 9, 21)]  # fmt: skip
    layer = reports(sent, name="<b>sent & signed</b>")
    analyse(layer, HTML=str(page))
    text = page.read_text(encoding="utf-8")
    caution = "not the times at which people felt unsafe"
    assert caution in text
    assert text.index(caution) < text.index("<table")
    assert "<script" not in text
    assert "http" not in text
    assert "<b>sent" not in text
    assert "&lt;b&gt;sent &amp; signed" in text
    assert "84 reports = 84 with a time" in text
    assert "84 reports are too few for a table of 168 cells" in text
    assert len(re.findall(r"<rect class=\"bar\"", text)) == 3 + 24 + 7 + 1
    # 28 of 84 reports in each of three hours
    assert ">33.3 %<" in text


def test_a_thousand_reports_make_a_table_of_hours_by_weekdays(reports, analyse, tmp_path):
    page = tmp_path / "page.html"
    sent = [f"2024-05-{day:02d}T{hour:02d}:10:00" for day in range(1, 29) for hour in range(24)] * 2
    analyse(reports(sent), HTML=str(page))
    table = re.search(r'<table class="heat">.*?</table>', page.read_text("utf-8"), re.DOTALL)[0]
    assert re.findall(r">(\d+)</td>", table) == ["8"] * 168


@pytest.mark.parametrize(
    ("zone", "sentence"),
    [
        ("Europe/Lodnon", "“Europe/Lodnon” is not a time zone. Write it as Europe/London."),
        ("BST please", "“BST please” is not a time zone. Write it as "),
    ],
)
def test_a_time_zone_that_is_none_is_refused(reports, analyse, zone, sentence):
    with pytest.raises(Refused, match=r"Time zone \(TIMEZONE\)") as refusal:
        analyse(reports(SIX), TIMEZONE=zone)
    assert sentence in str(refusal.value)


def test_an_empty_time_zone_is_british(reports, analyse):
    assert lights(analyse(reports(SIX), TIMEZONE="")) == (2, 2, 2)


def test_a_layer_without_dates_is_refused(make_layer, reports, analyse):
    with pytest.raises(Refused, match="no field submitted_at or month_start"):
        analyse(make_layer([GREENWICH], crs="EPSG:4326"))
    with pytest.raises(QgsProcessingException, match="No report of “sent” has a date"):
        analyse(reports([None, None]))


def test_another_field_may_hold_the_date(reports, analyse):
    layer = reports(list(SIX), [("when", "datetime")])
    assert lights(analyse(layer, DATE_FIELD="when")) == (2, 2, 2)


@pytest.mark.parametrize("at", [0, 40, 80])
def test_cancelled_there_is_no_output(reports, run_algorithm, tmp_path, at):
    table, page = tmp_path / "table.csv", tmp_path / "page.html"
    with pytest.raises(QgsProcessingException):
        run_algorithm(
            "timeprofile",
            {"REPORTS": reports(SIX), "OUTPUT": str(table), "HTML": str(page)},
            cancel_at=at,
        )
    assert not list(tmp_path.iterdir())


def test_crimes_have_months(run_algorithm, analyse, real_data, tmp_path):
    path = tmp_path / "crimes.gpkg"
    run_algorithm("importcrimes", {"SOURCE": str(real_data / "police_uk"), "OUTPUT": str(path)})
    outcome = analyse(str(path))
    assert outcome["MONTH_ONLY"] == outcome["TOTAL"] > 0
    assert {row["dimension"] for row in outcome.rows("OUTPUT")} == {"month"}


def test_dates_that_cannot_be_read_are_counted_and_said(run_algorithm, make_layer):
    layer = make_layer(
        ["POINT(458000 304000)"] * 5,
        fields=[("when", "string")],
        rows=[["21/06/2022 21:30"]] * 3 + [["2022-06-21 10:00"], [None]],
    )
    found = run_algorithm("timeprofile", {"REPORTS": layer, "DATE_FIELD": "when", "OUTPUT": MEMORY})
    assert (found["WITH_TIME"], found["UNDATED"]) == (1, 4)
    assert any("3 values of when cannot be read" in warning for warning in found.warnings)


def test_reports_without_a_place_are_not_taken_for_undated(run_algorithm, make_layer):
    layer = make_layer([None, None], fields=[("submitted_at", "datetime")],
                       rows=[["2022-06-21T10:00:00"]] * 2)  # fmt: skip
    with pytest.raises(QgsProcessingException, match="has a usable place"):
        run_algorithm("timeprofile", {"REPORTS": layer, "OUTPUT": MEMORY})
