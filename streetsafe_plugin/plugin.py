# SPDX-License-Identifier: GPL-2.0-or-later
"""The switchboard: everything registered with QGIS, each with its own undo on the next line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from streetsafe_plugin.i18n import tr
from streetsafe_plugin.log import TAB, install_log_handler
from streetsafe_plugin.paths import resource

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

#: Libraries that QGIS's installers bring and StreetSafe calculates with.
LIBRARIES = ("numpy", "scipy", "shapely")

_LOG = logging.getLogger(__name__)


class StreetSafePlugin:
    """Register the provider, the dock, the menu and the options page, and undo all of it."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self._iface = iface
        self._undo: list[Callable[[], object]] = []

    def initProcessing(self) -> None:
        """Register the log and the algorithms; all that QGIS without windows asks for."""
        self._undo.append(install_log_handler())
        missing = missing_libraries()
        if missing:
            self._say_what_to_ask_for(missing)
            return
        from streetsafe_plugin.algorithms.provider import StreetSafeProvider
        from streetsafe_plugin.gis.on_load import forget_all

        self._undo.append(forget_all)
        registry = QgsApplication.processingRegistry()
        # kept here, since the registry keeps only the C++ half of it alive
        self._provider = StreetSafeProvider()
        registry.addProvider(self._provider)
        self._undo.append(partial(registry.removeProvider, self._provider.id()))

    def initGui(self) -> None:
        """Register everything, the parts that a person sees included."""
        self.initProcessing()
        if self._iface is None or missing_libraries():
            return
        self._add_dock(self._iface)
        self._add_options_page(self._iface)
        self._add_stale_marks(self._iface)

    def unload(self) -> None:
        """Undo every registration, the last one first."""
        while self._undo:
            self._undo.pop()()

    def _add_dock(self, iface: QgisInterface) -> None:
        from streetsafe_plugin.gui.dock import StreetSafeDock

        dock = StreetSafeDock(iface, iface.mainWindow())
        self._undo.append(dock.deleteLater)
        self._undo.append(dock.close_down)
        iface.addTabifiedDockWidget(
            Qt.DockWidgetArea.RightDockWidgetArea, dock, ["ProcessingToolbox"], True
        )
        self._undo.append(partial(iface.removeDockWidget, dock))

        toggle = QAction(_icon(), tr("StreetSafe panel"), iface.mainWindow())
        self._undo.append(toggle.deleteLater)
        toggle.setObjectName("streetsafeTogglePanel")
        toggle.setToolTip(tr("Show or hide the StreetSafe panel"))
        dock.setToggleVisibilityAction(toggle)
        iface.addToolBarIcon(toggle)
        self._undo.append(partial(iface.removeToolBarIcon, toggle))
        self._add_to_menu(iface, toggle)

    def _add_stale_marks(self, iface: QgisInterface) -> None:
        from streetsafe_plugin.gui.stale_marks import StaleMarks

        marks = StaleMarks(iface.layerTreeView(), iface.mainWindow())
        self._undo.append(marks.deleteLater)
        self._undo.append(marks.close_down)

    def _add_options_page(self, iface: QgisInterface) -> None:
        from streetsafe_plugin.gui.options_page import PAGE, StreetSafeOptionsFactory

        factory = StreetSafeOptionsFactory(_icon())
        iface.registerOptionsWidgetFactory(factory)
        self._undo.append(partial(iface.unregisterOptionsWidgetFactory, factory))

        settings = QAction(
            QgsApplication.getThemeIcon("/mActionOptions.svg"),
            tr("StreetSafe settings…"),
            iface.mainWindow(),
        )
        self._undo.append(settings.deleteLater)
        settings.setObjectName("streetsafeSettings")
        settings.triggered.connect(lambda: iface.showOptionsDialog(iface.mainWindow(), PAGE))
        self._add_to_menu(iface, settings)

    def _add_to_menu(self, iface: QgisInterface, action: QAction) -> None:
        iface.addPluginToVectorMenu(tr("StreetSafe"), action)
        self._undo.append(partial(iface.removePluginVectorMenu, tr("StreetSafe"), action))

    def _say_what_to_ask_for(self, missing: list[str]) -> None:
        sentence = tr(
            "StreetSafe cannot start: please ask your administrator to install QGIS with its "
            "Python libraries {}."
        ).format(", ".join(missing))
        _LOG.error(sentence)
        if self._iface is not None:
            self._iface.messageBar().pushMessage(TAB, sentence, Qgis.MessageLevel.Critical, 0)


def missing_libraries() -> list[str]:
    """Return the names of the libraries that this QGIS lacks; none is imported for it."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def _icon() -> QIcon:
    return QIcon(str(resource("icons", "streetsafe.svg")))
