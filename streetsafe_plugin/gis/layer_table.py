# SPDX-License-Identifier: GPL-2.0-or-later
"""Read any layer or table of the project as a raw table, every value as text."""

from __future__ import annotations

import hashlib
import math
from datetime import date, datetime
from typing import Any

import numpy as np
from qgis.core import QgsFeatureSource, QgsGeometry, QgsWkbTypes
from qgis.PyQt.QtCore import QByteArray, QDateTime, Qt, QTime

from streetsafe_plugin.compat import is_null, to_python
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.table import (
    NoRows,
    PointColumn,
    RawTable,
    columns_of,
    tidy_header,
)
from streetsafe_plugin.i18n import tr

_ROWS_PER_TICK = 2_000
_NOWHERE = (math.nan, math.nan)


def read_layer(source: QgsFeatureSource, name: str, tick: Tick = no_tick) -> RawTable:
    """Read every feature the source gives; the first is row 1.

    `name` stands for the file name. The SHA-256 is that of the values, in their order.

    Raises:
        NoRows: the layer is empty, or nothing is selected.
    """
    header, notes = tidy_header([field.name() for field in source.fields()])
    has_geometry = source.wkbType() != QgsWkbTypes.Type.NoGeometry
    rows: list[list[str]] = []
    kinds: list[str] = []
    places: list[tuple[float, float]] = []
    digest = hashlib.sha256(repr(header).encode())
    expected = max(source.featureCount(), 1)
    for number, feature in enumerate(source.getFeatures()):
        if number % _ROWS_PER_TICK == 0:
            tick(min(number / expected, 1.0))
        cells = [_as_text(value) for value in feature.attributes()]
        rows.append(cells)
        if has_geometry:
            kind, place = _point(feature.geometry())
            kinds.append(kind)
            places.append(place)
            cells = [*cells, repr(place)]
        digest.update(repr(cells).encode("utf-8", errors="surrogatepass"))
    if not rows:
        raise NoRows(name)
    points = None
    if has_geometry:
        system = source.sourceCrs()
        crs_id = system.authid() or (f"WKT:{system.toWkt()}" if system.isValid() else "")
        points = PointColumn(np.array(places, dtype=float), kinds, crs_id)
    read_as = tr("Read from a layer of the project.")
    numbers = np.arange(1, len(rows) + 1)
    columns = columns_of(rows, len(header))
    return RawTable(
        name,
        header,
        columns,
        numbers,
        (),
        digest.hexdigest(),
        points,
        (read_as, *notes),
    )


def _point(geometry: QgsGeometry) -> tuple[str, tuple[float, float]]:
    if geometry.isNull() or geometry.isEmpty():
        return "", _NOWHERE
    if geometry.type() != QgsWkbTypes.GeometryType.PointGeometry:
        return "other", _NOWHERE
    if geometry.isMultipart():
        points = geometry.asMultiPoint()
        if len(points) != 1:
            return "multipoint", _NOWHERE
        return "point", (points[0].x(), points[0].y())
    point = geometry.asPoint()
    return "point", (point.x(), point.y())


def _as_text(value: Any) -> str:
    """Return the text that stands for a value, so that it reads like the same value in a file."""
    if is_null(value):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(value)
    if isinstance(value, QDateTime):
        local = value.timeSpec() == Qt.TimeSpec.LocalTime
        return value.toString(Qt.DateFormat.ISODate) if not local else _iso(to_python(value))
    if isinstance(value, QTime):
        return value.toString(Qt.DateFormat.ISODate)
    if isinstance(value, (bytes, QByteArray)):
        return ""
    if isinstance(value, (list, tuple)):
        return ";".join(_as_text(part) for part in value)
    plain = to_python(value)
    return _iso(plain) if isinstance(plain, date) else str(plain)


def _iso(value: date | datetime | None) -> str:
    return "" if value is None else value.isoformat()
