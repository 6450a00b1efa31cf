# SPDX-License-Identifier: GPL-2.0-or-later
"""StreetSafe's page in QGIS's options: the analysis CRS and the briefing's standing lines."""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem
from qgis.gui import (
    QgsFileWidget,
    QgsOptionsPageWidget,
    QgsOptionsWidgetFactory,
    QgsProjectionSelectionWidget,
)
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from streetsafe_plugin.gis.crs import in_metres
from streetsafe_plugin.gui.panel import Section, align_fields, wrapped_label
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import Settings, load_settings, save_settings

#: The page's object name, by which QGIS opens the options on it.
PAGE = "streetsafeOptionsPage"


class StreetSafeOptionsFactory(QgsOptionsWidgetFactory):
    """Make the page whenever QGIS opens its options."""

    def __init__(self, icon: QIcon) -> None:
        super().__init__()
        self.setTitle(tr("StreetSafe"))
        self.setIcon(icon)

    def createWidget(self, parent: QWidget | None = None) -> QgsOptionsPageWidget:
        """Return a new page."""
        return StreetSafeOptionsPage(parent)


class StreetSafeOptionsPage(QgsOptionsPageWidget):
    """Show the settings and store them on OK; a CRS not in metres is never stored."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(PAGE)
        settings = load_settings()
        self._stored_crs = settings.analysis_crs
        self.crs = QgsProjectionSelectionWidget()
        self.crs.setCrs(QgsCoordinateReferenceSystem(settings.analysis_crs))
        self.complaint = wrapped_label("")
        self.complaint.hide()
        self.handling = QLineEdit(settings.handling)
        self.author = QLineEdit(settings.author)
        self.attribution = QLineEdit(settings.attribution)
        self.template_folder = QgsFileWidget()
        self.template_folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.template_folder.setFilePath(settings.template_folder)
        self.template_folder.lineEdit().setPlaceholderText(
            tr("streetsafe/layouts in your QGIS profile")
        )
        self.crs.crsChanged.connect(self._check)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        sections = [self._measuring_section(), self._briefing_section()]
        align_fields(sections)
        for section in sections:
            layout.addWidget(section)
        layout.addStretch(1)

    def apply(self) -> None:
        """Store what the page shows."""
        crs = self.crs.crs()
        save_settings(
            Settings(
                analysis_crs=crs.authid() if _usable(crs) else self._stored_crs,
                handling=self.handling.text().strip(),
                author=self.author.text().strip(),
                attribution=self.attribution.text().strip(),
                template_folder=self.template_folder.filePath().strip(),
            )
        )

    def _measuring_section(self) -> Section:
        section = Section(
            tr("Measuring"),
            tr(
                "Layers in any system come in; distances, areas and densities are worked out in "
                "this one. British National Grid suits Great Britain."
            ),
        )
        section.add_field(
            tr("&Analysis CRS"), self.crs, tr("A coordinate reference system in metres")
        )
        section.form.addRow(self.complaint)
        return section

    def _briefing_section(self) -> Section:
        section = Section(
            tr("Briefings"), tr("What the Brief step starts with. A marking is chosen each time.")
        )
        section.add_field(tr("&Handling"), self.handling, tr("A handling instruction"))
        section.add_field(tr("A&uthor"), self.author, tr("The name or team briefings come from"))
        section.add_field(
            tr("A&ttribution"),
            self.attribution,
            tr("The acknowledgement of data and base maps at the foot of each page"),
        )
        section.add_field(
            tr("&Templates"),
            self.template_folder,
            tr("The folder of your own layout templates, saved under the names of ours"),
        )
        return section

    def _check(self, crs: QgsCoordinateReferenceSystem) -> None:
        self.complaint.setVisible(not _usable(crs))
        if not _usable(crs):
            self.complaint.setText(
                tr("{} is not in metres: choose another, or {} stays in use.").format(
                    crs.authid() or tr("This system"), self._stored_crs
                )
            )


def _usable(crs: QgsCoordinateReferenceSystem) -> bool:
    return crs.isValid() and bool(crs.authid()) and in_metres(crs)
