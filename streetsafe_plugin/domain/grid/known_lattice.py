# SPDX-License-Identifier: GPL-2.0-or-later
"""The lattice that a layer of cells was laid on, found again from their outlines and names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.arrays import Ints
from streetsafe_plugin.domain.geometry import polygon_parts
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice

_SHAPES = {5: CellShape.SQUARE, 7: CellShape.HEXAGON}
#: Cells lie where the lattice says if they do so to this share of their size.
_CLOSE = 1e-6


def known_lattice(
    shapes: Sequence[BaseGeometry], names: Sequence[object]
) -> tuple[Lattice, Ints] | None:
    """Return the lattice and the column and row (m, 2) of each cell, named such as `917_608`.

    None if these are not whole cells of one lattice, each once: they were cut, moved or renamed.
    """
    cells = _columns_and_rows(names)
    parts = [polygon_parts(shape) for shape in shapes]
    if cells is None or not parts or any(len(one) != 1 for one in parts):
        return None
    shape = _SHAPES.get(len(parts[0][0].exterior.coords))
    if shape is None or len(np.unique(cells, axis=0)) < len(cells):
        return None
    bounds = np.array([one.bounds for one in shapes])
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    size_m = float(bounds[0, 2] - bounds[0, 0])
    there = Lattice(shape, size_m).middles(cells[:1])[0]
    x, y = middles[0] - there
    lattice = Lattice(shape, size_m, (float(x), float(y)))
    areas = np.array([one.area for one in shapes])
    as_laid = np.abs(lattice.middles(cells) - middles).max() <= _CLOSE * size_m
    whole = np.abs(areas - lattice.cell_area_m2).max() <= _CLOSE * lattice.cell_area_m2
    return (lattice, cells) if as_laid and whole else None


def _columns_and_rows(names: Sequence[object]) -> Ints | None:
    try:
        pairs = [[int(part) for part in str(name).split("_")] for name in names]
        return np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
    except ValueError:  # not two whole numbers
        return None
