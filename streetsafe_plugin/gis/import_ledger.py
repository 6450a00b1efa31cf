# SPDX-License-Identifier: GPL-2.0-or-later
"""The table `imports` beside a layer of reports: one row for each file that went into it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from osgeo import gdal, ogr

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.i18n import tr

TABLE = "imports"

_FIELDS = {
    "import_id": ogr.OFTString,
    "imported_at": ogr.OFTDateTime,
    "source_file": ogr.OFTString,
    "source_sha256": ogr.OFTString,
    "sheet": ogr.OFTString,
    "profile": ogr.OFTString,
    "rows_read": ogr.OFTInteger64,
    "accepted": ogr.OFTInteger64,
    "merged": ogr.OFTInteger64,
    "rejected": ogr.OFTInteger64,
    "duplicates": ogr.OFTInteger64,
    "mentions": ogr.OFTInteger64,
    "outside_area": ogr.OFTInteger64,
    "first_date": ogr.OFTDate,
    "last_date": ogr.OFTDate,
    "coordinate_operation": ogr.OFTString,
    "plugin_version": ogr.OFTString,
    "receipt": ogr.OFTString,
}


def enter(dataset: gdal.Dataset, ledger: Mapping[str, Any], table: str = TABLE) -> None:
    """Add one import to the table of imports, making the table if there is none.

    Raises:
        WriteFailed: the table cannot be made or written.
    """
    layer = dataset.GetLayerByName(table)
    if layer is None:
        layer = dataset.CreateLayer(table, None, ogr.wkbNone)
        for name, kind in _FIELDS.items():
            if layer is not None:
                layer.CreateField(ogr.FieldDefn(name, kind))
    if layer is None:
        raise _failed()
    feature = ogr.Feature(layer.GetLayerDefn())
    for name, value in ledger.items():
        if value is not None and feature.GetFieldIndex(name) >= 0:
            feature.SetField(name, _as_ogr_takes_it(value))
    if layer.CreateFeature(feature) != ogr.OGRERR_NONE:
        raise _failed()


def _as_ogr_takes_it(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y/%m/%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.strftime("%Y/%m/%d")
    return value


def _failed() -> WriteFailed:
    return WriteFailed(
        tr("The table of imports could not be written."),
        tr("Check the free space and your rights in that folder."),
    )
