# SPDX-License-Identifier: GPL-2.0-or-later
"""The script that walks the whole journey, run as `make` runs it."""

from __future__ import annotations

import pytest

from tests.repository.scripts import script
from tests.sheets import sheets_of

pytest.importorskip("qgis.core")


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
    assert len(list((out / "briefing").glob("*.png"))) == 22
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
