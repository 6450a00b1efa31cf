# SPDX-License-Identifier: GPL-2.0-or-later
"""Did anything change in the parks? Before and after, with ring and control area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from streetsafe_plugin.algorithms.evaluation_report import (
    Result,
    Sensitivity,
    page,
    rows,
    table_fields,
)
from streetsafe_plugin.algorithms.park_input import ParkGround, ask_for_parks, read_parks
from streetsafe_plugin.algorithms.report_dates import (
    ask_for_date_field,
    date_columns,
    date_field,
    known_to_the_month,
)
from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.evaluation import Verdict
from streetsafe_plugin.domain.geometry import buffered, union
from streetsafe_plugin.domain.park_evaluation import (
    ASKED_WIDTH,
    MULTIPLES,
    WIDTHS,
    Ground,
    Times,
    evaluate,
    pooled,
)
from streetsafe_plugin.domain.parks import Intervention, interventions_in
from streetsafe_plugin.domain.periods import (
    Calendar,
    Windows,
    around_the_change,
    calendar_of,
    days_of,
    missing_months,
    nearest_half,
    silence_is_telling,
    within_given,
)
from streetsafe_plugin.domain.ring_shapes import ring_shapes
from streetsafe_plugin.domain.rings import assign, within_any
from streetsafe_plugin.domain.surges import Surge, find_surges
from streetsafe_plugin.gis.layer_table import read_layer
from streetsafe_plugin.gis.store import LayerSpec
from streetsafe_plugin.i18n import tr

REPORTS, INTERVENTIONS, CONTROL, BUFFER = "REPORTS", "INTERVENTIONS", "CONTROL", "BUFFER"
BEFORE_FROM, BEFORE_TO = "BEFORE_FROM", "BEFORE_TO"
AFTER_FROM, AFTER_TO, WINDOW_DAYS = "AFTER_FROM", "AFTER_TO", "WINDOW_DAYS"
OUTPUT, HTML = "OUTPUT", "HTML"
FALLS, RISES, CANNOT_TELL, SURGES = "FALLS", "RISES", "CANNOT_TELL", "SURGES"
PARKS_COUNTED, SIGN_FLIPS = "PARKS_COUNTED", "SIGN_FLIPS"

_PERIODS = (BEFORE_FROM, BEFORE_TO, AFTER_FROM, AFTER_TO)


@dataclass(frozen=True)
class _Reports:
    """The reports of the layer that have a place: where, on which day, and how many do not say.

    `monthly` says that some dates stand for a whole month.
    """

    xy: Floats
    dates: np.ndarray
    total: int
    undated: int
    monthly: bool


class EvaluatePark(StreetSafeAlgorithm):
    """Compare reports before and after in parks, their rings and a control area."""

    ID = "evaluatepark"
    GROUP = Group.ANALYSE

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
                " dates are known to the month, only whole months count, and months that such a"
                " layer lacks altogether count as no time.\n\n"
                "Control: your own polygons, less the parks and rings, or the band as wide again"
                " beyond each ring, less all parks and rings. It is scaled to the ground of park"
                " and ring together. A report belongs to the nearest park, so none counts twice;"
                " reports in control polygons are held against every park, which the interval for"
                " all parks allows for.\n\n"
                "Days on which the reports of the whole layer jump (publicity) are looked for,"
                " named, and the answer is given without them as well. How the answer changes"
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
            tr("What was done in the parks and when, as “Load parks” makes it."),
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
        given = [answers.date(name) for name in _PERIODS]
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
            lacking = next(name for name, date in zip(_PERIODS, given) if not date)
            yield tr(
                "{} is empty. Give all four dates, or days around each park's own date in"
                " WINDOW_DAYS."
            ).format(lacking)
        for earlier, later in ((0, 1), (1, 2), (2, 3)):
            first, second = given[earlier], given[later]
            if first and second and (second < first or (earlier == 1 and second == first)):
                yield tr("{} ({}) is not before {} ({}). Correct the dates.").format(
                    _PERIODS[earlier], first, _PERIODS[later], second
                )
        source = answers.layer_source(REPORTS)
        if source is not None and not date_field(answers, source):
            yield tr(
                "“{}” has no field submitted_at or month_start. Choose the field with the date in"
                " DATE_FIELD."
            ).format(source.sourceName())

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, judge, vary, write."""
        parks = read_parks(run, run.stage(0.0, 0.05))
        measures = _read_measures(run, parks)
        reports = _read_reports(run)
        calendar = _calendar(run, reports)
        windows = _windows(run, parks, measures, calendar, reports)
        day = calendar.number(reports.dates)
        ground = _ground(run, parks, reports)
        run.stage(0.7, 0.9)(0.0)

        times = Times(day, calendar.months())
        answers = evaluate(ground, times, windows)
        surges, surge_days = _look_for_surges(run, day, calendar, reports.monthly)
        without = (
            evaluate(
                ground, times, [_without(one, surge_days) for one in windows], with_power=False
            )
            if surges
            else None
        )
        names = [park.name for park in parks]
        result = Result(
            [park.park_id for park in parks],
            names,
            answers,
            without,
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


def _read_measures(run: Run, parks: Sequence[ParkGround]) -> dict[str, list[Intervention]]:
    """Return the interventions by park; says which measures of a park cannot be told apart."""
    by_park: dict[str, list[Intervention]] = {park.park_id: [] for park in parks}
    source = run.layer_source(INTERVENTIONS)
    if source is None:
        return by_park
    elsewhere = 0
    for one in interventions_in(read_layer(source, source.sourceName())):
        if one.park_id in by_park:
            by_park[one.park_id].append(one)
        else:
            elsewhere += 1
    if elsewhere:
        run.say(tr("{} interventions are in other parks and were not used.").format(elsewhere))
    together = [
        park.name
        for park in parks
        if len({one.measure for one in by_park[park.park_id] if one.status != "planned"}) > 1
    ]
    if together:
        run.say(
            tr("Several measures were taken, whose effects cannot be told apart: {}.").format(
                ", ".join(together)
            )
        )
    return by_park


def _read_reports(run: Run) -> _Reports:
    source = run.source(REPORTS)
    field = date_field(run, source)
    if field is None:  # the check has refused this already
        raise InputRefused(tr("Reports have no date."), tr("Choose the field with the date."))
    columns = date_columns(field, source)
    table = run.points(REPORTS, columns, run.stage(0.05, 0.3))
    dates, months = days_of(table.columns[field])
    precisions = [value for name in columns[1:] for value in set(table.columns[name])]
    undated = int(np.isnat(dates).sum())
    if undated == len(dates):
        raise InputRefused(
            tr("No report of “{}” has a date in {}.").format(source.sourceName(), field),
            tr("Choose the field with the date in DATE_FIELD."),
        )
    return _Reports(
        table.xy, dates, table.total, undated, months or known_to_the_month(field, precisions)
    )


def _calendar(run: Run, reports: _Reports) -> Calendar:
    """Return the days that can count: those asked for, as far as the reports cover them."""
    if run.given(WINDOW_DAYS):
        found = calendar_of(reports.dates, run.integer(WINDOW_DAYS))
        if found is None:
            raise InputRefused(tr("No report has a date."), tr("Choose the field with the date."))
        return found
    known = reports.dates[~np.isnat(reports.dates)]
    asked = [np.datetime64(run.date(name), "D") for name in _PERIODS]
    for edge, silent in ((asked[0], known.min() - asked[0]), (asked[-1], asked[-1] - known.max())):
        days = int(silent.astype(int))
        if days > 0 and silence_is_telling(known, days):
            run.warn(
                tr(
                    "There is no report in the {} days up to the edge of the periods on {}. If the"
                    " extract does not reach so far, give the days that it covers."
                ).format(days, edge)
            )
    first, last = min(known.min(), asked[0]), max(known.max(), asked[-1])
    return Calendar(first.item(), int((last - first).astype(int)) + 1)


def _windows(
    run: Run,
    parks: Sequence[ParkGround],
    measures: dict[str, list[Intervention]],
    calendar: Calendar,
    reports: _Reports,
) -> list[Windows]:
    """Return the days before and after for each park."""
    found = []
    lacking = np.zeros(calendar.days, dtype=bool)
    if reports.monthly:
        lacking = missing_months(reports.dates, calendar)
    for park in parks:
        own = measures[park.park_id]
        if run.given(WINDOW_DAYS):
            one = around_the_change(own, calendar, run.integer(WINDOW_DAYS))
        else:
            before, after = (
                calendar.between(run.date(first), run.date(last))
                for first, last in ((BEFORE_FROM, BEFORE_TO), (AFTER_FROM, AFTER_TO))
            )
            one = within_given(before, after, own, calendar)
        if reports.monthly:
            one = Windows(
                calendar.whole_months(one.before), calendar.whole_months(one.after), one.why_not
            )
        found.append(_without(one, lacking))
    if lacking.any():
        months = sorted({str(day)[:7] for day in calendar.dates()[lacking]})
        sentence = tr("Months without a single report are missing and count as no time: {}.")
        run.warn(sentence.format(", ".join(months)))
        run.note(sentence.format(", ".join(months)))
    if reports.monthly:
        sentence = tr("Some dates are known to the month only, so only whole months count.")
        run.say(sentence)
        run.note(sentence)
    return found


def _ground(run: Run, parks: Sequence[ParkGround], reports: _Reports) -> Ground:
    """Return where the reports lie and how large the places are."""
    shapes = [park.shape for park in parks]
    own_control = run.given(CONTROL)
    multiples = [MULTIPLES[width] for width in WIDTHS] if own_control else MULTIPLES
    limits = [multiple * run.number(BUFFER) for multiple in multiples]
    belonging = assign(reports.xy, shapes, limits, tick=run.stage(0.3, 0.45))
    park = np.full(len(reports.xy), -1, dtype=np.int64)
    ring = park.copy()
    park[belonging.reports], ring[belonging.reports] = belonging.parks, belonging.rings
    drawn = ring_shapes(shapes, limits, tick=run.stage(0.45, 0.7))
    areas = np.array([[shape.area for shape in of_park] for of_park in drawn])
    if not own_control:
        return Ground(park, ring, areas)
    control = union(run.polygons(CONTROL).shapes)
    if control.is_empty:
        raise InputRefused(tr("CONTROL holds no polygon."), tr("Choose another layer."))
    without = [
        control.difference(union([buffered(shape, limits[width]) for shape in shapes]))
        for width in WIDTHS
    ]
    cut = control.area - without[ASKED_WIDTH].area
    if cut > 1e-6 * control.area:
        sentence = tr(
            "{:,.1f} ha of the control areas lie in parks or rings and were left out; {:,.1f} ha"
            " remain."
        ).format(cut / 1e4, without[ASKED_WIDTH].area / 1e4)
        run.warn(sentence)
        run.note(sentence)
    in_control = within_any(reports.xy, [control])
    return Ground(park, ring, areas, in_control, np.array([shape.area for shape in without]))


def _look_for_surges(
    run: Run, day: Ints, calendar: Calendar, monthly: bool
) -> tuple[list[Surge], Bools]:
    if monthly:
        run.say(tr("Days of publicity cannot be looked for: dates are known to the month."))
        return [], np.zeros(calendar.days, dtype=bool)
    daily = np.bincount(day[day >= 0], minlength=calendar.days)
    return find_surges(daily, calendar)


def _without(windows: Windows, days: Bools) -> Windows:
    return Windows(windows.before & ~days, windows.after & ~days, windows.why_not)


def _variations(ground: Ground, times: Times, windows: Sequence[Windows]) -> list[Sensitivity]:
    """Return the answer for all parks with other rings and shorter periods."""
    asked = pooled(ground, times, windows)
    halves = [nearest_half(one) for one in windows]
    return [
        Sensitivity(MULTIPLES[width], halved, pooled(ground, times, some, width), asked)
        for halved, some in ((False, windows), (True, halves))
        for width in WIDTHS
    ]


def _say(run: Run, result: Result, reports: _Reports) -> None:
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
