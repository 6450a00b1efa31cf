# SPDX-License-Identifier: GPL-2.0-or-later
"""Open a shared folder as a stranger would, in QGIS without this plugin, and say what is there.

    python3 scripts/check_shared_folder.py FOLDER

Prints one JSON object: each layer with its rows and how it is drawn, each layout with the bytes of
its PDF and the share of its first page that is not blank, and what is wrong. Ends with 1 if
anything is. Uses nothing of this checkout, so that it can be carried to any machine with QGIS.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsLayoutExporter,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

_SIDE_FILES = ("-wal", "-shm", "-journal")
_SMALLEST_PDF = 1000


def main(arguments: list[str]) -> int:
    """Check the folder that is named and print what was found."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    application = QgsApplication([], True)
    application.initQgis()
    found = look_at(Path(arguments[0]))
    print(json.dumps(found, indent=1, sort_keys=True))
    QgsProject.instance().clear()
    application.exitQgis()
    return 1 if found["wrong"] else 0


def look_at(folder: Path) -> dict[str, Any]:
    """Return what the only project of a folder holds, and what is wrong with it."""
    wrong: list[str] = []
    projects = sorted(folder.glob("*.qgz"))
    if len(projects) != 1:
        return {"wrong": [f"{len(projects)} projects in the folder"]}
    project = QgsProject.instance()
    if not project.read(str(projects[0])):
        wrong.append("the project does not open")
    layers = [_layer(layer) for layer in project.mapLayers().values()]
    layouts = [_layout(one) for one in project.layoutManager().printLayouts()]
    wrong += [f"{one['name']}: not valid" for one in layers if not one["valid"]]
    wrong += [f"{one['name']}: elsewhere" for one in layers if not one["inside"]]
    wrong += [f"{one['name']}: no PDF" for one in layouts if one["pdf_bytes"] < _SMALLEST_PDF]
    wrong += [f"{one['name']}: blank" for one in layouts if not one["inked"]]
    wrong += [one.name for one in folder.iterdir() if one.name.endswith(_SIDE_FILES)]
    return {
        "qgis": Qgis.QGIS_VERSION,
        "layers": sorted(layers, key=lambda one: str(one["name"])),
        "layouts": layouts,
        "relations": sum(
            1 for one in project.relationManager().relations().values() if one.isValid()
        ),
        "themes": sorted(project.mapThemeCollection().mapThemes()),
        "wrong": wrong,
    }


def _layer(layer: QgsMapLayer) -> dict[str, Any]:
    vector = isinstance(layer, QgsVectorLayer)
    folder = Path(layer.project().absolutePath())
    path = layer.source().split("|")[0].replace("GPKG:", "", 1)
    renderer = layer.renderer() if layer.isValid() else None
    return {
        "name": layer.name(),
        "valid": layer.isValid(),
        "inside": path.startswith(str(folder)),
        "rows": max(layer.featureCount(), 0) if vector else None,
        "renderer": renderer.type() if renderer else None,
        "labels": vector and layer.labelsEnabled(),
    }


def _layout(layout: QgsPrintLayout) -> dict[str, Any]:
    exporter = QgsLayoutExporter(layout)
    page = exporter.renderPageToImage(0, QSize(400, 0))
    image = page if page.width() else exporter.renderPageToImage(0, QSize(), 40)
    blank = image.pixel(0, 0)
    inked = sum(
        image.pixel(x, y) != blank
        for x in range(0, image.width(), 4)
        for y in range(0, image.height(), 4)
    )
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "layout.pdf"
        exporter.exportToPdf(str(pdf), QgsLayoutExporter.PdfExportSettings())
        size = pdf.stat().st_size if pdf.exists() else 0
    return {"name": layout.name(), "pdf_bytes": size, "inked": inked}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
