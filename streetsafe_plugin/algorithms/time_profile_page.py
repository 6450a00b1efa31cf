# SPDX-License-Identifier: GPL-2.0-or-later
"""How a time profile is told: the table's rows, its sentences and the page, from one profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from streetsafe_plugin.compat import integer_field, real_field, text_field
from streetsafe_plugin.domain.briefing import SMALLEST_BASE, counted, day
from streetsafe_plugin.domain.briefing import share as share_in_words
from streetsafe_plugin.domain.time_profile import (
    FEW_A_CELL,
    HOURS,
    LIGHT,
    MONTHS,
    WEEKDAY_NAMES,
    WEEKDAYS,
    Part,
    Profile,
)
from streetsafe_plugin.gis.html_page import Bar, Page
from streetsafe_plugin.gis.store import Row
from streetsafe_plugin.i18n import tr


@dataclass(frozen=True)
class Result:
    """A profile, and what must be said of how it came about.

    `total` counts the features of the layer, `no_place` those left out for want of one;
    `at_midnight`, `skipped` and `repeated` the times that had to be judged; `place` is the mean
    place of the reports with a time (longitude, latitude).
    """

    profile: Profile
    total: int
    no_place: int
    at_midnight: int
    skipped: int
    repeated: int
    zone: str
    place: tuple[float, float] | None

    def accounting(self) -> str:
        """Return the sentence that says of every report what is known of its time."""
        found = self.profile
        return tr(
            "{:,} reports = {:,} with a time + {:,} with a date only + {:,} with a month only +"
            " {:,} without a date + {:,} without a place."
        ).format(
            self.total,
            found.with_time,
            found.with_date,
            found.month_only,
            found.undated,
            self.no_place,
        )

    def headline(self) -> str:
        """Return what can be said first: of light, or why nothing can be said of it."""
        if not self.profile.with_time:
            return no_hours()
        dark = self.profile.parts[LIGHT][-1]
        base = self.profile.base(LIGHT)
        part = share_in_words(dark.reports, base)
        given = f" ({part})" if part else ""
        return tr(
            "Of {} with a time, {:,}{} {} sent in the dark. It was dark for {:.1f} % of the time."
        ).format(
            counted(base, "report"),
            dark.reports,
            given,
            tr("was") if dark.reports == 1 else tr("were"),
            100 * dark.share_of_time,
        )

    def cautions(self) -> list[str]:
        """Return what a reader must not overlook."""
        found = []
        if 0 < self.profile.with_time < SMALLEST_BASE:
            found.append(
                tr(
                    "Fewer than {} reports have a time: one more or less changes the picture, so"
                    " nothing can be said of a pattern."
                ).format(SMALLEST_BASE)
            )
        if self.at_midnight:
            found.append(
                tr(
                    "Reports at midnight sharp, more than on the stroke of any other hour: {:,}."
                    " They are taken to have a date only, and count for no hour and no light."
                ).format(self.at_midnight)
            )
        if 0 < self.profile.with_time < self.profile.with_date + self.profile.with_time:
            found.append(
                tr("Reports with a date only: {:,}. They are missing from hours and light.").format(
                    self.profile.with_date
                )
            )
        if self.repeated:
            found.append(
                tr(
                    "Reports sent in the hour that comes twice when the clocks go back: {:,}. They"
                    " are taken as sent the first time round."
                ).format(self.repeated)
            )
        if self.skipped:
            found.append(
                tr(
                    "Reports with a time in the hour that is skipped when the clocks go forward:"
                    " {:,}. No clock showed it, so they were moved on by an hour."
                ).format(self.skipped)
            )
        if self.profile.missing():
            found.append(
                tr("Months without a single report are missing and count as no time: {}.").format(
                    ", ".join(self.profile.missing())
                )
            )
        lightless = self.profile.with_time - self.profile.base(LIGHT)
        if lightless:
            found.append(
                tr("Reports whose light cannot be told, for want of a latitude: {:,}.").format(
                    lightless
                )
            )
        return found


def not_when() -> str:
    """Return the sentence without which no figure here may be read."""
    return tr(
        "These are the times at which reports were sent, not the times at which people felt unsafe:"
        " a report may be sent hours or days later, and from elsewhere."
    )


def no_hours() -> str:
    """Return why there are no hours and no light."""
    return tr(
        "No report has a time of day, so nothing can be said of hours or of light. Import an"
        " extract with times to see them."
    )


def table_fields() -> list[Any]:
    """Return the fields of the table."""
    return [
        text_field("dimension"),
        text_field("value"),
        integer_field("order"),
        integer_field("reports"),
        real_field("share"),
        integer_field("days"),
        real_field("share_of_time"),
    ]


def rows(profile: Profile) -> Iterator[Row]:
    """Yield a row for each month, weekday, hour and light."""
    for dimension, parts in profile.parts.items():
        for part in parts:
            yield (
                None,
                [
                    dimension,
                    part.value,
                    part.order,
                    part.reports,
                    part.share,
                    part.days,
                    part.share_of_time,
                ],
            )


def page(result: Result, history: Sequence[str]) -> str:
    """Return the profile as an HTML page."""
    profile = result.profile
    written = Page(tr("When reports were sent"))
    written.paragraph(not_when(), "caution")
    written.paragraph(result.headline(), "lead")
    written.paragraph(result.accounting())
    for caution in result.cautions():
        written.paragraph(caution, "caution")
    written.paragraph(
        tr(
            "Bar: reports. Upright stroke: as many as there would be if reports came evenly over"
            " the time covered. By chance alone a count of 25 moves between about 15 and 35, one"
            " of 100 between about 80 and 120. No share is given of fewer than {} reports."
        ).format(SMALLEST_BASE)
    )
    _light(written, result)
    if HOURS in profile.parts:
        written.heading(tr("Hour of the day"))
        _bars(written, tr("Hour"), [_hour(part) for part in profile.parts[HOURS]], profile, HOURS)
        _hours_by_weekday(written, profile)
    if WEEKDAYS in profile.parts:
        written.heading(tr("Weekday"))
        names = [part.value for part in profile.parts[WEEKDAYS]]
        _bars(written, tr("Weekday"), names, profile, WEEKDAYS)
    written.heading(tr("Month"))
    _bars(written, tr("Month"), [_month(part) for part in profile.parts[MONTHS]], profile, MONTHS)
    written.heading(tr("How the figures are made"))
    for paragraph in method(result.zone).split("\n\n"):
        written.paragraph(paragraph, "small")
    said = {not_when(), result.headline(), result.accounting(), *result.cautions()}
    for line in history:
        if line not in said:
            written.paragraph(line, "small")
    written.paragraph(tr("A working paper: choose a marking before it leaves the team."))
    return written.html()


def method(zone: str) -> str:
    """Return how the figures are made, in paragraphs."""
    return tr(
        "Times are read as the local time of {}, summer time included. Light is judged from the"
        " height of the sun's centre at each report's place and moment (Meeus, Astronomical"
        " Algorithms, low accuracy, good to 0.01°): daylight above -0.833°, which is sunrise and"
        " sunset; twilight down to -6°, the end of civil twilight; dark below. Clouds, trees and"
        " street lights are not known.\n\n"
        "The time covered runs from the first to the last report of each kind; a month at either"
        " end counts with the days it has. The share of time that was light or dark is taken every"
        " ten minutes of those days at the mean place of the reports.\n\n"
        "More reports in one season or at one hour may come of publicity, of when people have"
        " time to report, or of how many people are about. Most people are asleep for part of the"
        " dark hours, so fewer reports in the dark than dark time do not show that darkness is no"
        " concern; the reasons that people ticked say that."
    ).format(zone)


def _light(written: Page, result: Result) -> None:
    profile = result.profile
    if profile.period is None or result.place is None:
        return
    written.heading(tr("Light"))
    first, last = (one.astype("datetime64[D]").item() for one in profile.period)
    lon, lat = result.place
    written.paragraph(
        tr("The sun from {} to {}, at {:.2f}° {}, {:.2f}° {}.").format(
            day(first),
            day(last),
            abs(lat),
            tr("north") if lat >= 0 else tr("south"),
            abs(lon),
            tr("east") if lon >= 0 else tr("west"),
        )
    )
    names = [tr("Daylight"), tr("Twilight"), tr("Dark")]
    _bars(written, tr("Light"), names, profile, LIGHT)


def _bars(
    written: Page, heading: str, names: Sequence[str], profile: Profile, dimension: str
) -> None:
    parts, base = profile.parts[dimension], profile.base(dimension)
    with_days = parts[0].days is not None
    head = [heading, *([tr("Days")] if with_days else []), tr("Reports"), tr("Share"),
            tr("Share of time"), ""]  # fmt: skip
    written.bars(
        head,
        [
            Bar(
                [
                    name,
                    *([f"{part.days:,}"] if with_days else []),
                    f"{part.reports:,}",
                    "–" if part.share is None else f"{100 * part.share:.1f} %",
                    f"{100 * part.share_of_time:.1f} %",
                ],
                part.reports,
                base * part.share_of_time,
            )
            for name, part in zip(names, parts)
        ],
    )


def _hours_by_weekday(written: Page, profile: Profile) -> None:
    written.heading(tr("Hour by weekday"))
    if profile.hour_by_weekday is None:
        written.paragraph(
            tr(
                "{:,} reports are too few for a table of 168 cells: there would be fewer than {} to"
                " a cell."
            ).format(profile.with_time, FEW_A_CELL)
        )
        return
    hours = [part.value for part in profile.parts[HOURS]]
    written.heat(["", *hours], WEEKDAY_NAMES, profile.hour_by_weekday.T.tolist())
    written.paragraph(
        tr("Reports in each hour of each weekday; the hour is that in which the report was sent."),
        "small",
    )


def _hour(part: Part) -> str:
    return f"{part.value}:00–{part.value}:59"


def _month(part: Part) -> str:
    year, month = part.value.split("-")
    return f"{_MONTH_NAMES[int(month) - 1]} {year}"


_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
