# SPDX-License-Identifier: GPL-2.0-or-later
"""What hot spots cover, through the front door, from polygons, a tested grid and a heat map."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsProcessing, QgsProcessingException, QgsRasterLayer

from tests.front_door import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
WEST, SOUTH = 450_000, 300_000


def rectangle(west, south, width, height):
    x, y = WEST + west, SOUTH + south
    return (
        f"Polygon(({x} {y}, {x + width} {y}, {x + width} {y + height}, {x} {y + height}, {x} {y}))"
    )


def scattered(count, west, south, width, height, seed=0):
    rng = np.random.default_rng(seed)
    low = np.array([WEST + west, SOUTH + south]) + 1
    high = low + np.array([width, height]) - 2
    return [f"Point({x!r} {y!r})" for x, y in rng.uniform(low, high, (count, 2)).tolist()]


#: 3 of 60 km² are hot.
HOT = rectangle(0, 0, 1_000, 3_000)
ALL = rectangle(0, 0, 6_000, 10_000)


@pytest.fixture
def area(make_layer):
    return make_layer([ALL], "Polygon")


@pytest.fixture
def first(make_layer):
    """30 points in the hot 3 km², 70 elsewhere."""
    return make_layer(
        [*scattered(30, 0, 0, 1_000, 3_000), *scattered(70, 1_000, 3_000, 5_000, 7_000)]
    )


@pytest.fixture
def cover(run_algorithm, make_layer, first, area):
    def run(**parameters):
        given = {"INPUT": first, "AREA": area, **parameters}
        if not {"HOTSPOTS", "HEATMAP"} & set(given):
            given["HOTSPOTS"] = make_layer([HOT], "Polygon")
        return run_algorithm("hotspotcoverage", given)

    return run


def figures(outcome, *names):
    return [
        None if name not in outcome.results else pytest.approx(outcome[name], abs=1e-9)
        for name in names
    ]


def test_30_of_100_points_in_3_of_60_km2(cover):
    outcome = cover()
    assert outcome["SHARE_REPORTS"] == pytest.approx(0.30)
    assert outcome["SHARE_AREA"] == pytest.approx(0.05)
    assert outcome["PAI"] == pytest.approx(6.00)
    assert (outcome["IN_HOT"], outcome["COUNTED"], outcome["OUTSIDE_AREA"]) == (30, 100, 0)
    assert (outcome["HOT_KM2"], outcome["AREA_KM2"]) == pytest.approx((3, 60))
    assert "RRI" not in outcome.results
    assert "PAI_LATER" not in outcome.results


def test_later_points_test_the_hot_spots_and_leave_the_first_figures_alone(cover, make_layer):
    later = make_layer(
        [
            *scattered(20, 0, 0, 1_000, 3_000, 5),
            *scattered(60, 2_000, 0, 4_000, 9_000, 6),
            "Point(1 1)",
        ]
    )
    outcome = cover(LATER=later)
    assert outcome["PAI"] == pytest.approx(6)
    assert outcome["SHARE_LATER"] == pytest.approx(0.25)
    assert outcome["PAI_LATER"] == pytest.approx(5)
    assert outcome["RRI"] == pytest.approx(20 / 30 / (80 / 100))
    assert (outcome["LATER_IN_HOT"], outcome["LATER_COUNTED"]) == (20, 80)
    assert outcome["OUTSIDE_AREA"] == 1


def test_hot_spots_count_once_and_are_cut_at_the_area_and_hold_their_edge(cover, make_layer):
    hot = make_layer(
        [HOT, rectangle(0, 0, 1_000, 2_000), rectangle(-500, 9_000, 1_000, 2_000)], "Polygon"
    )
    points = make_layer(
        [f"Point({WEST + x} {SOUTH + y})" for x, y in ((1_000, 500), (0, 0), (1_001, 500), (-1, 0))]
    )
    outcome = cover(HOTSPOTS=hot, INPUT=points)
    assert outcome["HOT_KM2"] == pytest.approx(3 + 0.5)
    assert (outcome["IN_HOT"], outcome["COUNTED"], outcome["OUTSIDE_AREA"]) == (2, 3, 1)
    assert any("cut at it" in message for message in outcome.messages)


def test_pei_by_hand(cover, make_layer):
    """Squares of 1 km with 9, 6 and 5 points; the hot one, of 6, could have held 9."""
    points = [
        *scattered(9, 2_000, 2_000, 1_000, 1_000),
        *scattered(6, 4_000, 4_000, 1_000, 1_000),
        *scattered(5, 0, 9_000, 1_000, 1_000),
    ]
    hot = make_layer([rectangle(4_000, 4_000, 1_000, 1_000)], "Polygon")
    outcome = cover(INPUT=make_layer(points), HOTSPOTS=hot, CELL_SIZE=1_000)
    assert outcome["PAI"] == pytest.approx(6 / 20 * 60)
    assert outcome["PEI"] == pytest.approx(6 / 9)
    assert any("squares of 1000 m" in message for message in outcome.messages)


def test_hot_spots_finer_than_cells_may_beat_them_and_that_is_said(cover, make_layer):
    points = make_layer(scattered(10, 500, 500, 100, 100))
    hot = make_layer([rectangle(500, 500, 100, 100)], "Polygon")
    outcome = cover(INPUT=points, HOTSPOTS=hot, CELL_SIZE=1_000)
    assert outcome["PEI"] == pytest.approx(100)
    assert any("It is above 1" in message for message in outcome.messages)


@pytest.mark.parametrize(
    ("hot", "points", "expected"),
    [
        ([HOT], [], [None, 0.05, None, None]),
        ([], scattered(5, 0, 0, 900, 900), [0, 0, None, None]),
        ([HOT], scattered(5, 3_000, 5_000, 900, 900), [0, 0.05, 0, 0]),
        ([ALL], scattered(5, 3_000, 5_000, 900, 900), [1, 1, 1, 1]),
        ([rectangle(-900, 0, 800, 800)], scattered(5, 0, 0, 900, 900), [0, 0, None, None]),
    ],
    ids=["no points", "no hot spots", "none in them", "all is hot", "hot spots outside"],
)
def test_where_there_is_nothing_to_divide_nothing_is_given(
    cover, make_layer, hot, points, expected
):
    outcome = cover(HOTSPOTS=make_layer(hot, "Polygon"), INPUT=make_layer(points))
    assert figures(outcome, "SHARE_REPORTS", "SHARE_AREA", "PAI", "PEI") == expected
    assert any("no PAI" in warning for warning in outcome.warnings) == (expected[2] is None)


@pytest.fixture
def clustered(make_layer):
    return make_layer(
        [*scattered(300, 0, 0, 6_000, 10_000), *scattered(200, 2_250, 4_250, 400, 400, 1)]
    )


@pytest.mark.parametrize("shape", [0, 1])
def test_a_tested_grid_brings_its_own_area_and_cells(
    run_algorithm, cover, clustered, area, tmp_path, shape
):
    grid = run_algorithm(
        "hotspotgrid",
        {
            "INPUT": clustered,
            "AREA": area,
            "CELL_SIZE": 500,
            "SHAPE": shape,
            "OUTPUT": str(tmp_path / "grid.gpkg"),
        },
    )
    rows = grid.rows("OUTPUT")
    for given in ({}, {"AREA": None}):
        outcome = cover(HOTSPOTS=grid["OUTPUT"], INPUT=clustered, **given)
        assert outcome["COUNTED"] == 500
        assert outcome["SHARE_REPORTS"] == pytest.approx(grid["SHARE_IN_HOT"])
        if given or shape == 0:
            hot_share = grid["HOT_CELLS"] / grid["CELLS"]
            assert outcome["SHARE_AREA"] == pytest.approx(hot_share, rel=1e-6)
        else:
            assert outcome["SHARE_AREA"] == pytest.approx(grid["AREA_SHARE"])
            assert outcome["PAI"] == pytest.approx(grid["PAI"])
        best = sum(sorted((row["count"] for row in rows), reverse=True)[: grid["HOT_CELLS"]])
        by_whole_cells = outcome["IN_HOT"] / best
        if given or shape == 0:
            assert outcome["PEI"] == pytest.approx(by_whole_cells)
        else:  # of hexagons cut at the area the best can choose small dense ones
            assert by_whole_cells * 0.9 < outcome["PEI"] <= by_whole_cells
        assert any("are of a hot class" in message for message in outcome.messages)
        assert any("the cells of the grid" in message for message in outcome.messages)


def test_a_grid_of_hot_cells_only_does_not_tell_the_area(cover, make_layer, clustered):
    cells = make_layer([HOT], "Polygon", fields=[("class", "string")], rows=[["hot_99"]])
    with pytest.raises(QgsProcessingException, match="hot cells only"):
        cover(HOTSPOTS=cells, INPUT=clustered, AREA=None)


def test_classes_of_another_kind_make_no_grid(cover, make_layer):
    layer = make_layer([HOT], "Polygon", fields=[("class", "string")], rows=[["priority"]])
    assert cover(HOTSPOTS=layer)["PAI"] == pytest.approx(6)
    with pytest.raises(QgsProcessingException, match="no tested grid"):
        cover(HOTSPOTS=layer, AREA=None)


def test_a_heat_map_is_hot_from_where_it_is_coloured(run_algorithm, cover, clustered, tmp_path):
    path = str(tmp_path / "heat.tif")
    heat = run_algorithm(
        "heatmap", {"INPUT": clustered, "RADIUS": 500, "CELL_SIZE": 50, "OUTPUT": path}
    )
    outcome = cover(HEATMAP=path, INPUT=clustered)
    level = outcome["LEVEL_USED"]
    layer = QgsRasterLayer(path, "heat")
    colours = layer.renderer().shader().rasterShaderFunction()
    assert level == colours.colorRampItemList()[0].value
    values = gdal.Open(path).ReadAsArray()
    west, _, _, north, _, _ = gdal.Open(path).GetGeoTransform()
    rows, columns = np.nonzero(values >= level)
    x, y = west + columns * 50 - WEST, north - (rows + 1) * 50 - SOUTH
    cells = ((x >= 0) & (x < 6_000) & (y >= 0) & (y < 10_000)).sum()
    assert outcome["HOT_KM2"] == pytest.approx(cells * 2_500 / 1e6)
    assert 200 <= outcome["IN_HOT"] < 500
    hotter = cover(HEATMAP=path, INPUT=clustered, LEVEL=heat["MAXIMUM"] * 0.9)
    assert 0 < hotter["HOT_KM2"] < outcome["HOT_KM2"]
    assert hotter["PAI"] > outcome["PAI"]
    assert cover(HEATMAP=path, INPUT=clustered, LEVEL=1e9)["HOT_KM2"] == 0


def test_another_raster_must_be_told_its_level(cover, tmp_path, clustered):
    path = str(tmp_path / "plain.tif")
    raster = gdal.GetDriverByName("GTiff").Create(path, 6, 10, 1, gdal.GDT_Float32)
    raster.SetGeoTransform((WEST, 1_000, 0, SOUTH + 10_000, 0, -1_000))
    raster.SetProjection("EPSG:27700")
    values = np.zeros((10, 6))
    values[9, 0], values[0, 5], values[5, 2] = 7, 5, -1
    raster.GetRasterBand(1).SetNoDataValue(7)
    raster.GetRasterBand(1).WriteArray(values)
    del raster
    with pytest.raises(QgsProcessingException, match="does not say from which value"):
        cover(HEATMAP=path, INPUT=clustered)
    assert cover(HEATMAP=path, INPUT=clustered, LEVEL=5)["HOT_KM2"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"HOTSPOTS": None}, "exactly one of them"),
        ({"HEATMAP": "heat.tif"}, "exactly one of them"),
        ({"LEVEL": 5}, r"Level of the heat map \(LEVEL\) is for a heat map"),
        ({"AREA": None}, r"Area \(AREA\) is missing"),
        ({"INPUT": None}, "INPUT"),
    ],
)
def test_what_cannot_work_is_refused_before(cover, make_layer, parameters, sentence):
    with pytest.raises(Refused, match=sentence):
        cover(**{"HOTSPOTS": make_layer([HOT], "Polygon"), **parameters})


def test_a_tested_grid_holds_what_it_counted_whatever_lies_on_edges(run_algorithm, make_layer):
    """Places to 100 m lie on the edges of most squares: a third of a cell's are its neighbours'."""
    rng = np.random.default_rng(4)
    xy = np.concatenate([rng.uniform(0, 4_000, (200, 2)), rng.normal(1_500, 200, (100, 2))])
    xy = np.round(xy / 100) * 100 + (WEST, SOUTH)
    points = make_layer([f"Point({x!r} {y!r})" for x, y in xy.tolist()])
    area = make_layer([rectangle(-500, -500, 5_000, 5_000)], "Polygon")
    for area_again in (area, None):
        given = {"INPUT": points, "AREA": area, "CELL_SIZE": 250, "OUTPUT": MEMORY}
        grid = run_algorithm("hotspotgrid", given)
        asked = {"HOTSPOTS": grid.layer("OUTPUT"), "INPUT": points}
        cover = run_algorithm(
            "hotspotcoverage", asked if area_again is None else {**asked, "AREA": area}
        )
        for mine, theirs in (("SHARE_REPORTS", "SHARE_IN_HOT"), ("PAI", "PAI")):
            assert cover[mine] == pytest.approx(grid[theirs])
        assert cover["PEI"] <= 1 + 1e-9
