# SPDX-License-Identifier: GPL-2.0-or-later
"""For whom a briefing is made, in which formats and on which paper."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from streetsafe_plugin.algorithms.base import StreetSafeAlgorithm
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.i18n import tr

AUDIENCE, THRESHOLD, ROUND_TO, ISSUED = "AUDIENCE", "THRESHOLD", "ROUND_TO", "ISSUED"
PAPER, TEMPLATE, FORMATS = "PAPER", "TEMPLATE", "FORMATS"

#: In the order in which the enumerations number them.
AUDIENCES = (Audience.INTERNAL, Audience.PARTNER, Audience.PUBLIC)
PAPERS = ("A4 landscape", "A4 portrait", "A3 landscape")
FORMAT_NAMES = ("pdf", "png", "svg", "slides", "xlsx", "csv")
_BY_DEFAULT = [0, 1, 4]


def ask_for_audience(algorithm: StreetSafeAlgorithm) -> None:
    """Declare who will see the briefing, and how small numbers are protected."""
    whole = QgsProcessingParameterNumber.Type.Integer
    algorithm.ask(
        QgsProcessingParameterEnum(
            AUDIENCE, tr("Audience"), [tr("Internal"), tr("Partner"), tr("Public")], False, 0
        ),
        tr(
            "Who will see it. In packs for partners and the public small numbers are held back"
            " and single reports are not drawn."
        ),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterNumber(
            THRESHOLD, tr("Smallest number shown"), whole, 5, False, 1, 1_000
        ),
        tr("For partners and the public: smaller numbers than this are held back."),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterNumber(ROUND_TO, tr("Round numbers to"), whole, 0, False, 0, 1_000),
        tr("For partners and the public: round to multiples of this, 0 for no rounding."),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterFile(
            ISSUED,
            tr("Register of issued packs"),
            QgsProcessingParameterFile.Behavior.File,
            "",
            None,
            True,
        ),
        tr(
            "For partners and the public: the file that remembers what earlier packs showed, so"
            " that a new one does not give away a number by its difference from them."
        ),
    )


def ask_for_form(algorithm: StreetSafeAlgorithm) -> None:
    """Declare in which formats and on which paper it is made."""
    algorithm.ask(
        QgsProcessingParameterEnum(
            FORMATS,
            tr("Formats"),
            ["PDF", "PNG", "SVG", tr("Slides (PNG 16:9)"), "XLSX", "CSV"],
            True,
            _BY_DEFAULT,
        ),
        tr(
            "One PDF of all pages; a PNG or SVG of each page; slides; one workbook of all"
            " tables; a CSV file for each table."
        ),
    )
    algorithm.ask(
        QgsProcessingParameterEnum(
            PAPER,
            tr("Paper"),
            [tr("A4 landscape"), tr("A4 portrait"), tr("A3 landscape")],
            False,
            0,
        ),
        tr("The size of the pages."),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterFile(
            TEMPLATE,
            tr("Template"),
            QgsProcessingParameterFile.Behavior.File,
            "qpt",
            None,
            True,
        ),
        tr("A page template of your own (.qpt), such as one with your force's crest."),
    )
