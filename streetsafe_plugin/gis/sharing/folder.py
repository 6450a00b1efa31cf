# SPDX-License-Identifier: GPL-2.0-or-later
"""A shared folder: written whole in a place of its own, checked, then moved where it belongs."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import sqlite3
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from qgis.core import QgsApplication, QgsMapLayer, QgsProject, QgsProviderRegistry

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.i18n import tr

_SIDE_FILES = ("-wal", "-shm", "-journal", ".aux.xml")
_REPLACED = "replaced"
#: Shorter names are words that mean nothing.
_SHORTEST_NAME = 4
_WORDS_OF_NOBODY = frozenset(("root", "user", "admin", "analyst", "localhost", "guest"))


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give a folder inside `folder` to write into; it is gone afterwards, whatever happened.

    Raises:
        WriteFailed: it cannot be made.
    """
    made_folder = not folder.exists()
    # a name never used before: QGIS keeps connections to files open by their paths
    place = folder / f".sharing.{uuid.uuid4().hex}.tmp"
    try:
        folder.mkdir(exist_ok=True)
        place.mkdir()
    except OSError as error:
        raise WriteFailed(
            tr("The folder “{}” cannot be written to ({}).").format(folder.name, error.strerror),
            tr("Choose a folder you may write to."),
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if made_folder:
            with suppress(OSError):  # it is no longer empty: all went well
                folder.rmdir()


def take_place(place: Path, folder: Path) -> list[Path]:
    """Move all files of `place` into `folder`; where one cannot be moved, none is.

    Raises:
        WriteFailed: a file of that name is in use, or the folder is closed to the user.
    """
    aside = place / _REPLACED
    aside.mkdir()
    done: list[tuple[Path, Path]] = []
    names = sorted(path.name for path in place.iterdir() if path.is_file())
    try:
        for name in names:
            target = folder / name
            if target.exists():
                target.replace(aside / name)
                done.append((aside / name, target))
            (place / name).replace(target)
            done.append((target, place / name))
    except OSError as error:
        for now, before in reversed(done):
            with suppress(OSError):
                now.replace(before)
        raise WriteFailed(
            tr("“{}” is in use by another program, or cannot be replaced ({}).").format(
                name, error.strerror
            ),
            tr("Close the shared project wherever it is open, or choose another folder."),
        ) from error
    return [folder / name for name in names]


def side_files(folder: Path) -> list[str]:
    """Return the names of files that a database leaves beside it while it is open."""
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(_SIDE_FILES))


def clear_side_files(place: Path) -> None:
    """Remove the notes on statistics that GDAL leaves beside rasters.

    Raises:
        WriteFailed: a database was not closed.
    """
    for left in place.glob("*.aux.xml"):
        left.unlink()
    if side_files(place):
        raise WriteFailed(
            tr("The GeoPackage was not closed cleanly after writing."), tr("Run it again.")
        )


def folders_of(project: QgsProject, layers: Sequence[QgsMapLayer]) -> list[str]:
    """Return the folders of this machine that a project of it could name."""
    found = {str(Path.home()), project.absolutePath(), project.homePath()}
    found |= {QgsApplication.qgisSettingsDirPath().rstrip("/\\")}
    for layer in layers:
        parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
        path = str(parts.get("path", ""))
        if path:
            found |= {str(Path(path).parent), str(Path(path).resolve().parent)}
    # a folder at the top, such as /tmp or /, is nobody's
    return sorted(one for one in found if len(Path(one).parts) > 2)


def names_of_this_machine() -> list[str]:
    """Return the names of the person and the machine, as far as they are no common words."""
    told = {
        getpass.getuser(),
        socket.gethostname(),
        QgsApplication.userLoginName(),
        QgsApplication.userFullName(),
        *(os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME")),
    }
    return sorted(
        name
        for name in told
        if len(name) >= _SHORTEST_NAME and name.lower() not in _WORDS_OF_NOBODY
    )


def where_named(path: Path, names: Sequence[str]) -> list[str]:
    """Return which of the names a saved project still holds, in texts that people wrote."""
    with zipfile.ZipFile(path) as archive:
        text = "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    return [
        name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
    ]


def check_database(path: Path, folders: Sequence[str]) -> None:
    """Have a GeoPackage need no file beside it; refuse one that is damaged or names a folder.

    Raises:
        WriteFailed: it is, does, or is still open somewhere.
    """
    database = sqlite3.connect(path)
    try:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master")]
        told = "\n".join(
            str(row)
            for table, query in (
                ("layer_styles", "SELECT styleQML, styleSLD, owner, description FROM layer_styles"),
                ("gpkg_metadata", "SELECT metadata FROM gpkg_metadata"),
                ("gpkg_contents", "SELECT identifier, description FROM gpkg_contents"),
            )
            if table in tables
            for row in database.execute(query)
        )
        # QGIS turns write-ahead logging on where it opens a file to write, whatever it is told
        mode = database.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        whole = database.execute("PRAGMA quick_check").fetchone()[0]
    finally:
        database.close()
    if whole != "ok":
        raise WriteFailed(
            tr("The GeoPackage does not read back whole."), tr("Check the free space.")
        )
    if mode != "delete" or any(folder in told for folder in folders):
        raise WriteFailed(
            tr("The GeoPackage would name a folder of this machine, or needs files beside it."),
            tr("Remove styles that point to files elsewhere, and try again."),
        )
