# SPDX-License-Identifier: GPL-2.0-or-later
"""Time zones by name, beside published changes and our own rule for Britain."""

from __future__ import annotations

import numpy as np
import pytest

from streetsafe_plugin.domain.clocks import read_clock
from streetsafe_plugin.gis.time_zones import clock_of, why_no_zone


def utc_of(zone: str, *texts: str) -> list[str]:
    local = np.array(texts, dtype="datetime64[s]")
    return [str(one) for one in read_clock(local, clock_of(zone, local)).utc]


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        # Paris is an hour ahead of London all year; New York went to summer time on 13 March 2022
        ("Europe/Paris", "2022-01-10T12:00:00", "2022-01-10T11:00:00"),
        ("Europe/Paris", "2022-07-10T12:00:00", "2022-07-10T10:00:00"),
        ("America/New_York", "2022-03-13T01:59:00", "2022-03-13T06:59:00"),
        ("America/New_York", "2022-03-13T03:00:00", "2022-03-13T07:00:00"),
        ("Asia/Kolkata", "2022-07-10T12:00:00", "2022-07-10T06:30:00"),
        ("UTC", "2022-07-10T12:00:00", "2022-07-10T12:00:00"),
    ],
)
def test_local_times_elsewhere(zone: str, local: str, utc: str) -> None:
    assert utc_of(zone, local) == [utc]


def test_qt_and_our_own_rule_agree_on_britain() -> None:
    hours = np.datetime64("2021-09-02T00:20:00", "s") + np.arange(24 * 800) * np.timedelta64(1, "h")
    # Guernsey keeps British time under a name of its own, which is asked of Qt
    ours, qt = (
        read_clock(hours, clock_of(zone, hours)) for zone in ("Europe/London", "Europe/Guernsey")
    )
    assert (ours.utc == qt.utc).all()
    assert ours.skipped.sum() == qt.skipped.sum() == 2
    assert ours.repeated.sum() == qt.repeated.sum() == 3
    assert (ours.local == qt.local).all()


def test_a_name_that_is_none_comes_with_one_that_is() -> None:
    assert why_no_zone("Europe/London") == why_no_zone("Europe/Paris") == ""
    assert why_no_zone("europe/pariss").endswith("Write it as Europe/Paris.")
    assert why_no_zone("half past nine") == (
        "“half past nine” is not a time zone. Write it as Europe/London."
    )
    assert why_no_zone("../../etc/passwd")
