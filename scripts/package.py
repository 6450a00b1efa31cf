# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the plugin's ZIP: one top folder, the same bytes from the same sources.

QGIS wants `metadata.txt` and `LICENSE` beside the code; here they lie at the top of the checkout,
so this script brings them together and fills the changelog in.
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = "streetsafe_plugin"

#: ZIP files cannot say anything earlier; a fixed time keeps the bytes the same.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)

#: The plugin site takes no more than 25 MB.
LARGEST = 25_000_000

#: Sources of translations and what tools leave behind.
LEFT_OUT = {".ts", ".pyc", ".pyo", ".bak", ".orig", ".swp"}

#: The plugin site refuses programs and libraries.
REFUSED = {".bat", ".cmd", ".dll", ".dylib", ".exe", ".pyd", ".sh", ".so"}


class CannotPackage(Exception):
    """The sources are not fit to be shipped; the text says what is wrong."""


def version() -> str:
    """Return the version `metadata.txt` states."""
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    return parser["general"]["version"]


def archive_name() -> str:
    """Return the ZIP's file name, e.g. `streetsafe_plugin-0.1.0.zip`."""
    return f"{TOP}-{version()}.zip"


def shipped_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that belong into the ZIP.

    Raises:
        CannotPackage: A file is a program or library.
    """
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if hidden or path.suffix in LEFT_OUT or not path.is_file():
            continue
        if path.suffix.lower() in REFUSED:
            raise CannotPackage(f"{path.relative_to(ROOT)} is a program; the plugin ships none.")
        yield path


def changelog() -> str:
    """Return the released part of `CHANGELOG.md` as lines fit for `metadata.txt`.

    Headings lose their number signs, with which QGIS would take them for comments.

    Raises:
        CannotPackage: The version to be shipped has no entry.
    """
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    released = [section for section in sections if not section.startswith("[Unreleased]")]
    if not any(section.startswith(f"[{version()}]") for section in released):
        raise CannotPackage(f"CHANGELOG.md has no entry for version {version()}.")
    lines = []
    for section in released:
        heading, *rest = section.splitlines()
        lines.append(re.sub(r"\[(.+?)\] - ", r"Version \1, ", heading))
        for line in rest:
            if line.startswith("### "):
                lines.append(f"{line[4:]}:")
            elif line.strip():
                lines.append(line)
    return "\n    ".join(lines)


def metadata() -> str:
    """Return `metadata.txt` with the changelog filled in."""
    text = (ROOT / "metadata.txt").read_text(encoding="utf-8")
    filled, found = re.subn(
        r"^changelog=.*$", lambda _: f"changelog={changelog()}", text, flags=re.MULTILINE
    )
    if found != 1:
        raise CannotPackage("metadata.txt needs exactly one line that starts with 'changelog='.")
    return filled


def members() -> dict[str, bytes]:
    """Return the content of every file of the ZIP by its name there."""
    found = {
        f"{TOP}/metadata.txt": metadata().encode(),
        f"{TOP}/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }
    for folder, inside in ((ROOT / TOP, TOP), (ROOT / "resources", f"{TOP}/resources")):
        for path in shipped_files(folder):
            found[f"{inside}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    unfit = [name for name in found if ".." in name or "\\" in name or not name.isascii()]
    if unfit:
        raise CannotPackage(f"The plugin site refuses these file names: {', '.join(unfit)}.")
    return found


def write(archive: Path) -> None:
    """Write the ZIP beside its place and move it there once it is whole.

    Raises:
        CannotPackage: It grew larger than the plugin site takes.
    """
    content_by_name = members()
    archive.parent.mkdir(parents=True, exist_ok=True)
    beside = archive.with_suffix(".partial")
    with zipfile.ZipFile(beside, "w") as file:
        for name, content in sorted(content_by_name.items()):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content, compresslevel=9)
    if beside.stat().st_size > LARGEST:
        beside.unlink()
        raise CannotPackage(f"{archive} would hold more than the {LARGEST:,} bytes allowed.")
    beside.replace(archive)


def main() -> int:
    """Write the ZIP where the command line says and name it."""
    parser = argparse.ArgumentParser(description="Write the plugin's ZIP.")
    parser.add_argument("--out-dir", type=Path, default=ROOT / "dist", help="default: dist/")
    archive = parser.parse_args().out_dir / archive_name()
    try:
        write(archive)
    except CannotPackage as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{archive} ({archive.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
