# SPDX-License-Identifier: GPL-2.0-or-later
"""A layout page in millimetres: text, boxes, maps, legends and tables put where they belong.

Every item gets an id that stays the same from version to version, so that a force's own layouts
and an analyst's later changes can rely on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFillSymbol,
    QgsLayoutFrame,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemManualTable,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutMeasurement,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLegendStyle,
    QgsLineSymbol,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsPrintLayout,
    QgsRectangle,
    QgsTableCell,
    QgsTextFormat,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontInfo

from streetsafe_plugin.compat import set_label_look, set_legend_font
from streetsafe_plugin.gis import text_gate
from streetsafe_plugin.gis.text_fit import in_a_box, on_one_line
from streetsafe_plugin.paths import resource

MM = QgsUnitTypes.LayoutUnit.LayoutMillimeters
INK = QColor("#1f2933")
QUIET = QColor("#52606d")
ACCENT = QColor("#1b5e3a")
PALE = QColor("#e4efe8")

_FAMILIES = ("Open Sans", "Segoe UI", "Arial", "Liberation Sans", "DejaVu Sans")
_CELL_MARGIN, _GRID_MM = 0.7, 0.1
_LINE_MM_PER_POINT = 0.41
_LEFT = Qt.AlignmentFlag.AlignLeft
_TOP = Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class Box:
    """A rectangle on a page in millimetres from its top left corner."""

    x: float
    y: float
    width: float
    height: float


def font(size_pt: float, bold: bool = False) -> QFont:
    """Return the plugin's page font, or the nearest that this machine has."""
    here = (name for name in _FAMILIES if QFontInfo(QFont(name)).family() == name)
    family = next(here, QFont().family())
    chosen = QFont(family)
    chosen.setPointSizeF(size_pt)
    chosen.setBold(bold)
    return chosen


class Sheet:
    """One page of a layout, on which items are placed in the page's own millimetres."""

    def __init__(self, layout: QgsPrintLayout, number: int, width: float, height: float) -> None:
        """Add the page if the layout does not have it yet."""
        self.layout = layout
        self.number = number
        self.width = width
        self.height = height
        self._prefix = f"page{number + 1:02d}_"
        pages = layout.pageCollection()
        if number < pages.pageCount():
            pages.page(number).setPageSize(QgsLayoutSize(width, height, MM))
        else:
            page = QgsLayoutItemPage(layout)
            page.setPageSize(QgsLayoutSize(width, height, MM))
            pages.addPage(page)

    def _put(self, item: QgsLayoutItem, name: str, box: Box) -> None:
        item.setId(self._prefix + name)
        self.layout.addLayoutItem(item)
        item.attemptMove(QgsLayoutPoint(box.x, box.y, MM), True, False, self.number)
        item.attemptResize(QgsLayoutSize(box.width, box.height, MM))

    def text(
        self,
        name: str,
        text: str,
        box: Box,
        size_pt: float = 9,
        bold: bool = False,
        colour: QColor = INK,
        horizontal: Qt.AlignmentFlag = _LEFT,
        vertical: Qt.AlignmentFlag = _TOP,
        one_line: bool = False,
    ) -> None:
        """Place text, smaller if its box is too small for it; shown as it is, never evaluated."""
        shown = "\n".join(text_gate.label(line) for line in text.split("\n"))
        look = font(size_pt, bold)
        if one_line:
            shown, look = on_one_line(shown, look, box.width)
        else:
            shown, look = in_a_box(shown, look, box.width, box.height)
        label = QgsLayoutItemLabel(self.layout)
        label.setMode(QgsLayoutItemLabel.Mode.ModeFont)
        label.setText(shown)
        set_label_look(label, look, colour)
        label.setHAlign(horizontal)
        label.setVAlign(vertical)
        label.setMarginX(0)
        label.setMarginY(0)
        self._put(label, name, box)

    def rectangle(
        self, name: str, box: Box, fill: QColor | None = None, line: QColor | None = None
    ) -> None:
        """Place a plain box."""
        shape = QgsLayoutItemShape(self.layout)
        shape.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
        shape.setSymbol(
            QgsFillSymbol.createSimple(
                {
                    "color": fill.name() if fill else "#ffffff",
                    "style": "solid" if fill else "no",
                    "outline_color": line.name() if line else "#ffffff",
                    "outline_style": "solid" if line else "no",
                    "outline_width": "0.2",
                }
            )
        )
        self._put(shape, name, box)

    def map(
        self,
        box: Box,
        layers: Sequence[QgsMapLayer],
        extent: QgsRectangle,
        crs: QgsCoordinateReferenceSystem,
        grid_m: float,
    ) -> QgsLayoutItemMap:
        """Place a map that fills its frame, with kilometre figures of the grid along its edges."""
        item = QgsLayoutItemMap(self.layout)
        self._put(item, "map", box)
        item.setCrs(crs)
        item.setLayers(list(layers))
        item.setKeepLayerSet(True)
        item.setExtent(extent)
        item.setFrameEnabled(True)
        item.setFrameStrokeColor(QUIET)
        item.setFrameStrokeWidth(QgsLayoutMeasurement(0.2, MM))
        item.setBackgroundColor(QColor("#ffffff"))
        item.grids().addGrid(_grid(item, crs, grid_m))
        return item

    def scale_bar(
        self, linked: QgsLayoutItemMap, left: float, bottom: float, segment_m: float
    ) -> None:
        """Place a scale bar of two segments; metres below a kilometre, else kilometres."""
        bar = QgsLayoutItemScaleBar(self.layout)
        self._put(bar, "scale_bar", Box(left, bottom, 10, 5))
        bar.setStyle("Single Box")
        bar.setLinkedMap(linked)
        in_km = segment_m >= 1000
        unit = QgsUnitTypes.DistanceUnit
        bar.setUnits(unit.DistanceKilometers if in_km else unit.DistanceMeters)
        bar.setUnitLabel("km" if in_km else "m")
        bar.setUnitsPerSegment(segment_m / 1000 if in_km else segment_m)
        bar.setNumberOfSegments(2)
        bar.setNumberOfSegmentsLeft(0)
        bar.setHeight(1.6)
        bar.setTextFormat(text_format(7, INK))
        bar.setBackgroundEnabled(True)
        bar.setBackgroundColor(QColor(255, 255, 255, 215))
        bar.setBoxContentSpace(1.2)
        bar.update()
        bar.setReferencePoint(QgsLayoutItem.ReferencePoint.LowerLeft)
        bar.attemptMove(QgsLayoutPoint(left, bottom, MM), True, False, self.number)

    def north_arrow(self, linked: QgsLayoutItemMap, box: Box) -> None:
        """Place an arrow to grid north."""
        arrow = QgsLayoutItemPicture(self.layout)
        arrow.setPicturePath(str(resource("icons", "north.svg")))
        arrow.setLinkedMap(linked)
        arrow.setNorthMode(QgsLayoutItemPicture.NorthMode.GridNorth)
        self._put(arrow, "north_arrow", box)

    def legend(
        self,
        linked: QgsLayoutItemMap,
        entries: Sequence[tuple[QgsMapLayer, Sequence[int]]],
        place: Box,
        columns: int,
    ) -> None:
        """Place a legend of layers, each with the numbers of the symbols that the map shows."""
        legend = QgsLayoutItemLegend(self.layout)
        self._put(legend, "legend", place)
        legend.setLinkedMap(linked)
        legend.setAutoUpdateModel(False)
        legend.setTitle("")
        root = legend.model().rootGroup()
        root.clear()
        for layer, shown in entries:
            node = root.addLayer(layer)
            QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(shown))
            legend.model().refreshLayerLegend(node)
        for part, size, bold in (
            (QgsLegendStyle.Style.Group, 8, True),
            (QgsLegendStyle.Style.Subgroup, 7.5, True),
            (QgsLegendStyle.Style.SymbolLabel, 7, False),
        ):
            set_legend_font(legend, part, font(size, bold), INK)
        legend.setSymbolHeight(2.8)
        legend.setSymbolWidth(5)
        legend.setBoxSpace(0)
        legend.setColumnCount(columns)
        legend.setColumnSpace(7)
        legend.setSplitLayer(False)
        legend.setBackgroundEnabled(False)
        legend.rstyle(QgsLegendStyle.Style.Title).setMargin(QgsLegendStyle.Side.Bottom, 0)
        legend.rstyle(QgsLegendStyle.Style.Subgroup).setMargin(QgsLegendStyle.Side.Top, 1)
        legend.rstyle(QgsLegendStyle.Style.Symbol).setMargin(QgsLegendStyle.Side.Top, 0.9)
        legend.adjustBoxSize()

    def table(
        self,
        name: str,
        x: float,
        y: float,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths_mm: Sequence[float],
        size_pt: float = 7.0,
    ) -> float:
        """Place a table and return its height; first column left, the others right."""
        table = QgsLayoutItemManualTable.create(self.layout)
        self.layout.addMultiFrame(table)
        table.setIncludeTableHeader(False)
        table.setContentTextFormat(text_format(size_pt, INK))
        table.setCellMargin(_CELL_MARGIN)
        table.setGridStrokeWidth(_GRID_MM)
        table.setGridColor(QColor("#cbd2d9"))
        table.setVerticalGrid(False)
        heading = [_cell(text, at) for at, text in enumerate(header)]
        for cell in heading:
            cell.setTextFormat(text_format(size_pt, INK, bold=True))
            cell.setBackgroundColor(PALE)
        look = font(size_pt)
        body = [
            [
                _cell(on_one_line(text, look, width - 2 * _CELL_MARGIN)[0], at)
                for at, (text, width) in enumerate(zip(row, widths_mm))
            ]
            for row in rows
        ]
        table.setTableContents([heading, *body])
        table.setColumnWidths([width - 2 * _CELL_MARGIN for width in widths_mm])
        frame = QgsLayoutFrame(self.layout, table)
        frame.setId(self._prefix + name)
        table.addFrame(frame)
        # a table's own size is that of its frame, so the frame's must be known beforehand
        line_mm = size_pt * _LINE_MM_PER_POINT
        table.setRowHeights([line_mm] * (len(rows) + 1))
        height = (len(rows) + 1) * (line_mm + 2 * _CELL_MARGIN + _GRID_MM) + _GRID_MM
        frame.attemptMove(QgsLayoutPoint(x, y, MM), True, False, self.number)
        frame.attemptResize(QgsLayoutSize(sum(widths_mm) + 0.5, height + 0.4, MM))
        frame.setFrameEnabled(False)
        return float(height)


def _cell(text: str, column: int) -> QgsTableCell:
    cell = QgsTableCell(text_gate.label(text))
    if column:
        cell.setHorizontalAlignment(Qt.AlignmentFlag.AlignRight)
    return cell


def text_format(size_pt: float, colour: QColor, bold: bool = False) -> QgsTextFormat:
    """Return a text format in the page font."""
    chosen = font(size_pt, bold)
    look = QgsTextFormat()
    look.setFont(chosen)
    look.setSize(size_pt)
    look.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
    look.setColor(colour)
    return look


def _grid(
    item: QgsLayoutItemMap, crs: QgsCoordinateReferenceSystem, interval_m: float
) -> QgsLayoutItemMapGrid:
    grid = QgsLayoutItemMapGrid("grid", item)
    grid.setCrs(crs)
    grid.setIntervalX(interval_m)
    grid.setIntervalY(interval_m)
    grid.setStyle(QgsLayoutItemMapGrid.GridStyle.Solid)
    grid.setLineSymbol(QgsLineSymbol.createSimple({"color": "120,130,140,70", "width": "0.1"}))
    grid.setAnnotationEnabled(True)
    grid.setAnnotationFormat(QgsLayoutItemMapGrid.AnnotationFormat.CustomFormat)
    grid.setAnnotationExpression("to_string(@grid_number / 1000)")
    grid.setAnnotationTextFormat(text_format(5.5, QUIET))
    grid.setAnnotationFrameDistance(0.6)
    for side in (QgsLayoutItemMapGrid.BorderSide.Right, QgsLayoutItemMapGrid.BorderSide.Top):
        grid.setAnnotationDisplay(QgsLayoutItemMapGrid.DisplayMode.HideAll, side)
    grid.setAnnotationDirection(
        QgsLayoutItemMapGrid.AnnotationDirection.Vertical, QgsLayoutItemMapGrid.BorderSide.Left
    )
    return grid
