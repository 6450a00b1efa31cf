# SPDX-License-Identifier: GPL-2.0-or-later
"""Class limits: round where they are found, read strictly where they are given."""

from __future__ import annotations

import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.surface import class_limits as module
from streetsafe_plugin.domain.surface.class_limits import limits_as_text, parse_limits


@pytest.mark.parametrize(
    ("maximum", "lowest", "limits"),
    [
        (344, 15.3, [20, 50, 100, 200, 500]),
        (45_000, 15.3, [20, 100, 500, 2000, 10_000, 50_000]),
        (24, 15.3, [20, 50]),
        (15.3, 15.3, [20]),
        (0.9, 0.01, [0.01, 0.05, 0.2, 1]),
        (500, 5, [5, 20, 100, 500]),
        (0, 1, []),
    ],
)
def test_class_limits_are_round_and_rise_by_a_factor(
    maximum: float, lowest: float, limits: list[float]
) -> None:
    assert module.class_limits(maximum, lowest) == pytest.approx(limits)


@pytest.mark.parametrize("text", ["5, 10, 20, 50", "5;10;20;50", " 5 10 20 50 "])
def test_limits_are_read(text: str) -> None:
    assert parse_limits(text) == [5, 10, 20, 50]


def test_limits_survive_being_written() -> None:
    assert parse_limits(limits_as_text([0.05, 0.2, 1, 1_000_000])) == [0.05, 0.2, 1, 1_000_000]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("5, ten", "not numbers above 0"),
        ("0, 5", "not numbers above 0"),
        ("5, inf", "not numbers above 0"),
        ("", "not numbers above 0"),
        ("5, 20, 10", "do not rise"),
        ("5, 5", "do not rise"),
        ("5", "2 to 6"),
        ("1,2,3,4,5,6,7", "LIMITS are 7"),
    ],
)
def test_limits_that_cannot_be_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputRefused, match=sentence):
        parse_limits(text)
