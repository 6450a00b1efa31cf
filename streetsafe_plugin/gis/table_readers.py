# SPDX-License-Identifier: GPL-2.0-or-later
"""Which reader takes which kind of file, and what is said of the kinds that none takes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.reading import ods, xlsx
from streetsafe_plugin.domain.reading.delimited import read_delimited
from streetsafe_plugin.domain.reading.geojson import read_geojson
from streetsafe_plugin.domain.reading.kml import read_kml
from streetsafe_plugin.domain.reading.sheets import chosen_table
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.gis.archive import Member, open_archive
from streetsafe_plugin.gis.file_kinds import HEAD_BYTES, kind_of, what_it_is, what_to_do
from streetsafe_plugin.gis.vector_file import read_geopackage, read_old_workbook, read_shapefile
from streetsafe_plugin.i18n import tr

_SHAPEFILE_PARTS = frozenset((".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx"))
_MOST_NAMES = 10
#: What in a ZIP may be the table; a picture or a PDF beside it is none.
_TABLE_KINDS = frozenset(("text", "json", "kml", "sqlite", "old_office", "archive"))
#: An encrypted workbook is an old office file that holds a stream of this name.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True)
class Wishes:
    """How a file is to be read: its encoding, the sheet, the header's row, the layer."""

    encoding: str
    sheet: str
    header_row: int
    layer: str
    tick: Tick


@dataclass(frozen=True)
class Given:
    """A file as it was given: its name, how to read it, and where it lies, if on disk."""

    name: str
    read: Callable[[], bytes]
    path: Path | None = None

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give a path under which drivers that need one find the file."""
        if self.path is not None:
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="streetsafe-") as folder:
            path = Path(folder) / f"data{Path(self.name).suffix.lower()}"
            path.write_bytes(self.read())
            yield path


def read_given(given: Given, kind: str, wishes: Wishes) -> RawTable:
    """Read the table of a file of this kind, as `kind_of` names kinds.

    Raises:
        InputRefused: none is read from such a file, or this one is broken.
    """
    if kind == "text":
        data = given.read()
        return read_delimited(data, given.name, wishes.encoding, wishes.tick, wishes.header_row)
    if kind == "json":
        return read_geojson(given.read(), given.name, wishes.tick)
    if kind == "kml":
        return read_kml(given.read(), given.name, wishes.tick)
    if kind == "sqlite":
        with given.on_disk() as path:
            return replace(read_geopackage(path, wishes.layer, wishes.tick), file_name=given.name)
    if kind == "shapefile" and given.path is not None:
        return read_shapefile(given.path, wishes.tick)
    if kind == "old_office":
        return _old_workbook(given, wishes)
    if kind == "archive":
        return _from_archive(given, wishes)
    raise InputRefused(tr("“{}” {}").format(given.name, what_it_is(kind)), what_to_do(kind))


def _old_workbook(given: Given, wishes: Wishes) -> RawTable:
    data = given.read()
    if _ENCRYPTED in data:
        raise InputRefused(
            tr("“{}” is a workbook with a password.").format(given.name),
            tr("Open it in Excel, save a copy without a password, and import that."),
        )
    with given.on_disk() as path:
        sheets = read_old_workbook(path)
    digest = hashlib.sha256(data).hexdigest()
    return chosen_table(sheets, given.name, digest, wishes.sheet, wishes.header_row)


def _from_archive(given: Given, wishes: Wishes) -> RawTable:
    source = given.path if given.path is not None else given.read()
    digest = hashlib.sha256(given.read()).hexdigest()
    with open_archive(source, given.name) as members:
        parts = {member.path: member.read for member in members}
        if xlsx.WORKBOOK in parts:
            sheets, day_zero = xlsx.read_sheets(parts, given.name, wishes.sheet, wishes.tick)
            return chosen_table(
                sheets, given.name, digest, wishes.sheet, wishes.header_row, day_zero
            )
        if "content.xml" in parts and "mimetype" in parts:
            return _open_document(parts, given, digest, wishes)
        table = _the_one_inside(members, given.name, wishes)
    inside = tr("Read “{}” in the ZIP.").format(table.file_name)
    return replace(table, file_name=given.name, sha256=digest, notes=(inside, *table.notes))


def _open_document(
    parts: dict[str, Callable[[], bytes]], given: Given, digest: str, wishes: Wishes
) -> RawTable:
    if b"encryption-data" in parts.get("META-INF/manifest.xml", bytes)():
        raise InputRefused(
            tr("“{}” is a workbook with a password.").format(given.name),
            tr("Open it in LibreOffice, save a copy without a password, and import that."),
        )
    if b"spreadsheet" not in parts["mimetype"]():
        raise InputRefused(
            tr("“{}” is an OpenDocument file, but no workbook.").format(given.name),
            what_to_do("archive"),
        )
    sheets = ods.read_sheets(parts["content.xml"](), given.name, wishes.tick)
    return chosen_table(sheets, given.name, digest, wishes.sheet, wishes.header_row)


def _the_one_inside(members: Sequence[Member], file_name: str, wishes: Wishes) -> RawTable:
    """Read the only file in a ZIP that can hold a table."""
    real = [member for member in members if not member.is_shadow]
    shapes = [member for member in real if member.path.lower().endswith(".shp")]
    others = [m for m in real if Path(m.path).suffix.lower() not in _SHAPEFILE_PARTS]
    kinds = {member.path: kind_of(member.read()[:HEAD_BYTES]) for member in others}
    tables = [m for m in others if kinds[m.path] in _TABLE_KINDS]
    found = [*shapes, *tables]
    if len(found) != 1:
        names = ", ".join(f"“{member.name}”" for member in found[:_MOST_NAMES])
        more = tr(" and {} more").format(len(found) - _MOST_NAMES) if len(found) > 10 else ""
        raise InputRefused(
            tr("“{}” holds {} files that may be tables: {}{}.").format(
                file_name, len(found), names, more
            )
            if found
            else tr("“{}” holds no table.").format(file_name),
            tr("Unpack it and choose the file with the reports."),
        )
    if shapes:
        return _packed_shapefile(shapes[0], real, wishes)
    [member] = tables
    return read_given(Given(member.name, member.read), kinds[member.path], wishes)


def _packed_shapefile(shape: Member, members: Sequence[Member], wishes: Wishes) -> RawTable:
    stem = str(Path(shape.path).with_suffix("")).casefold()
    with tempfile.TemporaryDirectory(prefix="streetsafe-") as folder:
        for member in members:
            path = Path(member.path)
            part = path.suffix.lower()
            if part in _SHAPEFILE_PARTS and str(path.with_suffix("")).casefold() == stem:
                (Path(folder) / f"data{part}").write_bytes(member.read())
        table = read_shapefile(Path(folder) / "data.shp", wishes.tick)
    return replace(table, file_name=shape.name)
