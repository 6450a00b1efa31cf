# SPDX-License-Identifier: GPL-2.0-or-later
"""All numbers as sums of what nobody outside knows.

The unknowns are how many reports each atom has (`atoms`), and for each reason how many reports of
an atom tick it, which cannot be more than there are. Nothing is taken to be larger than a few
thresholds above what it is, which only narrows ranges and keeps them finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.disclosure.atoms import Atoms, grouped

#: What nobody knows reaches at most so many thresholds above what it is.
_ROOM = 4


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
        total = atoms.table.shape[1]
        ceilings: list[Floats] = [(atoms.size + _ROOM * threshold).astype(float)]
        truth: list[Floats] = [atoms.size.astype(float)]
        doubt: list[Floats] = [np.zeros(total)]
        blocks = [(by_reason.get("", []), atoms.table[by_reason.get("", [])])]
        limits = []
        for code in sorted(set(by_reason) - {""}):
            rows = by_reason[code]
            group, held = grouped(atoms.table[rows])
            groups = held.shape[1]
            together = sparse.csr_matrix(
                (np.ones(total), (group, np.arange(total))), shape=(groups, total)
            )
            limits.append(together)
            ceilings.append(together @ ceilings[0])
            truth.append(together @ atoms.ticked[code].astype(float))
            doubt.append(together @ atoms.gone.astype(float))
            blocks.append((rows, held))
        order = np.concatenate([np.asarray(rows, dtype=np.int64) for rows, _ in blocks])
        stacked = sparse.block_diag([block for _, block in blocks], format="csr", dtype=float)
        self.sums = stacked[np.argsort(order, kind="stable")]
        self.ceiling = np.concatenate(ceilings)
        self.truth = np.concatenate(truth)
        doubtful = np.concatenate(doubt)
        #: Whether what is true is known of every report.
        self.sure = not doubtful.any()
        self._value, self._doubtful = self.sums @ self.truth, self.sums @ doubtful
        #: Rows of which none can be above 0: no more can tick a reason than there are.
        self.no_more = sparse.csr_matrix((0, len(self.truth)))
        if limits:
            groups = sum(limit.shape[0] for limit in limits)
            self.no_more = sparse.hstack(
                [-sparse.vstack(limits), sparse.identity(groups)], format="csr"
            )

    def values(self) -> Ints:
        """Return every number as it is among the reports of the layer."""
        return np.asarray(np.rint(self._value), dtype=np.int64)

    def agrees(self, bound: Bound) -> bool:
        """Tell whether a bound can hold: reports may have been changed since it was told."""
        low = self._value[bound.number]
        high = low + self._doubtful[bound.number]
        return bool(high >= bound.low and (bound.high is None or low <= bound.high))

    def in_doubt(self, number: int) -> bool:
        """Tell whether a number depends on reports that are gone and on what these ticked."""
        return bool(self._doubtful[number] > 0)


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
