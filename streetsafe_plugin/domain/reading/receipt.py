# SPDX-License-Identifier: GPL-2.0-or-later
"""Say what an import read, took and left out, in sentences that stay with the layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

import numpy as np

from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.reports import Reports, ReportsRead
from streetsafe_plugin.domain.reading.table import REJECTION_CODES, RawTable
from streetsafe_plugin.domain.taxonomy import REASONS

_MOST_WORDINGS = 20
_LONGEST_WORDING = 60


def report_receipt(table: RawTable, columns: Columns, read: ReportsRead) -> list[str]:
    """Return the account of an import of reports: counts, dates, reasons, columns.

    Nothing of what a report says is in it but its dates and reasons, in total.
    """
    lines = [
        f"“{table.file_name}” (SHA-256 {table.sha256}).",
        f"{counted(read.rows_read, 'row')} read = {counted(len(read.reports), 'report')}"
        f" + {read.merged} merged + {read.rejected_rows} rejected"
        f" + {counted(read.duplicates, 'exact duplicate')}.",
    ]
    if read.rejected:
        lines.append(f"Left out: {by_code(read.rejected_by_code)}.")
    silent = int((~read.reports.ticked.any(axis=1)).sum())
    lines.append(
        f"{counted(read.mentions, 'mention')}; {counted(silent, 'report')} with no reason."
    )
    mentions = read.reports.ticked.sum(axis=0).tolist()
    if any(mentions):
        counts = (f"{reason.label} {number}" for reason, number in zip(REASONS, mentions) if number)
        lines.append(f"Mentions by reason: {'; '.join(counts)}.")
    lines.extend(_dates(read))
    flagged = read.reports.flagged()
    if flagged:
        counts = (f"{flag} {number}" for flag, number in flagged.items())
        lines.append(f"Reports by flag: {'; '.join(counts)}.")
    lines.extend(_misunderstood(read))
    lines.extend(columns.found)
    if columns.unused:
        names = ", ".join(f"“{table.header[index]}”" for index in columns.unused)
        lines.append(f"Not used: {names}.")
    lines.extend(table.notes)
    return lines


def unknown_wordings(read: ReportsRead) -> list[str]:
    """Return the wordings in reason columns that no reason is known by, with their number.

    They belong with the layer, not into a log. A wording met once may be somebody's own words and
    is only counted.
    """
    if not read.unknown_wordings:
        return []
    repeated = {text: number for text, number in read.unknown_wordings.items() if number > 1}
    if not repeated:
        return [f"{counted(len(read.unknown_wordings), 'wording')} not understood, each met once."]
    common = Counter(repeated).most_common(_MOST_WORDINGS)
    shown = (f"“{wording[:_LONGEST_WORDING]}” {number}" for wording, number in common)
    more = len(read.unknown_wordings) - len(common)
    rest = f"; and {more} more" if more else ""
    return [f"Wordings not understood: {'; '.join(shown)}{rest}."]


def first_and_last(reports: Reports) -> tuple[date, date] | None:
    """Return the first and the last day on which a report was submitted, None without dates."""
    moments = reports.submitted_at[~np.isnat(reports.submitted_at)]
    if not len(moments):
        return None
    first, last = moments.min(), moments.max()
    return first.astype("datetime64[D]").item(), last.astype("datetime64[D]").item()


def _dates(read: ReportsRead) -> list[str]:
    days = first_and_last(read.reports)
    lines = ["No report has a date."]
    if days:
        undated = int(np.isnat(read.reports.submitted_at).sum())
        lines = [
            f"Submitted from {_in_words(days[0])} to {_in_words(days[1])};"
            f" {counted(undated, 'report')} without a date."
        ]
    if read.date_evidence:
        lines.append(read.date_evidence)
    return lines


def _misunderstood(read: ReportsRead) -> list[str]:
    lines = []
    if read.unknown_wordings:
        times = sum(read.unknown_wordings.values())
        lines.append(
            f"{counted(len(read.unknown_wordings), 'wording')} in reason columns were not"
            f" understood ({counted(times, 'time')}) and are not counted as mentions."
        )
    if read.unclear_ticks:
        cells = "; ".join(f"“{name}” {number}" for name, number in read.unclear_ticks.items())
        lines.append(f"Cells that are neither yes nor no, taken for no: {cells}.")
    return lines


def by_code(counts: Mapping[str, int]) -> str:
    """Return numbers of rejected rows with their codes, in the order of the codes."""
    return "; ".join(f"{code} {counts[code]}" for code in REJECTION_CODES if counts.get(code))


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def counted(number: int, noun: str) -> str:
    """Return a number and a noun that agrees with it."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
