# SPDX-License-Identifier: GPL-2.0-or-later
"""What tells reports apart from one product to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from streetsafe_plugin.domain.arrays import Floats, Moments, Values


def report_keys(ids: Values | None, xy: Floats, days: Moments | None) -> list[str]:
    """Return a key for each report, all different.

    The key is the report's id; without one, its place to the metre, its day, and its number among
    those that are alike, so that a layer read again gives the same keys.

    Args:
        ids: the reports' ids (n), missing ones as None or empty text; None without such a field.
        xy: places (n, 2) in metres.
        days: days (n), NaT where unknown; None where nothing is known of days.
    """
    said: Sequence[Any] = [None] * len(xy) if ids is None else list(ids)
    dates = [""] * len(xy) if days is None else [str(day) for day in days]
    met: Counter[str] = Counter()
    keys = []
    for one, (x, y), date in zip(said, xy.tolist(), dates):
        key = f"id {one}" if one not in (None, "") else f"at {x:.0f} {y:.0f} {date}"
        met[key] += 1
        keys.append(key if met[key] == 1 else f"{key} #{met[key]}")
    return keys
