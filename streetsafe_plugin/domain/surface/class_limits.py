# SPDX-License-Identifier: GPL-2.0-or-later
"""The limits of a heat map's classes: round, and either found for the data or given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from streetsafe_plugin.domain.errors import InputRefused

#: As many as there are colours to tell the classes between them apart.
MOST_LIMITS = 6


def class_limits(maximum: float, lowest: float, most: int = MOST_LIMITS) -> list[float]:
    """Return round class limits that rise by about the same factor from class to class.

    Densities of reports are skewed: in equal steps one busy square would leave the rest of a map
    without colour. The limits are taken from 1, 2, 5, 10, 20 ... times powers of ten.

    Args:
        maximum: the highest density; the last limit is at least this.
        lowest: the density below which nothing is to be made of a place, such as the peak of one
            lone report; the first limit is at least this.
        most: how many limits there may be.
    """
    if not maximum > 0:
        return []
    low, high = _step_at_least(lowest), _step_at_least(maximum)
    if high <= low:
        return [round_limit(low)]
    stride = math.ceil((high - low) / (most - 1))
    return [round_limit(step) for step in range(high, low - 1, -stride)][::-1]


def _step_at_least(value: float) -> int:
    """Return the number of the smallest limit in 1, 2, 5, 10 ... that is not below a value."""
    step = 3 * math.floor(math.log10(value))
    while round_limit(step) < value * (1 - 1e-9):
        step += 1
    return step


def round_limit(step: int) -> float:
    """Return limit number `step` of the series in which 0, 1, 2, 3 are 1, 2, 5 and 10."""
    power, factor = divmod(step, 3)
    return float((1, 2, 5)[factor] * 10.0**power)


def parse_limits(text: str) -> list[float]:
    """Return limits written as “5, 10, 20, 50”; semicolons and blanks will do as well.

    Raises:
        InputRefused: one is no number above 0, they do not rise, or there are too few or too many.
    """
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    try:
        limits = [float(part) for part in parts]
    except ValueError:
        limits = []
    if not all(math.isfinite(limit) and limit > 0 for limit in limits) or not limits:
        raise InputRefused(
            f"LIMITS “{text}” are not numbers above 0.", "Write them as 5, 10, 20, 50."
        )
    if any(upper <= lower for lower, upper in zip(limits, limits[1:])):
        raise InputRefused(
            f"LIMITS “{text}” do not rise.", "Write them from low to high, each once."
        )
    if not 2 <= len(limits) <= MOST_LIMITS:
        raise InputRefused(
            f"LIMITS are {len(limits)}; classes need 2 to {MOST_LIMITS} of them.",
            "Write them as 5, 10, 20, 50.",
        )
    return limits


def limits_as_text(limits: Sequence[float]) -> str:
    """Return limits as `parse_limits` reads them."""
    return ", ".join(f"{limit:.12g}" for limit in limits)
