# SPDX-License-Identifier: GPL-2.0-or-later
"""How a result was made, written where the result is: in its metadata and its notes.

No folder, user name or machine name is recorded: layers travel further than their makers think.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    Qgis,
    QgsLayerMetadata,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameters,
    QgsProcessingParameterString,
    QgsProcessingUtils,
)

from streetsafe_plugin import about
from streetsafe_plugin.gis import text_gate
from streetsafe_plugin.gis.recipe import (
    CONNECTION,
    RECIPE,
    RECIPE_ITEM,
    Recipe,
    recipe_of,
    without_folder,
)
from streetsafe_plugin.i18n import tr

#: The keyword under which a layer's metadata keeps its coordinate operations.
OPERATION = "streetsafe:operation"
#: The keyword under which it keeps the fields that may identify people.
SENSITIVE = "streetsafe:sensitive"
#: The keyword under which it keeps for whom the layer was made: `internal`, `partner`, `public`.
AUDIENCE = "streetsafe:audience"

_ID = re.compile(r"\((streetsafe:\w+)\)")
#: QGIS shows a layer's metadata as HTML.
_NO_MARKUP = str.maketrans("<>", "‹›")


@dataclass
class Provenance:
    """The recipe of one run: algorithm, parameters, versions, time, and remarks on the way.

    `operations` are the coordinate operations used, as sentences; a layer made from layers that
    were themselves transformed should carry theirs on. `rights` are the inputs' acknowledgements.
    `sensitive` are fields of the result that describe people or are in their own words. `audience`
    is for whom its small numbers are held back, empty where they are not.
    """

    algorithm_id: str
    algorithm_name: str
    parameters: list[tuple[str, str]]
    made_at: datetime.datetime
    notes: list[str] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)
    sensitive: list[str] = field(default_factory=list)
    audience: str = ""
    recipe: Recipe | None = None

    def lines(self) -> list[str]:
        """Return the recipe as plain lines, for a log, a notes field or a page."""
        made = tr("Made with {} ({}), StreetSafe {}, QGIS {}, on {}.").format(
            self.algorithm_name,
            self.algorithm_id,
            about.version(),
            Qgis.QGIS_VERSION.split("-")[0],
            self.made_at.strftime("%d %B %Y at %H:%M"),
        )
        settings = "; ".join(f"{name} = {value}" for name, value in self.parameters)
        return [made, tr("Settings: {}.").format(settings), *self.operations, *self.notes]

    def add_rights(self, rights: Sequence[str]) -> None:
        """Carry the acknowledgements that an input asks for on to the result."""
        self.rights += [right for right in rights if right and right not in self.rights]

    def metadata(self, title: str, output: str = "") -> QgsLayerMetadata:
        """Return the recipe as a layer's metadata, notes in the abstract, steps in the history.

        `output` names the output that the layer is, for the recipe that programs read.
        """
        metadata = QgsLayerMetadata()
        metadata.setTitle(title)
        metadata.setType("dataset")
        metadata.setAbstract("\n".join(self.notes).translate(_NO_MARKUP))
        metadata.setHistory([line.translate(_NO_MARKUP) for line in self.lines()])
        keywords = {OPERATION: self.operations}
        if self.sensitive:
            keywords[SENSITIVE] = self.sensitive
        if self.audience:
            # no recipe: it has the number of the reports and their fingerprint
            keywords[AUDIENCE] = [self.audience]
        elif self.recipe is not None:
            keywords[RECIPE] = [self.recipe.as_json(output)]
        metadata.setKeywords(keywords)
        metadata.setRights(self.rights)
        return metadata

    def facts(self, output: str) -> dict[str, str]:
        """Return what a raster's file keeps of the recipe, since it has no room for metadata."""
        return {} if self.recipe is None else {RECIPE_ITEM: self.recipe.as_json(output)}

    def notes_html(self) -> str:
        """Return the recipe for a layer's notes, which QGIS shows as HTML."""
        return "".join(f"<p>{text_gate.as_html(line)}</p>" for line in self.lines())


def record(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> Provenance:
    """Return the provenance of a run that starts now."""
    settings = [
        (definition.name(), shown)
        for definition in algorithm.parameterDefinitions()
        if not definition.isDestination()
        for shown in [_shown(definition, parameters, context)]
        if shown
    ]
    return Provenance(
        algorithm.id(),
        algorithm.displayName(),
        settings,
        datetime.datetime.now().replace(microsecond=0),
        recipe=Recipe(algorithm, parameters, context),
    )


def _shown(
    definition: QgsProcessingParameterDefinition,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> str:
    """Return a parameter's value for people: layers and files by name, choices by their word."""
    value = parameters.get(definition.name(), definition.defaultValue())
    if value is None or value == "":
        return ""
    if isinstance(definition, QgsProcessingParameterEnum):
        chosen = QgsProcessingParameters.parameterAsEnums(definition, parameters, context)
        return ", ".join(text_gate.plain(definition.options()[index]) for index in chosen)
    if isinstance(definition, QgsProcessingParameterBoolean):
        yes = QgsProcessingParameters.parameterAsBool(definition, parameters, context)
        return tr("yes") if yes else tr("no")
    if isinstance(definition, QgsProcessingParameterString):
        return text_gate.plain(str(value))
    if isinstance(value, QgsMapLayer):
        return text_gate.plain(value.name())
    if isinstance(value, str):
        layer = QgsProcessingUtils.mapLayerFromString(value, context, False)
        if layer is not None:
            return text_gate.plain(layer.name())
        if CONNECTION.search(value):
            return tr("a database layer")
        return text_gate.plain(without_folder(value))
    text = QgsProcessingParameters.parameterAsString(definition, parameters, context)
    return text_gate.plain(without_folder(text))


def history_of(layers: Sequence[QgsMapLayer]) -> list[str]:
    """Return, for each layer that carries one, its title, how it was made and with what settings.

    The rest of a layer's story, such as an import's receipt, stays with the layer.
    """
    return [
        f"{text_gate.plain(layer.name())}: {' '.join(layer.metadata().history()[:2])}"
        for layer in layers
        if layer.metadata().history()
    ]


def operations_of(layers: Sequence[QgsMapLayer]) -> list[str]:
    """Return the coordinate operations by which layers came to where they are, each once."""
    said = [layer.metadata().keywords(OPERATION) for layer in layers]
    return list(dict.fromkeys(sentence for sentences in said for sentence in sentences))


def sensitive_fields(layer: QgsMapLayer) -> frozenset[str]:
    """Return the fields that a layer's metadata marks as sensitive: no product takes them along."""
    return frozenset(layer.metadata().keywords(SENSITIVE))


def audience_of(layer: QgsMapLayer) -> str:
    """Return for whom a layer's small numbers are held back, empty where nobody is named."""
    return next(iter(layer.metadata().keywords(AUDIENCE)), "")


def made_by(layer: QgsMapLayer) -> str:
    """Return the id of the algorithm that made a layer; empty where its metadata name none."""
    recorded = recipe_of(layer)
    if recorded is not None:
        return recorded.algorithm_id
    # layers of earlier versions say so in words only
    found = _ID.search(" ".join(layer.metadata().history()[:1]))
    return found.group(1) if found else ""
