# SPDX-License-Identifier: GPL-2.0-or-later
"""An attacker who knows the ground: every edge that a pack's maps and tables speak of, drawn on it.

Unknown is how many reports each piece of ground between edges has in each month. What is published
of parks, rings, squares, cells and areas are sums of these, and a solver tells what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy import sparse
from scipy.optimize import linprog, lsq_linear
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, unary_union
from shapely.prepared import prep


class Surveyor:
    """Known sums over pieces of ground and months; the last piece is what lies beyond all edges."""

    def __init__(self, shapes: Mapping[str, BaseGeometry], months: int) -> None:
        self.months = months
        self.pieces = list(polygonize(unary_union([shape.boundary for shape in shapes.values()])))
        spots = [piece.representative_point() for piece in self.pieces]
        self.on: dict[str, np.ndarray] = {}
        for name, shape in shapes.items():
            there = prep(shape)
            self.on[name] = np.array([*(there.contains(spot) for spot in spots), False])
        self.exact: list[np.ndarray] = []
        self.values: list[float] = []
        self.at_least: list[np.ndarray] = []
        self.least: list[float] = []

    def row(self, ground: np.ndarray, months: Iterable[int] | None = None) -> np.ndarray:
        """Return the sum over some pieces and months, all of them if none are named."""
        wanted = np.zeros(self.months)
        wanted[list(range(self.months) if months is None else months)] = 1
        return np.outer(ground, wanted).ravel()

    def everywhere(self) -> np.ndarray:
        return np.ones(len(self.pieces) + 1, dtype=bool)

    def know(self, row: np.ndarray, value: float) -> None:
        """Write down a published number."""
        self.exact.append(row)
        self.values.append(float(value))

    def know_at_least(self, row: np.ndarray, value: float) -> None:
        """Write down a place that is only shown where it has enough."""
        self.at_least.append(row)
        self.least.append(float(value))

    def truth(self, xy: np.ndarray, month: Sequence[int]) -> np.ndarray:
        """Return the real counts, to hold the attack's own equations against."""
        found = np.zeros((len(self.pieces) + 1, self.months))
        there = [prep(piece) for piece in self.pieces]
        for place, when in zip(xy, month):
            spot = Point(place)
            inside = [number for number, piece in enumerate(there) if piece.contains(spot)]
            found[inside[0] if inside else -1, when] += 1
        return found.ravel()

    def range_of(self, row: np.ndarray) -> tuple[float, float]:
        """Return the lowest and the highest value that a sum can have."""
        ends = []
        for sign in (1, -1):
            answer = linprog(
                sign * row,
                A_ub=-sparse.csr_matrix(np.array(self.at_least)) if self.at_least else None,
                b_ub=-np.array(self.least) if self.at_least else None,
                A_eq=sparse.csr_matrix(np.array(self.exact)),
                b_eq=np.array(self.values),
                method="highs",
            )
            assert answer.status in (0, 3), answer.message
            ends.append(np.inf if answer.status == 3 else sign * answer.fun)
        return ends[0], ends[1]


def squares_behind(
    values: np.ndarray, at: np.ndarray, radius_m: float, side_m: float
) -> dict[tuple[float, float], int]:
    """Return what squares a quartic heat map of published counts was made from, by their middles.

    Args:
        values: (n) reports per km² where the map has a colour.
        at: (n, 2) the middles of its cells.
        radius_m: its radius.
        side_m: the side of the squares, whose grid begins at 0.
    """
    low = np.floor(at.min(axis=0) / side_m).astype(int)
    high = np.floor(at.max(axis=0) / side_m).astype(int)
    grid = np.array(
        [(x, y) for x in range(low[0], high[0] + 1) for y in range(low[1], high[1] + 1)]
    )
    middles = (grid + 0.5) * side_m
    away = np.linalg.norm(at[:, None, :] - middles[None, :, :], axis=2)
    near = (away < radius_m).any(axis=0)
    uu = np.minimum((away[:, near] / radius_m) ** 2, 1)
    kernel = 3e6 / np.pi / radius_m**2 * (1 - uu) ** 2
    found = lsq_linear(sparse.csr_matrix(kernel), values, bounds=(0, np.inf)).x
    counts = np.round(found).astype(int)
    assert np.abs(found - counts).max() < 0.2, "the squares cannot be told"
    return {
        (float(x), float(y)): int(count)
        for (x, y), count in zip(middles[near], counts)
        if count > 0
    }
