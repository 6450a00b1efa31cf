# SPDX-License-Identifier: GPL-2.0-or-later
"""What hot spots are and what area they lie in, from polygons, a tested grid or a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.area_input import AREA, read_area
from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.algorithms.hotspot_layers import CELL_ID, CLASS
from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import only_area, union
from streetsafe_plugin.domain.grid.cell_grid import in_area, lay_grid
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice, counts_of, places_in
from streetsafe_plugin.domain.grid.known_lattice import known_lattice
from streetsafe_plugin.domain.grid.shared_ground import shared_ground
from streetsafe_plugin.domain.hotspots import CLASSES
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.gis.raster_areas import areas_at_or_above, first_coloured
from streetsafe_plugin.i18n import tr

HOTSPOTS, HEATMAP, LEVEL = "HOTSPOTS", "HEATMAP", "LEVEL"
INPUT, LATER, CELL_SIZE = "INPUT", "LATER", "CELL_SIZE"

_HOT_CLASSES = frozenset(name for name in CLASSES if name.startswith("hot_"))


@dataclass(frozen=True)
class TestedGrid:
    """The cells of a tested grid: all of them, which are hot, and the lattice they lie on."""

    shapes: list[BaseGeometry]
    hot: Bools
    lattice: Lattice | None
    cells: Ints


@dataclass(frozen=True)
class Ground:
    """The hot spots, the area, and the cells by which the best attainable is found.

    `cells` with `cells_m2` are those of a grid that was given; None for squares over the area.
    `level` is that of a heat map. `hot_cells` tells which of the cells are hot, and `is_grid` that
    the area is no more than the cells.
    """

    hot: BaseGeometry
    hot_in_area: BaseGeometry
    area: BaseGeometry
    lattice: Lattice
    cells: Ints | None
    cells_m2: Floats
    level: float | None
    hot_cells: Bools | None = None
    is_grid: bool = False

    def sort(self, xy: Floats, tick: Tick) -> tuple[Bools, Bools]:
        """Tell which points lie in the area, and which in hot spots.

        In a tested grid a point lies in the one cell that counted it; elsewhere edges are in.
        """
        if self.cells is None or self.hot_cells is None:
            inside = in_area(xy, self.area, lambda share: tick(share / 2))
            return inside, in_area(xy, self.hot, lambda share: tick(0.5 + share / 2))
        places = places_in(self.cells, self.lattice.cells_of(xy))
        inside = places >= 0 if self.is_grid else in_area(xy, self.area, tick)
        return inside, (places >= 0) & self.hot_cells[places]

    def count_in_cells(self, xy: Floats) -> tuple[Ints, Floats]:
        """Return how many of the points in the area lie in each cell, and the cells' ground."""
        if self.cells is None:
            grid = lay_grid(self.lattice, xy, self.area)
            return grid.counts, grid.ground_m2
        places = places_in(self.cells, self.lattice.cells_of(xy))
        return counts_of(places, len(self.cells)).astype(np.int64), self.cells_m2


def read_ground(run: Run) -> Ground:
    """Return hot spots and area, and say what counts as hot and how the best is found.

    Raises:
        InputRefused: there is no area, or a heat map does not say from which level it is hot.
    """
    grid, level = None, None
    if run.given(HEATMAP):
        hot_shapes, level = _read_heat_map(run)
    else:
        hot_shapes, grid = _read_hot_spots(run)
    area = union(read_area(run)) if run.given(AREA) else _all_cells(run, grid)
    hot = union(hot_shapes)
    within = only_area(hot.intersection(area)) if hot_shapes else MultiPolygon()
    if hot.area > within.area * (1 + 1e-9):
        run.say(tr("Hot spots reach beyond Area and were cut at it."))
    if grid is not None and grid.lattice is not None:
        run.say(tr("PEI compares with the cells of the grid that hold most points."))
        ground_m2 = shared_ground(grid.shapes, area, run.stage(0.3, 0.4))
        is_grid = not run.given(AREA)
        return Ground(
            hot, within, area, grid.lattice, grid.cells, ground_m2, level, grid.hot, is_grid
        )
    lattice = Lattice(CellShape.SQUARE, run.number(CELL_SIZE))
    run.say(
        tr("PEI compares with those squares of {:g} m that hold most points.").format(
            lattice.size_m
        ),
    )
    return Ground(hot, within, area, lattice, None, np.empty(0), level)


def _read_hot_spots(run: Run) -> tuple[list[BaseGeometry], TestedGrid | None]:
    fields = run.source(HOTSPOTS).fields().names()
    held = [field for field in (CELL_ID, CLASS) if field in fields]
    table = run.polygons(HOTSPOTS, held, run.stage(0.0, 0.3))
    classes = table.columns.get(CLASS, [])
    if not classes or not set(classes) <= set(CLASSES):
        return table.shapes, None
    hot = np.array([name in _HOT_CLASSES for name in classes], dtype=bool)
    run.say(
        tr("A tested grid: {} of its {} cells are of a hot class and count as hot spots.").format(
            int(hot.sum()), len(classes)
        ),
    )
    grid = _tested_grid(table.shapes, hot, table.columns.get(CELL_ID, []))
    return [shape for shape, is_hot in zip(table.shapes, hot) if is_hot], grid


def _tested_grid(shapes: list[BaseGeometry], hot: Bools, names: Sequence[Any]) -> TestedGrid:
    known = known_lattice(shapes, names) if len(names) else None
    lattice, cells = known if known else (None, np.empty((0, 2), dtype=np.int64))
    return TestedGrid(shapes, hot, lattice, cells)


def _all_cells(run: Run, grid: TestedGrid | None) -> BaseGeometry:
    if grid is None:
        raise InputRefused(
            tr("HOTSPOTS: “{}” is no tested grid, so it has no area of its own.").format(
                run.source(HOTSPOTS).sourceName()
            ),
            tr("Give AREA."),
        )
    if grid.hot.all():
        raise InputRefused(
            tr("HOTSPOTS holds hot cells only, so it does not tell the whole area."),
            tr("Give AREA, or the grid with all of its cells."),
        )
    run.say(tr("Without AREA all cells of the grid are the area, those at its rim whole."))
    return union(grid.shapes)


def _read_heat_map(run: Run) -> tuple[list[BaseGeometry], float]:
    layer = run.raster(HEATMAP)
    if layer is None:
        raise InputRefused(tr("HEATMAP cannot be opened."), tr("Was it moved? Load it again."))
    level = run.number(LEVEL) if run.given(LEVEL) else first_coloured(layer)
    if level is None:
        raise InputRefused(
            tr("“{}” does not say from which value it is hot.").format(layer.name()),
            tr("Name LEVEL."),
        )
    run.note_operation(layer.crs())
    context = run.context.transformContext()
    shapes = areas_at_or_above(layer, level, run.crs, context)
    run.say(
        tr("Hot is what the heat map shows at {:g} and above: {} patches.").format(
            level, len(shapes)
        ),
    )
    return shapes, level
