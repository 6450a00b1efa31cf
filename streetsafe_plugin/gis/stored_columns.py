# SPDX-License-Identifier: GPL-2.0-or-later
"""Every column of a table in a GeoPackage as arrays, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from osgeo import gdal, ogr

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.gis.point_arrays import Stored
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.i18n import tr

_FEATURE_ID = "fid"
_SELECTION = "SELECT {} FROM {}"


def read_columns(place: Stored, tick: Tick) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Yield the geometries as well-known binary and the columns beside them, masked where missing.

    The column of feature ids is left out. Ticks come as 0 and 1: through GDAL 3.6's arrays most
    of the true ones would be lost, so they are asked for as numbers.

    Raises:
        InputRefused: the table cannot be opened.
    """
    with no_gdal_exceptions():
        dataset = gdal.OpenEx(place.path, gdal.OF_VECTOR | gdal.OF_READONLY)
        layer = dataset.GetLayerByName(place.table) if dataset else None
        if layer is None:
            raise InputRefused(
                tr("“{}” cannot be opened.").format(place.table),
                tr("Was it moved? Load it again."),
            )
        fields = _fields(layer)
        shape, expected, done = layer.GetGeometryColumn(), max(layer.GetFeatureCount(), 1), 0
        selected = dataset.ExecuteSQL(_query(place.table, shape, fields))
        for batch in selected.GetArrowStreamAsNumPy():
            count = len(next(iter(batch.values())))
            nothing = np.ma.masked_all(count, dtype="V21")
            columns = {name: batch[f"column{number}"] for number, name in enumerate(fields)}
            yield batch.get(shape, nothing), columns
            done += count
            tick(min(done / expected, 1.0))
        dataset.ReleaseResultSet(selected)


def _fields(layer: ogr.Layer) -> dict[str, bool]:
    """Return the names of the fields, and whether each holds ticks."""
    definition = layer.GetLayerDefn()
    fields = (definition.GetFieldDefn(number) for number in range(definition.GetFieldCount()))
    return {
        field.GetName(): field.GetSubType() == ogr.OFSTBoolean
        for field in fields
        if field.GetName().lower() != _FEATURE_ID
    }


def _query(table: str, shape: str, fields: dict[str, bool]) -> str:
    parts = [_quoted(shape)] if shape else []
    parts += [
        f"{_quoted(name)}{' + 0' if ticks else ''} AS column{number}"
        for number, (name, ticks) in enumerate(fields.items())
    ]
    return _SELECTION.format(", ".join(parts) or "1", _quoted(table))


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
