# SPDX-License-Identifier: GPL-2.0-or-later
"""Ground on which places are drawn by chance, every part of it as likely as any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from shapely.prepared import prep

from streetsafe_plugin.domain.arrays import Bools, Floats
from streetsafe_plugin.domain.geometry import only_area
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.rings import within_any

_AT_A_TIME = 100_000
_TILES_ALONG_A_SIDE = 80


@dataclass(frozen=True)
class Ground:
    """An area in metres, possibly of several pieces and with holes."""

    shape: BaseGeometry
    is_rectangle: bool = False

    @property
    def area_m2(self) -> float:
        """Return its area."""
        return float(self.shape.area)

    @property
    def perimeter_m(self) -> float:
        """Return the length of its edges, those of holes included."""
        return float(self.shape.length)

    def holds(self, xy: Floats) -> Bools:
        """Tell for each point (n, 2) whether it lies on the ground, its edge included."""
        return within_any(xy, [self.shape])

    def draw(self, count: int, rng: np.random.Generator, tick: Tick = no_tick) -> Floats:
        """Return so many places (count, 2), drawn evenly from the ground.

        They are drawn from square tiles; those beside the ground, in tiles that its edge runs
        through, are thrown away.
        """
        corners, side, is_whole = self._tiles
        kept: list[Floats] = []
        missing = count
        while missing > 0:
            tick(1 - missing / count)
            some = min(_AT_A_TIME, 2 * missing + 100)
            tile = rng.integers(0, len(corners), some)
            drawn = corners[tile] + rng.uniform(size=(some, 2)) * side
            doubtful = np.flatnonzero(~is_whole[tile])
            held = np.ones(some, dtype=bool)
            held[doubtful] = self.holds(drawn[doubtful])
            kept.append(drawn[held][:missing])
            missing -= len(kept[-1])
        return np.concatenate(kept) if kept else np.empty((0, 2))

    @cached_property
    def _tiles(self) -> tuple[Floats, Floats, Bools]:
        """Return the corners (m, 2) of the tiles, their sides, and which lie wholly within."""
        west, south, east, north = self.shape.bounds
        side = np.array([east - west, north - south])
        if self.is_rectangle:
            return np.array([[west, south]]), side, np.ones(1, dtype=bool)
        side /= _TILES_ALONG_A_SIDE
        ground = prep(self.shape)
        steps = np.indices((_TILES_ALONG_A_SIDE, _TILES_ALONG_A_SIDE)).reshape(2, -1).T
        corners = np.array([west, south]) + steps * side
        tiles = [box(*corner, *(corner + side)) for corner in corners]
        met = np.array([ground.intersects(tile) for tile in tiles])
        whole = np.array([meets and ground.contains(tile) for tile, meets in zip(tiles, met)])
        return corners[met], side, whole[met]


def ground_of(areas: Sequence[BaseGeometry]) -> Ground:
    """Return the ground that any of the polygons covers."""
    return Ground(only_area(unary_union(list(areas))))


def rectangle_for(xy: Floats) -> Ground:
    """Return the rectangle that places (n, 2), n at least 2, may have been drawn from.

    The sides of the rectangle around n places fall short by 2/(n + 1) on average, and are made
    longer by (n + 1)/(n − 1), which makes up for it; the middle stays.
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = (high - low) / (len(xy) - 1)
    return Ground(box(*(low - margin), *(high + margin)), is_rectangle=True)


def rectangle_areas(sets: Floats) -> Floats:
    """Return the areas of the rectangles for each set of places (sets, n, 2)."""
    count = sets.shape[1]
    sides = np.ptp(sets, axis=1) * (count + 1) / (count - 1)
    return np.asarray(sides.prod(axis=1))
