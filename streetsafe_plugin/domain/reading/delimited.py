# SPDX-License-Identifier: GPL-2.0-or-later
"""Read delimited text strictly: every row is taken, refused by number, or stops the reading.

Readers that guess lose rows: an unclosed quotation mark swallows the rest of a file, a number
column turns `007` into 7. Here every cell stays the text it was, and what cannot be read is said
with its line or row.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from itertools import islice

import numpy as np

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.table import (
    NoRows,
    RawTable,
    RefusedRow,
    columns_of,
    tidy_header,
)

#: The encodings a user may state; `auto` is UTF-8, or UTF-16 where the file begins by saying so.
ENCODINGS = ("auto", "utf-8", "windows-1252", "utf-16")
LONGEST_CELL = 1_000_000
MOST_COLUMNS = 2_000

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}
_PROBE_ROWS = 50
_PROBE_CHARACTERS = 200_000
_ROWS_PER_TICK = 5_000
# a character that stands for nothing, put where a NUL byte was: csv refuses NULs before 3.11
_WAS_NUL = "\uffff"
_EXCEL_HINT = re.compile(r"\A\"?sep=([^\r\n])\"?(?:\r\n|\r|\n)", re.IGNORECASE)


def read_delimited(
    data: bytes, file_name: str, encoding: str = "auto", tick: Tick = no_tick
) -> RawTable:
    """Read a file whose cells are parted by commas, semicolons, tabs or upright bars.

    Rows that do not have as many cells as the header are refused as `wrong_width`, rows that hold
    what is not text as `unreadable_row`. Lines that are blank or hold nothing but delimiters are
    not rows, but count in the numbering.

    Raises:
        InputRefused: empty, not in the stated encoding, or a quotation mark is not closed.
    """
    text, encoding_used = decode(data, file_name, encoding)
    if not text.strip():
        raise InputRefused(f"“{file_name}” is empty.", "Choose another file.")
    hint = _EXCEL_HINT.match(text)
    if hint:
        text = text[hint.end() :]
    delimiter = hint[1] if hint else find_delimiter(text)
    records = _records(text, delimiter, file_name, tick)

    header_cells: list[str] = next((cells for _, cells in records if any(cells)), [])
    header, header_notes = _read_header(header_cells, file_name)
    rows: list[list[str]] = []
    numbers: list[int] = []
    refused: list[RefusedRow] = []
    only_delimiters = 0
    for number, cells in records:
        if not any(cells):
            only_delimiters += bool(cells)
            continue
        problem = _problem_with(cells, len(header))
        if problem is None:
            rows.append(cells)
            numbers.append(number)
        else:
            shown = tuple(cell.replace(_WAS_NUL, "\0") for cell in cells)
            refused.append(RefusedRow(number, *problem, shown))
    if not (rows or refused):
        raise NoRows(file_name)

    parted = _DELIMITERS.get(delimiter, f"“{delimiter}”")
    notes = [f"Read as {encoding_used}, cells parted by {parted}.", *header_notes]
    if only_delimiters:
        notes.append(f"{only_delimiters} lines hold nothing but delimiters and are not rows.")
    digest = hashlib.sha256(data).hexdigest()
    return RawTable(
        file_name,
        header,
        columns_of(rows, len(header)),
        np.array(numbers, dtype=np.int64),
        tuple(refused),
        digest,
        notes=tuple(notes),
    )


def decode(data: bytes, file_name: str, encoding: str = "auto") -> tuple[str, str]:
    """Return the text and the encoding it was in; a mark at the beginning is always believed.

    Raises:
        InputRefused: the bytes are not text in that encoding.
    """
    if data.startswith(codecs.BOM_UTF8):
        codec, name = "utf-8-sig", "UTF-8"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec, name = "utf-16", "UTF-16"
    elif encoding == "utf-16":
        codec, name = _utf_16_order(data), "UTF-16"
    elif encoding == "windows-1252":
        codec, name = "cp1252", "windows-1252"
        if _is_utf_8_beyond_ascii(data):
            raise InputRefused(
                f"“{file_name}” is in UTF-8, not in windows-1252.", "Set ENCODING to auto."
            )
    else:
        codec, name = "utf-8", "UTF-8"
        if data[:1000].count(0) > len(data[:1000]) // 4:
            raise InputRefused(
                f"“{file_name}” looks like UTF-16 without the mark that says so.",
                "Set ENCODING to utf-16, or save the file as CSV UTF-8.",
            )
    try:
        return data.decode(codec).replace("\0", _WAS_NUL), name
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputRefused(
            f"“{file_name}” is not in {name}: line {line} holds bytes that are no text in it.",
            "Save it as CSV UTF-8, or set ENCODING (windows-1252 is what older Excel writes).",
        ) from error


def find_delimiter(text: str) -> str:
    """Return the delimiter that gives the first rows most cells and as many as the header."""
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> float:
    probe = text[:_PROBE_CHARACTERS]
    _allow_cells_of(len(probe))
    reader = csv.reader(io.StringIO(probe, newline=""), delimiter=delimiter)
    widths = [len(cells) for cells in islice(reader, _PROBE_ROWS) if any(cells)]
    if not widths:
        return 0.0
    alike = widths.count(widths[0]) / len(widths)
    return (widths[0] - 1) * alike


def _records(
    text: str, delimiter: str, file_name: str, tick: Tick
) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its number, counting blank lines too."""
    lines = max(text.count("\n"), text.count("\r"), 1)
    _allow_cells_of(len(text))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, begun_on = 0, 1
    try:
        for number, cells in enumerate(reader, start=1):
            if number % _ROWS_PER_TICK == 0:
                tick(min(number / lines, 1.0))
            yield number, cells
            begun_on = reader.line_num + 1
    except csv.Error as error:
        raise InputRefused(
            f"“{file_name}” has a quotation mark out of place: the row that begins on line"
            f" {begun_on} (row {number + 1}) has one that is not closed, or closed too early.",
            "Mend the quotation marks in that row and import again.",
        ) from error


def _allow_cells_of(longest: int) -> None:
    """Lift csv's limit on a cell, which is one for the whole process.

    It is not lowered again: another thread may be reading a longer file.
    """
    csv.field_size_limit(max(csv.field_size_limit(), longest + 1))


def _read_header(cells: list[str], file_name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(cells) > MOST_COLUMNS:
        raise InputRefused(
            f"“{file_name}” has {len(cells)} columns; at most {MOST_COLUMNS} can be read.",
            "Keep only the columns that describe the reports.",
        )
    if any(_WAS_NUL in cell for cell in cells):
        raise InputRefused(
            f"“{file_name}” is not text: its first line holds NUL bytes.",
            "Save it as CSV UTF-8.",
        )
    return tidy_header(cells)


def _problem_with(cells: list[str], width: int) -> tuple[str, str] | None:
    """Return why a row cannot be laid under the header, as a code and a sentence."""
    if any(_WAS_NUL in cell for cell in cells):
        return "unreadable_row", "The row holds NUL bytes, so part of it is not text."
    if len(cells) != width:
        return "wrong_width", f"The row has {len(cells)} cells where the header has {width}."
    if max(map(len, cells)) > LONGEST_CELL:
        return "unreadable_row", f"A cell of the row is longer than {LONGEST_CELL:,} characters."
    return None


def _utf_16_order(data: bytes) -> str:
    """Return UTF-16 with the byte order in which the blanks and digits have their zero bytes."""
    return "utf-16-be" if data[:1000:2].count(0) > data[1:1000:2].count(0) else "utf-16-le"


def _is_utf_8_beyond_ascii(data: bytes) -> bool:
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False
