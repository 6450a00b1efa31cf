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
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import numpy as np

from streetsafe_plugin.domain.arrays import Ints, Texts
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.header import PROBE_ROWS, find_header
from streetsafe_plugin.domain.reading.table import (
    MOST_COLUMNS,
    NoRows,
    RawTable,
    RefusedRow,
    texts,
    tidy_header,
)

#: The encodings a user may state; `auto` is UTF-8, or UTF-16 where the file begins by saying so.
ENCODINGS = ("auto", "utf-8", "windows-1252", "utf-16")
LONGEST_CELL = 1_000_000

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}
_PROBE_ROWS = 50
_PROBE_CHARACTERS = 200_000
_BLOCK_ROWS = 4_000
#: A column with more different texts than this is not worth looking for repeats in.
_FEW_TEXTS = 5_000
# a character that stands for nothing, put where a NUL byte was: csv refuses NULs before 3.11
_WAS_NUL = "\uffff"
_EXCEL_HINT = re.compile(r"\A\"?sep=([^\r\n])\"?(?:\r\n|\r|\n)", re.IGNORECASE)


def read_delimited(
    data: bytes,
    file_name: str,
    encoding: str = "auto",
    tick: Tick = no_tick,
    header_row: int = 0,
) -> RawTable:
    """Read a file whose cells are parted by commas, semicolons, tabs or upright bars.

    Rows that do not have as many cells as the header are refused as `wrong_width`, rows that hold
    what is not text as `unreadable_row`. Lines that are blank or hold nothing but delimiters are
    not rows, but count in the numbering. `header_row` is the header's row from 1, 0 to find it.

    Raises:
        InputRefused: empty, not in the stated encoding, or a quotation mark is not closed.
    """
    encoded = _encoded(data, file_name, encoding)
    if not encoded.beginning().strip():
        raise InputRefused(f"“{file_name}” is empty.", "Choose another file.")
    hint = _EXCEL_HINT.match(encoded.beginning())
    skipped = hint.end() if hint else 0
    delimiter = hint[1] if hint else find_delimiter(encoded.beginning())
    _allow_cells_of(len(data))
    try:
        probe = list(islice(_reader(encoded, skipped, delimiter), max(PROBE_ROWS, header_row)))
        header = find_header(probe, file_name, header_row)
        headings = _with_trailing_blank(header.names, probe[header.after :])
        names, header_notes = _read_names(headings, file_name)
        blocks = _Blocks(len(names), encoded.has_nul)
        records = _reader(encoded, skipped, delimiter)
        blocks.skip(islice(records, header.after))
        while block := list(islice(records, _BLOCK_ROWS)):
            tick(encoded.position() / max(1, len(encoded.data)))
            blocks.take(block)
    except csv.Error as error:
        raise _quotation_out_of_place(encoded, skipped, delimiter, file_name) from error
    if not blocks.rows:
        raise NoRows(file_name)

    parted = _DELIMITERS.get(delimiter, f"“{delimiter}”")
    notes = [f"Read as {encoded.name}, cells parted by {parted}.", *header.notes, *header_notes]
    if blocks.only_delimiters:
        notes.append(
            f"Lines that hold nothing but delimiters and are no rows: {blocks.only_delimiters}."
        )
    return RawTable(
        file_name,
        names,
        blocks.columns(),
        np.concatenate([np.zeros(0, dtype=np.int64), *blocks.numbers]),
        tuple(blocks.refused),
        hashlib.sha256(data).hexdigest(),
        notes=tuple(notes),
    )


@dataclass
class _Encoded:
    """Bytes that are known to be text in `codec`, read piece by piece to spare memory."""

    data: bytes
    codec: str
    name: str
    has_nul: bool

    def beginning(self) -> str:
        """Return the first characters."""
        return self.stream().read(_PROBE_CHARACTERS)

    def stream(self) -> io.TextIOWrapper:
        """Return the text from its beginning."""
        self._bytes = io.BytesIO(self.data)
        return io.TextIOWrapper(self._bytes, encoding=self.codec, newline="")

    def position(self) -> int:
        """Return how many bytes of the last stream have been read."""
        return self._bytes.tell()


class _Blocks:
    """Takes records block by block and keeps their cells as columns.

    A column with few different texts keeps each of them once.
    """

    def __init__(self, width: int, has_nul: bool) -> None:
        self.width = width
        self.has_nul = has_nul
        self.number = 0
        self.numbers: list[Ints] = []
        self.refused: list[RefusedRow] = []
        self.only_delimiters = 0
        self._parts: list[list[Texts]] = [[] for _ in range(width)]
        self._seen: list[dict[str, str] | None] = [{} for _ in range(width)]

    @property
    def rows(self) -> int:
        """Return how many rows of data there are so far, readable or not."""
        return sum(map(len, self.numbers)) + len(self.refused)

    def skip(self, records: Iterable[list[str]]) -> None:
        """Pass over records, which count in the numbering."""
        self.number += sum(1 for _ in records)

    def take(self, block: list[list[str]]) -> None:
        """Keep the rows of a block, refuse those that do not fit, pass over blank ones."""
        first = self.number + 1
        self.number += len(block)
        numbers = np.arange(first, first + len(block))
        columns = list(zip(*block)) if set(map(len, block)) == {self.width} else None
        if columns is None or not self._is_plain(columns):
            kept = [row for row in range(len(block)) if self._fits(block[row], first + row)]
            columns = list(zip(*(block[row] for row in kept)))
            numbers = numbers[kept]
        if not columns:
            return
        self.numbers.append(numbers)
        for index, column in enumerate(columns):
            self._parts[index].append(self._once_each(index, column))

    def columns(self) -> tuple[Texts, ...]:
        """Return all that was taken."""
        nothing = np.empty(0, dtype=object)
        return tuple(np.concatenate([nothing, *parts]) for parts in self._parts)

    def _is_plain(self, columns: Sequence[Sequence[str]]) -> bool:
        """Tell whether every row of these columns surely holds something, and nothing strange."""
        return (
            any("" not in column for column in columns)
            and not self.has_nul
            and all(max(map(len, column)) <= LONGEST_CELL for column in columns)
        )

    def _fits(self, cells: list[str], number: int) -> bool:
        if not any(cells):
            self.only_delimiters += bool(cells)
            return False
        problem = _problem_with(cells, self.width)
        if problem is not None:
            shown = tuple(cell.replace(_WAS_NUL, "\0") for cell in cells)
            self.refused.append(RefusedRow(number, *problem, shown))
        return problem is None

    def _once_each(self, index: int, column: Sequence[str]) -> Texts:
        seen = self._seen[index]
        if seen is not None:
            column = list(map(seen.setdefault, column, column))
            if len(seen) > _FEW_TEXTS:
                self._seen[index] = None
        return texts(column)


def _with_trailing_blank(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return headings for rows that all end in one delimiter too many.

    Some programs write one after every row but not after the header; it parts nothing.
    """
    filled = [row for row in rows if any(row)]
    surplus = bool(filled) and all(
        len(row) == len(headings) + 1 and not row[-1].strip() for row in filled
    )
    return [*headings, ""] if surplus else headings


def _reader(encoded: _Encoded, skipped: int, delimiter: str) -> Iterator[list[str]]:
    stream = encoded.stream()
    stream.read(skipped)
    return csv.reader(stream, delimiter=delimiter, strict=True)


def _quotation_out_of_place(
    encoded: _Encoded, skipped: int, delimiter: str, file_name: str
) -> InputRefused:
    """Return the refusal of a file with an open quotation mark, with the place where it opens."""
    stream = encoded.stream()
    stream.read(skipped)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    row, begun_on = 1, 1
    with suppress(csv.Error):
        for _ in reader:
            row, begun_on = row + 1, reader.line_num + 1
    return InputRefused(
        f"“{file_name}” has a quotation mark out of place: the row that begins on line"
        f" {begun_on} (row {row}) has one that is not closed, or closed too early.",
        "Mend the quotation marks in that row and import again.",
    )


def _encoded(data: bytes, file_name: str, encoding: str) -> _Encoded:
    """Return the text and the encoding it is in; a mark at the beginning is always believed.

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
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputRefused(
            f"“{file_name}” is not in {name}: line {line} holds bytes that are no text in it.",
            "Save it as CSV UTF-8, or set ENCODING (windows-1252 is what older Excel writes).",
        ) from error
    if "\0" not in text:
        return _Encoded(data, codec, name, has_nul=False)
    return _Encoded(text.replace("\0", _WAS_NUL).encode(), "utf-8", name, has_nul=True)


def find_delimiter(text: str) -> str:
    """Return the delimiter that gives most cells to most of the first rows."""
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> float:
    probe = text[:_PROBE_CHARACTERS]
    _allow_cells_of(len(probe))
    reader = csv.reader(io.StringIO(probe, newline=""), delimiter=delimiter, strict=True)
    widths: list[int] = []
    # what follows a closing quotation mark is the delimiter, or this is not the delimiter
    with suppress(csv.Error):
        widths.extend(len(cells) for cells in islice(reader, _PROBE_ROWS) if any(cells))
    if not widths:
        return 0.0
    # titles above the table have widths of their own
    usual, times = max(Counter(widths).items(), key=lambda one: (one[1], one[0]))
    return (usual - 1) * times / len(widths)


def _allow_cells_of(longest: int) -> None:
    """Lift csv's limit on a cell, which is one for the whole process.

    It is not lowered again: another thread may be reading a longer file.
    """
    csv.field_size_limit(max(csv.field_size_limit(), longest + 1))


def _read_names(cells: Sequence[str], file_name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
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
