# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing: an overview, a page a park, a page of method and caveats."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    QgsFeatureRequest,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProject,
    QgsRasterLayer,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin import about
from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.domain.briefing import HeatInWords
from streetsafe_plugin.domain.briefing_figures import CrimeSet, ParkGround, ReportSet, figures
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.pack import Park, Whole
from streetsafe_plugin.domain.park_counts import read_ticks
from streetsafe_plugin.domain.parks import identify
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.rings import parse_distances, within_any
from streetsafe_plugin.domain.sample_files import is_invented
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis import provenance, release, text_gate
from streetsafe_plugin.gis.briefing_layers import briefing_layers
from streetsafe_plugin.gis.heat_facts import heat_facts
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.gis.layouts import Frame, briefing_layout
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import load_settings

PARKS, REPORTS, HEATMAP, CRIMES, AREA = "PARKS", "REPORTS", "HEATMAP", "CRIMES", "AREA"
MARKING, HANDLING, AUDIENCE = "MARKING", "HANDLING", "AUDIENCE"
TITLE, AUTHOR, ATTRIBUTION = "TITLE", "AUTHOR", "ATTRIBUTION"
FORMATS, DISTANCES, FOLDER = "FORMATS", "DISTANCES", "FOLDER"
PAGES, PDF = "PAGES", "PDF"

MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")
AUDIENCES = ("internal", "partner", "public")
FORMAT_NAMES = ("pdf", "png", "svg")
MOST_RINGS = 6
DEFAULT_DISTANCES = "100,250,400"

_PARK_FIELDS = ("park_id", "park_name", "district", "boundary_status", "note")
_DATE_FIELDS = ("submitted_at", "month_start")


class ExportBriefing(StreetSafeAlgorithm):
    """Lay out, export and verify a briefing."""

    ID = "exportbriefing"
    GROUP = Group.BRIEF

    def flags(self) -> QgsProcessingAlgorithm.Flag:
        """Run in the main thread: layouts cannot be made elsewhere."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Export briefing")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("A marked PDF with an overview, a page for each park, and the method")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("briefing,report,pdf,png,map,export,marking,park").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Makes a briefing: an overview map with the figures of every park, a page for each"
            " park with its map, rings, counts and reasons, and a page of method, caveats and"
            " sources. Every page carries the marking, the dates covered, the number of reports"
            " and where the data come from.\n\n"
            "Choose the marking yourself: there is no default, since only the originator can"
            " classify. Nothing is exported until it is chosen; it stands on every page, in the"
            " PDF's title and in the file names.\n\n"
            "Every file is read back before it is handed over: number of pages, no blank page, no"
            " author or attributes inside. Counts are those of “Reports in and around parks”.\n\n"
            "The audience must be internal. Packs for partners and the public need protection of"
            " small numbers, which this version does not offer yet."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        points = [QgsProcessing.SourceType.TypeVectorPoint]
        self.ask(
            QgsProcessingParameterFeatureSource(PARKS, tr("Parks"), polygons),
            tr("The parks, a page each, in the layer's order."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(REPORTS, tr("Reports"), points),
            tr("The imported reports. Any point layer will do; reasons are shown if it has them."),
        )
        self.ask(
            QgsProcessingParameterRasterLayer(HEATMAP, tr("Heat map"), None, True),
            tr("Drawn beneath the parks, in its own style."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(CRIMES, tr("Recorded crime"), points, None, True),
            tr("Counted around each park for context. Published points are not true places."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(AREA, tr("Area"), polygons, None, True),
            tr("Only reports inside are counted. Its outline is drawn on the overview."),
        )
        self.ask(
            # optional only so that the dialog starts with nothing chosen; refusals() insists
            QgsProcessingParameterEnum(
                MARKING, tr("Marking (must be chosen)"), list(MARKINGS), False, None, True
            ),
            tr("The protective marking. There is no default: choose it for every briefing."),
        )
        self.ask(
            QgsProcessingParameterString(HANDLING, tr("Handling instruction"), None, False, True),
            tr("A line for every page, such as who may see it."),
        )
        self.ask(
            QgsProcessingParameterEnum(
                AUDIENCE, tr("Audience"), [tr("Internal"), tr("Partner"), tr("Public")], False, 0
            ),
            tr("Who will see it. This version makes internal briefings only."),
        )
        self.ask(
            QgsProcessingParameterString(TITLE, tr("Title"), tr("Feeling safe in our parks")),
            tr("The briefing's title, also part of the file names."),
        )
        self.ask(
            QgsProcessingParameterString(AUTHOR, tr("Author"), None, False, True),
            tr("Who made it, for the last page. Nothing is taken from your login."),
        )
        self.ask(
            QgsProcessingParameterString(ATTRIBUTION, tr("Attribution"), None, True, True),
            tr("Acknowledgements the maps need, such as Ordnance Survey's, added to the sources."),
        )
        self.ask(
            QgsProcessingParameterEnum(FORMATS, tr("Formats"), ["PDF", "PNG", "SVG"], True, [0, 1]),
            tr("One PDF of all pages; a PNG or SVG of each page."),
        )
        self.ask(
            QgsProcessingParameterString(DISTANCES, tr("Ring distances"), DEFAULT_DISTANCES),
            tr("Outer distances of the rings in metres, such as 100,250,400."),
        )
        self.ask(
            QgsProcessingParameterFolderDestination(FOLDER, tr("Folder for the briefing")),
            tr(
                "Where the files go. It is made if missing, in a folder that exists; older files of"
                " the same name are replaced."
            ),
        )
        self.addOutput(QgsProcessingOutputNumber(PAGES, tr("Pages")))
        self.addOutput(QgsProcessingOutputNumber(PARKS, tr("Parks")))
        self.addOutput(QgsProcessingOutputFile(PDF, tr("PDF")))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Insist on a marking, an audience that can be served, and readable distances."""
        if not answers.given(MARKING):
            yield tr("MARKING is not chosen: choose {} before anything is exported.").format(
                tr(" or ").join(MARKINGS)
            )
        if answers.choice(AUDIENCE, AUDIENCES) != "internal":
            yield tr(
                "AUDIENCE: packs for partners and the public are not offered yet, since small"
                " numbers could identify people; choose Internal."
            )
        if not answers.choices(FORMATS, FORMAT_NAMES):
            yield tr("FORMATS: none is chosen; choose at least one.")
        for name, most in ((TITLE, 90), (HANDLING, 90), (ATTRIBUTION, 400)):
            if len(answers.text(name)) > most:
                yield tr("{} has {} letters, and a page has room for {}: shorten it.").format(
                    name, len(answers.text(name)), most
                )
        answers.check_folder(FOLDER)
        if len(parse_distances(answers.text(DISTANCES))) > MOST_RINGS:
            yield tr("DISTANCES: a page has room for {} rings; name fewer.").format(MOST_RINGS)

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, lay out, export, verify, deliver."""
        reports = run.points(REPORTS, self._report_fields(run), run.stage(0.0, 0.05))
        grounds = self._parks(run)
        if not len(reports.xy):
            raise InputRefused(
                tr("“{}” holds no report.").format(run.source(REPORTS).sourceName()),
                tr("Check the layer and its filter."),
            )
        crimes = self._crimes(run)
        area = run.polygons(AREA).shapes if run.given(AREA) else None
        if area is not None:
            reports = _only_inside(reports, area, run.stage(0.15, 0.2))
        limits_m = parse_distances(run.text(DISTANCES))
        whole, parks = figures(
            _report_set(reports),
            grounds,
            limits_m,
            crimes,
            run.stage(0.2, 0.3),
        )
        project = QgsProject()
        project.setCrs(run.crs)
        heat = run.raster(HEATMAP)
        layers = briefing_layers(
            project, run.crs, parks, reports.xy, _concerns(reports), heat, area
        )
        frame = self._frame(run, heat)
        told = [*run.history(), *self._input_histories(run)]
        how_made = [line for line in told if line not in run.operations]
        layout = briefing_layout(
            project,
            frame,
            whole,
            parks,
            layers,
            self._heat_in_words(run, heat, whole),
            how_made,
            run.stage(0.3, 0.35),
        )
        pages = layout.pageCollection().pageCount()
        pdf, files = self._export(run, layout, frame, parks)
        run.say(tr("{} pages, {} files, all read back.").format(pages, len(files)))
        _say_figures(run, whole)
        return {
            FOLDER: str(files[0].parent),
            PAGES: pages,
            PARKS: len(parks),
            PDF: None if pdf is None else str(pdf),
        }

    def _report_fields(self, run: Run) -> list[str]:
        held = run.source(REPORTS).fields().names()
        return [name for name in (*REASON_CODES, "concern", *_DATE_FIELDS) if name in held]

    def _parks(self, run: Run) -> list[ParkGround]:
        table = run.polygons(PARKS, _PARK_FIELDS)
        if not table.shapes:
            raise InputRefused(
                tr("“{}” holds no park.").format(run.source(PARKS).sourceName()),
                tr("Load the parks first."),
            )
        columns = [table.columns[name] for name in _PARK_FIELDS]
        identified = identify(columns[0], columns[1], table.rows)
        held = zip(table.shapes, table.rows, identified, *columns[1:])
        return [
            ParkGround(
                park_id,
                name or tr("Park {}").format(row + 1),
                district or "",
                status == "indicative",
                note or "",
                shape,
            )
            for shape, row, (park_id, _), name, district, status, note in held
        ]

    def _crimes(self, run: Run) -> CrimeSet | None:
        if not run.given(CRIMES):
            return None
        table = run.points(CRIMES, ("month_start",), run.stage(0.05, 0.15))
        held = set(_as_dates(table.columns["month_start"]))
        return CrimeSet(table.xy, sorted(month for month in held if month is not None))

    def _heat_in_words(
        self, run: Run, heat: QgsRasterLayer | None, whole: Whole
    ) -> HeatInWords | None:
        """Return what the method page says of the heat map, and warn if it holds other reports."""
        if heat is None:
            return None
        facts = heat_facts(heat)
        if facts is None:
            return HeatInWords(tr("as its own notes say"))
        if facts.reports != whole.used:
            run.warn(
                tr(
                    "The heat map holds {:g} reports, these pages {}: was it made from the same"
                    " layer, area and dates?"
                ).format(facts.reports, whole.used)
            )
        spread = tr("each of {:,g} reports spread over a disc of {:g} m radius").format(
            facts.reports, facts.radius_m
        )
        return HeatInWords(spread, facts.clustering)

    def _frame(self, run: Run, heat: QgsRasterLayer | None) -> Frame:
        settings = load_settings()
        earlier = provenance.operations_of([layer for layer in [run.vector(REPORTS)] if layer])
        return Frame(
            title=run.text(TITLE),
            marking=run.choice(MARKING, MARKINGS),
            handling=run.text(HANDLING) or settings.handling,
            author=run.text(AUTHOR) or settings.author,
            attribution=self._attribution(run, settings.attribution),
            made=tr("Made {} with StreetSafe for QGIS {}").format(
                datetime.date.today().strftime("%d %B %Y").lstrip("0"), about.version()
            ),
            operation=_operation_in_short([*earlier, *run.operations]),
        )

    def _attribution(self, run: Run, standing: str) -> str:
        """Return the sources: what the user wrote, what the layers say, what their kind demands."""
        stated = [run.text(ATTRIBUTION) or standing]
        for name in (PARKS, AREA, CRIMES, REPORTS):
            layer = run.vector(name)
            if layer is not None:
                stated += [text_gate.plain(right) for right in layer.metadata().rights()]
        stated += [_reports_source(_values(run, REPORTS, "source_file"))]
        if run.given(CRIMES):
            stated += [_crimes_source(_values(run, CRIMES, "reported_by"))]
        lines = dict.fromkeys(line for line in stated if line)
        return " ".join(lines) or tr("No source was stated for these data.")

    def _input_histories(self, run: Run) -> list[str]:
        layers = [run.vector(name) for name in (REPORTS, PARKS, CRIMES)]
        layers.append(run.raster(HEATMAP))
        return provenance.history_of([layer for layer in layers if layer is not None])

    def _export(
        self, run: Run, layout: Any, frame: Frame, parks: Sequence[Park]
    ) -> tuple[Path | None, list[Path]]:
        """Export, verify and deliver; returns the PDF's place and all files."""
        formats = run.choices(FORMATS, FORMAT_NAMES)
        today = datetime.date.today().isoformat()
        behind = layout.pageCollection().pageCount() - len(parks) - 1
        names = [tr("overview"), *(park.name for park in parks), *[tr("method")] * behind]
        delivered = release.pack(
            [release.Product(layout, names, formats)],
            run.folder(FOLDER),
            text_gate.file_stem(f"{frame.marking}_{frame.title}"[:60]) + f"_{today}",
            f"{frame.marking}: {frame.title}",
            tick=run.stage(0.35, 1.0),
        )
        if delivered.in_use:
            run.warn(
                tr(
                    "“{}” is in use by another program, so the files of this pack have the time in"
                    " their names."
                ).format(delivered.in_use)
            )
        files = list(delivered.files)
        return (files[0] if "pdf" in formats else None), files


def _values(run: Run, name: str, field: str) -> set[str]:
    source = run.source(name)
    index = source.fields().lookupField(field)
    if index < 0:
        return set()
    request = QgsFeatureRequest().setSubsetOfAttributes([index])
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return {str(feature[index]) for feature in source.getFeatures(request)}


def _reports_source(files: set[str]) -> str:
    """Return where reports come from; samples must not pass for the real thing."""
    if not files:
        return ""
    if all(is_invented(name) for name in files):
        return tr("Reports: invented sample, nothing in them is real.")
    return tr("Reports: StreetSafe (police.uk), as supplied to the author.")


def _crimes_source(forces: set[str]) -> str:
    """Return where recorded crimes come from, with the licence that data.police.uk asks to name."""
    if not forces:
        return ""
    if all(is_invented(force) for force in forces):
        return tr("Recorded crime: invented sample.")
    return tr("Recorded crime: data.police.uk, Open Government Licence v3.0.")


def _operation_in_short(operations: Sequence[str]) -> str:
    """Return how coordinates were changed; the names of the steps stay with the layers."""
    changed = [text for text in operations if "“" in text] or list(operations)
    return " ".join(dict.fromkeys(re.sub(r" by “[^”]*”", "", text) for text in changed))


def _report_set(table: PointTable) -> ReportSet:
    """Return the reports with their first date field and the reasons they have."""
    field = next((name for name in _DATE_FIELDS if name in table.columns), None)
    return ReportSet(
        table.xy,
        _as_dates(table.columns[field]) if field else [None] * len(table.xy),
        {code: read_ticks(table.columns[code]) for code in REASON_CODES if code in table.columns},
        table.total,
        table.excluded,
    )


def _only_inside(table: PointTable, area: Sequence[BaseGeometry], tick: Tick) -> PointTable:
    """Return the reports inside the area, the others counted as left out."""
    inside = within_any(table.xy, area, tick)
    return replace(
        table,
        xy=table.xy[inside],
        columns={name: held[inside] for name, held in table.columns.items()},
        excluded={**table.excluded, "outside_area": int((~inside).sum())},
    )


def _concerns(table: PointTable) -> list[str | None] | None:
    held = table.columns.get("concern")
    return None if held is None else held.tolist()


def _as_dates(values: np.ndarray) -> list[datetime.date | None]:
    days, _ = days_of(values)
    return days.tolist()


def _say_figures(run: Run, whole: Whole) -> None:
    run.say(
        tr("{} reports = {} inside + {} in rings + {} outside + {} not counted.").format(
            whole.read,
            whole.inside,
            whole.in_rings,
            whole.outside,
            sum(whole.excluded.values()),
        )
    )
