# SPDX-License-Identifier: GPL-2.0-or-later
"""What a boundary layer says a polygon is: a park, something else of its name, or nothing.

Understood are the function of OS Open Greenspace and the tags of OpenStreetMap, as columns of
their own or as the `fclass` of Geofabrik's files. A column only counts by the values it is known
for, so that a council's own column of the same name does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

_GREEN = {
    "function": ("public park or garden",),
    "leisure": ("park", "garden", "nature_reserve", "common", "recreation_ground", "village_green"),
    "landuse": ("recreation_ground", "village_green", "conservation", "park"),
    "boundary": ("national_park", "protected_area"),
    "fclass": ("park", "nature_reserve", "recreation_ground", "village_green", "common", "garden"),
}
#: Values that rule a park out unless another column says that it is one.
_OTHER = {
    "function": (
        "play space",
        "tennis court",
        "bowling green",
        "other sports facility",
        "golf course",
        "cemetery",
        "religious grounds",
        "allotments or community growing space",
        "allotments or community growing spaces",
    ),
    "leisure": (
        "playground",
        "pitch",
        "sports_centre",
        "sports_hall",
        "stadium",
        "track",
        "golf_course",
        "miniature_golf",
        "fitness_centre",
        "fitness_station",
        "swimming_pool",
        "marina",
        "bowling_alley",
        "dance",
        "ice_rink",
    ),
    "landuse": (
        "residential",
        "commercial",
        "retail",
        "industrial",
        "allotments",
        "cemetery",
        "religious",
        "railway",
        "construction",
        "brownfield",
        "farmland",
        "farmyard",
        "education",
        "garages",
        "military",
        "quarry",
        "landfill",
    ),
    "place": (
        "city",
        "borough",
        "town",
        "suburb",
        "quarter",
        "neighbourhood",
        "city_block",
        "village",
        "hamlet",
        "isolated_dwelling",
        "municipality",
        "county",
        "district",
    ),
    "boundary": (
        "administrative",
        "political",
        "census",
        "ceremonial",
        "postal_code",
        "statistical",
        "place",
        "parish",
        "religious_administration",
        "historic",
        "police",
        "ward",
    ),
    "natural": ("water", "bay"),
}
#: Columns of OpenStreetMap in which any value at all means that something else is meant.
_ANYTHING = ("building", "amenity", "shop", "office", "highway", "craft", "aeroway")
#: Green land that Geofabrik's files do not count as parks, though a meadow may be one.
_FCLASS_UNSAID = ("forest", "grass", "meadow", "scrub", "heath", "orchard", "wetland", "dog_park")
_OSM_ONLY = ("osm_id", "osm_way_id", "osm_type", "full_id", "fclass", "leisure", "landuse")


class Ground(Enum):
    """What a layer says of a polygon."""

    PARK = "park"
    UNSAID = "unsaid"
    OTHER = "other"


def purpose_fields(fields: Sequence[str]) -> dict[str, str]:
    """Return the fields that say what polygons are, each by the column it stands for."""
    simple = {field: field.lower().strip("_") for field in fields}
    is_osm = any(name in _OSM_ONLY for name in simple.values())
    wanted = {*_GREEN, *_OTHER, *(_ANYTHING if is_osm else ())}
    return {name: field for field, name in simple.items() if name in wanted}


def ground_of(purposes: Mapping[str, str]) -> tuple[Ground, str]:
    """Return what a polygon is by the values of its columns, and the words that say so."""
    values = {column: value.strip().lower() for column, value in purposes.items() if value.strip()}
    for column, value in values.items():
        if value in _GREEN.get(column, ()):
            return Ground.PARK, value
    for column, value in values.items():
        ruled_out = value in _OTHER.get(column, ()) or (column in _ANYTHING and value != "no")
        if ruled_out or (column == "fclass" and value not in _FCLASS_UNSAID):
            return Ground.OTHER, value if column == "function" else f"{column}={value}"
    return Ground.UNSAID, ""
