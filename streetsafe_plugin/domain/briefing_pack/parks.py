# SPDX-License-Identifier: GPL-2.0-or-later
"""The parks of a briefing and the accounting of all its reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Ints
from streetsafe_plugin.domain.briefing_pack.material import Asked, CrimeSet, ReportSet
from streetsafe_plugin.domain.briefing_words import months, most_frequent
from streetsafe_plugin.domain.pack import Park, Whole, Zone
from streetsafe_plugin.domain.park_counts import RingCounts, account, count_rings
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.parks import M2_PER_HA
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.ring_shapes import cut_at, ring_shapes
from streetsafe_plugin.domain.rings import assign, ring_limits
from streetsafe_plugin.domain.taxonomy import REASONS


@dataclass(frozen=True)
class CountedParks:
    """The parks and the whole, and which of the parks given is each.

    `given` has the number, among the parks that were given, of each park of the pack. `park` and
    `ring` hold for each report (n) the number of its park in the pack and its zone, -1 outside.
    """

    whole: Whole
    parks: tuple[Park, ...]
    given: tuple[int, ...]
    park: Ints
    ring: Ints


def count_parks(
    reports: ReportSet,
    grounds: Sequence[ParkGround],
    crimes: CrimeSet | None,
    asked: Asked,
    tick: Tick = no_tick,
) -> CountedParks:
    """Return what a briefing says of all reports and of each park, in the parks' order.

    Parks of which the area holds neither ground nor report are left out: nobody looked there.

    Raises:
        DoesNotAddUp: a report is missing from the accounting or counted twice.
    """
    shapes, ids = [park.shape for park in grounds], [park.park_id for park in grounds]
    limits, rings = asked.limits_m, len(asked.limits_m) + 1
    belonging = assign(reports.xy, shapes, limits, tick=lambda share: tick(0.3 * share), ids=ids)
    counts = count_rings(belonging, len(grounds), rings, reports.ticks)
    accounting = account(reports.total, belonging, counts, reports.excluded, True)
    zones = ring_shapes(shapes, limits, tick=lambda share: tick(0.3 + 0.4 * share), ids=ids)
    if asked.area is not None:
        zones = cut_at(zones, asked.area)
    near = None
    if crimes is not None:
        found = assign(
            crimes.xy, shapes, limits, tick=lambda share: tick(0.7 + 0.3 * share), ids=ids
        )
        near = count_rings(found, len(grounds), rings, {}).reports.sum(axis=1)
    looked_at = [
        number
        for number, of_park in enumerate(zones)
        if counts.reports[number].any() or any(shape.area > 0 for shape in of_park)
    ]
    parks = tuple(
        _park(place + 1, grounds[number], zones[number], limits, number, counts, near)
        for place, number in enumerate(looked_at)
    )
    renumbered = np.full(len(grounds), -1, dtype=np.int64)
    renumbered[looked_at] = np.arange(len(looked_at))
    park = np.full(len(reports.xy), -1, dtype=np.int64)
    ring = park.copy()
    park[belonging.reports] = renumbered[belonging.parks]
    ring[belonging.reports] = belonging.rings
    known = reports.dates[~np.isnat(reports.dates)]
    complete = len(reports.ticks) == len(REASONS)
    whole = Whole(
        read=accounting.total,
        used=accounting.inside + accounting.in_rings + accounting.outside,
        inside=accounting.inside,
        in_rings=accounting.in_rings,
        outside=accounting.outside,
        excluded=accounting.excluded,
        mentions=sum(int(ticked.sum()) for ticked in reports.ticks.values()) if complete else None,
        first=known.min().item() if len(known) else None,
        last=known.max().item() if len(known) else None,
        undated=len(reports.dates) - len(known),
        crime_period="" if crimes is None else months(crimes.months),
        to_the_month=bool(reports.monthly.any()),
        reasons=_reasons({code: int(held.sum()) for code, held in reports.ticks.items()}),
        tells_reasons=complete,
    )
    return CountedParks(whole, parks, tuple(looked_at), park, ring)


def _park(
    place: int,
    ground: ParkGround,
    shapes: Sequence[BaseGeometry],
    limits_m: Sequence[float],
    number: int,
    counts: RingCounts,
    crimes: Ints | None,
) -> Park:
    zones = tuple(
        Zone(
            inner,
            outer,
            shape.area / M2_PER_HA,
            int(counts.reports[number, ring]),
            None if counts.mentions is None else int(counts.mentions[number, ring]),
        )
        for ring, ((inner, outer), shape) in enumerate(zip(ring_limits(limits_m), shapes))
    )
    return Park(
        number=place,
        park_id=ground.park_id,
        name=ground.name,
        district=ground.district,
        indicative=ground.indicative,
        note=ground.note,
        zones=zones,
        zone_shapes=tuple(shapes),
        reasons=_reasons({code: int(held[number].sum()) for code, held in counts.reasons.items()}),
        crimes=None if crimes is None else int(crimes[number]),
        within=int(counts.reports[number].sum()),
    )


def _reasons(mentions: dict[str, int]) -> tuple[tuple[str, int], ...]:
    known = [reason for reason in REASONS if reason.code in mentions]
    return most_frequent(
        [reason.label for reason in known], [mentions[reason.code] for reason in known]
    )
