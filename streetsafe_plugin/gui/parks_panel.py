# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 2: bring in the funded parks, with boundaries where a layer has them."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel, QgsProject, QgsVectorLayer
from qgis.gui import QgsFieldComboBox
from qgis.PyQt.QtWidgets import QCheckBox, QWidget

from streetsafe_plugin.gui.panel import Panel, Section, given
from streetsafe_plugin.i18n import tr


class ParksPanel(Panel):
    """Ask for a layer of boundaries; none is needed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boundaries = self.layer_box(
            QgsMapLayerProxyModel.Filter.PolygonLayer, none_text=tr("No boundaries")
        )
        self.name_field = QgsFieldComboBox()
        self.name_field.setAllowEmptyFieldName(True)
        self.boundaries.layerChanged.connect(self._on_boundaries)
        self.indicative = QCheckBox(tr("Draw a &circle if not found"))
        self.indicative.setToolTip(
            tr("Where there is no boundary, a circle of the known area, marked as indicative")
        )
        self.indicative.setChecked(True)

        section = Section(
            tr("The 18 funded parks"),
            tr(
                "The parks of the Safer Streets scheme in Leicester, Leicestershire and Rutland. "
                "Add a layer of open spaces, such as OS Open Greenspace, to get real boundaries."
            ),
        )
        section.add_field(
            tr("&Boundaries"), self.boundaries, tr("Polygons in which the parks are looked for")
        )
        section.add_field(
            tr("&Name field"),
            self.name_field,
            tr("The field that holds the parks' names; left empty, it is looked for"),
        )
        section.form.addRow(self.indicative)
        section.add_buttons(
            self.advanced_button("loadparks", self._parameters),
            self.run_button(tr("&Load parks"), "loadparks", self._parameters),
        )
        self.add_sections(section)
        self._on_boundaries(self.boundaries.currentLayer())

    def take_sample(self, results: dict[str, Any]) -> None:
        """Add the sample's outlines to the project and choose them."""
        outlines = QgsVectorLayer(
            str(results.get("BOUNDARIES", "")), tr("Park outlines (invented)"), "ogr"
        )
        if outlines.isValid():
            QgsProject.instance().addMapLayer(outlines)
            self.boundaries.setLayer(outlines)

    def _on_boundaries(self, layer: object) -> None:
        self.name_field.setLayer(layer)
        self.name_field.setEnabled(layer is not None)

    def _parameters(self) -> dict[str, Any]:
        boundaries = self.boundaries.currentLayer()
        return given(
            BOUNDARIES=boundaries,
            NAME_FIELD=self.name_field.currentField() if boundaries else None,
            INDICATIVE=self.indicative.isChecked(),
        )
