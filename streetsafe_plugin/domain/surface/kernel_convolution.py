# SPDX-License-Identifier: GPL-2.0-or-later
"""Smooth kernels added up for any number of places by Fourier transforms.

Each place is handed over to the 4 × 4 nodes around it on a finer grid, by cubic interpolation (the
weights are Lagrange's), so that what is interpolated is the kernel. `fineness` nodes lie between
the centres of two cells, one of them on each centre. The nodes of one and the same position in
their cells make a grid of cells again; its convolution with the kernel, sampled for that position,
is one product of transforms, and the products of all positions are added before the way back.

The work grows with places plus cells, whatever the radius. It is done in strips, so that memory
stays bounded.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import fft

from streetsafe_plugin.domain.arrays import Complexes, Floats, Ints
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.surface.density_grid import Grid
from streetsafe_plugin.domain.surface.kernels import Kernel, Shape

#: Bounds the memory of a strip: 32 million nodes take 256 MB.
_MOST_NODES = 32_000_000
#: Few enough places that the nodes around them, being neighbours, stay at hand.
_PLACES_AT_A_TIME = 16_384
#: How many nodes away, at most, a place is handed over.
_STENCIL = 2


def fineness(kernel: Kernel, radius_m: float, cell_m: float) -> int:
    """Return how many nodes a cell needs along each side for this kernel to come out right."""
    return max(1, math.ceil(kernel.grain * cell_m / radius_m - 1e-9))


def convolved(
    grid: Grid,
    places: Floats,
    mass: Floats,
    radius_m: float,
    smooth: Shape,
    fine: int,
    tick: Tick,
) -> Floats:
    """Return the sum (rows, columns) of a kernel's smooth part, never below 0.

    Beyond the radius of every place small values are left, for the caller to clear.

    Args:
        grid: holds every kernel whole.
        places: (n, 2) metres, sorted from south to north.
        mass: (n,) how many reports each place counts for.
        radius_m: the kernel's radius.
        smooth: the kernel's smooth part.
        fine: its `fineness`.
        tick: told the share done.
    """
    reach = math.ceil(radius_m / grid.cell_m) + _STENCIL
    column = ((places[:, 0] - grid.west) / grid.cell_m - 0.5) * fine
    row = ((grid.north - places[:, 1]) / grid.cell_m - 0.5) * fine
    total = np.empty((grid.rows, grid.columns))
    high = max(_MOST_NODES // (fine**2 * grid.columns) - 2 * reach, reach, 1)
    for top in range(0, grid.rows, high):
        bottom = min(top + high, grid.rows)
        strip = slice(max(top - reach, 0), min(bottom + reach, grid.rows))
        # places are sorted from south to north, so rows from high to low
        first, last = np.searchsorted(
            -row, (-strip.stop * fine - _STENCIL, -strip.start * fine + _STENCIL)
        )
        some = slice(int(first), int(last))

        def part(share: float, top: int = top, bottom: int = bottom) -> None:
            tick((top + share * (bottom - top)) / grid.rows)

        height = mass[some] / radius_m**2
        nodes = _nodes(row[some], column[some], height, strip, grid.columns, fine, part)
        whole = _filtered(nodes, fine, reach, radius_m / grid.cell_m, smooth, part)
        np.maximum(whole[top - strip.start : bottom - strip.start], 0.0, out=total[top:bottom])
    return total


def _nodes(
    row: Floats, column: Floats, height: Floats, strip: slice, columns: int, fine: int, tick: Tick
) -> Floats:
    """Return the nodes of a strip with what the places around them hand over."""
    rows, width = (strip.stop - strip.start) * fine, columns * fine
    total = np.zeros(rows * width)
    for start in range(0, len(row), _PLACES_AT_A_TIME):
        tick(0.4 * start / len(row))
        block = slice(start, start + _PLACES_AT_A_TIME)
        down, across = np.floor(row[block]), np.floor(column[block])
        share_down = _shares(row[block] - down) * height[block]
        share_across = _shares(column[block] - across)
        node_row = _around(down) - strip.start * fine
        node_column = _around(across)
        inside = (node_row >= 0) & (node_row < rows)
        share_down = np.where(inside, share_down, 0.0)
        node = np.where(inside, node_row, 0)[:, np.newaxis] * width + node_column
        share = share_down[:, np.newaxis] * share_across
        first = node.min()
        added = np.bincount((node - first).ravel(), weights=share.ravel())
        total[first : first + len(added)] += added
    return total.reshape(rows, width)


def _around(node: Floats) -> Ints:
    """Return the four nodes (4, n) around places that lie behind the second of them."""
    return node.astype(np.int64) + np.arange(-1, 3)[:, np.newaxis]


def _shares(t: Floats) -> Floats:
    """Return Lagrange's weights (4, n) of the nodes at −1, 0, 1 and 2 for a place at t (0 to 1)."""
    return np.stack(
        (
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        )
    )


def _filtered(
    nodes: Floats, fine: int, reach: int, radius_cells: float, smooth: Shape, tick: Tick
) -> Floats:
    """Return the kernel's sums at the cells' centres, from the nodes of a strip."""
    rows, columns = nodes.shape[0] // fine, nodes.shape[1] // fine
    # room below and to the right, since what runs out there comes back in at the other side
    shape = (
        fft.next_fast_len(rows + reach, real=True),
        fft.next_fast_len(columns + reach, real=True),
    )
    product: Complexes | None = None
    for number in range(fine**2):
        tick(0.4 + 0.5 * number / fine**2)
        down, across = divmod(number, fine)
        spectrum = fft.rfft2(nodes[down::fine, across::fine], shape, workers=-1)
        tick(0.4 + 0.5 * (number + 0.5) / fine**2)
        spectrum *= _transfer(down / fine, across / fine, reach, radius_cells, smooth, shape)
        product = spectrum if product is None else np.add(product, spectrum, out=product)
    tick(0.9)
    half_way = fft.ifft(product, axis=0, workers=-1, overwrite_x=True)[:rows]
    return np.asarray(fft.irfft(half_way, shape[1], axis=1, workers=-1)[:, :columns])


def _transfer(
    down: float,
    across: float,
    reach: int,
    radius_cells: float,
    smooth: Shape,
    shape: tuple[int, int],
) -> Complexes | Floats:
    """Return the transform of the kernel around nodes that lie so far from their cell's centre."""
    steps = np.arange(-reach, reach + 1)
    uu = ((steps - down)[:, np.newaxis] ** 2 + (steps - across) ** 2) / radius_cells**2
    values = np.zeros_like(uu)
    values[uu < 1] = smooth(uu[uu < 1])
    # only the rows of the kernel hold anything to transform
    along = np.zeros((len(steps), shape[1]))
    along[:, steps] = values
    along = fft.rfft(along, axis=1)
    if not down and not across:
        # what is even in both directions has a real transform, even again
        wide = np.zeros((shape[0], shape[1] // 2 + 1))
        wide[steps] = along.real
        half = fft.rfft(wide, axis=0, workers=-1).real
        return np.asarray(np.concatenate((half, half[(shape[0] - 1) // 2 : 0 : -1])))
    wide = np.zeros((shape[0], shape[1] // 2 + 1), dtype=complex)
    wide[steps] = along
    return np.asarray(fft.fft(wide, axis=0, workers=-1, overwrite_x=True))
