# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground on which a surface is high, as polygons."""

from __future__ import annotations

import numpy as np
import shapely.wkb
from osgeo import gdal, ogr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsGeometry,
    QgsRasterLayer,
    QgsSingleBandPseudoColorRenderer,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis.heat_facts import heat_facts
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.i18n import tr


def first_coloured(layer: QgsRasterLayer) -> float | None:
    """Return the value from which a surface is coloured; None where that cannot be told.

    A heat map of ours says it itself, whatever colours it was given since.
    """
    facts = heat_facts(layer)
    if facts is not None and facts.limits:
        return facts.limits[0]
    renderer = layer.renderer()
    if not isinstance(renderer, QgsSingleBandPseudoColorRenderer):
        return None
    items = renderer.shader().rasterShaderFunction().colorRampItemList()
    colourless = []
    for item in items:
        if item.color.alpha():
            break
        colourless.append(item.value)
    return float(colourless[-1]) if colourless else None


@no_gdal_exceptions()
def areas_at_or_above(
    layer: QgsRasterLayer,
    level: float,
    crs: QgsCoordinateReferenceSystem,
    transform_context: QgsCoordinateTransformContext,
) -> list[BaseGeometry]:
    """Return the cells whose value is a level or more as polygons in `crs`, joined at their sides.

    Raises:
        InputRefused: the raster is no file, or has no coordinate system.
    """
    dataset = gdal.OpenEx(layer.source(), gdal.OF_RASTER | gdal.OF_READONLY)
    if dataset is None or not layer.crs().isValid():
        raise InputRefused(
            tr("“{}” is not a raster file with a coordinate system.").format(layer.name()),
            tr("Save it as a GeoTIFF first."),
        )
    band = dataset.GetRasterBand(1)
    values, missing = band.ReadAsArray().astype(float), band.GetNoDataValue()
    high = (values >= level) & (True if missing is None else values != missing)
    marked = gdal.GetDriverByName("MEM").Create("", dataset.RasterXSize, dataset.RasterYSize, 1)
    marked.SetGeoTransform(dataset.GetGeoTransform())
    marked.GetRasterBand(1).WriteArray(high.astype(np.uint8))
    shapes = _polygons(marked.GetRasterBand(1))
    if layer.crs() == crs:
        return shapes
    transform = QgsCoordinateTransform(layer.crs(), crs, transform_context)
    return [_moved(shape, transform) for shape in shapes]


def _polygons(band: gdal.Band) -> list[BaseGeometry]:
    """Return the patches of cells that hold 1."""
    drawn = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = drawn.CreateLayer("high", None, ogr.wkbPolygon)
    gdal.Polygonize(band, band, layer, -1)
    return [shapely.wkb.loads(bytes(one.GetGeometryRef().ExportToWkb())) for one in layer]


def _moved(shape: BaseGeometry, transform: QgsCoordinateTransform) -> BaseGeometry:
    geometry = QgsGeometry()
    geometry.fromWkb(shapely.wkb.dumps(shape))
    geometry.transform(transform)
    return shapely.wkb.loads(bytes(geometry.asWkb()))
