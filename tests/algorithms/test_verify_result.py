# SPDX-License-Identifier: GPL-2.0-or-later
"""A result is made again from what its recipe says, or it is said why that cannot be."""

from __future__ import annotations

import json
import shutil

import pytest
from osgeo import gdal
from qgis.core import (
    QgsLayerMetadata,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from streetsafe_plugin.gis.recipe import RECIPE
from tests.front_door import Refused

SQUARE = "Polygon((450000 300000, 450900 300000, 450900 300900, 450000 300900, 450000 300000))"


@pytest.fixture
def parks(make_layer, qgis_new_project):
    layer = make_layer(
        [SQUARE], kind="Polygon", fields=[("park_name", "string")], rows=[["A"]], name="Parks"
    )
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def reports(make_layer, qgis_new_project):
    places = [f"POINT({450000 + 37 * (n % 31)} {300000 + 53 * (n % 17)})" for n in range(200)]
    layer = make_layer(places, name="Reports")
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def rings(run_algorithm, parks, tmp_path):
    made = run_algorithm(
        "parkrings", {"PARKS": parks, "DISTANCES": "100,250", "OUTPUT": str(tmp_path / "r.gpkg")}
    )
    layer = QgsVectorLayer(f"{made['OUTPUT']}|layername=r", "Rings", "ogr")
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_the_same_figures_come_out(run_algorithm, rings):
    outcome = run_algorithm("verifyresult", {"RESULT": rings})
    assert outcome["SENTENCE"] == "The same figures come out."
    assert (outcome["VERDICT"], outcome["DIFFERENT_ROWS"]) == ("same", 0)


def test_inputs_are_known_by_what_they_hold(run_algorithm, rings, parks):
    parks.setName("Renamed since")
    assert run_algorithm("verifyresult", {"RESULT": rings})["VERDICT"] == "same"


def test_a_heat_map_is_verified_cell_by_cell(run_algorithm, reports, tmp_path):
    made = run_algorithm(
        "heatmap", {"INPUT": reports, "RADIUS": 300, "KERNEL": 2, "OUTPUT": str(tmp_path / "h.tif")}
    )
    heat = QgsRasterLayer(made["OUTPUT"], "Heat", "gdal")
    QgsProject.instance().addMapLayer(heat)
    assert run_algorithm("verifyresult", {"RESULT": heat})["VERDICT"] == "same"
    dataset = gdal.Open(made["OUTPUT"], gdal.GA_Update)
    values = dataset.ReadAsArray()
    values[3:5, 7] += 1
    dataset.GetRasterBand(1).WriteArray(values)
    del dataset
    outcome = run_algorithm("verifyresult", {"RESULT": heat})
    assert (outcome["VERDICT"], outcome["DIFFERENT_ROWS"]) == ("different", 2)


def test_a_result_that_was_touched_is_different(run_algorithm, rings):
    (feature, *_) = rings.getFeatures()
    index = rings.fields().lookupField("area_ha")
    rings.dataProvider().changeAttributeValues({feature.id(): {index: 1.5}})
    outcome = run_algorithm("verifyresult", {"RESULT": rings})
    assert (outcome["VERDICT"], outcome["DIFFERENT_ROWS"]) == ("different", 1)
    assert "Rows or cells that come out differently: 1." in outcome["SENTENCE"]


def test_changed_inputs_are_named(run_algorithm, rings, parks):
    from qgis.core import QgsGeometry

    moved = QgsGeometry.fromWkt(SQUARE)
    moved.translate(10, 0)
    parks.dataProvider().changeGeometryValues({1: moved})
    outcome = run_algorithm("verifyresult", {"RESULT": rings})
    assert outcome["VERDICT"] == "different"
    assert outcome["SENTENCE"].startswith("Inputs have changed since: “Parks”.")


def test_a_missing_input_cannot_be_used(run_algorithm, rings, parks):
    QgsProject.instance().removeMapLayer(parks.id())
    outcome = run_algorithm("verifyresult", {"RESULT": rings})
    assert (outcome["VERDICT"], outcome["DIFFERENT_ROWS"]) == ("cannot", -1)
    assert outcome["SENTENCE"] == "It cannot be made again because “Parks” is not in the project."


def test_a_selection_is_not_recorded(run_algorithm, parks):
    parks.selectAll()
    target = QgsProcessingOutputLayerDefinition("memory:", QgsProject.instance())
    source = QgsProcessingFeatureSourceDefinition(parks.id(), True)
    made = run_algorithm("parkrings", {"PARKS": source, "DISTANCES": "100", "OUTPUT": target})
    layer = QgsProcessingUtils.mapLayerFromString(made["OUTPUT"], made.context)
    details = made.context.layerToLoadOnCompletionDetails(made["OUTPUT"])
    details.postProcessor().postProcessLayer(layer, made.context, None)
    outcome = run_algorithm("verifyresult", {"RESULT": layer})
    assert outcome["VERDICT"] == "cannot"
    assert "only some features of “Parks” were used" in outcome["SENTENCE"]


def test_what_was_read_from_a_file_says_so(run_algorithm, tmp_path, qgis_new_project):
    sample = run_algorithm("sampledata", {"FOLDER": str(tmp_path / "s"), "REPORTS": 20})
    made = run_algorithm(
        "importreports", {"SOURCE": sample["REPORTS_BNG"], "OUTPUT": str(tmp_path / "i.gpkg")}
    )
    layer = QgsVectorLayer(f"{made['OUTPUT']}|layername=i", "Imported", "ogr")
    outcome = run_algorithm("verifyresult", {"RESULT": layer})
    assert outcome["VERDICT"] == "cannot"
    assert "sample_reports_bng_invented.csv" in outcome["SENTENCE"]
    assert str(tmp_path) not in outcome["SENTENCE"]


def test_only_this_plugins_algorithms_are_run(run_algorithm, rings):
    recipe = json.loads(rings.metadata().keywords(RECIPE)[0])
    recipe["algorithm"] = "native:deleteduplicategeometries"
    metadata = QgsLayerMetadata()
    metadata.setKeywords({RECIPE: [json.dumps(recipe)]})
    rings.setMetadata(metadata)
    with pytest.raises(Refused, match="does not say how it was made"):
        run_algorithm("verifyresult", {"RESULT": rings})


def test_a_shared_result_is_verified_where_it_arrives(run_algorithm, rings, tmp_path):
    shared = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    moved = tmp_path / "elsewhere"
    shutil.move(shared["FOLDER"], moved)
    project = QgsProject.instance()
    (path,) = moved.glob("*.qgz")
    assert project.read(str(path))
    (layer,) = project.mapLayersByName("Rings")
    assert run_algorithm("verifyresult", {"RESULT": layer})["VERDICT"] == "same"


def test_what_was_made_to_be_handed_out_keeps_its_recipe_to_itself(
    run_algorithm, reports, tmp_path
):
    path = tmp_path / "copy.gpkg"
    run_algorithm("disclosurecopy", {"REPORTS": reports, "CELL_SIZE": 500, "OUTPUT": str(path)})
    layer = QgsVectorLayer(str(path), "Copy", "ogr")
    layer.loadDefaultMetadata()
    with pytest.raises(Refused, match="was made to be handed out"):
        run_algorithm("verifyresult", {"RESULT": layer})
