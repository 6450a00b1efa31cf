# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding parks in a boundary layer: by name and place, never by luck."""

from __future__ import annotations

import pytest
from shapely.geometry import box

from streetsafe_plugin.domain.park_matching import (
    Boundary,
    Match,
    Miss,
    administrative_field,
    match_parks,
    name_fields,
    name_key,
    similar_keys,
)
from streetsafe_plugin.domain.parks import Park

HERE = (1000.0, 1000.0)


def square(x, y, side):
    return box(x, y, x + side, y + side)


def boundary(*names, x=900.0, y=900.0, side=200.0, function=""):
    return Boundary(names, square(x, y, side), function)


def match(park, boundaries, within=1000.0, place=HERE):
    (result,) = match_parks([park], [place], boundaries, within)
    return result


def park(name="Queen's Park, Loughborough", *aliases, area_ha=None):
    return Park("p", name, aliases, area_ha=area_ha)


@pytest.mark.parametrize(
    "spelling",
    [
        "Queen's Park, Loughborough",
        "QUEEN’S PARK",
        "Queen`s Park",
        "Queenʼs Park",
        "Queen＇s Park",
        "Queen´s Park",
        "The Queens Park",
        " queens  park ",
        "Queen\u200bs Park",
        "Queens-Park",
        "Queens Country Park",
    ],
)
def test_spellings_of_one_name(spelling):
    assert isinstance(match(park(), [boundary(spelling)]), Match)


@pytest.mark.parametrize(
    "other", ["Queen's Gardens", "Queen Park", "Queens", "Princes Park", "Queens Park Road", "Park"]
)
def test_other_names_are_other_places(other):
    assert match(park(), [boundary(other)]) == Miss("no polygon has its name")


def test_and_is_and():
    assert name_key("Abbey Park & Grounds") == name_key("ABBEY PARK AND GROUNDS")
    assert name_key("The") == "the"


def test_only_names_of_two_words_may_go_without_park():
    assert similar_keys("brocks hill country park") == {
        "brocks hill",
        "brocks hill park",
        "brocks hill country park",
    }
    assert "western" not in similar_keys("western park")
    assert isinstance(
        match(park("Brocks Hill Country Park, Oadby"), [boundary("Brocks Hill")]), Match
    )
    assert isinstance(match(park("Western Park"), [boundary("Western")]), Miss)


def test_the_same_name_elsewhere_is_not_the_park():
    hinckley = boundary("Queens Park", x=24_000)
    result = match(park(), [hinckley])
    assert isinstance(result, Miss)
    assert "within 1000 m" in result.reason
    assert "23000 m away" in result.reason
    near = boundary("Queens Park")
    found = match(park(), [hinckley, near])
    assert isinstance(found, Match)
    assert found.shape.equals(near.shape)


def test_distance_is_measured_to_the_polygon():
    found = match(park(), [boundary("Queens Park", x=1300.0)])
    assert isinstance(found, Match)
    assert found.distance_m == 300
    assert isinstance(match(park(), [boundary("Queens Park", x=1300.0)], within=299.9), Miss)
    inside = match(park(), [boundary("Queens Park")])
    assert isinstance(inside, Match)
    assert inside.distance_m == 0


def test_a_name_alone_is_not_enough():
    result = match(park(), [boundary("Queens Park")], place=None)
    assert isinstance(result, Miss)
    assert "place is not known" in result.reason


def test_parts_across_a_river_are_joined():
    west, east = boundary("Abbey Park", side=100.0), boundary("Abbey Park", x=1060.0, side=100.0)
    found = match(park("Abbey Park"), [west, east])
    assert isinstance(found, Match)
    assert found.parts == 2
    assert found.shape.area == 2 * 100 * 100


def test_a_play_space_inside_adds_nothing_and_is_not_the_park():
    whole = boundary("Abbey Park", side=300.0, function="Public Park Or Garden")
    play = boundary("Abbey Park", x=1000.0, y=1000.0, side=20.0, function="Play Space")
    nested = boundary("Abbey Park", x=1000.0, y=1000.0, side=20.0)
    found = match(park("Abbey Park"), [play, whole, nested])
    assert isinstance(found, Match)
    assert found.shape.area == pytest.approx(300 * 300)
    alone = match(park("Abbey Park"), [play])
    assert alone == Miss("only a play space or the like has its name")


def test_two_places_of_one_name_are_never_settled_by_luck():
    result = match(
        park("Victoria Park"),
        [boundary("Victoria Park"), boundary("The Victoria Park", x=1700.0, side=100.0)],
    )
    assert isinstance(result, Miss)
    assert result.ambiguous
    assert "2 places answer" in result.reason
    assert "“Victoria Park” (4.0 ha, 0 m away)" in result.reason
    assert "“The Victoria Park” (1.0 ha, 700 m away)" in result.reason


def test_a_known_area_decides_between_two():
    small = boundary("Victoria Park", x=1700.0, side=20.0)
    found = match(park("Victoria Park", area_ha=3.5), [boundary("Victoria Park"), small])
    assert isinstance(found, Match)
    assert found.shape.area == 200 * 200


@pytest.mark.parametrize(
    ("known", "taken"), [(1.0, True), (0.99, False), (16, True), (16.1, False)]
)
def test_an_area_more_than_four_times_off_is_not_taken(known, taken):
    result = match(park("Victoria Park", area_ha=known), [boundary("Victoria Park")])  # 4 ha
    assert isinstance(result, Match) is taken
    if isinstance(result, Miss):
        assert "more than 4 times" in result.reason
        assert "“Victoria Park” (4.0 ha, 0 m away)" in result.reason
        assert not result.ambiguous


def test_the_exact_name_comes_before_a_similar_one():
    exact, similar = boundary("Melton Country Park"), boundary("Melton Park", x=1700.0)
    found = match(park("Melton Country Park"), [similar, exact])
    assert isinstance(found, Match)
    assert (found.method, found.name) == ("name", "Melton Country Park")
    second_best = match(park("Melton Country Park"), [similar])
    assert isinstance(second_best, Match)
    assert second_best.method == "similar_name"


def test_what_another_park_is_called_is_left_to_it():
    parks = [Park("a", "Aylestone Country Park"), Park("b", "Aylestone Park")]
    first, second = match_parks(parks, [HERE, HERE], [boundary("Aylestone Park")], 1000.0)
    assert isinstance(first, Miss)
    assert isinstance(second, Match)


def test_a_polygon_that_answers_to_two_parks_is_given_to_neither():
    parks = [Park("a", "Long Meadow", ("The Green",)), Park("b", "Green")]
    results = match_parks(parks, [HERE, HERE], [boundary("Green")], 1000.0)
    assert all(isinstance(result, Miss) and result.ambiguous for result in results)
    assert "“Green” as well" in results[0].reason


def test_aliases_and_several_names_of_a_polygon():
    found = match(
        park("Cutts Close, Oakham", "Cutts Close Park"), [boundary("", "Cutts Close Park")]
    )
    assert isinstance(found, Match)
    assert (found.method, found.name) == ("name", "Cutts Close Park")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["id", "NAME"], ["NAME"]),
        (["name", "park_name"], ["park_name"]),
        (["id", "distinctiveName1", "distinctiveName2"], ["distinctiveName1", "distinctiveName2"]),
        (["distName1", "name"], ["distName1"]),
        (["Site_Name"], ["Site_Name"]),
        (["id", "surname"], []),
    ],
)
def test_name_fields_are_recognised(fields, expected):
    assert name_fields(fields) == expected


@pytest.mark.parametrize(
    "field", ["WD13CD", "lad21nm", "LSOA11CD", "WD13CDO", "CSP23CD", "MSOA21NM"]
)
def test_administrative_fields_are_recognised(field):
    assert administrative_field(["name", field]) == field


@pytest.mark.parametrize("field", ["lad_code", "name", "WDCD", "old13cd", "park13"])
def test_other_fields_are_not(field):
    assert administrative_field([field]) is None
