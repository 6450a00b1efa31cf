# SPDX-License-Identifier: GPL-2.0-or-later
"""Crowds of places, on a ruler: what hangs together by small steps."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.domain.crowding import crowded


def on_a_line(*at: float) -> np.ndarray:
    return np.array([(x, 0.0) for x in at], dtype=float).reshape(-1, 2)


def test_the_largest_crowd_is_found_step_by_step() -> None:
    # three by steps of 1, then a gap of 5, four by steps of 2, one alone
    places = on_a_line(0, 1, 2, 7, 9, 11, 13, 40)
    assert crowded(places, 2.0).tolist() == [False] * 3 + [True] * 4 + [False]
    assert crowded(places, 1.5).tolist() == [True] * 3 + [False] * 5
    assert crowded(places, 5.0).tolist() == [True] * 7 + [False]


def test_two_are_no_crowd() -> None:
    assert not crowded(on_a_line(0, 1, 10, 11), 2.0).any()
    assert crowded(on_a_line(), 2.0).shape == (0,)
    assert not crowded(on_a_line(3), 2.0).any()


def test_what_lies_on_one_place_counts_once() -> None:
    """No inset tells them apart."""
    assert not crowded(on_a_line(5, 5, 5, 5), 2.0).any()
    assert crowded(on_a_line(5, 5, 6, 7), 2.0).all()


def test_of_crowds_alike_the_same_one_is_taken_whatever_the_order() -> None:
    places = on_a_line(20, 21, 22, 0, 1, 2)
    assert crowded(places, 1.0).tolist() == [False] * 3 + [True] * 3
    assert crowded(places[::-1], 1.0).tolist() == [True] * 3 + [False] * 3
