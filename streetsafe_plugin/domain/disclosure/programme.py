# SPDX-License-Identifier: GPL-2.0-or-later
"""The linear programme of what is known, and how near a way can come to what it shall show.

There are thousands of unknowns, thousands of sums of them that were told, and thousands of
questions. Yet a question concerns few of them, so only these are free to move at first, away from
one way how everything could be; the others stay as they are. The shadow prices of that small
programme tell which further unknowns would help, and these are let go as well, until there are
none: then the answer is that of the whole programme (delayed column generation; Bertsimas and
Tsitsiklis 1997, Introduction to Linear Optimization, section 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.progress import Tick, no_tick

#: What differs by less is the same.
TINY = 1e-6
#: A way out by less was mended, but for rounding.
_SLACK = 1e-4
#: So many unknowns are free at first, and at most so many more after each round.
_FIRST, _MORE = 600, 500
#: A gain below this, or this share of the largest shadow price, is a matter of rounding.
_NO_GAIN, _NO_SHARE = 1e-7, 1e-12


@dataclass(frozen=True)
class Goals:
    """Sums (k, n) that shall lie from `low` to `high`, and the price of each unit of missing it."""

    sums: sparse.csr_matrix
    low: Floats
    high: Floats
    price: Floats


@dataclass(frozen=True)
class Answer:
    """A way how everything could be, and at what price.

    `broken` (m) tells which known sums it breaks, and `missed` (k) which goals.
    """

    way: Floats
    cost: float
    broken: Bools
    missed: Bools


class Programme:
    """Unknowns from 0 to a `ceiling` (n), and sums of them (m, n) from `low` to `high` (m)."""

    def __init__(self, sums: sparse.csr_matrix, low: Floats, high: Floats, ceiling: Floats) -> None:
        self._rows, self._columns = sparse.csr_matrix(sums), sparse.csc_matrix(sums)
        self._low, self._high, self._ceiling = low, high, ceiling
        self._ties = abs(self._rows)
        self._share = 1.0 / np.maximum(np.diff(self._rows.indptr), 1)

    def near(self, wanted: Ints, count: int, rng: np.random.Generator | None = None) -> Ints:
        """Return the unknowns that share the smallest sums with those wanted, at most in two steps.

        With `rng`, others have a chance as well, the better the nearer they are.
        """
        closeness = weight = np.bincount(wanted, minlength=len(self._ceiling)).astype(float)
        for _ in range(2):
            weight = self._ties.T @ (self._share * (self._ties @ weight))
            weight = weight / max(weight.max(), np.finfo(float).tiny)
            closeness = closeness + weight
        if rng is not None:
            closeness = closeness * rng.exponential(size=len(closeness))
        closeness[wanted] = np.inf
        order = np.argsort(-closeness, kind="stable")
        return np.sort(order[: max(count, np.count_nonzero(np.isinf(closeness)))])

    def nearby(self, goals: Goals, way: Floats, free: Ints) -> Answer:
        """Return how near to goals a way comes in which only `free` unknowns have moved."""
        return self._answer(goals, way, free, np.full(len(self._low), np.inf))[0]

    def best(
        self, goals: Goals, way: Floats, price: Floats | None = None, tick: Tick = no_tick
    ) -> Answer:
        """Return the way of the lowest price.

        A sum without a free unknown stays as it is and has no shadow price, so what the price of a
        further unknown would be is known for all of them.

        Args:
            goals: what it shall show.
            way: where to begin; it may break sums that have a price.
            price: (m) of each unit by which a known sum leaves its range, infinite, or None for
                all, where it may not.
            tick: called as it goes on, but not with how far it has come.
        """
        if price is None:
            price = np.full(len(self._low), np.inf)
        asked = [goals.sums.indices, self._rows[np.flatnonzero(self._wrong(way))].indices]
        free = self.near(np.unique(np.concatenate(asked)), _FIRST)
        while True:
            tick(0.0)
            answer, added = self._answer(goals, way, free, price)
            if answer.cost <= TINY:
                return answer
            gain = np.where(added < 0, -added * (way < self._ceiling - TINY), added * (way > TINY))
            gain[free] = 0.0
            promising = np.flatnonzero(gain > 0)
            if not len(promising):
                return answer
            order = np.argsort(-gain[promising], kind="stable")
            free = np.union1d(free, promising[order[:_MORE]])

    def mended(self, way: Floats, tick: Tick = no_tick) -> Floats | None:
        """Return a way that breaks no sum, from one that does; None where there is none."""
        nothing = np.zeros(0)
        none = Goals(sparse.csr_matrix((0, len(way))), nothing, nothing, nothing)
        answer = self.best(none, way, np.where(self._wrong(way), 1.0, np.inf), tick)
        # a sum without unknowns is in no programme
        return None if self._wrong(answer.way, _SLACK).any() else answer.way

    def _wrong(self, way: Floats, slack: float = TINY) -> Bools:
        """Tell which sums a way breaks."""
        sums = self._rows @ way
        return np.asarray((sums < self._low - slack) | (sums > self._high + slack))

    def _answer(
        self, goals: Goals, way: Floats, free: Ints, price: Floats
    ) -> tuple[Answer, Floats]:
        """Solve the programme in which only some unknowns may move from a way.

        With it comes what a unit more of each unknown (n) would add to the price.
        """
        known = len(self._low)
        part = sparse.vstack([self._columns[:, free], goals.sums[:, free]], format="csc")
        touched = np.union1d(part.indices, known + np.arange(len(goals.low)))
        place = np.searchsorted(touched, part.indices)
        part = sparse.csc_matrix((part.data, place, part.indptr), (len(touched), len(free)))
        sums = np.append(self._rows @ way, goals.sums @ way)
        low = _whole((np.append(self._low, goals.low) - sums)[touched])
        high = _whole((np.append(self._high, goals.high) - sums)[touched])
        prices = np.append(price, goals.price)[touched]
        soft = np.isfinite(prices)
        # what may not be broken is not, but for what was lost in rounding
        low = np.where(soft, low, np.minimum(low, 0.0))
        high = np.where(soft, high, np.maximum(high, 0.0))
        exact, floored, capped = low == high, np.isfinite(low), np.isfinite(high)
        equal, most = np.flatnonzero(exact), np.flatnonzero(capped & ~exact)
        least = np.flatnonzero(floored & ~exact)
        # a sum that may be broken can lie above its range, or below it
        over, under = np.flatnonzero(soft & capped), np.flatnonzero(soft & floored)
        unit = sparse.identity(len(touched), format="csr")
        told = sparse.hstack([part, -unit[:, over], unit[:, under]], format="csr")
        extra = len(over) + len(under)
        lowest = np.concatenate((-way[free], np.zeros(extra)))
        highest = np.concatenate(((self._ceiling - way)[free], np.full(extra, np.inf)))
        result = linprog(
            np.concatenate((np.zeros(len(free)), prices[over], prices[under])),
            A_ub=sparse.vstack([told[most], -told[least]], format="csr"),
            b_ub=np.concatenate((high[most], -low[least])),
            A_eq=told[equal],
            b_eq=low[equal],
            bounds=np.column_stack((lowest, highest)),
            method="highs-ds",
            options={"presolve": False},
        )
        if not result.success:
            raise DoesNotAddUp(
                f"What the figures tell of each other could not be worked out: {result.message}",
                "Nothing was written; please report this.",
            )
        moved = way.copy()
        moved[free] += result.x[: len(free)]
        beyond = result.x[len(free) :] > TINY
        broken = np.zeros(known + len(goals.low), dtype=bool)
        broken[touched[np.concatenate((over, under))[beyond]]] = True
        of_most, of_least = np.split(result.ineqlin.marginals, [len(most)])
        worth = np.zeros(len(broken))
        worth[touched[equal]] = result.eqlin.marginals
        worth[touched[most]] += of_most
        worth[touched[least]] -= of_least
        added = -(self._columns.T @ worth[:known]) - goals.sums.T @ worth[known:]
        least = np.maximum(_NO_GAIN, _NO_SHARE * np.abs(worth).max(initial=0.0))
        added[np.abs(added) < least] = 0.0
        answer = Answer(_whole(moved), float(result.fun), broken[:known], broken[known:])
        return answer, added


def _whole(values: Floats) -> Floats:
    """Return values, those that are whole but for rounding as whole ones."""
    nearest = np.rint(values)
    return np.where(np.isclose(values, nearest, rtol=0.0, atol=TINY), nearest, values)
