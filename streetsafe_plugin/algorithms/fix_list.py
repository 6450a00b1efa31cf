# SPDX-License-Identifier: GPL-2.0-or-later
"""Places where several people ticked the same reason, and who can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from qgis.core import (
    QgsFeatureSource,
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.park_input import PARKS, read_parks
from streetsafe_plugin.algorithms.report_dates import DATE_FIELDS
from streetsafe_plugin.algorithms.written_places import grid_references, on_national_grid
from streetsafe_plugin.compat import date_field, integer_field, real_field, text_field
from streetsafe_plugin.domain.nearest_parks import nearest_parks
from streetsafe_plugin.domain.park_counts import read_ticks
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.priorities import FixList, fix_list, within
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.gis.store import LayerSpec, Row
from streetsafe_plugin.i18n import tr

REPORTS, DISTANCE, MINIMUM, OUTPUT = "REPORTS", "DISTANCE", "MINIMUM", "OUTPUT"
PLACES, REPORTS_LISTED = "PLACES", "REPORTS_LISTED"
MENTIONS, MENTIONS_LISTED, MENTIONS_UNLISTED = "MENTIONS", "MENTIONS_LISTED", "MENTIONS_UNLISTED"

#: To the metre.
_FIGURES = 10
_PLACES_SAID = 5


class FixListAlgorithm(StreetSafeAlgorithm):
    """List the places to be mended, reason by reason."""

    ID = "fixlist"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Fix list")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("What to mend where first, and whom to ask, with grid references")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("fix,action,priority,lighting,cctv,owner,place,cluster,grid reference").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Gathers reports that tick the same reason into places, a row for each place and"
            " reason, with who can usually do something about it (owner).\n\n"
            "A place begins at the report that has most others of its reason within DISTANCE;"
            " these are its reports. What is left is gathered in the same way, as long as a report"
            " has at least MINIMUM, itself included. So a place fits in a circle of DISTANCE"
            " around its point, which is where one of its reports lies, and a report is counted"
            " once for each reason it ticks. The same place is listed again for another reason.\n\n"
            "rank: by number of reports. Of places with equally many, the reason that comes first"
            " in the form goes first, then the more westerly place: such a difference in rank"
            " means nothing. reports_in_all: reports within DISTANCE of the point, whatever they"
            " tick. first and last: the days of the earliest and latest of its reports.\n\n"
            "MENTIONS = MENTIONS_LISTED + MENTIONS_UNLISTED, or the run fails; unlisted are those"
            " with too few others near them. One person may have made several reports: look before"
            " you send anyone. The list shows where single people stood and is for those who"
            " mend, not for publication."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        number = QgsProcessingParameterNumber.Type
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.ask(
            QgsProcessingParameterFeatureSource(
                REPORTS, tr("Reports"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("Reports with the fields of the reasons, as an import makes them."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(PARKS, tr("Parks"), polygons, None, True),
            tr("Where given, each place says which park is nearest and how far its edge is."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                DISTANCE, tr("Distance (metres)"), number.Double, 50.0, False, 1.0, 5_000.0
            ),
            tr("How far a report may lie from the place's point."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                MINIMUM, tr("Fewest reports"), number.Integer, 3, False, 1, 1_000
            ),
            tr("How many reports with the same reason make a place."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Fix list"), QgsProcessing.SourceType.TypeVectorPoint
            ),
            tr("A point for each place and reason, the one with most reports first."),
        )
        for name, label in (
            (PLACES, tr("Places")),
            (REPORTS_LISTED, tr("Reports in a place of the list")),
            (MENTIONS, tr("Reasons ticked")),
            (MENTIONS_LISTED, tr("Reasons ticked in a place of the list")),
            (MENTIONS_UNLISTED, tr("Reasons ticked elsewhere")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a layer that does not say why people felt unsafe."""
        source = answers.layer_source(REPORTS)
        if source is not None and not _codes(source):
            yield tr(
                "REPORTS: “{}” has none of the reasons' fields ({}). Import the reports with"
                " StreetSafe first."
            ).format(source.sourceName(), ", ".join(REASON_CODES))

    def execute(self, run: Run) -> dict[str, Any]:
        """Gather, look up what is near, write."""
        reports = _read_reports(run)
        parks = read_parks(run, run.stage(0.3, 0.35)) if run.given(PARKS) else []
        ticks = {code: read_ticks(reports.columns[code]) for code in _codes(run.source(REPORTS))}
        distance, minimum = run.number(DISTANCE), run.integer(MINIMUM)
        found = fix_list(reports.xy, ticks, distance, minimum, run.stage(0.35, 0.9))
        _say(run, found, distance, minimum)
        rows = list(_rows(run, found, reports, parks, distance))
        _say_first(run, rows)
        return {
            OUTPUT: run.write(
                OUTPUT,
                LayerSpec(run.label_of(OUTPUT), _fields(), "point", run.crs),
                rows,
                style="fix_list",
                tick=run.stage(0.9, 1.0),
            ),
            PLACES: len(found.places),
            REPORTS_LISTED: found.reports_listed(),
            MENTIONS: found.mentions,
            MENTIONS_LISTED: found.listed,
            MENTIONS_UNLISTED: found.unlisted,
        }


def _codes(source: QgsFeatureSource) -> list[str]:
    """Return the reasons that a layer has a field for."""
    fields = source.fields().names()
    return [code for code in REASON_CODES if code in fields]


def _read_reports(run: Run) -> PointTable:
    source = run.source(REPORTS)
    codes = _codes(source)
    lacking = [code for code in REASON_CODES if code not in codes]
    if lacking:
        run.warn(
            tr("“{}” has no field {}, so nothing is listed for these reasons.").format(
                source.sourceName(), ", ".join(lacking)
            )
        )
    dates = [field for field in DATE_FIELDS if field in source.fields().names()][:1]
    return run.points(REPORTS, [*codes, *dates], run.stage(0.0, 0.3))


def _say(run: Run, found: FixList, distance: float, minimum: int) -> None:
    sentences = [
        tr("{:,} places of {} reports or more within {:g} m, reason by reason.").format(
            len(found.places), minimum, distance
        ),
        tr("{:,} reasons ticked = {:,} in these places + {:,} with too few others near.").format(
            found.mentions, found.listed, found.unlisted
        ),
    ]
    for sentence in sentences:
        run.say(sentence)
        run.note(sentence)
    if not found.places:
        run.warn(tr("No place has so many reports: choose a larger DISTANCE or a smaller MINIMUM."))
    if not on_national_grid(run):
        run.say(tr("Grid references are left empty: the analysis is not on the National Grid."))


def _say_first(run: Run, rows: list[Row]) -> None:
    names = [field.name() for field in _fields()]
    for _, values in rows[:_PLACES_SAID]:
        row = dict(zip(names, values))
        place = row["grid_ref"] or tr("no grid reference")
        run.say(
            tr("{}. {} ({}): {} reports, {}.").format(
                row["rank"], row["reason"], place, row["reports"], row["owner"]
            )
        )


def _fields() -> list[Any]:
    return [
        integer_field("rank"),
        text_field("reason"),
        text_field("owner"),
        integer_field("reports"),
        text_field("grid_ref"),
        text_field("nearest_park"),
        real_field("nearest_park_m"),
        integer_field("reports_in_all"),
        date_field("first"),
        date_field("last"),
        text_field("reason_code"),
    ]


def _rows(
    run: Run, found: FixList, reports: PointTable, parks: list[ParkGround], distance: float
) -> Iterator[Row]:
    spots = [(place.x, place.y) for place in found.places]
    xy = np.array(spots, dtype=float).reshape(-1, 2)
    references = grid_references(run, spots, _FIGURES)
    in_all = within(xy, reports.xy, distance)
    nearest: list[tuple[str | None, float | None]] = [(None, None)] * len(spots)
    if parks:
        owners, metres = nearest_parks(
            xy, [park.shape for park in parks], [park.park_id for park in parks]
        )
        nearest = [(parks[owner].name, float(off)) for owner, off in zip(owners, metres)]
    field = next((field for field in DATE_FIELDS if field in reports.columns), None)
    days = days_of(reports.columns[field])[0] if field else None
    for number, place in enumerate(found.places):
        dated = None if days is None else days[place.reports]
        known = [] if dated is None else dated[~np.isnat(dated)].tolist()
        yield (
            spots[number],
            [
                number + 1,
                place.reason.label,
                place.reason.owner,
                len(place.reports),
                references[number],
                *nearest[number],
                int(in_all[number]),
                min(known, default=None),
                max(known, default=None),
                place.reason.code,
            ],
        )
