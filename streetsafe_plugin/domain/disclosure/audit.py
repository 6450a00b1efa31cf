# SPDX-License-Identifier: GPL-2.0-or-later
"""Which numbers are held back: the small ones, and as many more as keep these from being found.

A number below the threshold, none included, is held back (primary suppression). So that it does not
follow from the others, further ones are (secondary suppression): those that limit it in the linear
programme of `ranges`, the least useful of them first (`Order`), then the smallest, then by name,
until every held number could differ by the threshold or more. The difference of two numbers that
were shown, of which one counts all that the other counts, is treated as a number of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from streetsafe_plugin.domain.arrays import Bools
from streetsafe_plugin.domain.disclosure.atoms import atoms_of
from streetsafe_plugin.domain.disclosure.possible import is_square
from streetsafe_plugin.domain.disclosure.ranges import Ranges, can_be
from streetsafe_plugin.domain.disclosure.statistics import (
    CountedReports,
    Rule,
    Shown,
    Statistic,
)
from streetsafe_plugin.domain.disclosure.unknowns import Bound, Unknowns, one_in_the_other
from streetsafe_plugin.domain.issued import Issued, IssuedNumber
from streetsafe_plugin.domain.progress import Tick, no_tick


@dataclass(frozen=True)
class Audited:
    """What may be shown.

    `values` has each shown number by name, rounded where numbers are; what was to be shown and is
    not in it is held back: the `small` ones, and the `further` ones that these are protected by.
    `already_out` counts the numbers and differences that follow from earlier products alone.
    """

    values: dict[str, int]
    small: frozenset[str]
    further: frozenset[str]
    already_out: int
    numbers: tuple[IssuedNumber, ...]
    kept: tuple[Statistic, ...]

    def shows(self, name: str) -> bool:
        """Tell whether a number is shown."""
        return name in self.values


def audited(
    statistics: Sequence[Statistic],
    reports: CountedReports,
    rule: Rule,
    earlier: Sequence[Issued] = (),
    tick: Tick = no_tick,
) -> Audited:
    """Return what of some numbers may be shown.

    Args:
        statistics: the numbers, each with a name of its own.
        reports: what they count.
        rule: how small a number may be.
        earlier: what the same readers may have been given before.
        tick: called as it goes on, but not with how far it has come.

    Raises:
        DoesNotAddUp: what was issued earlier contradicts the reports.
    """
    return _Audit(statistics, reports, rule, earlier, tick).run(tick)


class _Audit:
    """One audit: all numbers, the product's first, and which of the product's are shown."""

    def __init__(
        self,
        statistics: Sequence[Statistic],
        reports: CountedReports,
        rule: Rule,
        earlier: Sequence[Issued],
        tick: Tick,
    ) -> None:
        # by name, so that the order of parks decides nothing
        self.statistics, self.rule = sorted(statistics, key=lambda one: one.name), rule
        self.told = [number for entry in earlier for number in entry.numbers]
        self.own = len(statistics)
        self.scopes = [one.scope for one in self.statistics]
        self.scopes += [one.scope for one in self.told]
        self.product = [0] * self.own
        self.product += [place for place, entry in enumerate(earlier, 1) for _ in entry.numbers]
        self.reasons = [one.reason for one in self.statistics]
        self.reasons += [one.reason for one in self.told]
        self.counts = np.array([reports.count(one) for one in self.statistics], dtype=np.int64)
        tick(0.0)
        self.atoms = atoms_of(self.statistics, reports, earlier, tick)
        tick(0.0)
        self.unknowns = Unknowns(self.atoms, self.reasons, rule.threshold)
        tick(0.0)
        self.wanted = np.array(
            [one.shown in (Shown.COUNT, Shown.ENOUGH) for one in self.statistics], dtype=bool
        )
        self.known = np.array([one.shown is Shown.KNOWN for one in self.statistics], dtype=bool)
        small = self.wanted & (self.counts < rule.threshold)
        self.small = self.wanted & self._bundled(small)
        self.shown = self.wanted & ~self.small
        tick(0.0)
        sets = self._sets()
        self.before = self._shown_before(sets, exactly=False)
        self.out = self._shown_before(sets, exactly=True)[: self.own]
        self.further = np.zeros(self.own, dtype=bool)

    def run(self, tick: Tick) -> Audited:
        fixed = self._earlier_bounds()
        fixed += [
            Bound(place, int(self.counts[place]), int(self.counts[place]))
            for place in np.flatnonzero(self.known).tolist()
        ]
        tick(0.0)
        pairs = self._small_differences()
        tick(0.0)
        self._hold(self._told_by_earlier(pairs))
        rows = self._questions(pairs)
        hopeless = np.zeros(rows.shape[0], dtype=bool)
        tick(0.0)
        ranges = Ranges(self.unknowns, rows, [*fixed, *self._own_bounds()], tick)
        least = self.rule.threshold
        while True:
            asked = self._asked(rows.shape[0]) & ~hopeless
            ranges.widen_together(least, asked, tick)
            for row in np.flatnonzero(asked & (ranges.widths() < least)).tolist():
                tick(0.0)
                if ranges.widths()[row] >= least:
                    continue
                moved = ranges.in_the_way(row, least, self._prices(), tick)
                if moved:
                    self._hold(moved)
                    ranges.know([*fixed, *self._own_bounds()])
                    break
                if moved is None:
                    hopeless[row] = True
            else:
                small = rows[hopeless] @ self.unknowns.truth < least
                return self._result(int(np.count_nonzero(small)))

    def _asked(self, rows: int) -> Bools:
        """Tell which sums are to be protected: what is held back or small, and all differences."""
        asked = np.ones(rows, dtype=bool)
        small = (self.counts < self.rule.threshold) & ~self.known
        # to hold back what was shown before protects nothing unless it is small
        held = ~self.shown & (small | ~self.before[: self.own])
        asked[: self.own] = np.where(self.wanted, held, small)
        kept = np.array([one.low is None for one in self.told], dtype=bool)
        asked[self.own : self.own + len(self.told)] = kept & ~self.before[self.own :]
        return asked

    def _prices(self) -> dict[int, float]:
        """Return what it costs to hold each shown number back, for each report it would move."""
        return {
            place: 2.0**one.order * (1 + math.log1p(count)) * (1 + place / (1000 * self.own))
            for place in np.flatnonzero(self.shown & ~self.out).tolist()
            for one, count in [(self.statistics[place], int(self.counts[place]))]
        }

    def _hold(self, numbers: Iterable[int]) -> None:
        """Hold shown numbers back, and what belongs to them."""
        some = np.zeros(self.own, dtype=bool)
        some[list(numbers)] = True
        held = self.shown & self._bundled(some)
        self.shown &= ~held
        self.further |= held

    def _bundled(self, some: Bools) -> Bools:
        """Return some numbers and what is held back together with them."""
        bundles = {self.statistics[place].held_with for place in np.flatnonzero(some).tolist()}
        return np.array([one.held_with in bundles for one in self.statistics], dtype=bool)

    def _sets(self) -> list[tuple[str, bytes]]:
        """Return for each number, own and told, what it counts, to hold one against the other."""
        table = self.atoms.table
        table.sort_indices()
        each = np.split(table.indices, table.indptr[1:-1])
        return [(reason, indices.tobytes()) for reason, indices in zip(self.reasons, each)]

    def _shown_before(self, keys: Sequence[tuple[str, bytes]], exactly: bool) -> Bools:
        """Tell which numbers, own and told, were shown before: to the report, or at all."""
        seen = {
            keys[self.own + place]
            for place, one in enumerate(self.told)
            if one.value is not None and (one.low == one.high or not exactly)
        }
        return np.array([key in seen for key in keys], dtype=bool)

    def _told_by_earlier(self, pairs: Sequence[tuple[int, int]]) -> list[int]:
        """Return the numbers whose small difference to one shown earlier would be plain to see.

        The earlier one is out, so nothing else would help.
        """
        found = []
        for more, less in pairs:
            own, other = (more, less) if more < self.own else (less, more)
            if other < self.own or self.told[other - self.own].low is None:
                continue
            told = self.told[other - self.own]
            ends = {own: self._known(own), other: (told.low or 0, told.high)}
            (low_more, high_more), (low_less, high_less) = ends[more], ends[less]
            if high_more is None or high_less is None:
                continue
            if high_more - low_less - max(0, low_more - high_less) < self.rule.threshold:
                found.append(own)
        return found

    def _own_bounds(self) -> list[Bound]:
        return [
            Bound(place, *self._known(place))
            for place in np.flatnonzero(self.shown & ~self.out).tolist()
        ]

    def _known(self, place: int) -> tuple[int, int | None]:
        if self.statistics[place].shown is Shown.ENOUGH:
            return self.rule.threshold, None
        return self.rule.known(self.rule.shown(int(self.counts[place])))

    def _earlier_bounds(self) -> list[Bound]:
        """Return what earlier products tell, without what changed reports have made untrue."""
        told = [
            Bound(self.own + place, one.low, one.high)
            for place, one in enumerate(self.told)
            if one.low is not None
        ]
        sure = [one for one in told if self.unknowns.agrees(one)]
        doubtful = [one for one in sure if self.unknowns.in_doubt(one.number)]
        if not doubtful:
            return sure
        if can_be(self.unknowns, sure):
            return sure
        return [one for one in sure if not self.unknowns.in_doubt(one.number)]

    def _small_differences(self) -> list[tuple[int, int]]:
        """Return the pairs of numbers whose difference is a small number."""
        found: list[tuple[int, int]] = []
        values = self.unknowns.values()
        counted = [
            place
            for place in np.flatnonzero(self.shown).tolist()
            if self.statistics[place].shown is Shown.COUNT
        ]
        # what is said to be enough may leave too few of what it lies in
        enough = [
            place
            for place in np.flatnonzero(self.shown).tolist()
            if self.statistics[place].shown is Shown.ENOUGH
        ]
        before = [
            self.own + place
            for place, one in enumerate(self.told)
            if one.low is None or one.high is not None
        ]
        for reason in sorted(set(self.reasons)):
            own = [place for place in counted if self.reasons[place] == reason]
            others = own + [place for place in before if self.reasons[place] == reason]
            if own:
                within = [place for place in enough if self.reasons[place] == reason]
                pairs = one_in_the_other(self.atoms.table, own, [*others, *within])
                found += [
                    (more, less)
                    for more, less in pairs
                    if values[more] - values[less] < self.rule.threshold
                ]
        return found

    def _questions(self, pairs: Sequence[tuple[int, int]]) -> sparse.csr_matrix:
        """Return the sums to protect: every number, then the differences, each once."""
        sums = self.unknowns.sums
        asked = [*self._rests()]
        if pairs:
            more, less = np.array(pairs).T
            asked.append(sparse.csr_matrix(sums[more] - sums[less]))
        differences = sparse.vstack([sums[:0], *asked], format="csr")
        if not differences.shape[0]:
            return sums
        differences.eliminate_zeros()
        differences.sort_indices()
        each = np.split(differences.indices, differences.indptr[1:-1])
        once = {indices.tobytes(): row for row, indices in reversed(list(enumerate(each)))}
        return sparse.vstack([sums, differences[sorted(once.values())]], format="csr")

    def _rests(self) -> Iterator[sparse.csr_matrix]:
        """Yield what is left of shown numbers without another product's squares on their ground.

        Squares of the product itself are those of `rests`. What earlier products tell of each
        other is out.
        """
        sums, sizes = self.unknowns.sums, np.diff(self.atoms.table.indptr)
        known = [place for place in range(len(self.reasons)) if self._tells(place)]
        squares: dict[tuple[int, str], list[int]] = {}
        for place in known:
            if is_square(self.scopes[place]):
                squares.setdefault((self.product[place], self.reasons[place]), []).append(place)
        for (product, reason), some in squares.items():
            whole = [
                place
                for place in known
                if self.reasons[place] == reason
                and self.product[place] != product
                and not (product and self.product[place])
            ]
            shared = (self.atoms.table[whole] @ self.atoms.table[some].T).tocsr()
            shared.data = (shared.data == sizes[some][shared.indices]).astype(np.int64)
            shared.eliminate_zeros()
            rests = sums[whole] - shared @ sums[some]
            small = rests @ self.unknowns.truth < self.rule.threshold
            yield rests[np.flatnonzero(small & (np.diff(shared.indptr) > 0))]

    def _tells(self, place: int) -> bool:
        """Tell whether a number is shown to the report, by the product or an earlier one."""
        if place < self.own:
            return bool(self.shown[place]) and self.statistics[place].shown is Shown.COUNT
        return self.told[place - self.own].value is not None

    def _result(self, already_out: int) -> Audited:
        kept = np.flatnonzero(self.wanted).tolist()
        shown = {place for place in kept if self.shown[place]}
        values = {
            self.statistics[place].name: self.rule.shown(int(self.counts[place]))
            for place in sorted(shown)
        }

        def number(place: int) -> IssuedNumber:
            one = self.statistics[place]
            if place not in shown:
                return IssuedNumber(one.name, one.reason, one.scope)
            value = values[one.name] if one.shown is Shown.COUNT else None
            return IssuedNumber(one.name, one.reason, one.scope, value, *self._known(place))

        return Audited(
            values,
            self._names(self.small),
            self._names(self.further),
            already_out,
            tuple(number(place) for place in kept),
            tuple(self.statistics[place] for place in kept),
        )

    def _names(self, some: Bools) -> frozenset[str]:
        return frozenset(self.statistics[place].name for place in np.flatnonzero(some).tolist())


def groups_of(
    kept: Sequence[Statistic], hashes: Sequence[str]
) -> tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]:
    """Return the reports by which of some numbers count them, as a register holds them."""
    if not kept or not hashes:
        return ()
    members = np.array([one.members for one in kept])
    packed = np.ascontiguousarray(np.packbits(members, axis=0).T)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    by_group: list[list[str]] = [[] for _ in first]
    for report, one in zip(hashes, np.asarray(group).ravel().tolist()):
        by_group[one].append(report)
    return tuple(
        (tuple(np.flatnonzero(members[:, column]).tolist()), tuple(sorted(held)))
        for column, held in zip(first.tolist(), by_group)
        if members[:, column].any()
    )
