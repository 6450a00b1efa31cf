# SPDX-License-Identifier: GPL-2.0-or-later
"""StreetSafe for QGIS; nothing is imported until QGIS asks for the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from streetsafe_plugin.plugin import StreetSafePlugin


def classFactory(iface: QgisInterface | None) -> StreetSafePlugin:
    """Return the plugin; `iface` is None where QGIS runs without windows."""
    from streetsafe_plugin.plugin import StreetSafePlugin

    return StreetSafePlugin(iface)
