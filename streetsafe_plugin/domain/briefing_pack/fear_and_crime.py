# SPDX-License-Identifier: GPL-2.0-or-later
"""Where fear and recorded crime differ, hexagon by hexagon, with what speaks against it."""

from __future__ import annotations

import numpy as np

from streetsafe_plugin.domain import gap_words, snapping
from streetsafe_plugin.domain.arrays import Ints
from streetsafe_plugin.domain.briefing_pack.material import Asked, CrimeSet, ReportSet
from streetsafe_plugin.domain.briefing_words import counted
from streetsafe_plugin.domain.crime_gap import Gap, GapClass, compare
from streetsafe_plugin.domain.grid.cells import CellShape, Lattice, counts_of
from streetsafe_plugin.domain.grid.held_cells import held_cells
from streetsafe_plugin.domain.grid_references import grid_reference
from streetsafe_plugin.domain.pack import FearAndCrime, GapArea
from streetsafe_plugin.domain.park_counts import M2_PER_KM2
from streetsafe_plugin.domain.progress import Tick, no_tick

#: A hexagon is at least some hundred metres wide, which is what six figures name.
_FIGURES = 6
_DRAWN_AT_ONCE = 2_000


def fear_and_crime(
    reports: ReportSet, crimes: CrimeSet, asked: Asked, tick: Tick = no_tick
) -> tuple[FearAndCrime, Ints]:
    """Return the places that hold a report or crime, and in which each report (n) lies."""
    both = (("report", reports.xy), ("recorded crime", crimes.xy))
    lacking = [noun for noun, held in both if not len(held)]
    if lacking:
        why = f"There is no {' and no '.join(lacking)}, so nothing can be told of the two together."
        return FearAndCrime((), (why,), asked.cell_m), np.full(len(reports.xy), -1, dtype=np.int64)
    lattice = Lattice(CellShape.HEXAGON, asked.cell_m)
    everything = np.concatenate([reports.xy, crimes.xy])
    cells, places = held_cells(lattice, everything, np.ones(len(everything), dtype=bool))
    tick(0.2)
    of_reports, of_crimes = places[: len(reports.xy)], places[len(reports.xy) :]
    in_reports, in_crimes = (
        counts_of(some, len(cells)).astype(np.int64) for some in (of_reports, of_crimes)
    )
    gap = compare(in_reports, in_crimes)
    tick(0.5)
    names = [
        (grid_reference(x, y, _FIGURES) if asked.national_grid else None) or f"{column}:{row}"
        for (x, y), (column, row) in zip(lattice.middles(cells).tolist(), cells.tolist())
    ]
    shapes = []
    for start in range(0, len(cells), _DRAWN_AT_ONCE):
        tick(0.5 + 0.5 * start / len(cells))
        shapes += lattice.polygons(cells[start : start + _DRAWN_AT_ONCE])
    areas = tuple(
        GapArea(
            name, shape, int(some), int(other), gap_class.value, float(ratio) if other else None
        )
        for name, shape, some, other, gap_class, ratio in zip(
            names, shapes, in_reports, in_crimes, gap.classes, gap.ratio
        )
    )
    said = [*_found(gap), *_cautions(reports, crimes, asked, lattice)]
    return FearAndCrime(areas, tuple(said), asked.cell_m), of_reports


def _found(gap: Gap) -> list[str]:
    feared, ridden = gap.count(GapClass.FEARED_ONLY), gap.count(GapClass.CRIME_ONLY)
    places = counted(len(gap.classes), "place")
    if not feared and not ridden:
        return [f"In none of {places} do fear and recorded crime differ by more than chance."]
    return [
        f"Of {places} with a report or a recorded crime, {feared:,} have significantly more of the"
        f" reports than of the crime, {ridden:,} significantly more of the crime than of the"
        f" reports; {gap.count(GapClass.BOTH):,} have much of both, {gap.count(GapClass.NEITHER):,}"
        f" little of either, and of {gap.count(GapClass.NOT_ENOUGH_DATA):,} nothing can be told.",
        "Shares of all reports are held against shares of all recorded crime: a place is never"
        " called safe or unsafe.",
    ]


def _cautions(reports: ReportSet, crimes: CrimeSet, asked: Asked, lattice: Lattice) -> list[str]:
    said = gap_words.months_apart(reports.dates, crimes.dates)
    if asked.area is None:
        said += [f"{one}." for one in gap_words.lie_beyond(reports.xy, crimes.xy)]
    moved = crimes.moved or snapping.look_snapped(crimes.xy)
    if moved and gap_words.too_small([lattice.cell_area_m2 / M2_PER_KM2]):
        said.append(f"{gap_words.moved_to_map_points('these are not')}.")
    elif moved:
        said.append(
            "Published crimes are moved to shared map points, up to a few hundred metres from where"
            " they happened."
        )
    return said
