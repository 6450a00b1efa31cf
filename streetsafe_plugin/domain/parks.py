# SPDX-License-Identifier: GPL-2.0-or-later
"""The register of parks and what was done in them, read from CSV and checked row by row.

The columns are described in `resources/register/README.md`. A cell that is not known is empty.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.delimited import read_delimited
from streetsafe_plugin.domain.reading.table import RawTable

M2_PER_HA = 10_000.0

MEASURES = ("cctv", "lighting", "vegetation", "other")
STATUSES = ("planned", "live", "removed", "unknown")
DATE_CONFIDENCES = ("day", "month", "quarter", "unknown")

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PARK_COLUMNS = ("park_id", "park_name")
_INTERVENTION_COLUMNS = ("park_id", "measure", "status", "date_from", "date_to", "date_confidence")
_CIRCLE_CORNERS = 256
_EASTINGS, _NORTHINGS = (0.0, 800_000.0), (0.0, 1_300_000.0)


@dataclass(frozen=True)
class Place:
    """Where a park is known to be: `x`, `y` in degrees, or in metres of the National Grid."""

    x: float
    y: float
    in_degrees: bool


@dataclass(frozen=True)
class Park:
    """One park of the register; `place` and `area_ha` are None where they are not known.

    `place_source` and `area_source` say where they come from and how sure that is.
    """

    park_id: str
    name: str
    aliases: tuple[str, ...] = ()
    district: str = ""
    lad_code: str = ""
    scheme: str = ""
    place: Place | None = None
    place_source: str = ""
    area_ha: float | None = None
    area_source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Intervention:
    """One measure in one park, from one date to another; None where not known."""

    park_id: str
    measure: str
    quantity: int | None
    status: str
    date_from: datetime.date | None
    date_to: datetime.date | None
    date_confidence: str
    funding_gbp: float | None
    source: str


def read_register(text: str, file_name: str) -> list[Park]:
    """Return the parks of a register given as the text of a CSV."""
    return parks_in(read_delimited(text.encode(), file_name))


def parks_in(table: RawTable) -> list[Park]:
    """Return the parks of a register.

    Raises:
        InputRefused: a column is missing or a cell cannot be used; says which row and column.
    """
    parks = []
    seen: set[str] = set()
    for row in _rows(table, _PARK_COLUMNS):
        park_id = row.identifier("park_id")
        if park_id in seen:
            raise row.refused("park_id", "is the same as in a row above", "Give each park its own.")
        seen.add(park_id)
        parks.append(
            Park(
                park_id,
                row.required("park_name"),
                tuple(part.strip() for part in row.text("aliases").split("|") if part.strip()),
                row.text("district"),
                row.text("lad_code"),
                row.text("scheme"),
                _place(row),
                _source(row, "place"),
                row.positive("area_ha"),
                _source(row, "area"),
                row.text("note"),
            )
        )
    if not parks:
        raise InputRefused(f"“{table.file_name}” names no park.", "Add a row for each park.")
    return parks


def interventions_in(table: RawTable, park_ids: Sequence[str] | None = None) -> list[Intervention]:
    """Return the interventions of a table.

    Args:
        table: The table as it was read.
        park_ids: The parks of the register; an intervention elsewhere is refused. None for a
            layer that may hold other parks too, whatever their identifiers look like.

    Raises:
        InputRefused: a column is missing or a cell cannot be used; says which row and column.
    """
    result = []
    for row in _rows(table, _INTERVENTION_COLUMNS):
        park_id = row.required("park_id")
        if park_ids is not None and row.identifier("park_id") not in park_ids:
            raise row.refused("park_id", "is not in the register", "Use a park_id of the register.")
        quantity = row.positive("quantity")
        if quantity is not None and quantity != int(quantity):
            raise row.refused("quantity", "is not a whole number", "Leave it empty if not known.")
        first, last = row.day("date_from"), row.day("date_to")
        if first and last and last < first:
            raise row.refused("date_to", "is before date_from", "Swap or correct the dates.")
        confidence = row.one_of("date_confidence", DATE_CONFIDENCES)
        if confidence == "unknown" and (first or last):
            raise row.refused(
                "date_confidence", "is unknown though a date is given", "Say how exact the date is."
            )
        result.append(
            Intervention(
                park_id,
                row.one_of("measure", MEASURES),
                None if quantity is None else int(quantity),
                row.one_of("status", STATUSES),
                first,
                last,
                confidence,
                row.positive("funding_gbp"),
                row.text("source"),
            )
        )
    return result


def circle(x: float, y: float, area_ha: float) -> Polygon:
    """Return a circle's polygon that holds exactly the area, in hectares, around a place."""
    turn = 2 * math.pi / _CIRCLE_CORNERS
    radius = math.sqrt(2 * area_ha * M2_PER_HA / (_CIRCLE_CORNERS * math.sin(turn)))
    angles = np.arange(_CIRCLE_CORNERS) * turn
    return Polygon(np.column_stack((x + radius * np.cos(angles), y + radius * np.sin(angles))))


def identify(
    ids: Sequence[object], names: Sequence[object], rows: Sequence[int]
) -> list[tuple[str, str]]:
    """Return an identifier and a name for every polygon of a park layer.

    An id that is given is kept, so that polygons may share one; where it is missing it is made
    from the name, or from the feature's number, and made different from all others.

    Args:
        ids: The layer's park_id for each polygon, None where it has none.
        names: The layer's name for each polygon, None where it has none.
        rows: Each polygon's number in the layer, from 0.
    """
    given = [_filled(value) for value in ids]
    taken = set(given)
    result = []
    for park_id, name, row in zip(given, map(_filled, names), rows):
        own_id = park_id or _new_id(slug(name) or f"park-{row + 1}", taken)
        taken.add(own_id)
        result.append((own_id, name or own_id))
    return result


def _new_id(stem: str, taken: set[str]) -> str:
    """Return the stem, with a number behind it where it is taken."""
    candidate, number = stem, 2
    while candidate in taken:
        candidate = f"{stem}-{number}"
        number += 1
    return candidate


def _filled(value: object) -> str:
    return "" if value is None else str(value).strip()


def slug(name: str) -> str:
    """Return a park_id made from a name; empty where the name has no Latin letter or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))


def _place(row: _Row) -> Place | None:
    degrees = row.pair("longitude", "latitude", (-180.0, 180.0), (-90.0, 90.0))
    metres = row.pair("easting", "northing", _EASTINGS, _NORTHINGS)
    if degrees and metres:
        raise row.refused(
            "easting", "is given beside a longitude", "Keep the one you trust and empty the other."
        )
    if degrees:
        return Place(*degrees, in_degrees=True)
    return Place(*metres, in_degrees=False) if metres else None


def _source(row: _Row, of: str) -> str:
    """Return the certainty and the source of a place or area in a few words."""
    return ": ".join(filter(None, (row.text(f"{of}_certainty"), row.text(f"{of}_source"))))


def _rows(table: RawTable, required: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows of a table whose heading has the required columns."""
    file_name = table.file_name
    heading = [cell.lower() for cell in table.header]
    for column in required:
        if column not in heading:
            raise InputRefused(
                f"“{file_name}” has no column {column}.", "Its first row must name the columns."
            )
    for refused in table.refused:
        raise InputRefused(f"“{file_name}”, row {refused.row}: {refused.reason}", "Mend the row.")
    for number, cells in zip(table.row_numbers, table.rows):
        yield _Row(file_name, number, dict(zip(heading, (cell.strip() for cell in cells))))


@dataclass(frozen=True)
class _Row:
    """One row and how its cells are read; `number` counts the heading as row 1."""

    file: str
    number: int
    cells: dict[str, str]

    def refused(self, column: str, what: str, hint: str) -> InputRefused:
        """Return the error that names this row and a column."""
        return InputRefused(f"“{self.file}”, row {self.number}: {column} {what}.", hint)

    def text(self, column: str) -> str:
        """Return a cell, empty where the column is missing."""
        return self.cells.get(column, "")

    def required(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not self.text(column):
            raise self.refused(column, "is empty", "Fill it in or remove the row.")
        return self.text(column)

    def identifier(self, column: str) -> str:
        """Return a cell that is an identifier."""
        value = self.required(column)
        if not _ID.fullmatch(value):
            raise self.refused(
                column, "is not an identifier", "Use small letters, digits and single hyphens."
            )
        return value

    def one_of(self, column: str, values: Sequence[str]) -> str:
        """Return a cell that is one of a few words."""
        value = self.required(column)
        if value not in values:
            raise self.refused(column, "is none of the known words", f"Use {', '.join(values)}.")
        return value

    def number_in(self, column: str, least: float, most: float) -> float | None:
        """Return a number between two others, None where empty."""
        value = self.text(column)
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            raise self.refused(
                column, "is not a number", "Write it with a point, as 12.5."
            ) from None
        if not least <= number <= most:
            raise self.refused(column, "is out of range", f"It must be {least:g} to {most:g}.")
        return number

    def positive(self, column: str) -> float | None:
        """Return a number above 0, None where empty."""
        number = self.number_in(column, 0.0, 1e9)
        if number == 0:
            raise self.refused(column, "is 0", "Leave it empty if not known.")
        return number

    def pair(
        self, first: str, second: str, of_first: tuple[float, float], of_second: tuple[float, float]
    ) -> tuple[float, float] | None:
        """Return two numbers that only make sense together, None where both are empty."""
        one, two = self.number_in(first, *of_first), self.number_in(second, *of_second)
        if one is None and two is None:
            return None
        if one is None or two is None:
            lacking = first if one is None else second
            raise self.refused(lacking, "is empty", "Fill in both numbers of the place or neither.")
        return one, two

    def day(self, column: str) -> datetime.date | None:
        """Return a date, None where empty."""
        value = self.text(column)
        if not value:
            return None
        try:
            return datetime.datetime.strptime(value.partition("T")[0], "%Y-%m-%d").date()
        except ValueError:
            raise self.refused(column, "is not a date", "Write it as 2022-03-31.") from None
