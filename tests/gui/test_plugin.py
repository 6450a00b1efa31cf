# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading and unloading: everything is there once, and nothing is there afterwards."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QTextBrowser

import streetsafe_plugin
from streetsafe_plugin import plugin as plugin_module
from streetsafe_plugin.gui.options_page import PAGE
from tests.gui.fakes import FakeImport, wait_until

LOGGER = logging.getLogger("streetsafe_plugin")
REPOSITORY = Path(__file__).resolve().parents[2]


def leftovers(interface):
    """Count everything that the plugin may have put into QGIS."""
    QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QgsApplication.processEvents()
    return {
        "docks": len(interface.docks) + len(interface.window.findChildren(QDockWidget)),
        "actions": len(interface.window.findChildren(QAction, "streetsafeTogglePanel"))
        + len(interface.window.findChildren(QAction, "streetsafeSettings")),
        "menu": len(interface.menu),
        "toolbar": len(interface.toolbar),
        "options": len(interface.options_factories),
        "provider": QgsApplication.processingRegistry().providerById("streetsafe") is not None,
        "log": len(LOGGER.handlers),
    }


NOTHING = {
    "docks": 0,
    "actions": 0,
    "menu": 0,
    "toolbar": 0,
    "options": 0,
    "provider": False,
    "log": 0,
}


def test_loading_twice_leaves_nothing_behind(interface):
    assert leftovers(interface) == NOTHING
    for _ in range(2):
        plugin = streetsafe_plugin.classFactory(interface)
        plugin.initGui()
        assert leftovers(interface) == {
            "docks": 2,  # once in the window, once with the interface
            "actions": 2,
            "menu": 1,
            "toolbar": 1,
            "options": 1,
            "provider": True,
            "log": 1,
        }
        plugin.unload()
        assert leftovers(interface) == NOTHING


def test_toggle_shows_and_hides_the_dock(interface):
    plugin = streetsafe_plugin.classFactory(interface)
    plugin.initGui()
    [dock], [toggle] = interface.docks, interface.toolbar
    assert dock.objectName() == "StreetSafeDock"
    wait_until(toggle.isChecked)
    toggle.trigger()
    assert dock.isHidden()
    toggle.trigger()
    assert not dock.isHidden()
    plugin.unload()


def test_settings_action_opens_the_page(interface):
    plugin = streetsafe_plugin.classFactory(interface)
    plugin.initGui()
    interface.window.findChild(QAction, "streetsafeSettings").trigger()
    assert interface.options_page == PAGE
    plugin.unload()


def test_without_windows_there_is_a_provider_and_nothing_else(qgis_app):
    plugin = streetsafe_plugin.classFactory(None)
    plugin.initProcessing()
    assert QgsApplication.processingRegistry().providerById("streetsafe") is not None
    plugin.unload()
    assert QgsApplication.processingRegistry().providerById("streetsafe") is None
    assert LOGGER.handlers == []


def test_missing_libraries_are_told_in_one_sentence(interface, monkeypatch):
    monkeypatch.setattr(plugin_module, "LIBRARIES", ("numpy", "no_such_library"))
    plugin = streetsafe_plugin.classFactory(interface)
    plugin.initGui()
    [item] = interface.bar.items()
    assert "ask your administrator" in item.findChild(QTextBrowser).toPlainText()
    assert "no_such_library" in item.findChild(QTextBrowser).toPlainText()
    assert interface.docks == []
    plugin.unload()
    assert leftovers(interface) == NOTHING


def test_unloading_while_a_job_runs_stops_it(interface, monkeypatch):
    from streetsafe_plugin.algorithms import provider
    from tests.gui.fakes import FakeProvider

    monkeypatch.setattr(provider, "StreetSafeProvider", FakeProvider)
    plugin = streetsafe_plugin.classFactory(interface)
    plugin.initGui()
    [dock] = interface.docks
    dock.runner.run("streetsafe:importreports", {"SOURCE": "slow"})
    wait_until(lambda: FakeImport.working)
    plugin.unload()
    assert FakeImport.working == 0
    assert leftovers(interface) == NOTHING


@pytest.mark.parametrize("module", ["streetsafe_plugin", "streetsafe_plugin.domain"])
def test_importing_the_package_leaves_qgis_alone(module):
    code = f"import sys, {module}; sys.exit('qgis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0
