# SPDX-License-Identifier: GPL-2.0-or-later
"""What a heat map says of itself, kept in its file: how it is found again and named on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from osgeo import gdal
from qgis.core import QgsRasterLayer

from streetsafe_plugin.domain.density import M2_PER_KM2
from streetsafe_plugin.domain.surface.class_limits import limits_as_text
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions
from streetsafe_plugin.gis.text_gate import plain

_RADIUS, _REPORTS = "STREETSAFE_RADIUS_M", "STREETSAFE_REPORTS"
_LIMITS, _UNIT_M2 = "STREETSAFE_LIMITS", "STREETSAFE_UNIT_M2"
_CLUSTERING, _KERNEL = "STREETSAFE_CLUSTERING", "STREETSAFE_KERNEL"
#: Longer than any sentence of ours; what is longer is not from us.
_LONGEST_SENTENCE = 500


@dataclass(frozen=True)
class HeatFacts:
    """The radius of a heat map in metres and how many reports it holds.

    `limits` are those of its classes, per `unit_m2` square metres; `clustering` is the sentence of
    the test whether there is a pattern to map, `kernel` the name of its kernel. Heat maps of
    earlier versions have none of these.
    """

    radius_m: float
    reports: float
    limits: tuple[float, ...] = ()
    unit_m2: float = M2_PER_KM2
    clustering: str = ""
    kernel: str = ""

    def as_items(self) -> Mapping[str, str]:
        """Return the facts as the file keeps them."""
        return {
            _RADIUS: repr(self.radius_m),
            _REPORTS: repr(self.reports),
            _LIMITS: limits_as_text(self.limits),
            _UNIT_M2: repr(self.unit_m2),
            _CLUSTERING: self.clustering,
            _KERNEL: self.kernel,
        }


@no_gdal_exceptions()
def heat_facts(layer: QgsRasterLayer) -> HeatFacts | None:
    """Return what a raster says of itself as a heat map; None for any other raster."""
    dataset = gdal.OpenEx(
        layer.source(), gdal.OF_RASTER | gdal.OF_READONLY, allowed_drivers=["GTiff", "GPKG"]
    )
    if dataset is None:
        return None
    radius, reports = dataset.GetMetadataItem(_RADIUS), dataset.GetMetadataItem(_REPORTS)
    if radius is None or reports is None:
        return None
    return HeatFacts(
        float(radius),
        float(reports),
        _limits(dataset.GetMetadataItem(_LIMITS)),
        float(dataset.GetMetadataItem(_UNIT_M2) or M2_PER_KM2),
        plain(dataset.GetMetadataItem(_CLUSTERING) or "")[:_LONGEST_SENTENCE],
        plain(dataset.GetMetadataItem(_KERNEL) or "")[:_LONGEST_SENTENCE],
    )


def _limits(text: str | None) -> tuple[float, ...]:
    """Return the limits that a file states; none where they could not be class limits."""
    try:
        limits = tuple(float(part) for part in (text or "").split(",") if part.strip())
    except ValueError:
        return ()
    rising = all(0 < lower < upper < math.inf for lower, upper in zip(limits, limits[1:]))
    return limits if rising else ()
