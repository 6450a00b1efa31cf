# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS without a screen, with the plugin of this checkout, to run algorithms by id."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# before QGIS is imported: no screen is needed, and none must be opened on somebody's desktop
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
)


class StepFailed(Exception):
    """An algorithm would not start or did not finish; the text is its own sentence."""


class Listener(QgsProcessingFeedback):
    """Keep what an algorithm warns of; what else it says is in its outputs."""

    def __init__(self) -> None:
        super().__init__(False)
        self.warnings: list[str] = []

    def pushWarning(self, warning: str) -> None:  # noqa: N802 - QGIS's name
        """Remember a warning as plain text."""
        self.warnings.append(warning)


@contextmanager
def qgis_running() -> Iterator[None]:
    """Start QGIS with the plugin registered, and end it afterwards."""
    application = QgsApplication([], True)
    application.initQgis()
    from streetsafe_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    try:
        yield
    finally:
        plugin.unload()
        QgsProject.instance().clear()
        application.exitQgis()


def run(algorithm_id: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Run an algorithm as Processing does, checks first; return its outputs and warnings.

    Raises:
        StepFailed: with the sentence the algorithm gave.
    """
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
    if algorithm is None:
        raise StepFailed(f"There is no algorithm {algorithm_id}.")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = Listener()
    context.setFeedback(feedback)
    fine, sentence = algorithm.checkParameterValues(parameters, context)
    if not fine:
        raise StepFailed(f"{algorithm_id}: {sentence}")
    try:
        results, _ = algorithm.run(parameters, context, feedback, {}, False)
    except QgsProcessingException as error:
        raise StepFailed(f"{algorithm_id}: {error}") from error
    return dict(results), feedback.warnings
