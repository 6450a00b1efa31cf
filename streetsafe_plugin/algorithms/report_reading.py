# SPDX-License-Identifier: GPL-2.0-or-later
"""Read an extract of reports: what importing and updating have in common."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProviderRegistry,
)

from streetsafe_plugin import about
from streetsafe_plugin.algorithms.base import Answers, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.importing import area_shapes
from streetsafe_plugin.domain.reading.columns import Columns, recognise
from streetsafe_plugin.domain.reading.dates import DATE_ORDERS
from streetsafe_plugin.domain.reading.delimited import ENCODINGS
from streetsafe_plugin.domain.reading.profile import Profile
from streetsafe_plugin.domain.reading.receipt import (
    first_and_last,
    report_receipt,
    unknown_wordings,
)
from streetsafe_plugin.domain.reading.reports import ReportsRead, read_reports
from streetsafe_plugin.domain.reading.table import RawTable
from streetsafe_plugin.gis.layer_table import read_layer
from streetsafe_plugin.gis.placing import place_rows
from streetsafe_plugin.gis.profiles import load_profile
from streetsafe_plugin.gis.source_gate import check_file, read_table
from streetsafe_plugin.i18n import tr

SOURCE, SOURCE_LAYER, SHEET, PROFILE = "SOURCE", "SOURCE_LAYER", "SHEET", "PROFILE"
CRS, DATE_ORDER, AREA = "CRS", "DATE_ORDER", "AREA"
KEEP_CHARACTERISTICS, KEEP_TEXT = "KEEP_CHARACTERISTICS", "KEEP_TEXT"
ENCODING, HEADER_ROW = "ENCODING", "HEADER_ROW"

#: The files an extract may be, as a file dialogue lists them.
EXTRACT_ENDINGS = (
    "*.csv *.tsv *.txt *.xlsx *.xls *.ods *.geojson *.json *.gpkg *.kml *.kmz *.shp *.zip"
)


@dataclass(frozen=True)
class Extract:
    """An extract that was read: its table, what each column is, the reports, and its account.

    `import_id` names this reading. `receipt` are the sentences that stay with the layer, `ledger`
    the same account as one row of the table `imports`.
    """

    table: RawTable
    columns: Columns
    read: ReportsRead
    import_id: str
    receipt: tuple[str, ...]
    ledger: dict[str, Any]


class ReportReadingAlgorithm(StreetSafeAlgorithm):
    """An algorithm that reads an extract of reports."""

    def ask_for_extract(self) -> None:
        """Declare the parameters that say what to read and how."""
        self.ask(
            QgsProcessingParameterFile(
                SOURCE,
                tr("Extract file"),
                optional=True,
                fileFilter=tr("Extracts ({});;All files (*)").format(EXTRACT_ENDINGS),
            ),
            tr(
                "Delimited text, a workbook (XLSX, ODS, XLS), GeoJSON, a GeoPackage, KML, a"
                " shapefile, or a ZIP that holds one of them. One of several layers of a GeoPackage"
                " is chosen by adding |layername= and its name. Give this or SOURCE_LAYER."
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
            QgsProcessingParameterString(SHEET, tr("Sheet"), None, False, True),
            tr("The name of a workbook's sheet. Left empty, the only one that holds reports."),
        )
        self.ask(
            QgsProcessingParameterFile(
                PROFILE,
                tr("Mapping profile"),
                extension="json",
                optional=True,
            ),
            tr(
                "A JSON file that says which column holds what and how this source words its"
                " reasons. Left empty, columns are found by their headings and by what stands in"
                " them."
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
            tr(
                "Keeps what the people reporting said about themselves, in seven more fields that"
                " are marked sensitive."
            ),
        )
        self.ask(
            QgsProcessingParameterBoolean(KEEP_TEXT, tr("Keep people's own words"), False),
            tr(
                "Keeps columns of free text, which may name people, in the field free_text, marked"
                " sensitive."
            ),
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
        self.ask_advanced(
            QgsProcessingParameterNumber(
                HEADER_ROW,
                tr("Row with the headings"),
                QgsProcessingParameterNumber.Type.Integer,
                0,
                False,
                0,
            ),
            tr("The row of a text file or sheet that names the columns; 0 finds it."),
        )

    def extract_refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse no source, two sources, a missing file, and an unknown coordinate system."""
        if answers.given(SOURCE) and answers.given(SOURCE_LAYER):
            yield tr("SOURCE and SOURCE_LAYER are both given: clear one of them.")
        if not answers.given(SOURCE) and not answers.given(SOURCE_LAYER):
            yield tr("Neither SOURCE nor SOURCE_LAYER is given: choose a file or a layer.")
        if answers.given(SOURCE):
            check_file(answers.file(SOURCE))
        if answers.given(CRS) and not answers.system(CRS).isValid():
            yield tr("CRS is not a coordinate system that QGIS knows: choose another or none.")
        if answers.given(PROFILE):
            load_profile(Path(answers.file(PROFILE)))


def read_extract(run: Run, until: float) -> Extract:
    """Read, place and judge the extract, and say what came of it; `until` is the progress then."""
    profile = load_profile(Path(run.file(PROFILE))) if run.given(PROFILE) else Profile()
    table = _read_source(run, profile, until)
    columns = recognise(table, profile.mapped)
    placing = place_rows(
        table,
        columns,
        run.system(CRS) if run.given(CRS) else QgsCoordinateReferenceSystem(profile.crs),
        run.crs,
        run.context.transformContext(),
        area_shapes(run, AREA),
        run.stage(0.5 * until, 0.7 * until),
    )
    now = datetime.datetime.now()
    order = run.choice(DATE_ORDER, DATE_ORDERS)
    read = read_reports(
        table,
        columns,
        placing.placed,
        profile.date_order if order == "auto" and profile.date_order else order,
        now.date(),
        run.flag(KEEP_CHARACTERISTICS),
        run.flag(KEEP_TEXT),
        profile.wordings,
        run.stage(0.7 * until, until),
    )
    for system in placing.systems:
        run.note_operation(system)
    for warning in placing.warnings:
        run.warn(warning)
    _warn_of_oddities(run, table, columns, read)
    by_profile = [tr("Read by the profile “{}”.").format(profile.name)] if profile.name else []
    receipt = (*by_profile, *report_receipt(table, columns, read))
    for line in receipt:
        run.say(line)
    for note in (*placing.warnings, *receipt, *unknown_wordings(read)):
        run.note(note)
    import_id = f"{now:%Y%m%dT%H%M%S}-{table.sha256[:8]}"
    ledger = _ledger(run, table, read, profile, import_id, now, receipt)
    return Extract(table, columns, read, import_id, receipt, ledger)


def _read_source(run: Run, profile: Profile, until: float) -> RawTable:
    tick = run.stage(0.0, 0.5 * until)
    if run.given(SOURCE):
        encoding = run.choice(ENCODING, ENCODINGS)
        return read_table(
            run.file(SOURCE),
            profile.encoding if encoding == "auto" and profile.encoding else encoding,
            tick,
            run.text(SHEET) or profile.sheet,
            run.integer(HEADER_ROW) or profile.header_row,
        )
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


def _warn_of_oddities(run: Run, table: RawTable, columns: Columns, read: ReportsRead) -> None:
    if not columns.ticks and not columns.reason_lists:
        run.warn(tr("No column of reasons was found, so no report has a mention."))
    if columns.puzzling and (columns.ticks or not columns.reason_lists):
        names = ", ".join(f"“{table.header[index]}”" for index in columns.puzzling)
        run.warn(
            tr(
                "Columns of yes and no whose headings name no known reason: {}. If they are"
                " reasons, a mapping profile can say which."
            ).format(names)
        )
    if columns.submitted is None:
        run.warn(tr("No column of dates was found, so no report has a date."))
    if not len(read.reports):
        run.warn(tr("No row became a report; REJECTED says why."))
    not_understood = sum(read.unknown_wordings.values()) + sum(read.unclear_ticks.values())
    if not_understood:
        run.warn(
            tr(
                "Ticks or wordings in reason columns that were not understood and are not counted"
                " as mentions: {}. The notes of the layer list the wordings, and a mapping profile"
                " can say what they mean."
            ).format(not_understood)
        )
    if read.alike_but_for_reason:
        run.warn(
            tr(
                "{} rows without an id agree with another row in all but the reason. If the file"
                " has one row a reason, its reports are counted too often: ask for a column of ids."
            ).format(read.alike_but_for_reason)
        )
    if columns.personal:
        run.warn(
            tr(
                "The extract holds columns about the people reporting or in their own words ({});"
                " they are kept only where that was asked for."
            ).format(len(columns.personal))
        )


def _ledger(
    run: Run,
    table: RawTable,
    read: ReportsRead,
    profile: Profile,
    import_id: str,
    now: datetime.datetime,
    receipt: tuple[str, ...],
) -> dict[str, Any]:
    """Return one row of the table `imports`, by field."""
    days = first_and_last(read.reports)
    return {
        "import_id": import_id,
        "imported_at": now.replace(microsecond=0),
        "source_file": table.file_name,
        "source_sha256": table.sha256,
        "sheet": table.sheet or None,
        "profile": profile.name or None,
        "rows_read": read.rows_read,
        "accepted": len(read.reports),
        "merged": read.merged,
        "rejected": read.rejected_rows,
        "duplicates": read.duplicates,
        "mentions": read.mentions,
        "outside_area": read.reports.flagged()["outside_area"],
        "first_date": days[0] if days else None,
        "last_date": days[1] if days else None,
        "coordinate_operation": " ".join(run.operations),
        "plugin_version": about.version(),
        "receipt": "\n".join(receipt),
    }
