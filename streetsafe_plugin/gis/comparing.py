# SPDX-License-Identifier: GPL-2.0-or-later
"""Two results compared, row by row or cell by cell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from osgeo import gdal
from qgis.core import QgsFeature, QgsGeometry, QgsMapLayer, QgsRasterLayer, QgsVectorLayer

from streetsafe_plugin.compat import to_python
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions

#: As far apart as the same sum may come out on two machines, relative and absolute.
TOLERANCE = 1e-9
#: Places are the same within a thousandth of a millimetre.
_PLACE_M = 1e-6
_FEATURE_ID = "fid"
_ROWS_A_BLOCK = 512


def differences(one: QgsMapLayer, other: QgsMapLayer, tick: Tick = no_tick) -> int:
    """Return how many rows or cells of two layers differ; all of the longer if their kinds do."""
    if isinstance(one, QgsVectorLayer) and isinstance(other, QgsVectorLayer):
        return _different_rows(one, other, tick)
    if isinstance(one, QgsRasterLayer) and isinstance(other, QgsRasterLayer):
        return _different_cells(one.source(), other.source(), tick)
    return 1


def _different_rows(one: QgsVectorLayer, other: QgsVectorLayer, tick: Tick) -> int:
    names = _names(one)
    longest = max(one.featureCount(), other.featureCount())
    if names != _names(other):
        return int(longest)
    different = abs(one.featureCount() - other.featureCount())
    for number, (first, second) in enumerate(zip(one.getFeatures(), other.getFeatures())):
        if number % 500 == 0:
            tick(number / max(longest, 1))
        if not _same_row(first, second, names):
            different += 1
    return int(different)


def _names(layer: QgsVectorLayer) -> list[str]:
    return [name for name in layer.fields().names() if name.lower() != _FEATURE_ID]


def _same_row(one: QgsFeature, other: QgsFeature, names: list[str]) -> bool:
    return all(_same(to_python(one[name]), to_python(other[name])) for name in names) and (
        _same_place(one.geometry(), other.geometry())
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        both_missing = math.isnan(one) and math.isnan(other)
        return both_missing or math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


def _same_place(one: QgsGeometry, other: QgsGeometry) -> bool:
    if one.isNull() or other.isNull():
        return one.isNull() and other.isNull()
    first, second = (
        np.array([(vertex.x(), vertex.y()) for vertex in each.vertices()]) for each in (one, other)
    )
    return first.shape == second.shape and np.allclose(first, second, rtol=0, atol=_PLACE_M)


@no_gdal_exceptions()
def _different_cells(one: str, other: str, tick: Tick) -> int:
    first, second = (gdal.OpenEx(each, gdal.OF_RASTER | gdal.OF_READONLY) for each in (one, other))
    if first is None or second is None:
        return 1
    cells = max(each.RasterXSize * each.RasterYSize for each in (first, second))
    shapes = [(each.RasterXSize, each.RasterYSize, each.RasterCount) for each in (first, second)]
    place, other_place = first.GetGeoTransform(), second.GetGeoTransform()
    if shapes[0] != shapes[1] or not np.allclose(place, other_place, rtol=TOLERANCE, atol=0):
        return int(cells)
    different = 0
    for row in range(0, first.RasterYSize, _ROWS_A_BLOCK):
        height = min(_ROWS_A_BLOCK, first.RasterYSize - row)
        block, other_block = (
            each.GetRasterBand(1).ReadAsArray(0, row, each.RasterXSize, height).astype(float)
            for each in (first, second)
        )
        same = np.isclose(block, other_block, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        different += int((~same).sum())
        tick(min((row + height) / first.RasterYSize, 1.0))
    return different
