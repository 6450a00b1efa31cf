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
