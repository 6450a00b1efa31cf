# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding each park of the register among the polygons of a boundary layer.

A polygon is taken for a park only if name *and* place agree: England has many Victoria Parks, and
suburbs and wards are named after parks. Where several answer, none is taken and all are named.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.geometry import Outline, distances, outline_of, union
from streetsafe_plugin.domain.parks import M2_PER_HA, Park

#: Parts of one park may lie this far apart, across a river or a road.
GREATEST_GAP_M = 100.0
#: A boundary may be this many times larger or smaller than the known area.
GREATEST_AREA_RATIO = 4.0

NAME, SIMILAR_NAME = "name", "similar_name"

_NAME_FIELDS = ("parkname", "name", "sitename", "site", "greenspacename", "title", "label", "park")
_NUMBERED_NAME_FIELD = re.compile(r"dist(inctive)?name[1-4]")
_ADMINISTRATIVE_FIELD = re.compile(
    r"(oa|lsoa|msoa|wd|ward|cmwd|lad|ltla|utla|cty|ctyua|ced|par|parncp|pcon|bua|buasd|csp|pfa"
    r"|cauth|rgn|ctry)\d\d(cd|nm)\w?",
    re.IGNORECASE,
)
_FACILITIES = frozenset(
    ("play space", "tennis court", "bowling green", "other sports facility", "golf course")
)
_APOSTROPHES = re.compile("['`´\u02b9\u02bb\u02bc\u02bd\u2018\u2019\u201a\u201b\u2032\uff07]")
_SUFFIX = re.compile(r" (country )?park$")


@dataclass(frozen=True)
class Boundary:
    """One polygon that may be a park: its names, and what the layer says it is for."""

    names: tuple[str, ...]
    shape: BaseGeometry
    function: str = ""

    @property
    def area_ha(self) -> float:
        """Return its area in hectares."""
        return float(self.shape.area) / M2_PER_HA

    @property
    def is_facility(self) -> bool:
        """Tell whether it is something inside parks, such as a play space, and no park itself."""
        return self.function.strip().lower() in _FACILITIES


@dataclass(frozen=True)
class Match:
    """A park's boundary: `method` is `name` or `similar_name`; the place lies `distance_m` off."""

    shape: BaseGeometry
    method: str
    name: str
    distance_m: float
    parts: int


@dataclass(frozen=True)
class Miss:
    """Why a park has no boundary. `ambiguous` says that there were too many, not too few."""

    reason: str
    ambiguous: bool = False


def match_parks(
    parks: Sequence[Park],
    places: Sequence[tuple[float, float] | None],
    boundaries: Sequence[Boundary],
    max_distance_m: float,
) -> list[Match | Miss]:
    """Find every park's boundary by name and place.

    A boundary answers to a park if one of its names is one of the park's and the park's known
    place is at most `max_distance_m` from it. A name that only differs by Park or Country Park
    at its end is second best. Parts up to `GREATEST_GAP_M` apart are one park. What is over
    `GREATEST_AREA_RATIO` times larger or smaller than the known area is not taken, nor is what
    answers to two parks.

    Args:
        parks: The register.
        places: Each park's known place in metres, None where not known.
        boundaries: The polygons in the same metres.
        max_distance_m: How far the known place may be from the polygon.

    Returns:
        A match or a miss for each park.
    """
    answers = _Answers(parks, places, boundaries, max_distance_m)
    return [answers.settle(number) for number in range(len(parks))]


def name_key(name: str) -> str:
    """Return a name without case, accents, apostrophes, punctuation and a leading The."""
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name))
    plain = _APOSTROPHES.sub("", plain).replace("&", " and ")
    plain = "".join(
        character
        for character in plain
        if not unicodedata.combining(character) and unicodedata.category(character) != "Cf"
    )
    words = re.findall(r"\w+", plain.casefold().replace("_", " "))
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def similar_keys(key: str) -> set[str]:
    """Return the keys that differ from one only by Park or Country Park at the end.

    A single word without the ending (Western, Abbey) is a suburb or a ward as often as a park,
    so only names of two words and more may go without.
    """
    core = _SUFFIX.sub("", key)
    keys = {f"{core} park", f"{core} country park"}
    return keys | {core} if " " in core else keys


def name_fields(fields: Sequence[str]) -> list[str]:
    """Return the fields that hold names, by what such fields are usually called; perhaps none."""
    simple = {field: re.sub(r"[^a-z0-9]", "", field.lower()) for field in fields}
    numbered = [field for field in fields if _NUMBERED_NAME_FIELD.fullmatch(simple[field])]
    if numbered:
        return numbered
    for usual in _NAME_FIELDS:
        for field in fields:
            if simple[field] == usual:
                return [field]
    return []


def administrative_field(fields: Iterable[str]) -> str | None:
    """Return a field that only layers of wards, districts and the like have, or None."""
    return next((field for field in fields if _ADMINISTRATIVE_FIELD.fullmatch(field)), None)


class _Answers:
    """Which boundaries answer to which park, and which of them can be taken."""

    def __init__(
        self,
        parks: Sequence[Park],
        places: Sequence[tuple[float, float] | None],
        boundaries: Sequence[Boundary],
        max_distance_m: float,
    ) -> None:
        self._parks = parks
        self._places = places
        self._boundaries = boundaries
        self._max_distance = max_distance_m
        self._by_key: dict[str, set[int]] = defaultdict(set)
        for number, boundary in enumerate(boundaries):
            for key in {name_key(name) for name in boundary.names} - {""}:
                self._by_key[key].add(number)
        self._outlines: dict[int, Outline] = {}
        self._near: list[dict[str, list[int]]] = []
        self._nearest_elsewhere: list[float | None] = []
        self._facilities_near: list[int] = []
        for number in range(len(parks)):
            self._look_around(number)
        self._exact_for: dict[int, set[int]] = defaultdict(set)
        self._similar_for: dict[int, set[int]] = defaultdict(set)
        for park, near in enumerate(self._near):
            for site in near[NAME]:
                self._exact_for[site].add(park)
            for site in near[SIMILAR_NAME]:
                self._similar_for[site].add(park)

    def settle(self, park: int) -> Match | Miss:
        """Return the park's boundary, or why there is none."""
        if self._places[park] is None:
            return Miss("its place is not known, and a name alone is not enough")
        for method in (NAME, SIMILAR_NAME):
            near = self._near[park][method]
            if method == SIMILAR_NAME:
                near = [boundary for boundary in near if not self._exact_for[boundary]]
            if near:
                return self._choose(park, method, near)
        return self._none_near(park)

    def _look_around(self, park: int) -> None:
        near: dict[str, list[int]] = {NAME: [], SIMILAR_NAME: []}
        elsewhere: list[float] = []
        facilities = 0
        exact, similar = self._named_like(self._parks[park])
        for method, found in ((NAME, exact), (SIMILAR_NAME, similar - exact)):
            for boundary in sorted(found) if self._places[park] is not None else ():
                distance = self._distance(park, boundary)
                if distance > self._max_distance:
                    elsewhere.append(distance)
                elif self._boundaries[boundary].is_facility:
                    facilities += 1
                else:
                    near[method].append(boundary)
        self._near.append(near)
        self._facilities_near.append(facilities)
        self._nearest_elsewhere.append(min(elsewhere, default=None))

    def _named_like(self, park: Park) -> tuple[set[int], set[int]]:
        names = (park.name, *park.aliases)
        # "Welland Park, Market Harborough" is called Welland Park by whoever stands in it
        keys = {name_key(name) for name in (*names, *(name.split(",")[0] for name in names))} - {""}
        alike = set().union(*(similar_keys(key) for key in keys))
        return self._of_keys(keys), self._of_keys(alike)

    def _of_keys(self, keys: set[str]) -> set[int]:
        return set().union(*(self._by_key[key] for key in keys if key in self._by_key))

    def _distance(self, park: int, boundary: int) -> float:
        if boundary not in self._outlines:
            self._outlines[boundary] = outline_of(self._boundaries[boundary].shape)
        place = np.array([self._places[park]], dtype=float)
        return float(distances(place, self._outlines[boundary], np.inf)[0])

    def _none_near(self, park: int) -> Miss:
        if self._facilities_near[park]:
            return Miss("only a play space or the like has its name")
        farther = self._nearest_elsewhere[park]
        if farther is None:
            return Miss("no polygon has its name")
        return Miss(
            f"no polygon of its name lies within {self._max_distance:g} m of its known place"
            f" (the nearest is {farther:.0f} m away)"
        )

    def _choose(self, park: int, method: str, near: list[int]) -> Match | Miss:
        claims = self._exact_for if method == NAME else self._similar_for
        rivals = {rival for boundary in near for rival in claims[boundary]} - {park}
        if rivals:
            names = ", ".join(f"“{self._parks[rival].name}”" for rival in sorted(rivals))
            return Miss(f"a polygon of its name answers to {names} as well", ambiguous=True)
        groups = self._groups(near)
        fitting = [group for group in groups if self._fits(park, group)]
        if len(fitting) > 1:
            found = "; ".join(self._describe(park, group) for group in fitting)
            return Miss(f"{len(fitting)} places answer to its name: {found}", ambiguous=True)
        if not fitting:
            found = "; ".join(self._describe(park, group) for group in groups)
            return Miss(
                f"what has its name differs more than {GREATEST_AREA_RATIO:g} times from its known"
                f" area of {self._parks[park].area_ha:g} ha: {found}"
            )
        return Match(
            union([self._boundaries[boundary].shape for boundary in fitting[0]]),
            method,
            self._label(fitting[0]),
            min(self._distance(park, boundary) for boundary in fitting[0]),
            len(fitting[0]),
        )

    def _groups(self, sites: list[int]) -> list[list[int]]:
        """Return the sites gathered into those that lie close together."""
        groups: list[list[int]] = []
        for site in sites:
            shape = self._boundaries[site].shape
            close = [
                group
                for group in groups
                if any(
                    shape.distance(self._boundaries[other].shape) <= GREATEST_GAP_M
                    for other in group
                )
            ]
            groups = [group for group in groups if group not in close]
            groups.append(sorted([site, *(other for group in close for other in group)]))
        return groups

    def _fits(self, park: int, group: list[int]) -> bool:
        known = self._parks[park].area_ha
        if known is None:
            return True
        found = self._area_ha(group)
        return max(found, known) <= GREATEST_AREA_RATIO * min(found, known)

    def _area_ha(self, group: list[int]) -> float:
        return float(union([self._boundaries[site].shape for site in group]).area) / M2_PER_HA

    def _label(self, group: list[int]) -> str:
        return next(name for name in self._boundaries[group[0]].names if name_key(name))

    def _describe(self, park: int, group: list[int]) -> str:
        distance = min(self._distance(park, site) for site in group)
        return f"“{self._label(group)}” ({self._area_ha(group):.1f} ha, {distance:.0f} m away)"
