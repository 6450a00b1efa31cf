# SPDX-License-Identifier: GPL-2.0-or-later
"""A pack tells nobody who made it, where, on which machine, or what else was in the layers.

The run has a process of its own, since a user, a home and a machine are a process's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canaries import leaks
from tests.canary_home import MACHINE, PLANTED, REPOSITORY, folder_below, walk

JOURNEY = """
def saved(name, kind, fields, rows):
    path = folder / f"{planted['folder of the data']} {name}.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    context = QgsProject.instance().transformContext()
    made = layer(name, kind, fields, rows)
    QgsVectorFileWriter.writeAsVectorFormatV3(made, str(path), context, options)
    opened = QgsVectorLayer(str(path), name, "ogr")
    assert opened.isValid()
    QgsProject.instance().addMapLayer(opened)
    return opened

def journey():
    write_author()
    QgsProject.instance().setTitle(planted["title of the project"])
    names = ["park_id", "park_name"]
    parks = saved("parks", "Polygon", names, [(square(457000, 300), ["a", "Park"])])
    names = ["report_id", "comment", "source_file", "concern"]
    values = [
        planted["id of a report"],
        planted["comment of a report"],
        planted["file of the reports"],
        "behaviour",
    ]
    places = [f"Point({457050 + 7 * n} {301040 + 9 * n})" for n in range(20)]
    reports = saved("reports", "Point", names, [(place, values) for place in places])
    heat, _ = run("streetsafe:heatmap", {"INPUT": reports, "OUTPUT": str(folder / "heat.tif")})
    briefing = QgsApplication.processingRegistry().algorithmById("streetsafe:exportbriefing")
    offered = briefing.parameterDefinition("FORMATS").options()
    run("streetsafe:exportbriefing", {
        "PARKS": parks, "REPORTS": reports, "HEATMAP": heat["OUTPUT"], "CRIMES": reports,
        "MARKING": 1, "FORMATS": list(range(len(offered))),
        "FOLDER": str(folder / planted["folder of the pack"]),
    })
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """Return the folder of a pack in all formats, made where canaries lie everywhere."""
    folder = folder_below(tmp_path_factory.mktemp("leaks"))
    walk(folder, JOURNEY)
    return folder / PLANTED["folder of the pack"]


def test_the_pack_is_there_in_all_formats(pack: Path) -> None:
    assert {path.suffix for path in pack.iterdir()} >= {".pdf", ".png", ".svg"}


def test_nothing_planted_got_out(pack: Path) -> None:
    assert leaks([pack], [*PLANTED.values(), MACHINE, str(REPOSITORY)]) == []


def test_what_is_meant_to_be_told_is_found(pack: Path) -> None:
    """The same search finds the marking in every file, so it would have found the others."""
    for path in pack.iterdir():
        assert len(leaks([path], ["OFFICIAL-SENSITIVE"])) > 1, path.name


def test_no_file_tells_of_its_making(pack: Path) -> None:
    words = [
        "/CreationDate",
        "/Producer",
        "/Creator",
        "/Author",
        "Generated with",
        "xmpMM",
        "dc:creator",
    ]
    assert leaks([pack], words) == []
