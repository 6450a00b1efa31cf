# SPDX-License-Identifier: GPL-2.0-or-later
"""Read ticks: one column per reason, or one cell that holds several wordings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from streetsafe_plugin.domain.taxonomy import (
    exact_reason_for,
    means_no_reason,
    reason_for,
    wording_key,
)

_YES = frozenset(
    (
        *"1 1.0 1.00 yes y true t x on ticked checked selected true()".split(),
        *"✓ ✔ ✔\ufe0f ☑ ☑\ufe0f ✅ √ ☒".split(),
    )
)
_NO = frozenset(
    (
        *("", "not selected", "not ticked", "not checked"),
        *"0 0.0 0.00 no n false f off unticked unchecked unselected false()".split(),
        *"☐ ☐\ufe0f - – — null none n/a #n/a nan".split(),
    )
)
#: How databases such as Access store a tick.
_MINUS_ONE = frozenset(("-1", "-1.0", "−1"))
_FIRM_BREAKS = re.compile(r"[|;\r\n\t•]+")


@dataclass(frozen=True)
class Wordings:
    """What a source's own wordings mean: pairs of a wording and a code, None for no reason."""

    pairs: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def of(cls, meanings: Mapping[str, str | None]) -> Wordings:
        """Return the wordings of a mapping."""
        return cls(tuple(meanings.items()))

    def knows(self, text: str) -> bool:
        """Tell whether a wording is among them, case and punctuation aside."""
        return bool(self.pairs) and wording_key(text) in self._by_key

    def meaning(self, text: str) -> str | None:
        """Return the code of a wording that is known here, None where it means no reason."""
        return self._by_key[wording_key(text)]

    @cached_property
    def _by_key(self) -> dict[str, str | None]:
        return {wording_key(wording): code for wording, code in self.pairs}


NO_WORDINGS = Wordings()


def is_ticked(cell: str, code: str) -> bool | None:
    """Tell whether a cell of the column for `code` is ticked; None where it cannot be told.

    A cell that repeats the reason's own wording is a tick too: some forms export it so.
    """
    tidy = cell.strip().casefold()
    if tidy in _YES or tidy in _MINUS_ONE:
        return True
    if tidy in _NO:
        return False
    return True if reason_for(cell) == code else None


@lru_cache(maxsize=65536)
def split_reasons(
    cell: str, group: str | None = None, wordings: Wordings = NO_WORDINGS
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the codes in a cell with any number of wordings, and the wordings not understood.

    Upright bars, semicolons and line breaks always part wordings, and so does a JSON list. Commas
    part them only where that does not break a wording that holds commas itself, such as "Badly
    lit, poor/no street lighting". `group` says which list the column is. `wordings` are those of
    a mapping profile, which come before the ones that are known anyway.
    """
    codes: set[str] = set()
    unknown: list[str] = []
    for piece in _pieces(cell):
        if wordings.knows(piece):
            codes |= {wordings.meaning(piece)} - {None}  # type: ignore[arg-type]
            continue
        found, strange = _split_at_commas(piece, group, wordings)
        if strange and "_" in piece:
            found, strange = _split_at_blanks(piece, group) or (found, strange)
        codes |= found
        unknown.extend(strange)
    return frozenset(codes), tuple(unknown)


def _pieces(cell: str) -> list[str]:
    listed = cell.strip()
    if listed.startswith("[") and listed.endswith("]"):
        try:
            held = json.loads(listed)
        except ValueError:
            return _FIRM_BREAKS.split(listed[1:-1])
        if all(isinstance(one, (str, int, float)) for one in held):
            return [str(one) for one in held]
    return _FIRM_BREAKS.split(cell)


def _split_at_commas(
    piece: str, group: str | None, wordings: Wordings
) -> tuple[set[str], list[str]]:
    parts = piece.split(",")
    codes: set[str] = set()
    unknown: list[str] = []
    start = 0
    while start < len(parts):
        code, length, understood = _longest_wording(parts, start, group, wordings)
        if code is not None:
            codes.add(code)
        elif not understood and not means_no_reason(parts[start]):
            unknown.append(" ".join(parts[start].split()))
        start += length
    return codes, unknown


def _split_at_blanks(piece: str, group: str | None) -> tuple[set[str], list[str]] | None:
    """Return the codes in "badly_lit no_cctv", as field survey tools write several answers."""
    codes = [exact_reason_for(word, group) for word in piece.split()]
    return None if None in codes else ({code for code in codes if code}, [])


def _longest_wording(
    parts: list[str], start: int, group: str | None, wordings: Wordings
) -> tuple[str | None, int, bool]:
    """Return the reason that the most parts from `start` make together, and how many they are.

    The last value tells whether they are understood, which a wording for no reason is as well.
    """
    for end in range(min(len(parts), start + 6), start, -1):
        joined = ",".join(parts[start:end])
        if wordings.knows(joined):
            return wordings.meaning(joined), end - start, True
        code = exact_reason_for(joined, group)
        if code is not None:
            return code, end - start, True
    code = reason_for(parts[start], group)
    return code, 1, code is not None
