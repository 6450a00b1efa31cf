# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells that hold any point, and no others."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.grid.cells import Lattice, places_in


def held_cells(lattice: Lattice, xy: Floats, counted: Bools) -> tuple[Ints, Ints]:
    """Return the cells (m, 2) that hold one of the points (n, 2) that count, by column and row.

    Returns:
        The cells, and in which of them each point (n) lies, -1 where it does not count.
    """
    own = lattice.cells_of(xy)
    cells = np.unique(own[counted], axis=0)
    return cells, np.where(counted, places_in(cells, own), -1)
