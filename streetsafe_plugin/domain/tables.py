# SPDX-License-Identifier: GPL-2.0-or-later
"""A table as it leaves: columns with units, and what is held back named and not shown."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Union

#: A value of a cell; None where it is empty.
Cell = Union[str, int, float, datetime.date, None]
#: The column that names what is held back in its row.
HELD_BACK = "held_back"
#: Of numbers that are not whole; more tell nothing.
_DECIMALS = 3


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    REAL = "number"
    DATE = "date"


@dataclass(frozen=True)
class Column:
    """A column: its name, what it holds, and in which unit; the unit is empty where none is."""

    name: str
    kind: Kind
    unit: str = ""

    @property
    def title(self) -> str:
        """Return its heading."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """A table; its last column names, for each row, the columns that are held back.

    `name` is that of its sheet and file, `title` says what it holds. Cells that are held back are
    empty, as are those for which there is no value.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Held:
    """Stands in a row for a number that is held back."""


HELD = Held()
#: A value of a row that may be held back.
Value = Union[Cell, Held]


def table_of(
    name: str, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]]
) -> Table:
    """Return a table of rows, with the column that names what each holds back."""
    filled: list[tuple[Cell, ...]] = []
    for row in rows:
        held = [column.title for column, value in zip(columns, row) if isinstance(value, Held)]
        cells = [_cell(value) for value in row]
        filled.append((*cells, "; ".join(held) or None))
    return Table(name, title, (*columns, Column(HELD_BACK, Kind.TEXT)), tuple(filled))


def _cell(value: Value) -> Cell:
    if isinstance(value, Held):
        return None
    return round(value, _DECIMALS) if isinstance(value, float) else value
