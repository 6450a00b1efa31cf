# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs a month apart, read with all that their maps show: nothing held back is told.

Other attacks know parks, rings and months. This one also takes the squares out of the heat maps
and draws the areas and cells of the packs on the ground, to hold them against parks and rings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from osgeo import gdal, ogr
from shapely import wkb
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.compat import to_python
from tests.algorithms.test_briefing_audiences import (
    PARTNER,
    PUBLIC,
    RADIUS,
    SQUARES,
    THRESHOLD,
    XY,
    hand_out,
    heat,
    layers,
    leave_only_small_numbers_out,
    month_of,
    register,
)
from tests.front_door import Outcome
from tests.sheets import Sheets, sheets_of
from tests.surveyor import Surveyor, squares_behind

__all__ = ["hand_out", "heat", "layers", "register"]

DISTANCES = (0.0, 100.0, 400.0)
MONTHS = 6
SIDE = RADIUS / 3


class Pack:
    """What is in a pack's files, with the shapes that its maps draw; `last` is its last month."""

    def __init__(self, made: Outcome, folder: Path, last: int = MONTHS - 1) -> None:
        self.last = last
        self.sheets: Sheets = sheets_of(made["XLSX"])
        [maps] = folder.glob("*_maps.gpkg")
        self.areas = shapes_in(maps, "gap_areas")
        self.cells = shapes_in(maps, "hot_cells")
        [surface] = folder.glob("*_heat.tif")
        self.squares = squares_behind(*colours_of(surface), RADIUS, SIDE)


def shapes_in(maps: Path, table: str) -> list[BaseGeometry]:
    dataset = ogr.Open(str(maps))
    rows = dataset.GetLayerByName(table)
    return [wkb.loads(bytes(row.GetGeometryRef().ExportToWkb())) for row in rows or ()]


def colours_of(surface: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of a heat map and the middles of its cells, where it has any."""
    dataset = gdal.Open(str(surface))
    band = dataset.GetRasterBand(1)
    values = band.ReadAsArray().astype(float)
    west, size, _, north, _, _ = dataset.GetGeoTransform()
    shown = np.isfinite(values) & (values != band.GetNoDataValue())
    rows, columns = np.nonzero(shown)
    at = np.column_stack((west + (columns + 0.5) * size, north - (rows + 0.5) * size))
    return values[shown], at


def ground_of_parks() -> dict[str, BaseGeometry]:
    """Return parks with everything up to each distance: they lie too far apart to overlap."""
    parks = {name: box(x, y, x + side, y + side) for name, (x, y, side) in SQUARES.items()}
    return {
        f"{name} {reach:g}": park.buffer(reach, 256) if reach else park
        for name, park in parks.items()
        for reach in DISTANCES
    }


class Survey:
    """All that packs show as sums over the ground, and the numbers that none of them shows."""

    def __init__(self, packs: list[Pack]) -> None:
        shapes = ground_of_parks()
        for number, pack in enumerate(packs):
            for x, y in pack.squares:
                shapes[f"square {x} {y}"] = box(
                    x - SIDE / 2, y - SIDE / 2, x + SIDE / 2, y + SIDE / 2
                )
            for kind, held in (("area", pack.areas), ("cell", pack.cells)):
                shapes |= {f"{kind} {number} {place}": shape for place, shape in enumerate(held)}
        self.attacker = Surveyor(shapes, MONTHS)
        self.on = self.attacker.on
        self.near = {name: self.on[f"{name} 400"] for name in SQUARES}
        self.dark: dict[str, np.ndarray] = {}
        self.shown: set[str] = set()
        for number, pack in enumerate(packs):
            self.last = pack.last
            self.read_parks(pack.sheets)
            self.read_whole(pack.sheets)
            for (x, y), count in pack.squares.items():
                self.take(f"square {x} {y}", self.row(self.on[f"square {x} {y}"]), count)
            self.read_places(pack, number)

    def row(self, ground: np.ndarray, months: range | None = None) -> np.ndarray:
        return self.attacker.row(ground, range(self.last + 1) if months is None else months)

    def take(self, name: str, row: np.ndarray, value: object) -> None:
        name = f"{name}, up to month {self.last}"
        if value is None:
            self.dark[name] = row
        else:
            self.shown.add(name)
            self.attacker.know(row, float(str(value)))

    def held(self) -> list[tuple[str, np.ndarray]]:
        return [(name, row) for name, row in self.dark.items() if name not in self.shown]

    def read_parks(self, sheets: Sheets) -> None:
        for row in sheets["Zones"]:
            outer, name = float(row["to (m)"]), row["park_id"]
            ground = self.on[f"{name} {outer:g}"]
            if outer:
                ground = ground & ~self.on[f"{name} {float(row['from (m)']):g}"]
            self.take(f"{name} to {outer:g}", self.row(ground), row["reports"])
        for row in sheets["Parks"]:
            name = row["park_id"]
            self.take(f"{name} to 0", self.row(self.on[f"{name} 0"]), row["inside (reports)"])
            within = row["inside and within 400 m (reports)"]
            self.take(f"{name} within", self.row(self.near[name]), within)

    def read_whole(self, sheets: Sheets) -> None:
        everywhere = self.attacker.everywhere()
        beyond = everywhere & ~np.any(list(self.near.values()), axis=0)
        inside = np.any([self.on[f"{name} 0"] for name in SQUARES], axis=0)
        lines = {row["line"]: row["reports"] for row in sheets["Accounting"]}
        self.take("inside", self.row(inside), lines["inside a park"])
        self.take("rings", self.row(~inside & ~beyond), lines["in a ring around one"])
        self.take("beyond", self.row(beyond), lines["further away"])
        for row in sheets.get("Trend", ()):
            months = range(month_of(row["first"]), month_of(row["last"]) + 1)
            ground = self.near[row["park_id"]] if row["park_id"] else everywhere
            self.take(f"{row['park']} {row['step']}", self.row(ground, months), row["reports"])

    def read_places(self, pack: Pack, number: int) -> None:
        """Write down areas and hot cells; one without its number is shown for having enough."""
        for place, row in enumerate(pack.sheets["Fear and crime"]):
            ground = self.row(self.on[f"area {number} {place}"])
            if row["reports"] is None and row["class"] != "crime_only":
                self.attacker.know_at_least(ground, THRESHOLD)
            else:
                self.take(f"area {row['place']}", ground, row["reports"])
        assert len(pack.cells) == len(pack.sheets["Hot spots"])
        for place, row in enumerate(pack.sheets["Hot spots"]):
            ground = self.row(self.on[f"cell {number} {place}"])
            if row["reports"] is None:
                self.attacker.know_at_least(ground, THRESHOLD)
            else:
                self.take(f"cell {number} {place}", ground, row["reports"])


def when(layers) -> list[int]:
    return [
        to_python(row["submitted_at"]).month - 1
        for row in sorted(layers["REPORTS"].getFeatures(), key=lambda row: row.id())[: len(XY)]
    ]


def caught(survey: Survey) -> list[str]:
    """Return which numbers that no pack shows can be told to within less than the threshold."""
    found = []
    for name, row in survey.held():
        low, high = survey.attacker.range_of(row)
        if high - low < THRESHOLD - 1e-6:
            found.append(f"{name}: {low:g} to {high:g}")
    return found


def test_no_held_number_follows_from_all_that_three_packs_show(
    hand_out, layers, heat, tmp_path: Path
) -> None:
    packs = []
    # June has no last day, so reports without a date are asked for as well
    for name, audience, last, day in (
        ("may", PARTNER, 4, "2022-05-31"),
        ("may for all", PUBLIC, 4, "2022-05-31"),
        ("june", PARTNER, 5, None),
    ):
        packs.append(Pack(hand_out(name, audience, HEATMAP=heat, TO=day), tmp_path / name, last))
    assert packs[0].squares
    assert packs[0].areas
    assert packs[0].cells
    survey = Survey(packs)
    # the attack's own equations hold of the real places, so what it finds would be the truth
    attacker, truth = survey.attacker, survey.attacker.truth(XY, when(layers))
    assert (np.array(attacker.exact) @ truth).tolist() == attacker.values
    assert (np.array(attacker.at_least) @ truth >= attacker.least).all()
    assert len(survey.held()) > 4
    assert caught(survey) == []


def test_the_survey_breaks_a_pack_that_only_leaves_small_numbers_out(
    hand_out, heat, tmp_path: Path, monkeypatch
) -> None:
    leave_only_small_numbers_out(monkeypatch)
    assert caught(Survey([Pack(hand_out("weak", HEATMAP=heat), tmp_path / "weak")]))
