# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from streetsafe_plugin.domain.exact_tests import binomial_p, least_binomial_p

COUNTS = st.lists(
    st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=20,
)
CHANCES = st.one_of(st.floats(0.001, 0.999), st.sampled_from([0.25, 0.5, 0.75]))


@given(COUNTS, CHANCES)
def test_every_p_value_is_that_of_scipy_one_at_a_time(counts, chance):
    successes, trials = np.array(counts).T
    expected = [binomtest(k, n, chance).pvalue if n else 1.0 for k, n in counts]
    assert binomial_p(successes, trials, chance) == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_the_published_example_of_mendel():
    """Conover (1971, p. 97), as in the documentation of R's binom.test: p = 0.3825."""
    p = binomial_p(np.array([682]), np.array([682 + 243]), 0.75)
    assert p[0] == pytest.approx(0.3825, abs=5e-5)


def test_the_least_p_value_by_hand():
    """At even odds the extremes are 0 and t, both as unlikely: 2 / 2^t. At 1 in 10 it is t of t."""
    trials = np.array([0, 1, 5, 6])
    assert least_binomial_p(trials, 0.5) == pytest.approx([1, 1, 0.0625, 0.03125])
    assert least_binomial_p(trials, 0.1) == pytest.approx([1, 0.1, 1e-5, 1e-6])


@given(st.integers(1, 60), CHANCES)
def test_no_outcome_has_less_than_the_least_p_value(trials, chance):
    outcomes = np.arange(trials + 1)
    every = binomial_p(outcomes, np.full_like(outcomes, trials), chance)
    least = least_binomial_p(np.array([trials]), chance)[0]
    assert every.min() == pytest.approx(least, rel=1e-9)
