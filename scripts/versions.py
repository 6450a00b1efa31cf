# SPDX-License-Identifier: GPL-2.0-or-later
"""Say in one line which QGIS and which libraries this interpreter works with."""

from __future__ import annotations

import platform
from importlib.metadata import version

from osgeo import gdal
from qgis.core import Qgis

libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "scipy", "shapely"))
print(
    f"QGIS {Qgis.QGIS_VERSION.split('-')[0]} (Python {platform.python_version()}, {libraries}, "
    f"GDAL {gdal.__version__})"
)
