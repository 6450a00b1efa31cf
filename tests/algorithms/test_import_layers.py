# SPDX-License-Identifier: GPL-2.0-or-later
"""Extracts that come as layers, with what databases and drivers make of rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetsafe_plugin.paths import PACKAGE
from tests.front_door import Refused


@pytest.fixture
def imported(run_algorithm, tmp_path: Path):
    """Return a function that imports a layer into a GeoPackage."""

    def run(layer, **options):
        parameters = {"SOURCE_LAYER": layer, "OUTPUT": str(tmp_path / "out.gpkg")}
        return run_algorithm(
            "importreports", {**parameters, "REJECTED": "TEMPORARY_OUTPUT", **options}
        )

    return run


FIELDS = [("ref", "string(0)"), ("submitted", "string(0)"), ("comments", "string(0)")]
PLACE = "POINT (458224 304401)"


@pytest.mark.parametrize("kind", [".gpkg", ".geojson", ".csv"])
def test_a_long_text_in_the_middle_loses_no_later_row(make_layer, imported, tmp_path, kind):
    """Faults 22: 300 characters, then more rows."""
    rows = [
        ["1", "2024-04-13", "short"],
        ["2", "2024-04-13", "long " * 60],
        ["3", "2024-04-13", ""],
    ]
    layer = make_layer([PLACE] * 3, fields=FIELDS, rows=rows)
    outcome = imported(layer, KEEP_TEXT=True, OUTPUT=str(tmp_path / f"out{kind}"))
    assert outcome["ACCEPTED"] == 3
    held = {str(row["report_id"]): row["free_text"] for row in outcome.rows("OUTPUT")}
    assert held["2"].strip() == ("long " * 60).strip()


def test_numbers_beyond_every_integer_stay_exact(make_layer, imported):
    """Faults 23: ids and answers are texts, so no width or range can refuse a row."""
    layer = make_layer(
        [PLACE],
        fields=[("ref", "int8"), ("submitted", "string(0)"), ("age", "int8")],
        rows=[[2**40, "2024-04-13", 2**40]],
    )
    outcome = imported(layer, KEEP_CHARACTERISTICS=True)
    [row] = outcome.rows("OUTPUT")
    assert (row["report_id"], row["age_range"]) == (str(2**40), str(2**40))


def test_a_field_called_fid_is_no_id_and_no_obstacle(run_algorithm, tmp_path):
    """Faults 24: texts and repeats in a column fid; the output numbers its own rows."""
    path = tmp_path / "x.csv"
    path.write_text("fid,ref,lon,lat\nx,1,-1.1331,52.6361\nx,2,-1.1332,52.6362\n", encoding="utf-8")
    outcome = run_algorithm(
        "importreports", {"SOURCE": str(path), "OUTPUT": str(tmp_path / "out.gpkg")}
    )
    assert [row["report_id"] for row in outcome.rows("OUTPUT")] == ["1", "2"]
    assert [row["fid"] for row in outcome.rows("OUTPUT")] == [1, 2]


def test_headings_that_differ_by_case_or_are_blank_or_long_all_come_in(run_algorithm, tmp_path):
    """Faults 25: names are made different, and every change is said."""
    path = tmp_path / "x.csv"
    header = f"ref,Badly lit,BADLY LIT,geom,,{'n' * 200},lon,lat"
    path.write_text(f"{header}\n1,0,1,g,b,n,-1.1331,52.6361\n", encoding="utf-8")
    outcome = run_algorithm(
        "importreports", {"SOURCE": str(path), "OUTPUT": str(tmp_path / "out.gpkg")}
    )
    assert (outcome["ACCEPTED"], outcome["MENTIONS"]) == (1, 1)
    notes = outcome.layer("OUTPUT").metadata().abstract()
    assert "repeats the heading “BADLY LIT”" in notes
    assert "Column 5 has no heading" in notes


def test_shapes_that_are_no_points_are_rejected_row_by_row(make_layer, imported):
    """Faults 26: a driver would take them into a layer of points with a shrug."""
    layer = make_layer(
        [
            PLACE,
            "MULTIPOINT ((458224 304401), (458300 304500))",
            None,
            "MULTIPOINT ((458225 304402))",
        ],
        kind="MultiPoint",
        fields=FIELDS,
        rows=[[str(number), "2024-04-13", ""] for number in range(4)],
    )
    outcome = imported(layer)
    assert outcome["ACCEPTED"] == 2
    codes = [row["code"] for row in outcome.rows("REJECTED")]
    assert codes == ["unreadable_place", "no_place"]


def test_nothing_in_the_plugin_filters_layers_by_text():
    """Faults 27: a filter that a provider misreads would show fewer reports in silence."""
    sources = PACKAGE.rglob("*.py")
    assert [one.name for one in sources if "setSubsetString" in one.read_text("utf-8")] == []


def test_parks_in_degrees_and_reports_in_metres_meet_in_one_system(make_layer, imported):
    """Faults 72, 75: the area is brought into the analysis system; who lies outside stays."""
    area = make_layer(
        ["POLYGON ((-1.2 52.6, -1.1 52.6, -1.1 52.7, -1.2 52.7, -1.2 52.6))"],
        "Polygon",
        crs="EPSG:4326",
    )
    layer = make_layer(
        [PLACE, "POINT (440000 304401)"],
        fields=FIELDS,
        rows=[["1", "2024-04-13", ""], ["2", "2024-04-13", ""]],
    )
    outcome = imported(layer, AREA=area)
    assert (outcome["ACCEPTED"], outcome["OUTSIDE_AREA"]) == (2, 1)
    assert [row["flags"] for row in outcome.rows("OUTPUT")] == ["", "outside_area"]


@pytest.mark.parametrize(
    "content", [b"<OGRVRTDataSource/>", b"\xef\xbb\xbf <?xml version='1.0'?><a/>"]
)
def test_a_description_given_as_a_layer_is_refused_before_it_is_opened(
    run_algorithm, tmp_path, content
):
    """Faults S14: Processing opens a path given as a layer with whatever driver claims it."""
    path = tmp_path / "reports.csv"
    path.write_bytes(content)
    with pytest.raises(Refused, match="XML, which may make QGIS open other files"):
        run_algorithm("importreports", {"SOURCE_LAYER": str(path), "OUTPUT": "TEMPORARY_OUTPUT"})


def test_the_operation_and_its_accuracy_are_recorded_and_a_missing_grid_said_once(
    run_algorithm, tmp_path
):
    """Faults 70, 71: how longitude and latitude became metres stays with the layer."""
    path = tmp_path / "x.csv"
    path.write_text("ref,lon,lat\n1,-1.1331,52.6361\n2,-1.1332,52.6362\n", encoding="utf-8")
    target = tmp_path / "out.gpkg"
    outcome = run_algorithm("importreports", {"SOURCE": str(path), "OUTPUT": str(target)})
    metadata = outcome.layer("OUTPUT").metadata()
    [operation] = metadata.keywords("streetsafe:operation")
    assert operation.startswith("Coordinates were changed from EPSG:4326 to EPSG:27700 by")
    assert "accuracy" in operation
    missing = "grid for a better one was not installed" in operation
    said = [warning for warning in outcome.warnings if "OSTN15" in warning]
    assert len(said) == int(missing)


def test_distances_are_never_measured_in_degrees(run_algorithm, make_layer):
    """Faults 73: a layer in degrees is brought into metres before anything is counted."""
    parks = make_layer(
        ["POLYGON ((-1.14 52.63, -1.13 52.63, -1.13 52.64, -1.14 52.64, -1.14 52.63))"],
        "Polygon",
        crs="EPSG:4326",
        fields=[("park_id", "string(0)"), ("park_name", "string(0)")],
        rows=[["p", "Park"]],
    )
    outcome = run_algorithm(
        "parkrings", {"PARKS": parks, "DISTANCES": "100", "OUTPUT": "TEMPORARY_OUTPUT"}
    )
    layer = outcome.layer("OUTPUT")
    assert layer.crs().authid() == "EPSG:27700"
    # 0.01 degrees here are 677 m by 1,113 m: a ring of 100 m is 200 m wider than the park
    assert layer.extent().width() == pytest.approx(677 + 200, abs=25)
