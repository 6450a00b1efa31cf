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
import pandas as pd
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Texts
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import PointIndex, contains, outline_of
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.britain import in_great_britain, neighbours
from streetsafe_plugin.domain.reading.table import PointColumn
from streetsafe_plugin.domain.reading.written_places import (
    coordinate,
    grid_square,
    is_empty_wkt,
    pair_of_degrees,
    wkt_point,
)

_METRES_FOR_DEGREES = (
    "Longitude and latitude are in degrees, but these look like metres (easting and northing)."
)
_DEGREES_FOR_METRES = (
    "Easting and northing are in metres, but these look like degrees (longitude and latitude)."
)
#: What is said of places in the other unit.
WRONG_UNIT = (_METRES_FOR_DEGREES, _DEGREES_FOR_METRES)
#: Two places given for one report that lie further apart than this do not agree.
AGREEING_M = 50.0

_MISSING = frozenset(("", "null", "none", "n/a", "na", "#n/a", "-", "unknown", "not known"))
_PLAIN_DIGITS = frozenset("0123456789.-")
_BLOCK_ROWS = 5_000
_GRID_EAST_M, _GRID_NORTH_M = 700_000.0, 1_300_000.0
_SWAP_PROOF = 0.95


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
        if not rows.any():
            return self
        # what was found first stands
        problems = {**dict.fromkeys(np.flatnonzero(rows).tolist(), problem), **self.problems}
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


def read_lonlat(longitudes: Texts, latitudes: Texts, names: tuple[str, str]) -> Places:
    """Read two columns of degrees; `names` are their headings, longitude first."""
    return _check_degrees(_read_pair(longitudes, latitudes, names, degrees=True))


def read_metres(eastings: Texts, northings: Texts, names: tuple[str, str]) -> Places:
    """Read two columns of metres; `names` are their headings, easting first."""
    return _check_metres(_read_pair(eastings, northings, names, degrees=False))


def read_geometry(points: PointColumn, degrees: bool) -> Places:
    """Take the places of features; what is no point, or not finite, is a problem."""
    kinds = np.asarray(points.kinds, dtype=object)
    none, point = kinds == "", kinds == "point"
    endless = point & ~np.isfinite(points.xy).all(axis=1)
    places = Places(points.xy.astype(float, copy=True), {}, degrees)
    for rows, code, sentence in (
        (none, "no_place", "The feature has no geometry."),
        (~none & ~point, "unreadable_place", "The feature is not a single point."),
        (endless, "unreadable_place", "The point's coordinates are no numbers."),
    ):
        places = places.with_problems(rows, Problem(code, sentence))
    return _check_degrees(places) if degrees else _check_metres(places)


def read_gridrefs(cells: Texts, name: str) -> tuple[Places, Floats]:
    """Read grid references as the centres of their squares, in metres of the national grid.

    Returns the places and the side of each row's square, NaN where there is none.
    """
    which, different = pd.factorize(cells)
    squares = [grid_square(text) for text in different]
    held = np.array([(q.easting, q.northing, q.side_m) if q else (np.nan,) * 3 for q in squares])
    table = held.reshape(-1, 3)[which]
    unread = Problem("unreadable_place", f"“{name}” holds no grid reference.")
    read = Places(table[:, :2].copy(), {}, degrees=False)
    return _with_empty_and_unread(read, cells, name, unread), table[:, 2]


def read_wkt(cells: Texts, name: str) -> tuple[Places, int]:
    """Read points written as WKT; the places have yet to be checked against their system.

    Returns the places, and the number of the system they all name, 0 where they name none.

    Raises:
        InputRefused: they name several systems.
    """
    which, different = pd.factorize(cells)
    points = [wkt_point(text) for text in different]
    systems = {point.srid for point in points if point} - {0}
    if len(systems) > 1:
        raise InputRefused(
            f"Column “{name}” mixes {len(systems)} coordinate systems.",
            "Import the rows of each system from a file of its own.",
        )
    xy = np.array([(p.x, p.y) if p else (np.nan, np.nan) for p in points]).reshape(-1, 2)[which]
    with np.errstate(invalid="ignore"):
        sizes = np.abs(xy[np.isfinite(xy).all(axis=1)])
    degrees = bool(len(sizes)) and bool(((sizes <= (180, 90)).all(axis=1)).mean() > 0.5)
    empty = np.array([is_empty_wkt(text) for text in different], dtype=bool)
    nothing = empty[which] if len(empty) else np.zeros(len(cells), dtype=bool)
    read = Places(xy, {}, degrees)
    read = read.with_problems(nothing, Problem("no_place", f"“{name}” holds an empty shape."))
    unread = Problem("unreadable_place", f"“{name}” holds no single point.")
    places = _with_empty_and_unread(read, cells, name, unread)
    return places, systems.pop() if systems else 0


def read_latlon(cells: Texts, name: str) -> Places:
    """Read a column whose cells hold both coordinates, latitude first unless that cannot be."""
    which, different = pd.factorize(cells)
    pairs = [pair_of_degrees(text) or (np.nan, np.nan) for text in different]
    as_given = np.array(pairs).reshape(-1, 2)[which]
    latitude_first = as_given[:, ::-1].copy()
    longitude_first = in_great_britain(as_given).sum() > in_great_britain(latitude_first).sum()
    unread = Problem("unreadable_place", f"“{name}” holds no two coordinates in degrees.")
    xy = as_given if longitude_first else latitude_first
    return _check_degrees(_with_empty_and_unread(Places(xy, {}, True), cells, name, unread))


def checked(places: Places) -> Places:
    """Return places with those marked that cannot be in degrees, or in metres."""
    return _check_degrees(places) if places.degrees else _check_metres(places)


def turned_round(places: Places) -> tuple[Places, int]:
    """Return longitudes that run eastwards to 360 as those west of Greenwich, and their number.

    Only those that then lie in Great Britain are, and only as long as nothing else is wrong.
    """
    turned = places.xy - (360.0, 0.0)
    west = (places.xy[:, 0] > 180) & in_great_britain(turned)
    if not west.any():
        return places, 0
    return replace(places, xy=np.where(west[:, None], turned, places.xy)), int(west.sum())


def numbers_of(texts: Sequence[str]) -> list[float]:
    """Return those of the texts that are finite numbers."""
    values = (coordinate(text, degrees=True) for text in texts)
    return [value for value in values if value is not None and math.isfinite(value)]


def put_swapped_right(places: Places) -> Places:
    """Return degrees with longitude and latitude exchanged where the column proves that need."""
    as_given, exchanged = in_great_britain(places.xy), in_great_britain(places.xy[:, ::-1])
    return exchange(places) if only_exchanged_fit(places, as_given, exchanged) else places


def only_exchanged_fit(places: Places, as_given: Bools, exchanged: Bools) -> bool:
    """Tell whether a column proves that its coordinates stand in each other's place.

    `as_given` and `exchanged` tell which rows lie where they can be, one way and the other. The
    proof: of the rows that do either way, 95 % or more do so only when exchanged, and they are
    most of all rows that have a place.
    """
    usable = int(np.isfinite(places.xy).all(axis=1).sum())
    either = int((as_given | exchanged).sum())
    only = int((exchanged & ~as_given).sum())
    return only > 0 and only >= _SWAP_PROOF * either and 2 * only > usable


def exchange(places: Places) -> Places:
    """Return places with x and y exchanged, and marked so."""
    return replace(places, xy=places.xy[:, ::-1].copy(), swapped=True)


def leave_out_places_abroad(places: Places, lonlat: Floats) -> Places:
    """Return the places with those outside Great Britain marked; `lonlat` is where they lie."""
    known = np.isfinite(lonlat).all(axis=1)
    abroad = known & ~in_great_britain(lonlat)
    if not abroad.any():
        return places
    exchanged = abroad & places.degrees & in_great_britain(places.xy[:, ::-1])
    swapped_sentence = (
        "The place is outside Great Britain; with longitude and latitude exchanged it would be in."
    )
    places = places.with_problems(exchanged, Problem("outside_gb", swapped_sentence))
    for name, inside in neighbours(lonlat).items():
        sentence = f"The place is {name}, outside Great Britain and its grid."
        places = places.with_problems(abroad & inside, Problem("outside_gb", sentence))
    return places.with_problems(
        abroad, Problem("outside_gb", "The place is outside Great Britain.")
    )


def low_precision(places: Places) -> Bools:
    """Tell which places are given to three decimals of a degree, or to 100 m, or coarser.

    Whole minutes of a degree are coarser too.
    """
    coarse = np.zeros(places.xy.shape, dtype=bool)
    for parts in (1000.0, 60.0) if places.degrees else (0.01,):
        scaled = places.xy * parts
        with np.errstate(invalid="ignore"):
            coarse |= np.abs(scaled - np.round(scaled)) < 1e-6
    return np.asarray(coarse.all(axis=1))


def inside_area(xy: Floats, shapes: Sequence[BaseGeometry], tick: Tick = no_tick) -> Bools:
    """Tell which points (n, 2), in metres, lie in or on any of the polygons; NaN lies in none."""
    inside = np.zeros(len(xy), dtype=bool)
    usable = np.flatnonzero(np.isfinite(xy).all(axis=1))
    index = PointIndex(xy[usable])
    for number, shape in enumerate(shapes):
        tick(number / len(shapes))
        if shape.is_empty:  # has no bounds
            continue
        near = usable[index.within(shape.bounds, 0.0)]
        inside[near] |= contains(xy[near], outline_of(shape))
    return inside


def _read_pair(first: Texts, second: Texts, names: tuple[str, str], degrees: bool) -> Places:
    """Read two columns of numbers; what is missing is told from what cannot be read."""
    read = [_numbers(column, degrees) for column in (first, second)]
    values = np.column_stack([numbers for numbers, _ in read])
    missing = [gone for _, gone in read]
    quoted = [f"“{name}”" for name in names]
    places = Places(values, {}, degrees)
    both = missing[0] & missing[1]
    none = Problem("no_place", f"{quoted[0]} and {quoted[1]} are empty.")
    places = places.with_problems(both, none)
    for column, other in ((0, 1), (1, 0)):
        half = missing[column] & ~missing[other]
        zero = Problem("zero_place", "One coordinate is 0 and the other is empty.")
        places = places.with_problems(half & (values[:, other] == 0), zero)
        places = places.with_problems(half, Problem("no_place", f"{quoted[column]} is empty."))
    for column in (0, 1):
        strange = ~missing[column] & ~np.isfinite(values[:, column])
        unread = Problem("unreadable_place", f"{quoted[column]} holds no coordinate.")
        places = places.with_problems(strange, unread)
    return places


def _numbers(cells: Texts, degrees: bool) -> tuple[Floats, Bools]:
    """Return the coordinates of a column, not finite where there is none, and what is missing."""
    values = np.full(len(cells), np.nan)
    missing = cells == ""
    filled = np.flatnonzero(~missing)
    for start in range(0, len(filled), _BLOCK_ROWS):
        rows = filled[start : start + _BLOCK_ROWS]
        texts = cells[rows].tolist()
        plain = _plain_numbers(texts, degrees)
        if plain is not None:
            values[rows] = plain
            continue
        for row, text in zip(rows.tolist(), texts):
            if text.strip().casefold() in _MISSING:
                missing[row] = True
            else:
                number = coordinate(text, degrees)
                values[row] = np.nan if number is None else number
    return values, missing


def _plain_numbers(texts: Sequence[str], degrees: bool) -> list[float] | None:
    """Return numbers all at once, None if any text is more than digits, a point and a sign.

    In degrees a comma can only be the decimal one, as long as no text has a point as well.
    """
    marks = set("".join(texts))
    if degrees and "," in marks and "." not in marks:
        texts = [text.replace(",", ".") for text in texts]
        marks = (marks - {","}) | {"."}
    if not _PLAIN_DIGITS.issuperset(marks):
        return None
    try:
        return list(map(float, texts))
    except ValueError:
        return None


def _with_empty_and_unread(places: Places, cells: Texts, name: str, unread: Problem) -> Places:
    which, different = pd.factorize(cells)
    gone = np.array([text.strip().casefold() in _MISSING for text in different], dtype=bool)
    missing = gone[which] if len(gone) else np.zeros(len(cells), dtype=bool)
    places = places.with_problems(missing, Problem("no_place", f"“{name}” is empty."))
    return places.with_problems(~missing & ~np.isfinite(places.xy).all(axis=1), unread)


def _check_degrees(places: Places) -> Places:
    x, y = places.xy[:, 0], places.xy[:, 1]
    with np.errstate(invalid="ignore"):
        zero = (x == 0) & (y == 0)
        # up to 360 a longitude may be counted eastwards, which is for the country to say
        eastwards = (x > 180) & in_great_britain(places.xy - (360.0, 0.0))
        off = ((np.abs(x) > 180) & ~eastwards) | (np.abs(y) > 90)
        metres = off & (np.abs(x) > 360) & (np.abs(y) > 360)
    return (
        places.with_problems(zero, Problem("zero_place", "The place is 0, 0."))
        .with_problems(
            metres,
            Problem(
                "outside_earth",
                _METRES_FOR_DEGREES,
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
            _DEGREES_FOR_METRES,
        ),
    )


def leave_out_places_off_the_grid(places: Places) -> Places:
    """Return British National Grid places with those beyond the grid's 700 by 1,300 km marked."""
    off = np.isfinite(places.xy).all(axis=1) & ~_on_the_grid(places.xy)
    beyond = "Easting and northing lie beyond the British National Grid"
    exchanged = Problem("outside_gb", f"{beyond}; exchanged they would lie on it.")
    places = places.with_problems(off & _on_the_grid(places.xy[:, ::-1]), exchanged)
    return places.with_problems(off, Problem("outside_gb", f"{beyond}."))


def _on_the_grid(xy: Floats) -> Bools:
    with np.errstate(invalid="ignore"):
        on = (xy >= 0) & (xy <= (_GRID_EAST_M, _GRID_NORTH_M))
    return np.asarray(on.all(axis=1))
