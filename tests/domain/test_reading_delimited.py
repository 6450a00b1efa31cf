# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import csv
import hashlib
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain.errors import Cancelled, InputRefused
from streetsafe_plugin.domain.reading.delimited import LONGEST_CELL, find_delimiter, read_delimited
from streetsafe_plugin.domain.reading.table import NoRows, tidy_header


def read(text: str, **options):
    return read_delimited(text.encode(), "reports.csv", **options)


def test_every_cell_stays_the_text_it_was():
    table = read("ref,n\n007,1E5\n12345678901234567890,+1.50\n")
    assert table.header == ("ref", "n")
    assert [list(row) for row in table.rows] == [["007", "1E5"], ["12345678901234567890", "+1.50"]]


def test_rows_are_numbered_as_a_person_counts_them():
    table = read('a,b\n1,2\n\n"two\nlines",4\n,\n5,6\n')
    assert list(table.row_numbers) == [2, 4, 6]
    assert table.rows[1][0] == "two\nlines"
    assert any("delimiters and are no rows: 1." in note for note in table.notes)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_line_ends(delimiter, line_end):
    lines = [delimiter.join(cells) for cells in (["a", "b", "c"], ["1", "x y", ""], ["2", "", "z"])]
    table = read(line_end.join(lines))
    assert table.header == ("a", "b", "c")
    assert [list(row) for row in table.rows] == [["1", "x y", ""], ["2", "", "z"]]


def test_decimal_commas_do_not_win_over_semicolons():
    assert find_delimiter("id;lat;lon\n1;52,6;-1,1\n2;52,7;-1,2\n") == ";"


def test_bars_and_semicolons_inside_cells_do_not_win_over_commas():
    assert find_delimiter("id,reasons\n1,a;b;c\n2,a|b|c|d\n") == ","


def test_excels_hint_names_the_delimiter():
    table = read("sep=;\na;b\n1,5;2\n")
    assert table.header == ("a", "b")
    assert list(table.rows[0]) == ["1,5", "2"]


def test_a_row_of_the_wrong_width_is_refused_and_the_others_are_read():
    table = read("a,b\n1,2\n1,2,3\n1\n3,4\n")
    assert [list(row) for row in table.rows] == [["1", "2"], ["3", "4"]]
    assert [(one.row, one.code, one.cells) for one in table.refused] == [
        (3, "wrong_width", ("1", "2", "3")),
        (4, "wrong_width", ("1",)),
    ]
    assert table.rows_read == 4


def test_an_unclosed_quotation_mark_stops_the_reading_and_names_the_line():
    with pytest.raises(InputRefused) as refusal:
        read('a,b\n1,2\n3,"four\n5,6\n')
    assert "line 3" in str(refusal.value)
    assert "four" not in str(refusal.value)


def test_a_quotation_mark_closed_too_early_stops_the_reading():
    with pytest.raises(InputRefused, match="line 2"):
        read('a,b\n"x"y,2\n3,4\n')


def test_a_quotation_mark_inside_a_cell_is_text():
    assert list(read('a,b\n5" pipe,2\n').rows[0]) == ['5" pipe', "2"]


def test_a_nul_byte_costs_its_row_and_no_other():
    table = read_delimited(b"a,b\n1,2\n3,\x004\n5,6\n", "reports.csv")
    assert [list(row) for row in table.rows] == [["1", "2"], ["5", "6"]]
    assert [(one.row, one.code, one.cells) for one in table.refused] == [
        (3, "unreadable_row", ("3", "\x004"))
    ]


def test_a_cell_beyond_the_cap_costs_its_row():
    table = read(f"a,b\n1,{'x' * (LONGEST_CELL + 1)}\n2,{'y' * LONGEST_CELL}\n")
    assert [(one.row, one.code) for one in table.refused] == [(2, "unreadable_row")]
    assert len(table.rows[0][1]) == LONGEST_CELL


def test_csvs_own_limit_is_never_lowered():
    """It is one for the process, and another thread may be reading a longer file."""
    read(f"a,b\n1,{'x' * 200_000}\n")
    lifted = csv.field_size_limit()
    assert lifted > 200_000
    read("a,b\n1,2\n")
    assert csv.field_size_limit() == lifted


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_are_recognised(encoding):
    table = read_delimited("name,n\n£ – é “x”,1\n".encode(encoding), "reports.csv")
    assert table.header == ("name", "n")
    assert table.rows[0][0] == "£ – é “x”"


def test_what_is_not_utf_8_is_refused_with_the_way_out():
    data = "name,n\nplain,1\ncafé £5,2\n".encode("cp1252")
    with pytest.raises(InputRefused, match="line 3") as refusal:
        read_delimited(data, "reports.csv")
    assert "ENCODING" in refusal.value.hint
    assert "windows-1252" in refusal.value.hint
    table = read_delimited(data, "reports.csv", "windows-1252")
    assert table.rows[1][0] == "café £5"


def test_utf_8_is_not_read_as_windows_1252():
    with pytest.raises(InputRefused, match="UTF-8"):
        read_delimited("name,n\ncafé,1\n".encode(), "reports.csv", "windows-1252")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_named_and_can_be_stated(codec):
    data = "name,n\ncafé,1\n".encode(codec)
    with pytest.raises(InputRefused, match="UTF-16"):
        read_delimited(data, "reports.csv")
    assert read_delimited(data, "reports.csv", "utf-16").rows[0][0] == "café"


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_an_empty_file_is_refused(text):
    with pytest.raises(InputRefused, match="is empty"):
        read(text)


@pytest.mark.parametrize("text", ["a,b\n", "a,b\n\n,\n"])
def test_a_header_alone_is_refused(text):
    with pytest.raises(NoRows, match="no rows"):
        read(text)


def test_headings_are_filled_in_and_made_different():
    header, notes = tidy_header(["id", "", "ID", "id_2", "id", " \ufeffName\u00a0x "])
    assert header == ("id", "column_2", "ID_3", "id_2", "id_4", "Name x")
    assert len({name.casefold() for name in header}) == len(header)
    assert len(notes) == 3


def test_the_files_sha_256_is_kept():
    data = b"a,b\n1,2\n"
    assert read_delimited(data, "x.csv").sha256 == hashlib.sha256(data).hexdigest()


def test_reading_can_be_cancelled_on_the_way():
    shares = []

    def tick(share: float) -> None:
        shares.append(share)
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        read("a,b\n" + "1,2\n" * 50_000, tick=tick)
    assert shares == sorted(shares)
    assert shares[-1] < 0.5


CELLS = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\uffff"), max_size=12
)


@given(
    st.integers(2, 5).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width).filter(any), min_size=1, max_size=8
        )
    )
)
@example([["", "\t"]] * 3)  # a tab in quotation marks parts nothing
@settings(max_examples=100, deadline=None)
def test_what_csv_writes_is_read_back_to_the_letter(rows):
    header = [f"column {number}" for number in range(len(rows[0]))]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    table = read_delimited(text.getvalue().encode(), "reports.csv")
    assert [list(row) for row in table.rows] == rows


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_table_or_one_sentence(data):
    try:
        table = read_delimited(data, "reports.csv")
    except InputRefused:
        return
    assert table.rows_read > 0
    assert all(len(row) == len(table.header) for row in table.rows)


def test_a_delimiter_after_every_row_but_the_header_parts_nothing():
    """Faults 40: what is too much in every row is no row's fault."""
    table = read_delimited(b"a,b\n1,2,\n3,4,\n", "x.csv")
    assert table.row(1)[:2] == ["3", "4"]
    assert not table.refused
    odd_one = read_delimited(b"a,b\n1,2,\n3,4\n", "x.csv")
    assert [row.row for row in odd_one.refused] == [2]
