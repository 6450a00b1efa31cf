# SPDX-License-Identifier: GPL-2.0-or-later
"""Time hot spots beside QGIS's own grid and counts, and G* beside esda's.

esda is not needed for anything else, so it is looked for in this interpreter or in another one that
is named; where neither has it, the benchmark says that it was skipped.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from headless import run
from qgis.core import QgsCoordinateReferenceSystem, QgsVectorLayer

HEXAGON, QGIS_HEXAGON = 1, 4
SEED = 11
#: What esda is asked to do, timed in its own interpreter: G* without permutations.
_ESDA = """
import json, sys, time, warnings
import numpy as np
from libpysal.weights import DistanceBand
from esda.getisord import G_Local
warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
weights = DistanceBand(given["xy"], threshold=float(given["distance"]), binary=True)
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    z = G_Local(given["values"], weights, transform="B", star=True, permutations=0).Zs
    times.append(time.perf_counter() - start)
np.save(sys.argv[3], z)
print(json.dumps(times))
"""


def compare_hotspots(
    folder: Path, points: str, places: np.ndarray, cells: int, repeats: int
) -> dict[str, Any]:
    """Count all points in about so many hexagons, both ways in turn; only StreetSafe tests them."""
    extent = np.concatenate((places.min(axis=0), places.max(axis=0)))
    width, height = extent[2:] - extent[:2]
    cell_m = float(round(math.sqrt(width * height / cells / (math.sqrt(3) / 2)), 1))
    ours, theirs = folder / "hot.gpkg", folder / "qgis_counted.gpkg"
    times = [
        (
            _seconds(lambda: _streetsafe(points, cell_m, ours)),
            _seconds(lambda: _qgis(points, extent, cell_m, folder, theirs)),
        )
        for _ in range(repeats)
    ]
    our_s, their_s = (statistics.median(column) for column in zip(*times))
    return {
        "benchmark": "hotspotgrid",
        "points": len(places),
        "cells": _features(ours),
        "qgis_cells": _features(theirs),
        "streetsafe_s": round(our_s, 3),
        "qgis_s": round(their_s, 3),
        "times_as_fast": round(their_s / our_s, 2),
        "repeats": repeats,
    }


def compare_gi_star(folder: Path, cells: int, repeats: int, esda: str | None) -> dict[str, Any]:
    """Work out G* on a lattice of about so many hexagons, beside esda where there is one.

    esda's weights are made before its clock starts.
    """
    from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
    from streetsafe_plugin.domain.grid.getis_ord import gi_star_on

    python = esda or (sys.executable if find_spec("esda") else None)
    line: dict[str, Any] = {"benchmark": "gi_star"}
    if python is None:
        return {**line, "skipped": "esda is not installed: name an interpreter with --esda"}
    lattice = Lattice(CellShape.HEXAGON, 100.0)
    side = math.sqrt(cells * lattice.cell_area_m2)
    grid = lattice.within_bounds((0.0, 0.0, side, side))
    values = np.random.default_rng(SEED).poisson(3, len(grid)).astype(float)
    ours = [_seconds(lambda: gi_star_on(lattice, grid, values, 100.0)) for _ in range(repeats)]
    given, found = folder / "gi.npz", folder / "z.npy"
    np.savez(given, xy=lattice.middles(grid), values=values, distance=100.001)
    answer = subprocess.run(
        [python, "-c", _ESDA, str(given), str(repeats), str(found)],
        check=True,
        capture_output=True,
        text=True,
    )
    our_s = statistics.median(ours)
    their_s = statistics.median(json.loads(answer.stdout.splitlines()[-1]))
    apart = np.abs(np.load(found) - gi_star_on(lattice, grid, values, 100.0)).max()
    return {
        **line,
        "cells": len(grid),
        "streetsafe_s": round(our_s, 4),
        "esda_s": round(their_s, 4),
        "times_as_fast": round(their_s / our_s, 2),
        "greatest_difference_of_z": float(f"{apart:.1e}"),
        "repeats": repeats,
    }


def _streetsafe(points: str, cell_m: float, output: Path) -> None:
    run(
        "streetsafe:hotspotgrid",
        {"INPUT": points, "CELL_SIZE": cell_m, "SHAPE": HEXAGON, "OUTPUT": str(output)},
    )


def _qgis(points: str, extent: np.ndarray, cell_m: float, folder: Path, output: Path) -> None:
    """Lay the grid and count; QGIS's spacing across is 1.5 times a hexagon's side."""
    grid = str(folder / "qgis_grid.gpkg")
    west, south, east, north = extent.tolist()
    run(
        "native:creategrid",
        {
            "TYPE": QGIS_HEXAGON,
            "EXTENT": f"{west},{east},{south},{north} [EPSG:27700]",
            "HSPACING": cell_m,
            "VSPACING": cell_m,
            "CRS": QgsCoordinateReferenceSystem("EPSG:27700"),
            "OUTPUT": grid,
        },
    )
    run(
        "native:countpointsinpolygon",
        {"POLYGONS": grid, "POINTS": points, "OUTPUT": str(output)},
    )


def _features(path: Path) -> int:
    return int(QgsVectorLayer(str(path), "counted", "ogr").featureCount())


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
