# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground of an evaluation: the park, the ring around it, the band beyond for a control."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.park_evaluation import Ground
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.ring_shapes import cut_at, ring_shapes
from streetsafe_plugin.domain.rings import assign


def ground_around(
    xy: Floats,
    parks: Sequence[BaseGeometry],
    limits_m: Sequence[float],
    tick: Tick = no_tick,
    ids: Sequence[str] | None = None,
    area: BaseGeometry | None = None,
) -> Ground:
    """Return which park and ring each report lies in, and how large these are.

    Args:
        xy: Reports (n, 2) in metres.
        parks: Valid polygons in the same metres.
        limits_m: Outer distances of the rings, those of `park_evaluation.MULTIPLES` or the first
            of them.
        tick: Progress.
        ids: The parks' park_ids, by which `by_precedence` chooses between parks of the same size.
        area: The ground on which reports were counted at all; None for everywhere.
    """
    belonging = assign(xy, parks, limits_m, tick=lambda share: tick(0.4 * share), ids=ids)
    park = np.full(len(xy), -1, dtype=np.int64)
    ring = park.copy()
    park[belonging.reports], ring[belonging.reports] = belonging.parks, belonging.rings
    drawn = ring_shapes(parks, limits_m, tick=lambda share: tick(0.4 + 0.6 * share), ids=ids)
    if area is not None:
        drawn = cut_at(drawn, area)
    return Ground(park, ring, np.array([[shape.area for shape in zones] for zones in drawn]))
