# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading import dates as reading
from streetsafe_plugin.domain.reading.cut_dates import cut_dates
from streetsafe_plugin.domain.reading.dates import DateColumn, looks_like_date, looks_like_serial
from streetsafe_plugin.domain.reading.table import DAY_ZERO_1904, texts
from streetsafe_plugin.domain.reading.written_dates import cut


def read_dates(cells, *how, **more) -> DateColumn:
    return reading.read_dates(texts(cells), *how, **more)


def moments_of(dates: DateColumn) -> tuple[datetime | None, ...]:
    return tuple(dates.moments.tolist())


def local_from_utc(moment: datetime) -> datetime:
    return reading.local_from_utc(np.array([moment], dtype="datetime64[s]")).tolist()[0]


def one(text: str, order: str = "auto") -> tuple[datetime | None, str]:
    # a second, plain date keeps midnight from being taken for a date without a time
    dates = read_dates([text, "2022-01-01 13:45"], order, "Submitted")
    return moments_of(dates)[0], dates.precisions[0]


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("2022-03-05", datetime(2022, 3, 5), "date"),
        ("2022/3/5", datetime(2022, 3, 5), "date"),
        ("2022-03-05T21:30", datetime(2022, 3, 5, 21, 30), "time"),
        ("2022-03-05 21:30:15.250", datetime(2022, 3, 5, 21, 30, 15), "time"),
        ("25/03/2022", datetime(2022, 3, 25), "date"),
        ("25.3.99", datetime(1999, 3, 25), "date"),
        ("25-03-2022 09:05", datetime(2022, 3, 25, 9, 5), "time"),
        ("25/03/2022 9:05 pm", datetime(2022, 3, 25, 21, 5), "time"),
        ("25/03/2022 12:05 AM", datetime(2022, 3, 25, 0, 5), "time"),
        ("03/25/2022", datetime(2022, 3, 25), "date"),
        ("5 Mar 2022", datetime(2022, 3, 5), "date"),
        ("5th March 2022 at 21:30", datetime(2022, 3, 5, 21, 30), "time"),
        ("Saturday, 5 March 2022", datetime(2022, 3, 5), "date"),
        ("05-Sept-22", datetime(2022, 9, 5), "date"),
        ("March 5, 2022", datetime(2022, 3, 5), "date"),
        ("2022-03", datetime(2022, 3, 1), "month"),
        ("03/2022", datetime(2022, 3, 1), "month"),
        ("Mar 2022", datetime(2022, 3, 1), "month"),
        ("\u00a02022-03-05\u200b ", datetime(2022, 3, 5), "date"),
    ],
)
def test_shapes_of_dates(text, moment, precision):
    assert one(text) == (moment, precision)


@pytest.mark.parametrize(
    "text",
    ["00/00/0000", "31/02/2022", "2022-13-01", "25:00", "99999", "soon", "2022-03-05 24:10", "5/6"],
)
def test_what_is_no_date_is_flagged_and_not_guessed(text):
    """Faults 57 and 58: what cannot be read is flagged, and stands for no date."""
    dates = read_dates([text, "2022-01-01"])
    assert np.isnat(dates.moments[0])
    assert dates.precisions[0] == "none"
    assert dates.unreadable.tolist() == [True, False]


@pytest.mark.parametrize("text", ["", " ", "NULL", "n/a", "unknown"])
def test_a_missing_date_is_not_an_unreadable_one(text):
    dates = read_dates([text])
    assert moments_of(dates) == (None,)
    assert not dates.unreadable.any()


# offsets: British Summer Time began on 27 March 2022 and ended on 30 October 2022, at 01:00 UTC
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-07-01T21:30:00Z", datetime(2022, 7, 1, 22, 30)),
        ("2022-01-01T21:30:00Z", datetime(2022, 1, 1, 21, 30)),
        ("2022-07-01T21:30:00+01:00", datetime(2022, 7, 1, 21, 30)),
        ("2022-07-01 16:30:00-0500", datetime(2022, 7, 1, 22, 30)),
        ("2022/07/01 21:30:00+00", datetime(2022, 7, 1, 22, 30)),
        ("2022-07-01 21:30 BST", datetime(2022, 7, 1, 21, 30)),
        ("2022-03-27T00:59:00Z", datetime(2022, 3, 27, 0, 59)),
        ("2022-03-27T01:00:00Z", datetime(2022, 3, 27, 2, 0)),
        ("2022-10-30T00:59:00Z", datetime(2022, 10, 30, 1, 59)),
        ("2022-10-30T01:00:00Z", datetime(2022, 10, 30, 1, 0)),
        ("2022-06-30T23:30:00Z", datetime(2022, 7, 1, 0, 30)),
    ],
)
def test_offsets_become_british_local_time(text, moment):
    """Faults 55: what has an offset is told in local time, in July as in January."""
    assert one(text) == (moment, "time")


@given(st.datetimes(datetime(1996, 1, 1), datetime(2037, 12, 31)))
@settings(max_examples=300)
def test_summer_time_is_that_of_the_time_zone_database(moment):
    try:
        london = ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError:
        pytest.skip("no time zone database here")
    moment = moment.replace(microsecond=0)
    expected = moment.replace(tzinfo=timezone.utc).astimezone(london).replace(tzinfo=None)
    assert local_from_utc(moment) == expected


def test_the_skipped_hour_moves_on_and_the_repeated_hour_stays_both_marked():
    """Faults 56: the clocks changed on 31 March and 27 October 2024."""
    dates = read_dates(["2024-03-31 01:30", "2024-10-27 01:30", "2024-10-27 02:30"])
    assert moments_of(dates) == (
        datetime(2024, 3, 31, 2, 30),
        datetime(2024, 10, 27, 1, 30),
        datetime(2024, 10, 27, 2, 30),
    )
    assert dates.clock_change.tolist() == [True, True, False]


def test_one_day_above_twelve_proves_the_whole_column():
    dates = read_dates(["03/04/2024", "13/04/2024"])
    assert moments_of(dates) == (datetime(2024, 4, 3), datetime(2024, 4, 13))
    assert dates.order == "dmy"
    assert "13/04/2024" in dates.evidence
    assert moments_of(read_dates(["03/04/2024", "04/13/2024"]))[0] == datetime(2024, 3, 4)


def test_a_column_that_proves_nothing_is_refused_with_both_readings():
    """Faults 53: 03/04/2024 may be 3 April or 4 March."""
    with pytest.raises(InputRefused) as refusal:
        read_dates(["03/04/2024 10:00", "05/05/2024 11:00"], column="Submitted")
    assert "“Submitted”" in refusal.value.message
    assert "3 April 2024" in refusal.value.message
    assert "4 March 2024" in refusal.value.message
    assert "DATE_ORDER" in refusal.value.hint


def test_a_column_that_proves_both_orders_is_refused():
    with pytest.raises(InputRefused, match="13/04/2024 can only be day first"):
        read_dates(["13/04/2024", "04/14/2024"], column="Submitted")


def test_dates_that_read_the_same_both_ways_need_no_proof():
    assert moments_of(read_dates(["05/05/2024"])) == (datetime(2024, 5, 5),)


def test_a_stated_order_holds_and_what_does_not_fit_is_flagged():
    dates = read_dates(["03/04/2024", "04/13/2024"], "dmy")
    assert moments_of(dates) == (datetime(2024, 4, 3), None)
    assert dates.unreadable.tolist() == [False, True]
    assert moments_of(read_dates(["03/04/2024"], "mdy")) == (datetime(2024, 3, 4),)
    assert moments_of(read_dates(["24/03/04"], "ymd")) == (datetime(2024, 3, 4),)
    assert read_dates(["03/04/2024"], "ymd").unreadable.all()
    assert moments_of(read_dates(["2024-03-04"], "mdy")) == (datetime(2024, 3, 4),)


def test_a_column_of_midnights_holds_no_times():
    dates = read_dates(["2022-07-01T00:00:00Z", "2022-08-01 00:00:00", ""])
    assert moments_of(dates) == (datetime(2022, 7, 1), datetime(2022, 8, 1), None)
    assert tuple(dates.precisions) == ("date", "date", "none")


def test_days_stored_as_midnight_in_summer_time_are_those_days():
    dates = read_dates(["2022-06-30T23:00:00Z", "2022-12-31T00:00:00Z"])
    assert moments_of(dates) == (datetime(2022, 7, 1), datetime(2022, 12, 31))
    assert tuple(dates.precisions) == ("date", "date")


def test_one_other_time_makes_midnight_a_time():
    dates = read_dates(["2022-07-01 00:00", "2022-07-01 00:01"])
    assert tuple(dates.precisions) == ("time", "time")


@given(st.lists(st.dates(date(2000, 1, 1), date(2060, 12, 31)), min_size=1, max_size=6))
@settings(max_examples=150)
def test_no_order_is_ever_swapped_silently(days):
    """Whatever a day-first column holds, its dates are read right or the column is refused."""
    try:
        dates = read_dates([f"{day:%d/%m/%Y}" for day in days], column="d")
    except InputRefused:
        assert all(day.day <= 12 for day in days)
    else:
        assert moments_of(dates) == tuple(datetime(d.year, d.month, d.day) for d in days)


@given(st.datetimes(datetime(1997, 1, 1), datetime(2035, 1, 1)), st.integers(-12 * 4, 14 * 4))
@settings(max_examples=100)
def test_an_offset_says_the_same_moment_in_other_words(moment, quarters):
    moment = moment.replace(microsecond=0)
    there = moment + timedelta(minutes=15 * quarters)
    sign = "-" if quarters < 0 else "+"
    text = f"{there:%Y-%m-%dT%H:%M:%S}{sign}{abs(quarters) // 4:02d}:{abs(quarters) % 4 * 15:02d}"
    dates = read_dates([text, "2022-01-01 13:45"])
    assert moments_of(dates)[0] == local_from_utc(moment)


@pytest.mark.parametrize(
    ("text", "is_date"), [("2022-03-05", True), ("5/6/22", True), ("52.63", False), ("x", False)]
)
def test_looks_like_date(text, is_date):
    assert looks_like_date(text) is is_date


@pytest.mark.parametrize(
    ("text", "is_serial"),
    [
        ("45395", True),
        ("45395.896", True),
        ("19999", False),
        ("60000", False),
        ("2024-04-13", False),
    ],
)
def test_looks_like_serial(text, is_serial):
    assert looks_like_serial(text) is is_serial


def test_serial_numbers_count_days_and_their_parts_are_rounded_to_the_second():
    """Faults 54: 45395 is 13 April 2024 in Excel, and 0.895833 of a day is 21:30."""
    dates = read_dates(["45395.8958333333", "45395"])
    assert moments_of(dates) == (datetime(2024, 4, 13, 21, 30), datetime(2024, 4, 13))
    assert tuple(dates.precisions) == ("time", "date")
    assert dates.evidence == "2 dates are plain numbers, counted in days from 30 December 1899."


def test_a_workbook_of_1904_counts_from_there():
    """Faults 54: the same day has a number smaller by 1,462."""
    dates = read_dates(["43933"], day_zero=DAY_ZERO_1904)
    assert moments_of(dates) == (datetime(2024, 4, 13),)


@pytest.mark.parametrize("cells", [["24/03/04"], ["13/04/24"], ["24/04/25", "31/12/24"]])
def test_a_year_of_two_figures_is_asked_for_unless_it_is_plain_which_part_it_is(cells):
    """Faults 53: 13/04/24 may be 13 April 2024 or 24 April 2013."""
    with pytest.raises(InputRefused, match="can be read") as refusal:
        read_dates(cells, column="Submitted")
    assert "ymd" in refusal.value.hint


def test_a_year_of_two_figures_is_plain_where_no_other_order_has_such_days():
    """Faults 53: no month has 99 days, and none is the 99th."""
    dates = read_dates(["13/04/99", "30/04/98"])
    assert dates.order == "dmy"
    assert moments_of(dates)[0] == datetime(1999, 4, 13)


@pytest.mark.parametrize(
    "text",
    [
        "Apr 13 2024  9:30PM",
        "13 April 2024 at 9.30pm",
        "Sat 13 Apr 2024 21:30",
        "2024-04-13T20:30:00.000Z",
        "13.04.2024 21.30",
        "13/04/2024, 21:30",
    ],
)
def test_the_ways_databases_and_forms_write_one_moment(text):
    """Faults 55: one moment in the words of SQL Server, forms, Excel and JSON."""
    assert one(text) == (datetime(2024, 4, 13, 21, 30), "time")


@given(st.permutations(["13/04/2024 10:00", "03/04/2024", "2024-04", "", "soon", "45395"]))
def test_the_order_of_rows_does_not_matter(cells):
    dates = read_dates(cells)
    by_text = dict(zip(cells, moments_of(dates)))
    assert by_text["03/04/2024"] == datetime(2024, 4, 3)
    assert by_text["soon"] is None
    assert by_text["45395"] == datetime(2024, 4, 13)


_DAYS_OF_TEXT = st.dates(date(2000, 1, 1), date(2060, 12, 31))
_ODD = st.sampled_from(
    [
        "",
        " : ",
        ":",
        "1:30",
        "x\0:",
        "5:6",
        "at 9.30pm",
        "\u00a02022-03-05 21:30",
        "é 10:11",
        "45395",
    ]
)


@given(st.lists(st.one_of(st.text("0123456789:/-. TZ+pm", max_size=40), st.text(), _ODD)))
@settings(max_examples=150)
def test_texts_cut_many_at_a_time_are_cut_as_they_are_one_by_one(cells):
    different = list(dict.fromkeys(cells)) or [""]
    days, clocks, timed = cut_dates(texts(different))
    found = [
        (days.different[day], clocks.different[clock])
        for day, clock in zip(days.which, clocks.which)
    ]
    assert found == [cut(text) for text in different]
    assert timed.tolist() == [bool(clock) for _, clock in found]


def test_pieces_found_in_different_blocks_are_the_same_pieces(monkeypatch):
    monkeypatch.setattr("streetsafe_plugin.domain.reading.cut_dates._BLOCK", 2)
    days, clocks, _ = cut_dates(texts(["a 1:30", "b 1:30", "a 2:30", "c", "a 1:31"]))
    assert list(days.different) == ["a ", "b ", "c"]
    assert list(clocks.different) == ["1:30", "2:30", "", "1:31"]


@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)), min_size=1, max_size=20))
@settings(max_examples=50)
def test_each_cell_reads_as_it_would_alone(moments):
    """The column decides the order of dates, and nothing else about a cell."""
    cells = [f"{moment:%d/%m/%Y %H:%M:%S}" for moment in moments]
    together = read_dates([*cells, "13/04/2024 10:01"], "dmy")
    for cell, moment in zip(cells, moments_of(together)):
        assert moments_of(read_dates([cell, "13/04/2024 10:01"], "dmy"))[0] == moment


@given(st.lists(_DAYS_OF_TEXT, min_size=1, max_size=6), st.sampled_from(["%d/%m/%y", "%y/%m/%d"]))
def test_no_part_of_a_short_date_is_ever_taken_for_another(days, shape):
    """Faults 53: which part is the year is as open as which is the day."""
    try:
        dates = read_dates([day.strftime(shape) for day in days], column="d")
    except InputRefused:
        return
    assert moments_of(dates) == tuple(datetime(d.year, d.month, d.day) for d in days)


@given(st.lists(st.one_of(_DAYS_OF_TEXT.map("{:%d/%m/%Y}".format), _ODD)), st.randoms())
def test_the_order_of_rows_changes_nothing(cells, random):
    """Faults 53: the same rows in another order read the same, or are refused alike."""
    shuffled = random.sample(cells, len(cells))
    readings = []
    for column in (cells, shuffled):
        try:
            dates = read_dates(column)
            readings.append((dates.order, set(zip(column, moments_of(dates), dates.precisions))))
        except InputRefused:
            readings.append("refused")
    assert readings[0] == readings[1]


def test_dates_that_a_spreadsheet_may_have_swapped_are_named():
    """Faults 53: a spreadsheet takes 04/03/2024 for a date in its own order, not 13/04/2024."""
    swapped = ["45355", "45385", "2024-05-04", "2024-06-07", "2024-07-08"]
    assert "swapped" in read_dates(["13/04/2024", "14/04/2024", *swapped]).evidence
    assert "swapped" not in read_dates(["13/04/2024", "13/04/2024", *swapped[:4]]).evidence
    assert "swapped" not in read_dates(["13/04/2024", "03/04/2024", *swapped]).evidence
    assert "swapped" not in read_dates(["13/04/2024", *swapped, "2024-07-28"]).evidence


def test_two_dates_may_be_needed_to_prove_an_order():
    """Faults 53: 13/04/24 excludes the month first, 12/11/00 the year first."""
    dates = read_dates(["13/04/24", "12/11/00"], column="Submitted")
    assert dates.evidence == "Dates were read day first, which 13/04/24 and 12/11/00 prove."


@pytest.mark.parametrize("text", ["1713043800", "1713043800000", "Mar-24", "13042024", "202404"])
def test_a_number_or_month_that_may_mean_anything_is_flagged(text):
    """Faults 54: no epoch, no day or year is made up."""
    assert read_dates([text]).unreadable.all()


@pytest.mark.parametrize("text", ["00/00/0000", "0000-00-00 00:00:00", "9999-12-31", "31/12/9999"])
def test_a_stand_in_for_no_date_proves_no_order(text):
    """Faults 58: only dates that exist prove an order, and stand-ins are flagged."""
    with pytest.raises(InputRefused):
        read_dates(["03/04/2024", text])
    assert read_dates(["13/04/2024", text]).unreadable.tolist() == [False, True]


def test_days_without_signs_are_dates_but_do_not_look_like_them():
    dates = read_dates(["20240413", "20240413 21:30"])
    assert moments_of(dates) == (datetime(2024, 4, 13), datetime(2024, 4, 13, 21, 30))
    assert looks_like_serial("20240413")
    assert not looks_like_date("20240413")
    assert not looks_like_serial("20242013")
