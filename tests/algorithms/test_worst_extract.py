# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that hold nearly everything that goes wrong in extracts, against receipts made by hand."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException

from tests import workbooks
from tests.conftest import REPOSITORY
from tests.front_door import Refused
from tests.workbooks import Error, Formula, Padded, SheetOf

RECEIPTS = REPOSITORY / "tests" / "data" / "worst"
NUMBERS = ("ROWS_READ", "ACCEPTED", "MERGED", "REJECTED_ROWS", "DUPLICATES", "MENTIONS")

BELFAST, DOUGLAS, JERSEY = "-5,9301;54,6002", "-4,4802;54,1501", "-2,1002;49,1901"
#: Each row with the rows of the table of faults it holds; the first is row 4 of the file.
TEXT_ROWS = (
    # 44 a heading that comes twice, 50 a header that is not on the first line
    "Ref;Date submitted;Easting;Northing;Longitude;Latitude;Grid ref;Reasons;Badly lit;Badly lit;"
    "Comments",
    # 45 an id that is no number, 53 the date that proves the order, a wording with commas
    "007;13/04/2024 21:30;458224;304401;;;;Badly lit, poor/no street lighting, No CCTV;;;",
    "1E5;03/04/2024;458225;304402;;;;Badly lit|Rundown area;;;",  # 45, 53
    "12345678901234567890;45395,896;458226;304403;;;;;;;",  # 45 twenty figures, 54 a serial
    "r8;2024-07-01T20:30:00Z;458227;304404;;;;None of the above;;;",  # 55
    "r9;31/03/2024 01:30;458228;304405;;;;;;;",  # 56 the hour that is skipped
    "r10;27/10/2024 01:30;458229;304406;;;;;;;",  # 56 the hour that comes twice
    "r11;;458230;304407;;;;;;;",  # 57
    "r12;00/00/0000;458231;304408;;;;;;;",  # 58
    "r13;01/01/1900;458232;304409;;;;;;;",  # 58
    "r14;31/12/2099;458233;304410;;;;;;;",  # 58
    "r15;soon;458234;304411;;;;;;;",
    "r16;04/2024;458235;304412;;;;;;;",
    "r17;14/04/2024;;;-1,1330;52,6363;;;;;",  # 38 decimal commas
    'r18;14/04/2024;;;"1°07\'59""W";"52°38\'11""N";;;;;',  # 46
    "r19;14/04/2024;;;;;SK 58612 04345;;;;",  # 46
    "r20;14/04/2024;;;;;sk5804;;;;",  # 46, 76
    "r21;14/04/2024;;;;;;;;;",
    "r22;14/04/2024;0;0;;;;;;;",  # 66
    "r23;14/04/2024;0;;;;;;;;",  # 66
    "r24;14/04/2024;;;181;52,6;;;;;",  # 67
    "r25;14/04/2024;;;-1,1;95;;;;;",  # 67
    "r26;14/04/2024;;;NaN;52,6;;;;;",  # 68
    "r27;14/04/2024;;;inf;52,6;;;;;",  # 68
    "r28;14/04/2024;see map;304400;;;;;;;",  # 46
    "r29;14/04/2024;;;52,6363;-1,1331;;;;;",  # 63 one row swapped in columns that are right
    "r30;14/04/2024;;;458224;304400;;;;;",  # 64
    "r31;14/04/2024;-1,1330;52,6363;;;;;;;",  # 65
    f"r32;14/04/2024;;;{BELFAST};;;;;",  # 74
    f"r33;14/04/2024;;;{DOUGLAS};;;;;",  # 74
    f"r34;14/04/2024;;;{JERSEY};;;;;",  # 74
    "r35;14/04/2024;;;358,8661;52,6402;;;;;",  # 78
    "r36;14/04/2024;458311;304511;-1,2001;52,7001;;;;;",  # two places that do not agree
    "r37;14/04/2024;;;-1,137;52,637;;;;;",  # 76 three decimals
    "007;13/04/2024 21:30;458224;304401;;;;Badly lit, poor/no street lighting, No CCTV;;;",  # 61
    "007;14/04/2024 21:30;458777;304777;;;;Rundown area;;;",
    ";14/04/2024 22:15;458401;304601;;;;Badly lit;;;",  # 62 two people, one moment
    ";14/04/2024 22:15;458401;304601;;;;Badly lit;;;",
    "r42;14/04/2024;458225",  # 40
    "r43;14/04/2024;458225;304402;;;;;;;;12",  # 40
    "r44;14/04/2024;458225;304402;;;;;;;\0",  # 41
    "",
    ";;;;;;;;;;",
    "r47;14/04/2024;458501;304701;;;;  BADLY LIT\u00a0|\u200bno cctv | Geese | Geese;;;",  # 59
    "r48;14/04/2024;458502;304702;;;;;1;;",
    "r49;14/04/2024;458503;304703;;;;;;x;",  # 44
    'r50;14/04/2024;458504;304704;;;;;;;"\u202ertl \U0001f600\ntwo lines, two ""marks"""',  # 59, 60
    "r51;#N/A;458505;304705;;;;;;;",  # 49
)
TEXT = "\n".join(["StreetSafe extract", "", "Exported on;24/11/2026", *TEXT_ROWS, ""])

EXTRACT = [
    ["StreetSafe extract"],  # 50
    [],
    ["Ref", "Submitted", "X", "Y", "Environment", None, "Behaviour", None],  # 50 merged cells
    [None, None, None, None, "Badly lit", "Other", "Was followed", "Other"],
    [Padded(7), datetime(2024, 4, 13, 21, 30), 458224, 304401, "X", None, None, None],  # 45, 47
    ["1E5", date(2024, 4, 3), 458225.0, 304402.0, True, False, True, False],  # 45, 47
    ["r7", "45395", 458226, 304403, None, None, None, None],  # 54 a number stored as text
    ["r8", "14/04/2024", 458227, 304404, "No", "No", "No", "No"],  # 50 hidden
    ["r9", Error(), 458228, 304405, 1, 0, 0, 1],  # 49
    ["r10", Formula(None), Formula("458229"), Formula("304406"), 1, 1, 0, "maybe"],  # 49
    ["r11", date(2024, 4, 14), Error("#REF!"), 304407, None, None, None, None],  # 49
    ["r12", date(2024, 4, 14), 0, 0, None, None, None, None],  # 66
    ["r13", date(2024, 4, 14), "458 230", "304,408", None, None, None, None],
    [],
    ["Total", None, None, None, 4, 2, 1, 1],
    [Padded(7), datetime(2024, 4, 13, 21, 30), 458224, 304401, "X", None, None, None],  # 61
]
WORKBOOK = {
    "Notes": [["Contact", "Phone"], ["somebody", "0116 496 0000"]],  # 50 several sheets
    "Extract": SheetOf(EXTRACT, frozenset([8])),
    "Last month": SheetOf(EXTRACT[:6], hidden=True),
}


@pytest.fixture
def receive(run_algorithm, tmp_path: Path):
    """Return a function that imports bytes and gives the outcome and its rows by number."""

    def run(data: bytes, name: str, **options):
        path = tmp_path / name
        path.write_bytes(data)
        return run_algorithm(
            "importreports",
            {
                "SOURCE": str(path),
                "OUTPUT": str(tmp_path / "reports.gpkg"),
                "REJECTED": "TEMPORARY_OUTPUT",
                **options,
            },
        )

    return run


def check(outcome, name: str) -> None:
    receipt = json.loads((RECEIPTS / name).read_text(encoding="utf-8"))
    rejected = {str(row["source_row"]): row["code"] for row in outcome.rows("REJECTED")}
    assert rejected == receipt["rejected"]
    rows = {str(row["source_row"]): row for row in outcome.rows("OUTPUT")}
    assert sorted(rows, key=int) == list(receipt["accepted"])
    for number, (report_id, at, precision, reasons, flags) in receipt["accepted"].items():
        row = rows[number]
        held = (row["submitted_at"].isoformat() if row["submitted_at"] else None,
                row["submitted_precision"], row["reasons"], row["flags"])  # fmt: skip
        assert (number, *held) == (number, at, precision, reasons, flags)
        assert row["report_id"] == report_id or row["report_id"].startswith("h:") == (
            report_id == "h:"
        )
    assert {n: rows[n]["place_source"] for n in receipt["sources"]} == receipt["sources"]
    assert {number: outcome[number] for number in NUMBERS} == {n: receipt[n] for n in NUMBERS}
    notes = outcome.layer("OUTPUT").metadata().abstract().splitlines()
    assert [line for line in receipt["said"] if line not in notes] == []
    for beginning in receipt["warned"]:
        assert any(warning.startswith(beginning) for warning in outcome.warnings)


def test_the_worst_text_file_in_britain(receive):
    """Faults 35, 38, 40, 41, 44, 45, 46, 49, 50, 53 to 68, 74, 76, 78, all in one file."""
    check(receive(TEXT.encode("utf-8-sig"), "worst £ extract.csv"), "text.receipt.json")


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_the_worst_workbook_in_britain(receive, kind):
    """Faults 45, 47, 49, 50, 54, 61, 66, all in one workbook."""
    data = getattr(workbooks, kind)(WORKBOOK)
    check(receive(data, f"worst £ extract.{kind}"), "workbook.receipt.json")


HEADER = "ref,submitted,longitude,latitude,Badly lit"
LINE = "1,2024-04-13,-1.1330,52.6363,1"


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (f"{HEADER}\n{LINE}\n".encode("utf-16"), {}),  # Faults 37
        (f"{HEADER}\r{LINE}\r".encode(), {}),  # Faults 42
        (f"sep=;\n{HEADER}\n{LINE}\n".replace(",", ";").encode(), {}),
        (f"{HEADER},caf\xe9\n{LINE},\xa31\n".encode("cp1252"), {"ENCODING": 2}),  # Faults 36
        ((f"{HEADER},text\n{LINE}," + "x" * 900_000 + "\n").encode(), {}),  # Faults 60
    ],
)
def test_text_that_reads_right(receive, data, options):
    """Faults 36, 37, 42, 60: encodings, line ends and long cells that lose nothing."""
    outcome = receive(data, "x.csv", **options)
    assert (outcome["ROWS_READ"], outcome["ACCEPTED"], outcome["MENTIONS"]) == (1, 1, 1)


REFUSED = {
    "empty": (b"", "Choose another file"),  # Faults 43
    "header only": (HEADER.encode(), "Choose another file"),  # Faults 43
    "unlabelled": (f"{HEADER}\n{LINE}\xa3".encode("cp1252"), "ENCODING"),  # Faults 36
    "unclosed quote": (f'{HEADER}\n{LINE}\n2,"2024\n{LINE}\n'.encode(), "Mend"),  # Faults 39
    "two ways": (f"{HEADER}\n{LINE.replace('2024-04-13', '03/04/2024')}".encode(), "DATE_ORDER"),
    "two orders": (
        f"{HEADER}\n1,13/04/2024,-1.13,52.6,1\n2,04/13/2024,-1.13,52.6,1".encode(),
        "DATE_ORDER",
    ),  # Faults 53
    "no places": (b"ref,submitted\n1,2024-04-13\n", "Longitude and Latitude"),
    "no headings": (b"1,-1.13981,52.63691\n2,-1.13982,52.63692\n", "first row"),
    "no system": (
        b'{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"x"}},'
        b'"features":[{"type":"Feature","properties":{},"geometry":{"type":"Point",'
        b'"coordinates":[1,2]}}]}',
        "EPSG:4326",
    ),  # Faults 69
    "virtual": (b"<OGRVRTDataSource></OGRVRTDataSource>", "XLSX"),  # Faults S14
    "many sheets": (
        workbooks.xlsx({"A": [HEADER.split(","), LINE.split(",")],
                        "B": [HEADER.split(","), LINE.split(",")]}),
        "SHEET",
    ),  # Faults 50
    "zip slip": (workbooks.zipped({"../x.csv": f"{HEADER}\n{LINE}"}), "Unpack"),  # Faults S19
    "pdf": (b"%PDF-1.4", "Export"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_every_refusal_names_the_file_or_column_and_what_to_do(receive, case):
    """One sentence that says what and where, and one that says what to do; no cell is quoted."""
    data, remedy = REFUSED[case]
    with pytest.raises((QgsProcessingException, Refused)) as refusal:
        receive(data, "secret £ file.csv")
    sentence = str(refusal.value)
    assert "“secret £ file.csv”" in sentence
    assert "Traceback" not in sentence
    assert "/" not in sentence.replace("poor/no", "").replace("03/04/2024", "").replace(
        "13/04/2024", ""
    ).replace("04/13/2024", "")
    assert sentence.endswith(".")
    assert len(re.findall(r"[.:] (?=[A-Z])", sentence)) <= 2
    assert remedy in sentence


def test_columns_that_are_swapped_throughout_are_put_right_and_said(receive):
    """Faults 63: all rows lie in Britain only the other way round."""
    lines = [f"{n},2024-04-13,52.63{n:02d},-1.13{n:02d},1" for n in range(1, 30)]
    outcome = receive("\n".join([HEADER, *lines]).encode(), "x.csv")
    assert outcome["ACCEPTED"] == 29
    assert all("axes_swapped" in row["flags"] for row in outcome.rows("OUTPUT"))
    assert any("each other's place" in warning for warning in outcome.warnings)


def test_columns_swapped_in_part_are_left_and_the_odd_rows_rejected(receive):
    """Faults 63: one row in five the other way round proves nothing about the column."""
    lines = [f"{n},2024-04-13,-1.13{n:02d},52.63{n:02d},1" for n in range(10, 50)]
    lines += [f"{n},2024-04-13,52.63{n:02d},-1.13{n:02d},1" for n in range(50, 60)]
    outcome = receive("\n".join([HEADER, *lines]).encode(), "x.csv")
    assert (outcome["ACCEPTED"], outcome["REJECTED_ROWS"]) == (40, 10)
    assert {row["code"] for row in outcome.rows("REJECTED")} == {"outside_gb"}
    assert "exchanged" in outcome.rows("REJECTED")[0]["reason"]


@pytest.mark.parametrize(
    ("header", "place", "held"),
    [
        ("longitude,latitude", "458224,304400", "metres"),
        ("easting,northing", "-1.1,52.6", "degrees"),
    ],
)
def test_a_whole_column_in_the_wrong_unit_is_said_with_the_remedy(receive, header, place, held):
    """Faults 64, 65: every row is rejected by its code, and one sentence says why."""
    lines = [f"{n},2024-04-13,{place},1" for n in range(5)]
    text = "\n".join([f"ref,submitted,{header},Badly lit", *lines])
    outcome = receive(text.encode(), "x.csv")
    assert outcome["REJECTED_ROWS"] == 5
    assert any(f"hold {held} in 5 of 5 rows" in warning for warning in outcome.warnings)
