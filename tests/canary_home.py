# SPDX-License-Identifier: GPL-2.0-or-later
"""A process of its own whose user, home, machine and data have canaries for names.

These are a process's own, so what may be told of them cannot be tried within the tests' process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
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

_BEFORE = """
import json, sys
from pathlib import Path
from headless import qgis_running, run
from qgis.core import *
planted, folder, arguments = json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]

def layer(name, kind, fields, rows):
    columns = "".join(f"&field={field}:string(0)" for field in fields)
    made = QgsVectorLayer(f"{kind}?crs=EPSG:27700{columns}", name, "memory")
    features = []
    for wkt, values in rows:
        feature = QgsFeature(made.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        feature.setAttributes(values)
        features.append(feature)
    assert made.dataProvider().addFeatures(features)[0]
    return made

def square(x, side):
    ring = [(x, 301000), (x + side, 301000), (x + side, 301000 + side), (x, 301000 + side)]
    return "Polygon((" + ", ".join(f"{x} {y}" for x, y in [*ring, ring[0]]) + "))"

def write_author():
    about = QgsProject.instance().metadata()
    about.setAuthor(planted["author of the project"])
    QgsProject.instance().setMetadata(about)
"""
_AFTER = """
with qgis_running():
    journey()
"""


def folder_below(place: Path) -> Path:
    """Return a folder of a canary's name in which a home of a canary's name lies."""
    folder = place / PLANTED["folder of the data"]
    (folder / PLANTED["home"]).mkdir(parents=True)
    return folder


def walk(folder: Path, journey: str, *arguments: str) -> str:
    """Run code that defines `journey()` where canaries lie everywhere; return what it printed.

    The code has `planted`, the `folder`, the `arguments`, `run` of an algorithm, all of qgis.core,
    and `layer`, `square` and `write_author`.
    """
    home = folder / PLANTED["home"]
    code = "\n".join((_BEFORE, journey, _AFTER))
    done = subprocess.run(
        [
            *_on_another_machine(),
            sys.executable,
            *("-c", code, json.dumps(PLANTED), str(folder), *arguments),
        ],
        env={
            **os.environ,
            **dict.fromkeys(("USER", "LOGNAME", "USERNAME"), PLANTED["user"]),
            "HOME": str(home),
            "PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "scripts"))),
            "QGIS_CUSTOM_CONFIG_PATH": str(home / "profile"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _on_another_machine() -> list[str]:
    """Return what to put before a command for it to believe in another machine's name."""
    if os.geteuid() == 0 and shutil.which("unshare") and shutil.which("hostname"):
        command = ["unshare", "--uts", "sh", "-c", f'hostname {MACHINE} && exec "$@"', "sh"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return []
