# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way a file comes in: what it is decides its content, not its name.

A file called `reports.csv` may be a workbook, a web page or a description that makes a reader
open other files. So the first bytes are looked at, and the content is read either by this
project's own strict readers or by the one GDAL driver it is for, read-only. Addresses and GDAL's
virtual file systems are not opened at all. The file itself never becomes a layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.crimes import StreetFile
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.gis.archive import open_archive
from streetsafe_plugin.gis.file_kinds import HEAD_BYTES, kind_of, what_it_is
from streetsafe_plugin.gis.table_readers import Given, Wishes, read_given
from streetsafe_plugin.i18n import tr

#: The largest file that is read into memory, in bytes.
LARGEST_FILE = 500_000_000

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|[/\\]vsi", re.IGNORECASE)
_LAYER_NAME = "|layername="
_STREET = "-street.csv"
_MOST_FILES_IN_FOLDER = 20_000


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
        and kind_of(_bytes_of(path, HEAD_BYTES)) == "markup"
    ):
        raise InputRefused(
            tr("“{}” is XML, which may make QGIS open other files.").format(path.name),
            tr("Convert it to a GeoPackage first."),
        )


def read_table(
    source: str,
    encoding: str = "auto",
    tick: Tick = no_tick,
    sheet: str = "",
    header_row: int = 0,
) -> RawTable:
    """Read a table from a file of any kind that holds one, whatever it is called.

    Delimited text, a workbook (XLSX, ODS, XLS), GeoJSON, a GeoPackage, KML, a shapefile, or a ZIP
    that holds one of these. `source` is a path; a GeoPackage's may end in `|layername=` and the
    name of a layer. `sheet` is a workbook's sheet, `header_row` the row with the headings, 0 to
    find it.

    Raises:
        InputRefused: the file is missing, of another kind, empty, or broken.
    """
    path = check_file(source)
    wishes = Wishes(encoding, sheet, header_row, source.partition(_LAYER_NAME)[2], tick)
    given = Given(path.name, partial(_bytes_of, path, LARGEST_FILE), path)
    return read_given(given, kind_of(_bytes_of(path, HEAD_BYTES)), wishes)


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
    kind = kind_of(_bytes_of(path, HEAD_BYTES))
    if kind == "archive":
        with open_archive(path, path.name) as members:
            wanted = tuple(
                StreetFile(one.name, one.folder or path.name, one.size, one.read)
                for one in members
                if _is_street(one.name)
            )
            yield _some(path, wanted, len(members) - len(wanted))
    elif kind == "text":
        read = partial(_bytes_of, path, LARGEST_FILE)
        yield StreetFiles((StreetFile(path.name, path.parent.name, path.stat().st_size, read),), 0)
    else:
        raise InputRefused(
            tr("“{}” {}").format(path.name, what_it_is(kind)),
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
