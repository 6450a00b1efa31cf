# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot spots through the front door: counted, tested, written, and every point accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProcessing,
    QgsProcessingException,
    QgsProject,
    QgsRenderContext,
    QgsVectorLayer,
)
from scipy.stats import pearson3

from streetsafe_plugin.domain.hotspots import CLASSES
from streetsafe_plugin.domain.taxonomy import REASON_CODES, reason
from streetsafe_plugin.gis import styling
from tests.front_door import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
SQUARE, HEXAGON = 0, 1
WEST, SOUTH = 457_000, 303_000
AREA = (
    f"Polygon(({WEST} {SOUTH}, {WEST + 2000} {SOUTH}, {WEST + 2000} {SOUTH + 2000},"
    f" {WEST} {SOUTH + 2000}, {WEST} {SOUTH}))"
)
#: Where the planted cluster has its middle.
CLUSTER = (WEST + 1_250, SOUTH + 850)


def places() -> np.ndarray:
    rng = np.random.default_rng(3)
    spread = rng.uniform((WEST, SOUTH), (WEST + 2_000, SOUTH + 2_000), (1_200, 2))
    return np.concatenate((spread, rng.normal(CLUSTER, 60, (150, 2))))


def wkt(xy) -> list[str]:
    return [f"Point({x!r} {y!r})" for x, y in np.asarray(xy, dtype=float).tolist()]


@pytest.fixture
def points(make_layer):
    return make_layer(wkt(places()), name="reports")


@pytest.fixture
def area(make_layer):
    return make_layer([AREA], "Polygon")


@pytest.fixture
def find(run_algorithm, points, area):
    def run(cancel_at=None, **parameters):
        given = {"INPUT": points, "AREA": area, "CELL_SIZE": 100, "OUTPUT": MEMORY, **parameters}
        return run_algorithm("hotspotgrid", given, cancel_at=cancel_at)

    return run


@pytest.mark.parametrize("shape", [SQUARE, HEXAGON])
def test_a_planted_cluster_is_hot_and_everything_adds_up(find, shape):
    outcome = find(SHAPE=shape)
    rows = outcome.rows("OUTPUT")
    assert outcome["CELLS"] == len(rows)
    # 4 km² are 400 squares, or 462 hexagons and those that reach beyond the edges
    assert len(rows) == 400 if shape == SQUARE else 462 < len(rows) < 560
    assert sum(row["count"] for row in rows) == outcome["COUNTED"] == 1_350
    assert outcome["OUTSIDE_AREA"] == 0
    hot = [row for row in rows if row["class"].startswith("hot_")]
    assert outcome["HOT_CELLS"] == len(hot) > 0
    (around,) = [
        feature["class"]
        for feature in outcome.layer("OUTPUT").getFeatures()
        if feature.geometry().contains(QgsPointXY(*CLUSTER))
    ]
    assert around == "hot_99"
    assert outcome["SHARE_IN_HOT"] == pytest.approx(sum(row["count"] for row in hot) / 1_350)
    assert outcome["PAI"] == pytest.approx(outcome["SHARE_IN_HOT"] / outcome["AREA_SHARE"])
    if shape == SQUARE:
        assert outcome["AREA_SHARE"] == pytest.approx(len(hot) / 400)
    assert any("1350 points = 1350 in" in message for message in outcome.messages)


def test_classes_follow_from_what_is_written_beside_them(find):
    """All squares are whole, so p is that of gi_z, under the curve of 1,350 points at random."""
    rows = find(SHAPE=SQUARE).rows("OUTPUT")
    cells = [tuple(map(int, row["cell_id"].split("_"))) for row in rows]
    for row, (column, line) in zip(rows, cells):
        around = {(column + east, line + north) for east in (-1, 0, 1) for north in (-1, 0, 1)}
        share = len(around & set(cells)) / 400
        skewness = (1 - 2 * share) / (1_350 * share * (1 - share)) ** 0.5
        tail = pearson3.cdf if row["gi_z"] < 0 else pearson3.sf
        assert row["p_value"] == pytest.approx(min(2 * tail(row["gi_z"], skewness), 1), rel=0.01)
        assert row["p_adjusted"] >= row["p_value"]
        passed = sum(row["p_adjusted"] <= limit for limit in (0.10, 0.05, 0.01))
        assert row["class"] == CLASSES[3 + (passed if row["gi_z"] > 0 else -passed)]
        hot = row["class"].startswith("hot_")
        assert row["neighbours_only"] == (hot and row["count"] == 0)


def test_a_heavy_point_is_warned_of(find, make_layer):
    xy = places()
    weights = [[1.0]] * (len(xy) - 1) + [[500.0]]
    layer = make_layer(wkt(xy), fields=[("weight", "double")], rows=weights)
    warnings = find(INPUT=layer, WEIGHT_FIELD="weight").warnings
    assert any("single heavy point" in warning for warning in warnings)
    assert not any("single heavy point" in warning for warning in find().warnings)


def test_a_neighbourhood_of_everything_is_called_that(find):
    outcome = find(NEIGHBOUR_DISTANCE=100_000)
    assert outcome["HOT_CELLS"] == 0
    assert any("neighbourhood is the whole grid" in warning for warning in outcome.warnings)


def test_corrections_are_ever_stricter(find):
    fdr, bonferroni, none = (find(CORRECTION=number)["HOT_CELLS"] for number in range(3))
    assert bonferroni < fdr < none


def test_what_lies_outside_is_left_out_and_counted(find, make_layer):
    beyond = [(WEST - 1, SOUTH + 5), (WEST + 5_000, SOUTH), (WEST, SOUTH + 10)]  # one on the edge
    layer = make_layer([*wkt(np.concatenate((places(), beyond))), None])
    outcome = find(INPUT=layer)
    inside = ((places() >= (WEST, SOUTH)) & (places() <= (WEST + 2000, SOUTH + 2000))).all(axis=1)
    assert outcome["COUNTED"] == inside.sum() + 1
    assert outcome["OUTSIDE_AREA"] == (~inside).sum() + 2
    assert any("+ 1 without a usable place" in message for message in outcome.messages)


def test_degrees_give_what_metres_give(find, make_layer):
    back = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:27700"),
        QgsCoordinateReferenceSystem("EPSG:4326"),
        QgsProject.instance(),
    )
    moved = [back.transform(QgsPointXY(x, y)) for x, y in places().tolist()]
    degrees = make_layer(wkt([(p.x(), p.y()) for p in moved]), crs="EPSG:4326")
    metres, other = find(), find(INPUT=degrees)
    assert [row["class"] for row in metres.rows("OUTPUT")] == [
        row["class"] for row in other.rows("OUTPUT")
    ]


def test_the_origin_moves_the_grid_and_not_the_area(find):
    outcome = find(ORIGIN="30, -20")
    assert outcome["CELLS"] == 21 * 21
    assert outcome["COUNTED"] == 1_350
    corner = next(outcome.layer("OUTPUT").getFeatures()).geometry().boundingBox()
    assert (corner.xMinimum() % 100, corner.yMinimum() % 100) == (30, 80)


def test_neighbours_are_stated(find):
    outcome = find()
    assert outcome["NEIGHBOUR_DISTANCE_USED"] == pytest.approx(100 * 2**0.5)
    assert any("within 141.4 m are neighbours" in message for message in outcome.messages)


@pytest.mark.parametrize("rows", [[], [(WEST + 50 + 1000 * i, SOUTH + 50 + 1000 * j)
                                       for i in range(2) for j in range(2)]])  # fmt: skip
def test_where_all_cells_hold_the_same_nothing_is_hot_and_that_is_said(find, make_layer, rows):
    outcome = find(INPUT=make_layer(wkt(rows) if rows else []), CELL_SIZE=1_000)
    assert {row["class"] for row in outcome.rows("OUTPUT")} == {"none"}
    assert [row["gi_z"] for row in outcome.rows("OUTPUT")] == [None] * 4
    assert (outcome["HOT_CELLS"], outcome["AREA_SHARE"]) == (0, 0)
    assert "PAI" not in outcome.results
    assert any("nothing to test" in warning for warning in outcome.warnings)


def test_without_an_area_the_extent_is_covered(find):
    outcome = find(AREA=None)
    rows = outcome.rows("OUTPUT")
    assert sum(row["count"] for row in rows) == 1_350
    hot = [row for row in rows if row["class"].startswith("hot_")]
    assert outcome["AREA_SHARE"] == pytest.approx(len(hot) / len(rows))


def test_weights_stand_beside_the_counts(find, make_layer):
    weights = np.ones(1_350)
    weights[:40] = 30
    layer = make_layer(
        wkt(places()), fields=[("harm", "integer")], rows=[[int(weight)] for weight in weights]
    )
    rows = find(INPUT=layer, WEIGHT_FIELD="harm").rows("OUTPUT")
    assert sum(row["count"] for row in rows) == 1_350
    assert sum(row["weight"] for row in rows) == weights.sum()


def test_stability_is_added_and_has_a_layer_of_its_own(find, tmp_path):
    outcome = find(SHAPE=HEXAGON, STABILITY=True, STABLE=str(tmp_path / "stable.gpkg"))
    rows = outcome.rows("OUTPUT")
    assert max(row["runs"] for row in rows) == 27
    assert max(row["hot_share"] for row in rows) == 1.0
    assert outcome["STABLE_CELLS"] == sum(row["hot_share"] >= 0.8 for row in rows) > 0
    stable = outcome.rows("STABLE")
    assert sorted(row["cell_id"] for row in stable) == sorted(
        row["cell_id"] for row in rows if row["hot_share"] > 0
    )
    assert "STABLE_CELLS" not in find().results


def test_hot_places_say_where_to_go_and_why(find, make_layer):
    tick = REASON_CODES.index("env_lighting")
    rows = [[number == tick for number in range(12)]] * 1_350
    layer = make_layer(
        wkt(places()), fields=[(code, "boolean") for code in REASON_CODES], rows=rows
    )
    east, north = CLUSTER[0] + 500, CLUSTER[1] - 500
    park = make_layer(
        [f"Polygon(({east} {north}, {east} {north + 1000}, {east + 9} {north}, {east} {north}))"],
        "Polygon",
        fields=[("park_name", "string")],
        rows=[["Abbey Park"]],
    )
    outcome = find(INPUT=layer, PARKS=park, PLACES=MEMORY)
    places_found = outcome.rows("PLACES")
    first = places_found[0]
    assert [row["rank"] for row in places_found] == list(range(1, len(places_found) + 1))
    assert 150 < first["reports"] < 300
    assert first["share_of_reports"] == pytest.approx(first["reports"] / 1_350)
    assert first["reports_per_km2"] == pytest.approx(first["reports"] / first["area_ha"] * 100)
    assert first["top_reasons"] == f"{reason('env_lighting').label} ({first['reports']})"
    assert first["nearest_park"] == "Abbey Park"
    # the point lies in the busiest square, one of those around the cluster
    assert 350 < first["nearest_park_m"] < 650
    assert first["grid_ref"].startswith("SK 58")
    shape = next(outcome.layer("PLACES").getFeatures()).geometry()
    assert shape.area() / 10_000 == pytest.approx(first["area_ha"])
    assert shape.contains(QgsPointXY(*CLUSTER))


def test_without_parks_and_reasons_their_fields_are_empty(find):
    row = find(PLACES=MEMORY).rows("PLACES")[0]
    assert [row[name] for name in ("top_reasons", "nearest_park", "nearest_park_m")] == [None] * 3


def test_a_file_is_whole_and_styled_and_says_how_it_was_made(find, tmp_path):
    path = tmp_path / "hot.gpkg"
    outcome = find(SHAPE=HEXAGON, OUTPUT=str(path), PLACES=str(tmp_path / "places.gpkg"))
    layer = QgsVectorLayer(str(path), "hot", "ogr")
    assert layer.featureCount() == outcome["CELLS"]
    assert sum(feature["count"] for feature in layer.getFeatures()) == 1_350
    labels = [item.label() for item in layer.renderer().legendSymbolItems()]
    assert labels[0] == "Hot, 99 %"
    assert any("neighbours only, no report of its own" in label for label in labels)
    assert "neighbours" in layer.metadata().abstract()
    places_layer = QgsVectorLayer(str(tmp_path / "places.gpkg"), "places", "ogr")
    assert places_layer.labelsEnabled()


def test_every_cell_has_exactly_one_symbol(find, make_layer):
    """Cells hot by their neighbours only are hatched and have no plain colour beneath."""
    around = [(x, y) for x in (450, 550, 650) for y in (450, 550, 650) if (x, y) != (550, 550)]
    outcome = find(INPUT=make_layer(wkt([(WEST + x, SOUTH + y) for x, y in around * 5])))
    layer = outcome.layer("OUTPUT")
    styling.from_file("hotspot_classes")(layer)
    renderer, context = layer.renderer(), QgsRenderContext()
    renderer.startRender(context, layer.fields())
    hatched = 0
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        symbols = renderer.symbolsForFeature(feature, context)
        assert len(symbols) == 1
        kinds = [
            symbols[0].symbolLayer(n).layerType() for n in range(symbols[0].symbolLayerCount())
        ]
        if feature["neighbours_only"]:
            hatched += 1
            assert kinds == ["SimpleFill", "LinePatternFill"]
            assert symbols[0].symbolLayer(0).brushStyle() == 0
    renderer.stopRender(context)
    assert hatched >= 1


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"ORIGIN": "north"}, r"Origin of the grid \(ORIGIN\) is not a place: “north”"),
        ({"ORIGIN": "1,nan"}, "is not a place"),
        ({"NEIGHBOUR_DISTANCE": 60}, r"is 60 m, less than from one cell to the next \(100 m\)"),
        ({"INPUT": None}, "INPUT"),
        ({"CELL_SIZE": 0}, "CELL_SIZE"),
    ],
)
def test_what_cannot_work_is_refused_before(find, parameters, sentence):
    with pytest.raises(Refused, match=sentence):
        find(**parameters)


@pytest.mark.parametrize(
    ("weight", "sentence"), [(None, "missing or negative in 1 points"), (-1, "missing or negative")]
)
def test_weights_that_are_none_are_refused(find, make_layer, weight, sentence):
    layer = make_layer(wkt(places()[:3]), fields=[("n", "integer")], rows=[[1], [weight], [2]])
    with pytest.raises(QgsProcessingException, match=sentence):
        find(INPUT=layer, WEIGHT_FIELD="n")


def test_too_many_cells_are_refused_with_the_remedy(find):
    with pytest.raises(QgsProcessingException, match="Choose cells of .* m or more"):
        find(CELL_SIZE=1)


@pytest.mark.parametrize("cancel_at", [0, 45, 70, 85])
def test_a_cancelled_run_leaves_nothing(find, tmp_path, cancel_at):
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        find(STABILITY=True, OUTPUT=str(tmp_path / "hot.gpkg"), cancel_at=cancel_at)
    assert list(tmp_path.iterdir()) == []


def test_leicester_s_centre_is_hot(run_algorithm, real_data, tmp_path):
    """A month of published crimes on hexagons of 500 m over the wards of the city."""
    crimes = tmp_path / "crimes.gpkg"
    source = real_data / "police_uk" / "2021-11-leicestershire-street.csv"
    run_algorithm("importcrimes", {"SOURCE": str(source), "OUTPUT": str(crimes)})
    wards = real_data / "boundaries" / "wards" / "E06000016.json"
    outcome = run_algorithm(
        "hotspotgrid",
        {
            "INPUT": str(crimes),
            "AREA": str(wards),
            "CELL_SIZE": 500,
            "SHAPE": HEXAGON,
            "OUTPUT": MEMORY,
        },
    )
    (centre,) = [
        feature["class"]
        for feature in outcome.layer("OUTPUT").getFeatures()
        if feature.geometry().contains(QgsPointXY(458_700, 304_300))
    ]
    assert centre == "hot_99"
    assert sum(row["count"] for row in outcome.rows("OUTPUT")) == outcome["COUNTED"] > 1_000


@pytest.mark.parametrize("origin", ["1e30,0", "0,nan", "here"])
def test_an_origin_beyond_the_earth_is_refused(find, origin):
    with pytest.raises(Refused, match="is not a place"):
        find(ORIGIN=origin)


def test_an_ending_that_cannot_be_written_is_refused_before_work(find, tmp_path):
    with pytest.raises(Refused, match=r"hot\.shp.* has no ending"):
        find(OUTPUT=str(tmp_path / "hot.shp"))
