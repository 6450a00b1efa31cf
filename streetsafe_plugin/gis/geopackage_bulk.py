# SPDX-License-Identifier: GPL-2.0-or-later
"""Fill an empty GeoPackage table that GDAL has made, with all its rows at once.

GDAL writes a row at a time and keeps the count and the spatial index by triggers, which costs
twenty seconds for a million reports. Here the triggers are put aside, the rows go in as columns,
count, extent and index are worked out once, and the triggers are put back word for word. Only a
temporary file of our own is ever written so; to GDAL the result is as if it had written it itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import Polygon

from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.rtree_pages import pack_boxes

_BLOCK_ROWS = 20_000
#: How a GeoPackage blob begins, little-endian.
_HEADER = [("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs_id", "<i4")]
_ENVELOPE = [("min_x", "<f8"), ("max_x", "<f8"), ("min_y", "<f8"), ("max_y", "<f8")]
_LITTLE_ENDIAN, _WITH_ENVELOPE = 1, 2
#: The header without an envelope, around a WKB point.
_POINT = np.dtype(
    [*_HEADER, ("byte_order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")],
)
_KIND_POINT, _KIND_POLYGON, _KIND_MULTIPOLYGON = 1, 3, 6


@dataclass(frozen=True)
class LayerColumns:
    """The rows of a layer, column by column.

    `xy` is (n, 2), points in the layer's system, or (n, k, 2), polygons of k corners each,
    anticlockwise, the first not repeated. `columns` has one array for each field: texts (None
    where missing), numbers (NaN where missing), truth values, or `datetime64` (NaT where missing).
    """

    xy: np.ndarray
    columns: Sequence[np.ndarray]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.xy)

    def __iter__(self) -> Iterator[tuple[Any, Sequence[Any]]]:
        """Give the rows one by one, for sinks that take nothing else."""
        values = zip(*(_plain(column) for column in self.columns))
        place = Polygon if self.xy.ndim == 3 else tuple
        return zip(map(place, self.xy.tolist()), values)

    def boxes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the greatest x and y of each row, (n, 2) each."""
        if self.xy.ndim == 2:
            return self.xy, self.xy
        return self.xy.min(axis=1), self.xy.max(axis=1)


def fill(path: Path, table: str, rows: LayerColumns, tick: Tick = no_tick) -> None:
    """Put all rows into the empty table, whose first two columns are the id and the place.

    The place is a point or, for polygons, a multipolygon.

    Raises:
        sqlite3.Error: the disk is full or the file cannot be written.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # a file of our own that is thrown away after a crash needs no journal
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        triggers = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall()
        for name, _ in triggers:
            database.execute(_sql("DROP TRIGGER {}", name))
        place, srs_id = database.execute(
            "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
        ).fetchone()
        _insert(database, table, rows, srs_id, tick)
        low, high = rows.boxes()
        _set_count_and_extent(database, table, low, high)
        _index(database, table, place, low, high)
        tick(0.95)
        for _, sql in triggers:
            database.execute(sql)
        database.execute("COMMIT")


def _insert(
    database: sqlite3.Connection, table: str, rows: LayerColumns, srs_id: int, tick: Tick
) -> None:
    marks = ", ".join("?" * (2 + len(rows.columns)))
    statement = _sql("INSERT INTO {} VALUES ({})", table, marks)
    for start in range(0, len(rows), _BLOCK_ROWS):
        tick(0.8 * start / len(rows))
        block = slice(start, start + _BLOCK_ROWS)
        places = _blobs(rows.xy[block], srs_id)
        ids = range(start + 1, start + 1 + len(places))
        columns = (_as_stored(column[block]) for column in rows.columns)
        database.executemany(statement, zip(ids, places, *columns))


def _blobs(xy: np.ndarray, srs_id: int) -> list[bytes]:
    """Return points or polygons as GeoPackage stores them."""
    shapes = _points(xy) if xy.ndim == 2 else _multipolygons(xy)
    shapes["magic"], shapes["srs_id"] = b"GP", srs_id
    packed, size = shapes.tobytes(), shapes.dtype.itemsize
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def _points(xy: np.ndarray) -> np.ndarray:
    points = np.zeros(len(xy), dtype=_POINT)
    points["flags"], points["byte_order"], points["kind"] = _LITTLE_ENDIAN, 1, _KIND_POINT
    points["x"], points["y"] = xy[:, 0], xy[:, 1]
    return points


def _multipolygons(corners: np.ndarray) -> np.ndarray:
    """Return multipolygons of one polygon of one closed ring each, with their envelopes."""
    closed = np.concatenate((corners, corners[:, :1]), axis=1)
    kind = [
        *_HEADER,
        *_ENVELOPE,
        *(("byte_order", "u1"), ("kind", "<u4"), ("parts", "<u4")),
        *(("part_byte_order", "u1"), ("part_kind", "<u4"), ("rings", "<u4"), ("corners", "<u4")),
        ("xy", "<f8", closed.shape[1:]),
    ]
    shapes = np.zeros(len(corners), dtype=kind)
    shapes["flags"] = _LITTLE_ENDIAN | _WITH_ENVELOPE
    low, high = corners.min(axis=1), corners.max(axis=1)
    for axis, name in enumerate(("x", "y")):
        shapes[f"min_{name}"], shapes[f"max_{name}"] = low[:, axis], high[:, axis]
    shapes["byte_order"], shapes["kind"], shapes["parts"] = 1, _KIND_MULTIPOLYGON, 1
    shapes["part_byte_order"], shapes["part_kind"], shapes["rings"] = 1, _KIND_POLYGON, 1
    shapes["corners"], shapes["xy"] = closed.shape[1], closed
    return shapes


def _as_stored(column: np.ndarray) -> list[Any]:
    if column.dtype.kind != "M":
        return list(column.tolist())
    # without an offset: local civil time, which is how QGIS writes a time without a zone
    whole_days = column.dtype == np.dtype("datetime64[D]")
    ending = "" if whole_days else ".000"
    return [
        None if text == "NaT" else text + ending for text in np.datetime_as_string(column).tolist()
    ]


def _plain(column: np.ndarray) -> list[Any]:
    """Return values as Python's own; a moment is a `datetime`, a missing one None."""
    return list(column.tolist())


def _set_count_and_extent(
    database: sqlite3.Connection, table: str, low: np.ndarray, high: np.ndarray
) -> None:
    database.execute(
        "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?", (len(low), table)
    )
    if len(low):
        (west, south), (east, north) = low.min(axis=0).tolist(), high.max(axis=0).tolist()
        database.execute(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?"
            " WHERE table_name = ?",
            (west, south, east, north, table),
        )


def _index(
    database: sqlite3.Connection, table: str, place: str, low: np.ndarray, high: np.ndarray
) -> None:
    tree = f"rtree_{table}_{place}"
    root = database.execute(_sql("SELECT length(data) FROM {}", f"{tree}_node")).fetchone()
    packed = pack_boxes(low, high, root[0])
    database.execute(_sql("DELETE FROM {}", f"{tree}_node"))
    for part, rows in (
        ("node", packed.pages),
        ("rowid", enumerate(packed.page_of_entry.tolist(), start=1)),
        ("parent", packed.parents),
    ):
        database.executemany(_sql("INSERT INTO {} VALUES (?, ?)", f"{tree}_{part}"), rows)


def _sql(statement: str, name: str, marks: str = "") -> str:
    """Return a statement with a name put in, quoted as SQL wants it, and its question marks."""
    quoted = '"' + name.replace('"', '""') + '"'
    return statement.format(quoted, marks)
