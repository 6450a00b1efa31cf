# SPDX-License-Identifier: GPL-2.0-or-later
"""Read XML as a stream of events, refusing what could make it grow: any DOCTYPE or entity."""

from __future__ import annotations

from typing import Callable
from xml.parsers import expat

from streetsafe_plugin.domain.errors import InputRefused

#: Called with an element's local name and its attributes, prefixes kept.
Start = Callable[[str, dict[str, str]], None]
#: Called with an element's local name.
End = Callable[[str], None]
#: Called with text between tags.
Text = Callable[[str], None]


class _Doctype(Exception):
    pass


def parse(data: bytes, file_name: str, start: Start, end: End, text: Text | None = None) -> None:
    """Call `start`, `end` and `text` for each element of an XML document.

    Raises:
        InputRefused: it is not well formed, or declares a document type.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16

    def refuse(*_: object) -> None:
        raise _Doctype

    def begin(name: str, attributes: dict[str, str]) -> None:
        start(name.rpartition(":")[2], attributes)

    def finish(name: str) -> None:
        end(name.rpartition(":")[2])

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except _Doctype as error:
        raise InputRefused(
            f"“{file_name}” declares a document type, which no table needs and may do harm.",
            "Ask whoever made it, or save the sheet as CSV UTF-8.",
        ) from error
    except expat.ExpatError as error:
        raise InputRefused(
            f"“{file_name}” is damaged: its XML breaks off on line {error.lineno}.",
            "Open it in a spreadsheet program and save it again.",
        ) from error


def local(attributes: dict[str, str], name: str) -> str:
    """Return an attribute by its local name, empty where it is missing."""
    if name in attributes:
        return attributes[name]
    return next((v for key, v in attributes.items() if key.rpartition(":")[2] == name), "")
