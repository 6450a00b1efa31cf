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
    from qgis.core import QgsCoordinateReferenceSystem, QgsPrintLayout, QgsProject, QgsRectangle
    from qgis.PyQt.QtCore import Qt

    from streetsafe_plugin.gis.sheet import ACCENT, INK, Box, Sheet

    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    layout.setName("small")
    centre, middle = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
    for number, (width, height) in enumerate(sizes):
        sheet = Sheet(layout, number, width, height)
        for name, y in (("marking_top", 4.0), ("marking_bottom", height - 9)):
            box = Box(12, y, width - 24, 5)
            sheet.text(name, MARKING, box, 10, True, INK, centre, middle)
        sheet.text("title", f"{WORDS} on page {number + 1}", Box(12, 12, width - 24, 10), 14)
        sheet.rectangle("rule", Box(12, 25, width - 24, 1), fill=ACCENT)
        high = min(100.0, height - 60)
        shown = sheet.map(
            Box(20, 40, 150, high),
            layers,
            QgsRectangle(449_900, 299_900, 450_200, 299_900 + 2 * high),
            QgsCoordinateReferenceSystem("EPSG:27700"),
            100,
        )
        sheet.scale_bar(shown, 22, 38 + high, 50)
        sheet.north_arrow(shown, Box(158, 43, 9, 12))
    return layout
