# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the row that names the columns: below titles, and sometimes in two lines.

A row is passed over only where it plainly is no header: it holds one or two cells, and below it
stands a full row of plain words. In doubt the first row with anything in it is the header, so that
no row of data is ever taken for a title.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from streetsafe_plugin.domain.errors import InputRefused

#: How many rows are looked at.
PROBE_ROWS = 40

_MOST_TITLE_CELLS = 2
#: The share of headings that differ; a heading may come twice by mistake.
_MOSTLY = 0.8
_HAS_DIGIT = re.compile(r"\d")
_WORD_OF_DATA = frozenset(("yes", "no", "true", "false"))


@dataclass(frozen=True)
class Header:
    """The names of the columns, and where the data begin.

    `after` is the number of rows up to the last one of the header, blank ones included. `notes`
    say what was passed over or joined.
    """

    names: tuple[str, ...]
    after: int
    notes: tuple[str, ...] = ()


def find_header(rows: Sequence[Sequence[str]], file_name: str, stated: int = 0) -> Header:
    """Return the header among the first rows of a table; `stated` is its row from 1, 0 to find it.

    Raises:
        InputRefused: the stated row is blank or not there.
    """
    if stated:
        if stated > len(rows) or not any(rows[stated - 1]):
            raise InputRefused(
                f"Row {stated} of “{file_name}” holds no headings.",
                "Set HEADER_ROW to the row that names the columns, or to 0 to have it found.",
            )
        found = stated - 1
    else:
        found = _first_that_names_columns(rows)
    if found >= len(rows):
        return Header((), found)
    names, lines = tuple(rows[found]), 1
    notes = []
    if not stated and found + 2 < len(rows) and _in_two_lines(rows[found], rows[found + 1 :]):
        names, lines = _joined(rows[found], rows[found + 1]), 2
        notes.append(f"The header stands in two lines, rows {found + 1} and {found + 2}.")
    above = sum(any(row) for row in rows[:found])
    if above:
        one = "1 row above it is" if above == 1 else f"{above} rows above it are"
        notes.append(f"The header was taken from row {found + 1}; {one} no data.")
    return Header(names, found + lines, tuple(notes))


def _first_that_names_columns(rows: Sequence[Sequence[str]]) -> int:
    """Return the position of the header: the first row, unless titles stand above a plain one."""
    filled = [sum(map(bool, map(str.strip, row))) for row in rows]
    first = next((position for position, count in enumerate(filled) if count), len(rows))
    widths = Counter(count for count in filled[first:] if count)
    if not widths:
        return first
    usual = max(widths, key=lambda width: (widths[width], width))
    if filled[first] > _MOST_TITLE_CELLS or usual <= _MOST_TITLE_CELLS:
        return first
    candidate = next(p for p in range(first, len(rows)) if filled[p] > _MOST_TITLE_CELLS)
    plain = _is_plain_words(rows[candidate]) and filled[candidate] >= 0.6 * usual
    return candidate if plain else first


def _is_plain_words(row: Sequence[str]) -> bool:
    """Tell whether a row can be a header: words that mostly differ, none of them data."""
    cells = [cell.strip().casefold() for cell in row if cell.strip()]
    data = any(_is_data(cell) for cell in cells)
    return bool(cells) and not data and len(set(cells)) >= _MOSTLY * len(cells)


def _is_data(cell: str) -> bool:
    if cell in _WORD_OF_DATA:
        return True
    digits = len(_HAS_DIGIT.findall(cell))
    return digits > 0 and digits >= 0.3 * len(cell)


def _in_two_lines(top: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether the row below a header continues it: groups above, their parts beneath."""
    bottom, data = below[0], below[1]
    if len(bottom) != len(top):
        return False
    pairs = [(one.strip(), two.strip()) for one, two in zip(top, bottom)]
    spans = sum(not one and bool(two) for one, two in pairs)
    groups = sum(bool(one) and bool(two) for one, two in pairs)
    return (
        spans > 0
        and groups > 0
        and bool(pairs[0][0])
        and all(one or two for one, two in pairs)
        and not any(_is_data(two.casefold()) for _, two in pairs)
        and any(_is_data(cell.strip().casefold()) for cell in data)
        and any(not two for _, two in pairs) | (spans >= groups)
    )


def _joined(top: Sequence[str], bottom: Sequence[str]) -> tuple[str, ...]:
    names = []
    group = ""
    for one, two in zip(top, bottom):
        group = one.strip() or group
        part = two.strip()
        if not part:
            names.append(one.strip())
        else:
            names.append(f"{group}: {part}")
    return tuple(names)
