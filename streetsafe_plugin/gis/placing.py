# SPDX-License-Identifier: GPL-2.0-or-later
"""Decide where each row of a raw table lies, in the analysis system.

Where a table gives two kinds of coordinates, easting and northing win: they need no change of
datum. The others then serve where those are empty, and to find rows in which the two disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransformContext
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.britain import in_great_britain
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.places import (
    AGREEING_M,
    WRONG_UNIT,
    PlacedRows,
    Places,
    Problem,
    checked,
    exchange,
    inside_area,
    leave_out_places_abroad,
    leave_out_places_off_the_grid,
    low_precision,
    only_exchanged_fit,
    put_swapped_right,
    read_geometry,
    read_gridrefs,
    read_latlon,
    read_lonlat,
    read_metres,
    read_wkt,
    turned_round,
)
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.i18n import tr

NATIONAL_GRID = "EPSG:27700"
LONGITUDE_LATITUDE = "EPSG:4326"

#: A square of this side or more says no more than the neighbourhood.
_LOW_PRECISION_M = 100.0
#: What is wrong with a row's first place where its second one serves instead.
_EMPTY_CODES = ("no_place", "zero_place", "unreadable_place")
#: So few rows prove nothing about a column of metres: many fit either way.
_FEWEST_EXCHANGED = 3


@dataclass(frozen=True)
class Placing:
    """Where the rows lie, the systems its coordinates came in, and what must be said."""

    placed: PlacedRows
    systems: tuple[QgsCoordinateReferenceSystem, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    """One kind of coordinates a table gives, as read and in the analysis system.

    `low` marks those of low precision; `vague_m` is how far off each may be for that reason alone.
    """

    source: str
    read: Places
    xy: np.ndarray
    crs: QgsCoordinateReferenceSystem
    low: np.ndarray
    vague_m: np.ndarray
    turned: int = 0


class _Placer:
    """Reads coordinates of one system after the other into the analysis system."""

    def __init__(
        self,
        target: QgsCoordinateReferenceSystem,
        transform_context: QgsCoordinateTransformContext,
        area: Sequence[BaseGeometry] | None,
    ) -> None:
        self.target = target
        self.transform_context = transform_context
        self.area = [shape for shape in area or () if not shape.is_empty]
        self.in_great_britain_only = target.authid() == NATIONAL_GRID

    def transform(
        self,
        xy: np.ndarray,
        crs: QgsCoordinateReferenceSystem,
        target: QgsCoordinateReferenceSystem,
    ) -> np.ndarray:
        """Return places in another system."""
        return transform_xy(xy, crs, target, self.transform_context)

    def candidate(
        self,
        source: str,
        places: Places,
        crs: QgsCoordinateReferenceSystem,
        sides_m: np.ndarray | None = None,
    ) -> _Candidate:
        """Return places with those marked that cannot be, and where the others lie.

        `sides_m` are the squares of grid references, whose centres the places are.
        """
        low = low_precision(places) if sides_m is None else sides_m >= _LOW_PRECISION_M
        turned = 0
        if self.in_great_britain_only:
            if places.degrees:
                places = put_swapped_right(places)
                places, turned = turned_round(places)
            lonlat = self._lonlat(places.xy, crs)
            if crs.authid() == NATIONAL_GRID:
                if sides_m is None and self._proves_exchange(places, lonlat):
                    places = exchange(places)
                    lonlat = self._lonlat(places.xy, crs)
                places = leave_out_places_off_the_grid(places)
            places = leave_out_places_abroad(places, lonlat)
        xy = self.transform(places.xy, crs, self.target)
        lost = np.isfinite(places.xy).all(axis=1) & ~np.isfinite(xy).all(axis=1)
        nowhere = Problem(
            "outside_earth",
            tr("The place cannot be expressed in {}.").format(self.target.authid()),
        )
        half_diagonal = np.zeros(len(xy)) if sides_m is None else sides_m / np.sqrt(2.0)
        return _Candidate(
            source, places.with_problems(lost, nowhere), xy, crs, low, half_diagonal, turned
        )

    def _lonlat(self, xy: np.ndarray, crs: QgsCoordinateReferenceSystem) -> np.ndarray:
        return self.transform(xy, crs, QgsCoordinateReferenceSystem(LONGITUDE_LATITUDE))

    def _proves_exchange(self, places: Places, lonlat: np.ndarray) -> bool:
        """Tell whether places on the national grid fit only with northing before easting.

        Exchanged, Norfolk lies in Ayrshire, so the country alone rarely proves it: the area does.
        """
        turned = places.xy[:, ::-1]
        as_given = self._about_area(places.xy) if self.area else in_great_britain(lonlat)
        usable = int(np.isfinite(places.xy).all(axis=1).sum())
        if usable < _FEWEST_EXCHANGED or 2 * int(as_given.sum()) > usable:
            return False
        if self.area:
            exchanged = self._about_area(turned)
        else:
            exchanged = in_great_britain(self._lonlat(turned, self.target))
        return only_exchanged_fit(places, as_given, exchanged)

    def _about_area(self, xy: np.ndarray) -> np.ndarray:
        """Tell which places lie in the rectangle around the area."""
        bounds = np.array([shape.bounds for shape in self.area])
        with np.errstate(invalid="ignore"):
            about = (xy >= bounds[:, :2].min(axis=0)) & (xy <= bounds[:, 2:].max(axis=0))
        return np.asarray(about.all(axis=1))


def place_rows(
    table: RawTable,
    columns: Columns,
    stated: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
    transform_context: QgsCoordinateTransformContext,
    area: Sequence[BaseGeometry] | None = None,
    tick: Tick = no_tick,
) -> Placing:
    """Return where each row lies in `target`.

    `stated` is the system the user says the coordinates are in, invalid where they say nothing:
    then a layer's own holds, WGS 84 for degrees, the British National Grid for metres. `area` is
    the polygons, in `target`, outside which a place is marked; None marks none.

    Raises:
        InputRefused: no coordinates are found, or their system is unknown or of the wrong kind.
    """
    placer = _Placer(target, transform_context, area)
    candidates = _candidates(placer, table, columns, stated)
    first = candidates[0]
    xy, problems = first.xy.copy(), dict(first.read.problems)
    source = np.full(len(xy), first.source, dtype=object)
    low = first.low.copy()
    swapped = np.full(len(xy), first.read.swapped)
    disagree = np.zeros(len(xy), dtype=bool)
    warnings = [*_exchanges(candidates), *_wrong_units(table, columns, candidates)]
    for other in candidates[1:]:
        empty = np.zeros(len(xy), dtype=bool)
        empty[[row for row, problem in problems.items() if problem.code in _EMPTY_CODES]] = True
        filled = empty & np.isfinite(other.xy).all(axis=1)
        xy[filled], source[filled] = other.xy[filled], other.source
        low[filled] = other.low[filled]
        swapped[filled] = other.read.swapped
        for row in np.flatnonzero(empty).tolist():
            if filled[row]:
                del problems[row]
            elif (
                problems[row].code != "unreadable_place"
                and other.read.problems[row].code != "no_place"
            ):
                # what is wrong with the place that was given says more than that one is missing
                problems[row] = other.read.problems[row]
        apart = np.hypot(*(first.xy - other.xy).T)
        with np.errstate(invalid="ignore"):
            far = apart > AGREEING_M + first.vague_m + other.vague_m
        disagree |= far  # NaN is not above anything
        if far.any():
            warnings.append(
                tr(
                    "Rows that give two places more than {:g} m apart: {}, at most {:,.0f} m; {}"
                    " were used."
                ).format(
                    AGREEING_M, int(far.sum()), float(apart[far].max()), _in_words(first.source)
                )
            )
    usable = np.isfinite(xy).all(axis=1)
    outside = (
        np.zeros(len(xy), dtype=bool) if area is None else usable & ~inside_area(xy, area, tick)
    )
    placed = PlacedRows(xy, source, problems, low, swapped, disagree, outside)
    return Placing(placed, tuple(one.crs for one in candidates), tuple(warnings))


def _candidates(
    placer: _Placer, table: RawTable, columns: Columns, stated: QgsCoordinateReferenceSystem
) -> list[_Candidate]:
    """Return the kinds of coordinates a table gives, the one that wins first."""
    if table.points is not None and any(table.points.kinds):
        crs = stated if stated.isValid() else QgsCoordinateReferenceSystem(table.points.crs_id)
        if not crs.isValid():
            raise InputRefused(
                tr("“{}” has no coordinate system, so its places are unknown.").format(
                    table.file_name
                ),
                tr("Set CRS to the system its coordinates are in."),
            )
        places = read_geometry(table.points, degrees=crs.isGeographic())
        return [placer.candidate("geometry", places, crs)]
    found = [
        *_pairs(placer, table, columns, stated),
        *_whole_places(placer, table, columns, stated),
    ]
    if not found:
        raise InputRefused(
            tr("“{}” has no columns with places.").format(table.file_name),
            tr(
                "Name two columns Longitude and Latitude or Easting and Northing, or one Grid"
                " reference."
            ),
        )
    if stated.isValid() and not any(right_kind for right_kind, _ in found):
        degrees = found[0][1].read.degrees
        raise InputRefused(
            tr("CRS is {}, but the columns of places hold {}.").format(
                stated.authid(), tr("degrees") if degrees else tr("metres")
            ),
            tr("Leave CRS empty, or choose the system those columns are in."),
        )
    return [candidate for _, candidate in found]


def _pairs(
    placer: _Placer, table: RawTable, columns: Columns, stated: QgsCoordinateReferenceSystem
) -> Iterator[tuple[bool, _Candidate]]:
    """Give places held by two columns, each with whether `stated` is of their kind."""
    for pair, source, degrees, usual, read in (
        (columns.metres, "bng", False, NATIONAL_GRID, read_metres),
        (columns.lonlat, "lonlat", True, LONGITUDE_LATITUDE, read_lonlat),
    ):
        if pair is None:
            continue
        right_kind = stated.isValid() and stated.isGeographic() == degrees
        crs = stated if right_kind else QgsCoordinateReferenceSystem(usual)
        names = (table.header[pair[0]], table.header[pair[1]])
        places = read(table.column(pair[0]), table.column(pair[1]), names)
        yield right_kind, placer.candidate(source, places, crs)


def _whole_places(
    placer: _Placer, table: RawTable, columns: Columns, stated: QgsCoordinateReferenceSystem
) -> Iterator[tuple[bool, _Candidate]]:
    """Give places held by one column, each with whether `stated` is of their kind."""
    if columns.latlon is not None:
        places = read_latlon(table.column(columns.latlon), table.header[columns.latlon])
        right_kind = stated.isValid() and stated.isGeographic()
        crs = stated if right_kind else QgsCoordinateReferenceSystem(LONGITUDE_LATITUDE)
        yield right_kind, placer.candidate("lonlat", places, crs)
    if columns.wkt is not None:
        read, srid = read_wkt(table.column(columns.wkt), table.header[columns.wkt])
        usual = LONGITUDE_LATITUDE if read.degrees else NATIONAL_GRID
        crs = (
            stated
            if stated.isValid()
            else QgsCoordinateReferenceSystem(f"EPSG:{srid}" if srid else usual)
        )
        if not crs.isValid():
            raise InputRefused(
                tr("Column “{}” names the coordinate system {}, which QGIS does not know.").format(
                    table.header[columns.wkt], srid
                ),
                tr("Set CRS to the system its coordinates are in."),
            )
        places = checked(replace(read, degrees=crs.isGeographic()))
        yield stated.isValid(), placer.candidate("geometry", places, crs)
    if columns.gridref is not None:
        places, sides = read_gridrefs(table.column(columns.gridref), table.header[columns.gridref])
        grid = QgsCoordinateReferenceSystem(NATIONAL_GRID)
        yield stated == grid, placer.candidate("gridref", places, grid, sides)


def _in_words(source: str) -> str:
    return {
        "bng": tr("easting and northing"),
        "lonlat": tr("longitude and latitude"),
        "geometry": tr("the points"),
    }.get(source, tr("the grid references"))


def _wrong_units(
    table: RawTable, columns: Columns, candidates: Sequence[_Candidate]
) -> Iterator[str]:
    """Say where most of a column is in the other unit: degrees for metres or the reverse."""
    for candidate in candidates:
        pair = columns.lonlat if candidate.read.degrees else columns.metres
        if pair is None or candidate.source not in ("lonlat", "bng"):
            continue
        wrong = sum(problem.sentence in WRONG_UNIT for problem in candidate.read.problems.values())
        if 2 * wrong > len(table):
            held = tr("metres") if candidate.read.degrees else tr("degrees")
            yield tr(
                "“{}” and “{}” hold {} in {} of {} rows: name them for what they hold, or say so in"
                " a mapping profile."
            ).format(table.header[pair[0]], table.header[pair[1]], held, wrong, len(table))


def _exchanges(candidates: Sequence[_Candidate]) -> list[str]:
    """Say where coordinates were put right."""
    turned = sum(one.turned for one in candidates)
    said = []
    if turned:
        said.append(
            tr("Longitudes counted eastwards to 360 that were turned round: {}.").format(turned)
        )
    for degrees, pair in (
        (True, tr("Longitude and latitude")),
        (False, tr("Easting and northing")),
    ):
        if any(one.read.swapped and one.read.degrees == degrees for one in candidates):
            said.append(
                tr(
                    "{} stand in each other's place and were exchanged; every report from them is"
                    " flagged axes_swapped. Check a few on the map."
                ).format(pair)
            )
    return said
