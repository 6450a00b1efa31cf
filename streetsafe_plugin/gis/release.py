# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way a product leaves: exported aside, verified, stripped of metadata, then moved.

QGIS reports success for a PDF cut short by a full disk and for a page on which a layer failed to
draw, writes the user's name into files and can put every attribute of a map into a PDF. So each
file is read back before anybody is told that it exists, and they are handed over all at once.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsPrintLayout

from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.release_checks import require_layers
from streetsafe_plugin.gis.release_folder import Delivered, deliver, staging
from streetsafe_plugin.gis.release_pdf import export_pdf, not_whole
from streetsafe_plugin.gis.release_pictures import export_png, export_svg
from streetsafe_plugin.gis.store import SIDE_FILES
from streetsafe_plugin.gis.text_gate import file_stem

#: Writes a file of a pack at the path it is given.
Writer = Callable[[Path], object]
#: Has whoever reads files of these names let go of them for as long as they are replaced.
LettingGo = Callable[[Sequence[Path]], AbstractContextManager[None]]
PageExport = Callable[[QgsPrintLayout, int, Path, str], object]
_LONGEST_PAGE_NAME = 40
#: PDFs are exported and looked at page by page in one go; the rest is a page at a time.
_PDF_WEIGHT = 0.8


@dataclass(frozen=True)
class Product:
    """A layout and what is to be made of it.

    `page_names` are what its pages are called in file names, one for each. `formats` are `pdf`
    for one file, `png` or `svg` for one of each page. `name` tells the files of one layout from
    those of another in the same pack.
    """

    layout: QgsPrintLayout
    page_names: Sequence[str]
    formats: Sequence[str]
    name: str = ""


def pack(
    products: Sequence[Product],
    folder: Path,
    stem: str,
    title: str,
    extra_files: Mapping[str, Writer] | None = None,
    tick: Tick = no_tick,
    letting_go: LettingGo | None = None,
) -> Delivered:
    """Export all products, verify every file, and move them into `folder` all at once.

    Args:
        products: what to export, in the order in which the files are returned.
        folder: is made if missing, in a folder that exists.
        stem: what all file names begin with; made harmless here.
        title: marking and title, the only metadata of every file.
        extra_files: what further files end in, such as `.xlsx` or `_parks.csv`, each with what
            writes it.
        tick: is called for every page.
        letting_go: if given, is entered while the files at these paths are replaced.

    Raises:
        WriteFailed: a file could not be made or proved faulty; nothing is left in the folder.
    """
    stem = file_stem(stem)
    jobs = [job for product in products for job in _jobs(product, stem, title)]
    jobs += [_extra(stem, ending, write) for ending, write in (extra_files or {}).items()]
    _require_different_names(jobs)
    whole = sum(job.weight for job in jobs)
    _require_layers(products)
    with staging(folder) as aside:
        made: list[Path] = []
        done = 0.0
        for job in jobs:
            tick(done / whole)
            path = aside / job.file_name
            try:
                job.make(path, _stretch(tick, done / whole, job.weight / whole))
            except OSError as error:
                raise not_whole(path) from error
            made.append(path)
            done += job.weight
        _require_layers(products)
        tick(1.0)  # the last moment at which stopping leaves everything as it was
        replaced = [folder / path.name for path in made]
        with letting_go(replaced) if letting_go else nullcontext():
            return deliver(made, folder, stem)


def _require_layers(products: Sequence[Product]) -> None:
    for product in products:
        require_layers(product.layout)


def _stretch(tick: Tick, start: float, length: float) -> Tick:
    def part(share: float) -> None:
        tick(start + length * share)

    return part


@dataclass(frozen=True)
class _Job:
    """A file to be made: its name, how, and how long that takes beside a picture."""

    file_name: str
    make: Callable[[Path, Tick], object]
    weight: float = 1.0


def _jobs(product: Product, stem: str, title: str) -> list[_Job]:
    layout, base = product.layout, stem
    if product.name:
        base = f"{stem}_{file_stem(product.name)}"
    pages = layout.pageCollection().pageCount()
    if pages != len(product.page_names):
        raise ValueError(f"{len(product.page_names)} names for {pages} pages")
    jobs = []
    if "pdf" in product.formats:

        def whole(path: Path, tick: Tick) -> None:
            export_pdf(layout, path, title, tick)

        jobs.append(_Job(f"{base}.pdf", whole, _PDF_WEIGHT * pages))

    def one_page(export: PageExport, number: int) -> Callable[[Path, Tick], object]:
        return lambda path, _: export(layout, number, path, title)

    for suffix, export in (("png", export_png), ("svg", export_svg)):
        if suffix in product.formats:
            for number, name in enumerate(product.page_names):
                short = file_stem(name)[:_LONGEST_PAGE_NAME]
                file_name = f"{base}_{number + 1:02d}_{short}.{suffix}"
                jobs.append(_Job(file_name, one_page(export, number)))
    return jobs


def _extra(stem: str, ending: str, write: Writer) -> _Job:
    name, dot, suffix = ending.rpartition(".")
    tail = f"_{file_stem(name)}" if name else ""

    def make(path: Path, _: Tick) -> None:
        write(path)
        _verify_data(path)

    return _Job(f"{stem}{tail}{dot}{suffix}", make)


def _require_different_names(jobs: Sequence[_Job]) -> None:
    """Refuse two files that Windows would take for one."""
    names = [job.file_name.lower() for job in jobs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two files called {twice[0]}")


@no_gdal_exceptions()
def _opens(path: Path) -> bool:
    kind = gdal.OF_RASTER | gdal.OF_READONLY
    return gdal.OpenEx(str(path), kind, allowed_drivers=["GTiff"]) is not None


def _verify_data(path: Path) -> None:
    """Read a file of data back, as far as its kind allows.

    Raises:
        WriteFailed: it is missing, empty or damaged.
    """
    unclosed = any(path.with_name(path.name + side).exists() for side in SIDE_FILES)
    if not path.is_file() or path.stat().st_size == 0 or unclosed:
        raise not_whole(path)
    try:
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as workbook:
                sound = workbook.testzip() is None
        elif path.suffix == ".gpkg":
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
                sound = database.execute("PRAGMA quick_check").fetchone() == ("ok",)
        elif path.suffix == ".tif":
            sound = _opens(path)
        else:
            path.read_text(encoding="utf-8-sig")
            sound = True
    except (zipfile.BadZipFile, sqlite3.Error, UnicodeDecodeError) as error:
        raise not_whole(path) from error
    if not sound:
        raise not_whole(path)
