# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of algorithms, in the order in which an analyst meets them."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from streetsafe_plugin import about
from streetsafe_plugin.algorithms.cluster_test import ClusterTest
from streetsafe_plugin.algorithms.crime_gap import CrimeGap
from streetsafe_plugin.algorithms.disclosure_copy import DisclosureCopy
from streetsafe_plugin.algorithms.evaluate_counts import EvaluateCounts
from streetsafe_plugin.algorithms.evaluate_park import EvaluatePark
from streetsafe_plugin.algorithms.export_briefing import ExportBriefing
from streetsafe_plugin.algorithms.fix_list import FixListAlgorithm
from streetsafe_plugin.algorithms.heatmap import Heatmap
from streetsafe_plugin.algorithms.hotspot_coverage import HotspotCoverage
from streetsafe_plugin.algorithms.hotspot_grid import HotspotGrid
from streetsafe_plugin.algorithms.import_crimes import ImportCrimes
from streetsafe_plugin.algorithms.import_reports import ImportReports
from streetsafe_plugin.algorithms.load_parks import LoadParks
from streetsafe_plugin.algorithms.park_analysis import ParkAnalysis
from streetsafe_plugin.algorithms.park_rings import ParkRings
from streetsafe_plugin.algorithms.sample_data import SampleData
from streetsafe_plugin.algorithms.share_project import ShareProject
from streetsafe_plugin.algorithms.time_profile import TimeProfile
from streetsafe_plugin.algorithms.update_reports import UpdateReports
from streetsafe_plugin.algorithms.verify_result import VerifyResult
from streetsafe_plugin.gis.store import DRIVERS
from streetsafe_plugin.paths import resource

ALGORITHMS = (
    SampleData,
    ImportReports,
    UpdateReports,
    ImportCrimes,
    LoadParks,
    ParkRings,
    ClusterTest,
    Heatmap,
    HotspotGrid,
    HotspotCoverage,
    ParkAnalysis,
    CrimeGap,
    FixListAlgorithm,
    EvaluatePark,
    EvaluateCounts,
    TimeProfile,
    ExportBriefing,
    DisclosureCopy,
    ShareProject,
    VerifyResult,
)


class StreetSafeProvider(QgsProcessingProvider):
    """StreetSafe's place in the Processing toolbox."""

    def id(self) -> str:
        """Return the id that stands before each algorithm's, never to be changed."""
        return "streetsafe"

    def name(self) -> str:
        """Return the name in the toolbox."""
        return about.name()

    def longName(self) -> str:
        """Return the name with the version."""
        return f"{about.name()} {about.version()}"

    def icon(self) -> QIcon:
        """Return the plugin's icon."""
        return QIcon(str(resource("icons", "streetsafe.svg")))

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        """Return the formats that keep every field whole, the default first."""
        return [suffix.lstrip(".") for suffix in DRIVERS]

    def supportedOutputTableExtensions(self) -> list[str]:
        """Return the same formats for tables."""
        return self.supportedOutputVectorLayerExtensions()

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        """Return GeoTIFF only."""
        return ["tif"]

    def loadAlgorithms(self) -> None:
        """Register every algorithm."""
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
