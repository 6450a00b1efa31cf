# SPDX-License-Identifier: GPL-2.0-or-later
"""Read street-level crime as data.police.uk publishes it: one CSV a month and force.

Rows without a Crime ID are anti-social behaviour, and rows that repeat one another are separate
incidents: all of them are kept. Points are moved to the nearest of a list of snap points before
publication, so many incidents share a place.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Callable, NamedTuple

import numpy as np

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.delimited import read_delimited
from streetsafe_plugin.domain.reading.places import (
    Places,
    Problem,
    leave_out_places_abroad,
    read_lonlat,
)
from streetsafe_plugin.domain.reading.table import NoRows, RawTable, RejectedRow, as_json

#: The kinds of crime that are or were published; the last two only until 2013.
CRIME_TYPES = (
    "Anti-social behaviour",
    "Bicycle theft",
    "Burglary",
    "Criminal damage and arson",
    "Drugs",
    "Other crime",
    "Other theft",
    "Possession of weapons",
    "Public order",
    "Robbery",
    "Shoplifting",
    "Theft from the person",
    "Vehicle crime",
    "Violence and sexual offences",
    "Public disorder and weapons",
    "Violent crime",
)

_COLUMNS = (
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
)
_LAST_OUTCOME = "Last outcome category"  # older files lack it
_LONGITUDE, _LATITUDE = "Longitude", "Latitude"
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_NO_MONTH = Problem("unreadable_row", "Its month is not a month such as 2021-11.")
_NO_LOCATION = Problem("no_place", "It was published without a location.")


class StreetFile(NamedTuple):
    """One CSV: its name, the folder or archive it is in, its size in bytes, how to read it."""

    name: str
    found_in: str
    size: int
    read: Callable[[], bytes]


class Crime(NamedTuple):
    """One recorded crime or incident, as it is published."""

    crime_id: str
    month: str
    reported_by: str
    falls_within: str
    location: str
    lsoa_code: str
    lsoa_name: str
    crime_type: str
    last_outcome: str
    source_file: str
    source_row: int

    @property
    def month_start(self) -> date:
        """Return the first day of its month."""
        return date(int(self.month[:4]), int(self.month[5:]), 1)


@dataclass(frozen=True)
class CrimeFilter:
    """Which rows the user wants; empty means all. Months are `YYYY-MM`, both included."""

    types: frozenset[str] = frozenset()
    from_month: str = ""
    to_month: str = ""

    def wants(self, month: str, crime_type: str) -> bool:
        """Tell whether a row is wanted."""
        return self.has_month(month) and (not self.types or crime_type in self.types)

    def has_month(self, month: str) -> bool:
        """Tell whether a month lies in the range asked for."""
        return self.from_month <= month and (not self.to_month or month <= self.to_month)


@dataclass(frozen=True)
class CrimesRead:
    """Everything that came of the files: every row is a crime, left out with a reason, or unwanted.

    `lonlat` is (n, 2), one line for each of `crimes`. `months` are all months the files hold,
    `repeated_files` those passed over because another has the same content. `digest` is the
    SHA-256 over the content of all files, the same whatever their line ends.
    """

    crimes: tuple[Crime, ...]
    lonlat: Floats
    rejected: tuple[RejectedRow, ...]
    rows_read: int
    filtered_out: int
    months: frozenset[str]
    files: tuple[str, ...]
    repeated_files: tuple[str, ...]
    digest: str

    @property
    def rejected_by_code(self) -> Counter[str]:
        """Count the rows that are wanted but not in the result, by code."""
        return Counter(row.code for row in self.rejected)

    @property
    def no_location(self) -> int:
        """Count the rows published without a place."""
        return self.rejected_by_code["no_place"]

    @property
    def rejected_rows(self) -> int:
        """Count the rows that could not be used for any other reason."""
        return len(self.rejected) - self.no_location

    def missing_months(self, wanted: CrimeFilter) -> list[str]:
        """Return the months without any row from the first to the last asked for, else held."""
        held = {month for month in self.months if wanted.has_month(month)}
        first = wanted.from_month or min(held, default="")
        last = wanted.to_month or max(held, default="")
        return [month for month in _months(first, last) if month not in held]

    def require_closed(self) -> None:
        """Raise `DoesNotAddUp` unless every row read is accounted for once."""
        accounted = len(self.crimes) + len(self.rejected) + self.filtered_out
        if accounted != self.rows_read or len(self.crimes) != len(self.lonlat):
            raise DoesNotAddUp(
                f"{self.rows_read} rows were read but {accounted} are accounted for.",
                "Nothing was imported; please report this.",
            )


def read_crimes(
    files: Sequence[StreetFile],
    wanted: CrimeFilter | None = None,
    in_great_britain_only: bool = True,
    tick: Tick = no_tick,
) -> CrimesRead:
    """Read every file, each content once, and account for every row.

    Raises:
        InputRefused: a file is not street-level crime, or two files give different versions of
            one month of one force, which would count its crimes twice.
        DoesNotAddUp: a row was lost or counted twice.
    """
    wanted = wanted or CrimeFilter()
    reader = _Reader(wanted, in_great_britain_only)
    total, done = sum(file.size for file in files) or 1, 0
    for file in files:

        def within(share: float, start: int = done, size: int = file.size) -> None:
            tick((start + share * size) / total)

        reader.add(file, within)
        done += file.size
        tick(done / total)
    return reader.result()


class _Reader:
    """What has been read so far."""

    def __init__(self, wanted: CrimeFilter, in_great_britain_only: bool) -> None:
        self.wanted = wanted
        self.in_great_britain_only = in_great_britain_only
        self.crimes: list[Crime] = []
        self.lonlat: list[Floats] = []
        self.rejected: list[RejectedRow] = []
        self.rows_read = self.filtered_out = 0
        self.months: set[str] = set()
        self.files: list[str] = []
        self.repeated_files: list[str] = []
        self.seen_content: dict[str, StreetFile] = {}
        self.seen_months: dict[tuple[str, str], StreetFile] = {}
        # the same few thousand texts come in every file: keep each once
        self.texts: dict[str, str] = {}

    def add(self, file: StreetFile, tick: Tick) -> None:
        data = file.read()
        content = _digest(data)
        if content in self.seen_content:
            self.repeated_files.append(f"{file.found_in}/{file.name}")
            return
        self.seen_content[content] = file
        self.files.append(file.name)
        try:
            table = read_delimited(data, file.name, tick=tick)
        except NoRows:
            return
        position = _positions(table)
        self._refuse_second_version(table, position, file)
        self.rows_read += table.rows_read
        self.rejected.extend(
            RejectedRow(file.name, one.row, one.code, one.reason, as_json(one.cells))
            for one in table.refused
        )
        self._take_rows(table, position)

    def _refuse_second_version(
        self, table: RawTable, position: dict[str, int], file: StreetFile
    ) -> None:
        month, force = position["Month"], position["Reported by"]
        if not table.rows:
            return
        held = Counter((row[month], row[force]) for row in table.rows)
        [(usual, _)] = held.most_common(1)
        other = self.seen_months.setdefault(usual, file)
        if other is not file:
            raise InputRefused(
                f"“{file.found_in}/{file.name}” and “{other.found_in}/{other.name}” both hold"
                f" {usual[0]} as reported by {usual[1]}, but differ.",
                "Keep only the newer one, or its crimes would count twice.",
            )

    def _take_rows(self, table: RawTable, position: dict[str, int]) -> None:
        month, crime_type = position["Month"], position["Crime type"]
        taken: list[int] = []
        for number, row in enumerate(table.rows):
            if not _MONTH.fullmatch(row[month]):
                self._reject(table, number, _NO_MONTH)
                continue
            self.months.add(row[month])
            if self.wanted.wants(row[month], row[crime_type]):
                taken.append(number)
            else:
                self.filtered_out += 1
        places = self._places(table, position, taken)
        placed = [line for line in range(len(taken)) if line not in places.problems]
        for line, problem in places.problems.items():
            self._reject(table, taken[line], problem)
        self.lonlat.append(places.xy[placed])
        self.crimes.extend(self._crime(table, taken[line], position) for line in placed)

    def _places(self, table: RawTable, position: dict[str, int], taken: list[int]) -> Places:
        longitude, latitude = position[_LONGITUDE], position[_LATITUDE]
        places = read_lonlat(
            table.column(longitude)[taken],
            table.column(latitude)[taken],
            (_LONGITUDE, _LATITUDE),
        )
        return leave_out_places_abroad(places, places.xy) if self.in_great_britain_only else places

    def _reject(self, table: RawTable, number: int, problem: Problem) -> None:
        if problem.code == "no_place":
            problem = _NO_LOCATION
        self.rejected.append(
            RejectedRow(
                table.file_name,
                int(table.row_numbers[number]),
                problem.code,
                problem.sentence,
                as_json(dict(zip(table.header, table.rows[number]))),
            )
        )

    def _crime(self, table: RawTable, number: int, position: dict[str, int]) -> Crime:
        row, texts = table.rows[number], self.texts
        crime_id, *others = (row[position[name]] for name in _COLUMNS)
        outcome = row[position[_LAST_OUTCOME]] if _LAST_OUTCOME in position else ""
        shared = [texts.setdefault(text, text) for text in (*others, outcome)]
        return Crime._make((crime_id, *shared, table.file_name, int(table.row_numbers[number])))

    def result(self) -> CrimesRead:
        read = CrimesRead(
            tuple(self.crimes),
            np.concatenate([np.empty((0, 2)), *self.lonlat]),
            tuple(self.rejected),
            self.rows_read,
            self.filtered_out,
            frozenset(self.months),
            tuple(self.files),
            tuple(self.repeated_files),
            sha256("".join(sorted(self.seen_content)).encode()).hexdigest(),
        )
        read.require_closed()
        return read


def _digest(data: bytes) -> str:
    """Return the SHA-256 of a file's text, whatever its line ends and with or without a mark."""
    text = data[len(codecs.BOM_UTF8) :] if data.startswith(codecs.BOM_UTF8) else data
    return sha256(text.replace(b"\r\n", b"\n")).hexdigest()


def _positions(table: RawTable) -> dict[str, int]:
    """Return where each column stands, refusing a file of another kind."""
    folded = [name.casefold() for name in table.header]
    position = {
        name: folded.index(name.casefold())
        for name in (*_COLUMNS, _LONGITUDE, _LATITUDE, _LAST_OUTCOME)
        if name.casefold() in folded
    }
    missing = [name for name in (*_COLUMNS, _LONGITUDE, _LATITUDE) if name not in position]
    if missing:
        quoted = ", ".join(f"“{name}”" for name in missing)
        raise InputRefused(
            f"“{table.file_name}” is not street-level crime as data.police.uk publishes it:"
            f" it lacks {quoted}.",
            "Choose a file whose name ends in -street.csv, or the folder or ZIP that holds them.",
        )
    return position


def _months(first: str, last: str) -> list[str]:
    """Return every month from `first` to `last`, both included."""
    if not first or not last:
        return []
    return [str(month) for month in np.arange(np.datetime64(first), np.datetime64(last) + 1)]
