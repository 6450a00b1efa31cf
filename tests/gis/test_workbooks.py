# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from datetime import date, datetime

import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.table import DAY_ZERO_1904
from streetsafe_plugin.gis.source_gate import read_table
from tests import workbooks
from tests.workbooks import Error, Formula, Inline, Padded, SheetOf

HEADINGS = ["Ref", "Date", "Easting", "Northing", "Badly lit"]
ROW = ["a1", "2024-04-13", 458224, 304400, "x"]
WRITERS = [("x.xlsx", workbooks.xlsx), ("x.ods", workbooks.ods)]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads bytes under a name."""

    def from_bytes(data: bytes, name: str = "x.xlsx", **how):
        path = tmp_path / name
        path.write_bytes(data)
        return read_table(str(path), **how)

    return from_bytes


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_cells_become_the_texts_a_person_sees(read, name, write):
    """Faults 45, 47: numbers keep their digits, dates their seconds, zeros in front stay."""
    moment = datetime(2024, 4, 13, 21, 30, 15)
    cells = ["007", 7, 458224.25, moment, date(2024, 4, 13), True, Padded(7), Inline("Ünlit"), 0.1]
    table = read(write({"One": [[f"h{i}" for i in range(9)], cells]}), name)
    assert table.row(0) == [
        "007",
        "7",
        "458224.25",
        "2024-04-13 21:30:15",
        "2024-04-13",
        "TRUE",
        "000007",
        "Ünlit",
        "0.1",
    ]


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_errors_and_formulas_without_a_result_are_empty_and_counted(read, name, write):
    """Faults 49: what a spreadsheet could not work out is nothing, and said."""
    rows = [HEADINGS, ["a1", Error(), Formula("458224"), Formula(None), Error("#REF!")]]
    table = read(write({"One": rows}), name)
    assert table.row(0) == ["a1", "", "458224", "", ""]
    assert "Cells that hold an error such as #N/A and count as empty: 2." in table.notes
    assert "Cells with a formula but no result, which count as empty: 1." in table.notes


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_hidden_rows_are_read_and_said(read, name, write):
    """Faults 50: a filter left on must not make reports disappear."""
    sheet = SheetOf([HEADINGS, ROW, ROW], frozenset([3]))
    table = read(write({"One": sheet}), name)
    assert len(table) == 2
    assert "Rows that are hidden in the sheet but were read: 1." in table.notes


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_rows_keep_the_numbers_the_workbook_shows(read, name, write):
    rows = [["Reports to 30 June"], [], HEADINGS, ROW, [None] * 5, ROW]
    table = read(write({"One": rows}), name)
    assert table.header == tuple(HEADINGS)
    assert table.row_numbers.tolist() == [4, 6]
    assert "The header was taken from row 3; 1 row above it is no data." in table.notes


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_a_header_in_two_lines_is_joined(read, name, write):
    """Faults 50: merged cells above, their parts below."""
    rows = [
        ["Ref", "Easting", "Northing", "Environment", None, "Behaviour"],
        [None, None, None, "Badly lit", "Other", "Other"],
        ["a1", 458224, 304400, 1, 0, 1],
    ]
    table = read(write({"One": rows}), name)
    assert table.header == (
        "Ref",
        "Easting",
        "Northing",
        "Environment: Badly lit",
        "Environment: Other",
        "Behaviour: Other",
    )
    assert table.row_numbers.tolist() == [3]


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_of_several_sheets_the_one_with_places_is_taken(read, name, write):
    sheets = {
        "Notes": [["Contact", "Date"], ["somebody", "2024"]],
        "Extract": [HEADINGS, ROW],
        "Old": SheetOf([HEADINGS, ROW, ROW], hidden=True),
    }
    table = read(write(sheets), name)
    assert (table.sheet, len(table)) == ("Extract", 1)
    assert len(read(write(sheets), name, sheet="old")) == 2


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_two_sheets_that_could_be_meant_are_asked_about(read, name, write):
    sheets = {"April": [HEADINGS, ROW], "May": [HEADINGS, ROW]}
    with pytest.raises(InputRefused, match="2 sheets with places") as refusal:
        read(write(sheets), name)
    assert refusal.value.hint == "Set SHEET to one of “April”, “May”."
    with pytest.raises(InputRefused, match="has no sheet “June”"):
        read(write(sheets), name, sheet="June")


def test_a_workbook_that_counts_from_1904(read):
    """Faults 48: the same serial number is four years later there."""
    data = workbooks.xlsx({"One": [HEADINGS, ["a1", datetime(2024, 4, 13, 21, 30)]]}, True)
    table = read(data)
    assert table.row(0)[1] == "2024-04-13 21:30:00"
    assert table.day_zero == DAY_ZERO_1904


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_document_type_is_refused(read, part):
    """Faults S18: entities that expand to gigabytes need a document type."""
    import io
    import zipfile

    whole = workbooks.xlsx({"One": [HEADINGS, ROW]})
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(InputRefused, match="declares a document type"):
        read(workbooks.zipped({**parts, part: bomb + parts[part]}))


def test_a_workbook_that_would_expand_beyond_reason_is_refused_at_once(read):
    """Faults 32, S19: the table of contents is judged before a byte expands."""
    parts = {"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": b" " * 300_000_000}
    data = workbooks.zipped(parts)
    with pytest.raises(InputRefused, match="expand beyond reason"):
        read(data)


def test_a_damaged_workbook_is_said_to_be(read):
    whole = workbooks.xlsx({"One": [HEADINGS, ROW]})
    with pytest.raises(InputRefused, match="no ZIP that can be read|damaged"):
        read(whole[: len(whole) // 2])


def test_a_workbook_with_a_password_is_said_to_have_one(read):
    """Faults 52: an encrypted workbook is an old office file around a stream."""
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(InputRefused, match="workbook with a password"):
        read(data)


def test_a_web_page_called_xls_is_named_with_the_remedy(read):
    """Faults 52: many systems export HTML and call it Excel."""
    with pytest.raises(InputRefused, match="web page") as refusal:
        read(b"<html><table><tr><td>1</td></tr></table></html>", "reports.xls")
    assert "save it as XLSX" in refusal.value.hint


def test_a_csv_called_xls_is_read(read):
    """Faults 52: content decides, not the ending."""
    assert len(read(b"ref,lon,lat\n1,-1.1,52.6\n", "reports.xls")) == 1


def test_a_zip_with_one_table_is_read_and_others_in_it_passed_over(read):
    inner = workbooks.xlsx({"One": [HEADINGS, ROW]})
    data = workbooks.zipped({"sub/reports.xlsx": inner, "__MACOSX/._reports.xlsx": b"shadow"})
    table = read(data, "mail.zip")
    assert (table.file_name, len(table)) == ("mail.zip", 1)
    assert "Read “reports.xlsx” in the ZIP." in table.notes


def test_a_zip_with_several_tables_is_refused_with_their_names(read):
    data = workbooks.zipped({"a.csv": "x,y\n1,2\n", "b.csv": "x,y\n1,2\n"})
    with pytest.raises(InputRefused, match="2 files that may be tables: “a.csv”, “b.csv”"):
        read(data, "mail.zip")


KML = b"""<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Placemark><name>a1</name><ExtendedData><Data name="Badly lit"><value>1</value></Data>
</ExtendedData><Point><coordinates>-1.133,52.636,0</coordinates></Point></Placemark>
<Placemark><name>a2</name><LineString><coordinates>-1,52 -1,53</coordinates></LineString>
</Placemark></Document></kml>"""


@pytest.mark.parametrize(
    ("name", "data"), [("x.kml", KML), ("x.kmz", workbooks.zipped({"doc.kml": KML}))]
)
def test_kml_and_kmz(read, name, data):
    table = read(data, name)
    assert table.header == ("name", "Badly lit")
    assert table.row(0) == ["a1", "1"]
    assert table.points.xy[0].tolist() == [-1.133, 52.636]
    assert list(table.points.kinds) == ["point", "linestring"]


def shapefile(folder, make_layer):
    from qgis.core import QgsCoordinateTransformContext, QgsVectorFileWriter

    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "ESRI Shapefile"
    layer = make_layer(
        ["POINT (458224 304400)"],
        fields=[("ref", "string"), ("lit", "string")],
        rows=[["007", "x"]],
    )
    path = folder / "reports.shp"
    QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), QgsCoordinateTransformContext(), options
    )
    return path


def test_a_shapefile_and_a_zip_of_it(read, tmp_path, make_layer):
    path = shapefile(tmp_path, make_layer)
    table = read_table(str(path))
    assert table.row(0)[:2] == ["007", "x"]
    assert table.points.xy.tolist() == [[458224.0, 304400.0]]
    parts = {one.name: one.read_bytes() for one in tmp_path.glob("reports.*")}
    packed = read(workbooks.zipped(parts), "packed.zip")
    assert packed.row(0) == table.row(0)
    assert packed.points.crs_id == table.points.crs_id


def test_a_shapefile_without_its_siblings_names_them(tmp_path, make_layer):
    path = shapefile(tmp_path, make_layer)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(InputRefused, match="lacks its .dbf file"):
        read_table(str(path))


def test_an_old_workbook(tmp_path):
    """Faults 52: XLS is read by GDAL's driver, every cell as text."""
    xlwt = pytest.importorskip("xlwt")
    book = xlwt.Workbook()
    sheet = book.add_sheet("Extract")
    for row, cells in enumerate([HEADINGS, ROW]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    path = tmp_path / "old.xls"
    book.save(str(path))
    table = read_table(str(path))
    assert table.header == tuple(HEADINGS)
    assert table.row(0)[0] == "a1"
    assert float(table.row(0)[2]) == 458224
    assert table.row_numbers.tolist() == [2]
