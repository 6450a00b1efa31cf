# SPDX-License-Identifier: GPL-2.0-or-later
"""From reports, parks and crimes to everything that a briefing says.

The parts are in `briefing_pack/`, each with its rule; here they are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Ints
from streetsafe_plugin.domain.briefing_pack.change import changes
from streetsafe_plugin.domain.briefing_pack.enough import enough
from streetsafe_plugin.domain.briefing_pack.fear_and_crime import fear_and_crime
from streetsafe_plugin.domain.briefing_pack.fixes import fixes
from streetsafe_plugin.domain.briefing_pack.hot_spots import hot_spots
from streetsafe_plugin.domain.briefing_pack.material import (
    Asked,
    CrimeSet,
    ReportSet,
)
from streetsafe_plugin.domain.briefing_pack.parks import CountedParks, count_parks
from streetsafe_plugin.domain.briefing_pack.trend import month_numbers, months_of, trends
from streetsafe_plugin.domain.pack import NO_MONTH, Audience, Counted, Pack, Trend
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.progress import Tick, no_tick, part
from streetsafe_plugin.domain.report_keys import report_keys


def make_pack(
    reports: ReportSet,
    grounds: Sequence[ParkGround],
    asked: Asked,
    crimes: CrimeSet | None = None,
    tick: Tick = no_tick,
) -> tuple[Pack, Counted]:
    """Return all figures of an internal briefing, and which report counts where.

    Args:
        reports: The reports that count, perhaps none.
        grounds: At least one park.
        asked: What the pack is to hold.
        crimes: Recorded crimes that count; None where there are none to show.
        tick: Progress.

    Raises:
        DoesNotAddUp: a report is missing from the accounting or counted twice.
    """
    found = count_parks(reports, grounds, crimes, asked, part(tick, 0.0, 0.25))
    month = _months_or_none(reports)
    months = months_of(reports, asked)
    whole_trend: Trend | None = None
    park_trends: list[Trend | None] = [None] * len(found.parks)
    if months is not None:
        whole_trend, own = trends(months, month, found.park, len(found.parks))
        park_trends = [*own]
    whole_change, of_given = changes(reports, grounds, months, asked, part(tick, 0.25, 0.6))
    hot, cell_of = hot_spots(reports.xy, asked, part(tick, 0.6, 0.7))
    listed = fixes(reports, grounds, asked, part(tick, 0.7, 0.8))
    divided = {"hot_spots": cell_of}
    gap = None
    if crimes is not None:
        gap, divided["fear_and_crime"] = fear_and_crime(
            reports, crimes, asked, part(tick, 0.8, 0.9)
        )
    pack = Pack(
        Audience.INTERNAL,
        replace(found.whole, trend=whole_trend, change=whole_change),
        tuple(
            replace(park, trend=trend, change=of_given[number])
            for park, trend, number in zip(found.parks, park_trends, found.given)
        ),
        enough(reports.xy, asked.area, part(tick, 0.9, 1.0)),
        hot,
        listed.rows,
        gap,
        fix_sentences=listed.sentences,
    )
    return pack, _counted(reports, found, month, listed.places, divided)


def _counted(
    reports: ReportSet,
    found: CountedParks,
    month: Ints,
    places: dict[str, Bools],
    divided: dict[str, Ints],
) -> Counted:
    keys = report_keys(reports.xy, reports.dates) if reports.keys is None else reports.keys
    return Counted(keys, found.park, found.ring, month, reports.ticks, places, divided)


def _months_or_none(reports: ReportSet) -> Ints:
    known = ~np.isnat(reports.dates)
    month = np.full(len(reports.dates), NO_MONTH, dtype=np.int64)
    month[known] = month_numbers(reports.dates[known])
    return month
