# SPDX-License-Identifier: GPL-2.0-or-later
"""A short number for what a layer holds: the same for the same content, wherever it lies.

A layer's fingerprint does not depend on the order of its rows or columns, on its name, style or
feature ids, nor on whether it lies in memory or in a GeoPackage. Every row becomes one number of
64 bits, made from its geometry (WKB) and all attributes by multiplication with fixed odd numbers;
the sorted numbers go through SHA-256. It finds changes; it is no seal against somebody who wants
to deceive.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal
from qgis.core import QgsFeatureSource, QgsGeometry, QgsMapLayer, QgsRasterLayer, QgsVectorLayer

from streetsafe_plugin.compat import to_python
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.point_arrays import (
    FEW_FEATURES,
    Stored,
    copy_of,
    scratch_folder,
    stored,
)
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.stored_columns import read_columns

#: What is larger and not in a GeoPackage would take longer than most analyses.
MOST_COPIED = 100_000
_MISSING = np.uint64(0x9E3779B97F4A7C15)
_WORD = 8
_POINT_BYTES = 21  # byte order, type, x, y
_State = tuple[int, int, int, int]
_FEATURE_ID = "fid"
#: Fingerprints of files by place, for as long as neither time nor size of the file changes.
_KNOWN: dict[tuple[str, str], tuple[_State, str]] = {}


def of_layer(layer: QgsMapLayer, tick: Tick = no_tick) -> str:
    """Return the fingerprint of all that a layer shows; empty where it would take too long."""
    if isinstance(layer, QgsRasterLayer):
        return of_raster(layer.source())
    if not isinstance(layer, QgsVectorLayer):
        return ""
    place = stored(layer, layer.fields().names())
    return of_stored(place, tick) if place else of_source(layer, tick)


def known(layer: QgsMapLayer) -> str:
    """Return a layer's fingerprint if no row need be read for it; else nothing."""
    place = stored(layer, layer.fields().names()) if isinstance(layer, QgsVectorLayer) else None
    if place is None:
        return ""
    state, found = _KNOWN.get((place.path, place.table), (None, ""))
    return found if state == _state(place.path) else ""


def of_stored(place: Stored, tick: Tick = no_tick) -> str:
    """Return the fingerprint of a table in a GeoPackage, read only if the file has changed."""
    key, state = (place.path, place.table), _state(place.path)
    if state is not None and _KNOWN.get(key, (None, ""))[0] == state:
        return _KNOWN[key][1]
    found = _of_table(place, tick)
    if state is not None:
        _KNOWN[key] = (state, found)
    return found


def of_source(source: QgsFeatureSource, tick: Tick = no_tick) -> str:
    """Return the fingerprint of what a source gives; empty where it would take too long."""
    names = [name for name in source.fields().names() if name.lower() != _FEATURE_ID]
    count = source.featureCount()
    if not 0 <= count <= MOST_COPIED:
        return ""
    if count > FEW_FEATURES:
        with scratch_folder() as folder:
            return _of_table(copy_of(source, names, Path(folder), tick), no_tick)
    indices = [source.fields().lookupField(name) for name in names]
    shapes: list[bytes | None] = []
    columns: list[list[Any]] = [[] for _ in names]
    for number, feature in enumerate(source.getFeatures()):
        if number % 1000 == 0:
            tick(number / max(count, 1))
        shapes.append(_wkb(feature.geometry()))
        for column, index in zip(columns, indices):
            column.append(to_python(feature[index]))
    rows = np.zeros(len(shapes), dtype=np.uint64)
    rows += _in_column("", _of_objects(shapes))
    for name, column in zip(names, columns):
        rows += _in_column(name, _of_objects(column))
    return _digest(names, [rows])


@no_gdal_exceptions()
def of_raster(source: str) -> str:
    """Return the fingerprint of a raster's cells and where they lie; empty if it cannot be read."""
    dataset = gdal.OpenEx(source, gdal.OF_RASTER | gdal.OF_READONLY)
    if dataset is None:
        return ""
    digest = hashlib.sha256(repr(dataset.GetGeoTransform()).encode())
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        for row in range(0, band.YSize, 512):
            block = band.ReadAsArray(0, row, band.XSize, min(512, band.YSize - row))
            digest.update(np.ascontiguousarray(block).tobytes())
    return digest.hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def forget_all() -> None:
    """Drop what was remembered of files."""
    _KNOWN.clear()


def _state(path: str) -> _State | None:
    """Return when a file was changed last, and how long it is; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    log = Path(f"{path}-wal")  # where QGIS puts edits at first
    logged = log.stat() if log.exists() else None
    return (
        found.st_mtime_ns,
        found.st_size,
        logged.st_mtime_ns if logged else 0,
        logged.st_size if logged else 0,
    )


def _of_table(place: Stored, tick: Tick) -> str:
    names: list[str] = []
    batches = []
    for shapes, columns in read_columns(place, tick):
        names = list(columns)
        rows = _in_column("", _of_shapes(shapes))
        for name, values in columns.items():
            rows = rows + _in_column(name, _of_array(values))
        batches.append(rows)
    return _digest(names, batches)


def _digest(names: Iterable[str], batches: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256("\n".join(sorted(name.lower() for name in names)).encode())
    rows = np.concatenate(batches) if batches else np.empty(0, dtype=np.uint64)
    digest.update(np.sort(_mixed(rows)).tobytes())
    return digest.hexdigest()


def _in_column(name: str, values: np.ndarray) -> np.ndarray:
    """Return the share of a column's values in their rows' numbers, wherever the column stands."""
    factor = int.from_bytes(hashlib.sha256(name.lower().encode()).digest()[:_WORD], "little") | 1
    return np.asarray(_mixed(values + np.uint64(factor)) * np.uint64(factor))


def _of_shapes(shapes: np.ndarray) -> np.ndarray:
    """Return a number for each geometry; a missing point may come as one without coordinates."""
    found, plain = _of_array(shapes), np.ma.getdata(shapes)
    if plain.dtype.kind != "V" or plain.dtype.itemsize != _POINT_BYTES:
        return found
    codes = np.frombuffer(plain.tobytes(), dtype=np.uint8).reshape(-1, _POINT_BYTES)
    empty = np.isnan(codes[:, 5:].copy().view("<f8")).all(axis=1)
    return np.where(empty, _MISSING, found)


def _of_array(values: np.ndarray) -> np.ndarray:
    gaps, plain = np.ma.getmaskarray(values), np.ma.getdata(values)
    if plain.dtype.kind in "SV" and plain.dtype.itemsize:
        found = _of_words(plain)
    elif plain.dtype.kind == "M":
        found = plain.astype("datetime64[ms]").view(np.uint64)
    elif plain.dtype.kind in "biu":
        found = plain.astype(np.int64).view(np.uint64)
    elif plain.dtype.kind == "f":
        found = _of_floats(plain)
    else:
        found = _of_objects(plain.tolist())
    return np.where(gaps, _MISSING, found)


def _of_objects(values: Sequence[Any]) -> np.ndarray:
    """Return a number for each value of a column, quickly where all are of one kind."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {str}:
        return _of_array(_masked([value and value.encode() for value in values], b"", "S"))
    if kinds == {float}:
        return _of_array(_masked(values, 0.0, "f8"))
    return np.fromiter((_of_value(value) for value in values), dtype=np.uint64, count=len(values))


def _masked(values: Sequence[Any], instead: Any, kind: str) -> np.ndarray:
    gaps = [value is None for value in values]
    filled = [instead if value is None else value for value in values]
    return np.ma.masked_array(np.array(filled, dtype=kind), gaps)


def _of_value(value: Any) -> int:
    if value is None:
        return int(_MISSING)
    if isinstance(value, float):
        return int(_of_floats(np.array([value]))[0])
    if isinstance(value, int):  # yes and no as well
        return value & 0xFFFF_FFFF_FFFF_FFFF
    if isinstance(value, datetime.date):
        return int(np.datetime64(value.isoformat(), "ms").view(np.uint64))
    content = bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()
    return int(_of_words(np.array([content or b"\0"], dtype=f"V{max(len(content), 1)}"))[0])


def _of_floats(values: np.ndarray) -> np.ndarray:
    # adding zero turns the negative zero into the other
    return np.ascontiguousarray(values.astype(np.float64) + 0.0).view(np.uint64)


def _of_words(values: np.ndarray) -> np.ndarray:
    """Return a number for each run of bytes; zeros behind it count for nothing."""
    size = values.dtype.itemsize
    words = -(-size // _WORD)
    padded = np.zeros((len(values), words * _WORD), dtype=np.uint8)
    padded[:, :size] = np.frombuffer(values.tobytes(), dtype=np.uint8).reshape(len(values), size)
    factors = _mixed(np.arange(1, words + 1, dtype=np.uint64)) | np.uint64(1)
    return np.asarray((padded.view("<u8") * factors).sum(axis=1, dtype=np.uint64))


def _mixed(values: np.ndarray) -> np.ndarray:
    """Return numbers spread over all 64 bits (the last step of SplitMix64; Steele et al. 2014)."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _wkb(geometry: QgsGeometry) -> bytes | None:
    return None if geometry.isNull() or geometry.isEmpty() else bytes(geometry.asWkb())
