# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages of method, caveats and sources: paragraphs that flow through columns and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qgis.core import QgsPrintLayout

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.briefing import HeatInWords
from streetsafe_plugin.domain.pack import Pack
from streetsafe_plugin.gis.pages.furniture import Frame
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.template import Prototype, Template
from streetsafe_plugin.gis.sheet import ACCENT, INK, Box, as_letters
from streetsafe_plugin.gis.text_fit import height_mm
from streetsafe_plugin.i18n import tr

_TEXT_PT, _HEADING_PT, _PROVENANCE_PT = 8.0, 9.8, 6.6
_SECTION_GAP, _PARAGRAPH_GAP = 2.2, 0.8
#: How much smaller text may be for a page less, the largest first.
_SHARES = (1.0, 0.96, 0.92, 0.88)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: its text, its size, and whether it heads a section."""

    text: str
    size_pt: float
    heads: bool = False


def method_pages(
    layout: QgsPrintLayout,
    first: int,
    prototype: Prototype,
    template: Template,
    paragraphs: Sequence[Paragraph],
) -> list[Page]:
    """Add pages from number `first` until all is said; a template without columns gives one."""
    pages: list[Page] = []
    left = list(paragraphs)
    while left or not pages:
        page = Page(layout, first + len(pages), prototype, template)
        columns = sorted(name for name in page.names() if name.startswith("column_"))
        slots = [(name, slot[0]) for name in columns for slot in [page.take_box(name)] if slot]
        if not pages:
            left = _made_to_fit(left, page, [box for _, box in slots])
        pages.append(page)
        if not slots:
            break
        for name, box in slots:
            left = _fill_column(page, name, box, left)
    return pages


def _made_to_fit(paragraphs: list[Paragraph], page: Page, boxes: Sequence[Box]) -> list[Paragraph]:
    """Return the paragraphs, a little smaller where that saves a page."""
    if not boxes:
        return paragraphs
    sized = [[replace(one, size_pt=share * one.size_pt) for one in paragraphs] for share in _SHARES]
    # the first of the lowest is the largest of them
    return min(sized, key=lambda some: _pages_needed(some, page, boxes))


def _pages_needed(paragraphs: Sequence[Paragraph], page: Page, boxes: Sequence[Box]) -> int:
    columns, left = 0, list(paragraphs)
    while left:
        left = left[len(_places(page, boxes[columns % len(boxes)], left)) :]
        columns += 1
    return -(-columns // len(boxes))


def _fill_column(page: Page, name: str, box: Box, left: list[Paragraph]) -> list[Paragraph]:
    """Put paragraphs into a column as long as they fit; return the rest."""
    places = _places(page, box, left)
    for number, (paragraph, place) in enumerate(zip(left, places), start=1):
        look = page.small(paragraph.size_pt, paragraph.heads)
        colour = ACCENT if paragraph.heads else INK
        page.sheet.text(f"{name}_{number:02d}", paragraph.text, place, look, colour)
    return left[len(places) :]


def _places(page: Page, box: Box, left: Sequence[Paragraph]) -> list[Box]:
    """Return where in a column the first of some paragraphs go, one at least, no heading last."""
    y, places = box.y, []
    for number, paragraph in enumerate(left):
        look = page.small(paragraph.size_pt, paragraph.heads)
        if paragraph.heads and number:
            y += _SECTION_GAP
        height = needed = height_mm(paragraph.text, look, box.width)
        if paragraph.heads and number + 1 < len(left):
            follower = left[number + 1]
            needed += _PARAGRAPH_GAP
            needed += height_mm(follower.text, page.small(follower.size_pt), box.width)
        if number and y + needed > box.y + box.height:
            break
        places.append(Box(box.x, y, box.width, height))
        y += height + _PARAGRAPH_GAP
    return places


def method_paragraphs(
    frame: Frame, pack: Pack, heat: HeatInWords | None, how_made: Sequence[str]
) -> list[Paragraph]:
    """Return the method, the caveats and the sources as paragraphs under headings."""
    # what is held back has a section of its own, a paragraph for each of its sentences
    explained = briefing.method(pack.whole, heat, replace(pack, held=()))
    sections = [
        (tr("Where every report went"), [briefing.accounting(pack.whole)], _TEXT_PT),
        (tr("What was held back"), list(pack.held), _TEXT_PT),
        *((heading, [text], _TEXT_PT) for heading, text in explained),
        (tr("Is there enough to map?"), [pack.enough] if pack.enough else [], _TEXT_PT),
        (tr("Sources"), [frame.attribution, frame.operation], _TEXT_PT),
        (tr("Made by"), [frame.author] if frame.author else [], _TEXT_PT),
        (tr("How it was made"), list(how_made), _PROVENANCE_PT),
    ]
    return [
        paragraph
        for heading, texts, size_pt in sections
        if texts
        for paragraph in (
            Paragraph(heading, _HEADING_PT, heads=True),
            *(Paragraph(as_letters(text), size_pt) for text in texts if text),
        )
    ]
