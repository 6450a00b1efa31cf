# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from datetime import date

import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.crime_receipt import crime_receipt
from streetsafe_plugin.domain.reading.crimes import (
    CRIME_TYPES,
    CrimeFilter,
    CrimesRead,
    StreetFile,
    read_crimes,
)

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context"
)


def line(
    crime_id: str = "",
    month: str = "2021-11",
    place: str = "-1.14,52.64",
    crime_type: str = "Anti-social behaviour",
    force: str = "A Police",
) -> str:
    return f"{crime_id},{month},{force},{force},{place},On or near X,E01,X 001A,{crime_type},,"


def file_of(*lines: str, name: str = "2021-11-a-street.csv", line_end: str = "\n", **more: str):
    data = line_end.join([HEADER, *lines, ""]).encode()
    return StreetFile(name, more.get("found_in", "folder"), len(data), lambda: data)


def read(*files: StreetFile, **wanted) -> CrimesRead:
    return read_crimes(files, CrimeFilter(**wanted))


def test_a_row_becomes_a_crime():
    result = read(file_of(line("abc", crime_type="Robbery")))
    crimes = result.crimes
    assert crimes.crime_id.tolist() == ["abc"]
    assert crimes.month_start.tolist() == [date(2021, 11, 1)]
    assert crimes.location.tolist() == ["On or near X"]
    assert crimes.crime_type.tolist() == ["Robbery"]
    assert crimes.source_file.tolist() == ["2021-11-a-street.csv"]
    assert crimes.source_row.tolist() == [2]
    assert crimes.lonlat.tolist() == [[-1.14, 52.64]]


def test_identical_rows_without_an_id_are_separate_incidents():
    result = read(file_of(line(), line(), line()))
    assert len(result.crimes) == result.rows_read == 3


def test_every_row_is_accounted_for():
    result = read(
        file_of(
            line(),
            line(place=","),
            line(place="0,0"),
            line(place="-5.93,54.60"),
            line(place="181,52"),
            line(month="2021-13"),
            line() + ",",
            line(month="2021-10"),
            line(crime_type="Robbery"),
        ),
        types=frozenset(("Anti-social behaviour",)),
        from_month="2021-11",
    )
    assert (result.rows_read, len(result.crimes), result.no_location) == (9, 1, 1)
    assert (result.rejected_rows, result.filtered_out) == (5, 2)
    assert result.rejected_by_code == {
        "no_place": 1,
        "zero_place": 1,
        "outside_gb": 1,
        "outside_earth": 1,
        "unreadable_row": 1,
        "wrong_width": 1,
    }
    text = "\n".join(crime_receipt(result, CrimeFilter(from_month="2021-11")))
    assert "9 rows read = 1 crime + 1 without a location + 5 rejected + 2 not asked for." in text


def test_places_abroad_are_kept_where_the_work_is_abroad():
    files = [file_of(line(place="-5.93,54.60"))]
    assert len(read_crimes(files, None, in_great_britain_only=False).crimes) == 1


@pytest.mark.parametrize("second_end", ["\n", "\r\n"])
def test_one_content_given_twice_is_read_once_and_said(second_end):
    result = read(file_of(line(), found_in="a"), file_of(line(), line_end=second_end, found_in="b"))
    assert result.rows_read == 1
    assert result.repeated_files == ("b/2021-11-a-street.csv",)
    assert any("given twice" in text for text in crime_receipt(result, CrimeFilter()))


def test_line_ends_make_no_difference():
    one = read(file_of(line("a"), line("b")))
    other = read(file_of(line("a"), line("b"), line_end="\r\n"))
    assert one.crimes.crime_id.tolist() == other.crimes.crime_id.tolist() == ["a", "b"]
    assert one.crimes.source_row.tolist() == other.crimes.source_row.tolist()
    assert one.digest == other.digest


def test_two_versions_of_one_month_and_force_are_refused():
    with pytest.raises(InputRefused, match=r"2021-11 as reported by A Police"):
        read(file_of(line()), file_of(line(), line(), name="renamed-street.csv"))


def test_two_forces_in_one_month_are_read():
    result = read(file_of(line()), file_of(line(force="B Police"), name="2021-11-b-street.csv"))
    assert result.rows_read == 2


def test_missing_months_lie_between_the_first_and_last():
    result = read(
        file_of(line(month="2021-11")), file_of(line(month="2022-02"), name="2022-02-a-street.csv")
    )
    assert result.missing_months(CrimeFilter()) == ["2021-12", "2022-01"]
    assert result.missing_months(CrimeFilter(from_month="2021-10", to_month="2021-12")) == [
        "2021-10",
        "2021-12",
    ]


def test_a_month_without_rows_stops_nothing():
    result = read(file_of(), file_of(line(), name="b-street.csv"))
    assert result.rows_read == 1


def test_other_files_are_refused():
    data = b"Crime ID,Month,Outcome type\na,2021-11,x\n"
    with pytest.raises(InputRefused, match="Crime type"):
        read(StreetFile("x-outcomes.csv", "f", len(data), lambda: data))


def test_older_files_lack_the_last_outcome():
    header = HEADER.replace("Last outcome category,", "")
    data = f"{header}\n{line()[:-1]}\n".encode()
    result = read(StreetFile("x-street.csv", "f", len(data), lambda: data))
    assert result.crimes.last_outcome[0] == ""


def test_progress_reaches_the_end_over_all_files():
    shares: list[float] = []
    files = [file_of(line()), file_of(line(month="2021-12"), name="2021-12-a-street.csv")]
    read_crimes(files, tick=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_crime_types_are_those_the_police_publish():
    assert len(set(CRIME_TYPES)) == len(CRIME_TYPES) == 16
    assert CRIME_TYPES[0] == "Anti-social behaviour"


def test_a_web_page_saved_as_a_month_is_refused_by_name():
    """Faults 52: what a server sends in place of a file that is gone is no month."""
    page = b"<!DOCTYPE html><html><body>404</body></html>"
    file = StreetFile("2022-01-a-street.csv", "2022-01", len(page), lambda: page)
    with pytest.raises(InputRefused, match="“2022-01/2022-01-a-street.csv” is a web page") as no:
        read(file)
    assert no.value.hint.startswith("Download that month again")


def test_a_month_with_a_header_alone_is_named():
    """Faults 43: a header without rows is no month of no crime."""
    result = read(file_of(line()), file_of(name="2021-12-a-street.csv"))
    assert result.empty_files == ("2021-12-a-street.csv",)
    text = crime_receipt(result, CrimeFilter())
    assert "Without a row below the header: “2021-12-a-street.csv”." in text


def test_a_file_of_several_months_beside_one_of_them_is_refused():
    """Faults 61: its crimes would count twice, whichever month has most rows."""
    whole_year = file_of(
        line(month="2021-11"), line(month="2021-12"), line(month="2021-12"), name="all-street.csv"
    )
    with pytest.raises(InputRefused, match=r"2021-11 as reported by A Police"):
        read(whole_year, file_of(line(month="2021-11"), line()))


def test_stops_and_searches_are_no_crimes():
    data = b"Type,Date,Latitude,Longitude,Object of search\nPerson search,2022-01-01,52.6,-1.1,X\n"
    file = StreetFile("x.csv", "folder", len(data), lambda: data)
    with pytest.raises(InputRefused, match="stops and searches") as refusal:
        read(file)
    assert "Import reports" in refusal.value.hint


def test_how_many_places_hold_the_crimes_is_said():
    """Faults 77: published places are shared by many crimes."""
    result = read(file_of(line(), line(), line(place="-1.20,52.60")))
    assert result.crimes.places() == (2, 2)
    text = crime_receipt(result, CrimeFilter())
    assert "They lie on 2 places; the busiest holds 2." in text
