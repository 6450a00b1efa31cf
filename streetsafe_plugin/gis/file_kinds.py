# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell what a file is from its first bytes, whatever it is called."""

from __future__ import annotations

import codecs
import re

from streetsafe_plugin.i18n import tr

#: How many bytes are looked at.
HEAD_BYTES = 4096

_BINARY_KINDS = (
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_office"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "packed"),
    (b"7z\xbc\xaf", "packed"),
    (b"Rar!", "packed"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
)
_KML = re.compile(rb"<(?:\w+:)?kml[\s>]")
# control characters that stand in no text; NUL is left to the reader, which names its rows
_NOT_TEXT = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def kind_of(head: bytes) -> str:
    """Return what a file is, from its first bytes.

    One of `text`, `json`, `sqlite`, `kml`, `markup`, `json_list`, `archive`, `packed`,
    `old_office`, `shapefile`, `pdf`, `picture`, `binary`.
    """
    for beginning, kind in _BINARY_KINDS:
        if head.startswith(beginning):
            return kind
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = head[: len(head) // 2 * 2].decode("utf-16", errors="replace").encode()
    else:
        start = head.removeprefix(codecs.BOM_UTF8)
        if _NOT_TEXT.search(start):
            return "binary"
    # UTF-16 without a mark has a NUL after or before each of these signs
    sign = start.replace(b"\0", b"").lstrip()[:1]
    if sign == b"<" and _KML.search(start.replace(b"\0", b"")):
        return "kml"
    return {b"<": "markup", b"{": "json", b"[": "json_list"}.get(sign, "text")


def what_it_is(kind: str) -> str:
    """Return the end of a sentence that says what a file is."""
    return {
        "archive": tr("is a workbook or archive, not a table of text."),
        "packed": tr("is packed in a way that is not read."),
        "old_office": tr("is an old Excel or Word file."),
        "pdf": tr("is a PDF."),
        "picture": tr("is a picture."),
        "markup": tr("is XML or a web page, not a table."),
        "kml": tr("is KML."),
        "json": tr("is JSON."),
        "json_list": tr("is a JSON list, not GeoJSON."),
        "sqlite": tr("is a database."),
        "shapefile": tr("is a part of a shapefile."),
        "binary": tr("is not a table of any kind that is read."),
    }[kind]


def what_to_do(kind: str) -> str:
    """Return what somebody with such a file can do."""
    if kind == "packed":
        return tr("Unpack it and choose the file in it.")
    if kind == "markup":
        return tr("Open it in Excel, save it as XLSX or “CSV UTF-8”, and import that.")
    return tr("Export the reports as CSV UTF-8, XLSX, GeoJSON or GeoPackage.")
