# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers as arrays: every feature is there or counted among those left out."""

from __future__ import annotations

import datetime
import math

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeatureSource,
)

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis.layers import read_points, read_polygons

BNG = QgsCoordinateReferenceSystem("EPSG:27700")
CONTEXT = QgsCoordinateTransformContext()


def source(layer) -> QgsProcessingFeatureSource:
    return QgsProcessingFeatureSource(layer, QgsProcessingContext())


def test_points_and_columns_run_side_by_side(make_layer) -> None:
    layer = make_layer(
        ["Point(1 2)", None, "Point(9 9)", "Point(5 6)"],
        fields=[("name", "string"), ("day", "date"), ("n", "integer")],
        rows=[["a", "2022-03-01", 1], ["b", None, 2], ["c", None, 3], ["d", None, None]],
    )
    infinite = QgsGeometry.fromPointXY(QgsPointXY(math.inf, 3))
    assert layer.dataProvider().changeGeometryValues({3: infinite})
    table = read_points(source(layer), BNG, CONTEXT, ["name", "day", "n", "missing"])
    assert table.xy.tolist() == [[1, 2], [5, 6]]
    assert {name: values.tolist() for name, values in table.columns.items()} == {
        "name": ["a", "d"],
        "day": [datetime.date(2022, 3, 1), None],
        "n": [1, None],
        "missing": [None, None],
    }
    assert table.total == 4
    assert len(table.xy) + sum(table.excluded.values()) == table.total
    assert table.excluded["no_geometry"] == 1
    assert table.excluded["not_finite"] == 1


def test_a_multipoint_of_one_is_a_point_and_of_two_is_refused(make_layer) -> None:
    layer = make_layer(["MultiPoint((1 2))"], kind="MultiPoint")
    assert read_points(source(layer), BNG, CONTEXT).xy.tolist() == [[1, 2]]
    layer = make_layer(["MultiPoint((1 2), (3 4))"], kind="MultiPoint")
    with pytest.raises(InputRefused, match="has 2 points.*singleparts"):
        read_points(source(layer), BNG, CONTEXT)


def test_a_place_outside_the_earth_is_left_out(make_layer) -> None:
    layer = make_layer(["Point(-1.1 52.6)", "Point(0 95)"], crs="EPSG:4326")
    table = read_points(source(layer), BNG, CONTEXT)
    assert len(table.xy) == 1
    assert table.excluded["not_transformable"] == 1


@pytest.mark.parametrize(
    ("wkt", "area", "repaired"),
    [
        ("Polygon((0 0, 10 0, 10 10, 0 10, 0 0))", 100, 0),
        # a bow tie: two triangles of 25 each
        ("Polygon((0 0, 10 10, 10 0, 0 10, 0 0))", 50, 1),
        ("PolygonZ((0 0 5, 10 0 5, 10 10 5, 0 10 5, 0 0 5))", 100, 0),
        ("MultiPolygon(((0 0, 1 0, 1 1, 0 1, 0 0)),((5 5, 7 5, 7 7, 5 7, 5 5)))", 5, 0),
        # a full circle of radius 1 as two arcs
        ("CurvePolygon(CircularString(0 0, 1 1, 2 0, 1 -1, 0 0))", 3.14159, 0),
    ],
    ids=["square", "bow tie", "with heights", "two parts", "curved"],
)
def test_polygons_arrive_valid_and_flat(make_layer, wkt: str, area: float, repaired: int) -> None:
    layer = make_layer([wkt], kind=wkt.split("(", maxsplit=1)[0])
    table = read_polygons(source(layer), BNG, CONTEXT)
    [shape] = table.shapes
    assert shape.is_valid
    assert not shape.has_z
    assert shape.area == pytest.approx(area, rel=0.001)
    assert len(table.repaired) == repaired


def test_polygons_without_area_are_counted(make_layer) -> None:
    layer = make_layer(["Polygon((0 0, 1 1, 2 2, 0 0))", None], kind="Polygon")
    table = read_polygons(source(layer), BNG, CONTEXT)
    assert table.shapes == []
    assert sum(table.excluded.values()) == 2


def test_a_layer_without_a_system_is_refused(make_layer) -> None:
    layer = make_layer(["Point(1 2)"], crs="")
    with pytest.raises(InputRefused, match="no coordinate system"):
        read_points(source(layer), BNG, CONTEXT)
