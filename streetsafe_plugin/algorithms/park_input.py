# SPDX-License-Identifier: GPL-2.0-or-later
"""How the algorithms on parks read their parks and ring distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterString,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Run, StreetSafeAlgorithm
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.geometry import union
from streetsafe_plugin.domain.park_matching import name_fields
from streetsafe_plugin.domain.parks import identify
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.rings import (
    GREATEST_DISTANCE_M,
    Overlap,
    area_matched_limits,
    parse_distances,
)
from streetsafe_plugin.i18n import tr

PARKS, DISTANCES, OVERLAP = "PARKS", "DISTANCES", "OVERLAP"
RINGS_BY = "RINGS_BY"

#: In the order in which the enumeration numbers them.
OVERLAPS = (Overlap.NEAREST, Overlap.SHARED)


@dataclass(frozen=True)
class ParkGround:
    """One park as it goes into an analysis."""

    park_id: str
    name: str
    shape: BaseGeometry


def ask_for_parks(algorithm: StreetSafeAlgorithm) -> None:
    """Declare the input layer of parks."""
    algorithm.ask(
        QgsProcessingParameterFeatureSource(
            PARKS, tr("Parks"), [QgsProcessing.SourceType.TypeVectorPolygon]
        ),
        tr(
            "Parks or any other polygons. Polygons with the same park_id are one park; without"
            " park_id and park_name these are made from a name field or the feature's number."
        ),
    )


def ask_for_distances(algorithm: StreetSafeAlgorithm) -> None:
    """Declare the rings' distances."""
    algorithm.ask(
        QgsProcessingParameterString(DISTANCES, tr("Ring distances (metres)"), "100,250,400"),
        tr(
            "Outer distances of the rings from the park's edge, separated by commas; multiples of"
            " the park's area where rings go by that."
        ),
    )


def ask_for_rings_by(algorithm: StreetSafeAlgorithm) -> None:
    """Declare whether rings are the same distance wide or the same share of the park large."""
    algorithm.ask_advanced(
        QgsProcessingParameterEnum(
            RINGS_BY,
            tr("Rings by"),
            [tr("Distance in metres"), tr("Multiples of the park's own area")],
            False,
            0,
        ),
        tr(
            "A ring of 250 m is many times as large as a small park and a fraction of a large one."
            " By area, 1, 2 means: as much ground around each park as the park itself has, then"
            " twice as much. Rings are matched before neighbours take their share."
        ),
    )


@dataclass(frozen=True)
class RingPlan:
    """The rings that were asked for: each park's outer distances, and what to call them.

    `limits_m` has one tuple a park; `names` one word a ring, such as 250 or 2x; `beyond` says
    where reports lie that are in none.
    """

    limits_m: list[tuple[float, ...]]
    names: tuple[str, ...]
    in_words: str
    beyond: str


def plan_rings(run: Run, parks: Sequence[ParkGround]) -> RingPlan:
    """Return the rings of each park, by distance or by the park's own area.

    Raises:
        InputRefused: a ring would reach further than any walk.
    """
    given = parse_distances(run.text(DISTANCES))
    numbers = [f"{number:.15g}" for number in given]
    if not run.integer(RINGS_BY):
        words = tr("Rings up to {} m from the parks' edges.").format(", ".join(numbers))
        beyond = tr("beyond {} m").format(numbers[-1])
        return RingPlan([given] * len(parks), tuple(numbers), words, beyond)
    limits = [area_matched_limits(park.shape, given) for park in parks]
    furthest, park = max((own[-1], park.name) for own, park in zip(limits, parks))
    if furthest > GREATEST_DISTANCE_M:
        raise InputRefused(
            tr("DISTANCES: {} times the area of {} reaches {:,.0f} m.").format(
                numbers[-1], park, furthest
            ),
            tr("Name smaller multiples."),
        )
    words = tr(
        "Rings that hold {} times each park's own area, matched before neighbours take their share."
    ).format(", ".join(numbers))
    names = tuple(f"{number}x" for number in numbers)
    return RingPlan(limits, names, words, tr("beyond the rings"))


def ask_for_overlap(algorithm: StreetSafeAlgorithm) -> None:
    """Declare what happens between neighbouring parks."""
    algorithm.ask_advanced(
        QgsProcessingParameterEnum(
            OVERLAP,
            tr("Where rings overlap"),
            [tr("Nearest park"), tr("Shared by all parks near enough")],
            False,
            0,
        ),
        tr(
            "Nearest: every place belongs to the ring of the park whose edge is nearest. Shared:"
            " every park keeps its whole ring, so a report may be counted in the rings of several"
            " parks; in the totals it is still counted once."
        ),
    )


def read_parks(run: Run, tick: Tick) -> list[ParkGround]:
    """Return the parks in layer order; says what is joined, overlaps or is only indicative.

    Raises:
        InputRefused: the layer holds no polygon.
    """
    source = run.source(PARKS)
    fields = source.fields().names()
    wanted = [field for field in ("park_id", "park_name", "boundary_status") if field in fields]
    name_field = "park_name" if "park_name" in fields else next(iter(name_fields(fields)), None)
    columns = list(dict.fromkeys([*wanted, *([name_field] if name_field else [])]))
    table = run.polygons(PARKS, columns, tick)
    if not table.shapes:
        raise InputRefused(
            tr("“{}” holds no polygon.").format(source.sourceName()),
            tr("Choose a layer with the parks' boundaries."),
        )
    blank = [None] * len(table.shapes)
    identified = identify(
        table.columns.get("park_id", blank),
        table.columns[name_field] if name_field else blank,
        table.rows,
    )
    statuses = table.columns.get("boundary_status", blank)
    indicative = sum(1 for status in statuses if status == "indicative")
    if indicative:
        sentence = tr(
            "{} of the parks are circles of a known area, not boundaries; what is counted in and"
            " around them is indicative only."
        ).format(indicative)
        run.warn(sentence)
        run.note(sentence)
    return _joined(run, identified, table.shapes)


def _joined(
    run: Run, identified: list[tuple[str, str]], shapes: list[BaseGeometry]
) -> list[ParkGround]:
    """Return one park for each identifier, its polygons joined."""
    parts: dict[str, list[BaseGeometry]] = {}
    names: dict[str, str] = {}
    for (park_id, name), shape in zip(identified, shapes):
        parts.setdefault(park_id, []).append(shape)
        names.setdefault(park_id, name)
    if len(parts) < len(shapes):
        run.say(
            tr("{} polygons share a park_id with another and were joined: {} parks.").format(
                len(shapes) - len(parts), len(parts)
            )
        )
    return [
        ParkGround(park_id, names[park_id], members[0] if len(members) == 1 else union(members))
        for park_id, members in parts.items()
    ]
