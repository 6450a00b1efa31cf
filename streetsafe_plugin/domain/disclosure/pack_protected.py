# SPDX-License-Identifier: GPL-2.0-or-later
"""A pack as it may leave, put together anew from what may be shown; nothing else is carried."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Sequence

import numpy as np

from streetsafe_plugin.domain.briefing_pack.change_words import without_counts
from streetsafe_plugin.domain.briefing_pack.fixes import DISTANCE_M, FEWEST
from streetsafe_plugin.domain.briefing_words import month
from streetsafe_plugin.domain.crime_gap import GapClass, compare
from streetsafe_plugin.domain.disclosure import pack_numbers as named
from streetsafe_plugin.domain.disclosure.audit import Audited
from streetsafe_plugin.domain.disclosure.pack_numbers import FEARED, HOT, LABELS, PackNumbers
from streetsafe_plugin.domain.disclosure.words import held_sentences
from streetsafe_plugin.domain.evaluation import Verdict
from streetsafe_plugin.domain.grid_references import grid_reference
from streetsafe_plugin.domain.pack import (
    Audience,
    Change,
    Counted,
    FearAndCrime,
    Fix,
    GapArea,
    HotCell,
    HotSpots,
    Pack,
    Park,
    Step,
    Trend,
    Whole,
    Zone,
)

#: A place to mend is named by the square of this side that holds it.
SQUARE_M = 100.0
_FIGURES = 6
_ENOUGH = (
    "Where few reports lie in one place nothing is shown, which does not mean that there are none:"
    " this map does not rank places."
)
_CHANGES = {
    Verdict.FALL: "Set against the control area, reports fell.",
    Verdict.RISE: "Set against the control area, reports rose.",
    Verdict.CANNOT_TELL: "There is no clear change.",
}
#: That of a park whose number is held back: a word on it would speak of so few.
_HELD_CHANGE = Change(
    Verdict.CANNOT_TELL,
    "Whether reports changed is not told, as their number is held back.",
    why_not="their number is held back",
)
_FEW_CELLS = "Cells with few reports are held back: what is white may be hot as well."
_FEW_PLACES = "Places with few reports are held back, whatever could be told of them."
_NUMBER = re.compile(r"\d|\b(?:one|two|three|four)\b", re.IGNORECASE)


def put_together(
    pack: Pack,
    counted: Counted,
    audience: Audience,
    threshold: int,
    round_to: int,
    numbers: PackNumbers,
    audited: Audited,
) -> Pack:
    """Return the pack that an audience gets."""
    return _Protected(pack, counted, audience, threshold, round_to, numbers, audited).pack_()


class _Protected:
    def __init__(
        self,
        pack: Pack,
        counted: Counted,
        audience: Audience,
        threshold: int,
        round_to: int,
        numbers: PackNumbers,
        audited: Audited,
    ) -> None:
        self.pack, self.counted, self.audience = pack, counted, audience
        self.threshold, self.round_to = threshold, round_to
        self.numbers, self.audited = numbers, audited
        self.partner = audience is Audience.PARTNER
        self.ridden = _ridden_anyway(pack.fear_and_crime, threshold) if self.partner else ()

    def pack_(self) -> Pack:
        """Return all of it."""
        return Pack(
            audience=self.audience,
            whole=self._whole(),
            parks=tuple(self._park(place, park) for place, park in enumerate(self.pack.parks)),
            enough=_ENOUGH,
            hot_spots=self._hot_spots(),
            fixes=self._fixes(),
            fear_and_crime=self._fear_and_crime(),
            threshold=self.threshold,
            round_to=self.round_to,
            held=held_sentences(self.pack, self.audience, self.threshold, self.round_to),
            fix_sentences=self._fix_sentences(),
        )

    def _count(self, name: str) -> int | None:
        return self.audited.values.get(name)

    def _whole(self) -> Whole:
        whole = self.pack.whole
        return Whole(
            read=None,
            used=self._count(named.USED),
            inside=self._count(named.INSIDE_ALL),
            in_rings=self._count(named.IN_RINGS),
            outside=self._count(named.OUTSIDE),
            excluded={},
            mentions=None,
            first=_month_begins(whole.first),
            last=_month_begins(whole.last),
            undated=None,
            crime_period=whole.crime_period,
            to_the_month=True,
            tells_reasons=whole.tells_reasons,
            reasons=self._reasons(None),
            trend=self._trend(self.numbers.trend, None),
            change=_change(whole.change),
        )

    def _park(self, place: int, park: Park) -> Park:
        return Park(
            number=park.number,
            park_id=park.park_id,
            name=park.name,
            district=park.district,
            indicative=park.indicative,
            note="",  # in somebody's own words, which cannot be held against anything
            zones=tuple(
                Zone(
                    zone.inner_m,
                    zone.outer_m,
                    zone.area_ha,
                    self._count(named.zone_name(park, zone)),
                    None,
                )
                for zone in park.zones
            ),
            zone_shapes=park.zone_shapes,
            reasons=self._reasons(park),
            crimes=park.crimes,
            within=self._count(named.park_name(park)),
            trend=self._trend(self.numbers.park_trends.get(place), park),
            change=_change(park.change) if self._shows(park) else _HELD_CHANGE,
        )

    def _shows(self, park: Park) -> bool:
        return self.audited.shows(named.park_name(park))

    def _reasons(self, park: Park | None) -> tuple[tuple[str, int], ...]:
        shown = [
            (LABELS[code], count)
            for code in self.counted.ticks
            for count in [self._count(named.reason_name(code, park))]
            if count is not None
        ]
        return tuple(sorted(shown, key=lambda pair: -pair[1]))

    def _trend(self, trend: Trend | None, park: Park | None) -> Trend | None:
        if trend is None:
            return None
        name = named.trend_name(park)
        counts = [self._count(f"{name}, {step.label}") for step in trend.steps]
        if None in counts:
            return None
        return Trend(
            trend.unit,
            tuple(
                Step(step.label, step.first, step.last, count, step.covered)
                for step, count in zip(trend.steps, counts)
            ),
        )

    def _hot_spots(self) -> HotSpots | None:
        found = self.pack.hot_spots
        if found is None:
            return None
        cells = tuple(
            HotCell(
                cell.shape,
                self._count(named.cell_name(place)) if self.partner else None,
                HOT[-1],
            )
            for place, cell in enumerate(found.cells)
            if self.audited.shows(named.cell_name(place))
        )
        said = (*_without_numbers(found.sentences), *([_FEW_CELLS] if found.cells else []))
        return HotSpots(cells, found.cell_m, said)

    def _fixes(self) -> tuple[Fix, ...]:
        shown = [
            (fix, count)
            for fix in self.pack.fixes
            for count in [self._count(named.fix_name(fix.rank))]
            if count is not None
        ]
        # by what is shown alone: among rounded numbers the true order would tell more than these
        shown.sort(key=lambda pair: (-pair[1], pair[0].x // SQUARE_M, pair[0].y // SQUARE_M))
        return tuple(_to_the_square(fix, rank, count) for rank, (fix, count) in enumerate(shown, 1))

    def _fix_sentences(self) -> tuple[str, ...]:
        if not self.partner or not self.pack.fixes:
            return ()
        if not self._fixes():
            return ("No place to mend has so many reports that it may be shown.",)
        return (
            f"A place of this list has {max(self.threshold, FEWEST)} reports or more with the same"
            f" reason within {DISTANCE_M:g} m; places that few reports name are held back.",
        )

    def _fear_and_crime(self) -> FearAndCrime | None:
        found = self.pack.fear_and_crime
        if found is None or "fear_and_crime" not in self.counted.divided:
            return None
        areas = tuple(
            GapArea(
                area.name,
                area.shape,
                self._count(named.area_name(place)) if self.partner else None,
                area.crimes,
                area.gap_class,
            )
            for place, area in enumerate(found.areas)
            if self._shows_area(place, area)
        )
        said = (*_without_numbers(found.sentences), *([_FEW_PLACES] if found.areas else []))
        return FearAndCrime(areas, said, found.cell_m)

    def _shows_area(self, place: int, area: GapArea) -> bool:
        """Tell whether an area may be seen.

        Without its number its class would tell that, and so would its being there at all where no
        crime was recorded.
        """
        if not self.audited.shows(named.area_name(place)):
            return place in self.ridden
        return self.partner or area.gap_class in FEARED


def _month_begins(day: datetime.date | None) -> datetime.date | None:
    return day and day.replace(day=1)


def _change(change: Change | None) -> Change | None:
    """Return a change by its verdict only."""
    if change is None:
        return None
    said = [*_without_numbers([without_counts(change)], [_CHANGES[change.verdict]])]
    if change.before and change.after and change.months:
        spans = [" to ".join(month(day) for day in span) for span in (change.before, change.after)]
        said.append(f"Held against each other: {' and '.join(spans)}.")
    why_not = "as its sentence says" if change.why_not else ""
    return Change(change.verdict, " ".join(said), change.before, change.after, why_not=why_not)


def _to_the_square(fix: Fix, rank: int, count: int) -> Fix:
    """Return a place to mend, moved to the middle of the square that holds it."""
    x, y = ((value // SQUARE_M + 0.5) * SQUARE_M for value in (fix.x, fix.y))
    away = fix.nearest_park_m
    return Fix(
        rank,
        fix.reason_code,
        fix.reason,
        fix.owner,
        count,
        x,
        y,
        (grid_reference(x, y, _FIGURES) or "") if fix.grid_ref else "",
        fix.nearest_park,
        None if away is None else round(away / SQUARE_M) * SQUARE_M,
    )


def _ridden_anyway(found: FearAndCrime | None, threshold: int) -> Collection[int]:
    """Return the areas with more of the crime, whether they have no report or the threshold.

    That an area is one of these does not tell whether it has too few reports to be shown.
    """
    areas = () if found is None else found.areas
    reports = np.array([area.reports or 0 for area in areas], dtype=np.int64)
    crimes = np.array([area.crimes for area in areas], dtype=np.int64)
    kept = set()
    for place, area in enumerate(areas):
        if area.gap_class == GapClass.CRIME_ONLY.value and reports[place] <= threshold:
            ways = [reports.copy(), reports.copy()]
            ways[0][place], ways[1][place] = 0, threshold
            if all(compare(way, crimes).classes[place] is GapClass.CRIME_ONLY for way in ways):
                kept.add(place)
    return kept


def _without_numbers(sentences: Sequence[str], instead: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the sentences that name no number: one in words cannot be held against the audit."""
    return tuple(one for one in sentences if not _NUMBER.search(one)) or tuple(instead)
