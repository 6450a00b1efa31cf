# SPDX-License-Identifier: GPL-2.0-or-later
"""What speaks against reading too much into a comparison of reports and crimes."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.algorithms.area_input import AREA
from streetsafe_plugin.algorithms.base import Run, some_of
from streetsafe_plugin.algorithms.gap_ground import AREAS, Ground
from streetsafe_plugin.algorithms.park_input import PARKS, read_parks
from streetsafe_plugin.algorithms.report_dates import DATE_FIELDS
from streetsafe_plugin.domain import gap_words, snapping
from streetsafe_plugin.domain.arrays import Floats, Moments
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.i18n import tr

REPORTS, CRIMES = "REPORTS", "CRIMES"
FLAGS = "flags"


def columns_to_read(run: Run, name: str) -> list[str]:
    """Return the fields of a layer that cautions are drawn from."""
    fields = run.source(name).fields().names()
    return [field for field in (FLAGS, *DATE_FIELDS) if field in fields]


def caution(run: Run, reports: PointTable, crimes: PointTable, ground: Ground, tick: Tick) -> None:
    """Warn of periods, extents and map points that do not bear the comparison."""
    _compare_periods(run, reports, crimes)
    if not run.given(AREAS) and not run.given(AREA):
        _compare_extents(run, reports.xy, crimes.xy)
    flags = crimes.columns.get(FLAGS, np.empty(0))
    if snapping.are_flagged(flags.tolist()) or snapping.look_snapped(crimes.xy):
        _warn_of_small_places(run, ground)
    if run.given(PARKS):
        _warn_of_parks(run, crimes.xy, tick)


def _tell(run: Run, sentence: str) -> None:
    run.warn(sentence)
    run.note(sentence)


def _days(table: PointTable) -> Moments:
    """Return a layer's dates, none where it has no field for them."""
    field = next((field for field in DATE_FIELDS if field in table.columns), None)
    return days_of(table.columns[field] if field else [])[0]


def _compare_periods(run: Run, reports: PointTable, crimes: PointTable) -> None:
    for sentence in gap_words.months_apart(_days(reports), _days(crimes)):
        if sentence == gap_words.NO_MONTH_IN_COMMON:
            _tell(run, sentence)
        else:
            run.say(sentence)
            run.note(sentence)


def _compare_extents(run: Run, reports: Floats, crimes: Floats) -> None:
    for sentence in gap_words.lie_beyond(reports, crimes):
        _tell(run, tr("{}: give Area.").format(sentence))


def _warn_of_small_places(run: Run, ground: Ground) -> None:
    small = gap_words.too_small(ground.areas_km2)
    if not small:
        return
    if run.given(AREAS):
        places = tr("{} of {} areas are smaller than that").format(small, len(ground.ids))
        remedy = tr("use larger areas")
    else:
        places = tr("the hexagons are smaller than that")
        remedy = tr("widen CELL_SIZE")
    sentence = gap_words.moved_to_map_points(places)
    _tell(run, tr("{}: {}, or read neighbours together.").format(sentence, remedy))


def _warn_of_parks(run: Run, crimes: Floats, tick: Tick) -> None:
    parks = read_parks(run, tick)
    inside, on_one = snapping.most_on_one_point(crimes, [park.shape for park in parks])
    named = [
        tr("{} ({} of {})").format(parks[park].name, on_one[park], inside[park])
        for park in snapping.are_map_points(inside, on_one)
    ]
    if named:
        _tell(
            run,
            tr(
                "In these parks half or more of the crimes share one coordinate, so the park is a"
                " map point itself and its crimes may have happened around it: {}."
            ).format(some_of(named)),
        )
