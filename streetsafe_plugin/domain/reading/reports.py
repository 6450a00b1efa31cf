# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn a raw table into reports, and account for every row of it.

A report is one pin; a mention is one reason ticked. Every row becomes a report, adds a reason to
one, is rejected with a code, or repeats an earlier row exactly. Nothing is dropped on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints, Moments, Texts
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.column_roles import CHARACTERISTICS
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.dates import MONTH, NONE, DateColumn, read_dates
from streetsafe_plugin.domain.reading.flags import coincidences, joined
from streetsafe_plugin.domain.reading.identity import DUPLICATE, Identities, settle
from streetsafe_plugin.domain.reading.places import PlacedRows, Problem
from streetsafe_plugin.domain.reading.reasons import NO_WORDINGS, Wordings
from streetsafe_plugin.domain.reading.table import RawTable, RejectedRow, as_json, texts
from streetsafe_plugin.domain.reading.ticks import read_ticks

#: The day the service opened; a report dated before it has a wrong date.
SERVICE_OPENED = date(2021, 9, 2)


@dataclass(frozen=True)
class Reports:
    """Reports as they are kept, in the order of the source; every array has one entry a report.

    `xy` is (n, 2) in metres of the analysis system. `ticked` is (n, 12), the reasons in the order
    of `REASON_CODES`. `flags` are words joined by semicolons. `characteristics` and `free_text`
    are there only if they were asked for.
    """

    report_id: Texts
    xy: Floats
    submitted_at: Moments
    submitted_precision: Texts
    ticked: Bools
    crime_reported: Texts
    why_not_reported: Texts
    place_source: Texts
    flags: Texts
    source_row: Ints
    characteristics: Mapping[str, Texts] = field(default_factory=dict)
    free_text: Texts | None = None

    def __len__(self) -> int:
        """Return how many reports there are."""
        return len(self.report_id)

    def flagged(self) -> Counter[str]:
        """Count the reports that carry each flag."""
        counts: Counter[str] = Counter()
        for flags, number in Counter(self.flags.tolist()).items():
            counts.update(dict.fromkeys(filter(None, flags.split(";")), number))
        return counts


@dataclass(frozen=True)
class ReportsRead:
    """All that came of a table: every row is a report, merged, rejected or an exact duplicate."""

    reports: Reports
    rejected: tuple[RejectedRow, ...]
    rows_read: int
    merged: int = 0
    unknown_wordings: Mapping[str, int] = field(default_factory=dict)
    unclear_ticks: Mapping[str, int] = field(default_factory=dict)
    date_evidence: str = ""
    alike_but_for_reason: int = 0

    @property
    def rejected_by_code(self) -> Counter[str]:
        """Count the rows that were not taken by their code."""
        return Counter(row.code for row in self.rejected)

    @property
    def duplicates(self) -> int:
        """Count the rows that repeat an earlier one exactly, id and all."""
        return self.rejected_by_code[DUPLICATE]

    @property
    def rejected_rows(self) -> int:
        """Count the rows that were rejected; exact duplicates are counted apart."""
        return len(self.rejected) - self.duplicates

    @property
    def mentions(self) -> int:
        """Count the reasons ticked in all reports."""
        return int(self.reports.ticked.sum())

    def require_closed(self) -> None:
        """Raise `DoesNotAddUp` unless every row read is accounted for once."""
        accounted = len(self.reports) + self.merged + self.rejected_rows + self.duplicates
        if accounted != self.rows_read:
            raise DoesNotAddUp(
                f"{self.rows_read} rows were read but {accounted} are accounted for.",
                "Nothing was imported; please report this.",
            )


def read_reports(
    table: RawTable,
    columns: Columns,
    placed: PlacedRows,
    date_order: str = "auto",
    today: date | None = None,
    keep_characteristics: bool = False,
    keep_text: bool = False,
    wordings: Wordings = NO_WORDINGS,
    tick: Tick = no_tick,
) -> ReportsRead:
    """Turn a table whose places are known into reports and rejected rows.

    `today` is the day after which a report cannot have been made. `wordings` are reasons a
    mapping profile adds to those that are known. Characteristics and people's own words are left
    out, of rejected rows too, unless asked for.

    Raises:
        InputRefused: dates can be read two ways.
        DoesNotAddUp: a row was lost or counted twice.
    """
    dates = _dates(table, columns, date_order)
    tick(0.3)
    ticked = read_ticks(table, columns, wordings)
    tick(0.5)
    usable = np.ones(len(table), dtype=bool)
    usable[list(placed.problems)] = False
    identities = settle(table, columns, usable, ticked.listed)
    tick(0.7)
    reasons = ticked.reasons
    np.logical_or.at(reasons, identities.merged_into, reasons[identities.merged])
    open_columns = _open_columns(columns, keep_characteristics, keep_text)
    taken = np.concatenate([identities.kept, identities.merged])
    read = ReportsRead(
        _reports(
            table,
            columns,
            placed,
            dates,
            reasons,
            identities,
            today or date.today(),
            keep_characteristics,
            keep_text,
        ),
        _rejected(table, {**placed.problems, **identities.repeats}, open_columns),
        table.rows_read,
        len(identities.merged),
        ticked.unknown_wordings(taken),
        ticked.unclear_cells(taken),
        dates.evidence,
        identities.alike_but_for_reason,
    )
    tick(1.0)
    read.require_closed()
    return read


def _dates(table: RawTable, columns: Columns, order: str) -> DateColumn:
    if columns.submitted is None:
        none = np.zeros(len(table), dtype=bool)
        nowhen = np.full(len(table), "NaT", dtype="datetime64[s]")
        return DateColumn(nowhen, texts([NONE] * len(table)), none, none)
    # put between quotation marks, it names the column and the file
    name = f"{table.header[columns.submitted]}” of “{table.file_name}"
    return read_dates(table.column(columns.submitted), order, name, table.day_zero)


def _reports(
    table: RawTable,
    columns: Columns,
    placed: PlacedRows,
    dates: DateColumn,
    reasons: Bools,
    identities: Identities,
    today: date,
    keep_characteristics: bool,
    keep_text: bool,
) -> Reports:
    kept = identities.kept

    def answer(index: int | None) -> Texts:
        return texts([""] * len(kept)) if index is None else table.column(index)[kept]

    characteristics = {name: answer(columns.characteristics.get(name)) for name in CHARACTERISTICS}
    return Reports(
        identities.ids,
        placed.xy[kept],
        dates.moments[kept],
        dates.precisions[kept],
        reasons[kept],
        answer(columns.crime_reported),
        answer(columns.why_not_reported),
        placed.sources[kept],
        _flags(table, columns, placed, dates, reasons, kept, today),
        table.row_numbers[kept],
        characteristics if keep_characteristics else {},
        _free_text(table, columns, kept) if keep_text else None,
    )


def _flags(
    table: RawTable,
    columns: Columns,
    placed: PlacedRows,
    dates: DateColumn,
    reasons: Bools,
    kept: Ints,
    today: date,
) -> Texts:
    """Return each kept row's flags, in a fixed order."""
    answers = [columns.crime_reported, columns.why_not_reported]
    repeated_place, same_moment = coincidences(
        placed.xy[kept],
        dates.moments[kept],
        dates.precisions[kept],
        reasons[kept],
        [table.column(index)[kept] for index in answers if index is not None],
    )
    marks = {
        "outside_area": placed.outside_area[kept],
        "repeated_place": repeated_place,
        "same_moment": same_moment,
        "axes_swapped": placed.swapped[kept],
        "unreadable_date": dates.unreadable[kept],
        "low_precision": placed.low_precision[kept],
        "places_disagree": placed.disagree[kept],
        "implausible_date": _implausible(dates, kept, today),
        "clock_change": dates.clock_change[kept],
    }
    return joined(marks)


def _implausible(dates: DateColumn, kept: Ints, today: date) -> Bools:
    """Mark dates before the service opened or after tomorrow; its first month is open."""
    days = dates.moments[kept].astype("datetime64[D]")
    opened = np.datetime64(SERVICE_OPENED)
    first_month = (dates.precisions[kept] == MONTH) & (days == opened.astype("datetime64[M]"))
    too_early = (days < opened) & ~first_month
    return np.asarray(too_early | (days > np.datetime64(today + timedelta(days=1))))


def _rejected(
    table: RawTable, problems: Mapping[int, Problem], open_columns: frozenset[int]
) -> tuple[RejectedRow, ...]:
    """Return the rows that were not taken, in the order of the source."""
    shown = [(name, i) for i, name in enumerate(table.header) if i in open_columns]
    all_open = len(shown) == len(table.header)
    rows = [
        RejectedRow(
            table.file_name,
            int(table.row_numbers[row]),
            problem.code,
            problem.sentence,
            as_json({name: table.column(index)[row] for name, index in shown}),
        )
        for row, problem in problems.items()
    ]
    # under a header that does not fit nobody can tell which cell is personal
    rows += [
        RejectedRow(
            table.file_name, one.row, one.code, one.reason, as_json(one.cells if all_open else ())
        )
        for one in table.refused
    ]
    return tuple(sorted(rows, key=lambda row: row.source_row))


def _open_columns(columns: Columns, keep_characteristics: bool, keep_text: bool) -> frozenset[int]:
    """Return the columns whose cells may stand beside a rejected row.

    Only what is known not to describe a person does: a heading that nobody recognises may well be
    somebody's name, age or words. Such columns are shown to those who keep both.
    """
    shown = set(columns.harmless)
    if keep_characteristics:
        shown.update(columns.characteristics.values())
    if keep_text:
        shown.update(columns.free_text)
    if keep_characteristics and keep_text:
        shown.update((*columns.unused, *columns.ignored))
    return frozenset(shown)


def _free_text(table: RawTable, columns: Columns, kept: Ints) -> Texts:
    """Return people's own words; under their headings where there are several columns of them."""
    said = [table.column(index)[kept] for index in columns.free_text]
    if len(said) == 1:
        return said[0]
    names = [table.header[index] for index in columns.free_text]
    return texts(
        [
            "\n".join(f"{name}: {text}" for name, text in zip(names, cells) if text)
            for cells in (zip(*said) if said else [()] * len(kept))
        ]
    )
