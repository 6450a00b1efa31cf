# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables as one workbook with a sheet for each, and as a CSV file each, read back before use.

A spreadsheet runs a text that starts like a formula, so such a text gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import datetime
import html
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from osgeo import gdal, ogr

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.tables import Cell, Kind, Table
from streetsafe_plugin.gis import text_gate
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.store import discard
from streetsafe_plugin.i18n import tr

_FIELD_TYPES = {
    Kind.TEXT: ogr.OFTString,
    Kind.WHOLE: ogr.OFTInteger64,
    Kind.REAL: ogr.OFTReal,
    Kind.DATE: ogr.OFTDate,
}
#: Excel takes no more letters for a sheet's name.
_LONGEST_SHEET_NAME = 31
_ROWS_PER_TICK = 500
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_COLUMNS = re.compile(rb"<cols>.*?</cols>", re.DOTALL)
_WIDEST_COLUMN = 80
_VIEW = b"<bookViews><workbookView/></bookViews>"
_HEADINGS_STAY = (
    b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
    b' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
)
_TWO_FIGURE_YEARS, _WHOLE_DATES = b'"DD/MM/YY"', b'"DD/MM/YYYY"'
#: Excel reads a CSV as UTF-8 only if it starts with a byte order mark.
_ENCODING = "utf-8-sig"


@no_gdal_exceptions()
def write_workbook(path: Path, tables: Sequence[Table], marking: str, tick: Tick = no_tick) -> Path:
    """Write one sheet a table and return the path of the workbook, read back.

    Columns are as wide as what they hold, headings stay in view, and the marking stands on every
    page that is printed. Each table must have a row: GDAL writes no headings without.

    Raises:
        WriteFailed: it could not be written whole.
    """
    driver = gdal.GetDriverByName("XLSX")
    dataset = driver and driver.Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    if not dataset:
        raise _not_written(path)
    for number, table in enumerate(tables):
        tick(number / len(tables))
        layer = dataset.CreateLayer(table.name[:_LONGEST_SHEET_NAME], None, ogr.wkbNone)
        for column in table.columns:
            layer.CreateField(ogr.FieldDefn(column.title, _FIELD_TYPES[column.kind]))
        for row, cells in enumerate(table.rows):
            if row % _ROWS_PER_TICK == 0:
                tick(number / len(tables))
            feature = ogr.Feature(layer.GetLayerDefn())
            for place, cell in enumerate(cells):
                _fill(feature, place, cell)
            if layer.CreateFeature(feature) != ogr.OGRERR_NONE:
                raise _not_written(path)
        layer = None
    dataset.FlushCache()
    del dataset  # closes the file
    _make_readable(path, tables, marking)
    if _rows_by_sheet(path) != [len(table.rows) + 1 for table in tables]:
        raise _not_written(path)
    return path


def write_csv(path: Path, table: Table, tick: Tick = no_tick) -> Path:
    """Write a table as UTF-8 with a byte order mark and return its path, read back.

    Raises:
        WriteFailed: it could not be written whole.
    """
    try:
        with path.open("w", encoding=_ENCODING, newline="") as file:
            writer = csv.writer(file)
            writer.writerow([column.title for column in table.columns])
            for row, cells in enumerate(table.rows):
                if row % _ROWS_PER_TICK == 0:
                    tick(row / len(table.rows))
                writer.writerow([_in_csv(cell) for cell in cells])
        with path.open(encoding=_ENCODING, newline="") as file:
            widths = [len(line) for line in csv.reader(file)]
    except OSError as error:
        raise _not_written(path) from error
    if widths != [len(table.columns)] * (len(table.rows) + 1):
        raise _not_written(path)
    return path


def csv_ending(table: Table) -> str:
    """Return what the name of a table's file ends in, behind the stem of its pack."""
    return f"_{text_gate.file_stem(table.name).lower()}.csv"


def _fill(feature: ogr.Feature, place: int, cell: Cell) -> None:
    if cell is None:
        feature.SetFieldNull(place)
    elif isinstance(cell, datetime.date):
        feature.SetField(place, cell.year, cell.month, cell.day, 0, 0, 0, 0)
    else:
        feature.SetField(place, text_gate.cell(cell) if isinstance(cell, str) else cell)


def _in_csv(cell: Cell) -> str:
    if cell is None:
        return ""
    return text_gate.cell(cell) if isinstance(cell, str) else str(cell)


def _make_readable(path: Path, tables: Sequence[Table], marking: str) -> None:
    """Add to the sheets what GDAL has no words for.

    The elements stand where ECMA-376, 18.3.1.99 and 18.2.27, wants them.
    """
    aside = path.with_suffix(".tmp")
    try:
        with (
            zipfile.ZipFile(path) as given,
            zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as made,
        ):
            for name in given.namelist():
                text = given.read(name)
                sheet = _SHEET.fullmatch(name)
                if sheet:
                    text = _readable_sheet(text, tables[int(sheet.group(1)) - 1], marking)
                elif name == "xl/styles.xml":
                    text = text.replace(_TWO_FIGURE_YEARS, _WHOLE_DATES)
                elif name == "xl/workbook.xml" and b"<bookViews" not in text:
                    text = text.replace(b"<sheets>", _VIEW + b"<sheets>", 1)
                made.writestr(name, text)
        aside.replace(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise _not_written(path) from error
    finally:
        discard(aside)


def _readable_sheet(sheet: bytes, table: Table, marking: str) -> bytes:
    widths = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(_widths(table), start=1)
    )
    columns = f"<cols>{widths}</cols>".encode()
    stated = f"&amp;C{html.escape(marking, quote=False)}"
    printed = (
        '<pageSetup orientation="landscape"/><headerFooter>'
        f"<oddHeader>{stated}</oddHeader><oddFooter>{stated}</oddFooter></headerFooter>"
    ).encode()
    end = sheet.rindex(b"</worksheet>")
    before, after = sheet[:end], sheet[end:]
    return _COLUMNS.sub(lambda _: _HEADINGS_STAY + columns, before, count=1) + printed + after


def _widths(table: Table) -> list[int]:
    """Return how many letters wide each column is."""
    held = [
        [column.title, *("" if cell is None else str(cell) for cell in cells)]
        for column, cells in zip(table.columns, zip(*table.rows))
    ]
    return [min(max(map(len, texts)) + 2, _WIDEST_COLUMN) for texts in held]


def _rows_by_sheet(path: Path) -> list[int]:
    """Return how many rows each sheet of a workbook has, its headings among them."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return []
            sheets = sorted(
                (int(found.group(1)), found.group())
                for found in map(_SHEET.fullmatch, archive.namelist())
                if found
            )
            return [len(re.findall(rb"<row\b", archive.read(name))) for _, name in sheets]
    except (OSError, zipfile.BadZipFile):
        return []


def _not_written(path: Path) -> WriteFailed:
    discard(path)
    return WriteFailed(
        tr("“{}” could not be written whole.").format(path.name),
        tr("Check the free space and your rights in the folder, then try again."),
    )
