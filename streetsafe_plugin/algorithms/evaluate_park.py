# SPDX-License-Identifier: GPL-2.0-or-later
"""Did anything change in the parks? Before and after, with ring and control area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.evaluate_counts import figures_help
from streetsafe_plugin.algorithms.evaluation_input import (
    AFTER_FROM,
    AFTER_TO,
    BEFORE_FROM,
    BEFORE_TO,
    BUFFER,
    CONTROL,
    INTERVENTIONS,
    PERIODS,
    REPORTS,
    WINDOW_DAYS,
    DatedReports,
    calendar_for,
    ground_of,
    read_dated_reports,
    read_measures,
    windows_for,
)
from streetsafe_plugin.algorithms.evaluation_report import (
    Result,
    Sensitivity,
    page,
    rows,
    table_fields,
)
from streetsafe_plugin.algorithms.park_input import ask_for_parks, read_parks
from streetsafe_plugin.algorithms.report_dates import (
    ask_for_date_field,
    no_date,
)
from streetsafe_plugin.domain import evaluation
from streetsafe_plugin.domain.arrays import Bools, Ints
from streetsafe_plugin.domain.evaluation import Verdict
from streetsafe_plugin.domain.month_windows import without_days
from streetsafe_plugin.domain.park_evaluation import (
    MULTIPLES,
    WIDTHS,
    Ground,
    Times,
    evaluate,
    pooled,
)
from streetsafe_plugin.domain.periods import (
    Calendar,
    Windows,
    nearest_half,
)
from streetsafe_plugin.domain.surges import Surge, find_surges
from streetsafe_plugin.gis.store import LayerSpec
from streetsafe_plugin.i18n import tr

OUTPUT, HTML = "OUTPUT", "HTML"
FALLS, RISES, CANNOT_TELL, SURGES = "FALLS", "RISES", "CANNOT_TELL", "SURGES"
PARKS_COUNTED, SIGN_FLIPS = "PARKS_COUNTED", "SIGN_FLIPS"


class EvaluatePark(StreetSafeAlgorithm):
    """Compare reports before and after in parks, their rings and a control area."""

    ID = "evaluatepark"
    GROUP = Group.ANALYSE
    SEED = evaluation.SEED

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Did it work? In the parks")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Before and after in each park and its ring, held against a control area")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("evaluation,displacement,WDD,WDQ,before,after,control,intervention,effect").split(
            ","
        )

    def shortHelpString(self) -> str:
        """Return the help."""
        return (
            tr(
                "Counts reports before and after in every park, in the ring around it and in a"
                " control area, and says what that allows to be said, for each park and for all"
                " together. For the counts that parks have the answer is mostly that it cannot be"
                " told, and it says beforehand which fall could have been found at all.\n\n"
                "Periods: give the four dates, or a number of days around each park's own date"
                " in Interventions. With Interventions only days on which a measure was surely"
                " live count as after, and days on which none was as before: a camera that was"
                " taken down stops counting on that day, and a date known to the month leaves the"
                " whole month out. Counts are scaled to the length of the period before. Where"
                " some reports are dated to the month only, only whole months count, from the first"
                " to the last that the reports cover: what the periods reach beyond these, and"
                " months that such a layer lacks altogether, count as no time. A month at either"
                " end with nothing but reports dated to the day counts if they fill it.\n\n"
                "Control: your own polygons, less the parks and rings, or the band as wide again"
                " beyond each ring, less all parks and rings. It is scaled to the ground of park"
                " and ring together. A report belongs to the nearest park, and to the smaller one"
                " where parks overlap or are equally near, so none counts twice; reports in control"
                " polygons are held against every park, which the interval for all parks allows"
                " for.\n\n"
                "Days on which the reports of the whole layer jump (publicity), up to four weeks"
                " of them in a row, are looked for, named, and the answer is given without them as"
                " well. A lasting rise may be named so where it sets in. How the answer changes"
                " with half and twice the ring and with half the periods is in the page; a warning"
                " says if the sign changes. Many parks judged at once mean that some will seem to"
                " change by chance: about one in twenty. Reports and crimes that come in clusters"
                " vary more from month to month than chance alone would make them; where they do,"
                " the verdict asks for a larger difference, and dispersion says by how much.\n\n"
            )
            + figures_help()
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        ask_for_parks(self)
        self.ask(
            QgsProcessingParameterFeatureSource(
                REPORTS, tr("Reports"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("Reports, crimes or any other points with a date, of the whole area."),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(
                INTERVENTIONS,
                tr("Interventions"),
                [QgsProcessing.SourceType.TypeVector],
                None,
                True,
            ),
            tr(
                "What was done in the parks and when, as “Load parks” makes it. A park_id may"
                " differ from that in Parks by capitals and blanks."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(
                CONTROL,
                tr("Control areas"),
                [QgsProcessing.SourceType.TypeVectorPolygon],
                None,
                True,
            ),
            tr("Like places in which nothing was done. Left empty, the band beyond each ring."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                BUFFER,
                tr("Width of the ring (metres)"),
                QgsProcessingParameterNumber.Type.Double,
                250.0,
                False,
                10.0,
                5_000.0,
            ),
            tr("How far around a park trouble may have moved."),
        )
        self._ask_for_periods()
        ask_for_date_field(
            self, REPORTS, tr("Only needed where there is no submitted_at or month_start.")
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Change in parks"), QgsProcessing.SourceType.TypeVector
            ),
            tr("A row for each park and one for all of them together."),
        )
        page_parameter = QgsProcessingParameterFileDestination(
            HTML, tr("Report"), tr("HTML files (*.html)"), None, True, False
        )
        self.ask(page_parameter, tr("The same to read: sentences, tables, method, cautions."))
        for name, label in (
            (PARKS_COUNTED, tr("Parks that could be counted")),
            (FALLS, tr("Parks with a fall")),
            (RISES, tr("Parks with a rise")),
            (CANNOT_TELL, tr("Parks where it cannot be told")),
            (SIGN_FLIPS, tr("Variations in which the sign changes")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))
        self.addOutput(QgsProcessingOutputString(SURGES, tr("Days on which reports jumped")))

    def _ask_for_periods(self) -> None:
        day = QgsProcessingParameterDateTime.Type.Date
        for name, label, text in (
            (BEFORE_FROM, tr("Before: from"), tr("The first day of the period before.")),
            (BEFORE_TO, tr("Before: to"), tr("The last day of the period before.")),
            (AFTER_FROM, tr("After: from"), tr("The first day of the period after.")),
            (AFTER_TO, tr("After: to"), tr("The last day of the period after.")),
        ):
            self.ask(QgsProcessingParameterDateTime(name, label, day, None, True), text)
        self.ask(
            QgsProcessingParameterNumber(
                WINDOW_DAYS,
                tr("Or: days before and after each park's own date"),
                QgsProcessingParameterNumber.Type.Integer,
                None,
                True,
                7,
                3_660,
            ),
            tr("Instead of the four dates. Needs Interventions."),
        )

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse periods that are not said, said twice or contradict each other."""
        given = [answers.date(name) for name in PERIODS]
        if answers.given(WINDOW_DAYS):
            if any(given):
                yield tr(
                    "WINDOW_DAYS and dates are both given. Empty WINDOW_DAYS or the four dates."
                )
            if not answers.given(INTERVENTIONS):
                yield tr(
                    "WINDOW_DAYS needs each park's own date, and INTERVENTIONS is empty. Choose"
                    " the table that “Load parks” makes."
                )
        elif not all(given):
            lacking = next(name for name, date in zip(PERIODS, given) if not date)
            yield tr(
                "{} is empty. Give all four dates, or days around each park's own date in"
                " WINDOW_DAYS."
            ).format(lacking)
        for earlier, later in ((0, 1), (1, 2), (2, 3)):
            first, second = given[earlier], given[later]
            if first and second and (second < first or (earlier == 1 and second == first)):
                yield tr("{} ({}) is not before {} ({}). Correct the dates.").format(
                    PERIODS[earlier], first, PERIODS[later], second
                )
        yield from no_date(answers, REPORTS)

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, judge, vary, write."""
        parks = read_parks(run, run.stage(0.0, 0.05))
        measures = read_measures(run, parks, run.given(WINDOW_DAYS))
        reports = read_dated_reports(run)
        calendar = calendar_for(run, reports)
        windows = windows_for(run, parks, measures, calendar, reports)
        day = calendar.number(reports.dates)
        ground = ground_of(run, parks, reports)
        run.stage(0.7, 0.9)(0.0)

        times = Times(day, calendar.months())
        answers = evaluate(ground, times, windows)
        surges, surge_days = _look_for_surges(run, day, calendar, reports.monthly)
        calm = [without_days(one, surge_days) for one in windows]
        in_calm = evaluate(ground, times, calm, with_power=False) if surges else None
        names = [park.name for park in parks]
        result = Result(
            [park.park_id for park in parks],
            names,
            answers,
            in_calm,
            _variations(ground, times, windows),
            surges,
            run.number(BUFFER),
            run.given(CONTROL),
        )
        run.stage(0.9, 0.95)(0.0)
        _say(run, result, reports)
        written = run.write(
            OUTPUT, LayerSpec(tr("Change in parks"), table_fields(), "none"), rows(result)
        )
        verdicts = [one.verdict for one in answers[:-1]]
        return {
            OUTPUT: written,
            HTML: run.write_page(HTML, page(result, run.history())),
            PARKS_COUNTED: sum(1 for one in answers[:-1] if not one.why_not),
            FALLS: verdicts.count(Verdict.FALL),
            RISES: verdicts.count(Verdict.RISE),
            CANNOT_TELL: verdicts.count(Verdict.CANNOT_TELL),
            SIGN_FLIPS: sum(one.flipped for one in result.sensitivity),
            SURGES: "; ".join(result.surge_names()),
        }


def _look_for_surges(
    run: Run, day: Ints, calendar: Calendar, monthly: bool
) -> tuple[list[Surge], Bools]:
    if monthly:
        run.say(tr("Days of publicity cannot be looked for: dates are known to the month."))
        return [], np.zeros(calendar.days, dtype=bool)
    daily = np.bincount(day[day >= 0], minlength=calendar.days)
    return find_surges(daily, calendar)


def _variations(ground: Ground, times: Times, windows: Sequence[Windows]) -> list[Sensitivity]:
    """Return the answer for all parks with other rings and shorter periods."""
    asked = pooled(ground, times, windows)
    halves = [nearest_half(one) for one in windows]
    return [
        Sensitivity(MULTIPLES[width], halved, pooled(ground, times, some, width), asked)
        for halved, some in ((False, windows), (True, halves))
        for width in WIDTHS
    ]


def _say(run: Run, result: Result, reports: DatedReports) -> None:
    """Put the answer into the log and the layer's notes."""
    placed = len(reports.xy)
    sentences = [
        tr(
            "{:,} reports = {:,} with place and date + {:,} without a date + {:,} without a place."
        ).format(reports.total, placed - reports.undated, reports.undated, reports.total - placed),
        result.sentence(len(result.names)),
        *result.cautions(),
    ]
    for sentence in sentences[:2]:
        run.say(sentence)
    for sentence in sentences[2:]:
        run.warn(sentence)
    for sentence in sentences:
        run.note(sentence)
