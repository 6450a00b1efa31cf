# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of a number when the squares of a heat map on its ground are taken off.

A park has 20 reports, and squares that lie within its reach have 18 of them: two are somewhere
else in it. No number says so, but the difference of one number and the sum of several does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from streetsafe_plugin.domain.arrays import Bools, Ints
from streetsafe_plugin.domain.disclosure.pack_numbers import ground_name
from streetsafe_plugin.domain.disclosure.statistics import Shown, Statistic
from streetsafe_plugin.domain.issued import INSIDE, Box, Piece
from streetsafe_plugin.domain.pack import Pack
from streetsafe_plugin.domain.progress import Tick, no_tick


def with_rests(
    pack: Pack,
    statistics: Sequence[Statistic],
    squares: Sequence[Statistic],
    tick: Tick = no_tick,
) -> list[Statistic]:
    """Return numbers that know which squares lie on their ground, and their small rests.

    A rest is never to be shown, so an audit sees to it that it does not follow.

    Args:
        pack: the pack, with the shapes of its parks and rings.
        statistics: its numbers.
        squares: numbers of squares, which have no report in common; each scope has one box.
        tick: progress.
    """
    if not squares:
        return list(statistics)
    boxes = [one.scope.boxes[0] for one in squares]
    shapes = [box(*one) for one in boxes]
    ground_of = _grounds(pack)
    square_of = np.full(len(squares[0].members), len(squares), dtype=np.int64)
    for place, square in enumerate(squares):
        square_of[square.members] = place

    @cache
    def on(pieces: tuple[Piece, ...]) -> tuple[Bools, Bools]:
        """Tell which squares lie wholly on some ground, and which have nothing to do with it."""
        ground = ground_of(pieces)
        return (
            np.array([ground.contains(shape) for shape in shapes], dtype=bool),
            np.array([not ground.intersects(shape) for shape in shapes], dtype=bool),
        )

    found = []
    for number, one in enumerate(statistics):
        tick(number / len(statistics))
        within, beyond = on(one.scope.pieces)
        # the box of a scope of “all the rest” is one that does not belong to it
        found.append(replace(one, scope=replace(one.scope, boxes=_of(boxes, within))))
        held = beyond if one.scope.others else within
        found += _rest(one, square_of, boxes, held, within)
    return found


def _grounds(pack: Pack) -> Callable[[Sequence[Piece]], BaseGeometry]:
    zones = [
        (ground_name(park), zone.inner_m if zone.outer_m else INSIDE, zone.outer_m, shape)
        for park in pack.parks
        for zone, shape in zip(park.zones, park.zone_shapes)
    ]

    def ground_of(pieces: Sequence[Piece]) -> BaseGeometry:
        return unary_union(
            [
                shape
                for name, inner, outer, shape in zones
                if any(name == one and low <= inner and outer <= high for one, low, high in pieces)
            ]
        )

    return ground_of


def _rest(
    whole: Statistic,
    square_of: Ints,
    boxes: Sequence[Box],
    held: Bools,
    within: Bools,
) -> Iterator[Statistic]:
    """Yield the rest of a shown number of reports where some squares lie on its ground.

    `square_of` is each report's square, one beyond the last for those in none.
    """
    # what only the reports themselves define has no ground
    placed = bool(whole.scope.pieces) or whole.scope.others
    if whole.shown is not Shown.COUNT or whole.reason or not placed or not held.any():
        return
    taken = np.append(held, False)[square_of]
    # a box takes ground off all the rest, and adds it to what is named
    off = _of(boxes, held | within) if whole.scope.others else ()
    yield replace(
        whole,
        name=f"{whole.name}, in no square",
        members=np.asarray(whole.members & ~taken),
        scope=replace(whole.scope, boxes=off),
        shown=Shown.NEVER,
        bundle="",
    )


def _of(boxes: Sequence[Box], some: Bools) -> tuple[Box, ...]:
    return tuple(boxes[place] for place in np.flatnonzero(some).tolist())
