# SPDX-License-Identifier: GPL-2.0-or-later
"""How the algorithms on parks read their parks and ring distances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from streetsafe_plugin.domain.park_ground import ParkGround
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

_DISTRICT, _STATUS, _NOTE = "district", "boundary_status", "note"
#: What a layer of parks may tell besides who they are.
_TOLD = (_DISTRICT, _STATUS, _NOTE)

#: In the order in which the enumeration numbers them.
OVERLAPS = (Overlap.NEAREST, Overlap.SHARED)


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
    wanted = [field for field in ("park_id", "park_name", *_TOLD) if field in fields]
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
    statuses = table.columns.get(_STATUS, blank)
    indicative = sum(1 for status in statuses if status == "indicative")
    if indicative:
        sentence = tr(
            "{} of the parks are circles of a known area, not boundaries; what is counted in and"
            " around them is indicative only."
        ).format(indicative)
        run.warn(sentence)
        run.note(sentence)
    told = [dict(zip(_TOLD, row)) for row in zip(*(table.columns.get(one, blank) for one in _TOLD))]
    return _joined(run, identified, table.shapes, told)


def _joined(
    run: Run,
    identified: Sequence[tuple[str, str]],
    shapes: Sequence[BaseGeometry],
    told: Sequence[Mapping[str, Any]],
) -> list[ParkGround]:
    """Return one park for each identifier, its polygons joined.

    A park of several polygons has the first name, district and note that any of them has; it is
    indicative if one of them is.
    """
    parts: dict[str, list[int]] = {}
    for number, (park_id, _) in enumerate(identified):
        parts.setdefault(park_id, []).append(number)
    if len(parts) < len(shapes):
        run.say(
            tr("{} polygons share a park_id with another and were joined: {} parks.").format(
                len(shapes) - len(parts), len(parts)
            )
        )
    return [
        ParkGround(
            park_id,
            identified[members[0]][1],
            shapes[members[0]] if len(members) == 1 else union([shapes[one] for one in members]),
            _first_of(told[one][_DISTRICT] for one in members),
            any(told[one][_STATUS] == "indicative" for one in members),
            _first_of(told[one][_NOTE] for one in members),
        )
        for park_id, members in parts.items()
    ]


def _first_of(values: Iterable[Any]) -> str:
    return next((str(value) for value in values if value not in (None, "")), "")
