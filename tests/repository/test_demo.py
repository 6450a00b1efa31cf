# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts that walk the whole journey and time it, run as `make` runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.sheets import sheets_of

pytest.importorskip("qgis.core")


def script(root, tmp_path, name, *arguments):
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(runtime),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile"),
    }
    return subprocess.run(
        [sys.executable, str(root / "scripts" / name), *map(str, arguments)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_stops_with_the_sentence_of_the_step_that_failed(root, tmp_path):
    source = tmp_path / "no such extract.csv"
    done = script(root, tmp_path, "demo.py", "--source", source, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "The demo stopped. streetsafe:importreports: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "streetsafe_demo.qgz" not in {path.name for path in (tmp_path / "out").iterdir()}


def test_the_demo_walks_the_whole_journey_on_the_sample(root, tmp_path):
    done = script(root, tmp_path, "demo.py", "--out", tmp_path / "Jane's £ out")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "Jane's £ out"
    made = {path.name for path in out.iterdir()}
    assert {
        "reports.gpkg", "crimes.gpkg", "parks.gpkg", "rings.gpkg", "heatmap.tif",
        "change.gpkg", "change.html", "streetsafe_demo.qgz", "summary.txt",
    } <= made  # fmt: skip
    assert len(list((out / "briefing").glob("*.pdf"))) == 1
    assert len(list((out / "briefing").glob("*.png"))) == 23
    # the sample is busiest at its launch, and that alone must not be called a fall
    [workbook] = (out / "briefing").glob("*.xlsx")
    all_parks = sheets_of(str(workbook))["Change"][0]
    assert float(all_parks["interval to (reports)"]) < 0
    assert all_parks["change"] == "no clear change"
    assert "as publicity makes them" in all_parks["in words"]
    # what the public gets has no point, and the shared project no name of a folder
    assert {path.suffix for path in (out / "briefing_public").iterdir()} == {
        ".pdf", ".xlsx", ".gpkg", ".tif",
    }  # fmt: skip
    assert {path.suffix for path in (out / "shared").iterdir()} == {".gpkg", ".qgz"}
    assert (out / "streetsafe_demo.issued.json").exists()
    summary = (out / "summary.txt").read_text(encoding="utf-8")
    assert "1,211 ROWS_READ = 1,200 ACCEPTED + 0 MERGED + 9 REJECTED_ROWS + 2 DUPLICATES" in summary
    assert "layers, all valid when opened again" in summary
    assert str(tmp_path) not in summary
    assert str(out / "streetsafe_demo.qgz") in done.stdout


def test_the_benchmarks_print_a_line_of_json_each(root, tmp_path):
    sizes = ["--points", 300, "--parks", 20, "--rows", 200, "--crimes", tmp_path / "none.zip"]
    done = script(root, tmp_path, "bench.py", *sizes, "--briefings", 1)
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    lines = {line["benchmark"]: line for line in printed}
    assert list(lines) == [
        "importreports",
        "importcrimes",
        "exportbriefing",
        "heatmap",
        "hotspotgrid",
        "gi_star",
        "parkanalysis",
    ]
    assert lines["importcrimes"]["skipped"] == "There is no file none.zip."
    assert lines["importreports"]["rows"] == 200
    for one in ("streetsafe", "ogr2ogr"):
        assert lines["importreports"][f"{one}_s"] > 0
        assert lines["importreports"][f"{one}_peak_mb"] > 0
    briefings = {line["audience"]: line for line in printed if "audience" in line}
    assert list(briefings) == ["internal", "partner", "public"]
    for briefing in briefings.values():
        assert (briefing["parks"], briefing["pages"]) == (18, 22)
        assert 0 < briefing["longest_gap_s"] < briefing["streetsafe_s"]
    # timed beside esda only where that is installed
    assert "skipped" in lines["gi_star"] or lines["gi_star"]["esda_s"] > 0
    assert abs(lines["hotspotgrid"]["cells"] / lines["hotspotgrid"]["qgis_cells"] - 1) < 0.05
    for line in (lines["heatmap"], lines["hotspotgrid"], lines["parkanalysis"]):
        assert line["points"] == 300
        assert min(line["streetsafe_s"], line["qgis_s"]) > 0
