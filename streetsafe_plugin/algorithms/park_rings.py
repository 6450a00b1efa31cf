# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings around parks as polygons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qgis.core import QgsProcessing, QgsProcessingParameterFeatureSink
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm, some_of
from streetsafe_plugin.algorithms.park_input import (
    DISTANCES,
    OVERLAP,
    OVERLAPS,
    RingPlan,
    ask_for_distances,
    ask_for_overlap,
    ask_for_parks,
    ask_for_rings_by,
    plan_rings,
    read_parks,
)
from streetsafe_plugin.compat import integer_field, real_field, text_field
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.parks import M2_PER_HA
from streetsafe_plugin.domain.ring_shapes import ring_shapes
from streetsafe_plugin.domain.rings import parse_distances, ring_limits
from streetsafe_plugin.gis.store import LayerSpec
from streetsafe_plugin.i18n import tr

OUTPUT = "OUTPUT"


class ParkRings(StreetSafeAlgorithm):
    """Draw the park and its rings for every park."""

    ID = "parkrings"
    GROUP = Group.PARKS

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Rings around parks")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Bands at given distances from each park's edge, other parks cut out")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("buffer,ring,band,multi-ring,park,distance").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return (
            ring_rule()
            + "\n\n"
            + tr(
                "Areas are true to 0.1 %. A ring of which other parks leave nothing is kept in the"
                " table without a shape."
            )
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        ask_for_parks(self)
        ask_for_distances(self)
        ask_for_rings_by(self)
        ask_for_overlap(self)
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Park rings"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
            tr("Every park as ring 0, followed by its rings."),
        )

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse distances that cannot be used."""
        parse_distances(answers.text(DISTANCES))
        yield from ()

    def execute(self, run: Run) -> dict[str, Any]:
        """Draw the rings and write them."""
        parks = read_parks(run, run.stage(0.0, 0.2))
        plan = plan_rings(run, parks)
        overlap = run.choice(OVERLAP, OVERLAPS)
        ground, ids = [park.shape for park in parks], [park.park_id for park in parks]
        shapes = ring_shapes(ground, plan.limits_m, overlap, run.stage(0.2, 0.95), ids)
        say_overlaps(run, parks, shapes)
        run.note(plan.in_words + " " + tr("Where they overlap: {}.").format(overlap.value))
        spec = LayerSpec(tr("Park rings"), ring_fields(), "polygon", run.crs)
        rows = ring_rows(parks, plan, shapes)
        return {OUTPUT: run.write(OUTPUT, spec, rows, style="rings")}


def ring_rule() -> str:
    """Return the help's paragraph on which park and ring a place belongs to."""
    return tr(
        "Distances are measured in metres from each park's edge, whatever the layer's coordinate"
        " system. Ring 0 is the park itself with its edge; ring 1 reaches from the edge to the"
        " first distance, that distance included, and so on.\n\n"
        "A place belongs to the park whose edge is nearest. Where parks overlap or are equally"
        " near, the smaller one has it, so a play area in a country park keeps its ground; of parks"
        " of the same size (to six digits), the one whose park_id comes first. The order of the"
        " layer changes nothing. All parks are cut out of all rings. With shared rings every park"
        " keeps its whole rings, so rings of neighbours overlap."
    )


def ring_fields() -> list[Any]:
    """Return the fields every ring has."""
    return [
        text_field("park_id"),
        text_field("park_name"),
        integer_field("ring"),
        real_field("inner_m"),
        real_field("outer_m"),
        real_field("area_ha"),
    ]


def ring_rows(
    parks: Sequence[ParkGround], plan: RingPlan, shapes: Sequence[Sequence[BaseGeometry]]
) -> Iterator[tuple[BaseGeometry | None, list[Any]]]:
    """Yield every ring of every park with the values of `ring_fields`."""
    for park, limits, rings in zip(parks, plan.limits_m, shapes):
        for ring, ((inner, outer), shape) in enumerate(zip(ring_limits(limits), rings)):
            values = [park.park_id, park.name, ring, inner, outer, shape.area / M2_PER_HA]
            yield (None if shape.is_empty else shape), values


def say_overlaps(
    run: Run, parks: Sequence[ParkGround], shapes: Sequence[Sequence[BaseGeometry]]
) -> None:
    """Tell which parks lost ground to a smaller one, or to one of the same size."""
    losers = [
        park.name
        for park, rings in zip(parks, shapes)
        if rings[0].area < park.shape.area * (1 - 1e-6)
    ]
    if losers:
        run.warn(
            tr(
                "Parks that overlap a smaller one, or one of the same size whose park_id comes"
                " first, which keeps the overlap: {}."
            ).format(some_of(losers))
        )
