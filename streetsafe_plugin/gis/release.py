# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way a product leaves: exported aside, verified, stripped of metadata, then moved.

QGIS reports success for a PDF cut short by a full disk and for a page on which a layer failed to
draw, writes the user's name into files and can put every attribute of a map into a PDF. So each
file is read back here before anybody is told that it exists.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from osgeo import gdal
from qgis.core import QgsLayoutExporter, QgsPrintLayout
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage

from streetsafe_plugin.compat import switch_off_geospatial_pdf, text_as_text
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.store import discard, move_into_place
from streetsafe_plugin.i18n import tr

PDF_DPI = 200
PNG_DPI = 150
_LOOK_DPI = 40
#: A page with next to nothing on it holds fewer shades than this.
_FEWEST_SHADES = 8


@dataclass(frozen=True)
class Page:
    """A page of a product: its number in the layout, from 0, and the stem of its picture."""

    number: int
    stem: str


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give an empty folder inside `folder` to export to, and remove it whatever happens.

    Raises:
        WriteFailed: `folder` is missing and cannot be made, or cannot be written to.
    """
    aside = folder / f".streetsafe-{os.getpid()}.tmp"
    try:
        folder.mkdir(exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
    except OSError as error:
        raise WriteFailed(
            tr("The folder “{}” cannot be written to ({}).").format(folder.name, error.strerror),
            tr("Choose a folder that exists and that you may write to."),
        ) from error
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def deliver(files: Sequence[Path], folder: Path) -> list[Path]:
    """Move verified files into `folder`, replacing older ones of the same name."""
    return [move_into_place(path, folder / path.name) for path in files]


def export_pdf(layout: QgsPrintLayout, path: Path, title: str, tick: Tick = no_tick) -> Path:
    """Export a layout as a searchable PDF whose only metadata is `title`, and verify it.

    Raises:
        WriteFailed: the export failed, is cut short, lacks a page or has a blank one.
    """
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = PDF_DPI
    settings.exportMetadata = False
    settings.appendGeoreference = False
    settings.simplifyGeometries = True
    settings.textRenderFormat = text_as_text()
    switch_off_geospatial_pdf(settings)
    result = QgsLayoutExporter(layout).exportToPdf(str(path), settings)
    if result != QgsLayoutExporter.ExportResult.Success:
        raise _not_exported(path)
    state_title(path, title)
    verify_pdf(path, layout.pageCollection().pageCount(), tick)
    return path


def export_png(layout: QgsPrintLayout, page: Page, folder: Path) -> Path:
    """Export one page as a picture without metadata, and verify it.

    Raises:
        WriteFailed: the picture could not be written or is blank.
    """
    path = folder / f"{page.stem}.png"
    image = QgsLayoutExporter(layout).renderPageToImage(page.number, QSize(), PNG_DPI)
    for key in image.textKeys():
        image.setText(key, "")
    if image.isNull() or not image.save(str(path), "PNG"):
        raise _not_exported(path)
    written = QImage(str(path))
    if written.size() != image.size():
        raise _not_exported(path)
    if _is_blank(_shades(written)):
        raise _blank(path, page.number)
    return path


def export_svg(layout: QgsPrintLayout, pages: Sequence[Page], folder: Path) -> list[Path]:
    """Export every page as an SVG drawing without metadata, and verify each.

    Raises:
        WriteFailed: a page could not be written whole.
    """
    settings = QgsLayoutExporter.SvgExportSettings()
    settings.exportMetadata = False
    settings.textRenderFormat = text_as_text()
    base = folder / "page.svg"
    result = QgsLayoutExporter(layout).exportToSvg(str(base), settings)
    if result != QgsLayoutExporter.ExportResult.Success:
        raise _not_exported(base)
    paths = []
    for page in pages:
        made = folder / ("page.svg" if page.number == 0 else f"page_{page.number + 1}.svg")
        path = folder / f"{page.stem}.svg"
        if not made.exists() or not made.read_bytes().rstrip().endswith(b"</svg>"):
            raise _not_exported(path)
        paths.append(made.replace(path))
    return paths


@no_gdal_exceptions()
def verify_pdf(path: Path, pages: int, tick: Tick = no_tick) -> None:
    """Read a PDF back: whole, with so many pages, and none of them blank.

    Raises:
        WriteFailed: it is not.
    """
    content = path.read_bytes() if path.exists() else b""
    found = len(re.findall(rb"/Type\s*/Page\b", content))
    if not content.startswith(b"%PDF-") or not content.rstrip().endswith(b"%%EOF"):
        raise _not_exported(path)
    if found != pages:
        raise WriteFailed(
            tr("“{}” has {} pages instead of {}.").format(path.name, found, pages),
            tr("Check the free space and try again."),
        )
    if gdal.GetDriverByName("PDF") is None:
        # pages cannot be drawn without it; pictures of the same layout are still checked
        return
    options = [f"DPI={_LOOK_DPI}"]
    for number in range(1, pages + 1):
        tick(number / pages)
        dataset = gdal.OpenEx(
            f"PDF:{number}:{path}",
            gdal.OF_RASTER | gdal.OF_READONLY,
            allowed_drivers=["PDF"],
            open_options=options,
        )
        if dataset is None:
            raise _not_exported(path)
        if _is_blank(dataset.ReadAsArray()):
            raise _blank(path, number - 1)


def state_title(path: Path, title: str) -> None:
    """Give a PDF a title and nothing else: no author, no programme, no times.

    The document information is replaced in an incremental update (ISO 32000-1, 7.5.6), and the
    replaced text is blanked out where it stood.

    Raises:
        WriteFailed: the file is not the plain PDF that Qt writes.
    """
    content = path.read_bytes()
    start = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", content)
    trailer = re.search(rb"trailer\s*<<(.*?)>>\s*startxref", content, re.DOTALL)
    info = re.search(rb"/Info\s+(\d+)\s+(\d+)\s+R", trailer.group(1)) if trailer else None
    if not start or not trailer or not info:
        raise _not_exported(path)
    size = re.search(rb"/Size\s+(\d+)", trailer.group(1))
    root = re.search(rb"/Root\s+\d+\s+\d+\s+R", trailer.group(1))
    if not size or not root:
        raise _not_exported(path)
    number, generation = int(info.group(1)), int(info.group(2))
    old = re.search(
        rb"(?:\A|[\r\n])%d %d obj(.*?)endobj" % (number, generation), content, re.DOTALL
    )
    if old:
        blank = re.sub(rb"[^\r\n]", b" ", old.group(1))
        blank = b"\n<<>>" + blank[5:] if len(blank) >= 5 else blank
        content = content[: old.start(1)] + blank + content[old.end(1) :]
    encoded = ("\ufeff" + title).encode("utf-16-be").hex().upper().encode("ascii")
    content = content.rstrip() + b"\n"
    place = len(content)
    content += b"%d %d obj\n<< /Title <%s> >>\nendobj\n" % (number, generation, encoded)
    table = len(content)
    content += b"xref\n0 1\n0000000000 65535 f \n%d 1\n%010d %05d n \n" % (
        number,
        place,
        generation,
    )
    content += b"trailer\n<< /Size %s %s /Info %d %d R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size.group(1),
        root.group(0),
        number,
        generation,
        start.group(1),
        table,
    )
    path.write_bytes(content)


def _shades(image: QImage) -> np.ndarray:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    bits = grey.constBits()
    bits.setsize(grey.sizeInBytes())
    lines = np.frombuffer(bits, dtype=np.uint8).reshape(grey.height(), grey.bytesPerLine())
    # a copy, since the picture takes its memory along when it goes
    return lines[:, : grey.width()].copy()


def _is_blank(pixels: np.ndarray) -> bool:
    return len(np.unique(pixels)) < _FEWEST_SHADES


def _not_exported(path: Path) -> WriteFailed:
    discard(path)
    return WriteFailed(
        tr("“{}” could not be exported whole.").format(path.name),
        tr("Check the free space and your rights in the folder, then try again."),
    )


def _blank(path: Path, page: int) -> WriteFailed:
    return WriteFailed(
        tr("Page {} of “{}” came out blank.").format(page + 1, path.name),
        tr("Check that the layers of the map still exist, then try again."),
    )
