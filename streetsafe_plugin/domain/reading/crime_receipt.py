# SPDX-License-Identifier: GPL-2.0-or-later
"""Say what an import of recorded crime read, took and left out."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.domain.reading.crimes import CrimeFilter, CrimesRead
from streetsafe_plugin.domain.reading.receipt import by_code, counted

SNAPPED = (
    "Published crime points are moved to the nearest of a fixed list of places, so a small area"
    " such as a park may hold all or none of its crime; compare larger areas."
)


def crime_receipt(read: CrimesRead, wanted: CrimeFilter) -> list[str]:
    """Return the account of an import of crimes."""
    lines = [
        f"{counted(len(read.files), 'file')} (SHA-256 of their content {read.digest}).",
        f"{counted(read.rows_read, 'row')} read = {counted(len(read.crimes), 'crime')}"
        f" + {read.no_location} without a location + {read.rejected_rows} rejected"
        f" + {read.filtered_out} not asked for.",
    ]
    if read.rejected:
        lines.append(f"Left out: {by_code(read.rejected_by_code)}.")
    held = np.unique(read.crimes.month.astype(str))
    if len(held):
        lines.append(f"Months {held[0]} to {held[-1]}.")
    missing = read.missing_months(wanted)
    if missing:
        lines.append(f"Months without any row: {', '.join(missing)}.")
    if read.repeated_files:
        lines.append(f"Read once though given twice: {_quoted(read.repeated_files)}.")
    if read.empty_files:
        lines.append(f"Without a row below the header: {_quoted(read.empty_files)}.")
    repeated = read.crimes.repeated_ids()
    if repeated:
        lines.append(f"{counted(repeated, 'crime')} with a Crime ID that came before; kept.")
    places, busiest = read.crimes.places()
    if places:
        lines.append(f"They lie on {counted(places, 'place')}; the busiest holds {busiest:,}.")
    lines.append(SNAPPED)
    return lines


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"“{name}”" for name in names)
