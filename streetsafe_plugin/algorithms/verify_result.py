# SPDX-License-Identifier: GPL-2.0-or-later
"""A result made once more from the same inputs, to see whether the same figures come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterMapLayer,
    QgsProcessingUtils,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm, some_of
from streetsafe_plugin.domain.errors import Cancelled
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.gis.comparing import differences
from streetsafe_plugin.gis.provenance import audience_of
from streetsafe_plugin.gis.recipe import Recorded, recipe_of, versions
from streetsafe_plugin.gis.recipe_inputs import FoundInput, State, find_inputs
from streetsafe_plugin.i18n import tr

RESULT = "RESULT"
VERDICT, SENTENCE, DIFFERENT_ROWS = "VERDICT", "SENTENCE", "DIFFERENT_ROWS"
SAME, DIFFERENT, CANNOT = "same", "different", "cannot"

#: A recipe comes with a file, from whoever made it: only this plugin's algorithms are run by it.
_OURS = "streetsafe:"
#: A recipe has the fingerprint of the reports, which goes to none of these.
_LEAVING = (Audience.PARTNER.value, Audience.PUBLIC.value)


class VerifyResult(StreetSafeAlgorithm):
    """Make a result again and compare."""

    ID = "verifyresult"
    GROUP = Group.BRIEF

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Verify a result")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Make a result again from the same inputs and compare")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("verify,check,reproduce,provenance,audit,again,compare,stale").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Every result of StreetSafe carries how it was made: settings, versions, and a"
            " fingerprint of each input. This finds the inputs among the layers of the project by"
            " their content, whatever they are called now, makes the result again into a temporary"
            " layer and compares all rows or cells.\n\n"
            "The verdict is “same” if all agree to nine digits, “different” with the number of rows"
            " or cells that do not, or “cannot” with the reason: an input is no longer in the"
            " project, only selected features were used, or the result was read from a file."
            " Where an input has changed since, that is said and the result is made from what it"
            " is now."
        )

    def flags(self) -> QgsProcessingAlgorithm.Flag:
        """Keep to the thread of the windows, where the project's layers live."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask(
            QgsProcessingParameterMapLayer(
                RESULT,
                tr("Result"),
                types=[QgsProcessing.SourceType.TypeVector, QgsProcessing.SourceType.TypeRaster],
            ),
            tr("A layer, table or heat map that StreetSafe has made."),
        )
        self.addOutput(QgsProcessingOutputString(VERDICT, tr("Verdict")))
        self.addOutput(QgsProcessingOutputString(SENTENCE, tr("Verdict in words")))
        self.addOutput(QgsProcessingOutputNumber(DIFFERENT_ROWS, tr("Rows or cells that differ")))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse what carries no recipe of this plugin's."""
        layer = self.parameterAsLayer(answers.parameters, RESULT, answers.context)
        if layer is None:
            return
        recorded = recipe_of(layer)
        if recorded is None and audience_of(layer) in _LEAVING:
            yield tr(
                "RESULT: “{}” was made to be handed out and does not tell how it was made; choose"
                " what it was made from."
            ).format(layer.name())
        elif recorded is None or not recorded.algorithm_id.startswith(_OURS):
            yield tr(
                "RESULT: “{}” does not say how it was made; choose a result of this version of"
                " StreetSafe."
            ).format(layer.name())

    def execute(self, run: Run) -> dict[str, Any]:
        """Find the inputs, run again, compare."""
        result = self.parameterAsLayer(run.parameters, RESULT, run.context)
        recorded = recipe_of(result)
        if recorded is None:
            raise QgsProcessingException(f"{RESULT} has lost its recipe")
        found = find_inputs(recorded, result, run.context.project(), run.stage(0.0, 0.2))
        reason = _why_not(recorded, found)
        if reason:
            return _told(run, CANNOT, tr("It cannot be made again because {}.").format(reason), -1)
        context = QgsProcessingContext()  # what was made lives as long as this
        again = _made_again(run, recorded, found, context)
        if isinstance(again, str):
            return _told(run, CANNOT, tr("It cannot be made again: {}").format(again), -1)
        different = differences(result, again, run.stage(0.8, 1.0))
        return _told(
            run, DIFFERENT if different else SAME, _in_words(recorded, found, different), different
        )


def _told(run: Run, verdict: str, sentence: str, different: int) -> dict[str, Any]:
    run.say(sentence) if verdict == SAME else run.warn(sentence)
    return {VERDICT: verdict, SENTENCE: sentence, DIFFERENT_ROWS: different}


def _why_not(recorded: Recorded, found: Mapping[str, FoundInput]) -> str:
    """Return why a result cannot be made again; empty where it can be tried."""
    algorithm = QgsApplication.processingRegistry().algorithmById(recorded.algorithm_id)
    if algorithm is None:
        return tr("this version of StreetSafe has no algorithm “{}”").format(recorded.algorithm_id)
    if not any(one.name() == recorded.output for one in algorithm.outputDefinitions()):
        return tr("its recipe names no output of {}").format(algorithm.displayName())
    if recorded.files:
        names = [one.name for one in recorded.files.values()]
        return tr("it was read from {}, which is a file and no layer").format(some_of(names))
    for one in found.values():
        name = one.recorded.name
        if one.recorded.part:
            return tr("only some features of “{}” were used, and which is not recorded").format(
                name
            )
        if one.state is State.GONE:
            return tr("“{}” is not in the project").format(name)
        if one.state is State.UNKNOWN or one.layer is None:
            return tr("“{}” was too large to take its fingerprint").format(name)
    return ""


def _made_again(
    run: Run,
    recorded: Recorded,
    found: Mapping[str, FoundInput],
    context: QgsProcessingContext,
) -> QgsMapLayer | str:
    """Return the result made again, or the sentence with which the algorithm refused."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(recorded.algorithm_id)
    context.setProject(run.context.project())
    feedback = _Quiet(run)
    context.setFeedback(feedback)
    given: dict[str, Any] = {name: one.layer for name, one in found.items()}
    for definition in algorithm.parameterDefinitions():
        name = definition.name()
        if definition.isDestination():
            if name == recorded.output or not _is_optional(definition):
                given[name] = QgsProcessing.TEMPORARY_OUTPUT
            else:
                given[name] = None
        elif name in recorded.parameters:
            given[name] = recorded.parameters[name]
    fine, sentence = algorithm.checkParameterValues(given, context)
    if not fine:
        return str(sentence)
    try:
        results, _ = algorithm.run(given, context, feedback, {}, False)
    except QgsProcessingException as error:
        run.stop_if_cancelled()
        return str(error)
    layer = QgsProcessingUtils.mapLayerFromString(results[recorded.output], context)
    if layer is None:
        return tr("what was made cannot be read.")
    return layer


def _is_optional(definition: QgsProcessingParameterDefinition) -> bool:
    return bool(definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional)


def _in_words(recorded: Recorded, found: Mapping[str, FoundInput], different: int) -> str:
    changed = [one.recorded.name for one in found.values() if one.state is State.CHANGED]
    begin = (
        tr("Inputs have changed since: {}. ").format(some_of([f"“{name}”" for name in changed]))
        if changed
        else ""
    )
    if not different:
        return begin + tr("The same figures come out.")
    told = begin + tr("Rows or cells that come out differently: {}.").format(different)
    other = [
        f"{name} {was} → {versions().get(name, '?')}"
        for name, was in sorted(recorded.versions.items())
        if versions().get(name) != was
    ]
    if other:
        told += " " + tr("Made with other versions: {}.").format(", ".join(other))
    return told


class _Quiet(QgsProcessingFeedback):
    """Let the inner run be cancelled with the outer one, and keep its messages to itself."""

    def __init__(self, run: Run) -> None:
        super().__init__(False)
        self._tick = run.stage(0.2, 0.8)
        self.progressChanged.connect(self._forward)

    def _forward(self, percent: float) -> None:
        try:
            self._tick(percent / 100)
        except Cancelled:  # a slot must not raise; the inner run stops by its own check
            self.cancel()

    def pushInfo(self, info: str) -> None:
        """Keep quiet."""

    def pushWarning(self, warning: str) -> None:
        """Keep quiet: the warnings of the first run are in the result's notes."""

    def reportError(self, error: str, fatalError: bool = False) -> None:
        """Keep quiet: what stops the run is in the exception."""
