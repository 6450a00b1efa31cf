# SPDX-License-Identifier: GPL-2.0-or-later
"""A shared folder opens on another machine, without the plugin, and names nobody and no place."""

from __future__ import annotations

import gc
import shutil
import socket
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr
from qgis.core import (
    QgsAction,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsLayerMetadata,
    QgsLayerNotesUtils,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsMapThemeCollection,
    QgsPalLayerSettings,
    QgsPrintLayout,
    QgsProcessingException,
    QgsProject,
    QgsProjectMetadata,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsRelation,
    QgsRendererCategory,
    QgsSymbol,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
    QgsVectorLayerSimpleLabeling,
    edit,
)
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QImage

from streetsafe_plugin.compat import integer_field
from streetsafe_plugin.gis import provenance
from tests.elsewhere import found_in
from tests.front_door import Refused

REPOSITORY = Path(__file__).resolve().parents[2]
BNG = QgsCoordinateReferenceSystem("EPSG:27700")
SQUARE = "Polygon((450000 300000, 450900 300000, 450900 300900, 450000 300900, 450000 300000))"
INTERNAL, PARTNER, PUBLIC = 0, 1, 2


@pytest.fixture
def project(qgis_new_project):
    project = QgsProject.instance()
    project.setCrs(BNG)
    project.setTitle("Parks and fear")
    return project


@pytest.fixture
def points(make_layer):
    def make(name="Reports", count=3, fields=(("kind", "string"), ("n", "integer")), rows=None):
        rows = rows or [[f"k{number % 2}", number] for number in range(count)]
        places = [f"POINT({450100 + 100 * number} 300500)" for number in range(len(rows))]
        return make_layer(places, fields=fields, rows=rows, name=name)

    return make


def opened(folder: Path) -> QgsProject:
    project = QgsProject()
    (path,) = folder.glob("*.qgz")
    assert project.read(str(path))
    return project


def projects_alive() -> list[QgsProject]:
    return [one for one in gc.get_objects() if isinstance(one, QgsProject)]


def layer_called(project: QgsProject, name: str):
    (layer,) = project.mapLayersByName(name)
    return layer


def xml_in(folder: Path) -> str:
    (path,) = folder.glob("*.qgz")
    with zipfile.ZipFile(path) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".qgs")]
        return archive.read(name).decode()


def everything_in(folder: Path) -> bytes:
    """Return all bytes of a folder, archives unpacked."""
    parts = []
    for path in sorted(folder.iterdir()):
        parts.append(path.name.encode())
        if path.suffix == ".qgz":
            with zipfile.ZipFile(path) as archive:
                parts += [name.encode() + archive.read(name) for name in archive.namelist()]
        else:
            parts.append(path.read_bytes())
    return b"\n".join(parts)


def surface_file(path: Path, kind=gdal.GDT_Float32) -> Path:
    values = np.random.default_rng(3).random((300, 270)) * 1e6
    values[:20] = -9999
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 270, 300, 1, kind)
    system = osr.SpatialReference()
    system.ImportFromEPSG(27700)
    dataset.SetProjection(system.ExportToWkt())
    dataset.SetGeoTransform((450000.5, 25, 0, 307500.25, 0, -25))
    dataset.SetMetadataItem("STREETSAFE_RADIUS_M", "250.0")
    dataset.GetRasterBand(1).SetNoDataValue(-9999)
    dataset.GetRasterBand(1).SetDescription("reports per km²")
    dataset.GetRasterBand(1).WriteArray(values)
    return path


def as_file(layer, path: Path, name: str):
    from qgis.core import QgsCoordinateTransformContext, QgsVectorFileWriter

    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "rows"
    QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), QgsCoordinateTransformContext(), options
    )
    return QgsVectorLayer(f"{path}|layername=rows", name, "ogr")


def layout_with_map(project, name, layers):
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(name)
    shown = QgsLayoutItemMap(layout)
    shown.attemptSetSceneRect(QRectF(10, 20, 200, 150))
    shown.setExtent(QgsRectangle(449900, 300000, 451000, 301000))
    shown.setLayers(layers)
    shown.setKeepLayerSet(True)
    layout.addLayoutItem(shown)
    marking = QgsLayoutItemLabel(layout)
    marking.setText("OFFICIAL-SENSITIVE")
    marking.attemptSetSceneRect(QRectF(10, 5, 200, 10))
    layout.addLayoutItem(marking)
    project.layoutManager().addLayout(layout)
    return layout


@pytest.fixture
def whole_project(project, points, make_layer, tmp_path):
    """Fill a project with a bit of everything that must travel."""
    reports = points()
    categories = [
        QgsRendererCategory(value, QgsSymbol.defaultSymbol(reports.geometryType()), value)
        for value in ("k0", "k1")
    ]
    reports.setRenderer(QgsCategorizedSymbolRenderer("kind", categories))
    labels = QgsPalLayerSettings()
    labels.fieldName = "kind"
    reports.setLabeling(QgsVectorLayerSimpleLabeling(labels))
    reports.setLabelsEnabled(True)
    reports.setMapTipTemplate("<b>[% kind %]</b>")
    reports.setDefaultValueDefinition(1, QgsDefaultValue("7"))
    reports.setFieldAlias(1, "Number")
    QgsLayerNotesUtils.setLayerNotes(reports, "<p>Counted by hand.</p>")
    metadata = QgsLayerMetadata()
    metadata.setAbstract("From the force's own survey.")
    reports.setMetadata(metadata)
    parks = make_layer(
        [SQUARE], kind="Polygon", fields=[("kind", "string")], rows=[["k0"]], name="Parks"
    )
    heat = QgsRasterLayer(str(surface_file(tmp_path / "heat.tif")), "Heat", "gdal")
    group = project.layerTreeRoot().addGroup("Inputs")
    for layer in (reports, parks, heat):
        project.addMapLayer(layer, False)
        group.addLayer(layer)
    group.findLayer(parks).setItemVisibilityChecked(False)
    group.findLayer(heat).setExpanded(False)
    project.mapThemeCollection().insert(
        "Night",
        QgsMapThemeCollection.createThemeFromCurrentState(project.layerTreeRoot(), _model(project)),
    )
    relation = QgsRelation()
    relation.setId("tie")
    relation.setName("Tie")
    relation.setReferencedLayer(parks.id())
    relation.setReferencingLayer(reports.id())
    relation.addFieldPair("kind", "kind")
    project.relationManager().addRelation(relation)
    layout_with_map(project, "Page", [reports, parks])
    project.viewSettings().setDefaultViewExtent(
        QgsReferencedRectangle(QgsRectangle(450000, 300000, 451000, 301000), BNG)
    )
    return project


def test_a_whole_project_travels(run_algorithm, whole_project, tmp_path):
    project = whole_project
    before = project.fileName(), project.isDirty(), sorted(project.mapLayers())
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    assert (outcome["LAYERS"], outcome["LAYOUTS"], outcome["LEFT_OUT"]) == (3, 1, "")
    assert (project.fileName(), project.isDirty(), sorted(project.mapLayers())) == before
    assert "OFFICIAL-SENSITIVE" in xml_in(tmp_path / "out")
    assert any("scratch layer “Reports” was saved" in one for one in outcome.messages)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Parks-and-fear.gpkg",
        "Parks-and-fear.qgz",
    ]


def test_looks_notes_and_forms_are_kept(run_algorithm, whole_project, tmp_path):
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    copy = layer_called(shared, "Reports")
    assert copy.featureCount() == 3
    assert copy.renderer().type() == "categorizedSymbol"
    assert copy.labelsEnabled()
    assert copy.labeling().settings().fieldName == "kind"
    assert copy.mapTipTemplate() == "<b>[% kind %]</b>"
    assert copy.attributeAlias(copy.fields().lookupField("n")) == "Number"
    assert copy.defaultValueDefinition(copy.fields().lookupField("n")).expression() == "7"
    assert QgsLayerNotesUtils.layerNotes(copy) == "<p>Counted by hand.</p>"
    assert copy.metadata().abstract() == "From the force's own survey."
    shared.clear()
    # who opens the GeoPackage alone sees the style as well
    (database,) = (tmp_path / "out").glob("*.gpkg")
    alone = QgsVectorLayer(f"{database}|layername=Reports", "x", "ogr")
    alone.loadDefaultStyle()
    assert alone.renderer().type() == "categorizedSymbol"
    assert alone.metadata().abstract() == "From the force's own survey."


def test_tree_themes_relations_and_layouts_are_kept(run_algorithm, whole_project, tmp_path):
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    moved = tmp_path / "somewhere else"
    shutil.move(tmp_path / "out", moved)
    shared = opened(moved)
    (inputs,) = shared.layerTreeRoot().children()
    nodes = inputs.children()
    assert [node.name() for node in nodes] == ["Reports", "Parks", "Heat"]
    assert [node.itemVisibilityChecked() for node in nodes] == [True, False, True]
    assert not nodes[2].isExpanded()
    assert shared.mapThemeCollection().mapThemes() == ["Night"]
    (tie,) = shared.relationManager().relations().values()
    assert tie.isValid()
    assert tie.fieldPairs() == {"kind": "kind"}
    assert shared.title() == "Parks and fear"
    assert shared.crs() == BNG
    assert shared.viewSettings().defaultViewExtent().xMaximum() == 451000
    (page,) = shared.layoutManager().printLayouts()
    assert sorted(one.name() for one in page.referenceMap().layers()) == ["Parks", "Reports"]
    shared.clear()


def _model(project):
    from qgis.core import QgsLayerTreeModel

    return QgsLayerTreeModel(project.layerTreeRoot())


@pytest.mark.parametrize("kind", [gdal.GDT_Float32, gdal.GDT_Float64, gdal.GDT_Byte])
def test_cells_come_back_bit_for_bit(run_algorithm, project, tmp_path, kind):
    path = surface_file(tmp_path / "a.tif", kind)
    project.addMapLayer(QgsRasterLayer(str(path), "Heat", "gdal"))
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    source = layer_called(shared, "Heat").source()
    one, other = gdal.Open(str(path)), gdal.Open(source)
    assert source.startswith("GPKG:") == (kind == gdal.GDT_Float32)
    assert one.ReadAsArray().tobytes() == other.ReadAsArray().tobytes()
    assert one.GetGeoTransform() == other.GetGeoTransform()
    assert other.GetRasterBand(1).GetNoDataValue() == -9999 or kind == gdal.GDT_Byte
    assert other.GetRasterBand(1).GetDescription() == "reports per km²"
    assert other.GetMetadataItem("STREETSAFE_RADIUS_M") == "250.0"
    shared.clear()


@pytest.fixture
def full_of_canaries(project, points, tmp_path, monkeypatch):
    """Fill a project with names and places that must not leave."""
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "canarylogin")
    home = tmp_path / "canaryfolder"
    home.mkdir()
    picture = home / "canarypicture.png"
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.setText("Author", "canaryphotographer")
    assert image.save(str(picture))
    drawing = home / "canarydrawing.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:sodipodi="http://s.net/x" width="9"'
        ' height="9" sodipodi:docname="canarydocname"><metadata>canarycreator</metadata>'
        '<rect width="9" height="9"/></svg>'
    )
    reports = as_file(points(), home / "canaryfile.gpkg", "canaryfirstname")
    reports.setName("Reports")
    actions = reports.actions()
    actions.addAction(QgsAction(QgsAction.ActionType.GenericPython, "x", "open('/canaryaction/x')"))
    form = reports.editFormConfig()
    form.setInitCodeSource(QgsEditFormConfig.PythonInitCodeSource.CodeSourceDialog)
    form.setInitCode("canarycode()")
    form.setInitFunction("canaryfunction")
    reports.setEditFormConfig(form)
    reports.setEditorWidgetSetup(
        0,
        QgsEditorWidgetSetup(
            "ValueRelation",
            {"LayerSource": "dbname='x' host=canarydb user='canaryuser' password='canarysecret'"},
        ),
    )
    reports.setCustomProperty("somewhere", f"look into {home}/canaryproperty")
    metadata = QgsLayerMetadata()
    metadata.setAbstract("Kept.")
    metadata.setHistory([f"read from {home}"])
    reports.setMetadata(metadata)
    project.addMapLayer(reports)
    layout = layout_with_map(project, "Page", [reports])
    for path in (picture, drawing):
        item = QgsLayoutItemPicture(layout)
        item.setPicturePath(str(path))
        item.attemptSetSceneRect(QRectF(220, 20, 20, 20))
        layout.addLayoutItem(item)
    about = QgsProjectMetadata()
    about.setAuthor("canaryauthor")
    project.setMetadata(about)
    project.setCustomVariables({"where": str(home), "force": "LLR"})
    project.writeEntry("Macros", "/pythonCode", "canarymacro()")


def test_nobody_and_no_place_is_named(run_algorithm, full_of_canaries, tmp_path):
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})

    held = everything_in(tmp_path / "out").lower()
    assert b"canary" not in held, held[held.index(b"canary") - 200 :][:300]
    assert str(tmp_path).encode().lower() not in held
    assert b"saveuser" not in held
    host = socket.gethostname()
    if len(host) > 5:
        assert host.encode().lower() not in held
    said = " ".join(outcome.warnings)
    assert "Actions and form code of Reports were taken out" in said
    assert "Python code was not taken along" in said
    shared = opened(tmp_path / "out")
    assert shared.customVariables()["force"] == "LLR"
    pictures = [
        item.picturePath()
        for item in shared.layoutManager().printLayouts()[0].items()
        if isinstance(item, QgsLayoutItemPicture)
    ]
    assert [path[:7] for path in pictures] == ["base64:"] * 2
    shared.clear()


@pytest.mark.parametrize("kind", [gdal.GDT_Float32, gdal.GDT_Byte])
def test_a_raster_says_nothing_of_its_maker(run_algorithm, project, tmp_path, kind):
    path = surface_file(tmp_path / "a.tif", kind)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    for name in ("TIFFTAG_ARTIST", "TIFFTAG_HOSTCOMPUTER", "TIFFTAG_DOCUMENTNAME"):
        dataset.SetMetadataItem(name, "canary")
    dataset.SetMetadataItem("STREETSAFE_RECIPE", '{"fingerprint": "canaryrecipe"}')
    dataset.SetMetadata(["<x>canary</x>"], "xml:XMP")
    del dataset
    project.addMapLayer(marked(QgsRasterLayer(str(path), "Heat", "gdal"), "public"))
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "i")})
    assert everything_in(tmp_path / "i").replace(b"canaryrecipe", b"").count(b"canary") == 0
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "p"), "AUDIENCE": PUBLIC})
    assert b"canary" not in everything_in(tmp_path / "p")


def test_it_opens_in_a_fresh_process_without_the_plugin(
    run_algorithm, project, points, make_layer, tmp_path
):
    reports = points(count=5)
    project.addMapLayer(reports)
    project.addMapLayer(QgsRasterLayer(str(surface_file(tmp_path / "h.tif")), "Heat", "gdal"))
    layout_with_map(project, "Page", [reports])
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shutil.move(tmp_path / "out", tmp_path / "renamed ü")
    told = found_in(tmp_path / "renamed ü")
    assert [(one["name"], one["rows"]) for one in told["layers"]] == [
        ("Heat", None),
        ("Reports", 5),
    ]
    assert told["layouts"][0]["inked"] > 50


def test_only_what_is_shown_is_copied(run_algorithm, project, points, tmp_path):
    reports = as_file(
        points(rows=[["shown", 1], ["othersecret", 2], ["shown", 3]]), tmp_path / "r.gpkg", "R"
    )
    reports.setSubsetString("kind = 'shown'")
    reports.selectByIds([1])
    project.addMapLayer(reports)
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    copy = layer_called(shared, "R")
    assert sorted(one["n"] for one in copy.getFeatures()) == [1, 3]
    assert copy.subsetString() == ""
    shared.clear()
    assert b"othersecret" not in everything_in(tmp_path / "out")
    assert any("only the 2 rows of its filter" in one for one in outcome.messages)


def test_joined_and_worked_out_fields_become_fields(run_algorithm, project, points, tmp_path):
    reports = points()
    names = points("Names", rows=[["k0", 10], ["k1", 11]])
    project.addMapLayers([reports, names])
    join = QgsVectorLayerJoinInfo()
    join.setJoinLayer(names)
    join.setJoinFieldName("kind")
    join.setTargetFieldName("kind")
    join.setPrefix("j_")
    reports.addJoin(join)
    reports.addExpressionField("n * 2", integer_field("twice"))
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    copy = layer_called(shared, "Reports")
    assert copy.vectorJoins() == []
    assert [(one["j_n"], one["twice"]) for one in copy.getFeatures()] == [(10, 0), (11, 2), (10, 4)]
    assert copy.dataProvider().fields().lookupField("twice") >= 0
    shared.clear()


def test_names_of_any_kind_get_tables_of_their_own(run_algorithm, project, points, tmp_path):
    names = [
        "reports",
        "Reports",
        "x" * 200,
        "y" * 200,
        "отчёты",
        "layer_styles",
        "gpkg_a",
        "[% 1 %]",
    ]
    project.addMapLayers([points(name, count) for count, name in enumerate(names, start=1)])
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    assert sorted(layer.featureCount() for layer in shared.mapLayers().values()) == list(
        range(1, 9)
    )
    assert {"reports", "Reports", "x" * 200} <= {one.name() for one in shared.mapLayers().values()}
    shared.clear()
    assert "[%" not in xml_in(tmp_path / "out")


def test_a_field_called_fid_or_geom_is_kept(run_algorithm, project, points, tmp_path):
    odd = points(
        "Odd", fields=(("fid", "string"), ("geom", "string")), rows=[["a", "b"], ["a", "c"]]
    )
    project.addMapLayer(odd)
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    rows = [(one["fid"], one["geom"]) for one in layer_called(shared, "Odd").getFeatures()]
    assert rows == [("a", "b"), ("a", "c")]
    shared.clear()


def test_numbers_keep_all_their_digits(run_algorithm, project, points, tmp_path):
    numbers = [[1 / 3], [1e300], [2.5e-9]]
    exact = points("Exact", fields=[("x", "double")], rows=numbers)
    assert exact.fields()[0].precision() == 5  # what a layer in memory declares, and does not keep
    project.addMapLayer(exact)
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    shared = opened(tmp_path / "out")
    assert [[one["x"]] for one in layer_called(shared, "Exact").getFeatures()] == numbers
    shared.clear()


def test_web_maps_stay_behind_and_are_named(run_algorithm, project, points, tmp_path):
    project.addMapLayer(points())
    web = QgsRasterLayer("type=xyz&url=https://tile.example.org/{z}/{x}/{y}.png", "Web map", "wms")
    project.addMapLayer(web)
    layout_with_map(project, "Page", list(project.mapLayers().values()))
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    assert outcome["LAYERS"] == 1
    assert outcome["LEFT_OUT"].startswith("Web map: it comes from the web")
    assert any("“Page” goes without Web map" in one for one in outcome.warnings)
    assert b"example.org" not in everything_in(tmp_path / "out")
    assert web.id() not in xml_in(tmp_path / "out")


def test_missing_layers_are_refused_by_name(run_algorithm, project, points, tmp_path):
    project.addMapLayers([points(), QgsVectorLayer(str(tmp_path / "no.gpkg"), "Gone", "ogr")])
    with pytest.raises(Refused, match=r"“Gone” cannot be read"):
        run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    assert not (tmp_path / "out").exists()
    outcome = run_algorithm(
        "shareproject", {"FOLDER": str(tmp_path / "out"), "LEAVE_OUT_MISSING": True}
    )
    assert outcome["LEFT_OUT"] == "Gone: it cannot be read"
    assert any("Gone" in one for one in outcome.warnings)


def test_unsaved_edits_are_refused(run_algorithm, project, points, tmp_path):
    reports = points()
    project.addMapLayer(reports)
    reports.startEditing()
    reports.changeAttributeValue(1, 1, 99)
    with pytest.raises(Refused, match="edits that are not saved"):
        run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    reports.rollBack()


def marked(layer, word):
    metadata = QgsLayerMetadata()
    metadata.setKeywords({provenance.AUDIENCE: [word]})
    layer.setMetadata(metadata)
    return layer


@pytest.mark.parametrize(
    ("audience", "shared"),
    [
        (PARTNER, ["Boundaries", "For all", "For partners"]),
        (PUBLIC, ["Boundaries", "For all"]),
    ],
)
def test_only_what_is_fit_goes_to_others(
    run_algorithm, project, points, make_layer, tmp_path, audience, shared
):
    def outlines(name, field):
        made = make_layer([SQUARE], kind="Polygon", fields=[(field, "string")], rows=[["x"]])
        return as_file(made, tmp_path / f"{field}.gpkg", name)

    project.addMapLayers(
        [
            points("Reports"),
            marked(points("For partners"), "partner"),
            marked(points("For all"), "public"),
            outlines("Boundaries", "LSOA21CD"),
            outlines("Counts", "NUMPOINTS"),
            outlines("Buffers", "report_id"),
            make_layer([SQUARE], kind="Polygon", name="Scratch outlines"),
            QgsRasterLayer(str(surface_file(tmp_path / "h.tif")), "Heat", "gdal"),
        ]
    )
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out"), "AUDIENCE": audience})
    project = opened(tmp_path / "out")
    assert sorted(one.name() for one in project.mapLayers().values()) == shared
    project.clear()
    for name in ("Reports", "Counts", "Buffers", "Scratch outlines", "Heat"):
        assert f"{name}: " in outcome["LEFT_OUT"]
    assert b"NUMPOINTS" not in everything_in(tmp_path / "out")


def test_parks_crimes_and_their_recipes(run_algorithm, project, points, make_layer, tmp_path):
    made = run_algorithm("sampledata", {"FOLDER": str(tmp_path / "s"), "REPORTS": 50})
    crimes = run_algorithm(
        "importcrimes", {"SOURCE": made["CRIMES"], "OUTPUT": str(tmp_path / "c.gpkg")}
    )
    rings = run_algorithm(
        "parkanalysis",
        {
            "PARKS": made["PARKS"],
            "REPORTS": made["REPORTS_GPKG"],
            "DISTANCES": "100",
            "OUTPUT": str(tmp_path / "rings.gpkg"),
            "SUMMARY": "memory:",
        },
    )
    for path, name in (
        (made["PARKS"], "Parks"),
        (made["INTERVENTIONS"], "Interventions"),
        (crimes["OUTPUT"], "Crimes"),
        (rings["OUTPUT"], "Rings"),
        (made["REPORTS_GPKG"], "Reports"),
    ):
        project.addMapLayer(QgsVectorLayer(path, name, "ogr"))
    [parks] = project.mapLayersByName("Parks")
    with edit(parks):
        park = next(parks.getFeatures())
        parks.changeAttributeValue(park.id(), parks.fields().indexOf("note"), "wordscanary")
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "o"), "AUDIENCE": PUBLIC})
    assert any("“Parks” goes without note" in one for one in outcome.messages)
    shared = opened(tmp_path / "o")
    names = sorted(one.name() for one in shared.mapLayers().values())
    assert names == ["Crimes", "Interventions", "Parks"]
    assert "Rings: it is an analysis" in outcome["LEFT_OUT"]
    # a number of rows and a fingerprint of what was read are nobody's business outside
    assert layer_called(shared, "Crimes").metadata().keywords("streetsafe:recipe") == []
    shared.clear()
    assert b"fingerprint" not in everything_in(tmp_path / "o")
    assert b"wordscanary" not in everything_in(tmp_path / "o")
    run_algorithm("shareproject", {"FOLDER": str(tmp_path / "i")})
    assert b"wordscanary" in everything_in(tmp_path / "i")


def test_fields_about_people_and_hidden_ones_stay_inside(run_algorithm, project, points, tmp_path):
    reports = points(
        fields=(("kind", "string"), ("age", "string"), ("inner", "string")),
        rows=[["a", "agedcanary", "innercanary"]],
    )
    metadata = QgsLayerMetadata()
    metadata.setKeywords({provenance.AUDIENCE: ["partner"], provenance.SENSITIVE: ["age"]})
    reports.setMetadata(metadata)
    reports.setEditorWidgetSetup(2, QgsEditorWidgetSetup("Hidden", {}))
    project.addMapLayer(reports)
    partner = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "p"), "AUDIENCE": PARTNER})
    assert any("goes without age, inner" in one for one in partner.messages)
    assert b"canary" not in everything_in(tmp_path / "p")
    inside = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "i")})
    assert any("keeps fields that describe people" in one for one in inside.warnings)
    assert b"agedcanary" in everything_in(tmp_path / "i")


def test_layouts_go_only_to_those_they_were_made_for(run_algorithm, project, points, tmp_path):
    fit, unfit = marked(points("Fit"), "public"), points("Unfit")
    project.addMapLayers([fit, unfit])
    for name, layer, word in (
        ("Good", fit, "public"),
        ("Unmarked", fit, ""),
        ("Shows more", unfit, "public"),
        ("For partners", fit, "partner"),
    ):
        layout_with_map(project, name, [layer]).setCustomProperty("streetsafe/audience", word)
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "o"), "AUDIENCE": PUBLIC})
    assert outcome["LAYOUTS"] == 1
    shared = opened(tmp_path / "o")
    assert [one.name() for one in shared.layoutManager().layouts()] == ["Good"]
    shared.clear()
    assert "Unmarked: it was not made for this audience" in outcome["LEFT_OUT"]
    assert "Shows more: it shows “Unfit”, which is not shared" in outcome["LEFT_OUT"]


def test_nothing_is_left_of_a_run_that_was_stopped(run_algorithm, project, points, tmp_path):
    project.addMapLayers([points("A"), points("B")])
    out = tmp_path / "out"
    for percent in (0, 30, 92):
        with pytest.raises(QgsProcessingException, match="Nothing was written"):
            run_algorithm("shareproject", {"FOLDER": str(out)}, cancel_at=percent)
        assert not out.exists()


def test_no_project_waits_for_the_garbage_collector(run_algorithm, project, points, tmp_path):
    """One that is alive when QGIS has ended takes the whole process down with it."""
    project.addMapLayer(points())
    before = projects_alive()
    gc.disable()
    try:
        run_algorithm("shareproject", {"FOLDER": str(tmp_path / "shared")})
        assert len(projects_alive()) == len(before)
    finally:
        gc.enable()


def test_an_earlier_folder_stands_until_the_new_one_is_whole(
    run_algorithm, project, points, tmp_path, monkeypatch
):
    from streetsafe_plugin.gis.sharing import share

    project.addMapLayer(points())
    out = tmp_path / "out"
    run_algorithm("shareproject", {"FOLDER": str(out)})
    (out / "mine.txt").write_text("kept")
    before = everything_in(out)
    project.addMapLayer(points("More"))

    def full_disk(path, assembled):
        from streetsafe_plugin.domain.errors import WriteFailed

        raise WriteFailed("The disk is full.", "Free some.")

    with monkeypatch.context() as patch:
        patch.setattr(share, "save_assembled", full_disk)
        with pytest.raises(QgsProcessingException, match="disk is full"):
            run_algorithm("shareproject", {"FOLDER": str(out)})
    assert everything_in(out) == before
    # as on Windows, where a file that somebody has open cannot be replaced
    replace = Path.replace

    def in_use(path, target):
        if path.suffix == ".qgz" and path.parent == out:
            raise PermissionError(13, "in use")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", in_use)
        with pytest.raises(QgsProcessingException, match="is in use by another program"):
            run_algorithm("shareproject", {"FOLDER": str(out)})
    assert everything_in(out) == before
    assert run_algorithm("shareproject", {"FOLDER": str(out)})["LAYERS"] == 2
    assert (out / "mine.txt").read_text() == "kept"
    assert sorted(one.suffix for one in out.iterdir()) == [".gpkg", ".qgz", ".txt"]


def test_a_project_is_not_shared_over_itself(run_algorithm, project, points, tmp_path):
    project.addMapLayer(points())
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    assert project.read(outcome["PROJECT"])
    with pytest.raises(Refused, match=r"\(FOLDER\) holds the project that is to be shared"):
        run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})


def test_a_project_kept_in_a_geopackage_is_shared(run_algorithm, project, points, tmp_path):
    reports = as_file(points(), tmp_path / "store.gpkg", "Reports")
    project.addMapLayer(reports)
    uri = f"geopackage:{tmp_path / 'store.gpkg'}?projectName=kept"
    assert project.write(uri)
    outcome = run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
    assert outcome["LAYERS"] == 1
    assert project.fileName() == uri
    database = sqlite3.connect(outcome["GEOPACKAGE"])
    assert database.execute("SELECT count(*) FROM Reports").fetchone() == (3,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    database.close()


def test_an_empty_project_is_refused(run_algorithm, project, tmp_path):
    with pytest.raises(Refused, match="has no layers to share"):
        run_algorithm("shareproject", {"FOLDER": str(tmp_path / "out")})
