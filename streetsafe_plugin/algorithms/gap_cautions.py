# SPDX-License-Identifier: GPL-2.0-or-later
"""What speaks against reading too much into a comparison of reports and crimes."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.algorithms.area_input import AREA
from streetsafe_plugin.algorithms.base import Run, some_of
from streetsafe_plugin.algorithms.gap_ground import AREAS, Ground
from streetsafe_plugin.algorithms.park_input import PARKS, read_parks
from streetsafe_plugin.algorithms.report_dates import DATE_FIELDS
from streetsafe_plugin.domain import snapping
from streetsafe_plugin.domain.arrays import Floats, Moments
from streetsafe_plugin.domain.park_counts import M2_PER_KM2
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.gis.layers import PointTable
from streetsafe_plugin.i18n import tr

REPORTS, CRIMES = "REPORTS", "CRIMES"
FLAGS = "flags"
#: With more than this share of a layer beyond the other's extent, one covers more ground.
_MUCH_BEYOND = 0.1


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


def _period(table: PointTable) -> tuple[Moments, Moments] | None:
    """Return the first and last day of a layer's dates; None where it has none."""
    field = next((field for field in DATE_FIELDS if field in table.columns), None)
    if field is None:
        return None
    days, _ = days_of(table.columns[field])
    known = days[~np.isnat(days)]
    return (known.min(), known.max()) if len(known) else None


def _compare_periods(run: Run, reports: PointTable, crimes: PointTable) -> None:
    of_reports, of_crimes = _period(reports), _period(crimes)
    if of_reports is None or of_crimes is None:
        return
    # crimes are dated on the first day of their month
    months = [[day.astype("datetime64[M]") for day in period] for period in (of_reports, of_crimes)]
    if months[0] == months[1]:
        return
    sentence = tr("Reports are from {} to {}, crimes from {} to {}.").format(*months[0], *months[1])
    run.say(sentence)
    run.note(sentence)
    if months[0][1] < months[1][0] or months[1][1] < months[0][0]:
        _tell(
            run,
            tr(
                "Reports and crimes have no month in common, so a difference may be one of time"
                " and not of place."
            ),
        )


def _compare_extents(run: Run, reports: Floats, crimes: Floats) -> None:
    for xy, others, sentence in (
        (
            crimes,
            reports,
            tr("{:.0%} of the crimes lie beyond the reports' extent. If reports were not gathered"
               " there, every place elsewhere seems feared: give Area."),
        ),
        (
            reports,
            crimes,
            tr("{:.0%} of the reports lie beyond the crimes' extent. If crimes were not recorded"
               " there or left out, every such place seems feared: give Area."),
        ),
    ):  # fmt: skip
        low, high = others.min(axis=0), others.max(axis=0)
        beyond = float(((xy < low) | (xy > high)).any(axis=1).mean())
        if beyond > _MUCH_BEYOND:
            _tell(run, sentence.format(beyond))


def _warn_of_small_places(run: Run, ground: Ground) -> None:
    least_km2 = snapping.SNAPPING_M**2 * np.sqrt(3) / 2 / M2_PER_KM2
    small = sum(area < least_km2 for area in ground.areas_km2)
    if not small:
        return
    if run.given(AREAS):
        places = tr("{} of {} areas are smaller than that").format(small, len(ground.ids))
        remedy = tr("use larger areas")
    else:
        places = tr("the hexagons are smaller than that")
        remedy = tr("widen CELL_SIZE")
    _tell(
        run,
        tr(
            "The crimes lie on map points, up to a few hundred metres from where they happened."
            " Places should be {:g} m wide or more, but {}: {}, or read neighbours together."
        ).format(snapping.SNAPPING_M, places, remedy),
    )


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
