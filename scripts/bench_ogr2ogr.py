# SPDX-License-Identifier: GPL-2.0-or-later
"""Copy delimited text into a GeoPackage as ogr2ogr does, in a process of its own, and time it.

GDAL's VectorTranslate is ogr2ogr as a function. This process does without QGIS, so that the
memory it takes is that of the copying alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

AS_POINTS = ["X_POSSIBLE_NAMES=Longitude", "Y_POSSIBLE_NAMES=Latitude"]
TO_GRID = ["-f", "GPKG", "-s_srs", "EPSG:4326", "-t_srs", "EPSG:27700", "-nln", "points"]


def main(arguments: Sequence[str]) -> int:
    """Append files, the arguments after the first, to the GeoPackage that the first names."""
    from osgeo import gdal

    gdal.UseExceptions()

    def copy() -> None:
        target, *sources = arguments
        for number, source in enumerate(sources):
            opened = gdal.OpenEx(source, gdal.OF_VECTOR, open_options=AS_POINTS)
            options = [*TO_GRID, "-append"] if number else TO_GRID
            # nothing keeps what is returned, which closes and so finishes the GeoPackage
            gdal.VectorTranslate(target, opened, options=options)

    print_cost(copy)
    return 0


def print_cost(work: Callable[[], object]) -> None:
    """Print how many seconds something takes and the most memory this process has held."""
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    # the kernel's other count, ru_maxrss, begins with what the parent held
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "peak_mb": int(peak_kb) / 1024}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
