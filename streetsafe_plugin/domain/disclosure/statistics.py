# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers that a product shows or keeps to itself, each the size of a set of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Ints
from streetsafe_plugin.domain.issued import Scope


class Shown(Enum):
    """How a product means to show a number."""

    #: As a figure.
    COUNT = "count"
    #: By being there at all: there are as many as the threshold, or more.
    ENOUGH = "enough"
    #: Not at all, but its readers are taken to know it.
    KNOWN = "known"
    #: Not at all; it must not follow from the others either.
    NEVER = "never"


class Order(IntEnum):
    """What is held back first where something has to be: the least useful."""

    PARK_TREND = 0
    CELL = 1
    AREA = 2
    ZONE = 3
    FIX = 4
    PARK_REASON = 5
    PARK = 6
    REASON = 7
    TREND = 8
    TOTAL = 9


@dataclass(frozen=True)
class Statistic:
    """A number of reports, or of mentions of one `reason` among them.

    `members` (n) are the reports on the ground and in the months of `scope`, whether they tick the
    reason or not. What is of one `bundle` is held back together. A `rest` is what is left of
    another number without parts of its ground.
    """

    name: str
    members: Bools
    scope: Scope
    shown: Shown
    order: Order
    reason: str = ""
    bundle: str = ""
    rest: bool = False

    @property
    def held_with(self) -> str:
        """Return the name of the bundle, its own name where it is alone."""
        return self.bundle or self.name


@dataclass(frozen=True)
class CountedReports:
    """The (n) reports of a product: their keys, months and ticked reasons."""

    keys: Sequence[str]
    month: Ints
    ticks: Mapping[str, Bools]

    def count(self, statistic: Statistic) -> int:
        """Return the true number."""
        if not statistic.reason:
            return int(np.count_nonzero(statistic.members))
        return int(np.count_nonzero(statistic.members & self.ticks[statistic.reason]))


@dataclass(frozen=True)
class Rule:
    """How small a number may be and still be shown, and to what multiple it is rounded (0: not)."""

    threshold: int
    round_to: int = 0

    def shown(self, count: int) -> int:
        """Return a number as it is shown: the nearest multiple, half upwards, and never none."""
        if not self.round_to:
            return count
        nearest = (2 * count + self.round_to) // (2 * self.round_to) * self.round_to
        return max(nearest, self.round_to)

    def known(self, value: int) -> tuple[int, int]:
        """Return between which numbers the true one lies, as a reader of `value` can tell."""
        if not self.round_to:
            return value, value
        low = value - self.round_to // 2
        high = value + (self.round_to - 1) // 2
        low = 0 if value <= self.round_to else low
        return max(low, self.threshold), high
