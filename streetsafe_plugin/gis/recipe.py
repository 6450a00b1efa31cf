# SPDX-License-Identifier: GPL-2.0-or-later
"""How a result was made, for programs: enough to find its inputs again and to run it again.

The recipe is JSON in a keyword of the result's metadata, and in a GeoTIFF also in the file. It
names algorithm, parameters, versions, seed and time, and each input by name, file name, filter,
number of features and fingerprint: no folder, person, server or password.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osgeo import gdal, osr
from qgis.core import (
    Qgis,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameters,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt

from streetsafe_plugin import about
from streetsafe_plugin.compat import is_null
from streetsafe_plugin.gis import fingerprints, text_gate
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.settings import load_settings

#: The keyword under which a layer's metadata keeps its recipe.
RECIPE = "streetsafe:recipe"
#: The item under which a GeoTIFF keeps it.
RECIPE_ITEM = "STREETSAFE_RECIPE"
#: A connection names servers and people, and may hold a password.
CONNECTION = re.compile(r"\b(?:host|user|password|service|authcfg)\s*=", re.IGNORECASE)

_LAYERS = (
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterVectorLayer,
    QgsProcessingParameterRasterLayer,
)
#: Longer than any recipe of ours; what is longer is not from us.
_LONGEST = 100_000


@dataclass(frozen=True)
class RecordedInput:
    """An input as a recipe names it; `fingerprint` is empty where it was not taken.

    `part` tells that only some of the layer's features were used, such as a selection.
    """

    name: str
    file: str = ""
    filter: str = ""
    features: int = -1
    fingerprint: str = ""
    part: bool = False


@dataclass(frozen=True)
class Recorded:
    """A recipe that was read back: of which output, from which algorithm, inputs and settings."""

    algorithm_id: str
    output: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, RecordedInput]
    files: Mapping[str, RecordedInput]
    versions: Mapping[str, str]
    seed: int | None = None
    made_at: str = ""
    analysis_crs: str = ""


@dataclass
class Recipe:
    """The recipe of a run that is under way; its inputs are read when the first result is."""

    algorithm: QgsProcessingAlgorithm
    parameters: dict[str, Any]
    context: QgsProcessingContext
    made_at: datetime.datetime = field(
        default_factory=lambda: datetime.datetime.now().replace(microsecond=0)
    )
    _found: dict[str, Any] | None = None

    def as_json(self, output: str) -> str:
        """Return the recipe of one output as JSON in one line."""
        if self._found is None:
            self._found = self._read()
        return json.dumps({**self._found, "output": output}, ensure_ascii=True, sort_keys=True)

    def _read(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        inputs: dict[str, Any] = {}
        files: dict[str, Any] = {}
        for definition in self.algorithm.parameterDefinitions():
            name = definition.name()
            given = self.parameters.get(name)
            if definition.isDestination() or is_null(given) or given == "":
                continue
            if isinstance(definition, _LAYERS):
                inputs[name] = self._input(definition, given)
            elif isinstance(definition, QgsProcessingParameterFile):
                files[name] = _file(self._as_text(definition))
            else:
                values[name] = self._value(definition, given)
        return {
            "algorithm": self.algorithm.id(),
            "parameters": values,
            "inputs": inputs,
            "files": files,
            "versions": versions(),
            "seed": values.get("SEED", getattr(self.algorithm, "SEED", None)),
            "analysis_crs": load_settings().analysis_crs,
            "made_at": self.made_at.isoformat(),
        }

    def _as_text(self, definition: QgsProcessingParameterDefinition) -> str:
        return str(
            QgsProcessingParameters.parameterAsString(definition, self.parameters, self.context)
        )

    def _value(self, definition: QgsProcessingParameterDefinition, given: Any) -> Any:
        """Return a setting in a shape that can be given again."""
        asked = definition, self.parameters, self.context
        if isinstance(definition, QgsProcessingParameterEnum):
            chosen = QgsProcessingParameters.parameterAsEnums(*asked)
            return list(chosen) if definition.allowMultiple() else chosen[0]
        if isinstance(definition, QgsProcessingParameterBoolean):
            return bool(QgsProcessingParameters.parameterAsBool(*asked))
        if isinstance(definition, QgsProcessingParameterNumber):
            number = QgsProcessingParameters.parameterAsDouble(*asked)
            return int(number) if number == int(number) else number
        if isinstance(given, (bool, int, float)):
            return given
        if isinstance(given, (list, tuple)):
            return [without_folder(text_gate.plain(str(one))) for one in given]
        if isinstance(given, (QDate, QDateTime)):
            return given.toString(Qt.DateFormat.ISODate)
        if isinstance(definition, QgsProcessingParameterString):
            return text_gate.plain(self._as_text(definition))
        if definition.type() == "crs":
            system = QgsProcessingParameters.parameterAsCrs(*asked)
            return system.authid() or system.toWkt()
        text = self._as_text(definition)
        return "" if CONNECTION.search(text) else text_gate.plain(without_folder(text))

    def _input(self, definition: QgsProcessingParameterDefinition, given: Any) -> dict[str, Any]:
        """Return what names an input: never its folder or connection."""
        part = isinstance(given, QgsProcessingFeatureSourceDefinition) and (
            given.selectedFeaturesOnly
            or given.featureLimit != -1
            or bool(getattr(given, "filterExpression", ""))
        )
        asked = definition, self.parameters, self.context
        if isinstance(given, QgsProcessingFeatureSourceDefinition):
            wanted, _ = given.source.valueAsString(self.context.expressionContext())
            layer = QgsProcessingUtils.mapLayerFromString(wanted, self.context, False)
        elif isinstance(definition, QgsProcessingParameterRasterLayer):
            layer = QgsProcessingParameters.parameterAsRasterLayer(*asked)
        else:
            layer = QgsProcessingParameters.parameterAsVectorLayer(*asked)
        recorded = {"name": "", "file": "", "filter": "", "features": -1, "part": part}
        if layer is not None:
            recorded.update(
                name=text_gate.plain(layer.name()), file=file_name(layer), filter=_filter(layer)
            )
        if isinstance(layer, QgsRasterLayer) or (layer is not None and not part):
            count = layer.featureCount() if isinstance(layer, QgsVectorLayer) else -1
            return {**recorded, "features": count, "fingerprint": fingerprints.of_layer(layer)}
        source = QgsProcessingParameters.parameterAsSource(*asked)
        if source is None:
            return {**recorded, "fingerprint": ""}
        return {
            **recorded,
            "features": source.featureCount(),
            "fingerprint": fingerprints.of_source(source),
        }


def recipe_of(layer: QgsMapLayer) -> Recorded | None:
    """Return the recipe that a layer carries; None where there is none that can be read."""
    written = layer.metadata().keywords(RECIPE)
    text = written[0] if written else _in_raster(layer)
    if not text or len(text) > _LONGEST:
        return None
    try:
        found = json.loads(text)
        return Recorded(
            str(found["algorithm"]),
            str(found["output"]),
            dict(found["parameters"]),
            {name: RecordedInput(**one) for name, one in found["inputs"].items()},
            {name: RecordedInput(**one) for name, one in found["files"].items()},
            {name: str(one) for name, one in found["versions"].items()},
            found["seed"],
            str(found["made_at"]),
            str(found["analysis_crs"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # a recipe of another version, or none of ours


def versions() -> dict[str, str]:
    """Return the versions of what calculates."""
    proj = osr.GetPROJVersionMajor(), osr.GetPROJVersionMinor(), osr.GetPROJVersionMicro()
    return {
        "StreetSafe": about.version(),
        "QGIS": Qgis.QGIS_VERSION.split("-")[0],
        "GDAL": gdal.__version__,
        "PROJ": ".".join(map(str, proj)),
    }


def file_name(layer: QgsMapLayer) -> str:
    """Return the last part of the path of a layer's file; empty for what is no file."""
    source = layer.source().split("|", 1)[0]
    if CONNECTION.search(source) or layer.dataProvider() is None:
        return ""
    if layer.providerType() not in ("ogr", "gdal", "delimitedtext", "spatialite"):
        return ""
    return text_gate.plain(without_folder(source.split("?", 1)[0]))


def without_folder(text: str) -> str:
    """Return a path's last part, and any other text as it is."""
    looks_like_path = "/" in text or "\\" in text
    return Path(text.replace("\\", "/").rstrip("/")).name if looks_like_path else text


def _filter(layer: QgsMapLayer) -> str:
    return text_gate.plain(layer.subsetString()) if isinstance(layer, QgsVectorLayer) else ""


def _file(given: str) -> dict[str, Any]:
    path = Path(given)
    taken = fingerprints.of_file(path) if path.is_file() else ""
    return {"name": text_gate.plain(path.name), "fingerprint": taken}


@no_gdal_exceptions()
def _in_raster(layer: QgsMapLayer) -> str:
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal":
        return ""
    allowed = ["GTiff", "GPKG"]
    dataset = gdal.OpenEx(layer.source(), gdal.OF_RASTER | gdal.OF_READONLY, allowed)
    return str(dataset.GetMetadataItem(RECIPE_ITEM) or "") if dataset is not None else ""
