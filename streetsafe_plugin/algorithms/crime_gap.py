# SPDX-License-Identifier: GPL-2.0-or-later
"""Where people are afraid and where crime is recorded, place by place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
)

from streetsafe_plugin.algorithms.area_input import AREA
from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.gap_cautions import CRIMES, REPORTS, caution, columns_to_read
from streetsafe_plugin.algorithms.gap_ground import AREAS, CELL_SIZE, draw_hexagons, read_areas
from streetsafe_plugin.algorithms.gap_rows import (
    Comparison,
    gap_fields,
    gap_rows,
    in_words,
    widest_fields,
    widest_rows,
)
from streetsafe_plugin.algorithms.park_input import PARKS
from streetsafe_plugin.domain.arrays import Ints
from streetsafe_plugin.domain.crime_gap import GapClass, compare
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.many_tests import CORRECTIONS
from streetsafe_plugin.domain.park_counts import Accounting
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.gis.store import LayerSpec
from streetsafe_plugin.i18n import tr

CORRECTION, OUTPUT, PLACES = "CORRECTION", "OUTPUT", "PLACES"
REPORTS_OUTSIDE, CRIMES_OUTSIDE = "REPORTS_OUTSIDE", "CRIMES_OUTSIDE"
CELLS = "CELLS"

_PLACES_SAID = 5


class CrimeGap(StreetSafeAlgorithm):
    """Hold each place's share of the reports against its share of recorded crime."""

    ID = "crimegap"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Fear against recorded crime")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Where people are afraid, where crime is recorded, and where the two differ")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("fear,perception,gap,crime,compare,share,ward,lsoa,hexagon,bivariate").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Holds each place's share of all reports against its share of all recorded crime. The"
            " places are hexagons (CELL_SIZE) or the areas of a layer such as wards or LSOAs"
            " (AREAS).\n\n"
            "feared_only: significantly more of the reports than of the crime. crime_only:"
            " significantly more of the crime than of the reports. both: the two shares do not"
            " differ significantly, and the place has significantly more than an average place,"
            " and more of each. neither: they do not differ, and it has significantly less, and"
            " less of each. not_enough_data: it cannot be told, because too little lies there, or"
            " because the place is near the average. An average place has the total divided by the"
            " number of places that hold anything.\n\n"
            "Whether two shares differ is an exact test: of the reports and crimes in a place, so"
            " many are reports; how likely is that if fear were spread like crime? The p values are"
            " adjusted for the number of places, and 0.05 is the limit. Places with too little in"
            " them for any difference to come out are not tested. Nothing is called feared on fewer"
            " than three reports, nor crime-ridden on fewer than three crimes. The test takes"
            " reports as independent of each other: one person with many pins, or a campaign, makes"
            " it too sure. p_adjusted belongs to the difference between the shares, p_level to that"
            " from an average place.\n\n"
            "ratio is the share of reports divided by the share of crime: 2 means twice as many"
            " reports as the crime would make one expect. Shares are of a whole: a place with very"
            " much of all reports leaves less for all the others. With more data the ratios stay"
            " and fewer places remain not_enough_data; small differences then become significant"
            " too, so read the class together with the ratio.\n\n"
            "data.police.uk moves every crime to the nearest of its map points, up to a few hundred"
            " metres off. Prefer LSOAs or cells of 400 m and more. Reports come from those who"
            " know of the service, recorded crime from what reaches the police: neither is the"
            " truth about the other."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        points = [QgsProcessing.SourceType.TypeVectorPoint]
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        decimal = QgsProcessingParameterNumber.Type.Double
        self.ask(
            QgsProcessingParameterFeatureSource(REPORTS, tr("Reports"), points),
            tr("Places where people said they feel unsafe, in any coordinate system."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(CRIMES, tr("Crimes"), points),
            tr("Recorded crimes of the same ground and, as far as possible, the same time."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                CELL_SIZE, tr("Cell size (metres)"), decimal, None, True, 10.0, 100_000.0
            ),
            tr(
                "The distance between opposite sides of the hexagons. Give this or Areas, not both."
                " Hexagons in which nothing lies are not drawn."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(AREAS, tr("Areas"), polygons, None, True),
            tr(
                "Wards, LSOAs or any other polygons to count in instead of hexagons. A point on an"
                " edge between two areas counts in the first of them."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(AREA, tr("Area"), polygons, None, True),
            tr(
                "With hexagons: only reports and crimes in these polygons count. Give the ground on"
                " which both were gathered."
            ),
        )
        self.ask_advanced(
            QgsProcessingParameterEnum(
                CORRECTION,
                tr("Correction for many places"),
                [tr("False discovery rate"), tr("Bonferroni"), tr("None")],
                False,
                0,
            ),
            tr(
                "False discovery rate: at most 5 % of the places called different are so by chance."
                " Bonferroni: at most a 5 % chance of even one. None: 5 % of all places."
            ),
        )
        self.ask_advanced(
            QgsProcessingParameterFeatureSource(PARKS, tr("Parks"), polygons, None, True),
            tr("Where given, parks that are a map point of the crimes themselves are named."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT,
                tr("Fear against recorded crime"),
                QgsProcessing.SourceType.TypeVectorPolygon,
            ),
            tr("Every place with its counts, shares, p values and class."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                PLACES,
                tr("Places where the two differ"),
                QgsProcessing.SourceType.TypeVector,
                None,
                True,
            ),
            tr("A row for each place where the shares differ significantly, the widest gap first."),
        )
        for name, label in (
            (CELLS, tr("Places")),
            *((gap_class.name, in_words(gap_class)) for gap_class in GapClass),
            (REPORTS_OUTSIDE, tr("Reports in no place")),
            (CRIMES_OUTSIDE, tr("Crimes in no place")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse both kinds of places at once, or none."""
        cells, areas = answers.given(CELL_SIZE), answers.given(AREAS)
        if cells and areas:
            yield tr("CELL_SIZE and AREAS are both given: leave one of them empty.")
        if not cells and not areas:
            yield tr("Neither CELL_SIZE nor AREAS is given: fill in one of them.")
        if areas and answers.given(AREA):
            yield tr("AREA goes with CELL_SIZE only: leave it empty, or choose fewer AREAS.")

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, prove that it adds up, compare, write."""
        reports = run.points(REPORTS, columns_to_read(run, REPORTS), run.stage(0.0, 0.1))
        crimes = run.points(CRIMES, columns_to_read(run, CRIMES), run.stage(0.1, 0.4))
        find = read_areas if run.given(AREAS) else draw_hexagons
        ground = find(run, reports.xy, crimes.xy, run.stage(0.4, 0.8))
        counted = {REPORTS: ground.of_reports, CRIMES: ground.of_crimes}
        for name, table in ((REPORTS, reports), (CRIMES, crimes)):
            _account(run, name, table, counted[name])
        caution(run, reports, crimes, ground, run.stage(0.8, 0.85))

        in_reports, in_crimes = ground.counts()
        gap = compare(in_reports, in_crimes, run.choice(CORRECTION, CORRECTIONS))
        comparison = Comparison(ground, in_reports, in_crimes, gap)
        _say(run, comparison)
        return {
            OUTPUT: run.write(
                OUTPUT,
                LayerSpec(run.label_of(OUTPUT), gap_fields(), "polygon", run.crs),
                gap_rows(comparison),
                style="crime_gap",
                tick=run.stage(0.85, 1.0),
            ),
            PLACES: run.write(
                PLACES,
                LayerSpec(run.label_of(PLACES), widest_fields(), "none"),
                widest_rows(run, comparison),
            ),
            CELLS: len(ground.ids),
            **{gap_class.name: gap.count(gap_class) for gap_class in GapClass},
            REPORTS_OUTSIDE: int((ground.of_reports < 0).sum()),
            CRIMES_OUTSIDE: int((ground.of_crimes < 0).sum()),
        }


def _account(run: Run, name: str, table: PointTable, places: Ints) -> None:
    """Say where every point of a layer went, proven to add up; refuse where none counts."""
    counted = int((places >= 0).sum())
    went = Accounting(table.total, counted, 0, len(places) - counted, table.excluded)
    went.check()
    title = run.label_of(name)
    if not counted:
        raise InputRefused(
            tr("{}: none of {:,} lies in a place, so there are no shares.").format(
                title, table.total
            ),
            tr("Check that both layers and the areas cover the same ground."),
        )
    sentence = tr(
        "{}: {:,} = {:,} in the places + {:,} outside them + {:,} without a usable place."
    ).format(title, went.total, went.inside, went.outside, went.excluded_sum())
    run.say(sentence)
    run.note(sentence)


def _say(run: Run, comparison: Comparison) -> None:
    gap = comparison.gap
    found = "; ".join(f"{in_words(one)}: {gap.count(one):,}" for one in GapClass)
    sentence = tr("{:,} places. {}.").format(len(gap.classes), found)
    run.say(sentence)
    run.note(sentence)
    widest = gap.widest()[:_PLACES_SAID]
    if len(widest):
        run.say(tr("Widest gaps:"))
    for number, place in enumerate(widest.tolist(), start=1):
        run.say(f"{number}. {comparison.sentence(place)}")
