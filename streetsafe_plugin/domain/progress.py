# SPDX-License-Identifier: GPL-2.0-or-later
"""How long work says how far it has come, and learns that it should stop."""

from __future__ import annotations

import time
from typing import Callable

#: Called with the share done, 0 to 1. Raises `Cancelled` when the user has stopped the run.
Tick = Callable[[float], None]


def approaching(
    tick: Tick, half_way_s: float = 20.0, clock: Callable[[], float] = time.monotonic
) -> Tick:
    """Return a tick for work that cannot tell how much of it is left.

    Each call takes the progress on by the time that has gone by, a second by less than the one
    before, so that it moves as long as the work does and never says that it is done; `half_way_s`
    is the seconds to the middle.
    """
    begin = clock()

    def closer(_: float) -> None:
        took = clock() - begin
        tick(took / (took + half_way_s))

    return closer


def no_tick(share: float) -> None:
    """Ignore progress: for callers that neither show nor stop."""


def part(tick: Tick, start: float, end: float) -> Tick:
    """Return the tick of a piece of work that takes the whole from `start` to `end` (0 to 1)."""
    return lambda share: tick(start + (end - start) * share)
