# SPDX-License-Identifier: GPL-2.0-or-later
"""How much room text needs on a page, and what to do where there is too little."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtGui import QFont, QFontMetricsF

_POINTS_TO_MM = 25.4 / 72
_LINE_SPACING = 1.42
_LARGE = 1000
_SMALLEST_SHARE = 0.6
#: Different machines draw the same font a little wider.
_SAFETY = 0.985


def width_mm(text: str, font: QFont) -> float:
    """Return the width of text on one line."""
    large = QFont(font)
    large.setPixelSize(_LARGE)  # measured large, since small fonts are rounded to the screen
    ems = QFontMetricsF(large).horizontalAdvance(text) / _LARGE
    return float(ems * _drawn_mm(font))


def lines_of(text: str, font: QFont, width: float) -> int:
    """Return how many lines text takes when it wraps within `width` millimetres."""
    return sum(_wrapped(paragraph, font, width) for paragraph in text.split("\n"))


def height_mm(text: str, font: QFont, width: float) -> float:
    """Return the height that wrapped text needs."""
    line = _drawn_mm(font) * _LINE_SPACING
    return lines_of(text, font, width) * line + 0.6


def on_one_line(
    text: str, font: QFont, width: float, smallest_share: float = _SMALLEST_SHARE
) -> tuple[str, QFont]:
    """Return text and font for one line: made smaller, then cut with an ellipsis, if need be."""
    shrunk = QFont(font)
    needed = width_mm(text, font)
    if needed > width * _SAFETY:
        # a hair less, or rounding would cost the last letters
        share = max(0.998 * width * _SAFETY / needed, smallest_share)
        shrunk.setPointSizeF(font.pointSizeF() * share)
    while width_mm(text, shrunk) > width * _SAFETY and len(text) > 1:
        text = text.rstrip("…")[:-1].rstrip() + "…"
    return text, shrunk


def in_a_box(text: str, font: QFont, width: float, height: float) -> tuple[str, QFont]:
    """Return text and font for a box: made smaller, then cut with an ellipsis, if need be."""
    shrunk = QFont(font)
    smallest = font.pointSizeF() * _SMALLEST_SHARE
    while height_mm(text, shrunk, width) > height and shrunk.pointSizeF() > smallest:
        shrunk.setPointSizeF(shrunk.pointSizeF() * 0.95)
    while height_mm(text, shrunk, width) > height and len(text) > 1:
        text = text.rstrip("…")[:-1].rstrip() + "…"
    return text, shrunk


def column_of(
    texts: Sequence[str], font: QFont, width: float, height: float, gap: float
) -> tuple[list[str], QFont]:
    """Return paragraphs and font for a box: all smaller, then the last ones cut, if need be."""

    def needed(shown: Sequence[str], look: QFont) -> float:
        return sum(height_mm(text, look, width) + gap for text in shown) - gap

    shrunk = QFont(font)
    smallest = font.pointSizeF() * _SMALLEST_SHARE
    while needed(texts, shrunk) > height and shrunk.pointSizeF() > smallest:
        shrunk.setPointSizeF(shrunk.pointSizeF() * 0.97)
    shown = list(texts)
    while len(shown) > 1 and needed(shown, shrunk) > height:
        room = height - needed(shown[:-1], shrunk) - gap
        if room > height_mm("x", shrunk, width):
            shown[-1] = in_a_box(shown[-1], shrunk, width, room)[0]
            break
        shown.pop()
        shown[-1] += " …"
    if len(shown) == 1:
        shown[0] = in_a_box(shown[0], shrunk, width, height)[0]
    return shown, shrunk


def _drawn_mm(font: QFont) -> float:
    """Return the size in which a label is drawn: before QGIS 3.24 rounded to a tenth of a mm."""
    size = font.pointSizeF() * _POINTS_TO_MM
    return max(size, round(size, 1))


def _wrapped(paragraph: str, font: QFont, width: float) -> int:
    space = width_mm(" ", font)
    lines, used = 1, 0.0
    for word in paragraph.split(" "):
        advance = width_mm(word, font)
        if used and used + advance > width * _SAFETY:
            lines, used = lines + 1, 0.0
        lines += int(advance // width)  # a word longer than a line breaks within itself
        used += advance + space
    return lines
