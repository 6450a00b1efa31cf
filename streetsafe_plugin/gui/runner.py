# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens on Run: check, start in the background, follow, load the results, tell.

One job at a time. Everything a running job needs (algorithm, context, feedback, task) stays
referenced here until it has ended, since QGIS itself keeps only the task.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterVectorDestination,
    QgsProject,
    QgsTask,
)
from qgis.PyQt.QtCore import QCoreApplication, QObject, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QProgressDialog, QWidget

from streetsafe_plugin.gui.loading import load_results
from streetsafe_plugin.i18n import tr

#: How long unloading the plugin or closing the project waits for a job to notice its cancelling.
STOP_WITHIN_S = 10.0

_PAUSE_S = 0.01
_LAYER_OUTPUTS = (
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterVectorDestination,
)
_OVER = (QgsTask.TaskStatus.Complete, QgsTask.TaskStatus.Terminated)
_LOG = logging.getLogger(__name__)


class Ending(Enum):
    """The ways in which a run can end."""

    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its results and layers, or the sentence that says why there are none."""

    ending: Ending
    algorithm_id: str
    title: str
    results: dict[str, Any] = field(default_factory=dict)
    layers: list[QgsMapLayer] = field(default_factory=list)
    sentence: str = ""


class JobFeedback(QgsProcessingFeedback):
    """Feedback that remembers the error which ended the job; called from the job's thread."""

    def __init__(self) -> None:
        super().__init__(False)
        self.error = ""

    def reportError(self, error: str, fatalError: bool = False) -> None:
        """Remember the last error and keep it in the text log."""
        self.error = error
        super().reportError(error, fatalError)


@dataclass
class _Job:
    algorithm: QgsProcessingAlgorithm
    parameters: dict[str, Any]
    context: QgsProcessingContext
    feedback: JobFeedback
    layer_ids: frozenset[str]
    task: QgsProcessingAlgRunnerTask | None = None

    def outcome(self, ending: Ending, **rest: Any) -> Outcome:
        return Outcome(ending, self.algorithm.id(), self.algorithm.displayName(), **rest)


#: Jobs that did not stop in time; kept alive, since their thread still uses them.
_ABANDONED: list[_Job] = []


class Runner(QObject):
    """Run one algorithm at a time and say how it ended.

    Signals: `started(title)`, `progressed(percent)` and `finished(Outcome)`; every
    call of `run` leads to exactly one `finished`, unless the runner is shut down meanwhile.
    """

    started = pyqtSignal(str)
    progressed = pyqtSignal(float)
    finished = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: _Job | None = None
        project = QgsProject.instance()
        project.layersWillBeRemoved.connect(self._stop_if_using)
        project.cleared.connect(self.stop)

    @property
    def busy(self) -> bool:
        """Tell whether a job is running."""
        return self._job is not None

    def run(self, algorithm_id: str, parameters: dict[str, Any]) -> None:
        """Run an algorithm with its remaining outputs as temporary layers in the project."""
        if self.busy:
            return
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
        if algorithm is None:
            sentence = tr("This tool is not available: is the StreetSafe provider switched on?")
            self.finished.emit(
                Outcome(Ending.FAILED, algorithm_id, algorithm_id, sentence=sentence)
            )
            return
        job = _prepared(algorithm, parameters)
        refusal = _refusal(job)
        if refusal:
            self.finished.emit(job.outcome(Ending.REFUSED, sentence=refusal))
            return
        self._job = job
        job.feedback.progressChanged.connect(self.progressed)
        if algorithm.flags() & QgsProcessingAlgorithm.Flag.FlagNoThreading:
            self._run_here(job)
        else:
            self._run_in_background(job)

    def cancel(self) -> None:
        """Ask the running job to stop; `finished` follows when it has."""
        if self._job is None:
            return
        if self._job.task is None:
            self._job.feedback.cancel()
        else:
            self._job.task.cancel()

    def stop(self) -> None:
        """Cancel the running job and wait until it has let go of layers and project."""
        self.cancel()
        job = self._job
        if job is None or job.task is None:
            return
        deadline = time.monotonic() + STOP_WITHIN_S
        # Only the task's own events are delivered while waiting: no click can slip in between.
        while self._job is job and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            QCoreApplication.sendPostedEvents(job.task, 0)
        if self._job is job:
            _ABANDONED.append(job)
            self._end(job, job.outcome(Ending.CANCELLED))

    def close_down(self) -> None:
        """Stop for good, silently; called when the plugin is unloaded."""
        project = QgsProject.instance()
        project.layersWillBeRemoved.disconnect(self._stop_if_using)
        project.cleared.disconnect(self.stop)
        self.blockSignals(True)
        self.stop()

    def _run_in_background(self, job: _Job) -> None:
        task = QgsProcessingAlgRunnerTask(job.algorithm, job.parameters, job.context, job.feedback)
        if task.isCanceled():
            # its preparation failed, and QGIS would never start it
            self._end(job, self._failed(job))
            return
        job.task = task
        task.setDependentLayers(
            [QgsProject.instance().mapLayer(layer_id) for layer_id in job.layer_ids]
        )
        task.executed.connect(lambda succeeded, results: self._ended(job, succeeded, results))
        self.started.emit(job.algorithm.displayName())
        QgsApplication.taskManager().addTask(task)

    def _run_here(self, job: _Job) -> None:
        """Run what may not leave this thread, such as layouts, behind a window with Cancel."""
        title = job.algorithm.displayName()
        self.started.emit(title)
        # modal, so that Qt lets nothing else be pressed; it keeps windows painted as it moves on
        window = QProgressDialog(tr("{}…").format(title), tr("Cancel"), 0, 100, self.parent())
        window.setWindowTitle(tr("StreetSafe"))
        window.setWindowModality(Qt.WindowModality.ApplicationModal)
        window.setMinimumDuration(0)
        window.setAutoReset(False)
        window.canceled.connect(job.feedback.cancel)
        job.feedback.progressChanged.connect(lambda percent: window.setValue(int(percent)))
        window.setValue(0)
        try:
            results, succeeded = job.algorithm.run(job.parameters, job.context, job.feedback)
        finally:
            window.hide()  # to close it would be to cancel
            window.deleteLater()
        self._ended(job, succeeded, results)

    def _ended(self, job: _Job, succeeded: bool, results: dict[str, Any]) -> None:
        if job is not self._job:
            return
        if succeeded:
            # cancelled too late, perhaps: what it made is there all the same
            self._end(job, self._loaded(job, results))
        elif job.feedback.isCanceled():
            self._end(job, job.outcome(Ending.CANCELLED))
        else:
            self._end(job, self._failed(job))

    def _loaded(self, job: _Job, results: dict[str, Any]) -> Outcome:
        loaded = load_results(job.context, job.feedback)
        if loaded.unreadable:
            sentence = tr("The result could not be opened: {}.").format(
                ", ".join(loaded.unreadable)
            )
            return job.outcome(
                Ending.FAILED, results=results, layers=loaded.layers, sentence=sentence
            )
        return job.outcome(Ending.DONE, results=results, layers=loaded.layers)

    def _failed(self, job: _Job) -> Outcome:
        error = job.feedback.error.strip()
        if not error or error.startswith("Traceback"):
            error = tr("An unexpected error ended the work; please report it with its details.")
        return job.outcome(Ending.FAILED, sentence=error)

    def _end(self, job: _Job, outcome: Outcome) -> None:
        self._job = None
        _LOG.log(
            logging.ERROR if outcome.ending is Ending.FAILED else logging.INFO,
            "%s: %s\n%s",
            job.algorithm.id(),
            outcome.ending.value,
            job.feedback.textLog().strip(),
        )
        self.finished.emit(outcome)

    def _stop_if_using(self, layer_ids: list[str]) -> None:
        if self._job is not None and not self._job.layer_ids.isdisjoint(layer_ids):
            self.stop()


def _prepared(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any]) -> _Job:
    project = QgsProject.instance()
    feedback = JobFeedback()
    context = QgsProcessingContext()
    context.setProject(project)
    context.setFeedback(feedback)
    layer_ids = frozenset(
        value
        for value in parameters.values()
        if isinstance(value, str) and project.mapLayer(value) is not None
    )
    return _Job(algorithm, _with_outputs(algorithm, parameters), context, feedback, layer_ids)


def _with_outputs(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with a place for every output asked for or made by default."""
    complete = dict(parameters)
    optional = QgsProcessingParameterDefinition.Flag.FlagOptional
    for output in algorithm.destinationParameterDefinitions():
        by_default = output.createByDefault() or not output.flags() & optional
        place = complete.get(output.name(), QgsProcessing.TEMPORARY_OUTPUT if by_default else None)
        if place is None:
            continue
        complete[output.name()] = (
            QgsProcessingOutputLayerDefinition(place, QgsProject.instance())
            if isinstance(output, _LAYER_OUTPUTS)
            else place
        )
    return complete


def _refusal(job: _Job) -> str:
    """Return why the job cannot start, or nothing."""
    possible, sentence = job.algorithm.canExecute()
    for definition in job.algorithm.parameterDefinitions():
        if possible and _is_missing(definition, job.parameters):
            return tr("{}: nothing is chosen. Choose it, then run again.").format(
                definition.description()
            )
    if possible:
        possible, sentence = job.algorithm.checkParameterValues(job.parameters, job.context)
    return "" if possible else sentence


def _is_missing(definition: QgsProcessingParameterDefinition, parameters: dict[str, Any]) -> bool:
    optional = definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
    value = parameters.get(definition.name(), definition.defaultValue())
    return not optional and (value is None or value == "")
