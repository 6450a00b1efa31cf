# SPDX-License-Identifier: GPL-2.0-or-later
"""Is more gathered around a place than chance would gather there? The statistics of Getis and Ord.

A place's values and its neighbours' are added up and held against what as many values drawn at
random from all of them would add up to. G leaves the place itself out (Getis and Ord 1992,
Geographical Analysis 24:189), G* takes it in (Ord and Getis 1995, Geographical Analysis 27:286);
weights are 1 within the distance and 0 beyond. z is read against the normal distribution where a
neighbourhood gathers many reports, and against a skewed one where it gathers few.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr

from streetsafe_plugin.domain.arrays import Floats, Ints
from streetsafe_plugin.domain.grid.cells import Lattice
from streetsafe_plugin.domain.grid.neighbour_sums import sums_around, sums_on

#: Values are alike if they spread by less than this share of their size: the rest is rounding.
_NO_SPREAD = 1e-12
#: Less skewness than this changes no p value by more than a thousandth of it.
_NO_SKEWNESS = 1e-4


def gi_star(xy: Floats, values: Floats, distance: float) -> Floats:
    """Return G*'s z for each place (n, 2), itself included; NaN where it cannot be told.

    That is so where all values are alike, and for a place whose neighbourhood is everything.
    """
    around = sums_around(xy, np.column_stack((values, np.ones(len(values)))), distance)
    return _star(values, around[:, 0], around[:, 1])


def gi(xy: Floats, values: Floats, distance: float) -> Floats:
    """Return G's z for each place (n, 2), itself left out; NaN where it cannot be told.

    Mean and spread are those of the other places. A place without a neighbour has NaN as well.
    """
    around = sums_around(xy, np.column_stack((values, np.ones(len(values)))), distance)
    gathered, weight = around[:, 0] - values, around[:, 1] - 1
    others = len(values) - 1
    if others < 2:
        return np.full(len(values), np.nan)
    mean = (values.sum() - values) / others
    squares = ((values**2).sum() - values**2) / others
    spread = np.sqrt(np.maximum(squares - mean**2, 0.0))
    spread[spread <= _NO_SPREAD * np.sqrt(squares)] = np.nan
    room = weight * (others - weight) / (others - 1)
    return _quotient(gathered - weight * mean, spread * np.sqrt(room))


def gi_star_on(lattice: Lattice, cells: Ints, values: Floats, distance_m: float) -> Floats:
    """Return G*'s z for each cell (m, 2) of a lattice, by the distance of their middles."""
    if not len(cells):
        return np.empty(0)
    around = sums_on(lattice, cells, np.column_stack((values, np.ones(len(values)))), distance_m)
    return _star(values, around[:, 0], around[:, 1])


def two_sided(z: Floats, skewness: Floats | float = 0.0) -> Floats:
    """Return the chance of a z as far out, either way: twice the smaller tail; NaN stays NaN.

    The curve is Pearson's type III (a gamma distribution moved to mean 0 and scaled to spread 1),
    which is the normal distribution where it has no skewness.
    """
    z, skew = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(skewness, dtype=float))
    normal = np.abs(skew) < _NO_SKEWNESS
    shape = 4 / np.where(normal, 1.0, skew) ** 2
    place = np.maximum(shape + np.where(skew < 0, -z, z) * np.sqrt(shape), 0.0)
    tail = np.minimum(gammainc(shape, place), gammaincc(shape, place))
    return np.asarray(np.minimum(2 * np.where(normal, ndtr(-np.abs(z)), tail), 1.0))


def _star(values: Floats, gathered: Floats, weight: Floats) -> Floats:
    count = len(values)
    mean, spread = values.mean(), values.std()
    if count < 2 or spread <= _NO_SPREAD * np.sqrt((values**2).mean()):
        return np.full(count, np.nan)
    room = weight * (count - weight) / (count - 1)
    return _quotient(gathered - weight * mean, spread * np.sqrt(room))


def _quotient(excess: Floats, spread: Floats) -> Floats:
    known = spread > 0
    return np.where(known, excess / np.where(known, spread, 1.0), np.nan)
