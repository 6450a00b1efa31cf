# SPDX-License-Identifier: GPL-2.0-or-later
"""What a heat map says of itself, kept in its file: how it is found again and named on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osgeo import gdal
from qgis.core import QgsRasterLayer

from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions

_RADIUS, _REPORTS = "STREETSAFE_RADIUS_M", "STREETSAFE_REPORTS"


@dataclass(frozen=True)
class HeatFacts:
    """The radius of a heat map in metres and how many reports it holds."""

    radius_m: float
    reports: float

    def as_items(self) -> Mapping[str, str]:
        """Return the facts as the file keeps them."""
        return {_RADIUS: repr(self.radius_m), _REPORTS: repr(self.reports)}


@no_gdal_exceptions()
def heat_facts(layer: QgsRasterLayer) -> HeatFacts | None:
    """Return what a raster says of itself as a heat map; None for any other raster."""
    dataset = gdal.OpenEx(
        layer.source(), gdal.OF_RASTER | gdal.OF_READONLY, allowed_drivers=["GTiff"]
    )
    if dataset is None:
        return None
    radius, reports = dataset.GetMetadataItem(_RADIUS), dataset.GetMetadataItem(_REPORTS)
    if radius is None or reports is None:
        return None
    return HeatFacts(float(radius), float(reports))
