# SPDX-License-Identifier: GPL-2.0-or-later
"""Counting by park and ring: small tables added up by hand."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.park_counts import (
    Accounting,
    account,
    count_rings,
    cuts_a_month,
    keep_in_window,
    read_ticks,
    summarise,
)
from streetsafe_plugin.domain.rings import Overlap, assign
from streetsafe_plugin.domain.taxonomy import REASON_CODES

PARKS = [box(0, 0, 100, 100), box(250, 0, 350, 100), box(5000, 0, 5100, 100)]
IDS = ["brook", "castle", "dale"]
LIMITS = (50.0, 200.0)
# two in the first park, one in its first ring, one halfway to another of the same size (the first
# park's second ring, since brook comes before castle), one in the second park's first ring, one
# nowhere
XY = np.array([(10, 10), (20, 20), (120, 50), (175, 50), (240, 50), (2000, 0)], dtype=float)


def ticks(**rows):
    """Return all reasons for six reports, those named ticked as given."""
    none = np.zeros(len(XY), dtype=bool)
    return {
        code: np.array(rows[code], dtype=bool) if code in rows else none for code in REASON_CODES
    }


def counts_of(some_ticks, overlap=Overlap.NEAREST):
    belonging = assign(XY, PARKS, LIMITS, overlap, ids=IDS)
    return belonging, count_rings(belonging, len(PARKS), len(LIMITS) + 1, some_ticks)


def test_reports_and_mentions_are_counted_apart():
    # the first report ticks two reasons, the second none, the third and the fifth one
    _, counts = counts_of(ticks(env_lighting=[1, 0, 1, 0, 0, 0], beh_followed=[1, 0, 0, 0, 1, 1]))
    assert counts.reports.tolist() == [[2, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert counts.mentions is not None
    assert counts.mentions.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert counts.reasons["env_lighting"].tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert counts.reasons["env_drugs_alcohol"].sum() == 0


def test_without_reason_fields_mentions_are_unknown_not_0():
    _, counts = counts_of({})
    assert counts.reasons == {}
    assert counts.mentions is None
    assert summarise(counts, 6)[0].top_reason is None


def test_with_some_reason_fields_the_sum_is_unknown():
    _, counts = counts_of({"env_lighting": np.ones(6, dtype=bool)})
    assert counts.mentions is None
    assert counts.reasons["env_lighting"].tolist() == counts.reports.tolist()


def test_summary_by_hand():
    belonging, counts = counts_of(
        ticks(env_lighting=[1, 0, 1, 0, 0, 0], beh_followed=[1, 0, 0, 0, 1, 1])
    )
    first, second, third = summarise(counts, belonging.count)
    assert (first.inside, first.within, first.rank) == (2, (3, 4), 1)
    assert first.top_reason == "env_lighting"
    assert first.share == pytest.approx(4 / 6)
    assert (second.inside, second.within, second.rank) == (0, (1, 1), 2)
    assert second.top_reason == "beh_followed"
    assert (third.inside, third.within, third.rank) == (0, (0, 0), 3)
    assert third.top_reason is None
    assert third.share == 0


def test_level_reasons_are_all_named_in_order():
    _, counts = counts_of(ticks(beh_followed=[1, 0, 0, 0, 0, 0], env_no_cctv=[0, 1, 0, 0, 0, 0]))
    assert summarise(counts, 6)[0].top_reason == "env_no_cctv;beh_followed"


def test_equal_numbers_share_a_rank():
    belonging = assign(np.array([(10.0, 10.0), (300.0, 50.0)]), PARKS, LIMITS)
    counts = count_rings(belonging, 3, 3, {})
    assert [park.rank for park in summarise(counts, 2)] == [1, 1, 3]


def test_no_reports_make_no_share():
    belonging = assign(np.empty((0, 2)), PARKS, LIMITS)
    counts = count_rings(belonging, 3, 3, {})
    assert counts.reports.tolist() == [[0, 0, 0]] * 3
    assert [park.share for park in summarise(counts, 0)] == [None] * 3


def test_densities_are_per_square_kilometre_and_unknown_without_area():
    _, counts = counts_of({})
    areas = [[10_000.0, 500_000.0, 1e6], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    densities = counts.reports_per_km2(areas)
    assert densities[0] == [200.0, 2.0, 1.0]  # 2 on a hectare are 200 on a square kilometre
    assert densities[1][0] is None


def test_the_accounting_line_by_hand():
    belonging, counts = counts_of({})
    line = account(9, belonging, counts, {"no date": 3, "outside Area": 0}, once=True)
    assert line == Accounting(9, 2, 3, 1, {"no date": 3})


def test_a_line_that_does_not_close_is_refused():
    belonging, counts = counts_of({})
    with pytest.raises(DoesNotAddUp, match="10 reports came in, but 9"):
        account(10, belonging, counts, {"no date": 3}, once=True)


def test_rings_that_lost_a_report_are_refused():
    belonging, counts = counts_of({})
    counts.reports[0, 0] -= 1
    with pytest.raises(
        DoesNotAddUp, match="5 reports lie in parks and rings, but the rings hold 4"
    ):
        account(6, belonging, counts, {}, once=True)


coordinates = st.integers(-30, 60).map(lambda step: 10.0 * step)


@given(
    points=st.lists(st.tuples(coordinates, coordinates), max_size=60),
    left_out=st.integers(0, 5),
    overlap=st.sampled_from(Overlap),
)
@settings(max_examples=60, deadline=None)
def test_the_line_always_closes(points, left_out, overlap):
    xy = np.array(points).reshape(-1, 2)
    belonging = assign(xy, PARKS, LIMITS, overlap)
    counts = count_rings(belonging, len(PARKS), 3, {})
    total = len(points) + left_out
    once = overlap is Overlap.NEAREST
    line = account(total, belonging, counts, {"no date": left_out}, once)
    assert line.inside + line.in_rings + line.outside + line.excluded_sum() == total
    published = int(counts.reports.sum())
    assert published == len(belonging.reports)
    if once:
        assert published == line.inside + line.in_rings


def test_a_window_includes_both_its_days():
    day = datetime.date
    dates = [
        day(2022, 3, 1),
        datetime.datetime(2022, 3, 31, 23, 59),
        day(2022, 4, 1),
        None,
        "2022-03-15T08:00",
        "soon",
    ]
    kept, undated = keep_in_window(dates, day(2022, 3, 1), day(2022, 3, 31))
    assert kept.tolist() == [True, True, False, False, True, False]
    assert undated.tolist() == [False, False, False, True, False, True]
    assert keep_in_window(dates, None, day(2022, 3, 1))[0].tolist()[0]
    assert keep_in_window(dates, day(2022, 4, 1), None)[0].sum() == 1


@pytest.mark.parametrize(
    ("first", "last", "cuts"),
    [
        (None, None, False),
        ("2022-03-01", "2022-03-31", False),
        ("2022-03-02", None, True),
        (None, "2022-02-28", False),
        (None, "2024-02-28", True),
        (None, "9999-12-31", False),
    ],
)
def test_months_cut_by_a_window(first, last, cuts):
    def day(text):
        return text and datetime.date.fromisoformat(text)

    assert cuts_a_month(day(first), day(last)) is cuts


def test_ticks_are_read_from_whatever_a_layer_holds():
    values = [True, False, None, 1, 0, "1", "true", "Yes", "no", "", 1.0, 2]
    assert read_ticks(values).tolist() == [
        True, False, False, True, False, True, True, True, False, False, True, False,
    ]  # fmt: skip
