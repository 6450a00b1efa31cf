# SPDX-License-Identifier: GPL-2.0-or-later
"""GeoPackages filled all at once are as if GDAL had written them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsRectangle,
    QgsVectorLayer,
)
from shapely.geometry import Polygon, box

from streetsafe_plugin import compat
from streetsafe_plugin.domain.reading.table import texts
from streetsafe_plugin.gis import store, styling

BNG = QgsCoordinateReferenceSystem("EPSG:27700")
#: One page of the index holds 51 points, two levels of pages 2,601.
SIZES = [0, 1, 50, 51, 52, 2_601, 2_602, 7_000]


def places(count: int) -> np.ndarray:
    """Return places in clumps, some of them the same, none a whole number."""
    rng = np.random.default_rng(count)
    clumps = rng.uniform((440_000, 290_000), (480_000, 330_000), (5, 2))
    return np.round(clumps[rng.integers(0, 5, count)] + rng.normal(0, 900, (count, 2)), 3)


def written(folder: Path, xy: np.ndarray, **more: object) -> Path:
    fields = [
        compat.text_field("report_id"),
        compat.datetime_field("at"),
        compat.boolean_field("lit"),
    ]
    count = len(xy)
    columns = [
        texts([f"{n:05d}" for n in range(count)]),
        np.arange(count).astype("datetime64[s]"),
        np.arange(count) % 2 == 0,
    ]
    finish = styling.Finish("Reports", None, None, "", ("report_id",))
    return store.write_layer(
        folder / "x.gpkg",
        store.LayerSpec("Reports", fields, "point", BNG),
        store.LayerColumns(xy, columns),
        QgsCoordinateTransformContext(),
        finish,
        **more,
    )


@pytest.mark.parametrize("count", SIZES)
def test_the_spatial_index_is_sound_and_finds_exactly_what_is_there(tmp_path, count):
    """Faults 10: SQLite's own check, and windows compared with plain arithmetic."""
    xy = places(count)
    path = written(tmp_path, xy)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT rtreecheck('rtree_x_geom')").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM rtree_x_geom").fetchone() == (count,)
    layer = QgsVectorLayer(str(path), "x", "ogr")
    rng = np.random.default_rng(7)
    windows = rng.uniform((440_000, 290_000), (478_000, 328_000), (20, 2))
    exact = [(x, y, 0.0) for x, y in xy[:5]]
    for x, y, side in [*((x, y, 2_000.0) for x, y in windows), *exact]:
        request = QgsFeatureRequest().setFilterRect(QgsRectangle(x, y, x + side, y + side))
        found = sorted(int(feature["report_id"]) for feature in layer.getFeatures(request))
        inside = (xy >= (x, y)).all(axis=1) & (xy <= (x + side, y + side)).all(axis=1)
        assert found == np.flatnonzero(inside).tolist()


def test_values_count_and_extent_are_what_gdal_would_say(tmp_path):
    xy = places(300)
    path = written(tmp_path, xy)
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    layer = dataset.GetLayerByName("x")
    assert layer.GetFeatureCount() == 300
    west, east, south, north = layer.GetExtent()
    assert (west, south, east, north) == (*xy.min(axis=0), *xy.max(axis=0))
    feature = next(QgsVectorLayer(str(path), "x", "ogr").getFeatures())
    assert compat.to_python(feature["at"]).isoformat() == "1970-01-01T00:00:00"
    assert feature["lit"] is True
    assert feature.geometry().asPoint() == QgsPointXY(*xy[0])


def test_it_can_be_edited_afterwards_like_any_other(tmp_path):
    """Faults 10: the triggers that keep count and index are back, word for word."""
    path = written(tmp_path, places(60))
    layer = QgsVectorLayer(str(path), "x", "ogr")
    feature = QgsFeature(layer.fields())
    feature.setAttribute("report_id", "new")
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1_000, 2_000)))
    assert layer.startEditing()
    assert layer.addFeature(feature)
    assert layer.deleteFeature(1)
    assert layer.commitChanges()
    near = QgsFeatureRequest().setFilterRect(QgsRectangle(0, 0, 5_000, 5_000))
    assert [found["report_id"] for found in layer.getFeatures(near)] == ["new"]
    assert layer.featureCount() == 60
    del layer
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT rtreecheck('rtree_x_geom')").fetchone() == ("ok",)
        count = database.execute("SELECT feature_count FROM gpkg_ogr_contents").fetchone()
        assert count == (60,)


def test_the_account_of_an_import_stands_in_a_table_of_its_own(tmp_path):
    path = written(tmp_path, places(3), ledger={"import_id": "i1", "rows_read": 2**40})
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    names = [dataset.GetLayer(index).GetName() for index in range(dataset.GetLayerCount())]
    assert names[0] == "x"
    row = next(iter(dataset.GetLayerByName("imports")))
    assert (row.GetField("import_id"), row.GetField("rows_read")) == ("i1", 2**40)
    del dataset, row
    assert written(tmp_path, places(4)) == path


def test_tiles_beside_a_layer_are_spared(tmp_path):
    """Faults 2: a file is replaced only if nothing else is in it."""
    from streetsafe_plugin.domain.errors import InputRefused

    path = written(tmp_path, places(3))
    with sqlite3.connect(path) as database:
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
            " VALUES ('aerial', 'tiles', 'aerial', 27700)"
        )
    with pytest.raises(InputRefused, match="tiles or a project"):
        written(tmp_path, places(3))


@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="there is no folder nobody may write to"
)
def test_a_folder_that_may_not_be_written_is_said_before_work_begins():
    """Faults 13: /proc refuses even root."""
    from streetsafe_plugin.domain.errors import WriteFailed

    with pytest.raises(WriteFailed, match="“proc” cannot be written to"):
        written(Path("/proc"), places(3))


def hexagons(count: int) -> np.ndarray:
    """Return corners of so many hexagons side by side, none of them a whole number."""
    turn = np.radians(np.arange(-90, 270, 60))
    around = 57.7 * np.column_stack((np.cos(turn), np.sin(turn)))
    middles = np.column_stack((np.arange(count) % 70 * 100.3, np.arange(count) // 70 * 86.7))
    return middles[:, None, :] + around + (440_000, 300_000)


def written_cells(path: Path, corners: np.ndarray) -> Path:
    count = len(corners)
    fields = [compat.text_field("cell_id"), compat.real_field("z"), compat.boolean_field("hot")]
    z = np.where(np.arange(count) % 3 == 0, np.nan, np.arange(count) / 7)
    columns = [texts([f"c{n}" for n in range(count)]), z, np.arange(count) % 2 == 0]
    return store.write_layer(
        path,
        store.LayerSpec("Cells", fields, "polygon", BNG),
        store.LayerColumns(corners, columns),
        QgsCoordinateTransformContext(),
        styling.Finish("Cells"),
    )


@pytest.mark.parametrize("count", SIZES)
def test_polygons_are_found_in_the_index_exactly_where_they_are(tmp_path, count):
    corners = hexagons(count)
    path = written_cells(tmp_path / "x.gpkg", corners)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT rtreecheck('rtree_x_geom')").fetchone() == ("ok",)
    layer = QgsVectorLayer(str(path), "x", "ogr")
    assert layer.featureCount() == count
    for x, y in ((440_010, 300_010), (441_000, 302_000), (446_900, 308_600)):
        request = QgsFeatureRequest().setFilterRect(QgsRectangle(x, y, x + 300, y + 200))
        found = sorted(int(feature["cell_id"][1:]) for feature in layer.getFeatures(request))
        window = box(x, y, x + 300, y + 200)
        meets = [n for n in range(count) if Polygon(corners[n]).intersects(window)]
        assert found == meets


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_polygons_and_their_values_come_back_in_any_format(tmp_path, ending):
    corners = hexagons(75)
    layer = QgsVectorLayer(str(written_cells(tmp_path / f"x.{ending}", corners)), "x", "ogr")
    assert layer.featureCount() == 75
    extent = layer.extent()
    assert (extent.xMinimum(), extent.yMaximum()) == pytest.approx(
        (corners[..., 0].min(), corners[..., 1].max()), abs=1e-3
    )
    for number, feature in enumerate(layer.getFeatures()):
        geometry = feature.geometry()
        assert geometry.isGeosValid()
        assert geometry.isMultipart()
        (((*ring, last),),) = geometry.asMultiPolygon()
        assert last == ring[0]
        assert {(round(p.x(), 2), round(p.y(), 2)) for p in ring} == {
            (round(x, 2), round(y, 2)) for x, y in corners[number].tolist()
        }
        z = compat.to_python(feature["z"])
        assert z == (None if number % 3 == 0 else pytest.approx(number / 7))
        assert feature["hot"] == (number % 2 == 0)


def test_polygons_can_be_edited_afterwards(tmp_path):
    layer = QgsVectorLayer(str(written_cells(tmp_path / "x.gpkg", hexagons(60))), "x", "ogr")
    assert layer.startEditing()
    assert layer.deleteFeature(1)
    assert layer.commitChanges()
    assert layer.featureCount() == 59
    request = QgsFeatureRequest().setFilterRect(QgsRectangle(439_990, 299_990, 440_010, 300_010))
    assert list(layer.getFeatures(request)) == []
