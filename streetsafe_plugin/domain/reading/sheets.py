# SPDX-License-Identifier: GPL-2.0-or-later
"""A sheet of a workbook, however it was stored, and how it becomes a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.columns import recognise
from streetsafe_plugin.domain.reading.header import PROBE_ROWS, find_header
from streetsafe_plugin.domain.reading.table import (
    DAY_ZERO,
    MOST_COLUMNS,
    NoRows,
    RawTable,
    columns_of,
    tidy_header,
)

#: The most cells of one sheet that are kept.
MOST_CELLS = 50_000_000


@dataclass
class Sheet:
    """A sheet's rows that hold anything, with their numbers as the workbook shows them.

    `hidden_rows` and `hidden_columns` count what is hidden but was read all the same. `errors`
    counts cells such as #N/A, `uncached` formulas whose result is not in the file.
    """

    name: str
    hidden: bool = False
    numbers: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    hidden_rows: int = 0
    hidden_columns: int = 0
    errors: int = 0
    uncached: int = 0

    def notes(self) -> list[str]:
        """Return what a person should know of the sheet."""
        notes = []
        if self.hidden:
            notes.append("The sheet is hidden in the workbook.")
        counts = (
            ("Rows that are hidden in the sheet but were read", self.hidden_rows),
            ("Columns that are hidden in the sheet but were read", self.hidden_columns),
            ("Cells that hold an error such as #N/A and count as empty", self.errors),
            ("Cells with a formula but no result, which count as empty", self.uncached),
        )
        notes += [f"{what}: {number}." for what, number in counts if number]
        if self.uncached:
            notes.append("Open the workbook in a spreadsheet program and save it for results.")
        return notes


def chosen_table(
    sheets: Sequence[Sheet],
    file_name: str,
    sha256: str,
    wanted: str = "",
    header_row: int = 0,
    day_zero: date = DAY_ZERO,
) -> RawTable:
    """Return the table of the sheet called `wanted`, else of the only one that holds places.

    Hidden sheets are passed over unless they are named.

    Raises:
        InputRefused: no such sheet, none with rows, or several that could be meant.
    """
    if wanted:
        same = [one for one in sheets if one.name.strip().casefold() == wanted.strip().casefold()]
        if not same:
            raise InputRefused(
                f"“{file_name}” has no sheet “{wanted}”.", f"Set SHEET to one of {_quoted(sheets)}."
            )
        return _table(same[0], file_name, sha256, header_row, day_zero)
    filled = [sheet for sheet in sheets if len(sheet.rows) > 1 and not sheet.hidden]
    if not filled:
        raise NoRows(file_name)
    if len(filled) == 1:
        return _table(filled[0], file_name, sha256, header_row, day_zero)
    tables = [_table(sheet, file_name, sha256, header_row, day_zero) for sheet in filled]
    with_places = [table for table in tables if _has_places(table)]
    if len(with_places) != 1:
        what = "several sheets" if not with_places else f"{len(with_places)} sheets with places"
        raise InputRefused(
            f"“{file_name}” has {what}, so it cannot be told which holds the reports.",
            f"Set SHEET to one of {_quoted(filled)}.",
        )
    return with_places[0]


def _has_places(table: RawTable) -> bool:
    try:
        columns = recognise(table)
    except InputRefused:
        return False
    whole = (columns.gridref, columns.wkt, columns.latlon)
    return bool(columns.lonlat or columns.metres) or any(one is not None for one in whole)


def _table(sheet: Sheet, file_name: str, sha256: str, header_row: int, day_zero: date) -> RawTable:
    if not sheet.rows:
        raise NoRows(file_name)
    header = find_header(_probe(sheet, max(PROBE_ROWS, header_row)), file_name, header_row)
    data = [position for position, number in enumerate(sheet.numbers) if number > header.after]
    if not data:
        raise NoRows(file_name)
    width = max(len(header.names), *(len(sheet.rows[position]) for position in data))
    if width > MOST_COLUMNS:
        raise InputRefused(
            f"“{file_name}” has {width} columns; at most {MOST_COLUMNS} can be read.",
            "Keep only the columns that describe the reports.",
        )
    names, notes = tidy_header([*header.names, *[""] * (width - len(header.names))])
    rows = [sheet.rows[position] + [""] * (width - len(sheet.rows[position])) for position in data]
    return RawTable(
        file_name,
        names,
        columns_of(rows, width),
        np.array([sheet.numbers[position] for position in data], dtype=np.int64),
        sha256=sha256,
        notes=(f"Read from the sheet “{sheet.name}”.", *sheet.notes(), *header.notes, *notes),
        sheet=sheet.name,
        day_zero=day_zero,
    )


def _probe(sheet: Sheet, count: int) -> list[list[str]]:
    """Return the first rows as the sheet shows them, blank ones included, all of one width."""
    last = min(count, sheet.numbers[-1])
    early = [(n, row) for n, row in zip(sheet.numbers, sheet.rows) if n <= last]
    width = max((len(row) for _, row in early), default=0)
    shown = [[""] * width for _ in range(last)]
    for number, row in early:
        shown[number - 1] = row + [""] * (width - len(row))
    return shown


def _quoted(sheets: Sequence[Sheet]) -> str:
    return ", ".join(f"“{sheet.name}”" for sheet in sheets)
