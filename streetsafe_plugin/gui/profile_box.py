# SPDX-License-Identifier: GPL-2.0-or-later
"""A box to choose a mapping profile: those at hand, or any file."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QWidget

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis.profiles import known_profiles, load_profile, user_folder
from streetsafe_plugin.i18n import tr

_CHARACTERS = 12


class ProfileBox(QComboBox):
    """Lists the profiles beside the project, the user's own and the shipped ones.

    The list is made anew whenever it is opened: profiles come and go as files.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_CHARACTERS)
        self._chosen = ""
        self._fill()
        self.activated.connect(self._on_activated)

    def path(self) -> str:
        """Return the chosen profile's file, nothing where columns are to be found."""
        return self._chosen

    def choose(self, path: str) -> None:
        """Choose a profile by its file."""
        self._chosen = path
        self._fill()

    def showPopup(self) -> None:
        """Look again for profiles, then open the list."""
        self._fill()
        super().showPopup()

    def _fill(self) -> None:
        self.clear()
        self.addItem(tr("None: find the columns"), "")
        paths = known_profiles()
        if self._chosen and Path(self._chosen) not in paths:
            paths.insert(0, Path(self._chosen))
        for path in paths:
            self.addItem(_title(path), str(path))
        self.addItem(tr("Choose a file…"), None)
        self.setCurrentIndex(max(self.findData(self._chosen), 0))

    def _on_activated(self, index: int) -> None:
        path = self.itemData(index)
        if path is None:
            path = QFileDialog.getOpenFileName(
                self, tr("Mapping profile"), str(user_folder()), tr("Mapping profiles (*.json)")
            )[0]
            self.choose(path or self._chosen)
        else:
            self._chosen = path


def _title(path: Path) -> str:
    """Return a profile's own name; the file's where it has none or cannot be read."""
    try:
        return load_profile(path).name or path.stem
    except InputRefused:
        return path.stem
