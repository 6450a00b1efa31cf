# SPDX-License-Identifier: GPL-2.0-or-later
"""The smallest sets of reports that the numbers of several products tell apart.

Numbers are sums over such atoms. An atom without a report is one as well: the ground and the months
that a number speaks of are known to its reader, so that there is none is a number to protect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from scipy import sparse

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.disclosure.statistics import CountedReports, Statistic
from streetsafe_plugin.domain.issued import Box, Issued, Piece, Scope, hashed
from streetsafe_plugin.domain.pack import NO_MONTH
from streetsafe_plugin.domain.progress import Tick, no_tick


@dataclass(frozen=True)
class Atoms:
    """Atoms, and which of them each number counts.

    `holds` (numbers, atoms): the numbers of the product, then those of the earlier ones. `size`
    counts an atom's reports, `gone` those of them that are no longer in the layer, `ticked` has
    for each reason the present ones that tick it.
    """

    holds: Bools
    size: Ints
    gone: Ints
    ticked: dict[str, Ints]

    @cached_property
    def table(self) -> sparse.csr_matrix:
        """Return `holds` as a sparse table of ones."""
        return sparse.csr_matrix(self.holds, dtype=np.int64)


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
    present, gone = _counted(statistics, reports, earlier)
    tick(0.0)
    product = [0] * len(statistics)
    product += [place for place, entry in enumerate(earlier, 1) for _ in entry.numbers]
    seen = _Seen(np.array(product, dtype=np.int64), present, reports.month)
    possible = _possible(scopes, bool(undated), seen)
    columns = np.concatenate((present, gone, possible), axis=1)
    now, then = present.shape[1], gone.shape[1]
    packed = np.ascontiguousarray(np.packbits(columns, axis=0).T)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, atom = np.unique(keys, return_index=True, return_inverse=True)
    tick(0.0)
    atom = atom.ravel()
    # where a layer does not tell a reason, earlier numbers of it are not true of the layer
    codes = {*reports.ticks, *(one.reason for entry in earlier for one in entry.numbers)} - {""}
    nobody = np.zeros(now, dtype=bool)
    count = len(first)
    return Atoms(
        columns[:, first],
        np.bincount(atom[: now + then], minlength=count),
        np.bincount(atom[now : now + then], minlength=count),
        {
            code: np.bincount(atom[:now][reports.ticks.get(code, nobody)], minlength=count)
            for code in codes
        },
    )


@dataclass(frozen=True)
class _Seen:
    """Which reports (n) each number counts, of which product it is, and the reports' months.

    A register names ground and has no shapes, so how the squares of one product lie to the parks
    of another is told by the reports: a square is taken to lie where all of them do. A reader who
    sees it straddle an edge knows less.
    """

    product: Ints
    present: Bools
    month: Ints

    def on_ground(self, scopes: Sequence[Scope], boxes: Sequence[Box], where: Bools) -> Bools:
        """Return which scopes (rows) hold each box (columns), `where` as far as is known."""
        squares = [row for row, one in enumerate(scopes) if is_square(one)]
        rows_of: dict[tuple[int, tuple[Piece, ...], bool, int], list[int]] = {}
        for row, one in enumerate(scopes):
            if one.pieces or not (one.boxes or one.others):
                # of an area or cell nobody but its reports knows the ground
                alone = -1 if one.pieces else row
                ground = (int(self.product[row]), one.pieces, one.others, alone)
                rows_of.setdefault(ground, []).append(row)
        found = where.copy()
        if not squares:
            return found
        column = {one: place for place, one in enumerate(boxes)}
        columns = np.array([column[scopes[row].boxes[0]] for row in squares])
        held = sparse.csr_matrix(self.present[squares], dtype=np.int64)
        for (product, _, _, _), rows in rows_of.items():
            # the same ground in other months is the same ground
            there, inside = np.zeros((2, len(squares)), dtype=np.int64)
            for row in rows:
                first, last = scopes[row].months
                there += held @ ((first <= self.month) & (self.month <= last))
                inside += held @ self.present[row]
            told = (there > 0) & (self.product[squares] != product)
            found[np.ix_(rows, columns[told & (inside == there)])] = True
            found[np.ix_(rows, columns[told & (inside == 0)])] = False
        return found


def is_square(scope: Scope) -> bool:
    """Tell whether a number is that of a square and nothing else."""
    return len(scope.boxes) == 1 and not scope.pieces and not scope.others


def _counted(
    statistics: Sequence[Statistic], reports: CountedReports, earlier: Sequence[Issued]
) -> tuple[Bools, Bools]:
    """Return which numbers count each report of the layer, and each one that has left it."""
    here: dict[tuple[str, str], int] = {}
    for salt in {entry.salt for entry in earlier}:
        here.update(((salt, one), place) for place, one in enumerate(hashed(reports.keys, salt)))
    left: dict[tuple[str, str], int] = {}
    for entry in earlier:
        for report in chain.from_iterable(hashes for _, hashes in entry.groups):
            if (entry.salt, report) not in here:
                left.setdefault((entry.salt, report), len(left))
    rows = len(statistics) + sum(len(entry.numbers) for entry in earlier)
    present = np.zeros((rows, len(reports.keys)), dtype=bool)
    gone = np.zeros((rows, len(left)), dtype=bool)
    for row, one in enumerate(statistics):
        present[row] = one.members
    start = len(statistics)
    for entry in earlier:
        for numbers, hashes in entry.groups:
            keys = [(entry.salt, report) for report in hashes]
            which = start + np.array(numbers, dtype=np.int64)
            _mark(present, which, [here[key] for key in keys if key in here])
            _mark(gone, which, [left[key] for key in keys if key in left])
        start += len(entry.numbers)
    return present, gone


def _mark(table: Bools, rows: Ints, columns: Sequence[int]) -> None:
    table[np.ix_(rows, np.array(columns, dtype=np.int64))] = True


def _possible(scopes: Sequence[Scope], undated: bool, seen: _Seen) -> Bools:
    """Return which scopes (rows) hold each place and time that could have a report.

    Places are the pieces that the scopes tell apart, the middles of their boxes and one beyond all
    of them; times are the months that they tell apart and, where some report has no date, none.
    """
    pieces = _pieces(scopes)
    number = {piece: place for place, piece in enumerate(pieces)}
    on_ground: dict[str, list[tuple[float, float]]] = {}
    for ground, low, high in pieces:
        on_ground.setdefault(ground, []).append((low, high))
    boxes = sorted({box for scope in scopes for box in scope.boxes})
    middles = np.array(
        [((west + east) / 2, (south + north) / 2) for west, south, east, north in boxes]
    ).reshape(-1, 2)
    spans = _spans(scopes)
    times = len(spans) + undated
    places = len(pieces) + len(boxes) + 1
    where = np.zeros((len(scopes), places), dtype=bool)
    when = np.zeros((len(scopes), times), dtype=bool)
    for row, scope in enumerate(scopes):
        for ground, inner, outer in scope.pieces:
            for low, high in on_ground[ground]:
                where[row, number[ground, low, high]] |= inner <= low and high <= outer
        for west, south, east, north in scope.boxes:
            x, y = middles[:, 0], middles[:, 1]
            there = (west <= x) & (x < east) & (south <= y) & (y < north)
            where[row, len(pieces) : -1] |= there
        where[row] ^= scope.others
        when[row, : len(spans)] = [
            scope.months[0] <= first and last <= scope.months[1] for first, last in spans
        ]
        when[row, len(spans) :] = scope.undated
    where[:, len(pieces) : -1] = seen.on_ground(scopes, boxes, where[:, len(pieces) : -1])
    of_boxes = np.array(
        [bool(one.boxes) and not (one.pieces or one.others) for one in scopes], dtype=bool
    )
    chosen = np.ones((places, times), dtype=bool)
    chosen[len(pieces) : -1] = _times_of_boxes(when[of_boxes])
    place, time = np.nonzero(chosen)
    return np.asarray(where[:, place] & when[:, time])


def _times_of_boxes(when: Bools) -> Bools:
    """Return at which times to think of a report in a box, by those that its numbers cover (rows).

    At those that only some cover, and at one of the others: boxes are many, and one tells as much
    of them as all. Where it tells less, a reader is taken to know more, never less, than they do.
    """
    some, always = when.any(axis=0), when.all(axis=0)
    chosen = np.asarray(some & ~always)
    chosen[np.flatnonzero(always)[:1]] = True
    return chosen


def _pieces(scopes: Iterable[Scope]) -> list[tuple[str, float, float]]:
    limits: dict[str, set[float]] = {}
    for ground, inner, outer in chain.from_iterable(scope.pieces for scope in scopes):
        limits.setdefault(ground, set()).update((inner, outer))
    return [
        (ground, low, high)
        for ground in sorted(limits)
        for low, high in _steps(sorted(limits[ground]))
    ]


def _steps(limits: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(limits, limits[1:]))


def _spans(scopes: Iterable[Scope]) -> list[tuple[int, int]]:
    """Return the stretches of months that scopes tell apart, first and last."""
    begins = {scope.months[0] for scope in scopes} | {scope.months[1] + 1 for scope in scopes}
    ordered = sorted(begins)
    return [(first, after - 1) for first, after in zip(ordered, ordered[1:])]


def grouped(holds: Bools) -> tuple[Ints, Floats]:
    """Return each column's group of columns alike, and (rows, groups) which groups a row holds."""
    if not holds.shape[0]:
        return np.zeros(holds.shape[1], dtype=np.int64), np.zeros((0, 1))
    packed = np.ascontiguousarray(np.packbits(holds, axis=0).T)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray(group.ravel(), dtype=np.int64), holds[:, first].astype(float)
