# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures and drawings that leave: a page each, titled and nothing more, and read back."""

from __future__ import annotations

import html
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from qgis.core import QgsLayout, QgsLayoutExporter
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage, QPainter
from qgis.PyQt.QtSvg import QSvgRenderer

from streetsafe_plugin.compat import text_as_text
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.gis.release_checks import (
    LOOK_DPI,
    MM_PER_INCH,
    check_page,
    grey_levels,
    size_mm,
)
from streetsafe_plugin.gis.release_pdf import every_page_again, not_whole, only_page
from streetsafe_plugin.i18n import tr

#: An A4 page takes 0.3 s; at 300 it would take 0.5 s, and for print there is the PDF.
PNG_DPI = 200
#: What a screen or projector shows of a page of these proportions.
SLIDE_PIXELS = (1920, 1080)
#: QGIS reports success for larger pictures that are blank in parts. This is A2 at 200 dpi twice.
MOST_PIXELS = 31_000_000
_SLIDE_TOLERANCE = 0.002
#: As small as Qt makes it within a few per cent, in two thirds of the time.
_PNG_QUALITY = 70
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"))
#: Within a tag: words on a page may look the same and do nothing.
_OUTSIDE = re.compile(
    rb"""<[^<>]*?(?:\s(?:xlink:)?(?:href|src)\s*=\s*["'](?!data:|#)|url\(\s*["']?(?!#))"""
)


def picture_size(width_mm: float, height_mm: float) -> tuple[QSize, float]:
    """Return the pixels of a page's picture and their number to an inch.

    A page of 16 to 9 becomes a slide of 1920 by 1080; any other has `PNG_DPI`, or less where it
    would otherwise have more pixels than can be drawn safely.
    """
    if abs(width_mm / height_mm / (SLIDE_PIXELS[0] / SLIDE_PIXELS[1]) - 1) < _SLIDE_TOLERANCE:
        return QSize(*SLIDE_PIXELS), SLIDE_PIXELS[0] / width_mm * MM_PER_INCH
    square_inches = width_mm * height_mm / MM_PER_INCH**2
    dpi = min(float(PNG_DPI), (MOST_PIXELS / square_inches) ** 0.5)
    sides = (int(side / MM_PER_INCH * dpi) for side in (width_mm, height_mm))
    return QSize(*sides), dpi


def export_png(layout: QgsLayout, number: int, path: Path, title: str) -> Path:
    """Export a page, counted from 0, as a picture whose only text is `title`, and verify it.

    Raises:
        WriteFailed: the picture could not be written whole, or lacks a map or a marking.
    """
    size, dpi = picture_size(*size_mm(layout, number))
    drawn = QgsLayoutExporter(layout).renderPageToImage(number, size, dpi)
    if drawn.isNull():
        raise not_whole(path)
    # on a ground of its own: a page without a background would be seen as black
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(QColor("#ffffff"))
    painter = QPainter(image)
    painter.drawImage(image.rect(), drawn)
    painter.end()
    for across in (image.setDotsPerMeterX, image.setDotsPerMeterY):
        across(round(dpi / MM_PER_INCH * 1000))
    image.setText("Title", title)
    if not image.save(str(path), "PNG", _PNG_QUALITY):
        raise not_whole(path)
    verify_png(path, layout, number, title)
    return path


def verify_png(path: Path, layout: QgsLayout, number: int, title: str) -> None:
    """Read a picture of a page back: whole, of the right size, with a title and no other text.

    Raises:
        WriteFailed: it is not.
    """
    size, dpi = picture_size(*size_mm(layout, number))
    read = QImage(str(path))
    stated_dpi = read.dotsPerMeterX() * MM_PER_INCH / 1000
    chunks = list(png_chunks(path.read_bytes())) if path.exists() else []
    texts = [kind for kind in chunks if kind in _TEXT_CHUNKS]
    if read.size() != size or abs(stated_dpi - dpi) > 1 or chunks[-1:] != [b"IEND"]:
        raise not_whole(path)
    if len(texts) != 1 or read.text("Title") != title:
        raise WriteFailed(
            tr("“{}” holds other text than its title.").format(path.name),
            tr("Report this, naming your version of QGIS; nothing was handed over."),
        )
    check_page(path, layout, number, grey_levels(read, size_mm(layout, number)[0]))


def png_chunks(content: bytes) -> Iterator[bytes]:
    """Yield the kinds of the whole chunks of a PNG, such as `IHDR`, in their order."""
    at = len(_PNG_SIGNATURE) if content.startswith(_PNG_SIGNATURE) else len(content)
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        at += length + 12
        if at <= len(content):
            yield kind


def export_svg(layout: QgsLayout, number: int, path: Path, title: str) -> Path:
    """Export a page, counted from 0, as a drawing whose only metadata is `title`, and verify it.

    Raises:
        WriteFailed: the drawing could not be written whole, or lacks a map or a marking.
    """
    settings = QgsLayoutExporter.SvgExportSettings()
    settings.dpi = PNG_DPI
    settings.exportMetadata = False
    settings.textRenderFormat = text_as_text()
    base = path.parent / "page.svg"
    made = base if number == 0 else base.with_name(f"page_{number + 1}.svg")
    with every_page_again(layout):
        only_page(layout, number)
        result = QgsLayoutExporter(layout).exportToSvg(str(base), settings)
    if result != QgsLayoutExporter.ExportResult.Success or not made.exists():
        raise not_whole(path)
    content = made.read_bytes()
    words = html.escape(title, quote=False).encode()
    content = re.sub(rb"\s*<desc>.*?</desc>", b"", content, count=1, flags=re.DOTALL)
    content = re.sub(
        rb"<title>.*?</title>",
        lambda _: b"<title>" + words + b"</title>",
        content,
        count=1,
        flags=re.DOTALL,
    )
    path.write_bytes(content)
    made.unlink()
    verify_svg(path, layout, number, title)
    return path


def verify_svg(path: Path, layout: QgsLayout, number: int, title: str) -> None:
    """Read a drawing of a page back: whole, titled, and fetching nothing from elsewhere.

    Raises:
        WriteFailed: it is not.
    """
    content = path.read_bytes() if path.exists() else b""
    drawing = QSvgRenderer(content)
    whole = content.rstrip().endswith(b"</svg>") and drawing.isValid()
    if not whole or f"<title>{html.escape(title, quote=False)}</title>".encode() not in content:
        raise not_whole(path)
    if _OUTSIDE.search(content):
        raise WriteFailed(
            tr("“{}” would fetch something from elsewhere.").format(path.name),
            tr("Use pictures from this computer in the layout; nothing was handed over."),
        )
    width_mm, height_mm = size_mm(layout, number)
    sides = (round(side / MM_PER_INCH * LOOK_DPI) for side in (width_mm, height_mm))
    look = QImage(QSize(*sides), QImage.Format.Format_RGB32)
    look.fill(QColor("#ffffff"))
    painter = QPainter(look)
    drawing.render(painter)
    painter.end()
    check_page(path, layout, number, grey_levels(look, width_mm))
