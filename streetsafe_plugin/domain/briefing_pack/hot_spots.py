# SPDX-License-Identifier: GPL-2.0-or-later
"""The hot spots of a briefing: hexagons that hold reports or are hot, and what they come to."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.domain import clustering
from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.briefing_pack.material import Asked
from streetsafe_plugin.domain.briefing_words import SMALLEST_BASE, counted
from streetsafe_plugin.domain.coverage import Coverage
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.grid.cell_grid import lay_grid
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.neighbour_sums import touching_distance_m
from streetsafe_plugin.domain.hotspots import HotCells, find_hot_cells
from streetsafe_plugin.domain.pack import HotCell, HotSpots
from streetsafe_plugin.domain.progress import Tick, no_tick

_CHOSEN_BY_THE_SAME = (
    "The cells were chosen by these same reports, so this flatters them: later reports may lie"
    " elsewhere."
)
_NO_AREA = (
    "No area was given, so the ground is the rectangle around all reports, and shares of it say"
    " little."
)


def hot_spots(xy: Floats, asked: Asked, tick: Tick = no_tick) -> tuple[HotSpots, Ints]:
    """Return the cells to draw with their sentences, and which of them each report (n) lies in."""
    nowhere = np.full(len(xy), -1, dtype=np.int64)
    if len(xy) < clustering.FEWEST:
        few = f"Too few reports to tell hot spots: {counted(len(xy), 'report')}."
        return HotSpots((), asked.cell_m, (few,)), nowhere
    lattice = Lattice(CellShape.HEXAGON, asked.cell_m)
    try:
        grid = lay_grid(lattice, xy, asked.area, tick)
    except InputRefused as refusal:
        not_looked = f"Hot spots were not looked for. {refusal.message}"
        return HotSpots((), asked.cell_m, (not_looked,)), nowhere
    found = find_hot_cells(grid, touching_distance_m(lattice))
    kept = np.asarray(found.hot | (found.counts > 0))
    shapes = lattice.polygons(grid.cells[kept])
    held = zip(shapes, found.counts[kept].tolist(), found.classes[kept].tolist())
    cells = tuple(HotCell(shape, count, level) for shape, count, level in held)
    said = tuple(_sentences(found, asked.area is not None))
    return HotSpots(cells, asked.cell_m, said), _renumbered(grid.place, kept)


def _renumbered(place: Ints, kept: Bools) -> Ints:
    """Return in which of the kept cells each report lies; cells with reports are all kept."""
    return np.asarray((np.cumsum(kept) - 1)[place], dtype=np.int64)


def _sentences(found: HotCells, is_stated: bool) -> list[str]:
    cells, hot = len(found.grid), int(found.hot.sum())
    if not found.tested:
        return ["There was nothing to hold the cells against, so hot spots cannot be told."]
    if not hot:
        return [
            f"None of {counted(cells, 'cell')} holds more in and around it than chance would"
            " gather there: no hot spot can be told."
        ]
    are = "is" if hot == 1 else "are"
    said = [f"{hot:,} of {counted(cells, 'cell')} {are} hot{_by_neighbours(found)}."]
    covered = _coverage(found)
    if covered.share_reports is None or covered.share_area is None or covered.pai is None:
        return said
    hold = "It holds" if hot == 1 else "They hold"
    held, everything = int(covered.in_hot), int(covered.reports)
    if everything < SMALLEST_BASE:
        return [*said, f"{hold} {held:,} of {counted(everything, 'report')}."]
    return [
        *said,
        f"{hold} {100 * covered.share_reports:.1f} % of the {everything:,} reports on"
        f" {100 * covered.share_area:.1f} % of the ground,"
        f" {covered.pai:.1f} times as many as an even spread would put there.",
        _CHOSEN_BY_THE_SAME,
        *([] if is_stated else [_NO_AREA]),
    ]


def _by_neighbours(found: HotCells) -> str:
    alone = int(found.neighbours_only.sum())
    return f", {alone:,} of them by their neighbours only" if alone else ""


def _coverage(found: HotCells) -> Coverage:
    ground = found.grid.ground_m2
    return Coverage(
        float(found.counts[found.hot].sum()),
        float(found.counts.sum()),
        float(ground[found.hot].sum()),
        float(ground.sum()),
    )
