# SPDX-License-Identifier: GPL-2.0-or-later
"""Spare work on many rows what Python does about memory at its own pace."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_BUSY_THRESHOLD = 500_000


class _Busy:
    """How many pieces of work are going on at once, and the threshold to go back to."""

    lock = threading.Lock()
    count = 0
    usual = gc.get_threshold()


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Look for circular garbage less often: rows and cells hold no circles.

    Looking after every 700 new lists costs an eighth of an import of a million rows. The setting
    is one for the whole process, so the last piece of work to end puts it back.
    """
    with _Busy.lock:
        if _Busy.count == 0:
            _Busy.usual = gc.get_threshold()
            gc.set_threshold(_BUSY_THRESHOLD, *_Busy.usual[1:])
        _Busy.count += 1
    try:
        yield
    finally:
        with _Busy.lock:
            _Busy.count -= 1
            if _Busy.count == 0:
                gc.set_threshold(*_Busy.usual)
