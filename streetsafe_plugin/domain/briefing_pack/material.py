# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing pack is made from: reports and crimes as arrays, and what was asked."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Moments
from streetsafe_plugin.domain.parks import Intervention

#: How far from a park's edge evaluations look for displacement.
RING_M = 250.0


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


def _or_none_of(held: Bools | None, count: int) -> Bools:
    return np.zeros(count, dtype=bool) if held is None else held
