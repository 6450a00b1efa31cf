# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the placemarks of a KML file: their points, names and extended data.

KML is always in longitude and latitude on WGS 84 (OGC 12-007r2). Links to other files, pictures
and styles are passed over.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.strict_xml import parse
from streetsafe_plugin.domain.reading.table import (
    NoRows,
    PointColumn,
    RawTable,
    columns_of,
    tidy_header,
)

_PLAIN = ("name", "description", "when", "address")
_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Model", "Track")
_ROWS_PER_TICK = 2_000
_NOWHERE = (math.nan, math.nan)


def read_kml(data: bytes, file_name: str, tick: Tick = no_tick) -> RawTable:
    """Read every placemark; the first is row 1, and each name of its data a column.

    Raises:
        InputRefused: damaged, or without a placemark.
    """
    reader = _Reader(tick)
    parse(data, file_name, reader.start, reader.end, reader.text)
    if not reader.rows:
        raise NoRows(file_name)
    names = list(dict.fromkeys(name for row in reader.rows for name in row))
    header, notes = tidy_header(names)
    rows = [[row.get(name, "") for name in names] for row in reader.rows]
    return RawTable(
        file_name,
        header,
        columns_of(rows, len(header)),
        np.arange(1, len(rows) + 1),
        sha256=hashlib.sha256(data).hexdigest(),
        points=PointColumn(np.array(reader.places, dtype=float), reader.kinds, "EPSG:4326"),
        notes=("Read as KML, in longitude and latitude.", *notes),
    )


class _Reader:
    """Takes placemarks in the order in which they stand."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick
        self.rows: list[dict[str, str]] = []
        self.kinds: list[str] = []
        self.places: list[tuple[float, float]] = []
        self.inside: list[str] = []
        self.row: dict[str, str] | None = None
        self.key = ""
        self.pieces: list[str] = []
        self.geometry: list[str] = []
        self.place = _NOWHERE

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.inside.append(name)
        self.pieces = []
        if name == "Placemark":
            self.row, self.geometry, self.place = {}, [], _NOWHERE
        elif name in ("Data", "SimpleData"):
            self.key = attributes.get("name", "")
        elif name in _GEOMETRIES and self.row is not None:
            self.geometry.append(name)

    def text(self, data: str) -> None:
        if self.row is not None:
            self.pieces.append(data)

    def end(self, name: str) -> None:
        self.inside.pop()
        if self.row is None:
            return
        text = "".join(self.pieces).strip()
        parent = self.inside[-1] if self.inside else ""
        if name == "SimpleData" or (name == "value" and parent == "Data"):
            self.row[self.key] = text
        elif name in _PLAIN and parent in ("Placemark", "TimeStamp"):
            self.row[name] = text
        elif name == "coordinates" and parent == "Point":
            self.place = _place(text)
        elif name == "Placemark":
            self._keep()
        self.pieces = []

    def _keep(self) -> None:
        if self.row is None:
            return
        self.rows.append(self.row)
        single = self.geometry in (["Point"], ["MultiGeometry", "Point"])
        self.kinds.append("point" if single else "".join(self.geometry[:1]).lower())
        self.places.append(self.place if single else _NOWHERE)
        self.row = None
        if len(self.rows) % _ROWS_PER_TICK == 0:
            self.tick(0.0)


def _place(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        return float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        return _NOWHERE
