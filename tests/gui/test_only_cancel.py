# SPDX-License-Identifier: GPL-2.0-or-later
"""While work holds the windows' thread, Cancel can be pressed and nothing else."""

from __future__ import annotations

from functools import partial

import pytest
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QWidget

from streetsafe_plugin.gui.only_cancel import let_windows_breathe, only_cancel
from streetsafe_plugin.gui.runner import Ending, Runner
from tests.gui.fakes import FakeImport


@pytest.fixture
def window(qtbot):
    window = QWidget()
    layout = QHBoxLayout(window)
    window.cancel, window.other = QPushButton("Cancel"), QPushButton("Other")
    window.pressed = []
    for button in (window.cancel, window.other):
        layout.addWidget(button)
        button.clicked.connect(partial(window.pressed.append, button.text()))
    qtbot.addWidget(window)
    window.show()
    return window


def test_only_the_spared_button_takes_presses(window, qtbot) -> None:
    with only_cancel(window.cancel):
        qtbot.mouseClick(window.other, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(window.cancel, Qt.MouseButton.LeftButton)
        let_windows_breathe()
    assert window.pressed == ["Cancel"]
    qtbot.mouseClick(window.other, Qt.MouseButton.LeftButton)
    assert window.pressed == ["Cancel", "Other"]


def test_a_window_does_not_close_meanwhile(window) -> None:
    with only_cancel(window.cancel):
        assert not window.close()
    assert window.isVisible()
    assert window.close()


def test_work_in_this_thread_can_be_cancelled(
    fake_algorithms, qgis_new_project, window, qtbot
) -> None:
    runner = Runner(cancel_button=window.cancel)
    window.cancel.clicked.connect(runner.cancel)
    outcomes = []
    runner.finished.connect(outcomes.append)
    QTimer.singleShot(50, lambda: qtbot.mouseClick(window.cancel, Qt.MouseButton.LeftButton))
    runner.run("streetsafe:importhere", {"SOURCE": "slow"})
    assert [outcome.ending for outcome in outcomes] == [Ending.CANCELLED]
    assert FakeImport.working == 0
    runner.close_down()
