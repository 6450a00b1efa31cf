# SPDX-License-Identifier: GPL-2.0-or-later
"""Fear against crime: classes by hand, errors by simulation, and what more data change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetsafe_plugin.domain.crime_gap import GapClass, compare
from streetsafe_plugin.domain.many_tests import Correction

BOTH, FEARED_ONLY, CRIME_ONLY = GapClass.BOTH, GapClass.FEARED_ONLY, GapClass.CRIME_ONLY
NEITHER, NOT_ENOUGH_DATA = GapClass.NEITHER, GapClass.NOT_ENOUGH_DATA
DIFFERENT = (FEARED_ONLY, CRIME_ONLY)


def compared(*places, correction=Correction.FDR):
    reports, crimes = np.array(places).T
    return compare(reports, crimes, correction)


def test_the_five_classes_by_hand():
    """100 of each in five places that hold any, so an average place has 20 of each."""
    gap = compared((40, 10), (10, 40), (44, 44), (5, 5), (1, 1), (0, 0))
    assert gap.classes == [
        FEARED_ONLY,
        CRIME_ONLY,
        BOTH,
        NEITHER,
        NOT_ENOUGH_DATA,
        NOT_ENOUGH_DATA,
    ]
    assert gap.report_share == pytest.approx([0.4, 0.1, 0.44, 0.05, 0.01, 0])
    assert gap.crime_share == pytest.approx([0.1, 0.4, 0.44, 0.05, 0.01, 0])
    assert gap.ratio[:5] == pytest.approx([4, 0.25, 1, 1, 1])
    assert np.isnan(gap.ratio[5])
    # P(X <= 10 or X >= 40) of 50 at even odds is 2.386e-05; twice that, since of four places
    # tested two have it, by Benjamini and Hochberg
    assert gap.p_value[:2] == pytest.approx([2.386e-5] * 2, rel=1e-3)
    assert gap.p_adjusted[:2] == pytest.approx([4.772e-5] * 2, rel=1e-3)
    assert np.isnan(gap.p_value[4:]).all()
    assert gap.widest().tolist() == [0, 1]


def test_an_average_place_cannot_be_told_however_much_lies_in_it():
    gap = compared((500, 500), (500, 500), (500, 500))
    assert gap.classes == [NOT_ENOUGH_DATA] * 3


def test_a_little_more_or_less_than_average_cannot_be_told():
    """Of 300 of each in three places an average one has 100; 108 of each are within chance."""
    gap = compared((108, 108), (100, 100), (92, 92))
    assert gap.p_level[0] > 0.05
    assert gap.classes == [NOT_ENOUGH_DATA] * 3


def test_a_place_that_could_not_differ_is_not_tested_and_costs_nothing():
    """At even odds five cannot reach 0.05 (2 / 32), six can (2 / 64)."""
    places = [(60, 40), (40, 60), (0, 5), (5, 0), (6, 0), (0, 6)]
    gap = compared(*places, correction=Correction.BONFERRONI)
    assert np.isnan(gap.p_adjusted).tolist() == [False, False, True, True, False, False]
    assert gap.p_adjusted[4] == pytest.approx(4 * 2 / 64)
    assert gap.classes[2:4] == [NOT_ENOUGH_DATA] * 2


def test_two_pins_are_no_finding_whatever_the_p_value():
    """Reports are 1 in 501, so two beside one crime are very unlikely; it may be one person."""
    gap = compared((2, 1), (3, 0), (15, 9999), correction=Correction.NONE)
    assert gap.p_adjusted[0] < 0.0001
    assert gap.classes[:2] == [NOT_ENOUGH_DATA, FEARED_ONLY]


@pytest.mark.parametrize(("reports", "crimes"), [(400, 400), (400, 4_000), (1_200, 300_000)])
def test_where_fear_follows_crime_a_false_class_is_rare(reports, crimes):
    """All finds are false then, so at most 5 % of maps may have any."""
    rng = np.random.default_rng(20211101)
    maps, wrong = 200, 0
    for _ in range(maps):
        shares = rng.dirichlet(np.full(80, 0.7))
        gap = compare(rng.multinomial(reports, shares), rng.multinomial(crimes, shares))
        wrong += any(found in DIFFERENT for found in gap.classes)
    assert wrong <= 0.05 * maps


FEARED, UNFEARED = np.r_[0:4], np.r_[40:44]
ALIKE_LOW, ALIKE_HIGH = np.r_[4:40], np.r_[44:60]


def truth():
    """Return the true shares of 60 places, 40 with little crime and 20 with six times as much.

    Four of the first are feared five times as much as crime would have it, four of the others a
    third as much: that is as much less as the former is more, so for all others the shares agree.
    """
    crime = np.repeat([1.0, 6.0], [40, 20])
    fear = crime.copy()
    fear[FEARED] *= 5
    fear[UNFEARED] /= 3
    return fear / 160, crime / 160


def right_classes():
    right = np.full(60, NEITHER, dtype=object)
    right[FEARED], right[UNFEARED], right[ALIKE_HIGH] = FEARED_ONLY, CRIME_ONLY, BOTH
    return right.tolist()


def test_a_synthetic_truth_is_recovered():
    """In each of 40 maps every planted place, and few others by chance."""
    fear, crime = truth()
    rng = np.random.default_rng(7)
    false_finds = finds = 0
    for _ in range(40):
        gap = compare(rng.multinomial(6_000, fear), rng.multinomial(60_000, crime))
        assert {gap.classes[place] for place in FEARED} == {FEARED_ONLY}
        assert {gap.classes[place] for place in UNFEARED} == {CRIME_ONLY}
        finds += sum(found in DIFFERENT for found in gap.classes)
        for places, right in ((ALIKE_LOW, NEITHER), (ALIKE_HIGH, BOTH)):
            others = [gap.classes[place] for place in places if gap.classes[place] is not right]
            assert all(found in DIFFERENT for found in others)
            false_finds += len(others)
    assert false_finds <= 0.05 * finds


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 500)), min_size=2, max_size=30))
def test_counting_every_report_twice_leaves_shares_and_ratios(places):
    reports, crimes = np.array(places).T
    reports[0] += 1
    once, twice = compare(reports, crimes), compare(2 * reports, crimes)
    assert twice.report_share.tolist() == once.report_share.tolist()
    assert twice.ratio.tolist() == once.ratio.tolist()


def test_counting_every_report_twice_leaves_classes_where_counts_decide():
    """Where there is so much that no class hangs on chance."""
    fear, crime = truth()
    reports = np.rint(fear * 16_000).astype(np.int64)
    crimes = np.rint(crime * 160_000).astype(np.int64)
    assert compare(reports, crimes).classes == right_classes()
    assert compare(2 * reports, crimes).classes == right_classes()


def test_twice_the_reports_leave_classes_in_expectation_and_only_tell_more():
    """Drawn from the same map: ratios stay, right classes grow, wrong ones stay under 5 %."""
    fear, crime = truth()
    right = right_classes()
    rng = np.random.default_rng(11)
    told, wrong, ratios = {}, {}, {}
    for reports in (400, 800):
        gaps = [
            compare(rng.multinomial(reports, fear), rng.multinomial(20_000, crime))
            for _ in range(60)
        ]
        found = [pair for gap in gaps for pair in zip(gap.classes, right)]
        told[reports] = np.mean([one == true for one, true in found])
        differing = [(one, true) for one, true in found if one in DIFFERENT]
        wrong[reports] = np.mean([one != true for one, true in differing])
        ratios[reports] = np.mean([gap.ratio for gap in gaps], axis=0)
    assert told[800] > told[400] > 0.5
    assert max(wrong.values()) <= 0.05
    assert ratios[800] == pytest.approx(ratios[400], rel=0.35)
    assert np.mean(ratios[800] / ratios[400]) == pytest.approx(1, abs=0.03)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), min_size=2, max_size=25),
    st.randoms(use_true_random=False),
)
def test_the_order_of_places_changes_nothing(places, random):
    places = [(1, 1), *places]
    order = list(range(len(places)))
    random.shuffle(order)
    gap, shuffled = compared(*places), compared(*(places[place] for place in order))
    assert shuffled.classes == [gap.classes[place] for place in order]


def test_without_reports_there_are_no_shares():
    with pytest.raises(ValueError, match="no shares"):
        compared((0, 3), (0, 5))
