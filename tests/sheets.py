# SPDX-License-Identifier: GPL-2.0-or-later
"""A workbook that was written, read back sheet by sheet."""

from __future__ import annotations

from typing import Any

Sheets = dict[str, list[dict[str, Any]]]


def sheets_of(path: str) -> Sheets:
    """Return each sheet's rows by their headings, as GDAL reads them."""
    from osgeo import gdal

    gdal.SetConfigOption("OGR_XLSX_HEADERS", "FORCE")
    try:
        dataset = gdal.OpenEx(path, gdal.OF_VECTOR)
        layers = [dataset.GetLayer(number) for number in range(dataset.GetLayerCount())]
        return {layer.GetName(): [feature.items() for feature in layer] for layer in layers}
    finally:
        gdal.SetConfigOption("OGR_XLSX_HEADERS", None)
