# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing is made from: the parameters that say so, and how they are read."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.area_input import AREA, read_area
from streetsafe_plugin.algorithms.base import Answers, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.briefing_form import AUDIENCE, AUDIENCES
from streetsafe_plugin.algorithms.evaluation_input import INTERVENTIONS, read_measures
from streetsafe_plugin.algorithms.gap_cautions import FLAGS
from streetsafe_plugin.algorithms.park_input import (
    DISTANCES,
    ask_for_parks,
    read_parks,
)
from streetsafe_plugin.algorithms.report_dates import (
    DATE_FIELDS,
    MONTH_FIELD,
    counted_if_leaving,
    date_columns,
    known_to_the_month,
)
from streetsafe_plugin.algorithms.written_places import on_national_grid
from streetsafe_plugin.domain import snapping
from streetsafe_plugin.domain.arrays import Bools, Moments
from streetsafe_plugin.domain.briefing_pack.material import (
    Asked,
    CrimeSet,
    ReportSet,
)
from streetsafe_plugin.domain.geometry import union
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.domain.park_counts import cuts_a_month, keep_in_window, read_ticks
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.report_keys import report_keys
from streetsafe_plugin.domain.rings import parse_distances, within_any
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.i18n import tr

REPORTS, HEATMAP, CRIMES = "REPORTS", "HEATMAP", "CRIMES"
FROM, TO, CELL_SIZE = "FROM", "TO", "CELL_SIZE"
MOST_RINGS = 6
DEFAULT_DISTANCES = "100,250,400"
_REPORT_ID, _CONCERN = "report_id", "concern"


@dataclass(frozen=True)
class Material:
    """What was read: reports with their concerns, parks, crimes, and what the pack is to hold.

    `concerns` are None where the layer does not tell them.
    """

    reports: ReportSet
    concerns: Sequence[str | None] | None
    grounds: Sequence[ParkGround]
    crimes: CrimeSet | None
    asked: Asked


def ask_for_material(algorithm: StreetSafeAlgorithm) -> None:
    """Declare the layers of a briefing and the days that count."""
    points = [QgsProcessing.SourceType.TypeVectorPoint]
    polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
    day = QgsProcessingParameterDateTime.Type.Date
    ask_for_parks(algorithm)
    algorithm.ask(
        QgsProcessingParameterFeatureSource(REPORTS, tr("Reports"), points),
        tr("The imported reports. Any point layer will do; reasons are shown if it has them."),
    )
    algorithm.ask(
        QgsProcessingParameterRasterLayer(HEATMAP, tr("Heat map"), None, True),
        tr("Drawn beneath the parks, in its own style."),
    )
    algorithm.ask(
        QgsProcessingParameterFeatureSource(CRIMES, tr("Recorded crime"), points, None, True),
        tr(
            "Counted around each park for context, and held against the reports place by place."
            " Published points are not true places."
        ),
    )
    algorithm.ask(
        QgsProcessingParameterFeatureSource(AREA, tr("Area"), polygons, None, True),
        tr(
            "Only reports and crimes inside are counted, and parks and rings are cut at it. Its"
            " outline is drawn on the overview."
        ),
    )
    algorithm.ask(
        QgsProcessingParameterDateTime(FROM, tr("From"), day, None, True),
        tr("The first day that counts. Left empty, from the beginning."),
    )
    algorithm.ask(
        QgsProcessingParameterDateTime(TO, tr("To"), day, None, True),
        tr("The last day that counts. Left empty, to the end."),
    )
    algorithm.ask(
        QgsProcessingParameterFeatureSource(
            INTERVENTIONS,
            tr("Interventions"),
            [QgsProcessing.SourceType.TypeVector],
            None,
            True,
        ),
        tr(
            "What was done in the parks and when, as “Load parks” makes it. Each park is then"
            " compared around its own date; without it, the last whole months with those before."
        ),
    )


def ask_for_sizes(algorithm: StreetSafeAlgorithm) -> None:
    """Declare how wide rings and hexagons are."""
    algorithm.ask(
        QgsProcessingParameterString(DISTANCES, tr("Ring distances"), DEFAULT_DISTANCES),
        tr("Outer distances of the rings in metres, such as 100,250,400."),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterNumber(
            CELL_SIZE,
            tr("Cell size (metres)"),
            QgsProcessingParameterNumber.Type.Double,
            500.0,
            False,
            10.0,
            100_000.0,
        ),
        tr("The distance between opposite sides of the hexagons of hot spots and of crime."),
    )


def material_refusals(answers: Answers) -> Iterator[str]:
    """Yield what is wrong with the rings and the days that were asked for."""
    if len(parse_distances(answers.text(DISTANCES))) > MOST_RINGS:
        yield tr("DISTANCES: a page has room for {} rings; name fewer.").format(MOST_RINGS)
    first, last = answers.date(FROM), answers.date(TO)
    if first and last and last < first:
        yield tr("To ({}) is before From ({}): swap them.").format(last, first)
    source = answers.layer_source(REPORTS)
    if (first or last) and source is not None:
        fields = source.fields().names()
        if not any(field in fields for field in DATE_FIELDS):
            yield tr("From and To need a date, and “{}” has none of {}: empty them.").format(
                source.sourceName(), ", ".join(DATE_FIELDS)
            )


def read_material(run: Run) -> Material:
    """Return everything that the pack is made from, what does not count sorted out.

    Raises:
        InputRefused: a layer cannot be read, or there is no park or no area.
    """
    grounds = read_parks(run, run.stage(0.0, 0.01))
    area = read_area(run) if run.given(AREA) else None
    reports, concerns = _read_reports(run, area)
    asked = Asked(
        parse_distances(run.text(DISTANCES)),
        run.number(CELL_SIZE),
        None if area is None else union(area),
        run.date(FROM),
        run.date(TO),
        read_measures(run, grounds, by_own_dates=True) if run.given(INTERVENTIONS) else None,
        on_national_grid(run),
    )
    return Material(reports, concerns, grounds, _read_crimes(run, area), asked)


def _read_reports(
    run: Run, area: Sequence[BaseGeometry] | None
) -> tuple[ReportSet, list[str | None] | None]:
    source = run.source(REPORTS)
    fields = source.fields().names()
    dated_by = next((field for field in DATE_FIELDS if field in fields), None)
    dates = date_columns(dated_by, source) if dated_by else []
    held = [one for one in (*REASON_CODES, _CONCERN, _REPORT_ID) if one in fields]
    lacking = [code for code in REASON_CODES if code not in fields]
    if 0 < len(lacking) < len(REASON_CODES):
        run.warn(
            tr("“{}” has only some of the reasons' fields, so mentions are left empty.").format(
                source.sourceName()
            )
        )
    table = run.points(REPORTS, [*held, *dates], run.stage(0.01, 0.08))
    days, monthly = _days(table, dated_by)
    kept, excluded = _sort_out(run, table, days, monthly, area)
    concerns = table.columns.get(_CONCERN)
    keys = report_keys(table.xy, days, table.columns.get(_REPORT_ID))
    return (
        ReportSet(
            table.xy[kept],
            days[kept],
            {
                code: read_ticks(table.columns[code])[kept]
                for code in REASON_CODES
                if code in table.columns
            },
            table.total,
            excluded,
            monthly[kept],
            [key for key, counts in zip(keys, kept) if counts],
            days,
            monthly,
        ),
        None if concerns is None else concerns[kept].tolist(),
    )


def _days(table: PointTable, field: str | None) -> tuple[Moments, Bools]:
    """Return the day of each report, and which of these stand for a whole month."""
    if field is None:
        return np.full(len(table.xy), "NaT", dtype="datetime64[D]"), np.zeros(
            len(table.xy), dtype=bool
        )
    days, _ = days_of(table.columns[field])
    return days, known_to_the_month(field, table) & ~np.isnat(days)


def _sort_out(
    run: Run,
    table: PointTable,
    days: Moments,
    monthly: Bools,
    area: Sequence[BaseGeometry] | None,
) -> tuple[Bools, dict[str, int]]:
    """Return which reports count, and how many do not for which reason, as park counts do."""
    excluded = dict(table.excluded)
    kept = np.ones(len(table.xy), dtype=bool)
    first, last = run.date(FROM), run.date(TO)
    if first or last:
        kept, undated = keep_in_window(days, first, last)
        excluded["no_date"] = int(undated.sum())
        excluded["outside_dates"] = int((~kept & ~undated).sum())
        if cuts_a_month(first, last) and monthly.any():
            run.warn(
                tr(
                    "Some dates are known to the month only and stand on its first day, but the"
                    " dates asked for begin or end within a month."
                )
            )
    elif run.choice(AUDIENCE, AUDIENCES) is not Audience.INTERNAL:
        kept = counted_if_leaving(days)
        excluded["no_date"] = int((~kept).sum())
    if area is not None:
        inside = within_any(table.xy, area, run.stage(0.08, 0.1))
        excluded["outside_area"] = int((kept & ~inside).sum())
        kept &= inside
    return kept, excluded


def _read_crimes(run: Run, area: Sequence[BaseGeometry] | None) -> CrimeSet | None:
    """Return the crimes of the area and the days asked for; None if no layer was given."""
    if not run.given(CRIMES):
        return None
    fields = run.source(CRIMES).fields().names()
    columns = [field for field in (MONTH_FIELD, FLAGS) if field in fields]
    table = run.points(CRIMES, columns, run.stage(0.1, 0.18))
    days, _ = _days(table, MONTH_FIELD if MONTH_FIELD in columns else None)
    kept = np.ones(len(table.xy), dtype=bool)
    if MONTH_FIELD in columns and (run.given(FROM) or run.given(TO)):
        kept = _in_months(days, run.date(FROM), run.date(TO))
    if area is not None:
        kept &= within_any(table.xy, area, run.stage(0.18, 0.2))
    if not kept.all():
        run.say(
            tr("{:,} of {:,} recorded crimes are of the area and the dates asked for.").format(
                int(kept.sum()), len(kept)
            )
        )
    flags = table.columns.get(FLAGS, np.empty(0))
    return CrimeSet(table.xy[kept], days[kept], snapping.are_flagged(flags.tolist()))


def _in_months(days: Moments, first: datetime.date | None, last: datetime.date | None) -> Bools:
    """Tell which crimes are of the months from that of the first to that of the last day."""
    begin = None if first is None else first.replace(day=1)
    kept, _ = keep_in_window(days, begin, last)
    return kept
