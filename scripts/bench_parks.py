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
#: Half the width of the smallest and of the largest park, more or less.
_RADII_M = (50.0, 130.0)
#: No edge is further from its park's middle.
_WIDEST_M = 180.0
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
    """Write lobed parks where points are dense; they do not overlap."""
    from streetsafe_plugin.compat import text_field
    from streetsafe_plugin.gis.store import LayerSpec, write_layer
    from streetsafe_plugin.gis.styling import Finish

    rng = np.random.default_rng(SEED)
    rows = [
        (outline, [f"park-{number}", f"Park {number}"])
        for number, outline in enumerate(_outlines(places, count, rng))
    ]
    fields = [text_field("park_id"), text_field("park_name")]
    spec = LayerSpec("Parks", fields, "polygon", QgsCoordinateReferenceSystem("EPSG:27700"))
    context = QgsProject.instance().transformContext()
    return str(write_layer(path, spec, rows, context, Finish("Parks")))


def _outlines(places: np.ndarray, count: int, rng: np.random.Generator) -> list[Polygon]:
    """Return so many parks around points taken at random, leaving out what would overlap."""
    corners = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    side = 2 * _WIDEST_M
    taken: dict[tuple[int, int], list[Polygon]] = {}
    kept: list[Polygon] = []
    while len(kept) < count:
        middle = places[rng.integers(0, len(places))]
        lobes = 1 + 0.2 * np.sin(3 * corners + rng.uniform(0, 6))
        radius = rng.uniform(*_RADII_M) * (lobes + 0.02 * rng.standard_normal(_CORNERS))
        edge = middle + radius[:, None] * np.column_stack((np.cos(corners), np.sin(corners)))
        outline = Polygon(edge)
        column, row = (int(part) for part in middle // side)
        around = (
            other
            for east in (-1, 0, 1)
            for north in (-1, 0, 1)
            for other in taken.get((column + east, row + north), [])
        )
        if not any(outline.intersects(other) for other in around):
            taken.setdefault((column, row), []).append(outline)
            kept.append(outline)
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
