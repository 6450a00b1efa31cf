# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts by month, weekday, hour and light add up, whatever is known of the reports."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetsafe_plugin.domain.clocks import british_clock, read_clock
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.moments import Known, read_moments
from streetsafe_plugin.domain.sun import altitude, light_of
from streetsafe_plugin.domain.time_profile import (
    HOURS,
    LIGHT,
    MONTHS,
    WEEKDAYS,
    light_shares,
    profile,
)

LEICESTER = (-1.13, 52.63)
EVEN = np.full(3, 1 / 3)


def moments(*texts):
    return np.array(texts, dtype="datetime64[s]")


def profile_of(values, stated=None):
    dated = read_moments(values, stated=stated)
    local = dated.moments[dated.known == Known.TIME]
    timed = read_clock(local, british_clock(local))
    lon, lat = (np.array([one]) for one in LEICESTER)
    return profile(dated, timed, light_of(altitude(timed.utc, lon, lat)), EVEN)


def counts(found, dimension):
    return {part.value: part.reports for part in found.parts[dimension] if part.reports}


REPORTS = st.lists(
    st.tuples(
        st.datetimes(datetime(2021, 9, 2), datetime(2023, 9, 1)),
        st.sampled_from(["time", "date", "month", "none"]),
    ),
    max_size=60,
)


@given(REPORTS, st.randoms(use_true_random=False))
def test_counts_add_up_and_do_not_depend_on_the_order(reports, random):
    shuffled = list(reports)
    random.shuffle(shuffled)
    found, again = (
        profile_of([moment for moment, _ in some], [word for _, word in some])
        for some in (reports, shuffled)
    )
    assert found.with_time + found.with_date + found.month_only + found.undated == len(reports)
    assert found.base(HOURS) == found.base(LIGHT) == found.with_time
    assert found.base(WEEKDAYS) == found.with_time + found.with_date
    assert found.base(MONTHS) == len(reports) - found.undated
    for parts in found.parts.values():
        assert sum(part.share_of_time for part in parts) == pytest.approx(1)
    assert found.parts == again.parts


def test_days_covered_by_hand():
    # Thursday 24 February to Friday 4 March 2022: 5 days of February, 4 of March
    found = profile_of(moments("2022-02-24T10:00:00", "2022-03-04T11:00:00", "2022-03-04T23:00:00"))
    assert [(p.value, p.reports, p.days) for p in found.parts[MONTHS]] == [
        ("2022-02", 1, 5), ("2022-03", 2, 4),
    ]  # fmt: skip
    assert [p.share_of_time for p in found.parts[MONTHS]] == pytest.approx([5 / 9, 4 / 9])
    assert [p.days for p in found.parts[WEEKDAYS]] == [1, 1, 1, 2, 2, 1, 1]
    assert counts(found, WEEKDAYS) == {"Thursday": 1, "Friday": 2}
    assert counts(found, HOURS) == {"10": 1, "11": 1, "23": 1}


def test_a_month_covers_all_of_its_days():
    found = profile_of(["2022-02", "2022-04"])
    assert [(p.value, p.reports, p.days) for p in found.parts[MONTHS]] == [
        ("2022-02", 1, 28), ("2022-03", 0, 31), ("2022-04", 1, 30),
    ]  # fmt: skip
    assert list(found.parts) == [MONTHS]


def test_a_month_that_the_layer_lacks_is_no_time():
    found = profile_of(["2022-02"] * 40 + ["2022-04"] * 40)
    assert [part.days for part in found.parts[MONTHS]] == [28, 0, 30]
    assert found.missing() == ["2022-03"]


def test_shares_only_of_fifty_and_more():
    few, enough = (profile_of(["2022-02-01"] * number) for number in (49, 50))
    assert [part.share for part in few.parts[WEEKDAYS]] == [None] * 7
    assert [part.share for part in enough.parts[WEEKDAYS]] == [0, 1, 0, 0, 0, 0, 0]


def test_hours_by_weekdays_where_there_are_five_to_a_cell():
    every = np.datetime64("2022-05-02T00:30:00") + np.arange(5 * 168) * np.timedelta64(1, "h")
    found = profile_of(every.astype("datetime64[s]"))
    assert found.hour_by_weekday.tolist() == [[5] * 7] * 24
    assert profile_of(every[1:].astype("datetime64[s]")).hour_by_weekday is None


def test_the_skipped_hour_counts_as_the_one_that_the_clocks_showed():
    assert counts(profile_of(moments("2022-03-27T01:30:00")), HOURS) == {"02": 1}


@pytest.mark.parametrize(
    ("day", "lat", "daylight"),
    [
        # on the equator the sun is up for 12 hours and 7 minutes of any day
        ("2022-03-20T12:00:00", 0.0, 727 / 1440),
        ("2022-06-21T12:00:00", 80.0, 1.0),
        ("2022-12-21T12:00:00", 80.0, 0.0),
        # Greenwich: NOAA's sunrise 03:43 and sunset 20:21
        ("2024-06-20T12:00:00", 51.4779, 998 / 1440),
    ],
)
def test_the_time_that_was_light(day, lat, daylight):
    local = moments(day)
    shares = light_shares(read_clock(local, british_clock(local)), 0.0, lat)
    # every ten minutes, so sunrise and sunset are met to within five
    assert shares[0] == pytest.approx(daylight, abs=10 / 1440)
    assert shares.sum() == pytest.approx(1)


def test_years_beyond_four_are_thinned_without_changing_the_shares():
    short, long = (
        light_shares(read_clock(local, british_clock(local)), *LEICESTER)
        for local in (
            moments("2018-01-01T12:00:00", "2021-12-31T12:00:00"),
            moments("2010-01-01T12:00:00", "2021-12-31T12:00:00"),
        )
    )
    assert long == pytest.approx(short, abs=0.001)


def test_a_light_that_is_not_known_is_missing_from_the_light_only():
    dated = read_moments(moments("2022-05-01T12:00:00", "2022-05-02T12:00:00"))
    timed = read_clock(dated.moments, british_clock(dated.moments))
    found = profile(dated, timed, np.array([0, -1]), EVEN)
    assert (found.base(LIGHT), found.base(HOURS)) == (1, 2)


def test_a_lost_report_is_noticed():
    dated = read_moments(moments("2022-05-01T12:00:00", "2022-05-02T12:00:00"))
    one = dated.moments[:1]
    with pytest.raises(DoesNotAddUp, match="2 reports are to be counted by hour, but 1 are"):
        profile(dated, read_clock(one, british_clock(one)), np.array([0]), EVEN)
