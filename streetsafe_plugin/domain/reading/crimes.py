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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, Callable, NamedTuple

import numpy as np
import pandas as pd

from streetsafe_plugin.domain.arrays import Floats, Ints, Moments, Texts
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

_CRIME_ID = "Crime ID"
_LAST_OUTCOME = "Last outcome category"  # older files lack it
#: The columns in which few different texts stand, and the fields of `Crimes` they become.
_SHARED = {
    "Month": "month",
    "Reported by": "reported_by",
    "Falls within": "falls_within",
    "Location": "location",
    "LSOA code": "lsoa_code",
    "LSOA name": "lsoa_name",
    "Crime type": "crime_type",
    _LAST_OUTCOME: "last_outcome",
}
_COLUMNS = (_CRIME_ID, *(name for name in _SHARED if name != _LAST_OUTCOME))
#: A column that only files on stops and searches have.
_STOP_AND_SEARCH = "Object of search"
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


@dataclass(frozen=True)
class Crimes:
    """Recorded crimes and incidents as they are published; every array has one entry a crime.

    `lonlat` is (n, 2), longitude first. Texts are empty where nothing was published.
    """

    lonlat: Floats
    crime_id: Texts
    month: Texts
    reported_by: Texts
    falls_within: Texts
    location: Texts
    lsoa_code: Texts
    lsoa_name: Texts
    crime_type: Texts
    last_outcome: Texts
    source_file: Texts
    source_row: Ints

    def __len__(self) -> int:
        """Return how many crimes there are."""
        return len(self.lonlat)

    @property
    def month_start(self) -> Moments:
        """Return the first day of each crime's month."""
        return self.month.astype("datetime64[M]").astype("datetime64[D]")

    def places(self) -> tuple[int, int]:
        """Return how many different places there are, and how many crimes the busiest holds."""
        if not len(self):
            return 0, 0
        # published places have six decimals, about a tenth of a metre
        keys = np.round(self.lonlat * 1e6).astype(np.int64) @ np.array([10**9, 1])
        _, counts = np.unique(keys, return_counts=True)
        return len(counts), int(counts.max())

    def repeated_ids(self) -> int:
        """Count the crimes whose Crime ID came before; in the published files their rows differ."""
        return int(pd.Series(self.crime_id[self.crime_id != ""]).duplicated().sum())


@dataclass(frozen=True)
class CrimeFilter:
    """Which rows the user wants; empty means all. Months are `YYYY-MM`, both included."""

    types: frozenset[str] = frozenset()
    from_month: str = ""
    to_month: str = ""

    def has_type(self, crime_type: str) -> bool:
        """Tell whether a type is asked for."""
        return not self.types or crime_type in self.types

    def has_month(self, month: str) -> bool:
        """Tell whether a month lies in the range asked for."""
        return self.from_month <= month and (not self.to_month or month <= self.to_month)


@dataclass(frozen=True)
class CrimesRead:
    """Everything that came of the files: every row is a crime, left out with a reason, or unwanted.

    `months` are all months the files hold, `repeated_files` those passed over because another has
    the same content, `empty_files` those with a header and no row. `digest` is the SHA-256 over
    the content of all files, the same whatever their line ends.
    """

    crimes: Crimes
    rejected: tuple[RejectedRow, ...]
    rows_read: int
    filtered_out: int
    months: frozenset[str]
    files: tuple[str, ...]
    repeated_files: tuple[str, ...]
    empty_files: tuple[str, ...]
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
        if accounted != self.rows_read:
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
    """Takes one file after the other and keeps what is wanted of it."""

    def __init__(self, wanted: CrimeFilter, in_great_britain_only: bool) -> None:
        self.wanted = wanted
        self.in_great_britain_only = in_great_britain_only
        self.taken: list[Crimes] = []
        self.rejected: list[RejectedRow] = []
        self.rows_read = self.filtered_out = 0
        self.months: set[str] = set()
        self.files: list[str] = []
        self.repeated_files: list[str] = []
        self.empty_files: list[str] = []
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
        _refuse_web_page(data, file)
        try:
            table = read_delimited(data, file.name, tick=tick)
        except NoRows:
            self.empty_files.append(file.name)
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
        """Refuse a month of a force that another file holds as well: it would count twice."""
        months, month_texts = table.distinct(position["Month"])
        forces, force_texts = table.distinct(position["Reported by"])
        for pair in np.unique(months * len(force_texts) + forces).tolist():
            month, force = divmod(pair, len(force_texts))
            key = month_texts[month], force_texts[force]
            other = self.seen_months.setdefault(key, file)
            if other is not file:
                raise InputRefused(
                    f"“{file.found_in}/{file.name}” and “{other.found_in}/{other.name}” both hold"
                    f" {key[0]} as reported by {key[1]}, but differ.",
                    "Keep only the newer one, or its crimes would count twice.",
                )

    def _take_rows(self, table: RawTable, position: dict[str, int]) -> None:
        which, months = table.distinct(position["Month"])
        is_month = np.array([bool(_MONTH.fullmatch(month)) for month in months], dtype=bool)
        in_range = np.array([self.wanted.has_month(month) for month in months], dtype=bool)
        self.months.update(months[is_month].tolist())
        kinds, types = table.distinct(position["Crime type"])
        is_asked_for = np.array([self.wanted.has_type(kind) for kind in types], dtype=bool)
        dated = is_month[which]
        wanted = dated & in_range[which] & is_asked_for[kinds]
        self.filtered_out += int((dated & ~wanted).sum())
        taken = np.flatnonzero(wanted)
        places = self._places(table, position, taken)
        self._reject(table, dict.fromkeys(np.flatnonzero(~dated).tolist(), _NO_MONTH))
        self._reject(table, {int(taken[line]): why for line, why in places.problems.items()})
        placed = np.ones(len(taken), dtype=bool)
        placed[list(places.problems)] = False
        self.taken.append(self._crimes(table, position, taken[placed], places.xy[placed]))

    def _places(self, table: RawTable, position: dict[str, int], taken: Ints) -> Places:
        places = read_lonlat(
            table.column(position[_LONGITUDE])[taken],
            table.column(position[_LATITUDE])[taken],
            (_LONGITUDE, _LATITUDE),
        )
        return leave_out_places_abroad(places, places.xy) if self.in_great_britain_only else places

    def _reject(self, table: RawTable, problems: Mapping[int, Problem]) -> None:
        for number, problem in problems.items():
            why = _NO_LOCATION if problem.code == "no_place" else problem
            raw = as_json(dict(zip(table.header, table.row(number))))
            row = int(table.row_numbers[number])
            self.rejected.append(RejectedRow(table.file_name, row, why.code, why.sentence, raw))

    def _crimes(
        self, table: RawTable, position: dict[str, int], rows: Ints, lonlat: Floats
    ) -> Crimes:
        shared: dict[str, Any] = {
            field_name: self._shared(table, position.get(name), rows)
            for name, field_name in _SHARED.items()
        }
        return Crimes(
            lonlat=lonlat,
            crime_id=table.column(position[_CRIME_ID])[rows],
            source_file=np.full(len(rows), table.file_name, dtype=object),
            source_row=table.row_numbers[rows],
            **shared,
        )

    def _shared(self, table: RawTable, index: int | None, rows: Ints) -> Texts:
        """Return a column whose few different texts are kept once for all files."""
        if index is None:
            return np.full(len(rows), "", dtype=object)
        which, different = table.distinct(index)
        once = np.array([self.texts.setdefault(t, t) for t in different] or [""], dtype=object)
        return np.asarray(once[which[rows]])

    def result(self) -> CrimesRead:
        read = CrimesRead(
            _together(self.taken),
            tuple(sorted(self.rejected, key=lambda row: (row.source_file, row.source_row))),
            self.rows_read,
            self.filtered_out,
            frozenset(self.months),
            tuple(self.files),
            tuple(self.repeated_files),
            tuple(self.empty_files),
            sha256("".join(sorted(self.seen_content)).encode()).hexdigest(),
        )
        read.require_closed()
        return read


def _together(taken: Sequence[Crimes]) -> Crimes:
    empty: dict[str, Any] = {part.name: np.empty(0, dtype=object) for part in fields(Crimes)}
    empty.update(lonlat=np.empty((0, 2)), source_row=np.empty(0, dtype=np.int64))
    every = [Crimes(**empty), *taken]
    together: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in every]) for name in empty
    }
    return Crimes(**together)


def _refuse_web_page(data: bytes, file: StreetFile) -> None:
    """Refuse what a server sends in place of a file that is gone."""
    if data.lstrip()[:1] == b"<":
        raise InputRefused(
            f"“{file.found_in}/{file.name}” is a web page, not a table.",
            "Download that month again, or take the file out.",
        )


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
    if missing and _STOP_AND_SEARCH.casefold() in folded:
        raise InputRefused(
            f"“{table.file_name}” holds stops and searches, not crimes.",
            "Import it with Import reports and the mapping profile for stop and search.",
        )
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
