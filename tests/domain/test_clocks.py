# SPDX-License-Identifier: GPL-2.0-or-later
"""Local time to universal time, on ordinary days and when the clocks change."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetsafe_plugin.domain.clocks import Clock, british_clock, local_from_utc, read_clock


def moments(*texts):
    return np.array(texts, dtype="datetime64[s]")


def british(*texts):
    local = moments(*texts)
    return read_clock(local, british_clock(local))


@pytest.mark.parametrize(
    ("local", "utc", "shown", "skipped", "repeated"),
    [
        ("2024-01-15T12:00:00", "2024-01-15T12:00:00", None, False, False),
        ("2024-07-01T12:00:00", "2024-07-01T11:00:00", None, False, False),
        # the clocks went from 00:59:59 to 02:00:00 on 31 March 2024
        ("2024-03-31T00:59:59", "2024-03-31T00:59:59", None, False, False),
        ("2024-03-31T01:00:00", "2024-03-31T01:00:00", "2024-03-31T02:00:00", True, False),
        ("2024-03-31T01:59:59", "2024-03-31T01:59:59", "2024-03-31T02:59:59", True, False),
        ("2024-03-31T02:00:00", "2024-03-31T01:00:00", None, False, False),
        # and from 01:59:59 back to 01:00:00 on 27 October 2024
        ("2024-10-27T00:59:59", "2024-10-26T23:59:59", None, False, False),
        ("2024-10-27T01:00:00", "2024-10-27T00:00:00", None, False, True),
        ("2024-10-27T01:59:59", "2024-10-27T00:59:59", None, False, True),
        ("2024-10-27T02:00:00", "2024-10-27T02:00:00", None, False, False),
    ],
)
def test_british_time(local, utc, shown, skipped, repeated):
    found = british(local)
    assert found.utc == moments(utc)
    assert found.local == moments(shown or local)
    assert found.skipped.tolist() == [skipped]
    assert found.repeated.tolist() == [repeated]


@given(st.lists(st.datetimes(datetime(1996, 1, 1), datetime(2060, 12, 31)), max_size=20))
def test_there_and_back(some):
    utc = np.array(some, dtype="datetime64[s]")
    local = local_from_utc(utc)
    found = read_clock(local, british_clock(local))
    assert not found.skipped.any()
    assert (found.local == local).all()
    # the second time round the clocks show what they showed an hour before
    late = np.where(found.repeated, utc - found.utc, np.timedelta64(0, "s"))
    assert (found.utc + late == utc).all()
    assert set(late.astype(int).tolist()) <= {0, 3600}


def test_no_reports_need_no_clock():
    nothing = moments()
    assert not len(read_clock(nothing, british_clock(nothing)).utc)


def test_a_zone_that_never_changes():
    hours = np.array([5 * 3600 + 1800], dtype="timedelta64[s]")
    found = read_clock(moments("2022-06-01T05:30:00"), Clock(moments(), hours))
    assert found.utc == moments("2022-06-01T00:00:00")
