# SPDX-License-Identifier: GPL-2.0-or-later
"""A small layout with all that the way out looks at: a marking, a map with a grid, words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.core import QgsMapLayer, QgsPrintLayout

A4_LANDSCAPE, A4_PORTRAIT, A3_LANDSCAPE = (297.0, 210.0), (210.0, 297.0), (420.0, 297.0)
SLIDE = (338.667, 190.5)
MARKING = "OFFICIAL-SENSITIVE"
WORDS = "Searchable words [% 6 * 7 %] £ café"


def small_layout(
    layers: Sequence[QgsMapLayer], sizes: Sequence[tuple[float, float]] = (A4_LANDSCAPE,) * 2
) -> QgsPrintLayout:
    """Return a layout in the current project with a page of each size in millimetres."""
    from qgis.core import (
        QgsCoordinateReferenceSystem,
        QgsLayoutItemMap,
        QgsLayoutItemMapGrid,
        QgsLayoutItemScaleBar,
        QgsPrintLayout,
        QgsProject,
        QgsRectangle,
    )
    from qgis.PyQt.QtCore import Qt

    from streetsafe_plugin.gis.sheet import (
        ACCENT,
        INK,
        Box,
        Sheet,
        add_page,
        fill_symbol,
        font,
        prefix_of,
    )  # fmt: skip

    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    layout.setName("small")
    centre, middle = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
    for number, (width, height) in enumerate(sizes):
        add_page(layout, number, width, height)
        sheet = Sheet(layout, number, prefix_of(number))
        for name, y in (("marking_top", 4.0), ("marking_bottom", height - 9)):
            box = Box(12, y, width - 24, 5)
            sheet.text(name, MARKING, box, font(10, True), INK, centre, middle)
        title = Box(12, 12, width - 24, 10)
        sheet.text("title", f"{WORDS} on page {number + 1}", title, font(14))
        sheet.rectangle("rule", Box(12, 25, width - 24, 1), fill_symbol(ACCENT))
        high = min(100.0, height - 60)
        shown = QgsLayoutItemMap(layout)
        sheet.put(shown, "map", Box(20, 40, 150, high))
        shown.setLayers(list(layers))
        shown.setKeepLayerSet(True)
        shown.setCrs(QgsCoordinateReferenceSystem("EPSG:27700"))
        shown.setExtent(QgsRectangle(449_900, 299_900, 450_200, 299_900 + 2 * high))
        shown.setFrameEnabled(True)
        grid = QgsLayoutItemMapGrid("grid", shown)
        grid.setIntervalX(100)
        grid.setIntervalY(100)
        shown.grids().addGrid(grid)
        bar = QgsLayoutItemScaleBar(layout)
        sheet.put(bar, "scale_bar", Box(22, 30 + high, 40, 8))
        bar.setLinkedMap(shown)
    return layout
