# SPDX-License-Identifier: GPL-2.0-or-later
"""Street-level crime from data.police.uk as a point layer, every row accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterString,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.importing import area_shapes, write_rejected
from streetsafe_plugin.compat import date_field, integer_field, text_field
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading import crimes
from streetsafe_plugin.domain.reading.crime_receipt import crime_receipt
from streetsafe_plugin.domain.reading.crimes import CrimeFilter, Crimes, read_crimes
from streetsafe_plugin.domain.reading.places import inside_area
from streetsafe_plugin.domain.reading.table import none_where_empty
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.gis.placing import LONGITUDE_LATITUDE, NATIONAL_GRID
from streetsafe_plugin.gis.source_gate import check_exists, street_files
from streetsafe_plugin.gis.store import LayerColumns, LayerSpec
from streetsafe_plugin.i18n import tr

SOURCE, AREA, CRIME_TYPES = "SOURCE", "AREA", "CRIME_TYPES"
FROM_MONTH, TO_MONTH = "FROM_MONTH", "TO_MONTH"
OUTPUT, REJECTED = "OUTPUT", "REJECTED"
ROWS_READ, ACCEPTED, NO_LOCATION = "ROWS_READ", "ACCEPTED", "NO_LOCATION"
REJECTED_ROWS, FILTERED_OUT = "REJECTED_ROWS", "FILTERED_OUT"
OUTSIDE_AREA, MISSING_MONTHS = "OUTSIDE_AREA", "MISSING_MONTHS"

_MONTH = re.compile(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])")
#: Every published place has been moved to a point that stands for its neighbourhood.
_SNAPPED, _OUTSIDE = "snapped", "outside_area"


class ImportCrimes(StreetSafeAlgorithm):
    """Read published crime files strictly and write what has a place."""

    ID = "importcrimes"
    GROUP = Group.REPORTS

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Import recorded crime")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Street-level crime from data.police.uk: a CSV, a folder or a whole ZIP")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("import,crime,data.police.uk,police,street,csv,zip,recorded").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Reads street-level crime as data.police.uk publishes it: one CSV, a folder of month"
            " folders, or the ZIP as it was downloaded. Only files whose name ends in -street.csv"
            " are read from a folder or ZIP; nothing is unpacked.\n\n"
            "Every row is accounted for: ROWS_READ = ACCEPTED + NO_LOCATION + REJECTED_ROWS"
            " + FILTERED_OUT, always. NO_LOCATION counts rows published without a place,"
            " FILTERED_OUT rows that CRIME_TYPES, FROM_MONTH or TO_MONTH leave out. Rows that are"
            " exactly alike and have no Crime ID are separate incidents and are kept. A file that"
            " is there twice is read once, and the log says so; two different versions of one month"
            " are refused, since its crimes would count twice. MISSING_MONTHS lists the months"
            " without any row. Every crime is flagged snapped: its published place is not where it"
            " happened.\n\n"
            "Published points are moved to the nearest of a fixed list of places, so a park may"
            " hold all or none of its crime: compare larger areas. Crime is known to the month"
            " only."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        self.ask(
            QgsProcessingParameterFile(
                SOURCE,
                tr("Download from data.police.uk"),
                # the filter must let a folder through, whose name has no ending
                fileFilter=tr("Downloads (*.csv *.zip);;All files and folders (*)"),
            ),
            tr(
                "A -street.csv file, a folder that holds such files, or a ZIP of one. For a folder,"
                " type or paste its path."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(
                AREA, tr("Area"), [QgsProcessing.SourceType.TypeVectorPolygon], None, True
            ),
            tr("Crimes outside these polygons are kept, flagged outside_area and counted."),
        )
        self.ask(
            QgsProcessingParameterEnum(
                CRIME_TYPES, tr("Crime types"), list(crimes.CRIME_TYPES), True, None, True
            ),
            tr("Only these types are kept. Left empty, all are, also types not in this list."),
        )
        self.ask(
            QgsProcessingParameterString(FROM_MONTH, tr("First month"), None, False, True),
            tr("Such as 2021-09. Left empty, the first there is."),
        )
        self.ask(
            QgsProcessingParameterString(TO_MONTH, tr("Last month"), None, False, True),
            tr("Such as 2022-10. Left empty, the last there is."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Recorded crime"), QgsProcessing.SourceType.TypeVectorPoint
            ),
            tr("The points, in the analysis CRS, with the fields that later steps rely on."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                REJECTED,
                tr("Rejected crime rows"),
                QgsProcessing.SourceType.TypeVector,
                None,
                True,
            ),
            tr("Every row that was left out, with its number in the file, a code and the reason."),
        )
        for name, label in (
            (ROWS_READ, tr("Rows read")),
            (ACCEPTED, tr("Crimes")),
            (NO_LOCATION, tr("Rows without a location")),
            (REJECTED_ROWS, tr("Rejected rows")),
            (FILTERED_OUT, tr("Rows not asked for")),
            (OUTSIDE_AREA, tr("Crimes outside the area")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))
        self.addOutput(QgsProcessingOutputString(MISSING_MONTHS, tr("Months without any row")))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a missing source and months that are none or stand the wrong way round."""
        if answers.given(SOURCE):
            check_exists(answers.file(SOURCE))
        months = [(name, answers.text(name)) for name in (FROM_MONTH, TO_MONTH)]
        for name, month in months:
            if month and not _MONTH.fullmatch(month):
                yield tr("{} is “{}”, which is not a month: write it as 2021-09.").format(
                    name, month
                )
        [(_, first), (_, last)] = months
        if first and last and first > last:
            yield tr("FROM_MONTH ({}) is after TO_MONTH ({}): exchange them.").format(first, last)

    def execute(self, run: Run) -> dict[str, Any]:
        """Read every file, place the rows, write both layers."""
        wanted = CrimeFilter(
            frozenset(
                run.choices(CRIME_TYPES, crimes.CRIME_TYPES) if run.given(CRIME_TYPES) else ()
            ),
            run.text(FROM_MONTH),
            run.text(TO_MONTH),
        )
        in_great_britain_only = run.crs.authid() == NATIONAL_GRID
        with street_files(run.file(SOURCE)) as source:
            if source.others:
                run.say(
                    tr("{} files that are not street-level crime were passed over.").format(
                        source.others
                    )
                )
            read = read_crimes(source.files, wanted, in_great_britain_only, run.stage(0.0, 0.45))
        if not read.rows_read:
            raise InputRefused(tr("SOURCE holds no rows."), tr("Choose another download."))

        degrees = QgsCoordinateReferenceSystem(LONGITUDE_LATITUDE)
        run.note_operation(degrees)
        xy = transform_xy(read.crimes.lonlat, degrees, run.crs, run.context.transformContext())
        if not np.isfinite(xy).all():
            raise InputRefused(
                tr("Some crimes cannot be placed in {}.").format(run.crs.authid()),
                tr("Choose the British National Grid in the StreetSafe options."),
            )
        outside = _outside(run, xy)
        missing = read.missing_months(wanted)
        if missing:
            run.warn(tr("Months without any row: {}.").format(", ".join(missing)))
        receipt = crime_receipt(read, wanted)
        for line in receipt:
            run.say(line)
            run.note(line)
        return {
            OUTPUT: run.write(
                OUTPUT,
                _crime_spec(run),
                _crime_columns(read.crimes, xy, outside),
                "crimes",
                run.stage(0.5, 0.95),
            ),
            REJECTED: write_rejected(run, REJECTED, read.rejected),
            ROWS_READ: read.rows_read,
            ACCEPTED: len(read.crimes),
            NO_LOCATION: read.no_location,
            REJECTED_ROWS: read.rejected_rows,
            FILTERED_OUT: read.filtered_out,
            OUTSIDE_AREA: int(outside.sum()),
            MISSING_MONTHS: ", ".join(missing),
        }


def _outside(run: Run, xy: np.ndarray) -> np.ndarray:
    area = area_shapes(run, AREA)
    return (
        np.zeros(len(xy), dtype=bool)
        if area is None
        else ~inside_area(xy, area, run.stage(0.45, 0.5))
    )


def _crime_spec(run: Run) -> LayerSpec:
    fields = [
        text_field("crime_id"),
        text_field("month"),
        date_field("month_start"),
        text_field("reported_by"),
        text_field("falls_within"),
        text_field("location"),
        text_field("lsoa_code"),
        text_field("lsoa_name"),
        text_field("crime_type"),
        text_field("last_outcome"),
        text_field("flags"),
        text_field("source_file"),
        integer_field("source_row"),
    ]
    return LayerSpec(tr("Recorded crime"), fields, "point", run.crs)


def _crime_columns(read: Crimes, xy: np.ndarray, outside: np.ndarray) -> LayerColumns:
    """Return crimes as the columns of their layer; every published place has been moved."""
    flags = np.where(outside, f"{_SNAPPED};{_OUTSIDE}", _SNAPPED).astype(object)
    return LayerColumns(
        xy,
        [
            none_where_empty(read.crime_id),
            read.month,
            read.month_start,
            read.reported_by,
            read.falls_within,
            read.location,
            none_where_empty(read.lsoa_code),
            none_where_empty(read.lsoa_name),
            read.crime_type,
            none_where_empty(read.last_outcome),
            flags,
            read.source_file,
            read.source_row,
        ],
    )
