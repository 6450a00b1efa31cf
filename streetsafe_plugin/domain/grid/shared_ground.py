# SPDX-License-Identifier: GPL-2.0-or-later
"""How much ground many polygons share with one area, however many corners that has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.geometry import only_area
from streetsafe_plugin.domain.progress import Tick, no_tick

_FEW = 8


def shared_ground(
    shapes: Sequence[BaseGeometry], area: BaseGeometry, tick: Tick = no_tick
) -> Floats:
    """Return how many square metres of each valid polygon (n) lie in a valid area.

    The area is halved, and the halves again, until a piece has few polygons left to be cut with:
    cutting each with the whole area would look at all of its corners each time.
    """
    ground = np.zeros(len(shapes))
    bounds = np.array([shape.bounds for shape in shapes], dtype=float).reshape(-1, 4)
    low, high = bounds[:, :2], bounds[:, 2:]
    waiting = [(np.arange(len(shapes)), area)]
    done = 0
    while waiting:
        some, piece = waiting.pop()
        if len(some) <= _FEW or piece.is_empty:
            ground[some] = [shapes[number].intersection(piece).area for number in some]
            done += len(some)
            tick(done / max(len(shapes), 1))
            continue
        middles = low[some] + high[some]
        axis = int(np.argmax(np.ptp(middles, axis=0)))
        order = some[np.argsort(middles[:, axis], kind="stable")]
        for half in np.array_split(order, 2):
            around = box(*low[half].min(axis=0), *high[half].max(axis=0))
            waiting.append((half, only_area(piece.intersection(around))))
    return ground
