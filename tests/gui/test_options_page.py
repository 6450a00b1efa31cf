# SPDX-License-Identifier: GPL-2.0-or-later
"""The options page stores what it shows, but never a CRS that cannot measure metres."""

from __future__ import annotations

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsSettings
from qgis.PyQt.QtGui import QIcon

from streetsafe_plugin.gui.options_page import PAGE, StreetSafeOptionsFactory
from streetsafe_plugin.settings import PREFIX, Settings, load_settings, save_settings


@pytest.fixture(autouse=True)
def _clean_settings(qgis_app):
    QgsSettings().remove(PREFIX.rstrip("/"))
    yield
    QgsSettings().remove(PREFIX.rstrip("/"))


@pytest.fixture
def page(qtbot):
    page = StreetSafeOptionsFactory(QIcon()).createWidget()
    qtbot.addWidget(page)
    return page


def test_defaults():
    assert load_settings() == Settings("EPSG:27700", "", "", "", "")


def test_settings_come_back_as_text():
    kept = Settings("EPSG:25830", "For the team", "Ann £ Ö", "© somebody")
    save_settings(kept)
    assert load_settings() == kept
    assert QgsSettings().value(PREFIX + "analysis_crs") == "EPSG:25830"


def test_only_what_differs_is_stored():
    save_settings(Settings(author="Team"))
    assert QgsSettings().contains(PREFIX + "author")
    assert not QgsSettings().contains(PREFIX + "analysis_crs")


def test_page_stores_on_ok(page):
    assert page.objectName() == PAGE
    page.crs.setCrs(QgsCoordinateReferenceSystem("EPSG:25830"))
    page.author.setText(" Team ")
    page.template_folder.setFilePath("/srv/layouts")
    page.apply()
    assert load_settings() == Settings("EPSG:25830", author="Team", template_folder="/srv/layouts")


@pytest.mark.parametrize("unfit", ["EPSG:4326", "EPSG:2225"], ids=["degrees", "feet"])
def test_system_without_metres_is_refused_with_a_sentence(page, unfit):
    assert page.complaint.isHidden()
    page.crs.setCrs(QgsCoordinateReferenceSystem(unfit))
    assert not page.complaint.isHidden()
    assert unfit in page.complaint.text()
    assert "EPSG:27700 stays in use" in page.complaint.text()
    page.apply()
    assert load_settings().analysis_crs == "EPSG:27700"
    page.crs.setCrs(QgsCoordinateReferenceSystem("EPSG:27700"))
    assert page.complaint.isHidden()
