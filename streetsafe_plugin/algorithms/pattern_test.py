# SPDX-License-Identifier: GPL-2.0-or-later
"""The test of clustering as a heat map runs it: is there a pattern to map at all?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.domain.clustering import clustering
from streetsafe_plugin.domain.clustering_words import remarks, verdict_in_words
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.random_places import ground_of
from streetsafe_plugin.i18n import tr

#: With more points than this hardly any map is in doubt, and the test would take longer than it.
MOST_POINTS = 1_000


@dataclass(frozen=True)
class Tested:
    """The verdict's word, None where the question was not asked, and its sentence."""

    verdict: str | None = None
    sentence: str = ""


def pattern_test(
    run: Run, xy: np.ndarray, mask: Sequence[BaseGeometry] | None, noun: str, tick: Tick
) -> Tested:
    """Test few enough points within the mask, if there is one; say and note what is found."""
    if len(xy) > MOST_POINTS:
        return Tested()
    try:
        found = clustering(xy, None if mask is None else ground_of(mask), tick)
    except InputRefused as refusal:
        run.say(str(refusal))
        return Tested()
    sentence = verdict_in_words(found, noun)
    run.say(sentence)
    for remark in remarks(found, noun, mask is not None):
        run.say(remark)
    run.note(sentence)
    return Tested(found.verdict.value, sentence)


def noun_for(fields: Sequence[str]) -> str:
    """Return what points with these fields are, so that crimes are not called reports."""
    if "report_id" in fields:
        return tr("reports")
    return tr("crimes") if "crime_type" in fields else tr("points")
