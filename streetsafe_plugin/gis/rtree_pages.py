# SPDX-License-Identifier: GPL-2.0-or-later
"""Pack points and boxes into the pages of an SQLite R-tree, all at once.

Inserted one by one, the spatial index of a million points takes twice as long as the points
themselves. Sorted into tiles first (sort-tile-recursive; Leutenegger, Lopez and Edgington 1997)
its pages can be written as they will stand. Their format is the one SQLite documents in the
source of its rtree module: two bytes for the depth of the tree (in the root alone), two for the
number of entries, then for each entry eight bytes for its id and four for each of min x, max x,
min y and max y, all with the highest byte first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_HEADER_BYTES = 4
_ENTRY = np.dtype(
    [("id", ">i8"), ("min_x", ">f4"), ("max_x", ">f4"), ("min_y", ">f4"), ("max_y", ">f4")]
)
_ROOT = 1


@dataclass(frozen=True)
class Pages:
    """An R-tree: its pages, which page holds each entry, and each page's parent.

    `pages` yields numbers and bytes, `page_of_entry` (n,) is in the order of the ids, `parents`
    are pairs of a page and the page above it.
    """

    pages: list[tuple[int, bytes]]
    page_of_entry: np.ndarray
    parents: list[tuple[int, int]]


def pack_boxes(low: np.ndarray, high: np.ndarray, page_bytes: int) -> Pages:
    """Return the tree of boxes whose ids are 1 to n, in pages of `page_bytes`.

    Args:
        low: Each box's least x and y (n, 2).
        high: Its greatest; the same for a point.
        page_bytes: How large a page is.
    """
    per_page = (page_bytes - _HEADER_BYTES) // _ENTRY.itemsize
    order = _in_tiles((low + high) / 2, per_page)
    entries = np.empty(len(low), dtype=_ENTRY)
    entries["id"] = order + 1
    for axis, name in enumerate(("x", "y")):
        # single precision must be rounded outwards, or a search at the very place misses it
        least, most = low[order, axis], high[order, axis]
        below, above = least.astype(np.float32), most.astype(np.float32)
        entries[f"min_{name}"] = np.where(
            below.astype(float) > least, np.nextafter(below, np.float32(-np.inf)), below
        )
        entries[f"max_{name}"] = np.where(
            above.astype(float) < most, np.nextafter(above, np.float32(np.inf)), above
        )

    levels = [entries]
    while len(levels[-1]) > per_page:
        levels.append(_level_above(levels[-1], per_page))
    first_pages = _first_page_of_each(levels, per_page)
    pages: list[tuple[int, bytes]] = []
    parents: list[tuple[int, int]] = []
    page_of_entry = np.empty(len(low), dtype=np.int64)
    for depth, level in enumerate(levels):
        numbers = first_pages[depth] + np.arange(len(level)) // per_page
        if depth == 0:
            page_of_entry[order] = numbers
        else:
            level["id"] = first_pages[depth - 1] + np.arange(len(level))
            parents += zip(level["id"].tolist(), numbers.tolist())
        is_root = depth == len(levels) - 1
        pages += _as_pages(level, first_pages[depth], per_page, page_bytes, depth if is_root else 0)
    return Pages(pages, page_of_entry, parents)


def _in_tiles(xy: np.ndarray, per_page: int) -> np.ndarray:
    """Return the order in which neighbours share a page: slices by x, each sorted by y."""
    leaves = -(-len(xy) // per_page)
    per_slice = max(1, int(np.ceil(np.sqrt(leaves)))) * per_page
    slice_of = np.empty(len(xy), dtype=np.int64)
    slice_of[np.argsort(xy[:, 0], kind="stable")] = np.arange(len(xy)) // per_slice
    return np.lexsort((xy[:, 1], slice_of))


def _level_above(level: np.ndarray, per_page: int) -> np.ndarray:
    starts = np.arange(0, len(level), per_page)
    above = np.zeros(len(starts), dtype=_ENTRY)
    for axis in ("x", "y"):
        # reduceat wants the machine's own order of bytes
        low, high = level[f"min_{axis}"].astype("f4"), level[f"max_{axis}"].astype("f4")
        above[f"min_{axis}"] = np.minimum.reduceat(low, starts)
        above[f"max_{axis}"] = np.maximum.reduceat(high, starts)
    return above


def _first_page_of_each(levels: list[np.ndarray], per_page: int) -> list[int]:
    """Return each level's first page: the root is page 1, the leaves come last."""
    firsts = []
    number = _ROOT
    for level in reversed(levels):
        firsts.append(number)
        number += max(1, -(-len(level) // per_page))
    return firsts[::-1]


def _as_pages(
    level: np.ndarray, first: int, per_page: int, page_bytes: int, depth: int
) -> Iterator[tuple[int, bytes]]:
    for number, start in enumerate(range(0, max(1, len(level)), per_page), start=first):
        held = level[start : start + per_page]
        header = depth.to_bytes(2, "big") + len(held).to_bytes(2, "big")
        yield number, (header + held.tobytes()).ljust(page_bytes, b"\0")
