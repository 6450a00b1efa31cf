# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what was ticked in each row, whichever way the columns hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Ints, Texts
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.reasons import Wordings, is_ticked, split_reasons
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.domain.taxonomy import REASON_CODES

_PLACE_OF = {code: place for place, code in enumerate(REASON_CODES)}


@dataclass(frozen=True)
class _Strange:
    """What was not understood in one column: for each different text its parts, and who has it."""

    which: Ints
    parts: Sequence[Sequence[str]]

    def count(self, rows: Ints) -> Counter[str]:
        """Count each part in these rows."""
        times = np.bincount(self.which[rows], minlength=len(self.parts))
        counts: Counter[str] = Counter()
        for text in np.flatnonzero(times):
            for part in self.parts[text]:
                counts[part] += int(times[text])
        return counts


@dataclass(frozen=True)
class Ticked:
    """What was ticked in each of n rows, and what was not understood.

    `reasons` is (n, 12) in the order of `REASON_CODES`. `listed` counts for each row the wordings
    that stand in columns of reasons, understood or not.
    """

    reasons: Bools
    listed: Ints
    _wordings: Sequence[_Strange]
    _cells: Mapping[str, _Strange]

    def unknown_wordings(self, rows: Ints) -> dict[str, int]:
        """Count the wordings that no reason is known by, in these rows."""
        counts: Counter[str] = Counter()
        for strange in self._wordings:
            counts.update(strange.count(rows))
        return dict(counts)

    def unclear_cells(self, rows: Ints) -> dict[str, int]:
        """Count, under its heading, the cells of tick columns that say neither yes nor no."""
        counts = {name: sum(strange.count(rows).values()) for name, strange in self._cells.items()}
        return {name: number for name, number in counts.items() if number}


def _answers(different: Texts, code: str) -> list[bool | None]:
    """Return what each different text of a column for one reason says.

    -1 is how Access stores a tick; beside 1 it more likely says that nobody was asked.
    """
    answers = [is_ticked(text, code) for text in different]
    tidy = [text.strip() for text in different]
    if "1" in tidy:
        answers = [None if text == "-1" else said for text, said in zip(tidy, answers)]
    return answers


def read_ticks(table: RawTable, columns: Columns, wordings: Wordings) -> Ticked:
    """Return what was ticked; each different text of a column is read once."""
    reasons = np.zeros((len(table), len(REASON_CODES)), dtype=bool)
    listed = np.zeros(len(table), dtype=np.int64)
    strange_wordings = []
    strange_cells = {}
    for index, code in columns.ticks:
        which, different = table.distinct(index)
        answers = _answers(different, code)
        yes = np.array([answer is True for answer in answers], dtype=bool)
        reasons[:, _PLACE_OF[code]] |= yes[which]
        unclear = [(text,) if answer is None else () for text, answer in zip(different, answers)]
        strange_cells[table.header[index]] = _Strange(which, unclear)
    for index, group in columns.reason_lists:
        which, different = table.distinct(index)
        held = np.zeros((len(different), len(REASON_CODES)), dtype=bool)
        unknown = []
        for number, text in enumerate(different):
            codes, strange = split_reasons(text, group, wordings)
            held[number, [_PLACE_OF[code] for code in codes]] = True
            unknown.append(strange)
        parts = held.sum(axis=1) + np.array([len(strange) for strange in unknown], dtype=np.int64)
        reasons |= held[which]
        listed += parts[which]
        strange_wordings.append(_Strange(which, unknown))
    return Ticked(reasons, listed, strange_wordings, strange_cells)
