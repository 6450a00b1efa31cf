# SPDX-License-Identifier: GPL-2.0-or-later
"""Where and when there could be a report, and which numbers would count it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy import sparse

from streetsafe_plugin.domain.arrays import Bools, Ints
from streetsafe_plugin.domain.issued import Box, Piece, Scope
from streetsafe_plugin.domain.progress import Tick, no_tick

#: So many grounds are held against all squares at once.
_AT_ONCE = 100
#: The ground of parks and rings, or all the rest: whatever product names it, it is the same.
Ground = tuple[tuple[Piece, ...], bool]


@dataclass(frozen=True)
class Counting:
    """What each number counts: its scope, and of which product it is.

    `grounds` has the ground of numbers of parks and rings and of all the rest, None for others.
    `present` (n, numbers) tells which of the n reports of the layer it counts, whose months are
    `month`.
    """

    scopes: Sequence[Scope]
    grounds: Sequence[Ground | None]
    product: Ints
    present: Bools
    month: Ints


def possible(counting: Counting, undated: bool, tick: Tick = no_tick) -> Bools:
    """Return which numbers (columns) count each place and time (rows) that could have a report.

    Places are the pieces that the numbers tell apart, the middles of their boxes and one beyond all
    of them; times are the months that they tell apart and, where some report has no date, none.

    `tick` is called as the work goes on, but not with how far it has come.
    """
    scopes = counting.scopes
    pieces, spans = _pieces(scopes), _spans(scopes)
    boxes = sorted({box for scope in scopes for box in scope.boxes})
    drawn = _Drawn(counting)
    places = len(pieces) + len(boxes) + 1
    where = np.zeros((len(scopes), places), dtype=bool)
    known: dict[tuple[Ground, frozenset[Box]], Bools] = {}
    for row, scope in enumerate(scopes):
        key = ((scope.pieces, scope.others), drawn.on(row))
        if key not in known:
            tick(0.0)
            known[key] = np.concatenate(
                (_pieces_in(pieces, scope.pieces), _boxes_in(boxes, key[1]), [False])
            )
            known[key] ^= scope.others
        where[row] = known[key]
    tick(0.0)
    of_squares = where[:, len(pieces) : -1]
    of_squares[:] = _told_by_reports(counting, boxes, of_squares, tick)
    months = np.array([one.months for one in scopes]).reshape(-1, 2, 1)
    first, last = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    when = (months[:, 0] <= first) & (last <= months[:, 1])
    if undated:
        when = np.column_stack((when, [one.undated for one in scopes]))
    of_boxes = np.array(
        [bool(one.boxes) and not (one.pieces or one.others) for one in scopes], dtype=bool
    )
    chosen = np.ones((places, when.shape[1]), dtype=bool)
    chosen[len(pieces) : -1] = _times_of_boxes(when[of_boxes])
    place, time = np.nonzero(chosen)
    tick(0.0)
    return np.asarray(where.T[place] & when.T[time])


def ground_of(name: str, scope: Scope) -> Ground | None:
    """Return the ground of a number by its name, None where its pieces are not all of it.

    Those of an area are only the parks and rings that lie in it.
    """
    if not scope.pieces:
        return None
    whole = scope.others or name.startswith(scope.pieces[0][0])
    return (scope.pieces, scope.others) if whole else None


class _Drawn:
    """Which boxes lie on the ground of each number, as its product says.

    What one product says of a park's or ring's ground holds in every product that names it.
    """

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._on: dict[Ground, set[Box]] = {}
        for scope, ground in zip(counting.scopes, counting.grounds):
            if ground:
                self._on.setdefault(ground, set()).update(scope.boxes)

    def on(self, row: int) -> frozenset[Box]:
        """Return the boxes known to lie on what a number names: for all the rest, off the rest."""
        ground = self._counting.grounds[row]
        return frozenset(self._counting.scopes[row].boxes).union(self._on[ground] if ground else ())


def _told_by_reports(counting: Counting, boxes: Sequence[Box], where: Bools, tick: Tick) -> Bools:
    """Return which numbers (rows) count each box (columns), `where` as far as it is known.

    A register names ground and has no shapes, so how the squares of one product lie to the ground
    of another is told by the reports: a square is taken to lie where all of them do. A reader who
    sees it straddle an edge knows less.
    """
    squares = [row for row, one in enumerate(counting.scopes) if is_square(one)]
    found = where.copy()
    if not squares:
        return found
    column = {one: place for place, one in enumerate(boxes)}
    columns = np.array([column[counting.scopes[row].boxes[0]] for row in squares])
    product_of_square = counting.product[squares]
    present = sparse.csr_matrix(counting.present, dtype=np.int64).T.tocsr()
    held = present[squares]
    spans = sorted({one.months for one in counting.scopes})
    within = np.array(
        [(first <= counting.month) & (counting.month <= last) for first, last in spans]
    )
    # how many reports of each square (rows) are of each span
    dated = held @ within.T.astype(np.int64)
    span_of = {span: place for place, span in enumerate(spans)}
    grounds = _rows_by_ground(counting)
    for start in range(0, len(grounds), _AT_ONCE):
        tick(0.0)
        some = grounds[start : start + _AT_ONCE]
        rows = np.concatenate(some)
        ground = np.repeat(np.arange(len(some)), [len(one) for one in some])
        one_each = sparse.csr_matrix(
            (np.ones(len(rows), dtype=np.int64), (np.arange(len(rows)), ground)),
            shape=(len(rows), len(some)),
        )
        inside = (held @ (present[rows].T @ one_each)).toarray()
        there = dated[:, [span_of[counting.scopes[row].months] for row in rows]] @ one_each
        for place, one in enumerate(some):
            row = int(one[0])
            told = (there[:, place] > 0) & (product_of_square != counting.product[row])
            all_in, none_in = inside[:, place] == there[:, place], inside[:, place] == 0
            found[np.ix_(one, columns[told & all_in])] = True
            found[np.ix_(one, columns[told & none_in])] = False
    return found


def _rows_by_ground(counting: Counting) -> list[Ints]:
    """Return the numbers with ground to hold squares against, together where it is the same."""
    rows_of: dict[tuple[int, Ground | int], list[int]] = {}
    for row, (one, ground) in enumerate(zip(counting.scopes, counting.grounds)):
        if one.pieces or not (one.boxes or one.others):
            # parks and rings have the same ground in other months; of an area, a cell or a rest
            # nobody but its reports knows it
            rows_of.setdefault((int(counting.product[row]), ground or row), []).append(row)
    return [np.array(rows, dtype=np.int64) for rows in rows_of.values()]


def is_square(scope: Scope) -> bool:
    """Tell whether a number is that of a square and nothing else."""
    return len(scope.boxes) == 1 and not scope.pieces and not scope.others


def _pieces_in(pieces: Sequence[Piece], ground: Sequence[Piece]) -> Bools:
    """Tell which of the smallest pieces lie on some ground."""
    of_name: dict[str, list[tuple[float, float]]] = {}
    for name, inner, outer in ground:
        of_name.setdefault(name, []).append((inner, outer))
    return np.array(
        [
            any(inner <= low and high <= outer for inner, outer in of_name.get(name, ()))
            for name, low, high in pieces
        ],
        dtype=bool,
    )


def _boxes_in(boxes: Sequence[Box], ground: Iterable[Box]) -> Bools:
    """Tell which boxes have their middle in one of some boxes."""
    edges = np.array(boxes, dtype=float).reshape(-1, 4)
    x, y = (edges[:, 0] + edges[:, 2]) / 2, (edges[:, 1] + edges[:, 3]) / 2
    found = np.zeros(len(boxes), dtype=bool)
    for west, south, east, north in ground:
        found |= (west <= x) & (x < east) & (south <= y) & (y < north)
    return found


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
