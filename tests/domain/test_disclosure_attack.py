# SPDX-License-Identifier: GPL-2.0-or-later
"""An attacker with every figure of several packs and a solver: what is held back stays unknown.

Nothing here uses the audit. The attacker knows how many reports lie in each park, distance and
month only through what packs show, writes each shown figure down as an equation, and looks for
numbers that the equations determine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from streetsafe_plugin.domain.disclosure import protected
from streetsafe_plugin.domain.pack import NO_MONTH, Audience, Pack, Trend
from streetsafe_plugin.domain.samples import ParkPlace
from streetsafe_plugin.domain.taxonomy import REASONS
from tests.briefing_packs import JANUARY, Made, invent, pack_of, sample

THRESHOLD = 5
PARTNER, PUBLIC = Audience.PARTNER, Audience.PUBLIC
CODES = {reason.label: reason.code for reason in REASONS}


class Attacker:
    """Unknowns are reports, and mentions of each reason, by park, band of distance and month.

    The last park is the ground beyond the reach of all rings; it has one band only.
    """

    def __init__(self, parks: int, edges: Sequence[float], months: int, codes: Sequence[str]):
        self.parks, self.edges, self.months = parks, list(edges), months
        self.kinds = ["", *codes]
        self.cells = [
            (park, band, month)
            for park in [*range(parks), -1]
            for band in (range(len(edges)) if park >= 0 else [0])
            for month in range(months)
        ]
        self.place = {cell: number for number, cell in enumerate(self.cells)}
        self.rows: list[np.ndarray] = []
        self.values: list[int] = []

    @property
    def unknowns(self) -> int:
        return len(self.cells) * len(self.kinds)

    def row(self, cells: Iterable[tuple[int, int, int]], code: str = "") -> np.ndarray:
        """Return the sum of reports, or mentions, of some cells."""
        row = np.zeros(self.unknowns)
        start = self.kinds.index(code) * len(self.cells)
        for cell in cells:
            row[start + self.place[cell]] = 1
        return row

    def where(self, park=None, inner=-1.0, outer=None, last=None, month=None, near=None):
        """Yield the cells of a park between two distances, or of all ground."""
        for cell in self.cells:
            one, band, when = cell
            edge = self.edges[band] if one >= 0 else np.inf
            if park is not None and one != park:
                continue
            if near is not None and (outer is None or (edge <= outer) != near):
                continue
            if park is not None and outer is not None and not inner < edge <= outer:
                continue
            if last is not None and when > last:
                continue
            if month is not None and when not in month:
                continue
            yield cell

    def know(self, row: np.ndarray, value: int | None) -> None:
        if value is not None:
            self.rows.append(row)
            self.values.append(value)

    def read(self, pack: Pack, last: int) -> list[tuple[str, np.ndarray]]:
        """Write down what a pack shows of the months up to `last`; return what it does not."""
        held = []

        def take(name: str, row: np.ndarray, value: int | None) -> None:
            self.know(row, value)
            if value is None:
                held.append((name, row))

        reach = pack.parks[0].reach_m
        for number, park in enumerate(pack.parks):
            for zone in park.zones:
                inner = zone.inner_m if zone.outer_m else -1.0
                row = self.row(self.where(number, inner, zone.outer_m, last))
                take(f"{park.name} {zone.label}", row, zone.reports)
            take(park.name, self.row(self.where(number, -1.0, reach, last)), park.within)
            shown = {CODES[label]: count for label, count in park.reasons}
            for code in self.kinds[1:]:
                row = self.row(self.where(number, -1.0, reach, last), code)
                take(f"{park.name} {code}", row, shown.get(code))
            self._trend(
                park.trend, lambda months, p=number: self.where(p, -1.0, reach, last, months)
            )
        whole = pack.whole
        inside = [cell for cell in self.where(last=last) if cell[0] >= 0 and cell[1] == 0]
        near = list(self.where(outer=reach, last=last, near=True))
        take("inside", self.row(inside), whole.inside)
        take("in rings", self.row(set(near) - set(inside)), whole.in_rings)
        far = self.where(outer=reach, last=last, near=False)
        take("outside", self.row(far), whole.outside)
        take("used", self.row(self.where(last=last)), whole.used)
        for label, count in whole.reasons:
            self.know(self.row(self.where(last=last), CODES[label]), count)
        self._trend(whole.trend, lambda months: self.where(last=last, month=months))
        return held

    def _trend(self, trend: Trend | None, where) -> None:
        for step in trend.steps if trend else ():
            first = (step.first.year - 1970) * 12 + step.first.month - 1 - JANUARY
            end = (step.last.year - 1970) * 12 + step.last.month - 1 - JANUARY
            self.know(self.row(where(range(first, end + 1))), step.reports)

    def determined(self, row: np.ndarray) -> bool:
        """Tell whether a sum follows from the equations by linear algebra alone."""
        known = np.array(self.rows)
        return np.linalg.matrix_rank(np.vstack((known, row))) == np.linalg.matrix_rank(known)

    def range_of(self, row: np.ndarray) -> tuple[float, float]:
        """Return the lowest and highest value that a sum can have.

        Counts are not negative, and no more reports can tick a reason than there are.
        """
        cells, ends = len(self.cells), []
        limits = np.zeros((cells * (len(self.kinds) - 1), self.unknowns))
        for number in range(limits.shape[0]):
            limits[number, cells + number] = 1
            limits[number, number % cells] = -1
        for sign in (1, -1):
            answer = linprog(
                sign * row,
                A_ub=limits if len(limits) else None,
                b_ub=np.zeros(len(limits)) if len(limits) else None,
                A_eq=np.array(self.rows) if self.rows else None,
                b_eq=np.array(self.values, dtype=float) if self.rows else None,
                bounds=(0, None),
            )
            assert answer.status in (0, 3), answer.message
            ends.append(np.inf if answer.status == 3 else sign * answer.fun)
        return ends[0], ends[1]

    def found(self, held: Sequence[tuple[str, np.ndarray]]) -> list[str]:
        """Return which of the held numbers can be told to within less than the threshold."""
        caught = []
        for name, row in held:
            low, high = self.range_of(row)
            if high - low < THRESHOLD - 1e-6:
                caught.append(f"{name}: {low:g} to {high:g}")
        return caught


def attacker_of(made: Made, months: int, edges: Sequence[float]) -> Attacker:
    return Attacker(made.parks, [0.0, *edges], months, list(made.ticks))


SMALL = {"parks": 3, "months": 4, "reasons": 2, "near": 0.6}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 150))
def test_partner_and_public_of_the_same_reports(seed, reports):
    made = invent(seed, reports, **SMALL)
    pack, counted = pack_of(made, (100.0, 400.0))
    attacker = attacker_of(made, 4, (100.0, 400.0))
    last = int(made.month.max()) - JANUARY if reports else 0
    partner, issued = protected(pack, counted, PARTNER, THRESHOLD)
    held = attacker.read(partner, last)
    public, _ = protected(pack, counted, PUBLIC, THRESHOLD, 0, [issued])
    attacker.read(public, last)
    assert not attacker.found(held)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 150))
def test_last_month_and_this_with_other_rings(seed, reports):
    made = invent(seed, reports, **SMALL)
    attacker = attacker_of(made, 4, (100.0, 250.0, 400.0))
    before = made.only(made.month < JANUARY + 3)
    packs, held = [], []
    first, counted = pack_of(before, (100.0, 400.0))
    shown, issued = protected(first, counted, PARTNER, THRESHOLD)
    last_before = int(before.month.max()) - JANUARY
    held += attacker.read(shown, last_before)
    packs.append(issued)
    second, counted = pack_of(made, (250.0, 400.0))
    shown, _ = protected(second, counted, PARTNER, THRESHOLD, 0, packs)
    last = int(made.month.max()) - JANUARY
    held += attacker.read(shown, last)
    new = range(last_before + 1, last + 1)
    if new:  # what came new in a park is a number as well
        for park in range(made.parks):
            came = made.month[made.park == park] > JANUARY + last_before
            if came.sum() < THRESHOLD:
                row = attacker.row(attacker.where(park, -1.0, 400.0, month=new))
                held.append((f"new in park {park}", row))
    assert not attacker.found(held)


def test_the_attack_succeeds_on_small_numbers_held_back_alone():
    """With nothing but the small numbers out, the solver finds some of them."""
    caught = []
    for seed in range(6):
        made = invent(seed, 90, **SMALL)
        pack, _ = pack_of(made, (100.0, 400.0))
        attacker = attacker_of(made, 4, (100.0, 400.0))
        caught += attacker.found(attacker.read(_primary_only(pack), 3))
    assert len(caught) > 5


def test_the_attack_succeeds_on_packs_that_know_nothing_of_each_other():
    """Each pack is safe by itself; without the register two of them tell what came new."""
    caught = []
    for seed in range(6):
        made = invent(seed, 90, **SMALL)
        attacker = attacker_of(made, 4, (100.0, 400.0))
        for last in (2, 3):
            some = made.only(made.month <= JANUARY + last)
            shown, _ = protected(*pack_of(some, (100.0, 400.0)), PARTNER, THRESHOLD)
            attacker.read(shown, last)
        for park in range(made.parks):
            came = attacker.row(attacker.where(park, -1.0, 400.0, month=[3]))
            if ((made.park == park) & (made.month == JANUARY + 3)).sum() < THRESHOLD:
                caught += attacker.found([(f"new in park {park}", came)])
    assert caught


def _primary_only(pack: Pack) -> Pack:
    def kept(count: int | None) -> int | None:
        return count if count is not None and count >= THRESHOLD else None

    parks = tuple(
        replace(
            park,
            zones=tuple(replace(zone, reports=kept(zone.reports)) for zone in park.zones),
            within=kept(park.within),
            reasons=tuple(pair for pair in park.reasons if pair[1] >= THRESHOLD),
            trend=None,
        )
        for park in pack.parks
    )
    whole = pack.whole
    return replace(
        pack,
        parks=parks,
        whole=replace(
            whole,
            inside=kept(whole.inside),
            in_rings=kept(whole.in_rings),
            outside=kept(whole.outside),
            used=kept(whole.used),
            trend=None,
        ),
    )


@pytest.mark.parametrize("seed", range(3))
def test_linear_algebra_alone_finds_nothing(seed):
    made = invent(seed, 120, **SMALL)
    attacker = attacker_of(made, 4, (100.0, 400.0))
    shown, _ = protected(*pack_of(made, (100.0, 400.0)), PARTNER, THRESHOLD)
    held = attacker.read(shown, 3)
    assert held
    assert not [name for name, row in held if attacker.determined(row)]


def test_the_sample_in_two_packs_a_month_apart():
    codes = ["env_lighting", "beh_followed"]
    places = [
        ParkPlace("victoria-park", "Victoria Park", 459_400.0, 303_500.0, 27.9),
        ParkPlace("queens-park", "Queen's Park", 453_300.0, 319_500.0, None),
        ParkPlace("welland-park", "Welland Park", 473_000.0, 286_800.0, None),
    ]
    made = sample(places, 1_200, codes)
    made = made.only(made.month != NO_MONTH)
    made = replace(made, month=made.month - made.month.min() + JANUARY)
    made = made.only(made.month < JANUARY + 8)
    attacker = attacker_of(made, 8, (100.0, 400.0))
    held, earlier = [], []
    for last, audience in ((6, PARTNER), (7, PARTNER), (7, PUBLIC)):
        pack, counted = pack_of(made.only(made.month <= JANUARY + last), (100.0, 400.0))
        shown, issued = protected(pack, counted, audience, THRESHOLD, 0, earlier)
        dark = attacker.read(shown, last)
        if audience is PARTNER:
            held += dark
        earlier.append(issued)
    assert held
    assert any(number.value for number in earlier[0].numbers)
    assert not attacker.found(held)
