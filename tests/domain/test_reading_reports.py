# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain.errors import Cancelled, DoesNotAddUp
from streetsafe_plugin.domain.reading.column_roles import CHARACTERISTICS
from streetsafe_plugin.domain.reading.columns import recognise
from streetsafe_plugin.domain.reading.delimited import read_delimited
from streetsafe_plugin.domain.reading.places import PlacedRows, read_lonlat
from streetsafe_plugin.domain.reading.receipt import report_receipt, unknown_wordings
from streetsafe_plugin.domain.reading.reports import ReportsRead, read_reports
from streetsafe_plugin.domain.reading.table import RawTable, texts
from streetsafe_plugin.domain.taxonomy import REASON_CODES

HEADER = "ref,submitted,lon,lat,Badly lit,Other harassment"
TODAY = date(2024, 6, 1)


def placed(table: RawTable) -> PlacedRows:
    """Take degrees for metres: where places lie makes no difference here."""
    columns = recognise(table)
    x, y = columns.lonlat
    places = read_lonlat(table.column(x), table.column(y), ("lon", "lat"))
    none = np.zeros(len(table), dtype=bool)
    sources = texts(["lonlat"] * len(table))
    return PlacedRows(places.xy, sources, places.problems, none, none, none, none)


def read(*lines: str, header: str = HEADER, file_name: str = "x.csv", **options) -> ReportsRead:
    table = read_delimited("\n".join([header, *lines]).encode(), file_name)
    options.setdefault("today", TODAY)
    return read_reports(table, recognise(table), placed(table), **options)


@dataclass(frozen=True)
class One:
    """One report, taken out of the arrays."""

    report_id: str
    xy: tuple[float, float]
    submitted_at: datetime | None
    submitted_precision: str
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    source_row: int


def each(result: ReportsRead) -> list[One]:
    held = result.reports
    return [
        One(
            held.report_id[n],
            tuple(held.xy[n].tolist()),
            held.submitted_at[n].item(),
            held.submitted_precision[n],
            tuple(code for code, ticked in zip(REASON_CODES, held.ticked[n]) if ticked),
            tuple(filter(None, held.flags[n].split(";"))),
            int(held.source_row[n]),
        )
        for n in range(len(held))
    ]


def counts(result: ReportsRead) -> tuple[int, int, int, int]:
    return (
        result.rows_read,
        len(result.reports),
        result.rejected_rows,
        result.duplicates,
    )


def test_a_row_becomes_a_report():
    [report] = each(read("007,2022-03-05 21:30,-1.1398,52.6369,1,Yes"))
    assert report.report_id == "007"
    assert report.xy == (-1.1398, 52.6369)
    assert report.submitted_at == datetime(2022, 3, 5, 21, 30)
    assert report.submitted_precision == "time"
    assert report.reasons == ("env_lighting", "beh_other")
    assert report.source_row == 2
    assert report.flags == ()


def test_every_row_is_accounted_for():
    result = read(
        "1,2022-03-05,-1.1,52.6,1,0",
        "1,2022-03-05,-1.1,52.6,1,0",
        "1,2022-03-05,-1.1,52.6,0,0",
        "2,2022-03-05,,,1,0",
        "3,2022-03-05,0,0,1,0",
        "4,2022-03-05,-1.2,52.7,1",
        "5,2022-03-05,-1.2,52.7,0,0",
    )
    assert counts(result) == (7, 2, 4, 1)
    assert [(row.source_row, row.code) for row in result.rejected] == [
        (3, "duplicate"),
        (4, "conflicting_id"),
        (5, "no_place"),
        (6, "zero_place"),
        (7, "wrong_width"),
    ]
    assert "row 2" in result.rejected[0].reason
    assert json.loads(result.rejected[1].raw)["ref"] == "1"
    assert json.loads(result.rejected[4].raw) == ["4", "2022-03-05", "-1.2", "52.7", "1"]
    assert result.mentions == 1
    assert [report.report_id for report in each(result)] == ["1", "5"]


def test_a_report_without_a_reason_is_a_report():
    result = read("1,,-1.1,52.6,0,")
    assert len(result.reports) == 1
    assert each(result)[0].reasons == ()
    assert each(result)[0].submitted_at is None
    assert each(result)[0].submitted_precision == "none"


def test_an_id_with_a_good_place_is_kept_where_an_earlier_row_had_none():
    result = read("1,2022-03-05,,,1,0", "1,2022-03-05,-1.1,52.6,1,0")
    assert counts(result) == (2, 1, 1, 0)
    assert each(result)[0].source_row == 3


def test_identical_rows_without_an_id_are_separate_and_flagged():
    line = ",2022-03-05 21:30,-1.1,52.6,1,0"
    result = read(line, line, ",2022-03-05 21:30,-1.2,52.6,1,0")
    assert counts(result) == (3, 3, 0, 0)
    first, second, other = each(result)
    assert re.fullmatch(r"h:[0-9a-f]{16}-1", first.report_id)
    assert second.report_id == first.report_id[:-1] + "2"
    assert other.report_id[:18] != first.report_id[:18]
    assert first.flags == second.flags == ("repeated_place", "same_moment")
    assert other.flags == ()


def test_same_moment_needs_place_time_and_answers():
    flagged = [
        "same_moment" in report.flags
        for report in each(
            read(
                "1,2022-03-05 21:30,-1.1,52.6,1,0",
                "2,2022-03-05 21:30,-1.1,52.6,1,0",
                "3,2022-03-05 21:30,-1.1,52.6,1,1",
                "4,2022-03-05 21:31,-1.1,52.6,1,0",
                "5,2022-03-05 21:30,-1.3,52.6,1,0",
                "6,,-1.1,52.6,1,0",
                "7,,-1.1,52.6,1,0",
            )
        )
    ]
    assert flagged == [True, True, False, False, False, False, False]


ROWS = st.lists(
    st.sampled_from(
        [
            f",2022-03-0{day},-1.1,52.{place},{tick},0"
            for day in (1, 2)
            for place in (6, 7)
            for tick in (0, 1)
        ]
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_ids_made_from_content_do_not_depend_on_order_or_file(lines, rng: random.Random):
    shuffled = list(lines)
    rng.shuffle(shuffled)
    one, other = read(*lines), read(*shuffled, file_name="other.csv")
    ids = [report.report_id for report in each(one)]
    assert len(set(ids)) == len(lines)
    assert sorted(ids) == sorted(report.report_id for report in each(other))


def test_ids_made_from_content_do_not_depend_on_the_columns_order():
    one = read(",2022-03-05,-1.1,52.6,1,0")
    other = read(
        "0,52.6,-1.1,2022-03-05,1,", header="Other harassment,lat,lon,submitted,Badly lit,ref"
    )
    assert each(one)[0].report_id == each(other)[0].report_id


ANY_LINE = st.builds(
    "{},{},{},{},{},{}".format,
    st.sampled_from(["", "1", "2", "007"]),
    st.sampled_from(["2022-03-05", "", "soon"]),
    st.sampled_from(["-1.1", "-1.2", "", "0", "x", "181"]),
    st.sampled_from(["52.6", "52.7", "", "0", "95"]),
    st.sampled_from(["1", "0", "maybe"]),
    st.sampled_from(["Yes", "", "No,extra"]),
)


@given(st.lists(ANY_LINE, min_size=1, max_size=15))
@settings(max_examples=100, deadline=None)
def test_the_account_always_closes(lines):
    result = read(*lines)
    assert result.rows_read == len(lines)
    assert result.rows_read == (
        len(result.reports) + result.merged + result.rejected_rows + result.duplicates
    )
    seen = [report.source_row for report in each(result)]
    seen += [row.source_row for row in result.rejected]
    assert sorted(seen) == list(range(2, len(lines) + 2))
    assert len({report.report_id for report in each(result)}) == len(result.reports)


def test_an_account_that_does_not_close_is_an_error():
    result = read("1,2022-03-05,-1.1,52.6,1,0")
    with pytest.raises(DoesNotAddUp, match="2 rows were read but 1"):
        replace(result, rows_read=2).require_closed()


def test_flags_of_dates_and_of_the_placed_rows():
    table = read_delimited(
        "\n".join(
            [
                HEADER,
                "1,soon,-1.1,52.1,1,0",
                "2,2021-09-01,-1.2,52.2,1,0",
                "3,2021-09-02,-1.3,52.3,1,0",
                "4,2024-06-02,-1.4,52.4,1,0",
                "5,2024-06-03,-1.5,52.5,1,0",
                "6,2022-03-27 01:30,-1.6,52.6,1,0",
            ]
        ).encode(),
        "x.csv",
    )
    none = np.zeros(6, dtype=bool)
    marks = replace(
        placed(table),
        outside_area=np.array([1, 0, 0, 0, 0, 0], dtype=bool),
        low_precision=~none,
        swapped=np.array([0, 1, 0, 0, 0, 0], dtype=bool),
        disagree=np.array([0, 0, 1, 0, 0, 0], dtype=bool),
    )
    result = read_reports(table, recognise(table), marks, today=TODAY)
    assert [report.flags for report in each(result)] == [
        ("outside_area", "unreadable_date", "low_precision"),
        ("axes_swapped", "low_precision", "implausible_date"),
        ("low_precision", "places_disagree"),
        ("low_precision",),
        ("low_precision", "implausible_date"),
        ("low_precision", "clock_change"),
    ]


def test_the_month_in_which_the_service_opened_is_plausible():
    result = read("1,2021-09,-1.1,52.6,1,0", "2,2021-08,-1.2,52.6,1,0")
    assert [report.flags for report in each(result)] == [(), ("implausible_date",)]
    assert each(result)[0].submitted_precision == "month"


PERSONAL = "ref,lon,lat,Reasons,Age range,Comments"


def test_characteristics_and_words_are_left_out_unless_asked_for():
    lines = ["1,-1.1,52.6,Badly lit,25-34,He lives at no 5", "2,,,Other,18-24,secret"]
    without = read(*lines, header=PERSONAL)
    assert without.reports.characteristics == {}
    assert without.reports.free_text is None
    assert json.loads(without.rejected[0].raw) == {
        "ref": "2",
        "lon": "",
        "lat": "",
        "Reasons": "Other",
    }
    kept = read(*lines, header=PERSONAL, keep_characteristics=True, keep_text=True)
    held = {name: cells.tolist() for name, cells in kept.reports.characteristics.items()}
    assert held == {name: ["25-34" if name == "age_range" else ""] for name in CHARACTERISTICS}
    assert kept.reports.free_text.tolist() == ["He lives at no 5"]
    assert json.loads(kept.rejected[0].raw)["Comments"] == "secret"


def test_a_row_under_no_header_is_not_shown_where_it_may_hold_a_persons_words():
    result = read("1,-1.1,52.6,Badly lit,25-34,secret,and more", header=PERSONAL)
    assert result.rejected[0].code == "wrong_width"
    assert "secret" not in result.rejected[0].raw


def test_several_columns_of_words_keep_their_headings():
    header = "ref,lon,lat,Comments,Further details"
    [said] = read("1,-1.1,52.6,a b,c d", header=header, keep_text=True).reports.free_text
    assert said == "Comments: a b\nFurther details: c d"


def test_unknown_wordings_and_unclear_ticks_are_counted():
    result = read(
        "1,-1.1,52.6,Badly lit; Gulls,2",
        "2,-1.2,52.6,Gulls,1",
        "3,-1.3,52.6,Badly lit,1",
        header="ref,lon,lat,Reasons,Poor layout",
    )
    assert result.mentions == 4
    assert result.unknown_wordings == {"Gulls": 2}
    assert result.unclear_ticks == {"Poor layout": 1}
    assert unknown_wordings(result) == ["Wordings not understood: “Gulls” 2."]


LONG = "ref,submitted,lon,lat,Reason"


def test_one_row_a_reason_is_one_report_with_all_of_them():
    result = read(
        "1,2022-03-05,-1.1,52.6,Badly lit",
        "1,2022-03-05,-1.1,52.6,Poor layout",
        "2,2022-03-05,-1.2,52.6,Gulls",
        "1,2022-03-05,-1.1,52.6,Badly lit",
        "2,2022-03-05,-1.2,52.6,Other harassment",
        header=LONG,
    )
    assert counts(result) == (5, 2, 0, 1)
    assert result.merged == 2
    assert [(one.report_id, one.reasons, one.source_row) for one in each(result)] == [
        ("1", ("env_lighting", "env_layout"), 2),
        ("2", ("beh_other",), 4),
    ]
    assert [(row.source_row, row.code) for row in result.rejected] == [(5, "duplicate")]
    assert result.unknown_wordings == {"Gulls": 1}


def test_one_row_a_reason_may_repeat_the_heading_of_the_reason_in_another_column():
    result = read(
        "1,2022-03-05,-1.1,52.6,Badly lit,A",
        "1,2022-03-05,-1.1,52.6,Poor layout,B",
        header=LONG + ",Code",
    )
    assert result.merged == 1
    assert each(result)[0].reasons == ("env_lighting", "env_layout")


def test_a_contradiction_stays_one_where_there_is_one_row_a_reason():
    result = read(
        "1,2022-03-05,-1.1,52.6,Badly lit",
        "1,2022-03-05,-1.1,52.6,Poor layout",
        "1,2022-03-05,-1.3,52.6,Rundown area",
        header=LONG,
    )
    assert counts(result) == (3, 1, 1, 0)
    assert result.merged == 1
    assert [(row.source_row, row.code) for row in result.rejected] == [(4, "conflicting_id")]


def test_a_row_that_changes_a_list_of_several_reasons_is_a_contradiction():
    result = read(
        "1,2022-03-05,-1.1,52.6,Badly lit; Poor layout",
        "1,2022-03-05,-1.1,52.6,Badly lit",
        header=LONG,
    )
    assert counts(result) == (2, 1, 1, 0)
    assert result.merged == 0


def test_rows_alike_but_for_the_reason_are_told_where_there_are_no_ids():
    result = read(
        "2022-03-05 21:30,-1.1,52.6,Badly lit",
        "2022-03-05 21:30,-1.1,52.6,Poor layout",
        "2022-03-05 21:30,-1.2,52.6,Badly lit",
        "2022-03-05 21:30,-1.2,52.6,Badly lit",
        header=LONG[4:],
    )
    assert counts(result) == (4, 4, 0, 0)
    assert result.alike_but_for_reason == 1


def test_reading_can_be_cancelled():
    def tick(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read("1,2022-03-05,-1.1,52.6,1,0", tick=tick)


def test_the_receipt_closes_and_holds_nothing_a_report_says():
    table = read_delimited(
        "\n".join(
            [
                "ref,submitted,lon,lat,Reasons,Age range,Comments,Town",
                "1,13/03/2022,-1.1,52.6,Badly lit;Gulls,25-34,secret words,Oakham",
                "2,14/04/2022,,,Badly lit,25-34,secret words,Oakham",
            ]
        ).encode(),
        "x.csv",
    )
    columns = recognise(table)
    result = read_reports(table, columns, placed(table), today=TODAY)
    text = "\n".join(report_receipt(table, columns, result))
    assert "2 rows read = 1 report + 0 merged + 1 rejected + 0 exact duplicates." in text
    assert "Left out: no_place 1." in text
    assert "Submitted from 13 March 2022 to 13 March 2022; 0 reports without a date." in text
    assert "1 mention; 0 reports with no reason." in text
    assert "13/03/2022 proves" in text
    assert "Not used: “Town”." in text
    assert table.sha256 in text
    for content in ("secret", "25-34", "Gulls", "Oakham", "52.6"):
        assert content not in text


@pytest.mark.parametrize(
    ("cells", "ticked", "unclear"),
    [(["-1", "0"], [True, False], {}), (["-1", "1"], [False, True], {"Badly lit": 1})],
)
def test_minus_one_is_a_tick_unless_one_is(cells, ticked, unclear):
    """Access stores a tick as -1; a survey that has 1 uses -1 for what was not asked."""
    lines = [f"{n},2022-03-05,-1.1{n},52.6,{cell},0" for n, cell in enumerate(cells, start=1)]
    result = read(*lines)
    lighting = REASON_CODES.index("env_lighting")
    assert result.reports.ticked[:, lighting].tolist() == ticked
    assert result.unclear_ticks == unclear


@pytest.mark.parametrize("heading", ["Date of birth", "Nationality", "Marital status"])
def test_what_else_describes_a_person_is_in_nothing_that_is_kept(heading):
    """No field of a report is for it, so that asking for characteristics does not bring it."""
    header = f"ref,lon,lat,{heading}"
    result = read(
        "1,-1.1331,52.6361,secret", "2,,,secret", header=header, keep_characteristics=True,
        keep_text=True,
    )  # fmt: skip
    assert "secret" not in result.rejected[0].raw
    assert all("secret" not in said.tolist() for said in result.reports.characteristics.values())
    assert result.reports.free_text.tolist() == [""]
