# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a briefing pack: counted by hand, never claiming more than the counts bear."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain.briefing_figures import make_pack
from streetsafe_plugin.domain.briefing_pack.change import changes
from streetsafe_plugin.domain.briefing_pack.change_words import (
    MEASURES_ASIDE,
    in_short,
    sentence,
    without_counts,
)
from streetsafe_plugin.domain.briefing_pack.material import (
    Asked,
    CrimeSet,
    ReportSet,
)
from streetsafe_plugin.domain.briefing_pack.trend import months_of
from streetsafe_plugin.domain.evaluation import Doubt, Verdict
from streetsafe_plugin.domain.pack import NO_MONTH, Change
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.parks import Intervention
from streetsafe_plugin.domain.report_keys import report_keys
from streetsafe_plugin.domain.taxonomy import REASON_CODES

PARK = ParkGround("p", "Park", box(0, 0, 200, 200))
FAR_PARK = ParkGround("q", "Far Park", box(5000, 5000, 5200, 5200))
IN_PARK, IN_RING, IN_BAND, AWAY = (100.0, 100.0), (300.0, 100.0), (600.0, 100.0), (2500.0, 2500.0)


def days(*texts: str) -> np.ndarray:
    return np.array([text or "NaT" for text in texts], dtype="datetime64[D]")


def reports(places, dates, **more) -> ReportSet:
    xy = np.array(places, dtype=float).reshape(-1, 2)
    given = {"ticks": {}, "total": len(xy), "excluded": {}, **more}
    return ReportSet(xy, dates, **given)


def pack_of(some: ReportSet, grounds=(PARK, FAR_PARK), asked=None, crimes=None):
    return make_pack(some, grounds, asked or Asked([100.0, 250.0]), crimes)


def measure(park_id: str, date_from: str | None, **more) -> Intervention:
    given = {
        "measure": "cctv",
        "quantity": None,
        "status": "live",
        "date_from": None if date_from is None else datetime.date.fromisoformat(date_from),
        "date_to": None,
        "date_confidence": "day",
        "funding_gbp": None,
        "source": "",
        **more,
    }
    return Intervention(park_id, **given)


# --- months


def test_every_month_is_there_and_half_covered_ones_are_marked() -> None:
    # daily from 15 January to 31 March, but none in February's reports of the park
    every = np.arange("2022-01-15", "2022-04-01", dtype="datetime64[D]")
    places = [AWAY] * len(every) + [IN_PARK, IN_PARK, IN_RING]
    dates = np.concatenate([every, days("2022-01-20", "2022-03-01", "2022-03-31")])
    pack, _ = pack_of(reports(places, dates))
    whole, park = pack.whole.trend, pack.parks[0].trend
    assert whole.unit == "month"
    assert [step.first.isoformat() for step in whole.steps] == [
        "2022-01-01", "2022-02-01", "2022-03-01"
    ]  # fmt: skip
    assert [step.last.day for step in whole.steps] == [31, 28, 31]
    assert [step.covered for step in whole.steps] == [False, True, True]
    assert [step.reports for step in whole.steps] == [18, 28, 33]
    assert [step.reports for step in park.steps] == [1, 0, 2]
    assert [step.reports for step in pack.parks[1].trend.steps] == [0, 0, 0]


def test_days_that_were_not_asked_for_cover_no_month() -> None:
    every = np.arange("2022-01-01", "2022-06-01", dtype="datetime64[D]")
    kept = (every >= np.datetime64("2022-02-10")) & (every <= np.datetime64("2022-04-30"))
    some = reports([AWAY] * int(kept.sum()), every[kept], at_hand=every)
    asked = Asked([100.0], first=datetime.date(2022, 2, 10), last=datetime.date(2022, 4, 30))
    pack, _ = pack_of(some, asked=asked)
    assert [(step.label[:3], step.covered) for step in pack.whole.trend.steps] == [
        ("Feb", False), ("Mar", True), ("Apr", True)
    ]  # fmt: skip


@given(
    st.lists(st.integers(0, 2500), min_size=1, max_size=60),
    st.lists(st.integers(0, 3), min_size=60, max_size=60),
)
@settings(max_examples=25, deadline=None)
def test_steps_add_up_to_the_dated_reports(numbers: list[int], where: list[int]) -> None:
    dates = np.datetime64("2017-03-14") + np.array(numbers)
    dates[::7] = np.datetime64("NaT")
    places = [(IN_PARK, IN_RING, IN_BAND, AWAY)[place] for place in where[: len(numbers)]]
    pack, counted = pack_of(reports(places, dates))
    if np.isnat(dates).all():
        assert pack.whole.trend is None
        return
    steps = pack.whole.trend.steps
    assert len(steps) <= 48
    assert sum(step.reports for step in steps) == pack.whole.used - pack.whole.undated
    assert all(
        earlier.last + datetime.timedelta(days=1) == later.first
        for earlier, later in zip(steps, steps[1:])
    )
    undated = (counted.park == 0) & (counted.month == NO_MONTH)
    in_park = sum(step.reports for step in pack.parks[0].trend.steps)
    assert in_park == pack.parks[0].within - int(undated.sum())


def test_a_long_time_is_told_in_quarters() -> None:
    dates = np.arange("2017-01", "2022-01", dtype="datetime64[M]").astype("datetime64[D]")
    trend = pack_of(reports([AWAY] * len(dates), dates))[0].whole.trend
    assert (trend.unit, len(trend.steps)) == ("quarter", 20)
    assert trend.steps[0].label == "Jan–Mar 2017"
    assert {step.reports for step in trend.steps} == {3}


# --- change


def daily(first: str, last: str, places) -> tuple[list, np.ndarray]:
    """Return a report a day at each of the places."""
    every = np.arange(first, last, dtype="datetime64[D]")
    return [place for place in places for _ in every], np.tile(every, len(places))


def test_the_last_whole_months_are_held_against_as_many_before() -> None:
    # a report a day from 1 January to 10 July: six whole months, three against three
    places, dates = daily("2022-01-01", "2022-07-11", [IN_PARK, AWAY])
    pack, _ = pack_of(reports(places, dates))
    change = pack.parks[0].change
    assert change.months == 3
    assert change.before == (datetime.date(2022, 1, 1), datetime.date(2022, 3, 31))
    assert change.after == (datetime.date(2022, 4, 1), datetime.date(2022, 6, 30))
    assert change.counts == ((90, 91), (0, 0), (0, 0))
    assert "no evaluation of any measure" in change.sentence
    assert "different seasons" in change.sentence
    assert pack.whole.change.counts == change.counts


def test_two_years_are_compared_season_by_season() -> None:
    places, dates = daily("2020-01-01", "2022-07-01", [AWAY])
    change = pack_of(reports(places, dates))[0].whole.change
    assert change.months == 12
    assert change.before == (datetime.date(2020, 7, 1), datetime.date(2021, 6, 30))
    assert "seasons" not in change.sentence


def test_a_park_is_looked_at_around_its_own_date() -> None:
    # 59 days before 1 March 2022, 306 after: as many after as before
    places, dates = daily("2022-01-01", "2023-01-01", [IN_PARK, IN_BAND, IN_BAND])
    asked = Asked([100.0], measures={"p": [measure("p", "2022-03-01")]})
    pack, _ = pack_of(reports(places, dates), asked=asked)
    change = pack.parks[0].change
    assert change.before == (datetime.date(2022, 1, 1), datetime.date(2022, 2, 28))
    assert change.after == (datetime.date(2022, 3, 1), datetime.date(2022, 4, 28))
    assert change.counts == ((59, 59), (0, 0), (118, 118))
    assert change.months is None
    assert "no evaluation" not in change.sentence
    assert pack.whole.change.counts == change.counts
    # the other has no measure: the last six months of twelve
    other = pack.parks[1].change
    assert (other.months, other.before[0]) == (6, datetime.date(2022, 1, 1))


def test_a_measure_that_was_never_live_leaves_it_open() -> None:
    places, dates = daily("2022-01-01", "2023-01-01", [IN_PARK])
    asked = Asked([100.0], measures={"p": [measure("p", "2022-03-01", status="planned")]})
    pack, _ = pack_of(reports(places, dates), asked=asked)
    change = pack.parks[0].change
    assert change.sentence == (
        "Whether reports changed cannot be told: no measure is known to have been live while"
        " reports came."
    )
    assert in_short(change) == "cannot be told"
    # of all parks together months still tell something
    assert pack.whole.change.months == 6
    assert MEASURES_ASIDE in pack.whole.change.sentence
    assert MEASURES_ASIDE in without_counts(pack.whole.change)
    assert MEASURES_ASIDE not in pack.parks[1].change.sentence


def test_where_nobody_reported_the_word_is_that_of_the_sentence() -> None:
    places, dates = daily("2020-01-01", "2022-07-01", [AWAY])
    change = pack_of(reports(places, dates))[0].parks[0].change
    assert "nothing can be told" in change.sentence
    assert in_short(change) == "cannot be told"
    # without counts that there is no report is not told either
    assert in_short(replace(change, counts=None)) == "no clear change"


def test_a_clear_fall_is_called_one() -> None:
    before = daily("2022-01-01", "2022-07-01", [IN_PARK, IN_PARK, IN_BAND])
    after = daily("2022-07-01", "2023-01-01", [IN_BAND])
    places = [*before[0], *after[0], AWAY]
    dates = np.concatenate([before[1], after[1], days("2022-12-31")])
    change = pack_of(reports(places, dates))[0].parks[0].change
    assert change.verdict is Verdict.FALL
    assert change.sentence.count(": a fall.") == 1
    assert in_short(change) == "fall"
    assert without_counts(change).startswith("Set against the control area, reports fell.")
    assert not re.search(r"\d", without_counts(change))


def test_an_answer_that_publicity_made_is_none() -> None:
    change = Change(
        Verdict.CANNOT_TELL, "", counts=((70, 50), (155, 93), (67, 69)), value=-86.3, low=-128.8,
        high=-43.8, months=7, publicity=True,
    )  # fmt: skip
    assert "as publicity makes them: no clear change" in sentence(change)
    assert not re.search(r"\b(fall|rise|fell|rose)\b", sentence(change) + without_counts(change))


@given(
    counts=st.tuples(*[st.tuples(st.integers(0, 80), st.integers(0, 80))] * 3),
    months=st.sampled_from([None, 3, 12]),
)
@settings(max_examples=60, deadline=None)
def test_no_fall_or_rise_is_told_where_the_interval_spans_zero(counts, months) -> None:
    # the periods are March and April 2022, or the days on either side of 1 April
    places, dates = [AWAY, AWAY], ["2022-03-01", "2022-04-30"]
    for place, (before, after) in zip((IN_PARK, IN_RING, IN_BAND), counts):
        places += [place] * (before + after)
        dates += [f"2022-03-{1 + n % 31:02d}" for n in range(before)]
        dates += [f"2022-04-{1 + n % 30:02d}" for n in range(after)]
    measures = {"p": [measure("p", "2022-04-01")]} if months is None else None
    some, asked = reports(places, days(*dates)), Asked([100.0, 250.0], measures=measures)
    whole, single = changes(some, [PARK, FAR_PARK], months_of(some, asked), asked)
    for change in (whole, *single):
        told_so = change.verdict is not Verdict.CANNOT_TELL
        says_so = bool(re.search(r"\b(fall|rise|fell|rose)\b", change.sentence))
        if not told_so:
            assert not says_so
            assert re.search(r"no clear change|cannot be told|nothing can be told", change.sentence)
        else:
            assert says_so
            assert not change.low <= 0 <= change.high


@pytest.mark.parametrize("doubt", list(Doubt))
@pytest.mark.parametrize("low", [-3.0, 0.5])
def test_what_cannot_be_told_is_not_told(doubt: Doubt, low: float) -> None:
    change = Change(
        Verdict.CANNOT_TELL, "", counts=((3, 4), (0, 0), (1, 1)), value=2.0, low=low, high=6.0,
        months=12, doubt=doubt,
    )  # fmt: skip
    assert "no clear change" in sentence(change)
    assert not re.search(r"\b(fall|rise|fell|rose)\b", sentence(change) + without_counts(change))


def test_without_dates_nothing_is_told_of_change_or_months() -> None:
    pack, counted = pack_of(reports([IN_PARK], days("")))
    assert pack.whole.trend is None
    assert pack.whole.change.sentence.endswith("no report has a date in the period.")
    assert counted.month.tolist() == [NO_MONTH]


# --- hot spots, fix list, fear and crime


def test_hot_cells_and_cells_with_reports_are_kept_and_counted() -> None:
    rng = np.random.default_rng(3)
    crowd = rng.normal(0, 60, (80, 2)) + 5000
    strewn = rng.uniform(0, 10_000, (60, 2))
    pack, counted = pack_of(
        reports(np.vstack([crowd, strewn]), np.full(140, "2022-01-01", "datetime64[D]"))
    )
    found = pack.hot_spots
    hot = [cell for cell in found.cells if cell.level.startswith("hot")]
    assert hot
    assert all(cell.reports or cell.level.startswith("hot") for cell in found.cells)
    assert sum(cell.reports for cell in found.cells) == 140
    in_cells = np.bincount(counted.divided["hot_spots"], minlength=len(found.cells))
    assert in_cells.tolist() == [cell.reports for cell in found.cells]
    held = sum(cell.reports for cell in hot)
    assert f"{100 * held / 140:.1f} % of the 140 reports" in " ".join(found.sentences)
    assert "No area was given" in found.sentences[-1]
    assert re.match(rf"{len(hot)} of \d+ cells (is|are) hot", found.sentences[0])


@pytest.mark.parametrize("number", [0, 1, 8])
def test_of_few_reports_no_hot_spot_is_told(number: int) -> None:
    some = reports([IN_PARK] * number, np.full(number, "2022-01-01", "datetime64[D]"))
    pack, _ = pack_of(some)
    assert pack.hot_spots.cells == ()
    assert pack.hot_spots.sentences[0].startswith("Too few reports to tell hot spots")


def test_fix_list_keeps_forty_and_says_how_many_more() -> None:
    # 45 places of three lighting reports, the first of them of four
    places = [(1000.0 * n, 0.0) for n in range(45) for _ in range(3)] + [(0.0, 0.0)]
    ticks = {code: np.zeros(len(places), dtype=bool) for code in REASON_CODES}
    ticks["env_lighting"][:] = True
    some = reports(places, np.full(len(places), "2022-01-01", "datetime64[D]"), ticks=ticks)
    pack, counted = pack_of(some)
    assert len(pack.fixes) == 40
    first = pack.fixes[0]
    assert (first.rank, first.reports, first.reason, first.nearest_park) == (
        1, 4, "Badly lit", "Park"
    )  # fmt: skip
    assert first.nearest_park_m == 0
    assert "first 40 of 45 places" in pack.fix_sentences[1]
    assert counted.places["fix 1"].sum() == 4
    assert len(counted.places) == 40


def test_fear_is_held_against_crime_with_its_cautions() -> None:
    some = reports(
        [(100.0, 100.0)] * 30 + [(4000.0, 100.0)], np.full(31, "2022-01-05", "datetime64[D]")
    )
    crimes = CrimeSet(
        np.array([[4000.0, 100.0]] * 60 + [[100.0, 100.0]]),
        np.full(61, "2019-01-01", "datetime64[D]"),
        moved=True,
    )
    pack, counted = pack_of(some, crimes=crimes)
    found = pack.fear_and_crime
    assert sorted((area.reports, area.crimes, area.gap_class) for area in found.areas) == [
        (1, 60, "crime_only"), (30, 1, "feared_only")
    ]  # fmt: skip
    # shares of 31 reports and 61 crimes: 30/31 over 1/61, 1/31 over 60/61
    assert sorted(area.ratio for area in found.areas) == pytest.approx([61 / 1860, 1830 / 31])
    said = " ".join(found.sentences)
    assert said.startswith("Of 2 places")
    assert "0 have much of both, 0 little of either, and of 0 nothing can be told" in said
    assert "no month in common" in said
    assert "map points" in said
    assert len(counted.divided["fear_and_crime"]) == 31


def test_without_reports_nothing_is_told_of_fear_and_crime() -> None:
    crimes = CrimeSet(np.array([[0.0, 0.0]]), days("2022-01-01"))
    pack, _ = pack_of(reports([], days()), crimes=crimes)
    assert pack.fear_and_crime.areas == ()
    assert "nothing can be told" in pack.fear_and_crime.sentences[0]
    assert pack.whole.used == 0
    assert "no pattern" in pack.enough


# --- what counts where


def test_counted_holds_the_reports_behind_every_count() -> None:
    rng = np.random.default_rng(9)
    ticks = {code: rng.random(200) < 0.2 for code in REASON_CODES}
    dates = np.datetime64("2021-09-02") + rng.integers(0, 400, 200)
    some = reports(rng.uniform(-300, 500, (200, 2)), dates, ticks=ticks)
    pack, counted = pack_of(some)
    for number, park in enumerate(pack.parks):
        for ring, zone in enumerate(park.zones):
            here = (counted.park == number) & (counted.ring == ring)
            assert zone.reports == here.sum()
            assert zone.mentions == sum(int(held[here].sum()) for held in ticks.values())
    assert pack.whole.mentions == sum(mentions for _, mentions in pack.whole.reasons)
    assert len(set(counted.keys)) == 200


def test_parks_outside_the_area_have_no_page_and_change_no_count() -> None:
    area = box(-50, -50, 150, 150)
    some = reports([IN_PARK, (-20.0, 0.0)], days("2022-01-01", "2022-01-02"))
    pack, counted = pack_of(some, grounds=(FAR_PARK, PARK), asked=Asked([100.0], area=area))
    assert [park.name for park in pack.parks] == ["Park"]
    # of 200 m by 200 m the area holds 150 by 150
    assert pack.parks[0].zones[0].area_ha == pytest.approx(2.25)
    assert (pack.parks[0].number, counted.park.tolist(), counted.ring.tolist()) == (
        1, [0, 0], [0, 1]
    )  # fmt: skip


def test_keys_tell_reports_apart_now_and_later() -> None:
    xy = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [5.0, 6.0]])
    dates = days("2022-01-01", "2022-01-01", "", "2022-01-01", "2022-01-01")
    made = report_keys(xy, dates)
    assert len(set(made)) == 5
    assert report_keys(xy[[2, 3, 0]], dates[[2, 3, 0]]) == [made[2], made[3], made[0]]
    named = report_keys(xy, dates, ["a", "b", None, "twice", "twice"])
    assert named[:2] == ["a", "b"]
    assert len(set(named)) == 5
