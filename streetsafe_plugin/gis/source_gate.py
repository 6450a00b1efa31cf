# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way a file comes in: what it is decides its content, not its name.

A file called `reports.csv` may be a workbook, a web page or a description that makes a reader
open other files. So the first bytes are looked at, and the content is read either by this
project's own strict readers or by the one GDAL driver it is for, read-only. Addresses and GDAL's
virtual file systems are not opened at all. The file itself never becomes a layer.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.crimes import StreetFile
from streetsafe_plugin.domain.reading.delimited import read_delimited
from streetsafe_plugin.domain.reading.geojson import read_geojson
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.gis.archive import open_archive
from streetsafe_plugin.gis.geopackage import read_geopackage
from streetsafe_plugin.i18n import tr

#: The largest file that is read into memory, in bytes.
LARGEST_FILE = 500_000_000

_HEAD_BYTES = 4096
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|[/\\]vsi", re.IGNORECASE)
_LAYER_NAME = "|layername="
_STREET = "-street.csv"
_MOST_FILES_IN_FOLDER = 20_000

_BINARY_KINDS = (
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_office"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"Rar!", "archive"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
)
# control characters that stand in no text; NUL is left to the reader, which names its rows
_NOT_TEXT = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class StreetFiles:
    """The street-level crime files of a source, and how many files of other kinds it holds."""

    files: tuple[StreetFile, ...]
    others: int


def check_file(source: str) -> Path:
    """Return the path of a file that is there and may be read.

    Raises:
        InputRefused: it is an address, is missing, is a folder, or is too large.
    """
    path = check_exists(source)
    if path.is_dir():
        raise InputRefused(
            tr("SOURCE “{}” is a folder.").format(path.name), tr("Choose a file in it.")
        )
    if not path.is_file():
        raise InputRefused(tr("SOURCE “{}” is not a file.").format(path.name), tr("Choose a file."))
    if path.stat().st_size > LARGEST_FILE:
        raise InputRefused(
            tr("SOURCE “{}” is larger than {} MB.").format(path.name, LARGEST_FILE // 1_000_000),
            tr("Split it, or export only the months that are needed."),
        )
    return path


def check_exists(source: str) -> Path:
    """Return the path of a file or folder on this computer or its network drives.

    Raises:
        InputRefused: it is an address, or there is nothing of that name.
    """
    text = source.split(_LAYER_NAME, 1)[0]
    if _ADDRESS.match(text):
        raise InputRefused(
            tr("SOURCE is an address, and only files are read."),
            tr("Save the data on this computer or a network drive and choose the file."),
        )
    path = Path(text)
    try:
        there = path.exists()
    except OSError:
        there = False
    if not there:
        raise InputRefused(
            tr("SOURCE “{}” does not exist.").format(path.name), tr("Choose a file that does.")
        )
    resolved = path.resolve()
    if _ADDRESS.match(str(resolved)):
        raise InputRefused(
            tr("SOURCE lies in a folder whose name GDAL would take for an address."),
            tr("Move the file to another folder."),
        )
    return path


def check_layer_source(source: str) -> None:
    """Refuse a file given as a layer if its content would make a reader open other files.

    Processing opens such a path itself, with whatever driver its content asks for; a virtual
    dataset, whatever it is called, would reach files and addresses nobody chose.

    Raises:
        InputRefused: the file is markup or an address.
    """
    text = source.split("|", 1)[0]
    if _ADDRESS.match(text):
        raise InputRefused(
            tr("A layer is given as an address, and only files and layers are read."),
            tr("Add it to the project first and choose the layer."),
        )
    path = Path(text)
    try:
        is_file = path.is_file()
    except OSError:  # what describes a layer without a file may be too long for a path
        return
    if (
        is_file
        and path.suffix.lower() != ".kml"
        and kind_of(_bytes_of(path, _HEAD_BYTES)) == "markup"
    ):
        raise InputRefused(
            tr("“{}” is XML or a web page, which may make QGIS open other files.").format(
                path.name
            ),
            tr("Convert it to a GeoPackage first."),
        )


def read_table(
    source: str,
    encoding: str = "auto",
    tick: Tick = no_tick,
    sheet: str = "",
    header_row: int = 0,
) -> RawTable:
    """Read delimited text, GeoJSON or a GeoPackage, whatever the file is called.

    `source` is a path; a GeoPackage's may end in `|layername=` and the name of a layer.

    Raises:
        InputRefused: the file is missing, of another kind, empty, or broken.
    """
    path = check_file(source)
    head = _bytes_of(path, _HEAD_BYTES)
    kind = kind_of(head)
    if kind == "sqlite":
        _, _, layer = source.partition(_LAYER_NAME)
        return read_geopackage(path, layer, tick)
    if kind == "json":
        return read_geojson(_bytes_of(path, LARGEST_FILE), path.name, tick)
    if kind == "text":
        data = _bytes_of(path, LARGEST_FILE)
        return read_delimited(data, path.name, encoding, tick, header_row)
    raise InputRefused(tr("“{}” {}").format(path.name, _what_it_is(kind)), _what_to_do(kind))


def kind_of(head: bytes) -> str:
    """Return what a file is, from its first bytes.

    One of `text`, `json`, `sqlite`, `markup`, `json_list`, `archive`, `old_office`, `pdf`,
    `picture`, `binary`.
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
    return {b"<": "markup", b"{": "json", b"[": "json_list"}.get(sign, "text")


@contextmanager
def street_files(source: str) -> Iterator[StreetFiles]:
    """Give the street-level crime files of a CSV, a folder of them, or a ZIP of such a folder.

    Their content is read one by one while the context is open; nothing is unpacked to disk.

    Raises:
        InputRefused: missing, of another kind, without such a file, or an archive that would
            expand beyond reason.
    """
    path = check_exists(source)
    if path.is_dir():
        yield _in_folder(path)
        return
    path = check_file(source)
    kind = kind_of(_bytes_of(path, _HEAD_BYTES))
    if kind == "archive":
        with open_archive(path) as members:
            wanted = tuple(file for file in members if _is_street(file.name))
            yield _some(path, wanted, len(members) - len(wanted))
    elif kind == "text":
        read = partial(_bytes_of, path, LARGEST_FILE)
        yield StreetFiles((StreetFile(path.name, path.parent.name, path.stat().st_size, read),), 0)
    else:
        raise InputRefused(
            tr("“{}” {}").format(path.name, _what_it_is(kind)),
            tr("Choose a CSV, folder or ZIP as data.police.uk gives them."),
        )


def _in_folder(folder: Path) -> StreetFiles:
    wanted: list[StreetFile] = []
    others = 0
    for number, path in enumerate(folder.rglob("*")):
        if number > _MOST_FILES_IN_FOLDER:
            raise InputRefused(
                tr("Folder “{}” holds more than {} files.").format(
                    folder.name, _MOST_FILES_IN_FOLDER
                ),
                tr("Choose the folder that holds only the months to import."),
            )
        if not path.is_file():
            continue
        if _is_street(path.name):
            checked = check_file(str(path))
            read = partial(_bytes_of, checked, LARGEST_FILE)
            wanted.append(StreetFile(path.name, path.parent.name, path.stat().st_size, read))
        else:
            others += 1
    return _some(folder, tuple(sorted(wanted, key=lambda file: file[:2])), others)


def _some(source: Path, wanted: tuple[StreetFile, ...], others: int) -> StreetFiles:
    if not wanted:
        raise InputRefused(
            tr("“{}” holds no file whose name ends in {}.").format(source.name, _STREET),
            tr("Choose a CSV, folder or ZIP as data.police.uk gives them."),
        )
    return StreetFiles(wanted, others)


def _is_street(name: str) -> bool:
    # archives made on a Mac hold a shadow of each file whose name begins so
    return name.lower().endswith(_STREET) and not name.startswith("._")


def _bytes_of(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise InputRefused(
            tr("“{}” cannot be read ({}).").format(path.name, error.strerror),
            tr("Close it in Excel or any other program, check your rights, and try again."),
        ) from error


def _what_it_is(kind: str) -> str:
    return {
        "archive": tr("is a workbook or archive, not a table of text."),
        "old_office": tr("is an old Excel or Word file."),
        "pdf": tr("is a PDF."),
        "picture": tr("is a picture."),
        "markup": tr("is XML or a web page, not a table."),
        "json": tr("is JSON."),
        "json_list": tr("is a JSON list, not GeoJSON."),
        "sqlite": tr("is a database."),
        "binary": tr("is not text, GeoJSON or a GeoPackage."),
    }[kind]


def _what_to_do(kind: str) -> str:
    if kind in ("archive", "old_office"):
        return tr("Save the sheet as “CSV UTF-8” and import that.")
    return tr("Export the reports as CSV UTF-8, GeoJSON or GeoPackage.")
