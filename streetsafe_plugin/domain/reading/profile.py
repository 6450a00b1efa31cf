# SPDX-License-Identifier: GPL-2.0-or-later
"""A mapping profile: which column of a source holds what, and how it words its reasons.

A small JSON file, made once for each source and shared. `resources/profiles/README.md` describes
it; what it does not say is found by headings and content as without a profile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.column_roles import (
    CHARACTERISTICS,
    MANY_COLUMNS,
    ROLES,
    Mapped,
    tidied,
)
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.dates import DATE_ORDERS
from streetsafe_plugin.domain.reading.delimited import ENCODINGS
from streetsafe_plugin.domain.reading.reasons import NO_WORDINGS, Wordings
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.domain.taxonomy import REASON_CODES

VERSION = 1
#: What stands for a meaning nobody has decided yet; such a wording stays unknown.
UNDECIDED = "?"
_VERSION_KEY = "streetsafe_profile"
_TEXT_KEYS = ("name", "description", "sheet", "encoding", "crs", "date_order")
_KEYS = frozenset((*_TEXT_KEYS, _VERSION_KEY, "header_row", "columns", "ticks", "wordings",
                   "ignore"))  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """What is known of a source before its file is opened; empty fields say nothing.

    `columns` gives each role its headings, `ticks` each heading of a tick column its reason's
    code, `wordings` the meaning of wordings in columns of reasons. `header_row` is counted from 1,
    0 for not stated. `undecided` are wordings listed for somebody to decide.
    """

    name: str = ""
    description: str = ""
    sheet: str = ""
    header_row: int = 0
    encoding: str = ""
    crs: str = ""
    date_order: str = ""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ticks: Mapping[str, str] = field(default_factory=dict)
    wordings: Wordings = NO_WORDINGS
    ignore: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    @property
    def mapped(self) -> Mapped:
        """Return what the profile says of columns."""
        return Mapped(self.name, self.columns, self.ticks, self.ignore)


def parse_profile(text: str, file_name: str) -> Profile:
    """Return the profile a JSON text holds.

    Raises:
        InputRefused: it is no JSON, or says something a profile cannot say; the sentence names the
            key.
    """
    try:
        held = json.loads(text, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise _refused(file_name, f"is no JSON ({where})", "Mend it with a text editor.") from error
    if not isinstance(held, dict) or not isinstance(held.get(_VERSION_KEY), int):
        raise _refused(
            file_name,
            f"is no mapping profile: it lacks “{_VERSION_KEY}”",
            f'Begin it with {{"{_VERSION_KEY}": {VERSION}, …}}.',
        )
    if held[_VERSION_KEY] != VERSION:
        raise _refused(file_name, "is of a newer kind than this plugin reads", "Update the plugin.")
    for key in held:
        if key not in _KEYS:
            raise _refused(
                file_name, f"has an unknown key “{key}”", f"Use {', '.join(sorted(_KEYS))}."
            )
    return _Reader(held, file_name).profile()


def to_json(profile: Profile) -> str:
    """Return a profile as JSON, leaving out what it does not say."""
    columns = {
        role: list(headings) if role in MANY_COLUMNS else headings[0]
        for role, headings in profile.columns.items()
    }
    wordings = {**dict(profile.wordings.pairs), **dict.fromkeys(profile.undecided, UNDECIDED)}
    held = {
        _VERSION_KEY: VERSION,
        **{key: getattr(profile, key) for key in _TEXT_KEYS},
        "header_row": profile.header_row,
        "columns": columns,
        "ticks": dict(profile.ticks),
        "wordings": wordings,
        "ignore": list(profile.ignore),
    }
    return json.dumps({k: v for k, v in held.items() if v}, ensure_ascii=False, indent=2) + "\n"


def profile_from(columns: Columns, table: RawTable, unknown_wordings: Mapping[str, int]) -> Profile:
    """Return a profile that says what was recognised, to be looked over and completed.

    Wordings that were not understood are listed as undecided if they came more than once; one
    that came once may be somebody's own words.
    """

    def headings(indices: Sequence[int | None]) -> tuple[str, ...]:
        return tuple(table.header[index] for index in indices if index is not None)

    roles = {
        "report_id": headings([columns.report_id]),
        "submitted": headings([columns.submitted]),
        **dict(zip(("longitude", "latitude"), ((n,) for n in headings(columns.lonlat or ())))),
        **dict(zip(("easting", "northing"), ((n,) for n in headings(columns.metres or ())))),
        "gridref": headings([columns.gridref]),
        "wkt": headings([columns.wkt]),
        "latlon": headings([columns.latlon]),
        "reasons": headings([index for index, _ in columns.reason_lists]),
        "crime_reported": headings([columns.crime_reported]),
        "why_not_reported": headings([columns.why_not_reported]),
        **{name: headings([columns.characteristics.get(name)]) for name in CHARACTERISTICS},
        "free_text": headings(columns.free_text),
    }
    return Profile(
        sheet=table.sheet,
        columns={role: held for role, held in roles.items() if held},
        ticks={table.header[index]: code for index, code in columns.ticks},
        ignore=headings(columns.ignored),
        undecided=tuple(sorted(text for text, count in unknown_wordings.items() if count > 1)),
    )


class _Reader:
    """Takes a profile's keys one after the other, refusing what is not as it should be."""

    def __init__(self, held: Mapping[str, Any], file_name: str) -> None:
        self.held = held
        self.file_name = file_name

    def profile(self) -> Profile:
        texts = {key: self._text(key) for key in _TEXT_KEYS}
        self._one_of("encoding", texts["encoding"], ENCODINGS)
        self._one_of("date_order", texts["date_order"], DATE_ORDERS)
        row = self.held.get("header_row", 0)
        if not isinstance(row, int) or isinstance(row, bool) or row < 0:
            raise self._wrong("header_row", "must be a row's number, 1 for the first")
        wordings = self._mapping("wordings")
        ticks = self._mapping("ticks")
        for heading, code in ticks.items():
            self._one_of(f"ticks: {heading}", code, REASON_CODES)
        for wording, code in wordings.items():
            if code is not None and code != UNDECIDED:
                self._one_of(f"wordings: {wording}", code, REASON_CODES)
        decided = {wording: code for wording, code in wordings.items() if code != UNDECIDED}
        columns = self._columns()
        ignore = self._headings("ignore", self.held.get("ignore", []))
        self._no_heading_twice(columns, ticks, ignore)
        return Profile(
            header_row=row,
            columns=columns,
            ticks=ticks,
            wordings=Wordings.of(decided),
            ignore=ignore,
            undecided=tuple(wording for wording in wordings if wording not in decided),
            **texts,
        )

    def _text(self, key: str) -> str:
        value = self.held.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(key, "must be a text")
        return value

    def _mapping(self, key: str) -> dict[str, Any]:
        value = self.held.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, "must be an object of texts")
        for name, one in value.items():
            if not isinstance(one, str) and not (one is None and key == "wordings"):
                raise self._wrong(f"{key}: {name}", "must be a text")
        return value

    def _columns(self) -> dict[str, tuple[str, ...]]:
        value = self.held.get("columns", {})
        if not isinstance(value, dict):
            raise self._wrong("columns", "must be an object that gives each role its heading")
        columns = {}
        for role, headings in value.items():
            self._one_of("columns", role, ROLES)
            many = self._headings(f"columns: {role}", headings)
            if len(many) != 1 and role not in MANY_COLUMNS:
                raise self._wrong(f"columns: {role}", "must be one heading")
            columns[role] = many
        return columns

    def _headings(self, key: str, value: Any) -> tuple[str, ...]:
        many = [value] if isinstance(value, str) else value
        if not isinstance(many, list) or not all(isinstance(one, str) and one for one in many):
            raise self._wrong(key, "must be a heading or a list of headings")
        return tuple(many)

    def _no_heading_twice(
        self,
        columns: Mapping[str, tuple[str, ...]],
        ticks: Mapping[str, str],
        ignore: Sequence[str],
    ) -> None:
        seen: set[str] = set()
        for heading in (*(one for many in columns.values() for one in many), *ticks, *ignore):
            if tidied(heading) in seen:
                raise self._wrong(f"columns: {heading}", "has two meanings")
            seen.add(tidied(heading))

    def _one_of(self, key: str, value: Any, allowed: Sequence[str]) -> None:
        if value and value not in allowed:
            raise _refused(
                self.file_name,
                f"has “{value}” at “{key}”, which is not known",
                f"Use one of {', '.join(allowed)}.",
            )

    def _wrong(self, key: str, what: str) -> InputRefused:
        return _refused(
            self.file_name,
            f"has “{key}”, which {what}",
            "Correct it; the README beside the plugin's own profiles describes each key.",
        )


def _no_key_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        raise ValueError("a key comes twice")
    return held


def _refused(file_name: str, what: str, remedy: str) -> InputRefused:
    return InputRefused(f"The mapping profile “{file_name}” {what}.", remedy)
