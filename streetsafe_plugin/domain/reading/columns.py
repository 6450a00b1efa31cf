# SPDX-License-Identifier: GPL-2.0-or-later
"""Find out what each column of a raw table holds, and say why one thinks so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Callable

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.dates import is_missing, looks_like_date
from streetsafe_plugin.domain.reading.places import numbers_of
from streetsafe_plugin.domain.reading.reasons import is_ticked, split_reasons
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.domain.taxonomy import group_of_words, reason_for

CHARACTERISTICS = (
    "age_range",
    "sex",
    "gender",
    "ethnicity",
    "religion",
    "sexual_orientation",
    "disability",
)

_SAMPLE = 500
_LONG_TEXT = 40

# Headings are compared in lower case without blanks and punctuation, the likeliest first.
_ID_NAMES = (
    "reportid reportref reportreference reportnumber reportno streetsafeid streetsaferef"
    " streetsafereference uniquereference uniquereferencenumber uniqueid urn uuid guid uid"
    " reference referencenumber referenceno refno refnumber ref id submissionid responseid recordid"
    " sourceid caseid caseref incidentid"
).split()
_DATE_NAMES = (
    "submittedat submitted submittedon submitteduk datesubmitted submitteddate submissiondate"
    " submissiontime datetimesubmitted submissiondatetime submissiontimestamp reportedat"
    " datereported reporteddate reportdate dateofreport createdat created createddate datecreated"
    " createdon datereceived receiveddate received timestamp datetime date completiontime starttime"
).split()
_LONGITUDE_NAMES = "longitude lon long lng londd longdd wgs84lon wgs84longitude".split()
_LATITUDE_NAMES = "latitude lat latdd wgs84lat wgs84latitude".split()
_EASTING_NAMES = "easting eastings east osgbeasting bngeasting gridx xbng x27700".split()
_NORTHING_NAMES = "northing northings north osgbnorthing bngnorthing gridy ybng y27700".split()
_X_NAMES = "x xcoord xcoordinate coordx pointx geox xpos".split()
_Y_NAMES = "y ycoord ycoordinate coordy pointy geoy ypos".split()
_REPORTED_NAMES = (
    "crimereported reportedcrime reportedtopolice crimereportedtopolice incidentreported"
    " reportedtothepolice didyoureport didyoureportit didyoureportthis haveyoureportedit"
    " haveyoureportedthis wasitreported wasthisreported reported"
).split()
_WHY_NOT_NAMES = (
    "whynotreported whynot whydidyounotreport whydidntyoureport reasonnotreported"
    " reasonsnotreported reasonfornotreporting reasonsfornotreporting whynotreport"
).split()
_REASON_LIST_NAMES = (
    "reasons reason reasonsforfeelingunsafe reasonforfeelingunsafe whyunsafe feltunsafebecause"
    " whydoyoufeelunsafe whydidyoufeelunsafe environmentalreasons environmentreasons"
    " behaviouralreasons behaviourreasons environmental behavioural environment behaviour"
    " environmentalconcerns behaviouralconcerns environmentalissues behaviouralissues"
).split()
_STORAGE_NUMBERS = frozenset("fid ogcfid objectid oid gid rowid rownumber unnamed0".split())
_CHARACTERISTIC_NAMES: Mapping[str, tuple[str, ...]] = {
    "age_range": ("age", "agerange", "agegroup", "ageband", "agebracket", "yourage"),
    "sex": ("sex", "yoursex", "sexatbirth"),
    "gender": ("gender",),
    "ethnicity": ("ethnic",),
    "religion": ("religion", "faith"),
    "sexual_orientation": ("sexualorientation", "sexuality"),
    "disability": ("disab", "illness", "longtermcondition"),
}
_FREE_TEXT_PARTS = (
    "comment description describe freetext narrative additionalinfo furtherinfo furtherdetail"
    " moredetail details notes message pleasespecify tellus email phone mobile fullname firstname"
    " surname lastname yourname contactname ipaddress"
).split()
_DATE_PARTS = ("date", "submitted", "created", "received")
_NOT_SUBMISSION = ("birth", "update", "modified", "edited", "status", "dob")


@dataclass(frozen=True)
class Columns:
    """Which column holds what, by position; `found` says why, one sentence a column or group.

    `ticks` are (column, reason code), `reason_lists` are (column, group or None). `storage` are
    running numbers of a database, which are no part of a report. `unused` have no role.
    """

    report_id: int | None = None
    submitted: int | None = None
    lonlat: tuple[int, int] | None = None
    metres: tuple[int, int] | None = None
    ticks: tuple[tuple[int, str], ...] = ()
    reason_lists: tuple[tuple[int, str | None], ...] = ()
    crime_reported: int | None = None
    why_not_reported: int | None = None
    characteristics: Mapping[str, int] = field(default_factory=dict)
    free_text: tuple[int, ...] = ()
    storage: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()
    found: tuple[str, ...] = ()

    @property
    def personal(self) -> frozenset[int]:
        """Return the columns that describe the person or hold their own words."""
        return frozenset((*self.characteristics.values(), *self.free_text))


class _Search:
    """A table whose columns are being given their roles, one after the other."""

    def __init__(self, table: RawTable) -> None:
        self.header = table.header
        self.keys = [_squeezed(name) for name in table.header]
        self.table = table
        self.free = dict.fromkeys(range(len(table.header)))
        self.found: list[str] = []
        self._samples: dict[int, list[str]] = {}

    def sample(self, index: int) -> list[str]:
        """Return the first cells of a column that hold something."""
        if index not in self._samples:
            filled = (row[index] for row in self.table.rows if row[index].strip())
            self._samples[index] = list(islice(filled, _SAMPLE))
        return self._samples[index]

    def take(self, index: int) -> int:
        """Give a column away."""
        del self.free[index]
        return index

    def named(
        self, names: Sequence[str], fits: Callable[[int], bool] = lambda index: True
    ) -> int | None:
        """Return the free column whose heading comes first in `names`."""
        for name in names:
            for index in self.free:
                if self.keys[index] == name and fits(index):
                    return index
        return None

    def say(self, role: str, indices: Iterable[int], why: str) -> None:
        """Keep a sentence on where a role was found."""
        quoted = ", ".join(f"“{self.header[index]}”" for index in indices)
        self.found.append(f"{role}: {quoted} ({why}).")


def recognise(table: RawTable) -> Columns:
    """Return the role of each column, found by its heading, else by what stands in it."""
    search = _Search(table)
    storage = tuple(
        search.take(index) for index in list(search.free) if search.keys[index] in _STORAGE_NUMBERS
    )
    why_not = _by_name(search, "Why not reported", _WHY_NOT_NAMES)
    crime_reported = _by_name(search, "Crime reported", _REPORTED_NAMES)
    characteristics = _characteristics(search)
    report_id = _by_name(search, "Report's own id", _ID_NAMES)
    metres, lonlat = _coordinates(search)
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
        crime_reported,
        why_not,
        characteristics,
        free_text,
        storage,
        tuple(search.free),
        tuple(search.found),
    )


def _by_name(search: _Search, role: str, names: Sequence[str]) -> int | None:
    index = search.named(names)
    if index is None:
        return None
    search.say(role, [index], "by its heading")
    return search.take(index)


def _characteristics(search: _Search) -> dict[str, int]:
    held: dict[str, int] = {}
    for name, spellings in _CHARACTERISTIC_NAMES.items():
        exact_only = name in ("age_range", "sex")
        for index in list(search.free):
            key = search.keys[index]
            if name in held or reason_for(search.header[index]):
                continue
            if key in spellings or (not exact_only and any(part in key for part in spellings)):
                held[name] = search.take(index)
    return held


def _coordinates(
    search: _Search,
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Return the pair in metres and the pair in degrees, each easting or longitude first."""
    metres = _pair(search, _EASTING_NAMES, _NORTHING_NAMES, "easting", "northing")
    lonlat = _pair(search, _LONGITUDE_NAMES, _LATITUDE_NAMES, "longitude", "latitude")
    why_metres = why_lonlat = "by their headings"
    plain = _pair(search, _X_NAMES, _Y_NAMES, "", "")
    if plain and _mostly_degrees(search, plain):
        if lonlat is None:
            lonlat, why_lonlat = plain, "x and y by their headings, degrees by their size"
    elif plain and metres is None:
        metres, why_metres = plain, "x and y by their headings, metres by their size"
    if metres is None and lonlat is None:
        lonlat, why_lonlat = _degrees_by_content(search), "by what stands in them"
        _require_headings(search, lonlat or ())
    for role, pair, why in (
        ("Easting and northing", metres, why_metres),
        ("Longitude and latitude", lonlat, why_lonlat),
    ):
        if pair:
            search.say(role, pair, why)
            for index in pair:
                search.take(index)
    return metres, lonlat


def _pair(
    search: _Search, first: Sequence[str], second: Sequence[str], word: str, other_word: str
) -> tuple[int, int] | None:
    one, two = _coordinate(search, first, word), _coordinate(search, second, other_word)
    return None if one is None or two is None else (one, two)


def _coordinate(search: _Search, names: Sequence[str], word: str) -> int | None:
    """Return a column called by one of `names`, or with `word` in a longer heading."""
    index = search.named(names)
    if index is None and word:
        longer = [i for i in search.free if word in search.keys[i] and _mostly_numbers(search, i)]
        index = longer[0] if len(longer) == 1 else None
    return index


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
        raise InputRefused(
            f"“{search.table.file_name}” has no headings: its first row already holds data.",
            "Add a first row that names the columns.",
        )


def _fractions_between(search: _Search, index: int, low: float, high: float) -> bool:
    sample = search.sample(index)
    values = numbers_of(sample)
    fitting = [v for v in values if low <= v <= high and v != round(v, 2)]
    return len(fitting) > 0 and len(fitting) >= 0.9 * len(sample)


def _submitted(search: _Search) -> int | None:
    def holds_dates(index: int) -> bool:
        sample = search.sample(index)
        dates = sum(looks_like_date(cell) or is_missing(cell) for cell in sample)
        return not sample or dates >= 0.5 * len(sample)

    index, why = search.named(_DATE_NAMES, holds_dates), "by its heading"
    if index is None:
        likely = [
            i
            for i in search.free
            if any(part in search.keys[i] for part in _DATE_PARTS)
            and not any(part in search.keys[i] for part in _NOT_SUBMISSION)
            and search.sample(i)
            and holds_dates(i)
        ]
        index, why = (likely[0] if likely else None), "by its heading and its dates"
    if index is None:
        index, why = search.named(_DATE_NAMES), "by its heading"
    if index is None:
        return None
    search.say("Submitted", [index], why)
    return search.take(index)


def _ticks(search: _Search) -> tuple[tuple[int, str], ...]:
    ticks: list[tuple[int, str]] = []
    for index in list(search.free):
        code = reason_of_heading(search.header[index])
        if code is None:
            continue
        sample = search.sample(index)
        understood = sum(is_ticked(cell, code) is not None for cell in sample)
        if understood >= 0.5 * len(sample):
            ticks.append((search.take(index), code))
    if ticks:
        search.say("One column a reason", [index for index, _ in ticks], "by their headings")
    return tuple(ticks)


def _reason_lists(search: _Search) -> tuple[tuple[int, str | None], ...]:
    lists: list[tuple[int, str | None]] = []
    for index in list(search.free):
        group = group_of_words(search.header[index])
        by_name = search.keys[index] in _REASON_LIST_NAMES
        if by_name or _mostly_reasons(search.sample(index), group):
            lists.append((search.take(index), group))
            why = "by its heading" if by_name else "by the wordings in it"
            search.say("Several reasons in one column", [index], why)
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
    texts = []
    for index in list(search.free):
        sample = search.sample(index)
        wordy = sum(len(cell) for cell in sample if " " in cell.strip())
        long_cells = bool(sample) and wordy > _LONG_TEXT * len(sample)
        if long_cells or any(part in search.keys[index] for part in _FREE_TEXT_PARTS):
            texts.append(search.take(index))
    if texts:
        search.say("Free text", texts, "left out unless asked for")
    return tuple(texts)


def reason_of_heading(heading: str) -> str | None:
    """Return the reason a heading names, also inside brackets or after a colon, slash or arrow.

    Form builders write "Reasons [Badly lit]", "Environment: Badly lit" or "reasons/Badly lit".
    """
    group = group_of_words(heading)
    candidates = [
        heading,
        *re.findall(r"[\[(](?:choice\s*=)?([^\])]+)[\])]", heading),
        re.split(r"[:/>]|\s-\s", heading)[-1],
    ]
    codes = (reason_for(candidate, group) for candidate in candidates)
    return next((code for code in codes if code), None)


def _squeezed(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())
