# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetsafe_plugin.domain.grid_references import grid_reference
from streetsafe_plugin.domain.reading.written_places import grid_square


@pytest.mark.parametrize(
    ("east", "north", "figures", "expected"),
    [
        # the summits of Ben Nevis and Snowdon, as maps give them
        (216_666, 771_288, 10, "NN 16666 71288"),
        (260_986, 354_375, 6, "SH 609 543"),
        (458_712.9, 304_371.2, 10, "SK 58712 04371"),
        (0, 0, 2, "SV 0 0"),
        (-1_100_000, 0, 10, None),
    ],
)
def test_references_by_hand(east, north, figures, expected):
    assert grid_reference(east, north, figures) == expected


@given(st.floats(0, 699_999), st.floats(0, 1_299_999), st.sampled_from([4, 6, 8, 10]))
def test_read_back_it_names_the_square_that_holds_the_place(east, north, figures):
    written = grid_reference(east, north, figures)
    square = grid_square(written)
    half = square.side_m / 2
    assert abs(square.easting - east) <= half
    assert abs(square.northing - north) <= half
