# SPDX-License-Identifier: GPL-2.0-or-later
"""Time the imports beside ogr2ogr, which does the same without looking at what it copies.

Each runs in a process of its own, so that the most memory it ever held can be told. QGIS's start
is not counted as time, since it runs already where the imports are used; its memory is.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from bench_ogr2ogr import print_cost
from headless import ROOT, qgis_running, run

SEED = 1
REASONS = (
    "Badly lit",
    "Absence of CCTV",
    "Restricted visibility",
    "Rundown area",
    "Signs of drugs/alcohol",
    "Feeling of being followed",
)


class Cost(NamedTuple):
    """How long something took, and the most memory it held."""

    seconds: float
    peak_mb: float


def main(arguments: Sequence[str]) -> int:
    """Run an algorithm in a QGIS of its own: its id, then its parameters as JSON."""
    algorithm_id, parameters = arguments
    with qgis_running():
        print_cost(lambda: run(algorithm_id, json.loads(parameters)))
    return 0


def published_crimes() -> Path:
    """Return the ZIP of real crimes that lies beside the checkout, whether or not it is there."""
    folder = Path(os.environ.get("STREETSAFE_DATA", ROOT.parent / "shared" / "data")) / "police_uk"
    return next(iter(sorted(folder.glob("*.zip"))), folder / "crimes.zip")


def compare_reports(folder: Path, rows: int, repeats: int) -> dict[str, Any]:
    """Import invented reports both ways."""
    extract = folder / f"reports_{rows}.csv"
    invent_reports(rows).to_csv(extract, index=False)
    outcome = _compare(
        lambda: _streetsafe("importreports", extract, folder),
        lambda: _ogr2ogr([extract], folder),
        repeats,
    )
    return {"benchmark": "importreports", "rows": rows, **outcome}


def compare_crimes(folder: Path, published: Path, repeats: int) -> dict[str, Any]:
    """Import every month of a download both ways; ogr2ogr gets the files unpacked."""
    if not published.is_file():
        return {"benchmark": "importcrimes", "skipped": f"There is no file {published.name}."}
    with zipfile.ZipFile(published) as archive:
        archive.extractall(folder / "months")
    months = sorted((folder / "months").rglob("*-street.csv"))
    outcome = _compare(
        lambda: _streetsafe("importcrimes", published, folder),
        lambda: _ogr2ogr(months, folder),
        repeats,
    )
    return {"benchmark": "importcrimes", "files": len(months), **outcome}


def invent_reports(rows: int) -> pd.DataFrame:
    """Return invented reports as an extract might hold them, most reasons in one column."""
    rng = np.random.default_rng(SEED)
    minutes = pd.to_timedelta(rng.integers(0, 1_000_000, rows), unit="min")
    ticked = rng.random((rows, len(REASONS))) < 0.25
    return pd.DataFrame(
        {
            "Report ID": [f"SS{number:07d}" for number in range(rows)],
            "Date submitted": (pd.Timestamp(2022, 1, 1) + minutes).strftime("%d/%m/%Y %H:%M"),
            "Longitude": rng.uniform(-1.6, -0.5, rows).round(6),
            "Latitude": rng.uniform(52.4, 52.9, rows).round(6),
            "Reasons": [
                "; ".join(reason for reason, tick in zip(REASONS, ticks) if tick)
                for ticks in ticked.tolist()
            ],
            "Crime reported": rng.choice(["Yes", "No", ""], rows),
            "Why not reported": rng.choice(["", "Did not think it would help"], rows),
            "District": rng.choice(["Leicester", "Blaby", "Rutland"], rows),
        }
    )


def _compare(ours: Callable[[], Cost], theirs: Callable[[], Cost], repeats: int) -> dict[str, Any]:
    """Run both in turn; a time is the median, memory the most."""
    pairs = [(ours(), theirs()) for _ in range(repeats)]
    our_s, their_s = (statistics.median(cost.seconds for cost in costs) for costs in zip(*pairs))
    our_mb, their_mb = (max(cost.peak_mb for cost in costs) for costs in zip(*pairs))
    return {
        "streetsafe_s": round(our_s, 3),
        "ogr2ogr_s": round(their_s, 3),
        "times_as_fast": round(their_s / our_s, 2),
        "streetsafe_peak_mb": round(our_mb),
        "ogr2ogr_peak_mb": round(their_mb),
        "repeats": repeats,
    }


def _streetsafe(algorithm: str, source: Path, folder: Path) -> Cost:
    output = _fresh(folder / "streetsafe.gpkg")
    parameters = {"SOURCE": str(source), "OUTPUT": str(output)}
    return _cost("bench_imports.py", f"streetsafe:{algorithm}", json.dumps(parameters))


def _ogr2ogr(sources: Sequence[Path], folder: Path) -> Cost:
    output = _fresh(folder / "ogr2ogr.gpkg")
    return _cost("bench_ogr2ogr.py", str(output), *map(str, sources))


def _fresh(path: Path) -> Path:
    path.unlink(missing_ok=True)
    return path


def _cost(script: str, *arguments: str) -> Cost:
    """Run a script that prints what it cost in its last line."""
    command = [sys.executable, str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
