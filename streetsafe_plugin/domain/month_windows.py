# SPDX-License-Identifier: GPL-2.0-or-later
"""Periods of whole calendar months, of which the reports cover every day.

A date that stands for a month says nothing of its days, and a month beyond the first and last of
an extract may be one without crime or one that nobody has: it is no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Moments
from streetsafe_plugin.domain.periods import Calendar, Windows, missing_months, months_covered


@dataclass(frozen=True)
class Cover:
    """The whole months that reports cover, and which days of a calendar they leave out.

    `months` is None where no report has a date. `lacking` are the days of months without a single
    report between others that have many, `beyond` those before the first and after the last month.
    """

    calendar: Calendar
    months: Calendar | None
    lacking: Bools
    beyond: Bools

    @property
    def days(self) -> Bools:
        """Tell which days of the calendar are covered."""
        return np.asarray(~(self.lacking | self.beyond))


def cover_of(dates: Moments, to_the_month: Bools, calendar: Calendar) -> Cover:
    """Return what reports with these dates, some standing for a whole month, cover."""
    months = months_covered(dates, to_the_month)
    beyond = np.ones(calendar.days, dtype=bool)
    if months is not None:
        beyond = ~calendar.between(months.first, months.last)
    return Cover(calendar, months, missing_months(dates, calendar), beyond)


def whole_month_windows(windows: Sequence[Windows], cover: Cover) -> list[Windows]:
    """Return what periods hold of the whole months that are covered."""
    calendar = cover.calendar
    return [
        without_days(
            Windows(
                calendar.whole_months(one.before), calendar.whole_months(one.after), one.why_not
            ),
            ~cover.days,
        )
        for one in windows
    ]


def without_days(windows: Windows, days: Bools) -> Windows:
    """Return periods without some of their days."""
    return Windows(windows.before & ~days, windows.after & ~days, windows.why_not)
