# SPDX-License-Identifier: GPL-2.0-or-later
"""Time the counting of reports in and around parks beside QGIS's own rings and counts."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from headless import run
from qgis.core import QgsCoordinateReferenceSystem, QgsProject
from shapely.geometry import Polygon

RINGS, WIDTH_M = 4, 100
#: Parks whose middles are so far apart do not overlap.
_APART_M = 320.0
_CORNERS = 60
SEED = 7


def compare_park_counts(
    folder: Path, points: str, places: np.ndarray, parks: int, repeats: int
) -> dict[str, Any]:
    """Count all points in and around so many parks in dense places, both ways in turn.

    The peak is that of this process up to the end of StreetSafe's runs.
    """
    layer = _write_parks(folder / f"parks_{parks}.gpkg", places, parks)
    ours = [_seconds(lambda: _streetsafe(layer, points, folder)) for _ in range(repeats)]
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    theirs = [_seconds(lambda: _qgis(layer, points, folder)) for _ in range(repeats)]
    our_s, their_s = statistics.median(ours), statistics.median(theirs)
    return {
        "benchmark": "parkanalysis",
        "parks": parks,
        "rings": RINGS,
        "points": len(places),
        "streetsafe_s": round(our_s, 3),
        "qgis_s": round(their_s, 3),
        "times_as_fast": round(their_s / our_s, 2),
        "streetsafe_peak_mb": round(peak_kb / 1024),
        "repeats": repeats,
    }


def _write_parks(path: Path, places: np.ndarray, count: int) -> str:
    """Write lobed parks where points are dense, at least `_APART_M` from middle to middle."""
    from streetsafe_plugin.compat import text_field
    from streetsafe_plugin.gis.store import LayerSpec, write_layer
    from streetsafe_plugin.gis.styling import Finish

    rng = np.random.default_rng(SEED)
    corners = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    rows = []
    for number, middle in enumerate(_middles(places, count, rng)):
        lobes = 1 + 0.2 * np.sin(3 * corners + rng.uniform(0, 6))
        radius = rng.uniform(50, 130) * (lobes + 0.02 * rng.standard_normal(_CORNERS))
        edge = middle + radius[:, None] * np.column_stack((np.cos(corners), np.sin(corners)))
        rows.append((Polygon(edge), [f"park-{number}", f"Park {number}"]))
    fields = [text_field("park_id"), text_field("park_name")]
    spec = LayerSpec("Parks", fields, "polygon", QgsCoordinateReferenceSystem("EPSG:27700"))
    context = QgsProject.instance().transformContext()
    return str(write_layer(path, spec, rows, context, Finish("Parks")))


def _middles(places: np.ndarray, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the middles of parks where points lie, anywhere if those are full, none too near."""
    low, high = places.min(axis=0), places.max(axis=0)
    tries = 20 * count
    candidates = np.concatenate(
        [places[rng.integers(0, len(places), tries)], rng.uniform(low, high, (tries, 2))]
    )
    taken: dict[tuple[int, int], list[np.ndarray]] = {}
    kept: list[np.ndarray] = []
    for one in candidates:
        column, row = (int(part) for part in one // _APART_M)
        around = [
            other
            for east in (-1, 0, 1)
            for north in (-1, 0, 1)
            for other in taken.get((column + east, row + north), [])
        ]
        if all(np.hypot(*(one - other)) >= _APART_M for other in around):
            taken.setdefault((column, row), []).append(one)
            kept.append(one)
            if len(kept) == count:
                break
    return kept


def _streetsafe(parks: str, points: str, folder: Path) -> None:
    """Count the points in the parks and their rings with StreetSafe."""
    distances = ",".join(str(WIDTH_M * number) for number in range(1, RINGS + 1))
    run(
        "streetsafe:parkanalysis",
        {
            "PARKS": parks,
            "REPORTS": points,
            "DISTANCES": distances,
            "OUTPUT": str(folder / "rings.gpkg"),
            "SUMMARY": str(folder / "summary.gpkg"),
        },
    )


def _qgis(parks: str, points: str, folder: Path) -> None:
    """Draw rings and count points with QGIS, which counts a point once for each ring it is in."""
    rings = str(folder / "qgis_rings.gpkg")
    run(
        "native:multiringconstantbuffer",
        {"INPUT": parks, "RINGS": RINGS, "DISTANCE": WIDTH_M, "OUTPUT": rings},
    )
    for name, polygons in (("rings", rings), ("parks", parks)):
        output = str(folder / f"qgis_{name}_counted.gpkg")
        run(
            "native:countpointsinpolygon",
            {"POLYGONS": polygons, "POINTS": points, "OUTPUT": output},
        )


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
