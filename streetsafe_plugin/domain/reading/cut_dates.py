# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut a column of written dates into its different days and its different clock times.

A million moments are written in as many ways, but have few different days and at most 86,400
different times; only those need to be read. Short, plain texts are cut many at a time, by the
same rule as `written_dates.cut`, which cuts the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streetsafe_plugin.domain.arrays import Bools, Ints, Texts
from streetsafe_plugin.domain.reading.written_dates import cut

#: Texts up to this length, a multiple of eight, are cut many at a time, so many in a block.
_SHORT, _BLOCK = 32, 1 << 17
_COLON, _NOUGHT, _NINE = map(ord, ":09")

_Letters = NDArray[np.uint8]


class Pieces(NamedTuple):
    """The different pieces found in texts, and which of them each text holds."""

    which: Ints
    different: Sequence[str]


class CutDates(NamedTuple):
    """A column of texts, cut; `timed` tells which have a clock time behind the day."""

    days: Pieces
    clocks: Pieces
    timed: Bools


def cut_dates(written: Texts) -> CutDates:
    """Return the days and the clock times, empty where there is none, that texts consist of."""
    blocks = [_cut_block(written[at : at + _BLOCK]) for at in range(0, len(written), _BLOCK)]
    days = _joined(days for days, _ in blocks)
    clocks = _joined(clocks for _, clocks in blocks)
    has_clock = np.array([bool(clock) for clock in clocks.different], dtype=bool)
    return CutDates(days, clocks, has_clock[clocks.which])


def _joined(blocks: Iterable[Pieces]) -> Pieces:
    which: list[Ints] = []
    found: list[str] = []
    for block in blocks:
        which.append(block.which + len(found))
        found.extend(block.different)
    numbers: dict[str, int] = {}
    among = [numbers.setdefault(piece, len(numbers)) for piece in found]
    return Pieces(np.array(among, dtype=np.int64)[np.concatenate(which)], list(numbers))


def _cut_block(written: Texts) -> tuple[Pieces, Pieces]:
    letters = _letters(written)
    starts = _clock_starts(written, letters)
    quick, slow = np.flatnonzero(starts >= 0), np.flatnonzero(starts < 0)
    letters, starts = letters[quick], starts[quick]
    of_day = np.arange(_SHORT) < starts[:, None]
    day, day_firsts = _same(np.where(of_day, letters, 0))
    clock, clock_firsts = _same(np.where(of_day, 0, letters))
    plain = written[quick]
    days = [plain[first][: starts[first]] for first in day_firsts]
    clocks = [plain[first][starts[first] :] for first in clock_firsts]
    cut_alone = [cut(text) for text in written[slow]]
    return (
        _with_others(quick, day, days, slow, [text for text, _ in cut_alone]),
        _with_others(quick, clock, clocks, slow, [text for _, text in cut_alone]),
    )


def _with_others(
    quick: Ints, found: Ints, pieces: list[str], slow: Ints, others: list[str]
) -> Pieces:
    which = np.empty(len(quick) + len(slow), dtype=np.int64)
    which[quick] = found
    which[slow] = len(pieces) + np.arange(len(slow))
    return Pieces(which, pieces + others)


def _letters(written: Texts) -> _Letters:
    """Return the first letters of each text, a row each; noughts where it is not plain ASCII."""
    plain = np.fromiter(map(str.isascii, written), dtype=bool, count=len(written))
    packed = np.where(plain, written, "").astype(f"S{_SHORT}")
    return packed.view(np.uint8).reshape(len(written), _SHORT)


def _clock_starts(written: Texts, letters: _Letters) -> Ints:
    """Return where the clock starts in each text: up to two figures before its first colon.

    It is -1 where there is no telling from the letters.
    """
    lengths = np.fromiter(map(len, written), dtype=np.int64, count=len(written))
    whole = np.count_nonzero(letters, axis=1) == lengths
    colons = (letters == _COLON).argmax(axis=1)
    rows = np.arange(len(letters))
    figures = (letters >= _NOUGHT) & (letters <= _NINE)
    two = (colons > 1) & figures[rows, colons - 1] & figures[rows, colons - 2]
    return np.where(whole & (colons > 0), colons - 1 - two, -1)


def _same(letters: _Letters) -> tuple[Ints, list[int]]:
    """Return which rows of letters are the same, and the first of each kind."""
    kinds = np.zeros(len(letters), dtype=np.int64)
    for eight in letters.view(np.int64).T:
        more, found = pd.factorize(eight)
        kinds, _ = pd.factorize(kinds * len(found) + more)
    firsts = np.flatnonzero(~pd.Series(kinds).duplicated())
    return kinds, firsts.tolist()
