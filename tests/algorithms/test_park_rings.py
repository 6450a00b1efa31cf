# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings as a layer: fields, areas worked by hand, and what is refused."""

from __future__ import annotations

import math

import pytest
from qgis.core import QgsProcessing, QgsProcessingException

from tests.conftest import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT

PARK_FIELDS = [("park_id", "string"), ("park_name", "string"), ("boundary_status", "string")]
WEST = "POLYGON((457000 301000, 457100 301000, 457100 301100, 457000 301100, 457000 301000))"
EAST = "POLYGON((457250 301000, 457350 301000, 457350 301100, 457250 301100, 457250 301000))"


@pytest.fixture
def parks(make_layer):
    rows = [["west", "West", "matched"], ["east", "East", "matched"]]
    return make_layer([WEST, EAST], "Polygon", fields=PARK_FIELDS, rows=rows, name="parks")


@pytest.fixture
def rings(run_algorithm):
    def run(layer, distances="100", cancel_at=None, **parameters):
        given = {"PARKS": layer, "DISTANCES": distances, "OUTPUT": MEMORY, **parameters}
        return run_algorithm("parkrings", given, cancel_at=cancel_at)

    return run


def test_a_lone_park_by_hand(make_layer, rings):
    layer = make_layer([WEST], "Polygon", fields=PARK_FIELDS, rows=[["w", "West", "matched"]])
    outcome = rings(layer, "250, 100")
    to_100 = 4 * 100 * 100 + math.pi * 100**2
    to_250 = 4 * 100 * 250 + math.pi * 250**2
    rows = outcome.rows("OUTPUT")
    assert {(row["park_id"], row["park_name"]) for row in rows} == {("w", "West")}
    assert [tuple(row.values())[2:] for row in rows] == [
        (0, 0, 0, 1.0),
        (1, 0, 100, pytest.approx(to_100 / 1e4, rel=1e-3)),
        (2, 100, 250, pytest.approx((to_250 - to_100) / 1e4, rel=1e-3)),
    ]
    assert outcome.layer("OUTPUT").crs().authid() == "EPSG:27700"


def test_areas_are_those_of_the_shapes_and_neighbours_share_out_the_ground(parks, rings):
    outcome = rings(parks, "100,200")
    shapes = [feature.geometry() for feature in outcome.layer("OUTPUT").getFeatures()]
    areas = [row["area_ha"] for row in outcome.rows("OUTPUT")]
    assert areas == pytest.approx([shape.area() / 1e4 for shape in shapes])
    together = shapes[0]
    for shape in shapes[1:]:
        together = together.combine(shape)
    assert sum(areas) == pytest.approx(together.area() / 1e4, rel=1e-3)


def test_shared_rings_overlap(parks, rings):
    nearest = sum(row["area_ha"] for row in rings(parks, "200").rows("OUTPUT"))
    shared = sum(row["area_ha"] for row in rings(parks, "200", OVERLAP=1).rows("OUTPUT"))
    assert shared > nearest + 1


def test_distances_are_metres_whatever_the_layer_is_in(make_layer, rings):
    degrees = (
        "POLYGON((-1.1604 52.6033, -1.1574 52.6033, -1.1574 52.6051, -1.1604 52.6051,"
        " -1.1604 52.6033))"
    )
    layer = make_layer([degrees], "Polygon", crs="EPSG:4326")
    park, ring = rings(layer, "100").rows("OUTPUT")
    perimeter = 2 * (203.2 + 200.3)
    assert ring["area_ha"] == pytest.approx((perimeter * 100 + math.pi * 100**2) / 1e4, rel=0.01)
    assert (park["park_id"], park["park_name"]) == ("park-1", "park-1")


def test_names_are_found_and_ids_made(make_layer, rings):
    layer = make_layer(
        [WEST, EAST], "Polygon", fields=[("site_name", "string")], rows=[["The Green"]] * 2
    )
    rows = rings(layer).rows("OUTPUT")
    assert [(row["park_id"], row["park_name"]) for row in rows[::2]] == [
        ("the-green", "The Green"),
        ("the-green-2", "The Green"),
    ]


def test_polygons_with_one_id_are_one_park(make_layer, rings):
    rows = [["w", "West", "matched"]] * 2
    outcome = rings(make_layer([WEST, EAST], "Polygon", fields=PARK_FIELDS, rows=rows), "10")
    park, ring = outcome.rows("OUTPUT")
    assert park["area_ha"] == 2.0
    assert ring["area_ha"] == pytest.approx(2 * (4 * 100 * 10 + math.pi * 10**2) / 1e4, rel=1e-3)
    assert any("joined" in message for message in outcome.messages)


@pytest.mark.parametrize("order", [1, -1])
def test_overlapping_parks_and_circles_are_said(make_layer, rings, order):
    rows = [["w", "West", "matched"], ["x", "Copy", "indicative"]][::order]
    outcome = rings(make_layer([WEST, WEST], "Polygon", fields=PARK_FIELDS, rows=rows))
    # as large as each other, and w comes before x
    kept = {"w": [True, True], "x": [False, False]}
    assert [row["area_ha"] > 0 for row in outcome.rows("OUTPUT")] == [
        is_kept for row in rows for is_kept in kept[row[0]]
    ]
    assert any(
        "overlap a smaller one" in warning and "Copy" in warning for warning in outcome.warnings
    )
    assert any("1 of the parks are circles" in warning for warning in outcome.warnings)


def test_a_play_area_keeps_its_ground_wherever_it_stands_in_the_layer(make_layer, rings):
    # a hectare in the middle of nine
    country = "POLYGON((456900 300900, 457200 300900, 457200 301200, 456900 301200, 456900 300900))"
    parks = [(country, ["a", "Country", "matched"]), (WEST, ["z", "Play", "matched"])]
    for order in (parks, parks[::-1]):
        shapes, rows = zip(*order)
        outcome = rings(make_layer(shapes, "Polygon", fields=PARK_FIELDS, rows=rows))
        found = [(row["park_id"], row["area_ha"]) for row in outcome.rows("OUTPUT")[::2]]
        assert found == [(row[0], {"a": 8, "z": 1}[row[0]]) for row in rows]
        (warning,) = [one for one in outcome.warnings if "overlap a smaller one" in one]
        assert "Country" in warning
        assert "Play" not in warning


def test_features_without_a_shape_are_left_out_and_said(make_layer, rings):
    rows = [["n", "Nowhere", "matched"], ["w", "West", "matched"]]
    outcome = rings(make_layer([None, WEST], "Polygon", fields=PARK_FIELDS, rows=rows))
    assert {row["park_id"] for row in outcome.rows("OUTPUT")} == {"w"}
    assert any("no area" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("distances", ["", "a", "-1", "100,100", "99999"])
def test_distances_that_cannot_be_used_are_refused(parks, rings, distances):
    with pytest.raises(Refused, match="DISTANCES|distances"):
        rings(parks, distances)


def test_an_empty_layer_is_refused_in_one_sentence(make_layer, rings):
    with pytest.raises(QgsProcessingException, match="“none” holds no polygon"):
        rings(make_layer([], "Polygon", name="none"))


def test_a_cancelled_run_leaves_no_file(parks, rings, tmp_path):
    target = tmp_path / "rings.gpkg"
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        rings(parks, OUTPUT=str(target), cancel_at=0)
    assert list(tmp_path.iterdir()) == []


def test_rings_by_area_hold_multiples_of_the_parks_own(make_layer, rings):
    # a hectare, and a ring as large: 400 d + pi d² = 10,000 gives d = 21.40 m (worked by hand)
    rows = rings(make_layer([WEST], "Polygon"), "1,3", RINGS_BY=1).rows("OUTPUT")
    assert [row["area_ha"] for row in rows] == pytest.approx([1.0, 1.0, 2.0], rel=1e-3)
    assert [row["outer_m"] for row in rows][:2] == pytest.approx([0.0, 21.40], abs=0.01)
    assert rows[2]["inner_m"] == rows[1]["outer_m"]


def test_multiples_that_reach_too_far_are_refused(make_layer, rings):
    wide = "POLYGON((450000 300000, 460000 300000, 460000 310000, 450000 310000, 450000 300000))"
    with pytest.raises(QgsProcessingException, match="Name smaller multiples"):
        rings(make_layer([wide], "Polygon"), "100", RINGS_BY=1)
