# SPDX-License-Identifier: GPL-2.0-or-later
"""The test of clustering: published formulas by hand, and what it says under chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shapely.geometry import Polygon, box

from streetsafe_plugin.domain import clustering as module
from streetsafe_plugin.domain.clustering import (
    FEWEST,
    Verdict,
    by_clark_and_evans,
    by_donnelly,
    clustering,
)
from streetsafe_plugin.domain.clustering_words import remarks, verdict_in_words
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.random_places import Ground, ground_of, rectangle_for

SQUARE = ground_of([box(0, 0, 1_000, 1_000)])
#: A third of its extent, with a hole in it.
CRESCENT = ground_of(
    [
        Polygon([(0, 0), (1_000, 0), (1_000, 300), (300, 300), (300, 1_000), (0, 1_000)]),
        Polygon(
            box(600, 600, 1_000, 1_000).exterior.coords,
            [box(700, 700, 900, 900).exterior.coords],
        ),
    ]
)


def lattice(side: int, step: float) -> np.ndarray:
    return (np.indices((side, side)).reshape(2, -1).T + 0.5) * step


@pytest.fixture
def few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many runs as a verdict at 5 % needs, so that hundreds of tests take seconds."""
    monkeypatch.setattr(module, "RUNS", 99)


def test_a_lattice_by_hand() -> None:
    """Nine places 100 m apart on 300 × 300 m.

    Expected 0.5/√(9/90000) = 50 m, so the index is 2; its error 0.26136/√(81/90000) = 8.712 m, so
    z = 50/8.712 = 5.739. Donnelly: 50 + (0.0514 + 0.041/3)·1200/9 = 58.6756 m; the variance is
    0.0703·90000/81 + 0.037·1200·√(90000/59049) = 78.1111 + 54.8148 = 132.9259, the error 11.5294 m,
    so z = 41.3244/11.5294 = 3.5843.
    """
    found = clustering(lattice(3, 100.0), ground_of([box(0, 0, 300, 300)]))
    assert found.mean == pytest.approx(100)
    assert found.expected == pytest.approx(50)
    assert found.index == pytest.approx(2)
    assert found.z == pytest.approx(5.7392, abs=1e-4)
    assert found.index_corrected == pytest.approx(100 / 58.6756, abs=1e-5)
    assert found.z_corrected == pytest.approx(3.5843, abs=1e-4)
    assert found.p == pytest.approx(2 / 1000)
    assert found.verdict is Verdict.DISPERSED


def test_the_formulas_of_the_papers() -> None:
    assert by_clark_and_evans(100, 1e6) == pytest.approx((50, 2.6136))
    expected, error = by_donnelly(100, 1e6, 4_000)
    assert expected == pytest.approx(50 + (0.0514 + 0.0041) * 40)
    assert error == pytest.approx(math.sqrt(0.0703 * 100 + 0.037 * 4_000 * math.sqrt(1e6 / 1e10)))


def test_a_planted_cluster_is_found() -> None:
    rng = np.random.default_rng(3)
    xy = np.vstack((rng.uniform(0, 1_000, (30, 2)), rng.normal(400, 20, (30, 2))))
    found = clustering(xy, SQUARE)
    assert found.verdict is Verdict.CLUSTERED
    assert found.z_corrected is not None
    assert found.z_corrected < -3
    assert "closer together than by chance" in verdict_in_words(found, "reports")
    assert clustering(xy).verdict is Verdict.CLUSTERED


@pytest.mark.usefixtures("few_runs")
@pytest.mark.parametrize(
    ("ground", "is_stated", "count"),
    [(SQUARE, True, 12), (CRESCENT, True, 25), (SQUARE, False, 12), (SQUARE, False, 40)],
)
def test_chance_is_called_a_pattern_in_at_most_one_case_in_twenty(
    ground: Ground, is_stated: bool, count: int
) -> None:
    """Of 400 sets 5 % are 20; more than 33 would come in one of 500 such tests."""
    drawn = ground.draw(400 * count, np.random.default_rng(11)).reshape(400, count, 2)
    found = [clustering(xy, ground if is_stated else None).verdict for xy in drawn]
    wrong = sum(verdict is not Verdict.NOT_DISTINGUISHABLE for verdict in found)
    assert wrong <= 33
    # nor is it so shy that it would never speak
    assert wrong >= 4


def test_below_the_fewest_a_strong_pattern_is_mostly_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All places in one quarter of the ground: found four times out of five from nine on."""
    monkeypatch.setattr(module, "FEWEST", 2)
    monkeypatch.setattr(module, "RUNS", 199)

    def power(count: int) -> float:
        drawn = np.random.default_rng(7).uniform(200, 700, (400, count, 2))
        found = [clustering(xy, SQUARE).verdict for xy in drawn]
        return found.count(Verdict.CLUSTERED) / len(found)

    assert power(FEWEST) >= 0.8
    assert power(FEWEST - 2) < 0.8


@pytest.mark.parametrize("count", [0, 1, 2, FEWEST - 1])
def test_too_few_is_an_answer(count: int) -> None:
    found = clustering(np.random.default_rng(1).uniform(0, 1_000, (count, 2)), SQUARE)
    assert found.verdict is Verdict.TOO_FEW
    assert found.p is None
    assert (found.mean is None) == (count < 2)
    assert f"{count} reports" in verdict_in_words(found, "reports")


def test_what_lies_outside_is_left_out_and_shared_places_are_counted() -> None:
    xy = np.vstack((lattice(4, 200.0), [[100, 100], [100, 100], [5_000, 5_000]]))
    found = clustering(xy, SQUARE)
    assert (found.count, found.outside, found.sharing) == (18, 1, 3)
    said = " ".join(remarks(found, "crimes", True))
    assert "1 outside the area" in said
    assert "3 share their place" in said


def test_one_place_only_is_refused_without_an_area() -> None:
    with pytest.raises(InputRefused, match="one line or one place.*Give the area"):
        clustering(np.tile([[5.0, 5.0]], (20, 1)))
    found = clustering(np.tile([[5.0, 5.0]], (20, 1)), SQUARE)
    assert found.verdict is Verdict.CLUSTERED
    assert "0 m on average, where chance would make it 1" in verdict_in_words(found, "points")


def test_the_rectangle_is_right_on_average() -> None:
    drawn = np.random.default_rng(2).uniform(0, 1_000, (4_000, 5, 2))
    areas = np.array([rectangle_for(xy).area_m2 for xy in drawn])
    # both sides are unbiased and independent of each other, so their product is too
    assert areas.mean() == pytest.approx(1e6, rel=4 * areas.std() / areas.mean() / 4_000**0.5)


def test_draws_fill_the_ground_evenly() -> None:
    drawn = CRESCENT.draw(40_000, np.random.default_rng(5))
    assert CRESCENT.holds(drawn).all()
    for part in (box(0, 0, 150, 150), box(600, 600, 700, 1_000), box(700, 0, 1_000, 300)):
        share = part.intersection(CRESCENT.shape).area / CRESCENT.area_m2
        held = ground_of([part]).holds(drawn).mean()
        assert held == pytest.approx(share, abs=4 * math.sqrt(share / 40_000))


def test_very_many_are_not_simulated() -> None:
    xy = np.random.default_rng(8).uniform(0, 1_000, (module.MOST_SIMULATED + 1, 2))
    found = clustering(xy, SQUARE)
    assert found.runs == 0
    assert found.p is not None
    # of a standard normal z
    assert found.p == pytest.approx(math.erfc(abs(found.z_corrected) / math.sqrt(2)))
    assert "normal curve" in " ".join(remarks(found, "points", True))


def test_the_same_points_give_the_same_answer_in_any_order() -> None:
    xy = np.random.default_rng(8).uniform(0, 1_000, (60, 2))
    one, two = clustering(xy, SQUARE), clustering(xy[::-1], SQUARE)
    assert (one.p, one.verdict) == (two.p, two.verdict)
