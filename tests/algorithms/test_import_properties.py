# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds of an import whatever the table."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qgis.core import QgsProcessingException

from streetsafe_plugin.domain.taxonomy import REASONS
from tests.front_door import Refused

THROUGH_THE_DOOR = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HEADINGS = ("ref", "submitted", "longitude", "latitude", "easting", "northing", "grid ref", "wkt")
PLACES = (["longitude", "latitude"], ["easting", "northing"], ["grid ref"], [])
HEADINGS += ("Badly lit", "Reasons", "Reason", "Crime reported", "Age", "Comments", "", "x", "fid")

odd_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=12
)
places = st.sampled_from(["-1.133", "52.636", "458224", "304400", "SK 586 043", "0", ""])
cells = st.one_of(
    st.just(""),
    st.sampled_from(["1", "0", "Yes", "x", "007", "-1.133", "52.636", "458224", "304400", "N/A"]),
    st.sampled_from(["13/04/2024", "03/04/2024 21:30", "2024-04-13", "45395", "SK 586 043"]),
    st.sampled_from([reason.label for reason in REASONS]),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    odd_text,
)


@st.composite
def ragged_tables(draw):
    """Draw a header and rows, most of them as wide as it is."""
    others = draw(st.lists(st.sampled_from(HEADINGS), max_size=6))
    header = draw(st.permutations([*others, *draw(st.sampled_from(PLACES))]))
    width = len(header)
    fitting = [
        places if name in ("longitude", "latitude", "easting", "northing") else cells
        for name in header
    ]
    row = st.one_of(
        st.tuples(*fitting),
        st.lists(cells, min_size=width, max_size=width),
        st.lists(cells, min_size=0, max_size=width + 2),
    )
    return header, draw(st.lists(row, min_size=1, max_size=12))


@st.composite
def good_tables(draw):
    """Draw reports that can be read, some of them alike, some without an id."""
    row = st.tuples(
        st.sampled_from(["", "a", "b", "007", "1E5"]),
        st.datetimes(datetime(2022, 1, 13), datetime(2024, 12, 31)).map(
            lambda moment: f"{moment:%Y-%m-%d %H:%M}"
        ),
        st.integers(-11_500, -11_000).map(lambda n: f"{n / 10_000:.4f}"),
        st.integers(526_000, 527_000).map(lambda n: f"{n / 10_000:.4f}"),
        st.sampled_from(["0", "1"]),
        st.sampled_from(["Yes", "No", ""]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=10))
    return ["ref", "submitted", "longitude", "latitude", "Badly lit", "Crime reported"], rows


def write(folder, name, header, rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path = folder / name
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return str(path)


def imported(run_algorithm, path):
    """Return the outcome, None where the file is refused in a sentence."""
    try:
        return run_algorithm(
            "importreports",
            {"SOURCE": path, "OUTPUT": "TEMPORARY_OUTPUT", "REJECTED": "TEMPORARY_OUTPUT"},
        )
    except Refused:
        return None
    except QgsProcessingException as refusal:
        if "Traceback" in str(refusal):
            raise
        return None


def reports(outcome, without=("fid", "source_file", "source_row", "import_id")):
    rows = [{k: v for k, v in row.items() if k not in without} for row in outcome.rows("OUTPUT")]
    return sorted(rows, key=lambda row: row["report_id"])


@given(ragged_tables())
@THROUGH_THE_DOOR
def test_every_row_of_any_table_is_accounted_for_once(run_algorithm, tmp_path, table):
    """Rows read = accepted + merged + rejected + duplicates, or the file is refused whole."""
    header, rows = table
    outcome = imported(run_algorithm, write(tmp_path, "any.csv", header, rows))
    if outcome is None:
        return
    parts = ("ACCEPTED", "MERGED", "REJECTED_ROWS", "DUPLICATES")
    assert outcome["ROWS_READ"] == sum(outcome[part] for part in parts)
    assert len(outcome.rows("OUTPUT")) == outcome["ACCEPTED"]
    left_out = [row["source_row"] for row in outcome.rows("REJECTED")]
    assert len(left_out) == outcome["REJECTED_ROWS"] + outcome["DUPLICATES"]
    kept = [row["source_row"] for row in outcome.rows("OUTPUT")]
    assert len({*left_out, *kept}) == len(left_out) + len(kept)


@given(good_tables())
@THROUGH_THE_DOOR
def test_importing_twice_is_the_same_as_importing_once(run_algorithm, tmp_path, table):
    """Faults 61: the same file gives the same reports with the same ids."""
    path = write(tmp_path, "same.csv", *table)
    assert reports(imported(run_algorithm, path)) == reports(imported(run_algorithm, path))


@given(good_tables(), st.randoms(use_true_random=False))
@THROUGH_THE_DOOR
def test_the_order_of_columns_does_not_matter(run_algorithm, tmp_path, table, chance):
    header, rows = table
    order = list(range(len(header)))
    chance.shuffle(order)
    turned = [[row[index] for index in order] for row in rows]
    one = imported(run_algorithm, write(tmp_path, "one.csv", header, rows))
    other = imported(
        run_algorithm, write(tmp_path, "other.csv", [header[i] for i in order], turned)
    )
    assert reports(one) == reports(other)


@given(good_tables(), st.randoms(use_true_random=False))
@THROUGH_THE_DOOR
def test_the_order_of_rows_does_not_matter(run_algorithm, tmp_path, table, chance):
    """But for an id given twice with different content: there the first row stands."""
    header, rows = table
    content = {}
    for row in rows:
        content.setdefault(row[0] or row, set()).add(row)
    rows = [row for row in rows if len(content[row[0] or row]) == 1]
    if not rows:
        return
    turned = list(rows)
    chance.shuffle(turned)
    one = imported(run_algorithm, write(tmp_path, "one.csv", header, rows))
    other = imported(run_algorithm, write(tmp_path, "other.csv", header, turned))
    assert reports(one) == reports(other)


@given(good_tables())
@settings(parent=THROUGH_THE_DOOR, max_examples=25)
def test_updating_with_what_was_imported_changes_nothing(run_algorithm, tmp_path, table):
    """Faults 61: an update is an import that knows what is there."""
    path = write(tmp_path, "same.csv", *table)
    target = str(tmp_path / "kept.gpkg")
    first = run_algorithm("importreports", {"SOURCE": path, "OUTPUT": target})
    again = run_algorithm("updatereports", {"SOURCE": path, "TARGET": target})
    assert (again["ADDED"], again["CHANGED"]) == (0, 0)
    assert again["UNCHANGED"] == first["ACCEPTED"]


@given(st.lists(st.dates(datetime(2022, 1, 1).date()), min_size=1, max_size=6))
@settings(parent=THROUGH_THE_DOOR, max_examples=40)
def test_no_day_and_month_are_ever_swapped_silently(run_algorithm, tmp_path, days):
    """Faults 53: dates written day first are read right, or the file is refused."""
    days = [day.replace(year=min(day.year, 2090)) if day.day < 29 else day for day in days]
    days = [day for day in days if day.year <= 2100]
    if not days:
        return
    rows = [(str(n), f"{day:%d/%m/%Y}", "-1.1331", "52.6361") for n, day in enumerate(days)]
    header = ["ref", "submitted", "longitude", "latitude"]
    outcome = imported(run_algorithm, write(tmp_path, "dates.csv", header, rows))
    if outcome is None:
        assert all(day.day <= 12 for day in days)
        return
    held = {row["report_id"]: row["submitted_at"].date() for row in outcome.rows("OUTPUT")}
    assert held == {str(number): day for number, day in enumerate(days)}


def test_nothing_is_lost_between_a_refusal_and_the_next_import(run_algorithm, tmp_path):
    """A file that is refused leaves no output behind."""
    path = write(tmp_path, "bad.csv", ["ref", "submitted"], [("1", "2024-04-13")])
    target = tmp_path / "out.gpkg"
    with pytest.raises(QgsProcessingException):
        run_algorithm("importreports", {"SOURCE": path, "OUTPUT": str(target)})
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bad.csv"]
