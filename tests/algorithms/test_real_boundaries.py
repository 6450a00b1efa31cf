# SPDX-License-Identifier: GPL-2.0-or-later
"""Real crimes joined to real census areas, four of which are invalid: nothing is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from qgis.core import QgsFeature, QgsFeatureRequest, QgsProcessing, QgsVectorLayer

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
INTO_MEMORY = {"OUTPUT": MEMORY}
MONTH = Path("police_uk") / "2021-11-leicestershire-street.csv"
#: Of the month's crimes with a place, those whose own code is of no area here, see below.
BEYOND = 19


@pytest.fixture
def census_areas(qgis_app, real_data):
    """Return the 2011 LSOAs of the nine districts as one layer."""
    merged = QgsVectorLayer(
        "MultiPolygon?crs=EPSG:4326&field=park_id:string&field=park_name:string", "LSOAs", "memory"
    )
    features = []
    for path in sorted((real_data / "boundaries" / "lsoa").glob("*.json")):
        for area in QgsVectorLayer(str(path), path.stem, "ogr").getFeatures():
            feature = QgsFeature(merged.fields())
            feature.setGeometry(area.geometry())
            feature.setAttributes([area["LSOA11CD"], area["LSOA11NM"]])
            features.append(feature)
    merged.dataProvider().addFeatures(features)
    merged.updateExtents()
    return merged


@pytest.fixture
def crimes(run_algorithm, real_data, tmp_path):
    target = str(tmp_path / "crimes.gpkg")
    run_algorithm("importcrimes", {"SOURCE": str(real_data / MONTH), "OUTPUT": target})
    return target


def test_the_crimes_say_themselves_how_many_lie_beyond(census_areas, real_data):
    codes = {area["park_id"] for area in census_areas.getFeatures()}
    assert len(codes) == 611
    assert sum(not area.geometry().isGeosValid() for area in census_areas.getFeatures()) == 4
    with (real_data / MONTH).open(encoding="utf-8", newline="") as file:
        placed = [row["LSOA code"] for row in csv.DictReader(file) if row["Longitude"]]
    assert len(placed) == 8_654
    assert sum(code not in codes for code in placed) == BEYOND


def test_invalid_areas_lose_no_crime(run_algorithm, census_areas, crimes, make_layer):
    park = make_layer(["POLYGON((0 0, 100 0, 100 100, 0 100, 0 0))"], "Polygon")
    found = run_algorithm(
        "parkanalysis",
        {
            "PARKS": park,
            "REPORTS": crimes,
            "AREA": census_areas,
            "DISTANCES": "9",
            "OUTPUT": MEMORY,
        },
    )
    assert (found["TOTAL"], found["EXCLUDED"]) == (8_654, BEYOND)
    assert any("4 polygons" in warning and "repaired" in warning for warning in found.warnings)


def test_invalid_areas_as_places_lose_no_crime_either(run_algorithm, census_areas, crimes):
    found = run_algorithm(
        "parkanalysis",
        {
            "PARKS": census_areas,
            "REPORTS": crimes,
            "DISTANCES": "9",
            "OVERLAP": 1,
            "OUTPUT": MEMORY,
        },
    )
    assert found["INSIDE"] == 8_654 - BEYOND
    assert found["IN_RINGS"] + found["OUTSIDE"] == BEYOND


def test_areas_that_lie_edge_to_edge_share_out_the_ground_around_them(
    run_algorithm, census_areas, crimes
):
    """Sixty of them: their own ground and the rings add up, or the run would fail."""
    first = sorted(census_areas.allFeatureIds())[:60]
    some = census_areas.materialize(QgsFeatureRequest().setFilterFids(first))
    found = run_algorithm(
        "parkanalysis",
        {"PARKS": some, "REPORTS": crimes, "DISTANCES": "100", **INTO_MEMORY},
    )
    assert found["TOTAL"] == found["INSIDE"] + found["IN_RINGS"] + found["OUTSIDE"] == 8_654
    rings = found.rows("OUTPUT")
    assert sum(row["reports"] for row in rings) == found["INSIDE"] + found["IN_RINGS"]
