# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell reports apart: by their own ids, else by what the row holds.

An id that comes again is an exact repeat, one more reason of the same report, or a contradiction.
Rows without an id are reports of their own, however alike; they are named by their content and
numbered, so that the same file gives the same names again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from streetsafe_plugin.domain.arrays import Bools, Ints, Texts
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.places import Problem
from streetsafe_plugin.domain.reading.table import RawTable, texts

DUPLICATE, CONFLICTING_ID = "duplicate", "conflicting_id"

_HASH_DIGITS = 16


@dataclass(frozen=True)
class Identities:
    """Which rows are reports, and what becomes of those that repeat an id.

    `kept` are the rows that become reports, in the order of the source, with `ids` beside them.
    `merged` are the rows that only add a reason, with the rows they add to in `merged_into`.
    `repeats` says why each other row was not taken. `alike_but_for_reason` counts rows without an
    id that agree with an earlier one in everything but the reason.
    """

    kept: Ints
    ids: Texts
    merged: Ints
    merged_into: Ints
    repeats: dict[int, Problem]
    alike_but_for_reason: int = 0


def settle(table: RawTable, columns: Columns, usable: Bools, reasons_in_row: Ints) -> Identities:
    """Return what each usable row is; `reasons_in_row` counts the reasons listed in its cells.

    A file has one row a reason if no row lists more than one and some rows repeat an id with
    nothing else changed: such rows are merged. In any other file a changed row is a contradiction,
    and the first one stands.
    """
    rows = np.flatnonzero(usable)
    own = _has_own_id(table, columns)[rows]
    named, nameless = rows[own], rows[~own]
    first_of = _first_with_same_id(table, columns, named)
    again = named[first_of != named]
    first = first_of[first_of != named]
    same_content = _content(table, columns, again) == _content(table, columns, first)
    only_reason = ~same_content & _may_be_one_row_a_reason(columns, reasons_in_row[rows])
    only_reason &= _facts(table, columns, again) == _facts(table, columns, first)

    repeats = {
        int(row): _repeat_of(int(table.row_numbers[of]), same)
        for row, of, same, merged in zip(again, first, same_content, only_reason)
        if not merged
    }
    kept_named = named[first_of == named]
    own_ids = table.column(columns.report_id)[kept_named] if columns.report_id is not None else []
    kept = np.concatenate([kept_named, nameless])
    ids = np.concatenate([texts(own_ids), _numbered(_content(table, columns, nameless))])
    order = np.argsort(kept, kind="stable")
    return Identities(
        kept[order],
        ids[order],
        again[only_reason],
        first[only_reason],
        repeats,
        _alike_but_for_reason(table, columns, nameless, reasons_in_row),
    )


def _has_own_id(table: RawTable, columns: Columns) -> Bools:
    if columns.report_id is None:
        return np.zeros(len(table), dtype=bool)
    which, different = table.distinct(columns.report_id)
    filled = np.array([bool(text.strip()) for text in different], dtype=bool)
    return filled[which] if len(filled) else np.zeros(len(table), dtype=bool)


def _first_with_same_id(table: RawTable, columns: Columns, rows: Ints) -> Ints:
    """Return for each row the first of `rows` that has the same id."""
    if columns.report_id is None:
        return rows
    which = table.distinct(columns.report_id)[0][rows]
    _, first, inverse = np.unique(which, return_index=True, return_inverse=True)
    return np.asarray(rows[first[inverse]])


def _may_be_one_row_a_reason(columns: Columns, reasons_in_row: Ints) -> bool:
    return bool(columns.reason_lists) and not (reasons_in_row > 1).any()


def _alike_but_for_reason(
    table: RawTable, columns: Columns, rows: Ints, reasons_in_row: Ints
) -> int:
    if columns.submitted is None or not _may_be_one_row_a_reason(columns, reasons_in_row[rows]):
        return 0
    facts = pd.Series(_facts(table, columns, rows)).duplicated()
    content = pd.Series(_content(table, columns, rows)).duplicated()
    return int((facts & ~content).sum())


def _repeat_of(number: int, same: bool) -> Problem:
    if same:
        return Problem(DUPLICATE, f"The row repeats row {number} exactly.")
    return Problem(
        CONFLICTING_ID, f"The row has the id of row {number}, which is kept, but differs from it."
    )


def _numbered(digests: Texts) -> Texts:
    """Return `h:`, the digest and the row's number among those of the same content."""
    number = pd.Series(digests).groupby(digests).cumcount().to_numpy() + 1 if len(digests) else ()
    return texts([f"h:{digest}-{n}" for digest, n in zip(digests, number)])


def _content(table: RawTable, columns: Columns, rows: Ints) -> Texts:
    """Return 16 hexadecimal digits for all that each row holds, whatever the columns' order.

    Running numbers of a database and columns a profile says to ignore are no part of it.
    """
    skipped = {*columns.storage, *columns.ignored}
    return _digests(table, (i for i in range(len(table.header)) if i not in skipped), rows)


def _facts(table: RawTable, columns: Columns, rows: Ints) -> Texts:
    """Return 16 hexadecimal digits for what is known of each row beside its reasons."""
    known = (
        columns.submitted,
        *(columns.lonlat or ()),
        *(columns.metres or ()),
        columns.gridref,
        columns.wkt,
        columns.latlon,
        columns.crime_reported,
        columns.why_not_reported,
        *columns.personal,
    )
    return _digests(table, (index for index in known if index is not None), rows)


def _digests(table: RawTable, indices: Iterable[int], rows: Ints) -> Texts:
    if not len(rows):
        return texts([])
    by_name = sorted((table.header[index], index) for index in set(indices))
    pieces = [_packed(table, name, index, rows) for name, index in by_name]
    if table.points is not None:
        places = table.points.xy[rows].tolist()
        pieces.append([json.dumps(["", repr(place)]) for place in places])
    if not pieces:
        pieces = [[""] * len(rows)]
    return texts([_digest(held) for held in zip(*pieces)])


def _packed(table: RawTable, name: str, index: int, rows: Ints) -> list[str]:
    """Return the column's heading and cell as JSON for each row, nothing where it is empty."""
    which, different = table.distinct(index)
    needed = np.unique(which[rows])
    packed = {int(n): json.dumps([name, text]) if text else "" for n, text in
              zip(needed, different[needed])}  # fmt: skip
    return [packed[n] for n in which[rows].tolist()]


def _digest(pieces: Sequence[str]) -> str:
    content = f"[{', '.join(filter(None, pieces))}]"
    return hashlib.sha256(content.encode()).hexdigest()[:_HASH_DIGITS]
