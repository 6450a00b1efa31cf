# SPDX-License-Identifier: GPL-2.0-or-later
"""The heat map, through the front door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProcessingException,
    QgsProject,
)

from streetsafe_plugin.gis import store
from tests.front_door import Refused


def read(path: str) -> np.ndarray:
    array = gdal.Open(path).ReadAsArray().astype(float)
    return np.where(array == store.NO_DATA, np.nan, array)


@pytest.fixture
def scattered(make_layer):
    rng = np.random.default_rng(3)
    places = rng.uniform([455_000, 300_000], [460_000, 305_000], (200, 2))
    return make_layer([f"Point({x} {y})" for x, y in places], name="reports")


def test_it_adds_up_and_says_so(run_algorithm, scattered, tmp_path: Path) -> None:
    made = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "h.tif")})
    values = read(made["OUTPUT"])
    assert made["REPORTS"] == 200
    assert made["INTEGRAL"] == pytest.approx(200, rel=0.01)
    assert np.nansum(values) * 25**2 / 1e6 == pytest.approx(200, rel=0.01)
    assert (made["RADIUS_USED"], made["CELL_SIZE_USED"]) == (250, 25)
    assert made["MAXIMUM"] == pytest.approx(values.max(), rel=1e-6)
    assert any("adds up to 200.00" in message for message in made.messages)


def test_degrees_give_the_surface_that_metres_give(
    run_algorithm, scattered, make_layer, tmp_path: Path
) -> None:
    back = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:27700"),
        QgsCoordinateReferenceSystem("EPSG:4326"),
        QgsProject.instance(),
    )
    places = [back.transform(f.geometry().asPoint()) for f in scattered.getFeatures()]
    degrees = make_layer([f"Point({p.x()!r} {p.y()!r})" for p in places], crs="EPSG:4326")
    metres = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "m.tif")})
    other = run_algorithm("heatmap", {"INPUT": degrees, "OUTPUT": str(tmp_path / "d.tif")})
    one, two = read(metres["OUTPUT"]), read(other["OUTPUT"])
    assert one.shape == two.shape
    assert np.abs(one - two).max() < 0.001 * one.max()


def test_a_lone_report_stays_where_it_is(run_algorithm, make_layer, tmp_path: Path) -> None:
    layer = make_layer(["Point(458013 304037)"])
    made = run_algorithm(
        "heatmap",
        {"INPUT": layer, "RADIUS": 300, "CELL_SIZE": 50, "OUTPUT": str(tmp_path / "h.tif")},
    )
    values = read(made["OUTPUT"])
    west, cell, _, north, _, _ = gdal.Open(made["OUTPUT"]).GetGeoTransform()
    rows, columns = np.indices(values.shape)
    x = (values * (west + (columns + 0.5) * cell)).sum() / values.sum()
    y = (values * (north - (rows + 0.5) * cell)).sum() / values.sum()
    assert QgsPointXY(x, y).distance(QgsPointXY(458013, 304037)) < 0.02 * cell


def test_weights_and_hectares(run_algorithm, make_layer, tmp_path: Path) -> None:
    layer = make_layer(["Point(458000 304000)"] * 2, fields=[("n", "integer")], rows=[[3], [1]])
    made = run_algorithm(
        "heatmap",
        {
            "INPUT": layer,
            "WEIGHT_FIELD": "n",
            "UNIT": 1,
            "RADIUS": 200,
            "CELL_SIZE": 5,
            "OUTPUT": str(tmp_path / "h.tif"),
        },
    )
    assert made["REPORTS"] == 4
    # the point is on a corner of four cells: 4 · 3/π·(1−u²)²/200² per m², u² = 2·2.5²/200²
    peak = 4 * 3 / np.pi * (1 - 2 * 2.5**2 / 200**2) ** 2 / 200**2 * 1e4
    assert made["MAXIMUM"] == pytest.approx(peak, rel=1e-6)


def test_a_mask_empties_cells_and_leaves_the_sum(
    run_algorithm, scattered, make_layer, tmp_path: Path
) -> None:
    mask = make_layer(
        ["Polygon((455000 300000, 457500 300000, 457500 305000, 455000 305000, 455000 300000))"],
        kind="Polygon",
    )
    made = run_algorithm(
        "heatmap", {"INPUT": scattered, "MASK": mask, "OUTPUT": str(tmp_path / "h.tif")}
    )
    values = read(made["OUTPUT"])
    west = gdal.Open(made["OUTPUT"]).GetGeoTransform()[0]
    x = west + (np.arange(values.shape[1]) + 0.5) * 25
    assert np.isnan(values[:, x > 457500]).all()
    assert not np.isnan(values[40:-40, (x > 455000) & (x < 457500)]).any()
    assert made["INTEGRAL"] == pytest.approx(200, rel=0.01)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"CELL_SIZE": 500},
            r"Cell size \(CELL_SIZE\) is 500 m, larger.*250 m.*25 m or less",
        ),
        ({"INPUT": None}, "INPUT"),
    ],
)
def test_what_cannot_work_is_refused_before(
    run_algorithm, scattered, tmp_path: Path, parameters: dict, sentence: str
) -> None:
    given = {"INPUT": scattered, "OUTPUT": str(tmp_path / "h.tif"), **parameters}
    with pytest.raises(Refused, match=sentence):
        run_algorithm("heatmap", given)


@pytest.mark.parametrize(
    ("wkt", "sentence"),
    [
        ([], "no point to make a heat map of"),
        ([None], "no point to make a heat map of"),
        (["Point(458000 304000)", "Point(0 6000000)"], "million cells"),
    ],
    ids=["empty", "no place", "far off"],
)
def test_what_cannot_be_mapped_leaves_no_file(
    run_algorithm, make_layer, tmp_path: Path, wkt: list, sentence: str
) -> None:
    with pytest.raises(QgsProcessingException, match=sentence):
        run_algorithm("heatmap", {"INPUT": make_layer(wkt), "OUTPUT": str(tmp_path / "h.tif")})
    assert list(tmp_path.iterdir()) == []


def test_a_layer_without_a_system_is_refused(run_algorithm, make_layer, tmp_path: Path) -> None:
    layer = make_layer(["Point(1 2)"], crs="")
    with pytest.raises(QgsProcessingException, match="no coordinate system"):
        run_algorithm("heatmap", {"INPUT": layer, "OUTPUT": str(tmp_path / "h.tif")})


def test_points_without_a_place_are_counted(run_algorithm, make_layer, tmp_path: Path) -> None:
    layer = make_layer(["Point(458000 304000)", None, "Point(nan 304000)"])
    made = run_algorithm("heatmap", {"INPUT": layer, "OUTPUT": str(tmp_path / "h.tif")})
    assert made["REPORTS"] == 1
    assert any("2 of 3 features" in warning for warning in made.warnings)


@pytest.mark.parametrize("at", [0, 40])
def test_cancelling_leaves_nothing(run_algorithm, scattered, tmp_path: Path, at: int) -> None:
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm(
            "heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "h.tif")}, cancel_at=at
        )
    assert list(tmp_path.iterdir()) == []


def test_the_result_says_how_it_was_made(run_algorithm, scattered, tmp_path: Path) -> None:
    made = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "h.tif")})
    said = gdal.Open(made["OUTPUT"]).GetMetadataItem("TIFFTAG_IMAGEDESCRIPTION")
    assert "streetsafe:heatmap" in said
    assert "RADIUS = 250" in said
    assert "200 reports; volume under the surface 200.0" in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize(
    ("field", "unit"),
    [("report_id", "reports per km²"), ("crime_type", "crimes per km²"), ("x", "points per km²")],
)
def test_the_unit_names_what_was_counted(
    run_algorithm, make_layer, tmp_path: Path, field: str, unit: str
) -> None:
    layer = make_layer(["Point(458000 304000)"], fields=[(field, "string(0)")], rows=[["a"]])
    made = run_algorithm("heatmap", {"INPUT": layer, "OUTPUT": str(tmp_path / "h.tif")})
    assert gdal.Open(made["OUTPUT"]).GetRasterBand(1).GetUnitType() == unit
