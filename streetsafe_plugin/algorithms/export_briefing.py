# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing: overview, a page a park, method and caveats, and all its figures as tables."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsPrintLayout,
    QgsProcessingAlgorithm,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFolderDestination,
    QgsProject,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm, some_of
from streetsafe_plugin.algorithms.briefing_form import (
    AUDIENCE,
    AUDIENCES,
    FORMAT_NAMES,
    FORMATS,
    ask_for_audience,
    ask_for_form,
    not_yet,
)
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
from streetsafe_plugin.gis import release, table_files, text_gate
from streetsafe_plugin.gis.briefing_layers import briefing_layers
from streetsafe_plugin.gis.layouts import Frame, briefing_layout
from streetsafe_plugin.i18n import tr

__all__ = ["MARKINGS", "ExportBriefing"]

FOLDER = "FOLDER"
PAGES, PARKS_SHOWN, PDF, WORKBOOK = "PAGES", "PARKS", "PDF", "XLSX"
REPORTS_COUNTED = "REPORTS_COUNTED"


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
        yield from not_yet(answers)
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
        layout = self._lay_out(run, frame, pack, material)
        pages = layout.pageCollection().pageCount()
        files = self._export(run, layout, frame, pack)
        run.say(tr("{} pages, {} files, all read back.").format(pages, len(files)))
        return {
            FOLDER: str(files[0].parent),
            PAGES: pages,
            PARKS_SHOWN: len(pack.parks),
            REPORTS_COUNTED: pack.whole.used,
            PDF: _first_of_kind(files, ".pdf"),
            WORKBOOK: _first_of_kind(files, ".xlsx"),
        }

    def _lay_out(self, run: Run, frame: Frame, pack: Pack, material: Material) -> QgsPrintLayout:
        # kept alive with the layout, which draws the project's layers
        self._project = QgsProject()
        self._project.setCrs(run.crs)
        heat = run.raster(HEATMAP)
        layers = briefing_layers(
            self._project,
            run.crs,
            pack.parks,
            material.reports.xy,
            material.concerns,
            heat,
            material.area,
        )
        return briefing_layout(
            self._project,
            frame,
            pack.whole,
            pack.parks,
            layers,
            heat_in_words(run, heat, pack.whole),
            how_made(run),
            run.stage(0.32, 0.37),
        )

    def _export(self, run: Run, layout: QgsPrintLayout, frame: Frame, pack: Pack) -> list[Path]:
        """Export, verify and deliver; returns all files, a PDF first."""
        formats = run.choices(FORMATS, FORMAT_NAMES)
        today = datetime.date.today().isoformat()
        delivered = release.pack(
            [release.Product(layout, _page_names(layout, pack), formats)],
            run.folder(FOLDER),
            text_gate.file_stem(f"{frame.marking}_{frame.title}"[:60]) + f"_{today}",
            f"{frame.marking}: {frame.title}",
            _table_writers(frame, pack, formats),
            run.stage(0.37, 1.0),
        )
        if delivered.in_use:
            run.warn(
                tr(
                    "“{}” is in use by another program, so the files of this pack have the time in"
                    " their names."
                ).format(delivered.in_use)
            )
        return list(delivered.files)


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


def _page_names(layout: QgsPrintLayout, pack: Pack) -> list[str]:
    """Return what the pages are called in file names."""
    behind = layout.pageCollection().pageCount() - len(pack.parks) - 1
    return [tr("overview"), *(park.name for park in pack.parks), *[tr("method")] * behind]


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
