# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot cells that touch, put together into places: where to go first, and what is reported there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.density import M2_PER_KM2
from streetsafe_plugin.domain.geometry import only_area, union
from streetsafe_plugin.domain.grid.neighbour_sums import touching_distance_m
from streetsafe_plugin.domain.hotspots import HotCells
from streetsafe_plugin.domain.taxonomy import reason

#: So many reasons are named of each place.
_MOST_REASONS = 3
_ROUNDING = 1e-6


@dataclass(frozen=True)
class HotPlace:
    """One place: its ground, its reports, a point in its busiest cell, and why people reported.

    `rank` is 1 for the most reports; of equal numbers the denser is first. `share` is of all
    reports of the grid. `top_reasons` is None where the reports tell no reasons.
    """

    shape: BaseGeometry
    rank: int
    reports: int
    share: float
    point: tuple[float, float]
    top_reasons: str | None

    @property
    def reports_per_km2(self) -> float:
        """Return the density of reports."""
        return float(self.reports / self.shape.area * M2_PER_KM2)


def hot_places(
    found: HotCells, area: BaseGeometry | None, ticks: Mapping[str, Bools]
) -> list[HotPlace]:
    """Return the places, by rank: cells hot at 95 % or more, with reports of their own, that touch.

    Squares touch at their corners as well. Places are cut at the area, so that densities refer to
    the ground that was counted.

    Args:
        found: The tested cells.
        area: What the grid covers; None for whole cells.
        ticks: For each reason code that the points have, whether each point ticks it.
    """
    chosen = np.flatnonzero(found.surely_hot)
    grid = found.grid
    number_of = np.full(len(grid), -1, dtype=np.int64)
    number_of[chosen] = _groups(found, chosen)
    of_point = number_of[grid.place]
    places = [
        _place(found, np.flatnonzero(number_of == number), area, _reasons(ticks, of_point, number))
        for number in range(int(number_of.max(initial=-1)) + 1)
    ]
    places.sort(key=lambda place: (-place.reports, -place.reports_per_km2, place.point))
    return [
        HotPlace(one.shape, rank, one.reports, one.share, one.point, one.top_reasons)
        for rank, one in enumerate(places, start=1)
    ]


def _groups(found: HotCells, chosen: Ints) -> Ints:
    """Return for each chosen cell the number of the group of touching cells it is in."""
    if not len(chosen):
        return np.empty(0, dtype=np.int64)
    lattice = found.grid.lattice
    middles = lattice.middles(found.grid.cells[chosen])
    reach = touching_distance_m(lattice) * (1 + _ROUNDING)
    one, other = cKDTree(middles).query_pairs(reach, output_type="ndarray").reshape(-1, 2).T
    touching = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(chosen),) * 2)
    return np.asarray(connected_components(touching, directed=False)[1], dtype=np.int64)


def _place(
    found: HotCells, members: Ints, area: BaseGeometry | None, top_reasons: str | None
) -> HotPlace:
    outlines = found.grid.lattice.polygons(found.grid.cells[members])
    counts = found.counts[members]
    reports = int(counts.sum())
    busiest = outlines[int(counts.argmax())]
    return HotPlace(
        shape=_cut(union(outlines), area),
        rank=0,
        reports=reports,
        share=reports / int(found.counts.sum()),
        point=_point_in(_cut(busiest, area)),
        top_reasons=top_reasons,
    )


def _cut(shape: BaseGeometry, area: BaseGeometry | None) -> BaseGeometry:
    """Return the part of a shape in the area; all of it where they only touch."""
    cut = shape if area is None else only_area(shape.intersection(area))
    return shape if cut.is_empty else cut


def _point_in(shape: BaseGeometry) -> tuple[float, float]:
    point = shape.representative_point()
    return float(point.x), float(point.y)


def _reasons(ticks: Mapping[str, Bools], of_point: Ints, number: int) -> str | None:
    """Return the reasons most ticked in a place, as `Poor lighting (5); No CCTV (3)`."""
    if not ticks:
        return None
    here = of_point == number
    mentions = [(int((ticked & here).sum()), code) for code, ticked in ticks.items()]
    named = sorted((one for one in mentions if one[0]), key=lambda one: -one[0])[:_MOST_REASONS]
    return _in_words(named) or None


def _in_words(mentions: Sequence[tuple[int, str]]) -> str:
    return "; ".join(f"{reason(code).label} ({count})" for count, code in mentions)


def points_of(places: Sequence[HotPlace]) -> Floats:
    """Return the point in each place's busiest cell (m, 2)."""
    return np.array([place.point for place in places], dtype=float).reshape(-1, 2)
