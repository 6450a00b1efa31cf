# SPDX-License-Identifier: GPL-2.0-or-later
"""Walk the whole journey, from an extract to a briefing, and say where the results lie.

Without options everything is made of invented sample data. An analyst's own files take the place
of the sample's: no invented crime or park outline is then mixed in.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headless import StepFailed, qgis_running, run
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from streetsafe_plugin.algorithms.export_briefing import MARKINGS

DISTANCES = "100,250,400"
INVENTED = "The reports are an invented sample: nothing in them is real."
VIEW_MARGIN_M = 1500
PUBLIC, PDF_AND_XLSX = 2, [0, 4]
CELL_M, HEXAGON = 500, 1
#: Seven months each, before and after the scheme's measures were due.
SAMPLE_PERIODS = {
    "BEFORE_FROM": "2021-09-02",
    "BEFORE_TO": "2022-03-31",
    "AFTER_FROM": "2022-04-01",
    "AFTER_TO": "2022-10-28",
}
NAMES = {
    "reports": "reports.gpkg",
    "reports_rejected": "reports_rejected.gpkg",
    "crimes": "crimes.gpkg",
    "crimes_rejected": "crimes_rejected.gpkg",
    "parks": "parks.gpkg",
    "interventions": "interventions.gpkg",
    "heatmap": "heatmap.tif",
    "hot_spots": "hot_spots.gpkg",
    "hot_places": "hot_places.gpkg",
    "hot_spot_stability": "hot_spot_stability.gpkg",
    "fear_and_crime": "fear_and_crime.gpkg",
    "fix_list": "fix_list.gpkg",
    "times": "times.gpkg",
    "times_page": "times.html",
    "rings": "rings.gpkg",
    "counts": "park_counts.gpkg",
    "park_summary": "park_summary.gpkg",
    "change": "change.gpkg",
    "change_page": "change.html",
    "counts_for_partners": "counts_for_partners.gpkg",
    "crime_heatmap": "crime_heatmap.tif",
    "crime_counts": "crime_counts.gpkg",
    "crime_summary": "crime_summary.gpkg",
}


@dataclass(frozen=True)
class Inputs:
    """What the journey starts from; None where there is nothing of the kind."""

    reports: str
    crimes: str | None
    boundaries: str | None
    area: str | None
    invented_reports: bool
    own_crimes: bool
    marking: str | None


@dataclass
class Journey:
    """The folder of results, and a record of each step on the way."""

    out: Path
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def step(self, algorithm: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Run one algorithm and record its time, its numbers and its warnings."""
        given = {name: value for name, value in parameters.items() if value is not None}
        start = time.perf_counter()
        results, warnings = run(f"streetsafe:{algorithm}", given)
        took = time.perf_counter() - start
        numbers = ", ".join(
            f"{name} {_shown(value)}"
            for name, value in results.items()
            if isinstance(value, (int, float)) or name == "MISSING_MONTHS"
        )
        self.record(f"{algorithm:<14} {took:6.1f} s  {numbers}")
        self.made += [str(value) for value in results.values()]
        self.warnings += [f"{algorithm}: {warning}" for warning in warnings]
        return results

    def record(self, line: str) -> None:
        """Keep a line for the summary and print it."""
        self.lines.append(line)
        print(line, flush=True)

    def add_up(self, results: dict[str, Any], total: str, parts: Sequence[str]) -> None:
        """Record an accounting line and fail if it does not close."""
        terms = " + ".join(f"{_shown(results[name])} {name}" for name in parts)
        line = f"{'':<14} {'':>6}    {_shown(results[total])} {total} = {terms}"
        if results[total] != sum(results[name] for name in parts):
            raise StepFailed(f"The accounting does not close: {line.strip()}")
        self.record(line)

    def path(self, name: str) -> str:
        """Return where a result of the journey lies."""
        return str(self.out / NAMES[name])

    def results(self) -> dict[str, Path]:
        """Return what this run made; an earlier run may have left more in the folder."""
        paths = {name: self.out / NAMES[name] for name in NAMES}
        return {name: path for name, path in paths.items() if str(path) in self.made}


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk the journey; return 0 if every step worked."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with qgis_running():
        journey = Journey(options.out.resolve())
        try:
            inputs = _inputs(options, journey)
            _walk(inputs, journey)
            project = _save_project(inputs, journey)
            results = _hand_out(inputs, journey, project)
        except StepFailed as failure:
            print(f"The demo stopped. {failure}", file=sys.stderr)
            return 1
    journey.record(f"{'all':<14} {time.perf_counter() - start:6.1f} s")
    _write_summary(inputs, journey)
    _say_where(journey, project, results)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", metavar="FILE", help="reports of your own")
    parser.add_argument("--crimes", metavar="FILE", help="street-level crime: CSV, folder or ZIP")
    parser.add_argument("--boundaries", metavar="FILE", help="park boundaries of your own")
    parser.add_argument("--area", metavar="FILE", help="study area of your own")
    parser.add_argument("--marking", choices=MARKINGS, help="of the briefing")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("build/demo"))
    return parser.parse_args(arguments)


def _inputs(options: argparse.Namespace, journey: Journey) -> Inputs:
    """Make the sample where something is needed of it; never mix it into somebody's own data."""
    given = (options.source, options.crimes, options.boundaries, options.area)
    own = [str(Path(path).resolve()) if path else None for path in given]
    source, crimes, boundaries, area = own
    if source is not None:
        return Inputs(source, crimes, boundaries, area, False, crimes is not None, options.marking)
    sample = journey.step("sampledata", {"FOLDER": str(journey.out / "sample")})
    if not any(own):
        crimes, boundaries = sample["CRIMES"], sample["BOUNDARIES"]
    return Inputs(
        sample["REPORTS_LONLAT"],
        crimes,
        boundaries,
        area or sample["AREA"],
        invented_reports=True,
        own_crimes=bool(options.crimes),
        marking=options.marking,
    )


def _walk(inputs: Inputs, journey: Journey) -> None:
    """Import, match, measure and map."""
    path = journey.path
    imported = journey.step(
        "importreports",
        {
            "SOURCE": inputs.reports,
            "AREA": inputs.area,
            "OUTPUT": path("reports"),
            "REJECTED": path("reports_rejected"),
        },
    )
    journey.add_up(imported, "ROWS_READ", ("ACCEPTED", "MERGED", "REJECTED_ROWS", "DUPLICATES"))
    if inputs.crimes:
        _import_crimes(inputs, journey)
    journey.step(
        "loadparks",
        {
            "BOUNDARIES": inputs.boundaries,
            "INDICATIVE": True,
            "OUTPUT": path("parks"),
            "INTERVENTIONS": path("interventions"),
        },
    )
    _heat(journey, "reports", "heatmap")
    _hot_spots(inputs, journey)
    _fear_and_fixes(inputs, journey)
    journey.step(
        "parkrings", {"PARKS": path("parks"), "DISTANCES": DISTANCES, "OUTPUT": path("rings")}
    )
    _count(journey, "reports", "counts", "park_summary", inputs.area)
    if inputs.own_crimes:
        _heat(journey, "crimes", "crime_heatmap")
        _count(journey, "crimes", "crime_counts", "crime_summary", inputs.area)
    if inputs.invented_reports:
        _evaluate(journey)


def _hand_out(inputs: Inputs, journey: Journey, project: Path) -> dict[str, Any]:
    """Brief the force and the public and share the project; return the first's outputs."""
    path = journey.path
    # as an analyst would have it open: its layouts stay in it, and its register lies beside it
    QgsProject.instance().read(str(project))
    pack = {
        "PARKS": path("parks"),
        "REPORTS": path("reports"),
        "HEATMAP": path("heatmap"),
        "CRIMES": path("crimes") if inputs.crimes else None,
        "AREA": inputs.area,
        "INTERVENTIONS": path("interventions"),
        "MARKING": _marking(inputs),
        "TITLE": "Invented sample reports" if inputs.invented_reports else None,
        "HANDLING": INVENTED if inputs.invented_reports else None,
        "DISTANCES": DISTANCES,
    }
    journey.step(
        "disclosurecopy", {"REPORTS": path("reports"), "OUTPUT": path("counts_for_partners")}
    )
    briefing = journey.step("exportbriefing", {**pack, "FOLDER": str(journey.out / "briefing")})
    journey.step(
        "exportbriefing",
        {
            **pack,
            "AUDIENCE": PUBLIC,
            "FORMATS": PDF_AND_XLSX,
            "FOLDER": str(journey.out / "briefing_public"),
        },
    )
    journey.step("shareproject", {"FOLDER": str(journey.out / "shared")})
    QgsProject.instance().clear()
    return briefing


def _marking(inputs: Inputs) -> int:
    """Return the marking that was chosen; for somebody's own data else the stricter one, said."""
    if inputs.marking:
        return MARKINGS.index(inputs.marking)
    if inputs.invented_reports and not inputs.own_crimes:
        return 0
    print(f"No MARKING was chosen, so the briefing is marked {MARKINGS[1]}, the stricter one.")
    return 1


def _import_crimes(inputs: Inputs, journey: Journey) -> None:
    crimes = journey.step(
        "importcrimes",
        {
            "SOURCE": inputs.crimes,
            "AREA": inputs.area,
            "OUTPUT": journey.path("crimes"),
            "REJECTED": journey.path("crimes_rejected"),
        },
    )
    journey.add_up(
        crimes, "ROWS_READ", ("ACCEPTED", "NO_LOCATION", "REJECTED_ROWS", "FILTERED_OUT")
    )


def _in_area(journey: Journey, points: str) -> str:
    """Return what lies in the area, as it is counted: crimes lie far and wide."""
    return f"{journey.path(points)}|subset=coalesce(flags, '') NOT LIKE '%outside_area%'"


def _heat(journey: Journey, points: str, surface: str) -> None:
    journey.step("heatmap", {"INPUT": _in_area(journey, points), "OUTPUT": journey.path(surface)})


def _hot_spots(inputs: Inputs, journey: Journey) -> None:
    """Ask whether there is a pattern, find hot spots, and measure what they cover."""
    path = journey.path
    journey.step("clustertest", {"INPUT": _in_area(journey, "reports"), "AREA": inputs.area})
    found = journey.step(
        "hotspotgrid",
        {
            "INPUT": path("reports"),
            "CELL_SIZE": CELL_M,
            "SHAPE": HEXAGON,
            "AREA": inputs.area,
            "PARKS": path("parks"),
            "OUTPUT": path("hot_spots"),
            "PLACES": path("hot_places"),
            "STABLE": path("hot_spot_stability"),
        },
    )
    if found["HOT_CELLS"]:
        journey.step(
            "hotspotcoverage",
            {"HOTSPOTS": path("hot_spots"), "INPUT": path("reports"), "AREA": inputs.area},
        )


def _fear_and_fixes(inputs: Inputs, journey: Journey) -> None:
    """Hold fear against crime where there is any, list what to mend, and profile the times."""
    path = journey.path
    if inputs.crimes:
        journey.step(
            "crimegap",
            {
                "REPORTS": path("reports"),
                "CRIMES": path("crimes"),
                "CELL_SIZE": CELL_M,
                "AREA": inputs.area,
                "PARKS": path("parks"),
                "OUTPUT": path("fear_and_crime"),
            },
        )
    journey.step(
        "fixlist",
        {"REPORTS": path("reports"), "PARKS": path("parks"), "OUTPUT": path("fix_list")},
    )
    journey.step(
        "timeprofile",
        {"REPORTS": path("reports"), "OUTPUT": path("times"), "HTML": path("times_page")},
    )


def _count(journey: Journey, points: str, rings: str, summary: str, area: str | None) -> None:
    counted = journey.step(
        "parkanalysis",
        {
            "PARKS": journey.path("parks"),
            "REPORTS": journey.path(points),
            "DISTANCES": DISTANCES,
            "AREA": area,
            "OUTPUT": journey.path(rings),
            "SUMMARY": journey.path(summary),
        },
    )
    journey.add_up(counted, "TOTAL", ("INSIDE", "IN_RINGS", "OUTSIDE", "EXCLUDED"))


def _evaluate(journey: Journey) -> None:
    """Ask whether anything changed; only the sample's periods are known beforehand."""
    journey.step(
        "evaluatepark",
        {
            "PARKS": journey.path("parks"),
            "REPORTS": journey.path("reports"),
            "BUFFER": 250,
            **SAMPLE_PERIODS,
            "OUTPUT": journey.path("change"),
            "HTML": journey.path("change_page"),
        },
    )


def _save_project(inputs: Inputs, journey: Journey) -> Path:
    """Save the results as a project, styled as they are stored, and open it again."""
    from streetsafe_plugin.domain.errors import StreetSafeError
    from streetsafe_plugin.gis.project_file import ProjectGroup, ProjectLayer, save_project

    def shown(name: str, title: str, visible: bool = True) -> list[ProjectLayer]:
        path = journey.results().get(name)
        return [ProjectLayer(_layer(path, title), visible)] if path else []

    groups = [
        ProjectGroup(
            "reports",
            "Reports",
            shown("reports", "Reports") + shown("reports_rejected", "Rejected rows", False),
        ),
        ProjectGroup(
            "parks",
            "Parks",
            shown("parks", "Parks")
            + shown("rings", "Rings around parks")
            + shown("counts", "Reports in parks and rings", False)
            + shown("park_summary", "Reports by park", False)
            + shown("interventions", "Interventions", False)
            + shown("change", "Change in parks", False),
        ),
        ProjectGroup(
            "places",
            "Where to look",
            shown("fix_list", "Fix list", False)
            + shown("hot_places", "Hot places", False)
            + shown("hot_spots", "Hot spots", False)
            + shown("hot_spot_stability", "Stability of hot spots", False)
            + shown("fear_and_crime", "Fear against recorded crime", False)
            + shown("times", "When reports were sent", False),
        ),
        ProjectGroup("density", "Heat map", shown("heatmap", "Heat map of reports")),
        ProjectGroup(
            "crimes",
            "Crimes",
            shown("crimes", "Crimes", False)
            + shown("crime_counts", "Crimes in parks and rings", False)
            + shown("crime_summary", "Crimes by park", False)
            + shown("crime_heatmap", "Heat map of crimes", False),
        ),
    ]
    title = "StreetSafe demo" + (" (invented reports)" if inputs.invented_reports else "")
    crs = QgsCoordinateReferenceSystem("EPSG:27700")
    try:
        path = save_project(
            journey.out / "streetsafe_demo.qgz",
            title,
            [group for group in groups if group.layers],
            crs,
            _busiest_park(journey),
        )
    except StreetSafeError as error:
        raise StepFailed(str(error)) from error
    _open_again(path, journey)
    return path


def _layer(path: Path, title: str) -> QgsMapLayer:
    if path.suffix == ".tif":
        return QgsRasterLayer(str(path), title, "gdal")
    return QgsVectorLayer(str(path), title, "ogr")


def _busiest_park(journey: Journey) -> QgsRectangle:
    """Return the surroundings of the park with the most reports in and around it."""
    summary = QgsVectorLayer(journey.path("park_summary"), "", "ogr")
    first = min(summary.getFeatures(), key=lambda row: row["rank"])
    parks = QgsVectorLayer(journey.path("parks"), "", "ogr")
    extents = {park["park_id"]: park.geometry().boundingBox() for park in parks.getFeatures()}
    return extents[first["park_id"]].buffered(VIEW_MARGIN_M)


def _open_again(path: Path, journey: Journey) -> None:
    """Open the saved project as a colleague would and record that every layer is there."""
    project = QgsProject()
    opened = project.read(str(path))
    layers = list(project.mapLayers().values())
    broken = [layer.name() for layer in layers if not layer.isValid()]
    project.clear()
    if not opened or broken or not layers:
        raise StepFailed(f"The project does not open whole: {', '.join(broken) or path.name}.")
    journey.record(f"{'project':<14} {'':>6}    {len(layers)} layers, all valid when opened again")


def _write_summary(inputs: Inputs, journey: Journey) -> None:
    data = INVENTED if inputs.invented_reports else f"Reports: {Path(inputs.reports).name}."
    lines = ["STREETSAFE DEMO", data, "", *journey.lines]
    if journey.warnings:
        lines += ["", "Warnings", *journey.warnings]
    text = "\n".join(lines) + "\n"
    (journey.out / "summary.txt").write_text(text, encoding="utf-8")


def _say_where(journey: Journey, project: Path, briefing: dict[str, Any]) -> None:
    places = [
        ("Project", project),
        ("Briefing", briefing.get("PDF", "")),
        ("For the public", journey.out / "briefing_public"),
        ("Shared project", journey.out / "shared"),
        ("Summary", journey.out / "summary.txt"),
        *((name.replace("_", " "), path) for name, path in journey.results().items()),
    ]
    print("\nThe results:")
    for name, path in places:
        print(f"  {name[0].upper() + name[1:]:<18} {path}")


def _shown(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}"
    return f"{value:,.0f}" if isinstance(value, (int, float)) else str(value or "none")


if __name__ == "__main__":
    sys.exit(main())
