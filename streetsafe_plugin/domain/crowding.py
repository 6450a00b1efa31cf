# SPDX-License-Identifier: GPL-2.0-or-later
"""Which places of a map lie so close together that an inset should show them larger."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from streetsafe_plugin.domain.arrays import Bools, Floats

#: Fewer places can be told apart without an inset.
_FEWEST = 3


def crowded(xy: Floats, close: float) -> Bools:
    """Return which places (n, 2) belong to the largest crowd, none where there is none.

    A crowd hangs together by steps of at most `close`, in the unit of the places, and has three
    places or more that differ: no scale tells the others apart. Of crowds of the same size the one
    furthest to the south-west is taken.
    """
    apart, which = np.unique(xy, axis=0, return_inverse=True)
    if len(apart) < _FEWEST:
        return np.zeros(len(xy), dtype=bool)
    pairs = cKDTree(apart).query_pairs(close, output_type="ndarray")
    near = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(apart),) * 2)
    _, crowd = connected_components(near, directed=False)
    sizes = np.bincount(crowd)
    if sizes.max() < _FEWEST:
        return np.zeros(len(xy), dtype=bool)
    largest = np.flatnonzero(sizes == sizes.max())
    chosen = min(largest.tolist(), key=lambda one: float(apart[crowd == one].sum()))
    return np.asarray((crowd == chosen)[which.ravel()])
