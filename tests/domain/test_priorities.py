# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain.priorities import fix_list, within
from streetsafe_plugin.domain.taxonomy import REASON_CODES

#: On a grid of 10 m many distances and counts are equal, so that ties are decided.
PLACES = st.lists(
    st.tuples(st.integers(0, 25), st.integers(0, 25), st.sets(st.sampled_from(range(3)))),
    max_size=60,
)


def reports(places):
    xy = np.array([(10.0 * x, 10.0 * y) for x, y, _ in places]).reshape(-1, 2)
    ticks = {
        REASON_CODES[number]: np.array([number in ticked for _, _, ticked in places], dtype=bool)
        for number in range(3)
    }
    return xy, ticks


def by_hand(xy, distance, minimum):
    """Return places one after another by looking at every pair each time."""
    left, found = set(range(len(xy))), []
    while True:
        around = {
            middle: [one for one in left if np.hypot(*(xy[one] - xy[middle])) <= distance]
            for middle in left
        }
        best = min(left, key=lambda one: (-len(around[one]), *xy[one]), default=None)
        if best is None or len(around[best]) < minimum:
            return found
        found.append((tuple(xy[best]), frozenset(around[best])))
        left -= set(around[best])


@given(PLACES, st.sampled_from([10.0, 25.0, 50.0]), st.integers(1, 4))
@settings(max_examples=60)
def test_places_are_those_found_by_looking_at_every_pair(places, distance, minimum):
    xy, ticks = reports(places)
    found = fix_list(xy, ticks, distance, minimum)
    for code, ticked in ticks.items():
        ticking = np.flatnonzero(ticked)
        expected = {
            (middle, frozenset(ticking[list(members)].tolist()))
            for middle, members in by_hand(xy[ticking], distance, minimum)
        }
        of_reason = [place for place in found.places if place.reason.code == code]
        assert {((p.x, p.y), frozenset(p.reports.tolist())) for p in of_reason} == expected


@given(PLACES, st.sampled_from([10.0, 50.0]), st.integers(1, 4))
def test_the_account_closes_and_places_are_compact_and_apart(places, distance, minimum):
    xy, ticks = reports(places)
    found = fix_list(xy, ticks, distance, minimum)
    assert found.mentions == sum(ticked.sum() for ticked in ticks.values())
    assert found.listed + found.unlisted == found.mentions
    assert found.reports_listed() <= len(xy)
    for code in ticks:
        members = [place.reports for place in found.places if place.reason.code == code]
        together = np.concatenate([[], *members])
        assert len(together) == len(np.unique(together))
    for place in found.places:
        assert len(place.reports) >= minimum
        assert ticks[place.reason.code][place.reports].all()
        assert np.hypot(*(xy[place.reports] - (place.x, place.y)).T).max() <= distance
    sizes = [len(place.reports) for place in found.places]
    assert sizes == sorted(sizes, reverse=True)


@given(PLACES, st.randoms(use_true_random=False))
def test_the_order_of_reports_changes_nothing(places, random):
    def said(rows):
        found = fix_list(*reports(rows), 30.0, 2)
        return [(p.reason.code, p.x, p.y, len(p.reports)) for p in found.places]

    shuffled = list(places)
    random.shuffle(shuffled)
    assert said(shuffled) == said(places)


def test_a_street_is_not_chained_into_one_place():
    """Reports every 40 m for 400 m, joined one to the next, would be a place 400 m long."""
    xy = np.column_stack((np.arange(0.0, 401.0, 40.0), np.zeros(11)))
    found = fix_list(xy, {"env_lighting": np.ones(11, dtype=bool)}, 50.0, 3)
    # the second from the west has a neighbour on each side, then the fifth and the eighth
    assert [(place.x, len(place.reports)) for place in found.places] == [
        (40, 3),
        (160, 3),
        (280, 3),
    ]
    assert found.unlisted == 2


def test_a_report_that_is_taken_no_longer_draws_others():
    """At 80 m there are 4 at first, as at 120 m; one of them, at 40 m, goes to the first place."""
    east = np.repeat([-50.0, -5.0, 40.0, 80.0, 120.0, 131.0], [3, 5, 1, 2, 1, 1])
    xy = np.column_stack((east, np.zeros(len(east))))
    found = fix_list(xy, {"env_lighting": np.ones(len(east), dtype=bool)}, 50.0, 3)
    assert [(place.x, len(place.reports)) for place in found.places] == [(-5, 9), (120, 4)]


def test_the_same_place_is_listed_for_each_reason_in_their_order():
    ticked = np.ones(3, dtype=bool)
    ticks = {"beh_followed": ticked, "env_lighting": ticked}
    found = fix_list(np.zeros((3, 2)), ticks, 50.0, 3)
    assert [place.reason.code for place in found.places] == ["env_lighting", "beh_followed"]
    assert (found.mentions, found.listed, found.reports_listed()) == (6, 6, 3)


def test_nothing_to_list():
    found = fix_list(np.empty((0, 2)), {"env_lighting": np.empty(0, dtype=bool)}, 50.0, 3)
    assert (found.places, found.mentions, found.reports_listed()) == ([], 0, 0)


def test_points_on_the_limit_are_within():
    xy = np.array([[0, 0], [50, 0], [30, 40], [50.001, 0]], dtype=float)
    assert within(xy[:1], xy, 50.0).tolist() == [3]


def test_100_000_reports_in_seconds():
    rng = np.random.default_rng(3)
    towns = rng.uniform(0, 60_000, (12, 2))
    xy = towns[rng.integers(0, 12, 100_000)] + rng.normal(0, 900, (100_000, 2))
    ticks = {code: rng.random(100_000) < 0.2 for code in REASON_CODES}
    began = time.perf_counter()
    found = fix_list(xy, ticks, 50.0, 3)
    assert time.perf_counter() - began < 20
    assert found.mentions == pytest.approx(240_000, rel=0.01)
