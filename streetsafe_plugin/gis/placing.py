# SPDX-License-Identifier: GPL-2.0-or-later
"""Decide where each row of a raw table lies, in the analysis system.

Where a table gives two kinds of coordinates, easting and northing win: they need no change of
datum. The others then serve where those are empty, and to find rows in which the two disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransformContext
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.places import (
    AGREEING_M,
    PlacedRows,
    Places,
    Problem,
    inside_area,
    leave_out_places_abroad,
    leave_out_places_off_the_grid,
    low_precision,
    put_swapped_right,
    read_geometry,
    read_lonlat,
    read_metres,
)
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.i18n import tr

NATIONAL_GRID = "EPSG:27700"
LONGITUDE_LATITUDE = "EPSG:4326"

_EMPTY_CODES = ("no_place", "zero_place")


@dataclass(frozen=True)
class Placing:
    """Where the rows lie, the systems its coordinates came in, and what must be said."""

    placed: PlacedRows
    systems: tuple[QgsCoordinateReferenceSystem, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    """One kind of coordinates a table gives, as read and in the analysis system."""

    source: str
    read: Places
    xy: np.ndarray
    crs: QgsCoordinateReferenceSystem


class _Placer:
    """Reads coordinates of one system after the other into the analysis system."""

    def __init__(
        self,
        target: QgsCoordinateReferenceSystem,
        transform_context: QgsCoordinateTransformContext,
    ) -> None:
        self.target = target
        self.transform_context = transform_context
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
        self, source: str, places: Places, crs: QgsCoordinateReferenceSystem
    ) -> _Candidate:
        """Return places with those marked that cannot be, and where the others lie."""
        if self.in_great_britain_only:
            if places.degrees:
                places = put_swapped_right(places)
            if crs.authid() == NATIONAL_GRID:
                places = leave_out_places_off_the_grid(places)
            degrees = QgsCoordinateReferenceSystem(LONGITUDE_LATITUDE)
            lonlat = self.transform(places.xy, crs, degrees)
            places = leave_out_places_abroad(places, lonlat)
        xy = self.transform(places.xy, crs, self.target)
        lost = np.isfinite(places.xy).all(axis=1) & ~np.isfinite(xy).all(axis=1)
        nowhere = Problem(
            "outside_earth",
            tr("The place cannot be expressed in {}.").format(self.target.authid()),
        )
        return _Candidate(source, places.with_problems(lost, nowhere), xy, crs)


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
    placer = _Placer(target, transform_context)
    candidates = _candidates(placer, table, columns, stated)
    first = candidates[0]
    xy, problems = first.xy.copy(), dict(first.read.problems)
    source = np.full(len(xy), first.source, dtype=object)
    low = low_precision(first.read)
    swapped = np.full(len(xy), first.read.swapped)
    disagree = np.zeros(len(xy), dtype=bool)
    warnings = _exchanges(candidates)
    for other in candidates[1:]:
        empty = np.array(
            [row in problems and problems[row].code in _EMPTY_CODES for row in range(len(xy))]
        )
        filled = empty & np.isfinite(other.xy).all(axis=1)
        xy[filled], source[filled] = other.xy[filled], other.source
        low[filled] = low_precision(other.read)[filled]
        swapped[filled] = other.read.swapped
        for row in np.flatnonzero(filled):
            del problems[int(row)]
        apart = np.hypot(*(first.xy - other.xy).T)
        disagree |= apart > AGREEING_M  # NaN is not above anything
        if disagree.any():
            warnings.append(
                tr(
                    "{} rows give two places more than {:g} m apart, at most {:,.0f} m; easting and"
                    " northing were used."
                ).format(int(disagree.sum()), AGREEING_M, float(np.nanmax(apart)))
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
    found = []
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
        found.append((right_kind, placer.candidate(source, places, crs)))
    if not found:
        raise InputRefused(
            tr("“{}” has no columns with places.").format(table.file_name),
            tr("Name two columns Longitude and Latitude, or Easting and Northing."),
        )
    if stated.isValid() and not any(right_kind for right_kind, _ in found):
        raise InputRefused(
            tr("CRS is {}, but the columns of places hold {}.").format(
                stated.authid(), tr("metres") if columns.metres else tr("degrees")
            ),
            tr("Leave CRS empty, or choose the system those columns are in."),
        )
    return [candidate for _, candidate in found]


def _exchanges(candidates: Sequence[_Candidate]) -> list[str]:
    """Say where longitude and latitude were put right."""
    if not any(one.read.swapped for one in candidates):
        return []
    return [
        tr(
            "Longitude and latitude stand in each other's place and were exchanged; every report"
            " from them is flagged axes_swapped. Check a few on the map."
        )
    ]
