# SPDX-License-Identifier: GPL-2.0-or-later
"""How a result was made goes with it, and says nobody's name or folder."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsLayerNotesUtils,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorLayer,
)

from tests.front_door import Refused


@pytest.fixture
def square(make_layer):
    return make_layer(
        ["Polygon((457000 301000, 457100 301000, 457100 301100, 457000 301100, 457000 301000))"],
        kind="Polygon",
        fields=[("park_name", "string(0)")],
        rows=[["A <b>park</b>"]],
        name="my parks",
    )


def loaded(outcome, name: str):
    """Load an output as Processing does after a run, post-processor and all."""
    context = outcome.context
    details = context.layerToLoadOnCompletionDetails(outcome[name])
    layer = QgsProcessingUtils.mapLayerFromString(outcome[name], context)
    details.postProcessor().postProcessLayer(layer, context, None)
    return layer


def to_project(target: str) -> QgsProcessingOutputLayerDefinition:
    return QgsProcessingOutputLayerDefinition(target, QgsProject.instance())


@pytest.mark.parametrize("target", ["memory:", "{}/rings.gpkg"])
def test_a_loaded_result_is_dressed(run_algorithm, square, tmp_path: Path, target: str) -> None:
    made = run_algorithm(
        "parkrings",
        {"PARKS": square, "DISTANCES": "100", "OUTPUT": to_project(target.format(tmp_path))},
    )
    layer = loaded(made, "OUTPUT")
    history = " ".join(layer.metadata().history())
    assert "streetsafe:parkrings" in history
    assert "PARKS = my parks" in history
    assert "DISTANCES = 100" in history
    assert "streetsafe:parkrings" in QgsLayerNotesUtils.layerNotes(layer)
    assert layer.renderer().type() == "RuleRenderer"
    assert layer.mapTipTemplate()


def test_two_results_and_two_runs_do_not_get_in_each_others_way(
    run_algorithm, square, tmp_path: Path
) -> None:
    outcomes = [
        run_algorithm(
            "parkrings",
            {
                "PARKS": square,
                "DISTANCES": distance,
                "OUTPUT": to_project(str(tmp_path / f"{distance}.gpkg")),
            },
        )
        for distance in ("100", "200")
    ]
    for outcome, distance in zip(reversed(outcomes), ("200", "100")):
        assert f"DISTANCES = {distance}" in " ".join(loaded(outcome, "OUTPUT").metadata().history())


def test_a_geopackage_tells_its_story_without_the_plugin(
    run_algorithm, square, tmp_path: Path
) -> None:
    folder = tmp_path / "Jane Smith"
    folder.mkdir()
    made = run_algorithm(
        "parkrings",
        {"PARKS": square, "DISTANCES": "100", "OUTPUT": str(folder / "rings.gpkg")},
    )
    layer = QgsVectorLayer(f"{made['OUTPUT']}|layername=rings", "x", "ogr")
    told = " ".join([*layer.metadata().history(), layer.metadata().abstract()])
    assert "streetsafe:parkrings" in told
    content = (folder / "rings.gpkg").read_bytes()
    assert b"Jane Smith" not in content
    if len(getpass.getuser()) > 4:
        assert getpass.getuser().encode() not in content


def test_a_connection_never_reaches_the_story(run_algorithm, square, tmp_path: Path) -> None:
    from streetsafe_plugin.gis.provenance import record

    algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:parkrings")
    uri = "postgres://dbname='crime' host=db7 user='jane' password='hunter2' table=\"parks\""
    given = {"PARKS": uri, "DISTANCES": "Not for DPP/CPS"}
    told = " ".join(record(algorithm, given, QgsProcessingContext()).lines())
    assert "PARKS = a database layer" in told
    assert "DISTANCES = Not for DPP/CPS" in told
    assert not {"hunter2", "jane", "db7"} & set(told.replace("'", " ").split())


def test_checks_hold_where_nobody_asks_for_them(qgis_app, provider, square) -> None:
    # a model runs its children without their checks
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("streetsafe:exportbriefing")
    given = {"PARKS": square, "REPORTS": square, "AUDIENCE": 2}
    with pytest.raises(QgsProcessingException, match=r"\(MARKING\) is not chosen"):
        algorithm.run(given, QgsProcessingContext(), QgsProcessingFeedback(False), {}, False)


def test_an_output_never_replaces_an_input_or_another_output(
    run_algorithm, square, tmp_path: Path
) -> None:
    made = run_algorithm(
        "parkrings", {"PARKS": square, "DISTANCES": "100", "OUTPUT": str(tmp_path / "a.gpkg")}
    )
    before = Path(made["OUTPUT"]).read_bytes()
    with pytest.raises(Refused, match=r"\(OUTPUT\) is the same file as Parks \(PARKS\)"):
        run_algorithm(
            "parkrings", {"PARKS": made["OUTPUT"], "DISTANCES": "100", "OUTPUT": made["OUTPUT"]}
        )
    assert Path(made["OUTPUT"]).read_bytes() == before
    with pytest.raises(Refused, match="the folder “none” does not exist"):
        run_algorithm(
            "parkrings",
            {"PARKS": square, "DISTANCES": "100", "OUTPUT": str(tmp_path / "none" / "a.gpkg")},
        )
