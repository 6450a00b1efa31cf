# SPDX-License-Identifier: GPL-2.0-or-later
"""A page made from a prototype: its slots by name, to be filled or cleared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from qgis.core import (
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemShape,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
)
from qgis.PyQt.QtGui import QColor, QFont, QFontInfo

from streetsafe_plugin.compat import label_look, set_label_look
from streetsafe_plugin.gis.pages.template import Prototype, Template
from streetsafe_plugin.gis.sheet import (
    ACCENT,
    INK,
    MM,
    Box,
    Sheet,
    add_page,
    as_letters,
    font,
    prefix_of,
    resized,
)
from streetsafe_plugin.gis.text_fit import column_of, height_mm, in_a_box, on_one_line

_PARAGRAPH_GAP = 0.8
_HAIR_MM = 0.5
#: The smaller side of A4, for which the sizes of charts and tables are given.
_A4_MM = 210.0
_Item = TypeVar("_Item", bound=QgsLayoutItem)


class Page:
    """The items of one page by their names in the template, without the kind before the dot."""

    def __init__(
        self, layout: QgsPrintLayout, number: int, prototype: Prototype, template: Template
    ) -> None:
        """Add the page to the layout and copy the prototype's items onto it."""
        page = add_page(layout, number, prototype.width, prototype.height)
        page.setPageStyleSymbol(prototype.ground.clone())
        self.number = number
        self.sheet = Sheet(layout, number, prefix_of(number))
        self.scale = (min(prototype.width, prototype.height) / _A4_MM) ** 0.5
        self.items: list[QgsLayoutItem] = prototype.copy_to(layout, number, template.context())
        self._slots: dict[str, QgsLayoutItem] = {}
        start = len(self.sheet.prefix)
        for item in self.items:
            if item.id():
                self._slots.setdefault(item.id()[start:], item)

    def names(self) -> list[str]:
        """Return the names of the slots that are there."""
        return list(self._slots)

    def has(self, name: str) -> bool:
        """Tell whether the template has this slot."""
        return name in self._slots

    def item(self, name: str, kind: type[_Item]) -> _Item | None:
        """Return the item of a slot, None where it is missing or of another kind."""
        held = self._slots.get(name)
        return held if isinstance(held, kind) else None

    def say(self, name: str, text: str) -> None:
        """Fill a text slot, smaller if its box is too small; without text the slot goes."""
        label = self.item(name, QgsLayoutItemLabel)
        if label is None:
            return
        if not text:
            self.clear(name)
            return
        look, colour = self._look(label)
        box = box_of(label)
        shown = as_letters(text)
        line, in_line = on_one_line(shown, look, box.width)
        block, in_block = in_a_box(shown, look, box.width, box.height)
        larger = line != shown or in_block.pointSizeF() > in_line.pointSizeF()
        if "\n" in shown or (block == shown and larger):
            line, in_line = block, in_block
        _write(label, line, in_line, colour)

    def tell(self, name: str, texts: Sequence[str]) -> None:
        """Fill a text slot with paragraphs, a little apart, all in one size."""
        label = self.item(name, QgsLayoutItemLabel)
        if label is None:
            return
        if not texts:
            self.clear(name)
            return
        look, colour = self._look(label)
        box = box_of(label)
        shown, look = column_of(
            [as_letters(text) for text in texts], look, box.width, box.height, _PARAGRAPH_GAP
        )
        self.clear(name)
        y = box.y
        for number, text in enumerate(shown, start=1):
            height = height_mm(text, look, box.width)
            place = Box(box.x, y, box.width, height)
            self.sheet.text(f"{name}_{number}", text, place, look, colour, label.hAlign())
            y += height + _PARAGRAPH_GAP

    def take_box(self, name: str) -> tuple[Box, QColor] | None:
        """Remove a placeholder; return where it stood and its colour, None if it is missing."""
        held = self._slots.get(name)
        if held is None:
            return None
        box, colour = box_of(held), ACCENT
        if isinstance(held, QgsLayoutItemShape):
            colour = held.symbol().color()
        self.clear(name)
        return box, colour

    def clear(self, *names: str) -> None:
        """Remove slots that have nothing to show."""
        for name in names:
            held = self._slots.pop(name, None)
            if held is not None:
                self.items.remove(held)
                self.sheet.layout.removeLayoutItem(held)

    def move(self, name: str, to: str) -> None:
        """Put a text slot where another one begins, in that one's width."""
        moved, place = self.item(name, QgsLayoutItemLabel), self._slots.get(to)
        if moved is None or place is None:
            return
        box = box_of(place)
        moved.attemptMove(QgsLayoutPoint(box.x, box.y, MM), True, False, self.number)
        moved.attemptResize(QgsLayoutSize(box.width, box_of(moved).height, MM))

    def give_room(self, *names: str, to: Sequence[str], below: Sequence[str]) -> None:
        """Remove slots that stand one above the other and make others higher by their height.

        Of the slots `below` those at the lower edge of the first of these or beneath it move down
        by as much.
        """
        grown = [self._slots[name] for name in to if name in self._slots]
        boxes = [box_of(self._slots[name]) for name in names if name in self._slots]
        self.clear(*names)
        if not grown or not boxes:
            return
        more = max(box.y + box.height for box in boxes) - min(box.y for box in boxes)
        first = box_of(grown[0])
        for name in below:
            held = self._slots.get(name)
            if held is not None and box_of(held).y > first.y + 0.8 * first.height:
                held.attemptMoveBy(0, more)
        for item in grown:
            box = box_of(item)
            self._put(item, Box(box.x, box.y, box.width, box.height + more))

    def widened(self, name: str, over: str) -> Box | None:
        """Return the box of a slot with the room of another; None unless that is to its right."""
        here, there = self._slots.get(name), self._slots.get(over)
        if here is None or there is None:
            return None
        box, far = box_of(here), box_of(there)
        beside = far.x >= box.x + box.width - _HAIR_MM
        beside &= min(box.y + box.height, far.y + far.height) > max(box.y, far.y)
        return Box(box.x, box.y, far.x + far.width - box.x, box.height) if beside else None

    def widen(self, name: str, over: str, along: Sequence[str]) -> None:
        """Remove a slot; the one to its left gets its room, where it has one there.

        Of the slots `along` those at that one's right edge move with it.
        """
        wide = self.widened(name, over)
        self.clear(over)
        if wide is None:
            return
        box = box_of(self._slots[name])
        for one in along:
            held = self._slots.get(one)
            if held is not None and box_of(held).x > box.x + 0.8 * box.width:
                held.attemptMoveBy(wide.width - box.width, 0)
        self._put(self._slots[name], wide)

    def _put(self, item: QgsLayoutItem, box: Box) -> None:
        item.attemptResize(QgsLayoutSize(box.width, box.height, MM))
        # by its corner: a template may hold it by another point
        item.attemptMove(QgsLayoutPoint(box.x, box.y, MM), False, False, self.number)

    def small(self, size_pt: float, bold: bool = False) -> QFont:
        """Return the page's font for charts and tables, of a size as on A4."""
        title = self.item("title", QgsLayoutItemLabel)
        family = self._look(title)[0] if title is not None else font(size_pt)
        return resized(family, size_pt * self.scale, bold)

    def _look(self, label: QgsLayoutItemLabel) -> tuple[QFont, QColor]:
        look, colour = label_look(label)
        if QFontInfo(look).family() != look.family():  # not on this machine
            look = font(look.pointSizeF(), look.bold())
        return look, colour


def box_of(item: QgsLayoutItem) -> Box:
    """Return where an item stands on its page, whichever corner it is held by."""
    size = item.rect()
    place = item.layout().pageCollection().positionOnPage(item.scenePos())
    return Box(place.x(), place.y(), size.width(), size.height())


def _write(label: QgsLayoutItemLabel, text: str, look: QFont, colour: QColor = INK) -> None:
    label.setMode(QgsLayoutItemLabel.Mode.ModeFont)
    label.setText(text)
    set_label_look(label, look, colour)
