# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress of work that cannot tell how much of it is left."""

from __future__ import annotations

from streetsafe_plugin.domain.progress import approaching


def test_progress_moves_with_time_and_is_never_done() -> None:
    shares: list[float] = []
    seconds = iter(range(100_000))
    tick = approaching(shares.append, 4.0, lambda: float(next(seconds)))
    for _ in range(99_999):
        tick(0.0)
    assert shares[3] == 0.5
    assert all(earlier < later for earlier, later in zip(shares, shares[1:]))
    assert shares[-1] < 1
