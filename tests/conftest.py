# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: the provider in a registry, layers from WKT, and a run through the front door."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.front_door import Outcome, Refused

if TYPE_CHECKING:
    from qgis.core import QgsVectorLayer

#: The registry keeps only the C++ half of a provider alive.
_KEPT: dict[str, Any] = {}

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def provider(qgis_app: Any) -> Any:
    """Return the provider in the registry; it stays there, and is put back if a test took it."""
    from qgis.core import QgsApplication

    from streetsafe_plugin.algorithms.provider import StreetSafeProvider

    registry = QgsApplication.processingRegistry()
    if registry.providerById("streetsafe") is None:
        _KEPT["provider"] = StreetSafeProvider()
        assert registry.addProvider(_KEPT["provider"])
    return _KEPT["provider"]


@pytest.fixture
def run_algorithm(provider: Any, qgis_new_project: None) -> Callable[..., Outcome]:
    """Return a function that runs an algorithm as Processing does: checks first, then the work.

    Raises `Refused` with the sentence of the check, or what the run itself raises. Give
    `cancel_at` (0 to 100) to press cancel when the progress reaches it.
    """
    from qgis.core import (
        QgsApplication,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProject,
    )

    class Recorder(QgsProcessingFeedback):
        def __init__(self) -> None:
            super().__init__(False)
            self.messages: list[str] = []
            self.warnings: list[str] = []

        def pushInfo(self, info: str) -> None:
            self.messages.append(info)

        def pushWarning(self, warning: str) -> None:
            self.warnings.append(warning)
            self.messages.append(warning)

        def reportError(self, error: str, fatalError: bool = False) -> None:
            self.messages.append(error)

    def run(
        algorithm_id: str, parameters: dict[str, Any], *, cancel_at: float | None = None
    ) -> Outcome:
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(
            f"streetsafe:{algorithm_id}"
        )
        assert algorithm is not None, f"no algorithm streetsafe:{algorithm_id}"
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        feedback = Recorder()
        context.setFeedback(feedback)
        if cancel_at is not None:
            feedback.progressChanged.connect(
                lambda done: feedback.cancel() if done >= cancel_at else None
            )
            if cancel_at <= 0:
                feedback.cancel()
        fine, sentence = algorithm.checkParameterValues(parameters, context)
        if not fine:
            raise Refused(sentence)
        results, done = algorithm.run(parameters, context, feedback, {}, False)
        assert done
        return Outcome(results, feedback.messages, context, feedback.warnings)

    return run


@pytest.fixture
def make_layer(qgis_app: Any) -> Callable[..., QgsVectorLayer]:
    """Return a function that makes a memory layer from WKT (or None) and attribute rows.

    `fields` are (name, type) pairs in the memory provider's words, e.g. ("n", "integer").
    """
    from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer

    def make(
        geometries: Sequence[str | None],
        kind: str = "Point",
        crs: str = "EPSG:27700",
        fields: Sequence[tuple[str, str]] = (),
        rows: Sequence[Sequence[Any]] = (),
        name: str = "layer",
    ) -> QgsVectorLayer:
        columns = "".join(f"&field={column}:{kind_of}" for column, kind_of in fields)
        layer = QgsVectorLayer(f"{kind}?crs={crs}{columns}", name, "memory")
        assert layer.isValid()
        features = []
        for number, wkt in enumerate(geometries):
            feature = QgsFeature(layer.fields())
            if wkt is not None:
                feature.setGeometry(QgsGeometry.fromWkt(wkt))
            if rows:
                feature.setAttributes(list(rows[number]))
            features.append(feature)
        added, _ = layer.dataProvider().addFeatures(features)
        assert added
        return layer

    return make


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data to try things on, or skip where it is missing."""
    folder = Path(os.environ.get("STREETSAFE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "police_uk").is_dir():
        pytest.skip("the real data are not here")
    return folder
