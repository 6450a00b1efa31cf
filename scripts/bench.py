# SPDX-License-Identifier: GPL-2.0-or-later
"""Time StreetSafe beside QGIS's own algorithms and ogr2ogr: one line of JSON per benchmark.

Both run in turn on the same data; a time is the median of three. Analyses run in this process on
invented points, imports in processes of their own. Times are printed, never judged: they depend
on the machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from bench_imports import compare_crimes, compare_reports, published_crimes
from headless import qgis_running, run
from qgis.core import Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsProject

REPEATS = 3
SEED = 1
#: A file of a usual size, timed beside one of the largest.
USUAL_ROWS = 10_000
RADIUS_M, CELL_M = 250, 25
RINGS_M = (100, 200, 300)
QUARTIC, RAW_VALUES = 0, 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and print a line for each."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        # before QGIS starts here: the imports have a QGIS of their own
        for rows in sorted({min(USUAL_ROWS, options.rows), options.rows}):
            _print_line(compare_reports(Path(folder), rows, REPEATS))
        _print_line(compare_crimes(Path(folder), options.crimes, REPEATS))
    with qgis_running(), tempfile.TemporaryDirectory() as folder:
        _register_qgis_algorithms()
        bench = Bench(Path(folder), options.points)
        bench.compare("heatmap", bench.heatmap, bench.qgis_heatmap)
        bench.compare("parkanalysis", bench.park_analysis, bench.qgis_rings_and_counts)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--points", type=int, default=100_000, metavar="N", help="how many points (100000)"
    )
    parser.add_argument(
        "--rows", type=int, default=1_000_000, metavar="N", help="how many reports (1000000)"
    )
    parser.add_argument(
        "--crimes",
        type=Path,
        default=published_crimes(),
        metavar="ZIP",
        help="a download from data.police.uk; skipped where it is missing",
    )
    return parser.parse_args(arguments)


def _register_qgis_algorithms() -> None:
    """Register QGIS's own algorithms, those written in Python included."""
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    Processing.initialize()


class Bench:
    """The points and parks to work on, and each way to work on them."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._parks = str(folder / "parks.gpkg")
        run("streetsafe:loadparks", {"INDICATIVE": True, "OUTPUT": self._parks})
        self._points = self._write_points()

    def _write_points(self) -> str:
        from streetsafe_plugin.compat import boolean_field, text_field
        from streetsafe_plugin.domain.samples import NORFOLK_MENTIONS, invent_places
        from streetsafe_plugin.gis.store import LayerSpec, write_layer
        from streetsafe_plugin.gis.styling import Finish

        rng = np.random.default_rng(SEED)
        places = invent_places(self._count, [], rng)
        ticked = rng.random((self._count, len(NORFOLK_MENTIONS))) < 0.2
        fields = [text_field("report_id"), *(boolean_field(code) for code in NORFOLK_MENTIONS)]
        spec = LayerSpec("Points", fields, "point", QgsCoordinateReferenceSystem("EPSG:27700"))
        rows = (
            ((float(x), float(y)), [str(number), *reasons])
            for number, ((x, y), reasons) in enumerate(zip(places, ticked.tolist()))
        )
        context = QgsProject.instance().transformContext()
        path = write_layer(self._folder / "points.gpkg", spec, rows, context, Finish("Points"))
        return str(path)

    def compare(self, name: str, ours: Callable[[], None], qgis_own: Callable[[], None]) -> None:
        """Time both in turn and print the medians as a line of JSON."""
        times = [(_seconds(ours), _seconds(qgis_own)) for _ in range(REPEATS)]
        streetsafe_s, qgis_s = (statistics.median(column) for column in zip(*times))
        line = {
            "benchmark": name,
            "points": self._count,
            "streetsafe_s": round(streetsafe_s, 3),
            "qgis_s": round(qgis_s, 3),
            "times_as_fast": round(qgis_s / streetsafe_s, 2),
            "repeats": REPEATS,
            "qgis": Qgis.QGIS_VERSION.split("-")[0],
        }
        _print_line(line)

    def heatmap(self) -> None:
        """Make a heat map with StreetSafe."""
        run(
            "streetsafe:heatmap",
            {
                "INPUT": self._points,
                "RADIUS": RADIUS_M,
                "CELL_SIZE": CELL_M,
                "OUTPUT": str(self._folder / "ours.tif"),
            },
        )

    def qgis_heatmap(self) -> None:
        """Make the same heat map with QGIS."""
        run(
            "qgis:heatmapkerneldensityestimation",
            {
                "INPUT": self._points,
                "RADIUS": RADIUS_M,
                "PIXEL_SIZE": CELL_M,
                "KERNEL": QUARTIC,
                "OUTPUT_VALUE": RAW_VALUES,
                "OUTPUT": str(self._folder / "theirs.tif"),
            },
        )

    def park_analysis(self) -> None:
        """Count the points in the parks and their rings with StreetSafe."""
        run(
            "streetsafe:parkanalysis",
            {
                "PARKS": self._parks,
                "REPORTS": self._points,
                "DISTANCES": ",".join(map(str, RINGS_M)),
                "OUTPUT": str(self._folder / "rings.gpkg"),
                "SUMMARY": str(self._folder / "summary.gpkg"),
            },
        )

    def qgis_rings_and_counts(self) -> None:
        """Draw rings and count points with QGIS, which counts a point once per ring it is in."""
        rings = str(self._folder / "qgis_rings.gpkg")
        run(
            "native:multiringconstantbuffer",
            {
                "INPUT": self._parks,
                "RINGS": len(RINGS_M),
                "DISTANCE": RINGS_M[0],
                "OUTPUT": rings,
            },
        )
        run(
            "native:countpointsinpolygon",
            {
                "POLYGONS": rings,
                "POINTS": self._points,
                "OUTPUT": str(self._folder / "qgis_counts.gpkg"),
            },
        )


def _print_line(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
