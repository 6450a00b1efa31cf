# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context"
)
FIELDS = (
    "crime_id month month_start reported_by falls_within location lsoa_code lsoa_name crime_type"
    " last_outcome flags source_file source_row"
).split()


def line(crime_id="", month="2021-11", place="-1.1330,52.6363", crime_type="Anti-social behaviour"):
    return f"{crime_id},{month},F,F,{place},On or near X,E01,X 001A,{crime_type},Under way,"


def content(*lines: str, line_end: str = "\n") -> bytes:
    return line_end.join([HEADER, *lines, ""]).encode()


MONTHS = {
    "2021-11": content(line("a"), line(), line(), line(place=",")),
    "2022-01": content(line("b", "2022-01", crime_type="Robbery"), line_end="\r\n"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of two month folders, with a file of another kind in one."""
    root = tmp_path / "down load"
    for month, data in MONTHS.items():
        (root / month).mkdir(parents=True)
        (root / month / f"{month}-f-street.csv").write_bytes(data)
    outcomes = b"Crime ID,Month,Outcome type\na,2021-11,Under way\n"
    (root / "2021-11" / "2021-11-f-outcomes.csv").write_bytes(outcomes)
    return root


@pytest.fixture
def imported(run_algorithm, tmp_path: Path):
    """Return a function that imports to GeoPackages and returns the outcome."""

    def run(source: object, **options):
        return run_algorithm(
            "importcrimes",
            {
                "SOURCE": str(source),
                "OUTPUT": str(tmp_path / "crimes.gpkg"),
                "REJECTED": str(tmp_path / "rejected.gpkg"),
                **options,
            },
        )

    return run


def counts(outcome) -> list[int]:
    """Return the numbers and check that the account closes."""
    parts = [outcome[name] for name in ("ACCEPTED", "NO_LOCATION", "REJECTED_ROWS", "FILTERED_OUT")]
    assert outcome["ROWS_READ"] == sum(parts)
    return [outcome["ROWS_READ"], *parts]


def test_a_folder(imported, folder):
    outcome = imported(folder)
    assert counts(outcome) == [5, 4, 1, 0, 0]
    assert outcome["MISSING_MONTHS"] == "2021-12"
    layer = outcome.layer("OUTPUT")
    assert [field.name() for field in layer.fields() if field.name() != "fid"] == FIELDS
    assert layer.crs().authid() == "EPSG:27700"
    rows = outcome.rows("OUTPUT")
    assert [row["crime_id"] for row in rows] == ["a", None, None, "b"]
    assert rows[3]["month_start"].isoformat() == "2022-01-01"
    assert (rows[3]["source_file"], rows[3]["source_row"]) == ("2022-01-f-street.csv", 2)
    [rejected] = outcome.rows("REJECTED")
    assert (rejected["source_row"], rejected["code"]) == (5, "no_place")
    assert any("1 files that are not street-level" in text for text in outcome.messages)


def test_a_zip_and_a_single_file_give_the_same_as_the_folder(imported, folder, tmp_path):
    packed = tmp_path / "download.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for month, data in MONTHS.items():
            archive.writestr(f"{month}/{month}-f-street.csv", data)
    assert counts(imported(packed)) == counts(imported(folder))
    assert counts(imported(folder / "2021-11" / "2021-11-f-street.csv")) == [4, 3, 1, 0, 0]


def test_the_same_file_in_two_downloads_is_read_once(imported, folder):
    (folder / "again").mkdir()
    (folder / "again" / "2021-11-f-street.csv").write_bytes(MONTHS["2021-11"])
    outcome = imported(folder)
    assert counts(outcome) == [5, 4, 1, 0, 0]
    assert any("Read once though given twice" in text for text in outcome.messages)


def test_two_versions_of_a_month_are_refused(imported, folder, tmp_path):
    (folder / "newer").mkdir()
    (folder / "newer" / "2021-11-f-street.csv").write_bytes(content(line("a")))
    with pytest.raises(QgsProcessingException, match="both hold 2021-11"):
        imported(folder)
    assert not list(tmp_path.glob("*.gpkg"))


# numbers of the list in the algorithm: 0 is anti-social behaviour, 9 robbery
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"CRIME_TYPES": [9]}, [5, 1, 0, 0, 4]),
        ({"CRIME_TYPES": "0,9"}, [5, 4, 1, 0, 0]),
        ({"FROM_MONTH": "2021-12"}, [5, 1, 0, 0, 4]),
        ({"TO_MONTH": "2021-12"}, [5, 3, 1, 0, 1]),
        ({"FROM_MONTH": "2022-02"}, [5, 0, 0, 0, 5]),
    ],
)
def test_rows_not_asked_for_have_their_own_number(imported, folder, options, expected):
    assert counts(imported(folder, **options)) == expected


def test_months_asked_for_and_not_held_are_missing(imported, folder):
    outcome = imported(folder, FROM_MONTH="2021-10", TO_MONTH="2021-11")
    assert outcome["MISSING_MONTHS"] == "2021-10"


def test_crimes_outside_the_area_are_kept_and_flagged(imported, folder, make_layer):
    (folder / "2022-01" / "2022-01-f-street.csv").write_bytes(
        content(line("b", "2022-01", place="-1.3000,52.7000"))
    )
    area = make_layer(
        ["POLYGON ((-1.2 52.6, -1.1 52.6, -1.1 52.7, -1.2 52.7, -1.2 52.6))"],
        "Polygon",
        crs="EPSG:4326",
    )
    outcome = imported(folder, AREA=area)
    assert (outcome["ACCEPTED"], outcome["OUTSIDE_AREA"]) == (4, 1)
    assert [row["flags"] for row in outcome.rows("OUTPUT")] == [
        *["snapped"] * 3,
        "snapped;outside_area",
    ]


def test_the_receipt_stays_with_the_layer(imported, folder):
    outcome = imported(folder)
    history = "\n".join(outcome.layer("OUTPUT").metadata().history())
    assert "5 rows read = 4 crimes + 1 without a location" in history
    assert "SHA-256" in history
    assert "nearest of a fixed list of places" in history
    assert str(folder.parent) not in history


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"SOURCE": "/no/such/folder"}, r"\(SOURCE\) “folder” does not exist"),
        ({"SOURCE": "https://data.police.uk/x.zip"}, r"\(SOURCE\) is an address"),
        ({"FROM_MONTH": "2021-9"}, r"\(FROM_MONTH\) is “2021-9”"),
        ({"TO_MONTH": "2021-13"}, r"\(TO_MONTH\) is “2021-13”"),
        ({"FROM_MONTH": "2022-02", "TO_MONTH": "2022-01"}, "is after .*TO_MONTH"),
    ],
)
def test_what_can_be_known_before_is_refused_before(run_algorithm, folder, options, sentence):
    parameters = {"SOURCE": str(folder), "OUTPUT": "TEMPORARY_OUTPUT", **options}
    with pytest.raises(Exception, match=sentence) as refusal:
        run_algorithm("importcrimes", parameters)
    assert type(refusal.value).__name__ == "Refused"


def test_other_files_are_refused(imported, folder, tmp_path):
    with pytest.raises(QgsProcessingException, match="not street-level crime"):
        imported(folder / "2021-11" / "2021-11-f-outcomes.csv")
    empty = tmp_path / "empty-street.csv"
    empty.write_bytes(content())
    with pytest.raises(QgsProcessingException, match=r"\(SOURCE\) holds no rows"):
        imported(empty)


@pytest.mark.parametrize("at", [0, 30, 70])
def test_cancelling_leaves_nothing(run_algorithm, tmp_path, at):
    source = tmp_path / "x-street.csv"
    source.write_bytes(content(*[line(str(number)) for number in range(12_000)]))
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(Exception, match="Cancelled"):
        run_algorithm(
            "importcrimes",
            {"SOURCE": str(source), "OUTPUT": str(target / "crimes.gpkg")},
            cancel_at=at,
        )
    assert list(target.iterdir()) == []


def test_a_month_of_real_data(imported, real_data):
    """8,719 lines with the header (wc -l), 64 of them "No Location" (grep -c)."""
    outcome = imported(real_data / "police_uk" / "2021-11-leicestershire-street.csv")
    assert counts(outcome) == [8_718, 8_654, 64, 0, 0]


def counted_from_the_files(packed: Path) -> tuple[int, int]:
    """Return the rows of every street file in a ZIP, and how many of them have no place."""
    rows = unplaced = 0
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            if name.endswith("-street.csv"):
                text = io.TextIOWrapper(archive.open(name), encoding="utf-8-sig", newline="")
                for row in csv.DictReader(text):
                    rows += 1
                    unplaced += not row["Longitude"]
    return rows, unplaced


def test_forty_months_of_real_data(run_algorithm, real_data, tmp_path):
    """Every row of the ZIP, as Python's own csv counts them, is a crime or has no place."""
    packed = real_data / "police_uk" / "leicestershire-street-2018-10_2022-10.zip"
    rows, unplaced = counted_from_the_files(packed)
    target = tmp_path / "crimes.gpkg"
    outcome = run_algorithm("importcrimes", {"SOURCE": str(packed), "OUTPUT": str(target)})
    assert (outcome["ROWS_READ"], outcome["NO_LOCATION"]) == (rows, unplaced) == (344_693, 8_751)
    assert outcome["ACCEPTED"] == outcome.layer("OUTPUT").featureCount() == rows - unplaced
    assert outcome["REJECTED_ROWS"] == outcome["FILTERED_OUT"] == 0
