# SPDX-License-Identifier: GPL-2.0-or-later
"""Read coordinates, and tell which of them can be a place in Great Britain.

Every pair ends as two finite numbers or as a problem with a code and a sentence. Nothing is
mended silently: swapped columns are swapped back only where the whole column proves it, and
every row then carries the mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Texts
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.table import PointColumn
from streetsafe_plugin.domain.reading.written_places import coordinate

#: Two places given for one report that lie further apart than this do not agree.
AGREEING_M = 50.0

_MISSING = frozenset(("", "null", "none", "n/a", "na", "#n/a", "-", "unknown", "not known"))
_GRID_EAST_M, _GRID_NORTH_M = 700_000.0, 1_300_000.0
_SWAP_PROOF = 0.95

# Longitude and latitude of a line drawn by hand around Great Britain and its inhabited islands,
# mostly at sea and generous there; Ireland, France and the Channel Islands lie outside it.
_BRITAIN = np.array(
    [
        (-6.8, 49.7), (-4.9, 49.8), (-3.5, 50.0), (-1.3, 50.3), (0.3, 50.5), (1.1, 50.75),
        (1.5, 51.0), (1.7, 51.3), (2.1, 52.3), (2.1, 53.0), (0.9, 54.5), (-0.4, 56.0),
        (-0.2, 61.1), (-2.5, 61.1), (-9.2, 59.5), (-9.2, 57.0), (-7.9, 56.4), (-6.8, 55.55),
        (-5.97, 55.42), (-5.95, 55.2), (-5.35, 54.95), (-5.33, 53.0), (-5.9, 52.2), (-6.2, 51.2),
        (-7.0, 50.3),
    ]
)  # fmt: skip
_ISLE_OF_MAN = (-4.95, 54.0, -4.2, 54.45)


@dataclass(frozen=True)
class Problem:
    """Why a row has no usable place: a code of the rejected rows and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Places:
    """One place a row in the source's own units, x before y; NaN where there is a problem.

    `problems` has an entry for each row without a usable place. `swapped` tells that x and y
    stood in each other's column and were put right.
    """

    xy: Floats
    problems: dict[int, Problem]
    degrees: bool
    swapped: bool = False

    def with_problems(self, rows: Bools, problem: Problem) -> Places:
        """Return these places with `problem` in `rows`, where there is none yet."""
        problems = dict(self.problems)
        for row in np.flatnonzero(rows):
            problems.setdefault(int(row), problem)
        xy = self.xy.copy()
        xy[rows] = np.nan
        return replace(self, xy=xy, problems=problems)


@dataclass(frozen=True)
class PlacedRows:
    """Where each row of a table lies, in metres of the analysis system, and what is odd about it.

    `xy` is (n, 2), NaN for the rows in `problems`. `sources` says for each row which columns the
    place came from: `lonlat`, `bng`, `gridref` or `geometry`.
    """

    xy: Floats
    sources: Texts
    problems: Mapping[int, Problem]
    low_precision: Bools
    swapped: Bools
    disagree: Bools
    outside_area: Bools


def read_lonlat(
    longitudes: Sequence[str], latitudes: Sequence[str], names: tuple[str, str]
) -> Places:
    """Read two columns of degrees; `names` are their headings, longitude first."""
    return _check_degrees(_read_pair(longitudes, latitudes, names, degrees=True))


def read_metres(
    eastings: Sequence[str], northings: Sequence[str], names: tuple[str, str]
) -> Places:
    """Read two columns of metres; `names` are their headings, easting first."""
    return _check_metres(_read_pair(eastings, northings, names, degrees=False))


def read_geometry(points: PointColumn, degrees: bool) -> Places:
    """Take the places of features; what is no point, or not finite, is a problem."""
    problems: dict[int, Problem] = {}
    finite = np.isfinite(points.xy).all(axis=1)
    for row, kind in enumerate(points.kinds):
        if not kind:
            problems[row] = Problem("no_place", "The feature has no geometry.")
        elif kind != "point":
            problems[row] = Problem("unreadable_place", "The feature is not a single point.")
        elif not finite[row]:
            problems[row] = Problem("unreadable_place", "The point's coordinates are no numbers.")
    xy = points.xy.astype(float, copy=True)
    xy[list(problems)] = np.nan
    places = Places(xy, problems, degrees)
    return _check_degrees(places) if degrees else _check_metres(places)


def numbers_of(texts: Sequence[str]) -> list[float]:
    """Return those of the texts that are finite numbers."""
    values = (coordinate(text, degrees=True) for text in texts)
    return [value for value in values if value is not None and math.isfinite(value)]


def put_swapped_right(places: Places) -> Places:
    """Return degrees with longitude and latitude exchanged where the column proves that need.

    The proof: of the rows that lie in Great Britain one way or the other, 95 % or more do so
    only when exchanged.
    """
    as_given, exchanged = in_great_britain(places.xy), in_great_britain(places.xy[:, ::-1])
    either = int((as_given | exchanged).sum())
    if not either or int((exchanged & ~as_given).sum()) < _SWAP_PROOF * either:
        return places
    return replace(places, xy=places.xy[:, ::-1].copy(), swapped=True)


def leave_out_places_abroad(places: Places, lonlat: Floats) -> Places:
    """Return the places with those outside Great Britain marked; `lonlat` is where they lie."""
    known = np.isfinite(lonlat).all(axis=1)
    abroad = known & ~in_great_britain(lonlat)
    exchanged = abroad & places.degrees & in_great_britain(places.xy[:, ::-1])
    swapped_sentence = (
        "The place is outside Great Britain; with longitude and latitude exchanged it would be in."
    )
    return places.with_problems(exchanged, Problem("outside_gb", swapped_sentence)).with_problems(
        abroad, Problem("outside_gb", "The place is outside Great Britain.")
    )


def in_great_britain(lonlat: Floats) -> Bools:
    """Tell which places (n, 2), longitude first, lie in or close off Great Britain.

    The outline is coarse: it keeps Ireland, the Isle of Man, the Channel Islands and France out,
    where the British National Grid does not hold, and lets the sea around Britain in.
    """
    x, y = lonlat[:, 0], lonlat[:, 1]
    inside = np.zeros(len(lonlat), dtype=bool)
    with np.errstate(invalid="ignore"):
        for (x1, y1), (x2, y2) in zip(_BRITAIN, np.roll(_BRITAIN, -1, axis=0)):
            crosses = (y1 > y) != (y2 > y)
            inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1 or 1.0) + x1)
        west, south, east, north = _ISLE_OF_MAN
        inside &= ~((x > west) & (x < east) & (y > south) & (y < north))
    return inside


def low_precision(places: Places) -> Bools:
    """Tell which places are given to three decimals of a degree, or to 100 m, or coarser."""
    scaled = places.xy * 1000.0 if places.degrees else places.xy / 100.0
    with np.errstate(invalid="ignore"):
        whole = np.abs(scaled - np.round(scaled)) < 1e-6
    return np.asarray(whole.all(axis=1))


def inside_area(xy: Floats, shapes: Sequence[BaseGeometry], tick: Tick = no_tick) -> Bools:
    """Tell which points (n, 2), in metres, lie in or on any of the polygons; NaN lies in none."""
    inside = np.zeros(len(xy), dtype=bool)
    usable = np.flatnonzero(np.isfinite(xy).all(axis=1))
    index = PointIndex(xy[usable])
    for number, shape in enumerate(shapes):
        tick(number / len(shapes))
        near = usable[index.within(shape.bounds, 0.0)]
        inside[near] |= contains(xy[near], outline_of(shape))
    return inside


def _read_pair(
    first: Sequence[str], second: Sequence[str], names: tuple[str, str], degrees: bool
) -> Places:
    xy = np.full((len(first), 2), np.nan)
    problems: dict[int, Problem] = {}
    quoted = [f"“{name}”" for name in names]
    none = Problem("no_place", f"{quoted[0]} and {quoted[1]} are empty.")
    half = [Problem("no_place", f"{name} is empty.") for name in quoted]
    half_zero = Problem("zero_place", "One coordinate is 0 and the other is empty.")
    unread = [Problem("unreadable_place", f"{name} holds no coordinate.") for name in quoted]
    for row, texts in enumerate(zip(first, second)):
        missing = [text.strip().casefold() in _MISSING for text in texts]
        if all(missing):
            problems[row] = none
            continue
        values = [None if gone else coordinate(t, degrees) for t, gone in zip(texts, missing)]
        if any(missing):
            column = missing.index(True)
            problems[row] = half_zero if values[1 - column] == 0 else half[column]
            continue
        strange = [value is None or not math.isfinite(value) for value in values]
        if any(strange):
            problems[row] = unread[strange.index(True)]
            continue
        xy[row] = values
    return Places(xy, problems, degrees)


def _check_degrees(places: Places) -> Places:
    x, y = places.xy[:, 0], places.xy[:, 1]
    with np.errstate(invalid="ignore"):
        zero = (x == 0) & (y == 0)
        off = (np.abs(x) > 180) | (np.abs(y) > 90)
        metres = off & (np.abs(x) > 360) & (np.abs(y) > 360)
    return (
        places.with_problems(zero, Problem("zero_place", "The place is 0, 0."))
        .with_problems(
            metres,
            Problem(
                "outside_earth",
                "Longitude and latitude are in degrees, but these look like metres"
                " (easting and northing).",
            ),
        )
        .with_problems(
            off,
            Problem(
                "outside_earth",
                "There is no such place: longitude runs from -180 to 180, latitude from -90 to 90.",
            ),
        )
    )


def _check_metres(places: Places) -> Places:
    x, y = places.xy[:, 0], places.xy[:, 1]
    with np.errstate(invalid="ignore"):
        zero = (x == 0) & (y == 0)
        degrees = (np.abs(x) <= 180) & (np.abs(y) <= 180)
    return places.with_problems(zero, Problem("zero_place", "The place is 0, 0.")).with_problems(
        degrees,
        Problem(
            "outside_gb",
            "Easting and northing are in metres, but these look like degrees"
            " (longitude and latitude).",
        ),
    )


def leave_out_places_off_the_grid(places: Places) -> Places:
    """Return British National Grid places with those beyond the grid's 700 by 1,300 km marked."""
    x, y = places.xy[:, 0], places.xy[:, 1]
    with np.errstate(invalid="ignore"):
        off = (x < 0) | (x > _GRID_EAST_M) | (y < 0) | (y > _GRID_NORTH_M)
    return places.with_problems(
        off, Problem("outside_gb", "Easting and northing lie beyond the British National Grid.")
    )
