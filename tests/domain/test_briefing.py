# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing says: bound to its figures, careful with small ones."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.briefing_pack.material import Asked, CrimeSet, ReportSet
from streetsafe_plugin.domain.briefing_pack.parks import count_parks
from streetsafe_plugin.domain.briefing_words import span
from streetsafe_plugin.domain.pack import Audience, HotSpots, Pack, Park, Whole, Zone
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.taxonomy import REASON_CODES


def whole(used: int | None, **more: object) -> Whole:
    values = {
        "read": used,
        "used": used,
        "inside": 0,
        "in_rings": 0,
        "outside": used,
        "excluded": {},
        "mentions": None,
        "first": datetime.date(2021, 9, 2),
        "last": datetime.date(2022, 10, 31),
        "undated": 0,
    }
    return Whole(**{**values, **more})


def park(inside: int, around: int, **more: object) -> Park:
    values = {
        "number": 1,
        "park_id": "test",
        "name": "Test Park",
        "district": "",
        "indicative": False,
        "note": "",
        "zones": (Zone(0, 0, 10, inside, None), Zone(0, 100, 20, around, None)),
        "zone_shapes": (),
        "reasons": (),
        "crimes": None,
        "within": inside + around,
    }
    return Park(**{**values, **more})


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2021-09-02", "2021-09-30", "Sep 2021"),
        ("2021-10-01", "2021-12-31", "Oct–Dec 2021"),
        ("2021-01-01", "2021-12-31", "2021"),
        ("2021-01-01", "2022-12-31", "Jan 2021–Dec 2022"),
        ("2021-12-01", "2022-01-31", "Dec 2021–Jan 2022"),
    ],
)
def test_a_step_of_time_is_named_by_its_months(first: str, last: str, words: str) -> None:
    assert span(*(datetime.date.fromisoformat(day) for day in (first, last))) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "no reports"), (1, "1 report"), (2, "2 reports"), (2014, "2,014 reports")],
)
def test_numbers_agree_with_their_noun(number: int, words: str) -> None:
    assert briefing.counted(number, "report") == words


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 500))
@settings(max_examples=100, deadline=None)
def test_no_percentage_below_the_base(inside: int, around: int, others: int) -> None:
    total = inside + around + others
    said = " ".join(briefing.park_sentences(park(inside, around), whole(total)))
    assert ("%" in said) == (total >= briefing.SMALLEST_BASE and inside + around > 0)


@given(st.integers(0, 3000), st.integers(0, 3000))
@settings(max_examples=100, deadline=None)
def test_sentences_carry_the_figures_of_the_table(inside: int, around: int) -> None:
    first = briefing.park_sentences(park(inside, around), whole(inside + around))[0]
    numbers = [int(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?![\d.]* ?%)", first)]
    assert (inside in numbers) if inside else first.startswith("No reports lie inside")
    assert inside + around in numbers


def test_few_reports_bring_the_caution() -> None:
    said = briefing.park_sentences(park(2, 3), whole(900))
    assert any("nothing can be said of a pattern" in sentence for sentence in said)
    said = briefing.park_sentences(park(20, 30), whole(900))
    assert not any("nothing can be said of a pattern" in sentence for sentence in said)


def test_equal_reasons_are_all_named() -> None:
    tied = park(20, 0, reasons=(("Badly lit", 5), ("Run down", 5), ("Followed", 1)))
    said = " ".join(briefing.park_sentences(tied, whole(100)))
    assert "equally: Badly lit, Run down (5 mentions each)" in said


def test_an_indicative_circle_is_said() -> None:
    said = " ".join(briefing.park_sentences(park(20, 0, indicative=True), whole(100)))
    assert "indicative" in said


def test_the_accounting_sentence_has_every_number() -> None:
    said = briefing.accounting(
        whole(
            0,
            read=1200,
            inside=359,
            in_rings=270,
            outside=560,
            excluded={"outside_area": 7, "no_geometry": 4},
        )
    )
    assert re.findall(r"[\d,]*\d", said) == ["1,200", "359", "270", "560", "7", "4"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (datetime.date(2022, 3, 1), datetime.date(2022, 3, 1), "1 March 2022"),
        (datetime.date(2021, 9, 2), datetime.date(2022, 3, 1), "2 September 2021 to 1 March 2022"),
        (None, None, "no dates given"),
    ],
)
def test_the_period_reads_as_dates(first, last, words: str) -> None:
    assert briefing.period(whole(1, first=first, last=last)) == words


def test_figures_of_two_square_parks() -> None:
    # parks of 100 m by 100 m, 1 ha each, 1 km apart; ring of 100 m: 4·100·100 + π·100² m²
    parks = [
        ParkGround("west", "West", box(0, 0, 100, 100)),
        ParkGround("east", "East", box(1000, 0, 1100, 100), indicative=True),
    ]
    xy = np.array([[50, 50], [100, 50], [150, 50], [1050, 50], [600, 50], [5000, 0]], dtype=float)
    lit = np.array([True, False, True, True, False, True])
    ticks = {code: np.zeros(6, dtype=bool) for code in REASON_CODES}
    ticks["env_lighting"], ticks["beh_followed"] = lit, ~lit
    days = np.array([f"2022-01-0{day}" for day in range(1, 6)] + ["NaT"], dtype="datetime64[D]")
    reports = ReportSet(xy, days, ticks, 8, {"no_geometry": 2})
    months = np.array([f"2022-0{month}-01" for month in (1, 2, 4)], dtype="datetime64[D]")
    crimes = CrimeSet(np.array([[50.0, 50.0], [50.0, 50.0], [9000.0, 0.0]]), months)
    found = count_parks(reports, parks, crimes, Asked([100.0]))
    all_of_them, (west, east) = found.whole, found.parks
    assert (all_of_them.inside, all_of_them.in_rings, all_of_them.outside) == (3, 1, 2)
    assert (all_of_them.read, all_of_them.excluded, all_of_them.undated) == (
        8,
        {"no_geometry": 2},
        1,
    )
    assert all_of_them.mentions == 6
    assert [zone.reports for zone in west.zones] == [2, 1]
    assert [zone.mentions for zone in west.zones] == [2, 1]
    assert west.zones[0].area_ha == pytest.approx(1)
    assert west.zones[1].area_ha == pytest.approx(4 + np.pi, rel=0.001)
    assert west.zones[0].per_km2 == pytest.approx(200)
    assert west.reasons == (("Badly lit", 2), ("Feeling of being followed", 1))
    assert (west.crimes, east.crimes) == (2, 0)
    assert east.indicative
    assert all_of_them.crime_period == "January to April 2022 without March 2022"


def test_the_order_of_the_parks_changes_no_figure() -> None:
    # a play area in a country park, two parks of the same size with a report halfway between, and
    # two of the same size that overlap by half
    parks = [
        ParkGround("country", "Country", box(0, 0, 1000, 1000)),
        ParkGround("play", "Play", box(100, 100, 200, 200)),
        ParkGround("west", "West", box(5000, 0, 5100, 100)),
        ParkGround("east", "East", box(5200, 0, 5300, 100)),
        ParkGround("upper", "Upper", box(9000, 50, 9100, 150)),
        ParkGround("lower", "Lower", box(9000, 0, 9100, 100)),
    ]
    xy = np.array([[150, 150], [200, 150], [300, 150], [5150, 50]], dtype=float)
    reports = ReportSet(xy, np.full(4, "NaT", dtype="datetime64[D]"), {}, 4, {})
    crimes = CrimeSet(xy[[0, 3, 3]], np.full(3, "NaT", dtype="datetime64[D]"))
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 5, 2, 0, 3, 4]):
        in_order = [parks[number] for number in order]
        made = count_parks(reports, in_order, crimes, Asked([100.0])).parks
        assert [park.name for park in made] == [parks[number].name for number in order]
        found = {
            park.name: ([zone.reports for zone in park.zones], park.crimes, park.zones[0].area_ha)
            for park in made
        }
        assert found == {
            "Country": ([1, 0], 0, 99),
            "Play": ([2, 0], 1, 1),
            "West": ([0, 0], 0, 1),
            "East": ([0, 1], 2, 1),
            "Upper": ([0, 0], 0, 0.5),
            "Lower": ([0, 0], 0, 1),
        }


@pytest.mark.parametrize(
    ("span", "parts", "step"), [(1000, 4, 250), (70_000, 4, 10_000), (999, 4, 200), (3, 4, 0.5)]
)
def test_steps_are_round(span: float, parts: int, step: float) -> None:
    assert briefing.nice_step(span, parts) == pytest.approx(step)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ([], "no months given"),
        ([(2022, 6)], "June 2022"),
        ([(2022, 6), (2022, 8)], "June to August 2022 without July 2022"),
        (
            [(2021, 12), (2022, 3)],
            "December 2021 to March 2022 without January 2022, February 2022",
        ),
        ([(2022, 6), (2022, 10)], "June to October 2022, 3 months missing"),
        ([(2021, 11), (2021, 12), (2022, 1)], "November 2021 to January 2022"),
    ],
)
def test_months_are_named_with_their_gaps(held: list, words: str) -> None:
    assert briefing.months(datetime.date(year, month, 1) for year, month in held) == words


def test_nothing_is_said_of_a_pattern_where_there_is_no_report() -> None:
    said = " ".join(briefing.park_sentences(park(0, 0), whole(900)))
    assert said.startswith("No reports lie inside")
    assert "%" not in said
    assert "Fewer" not in said


def test_circles_are_pointed_out_on_the_overview() -> None:
    assert briefing.circles([park(1, 1), park(1, 1)]) is None
    assert briefing.circles([park(1, 1, indicative=True)]).startswith("1 park (marked *) is a")
    assert briefing.circles([park(1, 1, indicative=True)] * 2).startswith("2 parks (marked *) are")


COUNTS = st.one_of(st.none(), st.integers(0, 3000))


@given(inside=COUNTS, within=COUNTS, used=st.one_of(st.none(), st.integers(50, 9000)))
@settings(max_examples=100, deadline=None)
def test_what_is_held_back_is_said_to_be_and_no_more(inside, within, used) -> None:
    zones = (Zone(0, 0, 10, inside, None), Zone(0, 100, 20, 7, None))
    of_park = park(0, 0, zones=zones, within=within)
    first = briefing.park_sentences(of_park, whole(used), threshold=5)[0]
    numbers = {int(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?![\d.]* ?%)", first)}
    # 100 m is the reach of the ring, 5 the threshold
    assert numbers - {100, 5} <= {inside, within, used}
    assert ("held back" in first) == (inside is None or within is None)
    assert ("%" in first) == bool(within and used)


def test_where_no_zone_is_told_the_park_is_told_as_a_whole() -> None:
    zones = (Zone(0, 0, 10, None, None), Zone(0, 100, 20, None, None))
    of_park = park(0, 0, zones=zones, within=80)
    said = briefing.park_sentences(of_park, whole(1000), threshold=5)[0]
    assert said == "80 reports lie inside the park and up to 100 m around it, 8.0 % of all 1,000."


def test_the_overview_says_what_is_held_back() -> None:
    some = whole(None, read=1200, inside=None, in_rings=270, outside=560, mentions=None)
    assert "number held back" in briefing.headline(some)
    said = briefing.accounting(some)
    assert "(held back) lie inside a park, 270 in a ring around one, 560 further away" in said
    assert briefing.counted(None, "report") == "held back"


def test_the_method_explains_what_the_pack_has() -> None:
    without = [heading for heading, _ in briefing.method(whole(1), None)]
    assert "What the hot spots show" not in without
    pack = Pack(
        Audience.PARTNER,
        whole(1),
        (),
        "",
        HotSpots((), 250.0, ()),
        held=("Numbers below 5 are held back.",),
    )
    sections = dict(briefing.method(whole(1), None, pack))
    assert "Hexagons 250 m across" in sections["What the hot spots show"]
    assert sections["What is held back"] == "Numbers below 5 are held back."
    assert "How the fix list is made" not in sections


def test_a_layer_without_reasons_has_no_mentions() -> None:
    sections = dict(briefing.method(whole(1, tells_reasons=False), None))
    assert "there are no mentions" in sections["What is counted"]
