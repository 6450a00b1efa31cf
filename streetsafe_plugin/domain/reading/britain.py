# SPDX-License-Identifier: GPL-2.0-or-later
"""Where Great Britain is, coarsely: what lies on its grid, and what is next to it."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats

# Longitude and latitude of a line drawn by hand around Great Britain and its inhabited islands,
# mostly at sea and generous there; Ireland, France and the Channel Islands lie outside it.
_BRITAIN = np.array(
    [
        (-6.8, 49.7), (-4.9, 49.8), (-3.5, 50.0), (-1.3, 50.3), (0.3, 50.5), (1.1, 50.75),
        (1.5, 51.0), (1.7, 51.3), (2.1, 52.3), (2.1, 53.0), (0.9, 54.5), (-0.4, 56.0),
        (-0.2, 61.1), (-2.5, 61.1), (-9.2, 59.5), (-9.2, 57.0), (-7.9, 56.4), (-6.8, 55.55),
        (-5.97, 55.42), (-5.95, 55.2), (-5.35, 54.95), (-5.33, 53.0), (-5.9, 52.2), (-6.2, 51.2),
        (-7.0, 50.3),
    ]
)  # fmt: skip
_ISLE_OF_MAN = (-4.95, 54.0, -4.2, 54.45)
#: West, south, east and north of a part of England that is wholly inside that line.
_SURELY = (-3.5, 50.8, 0.9, 54.4)
#: Parts of these islands that lie off the national grid, by west, south, east and north.
_NEIGHBOURS = {
    "on or near the Isle of Man": _ISLE_OF_MAN,
    "in or near Northern Ireland": (-8.2, 54.0, -5.4, 55.35),
    "in or near the Channel Islands": (-2.8, 49.1, -1.9, 49.8),
}


def in_great_britain(lonlat: Floats) -> Bools:
    """Tell which places (n, 2), longitude first, lie in or close off Great Britain.

    The outline is coarse: it keeps Ireland, the Isle of Man, the Channel Islands and France out,
    where the British National Grid does not hold, and lets the sea around Britain in.
    """
    inside = _in_box(lonlat, _SURELY)
    unsure = np.flatnonzero(~inside)
    x, y = lonlat[unsure, 0], lonlat[unsure, 1]
    within = np.zeros(len(unsure), dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for (x1, y1), (x2, y2) in zip(_BRITAIN, np.roll(_BRITAIN, -1, axis=0)):
            crosses = (y1 > y) != (y2 > y)
            within ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1 or 1.0) + x1)
    inside[unsure] = within & ~_in_box(lonlat[unsure], _ISLE_OF_MAN)
    return inside


def neighbours(lonlat: Floats) -> dict[str, Bools]:
    """Tell which places lie in the boxes around the parts next to Great Britain, by their name."""
    return {name: _in_box(lonlat, bounds) for name, bounds in _NEIGHBOURS.items()}


def _in_box(lonlat: Floats, bounds: tuple[float, float, float, float]) -> Bools:
    x, y = lonlat[:, 0], lonlat[:, 1]
    west, south, east, north = bounds
    with np.errstate(invalid="ignore"):
        return np.asarray((x > west) & (x < east) & (y > south) & (y < north))
