# SPDX-License-Identifier: GPL-2.0-or-later
"""A result is marked when its input changes, and the mark goes when it is made again."""

from __future__ import annotations

import pytest
from qgis.core import QgsGeometry, QgsLayerNotesUtils, QgsProject, QgsVectorLayer

from streetsafe_plugin.gis import fingerprints
from streetsafe_plugin.gui import stale_marks
from streetsafe_plugin.gui.stale_marks import STALE, StaleMarks
from tests.gui.fakes import wait_until

SQUARE = "Polygon((450000 300000, 450900 300000, 450900 300900, 450000 300900, 450000 300000))"


@pytest.fixture
def parks(run_algorithm, make_layer, tmp_path):
    """Return a layer of parks in a GeoPackage, as they are once somebody has edited them."""
    from qgis.core import QgsCoordinateTransformContext, QgsVectorFileWriter

    made = make_layer([SQUARE], kind="Polygon", fields=[("park_name", "string")], rows=[["A"]])
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "parks"
    path = str(tmp_path / "parks.gpkg")
    QgsVectorFileWriter.writeAsVectorFormatV3(made, path, QgsCoordinateTransformContext(), options)
    layer = QgsVectorLayer(f"{path}|layername=parks", "Parks", "ogr")
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def make_rings(run_algorithm, parks, tmp_path):
    def make(stem):
        path = tmp_path / f"{stem}.gpkg"
        run_algorithm("parkrings", {"PARKS": parks, "DISTANCES": "100", "OUTPUT": str(path)})
        layer = QgsVectorLayer(f"{path}|layername={stem}", "Rings", "ogr")
        QgsProject.instance().addMapLayer(layer)
        return layer

    return make


@pytest.fixture
def marks(interface):
    marks = StaleMarks(interface.layerTreeView())
    yield marks
    marks.close_down()


def marks_on(interface, layer):
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    return [mark.toolTip() for mark in interface.layerTreeView().indicators(node)]


def move_the_park(parks):
    assert parks.startEditing()
    moved = QgsGeometry.fromWkt(SQUARE)
    moved.translate(5, 0)
    (park,) = parks.getFeatures()
    assert parks.changeGeometry(park.id(), moved)
    assert parks.commitChanges()


def test_a_mark_appears_when_an_input_is_edited_and_saved(interface, marks, parks, make_rings):
    rings = make_rings("rings")
    notes = QgsLayerNotesUtils.layerNotes(rings)
    marks.check()
    assert marks_on(interface, rings) == []
    move_the_park(parks)
    wait_until(lambda: marks_on(interface, rings))
    assert marks_on(interface, rings) == [
        "Changed since this was made: Parks. Run it again to bring it up to date."
    ]
    assert rings.customProperty(STALE) == "Parks"
    assert QgsLayerNotesUtils.layerNotes(rings) == notes
    again = make_rings("again")
    marks.check()
    assert marks_on(interface, again) == []
    QgsProject.instance().removeMapLayer(rings.id())
    wait_until(lambda: not marks._marks)


def test_the_mark_goes_when_the_input_is_as_it_was(interface, marks, parks, make_rings):
    rings = make_rings("rings")
    parks.setSubsetString("park_name = 'B'")
    wait_until(lambda: marks_on(interface, rings))
    parks.setSubsetString("")
    wait_until(lambda: not marks_on(interface, rings))
    assert rings.customProperty(STALE) is None


def test_a_change_of_name_or_look_is_none_of_the_content(interface, marks, parks, make_rings):
    rings = make_rings("rings")
    parks.setName("Other")
    parks.saveStyleToDatabase("look", "", True, "")
    marks.check()
    assert marks_on(interface, rings) == []


def test_a_large_input_is_read_in_the_background(interface, marks, parks, make_rings, monkeypatch):
    rings = make_rings("rings")
    move_the_park(parks)
    fingerprints.forget_all()
    monkeypatch.setattr(stale_marks, "_MOST_AT_ONCE", 0)
    marks.check()
    assert marks_on(interface, rings) == []  # not known yet
    wait_until(lambda: marks_on(interface, rings))


def test_nothing_is_left_behind(interface, parks, make_rings):
    marks = StaleMarks(interface.layerTreeView())
    rings = make_rings("rings")
    move_the_park(parks)
    marks.check()
    assert marks_on(interface, rings)
    marks.close_down()
    assert marks_on(interface, rings) == []
    assert rings.customProperty(STALE) is None
    parks.setSubsetString("park_name = 'B'")
    assert not marks._timer.isActive()
