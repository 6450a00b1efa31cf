# SPDX-License-Identifier: GPL-2.0-or-later
"""Where results come to lie in the layer panel: nothing hides what was made before."""

from __future__ import annotations

import pytest
from qgis.core import (
    QgsFeature,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from streetsafe_plugin.gui.loading import load_results
from tests.gui.fakes import grid_file


@pytest.fixture
def load(qgis_new_project, tmp_path):
    """Return a function that loads one result of a geometry, named after it."""

    def run(kind):
        context = QgsProcessingContext()
        if kind == "raster":
            layer = QgsRasterLayer(grid_file(tmp_path), kind)
        else:
            layer = QgsVectorLayer(f"{kind}?crs=EPSG:27700", kind, "memory")
            layer.dataProvider().addFeatures([QgsFeature()])
        context.temporaryLayerStore().addMapLayer(layer)
        context.addLayerToLoadOnCompletion(
            layer.id(),
            QgsProcessingContext.LayerDetails(kind, QgsProject.instance(), "OUTPUT"),
        )
        return load_results(context, QgsProcessingFeedback())

    return run


def tree():
    return [node.name() for node in QgsProject.instance().layerTreeRoot().children()]


@pytest.mark.parametrize(
    "order",
    [
        ["Point", "Polygon", "raster", "NoGeometry"],
        ["NoGeometry", "raster", "Polygon", "Point"],
        ["raster", "Point", "NoGeometry", "Polygon"],
    ],
)
def test_points_above_areas_above_surfaces_above_tables(load, order):
    for kind in order:
        assert [layer.name() for layer in load(kind).layers] == [kind]
    assert tree() == ["Point", "Polygon", "raster", "NoGeometry"]


def test_groups_count_as_what_they_hold(load):
    root = QgsProject.instance().layerTreeRoot()
    layer = QgsVectorLayer("Polygon?crs=EPSG:27700", "ward", "memory")
    QgsProject.instance().addMapLayer(layer, False)
    root.addGroup("empty")
    root.addGroup("wards").addLayer(layer)
    load("Polygon")
    load("raster")
    assert tree() == ["empty", "Polygon", "wards", "raster"]


def test_result_that_cannot_be_read_is_named(qgis_new_project, tmp_path):
    context = QgsProcessingContext()
    context.addLayerToLoadOnCompletion(
        str(tmp_path / "nothing.gpkg"),
        QgsProcessingContext.LayerDetails("Reports", QgsProject.instance(), "OUTPUT"),
    )
    loaded = load_results(context, QgsProcessingFeedback())
    assert loaded.layers == []
    assert loaded.unreadable == ["Reports"]
