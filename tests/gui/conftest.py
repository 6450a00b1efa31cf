# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for what has windows: a QGIS interface, small algorithms and a runner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qgis.core import QgsApplication

from streetsafe_plugin.gui.runner import Runner
from tests.gui.fakes import FakeProvider, Interface


@pytest.fixture(autouse=True)
def _no_provider_yet(qgis_app) -> None:
    """Take away the provider that other tests leave in the registry."""
    QgsApplication.processingRegistry().removeProvider("streetsafe")


@pytest.fixture
def interface(qgis_app, qgis_new_project) -> Iterator[Interface]:
    interface = Interface()
    interface.window.show()
    yield interface
    interface.window.close()
    interface.window.deleteLater()
    QgsApplication.processEvents()


@pytest.fixture
def fake_algorithms(qgis_app) -> Iterator[None]:
    registry = QgsApplication.processingRegistry()
    provider = FakeProvider()
    assert registry.addProvider(provider)
    yield
    registry.removeProvider("streetsafe")


@pytest.fixture
def runner(fake_algorithms, qgis_new_project) -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close_down()
