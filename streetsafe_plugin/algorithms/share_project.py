# SPDX-License-Identifier: GPL-2.0-or-later
"""The project as a folder that opens on another machine, without this plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
    QgsProject,
    QgsProviderRegistry,
    QgsReferencedRectangle,
    QgsVectorLayer,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm, some_of
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.gis.sharing.folder import side_files
from streetsafe_plugin.gis.sharing.selecting import Selection, select
from streetsafe_plugin.gis.sharing.share import share
from streetsafe_plugin.gis.text_gate import file_stem, plain
from streetsafe_plugin.i18n import tr

FOLDER, AUDIENCE, TITLE, VIEW = "FOLDER", "AUDIENCE", "TITLE", "VIEW"
LEAVE_OUT_MISSING = "LEAVE_OUT_MISSING"
PROJECT, GEOPACKAGE = "PROJECT", "GEOPACKAGE"
LAYERS, LAYOUTS, LEFT_OUT = "LAYERS", "LAYOUTS", "LEFT_OUT"

AUDIENCES = tuple(Audience)
_LONGEST_TITLE = 90
#: SQLite reads such a code in a path as the character it stands for.
_PERCENT_CODE = re.compile(r"%[0-9A-Fa-f]{2}")


class ShareProject(StreetSafeAlgorithm):
    """Write the project and its data into a folder that travels."""

    ID = "shareproject"
    GROUP = Group.BRIEF

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Share the project")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("The project and its data as a folder that opens anywhere")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("share,send,package,export,copy,colleague,partner,geopackage,project").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Writes a folder with one GeoPackage and one project file. It opens in any QGIS from"
            " 3.22 on, without this plugin, wherever the folder is copied to.\n\n"
            "Layers go with their styles, labels, forms, notes and metadata, groups and order,"
            " themes, relations and print layouts. Of a filtered layer only the rows of the filter"
            " are copied; database layers are copied as their rows; scratch layers are saved;"
            " joined and worked-out fields become fields. Heat maps go into the GeoPackage, other"
            " rasters become GeoTIFFs beside it.\n\n"
            "No user name, machine name, folder or password goes along. Web maps, actions, form"
            " code, macros and what needs a plugin stay behind, and the result says so.\n\n"
            "For partners and the public only these go: what was made for them (a disclosure"
            " copy, or a layer whose metadata have the keyword “streetsafe:audience” with"
            " “partner” or “public”), published crimes, parks and their measures, and files of"
            " boundaries without counts. Layouts go only if made for that audience. Everything"
            " else is left out and named.\n\n"
            "Your own project is not changed."
        )

    def flags(self) -> QgsProcessingAlgorithm.Flag:
        """Keep to the thread of the windows, where the project lives."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask(
            QgsProcessingParameterFolderDestination(FOLDER, tr("Folder")),
            tr(
                "Where the files go; it is made if it does not exist. Files of the same names are"
                " replaced, others are left alone."
            ),
        )
        self.ask(
            QgsProcessingParameterEnum(
                AUDIENCE, tr("Audience"), [tr("Internal"), tr("Partner"), tr("Public")], False, 0
            ),
            tr("Who will get the folder. For partners and the public much is left out."),
        )
        self.ask(
            QgsProcessingParameterString(TITLE, tr("Title"), None, False, True),
            tr("What the shared project and its files are called; the project's title if empty."),
        )
        self.ask(
            QgsProcessingParameterBoolean(
                LEAVE_OUT_MISSING, tr("Go on without missing layers"), False
            ),
            tr("Layers that cannot be read are left out and named; otherwise nothing is shared."),
        )
        self.ask_advanced(
            QgsProcessingParameterExtent(VIEW, tr("Opens on"), None, True),
            tr("What the map shows first; the project's own view or all layers if empty."),
        )
        for output in (
            QgsProcessingOutputFile(PROJECT, tr("Project")),
            QgsProcessingOutputFile(GEOPACKAGE, tr("GeoPackage")),
            QgsProcessingOutputNumber(LAYERS, tr("Layers shared")),
            QgsProcessingOutputNumber(LAYOUTS, tr("Layouts shared")),
            QgsProcessingOutputString(LEFT_OUT, tr("Left out, and why")),
        ):
            self.addOutput(output)

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse what would share half a project, or write over what it is read from."""
        answers.check_folder(FOLDER)
        project = answers.context.project()
        if project is None or not project.mapLayers():
            yield tr("The project has no layers to share: add some first.")
            return
        if len(answers.text(TITLE)) > _LONGEST_TITLE:
            yield tr("TITLE has {} letters: shorten it to {}.").format(
                len(answers.text(TITLE)), _LONGEST_TITLE
            )
        selection = select(project, answers.choice(AUDIENCE, AUDIENCES))
        if selection.missing and not answers.flag(LEAVE_OUT_MISSING):
            yield tr(
                "{} cannot be read: repair or remove the layers, or set LEAVE_OUT_MISSING."
            ).format(_named(selection.missing))
        unsaved = [
            layer
            for layer in selection.layers
            if isinstance(layer, QgsVectorLayer) and layer.isModified()
        ]
        if unsaved:
            yield tr("{} has edits that are not saved: save or discard them first.").format(
                _named(unsaved)
            )
        if not selection.layers:
            yield tr("AUDIENCE: no layer of the project may go to it: {}.").format(
                _reasons(selection)
            )
        yield from self._refused_folders(answers, project, selection)

    def _refused_folders(
        self, answers: Answers, project: QgsProject, selection: Selection
    ) -> Iterator[str]:
        given = answers.text(FOLDER)
        folder = Path(given)
        if _PERCENT_CODE.search(given):
            yield tr(
                "FOLDER: QGIS cannot open a GeoPackage with “%” and two digits in its path; choose"
                " another."
            )
        stem = file_stem(_title(answers, project))
        targets = {(folder / f"{stem}{ending}").resolve() for ending in (".gpkg", ".qgz")}
        own = {_file_of(layer) for layer in selection.layers} | {Path(project.fileName()).resolve()}
        if targets & own:
            yield tr("FOLDER holds the project that is to be shared: choose another.")
        elif folder.is_dir() and any(name.startswith(f"{stem}.") for name in side_files(folder)):
            yield tr(
                "FOLDER: the GeoPackage in it is open in another program; close it or choose"
                " another folder."
            )

    def execute(self, run: Run) -> dict[str, Any]:
        """Select, copy, put together, check, move into place, say what stayed behind."""
        project, audience = run.context.project(), run.choice(AUDIENCE, AUDIENCES)
        selection = select(project, audience)
        shared = share(
            project,
            run.folder(FOLDER),
            _title(run, project),
            audience,
            selection,
            self._view(run, project),
            run.stage(0.0, 1.0),
        )
        for note in shared.notes:
            run.say(note)
        for warning in shared.warnings:
            run.warn(warning)
        told = [f"{one.name}: {one.reason}" for one in shared.left_out]
        told += [tr("{}: it cannot be read").format(one.name()) for one in selection.missing]
        for one in told:
            run.warn(tr("Left out: {}.").format(one))
        run.say(
            tr("{} layers and {} layouts shared, opened again and checked.").format(
                shared.layers, shared.layouts
            )
        )
        return {
            FOLDER: str(shared.project.parent),
            PROJECT: str(shared.project),
            GEOPACKAGE: str(shared.geopackage) if shared.geopackage.exists() else None,
            LAYERS: shared.layers,
            LAYOUTS: shared.layouts,
            LEFT_OUT: plain("; ".join(told)),
        }

    def _view(self, run: Run, project: QgsProject) -> QgsReferencedRectangle | None:
        if not run.given(VIEW):
            return None
        system = project.crs()
        extent = self.parameterAsExtent(run.parameters, VIEW, run.context, system)
        return None if extent.isEmpty() else QgsReferencedRectangle(extent, system)


def _title(answers: Answers, project: QgsProject) -> str:
    return answers.text(TITLE) or project.title().strip() or tr("Shared project")


def _named(layers: list[QgsMapLayer]) -> str:
    return some_of([f"“{layer.name()}”" for layer in layers])


def _reasons(selection: Selection) -> str:
    return some_of([f"“{one.name}”: {one.reason}" for one in selection.left_out])


def _file_of(layer: QgsMapLayer) -> Path:
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return Path(str(parts.get("path", ""))).resolve()
