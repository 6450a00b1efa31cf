# SPDX-License-Identifier: GPL-2.0-or-later
"""Days of publicity: planted ones are found, ordinary months hold none."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from streetsafe_plugin.domain.periods import Calendar
from streetsafe_plugin.domain.surges import find_surges, window_sums

FIRST = datetime.date(2021, 9, 2)


def calendar(daily):
    return Calendar(FIRST, len(daily))


def test_a_planted_week_is_found_with_its_days_and_numbers():
    daily = np.random.default_rng(1).poisson(3.0, 400)
    daily[200:205] += 25
    found, days = find_surges(daily, calendar(daily))
    assert len(found) == 1
    assert (found[0].first, found[0].last) == (
        FIRST + datetime.timedelta(days=200),
        FIRST + datetime.timedelta(days=204),
    )
    assert found[0].reports == daily[200:205].sum()
    assert found[0].expected == pytest.approx(15, abs=3)
    assert days.sum() == 5


def test_two_surges_are_both_found():
    daily = np.random.default_rng(2).poisson(2.0, 400)
    daily[50] += 40
    daily[300:303] += 20
    found, _ = find_surges(daily, calendar(daily))
    assert [(one.last - one.first).days + 1 for one in found] == [1, 3]


@pytest.mark.parametrize("rate", [0.3, 1.0, 5.0])
def test_random_months_hold_a_surge_in_few_of_a_hundred_cases(rate):
    rng = np.random.default_rng(3)
    seen = sum(
        bool(find_surges(daily, calendar(daily))[0])
        for daily in (rng.poisson(rate, 300) for _ in range(30))
    )
    assert seen <= 3  # one in a hundred is allowed for; four in thirty would come once in 5,000


def test_a_busy_summer_and_growth_are_no_surge():
    days = np.arange(730)
    season = 5 + 3 * np.sin(2 * np.pi * days / 365) + days / 200
    daily = np.random.default_rng(4).poisson(season)
    assert find_surges(daily, calendar(daily))[0] == []


def test_weekends_are_no_surge():
    days = np.arange(400)
    daily = np.random.default_rng(5).poisson(np.where(days % 7 >= 5, 12.0, 3.0))
    assert find_surges(daily, calendar(daily))[0] == []


@pytest.mark.parametrize("days", [1, 2, 10, 40])
def test_short_extracts_are_no_trouble(days):
    daily = np.full(days, 40)
    assert find_surges(daily, calendar(daily))[0] == []


def test_too_few_reports_cannot_surge():
    daily = np.zeros(100, dtype=int)
    daily[5] = 20
    assert find_surges(daily, calendar(daily))[0] == []


def is_found(daily, first, last):
    """Tell whether a surge touches the days from one to another."""
    numbers = [
        ((one.first - FIRST).days, (one.last - FIRST).days)
        for one in find_surges(daily, calendar(daily))[0]
    ]
    return any(begins <= last and ends >= first for begins, ends in numbers)


LAUNCHES = {
    "none": np.zeros(400),
    "fading over weeks": 9 * np.exp(-np.arange(400) / 7),
    "a week": np.where(np.arange(400) < 7, 7.0, 0.0),
    "forty reports on day one": np.where(np.arange(400) < 1, 13.0, 0.0),
}


@pytest.mark.parametrize("launch", LAUNCHES)
def test_a_campaign_is_found_whatever_the_extract_begins_with(launch):
    rate = 3 * (1 + LAUNCHES[launch])
    rate[200:204] += 12
    rng = np.random.default_rng(6)
    assert all(is_found(rng.poisson(rate), 200, 203) for _ in range(5))
    assert launch == "none" or is_found(rng.poisson(rate), 0, 0)


@pytest.mark.parametrize("first", [0, 396])
def test_a_campaign_at_either_end_is_found(first):
    rate = np.full(400, 3.0)
    rate[first : first + 4] = 15
    rng = np.random.default_rng(7)
    assert all(is_found(rng.poisson(rate), first, first + 3) for _ in range(5))


def test_a_month_of_publicity_is_not_taken_for_the_season():
    rate = np.full(400, 3.0)
    rate[200:228] *= 2.5
    daily = np.random.default_rng(8).poisson(rate)
    found, days = find_surges(daily, calendar(daily))
    assert days[205:223].all()
    assert sum(one.expected for one in found) == pytest.approx(3 * days.sum(), rel=0.15)


def test_days_of_one_surge_are_named_as_one():
    fading = 3 * (1 + 9 * np.exp(-np.arange(400) / 7))
    daily = np.random.default_rng(9).poisson(fading)
    found, days = find_surges(daily, calendar(daily))
    assert len(found) == 1
    assert (found[0].first, found[0].reports) == (FIRST, daily[days].sum())


ORDINARY = {
    "a summer with four times the reports of winter": 5
    * (1 + 0.6 * np.sin(2 * np.pi * np.arange(500) / 365)),
    "an extract that begins in the busiest days": 5
    * (1 + 0.6 * np.cos(2 * np.pi * np.arange(400) / 365)),
    "reports that double in a year": 2 * 2 ** (np.arange(400) / 365),
    "weekends": np.where(np.arange(400) % 7 >= 5, 6.0, 1.5),
}


@pytest.mark.parametrize("course", ORDINARY)
def test_ordinary_ups_and_downs_hold_a_surge_in_few_cases(course):
    rng = np.random.default_rng(10)
    seen = sum(
        bool(find_surges(daily, calendar(daily))[0])
        for daily in (rng.poisson(ORDINARY[course]) for _ in range(10))
    )
    assert seen <= 2  # at 5 % three of ten would come once in a hundred


def test_clustered_reports_are_held_against_clustered_chance():
    # each day's rate is drawn anew, so that days vary twice as much as Poisson counts
    rng = np.random.default_rng(11)
    seen = sum(
        bool(find_surges(daily, calendar(daily))[0])
        for daily in (rng.poisson(rng.gamma(4.0, 1.0, 300)) for _ in range(10))
    )
    assert seen <= 2


@pytest.mark.parametrize(
    ("units", "mean", "reports", "published"), [(260, 1.0, 6, 0.487), (207, 0.6, 6, 0.039)]
)
def test_windows_scan_as_published(units, mean, reports, published):
    """Naus (1982), as worked by the R package ptools: `scanw(260,1,1,6)`, `scanw(208,2,0.6,6)`.

    The chance that some window of one unit holds so many reports, in a row of units that a
    window can begin in with the given mean in each; finely divided, days make such a row.
    """
    parts, runs = 28, 1000
    rng = np.random.default_rng(12)
    daily = (rng.poisson(mean / parts, units * parts).astype(float) for _ in range(runs))
    most = [np.nanmax(window_sums(one, parts)[parts - 1]) for one in daily]
    share = np.mean(np.array(most) >= reports)
    assert share == pytest.approx(published, abs=3 * (published * (1 - published) / runs) ** 0.5)


def test_sums_of_windows():
    sums = window_sums(np.array([1.0, 2.0, 4.0]), 2)
    assert np.array_equal(sums, [[1, 2, 4], [3, 6, np.nan]], equal_nan=True)
