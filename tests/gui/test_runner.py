# SPDX-License-Identifier: GPL-2.0-or-later
"""A run from the check to the loaded result, and every way in which it can end otherwise."""

from __future__ import annotations

import time

import pytest
from qgis.core import QgsApplication, QgsProcessing, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QProgressDialog, QPushButton

from streetsafe_plugin.gui.runner import Ending
from tests.gui.fakes import FakeImport, wait_until

ALGORITHM = "streetsafe:importreports"
HERE = "streetsafe:importhere"


@pytest.fixture
def outcomes(runner):
    seen = []
    runner.finished.connect(seen.append)
    return seen


@pytest.mark.parametrize("algorithm", [ALGORITHM, HERE])
def test_result_is_loaded_named_and_dressed(runner, outcomes, algorithm):
    runner.run(algorithm, {"SOURCE": "good"})
    wait_until(lambda: outcomes)
    [outcome] = outcomes
    assert outcome.ending is Ending.DONE
    assert outcome.results["ACCEPTED"] == 1204
    [layer] = QgsProject.instance().mapLayers().values()
    assert outcome.layers == [layer]
    assert layer.name() == "Reports"
    assert layer.featureCount() == 1
    assert layer.customProperty("dressed") is True
    assert QgsProject.instance().layerTreeRoot().findLayer(layer.id()) is not None
    assert not runner.busy


def test_optional_output_is_not_made_unasked(runner, outcomes):
    runner.run(ALGORITHM, {"SOURCE": "good"})
    wait_until(lambda: outcomes)
    assert len(QgsProject.instance().mapLayers()) == 1


def test_optional_output_is_made_when_asked_for_unless_it_is_empty(runner, outcomes):
    rejected = {"REJECTED": QgsProcessing.TEMPORARY_OUTPUT}
    runner.run(ALGORITHM, {"SOURCE": "good", **rejected})
    wait_until(lambda: len(outcomes) == 1)
    assert [layer.name() for layer in outcomes[0].layers] == ["Reports"]
    runner.run(ALGORITHM, {"SOURCE": "some rejected", **rejected})
    wait_until(lambda: len(outcomes) == 2)
    assert {layer.name() for layer in outcomes[1].layers} == {"Reports", "Rejected"}


def test_bad_parameters_are_refused_before_work(runner, outcomes):
    started = []
    runner.started.connect(lambda *arguments: started.append(arguments))
    runner.run(ALGORITHM, {})
    [outcome] = outcomes
    assert outcome.ending is Ending.REFUSED
    assert outcome.sentence == "Source: choose the file that holds the reports."
    assert started == []
    assert not runner.busy


@pytest.mark.parametrize("algorithm", [ALGORITHM, HERE])
def test_failure_gives_its_sentence_unescaped(runner, outcomes, algorithm):
    runner.run(algorithm, {"SOURCE": "fail"})
    wait_until(lambda: outcomes)
    [outcome] = outcomes
    assert outcome.ending is Ending.FAILED
    assert outcome.sentence == "“a <b>.csv” cannot be read. Save it again."
    assert QgsProject.instance().mapLayers() == {}


@pytest.mark.parametrize("algorithm", [ALGORITHM, HERE])
def test_bug_is_told_in_one_sentence_and_logged_in_full(runner, outcomes, algorithm, caplog):
    caplog.set_level("INFO", "streetsafe_plugin")
    runner.run(algorithm, {"SOURCE": "bug"})
    wait_until(lambda: outcomes)
    [outcome] = outcomes
    assert outcome.ending is Ending.FAILED
    assert "Traceback" not in outcome.sentence
    assert "secret" not in outcome.sentence
    assert "KeyError" in caplog.text


@pytest.mark.parametrize("algorithm", [ALGORITHM, HERE])
def test_failed_preparation_ends_the_run(runner, outcomes, algorithm):
    runner.run(algorithm, {"SOURCE": "unprepared"})
    wait_until(lambda: outcomes)
    [outcome] = outcomes
    assert outcome.ending is Ending.FAILED
    assert outcome.sentence == "It could not be prepared."
    assert not runner.busy


def test_unknown_algorithm_is_told(runner, outcomes):
    runner.run("streetsafe:nothing", {})
    [outcome] = outcomes
    assert outcome.ending is Ending.FAILED
    assert "not available" in outcome.sentence


def test_cancel_ends_within_a_second_and_adds_nothing(runner, outcomes):
    progress = []
    runner.progressed.connect(progress.append)
    runner.run(ALGORITHM, {"SOURCE": "slow"})
    wait_until(lambda: progress)
    pressed = time.monotonic()
    runner.cancel()
    wait_until(lambda: outcomes)
    assert time.monotonic() - pressed < 1.0
    assert [outcome.ending for outcome in outcomes] == [Ending.CANCELLED]
    assert QgsProject.instance().mapLayers() == {}


def test_only_one_job_at_a_time(runner, outcomes):
    runner.run(ALGORITHM, {"SOURCE": "slow"})
    runner.run(ALGORITHM, {"SOURCE": "good"})
    assert runner.busy
    runner.cancel()
    wait_until(lambda: outcomes)
    assert [outcome.ending for outcome in outcomes] == [Ending.CANCELLED]


def test_work_in_the_window_thread_can_be_cancelled(runner, outcomes, qtbot):
    def press_cancel():
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, QProgressDialog)]
        [window] = [w for w in windows if w.isVisible()]
        assert window.isModal()
        qtbot.mouseClick(window.findChild(QPushButton), Qt.MouseButton.LeftButton)

    QTimer.singleShot(60, press_cancel)
    runner.run(HERE, {"SOURCE": "slow"})
    assert [outcome.ending for outcome in outcomes] == [Ending.CANCELLED]
    assert FakeImport.working == 0


@pytest.mark.parametrize("how", ["good", "bug", "fail"])
def test_work_in_the_window_thread_takes_its_window_away(runner, outcomes, how):
    runner.run(HERE, {"SOURCE": how})
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, QProgressDialog)]
    assert not any(window.isVisible() for window in windows)
    assert len(outcomes) == 1


def test_closing_the_project_stops_the_job_first(runner, outcomes):
    runner.run(ALGORITHM, {"SOURCE": "slow"})
    wait_until(lambda: FakeImport.working)
    QgsProject.instance().clear()
    assert FakeImport.working == 0
    assert [outcome.ending for outcome in outcomes] == [Ending.CANCELLED]
    assert not runner.busy


def test_removing_an_input_layer_stops_the_job_first(runner, outcomes):
    layer = QgsVectorLayer("Point?crs=EPSG:27700", "in", "memory")
    other = QgsVectorLayer("Point?crs=EPSG:27700", "other", "memory")
    QgsProject.instance().addMapLayers([layer, other])
    runner.run(ALGORITHM, {"SOURCE": "slow", "LAYER": layer.id()})
    wait_until(lambda: FakeImport.working)
    QgsProject.instance().removeMapLayer(other.id())
    assert runner.busy
    QgsProject.instance().removeMapLayer(layer.id())
    assert FakeImport.working == 0
    assert [outcome.ending for outcome in outcomes] == [Ending.CANCELLED]


def test_work_that_replaces_its_own_input_is_done_and_not_cancelled(runner, outcomes):
    """As a briefing does that was made from the layers of an earlier one."""
    layer = QgsVectorLayer("Point?crs=EPSG:27700", "in", "memory")
    QgsProject.instance().addMapLayer(layer)
    runner.run(HERE, {"SOURCE": "replaces its input", "LAYER": layer.id()})
    assert [outcome.ending for outcome in outcomes] == [Ending.DONE]
    assert outcomes[0].results["ACCEPTED"] == 1204


def test_shutting_down_while_running_is_silent(runner, outcomes):
    runner.run(ALGORITHM, {"SOURCE": "slow"})
    wait_until(lambda: FakeImport.working)
    runner.close_down()
    assert FakeImport.working == 0
    QgsApplication.processEvents()
    assert outcomes == []
    QgsProject.instance().cleared.connect(runner.stop)  # for the fixture to take away again
    QgsProject.instance().layersWillBeRemoved.connect(runner._stop_if_using)


def test_cancelling_in_qgis_own_task_list_counts_as_cancelled(runner, outcomes):
    runner.run(ALGORITHM, {"SOURCE": "slow"})
    wait_until(lambda: FakeImport.working)
    QgsApplication.taskManager().cancelAll()
    wait_until(lambda: outcomes)
    assert outcomes[0].ending is Ending.CANCELLED
