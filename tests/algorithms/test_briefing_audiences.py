# SPDX-License-Identifier: GPL-2.0-or-later
"""What partners and the public are handed, opened and attacked: nobody is found in it.

Whoever attacks has the delivered files and nothing else, and knows the parks, the kernel of a heat
map and how a solver is used.
"""

from __future__ import annotations

import csv
import datetime
import json
import math
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsExpression,
    QgsFeatureRequest,
    QgsProcessingException,
    QgsProject,
    QgsVectorLayer,
    QgsWkbTypes,
)
from scipy.optimize import lsq_linear
from shapely.geometry import Point, box

from streetsafe_plugin.domain import disclosure
from tests.algorithms.test_export_briefing import pages_of
from tests.canaries import leaks
from tests.domain.test_disclosure_attack import CODES, JANUARY, Attacker
from tests.front_door import Outcome, Refused
from tests.sheets import Sheets, sheets_of

PARTNER, PUBLIC, THRESHOLD, RADIUS = 1, 2, 5, 300.0
TICKED = ("env_lighting", "beh_followed")
SQUARES = {
    "a": (457_000, 301_000, 400),
    "b": (459_200, 301_000, 300),
    "c": (457_000, 303_400, 200),
}
#: Fields with nothing else within a kilometre: fourteen people at one spot, four at another, three
#: apart, and one.
YARD, FOUR, THREE, ONE = (
    (463_081, 301_017),
    (465_020, 303_033),
    (467_000, 301_000),
    (469_000, 305_000),
)
PLANTED = {
    "report_id": "Canary-id-61",
    "comment": "Canary-words-62",
    "age": "Canary-age-63",
    "source_file": "Canary-file-64",
    "note": "Canary-note-65",
}
COUNTS = re.compile(r"reports|mentions|within|inside|density|change against|interval|control")


def places() -> np.ndarray:
    """Return where 237 people report: many in and around two parks, few around the third."""
    rng = np.random.default_rng(11)
    spread = [
        rng.uniform((457_000, 301_000), (457_400, 301_400), (60, 2)),
        rng.uniform((456_700, 300_700), (457_700, 301_700), (45, 2)),
        rng.uniform((459_200, 301_000), (459_500, 301_300), (30, 2)),
        rng.uniform((459_505, 301_000), (459_590, 301_300), (3, 2)),
        rng.uniform((459_650, 301_000), (459_880, 301_300), (12, 2)),
        rng.uniform((457_010, 303_410), (457_190, 303_590), (3, 2)),
        rng.uniform((457_205, 303_410), (457_290, 303_590), (2, 2)),
        rng.uniform((457_420, 303_400), (457_590, 303_590), (6, 2)),
        rng.uniform((458_000, 299_000), (460_000, 300_400), (54, 2)),
        np.array([YARD] * 14 + [FOUR] * 4),
        np.add(THREE, [(0, 0), (60, 30), (-40, 50)]),
        np.array([ONE]),
    ]
    return np.concatenate(spread).round(1)


XY = places()
#: Reports without a date: two in park a, two near it, one in park b, one far away.
UNDATED = [(457_100, 301_100), (457_150, 301_200), (456_950, 301_000), (457_500, 301_200)]
UNDATED += [(459_300, 301_100), (461_000, 300_000)]


@pytest.fixture
def layers(make_layer) -> dict[str, Any]:
    rng = np.random.default_rng(12)
    days = [
        f"2022-0{1 + month}-1{number % 9}T03:47:51"
        for number, month in enumerate(rng.integers(0, 6, len(XY)))
    ]
    rows = [
        [
            f"{PLANTED['report_id']}-{number}",
            day,
            *(PLANTED[name] for name in ("comment", "age", "source_file")),
            "environment",
            *(bool(one) for one in rng.random(2) < (0.5, 0.2)),
        ]
        for number, day in enumerate([*days, *[None] * len(UNDATED)])
    ]
    texts = [(name, "string(0)") for name in ("comment", "age", "source_file", "concern")]
    reports = make_layer(
        [f"Point({x} {y})" for x, y in [*XY, *UNDATED]],
        fields=[
            ("report_id", "string(0)"),
            ("submitted_at", "datetime"),
            *texts,
            *((code, "bool") for code in TICKED),
        ],
        rows=rows,
        name="reports",
    )
    parks = make_layer(
        [box(x, y, x + s, y + s).wkt for x, y, s in SQUARES.values()],
        kind="Polygon",
        fields=[(name, "string(0)") for name in ("park_id", "park_name", "note")],
        rows=[[name, f"Park {name}", PLANTED["note"]] for name in SQUARES],
        name="parks",
    )
    crimes = make_layer(
        [
            f"Point({x} {y})"
            for x, y in rng.uniform((457_000, 300_000), (460_000, 303_000), (80, 2))
        ],
        fields=[("reported_by", "string(0)"), ("month_start", "date")],
        rows=[["Leicestershire Police", "2022-03-01"]] * 80,
        name="crimes",
    )
    return {"REPORTS": reports, "PARKS": parks, "CRIMES": crimes}


@pytest.fixture
def register(tmp_path: Path) -> Path:
    return tmp_path / "at home" / "issued.json"


@pytest.fixture
def hand_out(run_algorithm, layers, register: Path, tmp_path: Path) -> Callable[..., Outcome]:
    register.parent.mkdir()

    def run(name: str, audience: int = PARTNER, cancel_at: float | None = None, **more) -> Outcome:
        given = {
            **layers,
            "MARKING": 0,
            "FOLDER": str(tmp_path / name),
            "FORMATS": [4],
            "AUDIENCE": audience,
            "DISTANCES": "100,400",
            "ISSUED": str(register),
            **more,
        }
        return run_algorithm("exportbriefing", given, cancel_at=cancel_at)

    return run


@pytest.fixture
def heat(run_algorithm, layers, tmp_path: Path) -> str:
    given = {"INPUT": layers["REPORTS"], "RADIUS": RADIUS, "OUTPUT": str(tmp_path / "true.tif")}
    return run_algorithm("heatmap", given)["OUTPUT"]


# What packs tell together


class Reader(Attacker):
    """An attacker who reads workbooks."""

    def __init__(self) -> None:
        super().__init__(len(SQUARES), [0.0, 100.0, 150.0, 400.0], 6, TICKED)
        self.held: list[tuple[str, np.ndarray]] = []
        self.number = {name: place for place, name in enumerate(SQUARES)}

    def take(self, name: str, row: np.ndarray, value: int | None) -> None:
        self.know(row, value)
        if value is None:
            self.held.append((name, row))

    def held_by_all(self) -> list[tuple[str, np.ndarray]]:
        """Return what no pack shows: partners are shown the zones that the public is not."""
        told = {row.tobytes() for row in self.rows}
        return [(name, row) for name, row in self.held if row.tobytes() not in told]

    def read_workbook(self, sheets: Sheets, last: int) -> None:
        """Write down every figure of reports and mentions of the months up to `last`."""
        for row in sheets["Zones"]:
            inner = row["from (m)"] if row["to (m)"] else -1.0
            cells = self.where(self.number[row["park_id"]], inner, row["to (m)"], last)
            self.take(f"{row['park_id']} {row['zone']}", self.row(cells), row["reports"])
        for row in sheets["Parks"]:
            park = self.number[row["park_id"]]
            inside = self.row(self.where(park, -1.0, 0.0, last))
            self.take(f"{row['park']} inside", inside, row["inside (reports)"])
            within = self.row(self.where(park, -1.0, 400.0, last))
            self.take(row["park"], within, row["inside and within 400 m (reports)"])
        told = {
            (row["park_id"], CODES[row["reason"]]): row["mentions"] for row in sheets["Reasons"]
        }
        for code in TICKED:
            for park in [None, *SQUARES]:
                cells = self.where(None if park is None else self.number[park], last=last)
                self.take(f"{park} {code}", self.row(cells, code), told.get((park, code)))
        for row in sheets.get("Trend", ()):
            first, end = (month_of(row[name]) for name in ("first", "last"))
            park = None if row["park_id"] is None else self.number[row["park_id"]]
            cells = self.where(park, last=last, month=range(first, end + 1))
            self.take(f"{row['park']} {row['step']}", self.row(cells), row["reports"])
        inside = [cell for cell in self.where(last=last) if cell[0] >= 0 and cell[1] == 0]
        near = [cell for cell in self.where(last=last) if cell[0] >= 0]
        far = [cell for cell in self.where(last=last) if cell[0] < 0]
        lines = {row["line"]: row["reports"] for row in sheets["Accounting"]}
        self.take("inside", self.row(inside), lines["inside a park"])
        self.take("rings", self.row(set(near) - set(inside)), lines["in a ring around one"])
        self.take("far", self.row(far), lines["further away"])
        [used] = [row["text"] for row in sheets["About"] if row["item"] == "Reports counted (n)"]
        self.take("used", self.row(self.where(last=last)), int(used) if used.isdigit() else None)


def month_of(day: str) -> int:
    date = datetime.date.fromisoformat(str(day).replace("/", "-"))
    return (date.year - 1970) * 12 + date.month - 1 - JANUARY


def test_no_held_number_follows_from_three_packs(hand_out) -> None:
    reader = Reader()
    # reports without a date are left out by the dates asked for, and must be without such dates
    for name, audience, last, distances, to in (
        ("may", PARTNER, 4, "100,400", "2022-05-31"),
        ("may for all", PUBLIC, 4, "100,400", "2022-05-31"),
        ("june", PARTNER, 5, "150,400", None),
    ):
        made = hand_out(name, audience, TO=to, DISTANCES=distances)
        before = len(reader.values)
        reader.read_workbook(sheets_of(made["XLSX"]), last)
        assert len(reader.values) > before + 3, "a pack that tells nothing is no test"
    held = reader.held_by_all()
    assert len(held) > 6
    assert not [name for name, row in held if reader.determined(row)]
    assert not reader.found(held)


def leave_only_small_numbers_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have packs hold back what is small and nothing to protect it: attacks must notice."""
    real = disclosure.audited

    def small_ones_only(statistics, reports, rule, earlier=(), tick=None):
        counts = {one.name: reports.count(one) for one in statistics}
        shown = {name: count for name, count in counts.items() if count >= rule.threshold}
        return replace(real(statistics, reports, rule), values=shown)

    monkeypatch.setattr(disclosure, "audited", small_ones_only)


def test_the_attack_breaks_a_pack_that_only_leaves_small_numbers_out(hand_out, monkeypatch) -> None:
    leave_only_small_numbers_out(monkeypatch)
    reader = Reader()
    reader.read_workbook(sheets_of(hand_out("weak")["XLSX"]), 5)
    assert any(reader.determined(row) for _, row in reader.held)
    assert reader.found(reader.held)


@pytest.mark.parametrize("audience", [PARTNER, PUBLIC])
def test_reports_without_a_date_leave_no_trace(hand_out, layers, heat, audience: int) -> None:
    """A park's number less those of its months would tell that two of its reports have none."""
    reports = layers["REPORTS"]
    dated = reports.materialize(QgsFeatureRequest(QgsExpression("submitted_at is not null")))
    assert reports.featureCount() - dated.featureCount() == len(UNDATED)
    with_them = hand_out("all", audience, HEATMAP=heat, ISSUED=None)
    without = hand_out("dated", audience, HEATMAP=heat, ISSUED=None, REPORTS=dated)
    told, expected = sheets_of(with_them["XLSX"]), sheets_of(without["XLSX"])
    for sheets in (told, expected):
        assert sheets.pop("About")  # says when it was made
    assert told["Trend"]
    assert told == expected
    assert any("6 without a date" in sentence for sentence in with_them.messages)


# What lies in the files


@pytest.mark.parametrize("audience", [PARTNER, PUBLIC])
def test_no_file_holds_a_person_or_a_small_number(
    hand_out, heat, tmp_path: Path, audience: int
) -> None:
    formats = [0, 4, 5] if audience == PUBLIC else [4, 5]
    made = hand_out("pack", audience, HEATMAP=heat, FORMATS=formats)
    folder = tmp_path / "pack"
    # the reports' time of day; a GeoPackage's own dates are of today
    assert leaks([folder], [*PLANTED.values(), "03:47:51", "submitted_at", "report_id"]) == []
    sheets = sheets_of(made["XLSX"])
    assert {"Parks", "Zones", "Reasons", "Trend", "Change", "Accounting"} <= set(sheets)
    assert small_counts(sheets) == []
    in_csv = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as opened:
            in_csv[path.name] = list(csv.DictReader(opened))
    assert small_counts(in_csv) == []
    assert sorted(map(len, in_csv.values())) == sorted(map(len, sheets.values()))
    for row in sheets["Change"]:
        figures = [
            value for name, value in row.items() if COUNTS.search(name) and "in words" not in name
        ]
        assert [value for value in figures if isinstance(value, (int, float))] == []
        # the periods are named by their months; nothing else is a number
        without_months = re.sub(r"\b[A-Z][a-z]+ 20\d\d\b", "", row["in words"])
        assert not re.search(r"\d", without_months.replace("95 %", ""))
    assert tables_of_maps(folder, audience) == []
    assert kept_in_project("partner" if audience == PARTNER else "public") == []
    if audience == PUBLIC:
        few = r"(?<![\d.,–-])[0-4] (?:reports?|mentions?)\b"
        assert re.findall(few, " ".join(" ".join(pages_of(made["PDF"])).split())) == []


def small_counts(sheets: Sheets) -> list[str]:
    """Return where a column that counts reports or mentions has too small a number."""
    found = []
    for sheet, rows in sheets.items():
        for row in rows:
            for name, value in row.items():
                if not COUNTS.search(name) or name in ("held_back", "in words"):
                    continue
                if re.search(r"crime|words|^change$|^first|^last", name):
                    continue
                try:
                    number = float(value)
                except (TypeError, ValueError):
                    continue
                if "km²" in name:
                    number *= float(row["area (ha)"]) / 100
                if number < THRESHOLD - 0.01:
                    found.append(f"{sheet}: {name} is {value} in {row}")
    return found


def tables_of_maps(folder: Path, audience: int) -> list[str]:
    """Return what the tables behind the maps tell that they should not."""
    found = []
    [maps] = folder.glob("*_maps.gpkg")
    with closing(sqlite3.connect(maps)) as database:
        database.row_factory = sqlite3.Row
        kinds = dict(
            database.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns")
        )
        for table, kind in kinds.items():
            query = f'SELECT * FROM "{table}"'  # noqa: S608 - a name of our own file
            rows = [dict(row) for row in database.execute(query)]
            if "POINT" in kind.upper():
                allowed = {"numbers", "fixes"} if audience == PARTNER else {"numbers"}
                found += [] if table in allowed else [f"{table} has points"]
            for row in rows:
                for name in ("within", "reports"):
                    value = row.get(name)
                    if value is not None and value < THRESHOLD:
                        found.append(f"{table}: {name} is {value}")
    from osgeo import ogr

    dataset = ogr.Open(str(maps))
    fixes = dataset.GetLayerByName("fixes")
    for one in fixes or ():
        middle = one.GetGeometryRef().GetX(), one.GetGeometryRef().GetY()
        if any(abs(value % 100 - 50) > 1e-6 for value in middle):
            found.append(f"a place to mend is at {middle}")
    numbers = dataset.GetLayerByName("numbers")
    parks = [box(x, y, x + s, y + s) for x, y, s in SQUARES.values()]
    for one in numbers:
        spot = Point(one.GetGeometryRef().GetX(), one.GetGeometryRef().GetY())
        if not any(park.contains(spot) for park in parks):
            found.append("a number is outside the parks")
    return found


def kept_in_project(word: str) -> list[str]:
    """Return what is in the project that does not say for whom it is, or has places of reports."""
    project = QgsProject.instance()
    layouts = project.layoutManager().printLayouts()
    kept = list(project.mapLayers().values())
    assert layouts
    assert kept
    found = [one.name() for one in layouts if one.customProperty("streetsafe/audience") != word]
    places = {tuple(place) for place in XY.tolist()}
    for layer in kept:
        if layer.metadata().keywords().get("streetsafe:audience") != [word]:
            found.append(f"{layer.name()} is for anybody")
        if "/pack/" not in layer.source():
            found.append(f"{layer.name()} lies elsewhere")
        if isinstance(layer, QgsVectorLayer) and (
            layer.geometryType() == QgsWkbTypes.GeometryType.PointGeometry
        ):
            spots = [one.geometry().asPoint() for one in layer.getFeatures()]
            if places & {(round(spot.x(), 1), round(spot.y(), 1)) for spot in spots}:
                found.append(f"{layer.name()} has places of reports")
    return found


# The heat map


def test_the_heat_map_shows_no_few_and_gives_no_place_back(hand_out, heat, tmp_path: Path) -> None:
    # without crimes: the area that they are counted in would have the yard's reports as well
    hand_out("pack", HEATMAP=heat, CRIMES=None)
    [path] = (tmp_path / "pack").glob("*_heat.tif")
    dataset = gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    values = band.ReadAsArray().astype(float)
    if band.GetNoDataValue() is not None and not math.isnan(band.GetNoDataValue()):
        values[values == band.GetNoDataValue()] = np.nan
    west, size, _, north, _, _ = dataset.GetGeoTransform()
    columns, rows = np.meshgrid(np.arange(values.shape[1]), np.arange(values.shape[0]))
    at = np.column_stack(
        (west + (columns.ravel() + 0.5) * size, north - (rows.ravel() + 0.5) * size)
    )
    values = values.ravel()
    seen = np.isfinite(values)
    assert seen.any()
    for lonely in (FOUR, THREE, ONE):
        assert not (seen & (np.linalg.norm(at - lonely, axis=1) < 2 * RADIUS)).any()
    away = np.linalg.norm(at[seen][:, None, :] - XY[None, :, :], axis=2)
    assert (away <= RADIUS).sum(axis=1).min() >= THRESHOLD
    # the yard lies alone: the best that least squares can do is the middle of a published square
    near = seen & (np.linalg.norm(at - YARD, axis=1) < 2 * RADIUS)
    assert near.any()
    steps = np.arange(-100, 101, 20.0)
    spots = np.array([(YARD[0] + x, YARD[1] + y) for x in steps for y in steps])
    uu = np.minimum(np.linalg.norm(at[near][:, None] - spots[None], axis=2) ** 2 / RADIUS**2, 1)
    known = 3e6 / np.pi / RADIUS**2 * (1 - uu) ** 2
    weights = lsq_linear(known, values[near], bounds=(0, np.inf)).x
    told = (weights[:, None] * spots).sum(axis=0) / weights.sum()
    middle = np.floor(np.array(YARD) / 100) * 100 + 50
    assert np.linalg.norm(told - middle) < 8
    assert np.linalg.norm(told - YARD) > 30
    tags = json.dumps([dataset.GetMetadata(), band.GetMetadata(), dataset.GetMetadataDomainList()])
    assert str(len(XY)) not in re.findall(r"\d+", tags)
    assert leaks([path], [*PLANTED.values(), str(tmp_path)]) == []


# The register


@pytest.mark.parametrize("entries", [0, 1])
def test_a_run_that_fails_leaves_the_register_as_it_was(
    hand_out, register, tmp_path, entries
) -> None:
    held = {"kind": "streetsafe issued products", "version": 1, "entries": []}
    if entries:
        hand_out("first", TO="2022-05-31")
        held = json.loads(register.read_text("utf-8"))
        assert not leaks([tmp_path / "first"], [register.name, held["entries"][0]["salt"]])
    # as somebody's editor would have laid it out
    register.write_text(json.dumps(held, indent=1), "utf-8")
    before = register.read_bytes()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((Refused, QgsProcessingException)):
        hand_out("file")
    assert register.read_bytes() == before
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        hand_out("cancelled", cancel_at=60)
    assert register.read_bytes() == before
    assert not list(tmp_path.glob("cancelled/*"))


@pytest.mark.parametrize("content", ["{", '{"kind": "streetsafe issued products"}', "[1]", "\0"])
def test_a_damaged_register_is_refused_before_anything_is_written(
    hand_out, register, tmp_path, content
) -> None:
    register.write_text(content, "utf-8")
    with pytest.raises((Refused, QgsProcessingException), match="egister"):
        hand_out("pack")
    assert register.read_text("utf-8") == content
    assert not list(tmp_path.glob("pack/*"))


@pytest.mark.parametrize("where", ["pack", "pack/deep", "nowhere"])
def test_a_register_that_would_be_handed_out_or_lies_nowhere_is_refused(
    hand_out, tmp_path, where
) -> None:
    if where != "nowhere":
        (tmp_path / where).mkdir(parents=True)
    with pytest.raises(Refused, match="egister|does not exist"):
        hand_out("pack", ISSUED=str(tmp_path / where / "issued.json"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "OFFICIAL" in path.name]
    # what stays within the force is entered nowhere
    hand_out("pack", 0, ISSUED=str(tmp_path / where / "issued.json"))


def test_a_pack_lists_no_place_for_its_few_reports_and_counts_no_dashes(hand_out) -> None:
    """Lone reports lie in hexagons without crime: to list these would say somebody is there."""
    sheets = sheets_of(hand_out("pack")["XLSX"])
    listed = sheets["Fear and crime"]
    assert any(row["reports"] for row in listed)
    assert {row["class"] for row in listed if row["reports"] is None} <= {"crime_only"}
    assert not [row for row in listed if row["reports"] is None and not row["crimes (recorded)"]]
    said = " ".join(row["text"] for row in sheets["About"] if row["item"] == "Held back")
    assert "Numbers below 5 are held back" in said
    assert not re.search(r"\d+ (?:small )?numbers?\b", said)


def test_without_a_register_it_warns_and_internal_packs_are_not_entered(hand_out, register) -> None:
    made = hand_out("unregistered", PUBLIC, ISSUED=None)
    assert any("not entered anywhere" in warning for warning in made.warnings)
    hand_out("internal", 0)
    assert not register.exists()
