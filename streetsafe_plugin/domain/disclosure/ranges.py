# SPDX-License-Identifier: GPL-2.0-or-later
"""Between which limits a reader can place a number, from all that is known.

Unknown are the sizes of atoms, which cannot be negative, and for each reason how many reports of
an atom tick it, which cannot be more than there are. What has been shown are sums of these. The
lowest and highest value that a further sum can take is a linear programme (Fischetti and Salazar
2001, Management Science 47:1008, call it the attacker's problem).

Fractions of a report are allowed here and whole ones are not asked for, which can only widen a
range; the ends are therefore taken inwards to whole numbers. Nothing is taken to be larger than a
few thresholds above what it is, which only narrows ranges and keeps them finite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.disclosure.atoms import Atoms, grouped
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.progress import Tick, no_tick

#: What nobody knows reaches at most so many thresholds above what it is.
_ROOM = 4
_TINY = 1e-6
#: Open questions are asked together until that was in vain so many times in a row.
_IN_VAIN = 3
_PUSHED = 40
_SIGNS = (-1.0, -1.0, 1.0)
#: Of the atoms, the largest ones and this share of the rest may move when many are asked together,
#: and this share of those that have moved already.
_LARGEST = 60
_SHARE = 0.15
_SHARE_MOVED = 0.25
#: Seeds what is asked together.
SEED = 20221031


@dataclass(frozen=True)
class Bound:
    """That a number, by its place among all, is known to lie between `low` and `high`."""

    number: int
    low: int
    high: int | None


class Unknowns:
    """All numbers as sums of unknowns: atoms, and for each reason groups of atoms."""

    def __init__(self, atoms: Atoms, reasons: Sequence[str], threshold: int) -> None:
        """Set up one row of unknowns for each number; `reasons` names its reason or nothing."""
        by_reason: dict[str, list[int]] = {}
        for row, code in enumerate(reasons):
            by_reason.setdefault(code, []).append(row)
        total = self._atoms = atoms.holds.shape[1]
        ceilings: list[Floats] = [(atoms.size + _ROOM * threshold).astype(float)]
        truth: list[Floats] = [atoms.size.astype(float)]
        doubt: list[Floats] = [np.zeros(total)]
        blocks = [(by_reason.get("", []), atoms.table[by_reason.get("", [])])]
        limits = []
        for code in sorted(set(by_reason) - {""}):
            rows = by_reason[code]
            group, held = grouped(atoms.holds[rows])
            groups = held.shape[1]
            together = sparse.csr_matrix(
                (np.ones(total), (group, np.arange(total))), shape=(groups, total)
            )
            limits.append(together)
            ceilings.append(together @ ceilings[0])
            truth.append(together @ atoms.ticked[code].astype(float))
            doubt.append(together @ atoms.gone.astype(float))
            blocks.append((rows, sparse.csr_matrix(held)))
        order = np.concatenate([np.asarray(rows, dtype=np.int64) for rows, _ in blocks])
        stacked = sparse.block_diag([block for _, block in blocks], format="csr", dtype=float)
        self.sums = stacked[np.argsort(order, kind="stable")]
        self.ceiling = np.concatenate(ceilings)
        self.truth = np.concatenate(truth)
        self._doubt = np.concatenate(doubt)
        #: Whether what is true is known of every report.
        self.sure = not self._doubt.any()
        #: Rows of which none can be above 0: no more can tick a reason than there are.
        self.no_more = sparse.csr_matrix((0, len(self.truth)))
        if limits:
            groups = sum(limit.shape[0] for limit in limits)
            self.no_more = sparse.hstack(
                [-sparse.vstack(limits), sparse.identity(groups)], format="csr"
            )

    def values(self) -> Ints:
        """Return every number as it is among the reports of the layer."""
        return np.asarray(np.rint(self.sums @ self.truth), dtype=np.int64)

    def agrees(self, bound: Bound) -> bool:
        """Tell whether a bound can hold: reports may have been changed since it was told."""
        row = self.sums[bound.number]
        low = float((row @ self.truth)[0])
        high = low + float((row @ self._doubt)[0])
        return high >= bound.low and (bound.high is None or low <= bound.high)

    def some(self, rng: np.random.Generator, wanted: Ints, way: Floats) -> Ints:
        """Draw atoms beside those wanted, more of those that are not in `way` as they truly are.

        With them come all unknowns of the reasons.
        """
        atoms = self._atoms
        drawn = rng.random(len(self.truth)) < _SHARE
        drawn[np.argsort(-self.truth[:atoms], kind="stable")[:_LARGEST]] = True
        drawn[atoms:] = True
        drawn[wanted] = True
        drawn |= (np.abs(way - self.truth) > _TINY) & (rng.random(len(drawn)) < _SHARE_MOVED)
        return np.flatnonzero(drawn)

    def in_doubt(self, number: int) -> bool:
        """Tell whether a number depends on reports that are gone and on what these ticked."""
        return bool((self.sums[number] @ self._doubt)[0] > 0)


class Ranges:
    """The ranges of some sums of unknowns, as far as they are needed, and what would widen them.

    `low` and `high` are the lowest and highest values that were seen to be possible, so a range
    is at least that wide.
    """

    def __init__(
        self, unknowns: Unknowns, rows: sparse.csr_matrix, bounds: Sequence[Bound]
    ) -> None:
        """Begin with what is true, or else with any way how everything could be.

        Raises:
            DoesNotAddUp: there is none, the bounds contradict each other.
        """
        self._unknowns, self._rows = unknowns, rows
        count = rows.shape[0]
        self.low, self.high = np.full(count, np.inf), np.full(count, -np.inf)
        self._way = unknowns.truth
        self._programme = _Programme(unknowns, bounds)
        if unknowns.sure:
            self._see(unknowns.truth)
        else:
            self._ask(np.zeros(rows.shape[1]))

    def know(self, bounds: Sequence[Bound]) -> None:
        """Take these as what is known; they may not be tighter than those before."""
        self._programme = _Programme(self._unknowns, bounds)

    def widths(self) -> Ints:
        """Return how wide the ranges are known to be so far, in whole reports."""
        seen = np.isfinite(self.low)
        low, high = np.where(seen, self.low, 0.0), np.where(seen, self.high, 0.0)
        width = np.floor(high + _TINY) - np.ceil(low - _TINY)
        return np.asarray(np.maximum(width, 0), dtype=np.int64)

    def widen_together(self, least: int, asked: Bools, tick: Tick = no_tick) -> None:
        """Push many sums apart at once, as long as that finds wide ranges.

        One answer of the programme is a way how everything could be, so it speaks for all sums.
        Most of the unknowns are left as they are each time: such a way is found much sooner, and
        is as good a proof.
        """
        rng = np.random.default_rng(SEED)
        in_vain = 0
        while in_vain < _IN_VAIN:
            waiting = np.flatnonzero(asked & (self.widths() < least))
            if not len(waiting):
                return
            tick(0.0)
            pushed = rng.permutation(waiting)[:_PUSHED]
            # small numbers have more room above than below
            weight = rng.exponential(size=len(pushed)) * rng.choice(_SIGNS, len(pushed))
            rows = self._rows[pushed]
            free = self._unknowns.some(rng, rows.indices, self._way)
            self._see(self._programme.nearby(rows.T @ weight, self._way, free))
            left = np.count_nonzero(asked & (self.widths() < least))
            in_vain = in_vain + 1 if left == len(waiting) else 0

    def find_low(self, row: int) -> None:
        """Find the lowest value that a sum can take."""
        if self.low[row] > _TINY:
            self._ask(self._rows[row].toarray().ravel())

    def in_the_way(
        self, row: int, least: int, prices: Mapping[int, float]
    ) -> frozenset[int] | None:
        """Return the numbers to hold back for a sum's range to be `least` wide.

        Of all ways how everything could be with the sum so far above its lowest value, that one is
        taken in which the numbers with a price differ the least from what is known of them; these
        are what is in the way: none where the range is that wide already. None where no way is
        left even then.
        """
        answer = self._programme.freed(
            self._rows[row], float(np.ceil(self.low[row] - _TINY)) + least, prices
        )
        if answer is None:
            return None
        way, moved = answer
        self._see(way)
        if not moved:
            self._way = way
        return moved

    def _ask(self, aim: Floats) -> None:
        """Make a sum as small as it can be."""
        way = self._programme.solved(aim)
        if way is None:
            raise DoesNotAddUp(
                "The figures contradict those that were issued earlier.",
                "Check that the register of issued products belongs to these reports.",
            )
        self._way = way
        self._see(way)

    def _see(self, way: Floats) -> None:
        values = self._rows @ way
        self.low, self.high = np.minimum(self.low, values), np.maximum(self.high, values)


class _Programme:
    """The linear programme of what is known."""

    def __init__(self, unknowns: Unknowns, bounds: Sequence[Bound]) -> None:
        self._exact = [one for one in bounds if one.low == one.high]
        loose = [one for one in bounds if one.low != one.high]
        self._below = [one for one in loose if one.high is not None]
        self._above = [one for one in loose if one.low > 0]
        sums = unknowns.sums
        self._equal = sums[[one.number for one in self._exact]]
        self._most = sparse.vstack(
            [
                sums[[one.number for one in self._below]],
                -sums[[one.number for one in self._above]],
                unknowns.no_more,
            ],
            format="csr",
        )
        self._equals = np.array([float(one.low) for one in self._exact])
        self._at_most = np.array(
            [
                *(float(one.high or 0) for one in self._below),
                *(-float(one.low) for one in self._above),
                *[0.0] * unknowns.no_more.shape[0],
            ]
        )
        self._ceiling = unknowns.ceiling

    def solved(self, aim: Floats) -> Floats | None:
        """Return the unknowns that make a sum smallest; None where the bounds contradict."""
        return _solved(aim, self._equal, self._equals, self._most, self._at_most, self._ceiling)

    def nearby(self, aim: Floats, base: Floats, free: Ints) -> Floats:
        """Return unknowns that make a sum small, those that are not free being as in `base`."""
        fixed = base.copy()
        fixed[free] = 0.0
        found = _solved(
            aim[free],
            self._equal[:, free],
            self._equals - self._equal @ fixed,
            self._most[:, free],
            self._at_most - self._most @ fixed + _TINY,
            self._ceiling[free],
        )
        if found is None:
            return base
        way = fixed
        way[free] = found
        return way

    def freed(
        self, row: sparse.csr_matrix, target: float, prices: Mapping[int, float]
    ) -> tuple[Floats, frozenset[int]] | None:
        """Return unknowns with a sum at `target` or more at the lowest price, and what moves."""
        tied = [one.number for one in (*self._exact, *self._below, *self._above)]
        priced = [place for place, number in enumerate(tied) if number in prices]
        count, exact = len(priced), len(self._exact)
        slack = sparse.csr_matrix(
            (np.ones(count), (priced, np.arange(count))),
            shape=(exact + len(self._at_most), count),
        )
        # what is known exactly may move both ways, what is bounded only beyond its bound
        equal = sparse.hstack([self._equal, slack[:exact], -slack[:exact]], format="csr")
        most = sparse.hstack([self._most, 0 * slack[exact:], -slack[exact:]], format="csr")
        goal = sparse.hstack([-row, sparse.csr_matrix((1, 2 * count))], format="csr")
        cost = np.array([prices[tied[place]] for place in priced])
        answer = _solved(
            np.concatenate((np.zeros(row.shape[1]), cost, cost)),
            equal,
            self._equals,
            sparse.vstack([most, goal], format="csr"),
            np.append(self._at_most, -target),
            np.concatenate((self._ceiling, np.full(2 * count, np.inf))),
        )
        if answer is None:
            return None
        way, up, down = np.split(answer, [row.shape[1], row.shape[1] + count])
        moved = np.flatnonzero(up + down > _TINY)
        return way, frozenset(tied[priced[place]] for place in moved.tolist())


def _solved(
    cost: Floats,
    equal: sparse.csr_matrix,
    equals: Floats,
    most: sparse.csr_matrix,
    at_most: Floats,
    ceiling: Floats,
) -> Floats | None:
    result = linprog(
        cost,
        A_ub=most if most.shape[0] else None,
        b_ub=at_most if most.shape[0] else None,
        A_eq=equal if equal.shape[0] else None,
        b_eq=equals if equal.shape[0] else None,
        bounds=np.column_stack((np.zeros(len(ceiling)), ceiling)),
        method="highs",
    )
    if result.status == 2:
        return None
    if not result.success:
        raise DoesNotAddUp(
            f"What the figures tell of each other could not be worked out: {result.message}",
            "Nothing was written; please report this.",
        )
    return np.asarray(result.x, dtype=float)


def can_be(unknowns: Unknowns, bounds: Sequence[Bound]) -> bool:
    """Tell whether all bounds can hold at once."""
    nothing = np.zeros(len(unknowns.ceiling))
    return _Programme(unknowns, bounds).solved(nothing) is not None


def one_in_the_other(
    table: sparse.csr_matrix, larger: Sequence[int], others: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the pairs (holder, held) of numbers of which one counts all that the other does.

    One of each pair is of `larger`, the other of `others`. The table has a one where a number (row)
    counts an atom.
    """
    sizes = np.diff(table.indptr)
    some, rest = np.asarray(larger, dtype=np.int64), np.asarray(others, dtype=np.int64)
    shared = (table[some] @ table[rest].T).tocoo()
    one, other = some[shared.row], rest[shared.col]
    more = (shared.data == sizes[other]) & (sizes[one] > sizes[other])
    less = (shared.data == sizes[one]) & (sizes[other] > sizes[one])
    found = set(zip(one[more].tolist(), other[more].tolist()))
    found |= set(zip(other[less].tolist(), one[less].tolist()))
    return sorted(found)
