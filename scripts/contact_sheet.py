# SPDX-License-Identifier: GPL-2.0-or-later
"""Put pages of a briefing on one picture, captioned, for the manual.

.venv/bin/python scripts/contact_sheet.py "An overview=pack/x_01_overview.png" "A park=…" …
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headless import ROOT
from qgis.PyQt.QtCore import QRect, Qt
from qgis.PyQt.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter

OUT = ROOT / "docs" / "images" / "briefing-pages.png"
LARGEST_BYTES = 1_500_000
_COLUMN, _GAP, _CAPTION = 620, 28, 40
_GROUND, _EDGE, _INK = QColor("#eef1f4"), QColor("#b6bfc8"), QColor("#1f2933")


class CannotAssemble(Exception):
    """A picture is missing or the sheet is too large; the text says which."""


@dataclass(frozen=True)
class Thumbnail:
    """A page and what stands above it."""

    caption: str
    image: QImage


def read(captioned: str) -> Thumbnail:
    """Return the page named as `caption=path`, scaled to a column.

    Raises:
        CannotAssemble: there is no picture at the path.
    """
    caption, _, path = captioned.rpartition("=")
    image = QImage(path)
    if image.isNull():
        raise CannotAssemble(f"{path} is not a picture.")
    mode = Qt.TransformationMode.SmoothTransformation
    return Thumbnail(caption or Path(path).stem, image.scaledToWidth(_COLUMN, mode))


def sheet(pages: Sequence[Thumbnail], columns: int) -> QImage:
    """Return the pages row by row, each row as high as its highest page."""
    rows = [pages[at : at + columns] for at in range(0, len(pages), columns)]
    heights = [max(page.image.height() for page in row) + _CAPTION + _GAP for row in rows]
    width = _GAP + min(columns, len(pages)) * (_COLUMN + _GAP)
    made = QImage(width, _GAP + sum(heights), QImage.Format.Format_RGB32)
    made.fill(_GROUND)
    painter = QPainter(made)
    face = QFont("Open Sans")
    face.setPixelSize(20)
    painter.setFont(face)
    y = _GAP
    for row, height in zip(rows, heights):
        for number, page in enumerate(row):
            x = _GAP + number * (_COLUMN + _GAP)
            painter.setPen(_INK)
            place = QRect(x, y, _COLUMN, _CAPTION - 8)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), page.caption)
            painter.drawImage(x, y + _CAPTION, page.image)
            painter.setPen(_EDGE)
            painter.drawRect(x - 1, y + _CAPTION - 1, _COLUMN + 1, page.image.height() + 1)
        y += height
    painter.end()
    return made


def main() -> int:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", metavar="CAPTION=PNG")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    application = QGuiApplication([])  # text needs it
    made = sheet([read(page) for page in asked.pages], asked.columns)
    made.save(str(asked.out), "PNG", 0)  # the quality that stands for the smallest file
    size = asked.out.stat().st_size
    application.quit()
    if size > LARGEST_BYTES:
        raise CannotAssemble(f"{asked.out.name} has {size:,} bytes: give fewer pages.")
    print(f"{asked.out}: {made.width()} x {made.height()}, {size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
