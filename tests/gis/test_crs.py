# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates into the analysis system, and what is said about the way there."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransformContext

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis.crs import analysis_crs, describe_operation, transform_xy

BNG, WGS84, OSGB36 = (
    QgsCoordinateReferenceSystem(code) for code in ("EPSG:27700", "EPSG:4326", "EPSG:4277")
)
CONTEXT = QgsCoordinateTransformContext()


def test_the_ordnance_surveys_worked_example() -> None:
    # "A guide to coordinate systems in Great Britain", annexe C: Caister water tower
    latitude = 52 + 39 / 60 + 27.2531 / 3600
    longitude = 1 + 43 / 60 + 4.5177 / 3600
    [place] = transform_xy(np.array([[longitude, latitude]]), OSGB36, BNG, CONTEXT)
    assert place == pytest.approx([651_409.903, 313_177.270], abs=0.002)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_any_number_of_places_comes_back(count: int) -> None:
    xy = np.tile([-1.13, 52.64], (count, 1))
    assert transform_xy(xy, WGS84, BNG, CONTEXT).shape == (count, 2)


def test_what_cannot_be_placed_is_nan_and_spares_the_rest() -> None:
    given = [[-1.13, 52.64], [0, 95], [np.nan, 1], [np.inf, 2], [-1.12, 52.63]]
    placed = transform_xy(np.array(given), WGS84, BNG, CONTEXT)
    assert np.isfinite(placed).all(axis=1).tolist() == [True, False, False, False, True]
    assert transform_xy(np.full((3, 2), np.nan), WGS84, BNG, CONTEXT).shape == (3, 2)


def test_there_and_back_again() -> None:
    xy = np.random.default_rng(2).uniform([430_000, 280_000], [500_000, 340_000], (50, 2))
    back = transform_xy(transform_xy(xy, BNG, WGS84, CONTEXT), WGS84, BNG, CONTEXT)
    assert np.abs(back - xy).max() < 0.001


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:2263", "nonsense", ""])
def test_only_metres_serve_for_analysis(code: str) -> None:
    with pytest.raises(InputRefused, match=r"Distances cannot be measured.*EPSG:27700"):
        analysis_crs(code)


def test_the_operation_is_named_with_its_accuracy() -> None:
    note = describe_operation(WGS84, BNG, CONTEXT)
    assert "EPSG:4326 to EPSG:27700" in note.sentence
    assert note.accuracy_m is not None
    assert ("grid" in note.sentence) == note.grid_missing
    assert describe_operation(BNG, BNG, CONTEXT).sentence == (
        "Coordinates were used as given, in EPSG:27700."
    )
