# SPDX-License-Identifier: GPL-2.0-or-later
"""Days of publicity: planted ones are found, ordinary months hold none."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from streetsafe_plugin.domain.periods import Calendar
from streetsafe_plugin.domain.surges import find_surges

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
