# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user or an administrator sets once: the analysis CRS and the briefing's standing lines.

Read through `QgsSettings`, so that an administrator can roll out defaults in the global settings
file. A marking is not among them: it is chosen anew for every briefing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from qgis.core import QgsSettings

PREFIX = "plugins/streetsafe_plugin/"


@dataclass(frozen=True)
class Settings:
    """The settings with their defaults; every value is text, the same on every Qt.

    `analysis_crs` is an authority id of a CRS in metres. `handling`, `author` and `attribution`
    fill in the briefing's lines; empty means that the briefing decides. `template_folder` holds a
    force's own layout templates; empty means a folder in the profile.
    """

    analysis_crs: str = "EPSG:27700"
    handling: str = ""
    author: str = ""
    attribution: str = ""
    template_folder: str = ""


def load_settings() -> Settings:
    """Return what is stored, and the default of whatever is not."""
    stored = QgsSettings()
    return Settings(
        **{
            field.name: str(stored.value(PREFIX + field.name, field.default))
            for field in fields(Settings)
        }
    )


def save_settings(settings: Settings) -> None:
    """Store what differs from the settings in force, so that rolled-out defaults stay alive."""
    in_force = load_settings()
    stored = QgsSettings()
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if value != getattr(in_force, field.name):
            stored.setValue(PREFIX + field.name, value)
