# SPDX-License-Identifier: GPL-2.0-or-later
"""The first places of the fix list, with grid reference and nearest park."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools
from streetsafe_plugin.domain.briefing_pack.material import Asked, ReportSet
from streetsafe_plugin.domain.grid_references import grid_reference
from streetsafe_plugin.domain.nearest_parks import nearest_parks
from streetsafe_plugin.domain.pack import Fix
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.priorities import FixList, fix_list
from streetsafe_plugin.domain.progress import Tick, no_tick

#: Those of the fix list itself.
DISTANCE_M, FEWEST = 50.0, 3
#: More than this nobody mends before the next briefing.
MOST = 40


@dataclass(frozen=True)
class Fixes:
    """The first places of a fix list, what is to be said of it, and the reports of each place."""

    rows: tuple[Fix, ...]
    sentences: tuple[str, ...]
    places: dict[str, Bools]


def fixes(
    reports: ReportSet, parks: Sequence[ParkGround], asked: Asked, tick: Tick = no_tick
) -> Fixes:
    """Return the places where most reports tick the same reason."""
    if not reports.ticks:
        return Fixes((), ("The layer says nothing of reasons, so there is no fix list.",), {})
    found = fix_list(reports.xy, reports.ticks, DISTANCE_M, FEWEST, tick)
    listed = found.places[:MOST]
    xy = np.array([(place.x, place.y) for place in listed], dtype=float).reshape(-1, 2)
    owners, metres = nearest_parks(
        xy, [park.shape for park in parks], [park.park_id for park in parks]
    )
    rows = tuple(
        Fix(
            rank,
            place.reason.code,
            place.reason.label,
            place.reason.owner,
            len(place.reports),
            place.x,
            place.y,
            (grid_reference(place.x, place.y) if asked.national_grid else None) or "",
            parks[owner].name if owner >= 0 else "",
            float(off) if owner >= 0 else None,
        )
        for rank, (place, owner, off) in enumerate(zip(listed, owners.tolist(), metres), start=1)
    )
    places = {}
    for rank, place in enumerate(listed, start=1):
        inside = np.zeros(len(reports.xy), dtype=bool)
        inside[place.reports] = True
        places[f"fix {rank}"] = inside
    return Fixes(rows, tuple(_sentences(found)), places)


def _sentences(found: FixList) -> list[str]:
    rule = f"{FEWEST} reports or more with the same reason within {DISTANCE_M:g} m"
    if not found.places:
        return [f"No place has {rule}."]
    said = [f"A place of this list has {rule}; it is listed again for another reason."]
    if len(found.places) > MOST:
        said.append(
            f"These are the first {MOST} of {len(found.places):,} places, those with most reports."
        )
    return said
