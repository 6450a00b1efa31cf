# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports counted in parks and rings, every one accounted for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.area_input import AREA, read_area
from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.park_input import (
    DISTANCES,
    OVERLAP,
    OVERLAPS,
    RingPlan,
    ask_for_distances,
    ask_for_overlap,
    ask_for_parks,
    ask_for_rings_by,
    plan_rings,
    read_parks,
)
from streetsafe_plugin.algorithms.park_rings import (
    ring_fields,
    ring_rows,
    ring_rule,
    say_overlaps,
)
from streetsafe_plugin.algorithms.report_dates import (
    DATE_FIELDS,
    ask_for_date_field,
    date_columns,
    date_field,
    known_to_the_month,
)
from streetsafe_plugin.compat import integer_field, real_field, text_field
from streetsafe_plugin.domain.arrays import Bools
from streetsafe_plugin.domain.geometry import union
from streetsafe_plugin.domain.park_counts import (
    Accounting,
    ParkSummary,
    RingCounts,
    account,
    count_rings,
    cuts_a_month,
    keep_in_window,
    read_ticks,
    summarise,
)
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.ring_shapes import cut_at, ring_shapes
from streetsafe_plugin.domain.rings import Overlap, assign, parse_distances, within_any
from streetsafe_plugin.domain.taxonomy import REASON_CODES, REASONS
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.gis.store import LayerSpec, Row
from streetsafe_plugin.i18n import tr

REPORTS, FROM, TO = "REPORTS", "FROM", "TO"
ONLY_REASONS = "REASONS"
OUTPUT, SUMMARY = "OUTPUT", "SUMMARY"
TOTAL, INSIDE, IN_RINGS = "TOTAL", "INSIDE", "IN_RINGS"
OUTSIDE, EXCLUDED = "OUTSIDE", "EXCLUDED"


class ParkAnalysis(StreetSafeAlgorithm):
    """Count reports and mentions in every park and ring."""

    ID = "parkanalysis"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Reports in and around parks")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Counts reports and reasons in each park and ring, each report once")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("park,ring,buffer,count,reports,mentions,reasons,summary,rank").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return (
            ring_rule()
            + "\n\n"
            + tr(
                "A report is one pin, a mention one ticked reason: a report with three reasons adds"
                " 1 to reports and 3 to mentions. Any point layer can be counted; where it lacks"
                " the fields of the reasons, mentions and reasons are empty, not 0.\n\n"
                "Summary, a row a park: inside = reports in the park; within_<d> = reports in the"
                " park and in its rings up to d metres; rank = by the largest of these, equal"
                " numbers sharing a rank; rank_from to rank_to = the ranks that the park may"
                " deserve, since counts so small cannot be told apart; top_reason = the reason most"
                " ticked within the largest distance, several where they are level; share_of_area ="
                " reports within the largest distance as a share of all reports counted in Area (of"
                " all reports counted, without Area). Two parks are told apart if chance alone"
                " would make them differ so much in less than one case in twenty.\n\n"
                "TOTAL = INSIDE + IN_RINGS + OUTSIDE + EXCLUDED, or the run fails. Each report is"
                " counted once in these, with shared rings too. EXCLUDED are reports without a"
                " usable place, without a date or outside the dates where dates are given, without"
                " any of the reasons where some are chosen, and outside Area where that is given;"
                " the log tells how many of each. Rings and parks are cut at Area, so that"
                " densities refer to the ground that was counted."
            )
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        points = [QgsProcessing.SourceType.TypeVectorPoint]
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        day = QgsProcessingParameterDateTime.Type.Date
        ask_for_parks(self)
        self.ask(
            QgsProcessingParameterFeatureSource(REPORTS, tr("Reports"), points),
            tr("Reports, crimes or any other points, in any coordinate system."),
        )
        ask_for_distances(self)
        ask_for_rings_by(self)
        self.ask(
            QgsProcessingParameterDateTime(FROM, tr("From"), day, None, True),
            tr("The first day that counts. Left empty, from the beginning."),
        )
        self.ask(
            QgsProcessingParameterDateTime(TO, tr("To"), day, None, True),
            tr("The last day that counts. Left empty, to the end."),
        )
        ask_for_date_field(
            self,
            REPORTS,
            tr("Only needed with From or To, where there is no submitted_at or month_start."),
        )
        self.ask_advanced(
            QgsProcessingParameterEnum(
                ONLY_REASONS,
                tr("Only these reasons"),
                [reason.label for reason in REASONS],
                True,
                None,
                True,
            ),
            tr("Where chosen, only reports that tick at least one of them count."),
        )
        ask_for_overlap(self)
        self.ask(
            QgsProcessingParameterFeatureSource(AREA, tr("Area"), polygons, None, True),
            tr("Where given, only reports in these polygons count, and rings are cut at them."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Reports by ring"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
            tr("Every park and ring with its reports, mentions and reasons."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                SUMMARY, tr("Reports by park"), QgsProcessing.SourceType.TypeVector, None, True
            ),
            tr("A row for each park."),
        )
        for name, label in (
            (TOTAL, tr("Reports in the layer")),
            (INSIDE, tr("In a park")),
            (IN_RINGS, tr("In a ring")),
            (OUTSIDE, tr("Beyond all rings")),
            (EXCLUDED, tr("Left out")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse distances and dates that cannot be used."""
        parse_distances(answers.text(DISTANCES))
        first, last = answers.date(FROM), answers.date(TO)
        if first and last and last < first:
            yield tr("To ({}) is before From ({}): swap them.").format(last, first)
        source = answers.layer_source(REPORTS)
        if (first or last) and source is not None and not date_field(answers, source):
            yield tr(
                "From and To need a date, and “{}” has none of {}. Choose the field with the date."
            ).format(source.sourceName(), ", ".join(DATE_FIELDS))

        if source is None:
            return
        fields = source.fields().names()
        lacking = [code for code in _chosen_reasons(answers) if code not in fields]
        if lacking:
            yield tr("REASONS: “{}” has no field {}. Choose other reasons or none.").format(
                source.sourceName(), ", ".join(lacking)
            )

    def execute(self, run: Run) -> dict[str, Any]:
        """Assign, count, prove that it adds up, write."""
        overlap = run.choice(OVERLAP, OVERLAPS)
        parks = read_parks(run, run.stage(0.0, 0.05))
        plan = plan_rings(run, parks)
        limits = plan.limits_m
        shapes, ids = [park.shape for park in parks], [park.park_id for park in parks]
        areas = read_area(run) if run.given(AREA) else None
        reports = _read_reports(run)
        kept, excluded = _sort_out(run, reports, areas)

        belonging = assign(reports.xy[kept], shapes, limits, overlap, run.stage(0.4, 0.6), ids)
        ticks = {
            code: read_ticks(reports.columns[code])[kept]
            for code in REASON_CODES
            if code in reports.columns
        }
        counts = count_rings(belonging, len(parks), len(plan.names) + 1, ticks)
        accounting = account(
            reports.total, belonging, counts, excluded, once=overlap is Overlap.NEAREST
        )
        summaries = summarise(counts, belonging.count)

        rings = ring_shapes(shapes, limits, overlap, run.stage(0.6, 0.9), ids)
        say_overlaps(run, parks, rings)
        if areas is not None:
            rings = cut_at(rings, union(areas))
        _say(run, accounting, plan, overlap)
        return {
            OUTPUT: run.write(
                OUTPUT,
                LayerSpec(tr("Reports by ring"), _count_fields(), "polygon", run.crs),
                list(_count_rows(parks, plan, rings, counts)),
                style="ring_counts",
            ),
            SUMMARY: run.write(
                SUMMARY,
                LayerSpec(tr("Reports by park"), _summary_fields(plan), "none"),
                list(_summary_rows(parks, summaries)),
            ),
            TOTAL: accounting.total,
            INSIDE: accounting.inside,
            IN_RINGS: accounting.in_rings,
            OUTSIDE: accounting.outside,
            EXCLUDED: accounting.excluded_sum(),
        }


def _chosen_reasons(answers: Answers) -> list[str]:
    """Return the codes of the reasons that reports must have one of; none where all count."""
    return answers.choices(ONLY_REASONS, REASON_CODES) if answers.given(ONLY_REASONS) else []


def _read_reports(run: Run) -> PointTable:
    source = run.source(REPORTS)
    fields = source.fields().names()
    columns = [code for code in REASON_CODES if code in fields]
    dated_by = date_field(run, source)
    if dated_by and (run.given(FROM) or run.given(TO)):
        columns += date_columns(dated_by, source)
    if 0 < sum(code in fields for code in REASON_CODES) < len(REASON_CODES):
        run.warn(
            tr("“{}” has only some of the reasons' fields, so mentions are left empty.").format(
                source.sourceName()
            )
        )
    return run.points(REPORTS, columns, run.stage(0.05, 0.35))


def _sort_out(
    run: Run, reports: PointTable, areas: Sequence[BaseGeometry] | None
) -> tuple[Bools, dict[str, int]]:
    """Return which reports count, and how many do not for which reason."""
    excluded = {
        tr("no usable place"): sum(reports.excluded.values()),
    }
    kept = np.ones(len(reports.xy), dtype=bool)
    first, last = run.date(FROM), run.date(TO)
    dated_by = date_field(run, run.source(REPORTS))
    if (first or last) and dated_by:
        kept, undated = keep_in_window(reports.columns[dated_by], first, last)
        if cuts_a_month(first, last) and known_to_the_month(dated_by, reports).any():
            run.warn(
                tr(
                    "Some dates are known to the month only and stand on its first day, but the"
                    " dates asked for begin or end within a month."
                )
            )
        excluded[tr("no date")] = int(undated.sum())
        excluded[tr("outside the dates")] = int((~kept & ~undated).sum())
    chosen = _chosen_reasons(run)
    if chosen:
        ticked = np.any([read_ticks(reports.columns[code]) for code in chosen], axis=0)
        excluded[tr("without these reasons")] = int((kept & ~ticked).sum())
        kept &= ticked
    if areas is not None:
        in_area = within_any(reports.xy, areas, run.stage(0.35, 0.4))
        excluded[tr("outside Area")] = int((kept & ~in_area).sum())
        kept &= in_area
    return kept, excluded


def _say(run: Run, accounting: Accounting, plan: RingPlan, overlap: Overlap) -> None:
    line = tr("{} reports = {} in parks + {} in rings + {} {} + {} left out.").format(
        accounting.total,
        accounting.inside,
        accounting.in_rings,
        accounting.outside,
        plan.beyond,
        accounting.excluded_sum(),
    )
    sentences = [plan.in_words, line]
    if accounting.excluded:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in accounting.excluded.items())
        sentences.append(tr("Left out: {}.").format(reasons))
    if overlap is Overlap.SHARED:
        sentences.append(
            tr("Rings are shared: a report near several parks stands in the rings of each of them.")
        )
    if not accounting.total - accounting.excluded_sum():
        run.warn(tr("There is no report to count."))
    for sentence in sentences:
        run.say(sentence)
        run.note(sentence)


def _count_fields() -> list[Any]:
    return [
        *ring_fields(),
        integer_field("reports"),
        integer_field("mentions"),
        real_field("reports_per_km2"),
        *(integer_field(code) for code in REASON_CODES),
    ]


def _count_rows(
    parks: Sequence[ParkGround],
    plan: RingPlan,
    rings: Sequence[Sequence[BaseGeometry]],
    counts: RingCounts,
) -> Iterator[Row]:
    densities = counts.reports_per_km2([[ring.area for ring in of_park] for of_park in rings])
    per_park = len(plan.names) + 1
    for number, (shape, values) in enumerate(ring_rows(parks, plan, rings)):
        park, ring = divmod(number, per_park)
        mentions = None if counts.mentions is None else counts.mentions[park, ring]
        reasons = [
            counts.reasons[code][park, ring] if code in counts.reasons else None
            for code in REASON_CODES
        ]
        yield (
            shape,
            [
                *values,
                counts.reports[park, ring],
                mentions,
                densities[park][ring],
                *reasons,
            ],
        )


def _summary_fields(plan: RingPlan) -> list[Any]:
    return [
        text_field("park_id"),
        text_field("park_name"),
        integer_field("inside"),
        *(integer_field(within_field(name)) for name in plan.names),
        integer_field("rank"),
        integer_field("rank_from"),
        integer_field("rank_to"),
        text_field("top_reason"),
        real_field("share_of_area"),
    ]


def within_field(name: str) -> str:
    """Return the summary's field for a ring: within_250 in metres, within_0_5x by area."""
    return f"within_{name}".replace(".", "_")


def _summary_rows(parks: Sequence[ParkGround], summaries: Sequence[ParkSummary]) -> Iterator[Row]:
    for park, summary in zip(parks, summaries):
        yield (
            None,
            [
                park.park_id,
                park.name,
                summary.inside,
                *summary.within,
                summary.rank,
                summary.rank_from,
                summary.rank_to,
                summary.top_reason,
                summary.share,
            ],
        )
