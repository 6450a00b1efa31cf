# SPDX-License-Identifier: GPL-2.0-or-later
"""What a heat map says of itself, kept in its file: how it is found again and named on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osgeo import gdal
from qgis.core import QgsRasterLayer

from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions

_RADIUS, _REPORTS = "STREETSAFE_RADIUS_M", "STREETSAFE_REPORTS"
_FIRST_LIMIT = "STREETSAFE_FIRST_LIMIT"


@dataclass(frozen=True)
class HeatFacts:
    """The radius of a heat map in metres, how many reports it holds, and where colour begins.

    `first_limit` is the density from which places are coloured; None if that is not known.
    """

    radius_m: float
    reports: float
    first_limit: float | None = None

    def as_items(self) -> Mapping[str, str]:
        """Return the facts as the file keeps them."""
        facts = {_RADIUS: repr(self.radius_m), _REPORTS: repr(self.reports)}
        if self.first_limit is not None:
            facts[_FIRST_LIMIT] = repr(self.first_limit)
        return facts


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
    first_limit = dataset.GetMetadataItem(_FIRST_LIMIT)
    return HeatFacts(
        float(radius), float(reports), None if first_limit is None else float(first_limit)
    )
