# SPDX-License-Identifier: GPL-2.0-or-later
"""Where mapping profiles lie: beside the project, in the user's profile, in the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qgis.core import QgsApplication, QgsProject

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.profile import Profile, parse_profile
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

#: The folder of profiles beside a project, and in the user's own profile folder.
FOLDER = "streetsafe_profiles"
LARGEST_PROFILE = 1_000_000


def load_profile(path: Path) -> Profile:
    """Return the mapping profile in a file.

    Raises:
        InputRefused: it is missing, is no text, or is no valid profile.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_PROFILE + 1)
    except OSError as error:
        raise InputRefused(
            tr("PROFILE “{}” cannot be read ({}).").format(path.name, error.strerror),
            tr("Choose a mapping profile, a JSON file."),
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(
            tr("PROFILE “{}” is not text in UTF-8.").format(path.name),
            tr("Choose a mapping profile, a JSON file."),
        ) from error
    if len(data) > LARGEST_PROFILE:
        raise InputRefused(
            tr("PROFILE “{}” is too large for a mapping profile.").format(path.name),
            tr("Choose a mapping profile, a JSON file."),
        )
    return parse_profile(text, path.name)


def known_profiles() -> list[Path]:
    """Return the profiles at hand: beside the project first, then the user's, then the shipped."""
    return [path for folder in profile_folders() for path in sorted(folder.glob("*.json"))
            if path.name != "profile.schema.json"]  # fmt: skip


def profile_folders() -> Iterator[Path]:
    """Give the folders in which profiles are looked for, whether or not they are there."""
    project = QgsProject.instance().absolutePath()
    if project:
        yield Path(project) / FOLDER
    yield user_folder()
    yield resource("profiles")


def user_folder() -> Path:
    """Return the folder for profiles in the user's own QGIS profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / FOLDER
