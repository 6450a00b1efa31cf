# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts in the cells of a grid as numbers to be protected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.disclosure.audit import Audited
from streetsafe_plugin.domain.disclosure.statistics import Order, Shown, Statistic
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice, places_in
from streetsafe_plugin.domain.issued import INSIDE, Scope


@dataclass(frozen=True)
class CellCounts:
    """The numbers of a grid of square cells, and which of them are whose.

    `busy` (m, 2) are the cells that hold reports, `of_report` (n) tells in which of them a report
    lies.
    """

    lattice: Lattice
    busy: Ints
    of_report: Ints
    statistics: list[Statistic]

    def name(self, column: int, row: int, code: str = "") -> str:
        """Return the name of a cell's number of reports, or of mentions of a reason."""
        return _name(self.lattice, column, row, code)

    def shown(self, found: Audited) -> Ints:
        """Return the cells (k, 2) whose reports are shown, by row, then column."""
        some = [found.shows(self.name(column, row)) for column, row in self.busy.tolist()]
        return np.asarray(self.busy[np.array(some, dtype=bool)])

    def held_for_being_small(self, found: Audited, drawn: Ints, codes: Sequence[str]) -> int:
        """Return how many numbers of the drawn cells are held back and not to protect others.

        Of a cell whose reports are held back, the mentions are not counted as well.
        """
        shown = self.shown(found)
        mentions = sum(
            not found.shows(self.name(column, row, code))
            for column, row in shown.tolist()
            for code in codes
        )
        names = {self.name(column, row) for column, row in drawn.tolist()}
        names |= {self.name(column, row, code) for column, row in shown.tolist() for code in codes}
        return len(drawn) - len(shown) + mentions - len(found.further & names)

    def frame(self, found: Audited) -> Ints:
        """Return every cell (k, 2) of the rectangle around those whose reports are shown.

        It follows from them alone, so that its edges tell nothing of the others.
        """
        shown = self.shown(found)
        if not len(shown):
            return shown
        west, south, east, north = np.hstack((shown.min(axis=0), shown.max(axis=0))).tolist()
        columns, rows = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
        return np.column_stack((columns.ravel(), rows.ravel()))


def count_cells(
    xy: Floats,
    size_m: float,
    months: tuple[int, int],
    ticks: Mapping[str, Bools],
    threshold: int,
) -> CellCounts:
    """Return the numbers of square cells: reports, and mentions by reason where these are given.

    How many reports there are in all is not shown, but readers are taken to know it.
    Of a cell with too few reports no mentions are numbers: there are no more than reports. Of those
    without a report the cells beside one with enough are numbers, and one more for all others.
    """
    lattice = Lattice(CellShape.SQUARE, size_m)
    cells = lattice.cells_of(xy)
    busy = np.unique(cells, axis=0) if len(xy) else np.zeros((0, 2), dtype=np.int64)
    of_report = places_in(busy, cells)
    counts = np.bincount(of_report, minlength=len(busy))
    everywhere = np.ones(len(xy), dtype=bool)
    beyond = Scope((("an empty cell", INSIDE, 0.0),), False, months, True)
    statistics = [
        Statistic("all", everywhere, Scope((), True, months, True), Shown.KNOWN, Order.TOTAL),
        Statistic("an empty cell", ~everywhere, beyond, Shown.NEVER, Order.CELL),
    ]
    empty = _empty_beside(busy, busy[counts >= threshold])
    listed = np.concatenate((busy, empty))
    for place, ((column, row), box) in enumerate(zip(listed.tolist(), lattice.boxes(listed))):
        name, scope = _name(lattice, column, row), Scope((), False, months, True, (box,))
        members = of_report == place
        statistics.append(Statistic(name, members, scope, Shown.COUNT, Order.ZONE))
        if place < len(busy) and counts[place] >= threshold:
            statistics += [
                Statistic(f"{name}, {code}", members, scope, Shown.COUNT, Order.CELL, code)
                for code in ticks
            ]
    return CellCounts(lattice, busy, of_report, statistics)


def _empty_beside(busy: Ints, enough: Ints) -> Ints:
    """Return the cells (k, 2) without a report that touch one with enough."""
    around = [enough + np.array(step) - 1 for step in np.ndindex(3, 3)]
    near = np.unique(np.concatenate(around), axis=0) if len(enough) else enough
    return np.asarray(near[places_in(busy, near) < 0]) if len(near) else near


def _name(lattice: Lattice, column: int, row: int, code: str = "") -> str:
    name = f"cell {lattice.size_m:g} {column}_{row}"
    return f"{name}, {code}" if code else name
