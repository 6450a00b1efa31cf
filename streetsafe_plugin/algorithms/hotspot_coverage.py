# SPDX-License-Identifier: GPL-2.0-or-later
"""How much hot spots cover: share of reports, share of ground, PAI, PEI and RRI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)

from streetsafe_plugin.algorithms.area_input import AREA
from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.coverage_input import (
    CELL_SIZE,
    HEATMAP,
    HOTSPOTS,
    INPUT,
    LATER,
    LEVEL,
    Ground,
    read_ground,
)
from streetsafe_plugin.algorithms.hotspot_layers import CLASS
from streetsafe_plugin.domain.coverage import Coverage, most_reports_on, rri
from streetsafe_plugin.domain.density import M2_PER_KM2
from streetsafe_plugin.i18n import tr

SHARE_REPORTS, SHARE_AREA, PAI, PEI, RRI = "SHARE_REPORTS", "SHARE_AREA", "PAI", "PEI", "RRI"
SHARE_LATER, PAI_LATER, PEI_LATER = "SHARE_LATER", "PAI_LATER", "PEI_LATER"
COUNTED, IN_HOT, OUTSIDE_AREA = "COUNTED", "IN_HOT", "OUTSIDE_AREA"
LATER_COUNTED, LATER_IN_HOT = "LATER_COUNTED", "LATER_IN_HOT"
HOT_KM2, AREA_KM2, LEVEL_USED = "HOT_KM2", "AREA_KM2", "LEVEL_USED"


class HotspotCoverage(StreetSafeAlgorithm):
    """Measure hot spots by what they hold and on how much ground."""

    ID = "hotspotcoverage"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("How much hot spots cover")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Share of the reports in hot spots, on what share of the area: PAI, PEI, RRI")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("hotspot,hot spot,coverage,pai,pei,rri,accuracy,prediction,share").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Tells what share of the reports lies in hot spots, and what share of the area these"
            " take up. Hot spots may be any polygons, a grid made with “Hot spots (tested grid)”,"
            " of which the cells of a hot class count, or a heat map's cells at a level and above."
            "\n\n"
            "SHARE_REPORTS = n / N, the points in hot spots of those in the area; SHARE_AREA = a /"
            " A; PAI = the one over the other (Chainey, Tompson and Uhlig 2008): 1 is no better"
            " than chance. Hot spots are cut at the area, where they overlap they count once, and a"
            " point on their edge is in them; in a tested grid it is in the cell that counted it."
            "\n\n"
            "PEI = PAI over the highest PAI that as much hot ground could have had (Hunt 2016;"
            " White, Hunt and Green 2023): that of the cells with the most points for their ground,"
            " the last one in part. The cells are those of the grid that is given, else squares of"
            " the stated size; the log says which. It depends on the size of the cells, and is"
            " above 1 where hot spots follow the points more closely than such cells can.\n\n"
            "Hot spots made from the same points flatter themselves. With later points,"
            " SHARE_LATER, PAI_LATER and PEI_LATER say what these hot spots hold of those, the"
            " next-period test; SHARE_REPORTS, PAI and PEI are always of the first points. RRI ="
            " (n2 / n1) / (N2 / N1), Levine 2008: 1 means that they held as large a share again.\n"
            "\n"
            "What has nothing to divide by is not given: PAI without points or without hot ground,"
            " RRI if no first point was in a hot spot. If everything is hot, PAI is 1."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        points = [QgsProcessing.SourceType.TypeVectorPoint]
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        decimal = QgsProcessingParameterNumber.Type.Double
        self.ask(
            QgsProcessingParameterFeatureSource(HOTSPOTS, tr("Hot spots"), polygons, None, True),
            tr("Polygons, or a tested grid, of which only cells of a hot class count."),
        )
        self.ask(
            QgsProcessingParameterRasterLayer(HEATMAP, tr("Heat map"), None, True),
            tr("In place of polygons: its cells at the level and above are the hot spots."),
        )
        self.ask(
            QgsProcessingParameterNumber(LEVEL, tr("Level of the heat map"), decimal, None, True),
            tr("In the heat map's unit. Left empty, the value from which it is coloured."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(INPUT, tr("Points"), points),
            tr("The reports or crimes the hot spots were made from."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(LATER, tr("Later points"), points, None, True),
            tr("Those of a later period, to test the hot spots on."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(AREA, tr("Area"), polygons, None, True),
            tr(
                "What the shares refer to; points outside are left out. May be left empty for a"
                " tested grid, whose cells are then the area."
            ),
        )
        self.ask_advanced(
            QgsProcessingParameterNumber(
                CELL_SIZE, tr("Cells to compare with (metres)"), decimal, 150.0, True, 1.0, 100_000
            ),
            tr("The side of the squares for PEI, where the hot spots are no tested grid."),
        )
        for name, label in (
            (SHARE_REPORTS, tr("Share of the points in hot spots")),
            (SHARE_AREA, tr("Share of the area that is hot")),
            (PAI, tr("Prediction accuracy index")),
            (PEI, tr("Prediction efficiency index")),
            (RRI, tr("Recapture rate index")),
            (SHARE_LATER, tr("Share of the later points in hot spots")),
            (PAI_LATER, tr("Prediction accuracy index of the later points")),
            (PEI_LATER, tr("Prediction efficiency index of the later points")),
            (COUNTED, tr("Points in the area")),
            (IN_HOT, tr("Points in hot spots")),
            (OUTSIDE_AREA, tr("Points outside the area, later ones included")),
            (LATER_COUNTED, tr("Later points in the area")),
            (LATER_IN_HOT, tr("Later points in hot spots")),
            (HOT_KM2, tr("Hot ground (km²)")),
            (AREA_KM2, tr("Area (km²)")),
            (LEVEL_USED, tr("Level of the heat map used")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse two kinds of hot spots or none, and a missing area."""
        hotspots, heatmap = answers.given(HOTSPOTS), answers.given(HEATMAP)
        if hotspots == heatmap:
            yield tr("Give either HOTSPOTS or HEATMAP: exactly one of them holds the hot spots.")
        if answers.given(LEVEL) and not heatmap:
            yield tr("LEVEL is for a heat map: leave it empty or give HEATMAP.")
        source = answers.layer_source(HOTSPOTS)
        is_grid = source is not None and source.fields().lookupField(CLASS) >= 0
        if not answers.given(AREA) and not is_grid:
            yield tr(
                "AREA is missing: without it there is no share of the ground. Only a tested grid"
                " brings its own."
            )

    def execute(self, run: Run) -> dict[str, Any]:
        """Cut, count, divide."""
        ground = read_ground(run)
        first, outside = _count(run, INPUT, ground, 0.4, 0.7)
        _say(run, first, tr("points"))
        results = {
            SHARE_REPORTS: first.share_reports,
            SHARE_AREA: first.share_area,
            PAI: first.pai,
            PEI: first.pei,
            COUNTED: int(first.reports),
            IN_HOT: int(first.in_hot),
            HOT_KM2: first.hot_m2 / M2_PER_KM2,
            AREA_KM2: first.area_m2 / M2_PER_KM2,
            LEVEL_USED: ground.level,
            OUTSIDE_AREA: outside,
        }
        if run.given(LATER):
            later, more_outside = _count(run, LATER, ground, 0.7, 1.0)
            _say(run, later, tr("later points"))
            results |= {
                RRI: rri(first, later),
                SHARE_LATER: later.share_reports,
                PAI_LATER: later.pai,
                PEI_LATER: later.pei,
                LATER_COUNTED: int(later.reports),
                LATER_IN_HOT: int(later.in_hot),
                OUTSIDE_AREA: outside + more_outside,
            }
        return results


def _count(run: Run, name: str, ground: Ground, start: float, end: float) -> tuple[Coverage, int]:
    """Return what the hot spots hold of a layer of points, and how many lie outside the area."""
    read = start + (end - start) / 3
    xy = run.points(name, (), run.stage(start, read)).xy
    inside, hot = ground.sort(xy, run.stage(read, end))
    xy, in_hot = xy[inside], hot[inside]
    counts, cell_m2 = ground.count_in_cells(xy)
    hot_m2 = ground.hot_in_area.area
    best = most_reports_on(hot_m2, counts, cell_m2)
    coverage = Coverage(int(in_hot.sum()), len(xy), hot_m2, ground.area.area, best)
    return coverage, int((~inside).sum())


def _say(run: Run, found: Coverage, points: str) -> None:
    sentence = tr("{:g} of {:g} {} lie in hot spots, which are {:.2f} of {:.2f} km².").format(
        found.in_hot, found.reports, points, found.hot_m2 / M2_PER_KM2, found.area_m2 / M2_PER_KM2
    )
    run.say(sentence)
    if found.pai is None:
        run.warn(
            tr("There is no PAI: no {} in the area, or no hot ground to divide by.").format(points)
        )
        return
    run.say(tr("PAI {:.2f}.").format(found.pai))
    if found.pei is not None:
        run.say(tr("PEI {:.2f}.").format(found.pei))
        if found.pei > 1:
            run.say(tr("It is above 1: hot spots follow the points more closely than cells can."))
