# SPDX-License-Identifier: GPL-2.0-or-later
"""One metre-based system for all analysis, and what getting there costs in accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsDatumTransform,
    QgsGeometry,
    QgsPointXY,
    QgsUnitTypes,
)

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.i18n import tr

_WKB_LINE_HEADER = 9
_NOT_TRUE = frozenset(("EPSG:3857", "EPSG:3785", "EPSG:900913", "EPSG:3395"))


@dataclass(frozen=True)
class OperationNote:
    """Which coordinate operation is used between two systems, and how good it is.

    `accuracy_m` is None where PROJ does not state one. `grid_missing` says that a better
    operation exists whose grid file (such as OSTN15) is not installed here.
    """

    name: str
    accuracy_m: float | None
    grid_missing: bool
    sentence: str


def analysis_crs(auth_id: str) -> QgsCoordinateReferenceSystem:
    """Return the system named, refusing one whose unit is not the metre."""
    crs = QgsCoordinateReferenceSystem(auth_id)
    if not crs.isValid() or not in_metres(crs):
        raise InputRefused(
            tr("Distances cannot be measured in {}.").format(auth_id or tr("an unknown system")),
            tr("Choose a system in metres, such as EPSG:27700, in the StreetSafe options."),
        )
    return crs


def in_metres(crs: QgsCoordinateReferenceSystem) -> bool:
    """Tell whether a system's coordinates are metres on a plane."""
    metres = QgsUnitTypes.DistanceUnit.DistanceMeters
    # a metre of the web's Mercator is some 0.6 m on the ground here
    return not crs.isGeographic() and crs.mapUnits() == metres and crs.authid() not in _NOT_TRUE


def transform_xy(
    xy: np.ndarray,
    source: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
    transform_context: QgsCoordinateTransformContext,
) -> np.ndarray:
    """Return `xy` (n, 2), x before y, in `target`; rows that cannot be transformed are NaN."""
    xy = np.ascontiguousarray(xy, dtype=float).reshape(-1, 2)
    if source == target or not len(xy):
        return xy.copy()
    transform = QgsCoordinateTransform(source, target, transform_context)
    result = np.full_like(xy, np.nan)
    usable = np.isfinite(xy).all(axis=1)
    try:
        result[usable] = _transform_block(xy[usable], transform)
    except QgsCsException:
        # one bad coordinate makes the whole block fail, so find it the slow way
        for row in np.flatnonzero(usable):
            try:
                point = transform.transform(QgsPointXY(*xy[row]))
            except QgsCsException:
                continue
            result[row] = point.x(), point.y()
    result[~np.isfinite(result).all(axis=1)] = np.nan
    return result


def _transform_block(xy: np.ndarray, transform: QgsCoordinateTransform) -> np.ndarray:
    if len(xy) < 2:  # too few for a line
        moved = [transform.transform(QgsPointXY(*point)) for point in xy]
        return np.array([(point.x(), point.y()) for point in moved]).reshape(-1, 2)
    header = b"\x01\x02\x00\x00\x00" + len(xy).to_bytes(4, "little")
    line = QgsGeometry()
    line.fromWkb(header + np.ascontiguousarray(xy, dtype="<f8").tobytes())
    line.transform(transform)
    packed = bytes(line.asWkb())[_WKB_LINE_HEADER:]
    return np.frombuffer(packed, dtype="<f8").reshape(-1, 2)


def describe_operation(
    source: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
    transform_context: QgsCoordinateTransformContext,
) -> OperationNote:
    """Return the operation QGIS uses from `source` to `target` here, in words for a report."""
    if source == target:
        sentence = tr("Coordinates were used as given, in {}.").format(target.authid())
        return OperationNote(tr("none"), 0.0, False, sentence)
    used = QgsCoordinateTransform(
        source, target, transform_context
    ).instantiatedCoordinateOperationDetails()
    best_first = QgsDatumTransform.operations(source, target)
    grid_missing = bool(best_first) and not best_first[0].isAvailable
    accuracy = used.accuracy if used.accuracy >= 0 else None
    name = used.name or tr("unnamed operation")
    route = tr("Coordinates were changed from {} to {} by “{}”").format(
        source.authid(), target.authid(), name
    )
    stated = (
        tr("stated accuracy {:g} m").format(accuracy)
        if accuracy is not None
        else tr("no accuracy stated")
    )
    without = tr("; the grid for a better one was not installed") if grid_missing else ""
    return OperationNote(name, accuracy, grid_missing, f"{route} ({stated}{without}).")
