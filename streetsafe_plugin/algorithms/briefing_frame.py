# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on every page of a briefing: marking, sources, how and when it was made."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from qgis.core import (
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from streetsafe_plugin import about
from streetsafe_plugin.algorithms.area_input import AREA
from streetsafe_plugin.algorithms.base import Answers, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.briefing_input import CRIMES, HEATMAP, REPORTS
from streetsafe_plugin.algorithms.evaluation_input import INTERVENTIONS
from streetsafe_plugin.algorithms.park_input import PARKS
from streetsafe_plugin.domain.briefing import HeatInWords
from streetsafe_plugin.domain.pack import Whole
from streetsafe_plugin.domain.sample_files import is_invented
from streetsafe_plugin.gis import provenance, text_gate
from streetsafe_plugin.gis.heat_facts import heat_facts
from streetsafe_plugin.gis.layouts import Frame
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.settings import load_settings

MARKING, HANDLING = "MARKING", "HANDLING"
TITLE, AUTHOR, ATTRIBUTION = "TITLE", "AUTHOR", "ATTRIBUTION"
#: In the order in which the enumeration numbers them; government policy, not translated.
MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")
#: How many letters a page has room for.
_ROOM = ((TITLE, 90), (HANDLING, 90), (ATTRIBUTION, 400))


def ask_for_marking(algorithm: StreetSafeAlgorithm) -> None:
    """Declare how the briefing is marked."""
    algorithm.ask(
        # optional only so that the dialog starts with nothing chosen; refusals() insists
        QgsProcessingParameterEnum(
            MARKING, tr("Marking (must be chosen)"), list(MARKINGS), False, None, True
        ),
        tr("The protective marking. There is no default: choose it for every briefing."),
    )
    algorithm.ask(
        QgsProcessingParameterString(HANDLING, tr("Handling instruction"), None, False, True),
        tr("A line for every page, such as who may see it."),
    )


def ask_for_words(algorithm: StreetSafeAlgorithm) -> None:
    """Declare title, author and sources."""
    algorithm.ask(
        QgsProcessingParameterString(TITLE, tr("Title"), tr("Feeling safe in our parks")),
        tr("The briefing's title, also part of the file names."),
    )
    algorithm.ask(
        QgsProcessingParameterString(AUTHOR, tr("Author"), None, False, True),
        tr("Who made it, for the last page. Nothing is taken from your login."),
    )
    algorithm.ask(
        QgsProcessingParameterString(ATTRIBUTION, tr("Attribution"), None, True, True),
        tr("Acknowledgements the maps need, such as Ordnance Survey's, added to the sources."),
    )


def frame_refusals(answers: Answers) -> list[str]:
    """Insist on a marking, and on texts that fit on a page."""
    refused = []
    if not answers.given(MARKING):
        refused.append(
            tr("MARKING is not chosen: choose {} before anything is exported.").format(
                tr(" or ").join(MARKINGS)
            )
        )
    for name, most in _ROOM:
        letters = len(answers.text(name))
        if letters > most:
            refused.append(
                tr("{} has {} letters, and a page has room for {}: shorten it.").format(
                    name, letters, most
                )
            )
    return refused


def frame_of(run: Run) -> Frame:
    """Return what stands on every page."""
    settings = load_settings()
    earlier = provenance.operations_of([layer for layer in [run.vector(REPORTS)] if layer])
    return Frame(
        title=run.text(TITLE),
        marking=run.choice(MARKING, MARKINGS),
        handling=run.text(HANDLING) or settings.handling,
        author=run.text(AUTHOR) or settings.author,
        attribution=_attribution(run, settings.attribution),
        made=tr("Made {} with StreetSafe for QGIS {}").format(
            datetime.date.today().strftime("%d %B %Y").lstrip("0"), about.version()
        ),
        operation=_operation_in_short([*earlier, *run.operations]),
    )


def how_made(run: Run) -> list[str]:
    """Return how the briefing and the layers it was made from came about, line by line."""
    layers = [run.vector(name) for name in (REPORTS, PARKS, CRIMES)]
    layers.append(run.raster(HEATMAP))
    earlier = provenance.history_of([layer for layer in layers if layer is not None])
    return [line for line in (*run.history(), *earlier) if line not in run.operations]


def heat_in_words(run: Run, heat: QgsRasterLayer | None, whole: Whole) -> HeatInWords | None:
    """Return what the method page says of the heat map, and warn if it holds other reports."""
    if heat is None:
        return None
    facts = heat_facts(heat)
    if facts is None:
        return HeatInWords(tr("as its own notes say"))
    if whole.used is not None and facts.reports != whole.used:
        run.warn(
            tr(
                "The heat map holds {:g} reports, these pages {}: was it made from the same"
                " layer, area and dates?"
            ).format(facts.reports, whole.used)
        )
    spread = tr("each of {:,g} reports spread over a disc of {:g} m radius").format(
        facts.reports, facts.radius_m
    )
    return HeatInWords(spread, facts.clustering)


def _attribution(run: Run, standing: str) -> str:
    """Return the sources: what the user wrote, what the layers say, what their kind demands."""
    stated = [run.text(ATTRIBUTION) or standing]
    for name in (PARKS, AREA, CRIMES, REPORTS, INTERVENTIONS):
        layer = run.vector(name)
        if layer is not None:
            stated += [text_gate.plain(right) for right in layer.metadata().rights()]
    counted_crimes = run.source(REPORTS).fields().lookupField("crime_type") >= 0
    if not counted_crimes:
        stated += [_reports_source(_values(run, REPORTS, "source_file"))]
    for name in [*([REPORTS] if counted_crimes else []), *([CRIMES] if run.given(CRIMES) else [])]:
        stated += [_crimes_source(_values(run, name, "reported_by"))]
    lines = dict.fromkeys(line for line in stated if line)
    return " ".join(lines) or tr("No source was stated for these data.")


def _values(run: Run, name: str, field: str) -> set[str]:
    """Return the different texts of a field; empty where the layer has no such field."""
    source = run.source(name)
    index = source.fields().lookupField(field)
    if index < 0:
        return set()
    return {str(value) for value in source.uniqueValues(index)}


def _reports_source(files: set[str]) -> str:
    """Return where reports come from; samples must not pass for the real thing."""
    if not files:
        return ""
    if all(is_invented(name) for name in files):
        return tr("Reports: invented sample, nothing in them is real.")
    return tr("Reports: StreetSafe (police.uk), as supplied to the author.")


def _crimes_source(forces: set[str]) -> str:
    """Return where recorded crimes come from, with the licence that data.police.uk asks to name."""
    if not forces:
        return ""
    if all(is_invented(force) for force in forces):
        return tr("Recorded crime: invented sample.")
    return tr("Recorded crime: data.police.uk, Open Government Licence v3.0.")


def _operation_in_short(operations: Sequence[str]) -> str:
    """Return how coordinates were changed; the names of the steps stay with the layers."""
    changed = [text for text in operations if "“" in text] or list(operations)
    return " ".join(dict.fromkeys(re.sub(r" by “[^”]*”", "", text) for text in changed))
