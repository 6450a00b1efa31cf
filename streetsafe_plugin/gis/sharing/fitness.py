# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers and layouts may go to whom.

Inside the force everything may go. To partners and the public goes only what is on the list here:

1. what was made for them: its metadata say so under the keyword `streetsafe:audience`, as those of
   a disclosure copy do, and as a person may write into a layer's metadata who vouches for it;
2. police.uk crimes as `importcrimes` reads them, which are published as they are;
3. parks and interventions as `loadparks` makes them, with no field more, parks without their notes;
4. boundaries: polygons and lines in a file, not made by another analysis of StreetSafe, with no
   field that StreetSafe knows from reports and none that by its name counts something.

What is made for the public is fit for partners as well. What is not on the list stays behind, and
what its metadata name for others does so whatever it looks like.
"""

from __future__ import annotations

import re

from qgis.core import QgsLayout, QgsMapLayer, QgsVectorLayer, QgsWkbTypes

from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis.park_relation import is_interventions, is_parks
from streetsafe_plugin.gis.provenance import AUDIENCE, made_by, sensitive_fields
from streetsafe_plugin.i18n import tr

#: The property of a layout that says for whom it was made.
LAYOUT_AUDIENCE = "streetsafe/audience"

_PARK_FIELDS = frozenset(
    (
        "fid", "park_id", "park_name", "district", "lad_code", "scheme", "area_ha",
        "boundary_status", "match_method", "match_name", "match_distance_m", "note",
    )
)  # fmt: skip
_INTERVENTION_FIELDS = frozenset(
    (
        "fid", "park_id", "measure", "quantity", "status", "date_from", "date_to",
        "date_confidence", "funding_gbp", "source", "overlap",
    )
)  # fmt: skip
_CRIME_FIELDS = frozenset(
    (
        "fid", "crime_id", "month", "month_start", "reported_by", "falls_within", "location",
        "lsoa_code", "lsoa_name", "crime_type", "last_outcome", "flags", "source_file",
        "source_row",
    )
)  # fmt: skip
_FROM_REPORTS = frozenset(
    (
        "report_id", "submitted_at", "submitted_precision", "concern", "reasons", "n_reasons",
        "crime_reported", "why_not_reported", "place_source", "import_id", "ring", "cell_id",
        "gi_z", "p_value", "p_adjusted", "gap_class", "verdict", "rank", "top_reason",
        "within", "neighbours_only",
    )
).union(REASON_CODES)  # fmt: skip
_COUNTING = re.compile(
    r"count|report|mention|crime|incident|offen[cs]e|victim|density|numpoints|^n_|^n$|_n$",
    re.IGNORECASE,
)
_FIT_ALGORITHMS = frozenset(("", "streetsafe:loadparks", "streetsafe:sampledata"))
_OF_FILES = frozenset(("ogr", "delimitedtext", "spatialite"))


def why_not_layer(layer: QgsMapLayer, audience: Audience) -> str:
    """Return why a layer may not go to an audience; empty where it may."""
    words = layer.metadata().keywords(AUDIENCE)
    if audience is Audience.INTERNAL or _made_for(words, audience):
        return ""
    if words:
        return tr("it was made for others")
    if sensitive_fields(layer):
        return tr("it holds fields that describe people")
    if _is_published_crime(layer) or _is_of_the_register(layer):
        return ""
    return _why_no_boundary(layer)


def fields_in_own_words(layer: QgsVectorLayer) -> list[str]:
    """Return the fields of parks in which somebody may have written whatever they knew."""
    notes = [name for name in layer.fields().names() if name.lower() == "note"]
    return notes if is_parks(layer) else []


def why_not_layout(layout: QgsLayout, audience: Audience) -> str:
    """Return why a layout may not go to an audience; empty where it may."""
    made_for = str(layout.customProperty(LAYOUT_AUDIENCE) or "")
    if audience is Audience.INTERNAL or _made_for([made_for], audience):
        return ""
    return tr("it was not made for this audience")


def _made_for(words: list[str], audience: Audience) -> bool:
    fit = {audience.value, Audience.PUBLIC.value}
    return bool(fit & {word.strip().lower() for word in words})


def _is_published_crime(layer: QgsMapLayer) -> bool:
    return (
        isinstance(layer, QgsVectorLayer)
        and made_by(layer) == "streetsafe:importcrimes"
        and _names(layer) <= _CRIME_FIELDS
    )


def _is_of_the_register(layer: QgsMapLayer) -> bool:
    return (is_parks(layer) and _names(layer) <= _PARK_FIELDS) or (
        is_interventions(layer) and _names(layer) <= _INTERVENTION_FIELDS
    )


def _why_no_boundary(layer: QgsMapLayer) -> str:
    outlines = (QgsWkbTypes.GeometryType.PolygonGeometry, QgsWkbTypes.GeometryType.LineGeometry)
    if not isinstance(layer, QgsVectorLayer) or layer.geometryType() not in outlines:
        return tr("nobody has marked it as made for this audience")
    if layer.providerType() not in _OF_FILES:
        return tr("it is not a file of boundaries")
    if made_by(layer) not in _FIT_ALGORITHMS:
        return tr("it is an analysis that was not made for this audience")
    telling = sorted(
        name for name in _names(layer) if name in _FROM_REPORTS or _COUNTING.search(name)
    )
    if telling:
        return tr("its field “{}” may count reports").format(telling[0])
    return ""


def _names(layer: QgsVectorLayer) -> frozenset[str]:
    return frozenset(name.lower() for name in layer.fields().names())
