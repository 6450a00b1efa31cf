# SPDX-License-Identifier: GPL-2.0-or-later
"""A result carries how it can be made again, wherever it is kept, and names no place or person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qgis.core import (
    QgsApplication,
    QgsCoordinateTransformContext,
    QgsFeatureRequest,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from streetsafe_plugin.gis import fingerprints
from streetsafe_plugin.gis.recipe import RECIPE, Recipe, recipe_of

SQUARE = "Polygon((450000 300000, 450900 300000, 450900 300900, 450000 300900, 450000 300000))"
FIELDS = (
    ("name", "string"),
    ("n", "integer"),
    ("x", "double(0,0)"),
    ("yes", "boolean"),
    ("day", "date"),
)
ROWS = [
    ["Abbey", 1, 0.1, True, "2021-09-02"],
    ["Abbey", 1, 0.1, True, "2021-09-02"],
    ["", -3, -0.0, False, None],
    [None, None, None, None, None],
    ["£ ü отчёт, longer than eight bytes", 2**31 - 1, 1e300, True, "1999-12-31"],
]
PLACES = ["POINT(1 2)", "POINT(1 2)", "POINT(-5.5 6)", None, "POINT(450000 300000)"]


@pytest.fixture
def rows(make_layer):
    def make(order=range(5), rows=ROWS, places=PLACES, fields=FIELDS):
        picked = [list(rows[n]) for n in order]
        return make_layer([places[n] for n in order], fields=fields, rows=picked, name="Reports")

    return make


def in_geopackage(layer, path: Path) -> QgsVectorLayer:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "rows"
    QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), QgsCoordinateTransformContext(), options
    )
    return QgsVectorLayer(f"{path}|layername=rows", "x", "ogr")


def test_the_same_content_has_the_same_fingerprint_wherever_it_lies(rows, tmp_path, monkeypatch):
    layer = rows()
    found = fingerprints.of_layer(layer)
    assert len(found) == 64
    assert fingerprints.of_layer(rows()) == found
    assert fingerprints.of_layer(rows(order=(4, 2, 0, 3, 1))) == found
    stored = in_geopackage(layer, tmp_path / "a.gpkg")
    assert fingerprints.of_layer(stored) == found
    assert fingerprints.of_layer(stored.materialize(QgsFeatureRequest())) == found
    monkeypatch.setattr(fingerprints, "FEW_FEATURES", 0)  # by way of a copy, as many rows are
    assert fingerprints.of_layer(layer) == found


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("row", [0, 2, 3])
def test_one_changed_value_changes_it(rows, row, column):
    other = ["Abbez", 2, 0.1000000001, False, "2021-09-03"][column]
    changed = [list(one) for one in ROWS]
    changed[row][column] = other if changed[row][column] != other else not other
    assert fingerprints.of_layer(rows(rows=changed)) != fingerprints.of_layer(rows())


def test_one_moved_lost_or_doubled_row_changes_it(rows):
    found = fingerprints.of_layer(rows())
    moved = ["POINT(1 2.000000001)", *PLACES[1:]]
    for other in (rows(places=moved), rows(order=range(4)), rows(order=(0, 1, 2, 3, 4, 4))):
        assert fingerprints.of_layer(other) != found
    # the same values between other rows
    swapped = [list(one) for one in ROWS]
    swapped[0][0], swapped[2][0] = swapped[2][0], swapped[0][0]
    assert fingerprints.of_layer(rows(rows=swapped)) != found


def test_the_name_of_a_field_is_content_and_its_place_is_not(rows):
    turned = [list(reversed(one)) for one in ROWS]
    found = fingerprints.of_layer(rows())
    assert fingerprints.of_layer(rows(rows=turned, fields=tuple(reversed(FIELDS)))) == found
    renamed = (("title", "string"), *FIELDS[1:])
    assert fingerprints.of_layer(rows(fields=renamed)) != found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.text(max_size=20), st.integers(-9, 9)), min_size=1, max_size=6))
def test_texts_and_numbers_of_any_kind(make_layer, tmp_path, found):
    clean = [
        (text.replace("\0", "").encode("utf-8", "ignore").decode(), number)
        for text, number in found
    ]
    fields = (("t", "string"), ("n", "integer"))
    layer = make_layer(["POINT(1 1)"] * len(clean), fields=fields, rows=clean)
    backwards = make_layer(["POINT(1 1)"] * len(clean), fields=fields, rows=clean[::-1])
    assert fingerprints.of_layer(layer) == fingerprints.of_layer(backwards)
    other = make_layer(
        ["POINT(1 1)"] * len(clean), fields=fields, rows=[(clean[0][0] + "x", 1), *clean[1:]]
    )
    assert fingerprints.of_layer(other) != fingerprints.of_layer(layer)


def test_a_file_is_read_again_only_when_it_has_changed(rows, tmp_path, monkeypatch):
    layer = in_geopackage(rows(), tmp_path / "a.gpkg")
    found = fingerprints.of_layer(layer)
    read = []
    whole = fingerprints._of_table
    monkeypatch.setattr(
        fingerprints, "_of_table", lambda *given: read.append(given) or whole(*given)
    )
    assert fingerprints.of_layer(layer) == found
    assert read == []
    assert layer.dataProvider().changeAttributeValues({1: {1: "Other"}})
    assert fingerprints.of_layer(layer) != found
    assert len(read) == 1


@pytest.mark.parametrize("target", ["memory:", "{}/rings.gpkg"])
def test_a_layer_carries_its_recipe(run_algorithm, make_layer, tmp_path, target):
    parks = make_layer(
        [SQUARE], kind="Polygon", fields=[("park_name", "string")], rows=[["A"]], name="Parks"
    )
    to = QgsProcessingOutputLayerDefinition(target.format(tmp_path), QgsProject.instance())
    given = {"PARKS": parks, "DISTANCES": "100, 250", "OVERLAP": 1, "OUTPUT": to}
    made = run_algorithm("parkrings", given)
    layer = QgsProcessingUtils.mapLayerFromString(made["OUTPUT"], made.context)
    details = made.context.layerToLoadOnCompletionDetails(made["OUTPUT"])
    details.postProcessor().postProcessLayer(layer, made.context, None)
    found = recipe_of(layer)
    assert (found.algorithm_id, found.output) == ("streetsafe:parkrings", "OUTPUT")
    assert found.parameters == {"DISTANCES": "100, 250", "OVERLAP": 1}
    assert found.inputs["PARKS"].name == "Parks"
    assert found.inputs["PARKS"].features == 1
    assert found.inputs["PARKS"].fingerprint == fingerprints.of_layer(parks)
    assert set(found.versions) == {"StreetSafe", "QGIS", "GDAL", "PROJ"}
    assert found.made_at[:2] == "20"


def test_a_file_keeps_it_for_who_opens_it_anew(run_algorithm, rows, make_layer, tmp_path):
    parks = make_layer([SQUARE], kind="Polygon", name="Parks")
    points = make_layer([f"POINT({450000 + 7 * n} 300000)" for n in range(50)], name="Reports")
    run_algorithm(
        "parkrings", {"PARKS": parks, "DISTANCES": "100", "OUTPUT": str(tmp_path / "r.gpkg")}
    )
    run_algorithm("heatmap", {"INPUT": points, "RADIUS": 200, "OUTPUT": str(tmp_path / "h.tif")})
    rings = QgsVectorLayer(f"{tmp_path}/r.gpkg|layername=r", "x", "ogr")
    heat = QgsRasterLayer(f"{tmp_path}/h.tif", "x", "gdal")
    assert recipe_of(rings).inputs["PARKS"].fingerprint == fingerprints.of_layer(parks)
    assert recipe_of(heat).inputs["INPUT"].fingerprint == fingerprints.of_layer(points)
    assert recipe_of(heat).parameters["RADIUS"] == 200


def test_a_recipe_names_no_place_and_nobody(run_algorithm, rows, tmp_path, monkeypatch):
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "canarylogin")
    folder = tmp_path / "canaryfolder"
    folder.mkdir()
    layer = in_geopackage(rows(), folder / "reports.gpkg")
    layer.setSubsetString("n = 1")
    QgsProject.instance().addMapLayer(layer)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:heatmap")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    given = {"INPUT": layer, "RADIUS": 300, "OUTPUT": str(folder / "canaryresult.tif")}
    recipe = Recipe(algorithm, given, context).as_json("OUTPUT")
    assert "canary" not in recipe
    assert json.loads(recipe)["inputs"]["INPUT"]["file"] == "reports.gpkg"
    assert json.loads(recipe)["inputs"]["INPUT"]["filter"] == "n = 1"
    uri = "dbname='x' host=canarydb user='canaryuser' password='canarysecret' table=\"r\" (geom)"
    stored = QgsVectorLayer(uri, "In a database", "postgres")
    for value in (stored, f"postgres://{uri}", str(folder / "canary.gpkg")):
        told = Recipe(algorithm, {"INPUT": value, "RADIUS": 300}, context).as_json("OUTPUT")
        for secret in ("canarydb", "canaryuser", "canarysecret", "canaryfolder"):
            assert secret not in told


@pytest.mark.parametrize("written", ["", "no json", "[]", '{"algorithm": 1}', "null"])
def test_what_is_no_recipe_is_none(make_layer, written):
    layer = make_layer(["POINT(1 1)"])
    metadata = layer.metadata().clone()
    metadata.setKeywords({RECIPE: [written]})
    layer.setMetadata(metadata)
    assert recipe_of(layer) is None
