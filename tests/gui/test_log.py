# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's log in QGIS's log messages: its own tab, its level, and never markup."""

from __future__ import annotations

import logging

import pytest
from qgis.core import Qgis, QgsApplication
from qgis.gui import QgsMessageLogViewer
from qgis.PyQt.QtWidgets import QPlainTextEdit

from streetsafe_plugin.log import TAB, install_log_handler


@pytest.fixture
def logger(qgis_app):
    remove = install_log_handler()
    yield logging.getLogger("streetsafe_plugin.gui.somewhere")
    remove()


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (logging.INFO, Qgis.MessageLevel.Info),
        (logging.WARNING, Qgis.MessageLevel.Warning),
        (logging.ERROR, Qgis.MessageLevel.Critical),
    ],
)
def test_records_come_with_tab_and_level(logger, level, shown):
    seen = []

    def listen(text, tab, message_level):
        seen.append((text, tab, message_level))

    QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].connect(listen)
    logger.log(level, "%s rows", 3)
    QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].disconnect(listen)
    assert seen == [("3 rows", TAB, shown)]


def test_markup_is_shown_as_text(logger, qtbot):
    viewer = QgsMessageLogViewer()
    qtbot.addWidget(viewer)
    logger.info("File <img src=/x> and <b>bold</b>")
    QgsApplication.processEvents()
    text = "".join(part.toPlainText() for part in viewer.findChildren(QPlainTextEdit))
    assert "‹img src=/x› and ‹b›bold‹/b›" in text


def test_removing_leaves_no_handler(qgis_app):
    logger = logging.getLogger("streetsafe_plugin")
    before, level = list(logger.handlers), logger.level
    install_log_handler()()
    assert logger.handlers == before
    assert logger.level == level
