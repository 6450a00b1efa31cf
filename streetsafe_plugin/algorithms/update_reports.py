# SPDX-License-Identifier: GPL-2.0-or-later
"""The next extract into a layer of reports: added, changed, unchanged, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterVectorLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run
from streetsafe_plugin.algorithms.importing import write_rejected
from streetsafe_plugin.algorithms.report_layer import (
    FREE_TEXT,
    SENSITIVE,
    report_columns,
    report_fields,
)
from streetsafe_plugin.algorithms.report_reading import (
    AREA,
    KEEP_CHARACTERISTICS,
    KEEP_TEXT,
    Extract,
    ReportReadingAlgorithm,
    read_extract,
)
from streetsafe_plugin.domain.arrays import Texts
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.reports import Reports
from streetsafe_plugin.domain.report_update import Content, UpdatePlan, plan_update
from streetsafe_plugin.gis.report_target import Place, ReportTarget, inspect, opened, place_of
from streetsafe_plugin.gis.store import LayerColumns
from streetsafe_plugin.i18n import tr

TARGET, REJECTED = "TARGET", "REJECTED"
ROWS_READ, ADDED, CHANGED, UNCHANGED = "ROWS_READ", "ADDED", "CHANGED", "UNCHANGED"
REJECTED_ROWS, DUPLICATES, MERGED = "REJECTED_ROWS", "DUPLICATES", "MERGED"

_ROWS_PER_TICK = 500


class UpdateReports(ReportReadingAlgorithm):
    """Read an extract as importing does, and write what is new or different into a layer."""

    ID = "updatereports"
    GROUP = Group.REPORTS

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Update reports")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("The next extract into a layer of reports, all of it or nothing")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("update,refresh,append,merge,reports,streetsafe,monthly").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Reads an extract exactly as Import reports does and brings a layer that Import reports"
            " has written up to date: in a GeoPackage, or in a PostGIS database.\n\n"
            "Reports are the same by their report_id. New ones are added; those that hold something"
            " else now are changed; those that are the same are not touched; those that are not in"
            " the extract stay, since it may hold one month only. The same file twice adds and"
            " changes nothing. Fields that you have added to the layer keep what is in them. The"
            " flags repeated_place and same_moment are worked out anew over all reports, and"
            " outside_area is left alone where no AREA is given.\n\n"
            "Everything is written in one transaction: if it is cancelled or anything fails, the"
            " layer is exactly as it was. If somebody else is writing, it waits a few seconds and"
            " then says so. The table imports gets a row with the receipt.\n\n"
            "ROWS_READ = ADDED + CHANGED + UNCHANGED + MERGED + REJECTED_ROWS + DUPLICATES, always."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.ask_for_extract()
        self.ask(
            QgsProcessingParameterVectorLayer(
                TARGET, tr("Layer to update"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("A layer of reports in a GeoPackage or in PostGIS, as Import reports writes it."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                REJECTED,
                tr("Rejected report rows"),
                QgsProcessing.SourceType.TypeVector,
                None,
                True,
            ),
            tr("Every row that was left out, with its number in the file, a code and the reason."),
        )
        for name, label in (
            (ROWS_READ, tr("Rows read")),
            (ADDED, tr("Reports added")),
            (CHANGED, tr("Reports changed")),
            (UNCHANGED, tr("Reports unchanged")),
            (REJECTED_ROWS, tr("Rejected rows")),
            (DUPLICATES, tr("Exact duplicates")),
            (MERGED, tr("Rows merged into a report above")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse what is known to be wrong with the extract or the layer."""
        yield from self.extract_refusals(answers)
        layer = answers.vector(TARGET)
        if layer is None:
            return
        place = place_of(layer)
        if _is_edited(answers, place):
            yield tr(
                "TARGET “{}” is being edited in another layer of the project: save the edits or"
                " drop them, then run again."
            ).format(place.shown)
        if place.in_file and place.source in answers.destination(REJECTED):
            yield tr("REJECTED would be written into the file of TARGET: choose another place.")
        inspect(place, _field_names(answers))

    def execute(self, run: Run) -> dict[str, Any]:
        """Read the extract, compare, and write what differs."""
        layer = run.vector(TARGET)
        if layer is None:
            raise InputRefused(tr("TARGET is no layer."), tr("Choose a layer of reports."))
        place = place_of(layer)
        self._written = place
        _require_system(layer, run.crs)
        extract = read_extract(run, 0.5)
        names = _field_names(run)
        kept = tuple(name for name in names if name in SENSITIVE)
        with opened(place, run.stage(0.5, 0.5)) as target:
            target.check(names)
            there = target.content(kept, run.stage(0.5, 0.6))
            new = _content(extract.read.reports)
            plan = plan_update(there, new, run.given(AREA))
            _write(target, extract, plan, run)
            target.enter(extract.ledger)
            # before the update stands: were this to fail afterwards, it would seem undone
            rejected = write_rejected(run, REJECTED, extract.read.rejected)
        changed_marks = len(plan.old_flags)
        if changed_marks:
            run.say(
                tr("{} other reports have new marks, since reports beside them changed.").format(
                    changed_marks
                )
            )
        run.say(
            tr("{} added, {} changed, {} unchanged.").format(
                len(plan.added), len(plan.changed), plan.unchanged
            )
        )
        return {
            REJECTED: rejected,
            ROWS_READ: extract.read.rows_read,
            ADDED: len(plan.added),
            CHANGED: len(plan.changed),
            UNCHANGED: plan.unchanged,
            REJECTED_ROWS: extract.read.rejected_rows,
            DUPLICATES: extract.read.duplicates,
            MERGED: extract.read.merged,
        }

    def postProcessAlgorithm(
        self, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Have open layers show what is in the file or database now."""
        place = getattr(self, "_written", None)
        for layer in QgsProject.instance().mapLayers().values():
            if place is not None and _shows(layer, place):
                layer.dataProvider().reloadData()
                layer.triggerRepaint()
        return {}


def _require_system(layer: QgsVectorLayer, crs: QgsCoordinateReferenceSystem) -> None:
    if layer.crs() != crs:
        raise InputRefused(
            tr("TARGET is in {}, and places are measured in {}.").format(
                layer.crs().authid() or tr("no coordinate system"), crs.authid()
            ),
            tr("Choose a layer in that system, or set it in the StreetSafe options."),
        )


def _field_names(answers: Answers) -> list[str]:
    """Return the names of all fields of a layer of reports, as was asked for."""
    fields = report_fields(answers.flag(KEEP_CHARACTERISTICS), answers.flag(KEEP_TEXT))
    return [one.name() for one in fields]


def _content(reports: Reports) -> Content:
    others: dict[str, Texts] = dict(reports.characteristics)
    if reports.free_text is not None:
        others[FREE_TEXT] = reports.free_text
    return Content(
        reports.report_id,
        reports.xy,
        reports.submitted_at,
        reports.submitted_precision,
        reports.ticked,
        reports.crime_reported,
        reports.why_not_reported,
        reports.place_source,
        reports.flags,
        others,
    )


def _write(target: ReportTarget, extract: Extract, plan: UpdatePlan, run: Run) -> None:
    tick = run.stage(0.6, 0.95)
    names = _field_names(run)
    written = sorted({*plan.added.tolist(), *(new for new, _ in plan.changed)})
    rows = _only(
        report_columns(extract.read.reports, extract.table.file_name, extract.import_id), written
    )
    work = len(plan.added) + len(plan.changed) + len(plan.old_flags)
    done = 0

    def values(row: int) -> dict[str, Any]:
        return {**dict(zip(names, rows[row][1])), "flags": plan.new_flags[row]}

    def step() -> None:
        nonlocal done
        done += 1
        if done % _ROWS_PER_TICK == 0:
            tick(done / work)

    for new, old in plan.changed:
        target.replace(old, rows[new][0], values(new))
        step()
    for old, flags in plan.old_flags.items():
        target.set_flags(old, flags)
        step()
    for new in plan.added.tolist():
        target.add(rows[new][0], values(new))
        step()
    tick(1.0)


def _only(columns: LayerColumns, rows: list[int]) -> dict[int, Any]:
    """Return some rows of a layer, each by its number."""
    chosen = np.array(rows, dtype=int)
    values = [np.asarray(column)[chosen] for column in columns.columns]
    return dict(zip(rows, LayerColumns(columns.xy[chosen], values)))


def _shows(layer: Any, place: Place) -> bool:
    """Tell whether a layer of the project is kept in the same file or table."""
    if not isinstance(layer, QgsVectorLayer):
        return False
    if not place.in_file:
        return bool(layer.providerType() == "postgres" and place.shown in layer.source())
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return Path(str(parts.get("path") or "")) == Path(place.source)


def _is_edited(answers: Answers, place: Place) -> bool:
    """Tell whether edits of the same file or table wait in any layer of the project."""
    project = answers.context.project()
    layers = project.mapLayers().values() if project is not None else ()
    return any(_shows(layer, place) and layer.isEditable() for layer in layers)
