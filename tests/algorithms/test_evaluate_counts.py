# SPDX-License-Identifier: GPL-2.0-or-later
"""The displacement figures through the front door, against published ones."""

from __future__ import annotations

import pytest

from tests.conftest import Refused

LANCASHIRE = {
    "TREATED_BEFORE": 207, "TREATED_AFTER": 110,
    "CONTROL_BEFORE": 308, "CONTROL_AFTER": 318,
    "DISPLACEMENT_BEFORE": 178, "DISPLACEMENT_AFTER": 157,
}  # fmt: skip


def test_lancashire_as_published(run_algorithm):
    # popcenter.org/tools/displacement/12; it prints a WDQ of .411, which its inputs do not give
    found = run_algorithm("evaluatecounts", LANCASHIRE)
    assert found["GE"] == 97
    assert found["NE"] == pytest.approx(0.326, abs=0.0005)
    assert found["WDQ"] == pytest.approx(0.258, abs=0.0005)
    assert found["TNE"] == pytest.approx(130.5, abs=0.05)


def test_the_wdd_as_published(run_algorithm):
    # ptools, unit test “Est & Variance Paper”
    control = {"DISPLACEMENT_CONTROL_BEFORE": 150, "DISPLACEMENT_CONTROL_AFTER": 140}
    found = run_algorithm("evaluatecounts", {**LANCASHIRE, **control})
    assert found["WDD"] == -118
    assert found["WDD_SE"] == pytest.approx(39.6, abs=0.05)
    assert found["WDD_Z"] == pytest.approx(-2.98, abs=0.005)
    assert (round(found["WDD_LOW"]), round(found["WDD_HIGH"])) == (-196, -40)
    assert found["VERDICT"] == "fall"
    assert found["SENTENCE"] in found.messages
    assert "changed by -118.0 (95 % interval -195.6 to -40.4): a fall." in found["SENTENCE"]


def test_unequal_periods_as_published(run_algorithm):
    # andrewpwheeler.com, 9 January 2021: two years before, one after
    counts = {
        "TREATED_BEFORE": 80, "TREATED_AFTER": 20, "CONTROL_BEFORE": 100, "CONTROL_AFTER": 50,
    }  # fmt: skip
    found = run_algorithm("evaluatecounts", {**counts, "TIME_BEFORE": 2, "TIME_AFTER": 1})
    assert found["WDD"] == pytest.approx(-20)
    assert found["WDD_SE"] == pytest.approx(10.7, abs=0.05)
    assert found["VERDICT"] == "cannot_tell"


def test_areas_of_different_size(run_algorithm):
    # by hand: 10 to 20 on 2 km², 40 to 60 on 10 km²: 5 - 2 = 3 a km²
    counts = {
        "TREATED_BEFORE": 10, "TREATED_AFTER": 20, "CONTROL_BEFORE": 40, "CONTROL_AFTER": 60,
        "AREA_TREATED": 2, "AREA_CONTROL": 10,
    }  # fmt: skip
    assert run_algorithm("evaluatecounts", counts)["WDD"] == pytest.approx(3)


def test_zeros_everywhere_give_an_answer(run_algorithm):
    zeros = dict.fromkeys(("TREATED_BEFORE", "TREATED_AFTER", "CONTROL_BEFORE", "CONTROL_AFTER"), 0)
    found = run_algorithm("evaluatecounts", zeros)
    assert (found["WDD"], found["WDD_SE"], found["VERDICT"]) == (0, 0, "cannot_tell")
    for withheld in ("WDD_Z", "NE", "WDQ", "TNE", "DETECTABLE_FALL"):
        assert withheld not in found.results


def test_an_interval_too_short_to_rely_on_is_called_that(run_algorithm):
    # 5 to 0 and nothing else: the published interval is -9.4 to -0.6; chance does it in 1 of 16
    counts = {
        "TREATED_BEFORE": 5, "TREATED_AFTER": 0, "CONTROL_BEFORE": 0, "CONTROL_AFTER": 0,
    }  # fmt: skip
    found = run_algorithm("evaluatecounts", counts)
    assert (round(found["WDD_LOW"], 1), round(found["WDD_HIGH"], 1)) == (-9.4, -0.6)
    assert found["VERDICT"] == "cannot_tell"
    assert "too short to rely on" in found["SENTENCE"]


def test_a_trend_that_proportion_reads_the_other_way_is_pointed_out(run_algorithm):
    # treated 100 to 60, control 20 to 10: 30 fewer by difference, 10 more by proportion
    counts = {
        "TREATED_BEFORE": 100, "TREATED_AFTER": 60, "CONTROL_BEFORE": 20, "CONTROL_AFTER": 10,
    }  # fmt: skip
    found = run_algorithm("evaluatecounts", counts)
    assert (found["WDD"], found["TNE"]) == (-30, -10)
    assert "points the other way" in found["SENTENCE"]


def test_a_trend_that_all_areas_share_is_no_effect(run_algorithm):
    # everything doubles: 90 fewer than in the control area by number, none by proportion
    counts = {
        "TREATED_BEFORE": 100, "TREATED_AFTER": 200, "CONTROL_BEFORE": 190, "CONTROL_AFTER": 380,
    }  # fmt: skip
    found = run_algorithm("evaluatecounts", counts)
    assert (found["WDD"], found["TNE"], found["VERDICT"]) == (-90, 0, "cannot_tell")
    assert found["WDD_HIGH"] < 0
    assert "in proportion to the control area that may be no change" in found["SENTENCE"]
    assert "points the other way" not in found["SENTENCE"]


def test_without_a_displacement_area_there_is_no_quotient(run_algorithm):
    counts = {
        "TREATED_BEFORE": 80, "TREATED_AFTER": 20, "CONTROL_BEFORE": 100, "CONTROL_AFTER": 90,
    }  # fmt: skip
    found = run_algorithm("evaluatecounts", counts)
    assert found["VERDICT"] == "fall"
    assert "WDQ" not in found.results


def test_some_sizes_without_the_others_are_refused(run_algorithm):
    with pytest.raises(Refused, match="AREA_DISPLACEMENT"):
        run_algorithm("evaluatecounts", {**LANCASHIRE, "AREA_TREATED": 2, "AREA_CONTROL": 3})


@pytest.mark.parametrize("name", ["TREATED_BEFORE", "TIME_AFTER", "AREA_CONTROL"])
def test_a_negative_number_is_refused(run_algorithm, name):
    with pytest.raises(Refused):
        run_algorithm("evaluatecounts", {**LANCASHIRE, name: -1})
