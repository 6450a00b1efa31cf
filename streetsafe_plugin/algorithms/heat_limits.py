# SPDX-License-Identifier: GPL-2.0-or-later
"""Class limits that are fixed, so that the heat maps of several months can be compared."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.core import QgsProcessingParameterRasterLayer, QgsProcessingParameterString

from streetsafe_plugin.algorithms.base import Answers, Run, StreetSafeAlgorithm
from streetsafe_plugin.domain.surface.class_limits import parse_limits
from streetsafe_plugin.domain.surface.kernels import Kernel
from streetsafe_plugin.gis.heat_facts import HeatFacts, heat_facts
from streetsafe_plugin.i18n import tr

LIMITS, LIKE = "LIMITS", "LIKE"


def ask_limits(algorithm: StreetSafeAlgorithm) -> None:
    """Declare the two ways of fixing the limits."""
    algorithm.ask_advanced(
        QgsProcessingParameterString(LIMITS, tr("Class limits"), None, False, True),
        tr(
            "Limits of the classes in the chosen unit, such as 5, 10, 20, 50, to compare months by."
            " What lies above the last is shown as such. Left empty, they are found for the data."
        ),
    )
    algorithm.ask_advanced(
        QgsProcessingParameterRasterLayer(LIKE, tr("Class limits of this heat map"), None, True),
        tr("A heat map made before, whose class limits are to be used again."),
    )


def limit_refusals(answers: Answers) -> Iterator[str]:
    """Refuse limits that are none, two sources of them, and a layer that holds none."""
    if answers.given(LIMITS):
        parse_limits(answers.text(LIMITS))
        if answers.given(LIKE):
            yield tr("LIMITS and LIKE are both given: leave one of them empty.")
    if answers.given(LIKE) and not _facts(answers):
        yield tr(
            "LIKE holds no class limits: choose a heat map that this version has made, or write"
            " them as LIMITS."
        )


def chosen_limits(run: Run, radius_m: float, kernel: Kernel, per_area: float) -> list[float]:
    """Return the limits that were fixed, in the unit of this run; none where none were."""
    if run.given(LIMITS):
        return parse_limits(run.text(LIMITS))
    facts = _facts(run) if run.given(LIKE) else None
    if facts is None:
        return []
    if facts.radius_m != radius_m:
        run.warn(
            tr(
                "The heat map for the class limits has a radius of {:g} m, this one {:g} m: a"
                " smaller radius makes higher peaks of the same points, so do not compare the two."
            ).format(facts.radius_m, radius_m)
        )
    if facts.kernel not in ("", kernel.name):
        run.warn(
            tr(
                "The heat map for the class limits was made with the {} kernel, this one with {}:"
                " kernels differ in how high their peaks are, so do not compare the two."
            ).format(facts.kernel, kernel.name)
        )
    return [limit * per_area / facts.unit_m2 for limit in facts.limits]


def _facts(answers: Answers) -> HeatFacts | None:
    layer = answers.raster(LIKE)
    facts = None if layer is None else heat_facts(layer)
    return facts if facts is not None and facts.limits else None
