# SPDX-License-Identifier: GPL-2.0-or-later
"""What QGIS wrote about a layer or a layout, made fit for another machine.

Layers get new ids, since an id holds the name of the file it was once loaded from. Pictures are
put into the text itself. Code, actions and whatever leads to this machine, to a database or to a
function of some plugin is taken out, and counted by what it was.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from qgis.core import QgsExpression, QgsExpressionFunction
from qgis.PyQt.QtCore import QBuffer, QIODevice
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtXml import QDomDocument, QDomElement, QDomNode

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.i18n import tr

#: Parts of a layer's description that run code, name people, or hold what its copy has as rows.
_TAKEN_OUT = (
    "attributeactions",
    "editforminit",
    "editforminitcode",
    "editforminitfilepath",
    "vectorjoins",
    "expressionfields",
    "auxiliaryLayer",
    "referencedLayers",
    "referencingLayers",
    "dataDependencies",
    "layerDependencies",
    "dataUrl",
    "metadataUrl",
    "metadataUrls",
    "legendUrl",
    "author",
    "contact",
    "link",
)
#: QGIS writes beside the id of a layer where it lies, and finds it by its id.
_PLACES = frozenset(
    (
        "source", "dataSource", "layerSource", "vectorLayerSource", "coverageLayerSource",
        "LayerSource", "ReferencedLayerDataSource", "ReferencingLayerDataSource",
    )
)  # fmt: skip
_ABSOLUTE = re.compile(
    r"""(?:^|>|(?:^|[\s(,=|])["'])(?:GPKG:)?(?:file:/*)?(?://?|[A-Za-z]:[\\/]|\\\\)[^/\\"'<>]+[/\\]"""
)
_CONNECTION = re.compile(r"\b(?:password|authcfg|host|service)\s*=", re.IGNORECASE)
_PIXELS = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"))
_LARGEST_PICTURE = 20_000_000
_DRAWING_PROGRAM = re.compile(
    r"""<!--.*?-->|<metadata\b.*?</metadata>|\s(?:inkscape|sodipodi):[\w-]+=(?:"[^"]*"|'[^']*')""",
    re.DOTALL,
)
#: Shorter ids could be words, and are only replaced where they stand alone.
_LONG_ID = 20

#: How a layout's picture says that what it holds is SVG: without that QGIS takes it for pixels.
_AS_DRAWING = "0"

PLACE, CODE, PICTURE = "place", "code", "picture"


class Cleaner:
    """Clean one project's descriptions; `taken_out` counts what was lost, by kind.

    Args:
        ids: The new id of each layer, by its old one.
        gone: The ids of layers that are not shared.
        folders: Folders of this machine that must not be named anywhere.
    """

    def __init__(self, ids: Mapping[str, str], gone: Iterable[str], folders: Iterable[str]) -> None:
        self._gone = frozenset(gone)
        self._ids = {**ids, **{old: f"left_out_{n}" for n, old in enumerate(sorted(self._gone))}}
        by_length = sorted(self._ids, key=len, reverse=True)
        spelt = [re.escape(one) if len(one) >= _LONG_ID else _alone(one) for one in by_length]
        self._any_id = re.compile("|".join(spelt)) if spelt else None
        named = sorted({folder for folder in folders if len(folder) > 3}, key=len, reverse=True)
        self._any_folder = re.compile("|".join(map(re.escape, named))) if named else None
        functions = "|".join(map(re.escape, _functions_of_plugins()))
        self._any_function = re.compile(rf"(?<!\w)(?:{functions})\s*\(") if functions else None
        self.taken_out: Counter[str] = Counter()

    def with_new_ids(self, text: str) -> str:
        """Return a text in which the layers go by their new ids."""
        if self._any_id is None:
            return text
        return self._any_id.sub(lambda found: self._ids[found.group()], text)

    def document(self, document: QDomDocument) -> QDomDocument:
        """Return a clean copy of what QGIS wrote.

        Raises:
            WriteFailed: QGIS cannot read what it wrote.
        """
        self._drop_layers_not_shared(document)
        clean = QDomDocument()
        if not clean.setContent(self.with_new_ids(str(document.toString(-1))))[0]:
            raise WriteFailed(
                tr("A part of the project could not be read again."),
                tr("Save the project, load it again and share it then."),
            )
        for name in _TAKEN_OUT:
            for element in _called(clean, name):
                element.parentNode().removeChild(element)
        for element in _called(clean, "editforminitcodesource"):
            _set_text(element, "0")
        self._clean_below(clean.documentElement())
        return clean

    def text(self, value: str) -> str:
        """Return a text as it may stand in the shared project: itself, a picture, or nothing."""
        if not value or value.startswith("base64:"):
            return value
        picture = self._embedded(value)
        if picture:
            return picture
        for kind, found in (
            (CODE, self._any_function),
            (PLACE, _ABSOLUTE),
            (PLACE, _CONNECTION),
            (PLACE, self._any_folder),
        ):
            if found is not None and found.search(value):
                self.taken_out[kind] += 1
                return ""
        return value

    def _drop_layers_not_shared(self, document: QDomDocument) -> None:
        for element in _called(document, "layer-tree-layer"):
            if element.attribute("id") in self._gone:
                element.parentNode().removeChild(element)
        for name in ("Layer", "layer"):
            for element in _called(document, name):
                if element.text() in self._gone or element.attribute("id") in self._gone:
                    element.parentNode().removeChild(element)

    def _clean_below(self, top: QDomElement) -> None:
        for element in _elements(top):
            was_drawing = element.attribute("file").lower().endswith(".svg")
            attributes = element.attributes()
            for number in range(attributes.count()):
                attribute = attributes.item(number).toAttr()
                value = attribute.value()
                is_place = attribute.name() in _PLACES or (
                    attribute.name() == "value" and element.attribute("name") in _PLACES
                )
                if is_place and (_ABSOLUTE.search(value) or _CONNECTION.search(value)):
                    attribute.setValue("")
                else:
                    attribute.setValue(self.text(value))
            if was_drawing and element.attribute("file").startswith("base64:"):
                element.setAttribute("mode", _AS_DRAWING)
            for node in _texts(element):
                if node.nodeValue() and element.tagName() != "datasource":
                    node.setNodeValue(self.text(node.nodeValue()))

    def _embedded(self, value: str) -> str:
        """Return a picture's file as text; empty for anything else."""
        suffix = value[-5:].lower()
        if len(value) > 1000 or not any(suffix.endswith(end) for end in (*_PIXELS, ".svg")):
            return ""
        path = Path(value.replace("file://", "", 1))
        try:
            if not path.is_absolute() or not path.is_file():
                return ""
            small = path.stat().st_size <= _LARGEST_PICTURE
        except OSError:
            return ""
        content = (_drawing(path) if path.suffix.lower() == ".svg" else _pixels(path)) or b""
        if not small or not content:
            self.taken_out[PICTURE] += 1
            return ""
        return f"base64:{base64.b64encode(content).decode()}"


def _alone(text: str) -> str:
    return rf"(?<![\w-]){re.escape(text)}(?![\w-])"


def _functions_of_plugins() -> list[str]:
    """Return the names of functions that are not QGIS's own but written in Python."""
    return [
        one.name() for one in QgsExpression.Functions() if type(one) is not QgsExpressionFunction
    ]


def _called(document: QDomDocument, name: str) -> list[QDomElement]:
    found = document.elementsByTagName(name)
    return [found.at(number).toElement() for number in range(found.count())]


def _elements(top: QDomElement) -> Iterator[QDomElement]:
    waiting = [top]
    while waiting:
        element = waiting.pop()
        yield element
        child = element.firstChildElement()
        while not child.isNull():
            waiting.append(child)
            child = child.nextSiblingElement()


def _texts(element: QDomElement) -> Iterator[QDomNode]:
    node = element.firstChild()
    while not node.isNull():
        if node.isText() or node.isCDATASection():
            yield node
        node = node.nextSibling()


def _set_text(element: QDomElement, text: str) -> None:
    for node in list(_texts(element)):
        node.setNodeValue(text)


def _pixels(path: Path) -> bytes:
    """Return a picture as PNG, without the place and person a camera writes into it."""
    image = QImage(str(path))
    if image.isNull():
        return b""
    for key in image.textKeys():
        image.setText(key, "")
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())


def _drawing(path: Path) -> bytes:
    """Return a drawing without the author and file names that drawing programs keep in it."""
    try:
        drawn = _DRAWING_PROGRAM.sub("", path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return b""
    return b"" if _ABSOLUTE.search(drawn) else drawn.encode()
