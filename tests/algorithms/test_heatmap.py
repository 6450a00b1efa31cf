# SPDX-License-Identifier: GPL-2.0-or-later
"""The heat map, through the front door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)

from streetsafe_plugin.domain.surface.class_limits import parse_limits
from streetsafe_plugin.gis import store
from streetsafe_plugin.gis.heat_facts import heat_facts
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
    assert made["LIMITS_USED"] == "20, 50"
    assert any("adds up to 200.00" in message for message in made.messages)


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:3857"])
def test_any_system_gives_the_surface_that_metres_give(
    run_algorithm, scattered, make_layer, tmp_path: Path, system: str
) -> None:
    back = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:27700"),
        QgsCoordinateReferenceSystem(system),
        QgsProject.instance(),
    )
    places = [back.transform(f.geometry().asPoint()) for f in scattered.getFeatures()]
    elsewhere = make_layer([f"Point({p.x()!r} {p.y()!r})" for p in places], crs=system)
    metres = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "m.tif")})
    other = run_algorithm("heatmap", {"INPUT": elsewhere, "OUTPUT": str(tmp_path / "d.tif")})
    one, two = read(metres["OUTPUT"]), read(other["OUTPUT"])
    assert one.shape == two.shape
    assert np.abs(one - two).max() < 0.001 * one.max()


def test_more_radii_share_cells_and_classes(run_algorithm, scattered, tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{name}.tif") for name in ("a", "b", "c")]
    made = run_algorithm(
        "heatmap",
        {
            "INPUT": scattered,
            "MORE_RADII": "150, 400",
            **dict(zip(("OUTPUT", "OUTPUT_2", "OUTPUT_3"), paths)),
        },
    )
    # a tenth of the smallest radius, for all of them
    assert made["CELL_SIZE_USED"] == 15
    known = set()
    for path, radius in zip(paths, (250, 150, 400)):
        west, cell, _, north, _, _ = gdal.Open(path).GetGeoTransform()
        assert (cell, west % 15, north % 15) == (15, 0, 0)
        assert read(path).sum() * 15**2 / 1e6 == pytest.approx(200, rel=0.01)
        layer = QgsRasterLayer(path)
        facts = heat_facts(layer)
        assert facts.radius_m == radius
        known.add((facts.limits, tuple(labels_of(layer))))
    assert len(known) == 1
    # one report alone has no colour on any of them, not even on that of 150 m
    assert known.pop()[0][0] >= 3 / np.pi / 0.15**2
    assert max(read(paths[1]).max(), read(paths[0]).max()) <= facts.limits[-1]


def test_layers_are_named_with_their_radius(run_algorithm, scattered, tmp_path: Path) -> None:
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:heatmap")
    names = {}
    for name, label in (("OUTPUT", "Heat map"), ("OUTPUT_2", "Named by a model")):
        path = str(tmp_path / f"{name}.tif")
        details = QgsProcessingContext.LayerDetails(label, QgsProject.instance(), name)
        context.addLayerToLoadOnCompletion(path, details)
        names[name] = path
    parameters = {"INPUT": scattered, "MORE_RADII": "400", **names}
    _, done = algorithm.run(parameters, context, QgsProcessingFeedback())
    assert done
    waiting = context.layersToLoadOnCompletion()
    assert waiting[names["OUTPUT"]].name == "Heat map, 250 m"
    assert waiting[names["OUTPUT_2"]].name == "Named by a model"


def labels_of(layer: QgsRasterLayer) -> list[str]:
    items = layer.renderer().shader().rasterShaderFunction().colorRampItemList()
    return [item.label for item in items]


def test_limits_that_are_fixed_show_what_lies_above(
    run_algorithm, scattered, tmp_path: Path
) -> None:
    made = run_algorithm(
        "heatmap",
        {"INPUT": scattered, "LIMITS": "5, 10, 20", "OUTPUT": str(tmp_path / "h.tif")},
    )
    assert made["MAXIMUM"] > 20
    assert made["LIMITS_USED"] == "5, 10, 20"
    layer = QgsRasterLayer(made["OUTPUT"])
    assert labels_of(layer) == [
        "under 5: no colour",
        "5 – 10 points per km²",
        "10 – 20 points per km²",
        "over 20 points per km²",
    ]
    shader = layer.renderer().shader()
    seen, *colour = shader.shade(made["MAXIMUM"])
    assert seen
    assert colour != list(shader.shade(15)[1:])
    assert colour[3] == 255


def test_the_limits_of_another_heat_map_are_used_again(
    run_algorithm, scattered, make_layer, tmp_path: Path
) -> None:
    first = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "1.tif")})
    few = make_layer(["Point(458000 304000)"] * 3)
    like = {"INPUT": few, "LIKE": first["OUTPUT"], "OUTPUT": str(tmp_path / "2.tif")}
    second = run_algorithm("heatmap", like)
    assert second["LIMITS_USED"] == first["LIMITS_USED"]
    # 100 hectares are a square kilometre
    hectares = run_algorithm("heatmap", {**like, "UNIT": 1, "RADIUS": 300})
    assert parse_limits(hectares["LIMITS_USED"]) == pytest.approx(
        [limit / 100 for limit in parse_limits(first["LIMITS_USED"])]
    )
    assert any("radius of 250 m, this one 300 m" in warning for warning in hectares.warnings)


def test_radii_of_others_are_told_in_the_log(run_algorithm, scattered, tmp_path: Path) -> None:
    made = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "h.tif")})
    said = " ".join(made.messages)
    assert "Usual are 150/250/400 m" in said
    assert "10th nearest neighbour" in said
    assert "÷ 150" in said


def test_it_says_whether_there_is_a_pattern(run_algorithm, scattered, tmp_path: Path) -> None:
    made = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "h.tif")})
    assert made["VERDICT"] == "not_distinguishable"
    (sentence,) = [text for text in made.messages if "cannot be told from ones strewn" in text]
    assert sentence in gdal.Open(made["OUTPUT"]).GetMetadataItem("TIFFTAG_IMAGEDESCRIPTION")
    assert heat_facts(QgsRasterLayer(made["OUTPUT"])).clustering == sentence


def test_the_pattern_is_that_within_the_mask(run_algorithm, make_layer, tmp_path: Path) -> None:
    # a lattice on a quarter of the mask: dispersed in itself, clustered on the ground it could use
    places = np.indices((8, 8)).reshape(2, -1).T * 100 + [458_000, 304_000]
    layer = make_layer([f"Point({x} {y})" for x, y in places])
    mask = make_layer(
        ["Polygon((458000 304000, 462000 304000, 462000 308000, 458000 308000, 458000 304000))"],
        kind="Polygon",
    )
    given = {"INPUT": layer, "OUTPUT": str(tmp_path / "h.tif")}
    assert run_algorithm("heatmap", given)["VERDICT"] == "dispersed"
    assert run_algorithm("heatmap", {**given, "MASK": mask})["VERDICT"] == "clustered"


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
        ({"LIMITS": "5, 3"}, "LIMITS.*do not rise"),
        ({"MORE_RADII": "150"}, r"heat map of 150 m, and.*OUTPUT_2\) says no place"),
        ({"MORE_RADII": "250"}, "first one of 250 m again"),
        ({"OUTPUT_2": "TEMPORARY_OUTPUT"}, "names no radius for it"),
        (
            {"MORE_RADII": "20", "OUTPUT_2": "TEMPORARY_OUTPUT", "CELL_SIZE": 25},
            "larger than.*RADIUS.* of 20 m",
        ),
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


def test_a_layer_without_limits_is_refused(run_algorithm, scattered, tmp_path: Path) -> None:
    path = str(tmp_path / "plain.tif")
    plain = gdal.GetDriverByName("GTiff").Create(path, 2, 2)
    plain.SetMetadataItem("STREETSAFE_RADIUS_M", "250")
    plain.SetMetadataItem("STREETSAFE_REPORTS", "3")
    plain.SetMetadataItem("STREETSAFE_LIMITS", "20, 10")
    del plain
    given = {"INPUT": scattered, "LIKE": path, "OUTPUT": str(tmp_path / "h.tif")}
    with pytest.raises(Refused, match=r"\(LIKE\) holds no class limits"):
        run_algorithm("heatmap", given)
    with pytest.raises(Refused, match="both given"):
        run_algorithm("heatmap", {**given, "LIMITS": "5, 10"})


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
    assert "200 points; volume under the surface 200.0" in said
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


def test_a_mask_has_a_highest_value_and_classes_of_its_own(
    run_algorithm, make_layer, tmp_path: Path
) -> None:
    """Forty reports in one place outside the mask, three in one place inside."""
    xy = [(458000, 304000)] * 40 + [(460000, 304000)] * 3
    points = make_layer([f"POINT({x} {y})" for x, y in xy])
    mask = make_layer(
        ["POLYGON((459500 303500, 460500 303500, 460500 304500, 459500 304500, 459500 303500))"],
        "Polygon",
    )
    found = run_algorithm(
        "heatmap", {"INPUT": points, "MASK": mask, "OUTPUT": str(tmp_path / "heat.tif")}
    )
    # 3 / pi / h² times three reports
    assert found["MAXIMUM"] == pytest.approx(3 * 3 / np.pi / 0.25**2, rel=0.02)
    assert found["INTEGRAL"] == pytest.approx(43, rel=0.01)
    assert float(found["LIMITS_USED"].split(",")[-1]) < 100
    assert any("3 of 43 points lie in the mask" in message for message in found.messages)


def test_a_map_without_colour_is_pointed_out(run_algorithm, make_layer, tmp_path: Path) -> None:
    """Two reports of the same place, spread over 2 km, stay below what one makes within 100 m."""
    points = make_layer(["POINT(458000 304000)"] * 2)
    outputs = {"OUTPUT": str(tmp_path / "a.tif"), "OUTPUT_2": str(tmp_path / "b.tif")}
    found = run_algorithm(
        "heatmap", {"INPUT": points, "RADIUS": 100, "MORE_RADII": "2000", **outputs}
    )
    blank = [warning for warning in found.warnings if "has no colour" in warning]
    assert len(blank) == 1
    assert "The heat map of 2000 m" in blank[0]


def test_limits_of_another_kernel_are_warned_of(run_algorithm, scattered, tmp_path: Path) -> None:
    first = run_algorithm("heatmap", {"INPUT": scattered, "OUTPUT": str(tmp_path / "a.tif")})
    given = {"INPUT": scattered, "LIKE": first["OUTPUT"], "OUTPUT": str(tmp_path / "b.tif")}
    again = run_algorithm("heatmap", {**given, "KERNEL": 3})
    assert any("quartic kernel, this one with uniform" in one for one in again.warnings)
    assert not any("kernel" in one for one in run_algorithm("heatmap", given).warnings)
