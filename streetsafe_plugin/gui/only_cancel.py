# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep windows alive while work holds their thread, with nothing to press but Cancel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject, Qt
from qgis.PyQt.QtGui import QCursor, QKeyEvent, QKeySequence, QShortcutEvent
from qgis.PyQt.QtWidgets import QApplication, QWidget

_FROM_A_PERSON = frozenset(
    (
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.Wheel,
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.Shortcut,
        QEvent.Type.ShortcutOverride,
        QEvent.Type.ContextMenu,
        QEvent.Type.TouchBegin,
        QEvent.Type.DragEnter,
        QEvent.Type.Drop,
        QEvent.Type.Close,
    )
)


class _Sieve(QObject):
    """Drop what a person does, unless it is done to `spared` or is Esc."""

    def __init__(self, spared: QWidget | None) -> None:
        super().__init__()
        self._spared = spared

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _FROM_A_PERSON or not isinstance(watched, QWidget):
            return False
        if watched is self._spared or _is_escape(event):
            return False
        event.ignore()  # or a window asked to close would think it may
        return True


def _is_escape(event: QEvent) -> bool:
    if isinstance(event, QShortcutEvent):
        return bool(event.key() == QKeySequence(Qt.Key.Key_Escape))
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape


@contextmanager
def only_cancel(spared: QWidget | None) -> Iterator[None]:
    """Let nobody press or close anything but `spared` until the work is over."""
    sieve = _Sieve(spared)
    application = QApplication.instance()
    application.installEventFilter(sieve)
    QApplication.setOverrideCursor(QCursor(Qt.CursorShape.BusyCursor))
    try:
        yield
    finally:
        QApplication.restoreOverrideCursor()
        application.removeEventFilter(sieve)


def let_windows_breathe() -> None:
    """Paint what changed and take the presses that `only_cancel` lets through."""
    QCoreApplication.processEvents()
