# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports from an extract of any layout: every row becomes a report or is accounted for."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProviderRegistry,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.importing import area_shapes, write_rejected
from streetsafe_plugin.compat import boolean_field, datetime_field, integer_field, text_field
from streetsafe_plugin.domain.reading.columns import CHARACTERISTICS, Columns, recognise
from streetsafe_plugin.domain.reading.dates import DATE_ORDERS
from streetsafe_plugin.domain.reading.delimited import ENCODINGS
from streetsafe_plugin.domain.reading.receipt import report_receipt, unknown_wordings
from streetsafe_plugin.domain.reading.reports import Report, ReportsRead, read_reports
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.domain.taxonomy import REASON_CODES, concern_of
from streetsafe_plugin.gis.layer_table import read_layer
from streetsafe_plugin.gis.placing import place_rows
from streetsafe_plugin.gis.source_gate import check_file, read_table
from streetsafe_plugin.gis.store import LayerSpec, Row
from streetsafe_plugin.i18n import tr

SOURCE, SOURCE_LAYER, CRS, DATE_ORDER = "SOURCE", "SOURCE_LAYER", "CRS", "DATE_ORDER"
AREA, ENCODING = "AREA", "ENCODING"
KEEP_CHARACTERISTICS, KEEP_TEXT = "KEEP_CHARACTERISTICS", "KEEP_TEXT"
OUTPUT, REJECTED = "OUTPUT", "REJECTED"
ROWS_READ, ACCEPTED, MERGED = "ROWS_READ", "ACCEPTED", "MERGED"
REJECTED_ROWS, DUPLICATES = "REJECTED_ROWS", "DUPLICATES"
MENTIONS, OUTSIDE_AREA = "MENTIONS", "OUTSIDE_AREA"

_ROWS_PER_SIGN = 1000


class ImportReports(StreetSafeAlgorithm):
    """Read a file or layer of reports strictly and write what could be read."""

    ID = "importreports"
    GROUP = Group.REPORTS

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Import reports")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("An extract of StreetSafe reports as a point layer, every row accounted for")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("import,streetsafe,csv,geojson,geopackage,extract,perception,reports").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Reads an extract and makes a layer of reports. The extract may be delimited text"
            " (commas, semicolons, tabs or upright bars), GeoJSON or a GeoPackage, whatever the"
            " file is called, or any layer or table of the project.\n\n"
            "Places are longitude and latitude, easting and northing, or the points themselves."
            " Reasons are one column each (1/0, Yes/No, TRUE/FALSE, X or blank, ticks) or several"
            " in one column, parted by semicolons, upright bars, line breaks or commas. Columns are"
            " found by their headings or by what stands in them; the log says which and why.\n\n"
            "A report is one pin, a mention is one ticked reason: they are counted apart. Every row"
            " becomes a report, is an exact duplicate, or is rejected with a reason, and"
            " ROWS_READ = ACCEPTED + MERGED + REJECTED_ROWS + DUPLICATES, always. Rejected rows and"
            " duplicates are listed in their own table.\n\n"
            "A report keeps the extract's own id as it is written. Rows without an id that are"
            " exactly alike are separate reports and are flagged same_moment. Places outside Great"
            " Britain are rejected; places outside the area are kept and flagged.\n\n"
            "Age, sex and other characteristics, and people's own words, are left out unless you"
            " ask for them."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask(
            QgsProcessingParameterFile(
                SOURCE,
                tr("Extract file"),
                optional=True,
                fileFilter=tr(
                    "Tables and points (*.csv *.tsv *.txt *.geojson *.json *.gpkg);;All files (*)"
                ),
            ),
            tr(
                "A CSV, TSV, GeoJSON or GeoPackage file. One of several layers of a GeoPackage is"
                " chosen by adding |layername= and its name. Give this or SOURCE_LAYER."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(
                SOURCE_LAYER,
                tr("Extract layer"),
                [QgsProcessing.SourceType.TypeVector],
                None,
                True,
            ),
            tr(
                "Any layer or table already in the project. QGIS may have changed numbers such as"
                " 007 when it was loaded, so a file given as SOURCE is safer."
            ),
        )
        self.ask(
            QgsProcessingParameterCrs(CRS, tr("Coordinate system of the places"), None, True),
            tr(
                "The system the coordinates are in, if it is not longitude and latitude (WGS 84),"
                " the British National Grid, or what the layer says itself."
            ),
        )
        self.ask(
            QgsProcessingParameterEnum(
                DATE_ORDER,
                tr("Order of dates"),
                [
                    tr("Automatic"),
                    tr("Day, month, year"),
                    tr("Month, day, year"),
                    tr("Year, month, day"),
                ],
                False,
                0,
            ),
            tr(
                "How dates such as 03/04/2024 are written. Automatic takes an order only where a"
                " day above 12 proves it, and stops where nothing does."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(
                AREA, tr("Area"), [QgsProcessing.SourceType.TypeVectorPolygon], None, True
            ),
            tr("Reports outside these polygons are kept, flagged outside_area and counted."),
        )
        self.ask(
            QgsProcessingParameterBoolean(
                KEEP_CHARACTERISTICS, tr("Keep age, sex and other characteristics"), False
            ),
            tr("Keeps what the people reporting said about themselves, in seven more fields."),
        )
        self.ask(
            QgsProcessingParameterBoolean(KEEP_TEXT, tr("Keep people's own words"), False),
            tr("Keeps columns of free text, which may name people, in the field free_text."),
        )
        self.ask_advanced(
            QgsProcessingParameterEnum(
                ENCODING,
                tr("Encoding of text files"),
                [tr("Automatic"), "UTF-8", "windows-1252", "UTF-16"],
                False,
                0,
            ),
            tr(
                "How letters are stored in a text file. Automatic is UTF-8, or UTF-16 where the"
                " file says so; older Excel writes windows-1252."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Reports"), QgsProcessing.SourceType.TypeVectorPoint
            ),
            tr("The points, in the analysis CRS, with the fields that later steps rely on."),
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
            (ACCEPTED, tr("Reports")),
            (MERGED, tr("Rows merged into a report above")),
            (REJECTED_ROWS, tr("Rejected rows")),
            (DUPLICATES, tr("Exact duplicates")),
            (MENTIONS, tr("Mentions")),
            (OUTSIDE_AREA, tr("Reports outside the area")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse no source, two sources, a missing file, and an unknown coordinate system."""
        if answers.given(SOURCE) and answers.given(SOURCE_LAYER):
            yield tr("SOURCE and SOURCE_LAYER are both given: clear one of them.")
        if not answers.given(SOURCE) and not answers.given(SOURCE_LAYER):
            yield tr("Neither SOURCE nor SOURCE_LAYER is given: choose a file or a layer.")
        if answers.given(SOURCE):
            check_file(answers.file(SOURCE))
        if answers.given(CRS) and not answers.system(CRS).isValid():
            yield tr("CRS is not a coordinate system that QGIS knows: choose another or none.")

    def execute(self, run: Run) -> dict[str, Any]:
        """Read the table, place and judge its rows, write both layers."""
        table = _read_source(run)
        columns = recognise(table)
        area = area_shapes(run, AREA)
        placing = place_rows(
            table,
            columns,
            run.system(CRS),
            run.crs,
            run.context.transformContext(),
            area,
            run.stage(0.4, 0.45),
        )
        now = datetime.datetime.now()
        read = read_reports(
            table,
            columns,
            placing.placed,
            run.choice(DATE_ORDER, DATE_ORDERS),
            now.date(),
            run.flag(KEEP_CHARACTERISTICS),
            run.flag(KEEP_TEXT),
            run.stage(0.45, 0.6),
        )
        for system in placing.systems:
            run.note_operation(system)
        for warning in placing.warnings:
            run.warn(warning)
        _warn_of_oddities(run, columns, read)
        receipt = report_receipt(table, columns, read)
        for line in receipt:
            run.say(line)
        for note in (*placing.warnings, *receipt, *unknown_wordings(read)):
            run.note(note)

        import_id = f"{now:%Y%m%dT%H%M%S}-{table.sha256[:8]}"
        rows = _report_rows(run, read, table.file_name, import_id)
        return {
            OUTPUT: run.write(OUTPUT, _report_spec(run), rows, "reports"),
            REJECTED: write_rejected(run, REJECTED, read.rejected),
            ROWS_READ: read.rows_read,
            ACCEPTED: len(read.reports),
            MERGED: read.merged,
            REJECTED_ROWS: read.rejected_rows,
            DUPLICATES: read.duplicates,
            MENTIONS: read.mentions,
            OUTSIDE_AREA: read.flagged()["outside_area"],
        }


def _read_source(run: Run) -> RawTable:
    tick = run.stage(0.0, 0.4)
    if run.given(SOURCE):
        return read_table(run.file(SOURCE), run.choice(ENCODING, ENCODINGS), tick)
    source = run.source(SOURCE_LAYER)
    name = source.sourceName()
    layer = run.vector(SOURCE_LAYER)
    if layer is not None:
        parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
        name = Path(str(parts.get("path") or name)).name
        if layer.providerType() == "delimitedtext":
            run.warn(
                tr(
                    "“{}” was loaded as delimited text, where QGIS passes over rows it cannot read"
                    " and changes numbers. Give the file as SOURCE to have every row counted."
                ).format(name)
            )
    return read_layer(source, name, tick)


def _warn_of_oddities(run: Run, columns: Columns, read: ReportsRead) -> None:
    if not columns.ticks and not columns.reason_lists:
        run.warn(tr("No column of reasons was found, so no report has a mention."))
    if columns.submitted is None:
        run.warn(tr("No column of dates was found, so no report has a date."))
    if not read.reports:
        run.warn(tr("No row became a report; REJECTED says why."))
    not_understood = sum(read.unknown_wordings.values()) + sum(read.unclear_ticks.values())
    if not_understood:
        run.warn(
            tr(
                "{} ticks or wordings in reason columns were not understood and are not counted as"
                " mentions; the notes of the layer list the wordings."
            ).format(not_understood)
        )
    if columns.personal:
        run.warn(
            tr(
                "The extract holds columns about the people reporting or in their own words ({});"
                " they are kept only where that was asked for."
            ).format(len(columns.personal))
        )


def _report_spec(run: Run) -> LayerSpec:
    fields = [
        text_field("report_id"),
        datetime_field("submitted_at"),
        text_field("submitted_precision"),
        text_field("concern"),
        text_field("reasons"),
        integer_field("n_reasons"),
        *(boolean_field(code) for code in REASON_CODES),
        text_field("crime_reported"),
        text_field("why_not_reported"),
        text_field("place_source"),
        text_field("flags"),
        text_field("source_file"),
        integer_field("source_row"),
        text_field("import_id"),
    ]
    if run.flag(KEEP_CHARACTERISTICS):
        fields += [text_field(name) for name in CHARACTERISTICS]
    if run.flag(KEEP_TEXT):
        fields.append(text_field("free_text"))
    return LayerSpec(tr("Reports"), fields, "point", run.crs)


def _report_rows(run: Run, read: ReportsRead, file_name: str, import_id: str) -> Iterator[Row]:
    """Yield reports as they are written, showing progress."""
    characteristics, text = run.flag(KEEP_CHARACTERISTICS), run.flag(KEEP_TEXT)
    for number, report in enumerate(read.reports):
        if number % _ROWS_PER_SIGN == 0:
            run.feedback.setProgress(60 + 40 * number / len(read.reports))
        values = _values(report, file_name, import_id)
        if characteristics:
            values += [value or None for value in report.characteristics]
        if text:
            values.append(report.free_text or None)
        yield report.xy, values


def _values(report: Report, file_name: str, import_id: str) -> list[Any]:
    return [
        report.report_id,
        report.submitted_at,
        report.submitted_precision,
        concern_of(report.reasons),
        ";".join(report.reasons),
        len(report.reasons),
        *(code in report.reasons for code in REASON_CODES),
        report.crime_reported or None,
        report.why_not_reported or None,
        report.place_source,
        ";".join(report.flags),
        file_name,
        report.source_row,
        import_id,
    ]
