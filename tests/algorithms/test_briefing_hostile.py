# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole pack made of texts that would do something: they come out as letters and do nothing."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProject

from streetsafe_plugin.domain.taxonomy import REASON_CODES
from tests.canaries import leaks

#: What a spreadsheet takes for a formula when it opens a CSV.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: What expressions would give away.
HOME, ACCOUNT = "Canary-home-51", "Canary-account-52"


@pytest.fixture
def asked() -> Iterator[tuple[int, list[str]]]:
    """Return the port of a server on this machine and the list of what it is asked for."""
    paths: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, paths
    server.shutdown()
    thread.join()
    server.server_close()


def all_formats() -> list[int]:
    algorithm = QgsApplication.processingRegistry().algorithmById("streetsafe:exportbriefing")
    return list(range(len(algorithm.parameterDefinition("FORMATS").options())))


def formulas(path: Path) -> list[str]:
    """Return what a spreadsheet would calculate in a CSV or workbook."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        return [cell for cell in cells if cell.startswith(FORMULA_STARTS) and not is_number(cell)]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as workbook:
            sheets = [workbook.read(name) for name in workbook.namelist() if "sheet" in name]
        return [found.decode() for sheet in sheets for found in re.findall(rb"<f\b.*?</f>", sheet)]
    return []


def is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)?", cell) is not None


def hostile_texts(port: int) -> list[str]:
    return [
        f"<script>fetch('http://127.0.0.1:{port}/script')</script>",
        f'<img src="http://127.0.0.1:{port}/picture.png">',
        "[% env('HOME') %]",
        "[% @user_account_name %] [% @user_full_name %]",
        "=cmd|' /C calc'!A0",
        "right \u202eot tfel\u202c over",
        "../../x",
        "con",
        "NUL.pdf",
        "a" * 300,
        "£ # ? % ' \" ; DROP TABLE parks",
        "CON",
    ]


@pytest.fixture
def hostile_pack(run_algorithm, make_layer, asked, tmp_path: Path, monkeypatch):
    """Return a function that makes a pack whose every text is one of the hostile ones."""
    port, _ = asked
    texts = hostile_texts(port)
    monkeypatch.setenv("HOME", f"/{HOME}")
    monkeypatch.setenv("USER", ACCOUNT)
    monkeypatch.setenv("LOGNAME", ACCOUNT)
    corners = [(457_000 + 600 * (n % 4), 301_000 + 600 * (n // 4)) for n in range(len(texts))]
    parks = make_layer(
        [
            f"Polygon(({x} {y}, {x + 200} {y}, {x + 200} {y + 200}, {x} {y + 200}, {x} {y}))"
            for x, y in corners
        ],
        kind="Polygon",
        fields=[
            (name, "string(0)")
            for name in ("park_id", "park_name", "district", "boundary_status", "note")
        ],
        rows=[[text, text, text, text, text] for text in texts],
        name=texts[2],
    )
    words = ("report_id", "concern", "comment", "source_file", "reasons", "flags")
    reports = make_layer(
        [f"Point({x + 20 + 9 * k} {y + 30 + 11 * k})" for x, y in corners for k in range(6)],
        fields=[
            *((name, "string(0)") for name in words),
            ("submitted_at", "datetime"),
            *((code, "bool") for code in REASON_CODES),
        ],
        rows=[
            [*[text] * len(words), "2022-03-04T12:00:00", *[True] * len(REASON_CODES)]
            for text in texts
            for _ in range(6)
        ],
        name=texts[1],
    )
    crimes = make_layer(
        [f"Point({x + 50} {y + 50})" for x, y in corners],
        fields=[("reported_by", "string(0)"), ("month_start", "date")],
        rows=[[text, "2022-03-01"] for text in texts],
        name=texts[0],
    )
    area = make_layer(
        ["Polygon((456000 300000, 461000 300000, 461000 305000, 456000 305000, 456000 300000))"],
        kind="Polygon",
        name=texts[3],
    )

    def make(text: str, only_first: int = len(texts)) -> Path:
        folder = tmp_path / "inside" / "pack"
        folder.parent.mkdir()
        parks.setSubsetString(f"$id <= {only_first}")
        run_algorithm(
            "exportbriefing",
            {
                "PARKS": parks,
                "REPORTS": reports,
                "CRIMES": crimes,
                "AREA": area,
                "MARKING": 1,
                "TITLE": text[:90],
                "HANDLING": text[:90],
                "AUTHOR": text[:90],
                "ATTRIBUTION": text,
                "FORMATS": all_formats(),
                "FOLDER": str(folder),
            },
        )
        return folder

    return make


def pages_of(pdf: Path) -> list[str]:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    told = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, check=True)
    return told.stdout.decode("utf-8").split("\f")[:-1]


def without_spaces(text: str) -> str:
    return "".join(text.replace("\u2060", "").split())


def test_hostile_texts_are_letters_and_nothing_more(hostile_pack, asked, tmp_path: Path) -> None:
    port, requests = asked
    folder = hostile_pack("[% env('HOME') %] <b>http</b>")
    assert requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert [path.name for path in (tmp_path / "inside").iterdir()] == ["pack"]
    files = sorted(folder.iterdir())
    pages = 1 + len(hostile_texts(port))
    assert len(files) >= 1 + 2 * pages
    assert len({file.name.lower() for file in files}) == len(files)
    assert leaks([folder], [HOME, ACCOUNT]) == []
    assert [found for file in files for found in formulas(file)] == []
    (pdf,) = folder.glob("*.pdf")
    shown = [without_spaces(page) for page in pages_of(pdf)]
    # a park's page each, in the order of the layer; long names are cut to fit
    for page, text in zip(shown[1:], hostile_texts(port)):
        kept = text.replace("\u202e", "").replace("\u202c", "")
        assert without_spaces(kept)[:35] in page
        assert without_spaces("[% env('HOME') %] <b>http</b>") in page
        assert page.count("OFFICIAL-SENSITIVE") >= 2


@pytest.mark.parametrize("which", [0, 4, 5, 6])
def test_a_hostile_title_stays_in_the_folder(hostile_pack, asked, tmp_path: Path, which) -> None:
    port, requests = asked
    folder = hostile_pack(hostile_texts(port)[which], only_first=1)
    assert requests == []
    assert [path.name for path in (tmp_path / "inside").iterdir()] == ["pack"]
    for file in folder.iterdir():
        assert file.is_file()
        assert file.name.startswith("OFFICIAL-SENSITIVE_")
        assert file.name.isascii()
    project = QgsProject.instance()
    kept = [layout.name() for layout in project.layoutManager().printLayouts()]
    kept += [layer.name() for layer in project.mapLayers().values()]
    kept += [group.name() for group in project.layerTreeRoot().findGroups(True)]
    assert kept
    # what a legend would evaluate is kept apart by a word joiner
    assert not any("[%" in name or "\u202e" in name for name in kept)


def test_formulas_are_found_where_they_are(tmp_path: Path) -> None:
    table = tmp_path / "x.csv"
    table.write_text("park,n\n=1+1,-3\n'=1+1,+44\n", encoding="utf-8-sig")
    assert formulas(table) == ["=1+1"]
    book = tmp_path / "x.xlsx"
    with zipfile.ZipFile(book, "w") as workbook:
        workbook.writestr("xl/worksheets/sheet1.xml", "<c><f>1+1</f></c><c><v>2</v></c>")
    assert formulas(book) == ["<f>1+1</f>"]
