# SPDX-License-Identifier: GPL-2.0-or-later
"""The way from Python's `logging` into the "StreetSafe" tab of QGIS's log messages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from qgis.core import Qgis, QgsMessageLog

#: The tab's title; also what messages in the message bar are headed with.
TAB = "StreetSafe"

#: Some versions of QGIS show log messages as HTML and others do not; angle quotes suit both.
_NO_MARKUP = str.maketrans("<>", "‹›")

_LOGGER = logging.getLogger("streetsafe_plugin")


class QgisLogHandler(logging.Handler):
    """Hand log records to QGIS's message log, which may be called from any thread."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; the user is not disturbed, the message bar does that."""
        text = self.format(record).translate(_NO_MARKUP)
        QgsMessageLog.logMessage(text, TAB, _level(record.levelno), False)


def install_log_handler() -> Callable[[], None]:
    """Lead the plugin's log into QGIS and return the function that undoes it."""
    handler = QgisLogHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    level_before = _LOGGER.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)

    def remove() -> None:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(level_before)
        handler.close()

    return remove


def _level(number: int) -> Qgis.MessageLevel:
    if number >= logging.ERROR:
        return Qgis.MessageLevel.Critical
    if number >= logging.WARNING:
        return Qgis.MessageLevel.Warning
    return Qgis.MessageLevel.Info
