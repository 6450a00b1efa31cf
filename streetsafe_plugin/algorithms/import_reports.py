# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports from an extract of any layout: every row becomes a report or is accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run
from streetsafe_plugin.algorithms.importing import write_rejected
from streetsafe_plugin.algorithms.report_layer import SENSITIVE, report_columns, report_fields
from streetsafe_plugin.algorithms.report_reading import (
    KEEP_CHARACTERISTICS,
    KEEP_TEXT,
    Extract,
    ReportReadingAlgorithm,
    read_extract,
)
from streetsafe_plugin.domain.reading.profile import profile_from, to_json
from streetsafe_plugin.gis.store import LayerSpec, write_text
from streetsafe_plugin.i18n import tr

OUTPUT, REJECTED, SAVE_PROFILE = "OUTPUT", "REJECTED", "SAVE_PROFILE"
ROWS_READ, ACCEPTED, MERGED = "ROWS_READ", "ACCEPTED", "MERGED"
REJECTED_ROWS, DUPLICATES = "REJECTED_ROWS", "DUPLICATES"
MENTIONS, OUTSIDE_AREA = "MENTIONS", "OUTSIDE_AREA"


class ImportReports(ReportReadingAlgorithm):
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
            " (commas, semicolons, tabs or upright bars), a workbook (XLSX, ODS, XLS), GeoJSON, a"
            " GeoPackage, KML, a shapefile, a ZIP that holds one of them, whatever the file is"
            " called, or any layer or table of the project.\n\n"
            "Places are longitude and latitude in decimals or degrees, minutes and seconds, easting"
            " and northing, grid references, WKT, or the points themselves. Reasons are one column"
            " each (1/0, Yes/No, TRUE/FALSE, X or blank, ticks), several in one column, parted by"
            " semicolons, upright bars, line breaks or commas, or one row a reason. Columns are"
            " found by their headings or by what stands in them; the log says which and why. What"
            " cannot be found is said by a mapping profile, and SAVE_PROFILE writes one to start"
            " from.\n\n"
            "A report is one pin, a mention is one ticked reason: they are counted apart. Every row"
            " becomes a report, adds a reason to one, is an exact duplicate, or is rejected with a"
            " reason, and ROWS_READ = ACCEPTED + MERGED + REJECTED_ROWS + DUPLICATES, always."
            " Rejected rows and duplicates are listed in their own table.\n\n"
            "A report keeps the extract's own id as it is written. A row that repeats an id is an"
            " exact duplicate, adds a reason where the file has one row a reason, or contradicts"
            " the first, which stands. Rows without an id that are exactly alike are separate"
            " reports and are flagged same_moment. Places outside Great Britain are rejected;"
            " places outside the area are kept and flagged.\n\n"
            "Age, sex and other characteristics, and people's own words, are left out unless you"
            " ask for them. A GeoPackage also gets a table of imports with the receipt."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask_for_extract()
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
        self.ask(
            QgsProcessingParameterFileDestination(
                SAVE_PROFILE,
                tr("Save mapping profile"),
                tr("Mapping profiles (*.json)"),
                None,
                True,
                False,
            ),
            tr(
                "Writes down which column was taken for what, and the wordings that were not"
                " understood, to be completed and given as PROFILE the next time."
            ),
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
        """Refuse what is known to be wrong with the extract."""
        yield from self.extract_refusals(answers)

    def execute(self, run: Run) -> dict[str, Any]:
        """Read the extract, write both layers."""
        extract = read_extract(run, 0.6)
        read = extract.read
        fields = report_fields(run.flag(KEEP_CHARACTERISTICS), run.flag(KEEP_TEXT))
        run.mark_sensitive([field.name() for field in fields if field.name() in SENSITIVE])
        return {
            OUTPUT: run.write(
                OUTPUT,
                LayerSpec(tr("Reports"), fields, "point", run.crs),
                report_columns(read.reports, extract.table.file_name, extract.import_id),
                "reports",
                run.stage(0.6, 0.95),
                extract.ledger,
            ),
            REJECTED: write_rejected(run, REJECTED, read.rejected),
            SAVE_PROFILE: _save_profile(run, extract),
            ROWS_READ: read.rows_read,
            ACCEPTED: len(read.reports),
            MERGED: read.merged,
            REJECTED_ROWS: read.rejected_rows,
            DUPLICATES: read.duplicates,
            MENTIONS: read.mentions,
            OUTSIDE_AREA: read.reports.flagged()["outside_area"],
        }


def _save_profile(run: Run, extract: Extract) -> str | None:
    if not run.wants(SAVE_PROFILE):
        return None
    profile = profile_from(extract.columns, extract.table, extract.read.unknown_wordings)
    path = Path(run.file(SAVE_PROFILE))
    return str(write_text(path, to_json(profile)))
