# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes of knocking at an algorithm's front door: an outcome, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qgis.core import QgsProcessingContext, QgsVectorLayer


class Refused(Exception):
    """The algorithm would not start with these parameters."""


@dataclass
class Outcome:
    """What a run gave: its outputs, what it said, and the context that holds its layers."""

    results: dict[str, Any]
    messages: list[str]
    context: QgsProcessingContext
    warnings: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.results[name]

    def layer(self, name: str) -> QgsVectorLayer:
        """Return an output as a layer."""
        from qgis.core import QgsProcessingUtils

        layer = QgsProcessingUtils.mapLayerFromString(self.results[name], self.context)
        assert layer is not None, f"{name} is not a layer: {self.results[name]}"
        assert layer.isValid()
        return layer

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the attributes of an output, NULL as None."""
        from streetsafe_plugin.compat import to_python

        layer = self.layer(name)
        names = [field.name() for field in layer.fields()]
        return [
            {name: to_python(feature[name]) for name in names} for feature in layer.getFeatures()
        ]
