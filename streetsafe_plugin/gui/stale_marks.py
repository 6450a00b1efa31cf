# SPDX-License-Identifier: GPL-2.0-or-later
"""A mark in the layer tree on results whose inputs have changed since they were made.

What changed is told from the fingerprints in the result's recipe. Nothing is read as long as the
files are as they were; a large file that has changed is read in the background.
"""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import (
    QgsApplication,
    QgsMapLayer,
    QgsProject,
    QgsTask,
    QgsVectorLayer,
)
from qgis.gui import QgsLayerTreeView, QgsLayerTreeViewIndicator
from qgis.PyQt.QtCore import QObject, Qt, QTimer

from streetsafe_plugin.gis import fingerprints
from streetsafe_plugin.gis.point_arrays import Stored, stored
from streetsafe_plugin.gis.recipe import Recorded, recipe_of
from streetsafe_plugin.gis.recipe_inputs import State, candidates, find_inputs
from streetsafe_plugin.gis.text_gate import plain
from streetsafe_plugin.i18n import tr

#: The property of a layer that names the inputs that have changed.
STALE = "streetsafe/stale"

_PAUSE_MS = 400
#: What has more rows is read in the background.
_MOST_AT_ONCE = 50_000


class StaleMarks(QObject):
    """Keep the marks of a layer tree up to date until `close_down`."""

    def __init__(self, view: QgsLayerTreeView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._project = QgsProject.instance()
        self._marks: dict[str, QgsLayerTreeViewIndicator] = {}
        self._watched: set[str] = set()
        self._reading: dict[str, QgsTask] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.check)
        self._project.layersAdded.connect(self._watch)
        self._project.layersWillBeRemoved.connect(self._forget)
        QgsApplication.instance().applicationStateChanged.connect(self._look_after_absence)
        self._watch(self._project.mapLayers().values())

    def close_down(self) -> None:
        """Take away every mark, signal and task."""
        self._timer.stop()
        self._project.layersAdded.disconnect(self._watch)
        self._project.layersWillBeRemoved.disconnect(self._forget)
        QgsApplication.instance().applicationStateChanged.disconnect(self._look_after_absence)
        for task in self._reading.values():
            task.cancel()
        self._reading.clear()
        for layer in self._project.mapLayers().values():
            if layer.id() in self._watched:
                for signal in _signals(layer):
                    signal.disconnect(self._look_soon)
            self._unmark(layer.id())
        self._watched.clear()

    def check(self) -> None:
        """Compare all results with their inputs as they are now."""
        layers = list(self._project.mapLayers().values())
        for layer in layers:
            recorded = recipe_of(layer) if layer.isValid() else None
            if recorded is None or not recorded.inputs:
                self._unmark(layer.id())
            elif not self._read_large_ones(recorded, [one for one in layers if one is not layer]):
                found = find_inputs(recorded, layer, self._project).values()
                changed = [one.recorded.name for one in found if one.state is State.CHANGED]
                self._mark(layer, changed) if changed else self._unmark(layer.id())

    def _look_soon(self, *_: object) -> None:
        self._timer.start()

    def _look_after_absence(self, state: Qt.ApplicationState) -> None:
        """Look again when the user comes back: another program may have changed a file."""
        if state == Qt.ApplicationState.ApplicationActive:
            self._look_soon()

    def _watch(self, layers: Iterable[QgsMapLayer]) -> None:
        for layer in layers:
            if layer.id() not in self._watched:
                self._watched.add(layer.id())
                for signal in _signals(layer):
                    signal.connect(self._look_soon)
        self._look_soon()

    def _forget(self, layer_ids: Iterable[str]) -> None:
        for layer_id in layer_ids:
            self._unmark(layer_id)
            self._watched.discard(layer_id)
        self._look_soon()

    def _read_large_ones(self, recorded: Recorded, layers: list[QgsMapLayer]) -> bool:
        """Have large inputs read in the background; tell whether any must be waited for."""
        waiting = False
        for one in recorded.inputs.values():
            for layer in candidates(one, layers):
                place = _large_and_unread(layer)
                if place is not None and layer.featureCount() == one.features:
                    waiting = True
                    self._read(place)
        return waiting

    def _read(self, place: Stored) -> None:
        if place.path in self._reading:
            return

        def work(task: QgsTask) -> None:
            fingerprints.of_stored(place)

        def done(error: Exception | None, result: None = None) -> None:
            # after an error there is nothing to compare, and looking again would not help
            if self._reading.pop(place.path, None) is not None and error is None:
                self._look_soon()

        task = QgsTask.fromFunction(tr("Looking for changed inputs"), work, on_finished=done)
        self._reading[place.path] = task
        QgsApplication.taskManager().addTask(task)

    def _mark(self, layer: QgsMapLayer, changed: list[str]) -> None:
        names = ", ".join(changed)
        if layer.customProperty(STALE) != names:
            layer.setCustomProperty(STALE, names)
        told = tr("Changed since this was made: {}. Run it again to bring it up to date.").format(
            plain(names)
        )
        node = self._project.layerTreeRoot().findLayer(layer.id())
        if layer.id() in self._marks:
            self._marks[layer.id()].setToolTip(told)
        elif node is not None:
            mark = QgsLayerTreeViewIndicator(self._view)
            mark.setIcon(QgsApplication.getThemeIcon("/mIconWarning.svg"))
            mark.setToolTip(told)
            self._view.addIndicator(node, mark)
            self._marks[layer.id()] = mark

    def _unmark(self, layer_id: str) -> None:
        layer = self._project.mapLayer(layer_id)
        if layer is not None and layer.customProperty(STALE) is not None:
            layer.removeCustomProperty(STALE)
        mark = self._marks.pop(layer_id, None)
        if mark is None:
            return
        node = self._project.layerTreeRoot().findLayer(layer_id)
        if node is not None:
            self._view.removeIndicator(node, mark)
        mark.deleteLater()


def _signals(layer: QgsMapLayer) -> list:
    """Return the signals after which a layer, or what was made from it, may be out of date."""
    signals = [layer.dataSourceChanged, layer.nameChanged, layer.dataChanged, layer.metadataChanged]
    if isinstance(layer, QgsVectorLayer):
        signals += [layer.afterCommitChanges, layer.subsetStringChanged]
    return signals


def _large_and_unread(layer: QgsMapLayer) -> Stored | None:
    if not isinstance(layer, QgsVectorLayer) or layer.featureCount() <= _MOST_AT_ONCE:
        return None
    place = stored(layer, layer.fields().names())
    return place if place is not None and not fingerprints.known(layer) else None
