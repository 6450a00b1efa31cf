# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmarks, run as `make` runs them but on little data."""

from __future__ import annotations

import json

import pytest

from tests.repository.scripts import script

pytest.importorskip("qgis.core")


def test_the_benchmarks_print_a_line_of_json_each(root, tmp_path):
    sizes = ["--points", 300, "--parks", 20, "--rows", 200, "--crimes", tmp_path / "none.zip"]
    done = script(root, tmp_path, "bench.py", *sizes, "--briefings", 1, "--months", 2)
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
    held = [(one["round_to"], one["issued_before"]) for one in printed if "issued_before" in one]
    assert held == [(0, 1), (10, 1)]
    for briefing in briefings.values():
        assert (briefing["parks"], briefing["pages"]) == (18, 22)
        assert 0 < briefing["longest_gap_s"] < briefing["streetsafe_s"]
    # timed beside esda only where that is installed
    assert "skipped" in lines["gi_star"] or lines["gi_star"]["esda_s"] > 0
    assert abs(lines["hotspotgrid"]["cells"] / lines["hotspotgrid"]["qgis_cells"] - 1) < 0.05
    for line in (lines["heatmap"], lines["hotspotgrid"], lines["parkanalysis"]):
        assert line["points"] == 300
        assert min(line["streetsafe_s"], line["qgis_s"]) > 0
