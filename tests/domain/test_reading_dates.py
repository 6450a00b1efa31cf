# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.dates import local_from_utc, looks_like_date, read_dates


def one(text: str, order: str = "auto") -> tuple[datetime | None, str]:
    # a second, plain date keeps midnight from being taken for a date without a time
    dates = read_dates([text, "2022-01-01 13:45"], order, "Submitted")
    return dates.moments[0], dates.precisions[0]


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("2022-03-05", datetime(2022, 3, 5), "date"),
        ("2022/3/5", datetime(2022, 3, 5), "date"),
        ("2022-03-05T21:30", datetime(2022, 3, 5, 21, 30), "time"),
        ("2022-03-05 21:30:15.250", datetime(2022, 3, 5, 21, 30, 15), "time"),
        ("25/03/2022", datetime(2022, 3, 25), "date"),
        ("25.3.22", datetime(2022, 3, 25), "date"),
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
    ["00/00/0000", "31/02/2022", "2022-13-01", "25:00", "45395", "soon", "2022-03-05 24:10", "5/6"],
)
def test_what_is_no_date_is_flagged_and_not_guessed(text):
    dates = read_dates([text, "2022-01-01"])
    assert dates.moments[0] is None
    assert dates.precisions[0] == "none"
    assert dates.unreadable.tolist() == [True, False]


@pytest.mark.parametrize("text", ["", " ", "NULL", "n/a", "unknown"])
def test_a_missing_date_is_not_an_unreadable_one(text):
    dates = read_dates([text])
    assert dates.moments == (None,)
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
    assert one(text) == (moment, "time")


@given(st.datetimes(datetime(1996, 1, 1), datetime(2037, 12, 31)))
@settings(max_examples=300)
def test_summer_time_is_that_of_the_time_zone_database(moment):
    try:
        london = ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError:
        pytest.skip("no time zone database here")
    expected = moment.replace(tzinfo=timezone.utc).astimezone(london).replace(tzinfo=None)
    assert local_from_utc(moment) == expected


def test_the_skipped_hour_moves_on_and_the_repeated_hour_stays_both_marked():
    dates = read_dates(["2024-03-31 01:30", "2024-10-27 01:30", "2024-10-27 02:30"])
    assert dates.moments == (
        datetime(2024, 3, 31, 2, 30),
        datetime(2024, 10, 27, 1, 30),
        datetime(2024, 10, 27, 2, 30),
    )
    assert dates.clock_change.tolist() == [True, True, False]


def test_one_day_above_twelve_proves_the_whole_column():
    dates = read_dates(["03/04/2024", "13/04/2024"])
    assert dates.moments == (datetime(2024, 4, 3), datetime(2024, 4, 13))
    assert dates.order == "dmy"
    assert "13/04/2024" in dates.evidence
    assert read_dates(["03/04/2024", "04/13/2024"]).moments[0] == datetime(2024, 3, 4)


def test_a_column_that_proves_nothing_is_refused_with_both_readings():
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
    assert read_dates(["05/05/2024"]).moments == (datetime(2024, 5, 5),)


def test_a_stated_order_holds_and_what_does_not_fit_is_flagged():
    dates = read_dates(["03/04/2024", "04/13/2024"], "dmy")
    assert dates.moments == (datetime(2024, 4, 3), None)
    assert dates.unreadable.tolist() == [False, True]
    assert read_dates(["03/04/2024"], "mdy").moments == (datetime(2024, 3, 4),)
    assert read_dates(["24/03/04"], "ymd").moments == (datetime(2024, 3, 4),)
    assert read_dates(["03/04/2024"], "ymd").unreadable.all()
    assert read_dates(["2024-03-04"], "mdy").moments == (datetime(2024, 3, 4),)


def test_a_column_of_midnights_holds_no_times():
    dates = read_dates(["2022-07-01T00:00:00Z", "2022-08-01 00:00:00", ""])
    assert dates.moments == (datetime(2022, 7, 1), datetime(2022, 8, 1), None)
    assert dates.precisions == ("date", "date", "none")


def test_days_stored_as_midnight_in_summer_time_are_those_days():
    dates = read_dates(["2022-06-30T23:00:00Z", "2022-12-31T00:00:00Z"])
    assert dates.moments == (datetime(2022, 7, 1), datetime(2022, 12, 31))
    assert dates.precisions == ("date", "date")


def test_one_other_time_makes_midnight_a_time():
    dates = read_dates(["2022-07-01 00:00", "2022-07-01 00:01"])
    assert dates.precisions == ("time", "time")


@given(st.lists(st.dates(date(2000, 1, 1), date(2060, 12, 31)), min_size=1, max_size=6))
@settings(max_examples=150)
def test_no_order_is_ever_swapped_silently(days):
    """Whatever a day-first column holds, its dates are read right or the column is refused."""
    try:
        dates = read_dates([f"{day:%d/%m/%Y}" for day in days], column="d")
    except InputRefused:
        assert all(day.day <= 12 for day in days)
    else:
        assert dates.moments == tuple(datetime(d.year, d.month, d.day) for d in days)


@given(st.datetimes(datetime(1997, 1, 1), datetime(2035, 1, 1)), st.integers(-12 * 4, 14 * 4))
@settings(max_examples=100)
def test_an_offset_says_the_same_moment_in_other_words(moment, quarters):
    moment = moment.replace(microsecond=0)
    there = moment + timedelta(minutes=15 * quarters)
    sign = "-" if quarters < 0 else "+"
    text = f"{there:%Y-%m-%dT%H:%M:%S}{sign}{abs(quarters) // 4:02d}:{abs(quarters) % 4 * 15:02d}"
    dates = read_dates([text, "2022-01-01 13:45"])
    assert dates.moments[0] == local_from_utc(moment)


@pytest.mark.parametrize(
    ("text", "is_date"), [("2022-03-05", True), ("5/6/22", True), ("52.63", False), ("x", False)]
)
def test_looks_like_date(text, is_date):
    assert looks_like_date(text) is is_date
