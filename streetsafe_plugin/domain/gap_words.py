# SPDX-License-Identifier: GPL-2.0-or-later
"""What speaks against reading too much into a comparison of reports and crimes, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streetsafe_plugin.domain import snapping
from streetsafe_plugin.domain.arrays import Floats, Moments
from streetsafe_plugin.domain.park_counts import M2_PER_KM2

#: With more than this share of a layer beyond the other's extent, one covers more ground.
_MUCH_BEYOND = 0.1
NO_MONTH_IN_COMMON = (
    "Reports and crimes have no month in common, so a difference may be one of time and not of"
    " place."
)


def months_apart(reports: Moments, crimes: Moments) -> list[str]:
    """Return what is to be said where the two are of different months, the worse part last.

    Dates may be NaT; a layer without any is not compared. Crimes are dated on the first day of
    their month.
    """
    known = [days[~np.isnat(days)] for days in (reports, crimes)]
    if not len(known[0]) or not len(known[1]):
        return []
    (first, last), (begun, ended) = (
        [day.astype("datetime64[M]") for day in (days.min(), days.max())] for days in known
    )
    if (first, last) == (begun, ended):
        return []
    said = [
        "Reports are from {} to {}, crimes from {} to {}.".format(
            *(f"{month.item():%B %Y}" for month in (first, last, begun, ended))
        )
    ]
    return [*said, NO_MONTH_IN_COMMON] if last < begun or ended < first else said


def lie_beyond(reports: Floats, crimes: Floats) -> list[str]:
    """Return what is to be said where one layer (n, 2) covers much more ground than the other."""
    said = []
    for xy, others, sentence in (
        (
            crimes,
            reports,
            "{:.0f} % of the crimes lie beyond the reports' extent. If reports were not gathered"
            " there, every place elsewhere seems feared",
        ),
        (
            reports,
            crimes,
            "{:.0f} % of the reports lie beyond the crimes' extent. If crimes were not recorded"
            " there or left out, every such place seems feared",
        ),
    ):
        low, high = others.min(axis=0), others.max(axis=0)
        beyond = float(((xy < low) | (xy > high)).any(axis=1).mean())
        if beyond > _MUCH_BEYOND:
            said.append(sentence.format(100 * beyond))
    return said


def too_small(areas_km2: Sequence[float]) -> int:
    """Return how many places are too small for crimes that were moved onto map points."""
    least_km2 = snapping.SNAPPING_M**2 * np.sqrt(3) / 2 / M2_PER_KM2
    return sum(area < least_km2 for area in areas_km2)


def moved_to_map_points(places: str) -> str:
    """Return the sentence on places, named in words, that are too small for moved crimes."""
    return (
        "The crimes lie on map points, up to a few hundred metres from where they happened. Places"
        f" should be {snapping.SNAPPING_M:g} m wide or more, but {places}"
    )
