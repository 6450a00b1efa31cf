# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the rows of a table lie: which of its coordinates win, and what is said about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransformContext
from shapely.geometry import Polygon, box

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.columns import Columns
from streetsafe_plugin.domain.reading.table import PointColumn, RawTable, columns_of
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.gis.placing import Placing, place_rows

BNG, WGS84 = (QgsCoordinateReferenceSystem(code) for code in ("EPSG:27700", "EPSG:4326"))
NO_CRS = QgsCoordinateReferenceSystem()
CONTEXT = QgsCoordinateTransformContext()

METRES, DEGREES = Columns(metres=(0, 1)), Columns(lonlat=(0, 1))
LEICESTERSHIRE = box(430_000, 280_000, 490_000, 330_000)


def place(
    rows: Sequence[Sequence[str]],
    columns: Columns,
    stated: QgsCoordinateReferenceSystem = NO_CRS,
    area: Sequence[Polygon] | None = None,
    points: PointColumn | None = None,
) -> Placing:
    width = len(rows[0])
    header = tuple(f"column {letter}" for letter in "abcd"[:width])
    numbers = np.arange(2, len(rows) + 2)
    table = RawTable("x.csv", header, columns_of(rows, width), numbers, points=points)
    return place_rows(table, columns, stated, BNG, CONTEXT, area)


def codes(placing: Placing) -> dict[int, str]:
    return {row: problem.code for row, problem in placing.placed.problems.items()}


def test_degrees_become_metres() -> None:
    placing = place([("-1.1398", "52.6369")], DEGREES)
    [expected] = transform_xy(np.array([[-1.1398, 52.6369]]), WGS84, BNG, CONTEXT)
    assert placing.placed.xy[0].tolist() == expected.tolist()
    assert placing.placed.sources.tolist() == ["lonlat"]
    assert placing.systems == (WGS84,)
    assert placing.warnings == ()


def test_a_grid_reference_is_the_centre_of_its_square() -> None:
    """Faults 46, 76: a square of 100 m is a place of low precision, one of 10 m is not."""
    rows = [("SK 582 044",), ("SK 5822 0440",), ("SI 582 044",), ("AA 58 04",), ("",)]
    placing = place(rows, Columns(gridref=0))
    assert placing.placed.xy[:2].tolist() == [[458_250, 304_450], [458_225, 304_405]]
    assert placing.placed.low_precision[:2].tolist() == [True, False]
    assert set(placing.placed.sources) == {"gridref"}
    assert codes(placing) == {2: "unreadable_place", 3: "outside_gb", 4: "no_place"}


def test_wkt_brings_its_own_system() -> None:
    placing = place([("SRID=27700;POINT(458224 304400)",)], Columns(wkt=0))
    assert placing.placed.xy.tolist() == [[458_224, 304_400]]
    assert placing.placed.sources.tolist() == ["geometry"]
    assert placing.systems == (BNG,)


def test_wkt_in_a_system_nobody_knows_is_refused() -> None:
    """Faults 69: numbers whose system is unknown are no places."""
    with pytest.raises(InputRefused, match="“column a” names the coordinate system 999999"):
        place([("SRID=999999;POINT(458224 304400)",)], Columns(wkt=0))


def test_points_without_a_system_are_refused_until_one_is_chosen() -> None:
    """Faults 69: numbers would pass through unchanged."""
    points = PointColumn(np.array([[458_224.0, 304_400.0]]), ["point"], "")
    with pytest.raises(InputRefused, match=r"“x\.csv” has no coordinate system"):
        place([("1",)], Columns(), points=points)
    assert place([("1",)], Columns(), BNG, points=points).placed.problems == {}


def test_the_finer_place_wins_and_rows_that_disagree_are_counted() -> None:
    """The squares' centres lie 56 m and 280 m off: hypot(26, 50) and hypot(126, 250).

    A square of 100 m may be 71 m off its centre without anything being wrong.
    """
    rows = [("458224", "304400", "SK 582 044"), ("458224", "304400", "SK 583 046")]
    placing = place(rows, Columns(metres=(0, 1), gridref=2))
    assert placing.placed.xy.tolist() == [[458_224, 304_400]] * 2
    assert placing.placed.disagree.tolist() == [False, True]
    [warning] = placing.warnings
    assert "apart: 1, at most" in warning
    assert "at most 280 m; easting and northing were used" in warning


@pytest.mark.parametrize(("metres_off", "disagree"), [(49, False), (51, True)])
def test_degrees_may_be_50_metres_off_easting_and_northing(metres_off, disagree) -> None:
    [[x, y]] = transform_xy(np.array([[458_224.0, 304_400.0 + metres_off]]), BNG, WGS84, CONTEXT)
    placing = place(
        [("458224", "304400", f"{x:.7f}", f"{y:.7f}")], Columns(metres=(0, 1), lonlat=(2, 3))
    )
    assert placing.placed.disagree.tolist() == [disagree]
    assert placing.placed.sources.tolist() == ["bng"]


@pytest.mark.parametrize("easting", ["", "0", "see map"])
def test_the_second_place_serves_where_the_first_is_none(easting: str) -> None:
    northing = "" if easting == "0" else easting
    placing = place(
        [(easting, northing, "SK 5822 0440"), (easting, northing, "SI 1")],
        Columns(metres=(0, 1), gridref=2),
    )
    assert placing.placed.sources[0] == "gridref"
    assert placing.placed.xy[0].tolist() == [458_225, 304_405]
    assert codes(placing) == {1: "unreadable_place"}


def test_easting_and_northing_exchanged_throughout() -> None:
    """Faults 63: Aberdeen, northing first, is off the grid as it stands."""
    placing = place([("806000", "394000")] * 3, METRES)
    assert placing.placed.xy.tolist() == [[394_000, 806_000]] * 3
    assert placing.placed.swapped.all()
    [warning] = placing.warnings
    assert warning.startswith("Easting and northing stand in each other's place")


def test_the_area_proves_an_exchange_that_the_country_does_not() -> None:
    """Faults 63: Leicester, northing first, lies in the Irish Sea, close off Great Britain."""
    rows = [("304400", "458224")] * 3
    assert not place(rows, METRES).placed.swapped.any()
    with_area = place(rows, METRES, area=[Polygon(), LEICESTERSHIRE])
    assert with_area.placed.swapped.all()
    assert not with_area.placed.outside_area.any()


@pytest.mark.parametrize(
    "rows",
    [
        [("304400", "458224")] * 2,  # too few
        [("304400", "458224")] * 9 + [("458224", "304400")],  # nine in ten
        [("304400", "458224")] * 9 + [("620000", "310000")] * 10,  # most are elsewhere
    ],
)
def test_metres_stay_as_they_are_unless_the_column_proves_it(rows) -> None:
    """Faults 63: nothing is exchanged on a guess."""
    placing = place(rows, METRES, area=[LEICESTERSHIRE])
    assert not placing.placed.swapped.any()
    assert placing.placed.xy.tolist() == [[float(x), float(y)] for x, y in rows]


def test_who_lies_outside_the_area_is_kept_and_marked() -> None:
    """Faults 75: many such reports are genuine."""
    placing = place([("458224", "304400"), ("620000", "310000")], METRES, area=[LEICESTERSHIRE])
    assert placing.placed.outside_area.tolist() == [False, True]
    assert placing.placed.problems == {}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (("0", "0"), "zero_place"),  # Faults 66
        (("0", "NULL"), "zero_place"),
        (("-1.1", "95"), "outside_earth"),  # Faults 67
        (("181", "52.6"), "outside_earth"),
        (("NaN", "52.6"), "unreadable_place"),  # Faults 68
        (("inf", "52.6"), "unreadable_place"),
        (("458224", "304400"), "outside_earth"),  # Faults 64
        (("-5.93", "54.60"), "outside_gb"),  # Faults 74
        (("4.90", "52.37"), "outside_gb"),
    ],
)
def test_what_is_no_place_never_gets_coordinates(cells: tuple[str, str], code: str) -> None:
    """Faults 64, 66, 67, 68, 74: each has its code, and its neighbours are untouched."""
    placing = place([("-1.1398", "52.6369"), cells], DEGREES)
    assert codes(placing) == {1: code}
    assert np.isfinite(placing.placed.xy).all(axis=1).tolist() == [True, False]


def test_degrees_in_columns_of_metres() -> None:
    """Faults 65: no report lands in the sea by Scilly."""
    placing = place([("-1.1398", "52.6369")] * 2, METRES)
    assert set(codes(placing).values()) == {"outside_gb"}
    [warning] = placing.warnings
    assert "“column a” and “column b” hold degrees in 2 of 2 rows" in warning


def test_longitudes_to_360_are_turned_round_and_said() -> None:
    """Faults 78: 358.8602 is -1.1398."""
    placing = place([("358.8602", "52.6369"), ("-1.1398", "52.6369")], DEGREES)
    first, second = placing.placed.xy
    assert first == pytest.approx(second, abs=0.001)
    [warning] = placing.warnings
    assert warning.endswith("turned round: 1.")
    assert "360" in warning


CELLS = st.sampled_from(
    [
        ("-1.1398", "52.6369"), ("52.6369", "-1.1398"), ("358.8602", "52.6369"), ("4.9", "52.37"),
        ("0", "0"), ("", ""), ("x", "52.6"), ("458224", "304400"), ("1°8'W", "52°38'N"),
    ]
)  # fmt: skip


@given(st.lists(CELLS, min_size=1, max_size=12).flatmap(
    lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows))))
))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(case) -> None:
    rows, order = case
    first, second = place(rows, DEGREES), place([rows[i] for i in order], DEGREES)
    assert np.allclose(first.placed.xy[order], second.placed.xy, atol=1e-6, equal_nan=True)
    assert [codes(first).get(i) for i in order] == [codes(second).get(i) for i in range(len(rows))]
    assert first.placed.swapped.all() == second.placed.swapped.all()
    assert first.warnings == second.warnings
