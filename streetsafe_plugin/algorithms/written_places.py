# SPDX-License-Identifier: GPL-2.0-or-later
"""Places written as grid references, where the analysis is on the National Grid."""

from __future__ import annotations

from collections.abc import Sequence

from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.domain.grid_references import grid_reference

_NATIONAL_GRID = "EPSG:27700"


def on_national_grid(run: Run) -> bool:
    """Tell whether the metres of an analysis are eastings and northings."""
    return bool(run.crs.authid() == _NATIONAL_GRID)


def grid_references(
    run: Run, places: Sequence[tuple[float, float]], figures: int
) -> list[str | None]:
    """Return a grid reference for each place; None in another system than the National Grid."""
    if not on_national_grid(run):
        return [None] * len(places)
    return [grid_reference(x, y, figures) for x, y in places]
