# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cells of a grid lie in an area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely.wkb
from osgeo import gdal, ogr, osr
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.surface.density_grid import Grid
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions


@no_gdal_exceptions()
def cells_inside(shapes: Sequence[BaseGeometry], grid: Grid) -> np.ndarray:
    """Return a (rows, columns) array that is true where a cell's centre lies in a polygon."""
    raster = gdal.GetDriverByName("MEM").Create("", grid.columns, grid.rows, 1, gdal.GDT_Byte)
    # both in the same metres, whatever these are: GDAL asks for a system to tell
    metres = osr.SpatialReference()
    metres.SetLocalCS("metres")
    raster.SetProjection(metres.ExportToWkt())
    raster.SetGeoTransform((grid.west, grid.cell_m, 0, grid.north, 0, -grid.cell_m))
    polygons = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = polygons.CreateLayer("area", metres, ogr.wkbUnknown)
    for shape in shapes:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkb(shapely.wkb.dumps(shape)))
        layer.CreateFeature(feature)
    gdal.RasterizeLayer(raster, [1], layer, burn_values=[1])
    return raster.ReadAsArray().astype(bool)
