# SPDX-License-Identifier: GPL-2.0-or-later
"""What a template file must not hold, since it may have come by e-mail.

A layout can declare XML entities, fetch pictures from the network, run scripts in HTML and print
attributes of layers. None of these belongs in a briefing, so such a file is refused before QGIS
reads it. Expressions in labels are the force's own and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsLayoutItemRegistry
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.i18n import tr

#: Layouts with large pictures inside stay well below.
_LARGEST_BYTES = 20_000_000
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
#: An address on the network: with a scheme, on another machine, or through GDAL or a script.
_REMOTE = re.compile(
    r"\s*(?:(?:https?|ftps?|smb|data|javascript):|//|\\\\|/vsi|file://[^/])", re.IGNORECASE
)
_IN_QUOTES = re.compile(r"""["']([^"']*)["']""")
#: Attributes that people write: a web address in them is only text.
_PROSE = frozenset(("labelText", "id", "title", "name"))


def checked_text(path: Path) -> str:
    """Return a template's text, found harmless.

    Raises:
        InputRefused: it cannot be read, is no layout, or holds what no template may hold.
    """
    text = _read(path)
    if _DOCTYPE.search(text):
        raise _refused(path, tr("declares a document type or entities"))
    document = QDomDocument()
    parsed = document.setContent(text)
    root = document.documentElement()
    if not (parsed[0] if isinstance(parsed, tuple) else parsed) or root.tagName() != "Layout":
        raise InputRefused(
            tr("“{}” is not a layout template.").format(path.name),
            tr("Choose a .qpt file that QGIS's layout designer has saved."),
        )
    for element in _elements(root):
        fault = _fault(element)
        if fault:
            raise _refused(path, fault)
    return text


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _refused(path, tr("is larger than {} MB").format(_LARGEST_BYTES // 1_000_000))
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(
            tr("The template “{}” cannot be read.").format(path.name),
            tr("Choose a .qpt file that QGIS's layout designer has saved."),
        ) from error


def _elements(root: QDomElement) -> Iterator[QDomElement]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        child = element.firstChildElement()
        while not child.isNull():
            waiting.append(child)
            child = child.nextSiblingElement()


def _fault(element: QDomElement) -> str:
    """Return what is wrong with an element, in words; empty where nothing is."""
    kind = QgsLayoutItemRegistry.ItemType
    what = element.attribute("type")
    if element.tagName() == "LayoutMultiFrame" and what == _number(kind.LayoutHtml):
        return tr("holds an HTML frame")
    if element.tagName() == "LayoutMultiFrame" and what == _number(kind.LayoutAttributeTable):
        return tr("holds a table of a layer's attributes")
    if element.tagName() == "LayoutItem" and element.attribute("htmlState", "0") != "0":
        return tr("holds a label that is shown as HTML")
    attributes = element.attributes()
    for index in range(attributes.count()):
        attribute = attributes.item(index).toAttr()
        if attribute.name() in _PROSE:
            continue
        value = attribute.value()
        parts = [value]
        if attribute.name() in ("expression", "value"):
            parts += _IN_QUOTES.findall(value)
        if any(_REMOTE.match(part) for part in parts):
            return tr("fetches something from another machine (“{}”)").format(value[:60])
    return ""


def _number(kind: Any) -> str:
    """Return a kind of item as a template names it; Qt 5 has numbers for enums, Qt 6 not."""
    return str(int(getattr(kind, "value", kind)))


def _refused(path: Path, fault: str) -> InputRefused:
    return InputRefused(
        tr("The template “{}” {}.").format(path.name, fault),
        tr("Remove that in the layout designer, and save the template again."),
    )
