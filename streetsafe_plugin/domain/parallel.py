# SPDX-License-Identifier: GPL-2.0-or-later
"""Work on many things at once, for calculations that leave Python while they last."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

#: More threads than this only wait for each other's Python.
_MOST_THREADS = 8
_WAITING_PER_THREAD = 8


def in_parallel(work: Callable[[_Item], _Made], items: Iterable[_Item]) -> Iterator[_Made]:
    """Yield what `work` makes of each item, in their order.

    Only a few are begun ahead of what has been taken, so that a caller who stops, stops all soon.
    """
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    begun: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) > threads * _WAITING_PER_THREAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
