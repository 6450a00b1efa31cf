# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether there are enough reports for a pattern, in the words of the test of clustering."""

from __future__ import annotations

from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.clustering import clustering
from streetsafe_plugin.domain.clustering_words import verdict_in_words
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.random_places import ground_of


def enough(xy: Floats, area: BaseGeometry | None, tick: Tick = no_tick) -> str:
    """Return the sentence that stands where a map does."""
    if not len(xy):
        return "There is no report, so there is no pattern."
    try:
        found = clustering(xy, None if area is None else ground_of([area]), tick)
    except InputRefused as refusal:
        return refusal.message
    return verdict_in_words(found, "report" if len(xy) == 1 else "reports")
