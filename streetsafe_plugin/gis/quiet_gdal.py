# SPDX-License-Identifier: GPL-2.0-or-later
"""GDAL's Python functions as this code expects them: None on failure, no exception.

Whether GDAL raises is a switch for the whole process, which any other plugin may turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from osgeo import gdal


@contextmanager
def no_gdal_exceptions() -> Iterator[None]:
    """Switch GDAL's exceptions off for a while; also serves as a decorator."""
    raising = gdal.GetUseExceptions()
    gdal.DontUseExceptions()
    try:
        yield
    finally:
        if raising:
            gdal.UseExceptions()


@contextmanager
def no_write_ahead_log() -> Iterator[None]:
    """Keep QGIS from switching a GeoPackage to write-ahead logging, which leaves side files."""
    gdal.SetThreadLocalConfigOption("OGR_SQLITE_JOURNAL", "DELETE")
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption("OGR_SQLITE_JOURNAL", None)


@contextmanager
def no_gdal_messages() -> Iterator[None]:
    """Keep what GDAL says to itself."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()


@contextmanager
def first_row_is_heading() -> Iterator[None]:
    """Keep GDAL from taking the heading of a sheet that holds only words for a row of it."""
    gdal.SetThreadLocalConfigOption("OGR_XLSX_HEADERS", "FORCE")
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption("OGR_XLSX_HEADERS", None)
