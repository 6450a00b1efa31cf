# SPDX-License-Identifier: GPL-2.0-or-later
"""Radii of heat maps: read from text, and those that others would choose.

The latter are to be told, never to be used unasked.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.errors import InputRefused

#: More maps than this are not compared with the first at a glance.
MOST_MORE = 2
#: What parks and streets, neighbourhoods, and a town ask for.
USUAL_RADII_M = (150.0, 250.0, 400.0)
NEIGHBOUR = 10
_CELLS_ALONG_THE_SHORTER_SIDE = 150
_CELLS_PER_RADIUS = 5
#: The mean of so many distances is as good as that of all.
_MOST_ASKED = 2_000
SEED = 1998


@dataclass(frozen=True)
class GuideRadii:
    """Hints in metres; None where the points give none.

    `neighbour_m` is the mean distance to the `neighbour`-th nearest point, by which Williamson and
    others (1998) guide the radius. `cell_m` is the extent's shorter side over 150, and `rule_m`
    five such cells: a rule of thumb of crime mapping.
    """

    neighbour: int
    neighbour_m: float | None
    cell_m: float | None
    rule_m: float | None


def parse_more_radii(text: str, radius_m: float) -> list[float]:
    """Return further radii written as “150, 400”, in metres and in that order; none for no text.

    Raises:
        InputRefused: one is no length, or is there already, or there are more than two.
    """
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    try:
        radii = [float(part) for part in parts]
    except ValueError:
        radii = [math.nan]
    if not all(math.isfinite(radius) and radius > 0 for radius in radii):
        raise InputRefused(
            f"MORE_RADII “{text}” are not metres above 0.", "Write them as 150, 400."
        )
    if len(radii) > MOST_MORE:
        raise InputRefused(
            f"MORE_RADII are {len(radii)}; at most {MOST_MORE} can be compared with the first.",
            "Leave some out.",
        )
    if len({radius_m, *radii}) <= len(radii):
        raise InputRefused(
            f"MORE_RADII “{text}” name a radius twice, or the first one of {radius_m:g} m again.",
            "Name each once.",
        )
    return radii


def guide_radii(xy: Floats) -> GuideRadii:
    """Return what is told of radii for these points (n, 2), n at least 1."""
    neighbour = min(NEIGHBOUR, len(xy) - 1)
    shorter = float(min(np.ptp(xy[:, 0]), np.ptp(xy[:, 1])))
    cell = shorter / _CELLS_ALONG_THE_SHORTER_SIDE if shorter > 0 else None
    return GuideRadii(
        neighbour,
        _mean_to_neighbour(xy, neighbour) if neighbour else None,
        cell,
        cell * _CELLS_PER_RADIUS if cell else None,
    )


def _mean_to_neighbour(xy: Floats, neighbour: int) -> float:
    asked = xy
    if len(xy) > _MOST_ASKED:
        chosen = np.random.default_rng(SEED).choice(len(xy), _MOST_ASKED, replace=False)
        asked = xy[np.sort(chosen)]
    # a tree that is asked so little is best left coarse
    tree = cKDTree(xy, leafsize=256, balanced_tree=False, compact_nodes=False)
    distances, _ = tree.query(asked, k=[neighbour + 1])
    return float(distances.mean())


def guides_in_words(guides: GuideRadii, radius_m: float) -> list[str]:
    """Return what is told of radii beside the one that was used."""
    usual = "/".join(f"{radius:g}" for radius in USUAL_RADII_M)
    said = [
        f"Radius used {radius_m:g} m. Usual are {usual} m: for parks and streets, for"
        " neighbourhoods, for a town."
    ]
    if guides.neighbour_m is not None:
        said.append(
            f"The mean distance to the {_ordinal(guides.neighbour)} nearest neighbour, a guide to"
            f" the radius, is {guides.neighbour_m:,.0f} m."
        )
    if guides.cell_m is not None and guides.rule_m is not None:
        said.append(
            f"The rule of thumb, the extent's shorter side ÷ {_CELLS_ALONG_THE_SHORTER_SIDE} for"
            f" the cells and {_CELLS_PER_RADIUS} cells for the radius, would give"
            f" {guides.cell_m:,.0f} m and {guides.rule_m:,.0f} m. It grows with the area, whatever"
            " the question."
        )
    return said


def _ordinal(number: int) -> str:
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number, 'th')}"
