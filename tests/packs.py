# SPDX-License-Identifier: GPL-2.0-or-later
"""Briefing packs made by hand: invented parks, reports and figures, small and large."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.domain.evaluation import Verdict
from streetsafe_plugin.domain.pack import (
    Audience,
    Change,
    FearAndCrime,
    Fix,
    GapArea,
    HotCell,
    HotSpots,
    Pack,
    Park,
    Step,
    Trend,
    Whole,
    Zone,
)
from streetsafe_plugin.domain.taxonomy import REASONS
from streetsafe_plugin.gis.pages.furniture import Frame

RINGS_M = (100.0, 250.0, 400.0)
#: The middle of an invented county.
CENTRE = (457_000.0, 303_000.0)
NAMES = (
    "Abbey Meadow Park", "Victoria Gardens", "Western Common", "Spinney Hill", "Castle Green",
    "Knighton Fields", "Humber Walk", "St Margaret's Pasture", "Bede Island Green",
    "Rushey Mead Recreation Ground", "Evington Lane Gardens", "Aylestone Meadows",
    "The Very Long and Winding Riverside Walk and Memorial Garden of the Old Waterworks",
    "Queen's Park, Loughborough", "Hollycroft", "Argents Mead", "Braunstone Gate Pocket Park",
    "Oakham Cutts Close",
)  # fmt: skip

FRAME = Frame(
    title="Feeling safe in our parks",
    marking="OFFICIAL-SENSITIVE",
    handling="For police and council partners; do not copy further",
    author="Analysis team",
    attribution="© Crown copyright and database rights 2026 Ordnance Survey AC0000000000. "
    "Reports: invented sample, nothing in them is real.",
    made="Made 25 November 2026 with StreetSafe for QGIS 0.9.0",
    operation="Coordinates were used as given, in EPSG:27700.",
)


def trend_of(months: int, seed: int, most: int = 12) -> Trend:
    """Return a trend of so many months from September 2021, the last not wholly covered."""
    counts = np.random.default_rng(seed).integers(0, most + 1, months).tolist()
    steps = []
    for at, count in enumerate(counts):
        first = datetime.date(2021 + (8 + at) // 12, (8 + at) % 12 + 1, 1)
        following = datetime.date(2021 + (9 + at) // 12, (9 + at) % 12 + 1, 1)
        last = following - datetime.timedelta(days=1)
        steps.append(Step(f"{first:%b %y}", first, last, count, at < months - 1))
    return Trend("month", tuple(steps))


def park_of(
    number: int,
    name: str,
    shape: BaseGeometry,
    counts: Sequence[int] = (24, 11, 19, 8),
    months: int = 14,
    reasons: int = 8,
) -> Park:
    """Return a park with rings of 100, 250 and 400 m and so many reports in its zones."""
    shapes, before = [shape], shape
    for limit in RINGS_M:
        grown = shape.buffer(limit)
        shapes.append(grown.difference(before))
        before = grown
    limits = [(0.0, 0.0), *zip((0.0, *RINGS_M), RINGS_M)]
    zones = tuple(
        Zone(inner, outer, zone.area / 10_000, count, count * 2)
        for (inner, outer), zone, count in zip(limits, shapes, counts)
    )
    within = sum(counts)
    ticked = [
        (reason.label, max(within * 2 // (at + 2), 1))
        for at, reason in enumerate(REASONS[:reasons])
    ]
    return Park(
        number=number,
        park_id=f"park-{number}",
        name=name,
        district="Leicester" if number % 3 else "Charnwood",
        indicative=number % 7 == 5,
        note="",
        zones=zones,
        zone_shapes=tuple(shapes),
        reasons=tuple(ticked) if within else (),
        crimes=37 + number,
        within=within,
        trend=trend_of(months, number) if within else None,
        change=Change(
            Verdict.CANNOT_TELL,
            "Whether reports changed cannot be told: 6 in the six months before and 4 in the six"
            " after, against 41 and 45 in the control area.",
        ),
    )


def blob(x: float, y: float, radius_m: float, seed: int) -> Polygon:
    """Return a park of irregular outline."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radii = radius_m * (1 + 0.35 * np.sin(2 * angles + seed) + rng.uniform(-0.15, 0.15, 24))
    return Polygon(np.column_stack([x + radii * np.cos(angles), y + radii * np.sin(angles)]))


def spread_parks(number: int = 18) -> tuple[Park, ...]:
    """Return parks spread over the county, among them a pocket park and one three km across."""
    rng = np.random.default_rng(7)
    parks = []
    for at in range(number):
        x, y = np.array(CENTRE) + rng.uniform(-9000, 9000, 2) * (1.6, 1.0)
        radius = float(rng.uniform(90, 320))
        if at == 16:
            radius = 22.0
        if at == 3:
            x, y, radius = CENTRE[0] - 9000, CENTRE[1] + 11_000, 1500.0
        counts = tuple(int(n) for n in rng.integers(0, 45, 4)) if at != 11 else (0, 0, 0, 0)
        name = NAMES[at % len(NAMES)]
        parks.append(park_of(at + 1, name, blob(x, y, radius, at), counts, 14 + at, 6 + at % 7))
    return tuple(parks)


def whole_of(parks: Sequence[Park], outside: int = 260, months: int = 14) -> Whole:
    """Return the figures of all reports, of which so many lie outside parks and rings."""
    inside = sum(park.inside or 0 for park in parks)
    in_rings = sum((park.within or 0) for park in parks) - inside
    used = inside + in_rings + outside
    ticked = [(reason.label, max(used // (at + 2), 1)) for at, reason in enumerate(REASONS)]
    return Whole(
        read=used + 3,
        used=used,
        inside=inside,
        in_rings=in_rings,
        outside=outside,
        excluded={"no_geometry": 3},
        mentions=2 * used,
        first=datetime.date(2021, 9, 2),
        last=datetime.date(2022, 10, 31),
        undated=0,
        crime_period="June to October 2022",
        reasons=tuple(ticked),
        trend=trend_of(months, 99, 160),
        change=Change(
            Verdict.CANNOT_TELL,
            "Over all parks, whether reports changed cannot be told: the interval from 31 fewer to"
            " 12 more includes no change.",
        ),
    )


def hot_spots() -> HotSpots:
    """Return cells of 500 m, some of them hot."""
    levels = ("hot_99", "hot_95", "hot_90", "none", "none", "none")
    rng = np.random.default_rng(3)
    cells = [
        HotCell(
            box(CENTRE[0] + 500 * i, CENTRE[1] + 500 * j, CENTRE[0] + 500 * (i + 1),
                CENTRE[1] + 500 * (j + 1)),
            int(rng.integers(1, 30)),
            levels[int(rng.integers(0, 6))],
        )
        for i in range(-6, 6)
        for j in range(-4, 4)
    ]  # fmt: skip
    return HotSpots(
        tuple(cells),
        500.0,
        (
            "52 of 96 cells are hot, 5 of them by their neighbours only.",
            "They hold 61.0 % of the 1,204 reports on 8.1 % of the ground (PAI 7.5).",
            "The cells were chosen by these same reports, so this flatters them: later reports may"
            " lie elsewhere.",
        ),
    )


def fixes(number: int = 24) -> tuple[Fix, ...]:
    """Return places to be mended, the one with most reports first."""
    owners = ("Street lighting authority", "Council CCTV team", "Grounds maintenance")
    rng = np.random.default_rng(11)
    return tuple(
        Fix(
            rank=at + 1,
            reason_code=REASONS[at % 3].code,
            reason=REASONS[at % 3].label,
            owner=owners[at % 3],
            reports=number + 4 - at,
            x=CENTRE[0] + float(rng.uniform(-2800, 2800)),
            y=CENTRE[1] + float(rng.uniform(-1900, 1900)),
            grid_ref="SK 57012 03417",
            nearest_park=NAMES[at % len(NAMES)],
            nearest_park_m=float(at * 37),
        )
        for at in range(number)
    )


def fear_and_crime() -> FearAndCrime:
    """Return areas of every class."""
    classes = ("both", "feared_only", "crime_only", "neither", "not_enough_data", "neither")
    areas = [
        GapArea(
            f"Leicester {10 + i}{chr(69 + j)}",
            box(CENTRE[0] + 900 * i, CENTRE[1] + 900 * j, CENTRE[0] + 900 * (i + 1),
                CENTRE[1] + 900 * (j + 1)),
            3 + (i * 5 + j * 7) % 40,
            20 + (i * 31 + j * 17) % 300,
            classes[(i * 2 + j * 3) % 6],
        )
        for i in range(-5, 5)
        for j in range(-4, 4)
    ]  # fmt: skip
    return FearAndCrime(
        tuple(areas),
        (
            "12 of 80 places are feared more than recorded crime explains; 14 have crime, but are"
            " less feared than that explains.",
            "Recorded crime is what was reported to the police, at shared map points.",
        ),
    )


def small_pack() -> Pack:
    """Return an internal pack of two parks and nothing optional."""
    first = park_of(1, "North Green", box(457_000, 301_000, 457_300, 301_300), (20, 3, 1, 0))
    second = park_of(2, "Small Green", box(459_000, 301_000, 459_200, 301_200), (0, 0, 0, 0))
    parks = (first, replace(second, change=None, crimes=None))
    return Pack(Audience.INTERNAL, whole_of(parks, 7), parks, "Too few reports to tell a pattern.")


def large_pack(parks: int = 18, months: int = 40) -> Pack:
    """Return an internal pack with everything in it."""
    held = spread_parks(parks)
    return Pack(
        Audience.INTERNAL,
        whole_of(held, months=months),
        held,
        "Reports are closer together than chance would bring about: to the nearest other it is"
        " 212 m on average, where 388 m would be expected (simulated, p = 0.001).",
        hot_spots(),
        fixes(),
        fear_and_crime(),
        fix_sentences=("24 places have three or more reports that one body could mend.",),
    )


def partner_pack() -> Pack:
    """Return a pack for partners in which numbers below 5 are held back."""
    pack = large_pack()

    def held(park: Park) -> Park:
        zones = tuple(
            replace(zone, reports=None, mentions=None) if (zone.reports or 0) < 12 else zone
            for zone in park.zones
        )
        trend = park.trend and replace(
            park.trend,
            steps=tuple(
                replace(step, reports=None) if (step.reports or 0) < 3 else step
                for step in park.trend.steps
            ),
        )
        return replace(park, zones=zones, trend=trend)

    return replace(
        pack,
        audience=Audience.PARTNER,
        parks=tuple(held(park) for park in pack.parks),
        threshold=5,
        held=("Numbers below 5, and some that would give them away, are held back.",),
    )


def public_pack() -> Pack:
    """Return a pack for the public: parks with a rounded number in their reach, no zones."""
    pack = partner_pack()
    parks = tuple(
        replace(
            park,
            zones=tuple(replace(zone, reports=None, mentions=None) for zone in park.zones),
            within=None if (park.within or 0) < 10 else (park.within or 0) // 5 * 5,
            change=None,
        )
        for park in pack.parks
    )
    return replace(pack, audience=Audience.PUBLIC, parks=parks, fixes=(), round_to=5)


def places_of(pack: Pack, number: int = 1200) -> np.ndarray:
    """Return (n, 2) places of reports, most of them near the parks."""
    rng = np.random.default_rng(2)
    centres = [park.zone_shapes[0].centroid for park in pack.parks] + [Point(*CENTRE)]
    chosen = rng.integers(0, len(centres), number)
    middle = np.array([(one.x, one.y) for one in centres])[chosen]
    return middle + rng.normal(0, 260, (number, 2))


def concerns_of(number: int) -> list[str | None]:
    """Return a concern for each of so many reports."""
    kinds: tuple[str | None, ...] = ("environment", "behaviour", "both", "unknown")
    return [kinds[at % 4] for at in range(number)]
