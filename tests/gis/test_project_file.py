# SPDX-License-Identifier: GPL-2.0-or-later
"""A saved project opens anywhere, names nobody, and never costs the one that was there."""

from __future__ import annotations

import getpass
import shutil
import zipfile

import pytest
from osgeo import ogr, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.gis import project_file
from streetsafe_plugin.gis.project_file import ProjectGroup, ProjectLayer, save_project

VIEW = QgsRectangle(450000, 290000, 470000, 310000)


@pytest.fixture
def bng(qgis_app):
    return QgsCoordinateReferenceSystem("EPSG:27700")


@pytest.fixture
def folder(tmp_path):
    # the names that have broken QGIS projects before
    made = tmp_path / "Jane's £ work #1 100% & more"
    made.mkdir()
    return made


def point_file(path, points=1):
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    system = osr.SpatialReference()
    system.ImportFromEPSG(27700)
    layer = dataset.CreateLayer("points", system, ogr.wkbPoint)
    for number in range(points):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT({450000 + number} 300000)"))
        layer.CreateFeature(feature)
    return path


def load(path, name="Points"):
    layer = QgsVectorLayer(f"{path}|layername=points", name, "ogr")
    assert layer.isValid()
    return layer


def group(*layers, key="reports", title="Reports"):
    return ProjectGroup(key, title, [ProjectLayer(layer) for layer in layers])


def xml_of(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"{path.stem}.qgs").decode()


def test_the_project_opens_elsewhere_with_groups_crs_title_and_view(folder, tmp_path, bng):
    point_file(folder / "a.gpkg", 3)
    point_file(folder / "b.gpkg", 2)
    groups = [
        ProjectGroup("parks", "Parks", [ProjectLayer(load(folder / "a.gpkg", "Upper"))]),
        ProjectGroup("reports", "Reports", [ProjectLayer(load(folder / "b.gpkg", "Lower"), False)]),
    ]
    saved = save_project(folder / "p.qgz", "A title", groups, bng, VIEW)
    moved = tmp_path / "moved"
    shutil.move(folder, moved)

    project = QgsProject()
    assert project.read(str(moved / saved.name))
    assert project.title() == "A title"
    assert project.crs() == bng
    assert project.viewSettings().defaultViewExtent() == VIEW
    nodes = project.layerTreeRoot().children()
    assert [node.name() for node in nodes] == ["Parks", "Reports"]
    assert [node.customProperty(project_file.GROUP_PROPERTY) for node in nodes] == [
        "parks",
        "reports",
    ]
    layers = [node.layer() for node in project.layerTreeRoot().findLayers()]
    assert [layer.name() for layer in layers] == ["Upper", "Lower"]
    assert [layer.isValid() for layer in layers] == [True, True]
    assert [layer.featureCount() for layer in layers] == [3, 2]
    assert [layer.name() for layer in project.layerTreeRoot().checkedLayers()] == ["Upper"]
    project.clear()


def test_nobody_and_no_folder_is_named(folder, bng):
    point_file(folder / "a.gpkg")
    saved = save_project(folder / "p.qgz", "T", [group(load(folder / "a.gpkg"))], bng, VIEW)
    xml = xml_of(saved)
    assert "saveUser" not in xml
    assert "<author/>" in xml
    assert f">{getpass.getuser()}<" not in xml
    assert str(folder) not in xml
    assert str(folder.parent) not in xml
    assert "./a.gpkg|layername=points" in xml
    with zipfile.ZipFile(saved) as archive:
        names = archive.namelist()
    # newer versions of QGIS add a file of symbols under a random name
    assert {name for name in names if not name.endswith("_styles.db")} <= {"p.qgs", "p.qgd"}


def test_names_from_data_are_not_evaluated_by_legends(folder, bng):
    point_file(folder / "a.gpkg")
    layers = group(load(folder / "a.gpkg", "[% env('HOME') %]"), title="[% 1 %]")
    saved = save_project(folder / "p.qgz", "[% 2 %]", [layers], bng, VIEW)
    assert "[%" not in xml_of(saved)


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        # as a print layout's map keeps its layers even where paths are relative
        ('<Layer source="/home/jane/work/a.gpkg"/>', 'source="./a.gpkg"'),
        ('<Layer source="file:///home/jane/work/a%20b.csv"/>', 'source="./a%20b.csv"'),
        ('<Layer source="./home/jane/work/a.gpkg"/>', 'source="./home/jane/work/a.gpkg"'),
        ("<extent>/home/jane/work/a &amp; b.gpkg</extent>", ">./a &amp; b.gpkg<"),
        ('<unit suffix="/km²"/>', 'suffix="/km²"'),
    ],
)
def test_paths_below_the_folder_become_relative(tmp_path, given, cleaned):
    folder = type(tmp_path)("/home/jane/work")
    xml = project_file._cleaned(f'<qgis saveUser="jane">{given}</qgis>', folder)
    assert cleaned in xml
    assert "saveUser" not in xml


def test_a_folder_of_many_signs_is_found_however_it_is_spelt(tmp_path):
    folder = type(tmp_path)("/home/jane/it's £ & more")
    given = (
        """<a s="/home/jane/it's £ &amp; more/1"/>"""
        "<a s='/home/jane/it&apos;s £ &amp; more/2'/>"
        '<a s="file:///home/jane/it%27s%20%C2%A3%20%26%20more/3"/>'
    )
    xml = project_file._cleaned(f"<qgis>{given.replace('&apos;', '&#x27;')}</qgis>", folder)
    assert [f's="./{number}"' in xml for number in (1, 2, 3)] == [True] * 3


@pytest.mark.parametrize(
    "given",
    [
        '<Layer source="/home/other/jane.gpkg"/>',
        "<datasource>C:\\Users\\jane\\a.gpkg</datasource>",
        "<datasource>//server/share/a.gpkg</datasource>",
        "<datasource>\\\\server\\share\\a.gpkg</datasource>",
        "<datasource>dbname='x' user='jane' password='p'</datasource>",
        "not xml at all",
    ],
)
def test_what_would_give_somebody_away_is_not_saved(tmp_path, given):
    with pytest.raises(WriteFailed, match="was not saved"):
        project_file._cleaned(f"<qgis>{given}</qgis>" if given[0] == "<" else given, tmp_path)


def test_a_layer_from_another_folder_is_refused(folder, tmp_path, bng):
    point_file(tmp_path / "elsewhere.gpkg")
    with pytest.raises(InputRefused, match="outside the project's folder"):
        save_project(folder / "p.qgz", "T", [group(load(tmp_path / "elsewhere.gpkg"))], bng, VIEW)
    assert list(folder.iterdir()) == []


def test_a_layer_in_memory_is_refused(folder, bng, make_layer):
    with pytest.raises(InputRefused, match="is not a file"):
        save_project(folder / "p.qgz", "T", [group(make_layer(["POINT(1 1)"]))], bng, VIEW)


def test_a_layer_that_cannot_be_read_is_refused(folder, bng):
    broken = QgsVectorLayer(str(folder / "missing.gpkg"), "Gone", "ogr")
    with pytest.raises(InputRefused, match="“Gone” cannot be read"):
        save_project(folder / "p.qgz", "T", [group(broken)], bng, VIEW)


def test_saving_again_replaces_the_project(folder, bng):
    point_file(folder / "a.gpkg")
    for title in ("First", "Second"):
        save_project(folder / "p.qgz", title, [group(load(folder / "a.gpkg"))], bng, VIEW)
    assert "<title>Second</title>" in xml_of(folder / "p.qgz")
    assert sorted(path.name for path in folder.iterdir()) == ["a.gpkg", "p.qgz"]


def test_the_old_project_stands_when_the_new_one_does_not_open(folder, bng, monkeypatch):
    point_file(folder / "a.gpkg")
    saved = save_project(folder / "p.qgz", "Good", [group(load(folder / "a.gpkg"))], bng, VIEW)
    before = saved.read_bytes()
    # as if the disk had filled up half way through the layers
    cut = project_file._cleaned
    monkeypatch.setattr(
        project_file,
        "_cleaned",
        lambda text, below: cut(text, below).replace("a.gpkg", "gone.gpkg"),
    )
    with pytest.raises(WriteFailed, match="does not open again"):
        save_project(folder / "p.qgz", "Bad", [group(load(folder / "a.gpkg"))], bng, VIEW)
    assert saved.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["a.gpkg", "p.qgz"]


def test_a_missing_folder_is_refused_and_not_made(tmp_path, folder, bng):
    with pytest.raises(WriteFailed, match="does not exist"):
        save_project(tmp_path / "none" / "p.qgz", "T", [], bng, VIEW)
    assert not (tmp_path / "none").exists()
