# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing pack holds: the figures behind its pages, tables and sentences, and no others.

Pages, tables and sentences are all made from one `Pack`, so they cannot differ. A count is None
where it is held back to protect people (`disclosure.py`): what is not in the record cannot leave.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional

from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Ints
from streetsafe_plugin.domain.evaluation import Doubt, Verdict

#: A number of reports or mentions; None where it is held back.
Count = Optional[int]


class Audience(Enum):
    """Who will see a pack; the value is the word in parameters and file names."""

    INTERNAL = "internal"
    PARTNER = "partner"
    PUBLIC = "public"


@dataclass(frozen=True)
class Zone:
    """A park's inside or one of its rings: its area and what was counted there.

    `mentions` is None where the layer says nothing of reasons, too.
    """

    inner_m: float
    outer_m: float
    area_ha: float
    reports: Count
    mentions: Count

    @property
    def label(self) -> str:
        """Return the zone's name in a table."""
        if self.outer_m == 0:
            return "Inside the park"
        return f"{self.inner_m:g} to {self.outer_m:g} m"

    @property
    def per_km2(self) -> float | None:
        """Return reports per square kilometre; None without an area, or where held back."""
        if self.reports is None or self.area_ha <= 0:
            return None
        return self.reports / (self.area_ha / 100)


@dataclass(frozen=True)
class Step:
    """A stretch of time in a trend and its reports.

    `covered` tells whether the reports at hand reach over all of it.
    """

    label: str
    first: datetime.date
    last: datetime.date
    reports: Count
    covered: bool = True


@dataclass(frozen=True)
class Trend:
    """Reports by steps of equal kind: `unit` is `month`, `quarter`, `half-year` or `year`.

    Every step of the period is there, those without a report as 0.
    """

    unit: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Change:
    """Whether reports changed, and the sentence that says so.

    `counts` are the reports (before, after) of park, ring and control area, `value`, `low` and
    `high` the change set against the control area with its 95 % interval; all None where they are
    not given. `months` are how many months were held against as many before, None where a park's
    own measures divide the time; `days` how long each period is, for several parks on average.
    `doubt` says why an interval without zero is not relied on, `why_not` why there is no answer.
    `in_ring` and `control_density` are those of `park_evaluation.Evaluation`. With `publicity`
    there is no answer because days on which reports of the whole area jumped decide it. With
    `sets_measures_aside` all parks are compared by months although some have measures of their own.
    """

    verdict: Verdict
    sentence: str
    before: tuple[datetime.date, datetime.date] | None = None
    after: tuple[datetime.date, datetime.date] | None = None
    counts: tuple[tuple[int, int], ...] | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    months: int | None = None
    days: tuple[float, float] | None = None
    doubt: Doubt = Doubt.NONE
    why_not: str = ""
    in_ring: Verdict = Verdict.CANNOT_TELL
    control_density: float | None = None
    publicity: bool = False
    sets_measures_aside: bool = False


@dataclass(frozen=True)
class Park:
    """A park and its zones, inside first.

    `reasons` are (label, mentions), most frequent first, none with zero; in a pack that leaves,
    only those that may be shown. `within` counts the reports inside the park and all its rings:
    the zones' sum, or by itself where zones are held back.
    """

    number: int
    park_id: str
    name: str
    district: str
    indicative: bool
    note: str
    zones: tuple[Zone, ...]
    zone_shapes: tuple[BaseGeometry, ...]
    reasons: tuple[tuple[str, int], ...]
    crimes: int | None
    within: Count
    trend: Trend | None = None
    change: Change | None = None

    @property
    def inside(self) -> Count:
        """Return the reports inside the park."""
        return self.zones[0].reports

    @property
    def zones_told(self) -> bool:
        """Tell whether the count of any zone is given; the public has that of all together."""
        return any(zone.reports is not None for zone in self.zones)

    @property
    def reach_m(self) -> float:
        """Return the outer distance of the widest ring."""
        return self.zones[-1].outer_m


@dataclass(frozen=True)
class Whole:
    """All reports of a briefing, and where they went; the counts close.

    `read` = `inside` + `in_rings` + `outside` + all of `excluded`, which has a count for each
    reason why a report could not be used; `used` is `read` without the excluded. `first` and
    `last` are the dates of the dated ones, to the month only if `to_the_month`; `undated` counts
    the rest. `crime_period` says which months of recorded crime stand beside them.
    `tells_reasons` is False where the layer lacks some of the reasons, so that nobody can know
    the mentions.
    """

    read: Count
    used: Count
    inside: Count
    in_rings: Count
    outside: Count
    excluded: Mapping[str, int]
    mentions: Count
    first: datetime.date | None
    last: datetime.date | None
    undated: Count
    crime_period: str = ""
    to_the_month: bool = False
    reasons: tuple[tuple[str, int], ...] = ()
    trend: Trend | None = None
    change: Change | None = None
    tells_reasons: bool = True


@dataclass(frozen=True)
class HotCell:
    """A cell of the hot spot map: its ground, its reports and its class (`hot_99` …)."""

    shape: BaseGeometry
    reports: Count
    level: str


@dataclass(frozen=True)
class HotSpots:
    """The cells to draw, their size in metres, and what can be said of them."""

    cells: tuple[HotCell, ...]
    cell_m: float
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Fix:
    """A place to be mended: a row of the fix list."""

    rank: int
    reason_code: str
    reason: str
    owner: str
    reports: int
    x: float
    y: float
    grid_ref: str
    nearest_park: str
    nearest_park_m: float | None


@dataclass(frozen=True)
class GapArea:
    """A place of the map of fear and recorded crime: its counts and its class (`feared_only` …).

    `ratio` is its share of the reports divided by its share of the crimes; None without crimes, or
    where it is not told.
    """

    name: str
    shape: BaseGeometry
    reports: Count
    crimes: int
    gap_class: str
    ratio: float | None = None


@dataclass(frozen=True)
class FearAndCrime:
    """Where fear and recorded crime differ, in cells so many metres wide, and what to say of it."""

    areas: tuple[GapArea, ...]
    sentences: tuple[str, ...]
    cell_m: float = 0.0


@dataclass(frozen=True)
class Pack:
    """Everything that a briefing says.

    `enough` is the sentence on whether there are enough reports for a pattern; it stands where a
    map does. `fixes` are the first of the fix list, of which `fix_sentences` speak. `held` are the
    sentences on what was held back and why, none in an internal pack.
    """

    audience: Audience
    whole: Whole
    parks: tuple[Park, ...]
    enough: str
    hot_spots: HotSpots | None = None
    fixes: tuple[Fix, ...] = ()
    fear_and_crime: FearAndCrime | None = None
    threshold: int = 0
    round_to: int = 0
    held: tuple[str, ...] = ()
    fix_sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """Which report counts where: arrays with a value for each of the (n) used reports.

    `keys` tell the reports apart from pack to pack. `park` numbers the park (from 0) whose zone
    `ring` a report lies in, both -1 outside. `month` is numpy's `datetime64[M]` as an integer,
    `NO_MONTH` where a report has no date. `ticks` has the ticked reasons by code. `places` are
    further sets of reports that a pack counts: the places of a fix list, as `fix 1`. `divided`
    has, for `hot_spots` and `fear_and_crime`, the number of the cell or area that a report lies
    in, as the pack lists them, -1 for none.
    """

    keys: Sequence[str]
    park: Ints
    ring: Ints
    month: Ints
    ticks: Mapping[str, Bools]
    places: Mapping[str, Bools] = field(default_factory=dict)
    divided: Mapping[str, Ints] = field(default_factory=dict)


NO_MONTH = -(10**6)
