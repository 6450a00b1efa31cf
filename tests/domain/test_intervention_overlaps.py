# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures that cannot be told apart are found; those that can are left alone."""

from __future__ import annotations

import datetime

import pytest

from streetsafe_plugin.domain.intervention_overlaps import Span, overlaps, possible_span
from streetsafe_plugin.domain.parks import Intervention


def measure(kind, first="", last="", exact="day", park="p", status="live"):
    start, end = (datetime.date.fromisoformat(day) if day else None for day in (first, last))
    confidence = exact if start or end else "unknown"
    return Intervention(park, kind, None, status, start, end, confidence, None, "")


def found(*measures):
    return [(one.one, one.other, one.when) for one in overlaps(measures)]


@pytest.mark.parametrize(
    ("cctv", "lighting", "when"),
    [
        pytest.param(("2022-01-01",), ("2022-01-01",), "from 2022-01-01 on", id="same start"),
        pytest.param(("2022-01-01",), ("2022-06-01",), "from 2022-06-01 on", id="one after"),
        pytest.param(
            ("2022-01-01", "2022-03-31"),
            ("2022-03-31", "2022-09-01"),
            "from 2022-03-31 to 2022-03-31",
            id="one day",
        ),
        pytest.param(("2022-01-01", "2022-03-30"), ("2022-03-31",), None, id="one, then the other"),
        pytest.param((), ("2022-03-31",), "dates not known", id="one unknown"),
        pytest.param((), (), "dates not known", id="both unknown"),
        pytest.param(("", "2022-03-31"), ("", "2022-05-31"), "until 2022-03-31", id="ends only"),
        pytest.param(
            ("2022-05-01", "", "month"), ("", "2022-04-30"), None, id="gone before the other came"
        ),
        pytest.param(
            ("2022-01-01", "2022-05-02", "month"),
            ("2022-05-31",),
            "from 2022-05-31 to 2022-05-31",
            id="some day of the month",
        ),
        pytest.param(
            ("2022-05-31", "", "quarter"),
            ("2021-01-01", "2022-04-01"),
            "from 2022-04-01 to 2022-04-01",
            id="some day of the quarter",
        ),
    ],
)
def test_two_measures_of_a_park(cctv, lighting, when):
    pair = (measure("cctv", *cctv), measure("lighting", *lighting))
    assert found(*pair) == ([] if when is None else [(0, 1, when)])
    assert found(*reversed(pair)) == ([] if when is None else [(0, 1, when)])


def test_cameras_removed_on_an_unknown_day_may_still_have_been_there():
    removed = measure("cctv", "2022-05-01", exact="month", status="removed")
    assert found(removed, measure("lighting", "2023-01-01")) == [(0, 1, "from 2023-01-01 on")]
    known = measure("cctv", "2022-05-01", "2022-11-30", exact="month", status="removed")
    assert found(known, measure("lighting", "2023-01-01")) == []


def test_other_parks_and_the_same_measure_again_are_no_matter():
    assert found(measure("cctv"), measure("lighting", park="q")) == []
    assert found(measure("cctv"), measure("cctv")) == []
    assert found(measure("other"), measure("other")) == [(0, 1, "dates not known")]


def test_every_pair_of_three_is_named():
    assert [pair[:2] for pair in found(*map(measure, ("cctv", "lighting", "vegetation")))] == [
        (0, 1),
        (0, 2),
        (1, 2),
    ]


def test_a_december_quarter_ends_with_the_year():
    assert possible_span(measure("cctv", "2021-11-05", "2021-12-05", "quarter")) == Span(
        datetime.date(2021, 10, 1), datetime.date(2021, 12, 31)
    )
