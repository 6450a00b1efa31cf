# SPDX-License-Identifier: GPL-2.0-or-later
"""What a search for hot spots asks for, and how it reads its grid and its points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.area_input import AREA
from streetsafe_plugin.algorithms.base import Answers, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.park_input import PARKS
from streetsafe_plugin.domain.arrays import Bools, Floats
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.grid.cell_grid import in_area
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice
from streetsafe_plugin.domain.grid.neighbour_sums import touching_distance_m
from streetsafe_plugin.domain.park_counts import read_ticks
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.i18n import tr

INPUT, CELL_SIZE, SHAPE, WEIGHT_FIELD = "INPUT", "CELL_SIZE", "SHAPE", "WEIGHT_FIELD"
NEIGHBOUR_DISTANCE, CORRECTION, ORIGIN = "NEIGHBOUR_DISTANCE", "CORRECTION", "ORIGIN"
STABILITY = "STABILITY"
#: No place on Earth is further from any origin; beyond it cells could not be numbered.
_FURTHEST_M = 1e8

#: In the order in which the enumeration numbers them.
SHAPES = (CellShape.SQUARE, CellShape.HEXAGON)


@dataclass(frozen=True)
class CountedPoints:
    """The points in the area: places, weights if any, and which reasons each ticks.

    `total` are the features of the layer; `unplaced` have no usable place, `outside` lie outside
    the area.
    """

    xy: Floats
    weights: Floats | None
    ticks: dict[str, Bools]
    total: int
    unplaced: int
    outside: int


def ask_for_grid(algorithm: StreetSafeAlgorithm) -> None:
    """Declare the points, the area, and how the grid is laid and tested."""
    decimal = QgsProcessingParameterNumber.Type.Double
    polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
    algorithm.ask(
        QgsProcessingParameterFeatureSource(
            INPUT, tr("Points"), [QgsProcessing.SourceType.TypeVectorPoint]
        ),
        tr("Reports, crimes or any other points, in any coordinate system."),
    )
    algorithm.ask(
        QgsProcessingParameterNumber(
            CELL_SIZE, tr("Cell size (metres)"), decimal, 250.0, False, 1.0, 100_000.0
        ),
        tr("A square's side; the distance between a hexagon's opposite sides."),
    )
    algorithm.ask(
        QgsProcessingParameterEnum(
            SHAPE, tr("Shape of the cells"), [tr("Square"), tr("Hexagon")], False, 0
        ),
        tr("A hexagon's six neighbours are all equally far away; squares are easier to patrol by."),
    )
    algorithm.ask(
        QgsProcessingParameterFeatureSource(AREA, tr("Area"), polygons, None, True),
        tr(
            "What the grid covers: all cells that share ground with these polygons. Points outside"
            " are left out and counted. Left empty, the rectangle around the points; then what is"
            " hot depends on how far the outermost points lie."
        ),
    )
    algorithm.ask(
        QgsProcessingParameterFeatureSource(PARKS, tr("Parks"), polygons, None, True),
        tr("Parks or other named polygons, for the nearest one to each hot place."),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterField(
            WEIGHT_FIELD,
            tr("Weight field"),
            None,
            INPUT,
            QgsProcessingParameterField.DataType.Numeric,
            False,
            True,
        ),
        tr("A number by which each point counts, 0 or more. Left empty, each counts once."),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterNumber(
            NEIGHBOUR_DISTANCE,
            tr("Neighbour distance (metres)"),
            decimal,
            None,
            True,
            1.0,
            1_000_000.0,
        ),
        tr(
            "Cells whose middles are within this are neighbours. Left empty, the 8 cells around a"
            " square and the 6 around a hexagon."
        ),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterEnum(
            CORRECTION,
            tr("Correction for many tests"),
            [tr("False discovery rate"), tr("Bonferroni"), tr("None")],
            False,
            0,
        ),
        tr(
            "Among a thousand cells without anything special, fifty pass a test at 5 %. The false"
            " discovery rate bounds the share of such among the cells found; Bonferroni the chance"
            " of even one."
        ),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterString(ORIGIN, tr("Origin of the grid (x,y)"), "0,0", False, True),
        tr(
            "Where a square has its corner or a hexagon its middle, in metres. The same origin and"
            " cell size give the same cells for every month."
        ),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterBoolean(STABILITY, tr("Test how stable hot spots are"), False),
        tr(
            "Repeats the test on 27 grids, shifted by thirds of a cell and with cells 0.75, 1 and"
            " 1.5 times as large, and adds hot_share and runs to the cells. Takes up to 30 times as"
            " long."
        ),
    )


def grid_refusals(answers: Answers) -> Iterator[str]:
    """Yield what is wrong with the grid that is asked for."""
    read_origin(answers)
    cell_m, distance = answers.number(CELL_SIZE), answers.number(NEIGHBOUR_DISTANCE)
    if answers.given(NEIGHBOUR_DISTANCE) and distance < cell_m:
        yield tr(
            "NEIGHBOUR_DISTANCE is {:g} m, less than from one cell to the next ({:g} m): name more"
            " or leave it empty."
        ).format(distance, cell_m)


def read_origin(answers: Answers) -> tuple[float, float]:
    """Return where the grid begins.

    Raises:
        InputRefused: it is not two numbers.
    """
    text = answers.text(ORIGIN) or "0,0"
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        x = y = float("nan")
    # also false of what is not a number
    if not (abs(x) <= _FURTHEST_M and abs(y) <= _FURTHEST_M):
        raise InputRefused(
            tr("ORIGIN is not a place: “{}”.").format(text), tr("Write it as 458000,304000.")
        )
    return x, y


def read_lattice(run: Run) -> tuple[Lattice, float]:
    """Return how the ground is divided, and the distance within which cells are neighbours."""
    lattice = Lattice(run.choice(SHAPE, SHAPES), run.number(CELL_SIZE), read_origin(run))
    given = run.given(NEIGHBOUR_DISTANCE)
    return lattice, run.number(NEIGHBOUR_DISTANCE) if given else touching_distance_m(lattice)


def read_counted_points(run: Run, area: BaseGeometry | None, reasons: bool) -> CountedPoints:
    """Return the points in the area, and their reasons where these are wanted and told.

    Raises:
        InputRefused: a weight is missing or negative.
    """
    fields = run.source(INPUT).fields().names()
    codes = [code for code in REASON_CODES if code in fields] if reasons else []
    weight_field = run.fields(WEIGHT_FIELD)[:1]
    columns = list(dict.fromkeys([*weight_field, *codes]))
    table = run.points(INPUT, columns, run.stage(0.0, 0.3))
    inside = (
        np.ones(len(table.xy), dtype=bool)
        if area is None
        else in_area(table.xy, area, run.stage(0.3, 0.4))
    )
    weights = None
    if weight_field:
        weights = table.columns[weight_field[0]].astype(float)[inside]
        unusable = int((~(weights >= 0) | np.isinf(weights)).sum())
        if unusable:
            raise InputRefused(
                tr("WEIGHT_FIELD: “{}” is missing or negative in {} points.").format(
                    weight_field[0], unusable
                ),
                tr("Fill it in or choose another field."),
            )
    return CountedPoints(
        table.xy[inside],
        weights,
        {code: read_ticks(table.columns[code])[inside] for code in codes},
        table.total,
        sum(table.excluded.values()),
        int((~inside).sum()),
    )
