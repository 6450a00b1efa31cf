# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 3: a heat map, the reports in rings around the parks, and what changed there."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel, QgsProcessing
from qgis.gui import QgsDateEdit, QgsDoubleSpinBox, QgsSpinBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLineEdit, QWidget

from streetsafe_plugin.gui.known_layers import Kind
from streetsafe_plugin.gui.panel import Panel, Section, given
from streetsafe_plugin.i18n import tr

_RADIUS_M = 250.0
_DISTANCES_M = "100, 250, 400"
_WINDOW_DAYS = 180


class AnalysePanel(Panel):
    """Ask for points, radius and cell size; for parks, distances and dates; for interventions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        points = QgsMapLayerProxyModel.Filter.PointLayer
        polygons = QgsMapLayerProxyModel.Filter.PolygonLayer
        self.points = self.layer_box(points, Kind.REPORTS)
        self.radius = _metres(_RADIUS_M)
        self.cell_size = _metres(0.0, tr("Automatic"))
        self.parks = self.layer_box(polygons, Kind.PARKS)
        self.reports = self.layer_box(points, Kind.REPORTS)
        self.distances = QLineEdit(_DISTANCES_M)
        self.date_from = _date(tr("First report"))
        self.date_to = _date(tr("Last report"))
        self.interventions = self.layer_box(
            QgsMapLayerProxyModel.Filter.NoGeometry, Kind.INTERVENTIONS
        )
        self.buffer = _metres(_RADIUS_M)
        self.window = _days(_WINDOW_DAYS)
        self.add_sections(self._heat_map_section(), self._rings_section(), self._change_section())

    def _heat_map_section(self) -> Section:
        section = Section(
            tr("Heat map"),
            tr("Reports per square kilometre; the surface adds up to the number of reports."),
        )
        section.add_field(tr("&Points"), self.points, tr("The reports or crimes to map"))
        section.add_field(
            tr("Ra&dius"), self.radius, tr("The distance at which a report stops counting")
        )
        section.add_field(
            tr("&Cell size"), self.cell_size, tr("The side of a cell in metres; 0 is automatic")
        )
        section.add_buttons(
            self.advanced_button("heatmap", self._heat_map_parameters),
            self.run_button(tr("Make &heat map"), "heatmap", self._heat_map_parameters),
        )
        return section

    def _rings_section(self) -> Section:
        section = Section(
            tr("Rings around the parks"),
            tr("Counts each report once: inside a park, in a ring around one, or beyond."),
        )
        section.add_field(tr("Par&ks"), self.parks, tr("The parks around which to count"))
        section.add_field(tr("R&eports"), self.reports, tr("The reports to count"))
        section.add_field(
            tr("&Rings (m)"),
            self.distances,
            tr("The rings' outer distances from the park in metres, as in 100, 250, 400"),
        )
        section.add_field(tr("&From"), self.date_from, tr("Leave out reports before this day"))
        section.add_field(tr("&Until"), self.date_to, tr("Leave out reports after this day"))
        section.add_buttons(
            self.advanced_button("parkanalysis", self._analysis_parameters),
            self.run_button(tr("Cou&nt reports"), "parkanalysis", self._analysis_parameters),
        )
        section.add_buttons(
            self.advanced_button("parkrings", self._rings_parameters),
            self.run_button(tr("Draw rings &only"), "parkrings", self._rings_parameters),
        )
        return section

    def _change_section(self) -> Section:
        section = Section(
            tr("Did it work?"),
            tr(
                "Compares the reports in the parks above before and after what was done there. With"
                " few reports the answer is often that nobody can tell."
            ),
        )
        section.add_field(
            tr("&Measures"), self.interventions, tr("What was done in the parks, and when")
        )
        section.add_field(
            tr("Ring &width"), self.buffer, tr("How far around a park trouble may have moved")
        )
        section.add_field(
            tr("Da&ys"), self.window, tr("How many days before and after each park's own date")
        )
        section.add_buttons(
            self.advanced_button("evaluatepark", self._change_parameters),
            self.run_button(tr("E&valuate"), "evaluatepark", self._change_parameters),
        )
        return section

    def _change_parameters(self) -> dict[str, Any]:
        return given(
            PARKS=self.parks.currentLayer(),
            REPORTS=self.reports.currentLayer(),
            INTERVENTIONS=self.interventions.currentLayer(),
            BUFFER=self.buffer.value(),
            WINDOW_DAYS=self.window.value(),
            HTML=QgsProcessing.TEMPORARY_OUTPUT,
        )

    def _heat_map_parameters(self) -> dict[str, Any]:
        return given(
            INPUT=self.points.currentLayer(),
            RADIUS=self.radius.value(),
            CELL_SIZE=self.cell_size.value() or None,
        )

    def _rings_parameters(self) -> dict[str, Any]:
        return given(PARKS=self.parks.currentLayer(), DISTANCES=_without_blanks(self.distances))

    def _analysis_parameters(self) -> dict[str, Any]:
        return given(
            PARKS=self.parks.currentLayer(),
            REPORTS=self.reports.currentLayer(),
            DISTANCES=_without_blanks(self.distances),
            FROM=_day(self.date_from),
            TO=_day(self.date_to),
        )


def _metres(value: float, text_at_zero: str = "") -> QgsDoubleSpinBox:
    box = QgsDoubleSpinBox()
    box.setSuffix(tr(" m"))
    box.setDecimals(0 if not text_at_zero else 1)
    box.setRange(0.0 if text_at_zero else 1.0, 100_000.0)
    box.setSingleStep(50.0 if not text_at_zero else 5.0)
    box.setValue(value)
    box.setClearValue(value, text_at_zero)
    return box


def _days(value: int) -> QgsSpinBox:
    box = QgsSpinBox()
    box.setSuffix(tr(" days"))
    box.setRange(7, 3660)
    box.setValue(value)
    box.setClearValue(value)
    return box


def _date(text_for_none: str) -> QgsDateEdit:
    box = QgsDateEdit()
    box.setAllowNull(True)
    box.setNullRepresentation(text_for_none)
    box.setDisplayFormat("d MMM yyyy")
    box.setCalendarPopup(True)
    box.clear()
    return box


def _day(box: QgsDateEdit) -> str | None:
    return None if box.isNull() else box.date().toString(Qt.DateFormat.ISODate)


def _without_blanks(box: QLineEdit) -> str:
    return "".join(box.text().split())
