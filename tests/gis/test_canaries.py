# SPDX-License-Identifier: GPL-2.0-or-later
"""The search for planted words finds them wherever a product could carry them."""

from __future__ import annotations

import base64
import gzip
import sqlite3
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtGui import QImage

from streetsafe_plugin.gis.release_pdf import export_pdf
from tests.canaries import leaks, spellings
from tests.layouts_to_export import small_layout

WORD = "Canary-7f3a é"


def png_with(kind: bytes, data: bytes) -> bytes:
    whole = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + whole


def zipped(path: Path, member: str, content: bytes) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return path.read_bytes()


def database(path: Path) -> bytes:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("CREATE TABLE notes (note TEXT)")
        # across the edge of a page, where no search of the raw bytes would find it
        connection.executemany(
            "INSERT INTO notes VALUES (?)", [("." * n + WORD,) for n in range(480, 520)]
        )
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("how", sorted(spellings(WORD)))
def test_every_spelling_is_found(tmp_path: Path, how: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"before" + spellings(WORD)[how].swapcase() + b"after")
    assert [line for line in leaks([path], [WORD]) if line.endswith(f"as {how}")]


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4\n1 0 obj\nstream\n" + zlib.compress(WORD.encode()) + b"\nendstream",
        png_with(b"tEXt", b"Author\0" + WORD.encode("latin-1")),
        png_with(b"zTXt", b"Author\0\0" + zlib.compress(WORD.encode("latin-1"))),
        png_with(b"iTXt", b"Author\0\1\0en\0\0" + zlib.compress(WORD.encode())),
        png_with(b"iTXt", b"Author\0\0\0en\0\0" + WORD.encode()),
        b"<svg>data:image/png;base64,"
        + base64.b64encode(png_with(b"zTXt", b"A\0\0" + zlib.compress(WORD.encode("latin-1"))))
        + b"</svg>",
        gzip.compress(WORD.encode()),
    ],
    ids=["PDF", "tEXt", "zTXt", "packed iTXt", "iTXt", "picture in a drawing", "gzip"],
)
def test_a_planted_word_is_found_in_each_kind_of_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    assert leaks([path], [WORD])
    assert not leaks([path], ["another"])


def test_archives_are_opened_to_the_bottom(tmp_path: Path) -> None:
    picture = png_with(b"zTXt", b"A\0\0" + zlib.compress(WORD.encode("latin-1")))
    inner = zipped(tmp_path / "a.qgz", "project.png", picture)
    path = tmp_path / "x.xlsx"
    zipped(path, "xl/media/inner.zip", inner)
    assert leaks([path], [WORD])
    zipped(path, f"{WORD}/empty.xml", b"")
    assert leaks([path], [WORD])


def test_values_of_a_database_are_found_across_its_pages(tmp_path: Path) -> None:
    database(tmp_path / "x.gpkg")
    found = leaks([tmp_path / "x.gpkg"], [WORD])
    if not hasattr(sqlite3.Connection, "deserialize"):
        pytest.skip("this Python cannot open a database from memory")
    assert sum("notes" in line and line.endswith("as utf-8") for line in found) == 40


def test_names_of_files_and_folders_count(tmp_path: Path) -> None:
    (tmp_path / f"of {WORD}").mkdir()
    assert leaks([tmp_path], [WORD])


def test_words_on_the_pages_of_a_pdf_are_found(tmp_path: Path, make_layer, qgis_new_project):
    layer = make_layer(["Point(450000 300000)", "Point(450100 300020)"])
    QgsProject.instance().addMapLayer(layer)
    path = export_pdf(small_layout([layer]), tmp_path / "x.pdf", f"A title with {WORD}")
    assert any("hex of utf-16-be" in line for line in leaks([path], [WORD]))
    words = leaks([path], ["Searchable words"])
    if words == []:
        pytest.skip("pdftotext is not installed")
    assert any("words" in line for line in words)


def test_a_picture_that_qt_writes_is_searched(tmp_path: Path) -> None:
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    image.fill(0)
    image.setText("Author", WORD * 40)  # long enough that Qt packs it
    image.save(str(tmp_path / "x.png"))
    assert leaks([tmp_path / "x.png"], [WORD])
