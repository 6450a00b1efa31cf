# SPDX-License-Identifier: GPL-2.0-or-later
"""The smallest sets of reports that the numbers of several products tell apart.

Numbers are sums over such atoms. An atom without a report is one as well: the ground and the months
that a number speaks of are known to its reader, so that there is none is a number to protect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy import sparse

from streetsafe_plugin.domain.arrays import Bools, Bytes, Ints
from streetsafe_plugin.domain.disclosure.possible import Counting, ground_of, possible
from streetsafe_plugin.domain.disclosure.statistics import CountedReports, Statistic
from streetsafe_plugin.domain.issued import Issued, hashed
from streetsafe_plugin.domain.pack import NO_MONTH
from streetsafe_plugin.domain.progress import Tick, no_tick

#: So many atoms are laid out at once.
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Atoms:
    """Atoms, and which of them each number counts.

    `table` (numbers, atoms) has a one where a number counts an atom: the numbers of the product,
    then those of the earlier ones. `size` counts an atom's reports, `gone` those of them that are
    no longer in the layer, `ticked` has for each reason the present ones that tick it.
    """

    table: sparse.csr_matrix
    size: Ints
    gone: Ints
    ticked: dict[str, Ints]


def atoms_of(
    statistics: Sequence[Statistic],
    reports: CountedReports,
    earlier: Sequence[Issued],
    tick: Tick = no_tick,
) -> Atoms:
    """Return the atoms of a product's numbers and of those that were issued before.

    `tick` is called as the work goes on, but not with how far it has come.
    """
    scopes = [one.scope for one in statistics]
    scopes += [number.scope for entry in earlier for number in entry.numbers]
    undated = (reports.month == NO_MONTH).any()
    present, gone = _counted(statistics, reports, earlier, tick)
    product = [0] * len(statistics)
    product += [place for place, entry in enumerate(earlier, 1) for _ in entry.numbers]
    grounds = [None if one.rest else ground_of(one.name, one.scope) for one in statistics]
    grounds += [ground_of(one.name, one.scope) for entry in earlier for one in entry.numbers]
    counting = Counting(scopes, grounds, np.array(product, dtype=np.int64), present, reports.month)
    packed = []
    for counted in (present, gone, possible(counting, bool(undated), tick)):
        tick(0.0)
        packed.append(np.packbits(counted, axis=1))
    now, then = len(present), len(gone)
    columns = np.concatenate(packed)
    first, atom = _alike(columns)
    tick(0.0)
    parts = []
    for start in range(0, len(first), _AT_ONCE):
        held = np.unpackbits(columns[first[start : start + _AT_ONCE]], axis=1, count=len(scopes))
        parts.append(sparse.csr_matrix(held, dtype=np.int64))
        tick(0.0)
    table = sparse.vstack([sparse.csr_matrix((0, len(scopes)), dtype=np.int64), *parts]).T.tocsr()
    tick(0.0)
    # where a layer does not tell a reason, earlier numbers of it are not true of the layer
    codes = {*reports.ticks, *(one.reason for entry in earlier for one in entry.numbers)} - {""}
    nobody = np.zeros(now, dtype=bool)
    count = len(first)
    return Atoms(
        table,
        np.bincount(atom[: now + then], minlength=count),
        np.bincount(atom[now : now + then], minlength=count),
        {
            code: np.bincount(atom[:now][reports.ticks.get(code, nobody)], minlength=count)
            for code in codes
        },
    )


def _counted(
    statistics: Sequence[Statistic],
    reports: CountedReports,
    earlier: Sequence[Issued],
    tick: Tick,
) -> tuple[Bools, Bools]:
    """Return which numbers (columns) count each report of the layer, and each that has left it."""
    here: dict[tuple[str, str], int] = {}
    for salt in {entry.salt for entry in earlier}:
        here.update(((salt, one), place) for place, one in enumerate(hashed(reports.keys, salt)))
    left: dict[tuple[str, str], int] = {}
    for entry in earlier:
        for report in chain.from_iterable(hashes for _, hashes in entry.groups):
            if (entry.salt, report) not in here:
                left.setdefault((entry.salt, report), len(left))
    total = len(statistics) + sum(len(entry.numbers) for entry in earlier)
    present = np.zeros((len(reports.keys), total), dtype=bool)
    gone = np.zeros((len(left), total), dtype=bool)
    for number, one in enumerate(statistics):
        present[:, number] = one.members
    tick(0.0)
    start = len(statistics)
    for entry in earlier:
        for numbers, hashes in entry.groups:
            keys = [(entry.salt, report) for report in hashes]
            which = start + np.array(numbers, dtype=np.int64)
            _mark(present, [here[key] for key in keys if key in here], which)
            _mark(gone, [left[key] for key in keys if key in left], which)
        start += len(entry.numbers)
        tick(0.0)
    return present, gone


def _mark(table: Bools, rows: Sequence[int], columns: Ints) -> None:
    table[np.ix_(np.array(rows, dtype=np.int64), columns)] = True


def grouped(table: sparse.csr_matrix) -> tuple[Ints, sparse.csr_matrix]:
    """Return each column's group of columns alike, and (rows, groups) which groups a row holds."""
    if not table.shape[0]:
        return np.zeros(table.shape[1], dtype=np.int64), sparse.csr_matrix((0, 1))
    first, group = _alike(np.packbits(table.T.toarray().astype(bool), axis=1))
    return group, table[:, first]


def _alike(packed: Bytes) -> tuple[Ints, Ints]:
    """Return the first of each kind of rows alike, and of which kind each row is."""
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray(first, dtype=np.int64), np.asarray(kind, dtype=np.int64).ravel()
