# SPDX-License-Identifier: GPL-2.0-or-later
"""PDFs that leave: drawn page by page, titled and nothing more, and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from osgeo import gdal
from qgis.core import (
    QgsAbstractLayoutIterator,
    QgsLayout,
    QgsLayoutExporter,
    QgsPrintLayout,
)

from streetsafe_plugin.compat import switch_off_geospatial_pdf, text_as_text
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.release_checks import LOOK_DPI, MM_PER_INCH, check_page, size_mm
from streetsafe_plugin.i18n import tr

#: Text and outlines have no resolution; heat maps and other pictures are drawn at this one.
PDF_DPI = 200
_POINTS_PER_INCH = 72
#: Qt 5 rounds the sides of a page to whole points.
_PAGE_TOLERANCE_PT = 1.0
#: What says who made a file, with what, when, or carries more than can be seen.
_UNWANTED = (
    b"/Author",
    b"/Creator",
    b"/Producer",
    b"/CreationDate",
    b"/ModDate",
    b"/Metadata",
    b"/EmbeddedFile",
    b"/JavaScript",
    b"/Launch",
)


def export_pdf(layout: QgsPrintLayout, path: Path, title: str, tick: Tick = no_tick) -> Path:
    """Export a layout as a searchable PDF whose only metadata is `title`, and verify it.

    Raises:
        WriteFailed: the export failed, is cut short, or lacks a page, a map or a marking.
    """
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = PDF_DPI
    settings.exportMetadata = False
    settings.appendGeoreference = False
    settings.simplifyGeometries = True
    settings.textRenderFormat = text_as_text()
    switch_off_geospatial_pdf(settings)
    pages = _PageByPage(layout, lambda share: tick(0.6 * share))
    with every_page_again(layout):
        result, _ = QgsLayoutExporter.exportToPdf(pages, str(path), settings, None)
    if pages.stopped_by is not None:
        raise pages.stopped_by
    if result != QgsLayoutExporter.ExportResult.Success:
        raise not_whole(path)
    state_title(path, title)
    verify_pdf(path, layout, lambda share: tick(0.6 + 0.4 * share))
    return path


class _PageByPage(QgsAbstractLayoutIterator):
    """A layout as a row of layouts with a page each, all drawn into one PDF.

    QGIS draws a whole layout without saying how far it has come. Told to draw one after the
    other, it asks for the next: the only moment at which a run can be stopped. The PDF is the
    same to the byte.
    """

    def __init__(self, layout: QgsPrintLayout, tick: Tick) -> None:
        super().__init__()
        self.stopped_by: Exception | None = None
        self._layout = layout
        self._tick = tick
        self._drawn = 0

    def layout(self) -> QgsLayout:
        """Return the layout, of which all pages but one are left out."""
        return self._layout

    def count(self) -> int:
        """Return the number of pages."""
        return int(self._layout.pageCollection().pageCount())

    def filePath(self, baseFilePath: str, extension: str) -> str:
        """Return the one file that all pages go to."""
        return baseFilePath

    def beginRender(self) -> bool:
        """Be ready at once."""
        return True

    def endRender(self) -> bool:
        """Have nothing to end."""
        return True

    def next(self) -> bool:
        """Turn to the next page; an exception would end QGIS, so it is kept for later."""
        try:
            self._tick(self._drawn / self.count())
            if self._drawn == self.count():
                return False
            only_page(self._layout, self._drawn)
        except Exception as error:  # noqa: BLE001 - export_pdf raises it again
            self.stopped_by = error
            return False
        self._drawn += 1
        return True


def only_page(layout: QgsLayout, number: int) -> None:
    """Leave all pages but one, counted from 0, out of exports."""
    for at, page in enumerate(layout.pageCollection().pages()):
        page.setExcludeFromExports(at != number)


@contextmanager
def every_page_again(layout: QgsLayout) -> Iterator[None]:
    """Put back which pages are exported: the layout may be the user's own."""
    pages = layout.pageCollection().pages()
    before = [page.excludeFromExports() for page in pages]
    try:
        yield
    finally:
        for page, excluded in zip(pages, before):
            page.setExcludeFromExports(excluded)


@no_gdal_exceptions()
def verify_pdf(path: Path, layout: QgsLayout, tick: Tick = no_tick) -> None:
    """Read a PDF back: whole, with the layout's pages, none blank, without unwanted metadata.

    Pages are looked at where GDAL can draw them; the layout's pictures always are.

    Raises:
        WriteFailed: it is not.
    """
    content = path.read_bytes() if path.exists() else b""
    if not content.startswith(b"%PDF-") or not content.rstrip().endswith(b"%%EOF"):
        raise not_whole(path)
    told = [word.decode() for word in _UNWANTED if word in content]
    if told:
        raise WriteFailed(
            tr("“{}” holds more than its pages show ({}).").format(path.name, ", ".join(told)),
            tr("Report this, naming your version of QGIS; nothing was handed over."),
        )
    _check_sizes(path, content, layout)
    if gdal.GetDriverByName("PDF") is None:
        return
    pages = layout.pageCollection().pageCount()
    for number in range(pages):
        tick(number / pages)
        dataset = gdal.OpenEx(
            f"PDF:{number + 1}:{path}",
            gdal.OF_RASTER | gdal.OF_READONLY,
            allowed_drivers=["PDF"],
            open_options=[f"DPI={LOOK_DPI}"],
        )
        seen = None if dataset is None else dataset.ReadAsArray()
        if seen is None:
            raise not_whole(path)
        grey = seen[:3].mean(axis=0).astype(np.uint8)
        check_page(path, layout, number, grey)


def _check_sizes(path: Path, content: bytes, layout: QgsLayout) -> None:
    """Compare the number of pages and the sides of each with the layout's."""
    count = len(re.findall(rb"/Type\s*/Page\b", content))
    pages = layout.pageCollection().pageCount()
    if count != pages:
        raise WriteFailed(
            tr("“{}” has {} pages instead of {}.").format(path.name, count, pages),
            tr("Check the free space and try again."),
        )
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", content)
    for number, box in enumerate(boxes):
        wanted = [side / MM_PER_INCH * _POINTS_PER_INCH for side in size_mm(layout, number)]
        if max(abs(float(a) - b) for a, b in zip(box, wanted)) > _PAGE_TOLERANCE_PT:
            raise WriteFailed(
                tr("Page {} of “{}” does not have the size of its layout.").format(
                    number + 1, path.name
                ),
                tr("Report this, naming your version of QGIS; nothing was handed over."),
            )


def state_title(path: Path, title: str) -> None:
    """Give a PDF a title and nothing else: no author, no programme, no times.

    The document information is replaced in an incremental update (ISO 32000-1, 7.5.6); what it
    replaces and the metadata stream, in which QGIS from 3.40 on names the author of the project
    even when told to write none, are blanked out where they stand.

    Raises:
        WriteFailed: the file is not the plain PDF that Qt writes.
    """
    content = bytearray(path.read_bytes())
    start = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", content)
    trailer = re.search(rb"trailer\s*<<([^>]*)>>\s*startxref", content)
    if not start or not trailer:
        raise not_whole(path)
    table = int(start.group(1))
    info = re.search(rb"/Info\s+(\d+)\s+(\d+)\s+R", trailer.group(1))
    size = re.search(rb"/Size\s+(\d+)", trailer.group(1))
    root = re.search(rb"/Root\s+(\d+)\s+\d+\s+R", trailer.group(1))
    if not info or not size or not root:
        raise not_whole(path)
    number, generation = int(info.group(1)), int(info.group(2))
    try:
        catalogue = _object(content, table, int(root.group(1)))
        metadata = re.compile(rb"/Metadata\s+(\d+)\s+\d+\s+R").search(content, *catalogue)
        if metadata:
            _blank(content, *_object(content, table, int(metadata.group(1))))
            content[slice(*metadata.span())] = b" " * len(metadata.group())
        _blank(content, *_object(content, table, number))
    except ValueError as error:
        raise not_whole(path) from error
    while content[-1:].isspace():
        del content[-1]
    content += b"\n"
    place = len(content)
    encoded = ("\ufeff" + title).encode("utf-16-be").hex().upper().encode("ascii")
    content += b"%d %d obj\n<< /Title <%s> >>\nendobj\n" % (number, generation, encoded)
    update = len(content)
    content += b"xref\n0 1\n0000000000 65535 f \n"
    content += b"%d 1\n%010d %05d n \n" % (number, place, generation)
    content += b"trailer\n<< %s %s %s /Prev %d >>\n" % (
        size.group(),
        root.group(),
        info.group(),
        table,
    )
    content += b"startxref\n%d\n%%%%EOF\n" % update
    path.write_bytes(content)


def _object(content: bytearray, table: int, number: int) -> tuple[int, int]:
    """Return where what an object holds begins and ends, by the table at `table`.

    Raises:
        ValueError: the table or the object is not where it should be.
    """
    head = re.compile(rb"xref\s+0\s+\d+\s+").match(content, table)
    entry = content[head.end() + 20 * number :][:20] if head else b""
    opening = re.compile(rb"%d\s+\d+\s+obj\b" % number).match(content, int(entry[:10]))
    if opening is None:
        raise ValueError(f"no object {number}")
    return opening.end(), content.index(b"endobj", opening.end())


def _blank(content: bytearray, begin: int, end: int) -> None:
    """Make an object an empty dictionary of the same length."""
    content[begin:end] = b"\n<<>>".ljust(end - begin - 1) + b"\n"


def not_whole(path: Path) -> WriteFailed:
    """Return the error for a file that was not exported whole."""
    return WriteFailed(
        tr("“{}” could not be exported whole.").format(path.name),
        tr("Check the free space and your rights in the folder, then try again."),
    )
