# SPDX-License-Identifier: GPL-2.0-or-later
"""How algorithms read the area that an analysis is about."""

from __future__ import annotations

from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.i18n import tr

AREA = "AREA"


def read_area(run: Run) -> list[BaseGeometry]:
    """Return the polygons of the area in metres, at least one; they may overlap.

    Raises:
        InputRefused: the layer holds no polygon.
    """
    shapes = run.polygons(AREA).shapes
    if not shapes:
        raise InputRefused(
            tr("Area: “{}” holds no polygon.").format(run.source(AREA).sourceName()),
            tr("Choose another layer or leave Area empty."),
        )
    return shapes
