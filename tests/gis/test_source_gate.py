# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import http.server
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from osgeo import gdal, ogr, osr

from streetsafe_plugin.domain.errors import Cancelled, InputRefused
from streetsafe_plugin.domain.reading.crimes import read_crimes
from streetsafe_plugin.domain.reading.table import NoRows
from streetsafe_plugin.gis import archive, source_gate
from streetsafe_plugin.gis.source_gate import read_table, street_files

CSV = b"ref,lon,lat\n007,-1.14,52.64\n"
HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context"
)
STREET = f"{HEADER}\n,2021-11,A,A,-1.14,52.64,On or near X,E01,X,Drugs,,\n".encode()


@pytest.fixture
def egress() -> Iterator[tuple[str, list[str]]]:
    """Give the address of a web server on this machine and the requests it has seen."""
    seen: list[str] = []

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.fixture
def geopackage(tmp_path: Path):
    """Return a function that writes a GeoPackage of named layers: (geometry type, EPSG, rows)."""

    def make(name: str = "x.gpkg", **layers: tuple[int, int | None, list[tuple[str | None, str]]]):
        path = tmp_path / name
        dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0)
        for layer_name, (kind, epsg, rows) in layers.items():
            system = None
            if epsg:
                system = osr.SpatialReference()
                system.ImportFromEPSG(epsg)
            layer = dataset.CreateLayer(layer_name, system, kind)
            layer.CreateField(ogr.FieldDefn("ref", ogr.OFTString))
            for wkt, ref in rows:
                feature = ogr.Feature(layer.GetLayerDefn())
                feature["ref"] = ref
                if wkt:
                    feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
                layer.CreateFeature(feature)
        del dataset
        return path

    return make


def write(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("name", ["x.csv", "x", "x.xlsx", "£ a#b?c%20.CSV", "x.gpkg"])
def test_content_decides_what_a_file_is_and_not_its_name(tmp_path, name):
    table = read_table(write(tmp_path, name, CSV))
    assert table.file_name == name
    assert [list(row) for row in table.rows] == [["007", "-1.14", "52.64"]]


def test_json_called_csv_is_read_as_what_it_is(tmp_path):
    data = b'\xef\xbb\xbf {"type": "FeatureCollection", "features": [{"properties": {"a": 1.50}}]}'
    table = read_table(write(tmp_path, "x.csv", data))
    assert [list(row) for row in table.rows] == [["1.50"]]


def test_a_geopackage_called_csv_is_read_as_what_it_is(tmp_path, geopackage):
    path = geopackage(reports=(ogr.wkbPoint, 27700, [("POINT (458224 304400)", "007")]))
    table = read_table(write(tmp_path, "x.csv", path.read_bytes()))
    assert [list(row) for row in table.rows] == [["007"]]
    assert table.points.xy.tolist() == [[458224.0, 304400.0]]
    assert table.points.crs_id == "EPSG:27700"


VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.mark.parametrize("name", ["x.csv", "x.geojson", "x.gpkg", "x.vrt"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_description_that_opens_other_files_is_refused(tmp_path, egress, name, codec):
    """Faults S14: a virtual dataset in disguise would reach files nobody chose."""
    address, seen = egress
    write(tmp_path, "secret.csv", b"canary,b\n1,2\n")
    for target in (tmp_path / "secret.csv", f"/vsicurl/{address}/x.csv"):
        with pytest.raises(InputRefused, match="XML"):
            read_table(write(tmp_path, name, f"\n {VRT.format(target)}".encode(codec)))
    assert seen == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rest", "no ZIP that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "not an Excel workbook"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"\x1f\x8b\x08", "packed in a way"),
        (b"<html><table>", "web page"),
        (b"[1, 2]", "JSON list"),
        (b"a\x01\x02,b\n", "not a table of any kind"),
        (b"SQLite format 3\x00" + b"\x00" * 200, "GeoPackage"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, data, words):
    with pytest.raises(InputRefused, match=words) as refusal:
        read_table(write(tmp_path, "x.csv", data))
    assert "“x.csv”" in str(refusal.value)
    assert refusal.value.hint


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/x.csv",
        "file:///etc/hostname",
        "/vsicurl/http://127.0.0.1/x.csv",
        "/vsizip/x.zip/x.csv",
        "\\vsimem\\x.csv",
    ],
)
def test_addresses_are_refused(source, egress):
    with pytest.raises(InputRefused, match="SOURCE is an address"):
        read_table(source)


def test_missing_files_and_folders_get_one_sentence(tmp_path):
    with pytest.raises(InputRefused, match="“nothing.csv” does not exist"):
        read_table(str(tmp_path / "nothing.csv"))
    with pytest.raises(InputRefused, match="is a folder"):
        read_table(str(tmp_path))
    with pytest.raises(InputRefused) as refusal:
        read_table(str(tmp_path / "nothing.csv"))
    assert str(tmp_path) not in str(refusal.value)


def test_empty_files_and_headers_alone_get_one_sentence(tmp_path):
    with pytest.raises(InputRefused, match="is empty"):
        read_table(write(tmp_path, "x.csv", b""))
    with pytest.raises(NoRows):
        read_table(write(tmp_path, "x.csv", b"a,b\n"))


def test_files_beyond_the_cap_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(source_gate, "LARGEST_FILE", 10)
    with pytest.raises(InputRefused, match="larger than"):
        read_table(write(tmp_path, "x.csv", CSV))


# GeoPackages


def test_the_only_layer_with_rows_is_read(geopackage):
    path = geopackage(
        empty=(ogr.wkbPoint, 4326, []),
        parks=(ogr.wkbPolygon, 4326, [("POLYGON ((0 0, 1 0, 1 1, 0 0))", "p")]),
        reports=(
            ogr.wkbPoint,
            4326,
            [
                ("POINT (-1.14 52.64)", "a"),
                (None, "b"),
                ("POINT EMPTY", "c"),
                ("POINT Z (1 2 3)", "d"),
            ],
        ),
    )
    table = read_table(str(path))
    assert [row[0] for row in table.rows] == ["a", "b", "c", "d"]
    assert table.points.kinds == ["point", "", "", "point"]
    assert list(table.row_numbers) == [1, 2, 3, 4]


def test_several_layers_are_refused_by_name_and_one_can_be_chosen(geopackage):
    row = [("POINT (-1.14 52.64)", "x")]
    path = geopackage(first=(ogr.wkbPoint, 4326, row), second=(ogr.wkbPoint, 4326, row * 2))
    with pytest.raises(InputRefused, match="“first”, “second”") as refusal:
        read_table(str(path))
    assert "|layername=" in refusal.value.hint
    assert len(read_table(f"{path}|layername=second").rows) == 2
    with pytest.raises(InputRefused, match="no layer “third”"):
        read_table(f"{path}|layername=third")


def test_a_table_without_geometry_is_read(geopackage):
    table = read_table(str(geopackage(plain=(ogr.wkbNone, None, [(None, "007")]))))
    assert table.points is None
    assert [list(row) for row in table.rows] == [["007"]]


def test_polygons_alone_and_empty_files_are_refused(geopackage):
    polygons = (ogr.wkbPolygon, 4326, [("POLYGON ((0 0, 1 0, 1 1, 0 0))", "p")])
    with pytest.raises(InputRefused, match="neither points nor a table"):
        read_table(str(geopackage(parks=polygons)))
    with pytest.raises(NoRows):
        read_table(str(geopackage("y.gpkg", none=(ogr.wkbPoint, 4326, []))))


def test_values_of_every_type_become_text(tmp_path):
    path = tmp_path / "types.gpkg"
    dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0)
    layer = dataset.CreateLayer("t", None, ogr.wkbNone)
    for name, kind in (
        ("whole", ogr.OFTInteger64),
        ("real", ogr.OFTReal),
        ("day", ogr.OFTDate),
        ("moment", ogr.OFTDateTime),
        ("bytes", ogr.OFTBinary),
    ):
        layer.CreateField(ogr.FieldDefn(name, kind))
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetField("whole", 1234567890123456789)
    feature.SetField("real", 0.1)
    feature.SetField("day", 2022, 3, 5, 0, 0, 0.0, 0)
    feature.SetField("moment", 2022, 7, 1, 21, 30, 15.0, 100)
    layer.CreateFeature(feature)
    layer.CreateFeature(ogr.Feature(layer.GetLayerDefn()))
    del layer, feature, dataset
    table = read_table(str(path))
    assert [list(row) for row in table.rows] == [
        ["1234567890123456789", "0.1", "2022-03-05", "2022-07-01T21:30:15+00:00", ""],
        ["", "", "", "", ""],
    ]


def test_a_hostile_geopackage_is_only_read(geopackage):
    """Faults S17: triggers and views of a file from outside never run."""
    path = geopackage(reports=(ogr.wkbNone, None, [(None, "a"), (None, "b")]))
    with sqlite3.connect(path) as database:
        database.execute(
            'CREATE TRIGGER nasty AFTER INSERT ON reports BEGIN DELETE FROM "reports"; END'
        )
        database.execute("CREATE TABLE layer_styles (styleQML TEXT)")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier)"
            " VALUES ('layer_styles', 'attributes', 'layer_styles')"
        )
        database.execute("INSERT INTO layer_styles VALUES ('<qgis/>')")
    database.close()
    before = path.read_bytes()
    table = read_table(str(path))
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_damaged_geopackage_is_refused(geopackage):
    rows = [(f"POINT (-1 {number % 50})", f"{number:0200d}") for number in range(500)]
    path = geopackage(reports=(ogr.wkbPoint, 4326, rows))
    data = bytearray(path.read_bytes())
    for start in range(len(data) // 2, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))
    with pytest.raises(InputRefused, match="damaged"):
        read_table(str(path))


def test_a_database_that_is_no_geopackage_is_refused(tmp_path):
    path = tmp_path / "x.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE reports (ref TEXT)")
        database.execute("INSERT INTO reports VALUES ('a')")
    database.close()
    with pytest.raises(InputRefused):
        read_table(str(path))


def test_gdal_is_left_as_it_was(geopackage):
    before = gdal.GetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN")
    read_table(str(geopackage(t=(ogr.wkbNone, None, [(None, "a")]))))
    assert gdal.GetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN") == before


def test_reading_a_geopackage_can_be_cancelled(geopackage):
    path = geopackage(t=(ogr.wkbNone, None, [(None, "a")]))

    def tick(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_table(str(path), tick=tick)


# published crime


def names(source: str) -> tuple[list[str], int]:
    with street_files(source) as found:
        return [f"{file.found_in}/{file.name}" for file in found.files], found.others


def zip_of(folder: Path, **members: bytes) -> str:
    path = folder / "download.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return str(path)


def test_a_folder_gives_its_street_files_and_counts_the_others(tmp_path):
    for name in ("2021-11-a-street.csv", "2021-11-a-outcomes.csv", "2021-11-a-stop-and-search.csv"):
        (tmp_path / "2021-11").mkdir(exist_ok=True)
        (tmp_path / "2021-11" / name).write_bytes(STREET)
    assert names(str(tmp_path)) == (["2021-11/2021-11-a-street.csv"], 2)


def test_a_zip_gives_its_street_files_and_counts_the_others(tmp_path):
    source = zip_of(
        tmp_path,
        **{
            "2021-11/2021-11-a-street.csv": STREET,
            "2021-11/2021-11-a-outcomes.csv": b"x",
            "__MACOSX/2021-11/._2021-11-a-street.csv": b"\0\1",
        },
    )
    assert names(source) == (["2021-11/2021-11-a-street.csv"], 2)
    with street_files(source) as found:
        assert read_crimes(found.files).rows_read == 1
    assert [one.name for one in tmp_path.iterdir()] == ["download.zip"]


def test_a_single_file_is_read_whatever_it_is_called(tmp_path):
    with street_files(write(tmp_path, "renamed.csv", STREET)) as found:
        assert read_crimes(found.files).rows_read == 1


@pytest.mark.parametrize(
    "name", ["../2021-11-a-street.csv", "/etc/a-street.csv", "a\\b-street.csv"]
)
def test_a_name_that_leads_out_of_the_zip_is_refused(tmp_path, name):
    """Faults S19: nothing is unpacked to where a name says."""
    source = zip_of(tmp_path, **{"2021-11/2021-11-a-street.csv": STREET, name: STREET})
    with pytest.raises(InputRefused, match="leads out"):
        names(source)


def test_a_zip_bomb_is_refused_before_it_expands(tmp_path, monkeypatch):
    """Faults 32, S19: judged by its table of contents."""
    source = zip_of(tmp_path, **{"x/x-street.csv": b"0" * 20_000_000})
    with pytest.raises(InputRefused, match="expand beyond reason"):
        names(source)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 10)
    with pytest.raises(InputRefused, match="expand beyond"):
        names(zip_of(tmp_path, **{"x/x-street.csv": STREET}))
    monkeypatch.setattr(archive, "MOST_ENTRIES", 0)
    with pytest.raises(InputRefused, match="at most 0"):
        names(zip_of(tmp_path, **{"x/x-street.csv": STREET}))


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    """Faults S19: never more than it declares is read."""
    source = Path(zip_of(tmp_path, **{"x/x-street.csv": STREET * 50}))
    data = bytearray(source.read_bytes())
    place = data.rindex(b"PK\x01\x02") + 24  # the entry's size in the table of contents
    data[place : place + 4] = len(STREET).to_bytes(4, "little")
    source.write_bytes(bytes(data))
    with (
        pytest.raises(InputRefused, match=r"damaged|as long as"),
        street_files(str(source)) as found,
    ):
        read_crimes(found.files)


def test_a_damaged_or_empty_download_is_refused(tmp_path):
    with pytest.raises(InputRefused, match="no ZIP"):
        names(write(tmp_path, "x.zip", b"PK\x03\x04rest"))
    with pytest.raises(InputRefused, match="no file whose name ends"):
        names(zip_of(tmp_path, **{"x.csv": b"a"}))
    with pytest.raises(InputRefused, match="no file whose name ends"):
        names(str(tmp_path))
    with pytest.raises(InputRefused, match="picture"):
        names(write(tmp_path, "x.csv", b"\x89PNG"))
    with pytest.raises(InputRefused, match="does not exist"):
        names(str(tmp_path / "none.zip"))


def test_a_file_that_another_program_holds_gets_a_sentence_that_names_excel(tmp_path, monkeypatch):
    """Faults 51: on Windows a workbook that is open in Excel may refuse to be read."""
    path = tmp_path / "x.csv"
    path.write_text("ref,lon,lat\n1,-1.1,52.6\n")

    def held(self, *how):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", held)
    with pytest.raises(InputRefused, match="“x.csv” cannot be read") as refusal:
        read_table(str(path))
    assert "Close it in Excel" in refusal.value.hint
