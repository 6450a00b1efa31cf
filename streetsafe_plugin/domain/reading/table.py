# SPDX-License-Identifier: GPL-2.0-or-later
"""What a file or layer holds before anybody has made sense of it: text, column by column.

A file of a million rows has few different answers, so a column is kept as an array and what it
holds is worked out once for each different text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from streetsafe_plugin.domain.arrays import Floats, Ints, Texts
from streetsafe_plugin.domain.errors import InputRefused

#: The day that a spreadsheet counts as 0, unless the workbook says it counts from 1904.
DAY_ZERO = date(1899, 12, 30)
DAY_ZERO_1904 = date(1904, 1, 1)

#: The most columns a table can have.
MOST_COLUMNS = 2_000

#: Why a row was not taken, in the order in which the codes are listed for people.
REJECTION_CODES = (
    "no_place",
    "zero_place",
    "unreadable_place",
    "outside_earth",
    "outside_gb",
    "duplicate",
    "conflicting_id",
    "wrong_width",
    "unreadable_row",
)


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not taken: where it stands, why, and what it holds, as JSON."""

    source_file: str
    source_row: int
    code: str
    reason: str
    raw: str


@dataclass(frozen=True)
class RefusedRow:
    """A row that could not even be laid under the header."""

    row: int
    code: str
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class PointColumn:
    """The geometry of each row.

    `xy` is (n, 2), x before y, NaN where there is none. `kinds` names each row's geometry:
    `point`, empty for none, anything else for what is not a point. `crs_id`, such as `EPSG:4326`,
    is empty where the source does not say.
    """

    xy: Floats
    kinds: Sequence[str]
    crs_id: str


@dataclass(frozen=True)
class RawTable:
    """A table in which every cell is the text that stood in the source, empty where missing.

    `columns` holds one array of texts for each name of the `header`, all of one length.
    `row_numbers` are the rows as a person counts them: in a text file the header is row 1 and
    blank lines count; where there is no header the first feature is row 1. `file_name` has no
    folder; `sheet` is the name of a workbook's sheet. `day_zero` is the day from which bare
    numbers that stand for dates are counted.
    """

    file_name: str
    header: tuple[str, ...]
    columns: tuple[Texts, ...]
    row_numbers: Ints
    refused: tuple[RefusedRow, ...] = ()
    sha256: str = ""
    points: PointColumn | None = None
    notes: tuple[str, ...] = ()
    sheet: str = ""
    day_zero: date = DAY_ZERO
    _distinct: dict[int, tuple[Ints, Texts]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __len__(self) -> int:
        """Return how many rows could be laid under the header."""
        return len(self.row_numbers)

    def column(self, index: int) -> Texts:
        """Return the cells of one column."""
        return self.columns[index]

    def row(self, row: int) -> list[str]:
        """Return the cells of one row."""
        return [column[row] for column in self.columns]

    def distinct(self, index: int) -> tuple[Ints, Texts]:
        """Return the different texts of a column, and for each row which of them it holds."""
        if index not in self._distinct:
            which, texts = pd.factorize(self.columns[index])
            self._distinct[index] = which.astype(np.int64), np.asarray(texts, dtype=object)
        return self._distinct[index]

    @cached_property
    def rows(self) -> list[tuple[str, ...]]:
        """Return the rows: for small tables."""
        return list(zip(*self.columns)) if self.columns else [()] * len(self)

    @property
    def rows_read(self) -> int:
        """Return how many rows of data the source has, readable or not."""
        return len(self) + len(self.refused)


def columns_of(rows: Sequence[Sequence[str]], width: int) -> tuple[Texts, ...]:
    """Return the columns of rows that all have `width` cells."""
    columns: Sequence[Sequence[str]] = list(zip(*rows)) if rows else [()] * width
    return tuple(texts([_without_nul(cell) for cell in column]) for column in columns)


def _without_nul(cell: str) -> str:
    """Return a text in which U+FFFD stands for every NUL, where many programs stop reading."""
    return cell.replace("\0", "\ufffd") if "\0" in cell else cell


def texts(cells: Sequence[str]) -> Texts:
    """Return texts as an array of objects, whatever their lengths."""
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def none_where_empty(column: Texts) -> Texts:
    """Return a column with None for every empty text."""
    filled = column.copy()
    filled[column == ""] = None
    return filled


def tidy_header(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the header with every name filled in and different, and a note on each change.

    Names that differ only by case count as the same: databases cannot hold both.
    """
    names: list[str] = []
    notes: list[str] = []
    taken = {_trimmed(cell).casefold() for cell in cells}
    seen: set[str] = set()
    for position, cell in enumerate(cells, start=1):
        given = _trimmed(cell)
        name = given or f"column_{position}"
        number = 2
        while name.casefold() in seen or (name != given and name.casefold() in taken):
            name = f"{given or f'column_{position}'}_{number}"
            number += 1
        seen.add(name.casefold())
        names.append(name)
        if not given:
            notes.append(f"Column {position} has no heading and is called “{name}”.")
        elif name != given:
            notes.append(f"Column {position} repeats the heading “{given}” and is called “{name}”.")
    return tuple(names), tuple(notes)


class NoRows(InputRefused):
    """The source holds a header and nothing else."""

    def __init__(self, file_name: str) -> None:
        """Name the source."""
        super().__init__(f"“{file_name}” has no rows of data.", "Choose another file.")


def as_json(content: Mapping[str, str] | Sequence[str]) -> str:
    """Return a row as JSON that any program can read back."""
    return json.dumps(
        content if isinstance(content, Mapping) else list(content), ensure_ascii=False
    )


def _trimmed(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").replace("\u200b", "").split())
