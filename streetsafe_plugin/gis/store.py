# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way data is written: beside the target, read back, then renamed over it.

A file that was there stays whole until its replacement is proven good: a run that is cancelled,
crashes or fills the disk leaves the old file or nothing, never half a new one.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import numpy as np
import shapely.wkb
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis import import_ledger
from streetsafe_plugin.gis.geopackage_bulk import LayerColumns, fill
from streetsafe_plugin.gis.quiet_gdal import (
    first_row_is_heading,
    no_gdal_exceptions,
    no_gdal_messages,
    no_write_ahead_log,
)
from streetsafe_plugin.gis.styling import Finish, dress
from streetsafe_plugin.gis.text_gate import FORMULA_STARTS, file_stem, literal
from streetsafe_plugin.i18n import tr

#: A place for a row: x and y in the layer's system, a shapely geometry, or nothing.
Place = Union[tuple[float, float], BaseGeometry, None]
Row = tuple[Place, Sequence[Any]]

DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".csv": "CSV", ".xlsx": "XLSX"}
NO_DATA = -9999.0

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_GEOMETRY_TYPES = {
    "point": QgsWkbTypes.Type.Point,
    "polygon": QgsWkbTypes.Type.MultiPolygon,
    "none": QgsWkbTypes.Type.NoGeometry,
}
#: A CSV holds points as two columns, anything else as well-known text.
_GEOMETRY_IN_CSV = {"point": "GEOMETRY=AS_XY", "polygon": "GEOMETRY=AS_WKT"}
_ROWS_PER_TICK = 1000
#: What the GeoPackage's table of styles has room for.
_LONGEST_STYLE_NAME = 30
#: SQLite reads such a code in a path as the character it stands for.
_PERCENT_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
#: Tables that belong to a layer rather than being one.
_OUR_OWN_TABLES = frozenset(("layer_styles", import_ledger.TABLE))
#: After a day nobody is still writing.
_ABANDONED_S = 86_400.0
#: What an open database keeps beside its file.
SIDE_FILES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class LayerSpec:
    """What a layer is: its title, its fields, `point`, `polygon` or `none`, and its system."""

    title: str
    fields: Sequence[QgsField]
    geometry: str
    crs: QgsCoordinateReferenceSystem | None = None

    def wkb_type(self) -> QgsWkbTypes.Type:
        """Return QGIS's geometry type."""
        return _GEOMETRY_TYPES[self.geometry]

    def qgs_fields(self) -> QgsFields:
        """Return the fields as QGIS wants them."""
        fields = QgsFields()
        for one in self.fields:
            fields.append(one)
        return fields

    def system(self) -> QgsCoordinateReferenceSystem:
        """Return the coordinate system, an invalid one for a table."""
        return self.crs or QgsCoordinateReferenceSystem()


@dataclass(frozen=True)
class Raster:
    """A grid of numbers: row 0 is the northernmost, NaN where there is none.

    `west` and `north` are the outer corner in metres of `crs`, `cell_m` the side of a cell.
    `facts` are kept in the file by name, for programs to find again.
    """

    values: np.ndarray
    west: float
    north: float
    cell_m: float
    crs: QgsCoordinateReferenceSystem
    unit: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Pending:
    """A file being written beside its target, and where it came to lie in the end."""

    temporary: Path
    final: Path


@contextmanager
def beside(target: Path) -> Iterator[_Pending]:
    """Write to `pending.temporary`; on leaving without an error it takes the target's place.

    Where the target is held open by another program (Windows), the result goes to a new, dated
    name instead, which `pending.final` then says. After an error nothing is left.
    """
    if not target.parent.is_dir():
        raise WriteFailed(
            tr("The folder “{}” does not exist.").format(target.parent.name),
            tr("Make it first, or choose another place for “{}”.").format(target.name),
        )
    if target.is_dir():
        raise WriteFailed(
            tr("“{}” is a folder, not a file.").format(target.name), tr("Choose a file name.")
        )
    pending = _Pending(target.with_name(f".{target.stem}.{os.getpid()}.tmp{target.suffix}"), target)
    discard(pending.temporary)
    _sweep_what_crashes_left(target)
    try:
        _prove_writable(pending.temporary)
        yield pending
        pending.final = move_into_place(pending.temporary, target)
    finally:
        discard(pending.temporary)


def check_parent(folder: Path, parameter: str) -> None:
    """Refuse a folder that could not be made without making others on the way.

    Raises:
        InputRefused: its parent does not exist, or it is a file.
    """
    try:
        is_file = folder.exists() and not folder.is_dir()
        has_parent = folder.absolute().parent.is_dir()
    except (OSError, ValueError) as error:  # too long a name, or a null byte
        raise InputRefused(
            tr("{} is no name that a folder can have.").format(parameter),
            tr("Choose another, shorter one."),
        ) from error
    if is_file:
        raise InputRefused(
            tr("{} is “{}”, which is a file.").format(parameter, folder.name),
            tr("Choose a folder."),
        )
    if not has_parent:
        raise InputRefused(
            tr("{} is “{}”, and the folder around it does not exist.").format(
                parameter, folder.name
            ),
            tr("Make that one first, or choose another."),
        )


def discard(path: Path) -> None:
    """Remove a file and the side files SQLite and GDAL may have left with it, if any."""
    for name in (path.name, *(path.name + side for side in SIDE_FILES), path.name + ".aux.xml"):
        path.with_name(name).unlink(missing_ok=True)


def _sweep_what_crashes_left(target: Path) -> None:
    """Remove what processes that died left beside the target, if it is too old to be in use."""
    pattern = f".{literal(target.stem)}.*.tmp{literal(target.suffix)}"
    for left in target.parent.glob(pattern):
        with suppress(OSError):  # somebody else may be sweeping as well
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                discard(left)


def _prove_writable(path: Path) -> None:
    try:
        path.touch()
        path.unlink()
    except OSError as error:
        raise WriteFailed(
            tr("The folder “{}” cannot be written to ({}).").format(
                path.parent.name, error.strerror
            ),
            tr("Choose a folder you may write to."),
        ) from error


def move_into_place(temporary: Path, target: Path) -> Path:
    """Rename a finished file over `target`, or to a dated name where `target` is held open."""
    for side in SIDE_FILES:
        if temporary.with_name(temporary.name + side).exists():
            raise WriteFailed(
                tr("“{}” was not closed cleanly after writing.").format(target.name),
                tr("Run it again."),
            )
    try:
        temporary.replace(target)
    except PermissionError:
        stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
        dated = target.with_name(f"{target.stem}_{stamp}{target.suffix}")
        temporary.replace(dated)
        return dated
    return target


def driver_for(path: Path) -> str:
    """Return the name of GDAL's driver for a file of this ending.

    Raises:
        InputRefused: there is none that this plugin writes with.
    """
    driver = DRIVERS.get(path.suffix.lower())
    if driver is None:
        raise InputRefused(
            tr("“{}” has no ending this plugin can write.").format(path.name),
            tr("Use one of {}.").format(", ".join(DRIVERS)),
        )
    return driver


def write_layer(
    path: Path,
    spec: LayerSpec,
    rows: Iterable[Row] | LayerColumns,
    transform_context: QgsCoordinateTransformContext,
    finish: Finish,
    tick: Tick = no_tick,
    ledger: Mapping[str, Any] | None = None,
) -> Path:
    """Write `rows` as the only layer of the file at `path`; its suffix chooses the format.

    A GeoPackage gets `ledger`, one import's account, as a table beside the layer.
    Returns where the file came to lie: `path`, or a dated name where `path` was held open.

    Raises:
        InputRefused: the suffix is unknown, or the file there holds other layers as well.
        WriteFailed: a row was refused, or the file did not read back as written.
    """
    driver = driver_for(path)
    if driver == "GPKG" and _PERCENT_CODE.search(str(path)):
        raise InputRefused(
            tr("QGIS cannot open a GeoPackage with “%” and two digits in its path."),
            tr("Choose another name or folder."),
        )
    _spare_other_layers(path)
    with beside(path) as pending:
        options = _writer_options(driver, file_stem(path.stem))
        if driver == "CSV" and spec.geometry != "none":
            options.layerOptions = [_GEOMETRY_IN_CSV[spec.geometry]]
        writer = _open_writer(pending, spec, transform_context, options)
        columns = rows if driver == "GPKG" and isinstance(rows, LayerColumns) else None
        if columns is None:
            written = add_rows(writer, spec, rows, tick, driver == "CSV")
        else:
            written = len(columns)
        if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
            raise _refused_by_writer(path, writer)
        del writer  # closes the file
        if columns is not None:
            _fill(pending.temporary, options.layerName, columns, tick)
        if driver == "GPKG":
            _dress_inside(pending.temporary, options.layerName, finish)
            if ledger is not None:
                _enter_import(pending.temporary, ledger)
        _check_layer(pending.temporary, driver, options.layerName, written, path.name)
        tick(1.0)  # the last moment at which stopping leaves everything as it was
    return pending.final


@dataclass(frozen=True)
class LayerTable:
    """A layer among several of a GeoPackage: its table, what it is, its rows and its look."""

    table: str
    spec: LayerSpec
    rows: Sequence[Row]
    finish: Finish


def write_layers(
    path: Path,
    tables: Sequence[LayerTable],
    transform_context: QgsCoordinateTransformContext,
    tick: Tick = no_tick,
) -> Path:
    """Write several layers as a new GeoPackage, in place of what lies at `path`.

    Returns where the file came to lie: `path`, or a dated name where `path` was held open.

    Raises:
        WriteFailed: a row was refused, or a layer did not read back as written.
    """
    actions = QgsVectorFileWriter.ActionOnExistingFile
    with beside(path) as pending:
        for number, one in enumerate(tables):
            options = _writer_options("GPKG", one.table)
            if number:
                options.actionOnExistingFile = actions.CreateOrOverwriteLayer
            writer = _open_writer(pending, one.spec, transform_context, options)
            written = add_rows(writer, one.spec, one.rows, tick)
            if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
                raise _refused_by_writer(path, writer)
            del writer  # closes the file
            _dress_inside(pending.temporary, one.table, one.finish)
            _check_layer(pending.temporary, "GPKG", one.table, written, path.name)
            tick((number + 1) / len(tables))
    return pending.final


def _writer_options(driver: str, table: str) -> QgsVectorFileWriter.SaveVectorOptions:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver
    options.fileEncoding = "UTF-8"
    options.layerName = table
    return options


def _open_writer(
    pending: _Pending,
    spec: LayerSpec,
    transform_context: QgsCoordinateTransformContext,
    options: QgsVectorFileWriter.SaveVectorOptions,
) -> QgsVectorFileWriter:
    writer = QgsVectorFileWriter.create(
        str(pending.temporary),
        spec.qgs_fields(),
        spec.wkb_type(),
        spec.system(),
        transform_context,
        options,
    )
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise _refused_by_writer(pending.final, writer)
    return writer


def _fill(path: Path, table: str, rows: LayerColumns, tick: Tick) -> None:
    try:
        fill(path, table, rows, tick)
    except sqlite3.Error as error:
        raise WriteFailed(
            tr("“{}” could not be written ({}).").format(table, error),
            tr("Check the free space and your rights in that folder."),
        ) from error


@no_gdal_exceptions()
def _enter_import(path: Path, ledger: Mapping[str, Any]) -> None:
    with no_write_ahead_log():
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE, allowed_drivers=["GPKG"])
        import_ledger.enter(dataset, ledger)
        dataset.FlushCache()
        del dataset  # closes the file


def add_rows(
    sink: QgsFeatureSink,
    spec: LayerSpec,
    rows: Iterable[Row],
    tick: Tick = no_tick,
    neutralise_formulas: bool = False,
) -> int:
    """Add every row to `sink` and return how many; the first refused one stops the run."""
    fields = spec.qgs_fields()
    count = 0
    for count, (place, values) in enumerate(rows, start=1):
        feature = QgsFeature(fields)
        feature.setAttributes([_attribute(value, neutralise_formulas) for value in values])
        if place is not None:
            feature.setGeometry(_geometry(place))
        if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
            raise WriteFailed(
                tr("Row {} of “{}” could not be written.").format(count, spec.title),
                sink.lastError() or tr("Is the disk full?"),
            )
        if count % _ROWS_PER_TICK == 0:
            tick(0.0)
    return count


def _attribute(value: Any, neutralise_formulas: bool) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and np.isnan(value):
        return None
    if isinstance(value, str):
        formula = value.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(value)
        return f"'{value}" if neutralise_formulas and formula else value
    if isinstance(value, datetime.datetime):
        clock = QTime(value.hour, value.minute, value.second, value.microsecond // 1000)
        return QDateTime(QDate(value.year, value.month, value.day), clock)
    if isinstance(value, datetime.date):
        return QDate(value.year, value.month, value.day)
    return value


def _geometry(place: Place) -> QgsGeometry:
    if isinstance(place, tuple):
        return QgsGeometry.fromPointXY(QgsPointXY(*place))
    geometry = QgsGeometry()
    geometry.fromWkb(shapely.wkb.dumps(place))
    if geometry.type() == QgsWkbTypes.GeometryType.PolygonGeometry:
        geometry.convertToMultiType()
    return geometry


def _refused_by_writer(path: Path, writer: QgsVectorFileWriter) -> WriteFailed:
    return WriteFailed(
        tr("“{}” could not be written: {}.").format(path.name, writer.errorMessage().strip(" .")),
        tr("Check the free space and your rights in that folder."),
    )


@no_gdal_exceptions()
def _spare_other_layers(path: Path) -> None:
    """Refuse to replace a GeoPackage that holds several layers: the others would go with it."""
    if path.suffix.lower() != ".gpkg" or not path.exists():
        return
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY, allowed_drivers=["GPKG"])
    if dataset is None:
        return
    held = {dataset.GetLayer(index).GetName() for index in range(dataset.GetLayerCount())}
    others = held - _OUR_OWN_TABLES
    kept_aside = _tiles_and_projects(dataset)
    del dataset
    if kept_aside:
        raise InputRefused(
            tr("“{}” holds tiles or a project, and replacing it would lose them.").format(
                path.name
            ),
            tr("Choose another file, or “Save to GeoPackage” to add a layer to this one."),
        )
    if len(others) > 1:
        raise InputRefused(
            tr("“{}” holds {} layers, and replacing it would lose them.").format(
                path.name, len(others)
            ),
            tr("Choose another file, or “Save to GeoPackage” to add a layer to this one."),
        )


def _tiles_and_projects(dataset: gdal.Dataset) -> int:
    """Count what a GeoPackage holds that is no layer of features or table."""
    counted = 0
    for query in (
        "SELECT count(*) FROM gpkg_contents WHERE data_type NOT IN ('features', 'attributes')",
        "SELECT count(*) FROM sqlite_master WHERE name = 'qgis_projects'",
    ):
        answer = dataset.ExecuteSQL(query)
        counted += answer.GetNextFeature().GetField(0) if answer is not None else 0
        dataset.ReleaseResultSet(answer)
    return counted


def _dress_inside(path: Path, table: str, finish: Finish) -> None:
    """Keep style, metadata and title in the GeoPackage, for whoever opens it without the plugin."""
    with no_write_ahead_log():
        layer = QgsVectorLayer(f"{path}|layername={table}", finish.title, "ogr")
        dress(layer, finish)
        layer.saveStyleToDatabase(file_stem(finish.title)[:_LONGEST_STYLE_NAME], "", True, "")
        layer.saveDefaultMetadata()
        # QGIS 3.40 keeps looks by way of a write-ahead log, which this reader misses when it closes
        with no_gdal_messages():
            del layer  # closes the file


@no_gdal_exceptions()
@first_row_is_heading()
def _check_layer(path: Path, driver: str, table: str, expected: int, name: str) -> None:
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY, allowed_drivers=[driver])
    layer = None
    if dataset is not None:
        layer = dataset.GetLayerByName(table) if driver == "GPKG" else dataset.GetLayer(0)
    # an empty GeoJSON, CSV or XLSX has no layer to find
    found = 0 if layer is None else layer.GetFeatureCount()
    if (dataset is None and expected) or found != expected:
        raise WriteFailed(
            tr("“{}” reads back with {} rows where {} were written.").format(name, found, expected),
            tr("The old file, if there was one, is untouched; check the free space."),
        )


@no_gdal_exceptions()
def write_raster(path: Path, raster: Raster, finish: Finish, description: str = "") -> Path:
    """Write `raster` as a compressed GeoTIFF, read it back, and return where it lies.

    Raises:
        InputRefused: the suffix is not `.tif` or `.tiff`.
        WriteFailed: the file could not be written or does not read back as written.
    """
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise InputRefused(
            tr("“{}” is not a GeoTIFF's name.").format(path.name), tr("End it in .tif.")
        )
    values = raster.values.astype(np.float32)
    missing = np.isnan(values)
    values[missing] = NO_DATA
    rows, columns = values.shape
    with beside(path) as pending:
        # a higher level takes three times as long for a file that is no smaller
        options = [
            "COMPRESS=DEFLATE",
            "PREDICTOR=3",
            "ZLEVEL=1",
            "NUM_THREADS=ALL_CPUS",
            "TILED=YES",
        ]
        driver = gdal.GetDriverByName("GTiff")
        dataset = driver.Create(
            str(pending.temporary), columns, rows, 1, gdal.GDT_Float32, options=options
        )
        if dataset is None:
            raise _raster_failed(path)
        dataset.SetGeoTransform((raster.west, raster.cell_m, 0, raster.north, 0, -raster.cell_m))
        dataset.SetProjection(raster.crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT2_2019))
        dataset.SetMetadataItem("TIFFTAG_IMAGEDESCRIPTION", description)
        for name, fact in raster.facts.items():
            dataset.SetMetadataItem(name, fact)
        band = dataset.GetRasterBand(1)
        band.SetNoDataValue(NO_DATA)
        band.SetUnitType(raster.unit)
        band.SetDescription(raster.unit)
        known = values[~missing].astype(float)
        if known.size:
            mean = known.mean()
            variance = max(known.dot(known) / known.size - mean**2, 0.0)
            band.SetStatistics(float(known.min()), float(known.max()), mean, variance**0.5)
        failed = band.WriteArray(values) != gdal.CE_None
        band = dataset = None  # closes the file
        if failed or not _reads_back(pending.temporary, values):
            raise _raster_failed(path)
    _write_style_beside(pending.final, finish)
    return pending.final


def _write_style_beside(path: Path, finish: Finish) -> None:
    """Leave a `.qml` by the raster, which QGIS reads when somebody opens it without the plugin."""
    layer = QgsRasterLayer(str(path), finish.title, "gdal")
    dress(layer, finish)
    with beside(path.with_suffix(".qml")) as style:
        message, saved = layer.saveNamedStyle(str(style.temporary))
        if not saved:
            raise WriteFailed(message, tr("Check the free space and your rights in that folder."))


@no_gdal_exceptions()
def _reads_back(path: Path, values: np.ndarray) -> bool:
    dataset = gdal.OpenEx(str(path), gdal.OF_RASTER | gdal.OF_READONLY, allowed_drivers=["GTiff"])
    return dataset is not None and np.array_equal(dataset.ReadAsArray(), values)


def _raster_failed(path: Path) -> WriteFailed:
    return WriteFailed(
        tr("“{}” could not be written.").format(path.name),
        tr("Check the free space and your rights in that folder."),
    )


def copy_file(source: Path, target: Path) -> Path:
    """Copy a finished file (no open database) to `target`, beside first, and return its place."""
    with beside(target) as pending:
        shutil.copyfile(source, pending.temporary)
        if pending.temporary.stat().st_size != source.stat().st_size:
            raise WriteFailed(
                tr("“{}” was not copied whole.").format(target.name), tr("Is the disk full?")
            )
    return pending.final


def write_text(path: Path, text: str) -> Path:
    """Write `text` as UTF-8 and return where it lies.

    Raises:
        WriteFailed: the folder is missing or closed to the user, or the disk is full.
    """
    with beside(path) as pending:
        try:
            pending.temporary.write_text(text, encoding="utf-8")
        except OSError as error:
            raise WriteFailed(
                tr("“{}” could not be written ({}).").format(path.name, error.strerror),
                tr("Check the free space there."),
            ) from error
    return pending.final
