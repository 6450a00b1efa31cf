# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers that a search for hot spots makes: its cells, how stable they are, and places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qgis.core import QgsCoordinateReferenceSystem

from streetsafe_plugin.compat import boolean_field, integer_field, real_field, text_field
from streetsafe_plugin.domain.arrays import Floats
from streetsafe_plugin.domain.density import M2_PER_HA
from streetsafe_plugin.domain.grid.hotspot_places import HotPlace, points_of
from streetsafe_plugin.domain.grid.hotspot_stability import Stability
from streetsafe_plugin.domain.grid_references import grid_reference
from streetsafe_plugin.domain.hotspots import HotCells
from streetsafe_plugin.domain.nearest_parks import nearest_parks
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.reading.table import texts
from streetsafe_plugin.gis.store import LayerColumns, LayerSpec, Row
from streetsafe_plugin.i18n import tr

#: The fields by which a layer is known as a grid of hot spots.
CELL_ID, CLASS = "cell_id", "class"
_BRITISH_GRID = "EPSG:27700"


def cells_layer(
    crs: QgsCoordinateReferenceSystem,
    found: HotCells,
    stability: Stability | None,
    weighted: bool,
) -> tuple[LayerSpec, LayerColumns]:
    """Return every cell with its count and what the test says of it."""
    fields = [text_field(CELL_ID), integer_field("count")]
    columns = [texts(found.grid.ids()), found.counts]
    if weighted:
        fields.append(real_field("weight"))
        columns.append(found.values)
    fields += [
        real_field("gi_z"),
        real_field("p_value"),
        real_field("p_adjusted"),
        text_field(CLASS),
        boolean_field("neighbours_only"),
    ]
    columns += [found.z, found.p, found.p_adjusted, found.classes, found.neighbours_only]
    if stability is not None:
        fields += [real_field("hot_share"), integer_field("runs")]
        columns += [stability.hot_share, stability.runs]
    corners = found.grid.lattice.corners(found.grid.cells)
    spec = LayerSpec(tr("Hot spots"), fields, "polygon", crs)
    return spec, LayerColumns(corners, columns)


def stable_layer(
    crs: QgsCoordinateReferenceSystem, found: HotCells, stability: Stability
) -> tuple[LayerSpec, LayerColumns]:
    """Return the cells that were hot in one grid at least, with the share in which they were."""
    fields = [
        text_field(CELL_ID),
        integer_field("count"),
        real_field("hot_share"),
        integer_field("runs"),
    ]
    kept = stability.hot > 0
    columns = [
        texts(found.grid.ids())[kept],
        found.counts[kept],
        stability.hot_share[kept],
        stability.runs[kept],
    ]
    corners = found.grid.lattice.corners(found.grid.cells[kept])
    spec = LayerSpec(tr("Stability of hot spots"), fields, "polygon", crs)
    return spec, LayerColumns(corners, columns)


def places_layer(
    crs: QgsCoordinateReferenceSystem, places: Sequence[HotPlace], parks: Sequence[ParkGround]
) -> tuple[LayerSpec, list[Row]]:
    """Return the places by rank, each with its nearest park and its grid reference."""
    fields = [
        integer_field("rank"),
        integer_field("reports"),
        real_field("area_ha"),
        real_field("reports_per_km2"),
        real_field("share_of_reports"),
        text_field("top_reasons"),
        text_field("nearest_park"),
        real_field("nearest_park_m"),
        text_field("grid_ref"),
    ]
    nearest, metres = nearest_parks(
        points_of(places), [park.shape for park in parks], [park.park_id for park in parks]
    )
    british = crs.authid() == _BRITISH_GRID
    rows: list[Row] = [
        (
            place.shape,
            [
                place.rank,
                place.reports,
                round(place.shape.area / M2_PER_HA, 4),
                place.reports_per_km2,
                place.share,
                place.top_reasons,
                parks[park].name if park >= 0 else None,
                _metres(distance),
                grid_reference(*place.point) if british else None,
            ],
        )
        for place, park, distance in zip(places, nearest.tolist(), metres)
    ]
    return LayerSpec(tr("Hot places"), fields, "polygon", crs), rows


def _metres(distance: Floats) -> float | None:
    return round(float(distance), 1) if np.isfinite(distance) else None
