# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs a month apart, read with all that their maps show: nothing held back is told.

Other attacks know parks, rings and months. This one also takes the squares out of the heat maps
and draws the areas and cells of the packs on the ground, to hold them against parks and rings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
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
        self.squares: dict[tuple[float, float], int] = {}
        for surface in folder.glob("*_heat.tif"):
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


class Counted(NamedTuple):
    """A square of counts that may leave."""

    shape: BaseGeometry
    reports: int


class Survey:
    """All that packs show as sums over the ground, and the numbers that none of them shows."""

    def __init__(
        self, packs: list[Pack], squares: Mapping[str, Counted] = MappingProxyType({})
    ) -> None:
        shapes = ground_of_parks() | {name: one.shape for name, one in squares.items()}
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
        self.last = MONTHS - 1
        for name, one in squares.items():
            self.take(name, self.row(self.on[name]), one.reports)

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
        listed = pack.sheets.get("Hot spots", [])
        assert len(pack.cells) == len(listed)
        for place, row in enumerate(listed):
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


@pytest.fixture
def count_out(run_algorithm, layers, register: Path):
    """Return a function that hands out counts in squares of 200 m, and returns them."""

    def run(name: str) -> dict[str, Counted]:
        given = {"REPORTS": layers["REPORTS"], "AUDIENCE": 1, "CELL_SIZE": 200.0}
        made = run_algorithm(
            "disclosurecopy", {**given, "ISSUED": str(register), "OUTPUT": "memory:"}
        )
        return {
            f"{name} {row['cell_id']}": Counted(
                wkb.loads(bytes(row.geometry().asWkb())), to_python(row["reports"])
            )
            for row in made.layer("OUTPUT").getFeatures()
        }

    return run


@pytest.mark.parametrize("counts_first", [True, False])
def test_no_held_number_follows_from_a_pack_and_counts_in_squares(
    hand_out, count_out, layers, tmp_path: Path, counts_first: bool
) -> None:
    """Squares that lie wholly on a park's ground are taken off its number."""
    squares = count_out("before") if counts_first else {}
    packs = [
        Pack(hand_out(name, audience), tmp_path / name)
        for name, audience in (("partner", PARTNER), ("public", PUBLIC))
    ]
    squares |= {} if counts_first else count_out("after")
    assert len(squares) > 5
    survey = Survey(packs, squares)
    attacker, truth = survey.attacker, survey.attacker.truth(XY, when(layers))
    assert (np.array(attacker.exact) @ truth).tolist() == attacker.values
    assert len(survey.held()) > 2
    # what is held back to protect another may follow from the squares alone: 200 m tile park a
    small = [name for name, row in survey.held() if row @ truth < THRESHOLD]
    assert small
    assert [one for one in caught(survey) if one.split(": ")[0] in small] == []
    assert rests(survey, squares) == []


def rests(survey: Survey, squares: Mapping[str, Counted]) -> list[str]:
    """Return where a park, ring or both without the squares on its ground is told and is small."""
    found = []
    grounds = {
        f"{name} {outer:g} to {inner:g}": survey.on[f"{name} {outer:g}"]
        & ~(survey.on[f"{name} {inner:g}"] if inner < outer else False)
        for name in SQUARES
        for outer in DISTANCES
        for inner in {0.0, 100.0, outer}
        if inner <= outer
    }
    for name, ground in grounds.items():
        held = [survey.on[one] for one in squares if not (survey.on[one] & ~ground).any()]
        left = ground & ~np.any(held, axis=0) if held else ground
        if held and left.any():
            rest = survey.row(left)
            low, high = survey.attacker.range_of(rest)
            if high - low < THRESHOLD - 1e-6 and high < THRESHOLD:
                found.append(f"{name} without {len(held)} squares: {low:g} to {high:g}")
    return found


@pytest.fixture
def lone_park(make_layer) -> dict[str, Any]:
    """A park with 20 reports and 16 more up to 400 m around it, 14 of these in its square of 500 m.

    Six tick poor lighting, five of these in that square, which lies wholly on the ground.
    """
    rng = np.random.default_rng(5)
    inside = rng.uniform((460_010, 305_010), (460_190, 305_190), (20, 2))
    corner = rng.uniform((460_310, 305_310), (460_390, 305_390), (8, 2))
    north = rng.uniform((460_110, 305_410), (460_190, 305_490), (6, 2))
    beyond = [(459_800.0, 305_100.0), (459_850.0, 304_900.0)]
    crowds = [rng.uniform((x, 301_010), (x + 480, 301_490), (40, 2)) for x in (465_010, 467_010)]
    lonely = [(470_100.0 + 1_000 * n, 310_100.0) for n in range(12)]
    xy = np.concatenate([corner, north, beyond, inside, *crowds, lonely])
    lit = [n < 5 or n == 14 or (n >= 36 and n % 3 == 0) for n in range(len(xy))]
    return {
        "REPORTS": make_layer(
            [f"Point({x} {y})" for x, y in xy],
            fields=[("report_id", "string(0)"), ("submitted_at", "date"), ("env_lighting", "bool")],
            rows=[[f"r{n}", "2022-03-05", bool(on)] for n, on in enumerate(lit)],
            name="reports",
        ),
        "PARKS": make_layer(
            [box(460_000, 305_000, 460_200, 305_200).wkt],
            kind="Polygon",
            fields=[("park_id", "string(0)"), ("park_name", "string(0)")],
            rows=[["lone", "Lone Park"]],
            name="parks",
        ),
        "CRIMES": None,
    }


@pytest.mark.parametrize("audience", [PARTNER, PUBLIC])
@pytest.mark.parametrize("counts_first", [True, False])
@pytest.mark.parametrize(
    ("side", "there"),
    [(500.0, {"920_610": 34}), (250.0, {"1841_1221": 8, "1840_1221": 6, "1840_1220": 20})],
)
def test_squares_are_not_shown_beside_the_park_around_them(
    run_algorithm, hand_out, register: Path, lone_park, audience, counts_first, side, there
) -> None:
    """36 in a park and its rings less 34 in squares there are two people, and 6 less 5 is one."""

    def counts() -> dict[str, dict[str, Any]]:
        given = {"REPORTS": lone_park["REPORTS"], "AUDIENCE": 0, "CELL_SIZE": side}
        more = {"ISSUED": str(register), "OUTPUT": "memory:"}
        made = run_algorithm("disclosurecopy", {**given, **more})
        return {row["cell_id"]: row for row in made.rows("OUTPUT")}

    def pack() -> Sheets:
        made = hand_out("lone", audience, **lone_park, DISTANCES="400")
        return sheets_of(made["XLSX"])

    squares, sheets = (counts(), pack()) if counts_first else (pack(), counts())[::-1]
    [park] = sheets["Parks"]
    within = park["inside and within 400 m (reports)"]
    lit = [row["mentions"] for row in sheets.get("Reasons", ()) if row["park_id"]]
    # a square that is not shown may lie beyond the rectangle of those that are
    held = {"reports": None, "env_lighting": None}
    shown = [squares.get(name, held)["reports"] for name in there]
    first = squares.get(next(iter(there)), held)
    assert within in (None, 36)
    assert all(number in (None, there[name]) for number, name in zip(shown, there))
    assert None in (within, *shown)
    assert lit in ([], [6])
    assert not lit or first["env_lighting"] is None
    # no more is held back than must be
    assert within is not None or None not in shown


def test_the_survey_breaks_a_pack_that_only_leaves_small_numbers_out(
    hand_out, heat, tmp_path: Path, monkeypatch
) -> None:
    leave_only_small_numbers_out(monkeypatch)
    assert caught(Survey([Pack(hand_out("weak", HEATMAP=heat), tmp_path / "weak")]))
