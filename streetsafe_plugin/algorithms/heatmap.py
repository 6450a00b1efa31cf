# SPDX-License-Identifier: GPL-2.0-or-later
"""A heat map whose numbers are reports per square kilometre and add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.domain import density
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis import styling
from streetsafe_plugin.gis.heat_facts import HeatFacts
from streetsafe_plugin.gis.masks import cells_inside
from streetsafe_plugin.gis.store import Raster
from streetsafe_plugin.i18n import tr

INPUT, RADIUS, CELL_SIZE, KERNEL = "INPUT", "RADIUS", "CELL_SIZE", "KERNEL"
WEIGHT_FIELD, MASK, UNIT, OUTPUT = "WEIGHT_FIELD", "MASK", "UNIT", "OUTPUT"
REPORTS, INTEGRAL, MAXIMUM = "REPORTS", "INTEGRAL", "MAXIMUM"
RADIUS_USED, CELL_SIZE_USED = "RADIUS_USED", "CELL_SIZE_USED"

_SQUARE_METRES = (density.M2_PER_KM2, density.M2_PER_HA)


class Heatmap(StreetSafeAlgorithm):
    """Kernel density of points, exact at every cell's centre."""

    ID = "heatmap"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Heat map")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Reports per square kilometre around every place, adding up to the total")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("kde,kernel,density,heat,hotspot,surface,crime").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Makes a surface of how many reports there are per square kilometre (or hectare)"
            " around each place.\n\n"
            "Each report is spread over a disc of the chosen radius, most at its middle. The value"
            " of a cell is the exact sum at the cell's centre, so the surface adds up: its volume"
            " is the number of reports, which is checked on every run and given as INTEGRAL. A"
            " grid too coarse to add up within 1 % is refused.\n\n"
            "All distances are metres whatever the layer's coordinate system. The radius decides"
            " what the map shows, the cell size only how smooth it looks: use 150 to 250 m for"
            " parks and streets, 400 m and more for a town.\n\n"
            "A heat map of few reports shows where those few people stood, not a pattern, and must"
            " not leave the force."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        decimal = QgsProcessingParameterNumber.Type.Double
        self.ask(
            QgsProcessingParameterFeatureSource(
                INPUT, tr("Points"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("Reports, crimes or any other points, in any coordinate system."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                RADIUS, tr("Radius (metres)"), decimal, 250.0, False, 1.0, 100_000.0
            ),
            tr("The distance at which a report stops counting."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                CELL_SIZE, tr("Cell size (metres)"), decimal, None, True, 0.1, 100_000.0
            ),
            tr("The side of a cell. Left empty, a tenth of the radius (a fortieth for uniform)."),
        )
        self.ask_advanced(
            QgsProcessingParameterEnum(
                KERNEL,
                tr("Kernel"),
                [
                    tr("Quartic"),
                    tr("Triweight"),
                    tr("Epanechnikov"),
                    tr("Uniform"),
                    tr("Triangular"),
                ],
                False,
                0,
            ),
            tr("How a report's weight falls off with distance. Quartic is usual for crime maps."),
        )
        self.ask_advanced(
            QgsProcessingParameterField(
                WEIGHT_FIELD,
                tr("Weight field"),
                None,
                INPUT,
                QgsProcessingParameterField.DataType.Numeric,
                False,
                True,
            ),
            tr("A number by which each point counts. Left empty, each counts once."),
        )
        self.ask_advanced(
            QgsProcessingParameterFeatureSource(
                MASK, tr("Mask"), [QgsProcessing.SourceType.TypeVectorPolygon], None, True
            ),
            tr(
                "Cells whose centre lies outside these polygons are left empty. The check that the"
                " surface adds up is made before."
            ),
        )
        self.ask_advanced(
            QgsProcessingParameterEnum(
                UNIT, tr("Unit"), [tr("Per square kilometre"), tr("Per hectare")], False, 0
            ),
            tr("The area to which a cell's value refers."),
        )
        self.ask(
            QgsProcessingParameterRasterDestination(OUTPUT, tr("Heat map")),
            tr("A GeoTIFF whose cells hold the density at their centre."),
        )
        for name, label in (
            (REPORTS, tr("Reports (sum of weights)")),
            (INTEGRAL, tr("Volume under the surface")),
            (MAXIMUM, tr("Highest value")),
            (RADIUS_USED, tr("Radius used (m)")),
            (CELL_SIZE_USED, tr("Cell size used (m)")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a radius smaller than the cell."""
        radius, cell = answers.number(RADIUS), answers.number(CELL_SIZE)
        if answers.given(CELL_SIZE) and cell > radius:
            yield tr(
                "CELL_SIZE is {:g} m, larger than a RADIUS of {:g} m: choose cells of {:g} m or"
                " less."
            ).format(cell, radius, radius / 10)

    def execute(self, run: Run) -> dict[str, Any]:
        """Read the points, make the surface, write it."""
        kernel = run.choice(KERNEL, density.KERNELS)
        radius_m = run.number(RADIUS)
        cell_m = (
            run.number(CELL_SIZE)
            if run.given(CELL_SIZE)
            else density.default_cell_m(kernel, radius_m)
        )
        weight_fields = run.fields(WEIGHT_FIELD)
        points = run.points(INPUT, weight_fields, run.stage(0.0, 0.3))
        weights = None
        if weight_fields:
            weights = points.columns[weight_fields[0]].astype(float)
        if not len(points.xy):
            raise InputRefused(
                tr("“{}” holds no point to make a heat map of.").format(
                    run.source(INPUT).sourceName()
                ),
                tr("Check the layer and its filter."),
            )
        made = density.surface(points.xy, radius_m, cell_m, kernel, weights, run.stage(0.3, 0.9))

        per_area = run.choice(UNIT, _SQUARE_METRES)
        units = (tr("{} per km²"), tr("{} per ha"))
        unit = run.choice(UNIT, units).format(_noun(run.source(INPUT).fields().names()))
        values = made.values * per_area
        maximum = float(values.max())
        if run.given(MASK):
            inside = self._inside(run, made.grid)
            if not inside.any():
                raise InputRefused(
                    tr("MASK leaves no cell of the heat map."), tr("Choose the area of the points.")
                )
            values = np.where(inside, values, np.nan)
        run.note(
            tr(
                "{:g} reports; volume under the surface {:.2f}; {} kernel, radius {:g} m,"
                " cells of {:g} m."
            ).format(made.reports, made.integral, kernel.name, radius_m, cell_m)
        )
        run.say(
            tr("{:g} reports; the surface adds up to {:.2f}; highest value {:.1f} {}.").format(
                made.reports, made.integral, maximum, unit
            )
        )
        limits = density.class_limits(maximum, density.lone_peak(kernel, radius_m) * per_area)
        facts = HeatFacts(radius_m, made.reports, limits[0]).as_items()
        raster = Raster(values, made.grid.west, made.grid.north, cell_m, run.crs, unit, facts)
        return {
            OUTPUT: run.write_raster(OUTPUT, raster, styling.density(limits, unit)),
            REPORTS: made.reports,
            INTEGRAL: made.integral,
            MAXIMUM: maximum,
            RADIUS_USED: radius_m,
            CELL_SIZE_USED: cell_m,
        }

    def _inside(self, run: Run, grid: density.Grid) -> np.ndarray:
        """Return which cells have their centre in the mask."""
        return cells_inside(run.polygons(MASK).shapes, grid)


def _noun(fields: Sequence[str]) -> str:
    """Return what the points are, so that a legend does not call crimes reports."""
    if "report_id" in fields:
        return tr("reports")
    return tr("crimes") if "crime_type" in fields else tr("points")
