# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock: four steps over the algorithms, with the running job and its outcome at the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import QgsMapLayer, QgsProject
from qgis.gui import QgsDockWidget, QgsScrollArea
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QShortcut,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from streetsafe_plugin.gui.analyse_panel import AnalysePanel
from streetsafe_plugin.gui.brief_panel import BriefPanel
from streetsafe_plugin.gui.messages import Messages, line_for
from streetsafe_plugin.gui.panel import Panel, wrapped_label
from streetsafe_plugin.gui.parks_panel import ParksPanel
from streetsafe_plugin.gui.reports_panel import ReportsPanel
from streetsafe_plugin.gui.runner import Ending, Outcome, Runner
from streetsafe_plugin.gui.steps import StepHeader
from streetsafe_plugin.i18n import tr

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class StreetSafeDock(QgsDockWidget):
    """Lead from reports to briefing; every button runs an algorithm, nothing is computed here."""

    def __init__(self, iface: QgisInterface, parent: QWidget | None = None) -> None:
        super().__init__(tr("StreetSafe"), parent)
        self.setObjectName("StreetSafeDock")
        self.job = JobStrip()
        self.runner = Runner(self)
        self._messages = Messages(iface)
        self._reports = ReportsPanel()
        self._parks = ParksPanel()
        self.panels: list[Panel] = [self._reports, self._parks, AnalysePanel(), BriefPanel()]
        self.header = StepHeader([tr("Reports"), tr("Parks"), tr("Analyse"), tr("Brief")])
        self.stack = QStackedWidget()
        for panel in self.panels:
            self.stack.addWidget(_PanelScroll(panel))
            panel.run_requested.connect(self.runner.run)
            panel.dialog_requested.connect(_open_dialog)
        self._lay_out()

        self.header.chosen.connect(self.open_step)
        self.job.cancel_button.clicked.connect(self.runner.cancel)
        self.runner.started.connect(self._on_started)
        self.runner.progressed.connect(self.job.show_progress)
        self.runner.finished.connect(self._on_finished)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.runner.cancel)
        QgsProject.instance().layersAdded.connect(self._on_layers_added)
        self.open_step(0)

    def open_step(self, index: int) -> None:
        """Show a step's panel, with the layers that earlier steps have made."""
        self.panels[index].fill_gaps()
        self.header.choose(index)
        self.stack.setCurrentIndex(index)

    def close_down(self) -> None:
        """Stop what runs and listen to nothing any more; called before the dock is deleted."""
        QgsProject.instance().layersAdded.disconnect(self._on_layers_added)
        self.runner.close_down()

    def _lay_out(self) -> None:
        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.addWidget(self.header)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.job)
        self.setWidget(body)

    def _on_layers_added(self, layers: list[QgsMapLayer]) -> None:
        for panel in self.panels:
            panel.offer(layers)

    def _on_started(self, title: str) -> None:
        for panel in self.panels:
            panel.set_busy(True)
        self.job.show_started(title)

    def _on_finished(self, outcome: Outcome) -> None:
        for panel in self.panels:
            panel.set_busy(False)
            panel.offer(outcome.layers)
        if outcome.ending is Ending.DONE and outcome.algorithm_id == "streetsafe:sampledata":
            self._reports.take_samples(outcome.results)
            self._parks.take_sample(outcome.results)
        self.job.show_ended(line_for(outcome))
        self._messages.show(outcome)


class JobStrip(QWidget):
    """What runs, how far it is, and how the last run ended."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = wrapped_label("")
        self.label.setAccessibleName(tr("State of the work"))
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress"))
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setToolTip(tr("Stop the work (Esc); nothing is left half done"))
        self.cancel_button.setAutoDefault(True)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(line)
        layout.addWidget(self.label)
        layout.addLayout(row)
        self.hide()

    def show_started(self, title: str) -> None:
        """Show that a job runs; the bar moves without end until progress is known."""
        self.label.setText(tr("{}…").format(title))
        self.bar.setRange(0, 0)
        self.bar.show()
        self.cancel_button.show()
        self.show()

    def show_progress(self, percent: float) -> None:
        """Show how far it is."""
        self.bar.setRange(0, 100)
        self.bar.setValue(int(percent))

    def show_ended(self, line: str) -> None:
        """Show how it ended, until the next job starts."""
        self.label.setText(line)
        self.bar.hide()
        self.cancel_button.hide()
        self.show()


class _PanelScroll(QgsScrollArea):
    """Scroll a panel, but ask for the width at which only its height needs it."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(panel)

    def sizeHint(self) -> QSize:
        """Return the panel's width and a scroll bar's, whatever the height."""
        width = self.widget().sizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().sizeHint().height())


def _open_dialog(algorithm_id: str, parameters: dict[str, Any]) -> None:
    from qgis import processing

    dialog = processing.createAlgorithmDialog(algorithm_id, parameters)
    if dialog is not None:
        dialog.show()
