# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding parks in a boundary layer: by name and place, never by luck."""

from __future__ import annotations

import itertools

import pytest
from shapely.geometry import box

from streetsafe_plugin.domain.ground import purpose_fields
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


def boundary(*names, x=900.0, y=900.0, side=200.0, **purposes):
    return Boundary(names, square(x, y, side), purposes)


def match(park, boundaries, within=1000.0, place=HERE):
    (result,) = match_parks([park], [place], boundaries, within)
    return result


def park(name="Queen's Park, Loughborough", *aliases, area_ha=None):
    return Park("p", name, aliases, "Charnwood", area_ha=area_ha)


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
        "Queen‛s Park",
        "Queen′s Park",
        "Queen‵s Park",
        "Queen❜s Park",
        "Queen\x92s Park",  # Windows's apostrophe, read as Latin-1
        "Queenâ€™s Park",  # UTF-8, read as Windows's
        "Queen\ufffds Park",
        "Queen?s Park",
        "Queen s Park",
        "Queen&#39;s Park",
        "Queen&rsquo;s Park",
        "Queens Pk",
        "Queens Park, The",
        "Queen's Park (Loughborough)",
        "Queens Park, Charnwood",
    ],
)
def test_spellings_of_one_name(spelling):
    assert isinstance(match(park(), [boundary(spelling)]), Match)


@pytest.mark.parametrize(
    ("name", "aliases", "district", "spelling"),
    [
        ("Cutts Close, Oakham", ("Cutts Close Park",), "Rutland", "Cutts Close Park, Oakham"),
        ("Cutts Close, Oakham", (), "Rutland", "Cutts Close Park (Oakham)"),
        ("Abbey Park", (), "Leicester", "Leicester Abbey Park"),
        ("Abbey Park", (), "Leicester", "Leicester: Abbey Park"),
        ("Tod's Piece, Uppingham", (), "Rutland", "Uppingham Tod's Piece"),
        ("Tod's Piece, Uppingham", (), "Rutland", "Rutland, Tods Piece"),
        ("Aylestone Meadows", (), "Leicester", "Aylestone Meadows Local Nature Reserve"),
        ("Aylestone Meadows", (), "Leicester", "Aylestone Meadows LNR, Leicester"),
        ("Aylestone Meadows LNR", (), "Leicester", "Aylestone Meadows"),
        ("Brocks Hill Country Park, Oadby", (), "Oadby", "Brocks Hill Nature Reserve"),
    ],
)
def test_the_town_may_stand_before_or_after_and_a_reserve_is_a_kind_of_park(
    name, aliases, district, spelling
):
    one = Park("p", name, aliases, district)
    assert isinstance(match(one, [boundary(spelling)]), Match)


@pytest.mark.parametrize(
    ("name", "district", "other"),
    [
        ("Queen's Park, Loughborough", "Charnwood", "Hinckley Queens Park"),
        ("Queen's Park, Loughborough", "Charnwood", "Loughborough Park"),
        ("Clarendon Park, Hinckley", "Hinckley and Bosworth", "Clarendon Park, Leicester"),
        ("Clarendon Park, Hinckley", "Hinckley and Bosworth", "Leicester Clarendon Park"),
        ("Western Park", "Leicester", "Leicester Western"),
        ("Western Park", "Leicester", "Western, Leicester"),
        ("Western Park", "Leicester", "Western Nature Reserve"),
        ("Western Nature Reserve", "Leicester", "Western Park"),
        ("Abbey Park", "Leicester", "Abbey Park Nature Reserve"),
        ("Abbey Park", "Leicester", "Leicester Abbey"),
        ("Abbey Park", "Leicester", "Leicester"),
    ],
)
def test_neither_a_town_nor_a_kind_makes_another_place_the_park(name, district, other):
    result = match(Park("p", name, (), district), [boundary(other)])
    assert result == Miss("no polygon has its name")


@pytest.mark.parametrize(
    "other", ["Queen's Gardens", "Queen Park", "Queens", "Princes Park", "Queens Park Road", "Park"]
)
def test_other_names_are_other_places(other):
    assert match(park(), [boundary(other)]) == Miss("no polygon has its name")


def test_and_is_and():
    assert name_key("Abbey Park & Grounds") == name_key("ABBEY PARK AND GROUNDS")
    assert name_key("Abbey Park &amp; Grounds") == name_key("Abbey Park and Grounds")
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
    assert alone == Miss("what has its name here is no park (play space)")


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


def test_eighteen_other_victoria_parks_do_not_matter():
    elsewhere = [boundary("Victoria Park", x=5_000.0 * number) for number in range(1, 19)]
    assert isinstance(match(park("Victoria Park"), elsewhere), Miss)
    found = match(
        park("Victoria Park"), [*elsewhere[:9], boundary("Victoria Park"), *elsewhere[9:]]
    )
    assert isinstance(found, Match)
    assert found.distance_m == 0


def test_the_order_of_the_polygons_does_not_matter():
    layer = [
        boundary("Abbey Park", side=100.0),
        boundary("Abbey Park & Grounds", x=1060.0, side=120.0),
        boundary("The Abbey Park", x=1060.0, y=1900.0, side=90.0),
        boundary("Abbey Park", x=1065.0, y=905.0, side=60.0),
        boundary("Abbey Park", x=9000.0),
    ]
    results = {
        (type(found), getattr(found, "name", None), getattr(found, "reason", None))
        for order in itertools.permutations(layer)
        for found in [match(park("Abbey Park", "Abbey Park and Grounds"), list(order))]
    }
    assert len(results) == 1
    assert results.pop()[2].startswith("3 places answer to its name: “Abbey Park")


def tiles(columns, rows, named="Area {} {}", side=800.0, middle=(2, 2)):
    """Return a division of the land, the middle tile of it being about `HERE`."""
    return [
        Boundary(
            ("Western Park" if (column, row) == middle else named.format(column, row),),
            square(600.0 + (column - middle[0]) * side, 600.0 + (row - middle[1]) * side, side),
        )
        for column in range(columns)
        for row in range(rows)
    ]


@pytest.mark.parametrize("middle", [(2, 2), (0, 2), (0, 0)], ids=["within", "edge", "corner"])
def test_a_ward_of_the_parks_name_is_not_the_park(middle):
    result = match(park("Western Park", area_ha=40), tiles(5, 5, middle=middle))
    assert isinstance(result, Miss)
    assert (
        "“Western Park” (64.0 ha, 0 m away) is one of areas that lie edge to edge" in result.reason
    )


def test_a_ward_beside_the_park_itself_leaves_the_park():
    itself = boundary("Western Park", x=700.0, y=700.0, side=600.0)
    found = match(park("Western Park"), [*tiles(5, 5), itself])
    assert isinstance(found, Match)
    assert found.shape.area == pytest.approx(600 * 600)


def test_neighbours_without_names_or_of_the_same_name_make_no_tile():
    assert isinstance(match(park("Western Park"), tiles(5, 5, named="")), Match)
    pieces = match(park("Western Park"), tiles(3, 3, named="Western Park", middle=(1, 1)))
    assert isinstance(pieces, Match)
    assert pieces.parts == 9


def test_parks_that_adjoin_a_park_make_no_ward_of_it():
    around = [
        boundary("Long Meadow", x=1100.0),
        boundary("Mill Field", x=700.0),
        boundary("Far Green", x=2000.0),
        boundary("Old Common", y=1800.0, side=500.0),
    ]
    assert isinstance(match(park(), [boundary("Queens Park"), *around]), Match)


SUBURB = {"place": "suburb"}


@pytest.mark.parametrize(
    "purposes",
    [
        SUBURB,
        {"boundary": "administrative"},
        {"landuse": "residential"},
        {"leisure": "playground"},
        {"leisure": "pitch"},
        {"fclass": "suburb"},
        {"fclass": "playground"},
        {"building": "yes"},
        {"amenity": "school"},
        {"function": "Cemetery"},
        {"function": "ALLOTMENTS OR COMMUNITY GROWING SPACE"},
    ],
)
def test_what_the_layer_says_is_no_park_is_none(purposes):
    result = match(park(), [boundary("Queens Park", **purposes)])
    assert isinstance(result, Miss)
    assert "is no park" in result.reason
    both = match(park(), [boundary("Queens Park", side=400.0, **purposes), boundary("Queens Park")])
    assert isinstance(both, Match)
    assert both.shape.area == 200 * 200


@pytest.mark.parametrize(
    "purposes",
    [
        {},
        {"leisure": "park"},
        {"leisure": "nature_reserve", "landuse": "farmland"},
        {"leisure": "park", "amenity": "parking"},
        {"landuse": "meadow"},
        {"boundary": "protected_area", "leisure": ""},
        {"fclass": "park"},
        {"fclass": "meadow"},
        {"function": "Public Park Or Garden"},
        {"function": "Playing Field"},
        {"place": "Loughborough", "boundary": "surveyed 2019"},  # a council's own columns
    ],
)
def test_what_may_be_a_park_is_taken(purposes):
    assert isinstance(match(park(), [boundary("Queens Park", **purposes)]), Match)


def test_columns_that_say_what_polygons_are():
    assert purpose_fields(["id", "Function_", "distName1"]) == {"function": "Function_"}
    assert purpose_fields(["osm_id", "name", "leisure", "building"]) == {
        "leisure": "leisure",
        "building": "building",
    }
    assert purpose_fields(["site", "building"]) == {}


@pytest.mark.parametrize("known", [None, 16, 4])
def test_a_polygon_around_another_of_its_name_is_not_taken_by_luck(known):
    around, itself = boundary("Queens Park", x=800.0, y=800.0, side=600.0), boundary("Queens Park")
    result = match(park(area_ha=known), [around, itself])
    if known == 4:  # 36 ha are over four times that
        assert isinstance(result, Match)
        assert result.shape.area == 200 * 200
    else:
        assert isinstance(result, Miss)
        assert result.ambiguous
        assert "(36.0 ha, 0 m away)" in result.reason
        assert "(4.0 ha, 0 m away)" in result.reason


def test_of_one_inside_another_the_one_the_layer_calls_a_park_is_taken():
    around = boundary("Queens Park", x=800.0, y=800.0, side=600.0)
    itself = boundary("Queens Park", leisure="park")
    found = match(park(), [around, itself])
    assert isinstance(found, Match)
    assert found.shape.area == 200 * 200
    whole = boundary("Queens Park", x=800.0, y=800.0, side=600.0, function="Public Park Or Garden")
    field = boundary("Queens Park", function="Playing Field")
    found = match(park(), [field, whole])
    assert isinstance(found, Match)
    assert found.shape.area == 600 * 600


def test_a_park_drawn_twice_is_one_park():
    found = match(park(), [boundary("Queens Park"), boundary("Queen's Park", side=210.0)])
    assert isinstance(found, Match)
    assert found.parts == 2
    assert found.shape.area == 210 * 210


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["id", "NAME"], ["NAME"]),
        (["name", "park_name"], ["park_name"]),
        (["id", "distinctiveName1", "distinctiveName2"], ["distinctiveName1", "distinctiveName2"]),
        (["distName1", "name"], ["distName1"]),
        (["distinctive_name_1", "function"], ["distinctive_name_1"]),
        (["function_", "distinctiv", "distinct_1"], ["distinctiv", "distinct_1"]),
        (["osm_id", "name", "alt_name", "leisure"], ["name", "alt_name"]),
        (["SITENAME", "old_name"], ["SITENAME"]),
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
