# SPDX-License-Identifier: GPL-2.0-or-later
"""Layout templates: which file is used, what may be in it, and its pages ready to be copied.

A template is a layout as QGIS's designer saves it. Its items have ids such as `park.map`: the kind
of page, a dot, and the item's name. A page of the template belongs to the kind that the ids on it
name; whatever else is on it (a logo, a line of text) is copied along.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsFillSymbol,
    QgsLayoutItem,
    QgsLayoutItemGroup,
    QgsLayoutItemPage,
    QgsLayoutPoint,
    QgsPathResolver,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtXml import QDomDocument

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis.pages.template_check import checked_text
from streetsafe_plugin.gis.sheet import prefix_of
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

KINDS = ("overview", "park", "places", "gap", "method")
#: The papers that templates are shipped for, by the stem of their file's name.
SLIDES = "slides-16x9"
PAPERS = ("briefing-a4-landscape", "briefing-a4-portrait", "briefing-a3-landscape", SLIDES)

_UUID = re.compile(r"\{[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")
#: An item's tag up to its id, and the id, unless it is empty.
_ITEM_ID = re.compile(r'(<LayoutItem\b[^>]*?) id="([^"]+)"')
_ID = re.compile(r'\bid="([a-z]+\.[a-z0-9_]+)"')


@dataclass(frozen=True)
class Prototype:
    """A page of a template: its kind, size and ground, its items as XML, and where they stand.

    `places` holds by uuid the place of each item that is in no group.
    """

    kind: str
    width: float
    height: float
    ground: QgsFillSymbol
    xml: str
    places: Mapping[str, QgsLayoutPoint]

    def copy_to(
        self, layout: QgsPrintLayout, number: int, context: QgsReadWriteContext
    ) -> list[QgsLayoutItem]:
        """Put the items on page `number` of a layout, under new uuids, and return them.

        Their ids become those of the page, such as `page02_map` for `park.map`.
        """
        fresh: dict[str, str] = {}

        def renew(found: re.Match[str]) -> str:
            return fresh.setdefault(found.group(), "{" + str(uuid.uuid4()) + "}")

        named = _ITEM_ID.sub(lambda found: self._on_page(found, number), self.xml)
        document = QDomDocument()
        document.setContent(_UUID.sub(renew, named))
        before = len(layout.multiFrames())
        items = layout.addItemsFromXml(document.documentElement(), document, context)
        for frames in layout.multiFrames()[before:]:
            items += frames.frames()
        held = {fresh[old]: place for old, place in self.places.items() if old in fresh}
        for item in items:
            if item.uuid() in held:
                item.attemptMove(held[item.uuid()], True, False, number)
        return list(items)

    def _on_page(self, found: re.Match[str], number: int) -> str:
        name = found.group(2)
        if name.startswith(f"{self.kind}."):
            name = name.split(".", 1)[1]
        return f'{found.group(1)} id="{prefix_of(number)}{name}"'


@dataclass(frozen=True)
class Template:
    """A template: its prototypes by kind, and the ids that the shipped one has and it has not."""

    name: str
    prototypes: Mapping[str, Prototype]
    missing: tuple[str, ...]
    folder: Path

    def context(self) -> QgsReadWriteContext:
        """Return what resolves paths of pictures, relative to the template's folder."""
        context = QgsReadWriteContext()
        context.setPathResolver(QgsPathResolver(str(self.folder / self.name)))
        return context


def default_folder() -> Path:
    """Return the folder of a force's own templates where the settings name no other."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "streetsafe" / "layouts"


def template_file(paper: str, folder: str = "", given: Path | None = None) -> Path:
    """Return the file to use: the one given, else the force's own, else the shipped one.

    Args:
        paper: one of `PAPERS`.
        folder: the folder of the force's own; empty for that in the profile.
        given: a file that the user chose for this briefing.

    Raises:
        InputRefused: the file that was given does not exist.
    """
    if given is not None:
        if not given.is_file():
            raise InputRefused(
                tr("The template “{}” does not exist.").format(given.name),
                tr("Choose a .qpt file, or none for the template that comes with the plugin."),
            )
        return given
    own = (Path(folder) if folder else default_folder()) / f"{paper}.qpt"
    return own if own.is_file() else resource("layouts", f"{paper}.qpt")


def load_template(path: Path, paper: str) -> Template:
    """Read and check a template.

    Raises:
        InputRefused: it is no layout, holds what no template may hold, or no page of ours.
    """
    text = checked_text(path)
    document = QDomDocument()
    document.setContent(text)
    project = QgsProject()
    layout = QgsPrintLayout(project)
    context = QgsReadWriteContext()
    context.setPathResolver(QgsPathResolver(str(path)))
    _, loaded = layout.loadFromTemplate(document, context)
    pages = layout.pageCollection()
    prototypes: dict[str, Prototype] = {}
    for number in range(pages.pageCount() if loaded else 0):
        items = [
            item for item in pages.itemsOnPage(number) if not isinstance(item, QgsLayoutItemPage)
        ]
        kind = _kind_of(items)
        if kind and kind not in prototypes:
            prototypes[kind] = _prototype(layout, kind, pages.page(number), items, context)
    if not prototypes:
        raise InputRefused(
            tr("“{}” has no page with an item that the briefing knows, such as “park.map”.").format(
                path.name
            ),
            tr("Start from a copy of a template that comes with the plugin, and keep its ids."),
        )
    shipped = resource("layouts", f"{paper}.qpt").read_text(encoding="utf-8")
    held = {item.id() for item in layout.items() if isinstance(item, QgsLayoutItem)}
    missing = [name for name in dict.fromkeys(_ID.findall(shipped)) if name not in held]
    return Template(path.name, prototypes, tuple(missing), path.parent)


def _kind_of(items: Sequence[QgsLayoutItem]) -> str | None:
    """Return the kind that most ids on a page name."""
    named = [item.id().split(".")[0] for item in items if "." in item.id()]
    known = [kind for kind in named if kind in KINDS]
    return max(KINDS, key=known.count) if known else None


def _prototype(
    layout: QgsPrintLayout,
    kind: str,
    page: QgsLayoutItemPage,
    items: Sequence[QgsLayoutItem],
    context: QgsReadWriteContext,
) -> Prototype:
    document = QDomDocument()
    root = document.createElement("Layout")
    document.appendChild(root)
    in_frames = {frame.uuid() for held in layout.multiFrames() for frame in held.frames()}
    shown = {item.uuid() for item in items}
    # groups last: their members must exist when they are read
    for item in sorted(items, key=lambda item: isinstance(item, QgsLayoutItemGroup)):
        if item.uuid() not in in_frames:
            item.writeXml(root, document, context)
    for held in layout.multiFrames():
        if any(frame.uuid() in shown for frame in held.frames()):
            held.writeXml(root, document, context)
    size = page.pageSize()
    return Prototype(
        kind,
        size.width(),
        size.height(),
        page.pageStyleSymbol().clone(),
        str(document.toString(-1)),
        {item.uuid(): item.pagePositionWithUnits() for item in items if item.parentGroup() is None},
    )
