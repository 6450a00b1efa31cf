# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing: overview, a page a park, method and caveats, and all its figures as tables."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingUtils,
    QgsProject,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm, some_of
from streetsafe_plugin.algorithms.briefing_frame import (
    MARKINGS,
    ask_for_marking,
    ask_for_words,
    frame_of,
    frame_refusals,
    heat_in_words,
    how_made,
)
from streetsafe_plugin.algorithms.briefing_input import (
    HEATMAP,
    Material,
    ask_for_material,
    ask_for_sizes,
    material_refusals,
    read_material,
)
from streetsafe_plugin.domain.briefing import accounting
from streetsafe_plugin.domain.briefing_figures import make_pack
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.pack import Audience, Counted, Pack
from streetsafe_plugin.domain.pack_tables import About, tables
from streetsafe_plugin.gis import pack_tables, release, text_gate
from streetsafe_plugin.gis.briefing_layers import briefing_layers
from streetsafe_plugin.gis.layouts import Frame, Laid, briefing_layout
from streetsafe_plugin.gis.pages import template
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import load_settings

__all__ = ["MARKINGS", "ExportBriefing"]

AUDIENCE, THRESHOLD, ROUND_TO, ISSUED = "AUDIENCE", "THRESHOLD", "ROUND_TO", "ISSUED"
PAPER, TEMPLATE, FORMATS, FOLDER = "PAPER", "TEMPLATE", "FORMATS", "FOLDER"
PAGES, PARKS_SHOWN, PDF, WORKBOOK = "PAGES", "PARKS", "PDF", "XLSX"
REPORTS_COUNTED = "REPORTS_COUNTED"

#: In the order in which the enumerations number them.
AUDIENCES = (Audience.INTERNAL, Audience.PARTNER, Audience.PUBLIC)
PAPERS = ("A4 landscape", "A4 portrait", "A3 landscape")
FORMAT_NAMES = ("pdf", "png", "svg", "slides", "xlsx", "csv")
_BY_DEFAULT = [0, 1, 4]


class ExportBriefing(StreetSafeAlgorithm):
    """Count, lay out, export and verify a briefing."""

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
        return tr("A marked pack: overview, a page for each park, the method, and all its tables")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("briefing,report,pdf,png,xlsx,csv,map,export,marking,park,table,trend").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Makes a briefing: an overview map with the figures of every park, a page for each"
            " park with its map, rings, counts and reasons, and a page of method, caveats and"
            " sources; as tables also the months, the change, hot spots, the fix list and, with"
            " recorded crime, where fear and crime differ. Every page carries the marking, the"
            " dates covered, the number of reports and where the data come from.\n\n"
            "Choose the marking yourself: there is no default, since only the originator can"
            " classify. Nothing is exported until it is chosen; it stands on every page, in the"
            " PDF's title and in the file names.\n\n"
            "Counts are those of “Reports in and around parks” with the same layers, Area and"
            " dates: a report belongs to the nearest park, and each is counted once. A layer"
            " without reports makes a briefing that says so.\n\n"
            "Change: a park with a date in Interventions is compared around that, as many days"
            " before as after, up to a year, as “Did it work?” does it. Without one, the last"
            " whole months (12, or half of what there is) are held against as many before; that is"
            " no evaluation. Where the interval spans zero it says “no clear change”.\n\n"
            "Hot spots and fear against crime use hexagons of CELL_SIZE, tested as “Hot spots”"
            " and “Fear against recorded crime” test them. The fix list holds places of 3 reports"
            " or more with one reason within 50 m, the first 40 of them.\n\n"
            "The workbook has a sheet for each table, CSV a file each. Numbers that are held back"
            " are empty, and the column held_back names them.\n\n"
            "Every file is read back before it is handed over: number of pages and rows, no blank"
            " page, no author or attributes inside."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        ask_for_material(self)
        ask_for_marking(self)
        self._ask_for_audience()
        ask_for_words(self)
        self._ask_for_form()
        ask_for_sizes(self)
        self.ask(
            QgsProcessingParameterFolderDestination(FOLDER, tr("Folder for the briefing")),
            tr(
                "Where the files go. It is made if missing, in a folder that exists; older files of"
                " the same name are replaced."
            ),
        )
        self.addOutput(QgsProcessingOutputNumber(PAGES, tr("Pages")))
        self.addOutput(QgsProcessingOutputNumber(PARKS_SHOWN, tr("Parks")))
        self.addOutput(QgsProcessingOutputNumber(REPORTS_COUNTED, tr("Reports counted")))
        self.addOutput(QgsProcessingOutputFile(PDF, tr("PDF")))
        self.addOutput(QgsProcessingOutputFile(WORKBOOK, tr("Workbook")))

    def _ask_for_audience(self) -> None:
        whole = QgsProcessingParameterNumber.Type.Integer
        self.ask(
            QgsProcessingParameterEnum(
                AUDIENCE, tr("Audience"), [tr("Internal"), tr("Partner"), tr("Public")], False, 0
            ),
            tr(
                "Who will see it. In packs for partners and the public small numbers are held back"
                " and single reports are not drawn."
            ),
        )
        self.ask_advanced(
            QgsProcessingParameterNumber(
                THRESHOLD, tr("Smallest number shown"), whole, 5, False, 1, 1_000
            ),
            tr("For partners and the public: smaller numbers than this are held back."),
        )
        self.ask_advanced(
            QgsProcessingParameterNumber(
                ROUND_TO, tr("Round numbers to"), whole, 0, False, 0, 1_000
            ),
            tr("For partners and the public: round to multiples of this, 0 for no rounding."),
        )
        self.ask_advanced(
            QgsProcessingParameterFile(
                ISSUED,
                tr("Register of issued packs"),
                QgsProcessingParameterFile.Behavior.File,
                "",
                None,
                True,
            ),
            tr(
                "For partners and the public: the file that remembers what earlier packs showed, so"
                " that a new one does not give away a number by its difference from them."
            ),
        )

    def _ask_for_form(self) -> None:
        self.ask(
            QgsProcessingParameterEnum(
                FORMATS,
                tr("Formats"),
                ["PDF", "PNG", "SVG", tr("Slides (PNG 16:9)"), "XLSX", "CSV"],
                True,
                _BY_DEFAULT,
            ),
            tr(
                "One PDF of all pages; a PNG or SVG of each page; slides; one workbook of all"
                " tables; a CSV file for each table."
            ),
        )
        self.ask(
            QgsProcessingParameterEnum(
                PAPER,
                tr("Paper"),
                [tr("A4 landscape"), tr("A4 portrait"), tr("A3 landscape")],
                False,
                0,
            ),
            tr("The size of the pages."),
        )
        self.ask_advanced(
            QgsProcessingParameterFile(
                TEMPLATE,
                tr("Template"),
                QgsProcessingParameterFile.Behavior.File,
                "qpt",
                None,
                True,
            ),
            tr("A page template of your own (.qpt), such as one with your force's crest."),
        )

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Insist on a marking, on formats, and on rings and days that can be used."""
        yield from frame_refusals(answers)
        if not answers.choices(FORMATS, FORMAT_NAMES):
            yield tr("FORMATS: none is chosen; choose at least one.")
        yield from _not_yet(answers)
        answers.check_folder(FOLDER)
        yield from material_refusals(answers)

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, protect, lay out, export, verify, deliver."""
        material = read_material(run)
        pack, counted = make_pack(
            material.reports,
            material.grounds,
            material.asked,
            material.crimes,
            run.stage(0.2, 0.32),
        )
        if not pack.parks:
            raise InputRefused(
                tr("No park lies in Area, nor does any of their rings."),
                tr("Choose another Area or leave it empty."),
            )
        _say_figures(run, pack, material)
        pack = _protect(run, pack, counted)
        frame = frame_of(run)
        laid = self._lay_out(run, frame, pack, material)
        pages = len(laid.pages)
        files = self._export(run, laid, frame, pack)
        run.say(tr("{} pages, {} files, all read back.").format(pages, len(files)))
        return {
            FOLDER: str(files[0].parent),
            PAGES: pages,
            PARKS_SHOWN: len(pack.parks),
            REPORTS_COUNTED: pack.whole.used,
            PDF: _first_of_kind(files, ".pdf"),
            WORKBOOK: _first_of_kind(files, ".xlsx"),
        }

    def _lay_out(self, run: Run, frame: Frame, pack: Pack, material: Material) -> Laid:
        # kept alive with the layout, which draws the project's layers
        self._project = QgsProject()
        self._project.setCrs(run.crs)
        heat = run.raster(HEATMAP)
        paper = template.PAPERS[PAPERS.index(run.choice(PAPER, PAPERS))]
        given = Path(run.text(TEMPLATE)) if run.given(TEMPLATE) else None
        file = template.template_file(paper, load_settings().template_folder, given)
        layers = briefing_layers(
            Path(QgsProcessingUtils.tempFolder()) / f"{uuid.uuid4().hex}_maps.gpkg",
            self._project,
            run.crs,
            pack,
            material.reports.xy,
            material.concerns,
            heat,
            material.area,
        )
        laid = briefing_layout(
            self._project,
            template.load_template(file, paper),
            frame,
            pack,
            layers,
            heat_in_words(run, heat, pack.whole),
            how_made(run),
            run.stage(0.32, 0.37),
        )
        for sentence in laid.sentences():
            run.warn(sentence)
        return laid

    def _export(self, run: Run, laid: Laid, frame: Frame, pack: Pack) -> list[Path]:
        """Export to one side, verify, then deliver; returns all files, a PDF first."""
        formats = run.choices(FORMATS, FORMAT_NAMES)
        today = datetime.date.today().isoformat()
        stem = text_gate.file_stem(f"{frame.marking}_{frame.title}"[:60]) + f"_{today}"
        layout, pages = laid.layout, _pages(laid, stem)
        folder = run.folder(FOLDER)
        tick = run.stage(0.4, 0.98)
        with release.staging(folder) as aside:
            made: list[Path] = []
            if "pdf" in formats:
                title = f"{frame.marking}: {frame.title}"
                path = aside / f"{stem}.pdf"
                made.append(release.export_pdf(layout, path, title, run.stage(0.4, 0.6)))
            if "png" in formats:
                for page in pages:
                    tick(0.4 + 0.5 * page.number / len(pages))
                    made.append(release.export_png(layout, page, aside))
            if "svg" in formats:
                tick(0.9)
                made += release.export_svg(layout, pages, aside)
            made += _write_tables(run, aside, stem, frame, pack, formats)
            run.stop_if_cancelled()
            return release.deliver(made, folder)


def _not_yet(answers: Answers) -> Iterator[str]:
    """Yield what the pages cannot do yet."""
    if "slides" in answers.choices(FORMATS, FORMAT_NAMES):
        yield tr("FORMATS: slides are not offered yet; choose other formats.")


def _protect(run: Run, pack: Pack, counted: Counted) -> Pack:
    """Return the pack as the audience may see it.

    Raises:
        InputRefused: the audience cannot be served.
    """
    if run.choice(AUDIENCE, AUDIENCES) is not Audience.INTERNAL:
        raise InputRefused(
            tr(
                "AUDIENCE: packs for partners and the public are not offered yet, since small"
                " numbers could identify people."
            ),
            tr("Choose Internal."),
        )
    return pack


def _pages(laid: Laid, stem: str) -> list[release.Page]:
    """Return the pages with the names of their pictures."""
    return [
        release.Page(number, f"{stem}_{number + 1:02d}_{text_gate.file_stem(page.name)[:40]}")
        for number, page in enumerate(laid.pages)
    ]


def _write_tables(
    run: Run, aside: Path, stem: str, frame: Frame, pack: Pack, formats: Sequence[str]
) -> list[Path]:
    """Write the tables in the formats that are asked for."""
    about = About(
        frame.title,
        frame.marking,
        frame.handling,
        frame.author,
        frame.made,
        frame.operation,
        frame.attribution,
    )
    made = tables(pack, about)
    files = []
    tick = run.stage(0.94, 0.98)
    if "xlsx" in formats:
        files.append(pack_tables.write_workbook(aside / f"{stem}.xlsx", made, frame.marking, tick))
    if "csv" in formats:
        files += [
            pack_tables.write_csv(aside / pack_tables.csv_name(stem, table), table, tick)
            for table in made
        ]
    return files


def _first_of_kind(files: Sequence[Path], suffix: str) -> str | None:
    return next((str(path) for path in files if path.suffix == suffix), None)


def _say_figures(run: Run, pack: Pack, material: Material) -> None:
    """Say where every report went, and what the reader should not overlook."""
    run.say(accounting(pack.whole))
    run.say(pack.enough)
    if not pack.whole.used:
        run.warn(tr("There is no report to count, and the briefing says so."))
    shown = {park.park_id for park in pack.parks}
    beyond = [ground.name for ground in material.grounds if ground.park_id not in shown]
    if beyond:
        sentence = tr(
            "{} parks lie outside Area with all their rings and have no page: {}."
        ).format(len(beyond), some_of(beyond))
        run.warn(sentence)
        run.note(sentence)
