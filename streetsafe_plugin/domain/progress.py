# SPDX-License-Identifier: GPL-2.0-or-later
"""How long work says how far it has come, and learns that it should stop."""

from __future__ import annotations

from typing import Callable

#: Called with the share done, 0 to 1. Raises `Cancelled` when the user has stopped the run.
Tick = Callable[[float], None]


def no_tick(share: float) -> None:
    """Ignore progress: for callers that neither show nor stop."""
