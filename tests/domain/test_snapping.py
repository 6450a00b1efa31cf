# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
from shapely.geometry import box

from streetsafe_plugin.domain.snapping import (
    are_flagged,
    are_map_points,
    look_snapped,
    most_on_one_point,
)


def test_points_on_few_places_look_snapped():
    rng = np.random.default_rng(1)
    true_places = rng.uniform(0, 1_000, (500, 2))
    assert not look_snapped(true_places)
    assert look_snapped(np.round(true_places, -2))
    # three on a place each, but too few to tell anything
    assert not look_snapped(np.repeat(true_places[:5], 3, axis=0))


def test_the_flag_is_one_of_several():
    assert are_flagged([None, "outside_area;snapped", "outside_area"])
    assert not are_flagged([None, "unsnapped", 3, ""])


def test_parks_that_are_a_map_point_by_hand():
    """Of a park's 20 crimes 10 on one point are half; of 22 they are less; 9 of 9 are too few."""
    parks = [box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10), box(60, 0, 70, 10)]
    rng = np.random.default_rng(2)

    def crimes(west, on_one, elsewhere):
        scattered = rng.uniform((west, 0), (west + 10, 10), (elsewhere, 2))
        return np.concatenate([np.full((on_one, 2), (west + 5.0, 5.0)), scattered])

    xy = np.concatenate([crimes(0, 10, 10), crimes(20, 10, 12), crimes(40, 9, 0)])
    inside, on_one = most_on_one_point(xy, parks)
    assert inside.tolist() == [20, 22, 9, 0]
    assert on_one.tolist() == [10, 10, 9, 0]
    assert are_map_points(inside, on_one).tolist() == [0]
