# SPDX-License-Identifier: GPL-2.0-or-later
"""When reports were sent: by month, weekday, hour and light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.report_dates import (
    DATE_FIELD,
    MONTH_FIELD,
    PRECISION,
    ask_for_date_field,
    date_columns,
    date_field,
    no_date,
)
from streetsafe_plugin.algorithms.time_profile_page import (
    Result,
    method,
    no_hours,
    not_when,
    page,
    rows,
    table_fields,
)
from streetsafe_plugin.compat import holds_days
from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.clocks import BRITISH, ClockReading, read_clock
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.moments import DatedMoments, Known, read_moments
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.sun import LIGHTS, altitude, light_of
from streetsafe_plugin.domain.time_profile import LIGHT, light_shares, profile
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.gis.store import LayerSpec
from streetsafe_plugin.gis.time_zones import clock_of, why_no_zone
from streetsafe_plugin.i18n import tr

REPORTS, TIMEZONE, OUTPUT, HTML = "REPORTS", "TIMEZONE", "OUTPUT", "HTML"
TOTAL, WITH_TIME, WITH_DATE, MONTH_ONLY = "TOTAL", "WITH_TIME", "WITH_DATE", "MONTH_ONLY"
UNDATED, NO_PLACE, AT_MIDNIGHT = "UNDATED", "NO_PLACE", "AT_MIDNIGHT"
SKIPPED_HOUR, REPEATED_HOUR = "SKIPPED_HOUR", "REPEATED_HOUR"
DAYLIGHT, TWILIGHT, DARK = "DAYLIGHT", "TWILIGHT", "DARK"

_DEGREES = "EPSG:4326"
_PLACES_AT_ONCE = 100_000


class TimeProfile(StreetSafeAlgorithm):
    """Count reports by month, weekday, hour and light."""

    ID = "timeprofile"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("When reports were sent")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Reports by month, weekday, hour and light, beside the time there was")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr(
            "time,hour,weekday,month,season,light,dark,daylight,twilight,sunset,clock,calendar"
        ).split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return "\n\n".join(
            [
                not_when(),
                tr(
                    "The table has a row for each month, weekday, hour and light (daylight,"
                    " twilight, dark): reports; share = of the reports of which so much is known,"
                    " empty where these are fewer than 50; days = how many such days the reports"
                    " cover; share_of_time = the share that would be if reports came evenly over"
                    " the time covered. Months between are there with 0.\n\n"
                    "Only reports with a time of day have an hour and a light, only those with a"
                    " date a weekday. Where no report has a time, the table and page have no hours"
                    " and no light, and say so; recorded crimes are known by the month only. Times"
                    " that are all at midnight, or far more often at midnight sharp than on the"
                    " stroke of any other hour, are taken for dates without a time.\n\n"
                    "TOTAL = WITH_TIME + WITH_DATE + MONTH_ONLY + UNDATED + NO_PLACE. A time in"
                    " the hour that comes twice in October is taken as the first (REPEATED_HOUR"
                    " says how many); one in the hour that is skipped in March is moved on by an"
                    " hour (SKIPPED_HOUR). Text with an offset from UTC is read as British time."
                ),
                method(tr("TIMEZONE")),
            ]
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask(
            QgsProcessingParameterFeatureSource(
                REPORTS, tr("Reports"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("Reports, crimes or any other points with a date, in any coordinate system."),
        )
        self.ask_advanced(
            QgsProcessingParameterString(TIMEZONE, tr("Time zone"), BRITISH, False, True),
            tr("Where the clocks are whose time the reports give, as Europe/London."),
        )
        ask_for_date_field(
            self, REPORTS, tr("Only needed where there is no submitted_at or month_start.")
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Time profile"), QgsProcessing.SourceType.TypeVector
            ),
            tr("A row for each month, weekday, hour and light."),
        )
        self.ask(
            QgsProcessingParameterFileDestination(
                HTML, tr("Report"), tr("HTML files (*.html)"), None, True, False
            ),
            tr("The same to read and print: bars, hours by weekday, method, cautions."),
        )
        for name, label in (
            (TOTAL, tr("Reports in the layer")),
            (WITH_TIME, tr("With a time")),
            (WITH_DATE, tr("With a date only")),
            (MONTH_ONLY, tr("With a month only")),
            (UNDATED, tr("Without a date")),
            (NO_PLACE, tr("Without a usable place")),
            (DAYLIGHT, tr("Sent in daylight")),
            (TWILIGHT, tr("Sent in twilight")),
            (DARK, tr("Sent in the dark")),
            (AT_MIDNIGHT, tr("At midnight for want of a time")),
            (REPEATED_HOUR, tr("In the hour that comes twice")),
            (SKIPPED_HOUR, tr("In the hour that is skipped")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a time zone that does not exist and a layer without a date."""
        why_not = why_no_zone(_zone(answers))
        if why_not:
            yield f"{TIMEZONE}: {why_not}"
        yield from no_date(answers, REPORTS)

    def execute(self, run: Run) -> dict[str, Any]:
        """Read, find the light of each report, count, write."""
        reports, dated = _read(run)
        with_time = dated.known == Known.TIME
        moments = dated.moments[with_time]
        timed = read_clock(moments, clock_of(_zone(run), moments))
        lonlat = _degrees(run, reports.xy[with_time], run.stage(0.4, 0.6))
        light = light_of(altitude(timed.utc, lonlat[:, 0], lonlat[:, 1], run.stage(0.6, 0.8)))
        place, light_time = _light_time(timed, lonlat, run.stage(0.8, 0.95))
        result = Result(
            profile(dated, timed, light, light_time),
            reports.total,
            sum(reports.excluded.values()),
            dated.at_midnight,
            int(timed.skipped.sum()),
            int(timed.repeated.sum()),
            _zone(run),
            place,
        )
        run.stage(0.95, 1.0)(0.0)
        _say(run, result)
        found = result.profile
        written = run.write(
            OUTPUT, LayerSpec(tr("Time profile"), table_fields(), "none"), rows(found)
        )
        lights = found.parts.get(LIGHT, ())
        return {
            OUTPUT: written,
            HTML: run.write_page(HTML, page(result, run.history())),
            TOTAL: result.total,
            WITH_TIME: found.with_time,
            WITH_DATE: found.with_date,
            MONTH_ONLY: found.month_only,
            UNDATED: found.undated,
            NO_PLACE: result.no_place,
            AT_MIDNIGHT: result.at_midnight,
            REPEATED_HOUR: result.repeated,
            SKIPPED_HOUR: result.skipped,
            **{name: part.reports for name, part in zip((DAYLIGHT, TWILIGHT, DARK), lights)},
        }


def _zone(answers: Answers) -> str:
    return answers.text(TIMEZONE) or BRITISH


def _read(run: Run) -> tuple[PointTable, DatedMoments]:
    source = run.source(REPORTS)
    field = date_field(run, source)
    if field is None:  # the check has refused this already
        raise InputRefused(tr("Reports have no date."), tr("Choose the field with the date."))
    columns = date_columns(field, source)
    table = run.points(REPORTS, columns, run.stage(0.0, 0.35))
    most = Known.TIME
    if field == MONTH_FIELD:
        most = Known.MONTH
    elif holds_days(source.fields().field(field)):
        most = Known.DAY
    stated = table.columns[PRECISION] if PRECISION in columns else None
    dated = read_moments(table.columns[field], most, stated)
    if not len(table.xy):
        raise InputRefused(
            tr("No report of “{}” has a usable place, so there is nothing to count.").format(
                source.sourceName()
            ),
            tr("Check the layer and its filter."),
        )
    if dated.unreadable:
        run.warn(
            tr(
                "{:,} values of {} cannot be read as dates and count as none: write them as"
                " 2022-03-31 21:30, or import the extract, which asks for the order of day and"
                " month."
            ).format(dated.unreadable, field)
        )
    if not (dated.known > Known.NOTHING).any():
        raise InputRefused(
            tr("No report of “{}” has a date in {}.").format(source.sourceName(), field),
            tr("Choose the field with the date in {}.").format(DATE_FIELD),
        )
    return table, dated


def _degrees(run: Run, xy: Floats, tick: Tick) -> Floats:
    """Return places (n, 2) as longitude and latitude."""
    system = QgsCoordinateReferenceSystem(_DEGREES)
    blocks = [np.empty((0, 2))]
    for start in range(0, len(xy), _PLACES_AT_ONCE):
        tick(start / len(xy))
        block = xy[start : start + _PLACES_AT_ONCE]
        blocks.append(transform_xy(block, run.crs, system, run.context.transformContext()))
    return np.concatenate(blocks)


def _light_time(
    timed: ClockReading, lonlat: Floats, tick: Tick
) -> tuple[tuple[float, float] | None, Floats]:
    """Return the mean place of the reports, and what share of the time each light was there."""
    known = lonlat[np.isfinite(lonlat).all(axis=1)]
    if not len(known):
        return None, np.zeros(len(LIGHTS))
    lon, lat = known.mean(axis=0).tolist()
    return (lon, lat), light_shares(timed, lon, lat, tick)


def _say(run: Run, result: Result) -> None:
    """Put the answer into the log and the table's notes."""
    cautions = result.cautions()
    if not result.profile.with_time:
        cautions.append(no_hours())
    sentences = [not_when(), result.accounting()]
    if result.profile.with_time:
        sentences.append(tr("Times were read as the local time of {}.").format(result.zone))
        sentences.append(result.headline())
    for sentence in sentences:
        run.say(sentence)
    for caution in cautions:
        run.warn(caution)
    for sentence in [*sentences, *cautions]:
        run.note(sentence)
