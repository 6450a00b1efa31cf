# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving: a whole pack through its one door, and the faults in which nothing may be left."""

from __future__ import annotations

import csv
import os
import resource
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from qgis.core import QgsProject

from streetsafe_plugin.domain.errors import Cancelled, WriteFailed
from streetsafe_plugin.gis import release
from tests.layouts_to_export import A4_LANDSCAPE, A4_PORTRAIT, SLIDE, small_layout

TITLE = "OFFICIAL-SENSITIVE: Parks"
FORMATS = ("pdf", "png", "svg")


@pytest.fixture
def points(make_layer, qgis_new_project):
    layer = make_layer(["Point(450000 300000)", "Point(450100 300020)", "Point(450050 299950)"])
    QgsProject.instance().addMapLayer(layer)
    return layer


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow(["park", "£", "café"])


def write_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as workbook:
        workbook.writestr("xl/workbook.xml", "<workbook/>" + " " * 20_000)


EXTRA = {".xlsx": write_workbook, "_parks.csv": write_csv}


@pytest.fixture
def pack(points):
    def make(folder: Path, formats=FORMATS, extra=EXTRA, stem="pack", tick=lambda _: None):
        product = release.Product(small_layout([points]), ["overview", "../../x"], formats)
        return release.pack([product], folder, stem, TITLE, extra, tick)

    return make


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_pack_has_all_its_files(pack, tmp_path: Path) -> None:
    made = pack(tmp_path / "out")
    assert [path.name for path in made.files] == [
        "pack.pdf",
        "pack_01_overview.png",
        "pack_02_x.png",
        "pack_01_overview.svg",
        "pack_02_x.svg",
        "pack.xlsx",
        "pack_parks.csv",
    ]
    assert names(tmp_path / "out") == {path.name for path in made.files}
    assert names(tmp_path) == {"out"}


def test_layouts_of_different_papers_lie_side_by_side(points, tmp_path: Path) -> None:
    products = [
        release.Product(small_layout([points], [A4_LANDSCAPE]), ["a"], ["pdf"]),
        release.Product(small_layout([points], [A4_PORTRAIT]), ["a"], ["pdf"], "A4 upright"),
        release.Product(small_layout([points], [SLIDE]), ["a"], ["png"], "slides"),
    ]
    release.pack(products, tmp_path, "pack", TITLE)
    assert names(tmp_path) == {"pack.pdf", "pack_A4-upright.pdf", "pack_slides_01_a.png"}


def test_two_files_of_one_name_are_never_made(points, tmp_path: Path) -> None:
    layout = small_layout([points])
    products = [
        release.Product(layout, ["a", "b"], ["pdf"], "Slides"),
        release.Product(layout, ["a", "b"], ["pdf"], "slides"),
    ]
    with pytest.raises(ValueError, match="two files called pack_slides.pdf"):
        release.pack(products, tmp_path, "pack", TITLE)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("../../x", "x.pdf"),
        ("con", "con_.pdf"),
        ("NUL.pdf", "NUL-pdf.pdf"),
        ("a" * 300, "a" * 80 + ".pdf"),
        ("dot. ", "dot.pdf"),
        ("£5 #?%20", "GBP5-20.pdf"),
        ("\u202e", "unnamed.pdf"),
    ],
)
def test_hostile_stems_make_harmless_names(pack, tmp_path: Path, stem: str, name: str) -> None:
    inside = tmp_path / "inside"
    pack(inside, ["pdf"], {}, stem)
    assert names(inside) == {name}
    assert names(tmp_path) == {"inside"}


@pytest.mark.parametrize("folder", ["£ a", "a b#?%20c", "dot.", "x" * 200])
def test_odd_folders_take_every_format(pack, tmp_path: Path, folder: str) -> None:
    made = pack(tmp_path / folder)
    assert len(made.files) == 7
    assert names(tmp_path) == {folder}


def test_progress_only_grows_and_ends_at_one(pack, tmp_path: Path) -> None:
    told: list[float] = []
    pack(tmp_path, tick=told.append)
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1
    assert len(set(told)) >= 2 + 2 + 2 + 2 + 2


@pytest.mark.parametrize("at", [0.0, 0.15, 0.5, 0.9, 1.0])
def test_cancelling_leaves_nothing(pack, tmp_path: Path, at: float) -> None:
    def stop(share: float) -> None:
        if share >= at:
            raise Cancelled

    with pytest.raises(Cancelled):
        pack(tmp_path / "out", tick=stop)
    assert names(tmp_path) == set()


def test_a_layer_that_goes_while_files_are_made_is_found_out(points, tmp_path: Path) -> None:
    layout = small_layout([points])

    def take_away(path: Path) -> None:
        QgsProject.instance().removeMapLayer(points.id())
        write_csv(path)

    product = release.Product(layout, ["a", "b"], ["png"])
    with pytest.raises(WriteFailed, match=r"map “page0\d_map” has no layers left"):
        release.pack([product], tmp_path / "out", "pack", TITLE, {".csv": take_away})
    assert names(tmp_path) == set()


def test_a_layer_that_cannot_be_read_is_named(points, tmp_path: Path) -> None:
    layout = small_layout([points])
    points.setDataSource("/nowhere.gpkg", "the reports", "ogr")
    with pytest.raises(WriteFailed, match="“the reports” cannot be drawn"):
        release.pack([release.Product(layout, ["a", "b"], ["png"])], tmp_path, "pack", TITLE)


@pytest.mark.parametrize(
    ("ending", "content"),
    [(".xlsx", b"PK\x03\x04 cut"), (".csv", b""), (".csv", b"\xff\xfe"), (".gpkg", b"SQLite")],
)
def test_spoilt_files_of_data_are_found_out(pack, tmp_path: Path, ending: str, content) -> None:
    extra = {ending: lambda path: path.write_bytes(content)}
    with pytest.raises(WriteFailed, match=rf"“pack{ending}” could not be exported whole"):
        pack(tmp_path / "out", (), extra)
    assert names(tmp_path) == set()


ONE_BY_ONE = [
    (["pdf"], {}),
    (["png"], {}),
    (["svg"], {}),
    ([], {".xlsx": write_workbook}),
    ([], {"_parks.csv": lambda path: path.write_text("x" * 20_000)}),
]
KINDS = ["PDF", "PNG", "SVG", "XLSX", "CSV"]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a small file system on `folder`, or skip where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount")
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(("formats", "extra"), ONE_BY_ONE, ids=KINDS)
def test_a_full_disk_leaves_nothing(pack, tmp_path: Path, formats, extra) -> None:
    """Fault 16."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "size=12k"):
        (disk / "old.pdf").write_text("old")
        with pytest.raises(WriteFailed, match=r"exported whole\. Check the free space"):
            pack(disk, formats, extra)
        assert names(disk) == {"old.pdf"}


@pytest.mark.parametrize(("formats", "extra"), ONE_BY_ONE, ids=KINDS)
def test_a_file_that_may_not_grow_leaves_nothing(pack, tmp_path: Path, formats, extra) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))
    try:
        with pytest.raises(WriteFailed, match=r"exported whole\. Check the free space"):
            pack(tmp_path / "out", formats, extra)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == set()


@pytest.mark.parametrize(("formats", "extra"), ONE_BY_ONE, ids=KINDS)
def test_a_folder_for_reading_only_is_refused(pack, tmp_path: Path, formats, extra) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "ro,size=12k"):
        with pytest.raises(WriteFailed, match=r"“disk” cannot be written to .* you may write"):
            pack(disk, formats, extra)
        with pytest.raises(WriteFailed, match=r"“out” cannot be written to .* you may write"):
            pack(disk / "out", formats, extra)
        assert names(disk) == set()


@pytest.mark.parametrize(("formats", "extra"), ONE_BY_ONE, ids=KINDS)
@pytest.mark.parametrize("name", ["a file", "missing/out", "x" * 300])
def test_a_folder_that_cannot_be_is_refused(pack, tmp_path: Path, formats, extra, name) -> None:
    (tmp_path / "a file").write_text("old")
    with pytest.raises(WriteFailed, match="Choose a folder"):
        pack(tmp_path / name, formats, extra)
    assert names(tmp_path) == {"a file"}
    assert (tmp_path / "a file").read_text() == "old"
