# SPDX-License-Identifier: GPL-2.0-or-later
"""A QGIS window reduced to what the plugin touches, and small algorithms to run from it."""

from __future__ import annotations

import time
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsGeometry,
    QgsLayerTreeModel,
    QgsPointXY,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterString,
    QgsProcessingProvider,
    QgsProject,
    QgsWkbTypes,
)
from qgis.gui import QgsLayerTreeView, QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMainWindow, QTextBrowser

from streetsafe_plugin.compat import integer_field, text_field


class Interface:
    """Stands for `QgisInterface`: keeps what is registered so that leftovers can be counted."""

    def __init__(self) -> None:
        self.window = QMainWindow()
        self.bar = QgsMessageBar(self.window)
        self.tree = QgsLayerTreeView()  # not in the window, where it would take the keyboard
        self.tree.setModel(QgsLayerTreeModel(QgsProject.instance().layerTreeRoot(), self.tree))
        self.docks = []
        self.menu = {}
        self.toolbar = []
        self.options_factories = []
        self.log_opened = 0
        self.options_page = None

    def mainWindow(self):
        return self.window

    def layerTreeView(self):
        return self.tree

    def messageBar(self):
        return self.bar

    def addTabifiedDockWidget(self, area, dock, tabify_with=(), raise_tab=False):
        assert isinstance(area, Qt.DockWidgetArea)
        self.window.addDockWidget(area, dock)
        self.docks.append(dock)

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)
        self.docks.remove(dock)

    def addToolBarIcon(self, action):
        self.toolbar.append(action)

    def removeToolBarIcon(self, action):
        self.toolbar.remove(action)

    def addPluginToVectorMenu(self, name, action):
        self.menu.setdefault(name, []).append(action)

    def removePluginVectorMenu(self, name, action):
        self.menu[name].remove(action)
        if not self.menu[name]:
            del self.menu[name]

    def registerOptionsWidgetFactory(self, factory):
        self.options_factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):
        self.options_factories.remove(factory)

    def showOptionsDialog(self, parent, page):
        self.options_page = page

    def openMessageLog(self):
        self.log_opened += 1

    def lines(self) -> list[str]:
        """Return the messages on the bar as a person reads them, the newest first."""
        return [item.findChild(QTextBrowser).toPlainText() for item in self.bar.items()]


def grid_file(folder: Path) -> str:
    """Write a raster of two cells and return its path."""
    path = folder / "grid.asc"
    path.write_text("ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n1 2\n")
    return str(path)


def wait_until(condition, seconds: float = 5.0) -> None:
    """Let Qt work until the condition holds; fail when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        QgsApplication.processEvents()
        time.sleep(0.005)


class _Namer(QgsProcessingLayerPostProcessorInterface):
    def postProcessLayer(self, layer, context, feedback):
        layer.setCustomProperty("dressed", True)


_KEPT_ALIVE = []


class FakeImport(QgsProcessingAlgorithm):
    """Do what `HOW` says, in the shape of an import: a layer, counts, or a failure."""

    ID = "importreports"
    working = 0

    def name(self):
        return self.ID

    def displayName(self):
        return "Import reports"

    def createInstance(self):
        return type(self)()

    def initAlgorithm(self, configuration=None):
        self.addParameter(QgsProcessingParameterString("SOURCE", "Source", "", False, True))
        self.addParameter(
            QgsProcessingParameterFeatureSource(
                "LAYER", "Layer", [QgsProcessing.SourceType.TypeVectorPoint], None, True
            )
        )
        self.addParameter(QgsProcessingParameterFeatureSink("OUTPUT", "Reports"))
        unasked = QgsProcessingParameterFeatureSink("REJECTED", "Rejected", optional=True)
        unasked.setCreateByDefault(False)
        self.addParameter(unasked)
        for name in ("ROWS_READ", "ACCEPTED", "REJECTED_ROWS", "DUPLICATES"):
            self.addOutput(QgsProcessingOutputNumber(name, name))

    def checkParameterValues(self, parameters, context):
        if not parameters.get("SOURCE"):
            return False, "Source: choose the file that holds the reports."
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback):
        if parameters["SOURCE"] == "unprepared":
            raise QgsProcessingException("It could not be prepared.")
        return True

    def processAlgorithm(self, parameters, context, feedback):
        how = parameters["SOURCE"]
        if how == "fail":
            raise QgsProcessingException("“a <b>.csv” cannot be read. Save it again.")
        if how == "bug":
            raise KeyError("secret place")
        if how == "slow":
            self._work_slowly(feedback)
        sink, destination = self.parameterAsSink(
            parameters,
            "OUTPUT",
            context,
            _report_fields(),
            QgsWkbTypes.Type.Point,
            QgsProject.instance().crs(),
        )
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1, 2)))
        feature.setAttributes(["1", "env_lighting", 1])
        sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert)
        if how == "replaces its input":
            QgsProject.instance().removeMapLayer(parameters["LAYER"])
        _KEPT_ALIVE.append(_Namer())
        context.layerToLoadOnCompletionDetails(destination).setPostProcessor(_KEPT_ALIVE[-1])
        if "REJECTED" in parameters:
            table, _ = self.parameterAsSink(
                parameters,
                "REJECTED",
                context,
                _report_fields(),
                QgsWkbTypes.Type.NoGeometry,
                QgsProject.instance().crs(),
            )
            if how == "some rejected":
                table.addFeature(QgsFeature(_report_fields()))
        return {
            "OUTPUT": destination,
            "ROWS_READ": 1240,
            "ACCEPTED": 1204,
            "REJECTED_ROWS": 12,
            "DUPLICATES": 24,
        }

    def _work_slowly(self, feedback):
        FakeImport.working += 1
        try:
            for percent in range(1000):
                if feedback.isCanceled():
                    raise QgsProcessingException("Cancelled.")
                feedback.setProgress(percent / 10)
                time.sleep(0.01)
        finally:
            FakeImport.working -= 1


class FakeImportHere(FakeImport):
    """The same, but in the thread of the windows."""

    ID = "importhere"

    def flags(self):
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading


class FakeProvider(QgsProcessingProvider):
    def id(self):
        return "streetsafe"

    def name(self):
        return "StreetSafe"

    def loadAlgorithms(self):
        self.addAlgorithm(FakeImport())
        self.addAlgorithm(FakeImportHere())


def _report_fields() -> QgsFields:
    fields = QgsFields()
    for field in (text_field("report_id"), text_field("reasons"), integer_field("n_reasons")):
        fields.append(field)
    return fields
