# SPDX-License-Identifier: GPL-2.0-or-later
"""Radii: read from text, and the guides worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.surface.radii import guide_radii, guides_in_words, parse_more_radii


def test_guides_by_hand() -> None:
    # eleven places 100 m apart in a line, 300 m wide by one more: the tenth nearest of twelve
    xy = np.array([[100.0 * number, 0.0] for number in range(3)])
    found = guide_radii(np.vstack((xy, [[0.0, 300.0]])))
    # of four the third nearest: from (0,0) 300; (100,0) 316.23; (200,0) 360.56; (0,300) 360.56
    assert found.neighbour == 3
    assert found.neighbour_m == pytest.approx((300 + 316.2278 + 2 * 360.5551) / 4, abs=1e-3)
    # the shorter side of 200 × 300 m over 150, and five of that
    assert found.cell_m == pytest.approx(200 / 150)
    assert found.rule_m == pytest.approx(5 * 200 / 150)


def test_one_place_gives_no_guide() -> None:
    found = guide_radii(np.zeros((1, 2)))
    assert (found.neighbour_m, found.cell_m, found.rule_m) == (None, None, None)
    assert guides_in_words(found, 250.0) == [
        "Radius used 250 m. Usual are 150/250/400 m: for parks and streets, for neighbourhoods,"
        " for a town."
    ]


def test_many_places_are_sampled() -> None:
    xy = np.random.default_rng(1).uniform(0, 10_000, (20_000, 2))
    found = guide_radii(xy)
    # by chance, of so many a square metre: Γ(10.5)/(9!·√(π·density)) on average
    assert found.neighbour_m == pytest.approx(124.6, rel=0.02)


def test_more_radii_are_read() -> None:
    assert parse_more_radii("150, 400", 250) == [150, 400]
    assert parse_more_radii("", 250) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("150, far", "not metres above 0"),
        ("-5", "not metres above 0"),
        ("inf", "not metres above 0"),
        ("100, 150, 400", "MORE_RADII are 3"),
        ("250", "first one of 250 m again"),
        ("150, 150", "name a radius twice"),
    ],
)
def test_radii_that_cannot_be_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputRefused, match=sentence):
        parse_more_radii(text, 250)
