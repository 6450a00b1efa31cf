# SPDX-License-Identifier: GPL-2.0-or-later
"""Invent reports, crimes, park boundaries and a study area to try the plugin on.

Nothing here describes a real report, offence or boundary. Towns stand roughly where they are
and reasons are ticked about as often as a force once published, so that the results look like
the real thing; everything else is drawn from a seeded generator, so one seed gives one sample.
Places are whole metres in the British National Grid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Union

import numpy as np
from shapely.affinity import rotate, scale, translate
from shapely.geometry import Point, Polygon
from shapely.prepared import prep

from streetsafe_plugin.domain.arrays import Bools, Floats
from streetsafe_plugin.domain.parks import Intervention

# Mentions among 651 reports in Norfolk, as the Eastern Daily Press printed them in 2022.
# "Other" among the surroundings was not printed; 30 is a guess.
NORFOLK_REPORTS = 651
NORFOLK_MENTIONS = {
    "env_no_cctv": 208,
    "env_lighting": 268,
    "env_empty": 106,
    "env_layout": 106,
    "env_visibility": 134,
    "env_rundown": 92,
    "env_drugs_alcohol": 181,
    "env_other": 30,
    "beh_verbal_single": 98,
    "beh_verbal_group": 148,
    "beh_followed": 135,
    "beh_other": 105,
}

# Easting, northing, weight, spread in metres: rough town centres, not census figures.
TOWNS = (
    (458800, 304400, 40, 1300),  # Leicester
    (453600, 319700, 11, 650),  # Loughborough
    (442600, 293900, 8, 550),  # Hinckley
    (475300, 319300, 6, 500),  # Melton Mowbray
    (473400, 287200, 5, 450),  # Market Harborough
    (486200, 308800, 3, 350),  # Oakham
    (486600, 299700, 1, 250),  # Uppingham
    (462300, 300500, 4, 500),  # Oadby
    (460700, 299000, 4, 500),  # Wigston
    (442700, 314200, 5, 550),  # Coalville
    (435500, 316600, 2, 350),  # Ashby-de-la-Zouch
    (454500, 284500, 2, 350),  # Lutterworth
    (462700, 311200, 2, 400),  # Syston
    (447700, 319400, 2, 400),  # Shepshed
    (456800, 297600, 2, 350),  # Blaby
    (446500, 297900, 1, 300),  # Earl Shilton
    (468300, 293800, 1, 250),  # Kibworth
)

# A hand-drawn ring around Leicester, Leicestershire and Rutland, in kilometres.
STUDY_AREA_KM = (
    (441, 328), (447, 331), (452, 331), (457, 327), (464, 326), (470, 329), (474, 335),
    (477, 342), (482, 346), (487, 340), (491, 333), (496, 325), (501, 319), (507, 313),
    (507, 306), (500, 299), (493, 294), (486, 290), (479, 286), (470, 283), (463, 279),
    (456, 276), (449, 280), (444, 288), (437, 292), (431, 298), (427, 306), (427, 313),
    (434, 320), (438, 324),
)  # fmt: skip

FIRST_DAY = date(2021, 9, 2)
LAST_DAY = date(2022, 10, 31)
# Day, how many ordinary days' worth of reports it brought on top, days until it had faded.
SURGES = (
    (date(2021, 9, 2), 9.0, 7.0),
    (date(2021, 10, 5), 5.0, 4.0),
    (date(2021, 11, 25), 6.0, 4.0),
    (date(2022, 3, 8), 5.0, 4.0),
    (date(2022, 6, 20), 3.0, 5.0),
)
# Reports sent in each hour of the day. None at one o'clock: that hour is missing or doubled
# when the clocks change.
HOUR_WEIGHTS = (2, 0, 1, 1, 1, 1, 2, 4, 6, 6, 6, 6, 7, 6, 6, 7, 8, 9, 10, 11, 12, 11, 8, 5)

CRIME_MONTHS = ("2022-06", "2022-07", "2022-09", "2022-10")
CRIME_TYPES = (
    ("Violence and sexual offences", 40),
    ("Anti-social behaviour", 15),
    ("Public order", 12),
    ("Criminal damage and arson", 9),
    ("Vehicle crime", 7),
    ("Other theft", 7),
    ("Burglary", 5),
    ("Drugs", 3),
    ("Robbery", 2),
)
ANTI_SOCIAL = "Anti-social behaviour"

# How a boundary file might spell them; the others lose the town after the comma.
PARK_SPELLINGS = {
    "queens-park": "Queens Park",
    "tods-piece": "Tods Piece",
    "cutts-close": "Cutts Close Park",
    "abbey-park": "Abbey Park & Grounds",
    "bradgate-park": "BRADGATE PARK",
}
# Guesses for parks whose area the register does not know.
GUESSED_AREAS_HA = {
    "abbey-park": 34.0,
    "bede-park": 6.5,
    "rally-park": 8.0,
    "queens-park": 4.5,
    "warwick-park": 2.8,
    "welland-park": 7.2,
    "clarendon-park": 4.2,
    "melton-country-park": 58.0,
    "blaby-road-park": 5.0,
    "cutts-close": 2.6,
    "tods-piece": 3.1,
}
OTHER_AREA_HA = 5.0
INVENTED_MEASURE = "INVENTED SAMPLE, nothing of the kind was done"
# Parks of the same or a similar name elsewhere: a match by name alone would take them.
DECOYS = (
    ("Queens Park", 443000.0, 293400.0, 4.1),
    ("Victoria Park", 443600.0, 315100.0, 3.2),
    ("Clarendon Park", 459900.0, 302100.0, 2.6),
)

_BOUNDARIES, _PLACES, _DATES, _ANSWERS, _DEFECTS, _CRIMES, _MEASURES = range(7)

#: What may become of measures: (measure, quantity, status, from, to, confidence) by park.
_Measure = tuple[str, Union[int, None], str, Union[date, None], Union[date, None], str]
#: Measure, quantity, status, from, until, and how exactly the dates are known.
_HISTORIES: tuple[tuple[_Measure, ...], ...] = (
    (("cctv", 4, "live", date(2022, 3, 14), None, "day"),),
    (("cctv", 6, "removed", date(2022, 5, 1), None, "month"),),
    (("vegetation", None, "unknown", None, None, "unknown"),),
    (("lighting", 8, "planned", date(2022, 12, 1), None, "quarter"),),
    (
        ("cctv", 2, "live", date(2022, 2, 1), None, "month"),
        ("lighting", 5, "live", date(2022, 2, 21), None, "day"),
    ),
    (
        ("cctv", 3, "removed", date(2022, 1, 10), date(2022, 4, 8), "day"),
        ("cctv", 3, "live", date(2022, 7, 4), None, "day"),
        ("vegetation", None, "live", date(2022, 4, 25), date(2022, 4, 29), "day"),
    ),
)


@dataclass(frozen=True)
class ParkPlace:
    """Say where a park is and how large it is, as far as the register knows."""

    park_id: str
    name: str
    easting: float
    northing: float
    area_ha: float | None


@dataclass(frozen=True)
class ParkBoundary:
    """Hold one invented boundary under the name a boundary file would give it."""

    name: str
    shape: Polygon


@dataclass(frozen=True)
class SampleReport:
    """Hold one row of the sample: a report, or a row that is wrong on purpose.

    `place` is (easting, northing), (0, 0), or None where the row has no place. `defect` is empty
    for a good report, else the code an importer should give the row.
    """

    report_id: str
    place: tuple[int, int] | None
    submitted_at: datetime | None
    reasons: tuple[str, ...]
    crime_reported: str
    why_not_reported: str
    age_range: str
    sex: str
    defect: str = ""


@dataclass(frozen=True)
class SampleCrime:
    """Hold one invented row of a street-level crime file."""

    crime_id: str
    month: str
    place: tuple[int, int] | None
    location: str
    lsoa_code: str
    lsoa_name: str
    crime_type: str
    outcome: str


@dataclass(frozen=True)
class Account:
    """Say what an importer must find in a file: every row is in exactly one of three places."""

    rows_read: int
    accepted: int
    rejected_rows: int
    duplicates: int
    mentions: int
    outside_area: int


CSV_ONLY = frozenset({"wrong_width", "unreadable_place"})


def study_area() -> Polygon:
    """Return the sketched study area in metres, drawn by hand and good for trying things only."""
    return Polygon([(x * 1000.0, y * 1000.0) for x, y in STUDY_AREA_KM])


def invent_boundaries(parks: Sequence[ParkPlace], seed: int) -> list[ParkBoundary]:
    """Draw a boundary around each park's place, and the decoys after them.

    A boundary encloses the park's known area exactly and lies within about 60 m of its place. It
    is spelt as boundary files spell names, not as the register does.
    """
    drawn = [
        ParkBoundary(
            PARK_SPELLINGS.get(park.park_id, park.name.partition(",")[0]),
            invent_outline(
                park.easting,
                park.northing,
                park.area_ha or GUESSED_AREAS_HA.get(park.park_id, OTHER_AREA_HA),
                np.random.default_rng([seed, _BOUNDARIES, number]),
            ),
        )
        for number, park in enumerate(parks)
    ]
    decoys = [
        ParkBoundary(
            name,
            invent_outline(x, y, area, np.random.default_rng([seed, _BOUNDARIES, 1000 + number])),
        )
        for number, (name, x, y, area) in enumerate(DECOYS)
    ]
    return drawn + decoys


def invent_interventions(park_ids: Sequence[str], seed: int) -> list[Intervention]:
    """Invent what was done in a few of the parks: dates known, unknown, and hard to tell apart."""
    chosen = np.random.default_rng([seed, _MEASURES]).permutation(len(park_ids))
    return [
        Intervention(park_ids[park], *measure, funding_gbp=None, source=INVENTED_MEASURE)
        for park, measures in zip(sorted(chosen[: len(_HISTORIES)]), _HISTORIES)
        for measure in measures
    ]


def invent_outline(x: float, y: float, area_ha: float, rng: np.random.Generator) -> Polygon:
    """Draw a smooth irregular ring of `area_ha` hectares around (x, y).

    The distance from the centre is the exponential of a few random waves, so the ring cannot
    cross itself; stretching and turning it keep that. The waves start at three to a turn: one of
    two could undo the stretching and leave a circle.
    """
    angles = np.linspace(0.0, 2.0 * np.pi, 96, endpoint=False)
    waves = np.arange(3, 8)
    heights = rng.normal(0.0, 0.36, waves.size) / waves**0.9
    phases = rng.uniform(0.0, 2.0 * np.pi, waves.size)
    reach = np.exp((heights * np.cos(np.outer(angles, waves) + phases)).sum(axis=1))
    ring = Polygon(np.column_stack([reach * np.cos(angles), reach * np.sin(angles)]))
    stretched = scale(ring, 1.0, float(rng.uniform(0.4, 0.8)), origin=(0, 0))
    turned = rotate(stretched, float(rng.uniform(0.0, 180.0)), origin=(0, 0))
    size = float(np.sqrt(area_ha * 10_000.0 / turned.area))
    shift = rng.normal(0.0, 20.0, 2).clip(-40.0, 40.0)
    return translate(
        scale(turned, size, size, origin=(0, 0)), x + float(shift[0]), y + float(shift[1])
    )


def invent_places(
    count: int, boundaries: Sequence[ParkBoundary], rng: np.random.Generator
) -> Floats:
    """Return `count` places in metres: at trouble spots, along park edges, in towns, anywhere.

    Trouble spots and park edges make the clusters; the towns and one place in fifty anywhere in
    the study area make the background. A few in a thousand lie just beyond its border.
    """
    kind = rng.choice(5, size=count, p=(0.36, 0.255, 0.36, 0.02, 0.005))
    places = np.empty((count, 2))
    places[kind == 0] = _at_trouble_spots(int((kind == 0).sum()), rng)
    places[kind == 1] = _around_parks(int((kind == 1).sum()), boundaries, rng)
    places[kind == 2] = _in_towns(int((kind == 2).sum()), 2.0, rng)
    places[kind == 3] = _anywhere_in(study_area(), int((kind == 3).sum()), rng)
    beyond = study_area().buffer(5000.0).difference(study_area().buffer(500.0))
    places[kind == 4] = _anywhere_in(beyond, int((kind == 4).sum()), rng)
    return np.rint(places)


def invent_reports(count: int, boundaries: Sequence[ParkBoundary], seed: int) -> list[SampleReport]:
    """Invent `count` good reports in the order they were sent, with no two ids alike."""
    places = invent_places(count, boundaries, np.random.default_rng([seed, _PLACES]))
    moments = _moments(count, np.random.default_rng([seed, _DATES]))
    rng = np.random.default_rng([seed, _ANSWERS])
    ticked = _ticked_reasons(count, rng)
    undated = rng.random(count) < 0.01
    reported = rng.choice(["Yes", "No", ""], size=count, p=(0.12, 0.68, 0.20))
    why_not = rng.choice(
        ["Not sure it was a crime", "Nothing would be done", "Did not know how", ""],
        size=count,
        p=(0.35, 0.25, 0.1, 0.3),
    )
    ages = rng.choice(
        ["Under 18", "18-24", "25-34", "35-54", "55 and over", ""],
        size=count,
        p=(0.05, 0.24, 0.25, 0.24, 0.07, 0.15),
    )
    sexes = rng.choice(["Female", "Male", ""], size=count, p=(0.72, 0.15, 0.13))
    codes = np.array(list(NORFOLK_MENTIONS))
    return [
        SampleReport(
            report_id=_report_id(number + 1),
            place=(int(places[number, 0]), int(places[number, 1])),
            submitted_at=None if undated[number] else moments[number],
            reasons=tuple(str(code) for code in codes[ticked[number]]),
            crime_reported=str(reported[number]),
            why_not_reported=str(why_not[number]) if reported[number] == "No" else "",
            age_range=str(ages[number]),
            sex=str(sexes[number]),
        )
        for number in range(count)
    ]


def with_defects(reports: Sequence[SampleReport], seed: int) -> list[SampleReport]:
    """Return the reports with the rows mixed in that an importer has to account for.

    Three rows have no place, two lie at 0, 0, two repeat an earlier row exactly and one gives an
    earlier id to another report. Two with words for coordinates and one with a cell too many can
    only be written to a CSV file (`CSV_ONLY`).
    """
    if not reports:
        return []
    rng = np.random.default_rng([seed, _DEFECTS])
    defects = (
        ["no_place"] * 3
        + ["zero_place"] * 2
        + ["unreadable_place"] * 2
        + ["wrong_width", "conflicting_id", "duplicate", "duplicate"]
    )
    rows = list(reports)
    models = rng.choice(len(reports), size=len(defects), replace=len(reports) < len(defects))
    for number, (defect, model) in enumerate(zip(defects, models)):
        original = reports[int(model)]
        spoilt = _spoil(original, defect, _report_id(len(reports) + number + 1))
        earliest = rows.index(original) + 1
        rows.insert(int(rng.integers(earliest, len(rows) + 1)), spoilt)
    return rows


def rows_for_layers(rows: Sequence[SampleReport]) -> list[SampleReport]:
    """Leave out the rows that only a CSV file can get wrong."""
    return [row for row in rows if row.defect not in CSV_ONLY]


def expected_account(rows: Sequence[SampleReport]) -> Account:
    """Count what an importer must find in a file of these rows, over the sketched study area."""
    good = [row for row in rows if not row.defect]
    area = prep(study_area())
    return Account(
        rows_read=len(rows),
        accepted=len(good),
        rejected_rows=sum(1 for row in rows if row.defect and row.defect != "duplicate"),
        duplicates=sum(1 for row in rows if row.defect == "duplicate"),
        mentions=sum(len(row.reasons) for row in good),
        outside_area=sum(1 for row in good if row.place and not area.contains(Point(row.place))),
    )


def invent_crimes(
    rows_per_month: int, boundaries: Sequence[ParkBoundary], seed: int
) -> dict[str, list[SampleCrime]]:
    """Invent crimes for the months in `CRIME_MONTHS`, snapped to a few hundred shared points.

    As in published files, anti-social behaviour has no Crime ID, about one row in fifty has no
    location, and rows without an id may repeat one another and are still separate incidents.
    """
    rng = np.random.default_rng([seed, _CRIMES])
    points = invent_places(400, boundaries, rng)
    weights = rng.pareto(3.0, len(points)) + 0.2
    names = [name for name, _ in CRIME_TYPES]
    shares = np.array([share for _, share in CRIME_TYPES], dtype=float)
    months: dict[str, list[SampleCrime]] = {}
    for month in CRIME_MONTHS:
        at = rng.choice(len(points), size=rows_per_month, p=weights / weights.sum())
        kinds = rng.choice(names, size=rows_per_month, p=shares / shares.sum())
        lost = rng.random(rows_per_month) < 0.02
        months[month] = [
            _crime(
                f"{seed}/{month}/{number}",
                month,
                str(kinds[number]),
                None if lost[number] else int(at[number]),
                points,
            )
            for number in range(rows_per_month)
        ]
    return months


def _crime(key: str, month: str, kind: str, point: int | None, points: Floats) -> SampleCrime:
    """Write one crime at a shared point, or one whose location is not known."""
    anti_social = kind == ANTI_SOCIAL
    crime_id = "" if anti_social else hashlib.sha256(key.encode()).hexdigest()
    outcome = "" if anti_social else "Under investigation"
    if point is None:
        return SampleCrime(crime_id, month, None, "No Location", "", "", kind, outcome)
    return SampleCrime(
        crime_id,
        month,
        (int(points[point, 0]), int(points[point, 1])),
        f"On or near Invented Street {point}",
        f"X{point:08d}",
        f"Invented {point:03d}A",
        kind,
        outcome,
    )


def _report_id(number: int) -> str:
    return f"INVENTED-{number:06d}"


def _spoil(original: SampleReport, defect: str, new_id: str) -> SampleReport:
    """Turn a copy of a good report into a row with one thing wrong."""
    if defect == "duplicate":
        return replace(original, defect=defect)
    if defect == "conflicting_id":
        other = "env_other" if original.reasons != ("env_other",) else "beh_other"
        return replace(original, reasons=(other,), defect=defect)
    place = {"no_place": None, "zero_place": (0, 0)}.get(defect, original.place)
    return replace(original, report_id=new_id, place=place, defect=defect)


def _at_trouble_spots(count: int, rng: np.random.Generator) -> Floats:
    """Scatter reports about a hundred metres around sixty spots, some named more often."""
    spots = _in_towns(60, 0.8, rng)
    often = 1.0 / np.arange(1, len(spots) + 1) ** 0.5
    chosen = rng.choice(len(spots), size=count, p=often / often.sum())
    scattered: Floats = spots[chosen] + rng.normal(0.0, 70.0, (count, 2))
    return scattered


def _around_parks(
    count: int, boundaries: Sequence[ParkBoundary], rng: np.random.Generator
) -> Floats:
    """Scatter reports along the edges of parks, thinning out over some hundred metres."""
    if not boundaries:
        return _in_towns(count, 1.0, rng)
    edges = np.stack([np.asarray(one.shape.exterior.coords)[:-1] for one in boundaries])
    liked = rng.dirichlet(np.full(len(edges), 1.5))
    chosen = rng.choice(len(edges), size=count, p=liked)
    corner = rng.integers(0, edges.shape[1], count)
    scattered: Floats = edges[chosen, corner] + rng.laplace(0.0, 60.0, (count, 2))
    return scattered


def _in_towns(count: int, spread: float, rng: np.random.Generator) -> Floats:
    """Scatter places around town centres, `spread` times as wide as the town."""
    towns = np.array(TOWNS, dtype=float)
    chosen = towns[rng.choice(len(towns), size=count, p=towns[:, 2] / towns[:, 2].sum())]
    offsets = rng.normal(0.0, 1.0, (count, 2)) * chosen[:, 3:4] * spread
    return np.asarray(chosen[:, :2] + offsets)


def _anywhere_in(area: Polygon, count: int, rng: np.random.Generator) -> Floats:
    """Scatter places evenly over an area."""
    inside = prep(area)
    left, bottom, right, top = area.bounds
    places = np.empty((0, 2))
    while len(places) < count:
        tried = rng.uniform((left, bottom), (right, top), (2 * count, 2))
        kept = [place for place in tried if inside.contains(Point(place))]
        places = np.concatenate([places, np.reshape(kept, (-1, 2))])
    return places[:count]


def _moments(count: int, rng: np.random.Generator) -> list[datetime]:
    """Return sorted local moments to the minute, with the surges that publicity brings."""
    days = np.arange((LAST_DAY - FIRST_DAY).days + 1)
    rate = np.ones(days.size)
    for day, height, fading in SURGES:
        since = days - (day - FIRST_DAY).days
        rate += np.where(since >= 0, height * np.exp(-since / fading), 0.0)
    hours = np.array(HOUR_WEIGHTS, dtype=float)
    day_of = rng.choice(days, size=count, p=rate / rate.sum())
    hour_of = rng.choice(hours.size, size=count, p=hours / hours.sum())
    minute_of = rng.integers(0, 60, count)
    start = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day)
    return [
        start + timedelta(minutes=int(minute))
        for minute in np.sort((day_of * 24 + hour_of) * 60 + minute_of)
    ]


def _ticked_reasons(count: int, rng: np.random.Generator) -> Bools:
    """Tick reasons about as often as in Norfolk; one report in a hundred ticks none.

    Those left bare by chance are drawn once more and then tick the lighting; the shares are
    lowered a little to make up for it.
    """
    shares = np.array(list(NORFOLK_MENTIONS.values())) / NORFOLK_REPORTS * 0.93
    ticked = rng.random((count, shares.size)) < shares
    bare = ~ticked.any(axis=1)
    ticked[bare] = rng.random((int(bare.sum()), shares.size)) < shares
    bare = ~ticked.any(axis=1)
    ticked[bare, list(NORFOLK_MENTIONS).index("env_lighting")] = True
    ticked[rng.random(count) < 0.01] = False
    return ticked
