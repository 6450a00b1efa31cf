# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of several parks has what each of them could have.

Where parks overlap or are equally near, the smaller one has it: a play area in a country park keeps
its ground. Of parks of the same size it is the one whose park_id comes first. The rule knows the
parks alone, so it is the same in whatever order a layer holds them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Ints


def by_precedence(parks: Sequence[BaseGeometry], ids: Sequence[str] | None = None) -> Ints:
    """Return the numbers of the parks, those first that have what several could have.

    Args:
        parks: Polygons in metres.
        ids: Their park_ids. Without them, of parks of the same size the one given first is first.
    """
    sizes = [_size(park.area) for park in parks]
    names = [""] * len(parks) if ids is None else ids
    order = sorted(range(len(parks)), key=lambda number: (sizes[number], names[number]))
    return np.array(order, dtype=np.int64)


def _size(area: float) -> float:
    """Return an area to six significant digits, so that moving or turning a park keeps its size.

    The last bits, which moving and turning change, go first: else they would decide about areas
    that lie just between two numbers of six digits, such as 1,234,565 square metres.
    """
    return float(f"{float(f'{area:.9g}'):.6g}")
