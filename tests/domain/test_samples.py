# SPDX-License-Identifier: GPL-2.0-or-later
"""The invented sample is reproducible, plausible, and wrong only where it says so."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point
from shapely.ops import unary_union

from streetsafe_plugin.domain import sample_files, samples

PARKS = (
    samples.ParkPlace("victoria-park", "Victoria Park", 459400.0, 303500.0, 27.9),
    samples.ParkPlace("queens-park", "Queen's Park, Loughborough", 453300.0, 319500.0, None),
    samples.ParkPlace("welland-park", "Welland Park, Market Harborough", 473000.0, 286800.0, None),
    samples.ParkPlace("bradgate-park", "Bradgate Park", 453200.0, 310500.0, 336.0),
)
SEED = 7


@pytest.fixture(scope="module")
def boundaries():
    return samples.invent_boundaries(PARKS, SEED)


@pytest.fixture(scope="module")
def reports(boundaries):
    return samples.invent_reports(1200, boundaries, SEED)


@pytest.fixture(scope="module")
def rows(reports):
    return samples.with_defects(reports, SEED)


def made_up_degrees(rows):
    """Stand in for the transformation to degrees: a different pair for every place."""
    return np.array([[row.place[0] / 1e6, row.place[1] / 1e5] if row.place else [np.nan] * 2
                     for row in rows])  # fmt: skip


def test_the_same_seed_gives_the_same_sample(boundaries, reports, rows):
    assert samples.invent_boundaries(PARKS, SEED) == boundaries
    assert samples.invent_reports(1200, boundaries, SEED) == reports
    assert samples.with_defects(reports, SEED) == rows
    assert samples.invent_crimes(50, boundaries, SEED) == samples.invent_crimes(
        50, boundaries, SEED
    )


def test_another_seed_gives_another_sample(boundaries, reports):
    other = samples.invent_reports(1200, boundaries, SEED + 1)
    assert {one.place for one in other} != {one.place for one in reports}


def test_ids_are_unique_and_say_that_they_are_invented(reports):
    ids = {report.report_id for report in reports}
    assert len(ids) == 1200
    assert all(one.startswith("INVENTED-") for one in ids)


def test_reports_mention_about_as_many_reasons_as_in_norfolk(reports):
    # 1,095 environmental and 486 behavioural mentions in 651 reports are 2.43 a report
    mentions = Counter(code for report in reports for code in report.reasons)
    assert mentions.total() / len(reports) == pytest.approx(2.43, abs=0.15)
    assert mentions["env_lighting"] / len(reports) == pytest.approx(268 / 651, abs=0.05)
    assert mentions["env_rundown"] / len(reports) == pytest.approx(92 / 651, abs=0.04)


def test_reasons_keep_the_order_of_the_codes(reports):
    order = list(samples.NORFOLK_MENTIONS)
    for report in reports:
        assert list(report.reasons) == sorted(report.reasons, key=order.index)


def test_a_few_reports_tick_no_reason_and_a_few_have_no_date(reports):
    assert 0 < sum(1 for report in reports if not report.reasons) < 40
    assert 0 < sum(1 for report in reports if report.submitted_at is None) < 40


def test_dates_run_from_the_launch_and_surge_with_it(reports):
    days = [report.submitted_at.date() for report in reports if report.submitted_at]
    assert min(days) >= samples.FIRST_DAY
    assert max(days) <= samples.LAST_DAY
    first_week = sum(1 for day in days if (day - samples.FIRST_DAY).days < 7)
    # without the surge a week would bring 7 of 425 days: about 20
    assert first_week > 60


def test_no_report_is_sent_in_the_hour_that_clock_changes_skip_or_double(reports):
    assert not [one for one in reports if one.submitted_at and one.submitted_at.hour == 1]


def test_reports_gather_in_and_around_parks(reports, boundaries):
    near = unary_union([one.shape for one in boundaries]).buffer(250.0)
    share = sum(near.contains(Point(one.place)) for one in reports) / len(reports)
    area_share = near.area / samples.study_area().area
    assert share > 20 * area_share
    assert share < 0.6


def test_the_study_area_is_a_valid_outline_of_the_right_size():
    # Leicester 73, Leicestershire 2,084 and Rutland 394 km2 (ONS, rounded), drawn generously
    area_km2 = samples.study_area().area / 1e6
    assert samples.study_area().is_valid
    assert 2551 < area_km2 < 1.3 * 2551


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), area_ha=st.floats(0.3, 400.0))
def test_an_outline_encloses_its_area_around_its_place_and_is_no_circle(seed, area_ha):
    ring = samples.invent_outline(460000.0, 300000.0, area_ha, np.random.default_rng(seed))
    assert ring.is_valid
    assert ring.area == pytest.approx(area_ha * 1e4, rel=1e-6)
    # a circle has 1 here, an ellipse of axes 9:10 has 0.996
    assert 4 * np.pi * ring.area / ring.length**2 < 0.996
    assert ring.envelope.buffer(60).contains(Point(460000.0, 300000.0))


def test_boundaries_are_spelt_as_boundary_files_do_and_decoys_lie_elsewhere(boundaries):
    names = Counter(one.name for one in boundaries)
    assert names["Queens Park"] == 2
    assert names["Victoria Park"] == 2
    assert names["BRADGATE PARK"] == 1
    assert names["Welland Park"] == 1
    twins = [one.shape.centroid for one in boundaries if one.name == "Queens Park"]
    assert twins[0].distance(twins[1]) > 10_000


def test_a_boundary_does_not_depend_on_the_parks_after_it(boundaries):
    assert samples.invent_boundaries(PARKS[:1], SEED)[0] == boundaries[0]


def test_every_defect_is_there_and_counted(reports, rows):
    wrong = Counter(row.defect for row in rows if row.defect)
    assert wrong == {
        "no_place": 3,
        "zero_place": 2,
        "unreadable_place": 2,
        "wrong_width": 1,
        "conflicting_id": 1,
        "duplicate": 2,
    }
    account = samples.expected_account(rows)
    assert (account.rows_read, account.accepted) == (1211, 1200)
    assert (account.rejected_rows, account.duplicates) == (9, 2)
    assert account.mentions == sum(len(report.reasons) for report in reports)
    assert 0 < account.outside_area < 25
    layer_account = samples.expected_account(samples.rows_for_layers(rows))
    assert (layer_account.rows_read, layer_account.rejected_rows) == (1208, 6)
    assert layer_account.mentions == account.mentions


@settings(max_examples=25, deadline=None)
@given(count=st.integers(0, 40), seed=st.integers(0, 10_000))
def test_repeats_and_conflicts_follow_the_row_they_copy(count, seed):
    rows = samples.with_defects(samples.invent_reports(count, [], seed), seed)
    seen = {}
    for row in rows:
        if row.defect in ("duplicate", "conflicting_id"):
            original = seen[row.report_id]
            assert (row.reasons == original.reasons) == (row.defect == "duplicate")
        else:
            assert row.report_id not in seen
            seen[row.report_id] = row
    account = samples.expected_account(rows)
    assert account.rows_read == account.accepted + account.rejected_rows + account.duplicates


def test_the_two_csv_files_tell_the_same_reports(rows):
    lonlat_text = sample_files.reports_csv_lonlat(rows, made_up_degrees(rows))
    first = list(csv.DictReader(io.StringIO(lonlat_text.decode("utf-8-sig"))))
    second = list(csv.DictReader(io.StringIO(sample_files.reports_csv_bng(rows).decode())))
    assert len(first) == len(second) == len(rows)
    headings = list(sample_files.REASON_HEADINGS.values())
    for one, other in zip(first, second):
        assert one["Reference"] == other["Ref"]
        if None not in one:  # the row with a cell too many has its cells under no heading
            ticked = [heading for heading in headings if one[heading] == "1"]
            assert "; ".join(ticked) == other["Reasons"]


def test_dates_are_day_first_where_the_file_says_so(rows):
    table = csv.DictReader(io.StringIO(sample_files.reports_csv_bng(rows).decode()))
    for row, line in zip(rows, table):
        if row.submitted_at:
            day, month, rest = line["Submitted (UK)"].split("/")
            assert (int(day), int(month)) == (row.submitted_at.day, row.submitted_at.month)
            assert rest[:4] == str(row.submitted_at.year)


def test_geojson_holds_every_row_and_places_in_degrees(rows):
    kept = samples.rows_for_layers(rows)
    degrees = made_up_degrees(kept)
    collection = json.loads(sample_files.reports_geojson(kept, degrees))
    assert len(collection["features"]) == len(kept)
    for row, place, feature in zip(kept, degrees, collection["features"]):
        if row.place is None:
            assert feature["geometry"] is None
        elif row.place == (0, 0):
            assert feature["geometry"]["coordinates"] == [0.0, 0.0]
        else:
            assert feature["geometry"]["coordinates"] == pytest.approx(list(place), abs=1e-7)


def test_every_line_says_that_it_is_invented(rows):
    kept = samples.rows_for_layers(rows)
    column = sample_files.LAYER_FIELDS.index(sample_files.STATUS_FIELD)
    assert {sample_files.layer_values(row)[column] for row in kept} == {sample_files.STATUS}
    lines = sample_files.reports_csv_bng(rows).decode().splitlines()
    assert all("INVENTED SAMPLE" in line for line in lines[1:])


def test_crimes_are_laid_out_as_published_ones(boundaries):
    months = samples.invent_crimes(300, boundaries, SEED)
    degrees = {month: made_up_degrees(crimes) for month, crimes in months.items()}
    packed = sample_files.crimes_zip(months, degrees)
    assert packed == sample_files.crimes_zip(months, degrees)
    archive = zipfile.ZipFile(io.BytesIO(packed))
    assert archive.namelist() == [
        f"{month}/{month}-leicestershire-street.csv" for month in samples.CRIME_MONTHS
    ]
    text = archive.read(archive.namelist()[0]).decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert tuple(table[0]) == sample_files.CRIME_HEADER
    assert len(table) == 300
    for line in table:
        assert (line["Crime ID"] == "") == (line["Crime type"] == "Anti-social behaviour")
        assert (line["Longitude"] == "") == (line["Location"] == "No Location")
    assert any(line["Location"] == "No Location" for line in table)
    # hundreds of rows share a few hundred points
    shared = Counter((line["Longitude"], line["Latitude"]) for line in table)
    assert shared.most_common(1)[0][1] > 3


def test_the_readme_states_the_counts(rows, boundaries):
    months = samples.invent_crimes(40, boundaries, SEED)
    account = samples.expected_account(rows)
    text = sample_files.readme({"a.csv": account}, months, "c.zip", 18, SEED).decode()
    assert "EVERYTHING IN THIS FOLDER IS INVENTED" in text
    assert [word for line in text.splitlines() if "a.csv" in line for word in line.split()] == [
        "a.csv",
        *(
            str(number)
            for number in (
                account.rows_read,
                account.accepted,
                account.rejected_rows,
                account.duplicates,
                account.mentions,
                account.outside_area,
            )
        ),
    ]
    assert "c.zip: 160 rows" in text
    assert "2022-08 is missing on purpose" in text
