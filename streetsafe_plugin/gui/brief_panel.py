# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 4: a briefing to hand on, marked as its author decides."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel
from qgis.PyQt.QtWidgets import QComboBox, QLineEdit, QWidget

from streetsafe_plugin.gui.known_layers import Kind
from streetsafe_plugin.gui.panel import Panel, Section, file_box, given
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import load_settings

#: In the order of `exportbriefing`'s MARKING; the words are government policy, not translated.
MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")


class BriefPanel(Panel):
    """Ask what goes into the briefing, how it is marked and where it is written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        points = QgsMapLayerProxyModel.Filter.PointLayer
        self.parks = self.layer_box(QgsMapLayerProxyModel.Filter.PolygonLayer, Kind.PARKS)
        self.reports = self.layer_box(points, Kind.REPORTS)
        self.heat_map = self.layer_box(
            QgsMapLayerProxyModel.Filter.RasterLayer, Kind.HEAT_MAP, none_text=tr("No heat map")
        )
        self.crimes = self.layer_box(points, Kind.CRIMES, none_text=tr("No crimes"))
        self.marking = QComboBox()
        self.marking.addItem(tr("Choose a marking"), None)
        for number, marking in enumerate(MARKINGS):
            self.marking.addItem(marking, number)
        self.handling = QLineEdit()
        self.handling.setPlaceholderText(tr("Optional, such as who may see it"))
        self.title = QLineEdit()
        self.title.setPlaceholderText(tr("Feeling safe in our parks"))
        self.author = QLineEdit()
        self.author.setPlaceholderText(tr("Optional, such as your team"))
        self.folder = file_box(tr("Folder for the briefing"))
        self.add_sections(self._contents_section(), self._marking_section())

    def fill_gaps(self) -> None:
        """Choose layers as every panel does, and fill in what the settings say meanwhile."""
        super().fill_gaps()
        settings = load_settings()
        for line, text in ((self.handling, settings.handling), (self.author, settings.author)):
            if not line.text():
                line.setText(text)

    def _contents_section(self) -> Section:
        section = Section(
            tr("What goes in"),
            tr("An overview, a page for each park, and a page of method and caveats."),
        )
        section.add_field(tr("Par&ks"), self.parks, tr("A page is made for each of them"))
        section.add_field(tr("&Reports"), self.reports, tr("The reports that are counted"))
        section.add_field(tr("&Heat map"), self.heat_map, tr("Shown below the reports, if any"))
        section.add_field(tr("&Crimes"), self.crimes, tr("Recorded crime as context, if any"))
        section.add_field(tr("&Title"), self.title, tr("The briefing's title"))
        section.add_field(tr("&Author"), self.author, tr("The name or team it comes from"))
        return section

    def _marking_section(self) -> Section:
        section = Section(
            tr("Marking and export"),
            tr("The marking stands at the top and bottom of every page. Only you can choose it."),
        )
        section.add_field(tr("&Marking"), self.marking, tr("The security classification"))
        section.add_field(
            tr("Ha&ndling"), self.handling, tr("A handling instruction below the marking")
        )
        section.add_field(tr("&Folder"), self.folder, tr("Where the PDF and pictures are written"))
        section.add_buttons(
            self.advanced_button("exportbriefing", self._parameters),
            self.run_button(tr("&Export briefing"), "exportbriefing", self._parameters),
        )
        return section

    def _parameters(self) -> dict[str, Any]:
        chosen = given(
            PARKS=self.parks.currentLayer(),
            REPORTS=self.reports.currentLayer(),
            HEATMAP=self.heat_map.currentLayer(),
            CRIMES=self.crimes.currentLayer(),
            MARKING=self.marking.currentData(),
            HANDLING=self.handling.text().strip(),
            TITLE=self.title.text().strip(),
            AUTHOR=self.author.text().strip(),
            ATTRIBUTION=load_settings().attribution,
        )
        return {**chosen, "FOLDER": self.folder.filePath().strip()}
