# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing: overview, a page a park, method and caveats, and all its figures as tables."""

from __future__ import annotations

import datetime
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFolderDestination,
    QgsProcessingUtils,
    QgsProject,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm, some_of
from streetsafe_plugin.algorithms.briefing_form import (
    FORMAT_NAMES,
    FORMATS,
    PAPER,
    PAPERS,
    TEMPLATE,
    ask_for_audience,
    ask_for_form,
)
from streetsafe_plugin.algorithms.briefing_frame import (
    MARKINGS,
    ask_for_marking,
    ask_for_words,
    frame_of,
    frame_refusals,
    how_made,
)
from streetsafe_plugin.algorithms.briefing_input import (
    Material,
    ask_for_material,
    ask_for_sizes,
    material_refusals,
    read_material,
)
from streetsafe_plugin.algorithms.briefing_protection import Leaving, protect, register_refusals
from streetsafe_plugin.domain.briefing import accounting
from streetsafe_plugin.domain.briefing_figures import make_pack
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.pack import Audience, Pack
from streetsafe_plugin.domain.pack_tables import About, tables
from streetsafe_plugin.domain.progress import Tick, approaching
from streetsafe_plugin.gis import release, table_files, text_gate
from streetsafe_plugin.gis.briefing_layers import briefing_layers, copy_tables
from streetsafe_plugin.gis.kept_briefing import keep_in_project, letting_go
from streetsafe_plugin.gis.layouts import BriefingLayers, Frame, Laid, briefing_layout
from streetsafe_plugin.gis.pages import template
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import load_settings

__all__ = ["MARKINGS", "ExportBriefing"]

FOLDER = "FOLDER"
PAGES, PARKS_SHOWN, PDF, WORKBOOK = "PAGES", "PARKS", "PDF", "XLSX"
REPORTS_COUNTED = "REPORTS_COUNTED"
#: What the files of the maps end in.
_MAPS, _HEAT = "_maps.gpkg", "_heat.tif"


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
        ask_for_audience(self)
        ask_for_words(self)
        ask_for_form(self)
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

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Insist on a marking, on formats, and on rings and days that can be used."""
        yield from frame_refusals(answers)
        if not answers.choices(FORMATS, FORMAT_NAMES):
            yield tr("FORMATS: none is chosen; choose at least one.")
        answers.check_folder(FOLDER)
        yield from register_refusals(answers, FOLDER)
        yield from material_refusals(answers)

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, protect, lay out, export, verify, deliver, keep the layouts."""
        material = read_material(run)
        pack, counted = make_pack(
            material.reports,
            material.grounds,
            material.asked,
            material.crimes,
            run.stage(0.1, 0.2),
        )
        if not pack.parks:
            raise InputRefused(
                tr("No park lies in Area, nor does any of their rings."),
                tr("Choose another Area or leave it empty."),
            )
        _say_figures(run, pack, material)
        frame = frame_of(run)
        leaving = protect(run, pack, counted, material, frame.title)
        with _project_for(run) as project:
            drawn = self._draw(run, project, frame, leaving, material)
            delivered = self._export(run, drawn, frame, leaving)
            files = list(delivered.files)
            self._keep(run, drawn, leaving, files)
            pages = len(drawn.pages.pages)
        run.say(tr("{} pages, {} files, all read back.").format(pages, len(files)))
        return {
            FOLDER: str(files[0].parent),
            PAGES: pages,
            PARKS_SHOWN: len(pack.parks),
            REPORTS_COUNTED: pack.whole.used,
            PDF: _first_of_kind(files, ".pdf"),
            WORKBOOK: _first_of_kind(files, ".xlsx"),
        }

    def _draw(
        self, run: Run, project: QgsProject, frame: Frame, leaving: Leaving, material: Material
    ) -> Drawn:
        """Lay out the pages, and slides where they are asked for."""
        layers = briefing_layers(
            Path(QgsProcessingUtils.tempFolder()) / f"{uuid.uuid4().hex}_maps.gpkg",
            project,
            run.crs,
            leaving.pack,
            material.reports.xy,
            material.concerns,
            leaving.heat,
            material.asked.area,
            approaching(run.stage(0.46, 0.5), half_way_s=2.0),
        )
        internal = leaving.pack.audience is Audience.INTERNAL
        # what a pack was made from is told within the force only
        told = how_made(run) if internal else how_made(run)[:1]
        paper = template.PAPERS[PAPERS.index(run.choice(PAPER, PAPERS))]
        given = Path(run.file(TEMPLATE)) if run.given(TEMPLATE) else None
        title = _title_of(frame, leaving.pack)

        def lay_out(paper: str, given: Path | None, name: str, tick: Tick) -> Laid:
            file = template.template_file(paper, load_settings().template_folder, given)
            laid = briefing_layout(
                project,
                template.load_template(file, paper),
                frame,
                leaving.pack,
                layers,
                leaving.heat_words,
                told,
                tick,
                name,
            )
            for sentence in laid.sentences():
                run.warn(sentence)
            return laid

        pages = lay_out(paper, given, title, run.stage(0.5, 0.58))
        slides = None
        if "slides" in run.choices(FORMATS, FORMAT_NAMES):
            name = tr("{}: slides").format(title)
            slides = lay_out(template.SLIDES, None, name, run.stage(0.58, 0.61))
        return Drawn(title, layers, pages, slides)

    def _export(self, run: Run, drawn: Drawn, frame: Frame, leaving: Leaving) -> release.Delivered:
        """Export, verify and deliver, and enter what leaves in the register."""
        pack = leaving.pack
        formats = run.choices(FORMATS, FORMAT_NAMES)
        products = [release.Product(drawn.pages.layout, _page_names(drawn.pages), formats)]
        if drawn.slides is not None:
            names = _page_names(drawn.slides)
            products.append(release.Product(drawn.slides.layout, names, ["png"], tr("slides")))
        with leaving.entered(run.stage(0.61, 0.62)):
            delivered = release.pack(
                products,
                run.folder(FOLDER),
                _stem(frame, pack),
                f"{frame.marking}: {frame.title}",
                {**_table_writers(frame, pack, formats), **_map_writers(drawn, leaving)},
                run.stage(0.62, 0.96),
                partial(letting_go, run.context.project()),
            )
        leaving.add_files(delivered.files, run.stage(0.96, 0.97, stoppable=False))
        if delivered.in_use:
            run.warn(
                tr(
                    "“{}” is in use by another program, so the files of this pack have the time in"
                    " their names."
                ).format(delivered.in_use)
            )
        return delivered

    def _keep(self, run: Run, drawn: Drawn, leaving: Leaving, files: Sequence[Path]) -> None:
        """Leave the layouts in the user's project, drawing from the files of the pack."""
        project = run.context.project()
        if project is None:
            return
        now = {drawn.layers.path: next(one for one in files if one.name.endswith(_MAPS))}
        if leaving.heat_file is not None:
            now[leaving.heat_file] = next(one for one in files if one.name.endswith(_HEAT))
        laid = [drawn.pages, *([drawn.slides] if drawn.slides is not None else [])]
        names = keep_in_project(
            project,
            laid,
            drawn.layers,
            drawn.title,
            leaving.pack.audience,
            now,
            run.stage(0.97, 1.0, stoppable=False),  # the pack has been handed out
        )
        run.say(tr("Kept in the project as layouts: {}.").format(", ".join(names)))


@contextmanager
def _project_for(run: Run) -> Iterator[QgsProject]:
    """Give a project for the layers that the layouts draw, and let these go afterwards.

    Left to Python, they would be closed after QGIS itself has gone, which crashes.
    """
    project = QgsProject()
    project.setCrs(run.crs)
    try:
        yield project
    finally:
        project.clear()


@dataclass(frozen=True)
class Drawn:
    """The layouts of a pack with the layers that they draw; `title` is theirs in the project."""

    title: str
    layers: BriefingLayers
    pages: Laid
    slides: Laid | None


def _title_of(frame: Frame, pack: Pack) -> str:
    """Return what layouts and layers are called, packs for different audiences differently."""
    if pack.audience is Audience.INTERNAL:
        return frame.title
    return f"{frame.title} ({pack.audience.value})"


def _stem(frame: Frame, pack: Pack) -> str:
    words = text_gate.file_stem(f"{frame.marking}_{text_gate.file_stem(frame.title)}"[:60])
    audience = "" if pack.audience is Audience.INTERNAL else f"_{pack.audience.value}"
    return f"{words}{audience}_{datetime.date.today().isoformat()}"


def _page_names(laid: Laid) -> list[str]:
    return [page.name for page in laid.pages]


def _map_writers(drawn: Drawn, leaving: Leaving) -> dict[str, release.Writer]:
    """Return what puts the data of the maps beside the pack, where its layouts find them."""
    writers: dict[str, release.Writer] = {_MAPS: partial(copy_tables, drawn.layers.path)}
    if leaving.heat_file is not None:
        writers[_HEAT] = partial(shutil.copyfile, leaving.heat_file)
    return writers


def _table_writers(frame: Frame, pack: Pack, formats: Sequence[str]) -> dict[str, release.Writer]:
    """Return what writes the tables in the formats that are asked for, by the files' endings."""
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
    writers: dict[str, release.Writer] = {}
    if "xlsx" in formats:
        writers[".xlsx"] = lambda path: table_files.write_workbook(path, made, frame.marking)
    if "csv" in formats:
        for table in made:
            writers[table_files.csv_ending(table)] = partial(table_files.write_csv, table=table)
    return writers


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
