# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables as files: numbers stay numbers, no text runs, and what is cut short is noticed."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from pathlib import Path

import pytest

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.tables import Column, Kind, Table
from streetsafe_plugin.gis import table_files
from streetsafe_plugin.gis.table_files import csv_ending, write_csv, write_workbook

COLUMNS = (
    Column("park", Kind.TEXT),
    Column("inside", Kind.WHOLE, "reports"),
    Column("density", Kind.REAL),
    Column("first", Kind.DATE),
    Column("held_back", Kind.TEXT),
)
HOSTILE = ["=1+1", "+44", "-5", "@cmd", "\t=1", "\r=1", "  =1"]
TABLE = Table(
    "Parks",
    "Parks",
    COLUMNS,
    (
        ("Café & <Park>", 1234, 1.5, datetime.date(2022, 3, 1), None),
        (None, None, None, None, "inside (reports)"),
        *((text, 1, -2.25, None, None) for text in HOSTILE),
    ),
)
OTHER = Table("Fix list", "Fixes", (Column("rank", Kind.WHOLE),), ((1,), (2,)))


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


def test_a_workbook_has_a_sheet_a_table(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "pack.xlsx", [TABLE, OTHER], "OFFICIAL-SENSITIVE")
    assert re.findall(r'<sheet name="([^"]*)"', part(path, "xl/workbook.xml")) == [
        "Parks", "Fix list"
    ]  # fmt: skip
    sheet = part(path, "xl/worksheets/sheet1.xml")
    assert re.search(r'<c r="B2">\s*<v>1234</v>', sheet)
    assert re.search(r'<c r="C2">\s*<v>1.5</v>', sheet)
    assert "<f" not in sheet
    texts = re.findall(r"<t[^>]*>([^<]*)</t>", part(path, "xl/sharedStrings.xml"))
    assert "Café &amp; &lt;Park&gt;" in texts
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert sheet.count("OFFICIAL-SENSITIVE") == 2
    assert not re.search(r'"[^"]*(?<!Y)YY"', part(path, "xl/styles.xml")), "years of two figures"
    assert sheet.index("<sheetViews>") < sheet.index("<cols>") < sheet.index("<sheetData>")
    assert [path.name for path in tmp_path.iterdir()] == ["pack.xlsx"]


def test_a_workbook_names_nobody(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "pack.xlsx", [TABLE], "OFFICIAL")
    with zipfile.ZipFile(path) as archive:
        everything = " ".join(archive.read(name).decode("utf-8") for name in archive.namelist())
    assert not re.search(r"creator|lastModifiedBy|<Company|<Manager", everything)


def test_gdal_reads_the_workbook_back(tmp_path: Path) -> None:
    from osgeo import gdal

    path = write_workbook(tmp_path / "pack.xlsx", [TABLE, OTHER], "OFFICIAL")
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    layer = dataset.GetLayerByName("Parks")
    first = next(iter(layer))
    assert (first["park"], first["inside (reports)"], first["density"]) == (
        "Café & <Park>", 1234, 1.5
    )  # fmt: skip
    assert first["first"].startswith("2022/03/01")
    assert dataset.GetLayerByName("Fix list").GetFeatureCount() == 2


def test_a_csv_opens_in_a_spreadsheet_without_running_anything(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "parks.csv", TABLE)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == ["park", "inside (reports)", "density", "first", "held_back"]
    assert rows[1] == ["Café & <Park>", "1234", "1.5", "2022-03-01", ""]
    assert rows[2] == ["", "", "", "", "inside (reports)"]
    assert [row[0][0] for row in rows[3:]] == ["'"] * len(HOSTILE)
    assert rows[3][2] == "-2.25"


def test_a_csv_carries_the_marking_in_its_name() -> None:
    assert csv_ending(OTHER) == "_fix-list.csv"


def test_what_does_not_read_back_is_not_handed_over(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(table_files, "_rows_by_sheet", lambda path: [1])
    with pytest.raises(WriteFailed, match="could not be written whole"):
        write_workbook(tmp_path / "pack.xlsx", [TABLE], "OFFICIAL")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="could not be written whole"):
        write_csv(tmp_path / "none" / "parks.csv", TABLE)
    with pytest.raises(WriteFailed, match="could not be written whole"):
        write_workbook(tmp_path / "none" / "pack.xlsx", [TABLE], "OFFICIAL")
