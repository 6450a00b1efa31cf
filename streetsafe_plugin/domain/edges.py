# SPDX-License-Identifier: GPL-2.0-or-later
"""The edges of many parks in one set of arrays, to look for the nearest among all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.geometry import Outline, squares_to_edges
from streetsafe_plugin.domain.progress import Tick, no_tick

_DECIMALS = 6  # micrometres, as all distances are kept
_FIRST_LOOK = 8
_BLOCK = 1 << 15  # points looked at together
_PIECES_A_REACH = 8.0
_MOST_PIECES = 200_000.0


@dataclass(frozen=True)
class Edges:
    """Straight pieces of edge from `starts` to `ends` (n, 2), and whose they are."""

    starts: Floats
    ends: Floats
    park: Ints

    @property
    def middles(self) -> Floats:
        """Return the middle of each piece."""
        return np.asarray((self.starts + self.ends) / 2)

    @property
    def lengths(self) -> Floats:
        """Return the length of each piece."""
        return np.asarray(np.hypot(*(self.ends - self.starts).T))

    def only(self, kept: Bools) -> Edges:
        """Return some of the pieces."""
        return Edges(self.starts[kept], self.ends[kept], self.park[kept])

    def cut(self, longest: Floats | float) -> Edges:
        """Return the pieces cut evenly so that none is longer than `longest`."""
        parts = np.maximum(np.ceil(self.lengths / longest), 1).astype(np.int64)
        edge = np.repeat(np.arange(len(parts)), parts)
        place = np.arange(len(edge)) - np.repeat(np.cumsum(parts) - parts, parts)
        step = (self.ends - self.starts)[edge] / parts[edge, None]
        starts = self.starts[edge] + step * place[:, None]
        last = (place + 1 == parts[edge])[:, None]
        return Edges(starts, np.where(last, self.ends[edge], starts + step), self.park[edge])


def edges_of(outlines: Sequence[Outline]) -> Edges:
    """Return the edges of all parks."""
    return Edges(
        np.concatenate([outline.starts for outline in outlines]),
        np.concatenate([outline.ends for outline in outlines]),
        np.repeat(np.arange(len(outlines)), [len(outline.starts) for outline in outlines]),
    )


def nearest_park(
    xy: Floats, outlines: Sequence[Outline], reach_m: float, tick: Tick = no_tick
) -> tuple[Ints, Floats]:
    """Return each point's park with the nearest edge, and how far off that is in metres.

    Of edges equally near (to a micrometre) that of the park given first is taken. Points with none
    within `reach_m` get park -1 and an infinite distance. The edges are cut into pieces no longer
    than L and looked up by their middles: of the k with the nearest middles, one is surely the
    nearest of all if it is nearer than the k-th middle by L / 2. Where it is not, k is doubled.
    """
    edges = edges_of(outlines)
    edges = edges.cut(max(reach_m / _PIECES_A_REACH, float(edges.lengths.sum()) / _MOST_PIECES))
    tree, half = cKDTree(edges.middles), float(edges.lengths.max()) / 2
    park = np.full(len(xy), -1, dtype=np.int64)
    metres = np.full(len(xy), np.inf)
    waiting, looked_at = np.arange(len(xy)), min(_FIRST_LOOK, len(edges.park))
    while len(waiting):
        unproven = []
        for start in range(0, len(waiting), _BLOCK):
            tick(1 - (len(waiting) - start) / max(len(xy), 1))
            some = waiting[start : start + _BLOCK]
            owner, distance, proven = _look(xy[some], edges, tree, looked_at, reach_m, half)
            park[some], metres[some] = owner, distance
            unproven.append(some[~proven])
        waiting = np.concatenate(unproven)
        looked_at = min(2 * looked_at, len(edges.park))
    return park, metres


def _look(
    xy: Floats, edges: Edges, tree: cKDTree, looked_at: int, reach_m: float, half_m: float
) -> tuple[Ints, Floats, Bools]:
    """Return the nearest park among those of some edges, how far off, and whether that is sure."""
    bound = reach_m + half_m + 1e-3
    to_middle, which = tree.query(xy, k=looked_at, distance_upper_bound=bound, workers=-1)
    to_middle, which = to_middle.reshape(len(xy), -1), which.reshape(len(xy), -1)
    there = np.isfinite(to_middle)
    point, place = np.nonzero(there)
    edge = which[point, place]
    distance = np.full(which.shape, np.inf)
    distance[point, place] = np.round(
        np.sqrt(squares_to_edges(xy[point], edges.starts[edge], edges.ends[edge])), _DECIMALS
    )
    nearest = distance.min(axis=1)
    # of those equally near, the park given first
    nobody = int(edges.park[-1]) + 1
    owners = np.full(which.shape, nobody)
    owners[point, place] = edges.park[edge]
    owner = np.where(distance == nearest[:, None], owners, nobody).min(axis=1)
    sure = ~there[:, -1] | (nearest < to_middle[:, -1] - half_m - 1e-3)
    sure |= looked_at == len(edges.park)
    near = nearest <= reach_m
    return np.where(near, owner, -1), np.where(near, nearest, np.inf), sure
