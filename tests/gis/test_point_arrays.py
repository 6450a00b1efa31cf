# SPDX-License-Identifier: GPL-2.0-or-later
"""Points read in columns are the points QGIS shows, whatever the layer is and holds."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeatureSource,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.progress import no_tick
from streetsafe_plugin.gis import layers
from streetsafe_plugin.gis.layers import read_points
from streetsafe_plugin.gis.point_arrays import Stored, read_stored, stored

CONTEXT = QgsCoordinateTransformContext()
BNG = QgsCoordinateReferenceSystem("EPSG:27700")
FIELDS = [
    ("name", "string"), ("n", "integer"), ("share", "double"), ("ticked", "boolean"),
    ("day", "date"), ("moment", "datetime"),
]  # fmt: skip
NAMES = [name for name, _ in FIELDS]
ROWS = [
    ["café", 1, 0.5, True, "2022-03-01", "2022-03-01T23:59:00"],
    [None, None, None, None, None, None],
    ["", -7, -0.25, False, "1999-12-31", "2022-10-30T00:00:00"],
    ["a longer name", 2**30, 1e9, True, "2024-02-29", "2022-06-01T12:00:00"],
]
PLACES = ["Point(457000.25 301000)", "Point(1 2)", None, "Point(457010 301010)"]


@pytest.fixture
def memory(make_layer):
    return make_layer(PLACES, fields=FIELDS, rows=ROWS)


@pytest.fixture
def saved(memory, tmp_path):
    return save(memory, tmp_path / "points of £ interest.gpkg")


def save(layer, path, kind=None):
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", "the points"
    if kind is not None:
        options.overrideGeometryType = kind
    error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), CONTEXT, options
    )
    assert not error, message
    return QgsVectorLayer(f"{path}|layername=the points", "saved", "ogr")


def read(layer, whole=True, columns=NAMES):
    context = QgsProcessingContext()
    source = QgsProcessingFeatureSource(layer, context)
    return read_points(source, BNG, CONTEXT, columns, layer=layer if whole else None)


def shown(table):
    """Return a table as plain values, whichever way it was read."""
    columns = {}
    for name in NAMES:
        values = table.columns[name]
        if name in ("day", "moment"):
            columns[name] = days_of(values)[0].tolist()
        elif name == "name":
            columns[name] = [value or "" for value in values.tolist()]
        else:
            numbers = values.astype(float)
            columns[name] = [None if np.isnan(value) else value for value in numbers]
    return table.xy.tolist(), columns, table.total, table.excluded


EXPECTED = (
    [[457000.25, 301000], [1, 2], [457010, 301010]],
    {
        "name": ["café", "", "a longer name"],
        "n": [1, None, 2**30],
        "share": [0.5, None, 1e9],
        "ticked": [1, None, 1],
        "day": [datetime.date(2022, 3, 1), None, datetime.date(2024, 2, 29)],
        "moment": [datetime.date(2022, 3, 1), None, datetime.date(2022, 6, 1)],
    },
    4,
    {"no_geometry": 1, "not_finite": 0, "not_transformable": 0},
)


def test_a_geopackage_is_read_in_columns(saved):
    assert stored(saved, NAMES) is not None
    assert shown(read(saved)) == EXPECTED


def test_a_file_with_its_style_inside_is_read_in_columns_too(saved):
    saved.saveStyleToDatabase("style", "", True, "")
    alone = QgsVectorLayer(saved.source().split("|")[0], "alone", "ogr")
    assert alone.dataProvider().subLayerCount() >= 1
    assert stored(alone, NAMES) is not None
    assert shown(read(alone)) == EXPECTED


def test_one_by_one_gives_the_same(saved, memory):
    assert shown(read(saved, whole=False)) == EXPECTED
    assert shown(read(memory)) == EXPECTED


def test_a_copy_gives_the_same(saved, memory, monkeypatch):
    monkeypatch.setattr(layers, "FEW_FEATURES", 0)
    assert shown(read(memory)) == EXPECTED
    assert shown(read(saved, whole=False)) == EXPECTED
    assert read(memory, columns=[]).columns == {}


def test_what_is_edited_or_filtered_is_read_as_qgis_shows_it(saved):
    saved.setSubsetString("n = 1")
    assert stored(saved, NAMES) is None
    assert read(saved).total == 1
    saved.setSubsetString("")
    assert saved.startEditing()
    assert stored(saved, NAMES) is None
    feature = QgsFeature(saved.fields())
    feature.setGeometry(QgsGeometry.fromWkt("Point(5 6)"))
    assert saved.addFeature(feature)
    assert read(saved).total == 5
    saved.rollBack()


def test_multipoints_of_one_part_are_points_and_others_are_refused(make_layer, tmp_path):
    ones = make_layer(["MultiPoint((1 2))", None, "MultiPoint((3 4))"], "MultiPoint")
    table = read(save(ones, tmp_path / "ones.gpkg"), columns=[])
    assert table.xy.tolist() == [[1, 2], [3, 4]]
    several = make_layer(["MultiPoint((1 2))", "MultiPoint((3 4), (5 6))"], "MultiPoint")
    with pytest.raises(InputRefused, match="2 points"):
        read(save(several, tmp_path / "several.gpkg"), columns=[])


def test_heights_and_measures_are_left_aside(make_layer, tmp_path):
    high = make_layer(["PointZM(1 2 3 4)", "PointZM(5 6 7 8)"], "PointZM")
    assert read(save(high, tmp_path / "high.gpkg"), columns=[]).xy.tolist() == [[1, 2], [5, 6]]


def test_an_empty_layer_has_no_points(make_layer, tmp_path):
    empty = save(make_layer([], fields=FIELDS), tmp_path / "empty.gpkg")
    table = read(empty)
    assert (len(table.xy), table.total) == (0, 0)


def test_a_file_that_is_gone_is_refused(tmp_path):
    with pytest.raises(InputRefused, match="cannot be opened"):
        read_stored(Stored(str(tmp_path / "gone.gpkg"), "points"), [], "gone", no_tick)
