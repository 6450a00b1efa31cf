# SPDX-License-Identifier: GPL-2.0-or-later
"""What every StreetSafe algorithm has in common: how it asks, works, writes and fails.

An algorithm declares its parameters, says in `refusals` what can be known to be wrong before work
begins, and does its work in `execute`. Reading parameters, progress, cancelling, writing results
with their provenance and turning errors into one sentence happen here, once.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureSource,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsProcessingUtils,
    QgsProperty,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime
from qgis.PyQt.QtGui import QIcon

from streetsafe_plugin import about
from streetsafe_plugin.compat import field_names, is_null
from streetsafe_plugin.domain.errors import Cancelled, InputRefused, StreetSafeError, WriteFailed
from streetsafe_plugin.domain.memory import fewer_collections
from streetsafe_plugin.domain.park_matching import naming_fields
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis import crs, layers, on_load, provenance, store, styling, text_gate
from streetsafe_plugin.gis.source_gate import check_layer_source
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource
from streetsafe_plugin.settings import load_settings

_Choice = TypeVar("_Choice")


class Group(Enum):
    """The four steps of an analyst's way from an extract to a briefing."""

    REPORTS = "reports"
    PARKS = "parks"
    ANALYSE = "analyse"
    BRIEF = "brief"

    def label(self) -> str:
        """Return the heading under which the toolbox lists the group."""
        return {
            Group.REPORTS: tr("1 Reports"),
            Group.PARKS: tr("2 Parks"),
            Group.ANALYSE: tr("3 Analyse"),
            Group.BRIEF: tr("4 Brief"),
        }[self]


#: A sentence with more names than this is not read.
_MOST_NAMES = 12
#: What QGIS gives as the greatest number of a parameter without one, or more than that.
_NO_LIMIT = float(2**31 - 1)
_LAYER_PARAMETERS = (
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterVectorLayer,
    QgsProcessingParameterRasterLayer,
)


class Answers:
    """What the user has filled in, read through Processing so that defaults and models work."""

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
    ) -> None:
        """Keep the algorithm, its parameters and its context together."""
        self.algorithm = algorithm
        self.parameters = parameters
        self.context = context

    def given(self, name: str) -> bool:
        """Tell whether an optional parameter was filled in."""
        value = self.parameters.get(name)
        if isinstance(value, QgsProperty):
            value = value.valueAsString(self.context.expressionContext())[0]
        return not is_null(value) and value != ""

    def text(self, name: str) -> str:
        """Return a text without blanks around it."""
        return self.algorithm.parameterAsString(self.parameters, name, self.context).strip()

    def number(self, name: str) -> float:
        """Return a number."""
        return self.algorithm.parameterAsDouble(self.parameters, name, self.context)

    def integer(self, name: str) -> int:
        """Return a whole number."""
        return self.algorithm.parameterAsInt(self.parameters, name, self.context)

    def flag(self, name: str) -> bool:
        """Return a yes or no."""
        return self.algorithm.parameterAsBoolean(self.parameters, name, self.context)

    def choice(self, name: str, values: Sequence[_Choice]) -> _Choice:
        """Return the value at the number that was chosen."""
        return values[self.algorithm.parameterAsEnum(self.parameters, name, self.context)]

    def choices(self, name: str, values: Sequence[_Choice]) -> list[_Choice]:
        """Return the values at the numbers that were chosen."""
        numbers = self.algorithm.parameterAsEnums(self.parameters, name, self.context)
        return [values[number] for number in numbers]

    def date(self, name: str) -> datetime.date | None:
        """Return a date, from a date widget or from text as YYYY-MM-DD; None where empty.

        Raises:
            InputRefused: the text is not such a date.
        """
        if not self.given(name):
            return None
        value = self.parameters[name]
        if isinstance(value, QDateTime):
            value = value.date()
        if isinstance(value, QDate) and not value.isValid():
            return None
        if isinstance(value, QDate):
            return datetime.date(value.year(), value.month(), value.day())
        if isinstance(value, datetime.datetime):
            return value.date()
        if isinstance(value, datetime.date):
            return value
        text = self.text(name)
        try:
            return datetime.date.fromisoformat(text[:10])
        except ValueError:
            raise InputRefused(
                tr("{} is not a date: “{}”.").format(name, text), tr("Write it as 2022-03-31.")
            ) from None

    def file(self, name: str) -> str:
        """Return a path as it was given."""
        return self.algorithm.parameterAsString(self.parameters, name, self.context).strip()

    def system(self, name: str) -> QgsCoordinateReferenceSystem:
        """Return a coordinate system; an invalid one where none was chosen."""
        return self.algorithm.parameterAsCrs(self.parameters, name, self.context)

    def fields(self, name: str) -> list[str]:
        """Return the names of the chosen fields."""
        return field_names(self.algorithm, self.parameters, name, self.context)

    def destination(self, name: str) -> str:
        """Return where an output is to go, as it was given; empty where it was not asked for."""
        definition = self.algorithm.parameterDefinition(name)
        value = self.parameters.get(name, definition.defaultValue())
        if isinstance(value, QgsProcessingOutputLayerDefinition):
            value = value.sink
        if isinstance(value, QgsProperty):
            value = value.valueAsString(self.context.expressionContext())[0]
        return "" if is_null(value) else str(value)

    def clashing_destinations(self) -> Iterator[str]:
        """Yield a sentence for each output that would lie nowhere or replace an input."""
        taken = {
            path: definition.name()
            for definition in self.algorithm.parameterDefinitions()
            if not definition.isDestination()
            for path in [_file_behind(self.parameters.get(definition.name()))]
            if path is not None
        }
        for definition in self.algorithm.destinationParameterDefinitions():
            if isinstance(definition, QgsProcessingParameterFolderDestination):
                continue
            name, given = definition.name(), self.destination(definition.name())
            if not _is_file(given):
                continue
            path = Path(given).absolute()
            if isinstance(definition, QgsProcessingParameterFeatureSink) and path.suffix:
                store.driver_for(path)
            if not path.parent.is_dir():
                yield tr("{}: the folder “{}” does not exist. Make it first.").format(
                    name, path.parent.name
                )
            if path in taken:
                yield tr("{} is the same file as {}: choose another name.").format(
                    name, taken[path]
                )
            taken[path] = name

    def check_folder(self, name: str) -> None:
        """Refuse an output folder that could not be made without making others on the way."""
        given = self.text(name)
        if given not in ("", QgsProcessing.TEMPORARY_OUTPUT):
            store.check_parent(Path(given), name)

    def out_of_range(self) -> Iterator[str]:
        """Yield a sentence for each number and choice that its parameter does not take."""
        for definition in self.algorithm.parameterDefinitions():
            name = definition.name()
            value = self.parameters.get(name)
            if value is None or definition.checkValueIsAcceptable(value, self.context):
                continue
            if isinstance(definition, QgsProcessingParameterNumber):
                low, high = definition.minimum(), definition.maximum()
                between = tr("{:g} or more") if high >= _NO_LIMIT else tr("from {:g} to {:g}")
                yield tr("{}: “{}” is not a number {}.").format(
                    name, value, between.format(low, high)
                )
            elif isinstance(definition, QgsProcessingParameterEnum):
                choices = (f"{at} = {word}" for at, word in enumerate(definition.options()))
                yield tr("{}: “{}” is none of its choices, which are {}.").format(
                    name, value, ", ".join(choices)
                )

    def check_layer_files(self) -> None:
        """Refuse files given as layers that would make a reader open other files.

        Raises:
            InputRefused: such a file.
        """
        for definition in self.algorithm.parameterDefinitions():
            value = self.parameters.get(definition.name())
            if isinstance(definition, _LAYER_PARAMETERS) and isinstance(value, str):
                check_layer_source(value)

    def layer_source(self, name: str) -> QgsFeatureSource | None:
        """Return a vector input, respecting “selected features only”; None where empty."""
        if not self.given(name):
            return None
        return self.algorithm.parameterAsSource(self.parameters, name, self.context)

    def raster(self, name: str) -> QgsRasterLayer | None:
        """Return a raster input; None where empty."""
        if not self.given(name):
            return None
        return self.algorithm.parameterAsRasterLayer(self.parameters, name, self.context)

    def vector(self, name: str) -> QgsVectorLayer | None:
        """Return a vector input as a layer, for its name and style; None where empty."""
        if not self.given(name):
            return None
        return self.algorithm.parameterAsVectorLayer(self.parameters, name, self.context)

    def label_of(self, name: str) -> str:
        """Return a parameter's label, to name it in a sentence."""
        return self.algorithm.parameterDefinition(name).description()


class Run(Answers):
    """One run of an algorithm: its answers, and how it speaks, reads and writes."""

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> None:
        """Start the run's provenance."""
        super().__init__(algorithm, parameters, context)
        self.feedback = feedback
        #: The metre-based system in which everything is measured.
        self.crs = crs.analysis_crs(load_settings().analysis_crs)
        self._provenance = provenance.record(algorithm, parameters, context)
        self._kin = uuid.uuid4().hex

    def say(self, text: str) -> None:
        """Tell the user something; Processing escapes it itself where its log is HTML."""
        self.feedback.pushInfo(text_gate.plain(text))

    def warn(self, text: str) -> None:
        """Tell the user something that they should not overlook."""
        self.feedback.pushWarning(text_gate.plain(text))

    def note(self, text: str) -> None:
        """Add a remark to the provenance of everything written from here on."""
        self._provenance.notes.append(text_gate.plain(text))

    def mark_sensitive(self, fields: Sequence[str]) -> None:
        """Have the metadata of what is written say which fields describe people."""
        self._provenance.sensitive = list(fields)

    def mark_audience(self, audience: str) -> None:
        """Have the metadata of what is written say for whom small numbers are held back."""
        self._provenance.audience = audience

    def history(self) -> list[str]:
        """Return how this run was made, with its notes so far."""
        return self._provenance.lines()

    def stage(self, start: float, end: float, stoppable: bool = True) -> Tick:
        """Return the tick of a piece of work that takes the run from `start` to `end` (0 to 1).

        What would be half done if it was stopped is not `stoppable`.
        """

        def tick(share: float) -> None:
            if stoppable:
                self.stop_if_cancelled()
            self.feedback.setProgress(100 * (start + (end - start) * share))

        return tick

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` if the user has stopped the run."""
        if self.feedback.isCanceled():
            raise Cancelled

    def source(self, name: str) -> QgsFeatureSource:
        """Return a vector input that must be there."""
        source = self.layer_source(name)
        if source is None:
            raise QgsProcessingException(self.algorithm.invalidSourceError(self.parameters, name))
        return source

    def points(
        self, name: str, columns: Sequence[str] = (), tick: Tick | None = None
    ) -> layers.PointTable:
        """Return a point input in metres; what has no usable place is counted and said."""
        source = self.source(name)
        table = layers.read_points(
            source,
            self.crs,
            self.context.transformContext(),
            columns,
            tick or self._check_only,
            self._whole_layer(name),
        )
        self._note_source(name, source)
        left_out = sum(table.excluded.values())
        if left_out:
            self.warn(
                tr("{} of {} features of “{}” have no usable place and were left out.").format(
                    left_out, table.total, source.sourceName()
                )
            )
        return table

    def polygons(
        self,
        name: str,
        columns: Sequence[str] = (),
        tick: Tick | None = None,
        within: Sequence[layers.Bounds] | None = None,
    ) -> layers.PolygonTable:
        """Return a polygon input in metres; what was repaired or left out is said and noted.

        With `within`, only what meets one of those rectangles is read.
        """
        source = self.source(name)
        naming = naming_fields(source.fields().names())
        table = layers.read_polygons(
            source,
            self.crs,
            self.context.transformContext(),
            list(dict.fromkeys([*columns, *naming])),
            tick or self._check_only,
            within,
        )
        self._note_source(name, source)
        if table.repaired:
            sentence = tr(
                "{} polygons of “{}” were invalid and were repaired on a copy: {}."
            ).format(
                len(table.repaired), source.sourceName(), some_of(table.called(naming or columns))
            )
            self.warn(sentence)
            self.note(sentence)
        left_out = sum(table.excluded.values())
        if left_out:
            self.warn(
                tr("{} features of “{}” have no area and were left out.").format(
                    left_out, source.sourceName()
                )
            )
        return table

    def _whole_layer(self, name: str) -> QgsVectorLayer | None:
        """Return the layer behind an input, unless only some of its features are asked for."""
        value = self.parameters.get(name)
        if isinstance(value, QgsProcessingFeatureSourceDefinition) and (
            value.selectedFeaturesOnly
            or value.featureLimit != -1
            or getattr(value, "filterExpression", "")
        ):
            return None
        return self.vector(name)

    def _check_only(self, share: float) -> None:
        self.stop_if_cancelled()

    def _note_source(self, name: str, source: QgsFeatureSource) -> None:
        self.note_operation(source.sourceCrs())
        layer = self.vector(name)
        if layer is not None:
            self._provenance.add_rights(layer.metadata().rights())

    def note_operation(self, source_crs: QgsCoordinateReferenceSystem) -> None:
        """Record how coordinates came into the analysis CRS; say so once if a grid is missing."""
        operation = crs.describe_operation(source_crs, self.crs, self.context.transformContext())
        if operation.sentence not in self._provenance.operations:
            self._provenance.operations.append(operation.sentence)
            if operation.grid_missing:
                self.warn(
                    tr(
                        "{} Places may lie up to about 5 m off: ask for the OSTN15 grid to be"
                        " added to QGIS."
                    ).format(operation.sentence)
                )

    @property
    def operations(self) -> list[str]:
        """Return the coordinate operations used so far, as sentences."""
        return list(self._provenance.operations)

    def wants(self, name: str) -> bool:
        """Tell whether an optional output was asked for."""
        definition = self.algorithm.parameterDefinition(name)
        optional = QgsProcessingParameterDefinition.Flag.FlagOptional
        return bool(self.destination(name)) or not definition.flags() & optional

    def write(
        self,
        name: str,
        spec: store.LayerSpec,
        rows: Iterable[store.Row] | store.LayerColumns,
        style: str | None = None,
        tick: Tick | None = None,
        ledger: Mapping[str, Any] | None = None,
        form: styling.Style | None = None,
    ) -> str | None:
        """Write a vector output and return its place for the results; None if not asked for.

        A GeoPackage of its own also gets `ledger`, the account of an import, as a table. What
        has a `form` is marked as belonging to what else of the run has one.

        Files are written beside and renamed. Everything else (memory, databases, a layer in an
        existing GeoPackage) goes through Processing's own sinks; a database table, once begun, is
        finished even if the user cancels, since Processing has already replaced the old one.
        """
        if not self.wants(name):
            return None
        finish = styling.Finish(
            spec.title,
            styling.from_file(style) if style else None,
            self._provenance.metadata(spec.title, name),
            self._provenance.notes_html(),
            tuple(field.name() for field in spec.fields[:6]),
            form,
            self._kin if form else "",
        )
        tick = tick or self._check_only
        if _is_file(self.destination(name)):
            return self._write_file(name, spec, rows, finish, tick, ledger)
        return self._write_sink(name, spec, rows, finish, tick)

    def _write_file(
        self,
        name: str,
        spec: store.LayerSpec,
        rows: Iterable[store.Row] | store.LayerColumns,
        finish: styling.Finish,
        tick: Tick,
        ledger: Mapping[str, Any] | None,
    ) -> str:
        planned = self.algorithm.parameterAsOutputLayer(self.parameters, name, self.context)
        if Path(planned).suffix.lower() == ".xlsx" and spec.geometry != "none":
            self.warn(
                tr(
                    "“{}” is a workbook and holds no places; choose a GeoPackage to keep them."
                ).format(Path(planned).name)
            )
        path = store.write_layer(
            Path(planned), spec, rows, self.context.transformContext(), finish, tick, ledger
        )
        return self._loaded_from(planned, path, finish)

    def _write_sink(
        self,
        name: str,
        spec: store.LayerSpec,
        rows: Iterable[store.Row] | store.LayerColumns,
        finish: styling.Finish,
        tick: Tick,
    ) -> str:
        sink, destination = self.algorithm.parameterAsSink(
            self.parameters,
            name,
            self.context,
            spec.qgs_fields(),
            spec.wkb_type(),
            spec.system(),
        )
        if sink is None:
            raise QgsProcessingException(self.algorithm.invalidSinkError(self.parameters, name))
        in_memory = self.destination(name) in ("memory:", QgsProcessing.TEMPORARY_OUTPUT)
        written = store.add_rows(sink, spec, rows, tick if in_memory else no_tick)
        sink.finalize() if hasattr(sink, "finalize") else sink.flushBuffer()
        del sink  # closes it
        layer = QgsProcessingUtils.mapLayerFromString(destination, self.context)
        if layer is None or layer.featureCount() != written:
            raise WriteFailed(
                tr("“{}” does not read back with its {} rows.").format(spec.title, written),
                tr("Check the free space and your rights there."),
            )
        on_load.dress_when_loaded(self.context, destination, finish)
        return str(destination)

    def write_raster(
        self, name: str, raster: store.Raster, style: styling.Style, title: str = ""
    ) -> str | None:
        """Write a raster output and return its place for the results; None if not asked for.

        With a `title`, that is what the layer is called instead of the output's label.
        """
        if not self.wants(name):
            return None
        title = title or self.label_of(name)
        finish = styling.Finish(
            title,
            style,
            self._provenance.metadata(title, name),
            self._provenance.notes_html(),
        )
        raster = replace(raster, facts={**raster.facts, **self._provenance.facts(name)})
        planned = self.algorithm.parameterAsOutputLayer(self.parameters, name, self.context)
        path = store.write_raster(Path(planned), raster, finish, "\n".join(self.history()))
        actual = self._loaded_from(planned, path, finish)
        on_load.name_when_loaded(self.context, actual, self.label_of(name), title)
        return actual

    def write_page(self, name: str, html: str) -> str | None:
        """Write a page to read and return its place for the results; None if not asked for."""
        if not self.wants(name):
            return None
        planned = self.algorithm.parameterAsFileOutput(self.parameters, name, self.context)
        path = store.write_text(Path(planned), html)
        if path != Path(planned):
            self.warn(
                tr("“{}” is in use by another program, so the result is in “{}”.").format(
                    Path(planned).name, path.name
                )
            )
        return str(path)

    def _loaded_from(self, planned: str, path: Path, finish: styling.Finish) -> str:
        actual = planned if Path(planned) == path else str(path)
        if actual != planned:
            self.warn(
                tr("“{}” is in use by another program, so the result is in “{}”.").format(
                    Path(planned).name, path.name
                )
            )
            on_load.load_from_elsewhere(self.context, planned, actual)
        on_load.dress_when_loaded(self.context, actual, finish)
        return actual

    def folder(self, name: str) -> Path:
        """Return the folder an output is to go to, a temporary one where none was named."""
        given = self.algorithm.parameterAsString(self.parameters, name, self.context).strip()
        if given in ("", QgsProcessing.TEMPORARY_OUTPUT):
            given = self.algorithm.parameterDefinition(name).generateTemporaryDestination()
            Path(given).mkdir(parents=True, exist_ok=True)
        return Path(given)


def some_of(names: Sequence[str]) -> str:
    """Return names in a row, only the first dozen where there are more, and how many are left."""
    told = ", ".join(names[:_MOST_NAMES])
    left = len(names) - _MOST_NAMES
    return tr("{} and {} more").format(told, left) if left > 0 else told


def _file_behind(value: Any) -> Path | None:
    """Return the file that an input is read from, where it is given as a layer or a path."""
    if isinstance(value, QgsMapLayer):
        value = value.source()
    if not isinstance(value, str) or not value:
        return None
    path = Path(value.split("|", 1)[0])
    try:
        return path.absolute() if path.is_file() else None
    except OSError:  # what describes a layer without a file may be too long for a path
        return None


def _is_file(destination: str) -> bool:
    """Tell a file's path from memory, a database or a table in an existing GeoPackage."""
    special = ("memory:", "ogr:", "postgres:", "postgis:", "spatialite:")
    return not (
        destination in ("", QgsProcessing.TEMPORARY_OUTPUT)
        or destination.lower().startswith(special)
    )


class StreetSafeAlgorithm(QgsProcessingAlgorithm):
    """The base of every algorithm: set `ID` and `GROUP`, declare, refuse, execute."""

    ID = ""
    GROUP = Group.ANALYSE
    #: Where chance is drawn on with a fixed seed: that seed, for the recipe of what is made.
    SEED: int | None = None

    def name(self) -> str:
        """Return the id that models and scheduled jobs rely on; never translated or renamed."""
        return self.ID

    def createInstance(self) -> StreetSafeAlgorithm:
        """Return a fresh instance, as Processing asks before each run."""
        return type(self)()

    def group(self) -> str:
        """Return the toolbox heading."""
        return self.GROUP.label()

    def groupId(self) -> str:
        """Return the heading's stable id."""
        return self.GROUP.value

    def icon(self) -> QIcon:
        """Return the algorithm's icon."""
        own = resource("icons", f"{self.ID}.svg")
        return QIcon(str(own if own.exists() else resource("icons", "streetsafe.svg")))

    def helpUrl(self) -> str:
        """Return the address of the manual."""
        return about.homepage()

    def ask(self, parameter: QgsProcessingParameterDefinition, help_text: str) -> None:
        """Declare a parameter together with the sentence that explains it."""
        parameter.setHelp(help_text)
        self.addParameter(parameter)

    def ask_advanced(self, parameter: QgsProcessingParameterDefinition, help_text: str) -> None:
        """Declare a parameter that most users need not see."""
        advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
        parameter.setFlags(parameter.flags() | advanced)
        self.ask(parameter, help_text)

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Yield a sentence for each thing that is known to be wrong before work begins."""
        yield from ()

    def execute(self, run: Run) -> dict[str, Any]:
        """Do the work and return the outputs."""
        raise QgsProcessingException(f"{self.ID} has no work to do")

    def checkParameterValues(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Return the first reason not to start, in one sentence that names what and the remedy."""
        try:
            for sentence in self._all_refusals(Answers(self, parameters, context)):
                return False, self._with_labels(sentence)
        except StreetSafeError as refusal:
            return False, self._with_labels(str(refusal))
        return super().checkParameterValues(parameters, context)

    def _all_refusals(self, answers: Answers) -> Iterator[str]:
        """Yield what speaks against starting, whichever algorithm it is."""
        crs.analysis_crs(load_settings().analysis_crs)
        answers.check_layer_files()
        yield from answers.clashing_destinations()
        yield from self.refusals(answers)
        yield from answers.out_of_range()

    def _with_labels(self, sentence: str) -> str:
        """Put its label before the first mention of each parameter: people see no ids."""
        labels = {
            definition.name(): definition.description().split(" (", 1)[0]
            for definition in self.parameterDefinitions()
        }

        def with_label(found: re.Match[str]) -> str:
            name = found.group()
            label = labels.pop(name, None)
            return name if label is None else f"{label} ({name})"

        return re.sub(rf"\b(?:{'|'.join(labels)})\b", with_label, sentence)

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run `execute`, turning what a person can mend into one sentence."""
        try:
            # models and scripts may run an algorithm without asking for its checks
            for refusal in self._all_refusals(Answers(self, parameters, context)):
                raise InputRefused(refusal)
            with fewer_collections():
                results = self.execute(Run(self, parameters, context, feedback))
        except StreetSafeError as error:
            sentence = text_gate.plain(self._with_labels(str(error)))
            raise QgsProcessingException(sentence) from error
        return {name: value for name, value in results.items() if value is not None}
