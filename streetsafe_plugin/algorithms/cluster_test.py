# SPDX-License-Identifier: GPL-2.0-or-later
"""Are the points clustered at all, or is a map of them a map of chance?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSource,
)

from streetsafe_plugin.algorithms.area_input import AREA, read_area
from streetsafe_plugin.algorithms.base import Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.pattern_test import noun_for
from streetsafe_plugin.domain.clustering import FEWEST, LEVEL, MOST_SIMULATED, RUNS, clustering
from streetsafe_plugin.domain.clustering_words import remarks, verdict_in_words
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.random_places import ground_of
from streetsafe_plugin.i18n import tr

INPUT = "INPUT"


class ClusterTest(StreetSafeAlgorithm):
    """Hold distances to the nearest neighbour against chance."""

    ID = "clustertest"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Is there a pattern? Test of clustering")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Whether points lie closer together than chance would put them")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("nearest,neighbour,index,clark,evans,donnelly,cluster,random,NNI").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Asks, before a map is made, whether there is a pattern to map: are points nearer to"
            " their nearest neighbours than points strewn over the area by chance?\n\n"
            "VERDICT is clustered, dispersed, not_distinguishable or too_few (below {}, where the"
            " test would miss even a strong pattern more often than once in five). It comes from"
            " P, the rank of the mean distance among {} sets of as many points drawn by chance"
            " from the same area: so the area's shape and its edge count as they are, and chance"
            " alone gives clustered or dispersed in at most {:.0%} of cases. Above 1,000 points"
            " there are fewer sets; above {:,} P comes from Z_CORRECTED and the normal curve.\n\n"
            "MEAN_DISTANCE, EXPECTED_DISTANCE, NNI (one over the other, below 1 where points lie"
            " together) and Z are those of Clark and Evans (1954), over the area and without regard"
            " to its edge. NNI_CORRECTED and Z_CORRECTED allow for the edge (Donnelly 1978).\n\n"
            "Without an area the rectangle around the points is taken, each side made longer by"
            " (n + 1)/(n - 1), and every simulated set gets its rectangle in the same way. An area"
            " gives a better answer: a rectangle also holds ground where no point could be. Points"
            " that share a place are at a distance of 0, so published crimes, which were moved to"
            " shared points, cluster for that alone."
        ).format(FEWEST, RUNS, LEVEL, MOST_SIMULATED)

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask(
            QgsProcessingParameterFeatureSource(
                INPUT, tr("Points"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("Reports, crimes or any other points, in any coordinate system."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(
                AREA, tr("Area"), [QgsProcessing.SourceType.TypeVectorPolygon], None, True
            ),
            tr(
                "Where the points could have been, such as the force's area or a park. Points"
                " outside are left out. Left empty, the rectangle around the points."
            ),
        )
        for name, label in (
            ("N", tr("Points counted")),
            ("MEAN_DISTANCE", tr("Mean distance to the nearest neighbour (m)")),
            ("EXPECTED_DISTANCE", tr("Mean distance by chance (m)")),
            ("NNI", tr("Nearest neighbour index")),
            ("Z", tr("z (Clark and Evans)")),
            ("NNI_CORRECTED", tr("Nearest neighbour index, edge allowed for")),
            ("Z_CORRECTED", tr("z, edge allowed for (Donnelly)")),
            ("P", tr("P, two-sided")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict")))
        self.addOutput(QgsProcessingOutputString("SENTENCE", tr("What may be said")))

    def execute(self, run: Run) -> dict[str, Any]:
        """Read the points, test them, say what may be said."""
        points = run.points(INPUT, (), run.stage(0.0, 0.1))
        ground = ground_of(read_area(run)) if run.given(AREA) else None
        if not len(points.xy):
            raise InputRefused(
                tr("“{}” holds no point to test.").format(run.source(INPUT).sourceName()),
                tr("Check the layer and its filter."),
            )
        found = clustering(points.xy, ground, run.stage(0.1, 1.0))
        noun = noun_for(run.source(INPUT).fields().names())
        sentence = verdict_in_words(found, noun)
        run.say(sentence)
        for remark in remarks(found, noun, ground is not None):
            run.say(remark)
        return {
            "N": found.count,
            "MEAN_DISTANCE": found.mean,
            "EXPECTED_DISTANCE": found.expected,
            "NNI": found.index,
            "Z": found.z,
            "NNI_CORRECTED": found.index_corrected,
            "Z_CORRECTED": found.z_corrected,
            "P": found.p,
            "VERDICT": found.verdict.value,
            "SENTENCE": sentence,
        }
