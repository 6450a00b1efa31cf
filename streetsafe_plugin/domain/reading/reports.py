# SPDX-License-Identifier: GPL-2.0-or-later
"""From a raw table with places to reports, rejected rows and an account that closes.

A report is one pin. Its id is the source's own; where there is none it is made from the row's
content, so that the same row has the same id on every import, whatever the file is called and in
whatever order its rows stand.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.columns import CHARACTERISTICS, Columns
from streetsafe_plugin.domain.reading.dates import NONE, DateColumn, read_dates
from streetsafe_plugin.domain.reading.places import Problem
from streetsafe_plugin.domain.reading.reasons import is_ticked, split_reasons
from streetsafe_plugin.domain.reading.table import RawTable, RejectedRow, as_json
from streetsafe_plugin.domain.taxonomy import in_order

#: The day the service opened; a report dated before it has a wrong date.
SERVICE_OPENED = date(2021, 9, 2)

_ROWS_PER_TICK = 2_000
# rows that repeat an id and differ only in the reason, before the file is taken for one of another
# shape: one row a reason
_ONE_ROW_A_REASON = 3


@dataclass(frozen=True)
class PlacedRows:
    """Where each row of a table lies, in metres of the analysis system, and what is odd about it.

    `xy` is (n, 2), NaN for the rows in `problems`. `sources` says for each row which columns the
    place came from: `lonlat`, `bng` or `geometry`.
    """

    xy: Floats
    sources: Sequence[str]
    problems: Mapping[int, Problem]
    low_precision: Bools
    swapped: Bools
    disagree: Bools
    outside_area: Bools


@dataclass(frozen=True)
class Report:
    """One report as it is kept."""

    report_id: str
    xy: tuple[float, float]
    submitted_at: datetime | None
    submitted_precision: str
    reasons: tuple[str, ...]
    crime_reported: str
    why_not_reported: str
    place_source: str
    flags: tuple[str, ...]
    source_row: int
    characteristics: tuple[str, ...] = ()
    free_text: str = ""


@dataclass(frozen=True)
class ReportsRead:
    """All that came of a table: every row of it is a report, rejected, or an exact duplicate."""

    reports: tuple[Report, ...]
    rejected: tuple[RejectedRow, ...]
    rows_read: int
    merged: int = 0
    unknown_wordings: Mapping[str, int] = field(default_factory=dict)
    unclear_ticks: Mapping[str, int] = field(default_factory=dict)
    date_evidence: str = ""

    @property
    def rejected_by_code(self) -> Counter[str]:
        """Count the rows that were not taken by their code."""
        return Counter(row.code for row in self.rejected)

    @property
    def duplicates(self) -> int:
        """Count the rows that repeat an earlier one exactly, id and all."""
        return self.rejected_by_code["duplicate"]

    @property
    def rejected_rows(self) -> int:
        """Count the rows that were rejected; exact duplicates are counted apart."""
        return len(self.rejected) - self.duplicates

    @property
    def mentions(self) -> int:
        """Count the reasons ticked in all reports."""
        return sum(len(report.reasons) for report in self.reports)

    def flagged(self) -> Counter[str]:
        """Count the reports that carry each flag."""
        return Counter(flag for report in self.reports for flag in report.flags)

    def require_closed(self) -> None:
        """Raise `DoesNotAddUp` unless every row read is accounted for once."""
        accounted = len(self.reports) + self.merged + self.rejected_rows + self.duplicates
        if accounted != self.rows_read:
            raise DoesNotAddUp(
                f"{self.rows_read} rows were read but {accounted} are accounted for.",
                "Nothing was imported; please report this.",
            )


@dataclass(frozen=True)
class _Ticked:
    """What was ticked in each row, and what was not understood."""

    reasons: list[tuple[str, ...]]
    unknown_wordings: Counter[str]
    unclear_ticks: Counter[str]


def read_reports(
    table: RawTable,
    columns: Columns,
    placed: PlacedRows,
    date_order: str = "auto",
    today: date | None = None,
    keep_characteristics: bool = False,
    keep_text: bool = False,
    tick: Tick = no_tick,
) -> ReportsRead:
    """Turn a table whose places are known into reports and rejected rows.

    `today` is the day after which a report cannot have been made. Characteristics and people's
    own words are left out, of rejected rows too, unless asked for.

    Raises:
        InputRefused: dates can be read two ways, or the file has one row a reason.
        DoesNotAddUp: a row was lost or counted twice.
    """
    dates = _dates(table, columns, date_order)
    tick(0.2)
    ticked = _read_ticks(table, columns)
    tick(0.4)
    digests = _content_digests(table, columns)
    tick(0.6)
    repeats, ids = _settle_ids(table, columns, placed, digests)
    kept = [row for row in range(len(table.rows)) if row in ids]
    tick(0.7)
    flags = _flags(table, columns, placed, dates, ticked, kept, today or date.today())
    reports = []
    for done, row in enumerate(kept):
        if done % _ROWS_PER_TICK == 0:
            tick(0.8 + 0.2 * done / len(kept))
        cells = table.rows[row]
        reports.append(
            Report(
                ids[row],
                (float(placed.xy[row, 0]), float(placed.xy[row, 1])),
                dates.moments[row],
                dates.precisions[row],
                ticked.reasons[row],
                _cell(cells, columns.crime_reported),
                _cell(cells, columns.why_not_reported),
                placed.sources[row],
                flags[row],
                int(table.row_numbers[row]),
                _characteristics(cells, columns) if keep_characteristics else (),
                _free_text(table, cells, columns) if keep_text else "",
            )
        )
    hidden = _hidden_columns(columns, keep_characteristics, keep_text)
    rejected = _rejected(table, {**placed.problems, **repeats}, hidden)
    read = ReportsRead(
        tuple(reports),
        rejected,
        table.rows_read,
        0,
        dict(ticked.unknown_wordings),
        dict(ticked.unclear_ticks),
        dates.evidence,
    )
    read.require_closed()
    return read


def _dates(table: RawTable, columns: Columns, order: str) -> DateColumn:
    if columns.submitted is not None:
        name = table.header[columns.submitted]
        return read_dates(table.column(columns.submitted), order, name)
    count = len(table.rows)
    none = np.zeros(count, dtype=bool)
    return DateColumn((None,) * count, (NONE,) * count, none, none)


def _read_ticks(table: RawTable, columns: Columns) -> _Ticked:
    unknown: Counter[str] = Counter()
    unclear: Counter[str] = Counter()
    reasons: list[tuple[str, ...]] = []
    order_of: dict[frozenset[str], tuple[str, ...]] = {}
    known_ticks: dict[tuple[str, str], bool | None] = {}
    for cells in table.rows:
        codes: set[str] = set()
        for index, code in columns.ticks:
            cell = (cells[index], code)
            if cell not in known_ticks:
                known_ticks[cell] = is_ticked(*cell)
            if known_ticks[cell]:
                codes.add(code)
            elif known_ticks[cell] is None:
                unclear[table.header[index]] += 1
        for index, group in columns.reason_lists:
            found, strange = split_reasons(cells[index], group)
            codes |= found
            unknown.update(strange)
        held = frozenset(codes)
        if held not in order_of:
            order_of[held] = in_order(held)
        reasons.append(order_of[held])
    return _Ticked(reasons, unknown, unclear)


def _content_digests(
    table: RawTable, columns: Columns, without: frozenset[int] = frozenset()
) -> list[str]:
    """Return 16 hexadecimal digits for each row's content, whatever order its columns stand in."""
    skipped = without | set(columns.storage)
    by_name = sorted((table.header[i], i) for i in range(len(table.header)) if i not in skipped)
    digests = []
    for row, cells in enumerate(table.rows):
        content = [(name, cells[index]) for name, index in by_name if cells[index]]
        if table.points is not None:
            content.append(("", repr(table.points.xy[row].tolist())))
        packed = json.dumps(content, ensure_ascii=True).encode()
        digests.append(hashlib.sha256(packed).hexdigest()[:16])
    return digests


def _settle_ids(
    table: RawTable, columns: Columns, placed: PlacedRows, digests: Sequence[str]
) -> tuple[dict[int, Problem], dict[int, str]]:
    """Return the rows that repeat an id, with why, and the id of each row that is kept."""
    repeats: dict[int, Problem] = {}
    ids: dict[int, str] = {}
    first_with: dict[str, int] = {}
    alike: Counter[str] = Counter()
    for row, cells in enumerate(table.rows):
        if row in placed.problems:
            continue
        own_id = _cell(cells, columns.report_id)
        if not own_id.strip():
            alike[digests[row]] += 1
            ids[row] = f"h:{digests[row]}-{alike[digests[row]]}"
        elif own_id not in first_with:
            first_with[own_id] = row
            ids[row] = own_id
        else:
            first = first_with[own_id]
            same = digests[first] == digests[row]
            repeats[row] = _repeat_of(int(table.row_numbers[first]), same)
    conflicts = [row for row, why in repeats.items() if why.code == "conflicting_id"]
    _refuse_one_row_a_reason(table, columns, conflicts, first_with)
    return repeats, ids


def _repeat_of(number: int, same: bool) -> Problem:
    if same:
        return Problem("duplicate", f"The row repeats row {number} exactly.")
    return Problem(
        "conflicting_id", f"The row has the id of row {number}, which is kept, but differs from it."
    )


def _refuse_one_row_a_reason(
    table: RawTable, columns: Columns, conflicts: Sequence[int], first_with: Mapping[str, int]
) -> None:
    """Refuse a file in which rows of one id differ in nothing but the reason."""
    if len(conflicts) < _ONE_ROW_A_REASON or not columns.reason_lists:
        return
    without = frozenset(index for index, _ in columns.reason_lists)
    digests = _content_digests(table, columns, without)
    only_reason = [
        row
        for row in conflicts
        if digests[row] == digests[first_with[_cell(table.rows[row], columns.report_id)]]
    ]
    if len(only_reason) > len(conflicts) / 2:
        numbers = ", ".join(str(int(table.row_numbers[row])) for row in only_reason[:3])
        raise InputRefused(
            f"“{table.file_name}” seems to have one row a reason: {len(only_reason)} rows (such as"
            f" {numbers}) repeat the id of an earlier row and differ only in the reason.",
            "Make it one row a report, with the reasons in one cell parted by semicolons.",
        )


def _flags(
    table: RawTable,
    columns: Columns,
    placed: PlacedRows,
    dates: DateColumn,
    ticked: _Ticked,
    kept: Sequence[int],
    today: date,
) -> dict[int, tuple[str, ...]]:
    """Return each kept row's flags, in a fixed order."""
    repeated_place, same_moment = _coincidences(table, columns, placed, dates, ticked, kept)
    implausible = np.zeros(len(table.rows), dtype=bool)
    tomorrow = today + timedelta(days=1)
    for row in kept:
        moment = dates.moments[row]
        if moment is not None:
            month_is_open = dates.precisions[row] == "month" and (
                (moment.year, moment.month) == (SERVICE_OPENED.year, SERVICE_OPENED.month)
            )
            too_early = moment.date() < SERVICE_OPENED and not month_is_open
            implausible[row] = too_early or moment.date() > tomorrow
    named = (
        ("outside_area", placed.outside_area),
        ("repeated_place", repeated_place),
        ("same_moment", same_moment),
        ("axes_swapped", placed.swapped),
        ("unreadable_date", dates.unreadable),
        ("low_precision", placed.low_precision),
        ("places_disagree", placed.disagree),
        ("implausible_date", implausible),
        ("clock_change", dates.clock_change),
    )
    return {row: tuple(name for name, marks in named if marks[row]) for row in kept}


def _coincidences(
    table: RawTable,
    columns: Columns,
    placed: PlacedRows,
    dates: DateColumn,
    ticked: _Ticked,
    kept: Sequence[int],
) -> tuple[Bools, Bools]:
    """Mark reports that share their place, and those that share place, time and answers."""
    at_place: dict[tuple[float, ...], list[int]] = defaultdict(list)
    at_moment: dict[tuple[object, ...], list[int]] = defaultdict(list)
    answers = [columns.crime_reported, columns.why_not_reported, *columns.characteristics.values()]
    centimetres = np.round(placed.xy, 2).tolist()
    for row in kept:
        place = tuple(centimetres[row])
        at_place[place].append(row)
        if dates.moments[row] is not None:
            cells = table.rows[row]
            said = tuple(_cell(cells, index) for index in answers)
            when = (dates.moments[row], dates.precisions[row])
            at_moment[place, when, ticked.reasons[row], said].append(row)
    repeated_place = np.zeros(len(table.rows), dtype=bool)
    same_moment = np.zeros(len(table.rows), dtype=bool)
    for groups, marks in ((at_place, repeated_place), (at_moment, same_moment)):
        for rows in groups.values():
            if len(rows) > 1:
                marks[rows] = True
    return repeated_place, same_moment


def _rejected(
    table: RawTable, problems: Mapping[int, Problem], hidden: frozenset[int]
) -> tuple[RejectedRow, ...]:
    """Return the rows that were not taken, in the order of the source."""
    shown = [(name, i) for i, name in enumerate(table.header) if i not in hidden]
    rows = [
        RejectedRow(
            table.file_name,
            int(table.row_numbers[row]),
            problem.code,
            problem.sentence,
            as_json({name: table.rows[row][index] for name, index in shown}),
        )
        for row, problem in problems.items()
    ]
    # under a header that does not fit nobody can tell which cell is personal
    rows += [
        RejectedRow(
            table.file_name, one.row, one.code, one.reason, as_json(() if hidden else one.cells)
        )
        for one in table.refused
    ]
    return tuple(sorted(rows, key=lambda row: row.source_row))


def _hidden_columns(
    columns: Columns, keep_characteristics: bool, keep_text: bool
) -> frozenset[int]:
    characteristics = () if keep_characteristics else tuple(columns.characteristics.values())
    return frozenset((*characteristics, *(() if keep_text else columns.free_text)))


def _characteristics(cells: Sequence[str], columns: Columns) -> tuple[str, ...]:
    return tuple(_cell(cells, columns.characteristics.get(name)) for name in CHARACTERISTICS)


def _free_text(table: RawTable, cells: Sequence[str], columns: Columns) -> str:
    """Return people's own words; under their headings where there are several columns of them."""
    said = [(table.header[index], cells[index]) for index in columns.free_text if cells[index]]
    if len(columns.free_text) == 1:
        return said[0][1] if said else ""
    return "\n".join(f"{name}: {text}" for name, text in said)


def _cell(cells: Sequence[str], index: int | None) -> str:
    return "" if index is None else cells[index]
