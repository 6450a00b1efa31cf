# SPDX-License-Identifier: GPL-2.0-or-later
"""How a report's weight spreads over the ground around it.

Kernels after Silverman (1986), *Density Estimation for Statistics and Data Analysis*, section 4.2;
each integrates to 1 over the disc of radius h: K(u)/h² with u = distance/h.

For many reports a kernel is taken apart into what can be added row by row, exactly, and what is
smooth enough for a Fourier transform:

- `rows`, the part c0 + c1·u² up to the radius. It may end there with a step or a bend.
- `smooth`, the rest, which ends without a bend. Its transform works on a grid on which the radius
  has at least `grain` steps.

Interpolating on that grid errs for one report, in units of its own peak K(0), by up to 0.30/grain²
close to the radius (quartic), 0.07/grain² (triweight), or 0.13/grain at the middle (the triangular
kernel's tip), and by far less elsewhere. The surface cannot be low where many reports err at once:
among reports at about the radius from a cell, those spread evenly around it make the lowest peak
(averaging over rotations never raises one), and it is 1/6.5 of the sum of their K(0) for the
quartic, 1/7.7 for the triweight; reports at the middle make a peak of nearly the whole sum. With
the grains below, a cell is within half a percent of the surface's peak, however the reports lie.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable

import numpy as np

from streetsafe_plugin.domain.arrays import Floats

Shape = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Kernel:
    """How a report's weight spreads: `shape` of u² (0 to 1), integrating to 1 on the unit disc.

    `cells_per_radius` is how fine a grid must be for a lone report to keep its place and weight;
    kernels with a hard edge need more cells than smooth ones. `rows` (c0, c1) and `smooth` add up
    to `shape`.
    """

    name: str
    shape: Shape
    cells_per_radius: int
    rows: tuple[float, float] | None = None
    smooth: Shape | None = None
    grain: float = math.inf


def _quartic(uu: Floats) -> Floats:
    return 3 / math.pi * (1 - uu) ** 2


def _triweight(uu: Floats) -> Floats:
    return 4 / math.pi * (1 - uu) ** 3


def _bowl_of_the_triangular(uu: Floats) -> Floats:
    """Return what is left of the triangular kernel above half of 1 − u²."""
    bowl: Floats = 3 / (2 * math.pi) * (1 - np.sqrt(uu)) ** 2
    return bowl


KERNELS = (
    Kernel("quartic", _quartic, 10, smooth=_quartic, grain=20),
    Kernel("triweight", _triweight, 10, smooth=_triweight, grain=14),
    Kernel("epanechnikov", lambda uu: 2 / math.pi * (1 - uu), 10, rows=(2 / math.pi, -2 / math.pi)),
    Kernel("uniform", lambda uu: np.full_like(uu, 1 / math.pi), 40, rows=(1 / math.pi, 0.0)),
    Kernel(
        "triangular",
        lambda uu: 3 / math.pi * (1 - np.sqrt(uu)),
        10,
        rows=(3 / (2 * math.pi), -3 / (2 * math.pi)),
        smooth=_bowl_of_the_triangular,
        grain=36,
    ),
)


def lone_peak(kernel: Kernel, radius_m: float) -> float:
    """Return the highest density, per m², that a single report can make."""
    return float(kernel.shape(np.zeros(1))[0]) / radius_m**2


def default_cell_m(kernel: Kernel, radius_m: float) -> float:
    """Return the cell size that shows a kernel of this radius faithfully."""
    return radius_m / kernel.cells_per_radius
