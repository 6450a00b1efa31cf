# SPDX-License-Identifier: GPL-2.0-or-later
"""Find out what each column of a raw table holds, how sure one may be, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Callable

import numpy as np

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading import column_roles as roles
from streetsafe_plugin.domain.reading.column_roles import NOTHING_MAPPED, Mapped
from streetsafe_plugin.domain.reading.dates import looks_like_date, looks_like_serial
from streetsafe_plugin.domain.reading.places import numbers_of
from streetsafe_plugin.domain.reading.reasons import is_ticked, split_reasons
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.domain.reading.written_dates import is_missing
from streetsafe_plugin.domain.reading.written_places import (
    looks_like_gridref,
    looks_like_latlon,
    looks_like_wkt,
)
from streetsafe_plugin.domain.taxonomy import group_of_words, reason_for

CERTAIN, LIKELY, UNSURE = "certain", "likely", "unsure"

_BY_HEADING = "by its heading"
#: As short as the number of a case; a place worth mapping is given more exactly.
_SHORT_REFERENCE = re.compile(r"[A-Za-z]{2}\d{4}")
#: What a heading that repeats another one ends in.
_NUMBERED = re.compile(r"_\d+$")
_SAMPLE = 500
_LONG_TEXT = 40
_SHORT_ANSWER = 20
#: A report has at most twelve rows, so a column that repeats each text so often is no id; and
#: fewer cells than these say little about a column.
_MANY_ROWS = 20


@dataclass(frozen=True)
class Finding:
    """A role that was found: its columns by heading, how sure one may be, and why."""

    role: str
    headings: tuple[str, ...]
    confidence: str
    why: str

    @property
    def sentence(self) -> str:
        """Return the finding in words."""
        quoted = ", ".join(f"“{heading}”" for heading in self.headings)
        return f"{self.role}: {quoted} ({self.confidence}, {self.why})."


@dataclass(frozen=True)
class Columns:
    """Which column holds what, by position; `findings` say why.

    `lonlat` and `metres` are pairs with x first. `ticks` are (column, reason code), `reason_lists`
    are (column, group or None). `storage` are running numbers of a database and `ignored` what a
    profile names so: neither is part of a report. `private` describe the person too, but no field
    is for them, so that they are never kept. `unused` have no role; those in `puzzling` are ticked
    although their headings name no reason that is known.
    """

    report_id: int | None = None
    submitted: int | None = None
    lonlat: tuple[int, int] | None = None
    metres: tuple[int, int] | None = None
    ticks: tuple[tuple[int, str], ...] = ()
    reason_lists: tuple[tuple[int, str | None], ...] = ()
    gridref: int | None = None
    wkt: int | None = None
    latlon: int | None = None
    crime_reported: int | None = None
    why_not_reported: int | None = None
    characteristics: Mapping[str, int] = field(default_factory=dict)
    free_text: tuple[int, ...] = ()
    private: tuple[int, ...] = ()
    storage: tuple[int, ...] = ()
    ignored: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()
    puzzling: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def found(self) -> tuple[str, ...]:
        """Return one sentence for each role that was found."""
        return tuple(finding.sentence for finding in self.findings)

    @property
    def harmless(self) -> frozenset[int]:
        """Return the columns that say where, when and why, and nothing about the person."""
        single = (
            *(self.report_id, self.submitted, self.gridref, self.wkt, self.latlon),
            *(self.crime_reported, self.why_not_reported),
        )
        return frozenset(
            (
                *(index for index in single if index is not None),
                *(self.lonlat or ()),
                *(self.metres or ()),
                *(index for index, _ in self.ticks),
                *(index for index, _ in self.reason_lists),
                *self.storage,
            )
        )

    @property
    def personal(self) -> frozenset[int]:
        """Return the columns that describe the person or hold their own words."""
        return frozenset((*self.characteristics.values(), *self.free_text, *self.private))


class _Search:
    """A table whose columns are being given their roles, one after the other."""

    def __init__(self, table: RawTable, mapped: Mapped) -> None:
        self.table = table
        self.header = table.header
        self.spellings = [roles.spellings_of(name) for name in table.header]
        # ties are broken by heading, never by where a column stands
        by_heading = sorted(range(len(table.header)), key=lambda i: table.header[i].casefold())
        self.free = dict.fromkeys(by_heading)
        self.findings: list[Finding] = []
        self._samples: dict[int, list[str]] = {}
        self.profile = mapped.profile
        self.mapped = {
            role: [self._mapped_index(heading) for heading in headings]
            for role, headings in mapped.columns.items()
        }
        self.mapped_ticks = [
            (self._mapped_index(heading), code) for heading, code in mapped.ticks.items()
        ]
        ignored = (self._index_of(heading) for heading in mapped.ignore)
        self.ignored = tuple(sorted({index for index in ignored if index is not None}))
        # what a profile names belongs to the role it says and to no other
        self._reserved = {
            *(index for indices in self.mapped.values() for index in indices),
            *(index for index, _ in self.mapped_ticks),
        }
        self._require_one_role_each()
        for index in (*self.ignored, *self._reserved):
            self.free.pop(index, None)

    def sample(self, index: int) -> list[str]:
        """Return cells of a column that hold something, from all over the table."""
        if index not in self._samples:
            column = self.table.column(index)
            step = max(1, len(column) // _SAMPLE)
            filled = [cell for cell in column[::step] if cell.strip()]
            if len(filled) < _MANY_ROWS and step > 1:
                filled = [cell for cell in self.table.distinct(index)[1] if cell.strip()]
            self._samples[index] = filled[: 2 * _SAMPLE]
        return self._samples[index]

    def take(self, index: int) -> int:
        """Give a column away."""
        self.free.pop(index, None)
        return index

    def named(
        self, names: Sequence[str], fits: Callable[[int], bool] = lambda index: True
    ) -> int | None:
        """Return the free column whose heading comes first in `names`, exact ones first."""
        ranked = [
            (place, names.index(spelling), index)
            for index in self.free
            for place, spelling in enumerate(self.spellings[index])
            if spelling in names and fits(index)
        ]
        # min keeps the first of equals, and the free columns are in the order of their headings
        return min(ranked, key=lambda rank: rank[:2])[2] if ranked else None

    def say_one(
        self,
        role: str,
        index: int,
        names: Sequence[str],
        fits: Callable[[int], bool] = lambda index: True,
    ) -> int:
        """Give a column away by its heading, naming those that could have been taken instead."""
        self.take(index)
        rivals = [
            f"“{self.header[other]}”"
            for other in self.free
            if any(spelling in names for spelling in self.spellings[other]) and fits(other)
        ]
        if rivals:
            why = f"its heading is the likeliest; so could be {', '.join(rivals)}"
            self.say(role, [index], LIKELY, why)
        else:
            self.say(role, [index], CERTAIN, _BY_HEADING)
        return index

    def key(self, index: int) -> str:
        """Return a column's heading as letters and digits."""
        return self.spellings[index][0] if self.spellings[index] else ""

    def by_profile(self, role: str) -> int | None:
        """Return the column a profile gives this role."""
        indices = self.mapped.get(role)
        return indices[0] if indices else None

    def say(self, role: str, indices: Iterable[int], confidence: str, why: str) -> None:
        """Keep what was found."""
        headings = tuple(self.header[index] for index in indices)
        self.findings.append(Finding(role, headings, confidence, why))

    def say_profile(self, role: str, indices: Iterable[int]) -> None:
        """Keep that a profile says so."""
        why = f"as the profile “{self.profile}” says" if self.profile else "as the profile says"
        self.say(role, indices, CERTAIN, why)

    def _require_one_role_each(self) -> None:
        named = (
            *(index for indices in self.mapped.values() for index in indices),
            *(index for index, _ in self.mapped_ticks),
            *self.ignored,
        )
        twice = sorted(index for index in set(named) if named.count(index) > 1)
        if twice:
            raise InputRefused(
                f"The profile gives the column “{self.header[twice[0]]}” of"
                f" “{self.table.file_name}” two meanings.",
                "Name it once in the profile, or import without it.",
            )

    def _mapped_index(self, heading: str) -> int:
        index = self._index_of(heading)
        if index is None:
            raise InputRefused(
                f"The profile names a column “{heading}”, which “{self.table.file_name}” lacks.",
                "Correct the profile, or import without it.",
            )
        return index

    def _index_of(self, heading: str) -> int | None:
        """Return the column that is called so, punctuation aside where none is called just so."""
        for alike in (roles.tidied, roles.squeezed):
            wanted = alike(heading)
            for index, name in enumerate(self.header):
                if wanted and alike(name) == wanted:
                    return index
        return None


def recognise(table: RawTable, mapped: Mapped = NOTHING_MAPPED) -> Columns:
    """Return the role of each column: as a profile says, by its heading, else by its content.

    Raises:
        InputRefused: the first row is data, or a column that the profile names is not there.
    """
    search = _Search(table, mapped)
    storage = tuple(i for i in list(search.free) if search.key(i) in roles.STORAGE_NUMBERS)
    for index in storage:
        search.take(index)
    why_not = _one(search, "why_not_reported", "Why not reported", roles.WHY_NOT_NAMES, _asks_why)
    crime_reported = _one(
        search, "crime_reported", "Crime reported", roles.REPORTED_NAMES, _asks_whether
    )
    characteristics, private = _characteristics(search)
    report_id = _report_id(search)
    metres, lonlat = _coordinates(search)
    gridref = _place(search, "gridref", "Grid reference", roles.GRIDREF_NAMES, looks_like_gridref)
    wkt = _place(search, "wkt", "Point as WKT", roles.WKT_NAMES, looks_like_wkt)
    latlon = _place(
        search, "latlon", "Latitude and longitude in one", roles.LATLON_NAMES, looks_like_latlon
    )
    if not any((metres, lonlat)) and gridref is wkt is latlon is None:
        gridref, wkt, latlon = _place_by_content(search)
    submitted = _submitted(search)
    ticks = _ticks(search)
    lists = _reason_lists(search)
    free_text = _free_text(search)
    return Columns(
        report_id,
        submitted,
        lonlat,
        metres,
        ticks,
        lists,
        gridref,
        wkt,
        latlon,
        crime_reported,
        why_not,
        characteristics,
        free_text,
        private,
        storage,
        search.ignored,
        tuple(sorted(search.free)),
        tuple(index for index in sorted(search.free) if _holds_ticks(search, index)),
        tuple(search.findings),
    )


def _one(
    search: _Search,
    role: str,
    title: str,
    names: Sequence[str],
    asks: Callable[[_Search, int], bool],
) -> int | None:
    """Return the column that is called by one of `names`, else the only one that asks for it."""
    index = search.by_profile(role)
    if index is not None:
        search.say_profile(title, [index])
        return index
    index = search.named(names)
    if index is not None:
        return search.say_one(title, index, names)
    asking = [index for index in search.free if asks(search, index)]
    if len(asking) != 1:
        return None
    search.say(title, [search.take(asking[0])], LIKELY, "by the question in its heading")
    return asking[0]


def _asks_why(search: _Search, index: int) -> bool:
    key = search.key(index)
    denied = any(part in key for part in ("not", "didnt", "havent"))
    return "why" in key and "report" in key and denied


def _asks_whether(search: _Search, index: int) -> bool:
    key = search.key(index)
    asked = "report" in key and any(part in key for part in roles.TO_WHOM) and "why" not in key
    sample = search.sample(index) if asked else []
    answers = [is_ticked(cell, "") is not None or is_missing(cell) for cell in sample]
    return sum(answers) > 0.5 * len(answers)


def _report_id(search: _Search) -> int | None:
    index = search.by_profile("report_id")
    if index is not None:
        search.say_profile("Report's own id", [index])
        return index

    def tells_rows_apart(index: int) -> bool:
        sample = search.sample(index)
        return len(sample) < _MANY_ROWS * max(1, len(set(sample)))

    def mostly_filled(index: int) -> bool:
        filled = np.count_nonzero(search.table.column(index) != "")
        return bool(2 * filled >= len(search.table)) and tells_rows_apart(index)

    for fits in (mostly_filled, tells_rows_apart):
        index = search.named(roles.ID_NAMES, fits)
        if index is not None:
            return search.say_one("Report's own id", index, roles.ID_NAMES, fits)
    return None


def _characteristics(search: _Search) -> tuple[dict[str, int], tuple[int, ...]]:
    """Return a column for each characteristic, and the others that describe the person."""
    held: dict[str, int] = {}
    private = []
    for name, spellings in roles.CHARACTERISTIC_NAMES.items():
        index = search.by_profile(name)
        if index is not None:
            held[name] = index
            continue
        word = {"age_range": "age", "sex": "sex"}.get(name)
        for index in list(search.free):
            key = search.key(index)
            if reason_for(search.header[index]):
                continue
            exact = any(spelling in spellings for spelling in search.spellings[index])
            within = (
                word in roles.words_of(search.header[index])
                if word
                else any(part in key for part in spellings)
            )
            if not (exact or within):
                continue
            search.take(index)
            if name in held:
                private.append(index)
            else:
                held[name] = index
    for index in list(search.free):
        if search.key(index) in roles.PRIVATE_NAMES or any(
            part in search.key(index) for part in roles.PRIVATE_PARTS
        ):
            private.append(search.take(index))
    if held:
        found = sorted(held.values())
        search.say("About the person", found, CERTAIN, "left out unless asked for")
    if private:
        search.say("About the person", sorted(private), LIKELY, "always left out")
    return held, tuple(sorted(private))


def _coordinates(
    search: _Search,
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Return the pair in metres and the pair in degrees, each easting or longitude first."""
    metres = _pair(search, "easting", "northing", roles.EASTING_NAMES, roles.NORTHING_NAMES)
    lonlat = _pair(search, "longitude", "latitude", roles.LONGITUDE_NAMES, roles.LATITUDE_NAMES)
    sure_metres = sure_lonlat = (CERTAIN, "by their headings")
    plain = _unnamed_pair(search)
    if plain and _mostly_degrees(search, plain):
        if lonlat is None:
            lonlat = plain
            sure_lonlat = (LIKELY, "x and y by their headings, degrees by their size")
    elif plain and metres is None:
        metres = plain
        sure_metres = (LIKELY, "x and y by their headings, metres by their size")
    if metres is None and lonlat is None:
        lonlat, sure_lonlat = _degrees_by_content(search), (LIKELY, "by what stands in them")
        _require_headings(search, lonlat or ())
    for title, role, pair, sure in (
        ("Easting and northing", "easting", metres, sure_metres),
        ("Longitude and latitude", "longitude", lonlat, sure_lonlat),
    ):
        if pair and search.by_profile(role) == pair[0]:
            search.say_profile(title, pair)
        elif pair:
            search.say(title, pair, *sure)
        for index in pair or ():
            search.take(index)
    return metres, lonlat


def _pair(
    search: _Search, word: str, other_word: str, first: Sequence[str], second: Sequence[str]
) -> tuple[int, int] | None:
    one, two = _coordinate(search, first, word), _coordinate(search, second, other_word)
    return None if one is None or two is None else (one, two)


def _coordinate(search: _Search, names: Sequence[str], word: str) -> int | None:
    """Return a column called by one of `names`, or with `word` in a longer heading."""
    index = search.by_profile(word)
    if index is None:
        index = search.named(names)
    if index is None:
        longer = [i for i in search.free if word in search.key(i) and _mostly_numbers(search, i)]
        index = longer[0] if len(longer) == 1 else None
    return index


def _unnamed_pair(search: _Search) -> tuple[int, int] | None:
    x, y = search.named(roles.X_NAMES), search.named(roles.Y_NAMES)
    return None if x is None or y is None else (x, y)


def _mostly_numbers(search: _Search, index: int) -> bool:
    values = numbers_of(search.sample(index))
    return len(values) > 0 and len(values) >= 0.5 * len(search.sample(index))


def _mostly_degrees(search: _Search, pair: tuple[int, int]) -> bool:
    first, second = (numbers_of(search.sample(index)) for index in pair)
    small = [abs(v) <= 180 for v in first] + [abs(v) <= 90 for v in second]
    return bool(small) and sum(small) > 0.5 * len(small)


def _degrees_by_content(search: _Search) -> tuple[int, int] | None:
    """Return the one column that can be British longitudes and the one that can be latitudes."""
    longitudes = [i for i in search.free if _fractions_between(search, i, -9.0, 2.0)]
    latitudes = [i for i in search.free if _fractions_between(search, i, 49.0, 61.0)]
    if len(longitudes) == len(latitudes) == 1:
        return longitudes[0], latitudes[0]
    return None


def _require_headings(search: _Search, indices: Iterable[int]) -> None:
    """Refuse a table whose first row is data already: taken for headings, it would be lost."""
    if numbers_of([search.header[index] for index in indices]):
        raise _no_headings(search)


def _no_headings(search: _Search) -> InputRefused:
    return InputRefused(
        f"“{search.table.file_name}” has no headings: its first row already holds data.",
        "Add a first row that names the columns.",
    )


def _fractions_between(search: _Search, index: int, low: float, high: float) -> bool:
    sample = search.sample(index)
    values = numbers_of(sample)
    fitting = [v for v in values if low <= v <= high and v != round(v, 2)]
    return len(fitting) > 0 and len(fitting) >= 0.9 * len(sample)


def _place(
    search: _Search, role: str, title: str, names: Sequence[str], looks: Callable[[str], bool]
) -> int | None:
    """Return a column of whole places, if its heading and at least half its cells say so."""
    index = search.by_profile(role)
    if index is not None:
        search.say_profile(title, [index])
        return index
    index = search.named(names, lambda one: _share_of(search, one, looks) >= 0.5)
    if index is not None:
        search.say(title, [search.take(index)], CERTAIN, f"{_BY_HEADING} and what stands in it")
    return index


def _place_by_content(search: _Search) -> tuple[int | None, int | None, int | None]:
    """Return the one column of which nearly every cell is a place: reference, WKT or pair."""
    detectors = (looks_like_gridref, looks_like_wkt, looks_like_latlon)
    for place, looks in enumerate(detectors):
        fitting = [
            i
            for i in search.free
            if _share_of(search, i, looks) >= 0.9 and not _counts_cases(search, i)
        ]
        if len(fitting) == 1:
            if looks(search.header[fitting[0]]):
                raise _no_headings(search)
            search.say("Place", [search.take(fitting[0])], LIKELY, "by what stands in it")
            found: list[int | None] = [None, None, None]
            found[place] = fitting[0]
            return found[0], found[1], found[2]
    return None, None, None


def _counts_cases(search: _Search, index: int) -> bool:
    """Tell whether what looks like grid references may be case numbers, such as SS2301.

    So it may if the heading speaks of numbers, or the cells are short, unspaced and all different.
    """
    named = any(part in search.key(index) for part in roles.CASE_PARTS) or any(
        spelling in roles.ID_NAMES for spelling in search.spellings[index]
    )
    if named and "grid" not in search.key(index):
        return True
    sample = [cell.strip() for cell in search.sample(index)]
    return bool(sample) and all(_SHORT_REFERENCE.fullmatch(cell) for cell in sample)


def _share_of(search: _Search, index: int, looks: Callable[[str], bool]) -> float:
    sample = search.sample(index)
    return float(np.mean([looks(cell) for cell in sample])) if sample else 0.0


def _submitted(search: _Search) -> int | None:
    def holds_dates(index: int) -> bool:
        sample = [cell for cell in search.sample(index) if not is_missing(cell)]
        dates = sum(looks_like_date(cell) or looks_like_serial(cell) for cell in sample)
        return bool(sample) and dates >= 0.5 * len(sample)

    index = search.by_profile("submitted")
    if index is not None:
        search.say_profile("Submitted", [index])
        return index
    index = search.named(roles.DATE_NAMES, holds_dates)
    if index is not None:
        return search.say_one("Submitted", index, roles.DATE_NAMES, holds_dates)
    may_be = [
        i for i in search.free if not any(part in search.key(i) for part in roles.NOT_SUBMISSION)
    ]
    likely = [
        i
        for i in may_be
        if any(part in search.key(i) for part in roles.DATE_PARTS) and holds_dates(i)
    ]
    index, sure = (likely[0] if likely else None), (LIKELY, "by its heading and its dates")
    if index is None:
        dates = [i for i in may_be if _share_of(search, i, looks_like_date) >= 0.9]
        index, sure = (dates[0] if len(dates) == 1 else None), (LIKELY, "by what stands in it")
    if index is None:
        index = search.named(roles.DATE_NAMES)
        sure = (UNSURE, "by its heading, though it hardly holds a date")
    if index is None:
        return None
    search.say("Submitted", [index], *sure)
    return search.take(index)


def _ticks(search: _Search) -> tuple[tuple[int, str], ...]:
    ticks = list(search.mapped_ticks)
    if ticks:
        search.say_profile("One column a reason", [index for index, _ in ticks])
    sure, doubtful = [], []
    for index in list(search.free):
        code = reason_of_heading(search.header[index])
        if code is None or any(part in search.key(index) for part in roles.FREE_TEXT_PARTS):
            continue
        sample = search.sample(index)
        understood = sum(is_ticked(cell, code) is not None for cell in sample)
        if understood >= 0.5 * len(sample):
            sure.append((search.take(index), code))
        elif sum(len(cell) <= _SHORT_ANSWER for cell in sample) >= 0.9 * len(sample):
            doubtful.append((search.take(index), code))
    by_position = sorted(sure), sorted(doubtful)
    for found, confidence, why in (
        (by_position[0], CERTAIN, "by their headings"),
        (by_position[1], UNSURE, "by their headings, though their cells are hardly understood"),
    ):
        if found:
            search.say("One column a reason", [index for index, _ in found], confidence, why)
    return (*ticks, *by_position[0], *by_position[1])


def _holds_ticks(search: _Search, index: int) -> bool:
    """Tell whether a column holds nothing but yes and no, both of them or a mark for yes."""
    answers = {is_ticked(cell, "") for cell in search.sample(index)}
    return True in answers and None not in answers


def _reason_lists(search: _Search) -> tuple[tuple[int, str | None], ...]:
    lists = [(i, group_of_words(search.header[i])) for i in search.mapped.get("reasons", ())]
    if lists:
        search.say_profile("Several reasons in one column", [index for index, _ in lists])
    for index in sorted(search.free):
        if any(part in search.key(index) for part in roles.FREE_TEXT_PARTS):
            continue
        group = group_of_words(search.header[index])
        by_name = any(name in roles.REASON_LIST_NAMES for name in search.spellings[index])
        if by_name or _mostly_reasons(search.sample(index), group):
            lists.append((search.take(index), group))
            sure = (CERTAIN, _BY_HEADING) if by_name else (LIKELY, "by the wordings in it")
            search.say("Several reasons in one column", [index], *sure)
    return tuple(lists)


def _mostly_reasons(sample: Sequence[str], group: str | None) -> bool:
    known = unknown = 0
    for cell in sample:
        codes, strange = split_reasons(cell, group)
        known += len(codes)
        unknown += len(strange)
    return known > 0 and known >= unknown


def _free_text(search: _Search) -> tuple[int, ...]:
    """Return columns of people's own words or names, by heading or because their cells are long."""
    texts = list(search.mapped.get("free_text", ()))
    for index in sorted(search.free):
        sample = search.sample(index)
        wordy = sum(len(cell) for cell in sample if " " in cell.strip())
        long_cells = bool(sample) and wordy > _LONG_TEXT * len(sample)
        by_heading = any(part in search.key(index) for part in roles.FREE_TEXT_PARTS)
        if long_cells or by_heading or search.key(index) in roles.FREE_TEXT_NAMES:
            texts.append(search.take(index))
    if texts:
        search.say("Free text", texts, LIKELY, "left out unless asked for")
    return tuple(texts)


def reason_of_heading(heading: str) -> str | None:
    """Return the reason a heading names, also inside brackets or after a colon, slash or arrow.

    Form builders write "Reasons [Badly lit]", "Environment: Badly lit" or "reasons/Badly lit".
    """
    group = group_of_words(heading)
    candidates = [
        heading,
        _NUMBERED.sub("", heading),
        *re.findall(r"[\[(](?:choice\s*=)?([^\])]+)[\])]", heading),
        re.split(r"[:/>]|\s-\s", heading)[-1],
    ]
    codes = (reason_for(candidate, group) for candidate in candidates)
    return next((code for code in codes if code), None)
