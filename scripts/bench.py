# SPDX-License-Identifier: GPL-2.0-or-later
"""Time StreetSafe beside QGIS's own algorithms and ogr2ogr: one line of JSON per benchmark.

Both run in turn on the same data; a time is the median of three. Analyses run in this process on
invented points, imports in processes of their own. Times are printed, never judged: they depend
on the machine.

`--only heatmap` runs one benchmark by its name: reports, crimes, briefing, heatmap,
hotspots or parks.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from bench_briefing import time_briefings
from bench_hotspots import compare_gi_star, compare_hotspots
from bench_imports import compare_crimes, compare_reports, published_crimes
from bench_parks import compare_park_counts
from headless import qgis_running, run
from qgis.core import Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsProject

REPEATS = 3
MONTHS = 4
SEED = 1
#: A file of a usual size, timed beside one of the largest.
USUAL_ROWS = 10_000
BENCHMARKS = ("reports", "crimes", "briefing", "heatmap", "hotspots", "parks")
RADIUS_M, CELL_M = 500, 25
#: The ground of the heat map's points, in the British National Grid.
WEST_SOUTH, WIDTH_HEIGHT_M = (432_000, 276_000), (70_000, 62_000)
HOT_CELLS, GI_CELLS = 20_000, 100_000
QUARTIC, RAW_VALUES = 0, 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and print a line for each."""
    options = _options(arguments)
    wanted = BENCHMARKS if options.only is None else (options.only,)
    with tempfile.TemporaryDirectory() as folder:
        # before QGIS starts here: these have a QGIS of their own
        if "reports" in wanted:
            for rows in sorted({min(USUAL_ROWS, options.rows), options.rows}):
                _print_line(compare_reports(Path(folder), rows, REPEATS))
        if "crimes" in wanted:
            _print_line(compare_crimes(Path(folder), options.crimes, REPEATS))
        if "briefing" in wanted:
            reports = min(USUAL_ROWS, options.rows)
            for line in time_briefings(Path(folder), reports, options.briefings, options.months):
                _print_line(line)
    if not {"heatmap", "hotspots", "parks"} & set(wanted):
        return 0
    with qgis_running(), tempfile.TemporaryDirectory() as folder:
        _register_qgis_algorithms()
        if "heatmap" in wanted:
            HeatmapBench(Path(folder), options.points).print_line()
        if "hotspots" in wanted or "parks" in wanted:
            places = _invented_places(options.points)
            points = _written(Path(folder) / "points.gpkg", places)
        if "hotspots" in wanted:
            _print_line(compare_hotspots(Path(folder), points, places, HOT_CELLS, REPEATS))
            _print_line(compare_gi_star(Path(folder), GI_CELLS, REPEATS, options.esda))
        if "parks" in wanted:
            for parks, repeats in ((18, REPEATS), (options.parks, 1)):
                _print_line(compare_park_counts(Path(folder), points, places, parks, repeats))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=BENCHMARKS, help="run one benchmark only")
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
        "--briefings", type=int, default=REPEATS, metavar="N", help="how many briefings (3)"
    )
    parser.add_argument(
        "--months",
        type=int,
        default=MONTHS,
        metavar="N",
        help=f"how many monthly packs are issued, of which the last is timed ({MONTHS})",
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


def _invented_places(count: int) -> np.ndarray:
    from streetsafe_plugin.domain.samples import invent_places

    return np.asarray(invent_places(count, [], np.random.default_rng(SEED)), dtype=float)


def _spread_places(count: int) -> np.ndarray:
    """Return invented places that fill the heat map's ground: half in towns, half anywhere."""
    rng = np.random.default_rng(SEED)
    low = np.array(WEST_SOUTH, dtype=float)
    high = low + WIDTH_HEIGHT_M
    places = _invented_places(count) + rng.uniform(-0.5, 0.5, (count, 2))
    elsewhere = rng.random(count) < 0.5
    elsewhere |= ~((places >= low) & (places <= high)).all(axis=1)
    places[elsewhere] = rng.uniform(low, high, (int(elsewhere.sum()), 2))
    places[:2] = low, high
    return places


def _written(path: Path, places: np.ndarray) -> str:
    """Write places as reports with ticks into an indexed GeoPackage and return its path."""
    from streetsafe_plugin.compat import boolean_field, text_field
    from streetsafe_plugin.domain.samples import NORFOLK_MENTIONS
    from streetsafe_plugin.gis.geopackage_bulk import LayerColumns
    from streetsafe_plugin.gis.store import LayerSpec, write_layer
    from streetsafe_plugin.gis.styling import Finish

    rng = np.random.default_rng(SEED)
    ids = np.array([str(number) for number in range(len(places))], dtype=object)
    ticked = [rng.random(len(places)) < 0.2 for _ in NORFOLK_MENTIONS]
    fields = [text_field("report_id"), *(boolean_field(code) for code in NORFOLK_MENTIONS)]
    spec = LayerSpec("Points", fields, "point", QgsCoordinateReferenceSystem("EPSG:27700"))
    rows = LayerColumns(places, [ids, *ticked])
    context = QgsProject.instance().transformContext()
    return str(write_layer(path, spec, rows, context, Finish("Points")))


class HeatmapBench:
    """The points to make a heat map of, and each way to make it."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._points = _written(folder / "spread.gpkg", _spread_places(count))

    def print_line(self) -> None:
        """Time both in turn, and ours at double radius; print the medians as a line of JSON."""
        # before QGIS has its turn, since the peak of a process never goes down again
        self._ours(RADIUS_M)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        times = [
            (
                _seconds(lambda: self._ours(RADIUS_M)),
                _seconds(lambda: self._ours(2 * RADIUS_M)),
                _seconds(self._theirs),
            )
            for _ in range(REPEATS)
        ]
        ours_s, doubled_s, qgis_s = (statistics.median(column) for column in zip(*times))
        _print_line(
            {
                "benchmark": "heatmap",
                "points": self._count,
                "radius_m": RADIUS_M,
                "cell_m": CELL_M,
                "streetsafe_s": round(ours_s, 3),
                "qgis_s": round(qgis_s, 3),
                "times_as_fast": round(qgis_s / ours_s, 2),
                "double_radius_s": round(doubled_s, 3),
                "peak_mb": round(peak_mb),
                "repeats": REPEATS,
                "qgis": Qgis.QGIS_VERSION.split("-")[0],
            }
        )

    def _ours(self, radius_m: float) -> None:
        run(
            "streetsafe:heatmap",
            {
                "INPUT": self._points,
                "RADIUS": radius_m,
                "CELL_SIZE": CELL_M,
                "OUTPUT": str(self._folder / "ours.tif"),
            },
        )

    def _theirs(self) -> None:
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


def _print_line(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
