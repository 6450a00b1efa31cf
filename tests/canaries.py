# SPDX-License-Identifier: GPL-2.0-or-later
"""Words planted where they must not get out of, and the search for them in what got out.

A file is searched as it lies there and as its readers see it: members of archives, compressed
streams of PDFs, texts of pictures, tables of databases, pictures within drawings, words on pages;
each in the spellings in which programs write text.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import re
import shutil
import sqlite3
import struct
import subprocess
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

#: An archive within an archive within an archive is as deep as any product goes.
_DEEPEST = 6
_PNG = b"\x89PNG\r\n\x1a\n"
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_DATA_URL = re.compile(rb";base64,([A-Za-z0-9+/=\s]+)")


def leaks(paths: Iterable[Path], canaries: Iterable[str]) -> list[str]:
    """Return a line for each canary in each place where it is found, none if all is well.

    Folders are searched with all that lies in them. Names of files count.
    """
    found = []
    wanted = {canary: spellings(canary) for canary in canaries}
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            parts = [(file.name, file.name.encode("utf-8", "surrogateescape"))]
            if file.is_file():
                parts += opened(file.name, file.read_bytes())
            for where, content in parts:
                seen = content.lower()
                found += [
                    f"{canary} in {where} as {how}"
                    for canary, written in wanted.items()
                    for how, as_bytes in written.items()
                    if as_bytes in seen
                ]
    return found


def spellings(canary: str) -> dict[str, bytes]:
    """Return the ways in which a program may have written a word, in small letters."""
    encoded = {
        "utf-8": canary.encode("utf-8"),
        "utf-16-le": canary.encode("utf-16-le"),
        "utf-16-be": canary.encode("utf-16-be"),
        "latin-1": canary.encode("latin-1", "replace"),
    }
    written = {
        **encoded,
        **{f"hex of {name}": binascii.hexlify(text) for name, text in encoded.items()},
        "quoted for an address": urllib.parse.quote(canary, safe="").encode(),
        "every letter quoted": "".join(f"%{byte:02x}" for byte in encoded["utf-8"]).encode(),
        "escaped for XML": html.escape(canary).encode("utf-8"),
    }
    return {name: text.lower() for name, text in written.items()}


def opened(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield a file's bytes and those of everything packed inside it, each with where it lies."""
    yield name, content
    if depth > _DEEPEST:
        raise AssertionError(f"{name} is packed too deep to be searched")
    for inner, part in _inside(name, content):
        yield from opened(inner, part, depth + 1)


def _inside(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield f"{name}: names", "\n".join(archive.namelist()).encode("utf-8")
            yield f"{name}: remark", archive.comment
            for member in archive.infolist():
                yield f"{name}: {member.filename}", archive.read(member)
    elif content.startswith(b"\x1f\x8b"):
        yield f"{name}: unpacked", gzip.decompress(content)
    elif content.startswith(b"%PDF-"):
        for number, stream in enumerate(_STREAM.findall(content), start=1):
            try:
                yield f"{name}: stream {number}", zlib.decompressobj().decompress(stream)
            except zlib.error:
                continue  # a picture as JPEG, or not packed and so seen already
        yield f"{name}: words", _words_of_pdf(content)
    elif content.startswith(_PNG):
        yield from _png_texts(name, content)
    elif content.startswith(b"SQLite format 3\0"):
        yield from _tables(name, content)
    else:
        for number, packed in enumerate(_DATA_URL.findall(content), start=1):
            yield f"{name}: picture {number}", base64.b64decode(packed)


def _words_of_pdf(content: bytes) -> bytes:
    """Return what a reader's search finds, nothing where no reader is installed."""
    if shutil.which("pdftotext") is None:
        return b""
    return subprocess.run(
        ["pdftotext", "-", "-"], input=content, capture_output=True, check=False
    ).stdout


def _png_texts(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    at = len(_PNG)
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + length]
        at += length + 12
        if kind in (b"zTXt", b"iCCP"):
            yield f"{name}: {kind.decode()}", zlib.decompress(data.split(b"\0", 1)[1][1:])
        elif kind == b"iTXt" and data.split(b"\0", 1)[1][:1] == b"\1":
            text = data.split(b"\0", 1)[1][2:].split(b"\0", 2)[2]
            yield f"{name}: iTXt", zlib.decompress(text)


def _tables(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield every value of every table: long ones lie scattered over pages of the file."""
    with closing(sqlite3.connect(":memory:")) as database:
        if not hasattr(database, "deserialize"):  # before Python 3.11 the raw bytes must do
            return
        # a database that was kept with a log beside it cannot be read from memory as it is
        database.deserialize(content[:18] + b"\1\1" + content[20:])
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            quoted = table.replace('"', '""')
            for row in database.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - quoted
                for value in row:
                    if isinstance(value, (str, bytes)):
                        as_bytes = value.encode("utf-8") if isinstance(value, str) else value
                        yield f"{name}: {table}", as_bytes
