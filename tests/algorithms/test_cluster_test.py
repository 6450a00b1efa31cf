# SPDX-License-Identifier: GPL-2.0-or-later
"""The test of clustering, through the front door."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)


def as_wkt(places: np.ndarray) -> list[str]:
    return [f"Point({x!r} {y!r})" for x, y in places.tolist()]


def square(west: float, south: float, east: float, north: float) -> str:
    return (
        f"Polygon(({west!r} {south!r}, {east!r} {south!r}, {east!r} {north!r}, {west!r} {north!r},"
        f" {west!r} {south!r}))"
    )


@pytest.fixture
def places() -> np.ndarray:
    rng = np.random.default_rng(12)
    loose = rng.uniform([458_000, 304_000], [460_000, 306_000], (40, 2))
    return np.vstack((loose, rng.normal([459_000, 305_000], 30, (40, 2))))


def test_a_cluster_is_found_with_all_its_figures(run_algorithm, make_layer, places) -> None:
    found = run_algorithm("clustertest", {"INPUT": make_layer(as_wkt(places))})
    assert found["VERDICT"] == "clustered"
    assert found["N"] == 80
    assert found["P"] == pytest.approx(0.002)
    assert found["NNI"] == pytest.approx(found["MEAN_DISTANCE"] / found["EXPECTED_DISTANCE"])
    assert max(found["Z"], found["Z_CORRECTED"]) < -3
    assert found["NNI_CORRECTED"] < found["NNI"] < 1
    assert found["SENTENCE"] in found.messages
    said = " ".join(found.messages)
    assert "Give the area they could have been in for a better answer" in said
    assert "rank among 999" in said


def test_uncorrected_figures_are_those_of_qgis(run_algorithm, make_layer, places) -> None:
    """QGIS takes the points' bounding box for the area."""
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    Processing.initialize()
    layer = make_layer(as_wkt(places))
    area = make_layer(
        [square(*places.min(axis=0).tolist(), *places.max(axis=0).tolist())], "Polygon"
    )
    found = run_algorithm("clustertest", {"INPUT": layer, "AREA": area})
    own = QgsApplication.processingRegistry().createAlgorithmById("native:nearestneighbouranalysis")
    theirs, done = own.run({"INPUT": layer}, QgsProcessingContext(), QgsProcessingFeedback())
    assert done
    for ours, name in (
        ("MEAN_DISTANCE", "OBSERVED_MD"),
        ("EXPECTED_DISTANCE", "EXPECTED_MD"),
        ("NNI", "NN_INDEX"),
        ("Z", "Z_SCORE"),
        ("N", "POINT_COUNT"),
    ):
        assert found[ours] == pytest.approx(theirs[name], rel=1e-6), ours


def test_points_outside_the_area_are_left_out_and_counted(
    run_algorithm, make_layer, places
) -> None:
    area = make_layer([square(458_000, 304_000, 459_000, 305_000)], "Polygon")
    found = run_algorithm("clustertest", {"INPUT": make_layer(as_wkt(places)), "AREA": area})
    inside = int((places <= [459_000, 305_000]).all(axis=1).sum())
    assert found["N"] == inside < 80
    assert any(f"{80 - inside} outside the area" in message for message in found.messages)


def test_too_few_give_no_p(run_algorithm, make_layer, places) -> None:
    found = run_algorithm("clustertest", {"INPUT": make_layer(as_wkt(places[:4]))})
    assert found["VERDICT"] == "too_few"
    assert "P" not in found.results
    assert found["N"] == 4


def test_shared_places_are_said(run_algorithm, make_layer, places) -> None:
    layer = make_layer(as_wkt(np.vstack((places, places[:5]))))
    found = run_algorithm("clustertest", {"INPUT": layer})
    assert any("10 share their place" in message for message in found.messages)


@pytest.mark.parametrize(
    ("wkt", "sentence"),
    [
        ([], "holds no point to test"),
        (["Point(458000 304000)"] * 20, "one line or one place.*Give the area"),
    ],
)
def test_what_cannot_be_tested_is_refused(run_algorithm, make_layer, wkt, sentence) -> None:
    with pytest.raises(QgsProcessingException, match=sentence):
        run_algorithm("clustertest", {"INPUT": make_layer(wkt)})


def test_it_can_be_cancelled(run_algorithm, make_layer, places) -> None:
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm("clustertest", {"INPUT": make_layer(as_wkt(places))}, cancel_at=40)
