# SPDX-License-Identifier: GPL-2.0-or-later
"""What a protected pack shows and what it does not, by counts small enough to follow by hand."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain.briefing_pack.change_words import in_short
from streetsafe_plugin.domain.crime_gap import GapClass
from streetsafe_plugin.domain.disclosure import protected
from streetsafe_plugin.domain.disclosure.audit import Audited, audited, groups_of
from streetsafe_plugin.domain.disclosure.statistics import (
    CountedReports,
    Order,
    Rule,
    Shown,
    Statistic,
)
from streetsafe_plugin.domain.errors import DoesNotAddUp
from streetsafe_plugin.domain.evaluation import Verdict
from streetsafe_plugin.domain.issued import Issued, Scope, as_record, from_record, hashed, salt_of
from streetsafe_plugin.domain.pack import (
    NO_MONTH,
    Audience,
    Change,
    FearAndCrime,
    Fix,
    GapArea,
    HotCell,
    HotSpots,
    Pack,
)
from tests.briefing_packs import JANUARY, Made, invent, pack_of

PARTNER, PUBLIC, INTERNAL = Audience.PARTNER, Audience.PUBLIC, Audience.INTERNAL


def made_by_hand(zones, outside=50, month=None, ticks=None) -> Made:
    """Return reports by park: how many inside and within 100, 250 and 400 m."""
    park, distance = [], []
    for number, counts in enumerate(zones):
        for metres, count in zip((0, 50, 200, 300), counts):
            park += [number] * count
            distance += [float(metres)] * count
    park += [-1] * outside
    distance += [1e6] * outside
    total = len(park)
    return Made(
        np.array(park, dtype=np.int64),
        np.array(distance),
        np.full(total, JANUARY) if month is None else np.array(month(total)),
        {} if ticks is None else ticks(np.array(park)),
        len(zones),
        [f"report {one}" for one in range(total)],
    )


def zones_of(pack: Pack) -> list[list[int | None]]:
    return [[zone.reports for zone in park.zones] for park in pack.parks]


def test_an_internal_pack_is_the_pack():
    pack, counted = pack_of(made_by_hand([[3, 1, 0, 0]]))
    same, issued = protected(pack, counted, INTERNAL, 5)
    assert same is pack
    assert issued.numbers == issued.groups == ()


def test_one_small_zone_takes_another_with_it():
    """Of 20, 3, 9 and 11, which make 43, 3 alone would follow; the smallest other one goes, too."""
    shown, _ = protected(*pack_of(made_by_hand([[20, 3, 9, 11], [30, 30, 30, 30]])), PARTNER, 5)
    first, second = zones_of(shown)
    assert first[:3] == [20, None, None]
    assert second == [30, 30, 30, 30]
    assert shown.parks[0].within == 43


def test_two_small_zones_may_be_too_few_together():
    """1 and 2 make 3, so each would be known to be 3 at most: a third one has to go."""
    shown, _ = protected(*pack_of(made_by_hand([[20, 1, 2, 9], [30, 30, 30, 30]])), PARTNER, 5)
    assert zones_of(shown)[0] == [20, None, None, None]


def test_none_is_as_small_as_few():
    shown, _ = protected(*pack_of(made_by_hand([[20, 0, 0, 12], [30, 30, 30, 30]])), PARTNER, 5)
    assert zones_of(shown)[0] == [20, None, None, None]
    few, _ = protected(*pack_of(made_by_hand([[20, 0, 3, 12], [30, 30, 30, 30]])), PARTNER, 5)
    assert zones_of(few)[0] == [20, None, None, None]


def test_a_quiet_park_hides_behind_another():
    """Two reports in all of a park: its number and one more park's are held, the total stands."""
    made = made_by_hand([[2, 0, 0, 0], [10, 9, 8, 7], [30, 30, 30, 30]])
    shown, _ = protected(*pack_of(made), PARTNER, 5)
    within = [park.within for park in shown.parks]
    assert within[0] is None
    assert within.count(None) >= 2 or shown.whole.in_rings is None
    assert shown.whole.used == 206


def test_the_public_sees_parks_but_no_zones():
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11], [30, 30, 30, 30]]))
    shown, _ = protected(pack, counted, PUBLIC, 5)
    assert zones_of(shown) == [[None] * 4] * 2
    assert [park.within for park in shown.parks] == [49, 120]
    assert shown.whole.to_the_month


@pytest.mark.parametrize("audience", [PARTNER, PUBLIC])
def test_what_never_leaves(audience):
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11]]))
    pack = replace(pack, whole=replace(pack.whole, first=datetime.date(2022, 1, 17)))
    shown, _ = protected(pack, counted, audience, 5)
    whole = shown.whole
    assert (whole.read, whole.mentions, whole.undated, whole.excluded) == (None, None, None, {})
    assert all(zone.mentions is None for park in shown.parks for zone in park.zones)
    assert whole.first == datetime.date(2022, 1, 1)


@pytest.mark.parametrize("audience", [PARTNER, PUBLIC])
@pytest.mark.parametrize("zones", [[[0, 0, 0, 0]], [[1, 2, 0, 1]], [[0, 0, 0, 0], [0, 0, 0, 0]]])
def test_nothing_at_all_shows_nothing_at_all(audience, zones):
    shown, issued = protected(*pack_of(made_by_hand(zones, outside=0)), audience, 5)
    whole = shown.whole
    figures = [whole.used, whole.inside, whole.in_rings, whole.outside]
    figures += [park.within for park in shown.parks]
    assert set(figures) == {None}
    assert issued.values() == {}
    assert whole.trend is None


def test_reasons_below_the_threshold_are_not_there():
    def ticks(park):
        there = np.flatnonzero(park == 0)
        return {
            "env_lighting": np.isin(np.arange(len(park)), [*there[:9], *range(80, 90)]),
            "beh_followed": np.isin(np.arange(len(park)), there[:4]),
        }

    shown, _ = protected(*pack_of(made_by_hand([[20, 9, 9, 11]], 80, ticks=ticks)), PARTNER, 5)
    assert shown.parks[0].reasons == (("Badly lit", 9),)
    assert shown.whole.reasons == (("Badly lit", 19),)


def test_the_unit_of_a_trend_follows_from_its_published_number_alone():
    """24 reports of a year are ten or more a half-year on average, and fewer a quarter."""

    def month(of_park):
        return lambda total: [*of_park, *(JANUARY + number % 12 for number in range(total - 24))]

    even = [JANUARY + number // 2 for number in range(24)]
    early = [*[JANUARY + number % 6 for number in range(21)], *[JANUARY + 8] * 3]
    shown, _ = protected(*pack_of(made_by_hand([[24, 0, 0, 0]], 360, month(even))), PARTNER, 5)
    trend = shown.parks[0].trend
    assert [step.label for step in trend.steps] == ["Jan–Jun 2022", "Jul–Dec 2022"]
    assert [step.reports for step in trend.steps] == [12, 12]
    assert shown.whole.trend.unit == "month"
    # of three in the second half-year no longer unit tells
    shown, _ = protected(*pack_of(made_by_hand([[24, 0, 0, 0]], 360, month(early))), PARTNER, 5)
    assert shown.parks[0].trend is None


def test_a_change_says_its_verdict_and_no_number():
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11]]))
    change = Change(Verdict.FALL, "12 became 3.", counts=((12, 3),) * 3, value=-9.0, low=-12.0)
    shown, _ = protected(
        replace(pack, whole=replace(pack.whole, change=change)), counted, PUBLIC, 5
    )
    assert shown.whole.change == Change(Verdict.FALL, "Set against the control area, reports fell.")


def test_a_change_keeps_what_stands_against_it_and_its_word_is_that_of_the_sentence():
    few = [[1, 0, 0, 1], [0, 1, 1, 0], [2, 1, 1, 0]]
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11], *few], 90))
    months = Change(Verdict.CANNOT_TELL, "12 became 3.", counts=((12, 3),) * 3, months=6)
    open_ = Change(Verdict.CANNOT_TELL, "Cannot be told.", why_not="there is no measure")
    parks = tuple(replace(park, change=months) for park in pack.parks)
    given = replace(pack, parks=parks, whole=replace(pack.whole, change=open_))
    shown, _ = protected(given, counted, PUBLIC, 5)
    assert shown.parks[0].change.sentence == (
        "There is no clear change. This compares periods and is no evaluation of any measure. The"
        " periods are of different seasons."
    )
    assert in_short(shown.parks[0].change) == "no clear change"
    assert [park.within for park in shown.parks] == [49, None, None, None]
    assert "is not told" in shown.parks[1].change.sentence
    assert in_short(shown.whole.change) == in_short(shown.parks[1].change) == "cannot be told"


def test_how_sure_it_is_that_a_cell_is_hot_is_not_told():
    """At 90 % just twelve reports may lie in and around a cell, and cells beside it tell more."""
    pack, counted = with_maps(*pack_of(made_by_hand([[20, 9, 9, 11]])))
    [first, *others] = pack.hot_spots.cells
    for level, left in (("hot_99", ["hot_95"]), ("hot_95", ["hot_95"]), ("hot_90", [])):
        cells = (replace(first, level=level), *others)
        given = replace(pack, hot_spots=replace(pack.hot_spots, cells=cells))
        shown, _ = protected(given, counted, PARTNER, 5)
        assert [cell.level for cell in shown.hot_spots.cells] == left


def with_maps(pack, counted):
    """Return a pack with two places to mend, two hot cells and three areas."""
    rows = np.arange(len(counted.park))
    fixes = tuple(
        Fix(rank, "env_lighting", "Badly lit", "Council", count, x, 304_371.4, "SK 1", "A", 137.0)
        for rank, count, x in ((1, 7, 458_712.3), (2, 4, 460_001.0))
    )
    cells = tuple(HotCell(box(0, 0, 1, 1), count, "hot_99") for count in (9, 2))
    areas = tuple(
        GapArea(name, box(0, 0, 1, 1), count, 9, kind)
        for name, count, kind in (("a", 9, "both"), ("b", 2, "feared_only"), ("c", 6, "crime_only"))
    )
    pack = replace(
        pack,
        enough="49 reports are enough.",
        fixes=fixes,
        hot_spots=HotSpots(cells, 250.0, ("2 cells are hot.", "Chance alone may do that.")),
        fear_and_crime=FearAndCrime(areas, ("Three places differ.",)),
    )
    counted = replace(
        counted,
        ticks={"env_lighting": rows < 40},
        places={"fix 1": (rows < 7), "fix 2": (rows >= 7) & (rows < 11)},
        divided={
            "hot_spots": np.where(rows < 9, 0, np.where(rows < 11, 1, -1)),
            "fear_and_crime": np.where(
                rows < 9, 0, np.where(rows < 11, 1, np.where(rows < 17, 2, -1))
            ),
        },
    )
    return pack, counted


def test_places_to_mend_are_named_by_their_square():
    shown, _ = protected(*with_maps(*pack_of(made_by_hand([[20, 9, 9, 11]]))), PARTNER, 5)
    (fix,) = shown.fixes
    # 458,712 east and 304,371 north lie in the square SK 587 043, whose middle is 50 m in
    assert (fix.x, fix.y, fix.grid_ref) == (458_750.0, 304_350.0, "SK 587 043")
    assert (fix.rank, fix.reports, fix.nearest_park_m) == (1, 7, 100)


def test_maps_show_only_places_with_enough():
    pack, counted = with_maps(*pack_of(made_by_hand([[20, 9, 9, 11]])))
    partner, _ = protected(pack, counted, PARTNER, 5)
    public, _ = protected(pack, counted, PUBLIC, 5)
    for shown, told in ((partner, 9), (public, None)):
        assert [cell.reports for cell in shown.hot_spots.cells] == [told]
        assert shown.hot_spots.sentences[0] == "Chance alone may do that."
        # white does not mean that a cell is not hot
        assert "held back" in shown.hot_spots.sentences[1]
        assert "held back" in shown.fear_and_crime.sentences[-1]
        assert not any(character.isdigit() for character in shown.enough)
    assert [(one.name, one.reports) for one in partner.fear_and_crime.areas] == [
        ("a", 9), ("c", 6),
    ]  # fmt: skip
    assert [(one.name, one.reports) for one in public.fear_and_crime.areas] == [("a", None)]
    assert public.fixes == ()


def test_a_figure_that_its_reports_do_not_add_up_to_is_refused():
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11]]))
    wrong = replace(pack, whole=replace(pack.whole, outside=51))
    with pytest.raises(DoesNotAddUp, match="given as 51, but 50"):
        protected(wrong, counted, PARTNER, 5)


@given(st.integers(0, 10_000), st.integers(2, 20), st.integers(0, 30))
def test_a_rounded_number_is_known_to_lie_where_it_does(count, threshold, base):
    rule = Rule(threshold, base)
    if count >= threshold:
        low, high = rule.known(rule.shown(count))
        assert low <= count <= high
        assert rule.shown(count) % (base or 1) == 0
        # and every number there would have been shown as the same
        assert all(rule.shown(other) == rule.shown(count) for other in range(low, high + 1))


@pytest.mark.parametrize(("count", "shown"), [(5, 5), (7, 5), (8, 10), (12, 10), (13, 15)])
def test_rounding_to_five(count, shown):
    assert Rule(5, 5).shown(count) == shown


def test_everything_is_rounded_and_that_is_said():
    made = made_by_hand([[21, 33, 14, 11]])
    shown, _ = protected(*pack_of(made), PARTNER, 5, 5)
    assert zones_of(shown) == [[20, 35, 15, 10]]
    assert (shown.parks[0].within, shown.whole.used, shown.round_to) == (80, 130, 5)
    assert any("rounded to multiples of 5" in sentence for sentence in shown.held)


def test_what_came_new_in_a_month_is_a_number_as_well():
    """49 in January and 51 by February: a reader of both would know of two."""

    def month(total):
        return [JANUARY + (number in (0, 1)) for number in range(total)]

    made = made_by_hand([[20, 10, 10, 11], [30, 30, 30, 30]], 200, month)
    made.month[-100:] += 1
    january = made.only(made.month == JANUARY)
    first, issued = protected(*pack_of(january), PUBLIC, 5)
    alone, _ = protected(*pack_of(made), PUBLIC, 5)
    knowing, _ = protected(*pack_of(made), PUBLIC, 5, 0, [issued])
    assert (first.parks[0].within, alone.parks[0].within) == (49, 51)
    assert knowing.parks[0].within is None


def test_a_report_that_has_left_the_layer_is_remembered():
    """Without two reports of 49 the number would be 47, and the two would be found."""
    made = made_by_hand([[20, 9, 9, 11], [30, 30, 30, 30]], 200)
    _, issued = protected(*pack_of(made), PUBLIC, 5)
    kept = np.ones(len(made.park), dtype=bool)
    kept[:2] = False
    knowing, _ = protected(*pack_of(made.only(kept)), PUBLIC, 5, 0, [issued])
    assert knowing.parks[0].within is None


def test_changed_ticks_do_not_contradict_the_register():
    made = made_by_hand([[20, 9, 9, 11]], ticks=lambda park: {"env_lighting": park == 0})
    _, issued = protected(*pack_of(made), PARTNER, 5)
    other = replace(made, ticks={"env_lighting": (made.park == 0) & (np.arange(99) > 9)})
    shown, _ = protected(*pack_of(other), PARTNER, 5, 0, [issued])
    assert shown.whole.used == 99


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 200), st.sampled_from([PARTNER, PUBLIC]))
def test_what_is_shown_is_true_and_large_enough(seed, reports, audience):
    pack, counted = pack_of(invent(seed, reports, 4, 5, 3, 0.6))
    shown, issued = protected(pack, counted, audience, 5)
    assert all(value >= 5 for value in issued.values().values())
    for true, told in zip(zones_of(pack), zones_of(shown)):
        assert all(one is None or one == count for one, count in zip(told, true))
    for true, told in zip(pack.parks, shown.parks):
        assert told.within in (None, true.within)
        assert set(told.reasons) <= set(true.reasons)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_reports_and_parks_changes_nothing(seed, random):
    made = invent(seed, 120, 4, 4, 2, 0.6)
    first, _ = protected(*pack_of(made), PARTNER, 5)
    order = list(range(len(made.park)))
    random.shuffle(order)
    shuffled = Made(
        made.park[order],
        made.distance_m[order],
        made.month[order],
        {code: on[order] for code, on in made.ticks.items()},
        made.parks,
        [made.keys[place] for place in order],
    )
    pack, counted = pack_of(shuffled)
    assert protected(pack, counted, PARTNER, 5)[0] == first
    parks = list(range(made.parks))
    random.shuffle(parks)
    moved = replace(pack, parks=tuple(pack.parks[place] for place in parks))
    where = np.argsort(parks)
    park = np.where(counted.park < 0, -1, where[counted.park])
    told, _ = protected(moved, replace(counted, park=park), PARTNER, 5)
    assert sorted(told.parks, key=lambda one: one.number) == list(first.parks)
    assert told.whole == first.whole


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([PARTNER, PUBLIC]))
def test_the_same_again_shows_the_same(seed, audience):
    pack, counted = pack_of(invent(seed, 120, 4, 4, 2, 0.6))
    first, issued = protected(pack, counted, audience, 5)
    assert protected(pack, counted, audience, 5, 0, [issued])[0] == first


def test_reports_are_counted_where_none_has_a_date():
    made = made_by_hand([[20, 9, 9, 11]], month=lambda total: [NO_MONTH] * total)
    shown, _ = protected(*pack_of(made), PARTNER, 5)
    assert shown.whole.used == 99
    assert shown.whole.undated is None


def test_what_has_no_date_may_not_be_counted_among_what_has():
    made = made_by_hand([[20, 9, 9, 11]], month=lambda total: [JANUARY] * (total - 1) + [NO_MONTH])
    with pytest.raises(DoesNotAddUp, match="without a date"):
        protected(*pack_of(made), PARTNER, 5)


def test_an_entry_can_be_written_and_read():
    _, issued = protected(*pack_of(invent(3, 200, 4, 5, 3, 0.6)), PARTNER, 5, title="July")
    assert from_record(as_record(issued)) == issued


def test_an_entry_knows_reports_by_salted_hashes_only():
    made = invent(3, 200, 4, 5, 3, 0.6)
    _, issued = protected(*pack_of(made), PARTNER, 5)
    _, other = protected(*pack_of(made), PARTNER, 5)
    held = {one for _, reports in issued.groups for one in reports}
    assert held == set(hashed(made.keys, issued.salt))
    assert not held & {one for _, reports in other.groups for one in reports}
    _, next_one = protected(*pack_of(made), PARTNER, 5, 0, [issued])
    assert next_one.salt == issued.salt


def test_what_a_lower_threshold_let_out_cannot_be_called_back():
    """Three reports were shown when the threshold was 2; now it is 5, and the entry says so."""
    pack, counted = pack_of(made_by_hand([[20, 3, 9, 11], [30, 30, 30, 30]]))
    _, issued = protected(pack, counted, PARTNER, 2)
    assert issued.values()["park park-0, 0 to 100 m"] == 3
    told: list[str] = []
    shown, _ = protected(pack, counted, PARTNER, 5, 0, [issued], tell=told.append)
    assert zones_of(shown)[0] == [20, None, 9, 11]
    assert any("1 small number may follow" in sentence for sentence in told)
    assert not any("follow" in sentence for sentence in shown.held)


def test_a_pack_does_not_tell_how_many_numbers_are_held_back_for_being_small():
    """Where none is held back to protect another, each dash would stand for a small number."""
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11]]))
    told: list[str] = []
    shown, _ = protected(pack, counted, PARTNER, 5, tell=told.append)
    other, _ = protected(*pack_of(made_by_hand([[20, 3, 9, 11], [30, 4, 30, 30]])), PARTNER, 5)
    assert shown.held == other.held
    assert told


def test_an_area_that_only_a_few_reports_put_on_the_map_is_not_on_it():
    """Two reports and no crime: to be listed at all would say that one to four people were there.

    Crime without fear is listed, since thirty crimes of eighty are no less so with five reports.
    """
    pack, counted = pack_of(made_by_hand([[240, 9, 9, 11]]))
    rows = np.arange(len(counted.park))
    of_areas = np.select([rows < 2, rows < 3, rows < 200], [0, 2, 3], -1)
    areas = tuple(
        GapArea(name, box(0, 0, 1, 1), int((of_areas == place).sum()), crimes, kind.value)
        for place, (name, crimes, kind) in enumerate(
            (
                ("few", 0, GapClass.NOT_ENOUGH_DATA),
                ("some crime", 4, GapClass.NOT_ENOUGH_DATA),
                ("crime", 30, GapClass.CRIME_ONLY),
                ("fear", 46, GapClass.FEARED_ONLY),
            )
        )
    )
    pack = replace(pack, fear_and_crime=FearAndCrime(areas, ()))
    counted = replace(counted, divided={"fear_and_crime": of_areas})
    shown, _ = protected(pack, counted, PARTNER, 5)
    assert [(one.name, one.reports) for one in shown.fear_and_crime.areas] == [
        ("crime", None),
        ("fear", 197),
    ]


def test_a_hot_cell_does_not_leave_too_few_of_the_ring_around_it():
    """Six in the ring and five or more in a cell of it: one or none would be elsewhere in it."""
    pack, counted = pack_of(made_by_hand([[20, 6, 9, 11], [30, 30, 30, 30]]))
    ring = np.flatnonzero((counted.park == 0) & (counted.ring == 1))
    cell = np.full(len(counted.park), -1)
    cell[ring[:5]] = 0
    pack = replace(pack, hot_spots=HotSpots((HotCell(box(0, 0, 1, 1), 5, "hot_99"),), 250.0, ()))
    shown, _ = protected(pack, replace(counted, divided={"hot_spots": cell}), PARTNER, 5)
    assert zones_of(shown)[0][1] is None or not shown.hot_spots.cells


@pytest.mark.parametrize("kind", ["area", "hot cell"])
@pytest.mark.parametrize("parks", [1, 2])
def test_a_hexagon_is_not_shown_beside_the_parks_that_lie_in_it(kind: str, parks: int) -> None:
    """All of one park or two and two people more in 264 hectares."""
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11]] * 3, 80))
    inside = counted.park < parks
    inside &= counted.park >= 0
    inside[np.flatnonzero(counted.park < 0)[:2]] = True
    shape = box(-10, -200, 1_000 * (parks - 1) + 500, 0)
    number = int(inside.sum())
    if kind == "area":
        area = GapArea("a", shape, number, 0, "feared_only")
        pack = replace(pack, fear_and_crime=FearAndCrime((area,), (), 2_000.0))
        divided = {"fear_and_crime": np.where(inside, 0, -1)}
    else:
        cells = (HotCell(shape, number, "hot_99"),)
        pack = replace(pack, hot_spots=HotSpots(cells, 2_000.0, ()))
        divided = {"hot_spots": np.where(inside, 0, -1)}
    shown, _ = protected(pack, replace(counted, divided=divided), PARTNER, 5)
    found = shown.fear_and_crime.areas if kind == "area" else shown.hot_spots.cells
    numbers = [park.within for park in shown.parks[:parks]] + [one.reports for one in found]
    assert None in numbers or not found


def test_places_within_a_park_do_not_leave_too_few_of_it() -> None:
    """49 in a park and its rings less 25 and 22 in two hexagons there are two."""
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11]] * 3, 80))
    there = np.flatnonzero(counted.park == 0)
    of_areas = np.full(len(counted.park), -1)
    of_areas[there[:25]], of_areas[there[25:47]] = 0, 1
    shapes = [box(x, -100, x + 2, -98) for x in (1, 31)]
    areas = tuple(
        GapArea(f"{place}", shape, int((of_areas == place).sum()), 0, "feared_only")
        for place, shape in enumerate(shapes)
    )
    pack = replace(pack, fear_and_crime=FearAndCrime(areas, (), 500.0))
    shown, _ = protected(pack, replace(counted, divided={"fear_and_crime": of_areas}), PARTNER, 5)
    found = [area.reports for area in shown.fear_and_crime.areas]
    assert shown.parks[0].within is None or len(found) < 2 or None in found


RULE = Rule(5)


def product(
    sets: dict[str, tuple[range, Scope]],
    earlier: list[Issued],
    rule: Rule = RULE,
    reason: str = "",
    rests: Mapping[str, tuple[range, Scope]] = MappingProxyType({}),
) -> tuple[Audited, Issued]:
    """Return what of some numbers of a product may be shown, and its entry."""
    reports = 60
    keys = [f"report {one}" for one in range(reports)]
    counted = CountedReports(
        keys, np.full(reports, JANUARY), {"env_lighting": np.ones(reports, dtype=bool)}
    )
    numbers = [
        Statistic(name, np.isin(np.arange(reports), held), scope, Shown.COUNT, Order.CELL, reason)
        for name, (held, scope) in sets.items()
    ]
    numbers += [
        Statistic(
            name,
            np.isin(np.arange(reports), held),
            scope,
            Shown.NEVER,
            Order.CELL,
            reason,
            rest=True,
        )
        for name, (held, scope) in rests.items()
    ]
    salt = salt_of(earlier)
    found = audited(numbers, counted, rule, earlier)
    groups = groups_of(found.kept, hashed(keys, salt))
    today = datetime.date(2026, 11, 26)
    return found, Issued(
        today, "", PARTNER, rule.threshold, rule.round_to, salt, found.numbers, groups
    )


MONTH = (JANUARY, JANUARY)
GROUND = Scope((("park lone", -1.0, 400.0),), False, MONTH, False)
BOXES = {
    name: (held, Scope((), False, MONTH, False, ((float(place), 0.0, place + 1.0, 1.0),)))
    for place, (name, held) in enumerate(
        {"west": range(20), "mid": range(20, 28), "east": range(28, 34)}.items()
    )
}


@pytest.mark.parametrize("reason", ["", "env_lighting"])
@pytest.mark.parametrize("squares_first", [True, False])
def test_squares_of_one_product_are_taken_off_the_ground_of_another(squares_first, reason) -> None:
    """36 on some ground less 20, 8 and 6 in squares of which all reports lie there are two."""
    park = {"ground": (range(36), GROUND)}
    first, second = (BOXES, park) if squares_first else (park, BOXES)
    out, entry = product(first, [], reason=reason)
    assert out.values == {name: len(held) for name, (held, _) in first.items()}
    found, _ = product(second, [entry], reason=reason)
    assert len(found.values) == len(second) - 1


def test_a_square_is_taken_off_the_hexagon_of_another_product() -> None:
    """Seven in a hexagon less five in a square there are two."""
    hexagon = {"area 1": (range(7), Scope((), False, MONTH, False))}
    _, entry = product(hexagon, [])
    square = (range(5), Scope((), False, MONTH, False, ((0.0, 0.0, 1.0, 1.0),)))
    found, _ = product({"square": square}, [entry])
    assert found.values == {}


def test_squares_with_reports_elsewhere_are_not_taken_off() -> None:
    """The eastern square has one of its six beyond the ground, so it says nothing of the rest."""
    park = {"ground": ([*range(33), 40, 41, 42], GROUND)}
    _, entry = product(park, [])
    found, _ = product(BOXES, [entry])
    assert len(found.values) == len(BOXES)


def test_a_park_is_the_same_whatever_squares_are_drawn_on_it() -> None:
    """A park's number is told twice; the second product draws a further, empty square on it."""
    name = "park lone, trend"

    def park(*boxes) -> dict:
        return {name: (range(9), replace(GROUND, boxes=boxes))}

    first, second = (0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 2.0, 1.0)
    empty = {"square": ((), Scope((), False, MONTH, False, (second,)))}
    _, entry = product(park(first), [])
    found, _ = product({**park(first, second), **empty}, [entry])
    assert (found.values, found.already_out) == ({name: 9}, 0)


@pytest.mark.parametrize("park", ["park 1", "outside"])
def test_squares_of_the_product_itself_do_not_leave_too_few_of_its_ground(park) -> None:
    """Two squares of nine on the ground of twenty leave two, which are a rest to protect."""
    others = park == "outside"
    first, second, far = ((float(x), 0.0, x + 1.0, 1.0) for x in (0, 1, 9))
    pieces = (("park 1", -1.0, 400.0),)
    # a box is on the ground, or off all the rest
    on, left = ((far,), (first, second, far)) if others else ((first, second), ())
    ground = Scope(pieces, others, MONTH, False, on)
    squares = {
        "square 1": (range(9), Scope((), False, MONTH, False, (first,))),
        "square 2": (range(9, 18), Scope((), False, MONTH, False, (second,))),
        "square 3": (range(30, 39), Scope((), False, MONTH, False, (far,))),
    }
    rest = {f"{park}, without square 1 and its like": (range(18, 20), replace(ground, boxes=left))}
    found, _ = product({park: (range(20), ground), **squares}, [], rests=rest)
    assert len(found.values) == 3
    assert found.values["square 3"] == 9


def test_a_pack_does_not_leave_too_few_of_a_park_without_its_squares() -> None:
    """Of the 20 in a park two squares have nine each."""
    pack, counted = pack_of(made_by_hand([[20, 9, 9, 11], [30] * 4, [30] * 4], 80))
    west, south, east, north = pack.parks[0].zone_shapes[0].bounds
    x, y, side = (west + east) / 2, (south + north) / 2, (east - west) / 10
    inside = np.flatnonzero((counted.park == 0) & (counted.ring == 0))
    months = (int(counted.month.min()), int(counted.month.max()))
    squares = [
        Statistic(
            f"heat cell {place}",
            np.isin(np.arange(len(counted.park)), inside[9 * place : 9 * place + 9]),
            Scope((), False, months, False, ((left, y, left + side, y + side),)),
            Shown.COUNT,
            Order.CELL,
        )
        for place, left in enumerate((x - side, x))
    ]
    shown, entry = protected(pack, counted, PARTNER, 5, further=squares)
    told = [shown.parks[0].zones[0].reports]
    told += [one.value for one in entry.numbers if one.name.startswith("heat cell")]
    assert None in told


def test_a_square_around_a_park_does_not_tell_that_the_rest_of_it_is_empty() -> None:
    """A park of seven was told; a square with the same seven would be told beside it."""
    park = {"park lone": (range(7), GROUND)}
    square = {"square": (range(7), Scope((), False, MONTH, False, ((0.0, 0.0, 9.0, 9.0),)))}
    _, entry = product(park, [])
    found, _ = product({**park, **square}, [entry])
    assert found.values == {}


def test_a_rest_does_not_hide_how_earlier_squares_lie() -> None:
    """20 on some ground less 10 and 6 in earlier squares are four, whatever squares are drawn now.

    The product's own squares leave a rest of two, in which the earlier ones do not lie.
    """
    before = {
        "square 1": (range(10), Scope((), False, MONTH, False, ((0.0, 5.0, 2.0, 7.0),))),
        "square 2": (range(10, 16), Scope((), False, MONTH, False, ((2.0, 5.0, 4.0, 7.0),))),
    }
    _, entry = product(before, [])
    own = ((0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 2.0, 1.0))
    now = {
        "park lone": (range(20), replace(GROUND, boxes=own)),
        "square 3": (range(9), Scope((), False, MONTH, False, own[:1])),
        "square 4": (range(9, 18), Scope((), False, MONTH, False, own[1:])),
    }
    rest = {"park lone, without square 3 and its like": (range(18, 20), GROUND)}
    found, _ = product(now, [entry], rests=rest)
    assert "park lone" not in found.values
