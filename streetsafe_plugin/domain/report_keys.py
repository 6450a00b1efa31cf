# SPDX-License-Identifier: GPL-2.0-or-later
"""What tells reports apart from one product to the next, whichever algorithm makes it."""

from __future__ import annotations

import hashlib

import numpy as np

from streetsafe_plugin.domain.arrays import Floats, Moments, Values

#: Places are told apart to so many decimals of a metre.
_MILLIMETRES = 3


def report_keys(xy: Floats, dates: Moments, ids: Values | None = None) -> list[str]:
    """Return what tells each report (n) apart from the others, now and in a later product.

    That is its own id where it has one that no other has, else a digest of its place to the
    millimetre, its day and its number among those of the same place and day.
    """
    given = [""] * len(xy) if ids is None else ["" if one is None else str(one) for one in ids]
    seen: dict[str, int] = {}
    for one in given:
        seen[one] = seen.get(one, 0) + 1
    alike: dict[str, int] = {}
    keys = []
    for own, (x, y), day in zip(given, np.round(xy, _MILLIMETRES).tolist(), dates.tolist()):
        if own and seen[own] == 1:
            keys.append(own)
            continue
        content = f"{own}|{x:.3f}|{y:.3f}|{day or ''}"
        alike[content] = alike.get(content, 0) + 1
        text = f"{content}|{alike[content]}".encode("utf-8", errors="surrogatepass")
        keys.append(hashlib.sha256(text).hexdigest()[:32])
    return keys
