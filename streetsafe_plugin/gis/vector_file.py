# SPDX-License-Identifier: GPL-2.0-or-later
"""Read one layer or table of a file as text with the one GDAL driver it is for, never writing.

A GeoPackage from outside may bring styles, form code and triggers. None of that is touched: rows
are copied out of a file opened read-only.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from osgeo import gdal, ogr, osr

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.sheets import Sheet
from streetsafe_plugin.domain.reading.table import (
    NoRows,
    PointColumn,
    RawTable,
    columns_of,
    tidy_header,
)
from streetsafe_plugin.gis import import_ledger
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.text_gate import literal
from streetsafe_plugin.i18n import tr

_CONFIG = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "OGR_XLS_HEADERS": "DISABLE",
    "OGR_XLS_FIELD_TYPES": "STRING",
}
_NOT_DATA = frozenset(("layer_styles", "qgis_projects", import_ledger.TABLE))
_POINTS_OR_NONE = (ogr.wkbPoint, ogr.wkbMultiPoint, ogr.wkbNone, ogr.wkbUnknown)
_HASH_BLOCK = 1 << 20
_ROWS_PER_TICK = 2_000
_MOST_NAMES = 10
_NOWHERE = (math.nan, math.nan)


def read_geopackage(path: Path, layer_name: str = "", tick: Tick = no_tick) -> RawTable:
    """Read the layer or table called `layer_name`; without a name the only one that has rows.

    The first row is row 1.

    Raises:
        InputRefused: not a GeoPackage, damaged, or several layers and no name.
    """
    return _read(path, "GPKG", tr("a GeoPackage"), layer_name, tick)


def read_shapefile(path: Path, tick: Tick = no_tick) -> RawTable:
    """Read a shapefile; its siblings lie beside it under the same name.

    Raises:
        InputRefused: a sibling is missing, or it is damaged.
    """
    there = {beside.suffix.lower() for beside in path.parent.glob(f"{literal(path.stem)}.*")}
    missing = [ending for ending in (".dbf", ".shx") if ending not in there]
    if missing:
        raise InputRefused(
            tr("“{}” lacks its {} file, without which it cannot be read.").format(
                path.name, " and ".join(missing)
            ),
            tr("Copy all files of the shapefile into one folder, or ask for a GeoPackage."),
        )
    return _read(path, "ESRI Shapefile", tr("a shapefile"), "", tick)


def read_old_workbook(path: Path) -> list[Sheet]:
    """Return the sheets of an XLS workbook, every cell as the text the driver makes of it.

    Raises:
        InputRefused: this QGIS cannot read such files, or it is damaged or encrypted.
    """
    if gdal.GetDriverByName("XLS") is None:
        raise InputRefused(
            tr("“{}” is an Excel file of before 2007, which this QGIS cannot read.").format(
                path.name
            ),
            tr("Save it as XLSX and import that."),
        )
    sheets = []
    with _opened(path, "XLS", tr("an Excel workbook")) as dataset:
        for layer in (dataset.GetLayer(index) for index in range(dataset.GetLayerCount())):
            sheet = Sheet(layer.GetName())
            sheets.append(sheet)
            width = layer.GetLayerDefn().GetFieldCount()
            for feature in layer:
                row = [feature.GetFieldAsString(index) for index in range(width)]
                if any(row):
                    sheet.numbers.append(feature.GetFID())
                    sheet.rows.append(row)
    return sheets


def _read(path: Path, driver: str, kind: str, layer_name: str, tick: Tick) -> RawTable:
    with _opened(path, driver, kind) as dataset:
        layer = _chosen_layer(dataset, path.name, layer_name)
        definition = layer.GetLayerDefn()
        fields = [definition.GetFieldDefn(index) for index in range(definition.GetFieldCount())]
        readers = [_text_reader(field.GetType(), index) for index, field in enumerate(fields)]
        has_geometry = layer.GetGeomType() != ogr.wkbNone
        rows: list[list[str]] = []
        kinds: list[str] = []
        places: list[tuple[float, float]] = []
        expected = layer.GetFeatureCount()
        for number, feature in enumerate(layer):
            if number % _ROWS_PER_TICK == 0:
                tick(min(number / max(expected, 1), 1.0))
            rows.append([read(feature) for read in readers])
            if has_geometry:
                kind, place = _point(feature.GetGeometryRef())
                kinds.append(kind)
                places.append(place)
        if len(rows) != expected or gdal.GetLastErrorType() >= gdal.CE_Failure:
            raise _damaged(path.name, kind)
        crs_id = _crs_id(layer.GetSpatialRef()) if has_geometry else ""
        name = layer.GetName()
    if not rows:
        raise NoRows(path.name)
    header, notes = tidy_header([field.GetName() for field in fields])
    points = PointColumn(np.array(places, dtype=float), kinds, crs_id) if has_geometry else None
    read_as = tr("Read layer “{}” of {}.").format(name, kind)
    numbers = np.arange(1, len(rows) + 1)
    columns = columns_of(rows, len(header))
    return RawTable(
        path.name,
        header,
        columns,
        numbers,
        (),
        _sha256(path),
        points,
        (read_as, *notes),
    )


@contextmanager
def _opened(path: Path, driver: str, kind: str) -> Iterator[gdal.Dataset]:
    """Open a file with one driver alone, quietly and read-only."""
    before = {key: gdal.GetConfigOption(key) for key in _CONFIG}
    for key, value in _CONFIG.items():
        gdal.SetConfigOption(key, value)
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    gdal.ErrorReset()
    try:
        with no_gdal_exceptions():
            dataset = gdal.OpenEx(
                str(path.resolve()), gdal.OF_VECTOR | gdal.OF_READONLY, allowed_drivers=[driver]
            )
            if dataset is None:
                raise _damaged(path.name, kind)
            yield dataset
    finally:
        gdal.PopErrorHandler()
        for key, value in before.items():
            gdal.SetConfigOption(key, value)


def _chosen_layer(dataset: gdal.Dataset, file_name: str, layer_name: str) -> ogr.Layer:
    layers = [dataset.GetLayer(index) for index in range(dataset.GetLayerCount())]
    named = {layer.GetName(): layer for layer in layers if layer.GetName() not in _NOT_DATA}
    if layer_name:
        if layer_name in named:
            return named[layer_name]
        raise InputRefused(
            tr("“{}” has no layer “{}”.").format(file_name, layer_name),
            tr("It has {}.").format(_quoted(named)),
        )
    filled = {name: layer for name, layer in named.items() if layer.GetFeatureCount() > 0}
    if not filled:
        raise NoRows(file_name)
    fitting = {
        name: layer
        for name, layer in filled.items()
        if ogr.GT_Flatten(layer.GetGeomType()) in _POINTS_OR_NONE
    }
    if not fitting:
        raise InputRefused(
            tr("“{}” holds neither points nor a table.").format(file_name),
            tr("Choose a file with one point or one row a report."),
        )
    if len(fitting) > 1:
        raise InputRefused(
            tr("“{}” holds several layers: {}.").format(file_name, _quoted(fitting)),
            tr("Add |layername= and the name of one to SOURCE, or use SOURCE_LAYER."),
        )
    [(_, layer)] = fitting.items()
    return layer


def _quoted(named: dict[str, ogr.Layer]) -> str:
    names = [f"“{name}”" for name in named]
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (tr(" and {} more").format(more) if more > 0 else "")


def _text_reader(kind: int, index: int) -> Callable[[ogr.Feature], str]:
    """Return what turns one field of a feature into the text that stands for it."""
    if kind == ogr.OFTReal:
        return lambda f: _number(f.GetFieldAsDouble(index)) if f.IsFieldSetAndNotNull(index) else ""
    if kind in (ogr.OFTDate, ogr.OFTDateTime):
        with_time = kind == ogr.OFTDateTime
        return lambda f: (
            _moment(f.GetFieldAsDateTime(index), with_time) if f.IsFieldSetAndNotNull(index) else ""
        )
    if kind == ogr.OFTStringList:
        return lambda f: ";".join(f.GetFieldAsStringList(index) or ())
    if kind == ogr.OFTBinary:
        return lambda f: ""
    return lambda f: f.GetFieldAsString(index) if f.IsFieldSetAndNotNull(index) else ""


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _moment(parts: list[float], with_time: bool) -> str:
    """Return ISO 8601; the last part is GDAL's zone: 100 is UTC, each step a quarter of an hour."""
    year, month, day, hour, minute, second, zone = parts
    text = f"{year:04d}-{month:02d}-{day:02d}"
    if not with_time:
        return text
    text += f"T{hour:02d}:{minute:02d}:{int(second):02d}"
    if zone < 2:  # unknown or local
        return text
    quarters = abs(zone - 100)
    sign = "-" if zone < 100 else "+"
    return f"{text}{sign}{quarters // 4:02d}:{quarters % 4 * 15:02d}"


def _point(geometry: ogr.Geometry | None) -> tuple[str, tuple[float, float]]:
    if geometry is None or geometry.IsEmpty():
        return "", _NOWHERE
    kind = ogr.GT_Flatten(geometry.GetGeometryType())
    if kind == ogr.wkbMultiPoint and geometry.GetGeometryCount() == 1:
        geometry = geometry.GetGeometryRef(0)
        kind = ogr.wkbPoint
    if kind != ogr.wkbPoint:
        return geometry.GetGeometryName().lower(), _NOWHERE
    return "point", (geometry.GetX(), geometry.GetY())


def _crs_id(system: osr.SpatialReference | None) -> str:
    """Return how QGIS finds the system again; empty where the file leaves it undefined."""
    if system is None or system.GetName().lower().startswith("undefined"):
        return ""
    authority, code = system.GetAuthorityName(None), system.GetAuthorityCode(None)
    return f"{authority}:{code}" if authority and code else f"WKT:{system.ExportToWkt()}"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _damaged(file_name: str, kind: str) -> InputRefused:
    return InputRefused(
        tr("“{}” is not {}, or is damaged.").format(file_name, kind),
        tr("Open it in QGIS and export the layer to a new GeoPackage or to CSV."),
    )
