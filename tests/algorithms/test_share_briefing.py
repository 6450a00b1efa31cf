# SPDX-License-Identifier: GPL-2.0-or-later
"""A briefing's layouts and layers travel with a shared project, to those whom they were made for.

Packs for all audiences are made into one saved project, which is then shared with each of them,
in a process of its own: user, home and machine are a process's, and words planted there and in the
data must not get out.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from qgis.core import QgsLayoutExporter, QgsProject
from qgis.PyQt.QtCore import QSize

from streetsafe_plugin.domain.pack import Audience
from tests.canaries import leaks
from tests.canary_home import MACHINE, PLANTED, REPOSITORY, folder_below, walk
from tests.elsewhere import found_in

TITLE = "50 % [safer] “parks”"

JOURNEY = """
def journey():
    project = QgsProject.instance()
    write_author()
    project.setTitle("Parks")
    assert project.write(str(folder / "parks.qgz"))
    parks = layer("parks", "Polygon", ["park_id", "park_name"],
                  [(square(457000, 300), ["a", "Full Park"]),
                   (square(459000, 300), ["b", "Few Park"])])
    spots = [(457050 + 5 * n, 301040 + 5 * n) for n in range(40)]
    spots += [(459100 + 50 * n, 301100) for n in range(3)]
    values = [planted["id of a report"], planted["comment of a report"],
              planted["file of the reports"], "behaviour"]
    reports = layer("reports", "Point", ["report_id", "comment", "source_file", "concern"],
                    [(f"Point({x} {y})", [f"{values[0]}{n}", *values[1:]])
                     for n, (x, y) in enumerate(spots)])
    heat, _ = run("streetsafe:heatmap", {"INPUT": reports, "OUTPUT": str(folder / "heat.tif")})
    for audience in range(3):
        run("streetsafe:exportbriefing", {
            "PARKS": parks, "REPORTS": reports, "HEATMAP": heat["OUTPUT"], "MARKING": 1,
            "TITLE": arguments[0], "AUDIENCE": audience, "FORMATS": [4],
            "FOLDER": str(folder / planted["folder of the pack"]),
        })
    assert project.write()
    for audience in range(3):
        run("streetsafe:shareproject",
            {"FOLDER": str(folder / f"shared {audience}"), "AUDIENCE": audience})
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Return the folder in which the project, the packs and the shared folders are."""
    folder = folder_below(tmp_path_factory.mktemp("shared"))
    walk(folder, JOURNEY, TITLE)
    return folder


def elsewhere(home: Path, audience: Audience, place: Path) -> Path:
    """Copy a shared folder to where another would have it, under another name."""
    return Path(
        shutil.copytree(home / f"shared {list(Audience).index(audience)}", place / "copy ü")
    )


def layouts_for(audience: Audience) -> list[str]:
    made = [audience, Audience.PUBLIC] if audience is not Audience.INTERNAL else list(Audience)
    return sorted(
        TITLE if one is Audience.INTERNAL else f"{TITLE} ({one.value})"
        for one in dict.fromkeys(made)
    )


def rows_of(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608 - a constant


def columns_of(path: Path) -> dict[str, list[str]]:
    """Return the columns of each table that holds features."""
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT table_name FROM gpkg_geometry_columns").fetchall()
        return {
            table: [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            for (table,) in tables
        }


@pytest.mark.parametrize("audience", list(Audience))
def test_it_opens_elsewhere_without_the_plugin(home: Path, tmp_path: Path, audience) -> None:
    folder = elsewhere(home, audience, tmp_path)
    told = found_in(folder)
    assert sorted(one["name"] for one in told["layouts"]) == layouts_for(audience)
    assert all(one["inked"] > 500 for one in told["layouts"])


def test_its_pages_look_as_they_do_at_home(home: Path, tmp_path: Path, qgis_app) -> None:
    """Same pixels on every page, so the same styles and layers under the same settings."""

    def pages(path: Path) -> dict[str, list[bytes]]:
        project = QgsProject()
        assert project.read(str(path))
        drawn = {}
        for layout in project.layoutManager().printLayouts():
            exporter = QgsLayoutExporter(layout)
            count = layout.pageCollection().pageCount()
            images = [exporter.renderPageToImage(at, QSize(), 50) for at in range(count)]
            drawn[layout.name()] = [
                bytes(image.constBits().asarray(image.sizeInBytes())) for image in images
            ]
        project.clear()
        return drawn

    (shared,) = elsewhere(home, Audience.INTERNAL, tmp_path).glob("*.qgz")
    at_home = pages(home / "parks.qgz")
    assert sorted(at_home) == layouts_for(Audience.INTERNAL)
    assert pages(shared) == at_home


@pytest.mark.parametrize("audience", [Audience.PARTNER, Audience.PUBLIC])
def test_what_was_made_for_colleagues_stays(home: Path, tmp_path: Path, audience) -> None:
    """The few reports of the second park are in the internal pack's layers, and in no other."""
    (inside,) = elsewhere(home, Audience.INTERNAL, tmp_path).glob("*.gpkg")
    assert any(3 in row for row in rows_of(inside, "Parks"))
    (path,) = elsewhere(home, audience, tmp_path / audience.value).glob("*.gpkg")
    held = columns_of(path)
    counted = [table for table, columns in held.items() if "within" in columns]
    assert counted
    for table in counted:
        assert all(3 not in row[2:] for row in rows_of(path, table)), table
    assert not any(columns[2:] == ["concern"] for columns in held.values())


def test_nothing_planted_got_out(home: Path) -> None:
    """Nor do the register's hashes tell what was hashed."""
    products = [home / PLANTED["folder of the pack"], *home.glob("shared *")]
    products.append(home / "parks.issued.json")
    assert len(products) == 5
    names = {PLANTED["folder of the pack"]}
    inside = [
        path for product in products for path in (product, *product.rglob("*")) if path.is_file()
    ]
    assert leaks(inside, [*{*PLANTED.values()} - names, MACHINE, str(REPOSITORY)]) == []
    assert leaks([path for path in inside if "shared" in path.parent.name], names) == []
    assert leaks([home / "shared 2"], ["Full Park"])
