# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding each park of the register among the polygons of a boundary layer.

A polygon is taken for a park only if name *and* place agree: England has many Victoria Parks, and
suburbs and wards are named after parks. Where several answer, none is taken and all are named.
What comes out does not depend on the order of the polygons.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.geometry import Outline, distances, outline_of, union
from streetsafe_plugin.domain.ground import Ground, ground_of
from streetsafe_plugin.domain.parks import M2_PER_HA, Park
from streetsafe_plugin.domain.tiling import is_a_tile

#: Parts of one park may lie this far apart, across a river or a road.
GREATEST_GAP_M = 100.0
#: A boundary may be this many times larger or smaller than the known area.
GREATEST_AREA_RATIO = 4.0
#: Around a known place, polygons this much farther off than they may be are looked at as well.
NEIGHBOURHOOD_M = 2000.0

# Of two polygons of one name, one inside the other: up to the first ratio of their areas they are
# the same ground drawn twice, from the second on the inner one is a detail of the outer.
_DRAWN_TWICE, _A_DETAIL = 1.25, 20.0
_SHARE_INSIDE = 0.9

NAME, SIMILAR_NAME = "name", "similar_name"

_NAME_FIELDS = (
    *("parkname", "name", "sitename", "sitenam", "site", "greenspacename", "greenspace"),
    *("openspacename", "openspace", "assetname", "featurename", "placename"),
    *("title", "label", "park"),
)
#: What OpenStreetMap has beside `name`.
_OTHER_NAMES = ("altname", "officialname", "locname", "oldname", "shortname", "nameen")
# the shapefile driver cuts distinctiveName1 and the following to distinctiv, distinct_1 …
_NUMBERED_NAME_FIELD = re.compile(r"dist(inctive)?name[1-4]|distinctiv|distinct[1-3]")
_ADMINISTRATIVE_FIELD = re.compile(
    r"(oa|lsoa|msoa|wd|ward|cmwd|lad|ltla|utla|cty|ctyua|ced|par|parncp|pcon|bua|buasd|csp|pfa"
    r"|cauth|rgn|ctry)\d\d(cd|nm)\w?",
    re.IGNORECASE,
)
# Quotation marks, primes and accents people type for one, what encodings have made of one, and
# the sign that stands where it got lost.
_APOSTROPHES = re.compile(
    "\u00e2\u20ac[\u02dc\u2122]|['`\u00b4\u0091\u0092\u02b9\u02bb-\u02bd\u02c8\u02ca\u02cb\u055a\u05f3\u07f4"
    "\u07f5\u1fbd\u1fbf\u2018-\u201b\u2032\u2035\u275b\u275c\ua78b\ua78c\uff07\ufffd]"
)
_SHORT_WORDS = {
    "pk": "park",
    "rd": "road",
    "lnr": "local nature reserve",
    "nnr": "national nature reserve",
}
_RESERVES = ("nature reserve", "local nature reserve", "national nature reserve")
_SUFFIX = re.compile(r" (country )?park$")
_RESERVE_SUFFIX = re.compile(r"( (local|national))? nature reserve$")


@dataclass(frozen=True)
class Boundary:
    """One polygon that may be a park: its names, and what the layer says it is for.

    `purposes` are the values of the columns that `ground.purpose_fields` finds.
    """

    names: tuple[str, ...]
    shape: BaseGeometry
    purposes: Mapping[str, str] = field(default_factory=dict)

    @property
    def area_ha(self) -> float:
        """Return its area in hectares."""
        return float(self.shape.area) / M2_PER_HA

    @property
    def ground(self) -> Ground:
        """Return what the layer says it is."""
        return ground_of(self.purposes)[0]


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
    read_within_m: float | None = None,
) -> list[Match | Miss]:
    """Find every park's boundary by name and place.

    A boundary answers to a park if one of its names is one of the park's and the park's known
    place is at most `max_distance_m` from it; the park's town or district may stand before or
    after the name. One that only differs by Park, Country Park or Nature Reserve at its end is
    second best. Parts up to `GREATEST_GAP_M` apart are one park. What is over
    `GREATEST_AREA_RATIO` times larger or smaller than the known area is not taken, nor is what
    answers to two parks, what the layer says is no park, or one of areas that lie edge to edge.

    Args:
        parks: The register.
        places: Each park's known place in metres, None where not known.
        boundaries: The polygons in the same metres.
        max_distance_m: How far the known place may be from the polygon.
        read_within_m: How far from the places polygons were read, None if all were.

    Returns:
        A match or a miss for each park.
    """
    answers = _Answers(parks, places, boundaries, max_distance_m, read_within_m)
    return [answers.settle(number) for number in range(len(parks))]


def name_key(name: str) -> str:
    """Return a name without case, accents, apostrophes, punctuation and The."""
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", html.unescape(name)))
    plain = _APOSTROPHES.sub("", plain).replace("&", " and ")
    plain = "".join(
        character
        for character in plain
        if not unicodedata.combining(character) and unicodedata.category(character) != "Cf"
    )
    words = [
        _SHORT_WORDS.get(word, word)
        for word in re.findall(r"\w+", plain.casefold().replace("_", " "))
    ]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    elif len(words) > 1 and words[-1] == "the":  # as in an index: "Green, The"
        words = words[:-1]
    # an apostrophe may have become a blank or a question mark: "Queen s", "Queen?s"
    return re.sub(r"(?<=\w) s\b", "s", " ".join(words))


def similar_keys(key: str) -> set[str]:
    """Return the keys that differ from one only by Park or Country Park at the end.

    A single word without the ending (Western, Abbey) is a suburb or a ward as often as a park,
    so only names of two words and more may go without.
    """
    core = _core(key)
    keys = {f"{core} park", f"{core} country park"}
    return keys | {core} if " " in core else keys


def reserve_keys(key: str) -> set[str]:
    """Return what a place is called as a nature reserve; nothing where one word would be left."""
    core = _core(key)
    return {f"{core} {kind}" for kind in _RESERVES} if " " in core else set()


def _core(key: str) -> str:
    """Return a key without the kind of place at its end.

    Western Nature Reserve keeps it, being any in the west, and so does Abbey Park Nature Reserve,
    being a part of Abbey Park.
    """
    without = _RESERVE_SUFFIX.sub("", key)
    if without != key and " " in without and not without.endswith(" park"):
        return without
    return _SUFFIX.sub("", key)


def placed_keys(key: str, towns: Iterable[str]) -> set[str]:
    """Return a key as it is, and with one of the towns before or after it."""
    around = {place for town in towns for place in (f"{key} {town}", f"{town} {key}")}
    return {key, *around}


def name_fields(fields: Sequence[str]) -> list[str]:
    """Return the fields that hold names, by what such fields are usually called; perhaps none."""
    simple = {one: re.sub(r"[^a-z0-9]", "", one.lower()) for one in fields}
    numbered = [one for one in fields if _NUMBERED_NAME_FIELD.fullmatch(simple[one])]
    if numbered:
        return numbered
    for usual in _NAME_FIELDS:
        for candidate in fields:
            if simple[candidate] == usual:
                others = [other for other in fields if simple[other] in _OTHER_NAMES]
                return [candidate, *others] if usual == "name" else [candidate]
    return []


def naming_fields(fields: Sequence[str]) -> list[str]:
    """Return the fields by which a person would name a row of any layer of polygons."""
    official = [
        one for one in fields if one.lower()[-2:] == "nm" and _ADMINISTRATIVE_FIELD.fullmatch(one)
    ]
    codes = [
        one for one in fields if one.lower()[-2:] == "cd" and _ADMINISTRATIVE_FIELD.fullmatch(one)
    ]
    return name_fields(fields) or official[:1] or codes[:1]


def administrative_field(fields: Iterable[str]) -> str | None:
    """Return a field that only layers of wards, districts and the like have, or None."""
    return next((one for one in fields if _ADMINISTRATIVE_FIELD.fullmatch(one)), None)


class _Answers:
    """Which boundaries answer to which park, and which of them can be taken."""

    def __init__(
        self,
        parks: Sequence[Park],
        places: Sequence[tuple[float, float] | None],
        boundaries: Sequence[Boundary],
        max_distance_m: float,
        read_within_m: float | None,
    ) -> None:
        self._parks = parks
        self._places = places
        self._boundaries = boundaries
        self._max_distance = max_distance_m
        self._read_within = read_within_m
        self._keys = [{name_key(name) for name in one.names} - {""} for one in boundaries]
        self._by_key: dict[str, set[int]] = defaultdict(set)
        for number, keys in enumerate(self._keys):
            for key in keys:
                self._by_key[key].add(number)
        self._outlines: dict[int, Outline] = {}
        self._near: list[dict[str, list[int]]] = []
        self._nearest_elsewhere: list[float | None] = []
        self._others_near: list[list[int]] = []
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
        others: list[int] = []
        exact, similar = self._named_like(self._parks[park])
        for method, found in ((NAME, exact), (SIMILAR_NAME, similar - exact)):
            for boundary in sorted(found) if self._places[park] is not None else ():
                distance = self._distance(park, boundary)
                if distance > self._max_distance:
                    elsewhere.append(distance)
                elif self._boundaries[boundary].ground is Ground.OTHER:
                    others.append(boundary)
                else:
                    near[method].append(boundary)
        self._near.append(near)
        self._others_near.append(others)
        self._nearest_elsewhere.append(min(elsewhere, default=None))

    def _named_like(self, park: Park) -> tuple[set[int], set[int]]:
        names = (park.name, *park.aliases)
        # "Welland Park, Market Harborough" is called Welland Park by whoever stands in it, and
        # Victoria Park is called "Victoria Park, Leicester" by whoever does not
        heads = {name_key(name.split(",")[0]) for name in names} - {""}
        towns = {name_key(town) for name in names for town in name.split(",")[1:]}
        towns = (towns | {name_key(park.district)}) - {"", "the"}
        exact = {key for head in heads for key in placed_keys(head, towns)}
        exact |= {name_key(name) for name in names} - {""}
        alike = {
            key
            for head in heads
            for similar in similar_keys(head) | reserve_keys(head)
            for key in placed_keys(similar, towns)
        }
        return self._of_keys(exact), self._of_keys(alike)

    def _of_keys(self, keys: set[str]) -> set[int]:
        return set().union(*(self._by_key[key] for key in keys if key in self._by_key))

    def _distance(self, park: int, boundary: int) -> float:
        if boundary not in self._outlines:
            self._outlines[boundary] = outline_of(self._boundaries[boundary].shape)
        place = np.array([self._places[park]], dtype=float)
        return float(distances(place, self._outlines[boundary], np.inf)[0])

    def _none_near(self, park: int) -> Miss:
        others = self._others_near[park]
        if others:
            what = sorted({ground_of(self._boundaries[other].purposes)[1] for other in others})
            return Miss(f"what has its name here is no park ({', '.join(what)})")
        farther = self._nearest_elsewhere[park]
        if farther is not None:
            return Miss(
                f"no polygon of its name lies within {self._max_distance:g} m of its known place"
                f" (the nearest is {farther:.0f} m away)"
            )
        if self._read_within is not None:
            return Miss(f"no polygon within {self._read_within:g} m of its place has its name")
        return Miss("no polygon has its name")

    def _choose(self, park: int, method: str, near: list[int]) -> Match | Miss:
        claims = self._exact_for if method == NAME else self._similar_for
        rivals = {rival for boundary in near for rival in claims[boundary]} - {park}
        if rivals:
            names = ", ".join(f"“{self._parks[rival].name}”" for rival in sorted(rivals))
            return Miss(f"a polygon of its name answers to {names} as well", ambiguous=True)
        standing = [site for site in near if not self._is_a_tile(park, site)]
        if not standing:
            return Miss(
                f"{self._describe(park, near)} is one of areas that lie edge to edge, as wards do,"
                " and no park"
            )
        groups = _largest(
            [reading for group in self._groups(standing) for reading in self._readings(group)]
        )
        fitting = [group for group in groups if self._fits(park, group)]
        if len(fitting) > 1:
            return Miss(
                f"{len(fitting)} places answer to its name: {self._list(park, fitting)}",
                ambiguous=True,
            )
        if not fitting:
            return Miss(
                f"what has its name differs more than {GREATEST_AREA_RATIO:g} times from its known"
                f" area of {self._parks[park].area_ha:g} ha: {self._list(park, groups)}"
            )
        return Match(
            union([self._boundaries[boundary].shape for boundary in fitting[0]]),
            method,
            self._label(fitting[0]),
            min(self._distance(park, boundary) for boundary in fitting[0]),
            len(fitting[0]),
        )

    def _is_a_tile(self, park: int, site: int) -> bool:
        place = self._places[park]
        if place is None or self._boundaries[site].ground is Ground.PARK:
            return False
        reach = self._max_distance + NEIGHBOURHOOD_M
        others = [
            boundary.shape
            for boundary, keys in zip(self._boundaries, self._keys)
            if keys and not keys & self._keys[site] and _reaches(boundary.shape, place, reach)
        ]
        return is_a_tile(self._boundaries[site].shape, others, place, reach)

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

    def _readings(self, group: list[int]) -> list[list[int]]:
        """Return the ways in which a group can be one park: several if one is inside another.

        A suburb named after the park in its midst must not be taken with it, nor may either be
        chosen by luck. What the layer calls a park goes before what it says nothing about.
        """
        for outer in group:
            for inner in group:
                if not self._is_contested(outer, inner):
                    continue
                without = {
                    left_out: [site for site in group if site != left_out]
                    for left_out in (outer, inner)
                }
                says_park = [
                    site for site in (outer, inner) if self._boundaries[site].ground is Ground.PARK
                ]
                kept = says_park if len(says_park) == 1 else [outer, inner]
                left_out = [inner if site == outer else outer for site in kept]
                return [
                    reading
                    for site in left_out
                    for part in self._groups(without[site])
                    for reading in self._readings(part)
                ]
        return [group]

    def _is_contested(self, outer: int, inner: int) -> bool:
        large, small = self._boundaries[outer].shape, self._boundaries[inner].shape
        if not _DRAWN_TWICE * small.area < large.area < _A_DETAIL * small.area:
            return False
        return bool(large.intersection(small).area >= _SHARE_INSIDE * small.area)

    def _fits(self, park: int, group: list[int]) -> bool:
        known = self._parks[park].area_ha
        if known is None:
            return True
        found = self._area_ha(group)
        return max(found, known) <= GREATEST_AREA_RATIO * min(found, known)

    def _area_ha(self, group: list[int]) -> float:
        return float(union([self._boundaries[site].shape for site in group]).area) / M2_PER_HA

    def _label(self, group: list[int]) -> str:
        """Return the name of the largest of a group."""
        largest = max(group, key=lambda site: (self._boundaries[site].shape.area, self._name(site)))
        return self._name(largest)

    def _name(self, site: int) -> str:
        return next(name for name in self._boundaries[site].names if name_key(name))

    def _list(self, park: int, groups: list[list[int]]) -> str:
        """Return the groups in words, the nearest first, however the layer has them."""
        nearest_first = sorted(
            (self._nearest(park, group), self._describe(park, group)) for group in groups
        )
        return "; ".join(words for _, words in nearest_first)

    def _nearest(self, park: int, group: list[int]) -> float:
        return min(self._distance(park, site) for site in group)

    def _describe(self, park: int, group: list[int]) -> str:
        distance = self._nearest(park, group)
        return f"“{self._label(group)}” ({self._area_ha(group):.1f} ha, {distance:.0f} m away)"


def _largest(groups: list[list[int]]) -> list[list[int]]:
    """Return the groups that are no part of another, each once."""
    different = sorted({tuple(group) for group in groups})
    return [list(one) for one in different if not any(set(one) < set(two) for two in different)]


def _reaches(shape: BaseGeometry, place: tuple[float, float], reach_m: float) -> bool:
    """Tell whether a shape's extent reaches into the square around a place."""
    west, south, east, north = shape.bounds
    x, y = place
    across = west <= x + reach_m and east >= x - reach_m
    return bool(across and south <= y + reach_m and north >= y - reach_m)
