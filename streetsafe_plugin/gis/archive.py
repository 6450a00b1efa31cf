# SPDX-License-Identifier: GPL-2.0-or-later
"""Look into a ZIP without unpacking it: the table of contents is judged before a byte expands."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.i18n import tr

MOST_ENTRIES = 20_000
LARGEST_ENTRY = 500_000_000
LARGEST_TOTAL = 4_000_000_000
#: How often its packed size a large entry may expand; published CSV files expand about five times.
LARGEST_RATIO = 200
_LARGE = 10_000_000

_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Member(NamedTuple):
    """One file in an archive: its name with folders, its size in bytes, how to read it."""

    path: str
    size: int
    read: Callable[[], bytes]

    @property
    def name(self) -> str:
        """Return the name without folders."""
        return PurePosixPath(self.path).name

    @property
    def folder(self) -> str:
        """Return the name of the folder it is in, empty at the top."""
        return PurePosixPath(self.path).parent.name

    @property
    def is_shadow(self) -> bool:
        """Tell whether it is what a Mac or Windows adds on its own to the files it packs."""
        system = self.path.startswith("__MACOSX/") or self.name in (".DS_Store", "Thumbs.db")
        return system or self.name.startswith("._")


@contextmanager
def open_archive(source: Path | bytes, file_name: str) -> Iterator[tuple[Member, ...]]:
    """Give the files in a ZIP, each read into memory when asked for, never more than it declares.

    Raises:
        InputRefused: broken, encrypted, with names that lead out of it, or with more in it than
            any download has.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise InputRefused(
            tr("“{}” is no ZIP that can be read.").format(file_name),
            tr("Download or copy it again."),
        ) from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        _judge(file_name, entries)
        yield tuple(
            Member(entry.filename, entry.file_size, partial(_read, archive, entry))
            for entry in entries
        )


def _judge(file_name: str, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive for what its table of contents says."""
    if len(entries) > MOST_ENTRIES:
        raise _refused(
            file_name, tr("holds {} files; at most {} are read").format(len(entries), MOST_ENTRIES)
        )
    if sum(entry.file_size for entry in entries) > LARGEST_TOTAL:
        raise _refused(file_name, tr("would expand beyond {} GB").format(LARGEST_TOTAL // 10**9))
    for entry in entries:
        name = entry.filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
            raise _refused(file_name, tr("holds a name that leads out of it"))
        if entry.flag_bits & _ENCRYPTED:
            raise _refused(file_name, tr("is encrypted"))
        if entry.compress_type not in _METHODS:
            raise _refused(file_name, tr("is packed in a way that is not read"))
        bomb = entry.file_size > max(_LARGE, LARGEST_RATIO * entry.compress_size)
        if entry.file_size > LARGEST_ENTRY or bomb:
            raise _refused(file_name, tr("holds a file that would expand beyond reason"))


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    name = PurePosixPath(entry.filename).name
    try:
        with archive.open(entry) as stream:
            data = stream.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        raise InputRefused(
            tr("“{}” in the ZIP is damaged.").format(name), tr("Download or copy the ZIP again.")
        ) from error
    if len(data) != entry.file_size:
        raise InputRefused(
            tr("“{}” in the ZIP is not as long as the ZIP says.").format(name),
            tr("Download or copy the ZIP again."),
        )
    return data


def _refused(file_name: str, why: str) -> InputRefused:
    return InputRefused(
        tr("“{}” {}.").format(file_name, why),
        tr("Unpack it, look at what is in it, and choose the folder instead."),
    )
