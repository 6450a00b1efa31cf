# SPDX-License-Identifier: GPL-2.0-or-later
"""A pack tells nobody who made it, where, on which machine, or what else was in the layers.

The run has a process of its own, since a user, a home and a machine are a process's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canaries import leaks

REPOSITORY = Path(__file__).resolve().parents[2]
MACHINE = "canary-machine-41"
#: What must stay at home, by where it is planted.
PLANTED = {
    "user": "Canary-user-42",
    "home": "Canary-home-43",
    "folder of the data": "Canary-folder-44",
    "comment of a report": "Canary-comment-45",
    "id of a report": "Canary-id-46",
    "author of the project": "Canary-author-47",
    "title of the project": "Canary-project-48",
    "folder of the pack": "Canary-pack-49",
    "file of the reports": "Canary-source-51",
}

CHILD = """
import json, sys
sys.path[:0] = [{repository!r}, {scripts!r}]
from pathlib import Path
from headless import qgis_running, run
from qgis.core import *
planted, folder = json.loads({planted!r}), Path({folder!r})

def saved(name, kind, fields, rows):
    columns = "".join(f"&field={{field}}" for field in fields)
    layer = QgsVectorLayer(f"{{kind}}?crs=EPSG:27700{{columns}}", name, "memory")
    features = []
    for wkt, values in rows:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        feature.setAttributes(values)
        features.append(feature)
    assert layer.dataProvider().addFeatures(features)[0]
    path = folder / f"{{planted['folder of the data']}} {{name}}.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    context = QgsProject.instance().transformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context, options)
    opened = QgsVectorLayer(str(path), name, "ogr")
    assert opened.isValid()
    QgsProject.instance().addMapLayer(opened)
    return opened

with qgis_running():
    about = QgsProject.instance().metadata()
    about.setAuthor(planted["author of the project"])
    about.setTitle(planted["title of the project"])
    QgsProject.instance().setMetadata(about)
    box = "Polygon((457000 301000, 457300 301000, 457300 301300, 457000 301300, 457000 301000))"
    names = ["park_id:string(0)", "park_name:string(0)"]
    parks = saved("parks", "Polygon", names, [(box, ["a", "Park"])])
    names = [f"{{name}}:string(0)" for name in ("report_id", "comment", "source_file", "concern")]
    values = [
        planted["id of a report"],
        planted["comment of a report"],
        planted["file of the reports"],
        "behaviour",
    ]
    places = [f"Point({{457050 + 7 * n}} {{301040 + 9 * n}})" for n in range(20)]
    reports = saved("reports", "Point", names, [(place, values) for place in places])
    heat, _ = run("streetsafe:heatmap", {{"INPUT": reports, "OUTPUT": str(folder / "heat.tif")}})
    briefing = QgsApplication.processingRegistry().algorithmById("streetsafe:exportbriefing")
    offered = briefing.parameterDefinition("FORMATS").options()
    made, _ = run(
        "streetsafe:exportbriefing",
        {{
            "PARKS": parks, "REPORTS": reports, "HEATMAP": heat["OUTPUT"], "CRIMES": reports,
            "MARKING": 1, "FORMATS": list(range(len(offered))),
            "FOLDER": str(folder / planted["folder of the pack"]),
        }},
    )
    print("PACK", made["FOLDER"])
"""


def on_another_machine() -> list[str]:
    """Return what to put before a command for it to believe in another machine's name."""
    if os.geteuid() == 0 and shutil.which("unshare") and shutil.which("hostname"):
        command = ["unshare", "--uts", "sh", "-c", f'hostname {MACHINE} && exec "$@"', "sh"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return []


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """Return the folder of a pack in all formats, made where canaries lie everywhere."""
    folder = tmp_path_factory.mktemp("leaks") / PLANTED["folder of the data"]
    home = folder / PLANTED["home"]
    home.mkdir(parents=True)
    user = PLANTED["user"]
    code = CHILD.format(
        repository=str(REPOSITORY),
        scripts=str(REPOSITORY / "scripts"),
        planted=json.dumps(PLANTED),
        folder=str(folder),
    )
    done = subprocess.run(
        [*on_another_machine(), sys.executable, "-c", code],
        env={
            **os.environ,
            **dict.fromkeys(("USER", "LOGNAME", "USERNAME"), user),
            "HOME": str(home),
            "QGIS_CUSTOM_CONFIG_PATH": str(home / "profile"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    made = [line for line in done.stdout.splitlines() if line.startswith("PACK ")]
    assert made, done.stderr[-3000:]
    return Path(made[0].split(" ", 1)[1])


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
