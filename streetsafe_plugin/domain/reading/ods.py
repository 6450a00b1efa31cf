# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the sheets of an ODS workbook (OpenDocument 1.2) as the texts a person sees in them."""

from __future__ import annotations

import re

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.sheets import MOST_CELLS, Sheet
from streetsafe_plugin.domain.reading.strict_xml import local, parse
from streetsafe_plugin.domain.reading.table import MOST_COLUMNS

_PADDED = re.compile(r"0\d+")
_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_NUMBERS = ("float", "percentage", "currency")
_ROWS_PER_TICK = 2_000


def read_sheets(content: bytes, file_name: str, tick: Tick = no_tick) -> list[Sheet]:
    """Return the sheets that `content.xml` holds.

    Raises:
        InputRefused: damaged, or a sheet is too large.
    """
    reader = _Reader(file_name, tick)
    parse(content, file_name, reader.start, reader.end, reader.text)
    return reader.sheets


class _Reader:
    """Takes tables, rows and cells in the order in which they are stored."""

    def __init__(self, file_name: str, tick: Tick) -> None:
        self.file_name = file_name
        self.tick = tick
        self.sheets: list[Sheet] = []
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.number = self.repeat_row = 0
        self.row: list[str] = []
        self.blanks = 0
        self.cell: dict[str, str] = {}
        self.paragraphs: list[str] = []
        self.in_cell = self.in_paragraph = False
        self.notes = 0
        self.cells = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style":
            self.style = local(attributes, "name")
        elif name == "table-properties" and local(attributes, "display") == "false":
            self.hidden_styles.add(self.style)
        elif name == "table":
            hidden = local(attributes, "style-name") in self.hidden_styles
            self.sheets.append(Sheet(local(attributes, "name"), hidden))
            self.number = 0
        elif name == "table-row":
            self.row, self.blanks = [], 0
            self.repeat_row = _count(local(attributes, "number-rows-repeated"))
            self.row_is_hidden = local(attributes, "visibility") in ("collapse", "filter")
        elif name in ("table-cell", "covered-table-cell"):
            self.cell, self.in_cell = attributes, True
            self.paragraphs = []
        elif name == "annotation":
            self.notes += 1
        elif name == "p" and self.in_cell and not self.notes:
            self.paragraphs.append("")
            self.in_paragraph = True
        elif name in ("s", "tab", "line-break") and self.in_paragraph:
            space = " " * _count(local(attributes, "c"))
            self.paragraphs[-1] += {"s": space, "tab": "\t", "line-break": "\n"}[name]

    def text(self, data: str) -> None:
        if self.in_paragraph and not self.notes:
            self.paragraphs[-1] += data

    def end(self, name: str) -> None:
        if name == "annotation":
            self.notes -= 1
        elif name == "p" and not self.notes:
            self.in_paragraph = False
        elif name in ("table-cell", "covered-table-cell"):
            self.in_cell = False
            self._end_cell(self._value(), _count(local(self.cell, "number-columns-repeated")))
        elif name == "table-row":
            self._end_row()

    def _end_cell(self, value: str, repeated: int) -> None:
        # a sheet is filled up with blank cells to its last column, which are no cells of the table
        if not value:
            self.blanks += repeated
            return
        if len(self.row) + self.blanks + repeated > MOST_COLUMNS:
            raise InputRefused(
                f"“{self.file_name}” has more than {MOST_COLUMNS} columns.",
                "Keep only the columns that describe the reports.",
            )
        self.row += [""] * self.blanks + [value] * repeated
        self.blanks = 0

    def _end_row(self) -> None:
        sheet = self.sheets[-1]
        first = self.number + 1
        self.number += self.repeat_row
        if not self.row:
            return
        self.cells += len(self.row) * self.repeat_row
        if self.cells > MOST_CELLS:
            raise InputRefused(
                f"“{self.file_name}” has sheets with more than {MOST_CELLS:,} cells.",
                "Save the sheet as CSV UTF-8 and import that.",
            )
        sheet.hidden_rows += self.repeat_row if self.row_is_hidden else 0
        sheet.numbers += range(first, first + self.repeat_row)
        sheet.rows += [self.row] * self.repeat_row
        if len(sheet.rows) % _ROWS_PER_TICK == 0:
            self.tick(0.0)

    def _value(self) -> str:
        shown = "\n".join(self.paragraphs)
        kind = local(self.cell, "value-type")
        if "error" in (self.cell.get("calcext:value-type"), kind):
            self.sheets[-1].errors += 1
            return ""
        if kind in _NUMBERS:
            stored = local(self.cell, "value")
            padded = _PADDED.fullmatch(shown) and shown.lstrip("0") == stored
            return shown if padded else stored
        if kind == "date":
            return local(self.cell, "date-value").replace("T", " ")
        if kind == "time":
            parts = _DURATION.fullmatch(local(self.cell, "time-value"))
            return ":".join(parts.groups()) if parts else shown
        if kind == "boolean":
            return local(self.cell, "boolean-value").upper()
        if not kind and local(self.cell, "formula"):
            self.sheets[-1].uncached += 1
        return local(self.cell, "string-value") or shown


def _count(text: str) -> int:
    return int(text) if text.isdigit() else 1
