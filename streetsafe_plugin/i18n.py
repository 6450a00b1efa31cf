# SPDX-License-Identifier: GPL-2.0-or-later
"""The one function through which every visible text passes."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Translate a literal text; values are put in afterwards with `format`."""
    return QCoreApplication.translate("@default", text)
