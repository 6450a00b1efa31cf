# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException, QgsProject, QgsVectorFileWriter, QgsVectorLayer

from streetsafe_plugin.domain.taxonomy import REASON_CODES

CONTRACT_FIELDS = [
    "report_id",
    "submitted_at",
    "submitted_precision",
    "concern",
    "reasons",
    "n_reasons",
    *REASON_CODES,
    "crime_reported",
    "why_not_reported",
    "place_source",
    "flags",
    "source_file",
    "source_row",
    "import_id",
]
HEADER = "ref,submitted,longitude,latitude,Badly lit,Other harassment"
# Leicester's clock tower to four decimals, and where the National Grid puts it, to 20 m
CLOCK_TOWER = "-1.1330,52.6363"
CLOCK_TOWER_GRID = (458770.0, 304590.0)


@pytest.fixture
def source(tmp_path: Path):
    """Return a function that writes lines to a file and returns its path."""

    def make(*lines: str, header: str = HEADER, name: str = "extract £ 1.csv") -> str:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8", newline="\n")
        return str(path)

    return make


@pytest.fixture
def imported(run_algorithm, tmp_path: Path):
    """Return a function that imports to GeoPackages and returns the outcome."""

    def run(path: str, **options):
        return run_algorithm(
            "importreports",
            {
                "SOURCE": path,
                "OUTPUT": str(tmp_path / "reports.gpkg"),
                "REJECTED": str(tmp_path / "rejected.gpkg"),
                **options,
            },
        )

    return run


def numbers(outcome) -> dict[str, int]:
    names = "ROWS_READ ACCEPTED MERGED REJECTED_ROWS DUPLICATES MENTIONS OUTSIDE_AREA".split()
    return {name: outcome[name] for name in names}


def stored(outcome, name: str) -> list[dict]:
    """Return an output's rows without the database's own number."""
    return [
        {key: value for key, value in row.items() if key != "fid"} for row in outcome.rows(name)
    ]


def test_an_extract_becomes_a_layer_with_the_published_fields(source, imported):
    outcome = imported(source(f"007,2022-07-01 21:30,{CLOCK_TOWER},1,Yes"))
    layer = outcome.layer("OUTPUT")
    assert [f.name() for f in layer.fields() if f.name() != "fid"] == CONTRACT_FIELDS
    assert layer.crs().authid() == "EPSG:27700"
    [feature] = layer.getFeatures()
    point = feature.geometry().asPoint()
    assert (point.x(), point.y()) == pytest.approx(CLOCK_TOWER_GRID, abs=60)
    [row] = stored(outcome, "OUTPUT")
    assert row["report_id"] == "007"
    assert row["submitted_at"].isoformat() == "2022-07-01T21:30:00"
    assert row["concern"] == "both"
    assert row["reasons"] == "env_lighting;beh_other"
    assert row["n_reasons"] == 2
    assert [code for code in REASON_CODES if row[code]] == ["env_lighting", "beh_other"]
    assert (row["place_source"], row["flags"]) == ("lonlat", "")
    assert (row["source_file"], row["source_row"]) == ("extract £ 1.csv", 2)
    assert row["import_id"]


def test_every_row_is_accounted_for(source, imported):
    outcome = imported(
        source(
            f"1,2022-07-01,{CLOCK_TOWER},1,0",
            f"1,2022-07-01,{CLOCK_TOWER},1,0",
            f"1,2022-07-01,{CLOCK_TOWER},0,1",
            "2,2022-07-01,,,1,0",
            "3,2022-07-01,0,0,1,0",
            "4,2022-07-01,see map,52.6,1,0",
            "5,2022-07-01,181,52.6,1,0",
            "6,2022-07-01,-5.93,54.6,1,0",
            "7,2022-07-01,-1.1,52.6,1",
            f"8,2022-07-01,{CLOCK_TOWER},0,0",
        )
    )
    assert numbers(outcome) == {
        "ROWS_READ": 10,
        "ACCEPTED": 2,
        "MERGED": 0,
        "REJECTED_ROWS": 7,
        "DUPLICATES": 1,
        "MENTIONS": 1,
        "OUTSIDE_AREA": 0,
    }
    rejected = stored(outcome, "REJECTED")
    assert list(rejected[0]) == ["source_file", "source_row", "code", "reason", "raw"]
    assert [(row["source_row"], row["code"]) for row in rejected] == [
        (3, "duplicate"),
        (4, "conflicting_id"),
        (5, "no_place"),
        (6, "zero_place"),
        (7, "unreadable_place"),
        (8, "outside_earth"),
        (9, "outside_gb"),
        (10, "wrong_width"),
    ]
    assert json.loads(rejected[4]["raw"])["longitude"] == "see map"


def test_the_same_row_has_the_same_id_on_every_import(source, imported):
    lines = [f",2022-07-01 21:30,{CLOCK_TOWER},1,0"] * 2
    first = [row["report_id"] for row in stored(imported(source(*lines)), "OUTPUT")]
    again = imported(source(f"9,2022-07-02 10:00,{CLOCK_TOWER},1,0", *lines, name="other.csv"))
    rows = stored(again, "OUTPUT")
    assert [row["report_id"] for row in rows[1:]] == first
    assert all("same_moment" in row["flags"] for row in rows[1:])
    assert first[0].startswith("h:")
    assert [one[-2:] for one in first] == ["-1", "-2"]


def test_easting_and_northing_with_reasons_in_one_column(source, imported):
    outcome = imported(
        source(
            "1|13/04/2022|458770|304590|Badly lit; Poor layout",
            "2|14/04/2022|-1.13|52.63|Badly lit",
            header="Ref|Date|Easting|Northing|Reasons",
        )
    )
    [row] = stored(outcome, "OUTPUT")
    assert row["place_source"] == "bng"
    assert row["reasons"] == "env_lighting;env_layout"
    assert row["submitted_precision"] == "date"
    [feature] = outcome.layer("OUTPUT").getFeatures()
    assert feature.geometry().asPoint().x() == 458770.0
    [rejected] = stored(outcome, "REJECTED")
    assert (rejected["code"], rejected["source_row"]) == ("outside_gb", 3)
    assert "degrees" in rejected["reason"]


def test_easting_and_northing_win_and_a_disagreement_is_flagged(source, imported):
    outcome = imported(
        source(
            f"1,458770,304590,{CLOCK_TOWER}",
            "2,458770,304590,-1.2000,52.6363",
            f"3,,,{CLOCK_TOWER}",
            header="ref,easting,northing,longitude,latitude",
        )
    )
    rows = stored(outcome, "OUTPUT")
    assert [row["place_source"] for row in rows] == ["bng", "bng", "lonlat"]
    assert ["places_disagree" in row["flags"] for row in rows] == [False, True, False]
    # 0.067 degrees of longitude at this latitude: 0.067 * 111320 * cos(52.6363) = 4,526 m
    [warning] = [text for text in outcome.warnings if "more than 50 m apart" in text]
    assert "apart: 1, at most" in warning
    assert "4,5" in warning


def test_swapped_columns_are_put_right_flagged_and_said(source, imported):
    outcome = imported(
        source("1,52.6363,-1.1330", "2,52.7000,-1.2000", header="ref,longitude,latitude")
    )
    assert outcome["ACCEPTED"] == 2
    assert all("axes_swapped" in row["flags"] for row in stored(outcome, "OUTPUT"))
    assert any("exchanged" in text for text in outcome.warnings)
    [first, _] = outcome.layer("OUTPUT").getFeatures()
    assert first.geometry().asPoint().x() == pytest.approx(CLOCK_TOWER_GRID[0], abs=60)


def test_reports_outside_the_area_are_kept_and_flagged(source, imported, make_layer):
    area = make_layer(
        ["POLYGON ((458000 304000, 459000 304000, 459000 305000, 458000 305000, 458000 304000))"],
        "Polygon",
    )
    QgsProject.instance().addMapLayer(area)
    outcome = imported(
        source(f"1,2022-07-01,{CLOCK_TOWER},1,0", "2,2022-07-01,-1.2,52.7,1,0"), AREA=area
    )
    assert (outcome["ACCEPTED"], outcome["OUTSIDE_AREA"]) == (2, 1)
    assert [row["flags"].split(";")[0] for row in stored(outcome, "OUTPUT")] == ["", "outside_area"]


def test_an_area_without_a_polygon_is_refused(source, imported, make_layer):
    with pytest.raises(QgsProcessingException, match=r"\(AREA\) holds no polygon"):
        imported(source(f"1,2022-07-01,{CLOCK_TOWER},1,0"), AREA=make_layer([], "Polygon"))


AMBIGUOUS = [f"1,03/04/2022,{CLOCK_TOWER},1,0"]


def test_dates_that_read_two_ways_are_refused_until_the_order_is_stated(source, imported):
    with pytest.raises(QgsProcessingException, match="3 April 2022 or 4 March 2022") as refusal:
        imported(source(*AMBIGUOUS))
    assert "DATE_ORDER" in str(refusal.value)
    assert not list(Path(source(*AMBIGUOUS)).parent.glob("*.gpkg"))
    for number, day in ((1, "2022-04-03"), (2, "2022-03-04")):
        [row] = stored(imported(source(*AMBIGUOUS), DATE_ORDER=number), "OUTPUT")
        assert row["submitted_at"].date().isoformat() == day


def test_an_unreadable_date_is_flagged_and_the_report_kept(source, imported):
    [row] = stored(imported(source(f"1,soon,{CLOCK_TOWER},1,0")), "OUTPUT")
    assert row["submitted_at"] is None
    assert row["submitted_precision"] == "none"
    assert "unreadable_date" in row["flags"]


PERSONAL = "ref,longitude,latitude,Reasons,Age range,Sex,Comments"


def test_what_people_say_of_themselves_is_left_out_unless_asked_for(source, imported):
    path = source(
        f"1,{CLOCK_TOWER},Badly lit,25-34,F,canary words", "2,,,,18-24,M,canary", header=PERSONAL
    )
    outcome = imported(path)
    assert "age_range" not in stored(outcome, "OUTPUT")[0]
    assert "canary" not in stored(outcome, "REJECTED")[0]["raw"]
    for name in ("reports.gpkg", "rejected.gpkg"):
        assert b"canary" not in (Path(path).parent / name).read_bytes()
    assert "canary" not in "\n".join(outcome.messages)
    kept = imported(path, KEEP_CHARACTERISTICS=True, KEEP_TEXT=True)
    [row] = stored(kept, "OUTPUT")
    assert (row["age_range"], row["sex"], row["gender"]) == ("25-34", "F", None)
    assert row["free_text"] == "canary words"
    assert "canary" not in "\n".join(kept.messages)


def test_unknown_wordings_are_counted_in_the_log_and_listed_with_the_layer(source, imported):
    outcome = imported(
        source(
            f"1,{CLOCK_TOWER},Badly lit; Too many gulls",
            f"2,{CLOCK_TOWER},Too many gulls; Jane Doe hit me",
            header="ref,longitude,latitude,Reasons",
        )
    )
    assert outcome["MENTIONS"] == 1
    assert any("as mentions: 3." in text for text in outcome.warnings)
    # met once it may be somebody's own words
    assert "Jane" not in "\n".join(outcome.layer("OUTPUT").metadata().history())
    assert "gulls" not in "\n".join(outcome.messages)
    assert "Too many gulls" in "\n".join(outcome.layer("OUTPUT").metadata().history())


def test_the_receipt_is_in_the_log_and_with_the_layer(source, imported):
    outcome = imported(source(f"1,2022-07-01 21:30,{CLOCK_TOWER},1,0", "2,2022-07-01,,,1,0"))
    history = "\n".join(outcome.layer("OUTPUT").metadata().history())
    for text in (history, "\n".join(outcome.messages)):
        assert "2 rows read = 1 report + 0 merged + 1 rejected + 0 exact duplicates." in text
        assert "SHA-256" in text
        assert "EPSG:4326 to EPSG:27700" in text
    assert str(Path(source("x")).parent) not in history


@pytest.mark.parametrize(
    ("name", "header", "line"),
    [
        ("x.tsv", "ref\tlon\tlat", "1\t-1.1330\t52.6363"),
        ("x.txt", "ref;lon;lat", "1;-1,1330;52,6363"),
    ],
)
def test_other_delimiters(source, imported, name, header, line):
    assert imported(source(line, header=header, name=name))["ACCEPTED"] == 1


def test_windows_1252_needs_to_be_stated(tmp_path, imported):
    path = tmp_path / "old.csv"
    path.write_bytes("ref,lon,lat\ncafé,-1.133,52.6363\n".encode("cp1252"))
    with pytest.raises(QgsProcessingException, match="ENCODING"):
        imported(str(path))
    assert stored(imported(str(path), ENCODING=2), "OUTPUT")[0]["report_id"] == "café"


def test_geojson(tmp_path, imported):
    features = [
        {
            "type": "Feature",
            "properties": {"ref": "007", "Badly lit": True, "Poor layout": False},
            "geometry": {"type": "Point", "coordinates": [-1.133, 52.6363]},
        },
        {"type": "Feature", "properties": {"ref": "008"}, "geometry": None},
    ]
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    outcome = imported(str(path))
    [row] = stored(outcome, "OUTPUT")
    assert (row["report_id"], row["reasons"], row["place_source"]) == (
        "007",
        "env_lighting",
        "geometry",
    )
    assert stored(outcome, "REJECTED")[0]["code"] == "no_place"


def test_national_grid_numbers_in_geojson_are_rejected_until_crs_says_so(tmp_path, imported):
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Point", "coordinates": [458770, 304590]},
    }
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    outcome = imported(str(path))
    assert (outcome["ACCEPTED"], outcome["REJECTED_ROWS"]) == (0, 1)
    assert stored(outcome, "REJECTED")[0]["code"] == "outside_earth"
    assert imported(str(path), CRS="EPSG:27700")["ACCEPTED"] == 1


def test_one_of_several_layers_of_a_geopackage(source, imported, tmp_path):
    row = f"007,2022-07-01,{CLOCK_TOWER},1,0"
    both = tmp_path / "both.gpkg"
    for name in ("first", "second"):
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.layerName = name
        options.actionOnExistingFile = (
            QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
            if both.exists()
            else QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteFile
        )
        first = imported(source(row))
        context = QgsProject.instance().transformContext()
        QgsVectorFileWriter.writeAsVectorFormatV3(
            first.layer("OUTPUT"), str(both), context, options
        )
    with pytest.raises(QgsProcessingException, match="“first”, “second”"):
        imported(str(both))
    outcome = imported(f"{both}|layername=second")
    assert stored(outcome, "OUTPUT")[0]["report_id"] == "007"
    assert "|layername=second" in "\n".join(outcome.layer("OUTPUT").metadata().history())


def test_a_file_without_an_ending_is_read(source, imported):
    path = source(f"007,2022-07-01,{CLOCK_TOWER},1,0", name="extract")
    assert imported(path)["ACCEPTED"] == 1


# layers of the project


def test_a_layer_of_points_in_another_system(run_algorithm, make_layer):
    layer = make_layer(
        ["Point (-1.1330 52.6363)", None, "Point (-1.2 52.7)"],
        crs="EPSG:4326",
        fields=[("ref", "string"), ("env_lighting", "bool"), ("when", "datetime")],
        rows=[["007", True, "2022-07-01T21:30:00"], ["008", False, None], ["009", None, None]],
    )
    QgsProject.instance().addMapLayer(layer)
    outcome = run_algorithm(
        "importreports",
        {"SOURCE_LAYER": layer, "OUTPUT": "TEMPORARY_OUTPUT", "REJECTED": "TEMPORARY_OUTPUT"},
    )
    rows = stored(outcome, "OUTPUT")
    assert [(row["report_id"], row["reasons"]) for row in rows] == [
        ("007", "env_lighting"),
        ("009", ""),
    ]
    assert [row["source_row"] for row in rows] == [1, 3]
    assert stored(outcome, "REJECTED")[0]["code"] == "no_place"


def test_a_table_without_geometry(run_algorithm, make_layer):
    layer = make_layer(
        [None],
        kind="None",
        fields=[("ref", "string"), ("lon", "double"), ("lat", "double"), ("reasons", "string")],
        rows=[["007", -1.133, 52.6363, "Badly lit|Other"]],
    )
    outcome = run_algorithm("importreports", {"SOURCE_LAYER": layer, "OUTPUT": "TEMPORARY_OUTPUT"})
    assert stored(outcome, "OUTPUT")[0]["reasons"] == "env_lighting;env_other"


def test_an_imported_layer_can_be_imported_again(source, imported, run_algorithm):
    first = imported(
        source(f"007,2022-07-01 21:30,{CLOCK_TOWER},1,Yes", f",2022-07-02 08:00,{CLOCK_TOWER},0,")
    )
    again = run_algorithm(
        "importreports",
        {"SOURCE_LAYER": first.layer("OUTPUT"), "OUTPUT": "TEMPORARY_OUTPUT"},
    )
    same = ("report_id", "submitted_at", "submitted_precision", "reasons", "concern")
    before, after = stored(first, "OUTPUT"), stored(again, "OUTPUT")
    assert [[row[key] for key in same] for row in after] == [
        [row[key] for key in same] for row in before
    ]
    assert again["ROWS_READ"] == again["ACCEPTED"] == 2


def test_a_layer_without_a_system_is_refused_until_crs_says_so(run_algorithm, make_layer):
    layer = make_layer(["Point (458770 304590)"], crs="")
    parameters = {"SOURCE_LAYER": layer, "OUTPUT": "TEMPORARY_OUTPUT"}
    with pytest.raises(QgsProcessingException, match="no coordinate system"):
        run_algorithm("importreports", parameters)
    assert run_algorithm("importreports", {**parameters, "CRS": "EPSG:27700"})["ACCEPTED"] == 1


def test_a_delimited_text_layer_is_warned_of(source, run_algorithm):
    path = source(f"007,2022-07-01,{CLOCK_TOWER},1,0", name="plain.csv")
    layer = QgsVectorLayer(
        f"{Path(path).as_uri()}?xField=longitude&yField=latitude&crs=EPSG:4326",
        "plain",
        "delimitedtext",
    )
    assert layer.isValid()
    outcome = run_algorithm("importreports", {"SOURCE_LAYER": layer, "OUTPUT": "TEMPORARY_OUTPUT"})
    assert any("Give the file as SOURCE" in text for text in outcome.warnings)
    assert stored(outcome, "OUTPUT")[0]["source_file"] == "plain.csv"


# refusals


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"SOURCE": None}, r"Neither .*\(SOURCE\) nor .*\(SOURCE_LAYER\)"),
        ({"SOURCE_LAYER": "layer"}, "both given"),
        ({"SOURCE": "/no/such/extract.csv"}, r"\(SOURCE\) “extract.csv” does not exist"),
        ({"SOURCE": "https://example.org/x.csv"}, r"\(SOURCE\) is an address"),
        ({"CRS": "EPSG:0"}, r"\(CRS\) is not a coordinate system"),
    ],
)
def test_what_can_be_known_before_is_refused_before(
    source, run_algorithm, make_layer, tmp_path, options, sentence
):
    if "SOURCE_LAYER" in options:
        options = {"SOURCE_LAYER": make_layer(["Point (0 0)"])}
    target = tmp_path / "reports.gpkg"
    parameters = {"SOURCE": source(f"1,2022-07-01,{CLOCK_TOWER},1,0"), "OUTPUT": str(target)}
    with pytest.raises(Exception, match=sentence) as refusal:
        run_algorithm("importreports", {**parameters, **options})
    assert type(refusal.value).__name__ == "Refused"
    assert not target.exists()


@pytest.mark.parametrize(
    ("lines", "header", "sentence"),
    [
        ([], HEADER, "has no rows of data"),
        (["1,2"], "a,b", "no columns with places"),
        (['1,"2', "3,4"], "lon,lat", "line 2"),
    ],
)
def test_what_only_the_file_shows_is_refused_in_a_sentence(
    source, imported, tmp_path, lines, header, sentence
):
    with pytest.raises(QgsProcessingException, match=sentence):
        imported(source(*lines, header=header))
    assert not list(tmp_path.glob("*.gpkg*"))


def test_a_system_of_the_wrong_kind_is_refused(source, imported):
    with pytest.raises(QgsProcessingException, match=r"\(CRS\) is EPSG:27700, but"):
        imported(source(f"1,2022-07-01,{CLOCK_TOWER},1,0"), CRS="EPSG:27700")


def test_an_extract_in_which_no_row_can_be_used_says_so(source, imported):
    outcome = imported(source("1,2022-07-01,,,1,0"))
    assert (outcome["ACCEPTED"], outcome["REJECTED_ROWS"]) == (0, 1)
    assert any("REJECTED says why" in text for text in outcome.warnings)


@pytest.mark.parametrize("at", [0, 20, 50, 90])
def test_cancelling_leaves_nothing(source, run_algorithm, tmp_path, at):
    """Faults 28: no half output, whenever Cancel is pressed."""
    lines = [f"{number},2022-07-01 21:30,-1.13{number:05d},52.6,1,0" for number in range(12_000)]
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(Exception, match="Cancelled"):
        run_algorithm(
            "importreports",
            {
                "SOURCE": source(*lines),
                "OUTPUT": str(target / "reports.gpkg"),
                "REJECTED": str(target / "rejected.gpkg"),
            },
            cancel_at=at,
        )
    assert list(target.iterdir()) == []


def test_twenty_thousand_rows_are_read_in_several_blocks(source, imported):
    """Faults 31: large files are read and written in blocks, and every row arrives."""
    lines = [
        f",2022-{1 + number % 12:02d}-15 {number % 24:02d}:{number % 60:02d},"
        f"-1.{100000 + number % 90000},52.{500000 + number * 7 % 300000},{number % 2},No"
        for number in range(20_000)
    ]
    path = source(*lines)
    outcome = imported(path)
    assert outcome["ACCEPTED"] == outcome.layer("OUTPUT").featureCount() == 20_000
