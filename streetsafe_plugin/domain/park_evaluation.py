# SPDX-License-Identifier: GPL-2.0-or-later
"""Before and after in parks, their rings and a control area: one answer a park, one for all.

The treated area is the park, the displacement area the ring around it. The control area is what
the analyst drew, or the band as wide again beyond the ring; in both, whatever lies in a park or in
a ring is left out, so no treated place is ever its own control. Its reports are scaled to the
ground of park and ring together, and those after to the length of the period before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from scipy.stats import chi2

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.evaluation import (
    Difference,
    Doubt,
    Groups,
    Ratios,
    Verdict,
    detectable_fall,
    difference,
    doubt,
    ratios,
    verdict,
)
from streetsafe_plugin.domain.periods import Windows

#: The rings are drawn to these multiples of the ring's width; the band beyond each is its control.
MULTIPLES = (0.5, 1.0, 2.0, 4.0)
#: The places in `MULTIPLES` of the rings that are tried, and of the one that was asked for.
WIDTHS = (0, 1, 2)
ASKED_WIDTH = 1
_SIGNIFICANCE = 0.05
_SURELY_A_SURGE = 10


@dataclass(frozen=True)
class Ground:
    """Where the reports lie, and how large the places are.

    `park` and `ring` (n) hold each report's nearest park and its ring by `MULTIPLES`, -1 beyond
    the last. `areas` (parks, 1 + rings) are the parks' and rings' in square metres. With control
    areas of the analyst's own, `in_control` (n) tells which reports lie there, and
    `control_areas` (widths) how large they are without the parks and rings of each width.
    """

    park: Ints
    ring: Ints
    areas: Floats
    in_control: Bools | None = None
    control_areas: Floats | None = None


@dataclass(frozen=True)
class Times:
    """When the reports came: each one's day in the calendar of the periods, -1 without a date.

    `month` numbers the calendar month of each day of that calendar.
    """

    day: Ints
    month: Ints


@dataclass(frozen=True)
class Evaluation:
    """The answer for one park, or for all (`park` is None).

    `treated`, `ring` and `control` hold the reports (before, after). `difference` and what
    follows are None where `why_not` says so. `detectable` is in reports of the treated area, at
    the length of the period before. `control_density` is how many times denser the control
    area's reports were beforehand than those of park and ring, None without reports.
    `dispersion` is how many times as much as chance would have it the counts of all places
    together vary from month to month within the periods, 1 where that may be chance.

    For all, `days` are the mean of the parks' own, which differ if `days_differ`. A report of a
    control area that parks of different periods share may count as before for one and as after for
    another; it then stands in both of `control`.
    """

    park: int | None
    treated: tuple[int, int]
    ring: tuple[int, int]
    control: tuple[int, int]
    days: tuple[float, float]
    areas_m2: tuple[float, float, float]
    why_not: str = ""
    difference: Difference | None = None
    verdict: Verdict = Verdict.CANNOT_TELL
    doubt: Doubt = Doubt.FEW_REPORTS
    in_ring: Verdict = Verdict.CANNOT_TELL
    ratios: Ratios | None = None
    detectable: float | None = None
    control_density: float | None = None
    dispersion: float = 1.0
    days_differ: bool = False

    @property
    def empty(self) -> bool:
        """Tell whether no report was counted at all."""
        return not any((*self.treated, *self.ring, *self.control))


@dataclass(frozen=True)
class _Part:
    """One park's counts, ready to be compared; `groups` leave the control out.

    `spread` is the chi-squared of its counts by month, and its degrees of freedom.
    """

    evaluation: Evaluation
    groups: Groups
    control: Groups
    #: By report of the control area: what it weighs before and after (2, reports).
    weights: Floats
    spread: tuple[float, int] = (0.0, 0)


def evaluate(
    ground: Ground, times: Times, windows: Sequence[Windows], with_power: bool = True
) -> list[Evaluation]:
    """Return the answer for every park, and for all of them together as the last.

    Args:
        ground: Where the reports lie.
        times: When they came.
        windows: Which days count as before and after, by park.
        with_power: Whether to work out what could have been found, which takes longest.
    """
    parts = _parts(ground, times, windows, ASKED_WIDTH)
    dispersion = _dispersion(parts)
    single = [
        _judged(
            part.evaluation,
            replace(join_groups([part.groups, part.control]), dispersion=dispersion),
            with_power,
        )
        for part in parts
    ]
    return [*single, _together(parts, ground.in_control is not None, with_power)]


def pooled(
    ground: Ground, times: Times, windows: Sequence[Windows], width: int = ASKED_WIDTH
) -> Evaluation:
    """Return the answer for all parks alone, without the power; `width` counts `MULTIPLES`."""
    parts = _parts(ground, times, windows, width)
    return _together(parts, ground.in_control is not None, with_power=False)


def _dispersion(parts: Sequence[_Part]) -> float:
    """Return how many times as much as chance would have it counts vary from month to month.

    Pearson's chi-squared over its degrees of freedom, of every place and period held against its
    own mean; 1 unless chance would make it so large in less than 5 % of cases.
    """
    chi_squared = sum(part.spread[0] for part in parts)
    freedom = sum(part.spread[1] for part in parts)
    if not freedom or chi2.sf(chi_squared, freedom) > _SIGNIFICANCE:
        return 1.0
    return max(1.0, chi_squared / freedom)


def join_groups(several: Sequence[Groups]) -> Groups:
    """Return groups of several comparisons as those of one, with the dispersion of the first."""
    return Groups(
        np.concatenate([one.sign for one in several]),
        np.concatenate([one.before for one in several]),
        np.concatenate([one.after for one in several]),
        np.concatenate([one.weight_before for one in several]),
        np.concatenate([one.weight_after for one in several]),
        np.concatenate([one.treated for one in several]),
        several[0].dispersion,
    )


def _parts(ground: Ground, times: Times, windows: Sequence[Windows], width: int) -> list[_Part]:
    """Count every park; the ring's place in `MULTIPLES` is `width`."""
    by_park = np.argsort(ground.park, kind="stable")
    starts = np.searchsorted(ground.park[by_park], np.arange(len(windows) + 1))
    outermost, shared = width + 1, np.empty(0, dtype=np.int64)
    if ground.in_control is not None:
        outside = (ground.ring < 0) | (ground.ring > outermost)
        shared = np.flatnonzero(ground.in_control & outside)
    parts: list[_Part] = []
    told: set[bytes] = set()  # periods for which a shared control area has been looked at
    for park, one in enumerate(windows):
        mine = by_park[starts[park] : starts[park + 1]]
        ring = ground.ring[mine]
        areas = ground.areas[park]
        if ground.control_areas is None:
            control, control_area = mine[ring == outermost + 1], areas[outermost + 1]
        else:
            control, control_area = shared, ground.control_areas[width]
        places = [mine[ring == 0], mine[(ring > 0) & (ring <= outermost)], control]
        part = _part(
            park,
            one,
            [times.day[reports] for reports in places],
            (float(areas[0]), float(areas[1 : outermost + 1].sum()), float(control_area)),
        )
        if not part.evaluation.why_not:
            periods = one.before.tobytes() + one.after.tobytes()
            varying = places[:2] if ground.in_control is not None and periods in told else places
            told.add(periods)
            spreads = [
                _spread(times.day[reports], period, times.month)
                for reports in varying
                for period in (one.before, one.after)
            ]
            part = replace(
                part, spread=(sum(pair[0] for pair in spreads), sum(pair[1] for pair in spreads))
            )
        parts.append(part)
    return parts


def _spread(days: Ints, period: Bools, month: Ints) -> tuple[float, int]:
    """Return the chi-squared of the reports by month of a period, and its degrees of freedom.

    Reports that all came in one month, ten of them or more, are no measure of the usual ups and
    downs: they are a surge.
    """
    dated = days[days >= 0]
    counted = dated[period[dated]]
    if not len(counted):
        return 0.0, 0
    lengths = np.bincount(month[period])
    reports = np.bincount(month[counted], minlength=len(lengths))
    if reports.max() == len(counted) >= _SURELY_A_SURGE:
        return 0.0, 0
    expected = len(counted) * lengths[lengths > 0] / lengths.sum()
    squares = (reports[lengths > 0] - expected) ** 2 / expected
    return float(squares.sum()), len(expected) - 1


def _part(
    park: int, windows: Windows, places: Sequence[Ints], areas_m2: tuple[float, float, float]
) -> _Part:
    """Count one park; `places` are the days of the reports in it, its ring and its control area."""
    pairs = [_count(days, windows) for days in places]
    control = places[2]
    days = float(windows.before.sum()), float(windows.after.sum())
    evaluation = Evaluation(
        park, pairs[0], pairs[1], pairs[2], days, areas_m2, _why_not(windows, days, areas_m2)
    )
    if evaluation.why_not:
        nothing = _groups([], [], [])
        return _Part(evaluation, nothing, nothing, np.zeros((2, len(control))))
    length = days[0] / days[1]
    scale = (areas_m2[0] + areas_m2[1]) / areas_m2[2]
    groups = _groups([1.0, 1.0], pairs[:2], [(1.0, length)] * 2, treated=[True, False])
    held_against = _groups([-1.0], pairs[2:], [(scale, scale * length)])
    dated = control >= 0
    before, after = windows.before[control] & dated, windows.after[control] & dated
    return _Part(evaluation, groups, held_against, scale * np.array([before, length * after]))


def _count(days: Ints, windows: Windows) -> tuple[int, int]:
    dated = days[days >= 0]
    return int(windows.before[dated].sum()), int(windows.after[dated].sum())


def _why_not(
    windows: Windows, days: tuple[float, float], areas_m2: tuple[float, float, float]
) -> str:
    if windows.why_not:
        return windows.why_not
    if not days[0]:
        return "the reports cover no day before"
    if not days[1]:
        return "the reports cover no day after"
    if not areas_m2[0]:
        return "other parks cover all of it"
    if not areas_m2[2]:
        return "there is no control area"
    return ""


def _groups(
    signs: Sequence[float],
    counts: Sequence[tuple[float, float]],
    weights: Sequence[tuple[float, float]],
    treated: Sequence[bool] | None = None,
) -> Groups:
    pairs = np.array(counts, dtype=float).reshape(-1, 2)
    factors = np.array(weights, dtype=float).reshape(-1, 2)
    marked = np.array(treated if treated is not None else [False] * len(signs), dtype=bool)
    return Groups(
        np.array(signs, dtype=float), pairs[:, 0], pairs[:, 1], factors[:, 0], factors[:, 1], marked
    )


def _judged(one: Evaluation, groups: Groups, with_power: bool) -> Evaluation:
    """Return a count together with what may be said of it."""
    if one.why_not:
        return one
    signs = groups.sign < 0
    treated, control = groups.only(groups.treated), groups.only(signs)
    ring = groups.only(~groups.treated & ~signs)
    share = detectable_fall(groups) if with_power else None
    ground = one.areas_m2[0] + one.areas_m2[1]
    expected = (one.treated[0] + one.ring[0]) / ground
    density = one.control[0] / one.areas_m2[2] / expected if expected else None
    # the ring alone is held against its part of the control area
    against_ring = _scaled(control, one.areas_m2[1] / ground)
    return replace(
        one,
        difference=difference(groups),
        verdict=verdict(groups),
        doubt=doubt(groups),
        in_ring=verdict(join_groups([ring, against_ring])),
        ratios=ratios(*(_comparable(some) for some in (treated, control, ring))),
        detectable=None if share is None else share * float(treated.before.sum()),
        control_density=density,
        dispersion=groups.dispersion,
    )


def _comparable(groups: Groups) -> tuple[float, float]:
    """Return the reports before and after as they are compared."""
    return (
        float((groups.before * groups.weight_before).sum()),
        float((groups.after * groups.weight_after).sum()),
    )


def _scaled(groups: Groups, factor: float) -> Groups:
    return Groups(
        groups.sign,
        groups.before,
        groups.after,
        groups.weight_before * factor,
        groups.weight_after * factor,
        groups.treated,
        groups.dispersion,
    )


def _together(all_parts: Sequence[_Part], shared: bool, with_power: bool) -> Evaluation:
    """Return the answer for all parks that could be counted; `shared` if they share a control."""
    parts = [part for part in all_parts if not part.evaluation.why_not]
    if not parts:
        none = (0, 0)
        return Evaluation(None, none, none, none, (0, 0), (0, 0, 0), "no park could be evaluated")
    ones = [part.evaluation for part in parts]
    control = (
        _shared([part.weights for part in parts], [part.control for part in parts])
        if shared
        else join_groups([part.control for part in parts])
    )
    control_areas = [one.areas_m2[2] for one in ones]
    whole = Evaluation(
        None,
        _sum_of([one.treated for one in ones]),
        _sum_of([one.ring for one in ones]),
        (int(control.before.sum()), int(control.after.sum())),
        _mean_of([one.days for one in ones]),
        (
            sum(one.areas_m2[0] for one in ones),
            sum(one.areas_m2[1] for one in ones),
            control_areas[0] if shared else sum(control_areas),
        ),
        days_differ=len({one.days for one in ones}) > 1,
    )
    groups = join_groups([*(part.groups for part in parts), control])
    return _judged(whole, replace(groups, dispersion=_dispersion(parts)), with_power)


def _shared(weights: Sequence[Floats], own: Sequence[Groups]) -> Groups:
    """Return the reports of a control area that several parks are held against, as groups.

    Such a report is still one report: what it weighs for each park adds up before it is squared,
    so that it is not taken for several. Groups are reports of the same weight, those before and
    after paired in order of it. A group without a partner gets one of no reports, whose weight
    stands to its own as those of the two periods do.

    Args:
        weights: What each report weighs before and after (2, reports), by park.
        own: The same control area as a group, by park.
    """
    before, after = (_by_weight(some) for some in np.sum(weights, axis=0))
    length = sum(float(one.weight_after.sum()) for one in own) / sum(
        float(one.weight_before.sum()) for one in own
    )
    counts: list[tuple[float, float]] = []
    factors: list[tuple[float, float]] = []
    for earlier, later in zip_longest(before, after):
        heavy, reports = earlier or (later[0] / length, 0)
        heavy_later, reports_later = later or (heavy * length, 0)
        counts.append((reports, reports_later))
        factors.append((heavy, heavy_later))
    if not counts:
        return join_groups(own)
    return _groups([-1.0] * len(counts), counts, factors)


def _by_weight(weights: Floats) -> list[tuple[float, int]]:
    """Return each weight above 0 with how many reports have it, the lightest first."""
    values, numbers = np.unique(weights[weights > 0], return_counts=True)
    return list(zip(values.tolist(), numbers.tolist()))


def _mean_of(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return float(np.mean([pair[0] for pair in pairs])), float(np.mean([pair[1] for pair in pairs]))


def _sum_of(pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
