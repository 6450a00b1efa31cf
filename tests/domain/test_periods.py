# SPDX-License-Identifier: GPL-2.0-or-later
"""Which days count: dated intervals, months that are whole, silence that is no chance."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetsafe_plugin.domain.parks import Intervention
from streetsafe_plugin.domain.periods import (
    Calendar,
    Windows,
    around_the_change,
    calendar_of,
    days_of,
    effect_of,
    months_covered,
    names_a_month,
    nearest_half,
    silence_is_telling,
    within_given,
)

YEAR = Calendar(datetime.date(2022, 1, 1), 365)


def measure(start=None, end=None, status="live", confidence="day"):
    def day(text):
        return datetime.date.fromisoformat(text) if text else None

    return Intervention("p", "cctv", None, status, day(start), day(end), confidence, None, "")


def span(period):
    """Return the first and last day of a period without holes, and how many days it has."""
    days = YEAR.dates()[period]
    assert len(days) == 0 or (days[-1] - days[0]).astype(int) + 1 == len(days)
    return (str(days[0]), str(days[-1])) if len(days) else None


@pytest.mark.parametrize(
    ("one", "surely", "perhaps"),
    [
        (measure("2022-05-10"), ("2022-05-10", "2022-12-31"), None),
        (measure("2022-05-10", "2022-06-20"), ("2022-05-10", "2022-06-20"), None),
        (measure("2022-05-10", None, "removed"), None, ("2022-05-10", "2022-12-31")),
        (measure("2022-05-10", None, "planned"), None, ("2022-05-10", "2022-12-31")),
        (measure(status="unknown", confidence="unknown"), None, None),
        (measure("2021-05-10"), ("2022-01-01", "2022-12-31"), None),
        (measure("2023-05-10"), None, None),
    ],
)
def test_what_a_dated_measure_says_of_each_day(one, surely, perhaps):
    found = effect_of([one], YEAR)
    assert (span(found[0]), span(found[1])) == (surely, perhaps)


def test_a_month_or_quarter_may_be_any_of_its_days():
    surely, perhaps = effect_of([measure("2022-05-10", confidence="month")], YEAR)
    assert span(surely) == ("2022-05-31", "2022-12-31")
    assert span(perhaps) == ("2022-05-01", "2022-05-30")
    surely, perhaps = effect_of([measure("2022-05-10", confidence="quarter")], YEAR)
    assert span(surely) == ("2022-06-30", "2022-12-31")
    assert span(perhaps) == ("2022-04-01", "2022-06-29")
    # taken down some time in December: sure until November's end
    surely, perhaps = effect_of([measure("2022-02-01", "2022-12-24", "removed", "month")], YEAR)
    assert span(surely) == ("2022-02-28", "2022-12-01")


def test_two_measures_are_live_while_either_is():
    surely, _ = effect_of(
        [measure("2022-03-01", "2022-04-30"), measure("2022-04-15", "2022-06-30")], YEAR
    )
    assert span(surely) == ("2022-03-01", "2022-06-30")


def test_windows_around_a_parks_own_date():
    found = around_the_change([measure("2022-05-10", "2022-05-20", "removed")], YEAR, 30)
    assert span(found.before) == ("2022-04-10", "2022-05-09")
    assert span(found.after) == ("2022-05-10", "2022-05-20")
    assert around_the_change([measure()], YEAR, 30).why_not == "no measure has a date"
    assert "live" in around_the_change([measure("2022-05-10", None, "planned")], YEAR, 30).why_not


def test_given_periods_lose_the_days_that_the_dates_contradict():
    before = YEAR.between(datetime.date(2022, 1, 1), datetime.date(2022, 6, 30))
    after = YEAR.between(datetime.date(2022, 7, 1), datetime.date(2022, 12, 31))
    found = within_given(before, after, [measure("2022-06-01", "2022-08-31")], YEAR)
    assert span(found.before) == ("2022-01-01", "2022-05-31")
    assert span(found.after) == ("2022-07-01", "2022-08-31")
    untouched = within_given(before, after, [measure()], YEAR)
    assert span(untouched.after) == ("2022-07-01", "2022-12-31")


def test_whole_months_only():
    period = YEAR.between(datetime.date(2022, 1, 31), datetime.date(2022, 4, 29))
    assert span(YEAR.whole_months(period)) == ("2022-02-01", "2022-03-31")


def test_the_nearest_halves():
    windows = Windows(
        YEAR.between(None, datetime.date(2022, 1, 11)),
        YEAR.between(datetime.date(2022, 2, 1), datetime.date(2022, 2, 10)),
    )
    halves = nearest_half(windows)
    assert span(halves.before) == ("2022-01-06", "2022-01-11")
    assert span(halves.after) == ("2022-02-01", "2022-02-05")


@given(st.integers(-400, 800), st.integers(-400, 800))
def test_between_holds_just_the_days_asked_for(first, last):
    start = YEAR.first + datetime.timedelta(days=first)
    end = YEAR.first + datetime.timedelta(days=last)
    dates = YEAR.dates()
    expected = (dates >= np.datetime64(start)) & (dates <= np.datetime64(end))
    assert (YEAR.between(start, end) == expected).all()


def test_days_are_read_from_whatever_a_field_holds():
    values = [
        datetime.date(2022, 3, 1), datetime.datetime(2022, 3, 1, 23, 59), "2022-03-01",
        "2022-03-01T08:00:00", None, "soon", "2022-13-01",
    ]  # fmt: skip
    days, months = days_of(values)
    assert [str(day) for day in days] == ["2022-03-01"] * 4 + ["NaT"] * 3
    assert not months
    days, months = days_of(["2022-03"])
    assert (str(days[0]), months) == ("2022-03-01", True)


def test_an_extract_that_ends_is_not_a_place_that_fell_silent():
    daily = np.datetime64("2022-01-01") + np.arange(100)
    assert silence_is_telling(daily, 30)
    assert calendar_of(daily, 30).days == 100
    # a report on one day in ten: 30 days without one happen in 4 % of cases
    rare = daily[::10]
    assert not silence_is_telling(rare, 30)
    assert calendar_of(rare, 30).days == 91 + 60
    assert calendar_of(np.array(["NaT"], dtype="datetime64[D]")) is None


def days(first, number, step=1):
    return np.datetime64(first, "D") + np.arange(0, number, step)


@pytest.mark.parametrize(
    ("monthly", "dated", "covered"),
    [
        (["2018-10-01", "2022-10-01", "NaT"], [], ("2018-10-01", "2022-10-31")),
        (["2024-02-01"], [], ("2024-02-01", "2024-02-29")),
        # reports on every day until the 14th: the extract ends there, and February is the last
        # whole month
        (["2021-11-01"], days("2022-01-01", 73), ("2021-11-01", "2022-02-28")),
        # on every tenth day until the 22nd: nine more days without one come by chance
        (["2021-11-01"], days("2022-01-01", 81, 10), ("2021-11-01", "2022-03-31")),
        # a report known to the month speaks for all of it
        (["2021-11-01", "2022-03-01"], days("2022-01-01", 73), ("2021-11-01", "2022-03-31")),
        (["2022-03-01"], days("2021-12-18", 60), ("2022-01-01", "2022-03-31")),
        (["2022-03-01"], days("2021-12-01", 60), ("2021-12-01", "2022-03-31")),
    ],
)
def test_whole_months_that_reports_cover(monthly, dated, covered):
    dates = np.array([*monthly, *dated], dtype="datetime64[D]")
    found = months_covered(dates, np.arange(len(dates)) < len(monthly))
    assert (str(found.first), str(found.last)) == covered


def test_no_date_covers_no_month():
    assert months_covered(np.array(["NaT"], dtype="datetime64[D]"), np.array([False])) is None


def test_which_values_name_a_month():
    values = ["2022-03", " 2022-03 ", "2022-03-01", "2022-13", None, datetime.date(2022, 3, 1)]
    assert names_a_month(values).tolist() == [True, True] + [False] * 4
    assert names_a_month(np.array(["2022-03-01"], dtype="datetime64[D]")).tolist() == [False]
