# SPDX-License-Identifier: GPL-2.0-or-later
"""A heat map whose numbers are reports per square kilometre and add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.heat_limits import ask_limits, chosen_limits, limit_refusals
from streetsafe_plugin.algorithms.pattern_test import noun_for, pattern_test
from streetsafe_plugin.domain import density
from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.rings import within_any
from streetsafe_plugin.domain.surface.class_limits import limits_as_text
from streetsafe_plugin.domain.surface.radii import guide_radii, guides_in_words, parse_more_radii
from streetsafe_plugin.gis import styling
from streetsafe_plugin.gis.heat_facts import HeatFacts
from streetsafe_plugin.gis.masks import cells_inside
from streetsafe_plugin.gis.store import Raster
from streetsafe_plugin.i18n import tr

INPUT, RADIUS, CELL_SIZE, KERNEL = "INPUT", "RADIUS", "CELL_SIZE", "KERNEL"
WEIGHT_FIELD, MASK, UNIT = "WEIGHT_FIELD", "MASK", "UNIT"
MORE_RADII, OUTPUTS = "MORE_RADII", ("OUTPUT", "OUTPUT_2", "OUTPUT_3")
REPORTS, INTEGRAL, MAXIMUM = "REPORTS", "INTEGRAL", "MAXIMUM"
RADIUS_USED, CELL_SIZE_USED = "RADIUS_USED", "CELL_SIZE_USED"
LIMITS_USED, VERDICT = "LIMITS_USED", "VERDICT"

_SQUARE_METRES = (density.M2_PER_KM2, density.M2_PER_HA)


class Heatmap(StreetSafeAlgorithm):
    """Kernel density of points at every cell's centre."""

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
            " of a cell is the sum at the cell's centre, so the surface adds up: its volume"
            " is the number of reports, which is checked on every run and given as INTEGRAL. A"
            " grid too coarse to add up within 1 % is refused. The sum is exact; for a great many"
            " places it is taken by Fourier transforms, within 0.5 % of the highest value.\n\n"
            "All distances are metres whatever the layer's coordinate system. The radius decides"
            " what the map shows, the cell size only how smooth it looks: use 150 to 250 m for"
            " parks and streets, 400 m and more for a town.\n\n"
            "More radii give more maps with the same classes, to be compared at a glance. To"
            " compare months, fix the classes: give their limits, or an earlier heat map with them."
            " What lies above the last limit has a colour of its own.\n\n"
            "Up to 1,000 points the run also tests whether they cluster at all, as the test of"
            " clustering does, within the mask if there is one, and says so with the map.\n\n"
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
        self.ask_advanced(
            QgsProcessingParameterString(
                MORE_RADII, tr("More radii to compare (metres)"), None, False, True
            ),
            tr(
                "One or two more radii, such as 150, 400. Each gives a heat map of its own on the"
                " same cells with the same classes; choose a place for each below."
            ),
        )
        ask_limits(self)
        self.ask(
            QgsProcessingParameterRasterDestination(OUTPUTS[0], tr("Heat map")),
            tr("A GeoTIFF whose cells hold the density at their centre."),
        )
        for name, label in zip(
            OUTPUTS[1:], (tr("Heat map of the second radius"), tr("Heat map of the third radius"))
        ):
            self.ask(
                QgsProcessingParameterRasterDestination(name, label, None, True, False),
                tr("Only where MORE_RADII names a radius for it."),
            )
        for name, label in (
            (REPORTS, tr("Reports (sum of weights)")),
            (INTEGRAL, tr("Volume under the surface")),
            (MAXIMUM, tr("Highest value")),
            (RADIUS_USED, tr("Radius used (m)")),
            (CELL_SIZE_USED, tr("Cell size used (m)")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))
        self.addOutput(QgsProcessingOutputString(LIMITS_USED, tr("Class limits used")))
        self.addOutput(QgsProcessingOutputString(VERDICT, tr("Clustered or not")))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse radii smaller than the cell, limits that are none, and radii without a place."""
        radii, cell = _radii(answers), answers.number(CELL_SIZE)
        if answers.given(CELL_SIZE) and cell > min(radii):
            yield tr(
                "CELL_SIZE is {:g} m, larger than a RADIUS of {:g} m: choose cells of {:g} m or"
                " less."
            ).format(cell, min(radii), min(radii) / 10)
        for number, name in enumerate(OUTPUTS[1:], start=1):
            if number < len(radii) and not answers.destination(name):
                yield tr(
                    "MORE_RADII asks for a heat map of {:g} m, and {} says no place for it: choose"
                    " one."
                ).format(radii[number], name)
            if number >= len(radii) and answers.destination(name):
                yield tr(
                    "{} is asked for, and MORE_RADII names no radius for it: name one or leave the"
                    " output out."
                ).format(name)
        yield from limit_refusals(answers)

    def execute(self, run: Run) -> dict[str, Any]:
        """Read the points, make the surfaces, write them."""
        kernel = run.choice(KERNEL, density.KERNELS)
        radii = _radii(run)
        cell_m = run.number(CELL_SIZE)
        if not run.given(CELL_SIZE):
            cell_m = density.default_cell_m(kernel, min(radii))
        weight_fields = run.fields(WEIGHT_FIELD)
        points = run.points(INPUT, weight_fields, run.stage(0.0, 0.2))
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
        density.grid_around(points.xy, max(radii), cell_m)
        mask = run.polygons(MASK).shapes if run.given(MASK) else None
        noun = noun_for(run.source(INPUT).fields().names())
        if mask is not None:
            _say_mask(run, points.xy, mask, noun)
        counted = tr("{} by weight").format(noun) if weight_fields else noun
        per_area = run.choice(UNIT, _SQUARE_METRES)
        unit = run.choice(UNIT, (tr("{} per km²"), tr("{} per ha"))).format(noun)

        made: list[_Heat] = []
        for number, radius_m in enumerate(radii):
            tick = run.stage(0.2 + 0.6 * number / len(radii), 0.2 + 0.6 * (number + 1) / len(radii))
            surface = density.surface(points.xy, radius_m, cell_m, kernel, weights, tick)
            made.append(_heat(surface, radius_m, per_area, mask))
            run.say(
                tr(
                    "Radius {:g} m: {:,.10g} {}; the surface adds up to {:,.2f}; highest value"
                    " {:,.1f} {}."
                ).format(
                    radius_m, surface.reports, counted, surface.integral, made[-1].maximum, unit
                )
            )
        tested = pattern_test(run, points.xy, mask, noun, run.stage(0.8, 0.9))
        for sentence in guides_in_words(guide_radii(points.xy), radii[0]):
            run.say(sentence)
        lowest = density.lone_peak(kernel, min(radii)) * per_area
        highest = max(heat.maximum for heat in made)
        chosen = chosen_limits(run, radii[0], kernel, per_area)
        limits = chosen or density.class_limits(highest, lowest)
        for heat in made:
            _say_if_blank(run, heat, limits, unit)
        run.note(
            tr(
                "{:,.10g} {}; volume under the surface {:,.2f}; {} kernel, radius {:g} m,"
                " cells of {:g} m."
            ).format(made[0].reports, counted, made[0].integral, kernel.name, radii[0], cell_m)
        )
        for heat in made[1:]:
            run.note(
                tr(
                    "With the same classes, radius {:g} m: volume under the surface {:,.2f}."
                ).format(heat.radius_m, heat.integral)
            )
        written = {}
        for name, heat in zip(OUTPUTS, made):
            facts = HeatFacts(
                heat.radius_m, heat.reports, tuple(limits), per_area, tested.sentence, kernel.name
            )
            written[name] = run.write_raster(
                name,
                Raster(heat.values, heat.west, heat.north, cell_m, run.crs, unit, facts.as_items()),
                styling.density(limits, unit, open_ended=bool(chosen)),
                tr("Heat map, {:g} m").format(heat.radius_m),
            )
        return {
            **written,
            REPORTS: made[0].reports,
            INTEGRAL: made[0].integral,
            MAXIMUM: made[0].maximum,
            RADIUS_USED: radii[0],
            CELL_SIZE_USED: cell_m,
            LIMITS_USED: limits_as_text(limits),
            VERDICT: tested.verdict,
        }


@dataclass(frozen=True)
class _Heat:
    """A surface in the chosen unit, empty outside the mask, as small as it is written."""

    values: np.ndarray
    west: float
    north: float
    radius_m: float
    reports: float
    integral: float
    maximum: float


def _heat(
    made: density.Surface,
    radius_m: float,
    per_area: float,
    mask: Sequence[BaseGeometry] | None,
) -> _Heat:
    values = (made.values * per_area).astype(np.float32)
    if mask is not None:
        inside = cells_inside(mask, made.grid)
        if not inside.any():
            raise InputRefused(
                tr("MASK leaves no cell of the heat map."), tr("Choose the area of the points.")
            )
        values[~inside] = np.nan
    grid = made.grid
    highest = float(np.nanmax(values)) if mask is not None else float(made.values.max()) * per_area
    return _Heat(values, grid.west, grid.north, radius_m, made.reports, made.integral, highest)


def _say_mask(run: Run, xy: Floats, mask: Sequence[BaseGeometry], noun: str) -> None:
    """Say how many points the mask holds: the surface adds up to all of them."""
    sentence = tr("{:,} of {:,} {} lie in the mask; the highest value is that within it.").format(
        int(within_any(xy, mask).sum()), len(xy), noun
    )
    run.say(sentence)
    run.note(sentence)


def _say_if_blank(run: Run, heat: _Heat, limits: Sequence[float], unit: str) -> None:
    if limits and heat.maximum < limits[0]:
        run.warn(
            tr(
                "The heat map of {:g} m has no colour: its highest value, {:,.1f} {}, is below the"
                " first class, which begins at {:g}."
            ).format(heat.radius_m, heat.maximum, unit, limits[0])
        )


def _radii(answers: Answers) -> list[float]:
    """Return the radius and those to compare it with."""
    radius_m = answers.number(RADIUS)
    return [radius_m, *parse_more_radii(answers.text(MORE_RADII), radius_m)]
