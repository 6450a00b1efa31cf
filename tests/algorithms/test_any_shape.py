# SPDX-License-Identifier: GPL-2.0-or-later
"""The same reports in differently shaped files give the same table."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import datetime, timedelta

import numpy as np
import pytest

from streetsafe_plugin.domain.taxonomy import REASONS
from tests import workbooks

COUNT = 120
#: What the shape of a file decides about a report: where it stands, and how its place is written.
OF_THE_FILE = ("fid", "source_file", "source_row", "import_id", "place_source")


@pytest.fixture(scope="module")
def reports():
    """Return invented reports with whole metres, so that every way to write a place holds them."""
    chance = random.Random(3)
    start = datetime(2024, 1, 13, 8, 5)
    invented = []
    for number in range(COUNT):
        ticked = [reason for reason in REASONS if chance.random() < 0.25]
        said = chance.choice(["Yes", "No"])
        invented.append(
            {
                "ref": f"{number:04d}",
                "at": start + timedelta(minutes=chance.randrange(200_000)),
                "e": 455_000 + chance.randrange(7_000) * 1.0,
                "n": 301_000 + chance.randrange(7_000) * 1.0,
                "reasons": ticked or [chance.choice(REASONS)],
                "crime": said,
                "why": "" if said == "Yes" else "Did not think, it would help",
            }
        )
    return invented


def to_degrees(reports):
    """Return longitude and latitude to nine decimals, a tenth of a millimetre."""
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransformContext

    from streetsafe_plugin.gis.crs import transform_xy

    grid, degrees = (QgsCoordinateReferenceSystem(f"EPSG:{code}") for code in (27700, 4326))
    xy = np.array([(one["e"], one["n"]) for one in reports])
    return np.round(transform_xy(xy, grid, degrees, QgsCoordinateTransformContext()), 9)


def lines(header, rows, delimiter=",", encoding="utf-8"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def wide_csv(reports):
    """One column a reason with 1 and 0, metres, ISO."""
    header = ["Report ID", "Submitted", "Easting", "Northing", *(r.label for r in REASONS)]
    rows = [
        [one["ref"], f"{one['at']:%Y-%m-%d %H:%M}", f"{one['e']:.0f}", f"{one['n']:.0f}"]
        + [int(reason in one["reasons"]) for reason in REASONS]
        + [one["crime"], one["why"]]
        for one in reports
    ]
    return lines([*header, "Crime reported", "Why not reported"], rows)


def list_csv(reports):
    """Semicolons, decimal commas, day first, all reasons in a cell, latitude first, UTF-16."""
    rows = []
    for one, (longitude, latitude) in zip(reports, to_degrees(reports)):
        places = [f"{value:.9f}".replace(".", ",") for value in (latitude, longitude)]
        reasons = "|".join(reason.label for reason in one["reasons"])
        rows.append(
            [reasons, one["why"], *places, f"{one['at']:%d/%m/%Y %H:%M}", one["crime"], one["ref"]]
        )
    header = ["Why did you feel unsafe?", "Why not reported", "Lat", "Long", "Date submitted"]
    return lines([*header, "Did you report it?", "Reference"], rows, ";", "utf-16")


def long_csv(reports):
    """One row a reason, tabs, grid references of ten figures, dates in words."""
    rows = [
        [
            one["ref"],
            f"{one['at']:%d %B %Y %H:%M}",
            grid_reference(one),
            reason.label,
            one["crime"],
            one["why"],
        ]
        for one in reports
        for reason in one["reasons"]
    ]
    header = ["ref", "submitted on", "Grid ref", "Reason", "Crime reported", "Why not reported"]
    return lines(header, rows, "\t")


def grid_reference(one):
    """Return ten figures; the pins are whole metres, and references mean the middle of theirs."""
    return f"SK {one['e'] - 400_000:05.0f} {one['n'] - 300_000:05.0f}"


def workbook(reports):
    """Title, header in two lines, serial dates, ticks as X."""
    reasons = [reason.label for reason in REASONS]
    top = ["Ref", "Submitted", "X", "Y", "Environment", *[None] * 7, "Behaviour", *[None] * 3]
    rows = [
        [one["ref"], one["at"], one["e"], one["n"]]
        + ["X" if reason in one["reasons"] else None for reason in REASONS]
        + [one["crime"], one["why"] or None]
        for one in reports
    ]
    below = [*[None] * 4, *reasons, None, None]
    return workbooks.xlsx(
        {
            "About": [["Invented for a test"]],
            "Extract": [
                ["Invented reports"],
                [],
                [*top, "Crime reported", "Why not reported"],
                below,
                *rows,
            ],
        }
    )


def geojson(reports):
    """Points in longitude and latitude, reasons as a JSON list in a text."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": place.tolist()},
            "properties": {
                "ref": one["ref"],
                "submitted": f"{one['at']:%Y-%m-%dT%H:%M:00}",
                "reasons": json.dumps([reason.label for reason in one["reasons"]]),
                "crime_reported": one["crime"],
                "why_not_reported": one["why"],
            },
        }
        for one, place in zip(reports, to_degrees(reports))
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def well_known_text(reports):
    """WKT in the National Grid, reasons as codes, upright bars, in a ZIP."""
    rows = [
        [
            one["ref"],
            f"{one['at']:%d-%b-%Y %I:%M %p}",
            f"POINT ({one['e']:.0f} {one['n']:.0f})",
            ";".join(reason.code.upper() for reason in one["reasons"]),
            one["crime"],
            one["why"],
        ]
        for one in reports
    ]
    header = ["Ref no", "Created", "WKT", "Reasons", "Reported?", "Why not reported?"]
    return workbooks.zipped({"out/extract.txt": lines(header, rows, "|")})


SHAPES = {
    "wide.csv": wide_csv,
    "list.csv": list_csv,
    "long.tsv": long_csv,
    "book.xlsx": workbook,
    "points.geojson": geojson,
    "packed.zip": well_known_text,
}


def canonical(run_algorithm, folder, name, data):
    path = folder / name
    path.write_bytes(data)
    outcome = run_algorithm("importreports", {"SOURCE": str(path), "OUTPUT": "TEMPORARY_OUTPUT"})
    rows = {}
    layer = outcome.layer("OUTPUT")
    for row, feature in zip(outcome.rows("OUTPUT"), layer.getFeatures()):
        point = feature.geometry().asPoint()
        held = {key: value for key, value in row.items() if key not in OF_THE_FILE}
        # how precisely a place is written is the file's doing as well
        flags = [flag for flag in held.pop("flags").split(";") if flag != "low_precision"]
        rows[row["report_id"]] = (held, flags, point.x(), point.y())
    return outcome, rows


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "wide.csv"])
def test_the_same_reports_in_another_shape_are_the_same_table(
    run_algorithm, tmp_path, reports, name
):
    _, expected = canonical(run_algorithm, tmp_path, "wide.csv", wide_csv(reports))
    outcome, found = canonical(run_algorithm, tmp_path, name, SHAPES[name](reports))
    assert outcome["ACCEPTED"] == len(found) == COUNT
    assert outcome["REJECTED_ROWS"] == outcome["DUPLICATES"] == 0
    # a reference means the middle of its square of a metre; degrees come back to a millimetre
    half = 0.5 if name == "long.tsv" else 0.0
    for report_id, (held, flags, x, y) in expected.items():
        other, other_flags, other_x, other_y = found[report_id]
        assert other == held
        assert other_flags == flags
        assert (other_x - half, other_y - half) == pytest.approx((x, y), abs=0.002)


def test_one_row_a_reason_merges_all_but_the_first(run_algorithm, tmp_path, reports):
    outcome, _ = canonical(run_algorithm, tmp_path, "long.tsv", long_csv(reports))
    mentions = sum(len(one["reasons"]) for one in reports)
    assert outcome["ROWS_READ"] == outcome["MENTIONS"] == mentions
    assert outcome["MERGED"] == mentions - COUNT
