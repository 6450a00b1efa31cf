# SPDX-License-Identifier: GPL-2.0-or-later
"""The displacement figures against published ones, and a verdict that is not too easily given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from streetsafe_plugin.domain.evaluation import (
    Doubt,
    Groups,
    Verdict,
    detectable_fall,
    difference,
    doubt,
    four_areas,
    ratios,
    verdict,
    verdicts,
)

#: MOPPIN' up Dodge, Lancashire, 2008 Goldstein finalist (popcenter.org/tools/displacement/12).
LANCASHIRE = {"treated": (207, 110), "control": (308, 318), "ring": (178, 157)}


def test_the_lancashire_ratios():
    found = ratios(**LANCASHIRE)
    assert found.gross_effect == 97
    assert found.net_effect == pytest.approx(0.326, abs=0.0005)
    assert found.total_net_effect == pytest.approx(130.5, abs=0.05)
    # The page prints .411, which its own inputs do not give: (157/318 - 178/308) over
    # (110/318 - 207/308) is -0.08421 over -0.32617.
    assert found.wdq == pytest.approx(0.2582, abs=0.0001)


def test_the_published_wdd():
    # ptools, unit test “Est & Variance Paper”: -118, SE of the root of 1568, Z -2.98
    groups = four_areas([(207, 110), (308, 318), (178, 157), (150, 140)])
    found = difference(groups)
    assert found.value == -118
    assert found.se == pytest.approx(1568**0.5)
    assert found.z == pytest.approx(-2.98, abs=0.005)
    assert (round(found.low), round(found.high)) == (-196, -40)
    assert verdict(groups) is Verdict.FALL


def test_the_published_wdd_with_unequal_periods():
    # andrewpwheeler.com, 9 January 2021: two years before, one after; variance 20+80/4+50+100/4
    groups = four_areas([(80, 20), (100, 50), (0, 0), (0, 0)], times=(2, 1))
    found = difference(groups)
    assert found.value == pytest.approx(-20)
    assert found.se == pytest.approx(115**0.5)
    assert (round(found.low), round(found.high)) == (-41, 1)
    assert verdict(groups) is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ([(20, 10), (20, 20), (0, 0), (0, 0)], -10),
        ([(20, 10), (20, 20), (20, 10), (20, 20)], -20),
    ],
)
def test_trivial_differences(counts, value):
    assert difference(four_areas(counts)).value == value


def test_rates_by_area():
    # by hand: treated 10 to 20 on 2 km², control 40 to 60 on 10 km²: 5 - 2 a km²
    groups = four_areas([(10, 20), (40, 60), (0, 0), (0, 0)], areas=(2, 10, 1, 1))
    assert difference(groups).value == pytest.approx(3)
    assert difference(groups).se == pytest.approx((30 / 4 + 100 / 100) ** 0.5)


def test_no_report_at_all_is_no_crash():
    groups = four_areas([(0, 0)] * 4)
    found = difference(groups)
    assert (found.value, found.se, found.z) == (0, 0, None)
    assert verdict(groups) is Verdict.CANNOT_TELL
    assert detectable_fall(groups) is None


@pytest.mark.parametrize(
    ("treated", "control", "ring", "why"),
    [
        ((9, 3), (0, 5), (4, 4), "no control before"),
        ((9, 3), (5, 0), (4, 4), "no control after"),
        ((9, 9), (5, 5), (4, 9), "nothing fell"),
        ((3, 9), (5, 5), (4, 1), "it rose"),
        ((9, 3), (5, 5), (0, 0), "no report to be displaced"),
        ((0, 0), (0, 0), (0, 0), "nothing at all"),
    ],
)
def test_the_quotient_is_withheld_where_it_misleads(treated, control, ring, why):
    assert ratios(treated, control, ring).wdq is None, why


def test_ratios_stand_any_zero():
    for zero in range(6):
        counts = [8.0, 4.0, 9.0, 9.0, 5.0, 4.0]
        counts[zero] = 0
        ratios(counts[:2], counts[2:4], counts[4:])


def two_groups(treated, control, length, scale):
    """Return every outcome of reports that may come in either period, and how likely each is.

    The period before is `length` times as long as the one after; the control area's reports are
    scaled by `scale`.
    """
    later = 1 / (1 + length)
    after_treated, after_control = np.arange(treated + 1), np.arange(control + 1)
    chance = np.outer(
        binom.pmf(after_treated, treated, later), binom.pmf(after_control, control, later)
    )
    after = np.stack(np.meshgrid(after_treated, after_control, indexing="ij"), axis=-1).astype(
        float
    )
    groups = Groups(
        np.array([1.0, -1.0]),
        np.array([treated, control], dtype=float) - after,
        after,
        np.array([1.0, scale]),
        np.array([length, scale * length]),
        np.array([True, False]),
    )
    return groups, chance


@pytest.mark.parametrize("length", [0.1, 0.25, 0.5, 1, 2, 4, 10])
@pytest.mark.parametrize("scale", [0.02, 0.1, 0.5, 1, 2, 5])
def test_without_a_change_one_is_found_in_at_most_5_percent_of_all_outcomes(length, scale):
    numbers = [*range(21), 25, 28, 33, 50, 75, 100, 150, 200]
    for treated in numbers:
        for control in numbers:
            groups, chance = two_groups(treated, control, length, scale)
            assert chance[verdicts(groups) != 0].sum() <= 0.05, (treated, control)


@pytest.mark.parametrize("mean", [0, 0.5, 1, 2, 3, 5, 8, 12, 20, 35, 50])
def test_without_a_change_one_is_found_in_at_most_5_percent_of_2000_runs(mean):
    rng = np.random.default_rng(18)
    counts = rng.poisson(mean, (2, 2000, 4)).astype(float)
    weights = np.ones(4)
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    groups = Groups(signs, counts[0], counts[1], weights, weights, signs > 0)
    assert (verdicts(groups) != 0).mean() <= 0.05


@pytest.mark.parametrize("trend", [0.4, 0.8, 1.28, 2])
@pytest.mark.parametrize("density", [0.3, 1, 4])
def test_a_trend_in_proportion_is_called_a_change_in_at_most_5_percent(trend, density):
    """Park, ring and a control area of another density, all of which change by one factor."""
    rng = np.random.default_rng(28)
    for mean in (0.5, 2, 5, 12, 30, 100):
        rates = np.array([mean, 2 * mean, 3 * mean * density])
        groups = Groups(
            np.array([1.0, 1.0, -1.0]),
            rng.poisson(rates, (2000, 3)).astype(float),
            rng.poisson(rates * trend, (2000, 3)).astype(float),
            np.ones(3),
            np.ones(3),
            np.array([True, False, False]),
        )
        # a rate of 5 % is exceeded by so much once in a hundred tries of 2,000
        assert (verdicts(groups) != 0).mean() <= 0.0615, mean


def test_what_stands_against_a_difference_is_named():
    few = four_areas([(5, 0), (0, 0), (0, 0), (0, 0)])
    plain = four_areas([(207, 110), (308, 318), (178, 157), (150, 140)])
    doubled = four_areas([(100, 200), (190, 380), (0, 0), (0, 0)])
    assert doubt(few) is Doubt.FEW_REPORTS
    assert doubt(plain) is Doubt.NONE
    assert doubt(replace(plain, dispersion=4.0)) is Doubt.CLUSTERS
    assert doubt(doubled) is Doubt.PROPORTION


@pytest.mark.parametrize(
    ("before", "times", "areas"),
    [
        ((60, 20, 20, 10), (1, 1), (1, 1, 1, 1)),
        ((70, 200, 20, 0), (2, 1), (1, 9, 1, 1)),
        ((30, 6, 0, 0), (1, 1), (1, 1, 1, 1)),
        ((300, 500, 200, 100), (1, 2), (2, 3, 1, 1)),
    ],
)
def test_the_stated_fall_is_found_four_times_out_of_five(before, times, areas):
    groups = four_areas([(count, 0) for count in before], times, areas)
    share = detectable_fall(groups)
    assert share is not None
    rng = np.random.default_rng(5)
    expected = np.array(before) * times[1] / times[0]
    expected[0] *= 1 - share
    drawn = Groups(
        groups.sign,
        rng.poisson(before, (2000, 4)).astype(float),
        rng.poisson(expected, (2000, 4)).astype(float),
        groups.weight_before,
        groups.weight_after,
        groups.treated,
    )
    assert (verdicts(drawn) == -1).mean() == pytest.approx(0.8, abs=0.03)


def test_a_park_with_three_reports_cannot_show_a_fall():
    # 6 to 3 in the park, 40 to 45 in the control area: WDD -8, SE 9.7, Z -0.83 (worked by hand)
    groups = four_areas([(6, 3), (40, 45), (0, 0), (0, 0)])
    found = difference(groups)
    assert (found.value, round(found.se, 1), round(found.z, 2)) == (-8, 9.7, -0.83)
    assert verdict(groups) is Verdict.CANNOT_TELL
    assert detectable_fall(groups) is None


counts = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=4, max_size=4)


@given(counts, st.floats(0.1, 10), st.floats(0.1, 10))
def test_units_change_neither_z_nor_verdict(table, time, area):
    plain = four_areas(table)
    other = four_areas(table, (time, time), [area] * 4)
    assert verdict(plain) is verdict(other)
    if difference(plain).z is not None:
        assert difference(other).z == pytest.approx(difference(plain).z, abs=1e-9)


@given(counts)
def test_before_and_after_exchanged_turn_the_sign(table):
    groups = four_areas(table)
    turned = four_areas([(after, before) for before, after in table])
    assert difference(turned).value == -difference(groups).value
    assert verdicts(turned) == -verdicts(groups)


@given(counts)
def test_a_verdict_never_contradicts_the_interval(table):
    groups = four_areas(table)
    found = difference(groups)
    if verdict(groups) is Verdict.FALL:
        assert found.high < 0
    if verdict(groups) is Verdict.RISE:
        assert found.low > 0
