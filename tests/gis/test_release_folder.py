# SPDX-License-Identifier: GPL-2.0-or-later
"""The last step out: all files of a pack come to lie in their folder under one name, or none."""

from __future__ import annotations

import errno
import os
import re
import time
from pathlib import Path

import pytest

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.gis.release_folder import Delivered, deliver, staging

NAMES = ["pack.pdf", "pack_01_overview.png", "pack_parks.csv"]


def hand_over(folder: Path, content: str = "new") -> Delivered:
    with staging(folder) as aside:
        files = [aside / name for name in NAMES]
        for file in files:
            file.write_text(f"{content} {file.name}")
        return deliver(files, folder, "pack")


def in_staging(path: Path) -> bool:
    return any(part.startswith(".streetsafe-") for part in path.parts)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def held_open(monkeypatch):
    """Return a function that lets no file of these names be renamed or replaced, as Windows."""
    rename = Path.replace

    def hold(*names: str, code: int = errno.EACCES) -> None:
        def refuse(self: Path, target: Path) -> Path:
            lying = {path.name for path in (self, Path(target)) if not in_staging(path)}
            if lying & set(names):
                raise OSError(code, "in use", str(self), None, str(target))
            return rename(self, target)

        monkeypatch.setattr(Path, "replace", refuse)

    return hold


def test_files_arrive_and_nothing_else(tmp_path: Path) -> None:
    made = hand_over(tmp_path / "pack")
    assert made == Delivered(tuple(tmp_path / "pack" / name for name in NAMES))
    assert contents(tmp_path / "pack") == {name: f"new {name}" for name in NAMES}


def test_older_files_of_the_same_names_are_replaced(tmp_path: Path) -> None:
    hand_over(tmp_path, "old")
    (tmp_path / "other.pdf").write_text("of somebody else")
    hand_over(tmp_path)
    assert contents(tmp_path) == {
        **{name: f"new {name}" for name in NAMES},
        "other.pdf": "of somebody else",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_use_gives_all_files_one_dated_name(tmp_path: Path, held_open, name) -> None:
    """Fault 89: whichever it is, old and new files are never mixed."""
    hand_over(tmp_path, "old")
    held_open(name)
    made = hand_over(tmp_path)
    assert made.in_use == name
    stamps = {re.fullmatch(r"pack_(\d{6})(_.*)?\.\w+", path.name).group(1) for path in made.files}
    assert len(stamps) == 1
    stamp = stamps.pop()
    assert contents(tmp_path) == {
        **{old: f"old {old}" for old in NAMES},
        **{new.replace("pack", f"pack_{stamp}", 1): f"new {new}" for new in NAMES},
    }


def test_no_name_at_all_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch) -> None:
    hand_over(tmp_path, "old")
    rename = Path.replace

    def no_csv(self: Path, target: Path) -> Path:
        # old files may be put back, as they may on Windows
        if in_staging(self) and Path(target).suffix == ".csv":
            raise PermissionError(13, "in use", str(self), None, str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", no_csv)
    (tmp_path / "pack_parks.csv").unlink()
    before = contents(tmp_path)
    with pytest.raises(WriteFailed, match=r"could not be put into .* Close the files"):
        hand_over(tmp_path)
    assert contents(tmp_path) == before


def test_another_error_is_not_taken_for_a_file_in_use(tmp_path: Path, held_open) -> None:
    hand_over(tmp_path, "old")
    held_open("pack_parks.csv", code=errno.EIO)
    with pytest.raises(WriteFailed, match="could not be put into"):
        hand_over(tmp_path)
    assert contents(tmp_path) == {name: f"old {name}" for name in NAMES}


def fail_half_way(folder: Path) -> None:
    with staging(folder) as aside:
        (aside / "x.pdf").write_bytes(b"half")
        raise ValueError("stop")


def test_work_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"):
        fail_half_way(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_made_for_nothing_is_taken_away(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"):
        fail_half_way(tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    with pytest.raises(ValueError, match="stop"):
        fail_half_way(tmp_path / "pack")
    assert (tmp_path / "pack").is_dir()


def abandoned(folder: Path, name: str, days: float) -> Path:
    aside = folder / name
    aside.mkdir()
    (aside / "half.pdf").write_text("half")
    then = time.time() - days * 86_400
    os.utime(aside, (then, then))
    return aside


def test_what_killed_runs_left_is_swept_after_a_day(tmp_path: Path) -> None:
    abandoned(tmp_path, ".streetsafe-4194400.tmp", 1.1)
    kept = {
        abandoned(tmp_path, ".streetsafe-4194401.tmp", 0.9),
        abandoned(tmp_path, ".streetsafe-mine.tmp", 9),
        abandoned(tmp_path, "streetsafe-12.tmp", 9),
    }
    hand_over(tmp_path)
    assert {path for path in tmp_path.iterdir() if path.is_dir()} == kept


def test_a_run_killed_while_it_replaced_a_file_loses_none(tmp_path: Path) -> None:
    aside = abandoned(tmp_path, ".streetsafe-4194400.tmp", 0)
    (aside / "replaced").mkdir()
    (aside / "replaced" / "lost.pdf").write_text("old")
    (aside / "replaced" / "kept.pdf").write_text("old")
    (tmp_path / "kept.pdf").write_text("new")
    then = time.time() - 2 * 86_400
    os.utime(aside, (then, then))
    hand_over(tmp_path)
    found = contents(tmp_path)
    assert found["lost.pdf"] == "old"
    assert found["kept.pdf"] == "new"
    assert not aside.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a file", "“a file” is a file. Choose a folder."),
        ("not/here", "“here” cannot be written to .* Choose a folder that exists"),
        ("x" * 300, "cannot be written to .* Choose a folder that exists"),
        ("nul\0byte", "cannot be written to"),
    ],
)
def test_a_folder_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path, name, sentence) -> None:
    (tmp_path / "a file").write_text("x")
    with pytest.raises(WriteFailed, match=sentence):
        hand_over(tmp_path / name)
    assert contents(tmp_path) == {"a file": "x"}


@pytest.mark.parametrize("name", ["con", "NUL.pdf", "dot.", "space ", "£", "a b#?%20", "..", "Ä"])
def test_odd_folders_work(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    made = hand_over(inside / name)
    assert all(path.read_text().startswith("new") for path in made.files)
