# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing pack is made from: reports and crimes as arrays, and what was asked."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Moments, Values
from streetsafe_plugin.domain.parks import Intervention

#: How far from a park's edge evaluations look for displacement.
RING_M = 250.0
_MILLIMETRES = 3


@dataclass(frozen=True)
class ReportSet:
    """Reports that count, as arrays: places (n, 2) in metres, days (NaT where unknown), ticks.

    `total` counts what was read, `excluded` what does not count, by reason. `to_the_month` marks
    dates that stand for a whole month; None for none of them. `keys` tell reports apart from pack
    to pack; made of place and day where None. `at_hand` are the dates of all reports of the layer
    and `at_hand_to_the_month` which of these stand for a month: they tell which months it covers.
    """

    xy: Floats
    dates: Moments
    ticks: Mapping[str, Bools]
    total: int
    excluded: Mapping[str, int]
    to_the_month: Bools | None = None
    keys: Sequence[str] | None = None
    at_hand: Moments | None = None
    at_hand_to_the_month: Bools | None = None

    @property
    def monthly(self) -> Bools:
        """Tell which dates stand for a whole month."""
        return _or_none_of(self.to_the_month, len(self.dates))

    @property
    def every_date(self) -> tuple[Moments, Bools]:
        """Return all known dates of the layer, and which of them stand for a whole month."""
        if self.at_hand is None:
            dates, monthly = self.dates, self.monthly
        else:
            dates = self.at_hand
            monthly = _or_none_of(self.at_hand_to_the_month, len(dates))
        known = ~np.isnat(dates)
        return dates[known], monthly[known]


@dataclass(frozen=True)
class CrimeSet:
    """Recorded crimes that count: places (n, 2) in metres, and their days, NaT where unknown.

    `moved` if they lie on map points rather than where they happened.
    """

    xy: Floats
    dates: Moments
    moved: bool = False

    @property
    def months(self) -> list[datetime.date]:
        """Return the first days of the months that they are from."""
        known = self.dates[~np.isnat(self.dates)].astype("datetime64[M]")
        months: list[datetime.date] = np.unique(known).astype("datetime64[D]").tolist()
        return months


@dataclass(frozen=True)
class Asked:
    """What a pack is to hold.

    `limits_m` are the outer distances of the rings, ascending; `cell_m` how far apart opposite
    sides of a hexagon are. `area` is the ground on which reports count, None for everywhere;
    `first` and `last` the days, None for an open end. `measures` are the parks' interventions by
    park_id, None without a table of them. `national_grid` if metres are eastings and northings.
    """

    limits_m: Sequence[float]
    cell_m: float = 500.0
    area: BaseGeometry | None = None
    first: datetime.date | None = None
    last: datetime.date | None = None
    measures: Mapping[str, Sequence[Intervention]] | None = None
    national_grid: bool = True


def report_keys(xy: Floats, dates: Moments, ids: Values | None = None) -> list[str]:
    """Return what tells each report (n) apart from the others, now and in a later pack.

    That is its own id where it has one that no other has, else a digest of its place to the
    millimetre, its day and its number among those of the same place and day.
    """
    given = [""] * len(xy) if ids is None else ["" if one is None else str(one) for one in ids]
    seen: dict[str, int] = {}
    for one in given:
        seen[one] = seen.get(one, 0) + 1
    alike: dict[str, int] = {}
    keys = []
    for own, (x, y), day in zip(given, np.round(xy, _MILLIMETRES).tolist(), dates.tolist()):
        if own and seen[own] == 1:
            keys.append(own)
            continue
        content = f"{own}|{x:.3f}|{y:.3f}|{day or ''}"
        alike[content] = alike.get(content, 0) + 1
        text = f"{content}|{alike[content]}".encode("utf-8", errors="surrogatepass")
        keys.append(hashlib.sha256(text).hexdigest()[:32])
    return keys


def _or_none_of(held: Bools | None, count: int) -> Bools:
    return np.zeros(count, dtype=bool) if held is None else held
