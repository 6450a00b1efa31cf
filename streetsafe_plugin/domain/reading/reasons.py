# SPDX-License-Identifier: GPL-2.0-or-later
"""Read ticks: one column per reason, or one cell that holds several wordings."""

from __future__ import annotations

import re
from functools import lru_cache

from streetsafe_plugin.domain.taxonomy import exact_reason_for, means_no_reason, reason_for

_YES = frozenset(
    "1 1.0 yes y true t x on ticked checked selected ✓ ✔ ✔\ufe0f ☑ ☑\ufe0f ✅ √ ☒".split()
)
_NO = frozenset(
    (
        *("", "not selected", "not ticked"),
        *"0 0.0 no n false f off unticked unchecked unselected".split(),
        *"☐ - – null none n/a #n/a nan".split(),
    )
)
_FIRM_BREAKS = re.compile(r"[|;\r\n\t•]+")


def is_ticked(cell: str, code: str) -> bool | None:
    """Tell whether a cell of the column for `code` is ticked; None where it cannot be told.

    A cell that repeats the reason's own wording is a tick too: some forms export it so.
    """
    folded = cell.strip().casefold()
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    return True if reason_for(cell) == code else None


@lru_cache(maxsize=65536)
def split_reasons(cell: str, group: str | None = None) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the codes in a cell with any number of wordings, and the wordings not understood.

    Upright bars, semicolons and line breaks always part wordings. Commas part them only where
    that does not break a wording that holds commas itself, such as "Badly lit, poor/no street
    lighting". `group` says which list the column is.
    """
    codes: set[str] = set()
    unknown: list[str] = []
    for piece in _FIRM_BREAKS.split(cell):
        found, strange = _split_at_commas(piece, group)
        codes |= found
        unknown.extend(strange)
    return frozenset(codes), tuple(unknown)


def _split_at_commas(piece: str, group: str | None) -> tuple[set[str], list[str]]:
    parts = piece.split(",")
    codes: set[str] = set()
    unknown: list[str] = []
    start = 0
    while start < len(parts):
        code, length = _longest_wording(parts, start, group)
        if code is not None:
            codes.add(code)
        elif not means_no_reason(parts[start]):
            unknown.append(" ".join(parts[start].split()))
        start += length
    return codes, unknown


def _longest_wording(parts: list[str], start: int, group: str | None) -> tuple[str | None, int]:
    """Return the reason that the most parts from `start` make together, and how many they are."""
    for end in range(min(len(parts), start + 6), start, -1):
        code = exact_reason_for(",".join(parts[start:end]), group)
        if code is not None:
            return code, end - start
    return reason_for(parts[start], group), 1
