# SPDX-License-Identifier: GPL-2.0-or-later
"""How finished files come to lie in their folder: all of them, under one name, or none.

They are made in a folder aside, inside the one they are for, so that the last step is a renaming
and not a copy that can break off.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.i18n import tr

_ASIDE = re.compile(r"\.streetsafe-\d+\.tmp")
#: Within the folder aside: older files while new ones take their names.
_REPLACED = "replaced"
#: After a day nobody is still writing.
_ABANDONED_S = 86_400.0


@dataclass(frozen=True)
class Delivered:
    """Where the files of a pack came to lie, in the order in which they were given.

    `in_use` names the file that another program holds open, on account of which the whole pack
    has a dated name; empty where there was none.
    """

    files: tuple[Path, ...]
    in_use: str = ""


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give an empty folder inside `folder` to export to, and remove it whatever happens.

    A `folder` that was made for this goes too if nothing came to lie in it. What runs that were
    killed left there more than a day ago is cleared away.

    Raises:
        WriteFailed: `folder` is a file, is missing and cannot be made, or cannot be written to.
    """
    aside = folder / f".streetsafe-{os.getpid()}.tmp"
    made = False
    try:
        if not folder.is_dir():
            folder.mkdir()
            made = True
        _clear_abandoned(folder)
        _clear(aside)
        aside.mkdir()
    except (OSError, ValueError) as error:
        if made:
            folder.rmdir()
        raise _no_folder(folder, error) from error
    try:
        yield aside
    finally:
        _clear(aside)
        if made:
            with suppress(OSError):  # not empty: the files are there
                folder.rmdir()


def deliver(files: Sequence[Path], folder: Path, stem: str) -> Delivered:
    """Move verified files, whose names begin with `stem`, into `folder`.

    Older files of the same names are replaced, all or none. Where one of them is held open by
    another program, all new files get a dated stem instead and the old ones stay.

    Raises:
        WriteFailed: neither name can be had; the folder is as it was.
    """
    try:
        return Delivered(_move_all(files, [folder / path.name for path in files]))
    except PermissionError as refusal:
        in_use = Path(refusal.filename2 or refusal.filename or files[0]).name
    except OSError as error:
        raise _not_delivered(folder, error) from error
    stamp = datetime.datetime.now().strftime("%H%M%S")
    dated = [folder / f"{stem}_{stamp}{path.name[len(stem) :]}" for path in files]
    try:
        return Delivered(_move_all(files, dated), in_use)
    except OSError as error:
        raise _not_delivered(folder, error) from error


def _move_all(files: Sequence[Path], targets: Sequence[Path]) -> tuple[Path, ...]:
    """Rename every file to its target; after an error everything is where it was before."""
    replaced = files[0].parent / _REPLACED if files else Path()
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        source.replace(target)
        moved.append((source, target))

    try:
        for file, target in zip(files, targets):
            if target.exists():
                replaced.mkdir(exist_ok=True)
                move(target, replaced / target.name)
            move(file, target)
    except OSError:
        for source, target in reversed(moved):
            target.replace(source)
        raise
    return tuple(targets)


def _clear_abandoned(folder: Path) -> None:
    oldest = time.time() - _ABANDONED_S
    for path in list(folder.iterdir()):
        if _ASIDE.fullmatch(path.name) and path.stat().st_mtime < oldest:
            _clear(path)


def _clear(aside: Path) -> None:
    """Remove a folder aside; a file that lost its name to one that never came gets it back."""
    if aside.is_symlink() or not aside.is_dir():
        return
    replaced = aside / _REPLACED
    for path in list(replaced.iterdir()) if replaced.is_dir() else []:
        if not (aside.parent / path.name).exists():
            path.replace(aside.parent / path.name)
    shutil.rmtree(aside, ignore_errors=True)


def _no_folder(folder: Path, error: OSError | ValueError) -> WriteFailed:
    if isinstance(error, FileExistsError):
        return WriteFailed(tr("“{}” is a file.").format(folder.name), tr("Choose a folder."))
    why = error.strerror if isinstance(error, OSError) else error
    return WriteFailed(
        tr("The folder “{}” cannot be written to ({}).").format(folder.name, why),
        tr("Choose a folder that exists and that you may write to."),
    )


def _not_delivered(folder: Path, error: OSError) -> WriteFailed:
    return WriteFailed(
        tr("The finished files could not be put into “{}” ({}); what was there still is.").format(
            folder.name, error.strerror
        ),
        tr("Close the files of this folder in other programs, then try again."),
    )
