# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers as arrays of metres and shapely polygons, with every feature accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely.wkb
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsFeature,
    QgsFeatureRequest,
    QgsFeatureSource,
    QgsGeometry,
    QgsRectangle,
    QgsVectorLayer,
    QgsWkbTypes,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.compat import to_python
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.gis.point_arrays import (
    FEW_FEATURES,
    RawPoints,
    copy_of,
    read_stored,
    scratch_folder,
    several_points,
    stored,
)
from streetsafe_plugin.i18n import tr

#: West, south, east and north.
Bounds = tuple[float, float, float, float]

_FEATURES_PER_TICK = 2000


@dataclass(frozen=True)
class PointTable:
    """Points in metres beside the attributes that were asked for.

    `xy` is (n, 2). Each array in `columns` has n values: numbers, dates, or objects with None
    where missing, according to how the layer is stored. `excluded` counts the features that have
    no usable place, by reason: `no_geometry`, `not_finite`, `not_transformable`; n and those
    together are `total`, the features of the source.
    """

    xy: np.ndarray
    columns: dict[str, np.ndarray]
    total: int
    excluded: dict[str, int]
    crs_id: str


@dataclass(frozen=True)
class PolygonTable:
    """Valid polygons in metres beside the attributes that were asked for.

    `rows` holds each polygon's number in the source, from 0; `repaired` the rows whose outline
    had to be mended on this copy; `excluded` counts features without an area, by reason.
    """

    shapes: list[BaseGeometry]
    columns: dict[str, list[Any]]
    rows: list[int]
    repaired: list[int] = field(default_factory=list)
    excluded: dict[str, int] = field(default_factory=dict)

    def called(self, naming: Sequence[str]) -> list[str]:
        """Return what the repaired polygons are called, or their numbers counted from 1."""
        places = {row: place for place, row in enumerate(self.rows)}
        return [self._name(places.get(row), naming) or str(row + 1) for row in self.repaired]

    def _name(self, place: int | None, naming: Sequence[str]) -> str:
        values = () if place is None else (self.columns[field][place] for field in naming)
        return next((str(value) for value in values if value not in (None, "")), "")


def read_points(
    source: QgsFeatureSource,
    crs: QgsCoordinateReferenceSystem,
    transform_context: QgsCoordinateTransformContext,
    columns: Sequence[str] = (),
    tick: Tick = no_tick,
    layer: QgsVectorLayer | None = None,
) -> PointTable:
    """Read every point of `source` as metres in `crs`; a multipoint of one part is a point.

    `layer` is the layer behind the source where the source gives all of its features.

    Raises:
        InputRefused: the source has no coordinate system, or a feature has several points.
    """
    _require_crs(source)
    held = [name for name in columns if source.fields().lookupField(name) >= 0]
    raw = _read_raw(source, held, tick, layer)
    finite = np.isfinite(raw.xy).all(axis=1)
    xy = transform_xy(raw.xy, source.sourceCrs(), crs, transform_context)
    usable = np.isfinite(xy).all(axis=1)
    excluded = {
        "no_geometry": int(raw.missing.sum()),
        "not_finite": int((~finite & ~raw.missing).sum()),
        "not_transformable": int((finite & ~usable).sum()),
    }
    read = {
        name: raw.columns[name] if name in held else np.full(len(xy), None, dtype=object)
        for name in columns
    }
    if not usable.all():
        xy, read = xy[usable], {name: values[usable] for name, values in read.items()}
    return PointTable(xy, read, len(raw.xy), excluded, crs.authid())


def _read_raw(
    source: QgsFeatureSource, columns: Sequence[str], tick: Tick, layer: QgsVectorLayer | None
) -> RawPoints:
    """Read points the quickest way there is for where they lie."""
    place = stored(layer, columns)
    if place:
        return read_stored(place, columns, source.sourceName(), tick)
    if source.featureCount() <= FEW_FEATURES:
        return _read_one_by_one(source, columns, tick)
    with scratch_folder() as folder:
        copied = copy_of(source, columns, Path(folder), lambda share: tick(share / 2))
        return read_stored(
            copied, columns, source.sourceName(), lambda share: tick(0.5 + share / 2)
        )


def _read_one_by_one(source: QgsFeatureSource, columns: Sequence[str], tick: Tick) -> RawPoints:
    indices = [source.fields().lookupField(name) for name in columns]
    request = QgsFeatureRequest().setSubsetOfAttributes(indices)
    places: list[tuple[float, float]] = []
    values: list[list[Any]] = [[] for _ in columns]
    expected = max(source.featureCount(), 1)
    for number, feature in enumerate(source.getFeatures(request)):
        if number % _FEATURES_PER_TICK == 0:
            tick(min(number / expected, 1.0))
        places.append(_place_of(feature.geometry(), source.sourceName()))
        for column, index in zip(values, indices):
            column.append(to_python(feature[index]))
    xy = np.array(places, dtype=float).reshape(-1, 2)
    return RawPoints(
        xy,
        np.isnan(xy).all(axis=1),
        {
            name: np.array([*column, None], dtype=object)[:-1]
            for name, column in zip(columns, values)
        },
    )


def _place_of(geometry: QgsGeometry, name: str) -> tuple[float, float]:
    if geometry.isNull() or geometry.isEmpty():
        return np.nan, np.nan
    if geometry.isMultipart():
        parts = geometry.asMultiPoint()
        if len(parts) > 1:
            raise several_points(name, len(parts))
        point = parts[0]
    else:
        point = geometry.asPoint()
    return point.x(), point.y()


def read_polygons(
    source: QgsFeatureSource,
    crs: QgsCoordinateReferenceSystem,
    transform_context: QgsCoordinateTransformContext,
    columns: Sequence[str] = (),
    tick: Tick = no_tick,
    within: Sequence[Bounds] | None = None,
) -> PolygonTable:
    """Read every polygon of `source` in `crs`, invalid ones repaired on the copy and listed.

    With `within`, only polygons whose extent meets one of the rectangles (west, south, east and
    north in `crs`) are read, and what lies elsewhere is neither counted nor numbered.

    Raises:
        InputRefused: the source has no coordinate system.
    """
    _require_crs(source)
    indices = [source.fields().lookupField(name) for name in columns]
    request = QgsFeatureRequest().setSubsetOfAttributes(indices)
    transform = QgsCoordinateTransform(source.sourceCrs(), crs, transform_context)
    wanted = None if within is None else _in_layer(within, transform)
    if wanted:
        request.setFilterRect(_around_all(wanted))
    shapes: list[BaseGeometry] = []
    rows: list[int] = []
    repaired: list[int] = []
    values: list[list[Any]] = [[] for _ in columns]
    excluded = {"no_geometry": 0, "not_transformable": 0, "no_area": 0}
    expected = max(source.featureCount(), 1)
    for row, feature in enumerate(_meeting(source.getFeatures(request), wanted)):
        tick(min(row / expected, 1.0))
        geometry = feature.geometry()
        if geometry.isNull() or geometry.isEmpty():
            excluded["no_geometry"] += 1
            continue
        try:
            geometry.transform(transform)
        except QgsCsException:
            excluded["not_transformable"] += 1
            continue
        if not geometry.isGeosValid():
            geometry = geometry.makeValid()
            repaired.append(row)
        geometry.convertToStraightSegment()
        geometry.convertGeometryCollectionToSubclass(QgsWkbTypes.GeometryType.PolygonGeometry)
        geometry.get().dropZValue()
        geometry.get().dropMValue()
        if geometry.isEmpty() or not geometry.area() > 0:
            excluded["no_area"] += 1
            continue
        shapes.append(shapely.wkb.loads(bytes(geometry.asWkb())))
        rows.append(row)
        for column, index in zip(values, indices):
            column.append(to_python(feature[index]) if index >= 0 else None)
    return PolygonTable(shapes, dict(zip(columns, values)), rows, repaired, excluded)


def _in_layer(
    within: Sequence[Bounds], transform: QgsCoordinateTransform
) -> list[QgsRectangle] | None:
    """Return rectangles in the layer's own system; None if it does not reach as far."""
    backwards = QgsCoordinateTransform.TransformDirection.ReverseTransform
    try:
        return [
            transform.transformBoundingBox(QgsRectangle(*bounds), backwards) for bounds in within
        ]
    except QgsCsException:
        return None


def _around_all(rectangles: Sequence[QgsRectangle]) -> QgsRectangle:
    whole = QgsRectangle(rectangles[0])
    for rectangle in rectangles[1:]:
        whole.combineExtentWith(rectangle)
    return whole


def _meeting(
    features: Iterable[QgsFeature], rectangles: Sequence[QgsRectangle] | None
) -> Iterator[QgsFeature]:
    """Yield the features whose extent meets one of the rectangles; all if there are none to meet.

    The provider is asked once for the rectangle around all, since one without a spatial index
    goes through the whole file each time.
    """
    for feature in features:
        if rectangles is None or any(
            feature.geometry().boundingBox().intersects(one) for one in rectangles
        ):
            yield feature


def _require_crs(source: QgsFeatureSource) -> None:
    if not source.sourceCrs().isValid():
        raise InputRefused(
            tr("Layer “{}” has no coordinate system, so its places are unknown.").format(
                source.sourceName()
            ),
            tr("Set the layer's coordinate system first (Layer CRS in the layer's menu)."),
        )
