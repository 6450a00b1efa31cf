# SPDX-License-Identifier: GPL-2.0-or-later
"""Work out what an extract changes in a layer of reports: added, changed and unchanged rows.

Reports are the same by their id. What a report holds is compared, not which file brought it, nor
the marks that depend on its neighbours; those are worked out anew over all reports together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints, Moments, Texts
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.flags import AMONG_OTHERS, OUTSIDE_AREA, coincidences
from streetsafe_plugin.domain.reading.table import texts


@dataclass(frozen=True)
class Content:
    """What reports hold that an update compares; every array has one entry a report.

    `xy` is (n, 2) in metres, `reasons` is (n, 12). `others` are further fields by name, texts that
    are empty where nothing was said.
    """

    report_id: Texts
    xy: Floats
    moments: Moments
    precisions: Texts
    reasons: Bools
    crime_reported: Texts
    why_not_reported: Texts
    place_source: Texts
    flags: Texts
    others: Mapping[str, Texts] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many reports there are."""
        return len(self.report_id)


@dataclass(frozen=True)
class UpdatePlan:
    """What to write: positions among the new reports and among those that are there.

    `changed` are pairs of a new report and the one it replaces. `new_flags` are the marks of each
    new report, `old_flags` the marks of those there that change, by position.
    """

    added: Ints
    changed: tuple[tuple[int, int], ...]
    unchanged: int
    new_flags: Texts
    old_flags: Mapping[int, str]


def plan_update(there: Content, new: Content, area_known: bool = True) -> UpdatePlan:
    """Return what must be written so that the layer holds the new reports too.

    Reports that are not among the new ones stay: an extract may hold one month only. Without
    `area_known` the mark for places outside the area is left as it is.

    Raises:
        InputRefused: an id stands twice in the layer, so it cannot be told which row is meant.
    """
    position = {report_id: row for row, report_id in enumerate(there.report_id.tolist())}
    if len(position) < len(there):
        raise InputRefused(
            f"{len(there) - len(position)} rows of TARGET repeat the report_id of another row.",
            "Delete the repeated rows, or import into a new layer.",
        )
    match = np.array([position.get(one, -1) for one in new.report_id.tolist()], dtype=np.int64)
    known = np.flatnonzero(match >= 0)
    same = _same(there, match[known], new, known, area_known)
    changed = tuple(zip(known[~same].tolist(), match[known[~same]].tolist()))
    added = np.flatnonzero(match < 0)
    new_flags, old_flags = _flags_anew(there, new, match, added, dict(changed), area_known)
    return UpdatePlan(added, changed, int(same.sum()), new_flags, old_flags)


def own_flags(flags: str, area_known: bool = True) -> tuple[str, ...]:
    """Return the marks that depend on the report alone."""
    passed_over = AMONG_OTHERS if area_known else (*AMONG_OTHERS, OUTSIDE_AREA)
    return tuple(flag for flag in flags.split(";") if flag and flag not in passed_over)


def _same(there: Content, old: Ints, new: Content, rows: Ints, area_known: bool) -> Bools:
    """Tell which new reports hold what their counterparts hold already."""
    same = (np.round(there.xy[old] * 100) == np.round(new.xy[rows] * 100)).all(axis=1)
    same &= (there.reasons[old] == new.reasons[rows]).all(axis=1)
    moments, held = there.moments[old], new.moments[rows]
    same &= (moments == held) | (np.isnat(moments) & np.isnat(held))
    for name in ("precisions", "crime_reported", "why_not_reported", "place_source"):
        same &= getattr(there, name)[old] == getattr(new, name)[rows]
    for name, said in new.others.items():
        same &= there.others[name][old] == said[rows]
    marks = {text: own_flags(text, area_known) for text in {*there.flags[old], *new.flags[rows]}}
    pairs = zip(there.flags[old].tolist(), new.flags[rows].tolist())
    same &= np.array([marks[one] == marks[other] for one, other in pairs], dtype=bool)
    return np.asarray(same)


def _flags_anew(
    there: Content,
    new: Content,
    match: Ints,
    added: Ints,
    changed: Mapping[int, int],
    area_known: bool,
) -> tuple[Texts, dict[int, str]]:
    """Return the marks of the new reports, and of those there whose marks change."""
    stays = np.ones(len(there), dtype=bool)
    stays[list(changed.values())] = False
    old, taken = np.flatnonzero(stays), np.concatenate([added, np.array(list(changed), dtype=int)])

    def both(name: str) -> Any:
        return np.concatenate([getattr(there, name)[old], getattr(new, name)[taken]])

    repeated_place, same_moment = coincidences(
        both("xy"),
        both("moments"),
        both("precisions"),
        both("reasons").astype(bool),
        [both("crime_reported"), both("why_not_reported")],
    )
    old_flags = {}
    new_flags = new.flags.copy()
    for place, (again, alike) in enumerate(zip(repeated_place.tolist(), same_moment.tolist())):
        if place < len(old):
            row = int(old[place])
            flags = _with_marks(there.flags[row], again, alike)
            if flags != there.flags[row]:
                old_flags[row] = flags
        else:
            row = int(taken[place - len(old)])
            flags = new.flags[row]
            if not area_known and row in changed and OUTSIDE_AREA in there.flags[changed[row]]:
                flags = ";".join(filter(None, (OUTSIDE_AREA, flags)))
            new_flags[row] = _with_marks(flags, again, alike)
    return texts(new_flags.tolist()), old_flags


def _with_marks(flags: str, repeated_place: bool, same_moment: bool) -> str:
    """Return marks with those that depend on other reports set anew, in their usual order."""
    held = own_flags(flags)
    before = [flag for flag in held if flag == OUTSIDE_AREA]
    among = [name for name, holds in zip(AMONG_OTHERS, (repeated_place, same_moment)) if holds]
    after = [flag for flag in held if flag != OUTSIDE_AREA]
    return ";".join([*before, *among, *after])
