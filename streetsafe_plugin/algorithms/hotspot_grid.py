# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot spots that survive a test: counts in cells, tested among all cells, corrected for so many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
)

from streetsafe_plugin.algorithms.area_input import AREA, read_area
from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.hotspot_input import (
    CORRECTION,
    STABILITY,
    CountedPoints,
    ask_for_grid,
    grid_refusals,
    read_counted_points,
    read_lattice,
)
from streetsafe_plugin.algorithms.hotspot_layers import cells_layer, places_layer, stable_layer
from streetsafe_plugin.algorithms.park_input import PARKS, read_parks
from streetsafe_plugin.domain.coverage import Coverage
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.geometry import union
from streetsafe_plugin.domain.grid.cell_grid import lay_grid
from streetsafe_plugin.domain.grid.cells import CellShape
from streetsafe_plugin.domain.grid.hotspot_places import hot_places
from streetsafe_plugin.domain.grid.hotspot_stability import Stability, how_stable
from streetsafe_plugin.domain.hotspots import HEAVY, HotCells, find_hot_cells
from streetsafe_plugin.domain.many_tests import CORRECTIONS
from streetsafe_plugin.i18n import tr

OUTPUT, STABLE, PLACES = "OUTPUT", "STABLE", "PLACES"
CELLS, HOT_CELLS, SHARE_IN_HOT = "CELLS", "HOT_CELLS", "SHARE_IN_HOT"
AREA_SHARE, PAI = "AREA_SHARE", "PAI"
COUNTED, OUTSIDE_AREA = "COUNTED", "OUTSIDE_AREA"
NEIGHBOURS_ONLY_CELLS, STABLE_CELLS = "NEIGHBOURS_ONLY_CELLS", "STABLE_CELLS"
DISTANCE_USED = "NEIGHBOUR_DISTANCE_USED"


class HotspotGrid(StreetSafeAlgorithm):
    """Getis-Ord G* on a grid that covers a stated area."""

    ID = "hotspotgrid"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Hot spots (tested grid)")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Cells with more reports in and around them than chance would gather there")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("hotspot,hot spot,grid,hexagon,getis,ord,gi*,significance,pai,cluster").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Counts points in squares or hexagons and tests each cell: do it and its neighbours"
            " hold more (hot) or fewer (cold) than as many counts drawn at random from all cells"
            " would add up to? This is the G* of Getis and Ord (1992, 1995) with weights 1 within"
            " the neighbour distance, the cell itself included. Empty cells of the area take part."
            "\n\n"
            "gi_z = the statistic as published, which takes every cell for whole; p_value ="
            " two-sided, by the ground that the neighbourhood has in Area, and where points are few"
            " from a curve as skewed as counts scattered at random are, else from the normal"
            " distribution; p_adjusted = corrected for so many tests; class = by p_adjusted: hot_99"
            " or cold_99 up to 0.01, hot_95 or cold_95 up to 0.05, hot_90 or cold_90 up to 0.10,"
            " else none. Where all cells hold the same, nothing is tested and every class is none."
            "\n\n"
            "neighbours_only marks a hot cell that holds no report: it is hot by its neighbours"
            " alone and is drawn hatched. Such cells count to HOT_CELLS and to AREA_SHARE, as"
            " ground that is called hot, which lowers PAI; they never count as stable and are in no"
            " hot place.\n\n"
            "Every point of the area is in exactly one cell, or the run fails. A square holds its"
            " western and southern edge; a hexagon what is nearer to its middle than to any other."
            " SHARE_IN_HOT = the share of the points (of their weights, with a weight field) in"
            " cells of a hot class; AREA_SHARE = the share of the ground, cells cut at Area; PAI ="
            " the one over the other (Chainey, Tompson and Uhlig 2008), not given where nothing is"
            " hot. It flatters: the cells were chosen by the same points. Use “How much hot spots"
            " cover” with later points for a fair test.\n\n"
            "Of maps of points scattered at random over Area, at most one in twenty shows a cell"
            " hot at 95 % (false discovery rate), however few the points and whatever the shape of"
            " Area. With a weight field that does not hold: a single heavy point can make its"
            " surroundings hot.\n\n"
            "Stability: hot_share = the share of the grids in which the cell around this cell's"
            " middle is hot at 95 % or more and has reports of its own; runs = the grids that hold"
            " that place. The neighbour distance grows and shrinks with the cells. STABLE_CELLS ="
            " cells hot in four of five grids or more.\n\n"
            "Hot places: touching cells (squares at corners, too) that are hot at 95 % or more and"
            " have reports of their own, dissolved and cut at Area; rank = by reports, then by"
            " density; grid_ref and nearest_park_m = of a point in the busiest cell."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        ask_for_grid(self)
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.ask(
            QgsProcessingParameterFeatureSink(OUTPUT, tr("Hot spots"), polygons),
            tr("Every cell of the area with its count, statistic, p values and class."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(PLACES, tr("Hot places"), polygons, None, True),
            tr("Touching hot cells as one place each, ranked by reports."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                STABLE, tr("Stability of hot spots"), polygons, None, True, False
            ),
            tr("Cells that are hot in any of 27 grids, by the share in which they are."),
        )
        for name, label in (
            (CELLS, tr("Cells")),
            (HOT_CELLS, tr("Hot cells")),
            (SHARE_IN_HOT, tr("Share of the points in hot cells")),
            (AREA_SHARE, tr("Share of the area in hot cells")),
            (PAI, tr("Prediction accuracy index")),
            (COUNTED, tr("Points counted")),
            (OUTSIDE_AREA, tr("Points outside the area")),
            (NEIGHBOURS_ONLY_CELLS, tr("Hot cells without a report of their own")),
            (STABLE_CELLS, tr("Cells that are hot in four of five grids")),
            (DISTANCE_USED, tr("Neighbour distance used (m)")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a grid that cannot be laid."""
        yield from grid_refusals(answers)

    def execute(self, run: Run) -> dict[str, Any]:
        """Lay the grid, count, test, prove that it adds up, write."""
        lattice, distance_m = read_lattice(run)
        correction = run.choice(CORRECTION, CORRECTIONS)
        area = union(read_area(run)) if run.given(AREA) else None
        parks = read_parks(run, run.stage(0.0, 0.0)) if run.given(PARKS) else []
        points = read_counted_points(run, area, reasons=run.wants(PLACES))
        grid = lay_grid(lattice, points.xy, area, run.stage(0.4, 0.5))
        found = find_hot_cells(grid, distance_m, correction, points.weights)
        _account(run, points, found)
        stability = None
        if run.flag(STABILITY) or run.wants(STABLE):
            stability = how_stable(
                lattice.middles(grid.cells),
                lattice,
                points.xy,
                distance_m,
                correction,
                points.weights,
                area,
                run.stage(0.5, 0.8),
            )
        coverage = _coverage(found)
        places = hot_places(found, area, points.ticks) if run.wants(PLACES) else []
        _say_test(run, found, distance_m)
        _say_found(run, found, coverage, stability)
        cells = cells_layer(run.crs, found, stability, points.weights is not None)
        ranked = places_layer(run.crs, places, parks)
        stable = None if stability is None else stable_layer(run.crs, found, stability)
        tick = run.stage(0.8, 1.0)
        return {
            OUTPUT: run.write(OUTPUT, *cells, style="hotspot_classes", tick=tick),
            PLACES: run.write(PLACES, *ranked, style="hotspot_places"),
            STABLE: stable and run.write(STABLE, *stable, style="hotspot_stability"),
            CELLS: len(grid),
            HOT_CELLS: int(found.hot.sum()),
            SHARE_IN_HOT: coverage.share_reports,
            AREA_SHARE: coverage.share_area,
            PAI: coverage.pai,
            COUNTED: int(found.counts.sum()),
            OUTSIDE_AREA: points.outside,
            NEIGHBOURS_ONLY_CELLS: int(found.neighbours_only.sum()),
            STABLE_CELLS: None if stability is None else int(stability.stable.sum()),
            DISTANCE_USED: distance_m,
        }


def _account(run: Run, points: CountedPoints, found: HotCells) -> None:
    """Say where every point went.

    Raises:
        DoesNotAddUp: a point is in no place or in two.
    """
    counted = int(found.counts.sum())
    if counted + points.outside + points.unplaced != points.total:
        raise DoesNotAddUp(
            tr("{} points came in, but {} are accounted for.").format(
                points.total, counted + points.outside + points.unplaced
            ),
            tr("Nothing was written; please report this."),
        )
    line = tr("{} points = {} in {} cells + {} outside Area + {} without a usable place.").format(
        points.total, counted, len(found.grid), points.outside, points.unplaced
    )
    run.say(line)
    run.note(line)


def _say_test(run: Run, found: HotCells, distance_m: float) -> None:
    """Say what was tested, and what is to be made of it."""
    lattice = found.grid.lattice
    shape = tr("squares") if lattice.shape is CellShape.SQUARE else tr("hexagons")
    sentence = tr(
        "{} of {:g} m; cells whose middles are within {:.1f} m are neighbours; on average {:.1f}"
        " points lie in a cell and its neighbours."
    ).format(shape.capitalize(), lattice.size_m, distance_m, found.around)
    run.say(sentence)
    run.note(sentence)
    if not found.tested:
        _warn(run, _why_untested(found))
    heaviest = found.heaviest
    if heaviest > HEAVY:
        sentence = tr(
            "The heaviest point counts {:.0f} times as much as the average one: a single heavy"
            " point can make its surroundings hot. Test the points without weights as well."
        ).format(heaviest)
        _warn(run, sentence)


def _warn(run: Run, sentence: str) -> None:
    run.warn(sentence)
    run.note(sentence)


def _why_untested(found: HotCells) -> str:
    if len(np.unique(found.values)) < 2:
        return tr("All cells hold the same, so there was nothing to test and no cell is hot.")
    return tr(
        "Every cell's neighbourhood is the whole grid, so there was nothing to hold it against and"
        " no cell is hot. Choose smaller cells, a smaller neighbour distance or a larger Area."
    )


def _say_found(run: Run, found: HotCells, coverage: Coverage, stability: Stability | None) -> None:
    hot, alone = int(found.hot.sum()), int(found.neighbours_only.sum())
    sentence = tr("{} of {} cells are hot, {} of them by their neighbours only.").format(
        hot, len(found.grid), alone
    )
    if coverage.pai is not None:
        sentence += " " + tr(
            "They hold {:.1%} of what was counted on {:.1%} of the ground: PAI {:.2f}."
        ).format(coverage.share_reports, coverage.share_area, coverage.pai)
    if stability is not None:
        sentence += " " + tr("{} cells are hot in four of five grids or more.").format(
            int(stability.stable.sum())
        )
    run.say(sentence)
    run.note(sentence)


def _coverage(found: HotCells) -> Coverage:
    ground, values = found.grid.ground_m2, found.values
    return Coverage(
        float(values[found.hot].sum()),
        float(values.sum()),
        float(ground[found.hot].sum()),
        float(ground.sum()),
    )
