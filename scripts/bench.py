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
from bench_hotspots import compare_gi_star, compare_hotspots
from bench_imports import compare_crimes, compare_reports, published_crimes
from bench_parks import compare_park_counts
from headless import qgis_running, run
from qgis.core import Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsProject

REPEATS = 3
SEED = 1
#: A file of a usual size, timed beside one of the largest.
USUAL_ROWS = 10_000
RADIUS_M, CELL_M = 250, 25
HOT_CELLS, GI_CELLS = 20_000, 100_000
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
        _print_line(compare_hotspots(Path(folder), bench.points, bench.places, HOT_CELLS, REPEATS))
        _print_line(compare_gi_star(Path(folder), GI_CELLS, REPEATS, options.esda))
        for parks, repeats in ((18, REPEATS), (options.parks, 1)):
            _print_line(
                compare_park_counts(Path(folder), bench.points, bench.places, parks, repeats)
            )
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--points", type=int, default=1_000_000, metavar="N", help="how many points (1000000)"
    )
    parser.add_argument(
        "--parks", type=int, default=5_000, metavar="N", help="the greater number of parks (5000)"
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
    parser.add_argument(
        "--esda", metavar="PYTHON", help="an interpreter with esda, to time G* beside it"
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
        self._rng = np.random.default_rng(SEED)
        self.places = self._invent_places()
        self.points = self._write_points()

    def _invent_places(self) -> np.ndarray:
        from streetsafe_plugin.domain.samples import invent_places

        return np.asarray(invent_places(self._count, [], self._rng), dtype=float)

    def _write_points(self) -> str:
        from streetsafe_plugin.compat import boolean_field, text_field
        from streetsafe_plugin.domain.samples import NORFOLK_MENTIONS
        from streetsafe_plugin.gis.geopackage_bulk import LayerColumns
        from streetsafe_plugin.gis.store import LayerSpec, write_layer
        from streetsafe_plugin.gis.styling import Finish

        ids = np.array([str(number) for number in range(self._count)], dtype=object)
        ticked = [self._rng.random(self._count) < 0.2 for _ in NORFOLK_MENTIONS]
        fields = [text_field("report_id"), *(boolean_field(code) for code in NORFOLK_MENTIONS)]
        spec = LayerSpec("Points", fields, "point", QgsCoordinateReferenceSystem("EPSG:27700"))
        rows = LayerColumns(self.places, [ids, *ticked])
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
                "INPUT": self.points,
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
                "INPUT": self.points,
                "RADIUS": RADIUS_M,
                "PIXEL_SIZE": CELL_M,
                "KERNEL": QUARTIC,
                "OUTPUT_VALUE": RAW_VALUES,
                "OUTPUT": str(self._folder / "theirs.tif"),
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
