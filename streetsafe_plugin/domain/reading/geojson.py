# SPDX-License-Identifier: GPL-2.0-or-later
"""Read GeoJSON points with numbers kept as they are written, so that `007.10` stays itself."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import numpy as np

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.domain.reading.table import (
    NoRows,
    PointColumn,
    RawTable,
    columns_of,
    tidy_header,
)

LONGITUDE_LATITUDE = "EPSG:4326"

_FEATURES_PER_TICK = 5_000
_CRS_NAME = re.compile(r"(?:urn:(?:x-)?ogc:def:crs:)?EPSG:(?:[\d.]*:)?(\d+)", re.IGNORECASE)
_CRS84_NAME = re.compile(r"urn:ogc:def:crs:OGC:[\d.]*:CRS84|OGC:CRS84", re.IGNORECASE)


def read_geojson(data: bytes, file_name: str, tick: Tick = no_tick) -> RawTable:
    """Read a FeatureCollection, or a single Feature, of points (RFC 7946).

    Feature 1 is row 1. Lists become text parted by semicolons. A Feature's own `id` becomes the
    column `id` unless there is a property of that name.

    Raises:
        InputRefused: it is JSON of another kind, broken, or in a coordinate system not understood.
    """
    document = _parsed(data, file_name)
    features = _features(document, file_name)
    if not features:
        raise NoRows(file_name)
    table = [_properties(feature) for feature in features]
    keys = list(dict.fromkeys(key for properties in table for key in properties))
    header, notes = tidy_header(keys)
    rows: list[list[str]] = []
    kinds: list[str] = []
    xy = np.full((len(features), 2), np.nan)
    for number, (feature, properties) in enumerate(zip(features, table)):
        if number % _FEATURES_PER_TICK == 0:
            tick(number / len(features))
        rows.append([_as_text(properties.get(key)) for key in keys])
        kind, place = _point(feature.get("geometry"))
        kinds.append(kind)
        xy[number] = place
    points = PointColumn(xy, kinds, _crs_id(document, file_name))
    digest = hashlib.sha256(data).hexdigest()
    numbers = np.arange(1, len(features) + 1)
    columns = columns_of(rows, len(header))
    return RawTable(
        file_name, header, columns, numbers, (), digest, points, ("Read as GeoJSON.", *notes)
    )


def _parsed(data: bytes, file_name: str) -> dict[str, Any]:
    try:
        document = json.loads(
            data.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str
        )
    except UnicodeDecodeError as error:
        raise InputRefused(
            f"“{file_name}” is not in UTF-8, as GeoJSON must be.", "Export it again as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise InputRefused(
            f"“{file_name}” begins like GeoJSON but breaks off at line {error.lineno}.",
            "Export or copy the file again.",
        ) from error
    except RecursionError as error:
        raise InputRefused(
            f"“{file_name}” is nested too deeply to be GeoJSON.", "Export it again."
        ) from error
    return document if isinstance(document, dict) else {}


def _features(document: dict[str, Any], file_name: str) -> list[dict[str, Any]]:
    features = [document] if document.get("type") == "Feature" else document.get("features")
    right_kind = document.get("type") in ("FeatureCollection", "Feature")
    if not right_kind or not isinstance(features, list):
        raise InputRefused(
            f"“{file_name}” is JSON but not a GeoJSON FeatureCollection.",
            "Export it as GeoJSON points or as CSV.",
        )
    if not all(isinstance(feature, dict) for feature in features):
        raise InputRefused(
            f"“{file_name}” holds something that is not a Feature.", "Export it again as GeoJSON."
        )
    return features


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    given = feature.get("properties")
    properties = dict(given) if isinstance(given, dict) else {}
    if feature.get("id") is not None:
        properties.setdefault("id", feature["id"])
    return properties


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ";".join(value)
    return json.dumps(value, ensure_ascii=False)


def _point(geometry: Any) -> tuple[str, tuple[float, float]]:
    """Return a geometry's kind and its place, NaN where it is not one point."""
    nowhere = (math.nan, math.nan)
    if not isinstance(geometry, dict):
        return "", nowhere
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "MultiPoint" and isinstance(coordinates, list) and len(coordinates) == 1:
        kind, coordinates = "Point", coordinates[0]
    if kind != "Point":
        return str(kind), nowhere
    if not isinstance(coordinates, list) or not coordinates:
        return "", nowhere
    try:
        return "point", (float(coordinates[0]), float(coordinates[1]))
    except (TypeError, ValueError, IndexError):
        return "point", nowhere


def _crs_id(document: dict[str, Any], file_name: str) -> str:
    """Return the system an older GeoJSON names; degrees where it names none (RFC 7946)."""
    crs: Any | None = document.get("crs")
    if crs is None:
        return LONGITUDE_LATITUDE
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if _CRS84_NAME.fullmatch(name):
        return LONGITUDE_LATITUDE
    code = _CRS_NAME.fullmatch(name)
    if code is None:
        raise InputRefused(
            f"“{file_name}” names a coordinate system that is not understood.",
            "Export it in EPSG:4326.",
        )
    return f"EPSG:{code[1]}"
