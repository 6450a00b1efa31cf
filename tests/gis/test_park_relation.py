# SPDX-License-Identifier: GPL-2.0-or-later
"""A park's form shows its interventions, to be edited there, in any project and without us."""

from __future__ import annotations

import datetime
import itertools
import shutil
import sys
import zipfile

import pytest
from qgis.core import (
    QgsApplication,
    QgsAttributeEditorRelation,
    QgsFeature,
    QgsFieldConstraints,
    QgsLayerTreeModel,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerTools,
    QgsVectorLayerUtils,
)
from qgis.gui import (
    QgsAttributeEditorContext,
    QgsAttributeForm,
    QgsGui,
    QgsLayerTreeView,
    QgsMapCanvas,
    QgsRelationEditorWidget,
)
from qgis.PyQt.QtCore import QDate

from streetsafe_plugin.domain.intervention_overlaps import overlaps
from streetsafe_plugin.domain.parks import Intervention
from streetsafe_plugin.gis.park_forms import interventions_form
from streetsafe_plugin.gis.park_relation import RELATION_ID, relate
from streetsafe_plugin.gui.loading import load_results

PARKS = """\
park_id,park_name,easting,northing,area_ha
green,The Green,457000,301000,4
meadow,Long Meadow,458000,301000,4
"""
MEASURES = """\
park_id,measure,quantity,status,date_from,date_to,date_confidence,funding_gbp,source
green,cctv,6,removed,2022-05-01,,month,2500,the paper
green,lighting,,live,2022-06-01,,day,,the paper
meadow,vegetation,,unknown,,,unknown,,nobody
"""


@pytest.fixture
def register(tmp_path):
    folder = tmp_path / "register"
    folder.mkdir()
    (folder / "parks.csv").write_text(PARKS, encoding="utf-8")
    (folder / "interventions.csv").write_text(MEASURES, encoding="utf-8")
    return folder


@pytest.fixture
def load(provider, qgis_new_project, register):
    """Return a function that loads the parks as the dock or the toolbox does."""

    def run(folder=None, with_interventions=True, loader=load_results):
        def place(name):
            sink = str(folder / name) if folder else "TEMPORARY_OUTPUT"
            return QgsProcessingOutputLayerDefinition(sink, QgsProject.instance())

        context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
        context.setProject(QgsProject.instance())
        parameters = {"REGISTER": str(register / "parks.csv"), "OUTPUT": place("parks.gpkg")}
        if with_interventions:
            parameters["INTERVENTIONS"] = place("interventions.gpkg")
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:loadparks")
        results, done = algorithm.run(parameters, context, feedback)
        assert done
        loader(context, feedback)
        return results

    return run


def relations(project=None):
    return (project or QgsProject.instance()).relationManager().relations()


def layer(name, project=None):
    (found,) = (project or QgsProject.instance()).mapLayersByName(name)
    return found


def children_on_form(parks):
    return [
        element.relation().id()
        for tab in parks.editFormConfig().tabs()
        for element in tab.children()
        if isinstance(element, QgsAttributeEditorRelation)
    ]


def widget(table, field):
    return table.editorWidgetSetup(table.fields().lookupField(field))


def measures_of(name, project=None):
    (relation,) = relations(project).values()
    parks = layer("Parks", project)
    (park,) = (one for one in parks.getFeatures() if one["park_name"] == name)
    return sorted(one["measure"] for one in relation.getRelatedFeatures(park))


def check_related(project=None):
    (relation,) = relations(project).values()
    assert relation.isValid()
    assert relation.id() == RELATION_ID
    parks, table = layer("Parks", project), layer("Interventions", project)
    assert (relation.referencedLayer(), relation.referencingLayer()) == (parks, table)
    assert relation.fieldPairs() == {"park_id": "park_id"}
    assert children_on_form(parks) == [RELATION_ID]
    assert widget(table, "park_id").type() == "RelationReference"
    assert widget(table, "park_id").config()["Relation"] == RELATION_ID
    assert parks.displayExpression() == '"park_name"'
    assert measures_of("The Green", project) == ["cctv", "lighting"]


@pytest.mark.parametrize("to_files", [False, True])
def test_loading_ties_the_two(load, tmp_path, to_files):
    load(tmp_path if to_files else None)
    check_related()


def test_the_toolbox_ties_them_too(load, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, f"{QgsApplication.pkgDataPath()}/python/plugins"])
    postprocessing = pytest.importorskip("processing.gui.Postprocessing")
    if hasattr(postprocessing, "iface"):  # since 3.44 it puts layers into the layer tree itself
        view = QgsLayerTreeView()
        view.setModel(QgsLayerTreeModel(QgsProject.instance().layerTreeRoot(), view))
        monkeypatch.setattr(postprocessing.iface, "layerTreeView", lambda: view)

    def as_toolbox(context, feedback):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:loadparks")
        postprocessing.handleAlgorithmResults(algorithm, context, feedback)

    load(loader=as_toolbox)
    check_related()


def test_parks_alone_are_tied_to_nothing(load):
    load(with_interventions=False)
    assert relations() == {}
    assert children_on_form(layer("Parks")) == []


def test_a_second_run_into_the_same_files_changes_nothing(load, tmp_path):
    load(tmp_path)
    load(tmp_path)
    assert len(QgsProject.instance().mapLayers()) == 2
    check_related()


def test_a_second_pair_of_layers_is_tied_for_itself(load):
    load()
    first = layer("Parks").id()
    load()
    found = relations()
    assert sorted(found) == [RELATION_ID, f"{RELATION_ID}_2"]
    assert found[RELATION_ID].referencedLayerId() == first
    assert all(relation.isValid() for relation in found.values())
    assert len({relation.referencingLayerId() for relation in found.values()}) == 2


def test_what_is_left_of_removed_layers_makes_way(load):
    load()
    QgsProject.instance().removeMapLayer(layer("Interventions").id())
    QgsProject.instance().removeMapLayer(layer("Parks").id())
    load()
    check_related()


def test_tying_twice_ties_once(load):
    load()
    relate(QgsProject.instance(), layer("Parks"), layer("Interventions"))
    check_related()


def test_a_saved_project_keeps_it_elsewhere(load, tmp_path):
    home = tmp_path / "Jane's £ parks"
    home.mkdir()
    load(home)
    assert QgsProject.instance().write(str(home / "mine.qgz"))
    QgsProject.instance().clear()
    moved = tmp_path / "moved"
    shutil.move(home, moved)
    with zipfile.ZipFile(moved / "mine.qgz") as archive:
        assert str(tmp_path) not in archive.read("mine.qgs").decode()
    project = QgsProject.instance()
    assert project.read(str(moved / "mine.qgz"))
    check_related()
    table = layer("Interventions")
    assert widget(table, "measure").type() == "ValueMap"
    assert widget(table, "date_to").config()["allow_null"] is True
    assert "moved" in table.source()


def test_an_empty_table_is_loaded_to_be_filled_in(load, register):
    (register / "interventions.csv").unlink()
    load()
    (relation,) = relations().values()
    assert relation.isValid()
    assert layer("Interventions").featureCount() == 0


def test_words_calendars_and_defaults(load):
    load()
    table = layer("Interventions")
    assert {
        field: [value for word in widget(table, field).config()["map"] for value in word.values()]
        for field in ("measure", "status", "date_confidence")
    } == {
        "measure": ["cctv", "lighting", "vegetation", "other"],
        "status": ["planned", "live", "removed", "unknown"],
        "date_confidence": ["day", "month", "quarter", "unknown"],
    }
    for field in ("date_from", "date_to"):
        assert widget(table, field).type() == "DateTime"
        assert widget(table, field).config()["calendar_popup"] is True
        assert widget(table, field).config()["allow_null"] is True
    new = QgsVectorLayerUtils.createFeature(table, context=table.createExpressionContext())
    assert (new["status"], new["date_confidence"]) == ("unknown", "unknown")


class Tools(QgsVectorLayerTools):
    """Stands in for those of QGIS's window, without which its relation editor crashes."""

    def addFeature(self, *arguments, **options):
        return False

    def copyMoveFeatures(self, *arguments, **options):
        return False

    def startEditing(self, layer):
        return layer.startEditing()

    def stopEditing(self, layer, allowCancel=True):
        return layer.commitChanges()

    def saveEdits(self, layer):
        return layer.commitChanges(False)


@pytest.fixture
def windows(qtbot):
    """Return what forms need of QGIS's window."""
    canvas, tools, context = QgsMapCanvas(), Tools(), QgsAttributeEditorContext()
    qtbot.addWidget(canvas)
    if not QgsGui.editorWidgetRegistry().factories():
        QgsGui.editorWidgetRegistry().initEditors(canvas)
    context.setMapCanvas(canvas)
    context.setVectorLayerTools(tools)
    yield context
    context.setVectorLayerTools(None)


def test_the_form_has_the_list_and_takes_the_day_of_removal(load, qtbot, windows):
    load()
    parks, table = layer("Parks"), layer("Interventions")
    green = next(one for one in parks.getFeatures() if one["park_id"] == "green")
    form = QgsAttributeForm(parks, green, windows)
    qtbot.addWidget(form)
    assert len(form.findChildren(QgsRelationEditorWidget)) == 1
    cameras = next(one for one in table.getFeatures() if one["measure"] == "cctv")
    table.startEditing()
    child = QgsAttributeForm(table, cameras, windows)
    qtbot.addWidget(child)
    child.changeAttribute("date_to", QDate(2022, 11, 30))
    assert child.save()
    assert table.commitChanges()
    kept = table.getFeature(cameras.id())
    assert kept["date_to"] == QDate(2022, 11, 30)


def fits(table, feature, field, strength):
    valid, _ = QgsVectorLayerUtils.validateAttribute(
        table, feature, table.fields().lookupField(field), strength
    )
    return valid


@pytest.mark.parametrize(
    ("field", "changes", "allowed"),
    [
        ("date_to", {"date_to": QDate(2022, 4, 30)}, False),
        ("date_to", {"date_to": QDate(2022, 5, 1)}, True),
        ("date_confidence", {"date_confidence": "unknown"}, False),
        ("date_confidence", {}, True),
        ("park_id", {"park_id": None}, False),
    ],
)
def test_what_the_register_refuses_the_form_refuses(load, field, changes, allowed):
    load()
    table = layer("Interventions")
    cameras = next(one for one in table.getFeatures() if one["measure"] == "cctv")
    for name, value in changes.items():
        cameras[name] = value
    hard = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard
    assert fits(table, cameras, field, hard) is allowed


DAYS = (None, datetime.date(2021, 12, 31), datetime.date(2022, 2, 15), datetime.date(2022, 4, 1))
EXACT = ("day", "month", "quarter")


def some_measures(kind, park="p"):
    for first, last, exact in itertools.product(DAYS, DAYS, EXACT):
        if first is None and last is None:
            if exact == "day":
                yield Intervention(park, kind, None, "live", None, None, "unknown", None, "")
        elif first is None or last is None or first <= last:
            yield Intervention(park, kind, None, "live", first, last, exact, None, "")


def test_the_form_and_the_table_agree_on_what_cannot_be_told_apart(make_layer, qgis_new_project):
    names = ("park_id", "measure", "date_from", "date_to", "date_confidence")
    kinds = ("string", "string", "date", "date", "string")
    table = make_layer([], "NoGeometry", fields=list(zip(names, kinds)))
    QgsProject.instance().addMapLayer(table)
    interventions_form(table)

    def feature_of(one):
        made = QgsFeature(table.fields())
        made.setAttributes(
            [
                QDate(value.year, value.month, value.day)
                if isinstance(value, datetime.date)
                else value
                for value in (getattr(one, name) for name in names)
            ]
        )
        return made

    soft = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthSoft
    lit = list(some_measures("lighting"))
    for rival in list(some_measures("cctv"))[::4]:
        table.dataProvider().truncate()
        table.dataProvider().addFeatures([feature_of(rival)])
        for one in lit:
            clear = not overlaps([one, rival])
            assert fits(table, feature_of(one), "measure", soft) is clear, (one, rival)
    elsewhere = Intervention("q", "lighting", None, "live", None, None, "unknown", None, "")
    assert fits(table, feature_of(elsewhere), "measure", soft)


def test_a_table_opened_by_itself_has_its_form(load, tmp_path):
    load(tmp_path)
    QgsProject.instance().clear()
    table = QgsVectorLayer(str(tmp_path / "interventions.gpkg"), "t", "ogr")
    assert widget(table, "status").type() == "ValueMap"
    assert widget(table, "fid").type() == "Hidden"
    assert widget(table, "park_id").type() != "RelationReference"
