# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample is written whole, says what it is, and imports exactly as its README says."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import shapely.wkb
from qgis.core import QgsProcessingException, QgsProject, QgsVectorLayer

from streetsafe_plugin.algorithms import sample_data
from streetsafe_plugin.domain import sample_files

REPORT_FILES = ("REPORTS_LONLAT", "REPORTS_BNG", "REPORTS_GEOJSON", "REPORTS_GPKG")
SMALL = 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sample") / "Sample £ 1"


@pytest.fixture
def sample(run_algorithm, folder):
    """Make the sample once for the module; the run fixture lasts a test only."""
    if not folder.exists():
        run_algorithm("sampledata", {"FOLDER": str(folder), "SEED": 5, "REPORTS": SMALL})
    return {name: folder / file for name, file in sample_data.FILES.items()}


def stated_accounts(readme):
    """Return the numbers the README states, by file name."""
    lines = re.findall(r"^  (sample_reports\S+)((?: +\d+){6})$", readme.read_text(), re.MULTILINE)
    names = ("ROWS_READ", "ACCEPTED", "REJECTED_ROWS", "DUPLICATES", "MENTIONS", "OUTSIDE_AREA")
    return {file: dict(zip(names, map(int, numbers.split()))) for file, numbers in lines}


def outlines(path):
    layer = QgsVectorLayer(str(path), "", "ogr")
    return [(one["name"], shapely.wkb.loads(bytes(one.geometry().asWkb()))) for one in
            layer.getFeatures()]  # fmt: skip


def test_every_file_is_there_and_named_as_invented(sample, folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(sample_data.FILES.values())
    assert all("invented" in name for name in sample_data.FILES.values() if name != "README.txt")


def test_paths_are_given_as_text(run_algorithm, tmp_path):
    outcome = run_algorithm("sampledata", {"FOLDER": str(tmp_path / "a"), "REPORTS": 5})
    assert outcome["FOLDER"] == str(tmp_path / "a")
    for name, file in sample_data.FILES.items():
        assert outcome[name] == str(tmp_path / "a" / file)


def test_the_same_seed_writes_the_same_bytes(run_algorithm, sample, tmp_path):
    run_algorithm("sampledata", {"FOLDER": str(tmp_path / "b"), "SEED": 5, "REPORTS": SMALL})
    for path in sample.values():
        again = tmp_path / "b" / path.name
        if path.suffix == ".gpkg":
            rows = [
                [(one.attributes(), bytes(one.geometry().asWkb())) for one in layer.getFeatures()]
                for layer in (QgsVectorLayer(str(one), "", "ogr") for one in (path, again))
            ]
            assert rows[0] == rows[1]
        elif path.suffix != ".qgz":
            assert path.read_bytes() == again.read_bytes()


def test_a_second_run_replaces_the_first(run_algorithm, tmp_path):
    for reports in (30, 10):
        run_algorithm("sampledata", {"FOLDER": str(tmp_path / "c"), "REPORTS": reports})
    table = (tmp_path / "c" / sample_data.FILES["REPORTS_BNG"]).read_text().splitlines()
    assert len(table) == 1 + 10 + 11
    assert len(list((tmp_path / "c").iterdir())) == len(sample_data.FILES)


def test_the_parks_of_the_register_and_their_namesakes_are_outlined(sample):
    drawn = outlines(sample["BOUNDARIES"])
    names = [name for name, _ in drawn]
    assert len(drawn) == 18 + 3
    assert {"Queens Park", "Tods Piece", "Brocks Hill Country Park"} <= set(names)
    assert [names.count(name) for name in ("Queens Park", "Victoria Park", "Clarendon Park")] == [
        2,
        2,
        2,
    ]
    assert all(shape.is_valid for _, shape in drawn)
    overlaps = [
        (one[0], other[0])
        for one, other in itertools.combinations(drawn, 2)
        if one[1].intersects(other[1])
    ]
    assert overlaps == []


def test_the_project_opens_with_every_layer(sample):
    project = QgsProject()
    assert project.read(str(sample["PROJECT"]))
    layers = [node.layer() for node in project.layerTreeRoot().findLayers()]
    assert [layer.isValid() for layer in layers] == [True] * 5
    assert all("invented" in layer.name() for layer in layers)
    assert [layer.featureCount() for layer in layers] == [SMALL + 8, 18, 21, 9, 1]
    project.clear()


def test_the_projects_parks_show_what_was_done_in_them(sample):
    project = QgsProject()
    assert project.read(str(sample["PROJECT"]))
    (relation,) = project.relationManager().relations().values()
    assert relation.isValid()
    parks, table = relation.referencedLayer(), relation.referencingLayer()
    measures = {
        park["park_id"]: [one["measure"] for one in relation.getRelatedFeatures(park)]
        for park in parks.getFeatures()
    }
    assert sum(map(len, measures.values())) == table.featureCount()
    assert sum(1 for found in measures.values() if len(found) > 1) == 2
    assert all("INVENTED SAMPLE" in one["source"] for one in table.getFeatures())
    assert any(one["overlap"] == "lighting: from 2022-02-21 on" for one in table.getFeatures())
    assert {tab.name() for tab in parks.editFormConfig().tabs()} == {"Park", "Interventions"}
    project.clear()


def test_the_samples_parks_lie_where_their_outlines_do(sample):
    spelt = dict(outlines(sample["BOUNDARIES"])[:18])
    layer = QgsVectorLayer(str(sample["PARKS"]), "", "ogr")
    for park in layer.getFeatures():
        drawn = shapely.wkb.loads(bytes(park.geometry().asWkb()))
        assert drawn.equals(spelt[park["match_name"]])
        assert park["area_ha"] == pytest.approx(drawn.area / 10_000)


def test_every_layer_says_that_it_is_invented(sample):
    for name in ("REPORTS_GPKG", "BOUNDARIES", "PARKS", "AREA"):
        layer = QgsVectorLayer(str(sample[name]), "", "ogr")
        last = layer.fields().count() - 1
        assert all("INVENTED SAMPLE" in one[last] for one in layer.getFeatures())
        assert "Nothing in it is real" in layer.metadata().abstract()
        assert layer.crs().authid() == "EPSG:27700"


def test_a_folder_that_cannot_be_made_is_refused(run_algorithm, tmp_path):
    with pytest.raises(Exception, match=r"\(FOLDER\) is “sample”, and the folder around it"):
        run_algorithm("sampledata", {"FOLDER": str(tmp_path / "none" / "sample")})
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="is “file”, which is a file"):
        run_algorithm("sampledata", {"FOLDER": str(tmp_path / "file")})
    with pytest.raises(Exception, match="REPORTS"):
        run_algorithm("sampledata", {"FOLDER": str(tmp_path / "a"), "REPORTS": 0})


@pytest.mark.parametrize("cancel_at", [0, 20])
def test_cancelling_leaves_nothing(run_algorithm, tmp_path, cancel_at):
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm("sampledata", {"FOLDER": str(tmp_path / "d")}, cancel_at=cancel_at)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", REPORT_FILES)
def test_each_file_of_reports_imports_as_the_readme_says(run_algorithm, sample, name):
    stated = stated_accounts(sample["README"])
    assert len(stated) == len(REPORT_FILES)
    imported = run_algorithm(
        "importreports",
        {"SOURCE": str(sample[name]), "AREA": str(sample["AREA"]), "OUTPUT": "TEMPORARY_OUTPUT"},
    )
    found = {key: imported[key] for key in stated[sample[name].name]}
    assert found == stated[sample[name].name]
    assert imported["MERGED"] == 0


def test_the_four_files_give_the_same_reports(run_algorithm, sample):
    tables = []
    for name in REPORT_FILES:
        outcome = run_algorithm(
            "importreports", {"SOURCE": str(sample[name]), "OUTPUT": "TEMPORARY_OUTPUT"}
        )
        layer = outcome.layer("OUTPUT")
        kept = ("submitted_at", "submitted_precision", "concern", "reasons", "n_reasons",
                "crime_reported", "why_not_reported")  # fmt: skip
        tables.append(
            {
                row["report_id"]: (
                    *(row[column] for column in kept),
                    round(place.x()),
                    round(place.y()),
                )
                for row, place in zip(
                    outcome.rows("OUTPUT"),
                    (one.geometry().asPoint() for one in layer.getFeatures()),
                )
            }
        )
    assert len(tables[0]) == SMALL
    assert tables[1] == tables[0]
    assert tables[2] == tables[0]
    assert tables[3] == tables[0]


def test_the_crimes_import_as_the_readme_says(run_algorithm, sample):
    readme = sample["README"].read_text()
    stated = re.search(r"\.zip: (\d+) rows.*?\. (\d+)\s+have a place, (\d+) say", readme, re.DOTALL)
    rows, accepted, nowhere = map(int, stated.groups())
    imported = run_algorithm(
        "importcrimes", {"SOURCE": str(sample["CRIMES"]), "OUTPUT": "TEMPORARY_OUTPUT"}
    )
    assert (imported["ROWS_READ"], imported["ACCEPTED"]) == (rows, accepted)
    assert (imported["NO_LOCATION"], imported["REJECTED_ROWS"]) == (nowhere, 0)
    assert imported["MISSING_MONTHS"] == "2022-08"


def test_the_parks_match_their_outlines_and_not_the_namesakes(run_algorithm, sample):
    outcome = run_algorithm(
        "loadparks", {"BOUNDARIES": str(sample["BOUNDARIES"]), "OUTPUT": "TEMPORARY_OUTPUT"}
    )
    assert (outcome["PARKS"], outcome["MATCHED"], outcome["INDICATIVE_COUNT"]) == (18, 18, 0)
    assert outcome["UNMATCHED"] == ""
    assert max(row["match_distance_m"] for row in outcome.rows("OUTPUT")) < 500


def test_every_row_of_the_text_files_says_that_it_is_invented(sample):
    for name in ("REPORTS_LONLAT", "REPORTS_BNG"):
        lines = Path(sample[name]).read_text(encoding="utf-8-sig").splitlines()
        assert all(sample_files.STATUS in line for line in lines[1:])
