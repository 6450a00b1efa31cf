# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the sheets of an XLSX workbook as the texts a person sees in them.

Numbers keep their digits, padded where the cell pads them; dates become ISO texts; what a formula
gave when the workbook was last saved is its value. Nothing is calculated and nothing is opened
that the workbook points to. The parts and their elements are those of ECMA-376, in its
transitional and its strict form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.sheets import MOST_CELLS, Sheet
from streetsafe_plugin.domain.reading.strict_xml import parse
from streetsafe_plugin.domain.reading.table import DAY_ZERO, DAY_ZERO_1904, MOST_COLUMNS

WORKBOOK = "xl/workbook.xml"

#: Reads one part of the workbook by its full name.
Parts = Mapping[str, Callable[[], bytes]]

_DATE, _TIME, _BOTH = "date", "time", "both"
_BUILT_IN = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)), _DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 46, 47), _TIME),
    22: _BOTH,
}
_NOT_IN_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ZEROS = re.compile(r"0{2,}")
_WHOLE = re.compile(r"-?\d{1,15}")
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
_SECONDS_A_DAY = 86_400
_PHANTOM_DAY = 60  # Excel believes in 29 February 1900
_ROWS_PER_TICK = 2_000


def read_sheets(
    parts: Parts, file_name: str, only: str = "", tick: Tick = no_tick
) -> tuple[list[Sheet], date]:
    """Return the sheets of a workbook and the day from which it counts dates.

    Where `only` names a sheet, the others come without rows.

    Raises:
        InputRefused: a part is missing or damaged, or a sheet is too large.
    """
    listed, counts_from_1904 = _listed(parts, file_name)
    targets = _targets(parts, file_name)
    shared = _shared_strings(parts, file_name)
    formats = _formats(parts, file_name)
    day_zero = DAY_ZERO_1904 if counts_from_1904 else DAY_ZERO
    sheets = []
    for name, relation, hidden in listed:
        part = targets.get(relation, "")
        if part not in parts:
            continue  # a chart has no cells
        sheet = Sheet(name, hidden)
        sheets.append(sheet)
        if not only or only.strip().casefold() == name.strip().casefold():
            _SheetReader(sheet, shared, formats, day_zero, file_name, tick).read(parts[part]())
    return sheets, day_zero


def _listed(parts: Parts, file_name: str) -> tuple[list[tuple[str, str, bool]], bool]:
    sheets: list[tuple[str, str, bool]] = []
    counted: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append((attributes.get("name", ""), relation, hidden))
        elif name == "workbookPr":
            counted.append(attributes.get("date1904", "0"))

    parse(parts[WORKBOOK](), file_name, start, _nothing)
    return sheets, counted[-1:] in (["1"], ["true"])


def _targets(parts: Parts, file_name: str) -> dict[str, str]:
    """Return which part holds each relation of the workbook."""
    targets: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            whole = target[1:] if target.startswith("/") else str(PurePosixPath("xl", target))
            targets[attributes.get("Id", "")] = whole

    relations = "xl/_rels/workbook.xml.rels"
    if relations not in parts:
        raise InputRefused(
            f"“{file_name}” is a damaged workbook: it does not say where its sheets are.",
            "Open it in a spreadsheet program and save it again.",
        )
    parse(parts[relations](), file_name, start, _nothing)
    return targets


def _shared_strings(parts: Parts, file_name: str) -> list[str]:
    strings: list[str] = []
    if "xl/sharedStrings.xml" not in parts:
        return strings
    pieces: list[str] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        inside.append(name)
        if name == "si":
            pieces.clear()

    def end(name: str) -> None:
        inside.pop()
        if name == "si":
            strings.append("".join(pieces))

    def text(data: str) -> None:
        # rPh holds how a word is pronounced, which is no part of it
        if inside[-1:] == ["t"] and "rPh" not in inside:
            pieces.append(data)

    parse(parts["xl/sharedStrings.xml"](), file_name, start, end, text)
    return strings


def _formats(parts: Parts, file_name: str) -> list[str]:
    """Return for each cell style `date`, `time`, `both`, zeros to pad to, or nothing."""
    codes: dict[int, str] = {}
    styles: list[str] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "xf" and inside[-1:] == ["cellXfs"]:
            number = int(attributes.get("numFmtId", "0"))
            styles.append(_kind_of_format(codes[number]) if number in codes else
                          _BUILT_IN.get(number, ""))  # fmt: skip
        inside.append(name)

    def end(name: str) -> None:
        inside.pop()

    if "xl/styles.xml" in parts:
        parse(parts["xl/styles.xml"](), file_name, start, end)
    return styles


def _kind_of_format(code: str) -> str:
    plain = _NOT_IN_FORMAT.sub("", code.split(";", maxsplit=1)[0]).casefold().replace("general", "")
    if _ZEROS.fullmatch(plain):
        return plain
    has_clock = "h" in plain or "s" in plain
    has_day = "y" in plain or "d" in plain or ("m" in plain and not has_clock)
    if has_day:
        return _BOTH if has_clock else _DATE
    return _TIME if has_clock else ""


class _SheetReader:
    """Takes the cells of one sheet in the order in which they are stored."""

    def __init__(
        self,
        sheet: Sheet,
        shared: list[str],
        formats: list[str],
        day_zero: date,
        file_name: str,
        tick: Tick,
    ) -> None:
        self.sheet = sheet
        self.shared = shared
        self.formats = formats
        self.day_zero = day_zero
        self.file_name = file_name
        self.tick = tick
        self.cells = 0
        self.row: list[str] = []
        self.number = 0
        self.column = -1
        self.kind = self.style = ""
        self.value: list[str] = []
        self.taking = self.has_formula = False

    def read(self, data: bytes) -> None:
        parse(data, self.file_name, self._start, self._end, self._text)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name in ("v", "t"):
            self.taking = True
        elif name == "f":
            self.has_formula = True
        elif name == "row":
            self.number = int(attributes.get("r", self.number + 1))
            self.row, self.column = [], -1
            self.sheet.hidden_rows += attributes.get("hidden") in ("1", "true")
        elif name == "rPh":
            self.taking = False
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes.get("min", 1)), int(attributes.get("max", 1))
            # beyond the last column everything may be hidden, which hides nothing
            self.sheet.hidden_columns += last - first + 1 if last < MOST_COLUMNS else 0

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = _REFERENCE.fullmatch(attributes.get("r", ""))
        self.column = _column_number(reference[1]) if reference else self.column + 1
        self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
        self.value.clear()
        self.taking = self.has_formula = False

    def _text(self, data: str) -> None:
        if self.taking:
            self.value.append(data)

    def _end(self, name: str) -> None:
        if name == "c":
            text = self._cell("".join(self.value))
            if text and self.column < 16_384:
                self.row += [""] * (self.column + 1 - len(self.row))
                self.row[self.column] = text
        elif name in ("v", "t"):
            self.taking = False
        elif name == "row" and self.row:
            self._keep_row()

    def _keep_row(self) -> None:
        self.cells += len(self.row)
        if self.cells > MOST_CELLS:
            raise InputRefused(
                f"“{self.file_name}” has a sheet with more than {MOST_CELLS:,} cells.",
                "Save the sheet as CSV UTF-8 and import that.",
            )
        self.sheet.numbers.append(self.number)
        self.sheet.rows.append(self.row)
        if len(self.sheet.rows) % _ROWS_PER_TICK == 0:
            self.tick(0.0)

    def _cell(self, text: str) -> str:
        if not text:
            self.sheet.uncached += self.has_formula
            return ""
        if self.kind == "s":
            return self.shared[int(text)] if int(text) < len(self.shared) else ""
        if self.kind == "e":
            self.sheet.errors += 1
            return ""
        if self.kind == "b":
            return "TRUE" if text.strip() in ("1", "true") else "FALSE"
        return self._number(text.strip()) if self.kind == "n" else text

    def _number(self, text: str) -> str:
        style = int(self.style) if self.style else -1
        kind = self.formats[style] if 0 <= style < len(self.formats) else ""
        try:
            value = float(text)
        except ValueError:
            return text
        if kind in (_DATE, _TIME, _BOTH):
            return _moment(value, kind, self.day_zero) or text
        if _WHOLE.fullmatch(text):
            return text.zfill(len(kind)) if kind and not text.startswith("-") else text
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value)).zfill(len(kind))
        return repr(value)


def _moment(value: float, kind: str, day_zero: date) -> str:
    """Return a serial number as an ISO date, time or both; nothing where there is no such day."""
    seconds = round(value * _SECONDS_A_DAY)
    if kind == _TIME and 0 <= seconds < _SECONDS_A_DAY:
        return f"{timedelta(seconds=seconds)!s:0>8}"
    if day_zero == DAY_ZERO and value < _PHANTOM_DAY + 1:
        if value >= _PHANTOM_DAY or value < 1:
            return ""
        seconds += _SECONDS_A_DAY
    try:
        moment = datetime(day_zero.year, day_zero.month, day_zero.day) + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    if kind == _DATE and seconds % _SECONDS_A_DAY == 0:
        return moment.date().isoformat()
    return moment.isoformat(" ")


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _nothing(name: str) -> None:
    """Pass over the end of an element."""
