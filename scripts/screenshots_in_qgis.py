# SPDX-License-Identifier: GPL-2.0-or-later
"""Run by QGIS itself: walk through the four steps as a user would and take a picture of each."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path

from qgis import processing
from qgis.core import QgsApplication, QgsMapLayer, QgsProject, QgsRectangle
from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget, QPushButton, QWidget
from qgis.utils import iface

IMAGES = Path(os.environ["STREETSAFE_IMAGES"])
PROJECT = Path(os.environ["STREETSAFE_PROJECT"])
LONGEST_S = 120.0
AROUND_M = 1200.0
CITY = QgsRectangle(451_000, 297_500, 467_500, 311_500)


def settle(seconds: float = 0.5) -> None:
    """Let QGIS work for a while, and until the map is drawn."""
    until = time.monotonic() + seconds
    while time.monotonic() < until or iface.mapCanvas().isDrawing():
        QApplication.processEvents()
        time.sleep(0.01)


def take(widget: QWidget, name: str) -> None:
    """Save a picture of a widget."""
    settle()
    widget.grab().save(str(IMAGES / f"{name}.png"))


class Walk:
    """One walk through the dock, from the sample files to a briefing that is ready to go."""

    def __init__(self) -> None:
        self.window = iface.mainWindow()
        self.window.showNormal()
        self.window.setGeometry(0, 0, 1440, 900)
        self.dock = self.window.findChild(QDockWidget, "StreetSafeDock")
        self.reports, self.parks, self.analyse, self.brief = self.dock.panels

    def open_project(self) -> None:
        """Open the sample project beside its folder, with nothing in the way."""
        iface.addProject(str(PROJECT))
        for name in ("Browser", "ProcessingToolbox", "MessageLog"):
            panel = self.window.findChild(QDockWidget, name)
            if panel is not None:
                panel.hide()
        layers = self.window.findChild(QDockWidget, "Layers")
        self.window.resizeDocks([layers, self.dock], [340, 360], Qt.Orientation.Horizontal)
        settle(2)

    def press(self, name: str) -> None:
        """Press a button and wait until its job has ended."""
        iface.messageBar().clearWidgets()
        self.dock.findChild(QPushButton, f"run_{name}").click()
        until = time.monotonic() + LONGEST_S
        while self.dock.runner.busy:
            if time.monotonic() > until:
                raise TimeoutError(name)
            settle(0.05)
        settle()
        print(name, "-", self.dock.job.label.text(), flush=True)

    def one_by_one(self) -> None:
        """Go through the steps."""
        self.open_project()
        sample = PROJECT.parent
        self.reports.extract.setFilePath(str(next(sample.glob("*lonlat*.csv"))))
        self.reports.crimes.setFilePath(str(next(sample.glob("*.zip"))))
        self.press("importcrimes")
        self.press("importreports")
        self.show_only_what_was_imported()
        take(self.window, "1-reports")
        take(self.dock, "dock-1")

        self.dock.open_step(1)
        [outlines] = [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if "boundar" in layer.source() or "outline" in layer.name().lower()
        ][:1]
        self.parks.boundaries.setLayer(outlines)
        self.press("loadparks")
        self.hide("Parks (invented outlines)")
        take(self.window, "2-parks")
        take(self.dock, "dock-2")

        self.dock.open_step(2)
        self.dock.findChild(QPushButton, "run_heatmap").click()
        take(self.window, "running")
        while self.dock.runner.busy:
            settle(0.05)
        self.press("parkanalysis")
        self.go_to("Victoria Park")
        take(self.window, "3-analyse")
        take(self.dock, "dock-3")
        self.ask_of_the_whole_area()

        self.dock.open_step(3)
        self.brief.marking.setCurrentIndex(1)
        self.brief.handling.setText("For the parks project team only")
        self.brief.author.setText("Neighbourhood analysis")
        self.brief.folder.setFilePath(str(sample / "briefing"))
        self.press("exportbriefing")
        take(self.window, "4-brief")
        take(self.dock, "dock-4")

        self.dialogs()

    def ask_of_the_whole_area(self) -> None:
        """Find hot spots and hold fear against crime, each on a map of its own."""
        self.analyse.area.setLayer(self.layer("Study area"))
        self.unfold("Hot spots")
        self.press("hotspotgrid")
        self.show_only("Hot spots", "Hot places")
        take(self.window, "3-hot-spots")
        self.unfold("Fear against crime")
        self.press("crimegap")
        self.show_only("Fear against recorded crime")
        take(self.window, "3-fear-and-crime")

    def unfold(self, title: str) -> None:
        """Show one question alone below the layers it is asked of."""
        sections = self.analyse.findChildren(QgsCollapsibleGroupBoxBasic)
        for section in sections[1:]:
            section.setCollapsed(section.title() != title)
        settle()

    def layer(self, name: str) -> QgsMapLayer:
        """Return the layer whose name begins so."""
        layers = QgsProject.instance().mapLayers().values()
        return next(layer for layer in layers if layer.name().startswith(name))

    def hide(self, name: str) -> None:
        """Switch off a layer of the sample project that a loaded one lies on."""
        for node in QgsProject.instance().layerTreeRoot().findLayers():
            if node.name() == name:
                node.setItemVisibilityChecked(False)
                node.setExpanded(False)

    def show_only(self, *names: str) -> None:
        """Show the layers whose names begin so, with their legends, over the city."""
        for node in QgsProject.instance().layerTreeRoot().findLayers():
            shown = node.name().startswith(names)
            node.setItemVisibilityChecked(shown)
            node.setExpanded(False)
            node.setExpanded(shown)
        iface.mapCanvas().setExtent(CITY)
        iface.mapCanvas().refresh()

    def show_only_what_was_imported(self) -> None:
        """Switch the sample's raw reports off, since the imported ones lie on top of them."""
        for node in QgsProject.instance().layerTreeRoot().findLayers():
            if (
                node.layer().source().startswith(str(PROJECT.parent))
                and "report" in node.name().lower()
            ):
                node.setItemVisibilityChecked(False)

    def go_to(self, park: str) -> None:
        """Show a park and what lies around it."""
        parks = self.analyse.parks.currentLayer()
        [place] = [
            feature.geometry().boundingBox()
            for feature in parks.getFeatures()
            if feature["park_name"].startswith(park)
        ]
        iface.mapCanvas().setExtent(place.buffered(AROUND_M))
        iface.mapCanvas().refresh()

    def dialogs(self) -> None:
        """Take the algorithm dialog and the options page."""
        dialog = processing.createAlgorithmDialog("streetsafe:heatmap", {"RADIUS": 250})
        dialog.resize(900, 620)
        dialog.show()
        take(dialog, "dialog")
        dialog.close()
        QTimer.singleShot(1500, self.take_options)
        iface.showOptionsDialog(self.window, "streetsafeOptionsPage")

    def take_options(self) -> None:
        """Take the options dialog, which waits for an answer, and close it."""
        dialog = QApplication.activeModalWidget()
        dialog.resize(900, 620)
        take(dialog, "options")
        if isinstance(dialog, QDialog):
            dialog.reject()


def walk() -> None:
    """Take all pictures, then end QGIS whatever happened."""
    try:
        Walk().one_by_one()
    except Exception:  # noqa: BLE001 - shown, and QGIS must end
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    QgsProject.instance().clear()
    QgsApplication.exit(0)


QTimer.singleShot(1500, walk)
