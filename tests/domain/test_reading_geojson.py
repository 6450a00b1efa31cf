# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json

import numpy as np
import pytest

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.geojson import read_geojson
from streetsafe_plugin.domain.reading.table import NoRows


def collection(*features: str, extra: str = "") -> bytes:
    return f'{{"type": "FeatureCollection", {extra} "features": [{", ".join(features)}]}}'.encode()


def feature(properties: str = "{}", geometry: str = "null", extra: str = "") -> str:
    return f'{{"type": "Feature", {extra} "properties": {properties}, "geometry": {geometry}}}'


def point(x: object, y: object) -> str:
    return f'{{"type": "Point", "coordinates": [{x}, {y}]}}'


def test_numbers_keep_their_digits():
    data = collection(feature('{"ref": 12345678901234567890, "n": 1.50, "t": "007"}', point(0, 1)))
    table = read_geojson(data, "x.geojson")
    assert dict(zip(table.header, table.rows[0])) == {
        "ref": "12345678901234567890",
        "n": "1.50",
        "t": "007",
    }
    assert table.points.xy.tolist() == [[0.0, 1.0]]
    assert table.points.crs_id == "EPSG:4326"


def test_values_become_text_and_missing_ones_empty():
    data = collection(
        feature('{"a": true, "b": null, "c": ["Badly lit", "Other"], "d": {"e": "f"}}'),
        feature('{"a": false, "g": "x"}'),
    )
    table = read_geojson(data, "x.geojson")
    assert table.header == ("a", "b", "c", "d", "g")
    assert [list(row) for row in table.rows] == [
        ["true", "", "Badly lit;Other", '{"e": "f"}', ""],
        ["false", "", "", "", "x"],
    ]
    assert list(table.row_numbers) == [1, 2]


def test_geometries_that_are_no_single_point_have_no_place():
    data = collection(
        feature(),
        feature(geometry='{"type": "LineString", "coordinates": [[0, 0], [1, 1]]}'),
        feature(geometry='{"type": "MultiPoint", "coordinates": [[-1.5, 52.5]]}'),
        feature(geometry='{"type": "Point", "coordinates": ["x", 1]}'),
        feature(geometry='{"type": "Point", "coordinates": [NaN, 1]}'),
        feature(geometry='{"type": "Point", "coordinates": []}'),
        feature(geometry='{"type": "Point", "coordinates": [1]}'),
    )
    points = read_geojson(data, "x.geojson").points
    assert points.kinds == ["", "LineString", "point", "point", "point", "", "point"]
    assert points.xy[2].tolist() == [-1.5, 52.5]
    assert not np.isfinite(points.xy[[0, 1, 3, 4, 5, 6]]).all(axis=1).any()


def test_a_features_own_id_is_a_column_unless_a_property_is_called_so():
    data = collection(feature(extra='"id": 7,'), feature('{"id": "own"}', extra='"id": 8,'))
    table = read_geojson(data, "x.geojson")
    assert [row[table.header.index("id")] for row in table.rows] == ["7", "own"]


@pytest.mark.parametrize(
    ("name", "crs_id"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::27700", "EPSG:27700"),
        ("EPSG:27700", "EPSG:27700"),
    ],
)
def test_the_coordinate_system_older_files_name_is_read(name, crs_id):
    crs = json.dumps({"type": "name", "properties": {"name": name}})
    data = collection(feature(), extra=f'"crs": {crs},')
    assert read_geojson(data, "x.geojson").points.crs_id == crs_id


@pytest.mark.parametrize("crs", ['"x"', "{}", '{"properties": {"name": "local"}}', "[]"])
def test_a_coordinate_system_that_is_not_understood_is_refused(crs):
    with pytest.raises(InputRefused, match="coordinate system"):
        read_geojson(collection(feature(), extra=f'"crs": {crs},'), "x.geojson")


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b'{"type": "Topology"}',
        b'{"type": "FeatureCollection", "features": {}}',
        b'{"type": "FeatureCollection", "features": [1]}',
        b'{"features": []}',
        b'{"type": "FeatureCollection", "features": [{"properties": {"a": "\xff"}}]}',
        b'{"a":' * 100_000,
    ],
)
def test_other_json_is_refused_in_a_sentence(data):
    with pytest.raises(InputRefused, match="x.geojson"):
        read_geojson(data, "x.geojson")


def test_a_collection_without_features_has_no_rows():
    with pytest.raises(NoRows):
        read_geojson(collection(), "x.geojson")
