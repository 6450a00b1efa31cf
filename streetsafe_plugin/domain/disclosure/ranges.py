# SPDX-License-Identifier: GPL-2.0-or-later
"""Between which values a number can lie for somebody who knows what has been shown.

What has been shown are sums of unknowns (`unknowns`). The lowest and highest value that a further
sum can take is a linear programme (Fischetti and Salazar 2001, Management Science 47:1008, call it
the attacker's problem).

Fractions of a report are allowed here and whole ones are not asked for, which can only widen a
range; the ends are therefore taken inwards to whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.disclosure.programme import TINY, Answer, Goals, Programme
from streetsafe_plugin.domain.disclosure.unknowns import Bound, Unknowns
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.progress import Tick, no_tick

#: Open questions are asked together until that was in vain so many times in a row.
_IN_VAIN = 3
#: So many sums are pushed at once, and so many unknowns are free to move then.
_PUSHED, _FREE = 40, 400
#: This share of them upwards.
_UPWARDS = 2 / 3
#: A range that cannot be had costs so many times the dearest number, more than all it could take.
_OUT_OF_REACH = 1e3
#: Seeds what is asked together.
SEED = 20221031


class Ranges:
    """The ranges of some sums of unknowns, as far as they are needed, and what would widen them.

    `low` and `high` are the lowest and highest values that were seen to be possible, so a range
    is at least that wide.
    """

    def __init__(
        self,
        unknowns: Unknowns,
        rows: sparse.csr_matrix,
        bounds: Sequence[Bound],
        tick: Tick = no_tick,
    ) -> None:
        """Begin with what is true, or else with a way near to it how everything could be.

        Raises:
            DoesNotAddUp: there is none, the bounds contradict each other.
        """
        self._unknowns, self._rows = unknowns, rows
        self._used = abs(rows)
        count = rows.shape[0]
        self.low, self.high = np.full(count, np.inf), np.full(count, -np.inf)
        self.know(bounds)
        way = unknowns.truth if unknowns.sure else self._programme.mended(unknowns.truth, tick)
        if way is None:
            raise DoesNotAddUp(
                "The figures contradict those that were issued earlier.",
                "Check that the register of issued products belongs to these reports.",
            )
        self._way = way
        self._see(way)

    def know(self, bounds: Sequence[Bound]) -> None:
        """Take these as what is known; they may not be tighter than those before."""
        self._programme, self._numbers = _programme(self._unknowns, bounds)

    def widths(self) -> Ints:
        """Return how wide the ranges are known to be so far, in whole reports."""
        width = np.floor(self.high + TINY) - np.ceil(self.low - TINY)
        return np.asarray(np.maximum(width, 0), dtype=np.int64)

    def widen_together(self, least: int, asked: Bools, tick: Tick = no_tick) -> None:
        """Push many sums apart at once, as long as that finds wide ranges.

        One answer of the programme is a way how everything could be, so it speaks for all sums.
        """
        rng = np.random.default_rng(SEED)
        in_vain = 0
        while in_vain < _IN_VAIN:
            waiting = np.flatnonzero(asked & (self.widths() < least))
            if not len(waiting):
                return
            tick(0.0)
            # some that lie about one of them, so that few unknowns do for all
            one = self._rows[[rng.choice(waiting)]]
            free = self._programme.near(one.indices, _FREE, rng)
            outside = np.ones(self._rows.shape[1])
            outside[free] = 0.0
            about = waiting[self._used[waiting] @ outside == 0]
            pushed = rng.permutation(about)[:_PUSHED]
            rows = self._rows[pushed]
            low, high = self.low[pushed], self.high[pushed]
            # small numbers have more room above than below
            up = (low <= TINY) & (rows.min(axis=1).toarray().ravel() >= 0)
            up |= rng.random(len(pushed)) < _UPWARDS
            goals = Goals(
                rows,
                np.where(up, np.ceil(low - TINY) + least, -np.inf),
                np.where(up, np.inf, np.floor(high + TINY) - least),
                rng.exponential(size=len(pushed)),
            )
            self._see(self._programme.nearby(goals, self._way, free).way)
            left = np.count_nonzero(asked & (self.widths() < least))
            in_vain = in_vain + 1 if left == len(waiting) else 0

    def in_the_way(
        self, row: int, least: int, prices: Mapping[int, float], tick: Tick = no_tick
    ) -> frozenset[int] | None:
        """Return the numbers to hold back for a sum's range to be `least` wide.

        Of all ways how everything could be with the sum so far above its lowest value, that one is
        taken in which the numbers with a price differ the least from what is known of them; these
        are what is in the way: none where the range is that wide already. None where no way is
        left even then.
        """
        sums = self._rows[[row]]
        # most sums have room above the lowest value seen so far
        price = np.array([prices.get(number, np.inf) for number in self._numbers.tolist()])
        answer = self._widest(row, least, price, tick)
        narrow = answer.broken.any() or answer.missed.any()
        if narrow and (self.low[row] > TINY or sums.min() < 0):
            # less may be in the way of a range that begins lower
            enough = np.floor(self.high[row] + TINY) - least
            lower = Goals(sums, np.array([-np.inf]), np.array([enough]), np.ones(1))
            self._see(self._programme.best(lower, self._way, tick=tick).way)
            if self.widths()[row] >= least:
                return frozenset()
            answer = self._widest(row, least, price, tick)
        if answer.missed.any():
            return None
        self._see(answer.way)
        if not answer.broken.any():
            self._way = answer.way
        return frozenset(self._numbers[answer.broken].tolist())

    def _widest(self, row: int, least: int, price: Floats, tick: Tick) -> Answer:
        """Return a way with a sum that far above its lowest value, at the lowest price."""
        target = np.array([np.ceil(self.low[row] - TINY) + least])
        dearest = max(1.0, price[np.isfinite(price)].max(initial=0.0))
        price_of_it = np.array([_OUT_OF_REACH * dearest])
        goal = Goals(self._rows[[row]], target, np.array([np.inf]), price_of_it)
        return self._programme.best(goal, self._way, price, tick)

    def _see(self, way: Floats) -> None:
        values = self._rows @ way
        self.low, self.high = np.minimum(self.low, values), np.maximum(self.high, values)


def _programme(unknowns: Unknowns, bounds: Sequence[Bound]) -> tuple[Programme, Ints]:
    """Return the programme of what is known, and the number of each of its sums, or -1."""
    telling = [one for one in bounds if one.low > 0 or one.high is not None]
    numbers = np.array([one.number for one in telling], dtype=np.int64)
    others = unknowns.no_more.shape[0]
    programme = Programme(
        sparse.vstack([unknowns.sums[numbers], unknowns.no_more], format="csr"),
        np.array([*(float(one.low) for one in telling), *[-np.inf] * others]),
        np.array([*(np.inf if one.high is None else one.high for one in telling), *[0.0] * others]),
        unknowns.ceiling,
    )
    return programme, np.append(numbers, np.full(others, -1, dtype=np.int64))


def can_be(unknowns: Unknowns, bounds: Sequence[Bound], tick: Tick = no_tick) -> bool:
    """Tell whether all bounds can hold at once."""
    programme, _ = _programme(unknowns, bounds)
    return programme.mended(unknowns.truth, tick) is not None
