# SPDX-License-Identifier: GPL-2.0-or-later
"""Time the briefing of the sample's 18 parks: how long, how much memory, how long without a word.

It has all that a briefing can have, for each audience, and for partners also when it is held
against the packs of the months before. Sample and briefings are made in processes of their own, so
that the peak is the briefing's.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from headless import Listener, qgis_running, run
from qgis.core import Qgis, QgsApplication, QgsProcessingContext, QgsProject

SEED = 1
OFFICIAL = 0
#: Those of them that this version offers are made.
WANTED_FORMATS = ("PDF", "PNG", "XLSX")
AUDIENCES = ("internal", "partner", "public")
PARTNER = 1
#: The last months of the sample.
LAST_YEAR, LAST_MONTH = 2022, 10
#: Exact, and as is advised for packs at regular intervals.
ROUND_TO = (0, 10)


def time_briefings(
    folder: Path, reports: int, repeats: int, months: int
) -> Iterator[dict[str, Any]]:
    """Make each audience's briefing so many times in a process of its own and yield the medians.

    Then make packs for partners for so many months, one after another, and yield the last.
    `longest_gap_s` is the longest time in any of the runs in which the progress did not change.
    """
    inputs = _said_by("inputs", str(folder), str(reports))
    for number, audience in enumerate(AUDIENCES):
        asked = json.dumps({**inputs, "AUDIENCE": number})
        measured = _said_by("measure", str(folder), str(repeats), asked)
        yield {**measured, "audience": audience, "reports": reports}
    for round_to in ROUND_TO:
        asked = json.dumps({**inputs, "AUDIENCE": PARTNER, "ROUND_TO": round_to})
        measured = _said_by("measure_last", str(folder), str(months), asked)
        yield {**measured, "audience": "partner", "reports": reports, "round_to": round_to}


def _said_by(step: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, __file__, step, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


class Watch(Listener):
    """Note when the progress changes."""

    def __init__(self) -> None:
        super().__init__()
        self.moments = [time.perf_counter()]
        self.progressChanged.connect(lambda _: self.moments.append(time.perf_counter()))

    def longest_gap_s(self) -> float:
        """Return the longest time without a change, from start to now."""
        moments = [*self.moments, time.perf_counter()]
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))


def _inputs(folder: Path, reports: int) -> dict[str, Any]:
    """Make the sample and what a briefing draws, and return it as the briefing's parameters."""
    sample, _ = run(
        "streetsafe:sampledata", {"FOLDER": str(folder), "SEED": SEED, "REPORTS": reports}
    )
    read, _ = run(
        "streetsafe:importreports",
        {"SOURCE": sample["REPORTS_LONLAT"], "OUTPUT": str(folder / "reports.gpkg")},
    )
    heat, _ = run(
        "streetsafe:heatmap", {"INPUT": read["OUTPUT"], "OUTPUT": str(folder / "heat.tif")}
    )
    crimes, _ = run(
        "streetsafe:importcrimes",
        {"SOURCE": sample["CRIMES"], "OUTPUT": str(folder / "crimes.gpkg")},
    )
    parks, _ = run(
        "streetsafe:loadparks",
        {
            "BOUNDARIES": sample["BOUNDARIES"],
            "OUTPUT": str(folder / "parks.gpkg"),
            "INTERVENTIONS": str(folder / "interventions.gpkg"),
        },
    )
    return {
        "PARKS": parks["OUTPUT"],
        "REPORTS": read["OUTPUT"],
        "HEATMAP": heat["OUTPUT"],
        "CRIMES": crimes["OUTPUT"],
        "AREA": sample["AREA"],
        "INTERVENTIONS": parks["INTERVENTIONS"],
    }


def _measure(folder: Path, repeats: int, inputs: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    times, gaps = [], []
    for _ in range(repeats):
        watch = Watch()
        start = time.perf_counter()
        made = _briefing(folder, inputs, watch)
        times.append(time.perf_counter() - start)
        gaps.append(watch.longest_gap_s())
    files = list(Path(made["FOLDER"]).iterdir())
    return {
        "benchmark": "exportbriefing",
        "parks": made["PARKS"],
        "pages": made["PAGES"],
        "files": len(files),
        "formats": "+".join(sorted({path.suffix[1:] for path in files})),
        "pdf_kb": round(Path(made["PDF"]).stat().st_size / 1024),
        "all_kb": round(sum(path.stat().st_size for path in files) / 1024),
        "streetsafe_s": round(statistics.median(times), 3),
        "longest_gap_s": round(max(gaps), 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "repeats": repeats,
        "qgis": Qgis.QGIS_VERSION.split("-")[0],
    }


def _measure_last(folder: Path, months: int, inputs: dict[str, Any]) -> dict[str, Any]:
    """Issue a pack at the end of each of the last months, and measure the last of them."""
    register = folder / f"rounded to {inputs['ROUND_TO']}.issued.json"
    asked = {**inputs, "ISSUED": str(register)}
    last = LAST_YEAR * 12 + LAST_MONTH
    ends = [
        date(month // 12, month % 12 + 1, 1) - timedelta(days=1)
        for month in range(last - months + 1, last + 1)
    ]
    for end in ends[:-1]:
        _briefing(folder, {**asked, "TO": end.isoformat()}, Watch(), ["XLSX"])
    measured = _measure(folder, 1, {**asked, "TO": ends[-1].isoformat()})
    return {**measured, "issued_before": months - 1}


def _briefing(
    folder: Path, inputs: dict[str, Any], watch: Watch, formats: Sequence[str] = WANTED_FORMATS
) -> dict[str, Any]:
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:exportbriefing")
    offered = algorithm.parameterDefinition("FORMATS").options()
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    context.setFeedback(watch)
    parameters = {
        **inputs,
        "MARKING": OFFICIAL,
        "FORMATS": [offered.index(name) for name in formats if name in offered],
        "FOLDER": str(folder / f"pack {inputs['AUDIENCE']}"),
    }
    results, _ = algorithm.run(parameters, context, watch, {}, False)
    return dict(results)


def main(step: str, folder: str, number: str, inputs: str = "{}") -> None:
    """Take one of the steps and print what came of it."""
    with qgis_running():
        if step == "inputs":
            made = _inputs(Path(folder), int(number))
        else:
            measure = _measure if step == "measure" else _measure_last
            made = measure(Path(folder), int(number), json.loads(inputs))
        print(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
