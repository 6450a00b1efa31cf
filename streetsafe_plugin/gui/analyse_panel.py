# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 3: what to analyse, then a section for each question that is asked of it."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel, QgsProcessing, QgsRasterLayer
from qgis.gui import QgsDoubleSpinBox, QgsSpinBox
from qgis.PyQt.QtWidgets import QLineEdit, QWidget

from streetsafe_plugin.gui.known_layers import Kind
from streetsafe_plugin.gui.panel import Panel, Section, date_box, day_of, given
from streetsafe_plugin.i18n import tr

_RADIUS_M = 250.0
_HOT_CELL_M = 250.0
#: Published crimes lie on shared points, so smaller places than this say little of them.
_GAP_CELL_M = 500.0
_DISTANCES_M = "100, 250, 400"
_WINDOW_DAYS = 180
_FIX_DISTANCE_M, _FIX_MINIMUM = 50.0, 3
_HEXAGON = 1


class AnalysePanel(Panel):
    """Ask once for points, parks and area; then for the few things that each question needs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        filters = QgsMapLayerProxyModel.Filter
        self.points = self.layer_box(filters.PointLayer, Kind.REPORTS)
        self.crimes = self.layer_box(filters.PointLayer, Kind.CRIMES)
        self.parks = self.layer_box(filters.PolygonLayer, Kind.PARKS)
        self.area = self.layer_box(filters.PolygonLayer, none_text=tr("Wherever points lie"))
        self.radius = _metres(_RADIUS_M)
        self.cell_size = _metres(0.0, tr("Automatic"))
        self.hot_cell = _metres(_HOT_CELL_M)
        self.hot_spots = self.layer_box(
            filters.PolygonLayer | filters.RasterLayer,
            Kind.HOT_SPOTS,
            Kind.HEAT_MAP,
        )
        self.distances = QLineEdit(_DISTANCES_M)
        self.date_from = date_box(tr("First report"))
        self.date_to = date_box(tr("Last report"))
        self.gap_cell = _metres(_GAP_CELL_M)
        self.fix_distance = _metres(_FIX_DISTANCE_M)
        self.fix_minimum = _whole(_FIX_MINIMUM, tr(" reports"), 1)
        self.interventions = self.layer_box(filters.NoGeometry, Kind.INTERVENTIONS)
        self.buffer = _metres(_RADIUS_M)
        self.window = _whole(_WINDOW_DAYS, tr(" days"), 7)
        questions = (
            self._heat_map_section(),
            self._hot_spot_section(),
            self._rings_section(),
            self._gap_section(),
            self._fix_section(),
            self._time_section(),
            self._change_section(),
        )
        for section in questions[1:]:
            section.setCollapsed(True)
        self.add_sections(self._layers_section(), *questions)

    def _layers_section(self) -> Section:
        section = Section(tr("What to analyse"), tr("Every question below is asked of these."))
        section.add_field(tr("&Points"), self.points, tr("The reports, or any other points"))
        section.add_field(tr("&Crimes"), self.crimes, tr("Recorded crime to hold reports against"))
        section.add_field(tr("Par&ks"), self.parks, tr("The parks around which to count"))
        section.add_field(tr("&Area"), self.area, tr("Where given, only this ground counts"))
        return section

    def _heat_map_section(self) -> Section:
        section = Section(
            tr("Heat map"),
            tr("Reports per square kilometre; the surface adds up to the number of reports."),
        )
        section.add_field(
            tr("Ra&dius"), self.radius, tr("The distance at which a report stops counting")
        )
        section.add_field(
            tr("Cell si&ze"), self.cell_size, tr("The side of a cell in metres; 0 is automatic")
        )
        section.add_buttons(
            self.advanced_button("heatmap", self._heat_map_parameters),
            self.run_button(tr("Make &heat map"), "heatmap", self._heat_map_parameters),
        )
        section.add_buttons(
            self.advanced_button("clustertest", self._cluster_parameters),
            self.run_button(tr("&Is there a pattern?"), "clustertest", self._cluster_parameters),
        )
        return section

    def _hot_spot_section(self) -> Section:
        section = Section(
            tr("Hot spots"),
            tr("Hexagons that hold more than chance would gather there, and how much they cover."),
        )
        section.add_field(
            tr("&Width of a cell"), self.hot_cell, tr("From side to side of a hexagon")
        )
        section.add_buttons(
            self.advanced_button("hotspotgrid", self._hot_spot_parameters),
            self.run_button(tr("Find h&ot spots"), "hotspotgrid", self._hot_spot_parameters),
        )
        section.add_field(
            tr("Co&ver of"), self.hot_spots, tr("Hot spots of either kind that were made before")
        )
        section.add_buttons(
            self.advanced_button("hotspotcoverage", self._cover_parameters),
            self.run_button(tr("&Measure cover"), "hotspotcoverage", self._cover_parameters),
        )
        return section

    def _rings_section(self) -> Section:
        section = Section(
            tr("Rings around the parks"),
            tr("Counts each report once: inside a park, in a ring around one, or beyond."),
        )
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
            self.run_button(tr("Draw rings onl&y"), "parkrings", self._rings_parameters),
        )
        return section

    def _gap_section(self) -> Section:
        section = Section(
            tr("Fear against crime"),
            tr("Where people are afraid and where crime is recorded: both, one of them, neither."),
        )
        section.add_field(
            tr("Hexa&gons of"),
            self.gap_cell,
            tr("From side to side; wards and the like instead in Advanced"),
        )
        section.add_buttons(
            self.advanced_button("crimegap", self._gap_parameters),
            self.run_button(tr("Compar&e"), "crimegap", self._gap_parameters),
        )
        return section

    def _fix_section(self) -> Section:
        section = Section(
            tr("Fix list"),
            tr("Places where several reports give the same reason, and who can mend it."),
        )
        section.add_field(
            tr("&Together within"),
            self.fix_distance,
            tr("Reports this near to each other are one place"),
        )
        section.add_field(
            tr("At &least"), self.fix_minimum, tr("Places with fewer reports are not listed")
        )
        section.add_buttons(
            self.advanced_button("fixlist", self._fix_parameters),
            self.run_button(tr("List places to fi&x"), "fixlist", self._fix_parameters),
        )
        return section

    def _time_section(self) -> Section:
        section = Section(
            tr("When reports were sent"),
            tr("By month, weekday, hour and light; not when people felt unsafe."),
        )
        section.add_buttons(
            self.advanced_button("timeprofile", self._time_parameters),
            self.run_button(tr("Profile times"), "timeprofile", self._time_parameters),
        )
        return section

    def _change_section(self) -> Section:
        section = Section(
            tr("Did it work?"),
            tr(
                "Compares the reports in the parks before and after what was done there. With few"
                " reports the answer is often that nobody can tell."
            ),
        )
        section.add_field(
            tr("Mea&sures"), self.interventions, tr("What was done in the parks, and when")
        )
        section.add_field(
            tr("Ring's width (&q)"), self.buffer, tr("How far around a park trouble may have moved")
        )
        section.add_field(
            tr("Days &before, after"),
            self.window,
            tr("How many days before and after each park's own date"),
        )
        section.add_buttons(
            self.advanced_button("evaluatepark", self._change_parameters),
            self.run_button(tr("Evaluate"), "evaluatepark", self._change_parameters),
        )
        return section

    def _heat_map_parameters(self) -> dict[str, Any]:
        return given(
            INPUT=self.points.currentLayer(),
            RADIUS=self.radius.value(),
            CELL_SIZE=self.cell_size.value() or None,
            MASK=self.area.currentLayer(),
        )

    def _cluster_parameters(self) -> dict[str, Any]:
        return given(INPUT=self.points.currentLayer(), AREA=self.area.currentLayer())

    def _hot_spot_parameters(self) -> dict[str, Any]:
        return given(
            INPUT=self.points.currentLayer(),
            CELL_SIZE=self.hot_cell.value(),
            SHAPE=_HEXAGON,
            AREA=self.area.currentLayer(),
            PARKS=self.parks.currentLayer(),
            PLACES=QgsProcessing.TEMPORARY_OUTPUT,
        )

    def _cover_parameters(self) -> dict[str, Any]:
        hot = self.hot_spots.currentLayer()
        is_heat = isinstance(hot, QgsRasterLayer)
        return given(
            HOTSPOTS=None if is_heat else hot,
            HEATMAP=hot if is_heat else None,
            INPUT=self.points.currentLayer(),
            AREA=self.area.currentLayer(),
        )

    def _rings_parameters(self) -> dict[str, Any]:
        return given(PARKS=self.parks.currentLayer(), DISTANCES=_without_blanks(self.distances))

    def _analysis_parameters(self) -> dict[str, Any]:
        return given(
            PARKS=self.parks.currentLayer(),
            REPORTS=self.points.currentLayer(),
            DISTANCES=_without_blanks(self.distances),
            FROM=day_of(self.date_from),
            TO=day_of(self.date_to),
            AREA=self.area.currentLayer(),
        )

    def _gap_parameters(self) -> dict[str, Any]:
        return given(
            REPORTS=self.points.currentLayer(),
            CRIMES=self.crimes.currentLayer(),
            CELL_SIZE=self.gap_cell.value(),
            AREA=self.area.currentLayer(),
            PARKS=self.parks.currentLayer(),
            PLACES=QgsProcessing.TEMPORARY_OUTPUT,
        )

    def _fix_parameters(self) -> dict[str, Any]:
        return given(
            REPORTS=self.points.currentLayer(),
            PARKS=self.parks.currentLayer(),
            DISTANCE=self.fix_distance.value(),
            MINIMUM=self.fix_minimum.value(),
        )

    def _time_parameters(self) -> dict[str, Any]:
        return given(REPORTS=self.points.currentLayer(), HTML=QgsProcessing.TEMPORARY_OUTPUT)

    def _change_parameters(self) -> dict[str, Any]:
        return given(
            PARKS=self.parks.currentLayer(),
            REPORTS=self.points.currentLayer(),
            INTERVENTIONS=self.interventions.currentLayer(),
            BUFFER=self.buffer.value(),
            WINDOW_DAYS=self.window.value(),
            HTML=QgsProcessing.TEMPORARY_OUTPUT,
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


def _whole(value: int, unit: str, least: int) -> QgsSpinBox:
    box = QgsSpinBox()
    box.setSuffix(unit)
    box.setRange(least, 3660)
    box.setValue(value)
    box.setClearValue(value)
    return box


def _without_blanks(box: QLineEdit) -> str:
    return "".join(box.text().split())
