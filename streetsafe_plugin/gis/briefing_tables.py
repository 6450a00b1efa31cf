# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables behind a briefing's maps: of each thing only what its audience may see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely.geometry
from qgis.core import QgsCoordinateReferenceSystem, QgsField
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from streetsafe_plugin.compat import boolean_field, integer_field, text_field
from streetsafe_plugin.domain.geometry import polygon_parts
from streetsafe_plugin.domain.pack import Audience, HotCell, Pack, Park
from streetsafe_plugin.gis import map_styles, styling
from streetsafe_plugin.gis.store import LayerSpec, LayerTable, Row
from streetsafe_plugin.gis.styling import Finish, Style
from streetsafe_plugin.i18n import tr

#: Smaller scraps, left where rings meet, are no ground to draw.
_LEAST_M2 = 1.0
#: Smaller or narrower holes of an area are gaps between its pieces.
_LEAST_HOLE_M2, _NARROW_M = 10_000.0, 20.0


def briefing_tables(
    pack: Pack,
    crs: QgsCoordinateReferenceSystem,
    xy: np.ndarray | None,
    concerns: Sequence[str | None] | None,
    area: BaseGeometry | None,
) -> list[LayerTable]:
    """Return the tables that have rows; `xy` are the places of reports, None to hold none."""

    def table(
        name: str,
        title: str,
        kind: str,
        fields: Sequence[QgsField],
        rows: Sequence[Row],
        style: Style,
    ) -> LayerTable:
        return LayerTable(name, LayerSpec(title, fields, kind, crs), rows, Finish(title, style))

    parks = pack.parks
    made = [
        table(
            "parks",
            tr("Parks"),
            "polygon",
            [text_field("park_name"), text_field("boundary_status"), integer_field("within")],
            [(_clean(park.zone_shapes[0]), _park_row(park)) for park in parks],
            map_styles.parks,
        ),
        table(
            "numbers",
            tr("Parks, by number"),
            "point",
            [text_field("number")],
            [(spot, [number]) for number, spot in park_spots(parks).items()],
            map_styles.park_numbers,
        ),
    ]
    if xy is not None:
        held = concerns if concerns is not None else ["unknown"] * len(xy)
        rows: list[Row] = [((float(x), float(y)), [held[row]]) for row, (x, y) in enumerate(xy)]
        # plain grey specks where nothing is known but the place
        look = styling.from_file("reports" if concerns is not None else "crimes")
        made.append(table("reports", tr("Reports"), "point", [text_field("concern")], rows, look))
    if pack.audience is Audience.INTERNAL:
        fields = [integer_field("ring"), text_field("reach")]
        rows = _outlines(parks)
        made.append(table("rings", tr("Rings"), "polygon", fields, rows, map_styles.rings))
    elif pack.audience is Audience.PARTNER:
        fields = [integer_field("ring"), integer_field("reports")]
        title = tr("Rings, with reports")
        made.append(
            table("rings", title, "polygon", fields, _counted_rings(parks), map_styles.ring_counts)
        )
    if area is not None:
        rows = [(_outline(area), [""])]
        style = styling.from_file("area")
        made.append(table("area", tr("Area"), "polygon", [text_field("name")], rows, style))
    if pack.hot_spots is not None and pack.hot_spots.cells:
        fields = [
            text_field("class"),
            integer_field("reports"),
            boolean_field("neighbours_only"),
        ]
        rows = [
            (cell.shape, [cell.level, cell.reports, hot_by_neighbours(cell)])
            for cell in pack.hot_spots.cells
        ]
        title = tr("Hot spots, cells of {:g} m").format(pack.hot_spots.cell_m)
        made.append(table("hot_cells", title, "polygon", fields, rows, map_styles.hot_cells))
    if pack.fixes:
        fields = [integer_field("rank"), text_field("owner")]
        rows = [((fix.x, fix.y), [fix.rank, fix.owner]) for fix in reversed(pack.fixes)]
        title = tr("Fix list, first ranks numbered: who can mend it")
        made.append(table("fixes", title, "point", fields, rows, map_styles.fixes))
    if pack.fear_and_crime is not None and pack.fear_and_crime.areas:
        fields = [text_field("name"), text_field("gap_class")]
        rows = [(one.shape, [one.name, one.gap_class]) for one in pack.fear_and_crime.areas]
        title = tr("Fear and recorded crime")
        made.append(table("gap_areas", title, "polygon", fields, rows, map_styles.crime_gap))
    return [one for one in made if one.rows or one.table == "parks"]


def hot_by_neighbours(cell: HotCell) -> bool:
    """Tell whether a cell is hot although it has no report of its own."""
    return cell.level.startswith("hot") and cell.reports == 0


def _park_row(park: Park) -> list[object]:
    return [park.name, "indicative" if park.indicative else "supplied", park.within]


def _outlines(parks: Sequence[Park]) -> list[Row]:
    # out to each distance, not from ring to ring: every edge is then drawn once
    return [
        (
            _clean(unary_union(park.zone_shapes[: ring + 1])),
            [ring, tr("{:g} m").format(park.zones[ring].outer_m)],
        )
        for park in parks
        for ring in range(1, len(park.zone_shapes))
    ]


def _counted_rings(parks: Sequence[Park]) -> list[Row]:
    return [
        (_clean(shape), [ring, zone.reports])
        for park in parks
        for ring, (shape, zone) in enumerate(zip(park.zone_shapes, park.zones))
    ]


def _outline(area: BaseGeometry) -> BaseGeometry:
    """Return the outline of an area that was put together of pieces, such as wards.

    Their edges seldom meet exactly, so small and narrow gaps between them are none.
    """
    parts = polygon_parts(area)
    gaps = [
        hole
        for part in parts
        for ring in part.interiors
        for hole in [shapely.geometry.Polygon(ring)]
        if hole.area < _LEAST_HOLE_M2 or hole.buffer(-_NARROW_M / 2).is_empty
    ]
    return shapely.geometry.MultiPolygon(polygon_parts(unary_union([*parts, *gaps])))


def _clean(shape: BaseGeometry) -> BaseGeometry:
    return shapely.geometry.MultiPolygon(
        [part for part in polygon_parts(shape) if part.area >= _LEAST_M2]
    )


def park_spots(parks: Sequence[Park]) -> dict[str, tuple[float, float]]:
    """Return by number where each park is marked: at an overview's scale shapes are specks."""
    # a park of which smaller ones have all has no ground of its own left to mark
    drawn = [park for park in parks if not park.zone_shapes[0].is_empty]
    spots = [park.zone_shapes[0].representative_point() for park in drawn]
    return {str(park.number): (spot.x, spot.y) for spot, park in zip(spots, drawn)}
