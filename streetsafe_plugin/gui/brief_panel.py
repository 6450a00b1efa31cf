# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 4: what leaves the desk, marked as its author decides and fit for those who will see it."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel
from qgis.gui import QgsSpinBox
from qgis.PyQt.QtWidgets import QComboBox, QLineEdit, QWidget

from streetsafe_plugin.gui.known_layers import Kind
from streetsafe_plugin.gui.panel import Panel, Section, date_box, day_of, file_box, given
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import load_settings

#: In the order of `exportbriefing`'s MARKING; the words are government policy, not translated.
MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")
#: The number of the audience that is shown everything.
INTERNAL = 0
THRESHOLD = 5


class BriefPanel(Panel):
    """Ask what goes into the briefing, who will see it, how it is marked and where it goes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        kind = QgsMapLayerProxyModel.Filter
        self.parks = self.layer_box(kind.PolygonLayer, Kind.PARKS)
        self.reports = self.layer_box(kind.PointLayer, Kind.REPORTS)
        self.heat_map = self.layer_box(kind.RasterLayer, Kind.HEAT_MAP, none_text=tr("No heat map"))
        self.crimes = self.layer_box(kind.PointLayer, Kind.CRIMES, none_text=tr("No crimes"))
        self.interventions = self.layer_box(
            kind.NoGeometry, Kind.INTERVENTIONS, none_text=tr("No interventions")
        )
        self.area = self.layer_box(kind.PolygonLayer, none_text=tr("Wherever reports lie"))
        self.date_from = date_box(tr("First report"))
        self.date_to = date_box(tr("Last report"))
        self.title = QLineEdit()
        self.title.setPlaceholderText(tr("Feeling safe in our parks"))
        self.author = QLineEdit()
        self.author.setPlaceholderText(tr("Optional, such as your team"))
        self.audience = _choice(tr("Internal: points"), tr("Partner: counts"), tr("Public: areas"))
        self.threshold = QgsSpinBox()
        self.threshold.setRange(2, 1000)
        self.threshold.setClearValue(THRESHOLD)
        self.threshold.setValue(THRESHOLD)
        self.threshold.setSuffix(tr(" reports"))
        self.marking = QComboBox()
        self.marking.addItem(tr("Choose a marking"), None)
        for number, marking in enumerate(MARKINGS):
            self.marking.addItem(marking, number)
        self.handling = QLineEdit()
        self.handling.setPlaceholderText(tr("Optional, such as who may see it"))
        self.paper = _choice(tr("A4 landscape"), tr("A4 portrait"), tr("A3 landscape"))
        self.folder = file_box(tr("Folder for the briefing"))
        self.shared_audience = _choice(tr("Internal"), tr("Partner"), tr("Public"))
        self.shared_folder = file_box(tr("Folder to share"))
        self.audience.currentIndexChanged.connect(self._on_audience)
        self.add_sections(
            self._contents_section(), self._marking_section(), self._sharing_section()
        )
        self._on_audience()

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
            tr(
                "An overview, a page for each park, hot spots and what to mend, fear against"
                " crime, and the method."
            ),
        )
        section.add_field(tr("Par&ks"), self.parks, tr("A page is made for each of them"))
        section.add_field(tr("&Reports"), self.reports, tr("The reports that are counted"))
        section.add_field(tr("&Heat map"), self.heat_map, tr("Shown below the reports, if any"))
        section.add_field(
            tr("&Crimes"), self.crimes, tr("Recorded crime to hold fear against, if any")
        )
        section.add_field(
            tr("&Interventions"),
            self.interventions,
            tr("What was done in each park and when: change is told from those dates"),
        )
        section.add_field(tr("&Area"), self.area, tr("Where given, only this ground counts"))
        section.add_field(tr("&From"), self.date_from, tr("The first day that counts"))
        section.add_field(tr("T&o"), self.date_to, tr("The last day that counts"))
        section.add_field(tr("&Title"), self.title, tr("The briefing's title"))
        section.add_field(tr("A&uthor"), self.author, tr("The name or team it comes from"))
        return section

    def _marking_section(self) -> Section:
        section = Section(
            tr("Audience, marking and export"),
            tr(
                "Partners see no number below the least; the public sees areas, no points. Only"
                " you can choose the marking."
            ),
        )
        section.add_field(
            tr("Audi&ence"), self.audience, tr("Who will see it; this decides what is held back")
        )
        section.add_field(
            tr("&Least number"),
            self.threshold,
            tr("Smaller counts are held back, and others by which they could be worked out"),
        )
        section.add_field(tr("&Marking"), self.marking, tr("The security classification"))
        section.add_field(
            tr("Ha&ndling"), self.handling, tr("A handling instruction below the marking")
        )
        section.add_field(tr("&Paper"), self.paper, tr("The size and direction of the pages"))
        section.add_field(tr("Fol&der"), self.folder, tr("Where all files are written"))
        section.add_buttons(
            self.advanced_button("exportbriefing", self._parameters),
            self.run_button(tr("E&xport briefing"), "exportbriefing", self._parameters),
        )
        return section

    def _sharing_section(self) -> Section:
        section = Section(
            tr("Share the project"),
            tr(
                "A folder with one project and its data that opens on another machine, without"
                " this plugin, and names neither people nor folders."
            ),
        )
        section.add_field(
            tr("For &whom"),
            self.shared_audience,
            tr("Who will open it; layers that are not fit for them stay out and are named"),
        )
        section.add_field(
            tr("&Goes into"), self.shared_folder, tr("A folder for the project, empty or new")
        )
        section.add_buttons(
            self.advanced_button("shareproject", self._sharing),
            self.run_button(tr("&Share project"), "shareproject", self._sharing),
        )
        return section

    def _on_audience(self) -> None:
        self.threshold.setEnabled(self.audience.currentIndex() != INTERNAL)

    def _parameters(self) -> dict[str, Any]:
        guarded = self.audience.currentIndex() != INTERNAL
        chosen = given(
            PARKS=self.parks.currentLayer(),
            REPORTS=self.reports.currentLayer(),
            HEATMAP=self.heat_map.currentLayer(),
            CRIMES=self.crimes.currentLayer(),
            INTERVENTIONS=self.interventions.currentLayer(),
            AREA=self.area.currentLayer(),
            FROM=day_of(self.date_from),
            TO=day_of(self.date_to),
            AUDIENCE=self.audience.currentIndex(),
            THRESHOLD=self.threshold.value() if guarded else None,
            MARKING=self.marking.currentData(),
            HANDLING=self.handling.text().strip(),
            PAPER=self.paper.currentIndex(),
            TITLE=self.title.text().strip(),
            AUTHOR=self.author.text().strip(),
            ATTRIBUTION=load_settings().attribution,
        )
        return {**chosen, "FOLDER": self.folder.filePath().strip()}

    def _sharing(self) -> dict[str, Any]:
        return {
            "AUDIENCE": self.shared_audience.currentIndex(),
            "FOLDER": self.shared_folder.filePath().strip(),
        }


def _choice(*texts: str) -> QComboBox:
    """Return a box of choices in the order in which an algorithm numbers them."""
    box = QComboBox()
    box.addItems(texts)
    return box
