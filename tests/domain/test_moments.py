# SPDX-License-Identifier: GPL-2.0-or-later
"""How exactly it is known when a report was sent."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest

from streetsafe_plugin.domain.moments import Known, false_midnights, read_moments

NOON = datetime(2022, 3, 5, 12, 0)


@pytest.mark.parametrize(
    ("value", "known", "moment"),
    [
        (NOON, Known.TIME, "2022-03-05T12:00:00"),
        (date(2022, 3, 5), Known.DAY, "2022-03-05T00:00:00"),
        ("2022-03-05 21:30", Known.TIME, "2022-03-05T21:30:00"),
        ("2022-03-05", Known.DAY, "2022-03-05T00:00:00"),
        ("2022-03", Known.MONTH, "2022-03-01T00:00:00"),
        ("2022-07-05T20:30:00Z", Known.TIME, "2022-07-05T21:30:00"),
        ("soon", Known.NOTHING, None),
        (None, Known.NOTHING, None),
        (7, Known.NOTHING, None),
    ],
)
def test_a_value_tells_how_exact_it_is(value, known, moment):
    found = read_moments([value, NOON])
    assert found.known.tolist() == [known, Known.TIME]
    assert str(found.moments[0]) == str(np.datetime64(moment or "NaT", "s"))


def test_what_is_stated_can_only_make_it_less_exact():
    values = [NOON, NOON, NOON, NOON, NOON, date(2022, 3, 5)]
    stated = ["time", "date", "month", "none", None, "time"]
    assert read_moments(values, stated=stated).known.tolist() == [3, 2, 1, 0, 3, 2]
    assert read_moments(values, Known.MONTH).known.tolist() == [1] * 6


def times(*clocks):
    return np.array([f"2022-03-05T{clock}" for clock in clocks], dtype="datetime64[s]")


def doubted(moments):
    return int(false_midnights(moments, np.ones(len(moments), dtype=bool)).sum())


def test_midnight_is_doubted_where_it_is_struck_far_more_often_than_any_other_hour():
    ordinary = [f"{hour:02d}:{minute}:00" for hour in range(24) for minute in (11, 47)]
    # of a Poisson count of 1, 6 or more come once in 1,700 and 5 or more once in 270
    assert doubted(times(*ordinary, *["00:00:00"] * 6)) == 6
    assert doubted(times(*ordinary, *["00:00:00"] * 5)) == 0
    # rounded to the hour, midnight is an hour as any other
    assert doubted(times(*[f"{hour:02d}:00:00" for hour in range(24)] * 8)) == 0
    assert doubted(times(*["00:00:00"] * 2)) == 2
    assert doubted(times()) == 0


def test_false_midnights_keep_their_day():
    found = read_moments(times(*["00:00:00"] * 8, "13:05:00"))
    assert found.at_midnight == 8
    assert found.known.tolist() == [Known.DAY] * 8 + [Known.TIME]
