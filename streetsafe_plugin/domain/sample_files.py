# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the invented sample as the files that extracts come in.

Every function returns the file's whole content; the same rows give the same bytes. Each row
says in a column of its own that it is invented.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.samples import (
    CRIME_MONTHS,
    DECOYS,
    Account,
    SampleCrime,
    SampleReport,
)

STATUS_FIELD = "Status of data"
STATUS = "INVENTED SAMPLE, not a real report"

REASON_HEADINGS = {
    "env_no_cctv": "Absence of CCTV",
    "env_lighting": "Badly lit",
    "env_empty": "Empty buildings",
    "env_layout": "Poor layout",
    "env_visibility": "Restricted visibility",
    "env_rundown": "Rundown area",
    "env_drugs_alcohol": "Signs of drugs/alcohol",
    "env_other": "Other environmental",
    "beh_verbal_single": "Verbal harassment from an individual",
    "beh_verbal_group": "Verbal harassment from a group",
    "beh_followed": "Feeling of being followed",
    "beh_other": "Other harassment",
}
_ABOUT_HEADINGS = ("Crime reported", "Why not reported", "Age range", "Sex", STATUS_FIELD)
LAYER_FIELDS = ("reference", "submitted", "Reasons", *_ABOUT_HEADINGS)

CRIME_HEADER = (
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Longitude",
    "Latitude",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
    "Last outcome category",
    "Context",
)
FORCE = "Leicestershire Police (invented sample)"

# Seven decimals of a degree are about a centimetre.
DEGREE_DECIMALS = 7
# ZIP entries carry a time; the earliest a ZIP can hold says nothing and never changes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def reports_csv_lonlat(rows: Sequence[SampleReport], lonlat: Floats) -> bytes:
    """Write longitude and latitude, one column of 1 and 0 per reason, as Excel saves UTF-8.

    `lonlat` is (n, 2) in degrees, one line per row; lines of rows without a place are not read.
    """
    header = [
        "Reference",
        "Date submitted",
        "Longitude",
        "Latitude",
        *REASON_HEADINGS.values(),
        *_ABOUT_HEADINGS,
    ]
    table = [
        _with_csv_defect(
            row,
            [
                row.report_id,
                _moment(row, "%Y-%m-%d %H:%M"),
                *_degrees_as_text(row, lonlat[number]),
                *("1" if code in row.reasons else "0" for code in REASON_HEADINGS),
                *_about(row),
            ],
        )
        for number, row in enumerate(rows)
    ]
    return _csv([header, *table], "\r\n").encode("utf-8-sig")


def reports_csv_bng(rows: Sequence[SampleReport]) -> bytes:
    """Write easting and northing, day-first dates and all reasons joined in one column."""
    header = ["Ref", "Submitted (UK)", "Easting", "Northing", "Reasons", *_ABOUT_HEADINGS]
    table = [
        _with_csv_defect(
            row,
            [
                row.report_id,
                _moment(row, "%d/%m/%Y %H:%M"),
                *([str(value) for value in row.place] if row.place is not None else ["", ""]),
                "; ".join(REASON_HEADINGS[code] for code in row.reasons),
                *_about(row),
            ],
        )
        for row in rows
    ]
    return _csv([header, *table], "\n").encode("utf-8")


def reports_geojson(rows: Sequence[SampleReport], lonlat: Floats) -> bytes:
    """Write GeoJSON points with Yes or No per reason; a row without a place has no geometry."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "reference": row.report_id,
                "submitted": _moment(row, "%Y-%m-%dT%H:%M:%S") or None,
                **{
                    heading: "Yes" if code in row.reasons else "No"
                    for code, heading in REASON_HEADINGS.items()
                },
                **dict(zip(_ABOUT_HEADINGS, _about(row))),
            },
            "geometry": None
            if row.place is None
            else {"type": "Point", "coordinates": _degrees(row, lonlat[number])},
        }
        for number, row in enumerate(rows)
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    head = '{"type": "FeatureCollection", "name": "sample_reports_invented", "features": [\n'
    return f"{head}{lines}\n]}}\n".encode()


def layer_values(row: SampleReport) -> list[str | None]:
    """Return a row's values for the fields of a layer, in the order of `LAYER_FIELDS`."""
    return [
        row.report_id,
        _moment(row, "%Y-%m-%dT%H:%M") or None,
        "|".join(REASON_HEADINGS[code] for code in row.reasons) or None,
        *(value or None for value in _about(row)),
    ]


def crimes_zip(months: Mapping[str, Sequence[SampleCrime]], lonlat: Mapping[str, Floats]) -> bytes:
    """Write one CSV per month into month folders, as street-level crime is published.

    Lines end in LF up to the last month and in CRLF there, as the published files changed too.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for month, crimes in months.items():
            line_end = "\r\n" if month == max(months) else "\n"
            table = [
                [
                    crime.crime_id,
                    crime.month,
                    FORCE,
                    FORCE,
                    *_crime_place(crime, lonlat[month][number]),
                    crime.location,
                    crime.lsoa_code,
                    crime.lsoa_name,
                    crime.crime_type,
                    crime.outcome,
                    "",
                ]
                for number, crime in enumerate(crimes)
            ]
            entry = zipfile.ZipInfo(f"{month}/{month}-leicestershire-street.csv", _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, _csv([CRIME_HEADER, *table], line_end))
    return packed.getvalue()


def readme(
    accounts: Mapping[str, Account],
    months: Mapping[str, Sequence[SampleCrime]],
    crime_file: str,
    parks: int,
    seed: int,
) -> bytes:
    """Write what the files are and what an importer must count in each of them."""
    widest = max(len(name) for name in accounts)
    table = [
        f"  {name:<{widest}}  {one.rows_read:>9} {one.accepted:>9} {one.rejected_rows:>9}"
        f" {one.duplicates:>10} {one.mentions:>9} {one.outside_area:>13}"
        for name, one in accounts.items()
    ]
    crimes = [crime for rows in months.values() for crime in rows]
    nowhere = sum(1 for crime in crimes if crime.place is None)
    return _README.format(
        seed=seed,
        heading=f"  {'file':<{widest}}  {'rows read':>9} {'accepted':>9} {'rejected':>9}"
        f" {'duplicates':>10} {'mentions':>9} {'outside area':>13}",
        table="\n".join(table),
        crime_file=crime_file,
        crimes=len(crimes),
        accepted=len(crimes) - nowhere,
        nowhere=nowhere,
        first=min(months),
        last=max(months),
        missing=", ".join(_months_between(CRIME_MONTHS[0], CRIME_MONTHS[-1], months)),
        parks=parks,
        decoys=", ".join(name for name, *_ in DECOYS),
    ).encode()


_README = """\
STREETSAFE SAMPLE - EVERYTHING IN THIS FOLDER IS INVENTED

No row is a real report or a real offence, and no outline is a real boundary. Towns and parks
lie roughly where they are, so that the maps look familiar; nothing may be concluded from them.
Seed {seed}: the same seed and number of reports make the same sample again.

REPORTS
The files hold the same reports in the shapes in which extracts come: longitude and latitude
with a column of 1 and 0 for each reason; easting and northing, day-first dates and all reasons
in one column; GeoJSON with Yes and No; a GeoPackage layer with the reasons in one column.
Some rows are wrong on purpose. An import must find exactly this, with the sketched outline as
its area:

{heading}
{table}

Rejected in every file: 3 rows without a place, 2 at 0, 0 and 1 that gives an earlier reference
to a different report. In the CSV files also 2 with words in place of coordinates and 1 with a
cell too many. 2 rows repeat an earlier one exactly and are counted as duplicates. A few reports
have no date and a few tick no reason; they are reports all the same.

CRIMES
{crime_file}: {crimes} rows from {first} to {last},
laid out as data.police.uk does. {accepted} have a place, {nowhere} say "No Location".
{missing} is missing on purpose. Rows without a Crime ID are anti-social behaviour; those that
repeat one another are separate incidents.

PARKS
{parks} invented park outlines in the spellings that boundary files use, and decoys of the same
name elsewhere ({decoys}):
parks must be matched by name and place. The project shows the parks themselves, with invented
measures: the form of a park lists what was done there, to be edited.
"""


def _about(row: SampleReport) -> list[str]:
    return [row.crime_reported, row.why_not_reported, row.age_range, row.sex, STATUS]


def _moment(row: SampleReport, shape: str) -> str:
    return row.submitted_at.strftime(shape) if row.submitted_at else ""


def _degrees(row: SampleReport, lonlat: Floats) -> list[float]:
    """Return a row's degrees; a row at 0, 0 stays there whatever system it is written in."""
    if row.place == (0, 0):
        return [0.0, 0.0]
    return [round(float(value), DEGREE_DECIMALS) for value in lonlat]


def _degrees_as_text(row: SampleReport, lonlat: Floats) -> list[str]:
    if row.place is None:
        return ["", ""]
    if row.place == (0, 0):
        return ["0", "0"]
    return [f"{value:.{DEGREE_DECIMALS}f}" for value in _degrees(row, lonlat)]


def _with_csv_defect(row: SampleReport, cells: list[str]) -> list[str]:
    """Spoil the cells in the ways only a CSV file can be wrong."""
    if row.defect == "wrong_width":
        return [*cells, "one cell too many"]
    if row.defect == "unreadable_place":
        return [*cells[:2], "see map", "see map", *cells[4:]]
    return cells


def _crime_place(crime: SampleCrime, lonlat: Floats) -> list[str]:
    if crime.place is None:
        return ["", ""]
    return [f"{float(value):.6f}" for value in lonlat]


def _months_between(first: str, last: str, held: Iterable[str]) -> list[str]:
    """Return the months from `first` to `last` that are not held."""
    months = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    return [str(month) for month in months if str(month) not in set(held)]


def _csv(table: Sequence[Sequence[Any]], line_end: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(table)
    return text.getvalue()


def is_invented(text: str) -> bool:
    """Tell from a file's or a force's name whether it belongs to an invented sample."""
    return "invented" in text.lower()
