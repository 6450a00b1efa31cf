# SPDX-License-Identifier: GPL-2.0-or-later
"""The linear programme solved piece by piece, held against the same programme solved as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from streetsafe_plugin.domain.disclosure import programme
from streetsafe_plugin.domain.disclosure.programme import Goals, Programme

SEEDS = st.integers(0, 2**32 - 1)
CEILING = 12.0


@pytest.fixture(autouse=True, scope="module")
def small_pieces():
    """Begin with two unknowns and add one at a time, so that pieces matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programme, "_FIRST", 2)
        patch.setattr(programme, "_MORE", 1)
        yield


class Case:
    """A programme in which `truth` is a way, some sums exact and some within bounds."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        unknowns, sums = int(rng.integers(3, 15)), int(rng.integers(1, 10))
        self.truth = rng.integers(0, 8, unknowns).astype(float)
        self.sums = rng.random((sums, unknowns)) < 0.5
        values = self.sums @ self.truth
        spread = rng.integers(0, 4, sums)
        self.low = np.where(rng.random(sums) < 0.2, -np.inf, values - spread)
        self.high = np.where(rng.random(sums) < 0.2, np.inf, values + spread)
        self.ceiling = np.full(unknowns, CEILING)
        self.aim = rng.integers(-1, 2, unknowns).astype(float)
        self.price = rng.choice([1.0, 3.0, np.inf], sums)
        self.programme = Programme(
            sparse.csr_matrix(self.sums.astype(float)), self.low, self.high, self.ceiling
        )

    def goals(self, low: float, high: float, price: float) -> Goals:
        return Goals(
            sparse.csr_matrix(self.aim), np.array([low]), np.array([high]), np.array([price])
        )

    def lowest(self) -> float:
        """Return the lowest value of `aim`, from the whole programme at once."""
        return self._whole(self.aim, np.zeros((0, 0)), None)

    def cheapest(self, target: float, price: float) -> float:
        """Return the lowest price at which `aim` reaches a target, from the whole at once."""
        return self._whole(np.zeros(len(self.truth)), np.append(self.price, price), target)

    def _whole(self, cost, price, target) -> float:
        sums, low, high = self.sums.astype(float), self.low, self.high
        if target is not None:
            sums = np.vstack((sums, self.aim))
            low, high = np.append(low, target), np.append(high, np.inf)
        count = len(sums)
        slack = np.eye(count) if target is not None else np.zeros((count, 0))
        above, below = np.isfinite(high), np.isfinite(low)
        table = np.vstack(
            (
                np.hstack((sums, -slack, 0 * slack))[above],
                np.hstack((-sums, 0 * slack, -slack))[below],
            )
        )
        limits = np.append(high[above], -low[below])
        prices = np.where(np.isfinite(price), price, 0.0).ravel() if target is not None else []
        most = np.where(np.isfinite(price), np.inf, 0.0).ravel() if target is not None else []
        found = linprog(
            np.concatenate((cost, prices, prices)),
            A_ub=table if len(table) else None,
            b_ub=limits if len(table) else None,
            bounds=[(0, CEILING)] * len(cost) + [(0, one) for one in [*most, *most]],
            method="highs",
        )
        assert found.success
        return float(found.fun)


@given(SEEDS)
def test_the_lowest_value_is_that_of_the_whole_programme(seed):
    case = Case(seed)
    answer = case.programme.best(case.goals(-np.inf, -1e4, 1.0), case.truth)
    assert case.aim @ answer.way == pytest.approx(case.lowest(), abs=1e-5)
    assert keeps_to(case, answer.way)
    assert not answer.broken.any()


@given(SEEDS, st.integers(0, 20))
def test_the_lowest_price_is_that_of_the_whole_programme(seed, beyond):
    case = Case(seed)
    target = case.aim @ case.truth + beyond
    answer = case.programme.best(case.goals(target, np.inf, 1e3), case.truth, case.price)
    assert answer.cost == pytest.approx(case.cheapest(target, 1e3), abs=1e-4)
    assert keeps_to(case, answer.way, but=answer.broken)
    assert np.isfinite(case.price[answer.broken]).all()
    assert answer.missed[0] == (case.aim @ answer.way < target - 1e-5)


@given(SEEDS)
def test_a_way_that_breaks_sums_is_mended(seed):
    case = Case(seed)
    wrong = np.random.default_rng(seed).uniform(0, CEILING, len(case.truth))
    way = case.programme.mended(wrong)
    assert way is not None
    assert keeps_to(case, way)


def test_what_contradicts_itself_cannot_be_mended():
    sums = sparse.csr_matrix([[1.0, 1.0], [1.0, 1.0]])
    both = Programme(sums, np.array([3.0, 5.0]), np.array([3.0, 5.0]), np.full(2, CEILING))
    assert both.mended(np.array([1.0, 2.0])) is None
    nothing = Programme(sparse.csr_matrix([[0.0, 0.0]]), *np.full((2, 1), 3.0), np.full(2, CEILING))
    assert nothing.mended(np.array([1.0, 2.0])) is None


def test_only_what_is_free_moves():
    """Of three that are 6 together the first shall be 5: one more has to make room."""
    one = Programme(
        sparse.csr_matrix([[1.0, 1.0, 1.0]]), *np.full((2, 1), 6.0), np.full(3, CEILING)
    )
    goal = Goals(sparse.csr_matrix([[1.0, 0.0, 0.0]]), np.array([5.0]), np.array([9.0]), np.ones(1))
    truth = np.full(3, 2.0)
    assert one.nearby(goal, truth, np.array([0])).way.tolist() == [2.0, 2.0, 2.0]
    assert one.nearby(goal, truth, np.array([0, 2])).way.tolist() == [4.0, 2.0, 0.0]
    assert one.best(goal, truth).way.tolist() == pytest.approx([5.0, 1.0, 0.0], abs=1.0)


def keeps_to(case: Case, way, but=None) -> bool:
    """Tell whether a way is one: no sum is out of its range, but for those that may be."""
    sums = case.sums @ way
    fine = (sums >= case.low - 1e-5) & (sums <= case.high + 1e-5)
    if but is not None:
        fine |= but
    return bool(fine.all() and (way >= -1e-6).all() and (way <= CEILING + 1e-6).all())
