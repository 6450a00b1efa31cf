# SPDX-License-Identifier: GPL-2.0-or-later
"""The places in which reports and crimes are counted: equal hexagons, or areas of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.area_input import AREA, read_area
from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.algorithms.written_places import grid_references
from streetsafe_plugin.domain.areas import area_of
from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import union
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.held_cells import held_cells
from streetsafe_plugin.domain.park_counts import M2_PER_KM2
from streetsafe_plugin.domain.park_matching import naming_fields
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.rings import within_any
from streetsafe_plugin.i18n import tr

AREAS, CELL_SIZE = "AREAS", "CELL_SIZE"
#: A hexagon is at least some hundred metres wide, which is what six figures name.
FIGURES = 6
_CELLS_AT_ONCE = 5_000
#: Neighbours that were drawn each for itself overlap by as little as this share of them.
_OVERLAP_OF_DRAWING = 0.001


@dataclass(frozen=True)
class Ground:
    """The places with their outlines and what they are called, and where every point lies.

    `of_reports` and `of_crimes` hold the number of each point's place, -1 where it lies in none.
    `names` holds None where a place has no name.
    """

    ids: list[str]
    names: list[str | None]
    shapes: Sequence[BaseGeometry]
    areas_km2: list[float]
    of_reports: Ints
    of_crimes: Ints

    def counts(self) -> tuple[Ints, Ints]:
        """Return how many reports and how many crimes lie in each place."""
        return self._count(self.of_reports), self._count(self.of_crimes)

    def called(self, place: int) -> str:
        """Return what to call a place in a sentence."""
        return self.names[place] or tr("place {}").format(self.ids[place])

    def _count(self, places: Ints) -> Ints:
        inside = places[places >= 0]
        return np.bincount(inside, minlength=len(self.ids)).astype(np.int64)


def read_areas(run: Run, reports: Floats, crimes: Floats, tick: Tick) -> Ground:
    """Return the areas of a layer with the points in them.

    Raises:
        InputRefused: the layer holds no polygon.
    """
    source = run.source(AREAS)
    naming = naming_fields(source.fields().names())
    table = run.polygons(AREAS, naming, lambda share: tick(share / 5))
    if not table.shapes:
        raise InputRefused(
            tr("AREAS: “{}” holds no polygon.").format(source.sourceName()),
            tr("Choose a layer of wards, LSOAs or other areas, or give CELL_SIZE instead."),
        )
    _warn_of_overlaps(run, table.shapes)
    columns = [table.columns[field] for field in naming]
    names = [
        next((str(value) for value in values if value not in (None, "")), None)
        for values in (zip(*columns) if columns else [()] * len(table.shapes))
    ]
    everything = np.concatenate([reports, crimes])
    places = area_of(everything, table.shapes, lambda share: tick(0.2 + 0.8 * share))
    return Ground(
        [str(row + 1) for row in table.rows],
        names,
        table.shapes,
        [shape.area / M2_PER_KM2 for shape in table.shapes],
        places[: len(reports)],
        places[len(reports) :],
    )


def _warn_of_overlaps(run: Run, areas: list[BaseGeometry]) -> None:
    """Say if areas lie on one another: a point counts in the first of them alone."""
    whole = sum(area.area for area in areas)
    twice = whole - union(areas).area
    if twice > _OVERLAP_OF_DRAWING * whole:
        run.warn(
            tr(
                "The areas overlap by {:,.2f} km². What lies there counts in the first of them"
                " alone, so the others seem emptier than they are: give areas that do not overlap."
            ).format(twice / M2_PER_KM2)
        )


def draw_hexagons(run: Run, reports: Floats, crimes: Floats, tick: Tick) -> Ground:
    """Return the hexagons that hold any report or crime, of those in the area if one is given."""
    lattice = Lattice(CellShape.HEXAGON, run.number(CELL_SIZE))
    everything = np.concatenate([reports, crimes])
    counted = _in_area(run, everything, lambda share: tick(share / 2))
    cells, places = held_cells(lattice, everything, counted)
    middles = [(float(x), float(y)) for x, y in lattice.middles(cells)]
    return Ground(
        [f"{column}:{row}" for column, row in cells.tolist()],
        grid_references(run, middles, FIGURES),
        _outlines(lattice, cells, tick),
        [lattice.cell_area_m2 / M2_PER_KM2] * len(cells),
        places[: len(reports)],
        places[len(reports) :],
    )


def _outlines(lattice: Lattice, cells: Ints, tick: Tick) -> list[BaseGeometry]:
    outlines: list[BaseGeometry] = []
    for start in range(0, len(cells), _CELLS_AT_ONCE):
        tick(0.5 + 0.5 * start / len(cells))
        outlines += lattice.polygons(cells[start : start + _CELLS_AT_ONCE])
    return outlines


def _in_area(run: Run, xy: Floats, tick: Tick) -> Bools:
    if not run.given(AREA):
        return np.ones(len(xy), dtype=bool)
    return within_any(xy, read_area(run), tick)
