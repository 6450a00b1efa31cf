# SPDX-License-Identifier: GPL-2.0-or-later
"""The parks of the register as polygons: matched boundaries, or circles of the known area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.park_layers import (
    intervention_rows,
    interventions_spec,
    parks_spec,
)
from streetsafe_plugin.domain.errors import DoesNotAddUp, InputRefused
from streetsafe_plugin.domain.ground import purpose_fields
from streetsafe_plugin.domain.intervention_overlaps import Overlap, overlaps
from streetsafe_plugin.domain.park_matching import (
    NEIGHBOURHOOD_M,
    Boundary,
    Match,
    Miss,
    administrative_field,
    match_parks,
    name_fields,
)
from streetsafe_plugin.domain.parks import (
    M2_PER_HA,
    Intervention,
    Park,
    circle,
    interventions_in,
    parks_in,
)
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.gis.park_forms import interventions_form, parks_form
from streetsafe_plugin.gis.source_gate import read_table
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

REGISTER, BOUNDARIES, NAME_FIELD = "REGISTER", "BOUNDARIES", "NAME_FIELD"
MAX_DISTANCE, INDICATIVE = "MAX_DISTANCE", "INDICATIVE"
OUTPUT, INTERVENTIONS = "OUTPUT", "INTERVENTIONS"
PARKS, MATCHED, INDICATIVE_COUNT, UNMATCHED = "PARKS", "MATCHED", "INDICATIVE_COUNT", "UNMATCHED"

#: Many places of the bundled register are known to about 500 m; this is twice that.
DEFAULT_MAX_DISTANCE_M = 1000.0

#: A match whose area is this many times off is taken and pointed out.
_AREA_TO_LOOK_AT = 1.5
#: Of larger layers only what lies around the known places is read.
_MOST_READ_WHOLE = 5000
_MATCHED, _INDICATIVE = "matched", "indicative"


@dataclass(frozen=True)
class _Drawn:
    """A park with the ground it gets on the map; `match` is None for an indicative circle."""

    park: Park
    shape: BaseGeometry
    match: Match | None
    note: str


class LoadParks(StreetSafeAlgorithm):
    """Draw the parks of a register, from a boundary layer where it has them."""

    ID = "loadparks"
    GROUP = Group.PARKS

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Load parks")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("The funded parks as polygons, matched to a boundary layer by name and place")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("parks,register,boundaries,greenspace,safer streets,interventions").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Loads a register of parks, the 18 funded in Leicester, Leicestershire and Rutland"
            " unless you give your own, and finds each one's boundary in a polygon layer such as"
            " OS Open Greenspace.\n\n"
            "A polygon is taken for a park only if its name agrees and the park's known place is"
            " near it. Capitals, apostrophes, “The” and “&” do not matter; “Park” or “Country"
            " Park” at the end of a name may be missing from names of two words and more. Parts up"
            " to 100 m apart are joined. A polygon more than four times larger or smaller than the"
            " park's known area is not taken, nor is what the layer itself says is none: play"
            " spaces, cemeteries and the like by the function of OS Open Greenspace, and suburbs,"
            " buildings and the like by the tags of OpenStreetMap. Where several places"
            " answer to a name none is taken: the park is not drawn, and UNMATCHED names them all."
            " Layers of wards or other administrative areas are refused, because a ward named"
            " after a park is not the park; where their columns do not give them away, polygons"
            " that lie edge to edge with named neighbours are not taken either.\n\n"
            "Of a layer of more than 5000 polygons only what lies around the known places is"
            " read.\n\n"
            "Where no boundary is found, a circle of the park's known area is drawn around its"
            " known place, marked “indicative”. Such a circle is not a boundary: reports counted in"
            " it give an idea, no more. A park without a known area is not drawn, and UNMATCHED"
            " says so, a line a park. PARKS = MATCHED + INDICATIVE_COUNT + the lines of UNMATCHED,"
            " always.\n\n"
            "area_ha is the area of the polygon that was drawn."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.ask(
            QgsProcessingParameterFile(
                REGISTER, tr("Register of parks"), extension="csv", optional=True
            ),
            tr(
                "A CSV with the columns of the bundled register. Left empty, the bundled 18 parks."
                " Interventions are read from “interventions.csv” in the same folder."
            ),
        )
        self.ask(
            QgsProcessingParameterFeatureSource(BOUNDARIES, tr("Boundaries"), polygons, None, True),
            tr("Polygons of parks and green spaces. Left empty, circles are drawn."),
        )
        self.ask(
            QgsProcessingParameterField(
                NAME_FIELD,
                tr("Field with the names"),
                None,
                BOUNDARIES,
                QgsProcessingParameterField.DataType.Any,
                False,
                True,
            ),
            tr("Left empty, the usual ones are looked for: name, park_name, distinctiveName1 …"),
        )
        self.ask(
            QgsProcessingParameterNumber(
                MAX_DISTANCE,
                tr("Greatest distance from the known place (metres)"),
                QgsProcessingParameterNumber.Type.Double,
                DEFAULT_MAX_DISTANCE_M,
                False,
                0.0,
                50_000.0,
            ),
            tr(
                "How far a park's known place may lie outside its polygon. Many places of the"
                " bundled register are right to about 500 m."
            ),
        )
        self.ask(
            QgsProcessingParameterBoolean(
                INDICATIVE, tr("Draw a circle where no boundary is found"), True
            ),
            tr("A circle of the park's known area around its known place, marked as indicative."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Parks"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
            tr("A polygon for every park that can be drawn, with how its boundary was found."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                INTERVENTIONS,
                tr("Interventions"),
                QgsProcessing.SourceType.TypeVector,
                None,
                True,
            ),
            tr("What was done in the parks of the register, from when to when."),
        )
        self.addOutput(QgsProcessingOutputNumber(PARKS, tr("Parks in the register")))
        self.addOutput(QgsProcessingOutputNumber(MATCHED, tr("Parks with a matched boundary")))
        self.addOutput(QgsProcessingOutputNumber(INDICATIVE_COUNT, tr("Indicative circles")))
        self.addOutput(QgsProcessingOutputString(UNMATCHED, tr("Parks not drawn, and why")))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a register that cannot be read, and layers that cannot hold named parks."""
        _read_parks(answers)
        source = answers.layer_source(BOUNDARIES)
        if source is None:
            return
        fields = source.fields().names()
        administrative = administrative_field(fields)
        if administrative:
            yield tr(
                "Boundaries: “{}” holds administrative areas (field {}), and a ward named after a"
                " park is not the park. Choose a layer of parks or green spaces."
            ).format(source.sourceName(), administrative)
        for field in answers.fields(NAME_FIELD):
            if field not in fields:
                yield tr(
                    "Field with the names: “{}” has no field {}. Choose one of its own."
                ).format(source.sourceName(), field)
        if not _name_fields(answers, fields):
            yield tr(
                "Field with the names: “{}” has none of the usual ones. Choose the field that"
                " holds the parks' names."
            ).format(source.sourceName())

    def execute(self, run: Run) -> dict[str, Any]:
        """Match, draw, count, write."""
        parks = _read_parks(run)
        interventions = _read_interventions(run, parks) if run.wants(INTERVENTIONS) else []
        places = _places(run, parks)
        found = _match(run, parks, places)
        drawn, unmatched = _draw(run, parks, places, found)

        matched = sum(1 for one in drawn if one.match)
        indicative = sum(1 for one in drawn if not one.match)
        if len(parks) != matched + indicative + len(unmatched):
            raise DoesNotAddUp(
                tr(
                    "{} parks in the register, but {} matched, {} indicative and {} not drawn."
                ).format(len(parks), matched, indicative, len(unmatched)),
                tr("Nothing was written; please report this."),
            )
        summary = tr(
            "{} parks: {} with a matched boundary, {} indicative circles, {} not drawn."
        ).format(len(parks), matched, indicative, len(unmatched))
        run.say(summary)
        run.note(summary)
        for line in unmatched:
            run.warn(tr("Not drawn: {}").format(line))
            run.note(tr("Not drawn: {}").format(line))
        undistinguished = _undistinguished(run, parks, interventions)
        return {
            OUTPUT: run.write(
                OUTPUT,
                parks_spec(run.crs),
                [_park_row(one) for one in drawn],
                style="parks",
                form=parks_form,
            ),
            INTERVENTIONS: run.write(
                INTERVENTIONS,
                interventions_spec(),
                intervention_rows(interventions, undistinguished),
                form=interventions_form,
            ),
            PARKS: len(parks),
            MATCHED: matched,
            INDICATIVE_COUNT: indicative,
            UNMATCHED: "\n".join(unmatched),
        }


def _read_parks(answers: Answers) -> list[Park]:
    path = _register_path(answers)
    if not path.is_file():
        raise InputRefused(
            tr("Register of parks: there is no file “{}”.").format(path.name),
            tr("Choose a CSV, or leave it empty for the bundled parks."),
        )
    return parks_in(read_table(str(path)))


def _register_path(answers: Answers) -> Path:
    if answers.given(REGISTER):
        return Path(answers.file(REGISTER))
    return resource("register", "parks.csv")


def _read_interventions(run: Run, parks: Sequence[Park]) -> list[Intervention]:
    path = _register_path(run).with_name("interventions.csv")
    if not path.exists():
        run.warn(
            tr("There is no “{}” beside the register, so Interventions is empty.").format(path.name)
        )
        return []
    return interventions_in(read_table(str(path)), [park.park_id for park in parks])


def _undistinguished(
    run: Run, parks: Sequence[Park], interventions: Sequence[Intervention]
) -> list[Overlap]:
    """Return which interventions cannot be told apart in time, and warn of each pair."""
    names = {park.park_id: park.name for park in parks}
    found = overlaps(interventions)
    for pair in found:
        one, other = interventions[pair.one], interventions[pair.other]
        sentence = tr(
            "{}: {} and {} cannot be told apart in time ({}), so a change there cannot be put"
            " down to either."
        ).format(names[one.park_id], one.measure, other.measure, pair.when)
        run.warn(sentence)
        run.note(sentence)
    return found


def _name_fields(answers: Answers, fields: Sequence[str]) -> list[str]:
    return answers.fields(NAME_FIELD) or name_fields(fields)


def _places(run: Run, parks: Sequence[Park]) -> list[tuple[float, float] | None]:
    """Return each park's known place in metres of the analysis, None where not known."""
    places: list[tuple[float, float] | None] = [None] * len(parks)
    for in_degrees, system in ((True, "EPSG:4326"), (False, "EPSG:27700")):
        known = [
            (number, park.place)
            for number, park in enumerate(parks)
            if park.place and park.place.in_degrees is in_degrees
        ]
        given = np.array([(place.x, place.y) for _, place in known], dtype=float)
        metres = transform_xy(
            given, QgsCoordinateReferenceSystem(system), run.crs, run.context.transformContext()
        )
        for (number, _), (x, y) in zip(known, metres):
            if np.isfinite([x, y]).all():
                places[number] = float(x), float(y)
    return places


def _match(
    run: Run, parks: Sequence[Park], places: Sequence[tuple[float, float] | None]
) -> list[Match | Miss]:
    source = run.layer_source(BOUNDARIES)
    if source is None:
        return [Miss("no boundary layer was given")] * len(parks)
    fields = source.fields().names()
    names = _name_fields(run, fields)
    purposes = purpose_fields(fields)
    max_distance = run.number(MAX_DISTANCE)
    reach = None
    if not 0 <= source.featureCount() <= _MOST_READ_WHOLE:
        reach = max_distance + NEIGHBOURHOOD_M
    table = run.polygons(
        BOUNDARIES,
        [*names, *purposes.values()],
        run.stage(0.0, 0.7),
        _squares(places, reach) if reach is not None else None,
    )

    def text(field: str, row: int) -> str:
        value = table.columns[field][row]
        return "" if value is None else str(value)

    boundaries = [
        Boundary(
            tuple(filter(None, (text(field, row) for field in names))),
            shape,
            {purpose: text(field, row) for purpose, field in purposes.items()},
        )
        for row, shape in enumerate(table.shapes)
    ]
    run.stop_if_cancelled()
    return match_parks(parks, places, boundaries, max_distance, reach)


def _squares(
    places: Sequence[tuple[float, float] | None], reach: float
) -> list[tuple[float, float, float, float]]:
    """Return the square around each known place, as its west, south, east and north."""
    return [
        (x - reach, y - reach, x + reach, y + reach)
        for x, y in (place for place in places if place is not None)
    ]


def _draw(
    run: Run,
    parks: Sequence[Park],
    places: Sequence[tuple[float, float] | None],
    found: Sequence[Match | Miss],
) -> tuple[list[_Drawn], list[str]]:
    """Return the parks that can be drawn, and a line for each that cannot."""
    circles_wanted = run.flag(INDICATIVE)
    drawn, unmatched = [], []
    for park, place, result in zip(parks, places, found):
        if isinstance(result, Match):
            drawn.append(_Drawn(park, result.shape, result, _note_of_match(run, park, result)))
        elif result.ambiguous:
            unmatched.append(f"{park.name}: {result.reason}")
        elif not circles_wanted:
            unmatched.append(
                tr("{}: {}; circles are switched off").format(park.name, result.reason)
            )
        elif place is None or park.area_ha is None:
            lacking = tr("place") if place is None else tr("area")
            unmatched.append(
                tr("{}: {}; its {} is not known, so there is no circle either").format(
                    park.name, result.reason, lacking
                )
            )
        else:
            note = tr(
                "Indicative circle of {:g} ha ({}) about the known place ({}), not a boundary:"
                " {}. {}"
            ).format(park.area_ha, park.area_source, park.place_source, result.reason, park.note)
            drawn.append(_Drawn(park, circle(*place, park.area_ha), None, note.strip()))
            run.say(tr("{}: indicative circle, because {}.").format(park.name, result.reason))
    return drawn, unmatched


def _note_of_match(run: Run, park: Park, match: Match) -> str:
    """Return the park's note; says so where the polygon's area is not quite the known one."""
    found, known = match.shape.area / M2_PER_HA, park.area_ha
    if known is None or max(found, known) <= _AREA_TO_LOOK_AT * min(found, known):
        return park.note
    doubt = tr(
        "The polygon “{}” has {:.1f} ha where {:g} ha are known ({}): look whether it is the park."
    ).format(match.name, found, known, park.area_source or tr("no source"))
    run.warn(f"{park.name}: {doubt}")
    return f"{doubt} {park.note}".strip()


def _park_row(one: _Drawn) -> tuple[BaseGeometry, list[Any]]:
    park, match = one.park, one.match
    return one.shape, [
        park.park_id,
        park.name,
        park.district or None,
        park.lad_code or None,
        park.scheme or None,
        one.shape.area / M2_PER_HA,
        _MATCHED if match else _INDICATIVE,
        match.method if match else "known_area",
        match.name if match else None,
        match.distance_m if match else None,
        one.note or None,
    ]
