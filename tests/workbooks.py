# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbooks made by hand for the tests: XLSX and ODS with nothing but the standard library.

A cell is a text, a number, a `datetime` (a serial number with a date format), True or False, None,
or one of the marks below.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Union
from xml.sax.saxutils import escape

#: The styles of `xlsx`: plain, date and time, date alone, six digits with leading zeros.
PLAIN, MOMENT, DAY, SIX_DIGITS = range(4)


@dataclass(frozen=True)
class Error:
    """A cell that shows an error such as #N/A."""

    text: str = "#N/A"


@dataclass(frozen=True)
class Formula:
    """A formula with the result it had when the workbook was saved, None where there is none."""

    result: str | None


@dataclass(frozen=True)
class Padded:
    """A number shown with six digits."""

    number: int


@dataclass(frozen=True)
class Inline:
    """A text stored in its cell, in two runs as rich text is."""

    text: str


@dataclass(frozen=True)
class SheetOf:
    """A sheet: its rows, and which rows (from 1) and whether the sheet itself are hidden."""

    rows: Sequence[Sequence[Any]]
    hidden_rows: frozenset[int] = frozenset()
    hidden: bool = False
    extra: str = ""


Sheets = dict[str, Union[SheetOf, Sequence[Sequence[Any]]]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="3">'
    '<numFmt numFmtId="164" formatCode="dd/mm/yyyy hh:mm"/>'
    '<numFmt numFmtId="165" formatCode="[$-809]dd mmmm yyyy;@"/>'
    '<numFmt numFmtId="166" formatCode="000000"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/>'
    "</cellXfs></styleSheet>"
)


def xlsx(sheets: Sheets, from_1904: bool = False) -> bytes:
    """Return a workbook."""
    shared: list[str] = []
    parts = {"xl/styles.xml": _STYLES}
    listed, related = [], []
    for number, (name, given) in enumerate(sheets.items(), start=1):
        sheet = given if isinstance(given, SheetOf) else SheetOf(given)
        state = ' state="hidden"' if sheet.hidden else ""
        listed.append(
            f'<sheet name="{escape(name)}" sheetId="{number}"{state} r:id="rId{number}"/>'
        )
        related.append(
            f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet"'
            f' Target="worksheets/sheet{number}.xml"/>'
        )
        rows = [
            _xlsx_row(position, cells, position in sheet.hidden_rows, shared, from_1904)
            for position, cells in enumerate(sheet.rows, start=1)
        ]
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_MAIN}">{sheet.extra}<sheetData>{"".join(rows)}</sheetData>'
            "</worksheet>"
        )
    day_zero = '<workbookPr date1904="1"/>' if from_1904 else "<workbookPr/>"
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">{day_zero}'
        f"<sheets>{''.join(listed)}</sheets></workbook>"
    )
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{''.join(related)}</Relationships>"
    strings = "".join(f"<si><t xml:space='preserve'>{escape(text)}</t></si>" for text in shared)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{strings}</sst>'
    return zipped({"[Content_Types].xml": "<Types/>", **parts})


def ods(sheets: Sheets) -> bytes:
    """Return an OpenDocument workbook, its rows and columns filled up as LibreOffice does."""
    tables = []
    for name, given in sheets.items():
        sheet = given if isinstance(given, SheetOf) else SheetOf(given)
        rows = []
        for position, cells in enumerate(sheet.rows, start=1):
            hidden = ' table:visibility="collapse"' if position in sheet.hidden_rows else ""
            rows.append(
                f"<table:table-row{hidden}>{''.join(map(_ods_cell, cells))}"
                '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
            )
        style = ' table:style-name="off"' if sheet.hidden else ""
        tables.append(
            f'<table:table table:name="{escape(name)}"{style}>{"".join(rows)}'
            '<table:table-row table:number-rows-repeated="1048000"><table:table-cell'
            ' table:number-columns-repeated="16384"/></table:table-row></table:table>'
        )
    content = (
        '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s">'
        '<office:automatic-styles><style:style style:name="off"><style:table-properties'
        ' table:display="false"/></style:style></office:automatic-styles>'
        f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped(
        {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": "<manifest/>"}
    )


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """Return a ZIP with these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def serial(moment: datetime | date, from_1904: bool = False) -> float:
    """Return the number a spreadsheet keeps for a day or moment."""
    zero = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    whole = (
        moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    )
    return (whole - zero).total_seconds() / 86_400


def _xlsx_row(
    number: int, cells: Sequence[Any], hidden: bool, shared: list[str], from_1904: bool
) -> str:
    held = []
    for column, cell in enumerate(cells):
        if cell is None:
            continue
        where = f'r="{_letters(column)}{number}"'
        held.append(_xlsx_cell(where, cell, shared, from_1904))
    mark = ' hidden="1"' if hidden else ""
    return f'<row r="{number}"{mark}>{"".join(held)}</row>'


def _xlsx_cell(where: str, cell: Any, shared: list[str], from_1904: bool) -> str:
    if isinstance(cell, bool):
        return f'<c {where} t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, Error):
        return f'<c {where} t="e"><v>{cell.text}</v></c>'
    if isinstance(cell, Formula):
        value = "" if cell.result is None else f"<v>{escape(cell.result)}</v>"
        return f'<c {where} t="str"><f>A1</f>{value}</c>'
    if isinstance(cell, Padded):
        return f'<c {where} s="{SIX_DIGITS}"><v>{cell.number}</v></c>'
    if isinstance(cell, Inline):
        half = len(cell.text) // 2
        runs = "".join(f"<r><t>{escape(t)}</t></r>" for t in (cell.text[:half], cell.text[half:]))
        return f'<c {where} t="inlineStr"><is>{runs}</is></c>'
    if isinstance(cell, datetime):
        return f'<c {where} s="{MOMENT}"><v>{serial(cell, from_1904)!r}</v></c>'
    if isinstance(cell, date):
        return f'<c {where} s="{DAY}"><v>{serial(cell, from_1904):.0f}</v></c>'
    if isinstance(cell, (int, float)):
        return f"<c {where}><v>{cell!r}</v></c>"
    if cell not in shared:
        shared.append(cell)
    return f'<c {where} t="s"><v>{shared.index(cell)}</v></c>'


def _ods_cell(cell: Any) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, Error):
        return (
            '<table:table-cell office:value-type="string" calcext:value-type="error"'
            f' xmlns:calcext="c"><text:p>{cell.text}</text:p></table:table-cell>'
        )
    if isinstance(cell, Formula) and cell.result is None:
        return '<table:table-cell table:formula="of:=[.A1]"/>'
    if isinstance(cell, bool):
        kind, value, shown = "boolean", f'office:boolean-value="{str(cell).lower()}"', str(cell)
    elif isinstance(cell, Padded):
        kind, value, shown = "float", f'office:value="{cell.number}"', f"{cell.number:06d}"
    elif isinstance(cell, (datetime, date)):
        kind, value, shown = "date", f'office:date-value="{cell.isoformat()}"', f"{cell:%d/%m/%y}"
    elif isinstance(cell, (int, float)):
        kind, value, shown = "float", f'office:value="{cell!r}"', f"{cell:.2f}"
    else:
        text = cell.result if isinstance(cell, Formula) else cell
        text = text.text if isinstance(text, Inline) else text
        kind, value, shown = "string", "", text
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in shown.split("\n"))
    return f'<table:table-cell office:value-type="{kind}" {value}>{lines}</table:table-cell>'


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
