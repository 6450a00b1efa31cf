# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of a number when all that is told of parts of its ground is taken off.

A park has 20 reports, and squares that lie within its reach have 18 of them: two are somewhere
else in it. A hexagon around a park has 18 and the park 16. No number says so, but the difference of
one number and the sum of several does, and maps show what lies on whose ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from shapely.prepared import prep

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.disclosure.pack_numbers import (
    area_name,
    cell_name,
    ground_name,
    park_name,
    zone_name,
)
from streetsafe_plugin.domain.disclosure.statistics import Shown, Statistic
from streetsafe_plugin.domain.issued import INSIDE, Box, Piece
from streetsafe_plugin.domain.pack import Pack
from streetsafe_plugin.domain.progress import Tick, no_tick

#: Shapes whose areas differ by less than this share are the same ground.
_SAME = 1e-9
#: The last kinds of `_drawn`, parks and zones.
_OF_NAMED_GROUND = 2


def with_rests(
    pack: Pack,
    statistics: Sequence[Statistic],
    squares: Sequence[Statistic],
    threshold: int,
    tick: Tick = no_tick,
) -> list[Statistic]:
    """Return numbers that know what lies on their ground, and their small rests.

    A rest is never to be shown, so an audit sees to it that it does not follow.

    Args:
        pack: the pack, with the shapes of its parks and rings, areas and cells.
        statistics: its numbers.
        squares: numbers of squares, which have no report in common; each scope has one box.
        threshold: what has fewer reports is small.
        tick: progress.
    """
    drawn = _drawn(pack)
    ground_of = _grounds(pack)
    heat = _Parts([(one, box(*one.scope.boxes[0])) for one in squares])
    families = [heat, *(_Parts(_shown(statistics, shapes)) for shapes in drawn)]
    shapes_of = {name: shape for shapes in drawn[:2] for name, shape in shapes.items()}
    zones = _Zones([(piece, ground_of((piece,))) for piece in _pieces(pack)])

    @cache
    def of_pieces(pieces: tuple[Piece, ...]) -> list[tuple[Bools, Bools]]:
        ground = ground_of(pieces)
        return [family.on(ground) for family in families]

    found = []
    for number, one in enumerate(statistics):
        tick(number / len(statistics))
        shape = shapes_of.get(one.name)
        on = of_pieces(one.scope.pieces) if shape is None else [one.on(shape) for one in families]
        scope = one.scope if shape is None else replace(one.scope, pieces=zones.within(shape))
        # the box of a scope of “all the rest” is one that does not belong to it
        whole = replace(one, scope=replace(scope, boxes=_of(heat.boxes(), on[0][0])))
        found.append(whole)
        # what only the reports themselves define has no ground
        placed = shape is not None or bool(one.scope.pieces) or one.scope.others
        if placed and one.shown is Shown.COUNT and not one.reason:
            # of named ground the audit knows itself what parks and zones make of it
            some = families if shape is not None else families[:-_OF_NAMED_GROUND]
            for family, (within, beyond) in zip(some, on):
                found += family.rest(whole, within, beyond, threshold)
    return found


def _drawn(pack: Pack) -> list[dict[str, BaseGeometry]]:
    """Return the shapes of numbers by their names: areas, hot cells, parks, zones.

    Those of one kind have no ground in common.
    """
    areas = pack.fear_and_crime.areas if pack.fear_and_crime else ()
    cells = pack.hot_spots.cells if pack.hot_spots else ()
    return [
        {area_name(place): area.shape for place, area in enumerate(areas)},
        {cell_name(place): cell.shape for place, cell in enumerate(cells)},
        {park_name(park): unary_union(list(park.zone_shapes)) for park in pack.parks},
        {
            zone_name(park, zone): shape
            for park in pack.parks
            for zone, shape in zip(park.zones, park.zone_shapes)
        },
    ]


def _shown(
    statistics: Sequence[Statistic], shapes: dict[str, BaseGeometry]
) -> list[tuple[Statistic, BaseGeometry]]:
    return [
        (one, shapes[one.name])
        for one in statistics
        if one.name in shapes and one.shown is Shown.COUNT
    ]


def _pieces(pack: Pack) -> list[Piece]:
    return [
        (ground_name(park), zone.inner_m if zone.outer_m else INSIDE, zone.outer_m)
        for park in pack.parks
        for zone in park.zones
    ]


def _grounds(pack: Pack) -> Callable[[Sequence[Piece]], BaseGeometry]:
    shapes = [shape for park in pack.parks for shape in park.zone_shapes]
    zones = list(zip(_pieces(pack), shapes))

    def ground_of(pieces: Sequence[Piece]) -> BaseGeometry:
        return unary_union(
            [
                shape
                for (name, inner, outer), shape in zones
                if _lies_in((name, inner, outer), pieces)
            ]
        )

    return ground_of


class _Zones:
    """The pieces of parks and rings with their shapes."""

    def __init__(self, zones: Sequence[tuple[Piece, BaseGeometry]]) -> None:
        self._zones = [(piece, shape) for piece, shape in zones if not shape.is_empty]
        self._bounds = _bounds([shape for _, shape in self._zones])

    def within(self, ground: BaseGeometry) -> tuple[Piece, ...]:
        """Return the pieces that lie wholly on some ground."""
        near = _inside(self._bounds, ground)
        some = [self._zones[place] for place in np.flatnonzero(near).tolist()]
        return tuple(piece for piece, shape in some if ground.contains(shape))


def _bounds(shapes: Sequence[BaseGeometry]) -> Floats:
    edges = [shape.bounds or (np.nan,) * 4 for shape in shapes]
    return np.array(edges, dtype=float).reshape(-1, 4)


def _inside(bounds: Floats, ground: BaseGeometry) -> Bools:
    """Tell which bounds lie within those of some ground."""
    west, south, east, north = ground.bounds
    low_x, low_y, high_x, high_y = bounds.T
    inside = (low_x >= west) & (low_y >= south) & (high_x <= east) & (high_y <= north)
    return np.asarray(inside, dtype=bool)


@dataclass
class _Parts:
    """Numbers of one kind with their shapes, which have no ground and no report in common."""

    parts: Sequence[tuple[Statistic, BaseGeometry]]

    def __post_init__(self) -> None:
        self._bounds = _bounds([shape for _, shape in self.parts])
        self._part_of: Ints = np.zeros(0, dtype=np.int64)
        if self.parts:
            self._part_of = np.full(len(self.parts[0][0].members), len(self.parts))
        for place, (one, _) in enumerate(self.parts):
            self._part_of[one.members] = place

    def _pieces(self, place: int) -> tuple[Piece, ...]:
        return self.parts[place][0].scope.pieces

    def boxes(self) -> list[Box]:
        """Return the boxes of squares."""
        return [one.scope.boxes[0] for one, _ in self.parts]

    def on(self, ground: BaseGeometry) -> tuple[Bools, Bools]:
        """Tell which parts lie wholly on some ground, and which have nothing to do with it."""
        within, beyond = np.zeros(len(self.parts), dtype=bool), np.ones(len(self.parts), dtype=bool)
        if ground.is_empty or not self.parts:
            return within, beyond
        west, south, east, north = ground.bounds
        low_x, low_y, high_x, high_y = self._bounds.T
        inside = _inside(self._bounds, ground)
        near = (low_x <= east) & (low_y <= north) & (high_x >= west) & (high_y >= south)
        there = prep(ground)
        for place in np.flatnonzero(near).tolist():
            shape = self.parts[place][1]
            beyond[place] = not there.intersects(shape)
            same = abs(shape.area - ground.area) <= _SAME * ground.area
            within[place] = inside[place] and not same and there.contains(shape)
        return within, beyond

    def rest(
        self, whole: Statistic, within: Bools, beyond: Bools, threshold: int
    ) -> Iterator[Statistic]:
        """Yield the rest of a number without the parts on its ground, if it is small."""
        held = beyond if whole.scope.others else within
        if not held.any():
            return
        taken = np.append(held, False)[self._part_of]
        left = np.asarray(whole.members & ~taken)
        if np.count_nonzero(left) >= threshold:
            return
        first = self.parts[0][0]
        scope = whole.scope
        if scope.others and first.scope.boxes:
            # a box takes ground off all the rest, and adds it to what is named
            scope = replace(scope, boxes=_of(self.boxes(), held | within))
        elif first.scope.boxes:
            scope = replace(scope, boxes=())
        else:
            off = [piece for place in np.flatnonzero(held) for piece in self._pieces(int(place))]
            left_over = tuple(one for one in scope.pieces if not _lies_in(one, off))
            scope = replace(scope, pieces=scope.pieces if scope.others else left_over)
        yield replace(
            whole,
            name=f"{whole.name}, without {first.name} and its like",
            members=left,
            scope=scope,
            shown=Shown.NEVER,
            bundle="",
            rest=True,
        )


def _lies_in(one: Piece, some: Sequence[Piece]) -> bool:
    name, inner, outer = one
    return any(name == other and low <= inner and outer <= high for other, low, high in some)


def _of(boxes: Sequence[Box], some: Bools) -> tuple[Box, ...]:
    return tuple(boxes[place] for place in np.flatnonzero(some).tolist())
