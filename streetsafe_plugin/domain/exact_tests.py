# SPDX-License-Identifier: GPL-2.0-or-later
"""Exact tests of counts, for many places at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy
from scipy.stats import binom

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints

#: Two outcomes whose chances differ by less than this share are equally likely.
_SAME = 1 + 1e-7


def binomial_p(successes: Ints, trials: Ints, chance: float) -> Floats:
    """Return two-sided exact p values (n): how likely an outcome is that is as unlikely or more.

    What `scipy.stats.binomtest` gives one at a time. Instead of summing over all outcomes, the
    first of the other tail that is unlikely enough is found by halving, for all places together.

    Args:
        successes: Whole numbers (n) from 0 to the trials.
        trials: Whole numbers (n); where there are none, p is 1.
        chance: Of each success, between 0 and 1.
    """
    pairs, where = np.unique(
        np.column_stack((successes, trials)), axis=0, return_inverse=True
    )  # small counts occur again and again
    return np.asarray(_p_of_each(pairs[:, 0], pairs[:, 1], chance)[where.ravel()])


def least_binomial_p(trials: Ints, chance: float) -> Floats:
    """Return the smallest two-sided p value (n) that any outcome of so many trials could have.

    The most extreme outcomes are none and all; only where these are equally unlikely does one
    count the other in.
    """
    none, every = (1 - chance) ** trials, chance**trials
    alike = np.maximum(none, every) <= np.minimum(none, every) * _SAME
    least = np.where(alike, none + every, np.minimum(none, every))
    return np.asarray(np.minimum(least, 1.0))


def _p_of_each(successes: Ints, trials: Ints, chance: float) -> Floats:
    limit = _log_chance(successes, trials, chance) + np.log(_SAME)

    def unlikely(outcomes: Ints) -> Bools:
        return np.asarray(_log_chance(outcomes, trials, chance) <= limit)

    expected = trials * chance
    # upwards from the expected number outcomes grow less likely: the least that is as unlikely
    above = _first(unlikely, np.ceil(expected).astype(np.int64), trials + 1)
    # downwards likewise, counted from the expected number
    middle = np.floor(expected).astype(np.int64)
    below = middle - _first(lambda down: unlikely(middle - down), np.zeros_like(middle), middle + 1)
    low_side = successes < expected
    lower = np.where(low_side, successes, below)
    upper = np.where(low_side, above, successes)
    both_tails = binom.cdf(lower, trials, chance) + binom.sf(upper - 1, trials, chance)
    return np.where(successes == expected, 1.0, np.minimum(both_tails, 1.0))


def _log_chance(successes: Ints, trials: Ints, chance: float) -> Floats:
    """Return the logarithm of the binomial chance, minus infinity for what cannot be."""
    possible = (successes >= 0) & (successes <= trials)
    count = np.clip(successes, 0, trials)
    ways = gammaln(trials + 1) - gammaln(count + 1) - gammaln(trials - count + 1)
    log_chance = ways + xlogy(count, chance) + xlog1py(trials - count, -chance)
    return np.where(possible, log_chance, -np.inf)


def _first(holds: Callable[[Ints], Bools], low: Ints, high: Ints) -> Ints:
    """Return the least number from `low` on for which something holds, `high` if for none.

    Once it holds it must hold for all greater numbers.
    """
    while (low < high).any():
        middle = (low + high) // 2
        found = holds(middle)
        seeking = low < high
        low = np.where(seeking & ~found, middle + 1, low)
        high = np.where(seeking & found, middle, high)
    return low
