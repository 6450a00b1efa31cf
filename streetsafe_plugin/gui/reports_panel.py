# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 1: bring in StreetSafe reports and recorded crime, or invented ones to practise on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsMapLayerProxyModel, QgsProcessing
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QStandardPaths
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QToolButton, QWidget

from streetsafe_plugin.algorithms.report_reading import EXTRACT_ENDINGS
from streetsafe_plugin.gui.known_layers import Kind
from streetsafe_plugin.gui.panel import Panel, Section, file_box, given
from streetsafe_plugin.gui.profile_box import ProfileBox
from streetsafe_plugin.i18n import tr


class ReportsPanel(Panel):
    """Ask for an extract and for crime files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.extract = file_box(
            tr("StreetSafe extract"),
            tr("Extracts ({});;All files (*)").format(EXTRACT_ENDINGS),
        )
        self.profile = ProfileBox()
        self.date_order = QComboBox()
        self.date_order.addItems(
            [tr("Automatic"), tr("Day first"), tr("Month first"), tr("Year first")]
        )
        self.target = self.layer_box(QgsMapLayerProxyModel.Filter.PointLayer, Kind.REPORTS)
        self.crimes = file_box(
            tr("Crime files from data.police.uk"),
            tr("Crime files (*.csv *.zip);;All files (*)"),
        )
        self.folder = file_box(tr("Folder for the sample data"))
        self.folder.setFilePath(str(_documents() / tr("StreetSafe sample")))

        self.add_sections(
            self._extract_section(),
            self._update_section(),
            self._crimes_section(),
            self._sample_section(),
        )

    def _extract_section(self) -> Section:
        section = Section(
            tr("StreetSafe extract"),
            tr(
                "Any table with places and reasons. Rows that cannot be taken are listed with the"
                " reason, never dropped."
            ),
        )
        section.add_field(tr("&Extract"), self.extract, tr("The file with the reports"))
        section.add_field(
            tr("&Profile"),
            self.profile,
            tr("Which column holds what, saved for this source; usually not needed"),
        )
        section.add_field(
            tr("&Dates"), self.date_order, tr("How dates such as 03/04/2024 are written")
        )
        section.add_buttons(
            self.advanced_button("importreports", self._extract_parameters),
            self.run_button(tr("&Import reports"), "importreports", self._extract_parameters),
        )
        return section

    def _update_section(self) -> Section:
        section = Section(
            tr("The next extract"),
            tr(
                "Adds the extract above to a layer of reports. What the layer holds already is"
                " not added again."
            ),
        )
        section.add_field(tr("&Layer"), self.target, tr("The layer of reports to bring up to date"))
        section.add_buttons(
            self.advanced_button("updatereports", self._update_parameters),
            self.run_button(tr("&Update layer"), "updatereports", self._update_parameters),
        )
        return section

    def _crimes_section(self) -> Section:
        section = Section(
            tr("Recorded crime"),
            tr("A CSV or ZIP downloaded from data.police.uk, or the folder it was unpacked into."),
        )
        choose_folder = QToolButton()
        choose_folder.setObjectName("choose_crimes_folder")
        choose_folder.setIcon(QgsApplication.getThemeIcon("/mIconFolderOpen.svg"))
        choose_folder.setToolTip(tr("Choose a folder of crime files"))
        choose_folder.setAccessibleName(tr("Choose a folder of crime files"))
        choose_folder.clicked.connect(self._choose_crimes_folder)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.crimes, 1)
        layout.addWidget(choose_folder)
        row.setFocusProxy(self.crimes)
        section.add_field(tr("&Crimes"), row, tr("The file or folder with the crimes"))
        section.add_buttons(
            self.advanced_button("importcrimes", self._crimes_parameters),
            self.run_button(tr("Import c&rimes"), "importcrimes", self._crimes_parameters),
        )
        return section

    def _sample_section(self) -> Section:
        section = Section(
            tr("No extract at hand?"),
            tr("Practise on invented reports. Nothing in them happened to anybody."),
        )
        section.add_field(tr("&Folder"), self.folder, tr("Where the sample data are written"))
        section.add_buttons(
            self.advanced_button("sampledata", self._sample_parameters),
            self.run_button(tr("&Make sample data"), "sampledata", self._sample_parameters),
        )
        return section

    def take_samples(self, results: dict[str, Any]) -> None:
        """Fill in the files that making sample data has just written."""
        self.extract.setFilePath(results.get("REPORTS_LONLAT", ""))
        self.crimes.setFilePath(results.get("CRIMES", ""))

    def _choose_crimes_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of crime files"))
        if folder:
            self.crimes.setFilePath(folder)

    def _extract_parameters(self) -> dict[str, Any]:
        return given(**self._reading(), REJECTED=QgsProcessing.TEMPORARY_OUTPUT)

    def _update_parameters(self) -> dict[str, Any]:
        return given(
            **self._reading(),
            TARGET=self.target.currentLayer(),
            REJECTED=QgsProcessing.TEMPORARY_OUTPUT,
        )

    def _reading(self) -> dict[str, Any]:
        return {
            "SOURCE": _path(self.extract),
            "PROFILE": self.profile.path(),
            "DATE_ORDER": self.date_order.currentIndex() or None,
        }

    def _crimes_parameters(self) -> dict[str, Any]:
        return given(SOURCE=_path(self.crimes), REJECTED=QgsProcessing.TEMPORARY_OUTPUT)

    def _sample_parameters(self) -> dict[str, Any]:
        return {"FOLDER": _path(self.folder)}


def _path(box: QgsFileWidget) -> str:
    return box.filePath().strip()


def _documents() -> Path:
    location = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(location))
