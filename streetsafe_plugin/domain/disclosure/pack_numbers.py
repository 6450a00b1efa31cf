# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers of a briefing pack as sets of reports, by what an audience is to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools
from streetsafe_plugin.domain.disclosure.statistics import Order, Rule, Shown, Statistic
from streetsafe_plugin.domain.disclosure.steps import fitting, month_number, months_of
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.issued import INSIDE, Piece, Scope
from streetsafe_plugin.domain.pack import NO_MONTH, Audience, Counted, Pack, Park, Trend, Zone
from streetsafe_plugin.domain.taxonomy import REASONS

#: The classes of a place whose reports say something, for those who are shown little.
FEARED = ("both", "feared_only")

#: The classes of a cell that are shown in what leaves, all as the last of them: how sure it is
#: that a cell is hot tells how many reports its neighbours have.
HOT = ("hot_99", "hot_95")

LABELS = {reason.code: reason.label for reason in REASONS}


@dataclass(frozen=True)
class PackNumbers:
    """A pack's numbers, and the trends in the steps that are to be shown, by `park_id`."""

    statistics: list[Statistic]
    trend: Trend | None
    park_trends: dict[int, Trend]


def zone_name(park: Park, zone: Zone) -> str:
    """Return the name of a zone's number."""
    return f"{park_name(park)}, {zone.inner_m:g} to {zone.outer_m:g} m"


def park_name(park: Park) -> str:
    """Return the name of the number of a park with its rings."""
    return f"park {park.park_id or park.number}"


def reason_name(code: str, park: Park | None = None) -> str:
    """Return the name of the mentions of a reason, of one park or of all reports."""
    return f"{park_name(park)}, {code}" if park else f"all, {code}"


def trend_name(park: Park | None = None) -> str:
    """Return the name of a trend, of one park or of all reports."""
    return f"{park_name(park)}, trend" if park else "all, trend"


def cell_name(place: int) -> str:
    """Return the name of the number of a hot spot's cell."""
    return f"hot cell {place}"


def area_name(place: int) -> str:
    """Return the name of the number of an area of fear and recorded crime."""
    return f"area {place}"


def fix_name(rank: int) -> str:
    """Return the name of the number of a place to mend."""
    return f"fix {rank}"


INSIDE_ALL, IN_RINGS, OUTSIDE, USED = "inside", "in rings", "outside", "used"


def numbers_of(pack: Pack, counted: Counted, audience: Audience, rule: Rule) -> PackNumbers:
    """Return a pack's numbers.

    Raises:
        DoesNotAddUp: a figure of the pack is not what its reports add up to, or reports without a
            date are counted among others.
    """
    return _PackNumbers(pack, counted, audience, rule).all()


class _PackNumbers:
    def __init__(self, pack: Pack, counted: Counted, audience: Audience, rule: Rule) -> None:
        self.pack, self.counted = pack, counted
        self.audience, self.rule = audience, rule
        self.dated = counted.month != NO_MONTH
        self.undated = not self.dated.any()
        self.months = self._months()
        self.zones_shown = Shown.COUNT if audience is Audience.PARTNER else Shown.NEVER
        self.pieces = tuple((ground_name(park), INSIDE, park.reach_m) for park in pack.parks)
        if self.dated.any() and not self.dated.all():
            raise DoesNotAddUp(
                "Reports without a date are counted among others, so that a number less its months"
                " would give them away.",
                "Nothing was written; please report this.",
            )

    def all(self) -> PackNumbers:
        """Return every number."""
        statistics = [*self._totals(), *self._reasons(None)]
        for place, park in enumerate(self.pack.parks):
            statistics += [*self._zones(place, park), *self._reasons(place)]
        trend, steps = self._trend(None, self.pack.whole.trend)
        statistics += steps
        park_trends = {}
        for place, park in enumerate(self.pack.parks):
            one, steps = self._trend(place, park.trend)
            statistics += steps
            if one is not None:
                park_trends[place] = one
        statistics += [*self._by_month(), *self._fixes(), *self._cells(), *self._areas()]
        return PackNumbers(statistics, trend, park_trends)

    def _months(self) -> tuple[int, int]:
        """Return the first and last month that the pack speaks of."""
        known = self.counted.month[self.dated]
        ends = [int(known.min()), int(known.max())] if len(known) else []
        trend = self.pack.whole.trend
        if trend and trend.steps:
            ends += [months_of(trend.steps[0])[0], months_of(trend.steps[-1])[1]]
        for day in (self.pack.whole.first, self.pack.whole.last):
            ends += [month_number(day)] if day else []
        return (min(ends), max(ends)) if ends else (0, 0)

    def _scope(
        self,
        pieces: tuple[Piece, ...],
        others: bool = False,
        months: tuple[int, int] | None = None,
    ) -> Scope:
        return Scope(pieces, others, months or self.months, self.undated)

    def _totals(self) -> Iterator[Statistic]:
        park, ring, whole = self.counted.park, self.counted.ring, self.pack.whole
        inside = tuple((ground_name(one), INSIDE, 0.0) for one in self.pack.parks)
        rings = tuple((ground_name(one), 0.0, one.reach_m) for one in self.pack.parks)
        for name, members, scope, figure in (
            (INSIDE_ALL, ring == 0, self._scope(inside), whole.inside),
            (IN_RINGS, ring > 0, self._scope(rings), whole.in_rings),
            (OUTSIDE, park < 0, self._scope(self.pieces, others=True), whole.outside),
            (USED, np.ones(len(park), dtype=bool), self._scope((), others=True), whole.used),
        ):
            _check(name, members, figure)
            yield Statistic(name, members, scope, Shown.COUNT, Order.TOTAL)

    def _zones(self, place: int, park: Park) -> Iterator[Statistic]:
        there = self.counted.park == place
        _check(park.name, there, park.within)
        whole = self._scope((self.pieces[place],))
        yield Statistic(park_name(park), there, whole, Shown.COUNT, Order.PARK)
        for number, zone in enumerate(park.zones):
            members = there & (self.counted.ring == number)
            _check(f"{park.name}, {zone.label}", members, zone.reports)
            inner = zone.inner_m if zone.outer_m else INSIDE
            scope = self._scope(((ground_name(park), inner, zone.outer_m),))
            yield Statistic(zone_name(park, zone), members, scope, self.zones_shown, Order.ZONE)

    def _reasons(self, place: int | None) -> Iterator[Statistic]:
        everywhere = np.ones(len(self.counted.park), dtype=bool)
        members = everywhere if place is None else self.counted.park == place
        park = None if place is None else self.pack.parks[place]
        scope = self._scope((), True) if place is None else self._scope((self.pieces[place],))
        order = Order.REASON if place is None else Order.PARK_REASON
        figures = dict(self.pack.whole.reasons if park is None else park.reasons)
        for code, ticks in self.counted.ticks.items():
            if figures:
                _check(reason_name(code, park), members & ticks, figures.get(LABELS[code], 0))
            yield Statistic(reason_name(code, park), members, scope, Shown.COUNT, order, code)

    def _trend(
        self, place: int | None, trend: Trend | None
    ) -> tuple[Trend | None, list[Statistic]]:
        """Return a trend with its steps' numbers; none where a step has too few reports."""
        if trend is None:
            return None, []
        park = None if place is None else self.pack.parks[place]
        there = self.dated if place is None else self.dated & (self.counted.park == place)
        for step in trend.steps:
            _check(
                f"{trend_name(park)}, {step.label}", there & self._in(months_of(step)), step.reports
            )
        if not trend.steps:
            return None, []
        published = self.rule.shown(int(np.count_nonzero(there)))
        fit = fitting(trend, published, self.rule.threshold)
        if any((step.reports or 0) < self.rule.threshold for step in fit.steps):
            return None, []
        pieces = () if place is None else (self.pieces[place],)
        return fit, [
            Statistic(
                f"{trend_name(park)}, {step.label}",
                there & self._in(months_of(step)),
                self._scope(pieces, place is None, months_of(step)),
                Shown.COUNT,
                Order.TREND if place is None else Order.PARK_TREND,
                bundle=trend_name(park),
            )
            for step in fit.steps
        ]

    def _by_month(self) -> Iterator[Statistic]:
        """Yield what no pack shows: the months of each park, of all parks and of the rest."""
        if not self.dated.any():
            return
        park = self.counted.park
        grounds: list[tuple[str, Bools, tuple[Piece, ...], bool]] = [
            (park_name(one), park == place, (self.pieces[place],), False)
            for place, one in enumerate(self.pack.parks)
        ]
        grounds.append(("near parks", park >= 0, self.pieces, False))
        grounds.append(("elsewhere", park < 0, self.pieces, True))
        for name, members, pieces, others in grounds:
            for month in range(self.months[0], self.months[1] + 1):
                yield Statistic(
                    f"{name}, month {month}",
                    members & self._in((month, month)),
                    self._scope(pieces, others, (month, month)),
                    Shown.NEVER,
                    Order.PARK_TREND,
                )

    def _in(self, months: tuple[int, int]) -> Bools:
        month = self.counted.month
        return np.asarray((month >= months[0]) & (month <= months[1]))

    def _fixes(self) -> Iterator[Statistic]:
        if self.audience is not Audience.PARTNER:
            return
        for fix in self.pack.fixes:
            members = self.counted.places.get(fix_name(fix.rank))
            if members is None:
                continue
            _check(fix_name(fix.rank), members, fix.reports)
            scope = self._scope(())
            yield Statistic(
                fix_name(fix.rank), members, scope, Shown.COUNT, Order.FIX, fix.reason_code
            )

    def _cells(self) -> Iterator[Statistic]:
        of_cells = self.counted.divided.get("hot_spots")
        if self.pack.hot_spots is None or of_cells is None:
            return
        shown = Shown.COUNT if self.audience is Audience.PARTNER else Shown.ENOUGH
        for place, cell in enumerate(self.pack.hot_spots.cells):
            members = of_cells == place
            _check(cell_name(place), members, cell.reports)
            if cell.level in HOT:
                yield from self._listed(cell_name(place), members, shown, Order.CELL)

    def _areas(self) -> Iterator[Statistic]:
        of_areas = self.counted.divided.get("fear_and_crime")
        if self.pack.fear_and_crime is None or of_areas is None:
            return
        partner = self.audience is Audience.PARTNER
        for place, area in enumerate(self.pack.fear_and_crime.areas):
            if not partner and area.gap_class not in FEARED:
                continue
            members = of_areas == place
            _check(area_name(place), members, area.reports)
            shown = Shown.COUNT if partner else Shown.ENOUGH
            yield from self._listed(area_name(place), members, shown, Order.AREA)

    def _listed(self, name: str, members: Bools, shown: Shown, order: Order) -> Iterator[Statistic]:
        """Yield the number of a place that is listed where it has enough reports, and only there.

        A place without any is not listed for that, and what reports lie in it is no number.
        """
        count = int(np.count_nonzero(members))
        if count:
            enough = count >= self.rule.threshold
            yield Statistic(name, members, self._scope(()), shown if enough else Shown.NEVER, order)


def ground_name(park: Park) -> str:
    """Return how scopes call a park's ground."""
    return f"park {park.park_id or park.number}"


def _check(name: str, members: Bools, figure: int | None) -> None:
    """Hold a figure against the reports: what is counted twice or not at all cannot be protected.

    Raises:
        DoesNotAddUp: they differ.
    """
    counted = int(np.count_nonzero(members))
    if figure is not None and figure != counted:
        raise DoesNotAddUp(
            f"“{name}” is given as {figure}, but {counted} reports count there.",
            "Nothing was written; please report this.",
        )
