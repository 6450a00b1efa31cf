# SPDX-License-Identifier: GPL-2.0-or-later
"""The register of issued products: a file beside the project that says what has been handed out.

What is given out later is held against it (`domain/disclosure`). It is for those who make products
and goes no further: it tells, by hashes, which report was counted where.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qgis.core import QgsProject

from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.domain.issued import Issued, as_record, from_record
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis import store
from streetsafe_plugin.i18n import tr

#: What the file is called after the project's name.
SUFFIX = ".issued.json"
_KIND, _VERSION = "streetsafe issued products", 1


def register_path(given: str, project: QgsProject | None) -> Path | None:
    """Return where the register is: the file that was given, else the one beside the project.

    None where none was given and the project is not saved in a file of its own: then nothing can
    be held against earlier products.
    """
    if given:
        return Path(given)
    saved = Path(project.fileName()) if project is not None and project.fileName() else None
    if saved is None or not saved.is_file():
        return None
    return saved.with_name(saved.stem + SUFFIX)


def read_register(path: Path) -> list[Issued]:
    """Return the entries of a register, the oldest first; none where there is no such file yet.

    Raises:
        InputRefused: it cannot be read, is damaged or was written by a newer version.
    """
    if not path.exists():
        return []
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputRefused(
            tr("The register of issued products “{}” cannot be read ({}).").format(
                path.name, error.strerror
            ),
            tr("Check your rights to it, or name another."),
        ) from error
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(held, dict) or held.get("kind") != _KIND:
        raise InputRefused(
            tr("“{}” is not a register of issued products.").format(path.name),
            tr("Choose another file, or leave the parameter empty."),
        )
    try:
        if int(held["version"]) > _VERSION:
            raise InputRefused(
                tr("The register “{}” was written by a newer StreetSafe.").format(path.name),
                tr("Update this one before anything is issued."),
            )
        return [from_record(record) for record in held["entries"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


@contextmanager
def entered(
    path: Path, entry: Issued, earlier: Sequence[Issued], tick: Tick = no_tick
) -> Iterator[Path]:
    """Enter a product at the end of a register while it is being made.

    It is entered first, so that nothing can leave that is not there; where the product fails, the
    register is put back as it was. Gives the place of the register.

    Args:
        path: the register.
        entry: the product.
        earlier: the entries that the product was held against, which must still be all.
        tick: progress of entering it.

    Raises:
        InputRefused: the register there cannot be read.
        WriteFailed: it cannot be written, another program holds it open, or something has been
            entered since, which the product was not held against.
    """
    held = read_register(path)
    if held != list(earlier):
        raise WriteFailed(
            tr("The register “{}” was changed while this was made.").format(path.name),
            tr("Run again, so that it is held against all that has been issued."),
        )
    tick(0.5)
    before = path.read_bytes() if path.exists() else None
    written = _write(path, [*held, entry])
    if written != path:
        written.unlink()
        raise WriteFailed(
            tr("The register “{}” is held open by another program.").format(path.name),
            tr("Close it there and run again."),
        )
    try:
        tick(1.0)
        yield path
    except BaseException:
        _take_back(path, entry, held, before)
        raise


def _take_back(path: Path, entry: Issued, earlier: Sequence[Issued], before: bytes | None) -> None:
    """Leave a register without an entry, and with those that have come behind it since."""
    now = read_register(path)
    if now != [*earlier, entry]:
        _write(path, [one for one in now if one != entry])
    elif before is None:
        path.unlink(missing_ok=True)
    else:
        # to the byte: another program may have laid it out in its own way
        with store.beside(path) as pending:
            pending.temporary.write_bytes(before)


def add_files(path: Path, entry: Issued, files: Iterable[Path], tick: Tick = no_tick) -> None:
    """Have a product's entry also know the files that were handed out."""
    known = with_files(entry, files)
    held = read_register(path)
    tick(0.5)
    _write(path, [known if one == entry else one for one in held])
    tick(1.0)


def _write(path: Path, entries: Iterable[Issued]) -> Path:
    held = {"kind": _KIND, "version": _VERSION, "entries": [as_record(one) for one in entries]}
    return store.write_text(path, json.dumps(held, ensure_ascii=False, separators=(",", ":")))


def with_files(entry: Issued, files: Iterable[Path]) -> Issued:
    """Return an entry that also knows the files handed out, by name and SHA-256."""
    return replace(
        entry,
        files={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    )


def _damaged(path: Path) -> InputRefused:
    return InputRefused(
        tr("The register of issued products “{}” is damaged.").format(path.name),
        tr("Put back a copy of it: without it nothing can be held against earlier products."),
    )
