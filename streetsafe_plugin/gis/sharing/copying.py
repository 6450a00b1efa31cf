# SPDX-License-Identifier: GPL-2.0-or-later
"""The data of a project copied into one GeoPackage: rows as they are shown, cells as they are.

Rows come through QGIS, so that a filter, joined and worked-out fields and a database's rows are
copied as people see them, and nothing else. A surface (one band of 32-bit floats) goes into the
GeoPackage as well: GDAL keeps such cells there as they are, which is checked for each. Other
rasters would be scaled or turned into pictures in a GeoPackage, so they become GeoTIFFs beside it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from osgeo import gdal
from qgis.core import (
    QgsCoordinateTransformContext,
    QgsFeatureRequest,
    QgsFeedback,
    QgsMapLayer,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from streetsafe_plugin.domain.errors import Cancelled, WriteFailed
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.gis.exact_numbers import keep_exact
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.recipe import RECIPE_ITEM
from streetsafe_plugin.gis.text_gate import file_stem
from streetsafe_plugin.i18n import tr

#: Names that SQLite or the GeoPackage keep for themselves.
_RESERVED = ("gpkg_", "sqlite_", "rtree_", "layer_styles", "qgis_projects", "streetsafe_")
_FEATURE_ID, _SHAPE = "fid", "geom"
_ROWS_A_BLOCK = 512
_OUR_ITEMS = ("STREETSAFE_", "AREA_OR_POINT")
#: What GDAL works out itself.
_DERIVED_DOMAINS = ("", "DERIVED_SUBDATASETS", "IMAGE_STRUCTURE", "xml:VRT")
_LOSSLESS = ["COMPRESS=DEFLATE", "TILED=YES", "BIGTIFF=IF_SAFER"]


@dataclass
class Copies:
    """What was copied to where: each layer's new source, by layer id."""

    geopackage: Path
    keep_recipes: bool
    sources: dict[str, str] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    _same: dict[tuple[str, ...], str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def free_name(self, wanted: str) -> str:
        """Return a table name that no other has, whatever the letters' case."""
        stem = file_stem(wanted)
        if stem.lower().startswith(_RESERVED):
            stem = f"layer-{stem}"[:80]
        name, number = stem, 2
        while name.lower() in self._taken:
            name, number = f"{stem}-{number}", number + 1
        self._taken.add(name.lower())
        return name

    def add_rows(self, layer: QgsVectorLayer, without: Collection[str], tick: Tick) -> None:
        """Copy the rows that a layer shows, without some of its fields.

        Layers that show the same rows of the same source share one table.

        Raises:
            WriteFailed: a row was refused or is missing afterwards.
            Cancelled: the user has stopped.
        """
        same = (
            layer.providerType(),
            layer.source(),
            *layer.fields().names(),
            "-",
            *sorted(without),
        )
        table = self._same.get(same)
        if table is None:
            table = self._same[same] = self.free_name(layer.name())
            self._write(layer, table, without, tick)
        self.tables[layer.id()] = table
        self.sources[layer.id()] = f"{self.geopackage}|layername={table}"
        self.providers[layer.id()] = "ogr"

    def add_cells(self, layer: QgsRasterLayer, tick: Tick) -> None:
        """Copy a raster's cells.

        Raises:
            WriteFailed: they do not come back as they were.
        """
        name = self.free_name(layer.name())
        with no_gdal_exceptions():
            original = gdal.OpenEx(layer.source(), gdal.OF_RASTER | gdal.OF_READONLY)
            if original is None:
                raise _unwritten(layer, gdal.GetLastErrorMsg())
            if _is_surface(original):
                source = f"GPKG:{self.geopackage}:{name}"
                options = _surface_options(name, original.GetRasterBand(1))
                target, driver = str(self.geopackage), gdal.GetDriverByName("GPKG")
            else:
                source = target = str(self.geopackage.with_name(f"{name}.tif"))
                options, driver = _LOSSLESS, gdal.GetDriverByName("GTiff")
            progress = _Progress(tick)
            bare = _without_names(original, self.keep_recipes)
            copied = driver.CreateCopy(target, bare, 1, options, progress)
            progress.raise_if_stopped()
            if copied is None:
                raise _unwritten(layer, gdal.GetLastErrorMsg())
            del copied  # closes the file
            again = gdal.OpenEx(source, gdal.OF_RASTER | gdal.OF_READONLY)
            if again is None or not _same_cells(original, again):
                raise _unwritten(layer, tr("its cells do not come back as they were"))
        self.sources[layer.id()] = source
        self.providers[layer.id()] = "gdal"

    def _write(
        self, layer: QgsVectorLayer, table: str, without: Collection[str], tick: Tick
    ) -> None:
        feedback = _RowsProgress(tick)
        names = layer.fields().names()
        exists = self.geopackage.exists()
        writing = QgsVectorFileWriter.ActionOnExistingFile
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName = "GPKG"
        options.fileEncoding = "UTF-8"
        options.layerName = table
        options.actionOnExistingFile = (
            writing.CreateOrOverwriteLayer if exists else writing.CreateOrOverwriteFile
        )
        options.attributes = [n for n, name in enumerate(names) if name not in without]
        options.skipAttributeCreation = not options.attributes
        options.layerOptions = _options_for(layer)
        options.feedback = feedback
        exact = keep_exact(options, layer.fields()) if layer.providerType() != "ogr" else None
        error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
            layer, str(self.geopackage), QgsCoordinateTransformContext(), options
        )
        del exact  # QGIS keeps no reference of its own
        if feedback.isCanceled():
            raise Cancelled
        if error != QgsVectorFileWriter.WriterError.NoError:
            raise _unwritten(layer, message)
        written, expected = self._rows_in(table), rows_of(layer)
        if written != expected:
            raise _unwritten(layer, tr("{} of {} rows came back").format(written, expected))

    @no_gdal_exceptions()
    def _rows_in(self, table: str) -> int:
        dataset = gdal.OpenEx(str(self.geopackage), gdal.OF_VECTOR | gdal.OF_READONLY)
        layer = dataset.GetLayerByName(table) if dataset else None
        return layer.GetFeatureCount() if layer is not None else -1


def rows_of(layer: QgsVectorLayer) -> int:
    """Return how many rows a layer shows, counted where the provider only estimates."""
    if layer.providerType() in ("ogr", "memory"):
        return int(layer.featureCount())
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return sum(1 for _ in layer.getFeatures(request.setSubsetOfAttributes([])))


def _options_for(layer: QgsVectorLayer) -> list[str]:
    """Return names for the columns that every table has, other than those of the fields."""
    taken = {name.lower() for name in layer.fields().names()}
    feature_id, shape = _FEATURE_ID, _SHAPE
    is_key = layer.providerType() == "ogr" and layer.storageType() == "GPKG"
    while feature_id in taken and not (feature_id == _FEATURE_ID and is_key):
        feature_id += "_"
    while shape in taken:
        shape += "_"
    return [f"FID={feature_id}", *([f"GEOMETRY_NAME={shape}"] if layer.isSpatial() else [])]


def _without_names(dataset: gdal.Dataset, keep_recipe: bool) -> gdal.Dataset:
    """Return a view of a raster that says of itself only what StreetSafe wrote.

    A TIFF may name its author, its machine and the file it came from.
    """
    bare = gdal.GetDriverByName("VRT").CreateCopy("", dataset)
    kept = {
        name: value
        for name, value in dataset.GetMetadata().items()
        if name.startswith(_OUR_ITEMS) and (keep_recipe or name != RECIPE_ITEM)
    }
    for domain in bare.GetMetadataDomainList() or []:
        if domain not in _DERIVED_DOMAINS:
            bare.SetMetadata(None, domain)
    bare.SetMetadata(kept)
    return bare


def _surface_options(table: str, band: gdal.Band) -> list[str]:
    """Return how a surface is written, with what it measures: GDAL would say “Height”."""
    measured = band.GetDescription() or band.GetUnitType()
    return [
        f"RASTER_TABLE={table}",
        "APPEND_SUBDATASET=YES",
        "TILE_FORMAT=TIFF",
        *([f"FIELD_NAME={measured}", f"QUANTITY_DEFINITION={measured}"] if measured else []),
        *([f"UOM={band.GetUnitType()}"] if band.GetUnitType() else []),
    ]


def _is_surface(dataset: gdal.Dataset) -> bool:
    """Tell whether a GeoPackage keeps a raster's cells exactly: 32-bit floats, north up."""
    _, _, across, _, down, _ = dataset.GetGeoTransform()
    return (
        dataset.RasterCount == 1
        and dataset.GetRasterBand(1).DataType == gdal.GDT_Float32
        and across == down == 0
        and dataset.GetSpatialRef() is not None
    )


def _same_cells(one: gdal.Dataset, other: gdal.Dataset) -> bool:
    shape = [(each.RasterXSize, each.RasterYSize, each.RasterCount) for each in (one, other)]
    if shape[0] != shape[1] or not np.allclose(
        one.GetGeoTransform(), other.GetGeoTransform(), rtol=1e-12, atol=0
    ):
        return False
    for number in range(1, one.RasterCount + 1):
        bands = one.GetRasterBand(number), other.GetRasterBand(number)
        for row in range(0, bands[0].YSize, _ROWS_A_BLOCK):
            height = min(_ROWS_A_BLOCK, bands[0].YSize - row)
            first, second = (band.ReadAsArray(0, row, band.XSize, height) for band in bands)
            if first is None or second is None or first.tobytes() != second.tobytes():
                return False
    return True


def _unwritten(layer: QgsMapLayer, reason: str) -> WriteFailed:
    return WriteFailed(
        tr("“{}” could not be copied ({}).").format(layer.name(), reason.strip(" .")),
        tr("Check the free space, or take the layer out of the project."),
    )


class _RowsProgress(QgsFeedback):
    """Hand QGIS's progress on; where that raises, be cancelled, as a slot must not raise.

    A function of its own would hold this and be held by it, and so would the new project, which
    must not wait for the garbage collector: one that outlives QGIS takes the process down.
    """

    def __init__(self, tick: Tick) -> None:
        super().__init__()
        self._tick = tick
        self.progressChanged.connect(self._hand_on)

    def _hand_on(self, percent: float) -> None:
        try:
            self._tick(percent / 100)
        except Cancelled:
            self.cancel()


class _Progress:
    """Hand GDAL's progress on; what that raises stops GDAL and is raised again afterwards."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._stopped: Cancelled | None = None

    def __call__(self, share: float, message: str, data: object) -> int:
        try:
            self._tick(share)
        except Cancelled as stopped:
            self._stopped = stopped
            return 0
        return 1

    def raise_if_stopped(self) -> None:
        if self._stopped is not None:
            raise self._stopped
