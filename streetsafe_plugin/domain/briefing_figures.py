# SPDX-License-Identifier: GPL-2.0-or-later
"""From reports, parks and rings to the figures of a briefing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.briefing import months, most_frequent
from streetsafe_plugin.domain.pack import Park, Whole, Zone
from streetsafe_plugin.domain.park_counts import RingCounts, account, count_rings
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.ring_shapes import ring_shapes
from streetsafe_plugin.domain.rings import assign, ring_limits
from streetsafe_plugin.domain.taxonomy import REASONS

_M2_PER_HA = 10_000.0


@dataclass(frozen=True)
class ParkGround:
    """A park as it comes in: its names, where it is, how well its edge is known, and its shape."""

    park_id: str
    name: str
    district: str
    indicative: bool
    note: str
    shape: BaseGeometry


@dataclass(frozen=True)
class ReportSet:
    """Reports as arrays: places (n, 2) in metres, dates (None where unknown), ticked reasons.

    `total` counts what was read, `excluded` what could not be placed, by reason.
    """

    xy: Floats
    dates: Sequence[datetime.date | None]
    ticks: Mapping[str, Bools]
    total: int
    excluded: Mapping[str, int]


@dataclass(frozen=True)
class CrimeSet:
    """Recorded crimes as places (n, 2) in metres, and the first days of the months they cover."""

    xy: Floats
    months: Sequence[datetime.date]


def figures(
    reports: ReportSet,
    parks: Sequence[ParkGround],
    limits_m: Sequence[float],
    crimes: CrimeSet | None = None,
    tick: Tick = no_tick,
) -> tuple[Whole, list[Park]]:
    """Return what a briefing says of all reports and of each park, in the parks' order.

    Args:
        reports: the reports.
        parks: at least one park.
        limits_m: outer distances of the rings, ascending.
        crimes: recorded crimes, for context; None where there are none to show.
        tick: progress.

    Raises:
        DoesNotAddUp: a report is missing from the accounting or counted twice.
    """
    shapes, ids = [park.shape for park in parks], [park.park_id for park in parks]
    rings = len(limits_m) + 1
    belonging = assign(reports.xy, shapes, limits_m, tick=lambda share: tick(0.4 * share), ids=ids)
    counts = count_rings(belonging, len(parks), rings, reports.ticks)
    accounting = account(reports.total, belonging, counts, reports.excluded, True)
    zone_shapes = ring_shapes(shapes, limits_m, tick=lambda share: tick(0.4 + 0.4 * share), ids=ids)
    crime_counts = None
    if crimes is not None:
        near = assign(
            crimes.xy, shapes, limits_m, tick=lambda share: tick(0.8 + 0.2 * share), ids=ids
        )
        crime_counts = count_rings(near, len(parks), rings, {}).reports.sum(axis=1)
    made = [
        _park(number, park, zone_shapes[number], limits_m, counts, crime_counts)
        for number, park in enumerate(parks)
    ]
    dated = [date for date in reports.dates if date is not None]
    complete = len(reports.ticks) == len(REASONS)
    whole = Whole(
        read=accounting.total,
        used=accounting.inside + accounting.in_rings + accounting.outside,
        inside=accounting.inside,
        in_rings=accounting.in_rings,
        outside=accounting.outside,
        excluded=accounting.excluded,
        mentions=sum(int(ticked.sum()) for ticked in reports.ticks.values()) if complete else None,
        first=min(dated, default=None),
        last=max(dated, default=None),
        undated=len(reports.dates) - len(dated),
        crime_period="" if crimes is None else months(crimes.months),
    )
    return whole, made


def _park(
    number: int,
    park: ParkGround,
    shapes: Sequence[BaseGeometry],
    limits_m: Sequence[float],
    counts: RingCounts,
    crimes: Ints | None,
) -> Park:
    zones = tuple(
        Zone(
            inner,
            outer,
            shape.area / _M2_PER_HA,
            int(counts.reports[number, ring]),
            None if counts.mentions is None else int(counts.mentions[number, ring]),
        )
        for ring, ((inner, outer), shape) in enumerate(zip(ring_limits(limits_m), shapes))
    )
    known = [reason for reason in REASONS if reason.code in counts.reasons]
    return Park(
        number=number + 1,
        park_id=park.park_id,
        name=park.name,
        district=park.district,
        indicative=park.indicative,
        note=park.note,
        zones=zones,
        zone_shapes=tuple(shapes),
        reasons=most_frequent(
            [reason.label for reason in known],
            [int(counts.reasons[reason.code][number].sum()) for reason in known],
        ),
        crimes=None if crimes is None else int(crimes[number]),
        within=int(counts.reports[number].sum()),
    )
