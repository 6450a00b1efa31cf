# SPDX-License-Identifier: GPL-2.0-or-later
"""A briefing pack as tables, for those who calculate on: the figures of its pages, no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streetsafe_plugin.domain.briefing import LEFT_OUT, MORE_THAN_ONE, figure, period
from streetsafe_plugin.domain.briefing_pack.change_words import in_short
from streetsafe_plugin.domain.pack import Audience, Change, Count, Pack, Park, Trend, Whole
from streetsafe_plugin.domain.tables import HELD, Column, Kind, Table, Value, table_of

_ALL_PARKS = "All parks"
#: What the words in the column of classes mean.
_CLASSES = (
    ("Class feared_only", "Significantly more of the reports than of the recorded crime."),
    ("Class crime_only", "Significantly more of the recorded crime than of the reports."),
    ("Class both", "Much of both, which do not differ significantly."),
    ("Class neither", "Little of either, which do not differ significantly."),
    ("Class not_enough_data", "Nothing can be told."),
)


@dataclass(frozen=True)
class About:
    """What is to be known of a pack besides its figures."""

    title: str
    marking: str
    handling: str
    author: str
    made: str
    operation: str
    attribution: str


def tables(pack: Pack, about: About) -> list[Table]:
    """Return all tables of a pack that have a row, the one that says what it is first."""
    made = [
        _about(pack, about),
        _parks(pack),
        _zones(pack),
        _reasons(pack),
        _trend(pack),
        _change(pack),
        _hot_spots(pack),
        _fixes(pack),
        _fear_and_crime(pack),
        _accounting(pack.whole),
    ]
    return [table for table in made if table.rows]


def _count(number: Count) -> Value:
    return HELD if number is None else number


def _mentions(number: Count, whole: Whole) -> Value:
    """Return mentions; nothing where the layer says nothing of reasons, which hides no one."""
    return None if not whole.tells_reasons else _count(number)


def _about(pack: Pack, about: About) -> Table:
    whole, internal = pack.whole, pack.audience is Audience.INTERNAL
    lines = [
        ("Marking", about.marking),
        ("Handling", about.handling),
        ("Title", about.title),
        ("Audience", pack.audience.value),
        ("Period", period(whole)),
        ("Reports counted (n)", figure(whole.used)),
        *([("Reports without a date", figure(whole.undated))] if internal else []),
        ("Smallest number shown", _least(pack)),
        ("Numbers rounded to", f"{pack.round_to}" if pack.round_to else "not rounded"),
        *(("Held back", sentence) for sentence in pack.held),
        ("Reports and mentions", "A report is one pin, a mention one ticked reason."),
        ("Reasons", MORE_THAN_ONE if whole.tells_reasons else "The layer does not tell reasons."),
        ("Pattern", pack.enough),
        *(
            ("Hot spots", sentence)
            for sentence in (() if pack.hot_spots is None else pack.hot_spots.sentences)
        ),
        *(("Fix list", sentence) for sentence in pack.fix_sentences),
        *(
            ("Fear and crime", sentence)
            for sentence in (() if pack.fear_and_crime is None else pack.fear_and_crime.sentences)
        ),
        *(_CLASSES if pack.fear_and_crime and pack.fear_and_crime.areas else ()),
        ("Recorded crime", whole.crime_period),
        ("Coordinates", about.operation),
        ("Sources", about.attribution),
        ("Made by", about.author),
        ("Made", about.made),
    ]
    columns = (Column("item", Kind.TEXT), Column("text", Kind.TEXT))
    return table_of("About", "What this is", columns, [line for line in lines if line[1]])


def _least(pack: Pack) -> str:
    if pack.threshold:
        return f"{pack.threshold}"
    return "every number is shown"


_PARK = (Column("number", Kind.WHOLE), Column("park_id", Kind.TEXT), Column("park", Kind.TEXT))


def _who(park: Park) -> tuple[int, str, str]:
    return park.number, park.park_id, park.name


def _parks(pack: Pack) -> Table:
    reach = f"{pack.parks[0].reach_m:g} m" if pack.parks else "rings"
    columns = (
        *_PARK,
        Column("district", Kind.TEXT),
        Column("boundary", Kind.TEXT),
        Column("inside", Kind.WHOLE, "reports"),
        Column(f"inside and within {reach}", Kind.WHOLE, "reports"),
        Column(f"crimes within {reach}", Kind.WHOLE, "recorded crimes"),
        Column("change", Kind.TEXT),
        Column("note", Kind.TEXT),
    )
    rows = [
        (
            *_who(park),
            park.district or None,
            "indicative circle" if park.indicative else "boundary",
            _count(park.inside),
            _count(park.within),
            park.crimes,
            None if park.change is None else in_short(park.change),
            park.note or None,
        )
        for park in pack.parks
    ]
    return table_of("Parks", "Reports in and around each park", columns, rows)


def _zones(pack: Pack) -> Table:
    columns = (
        *_PARK,
        Column("zone", Kind.TEXT),
        Column("from", Kind.REAL, "m"),
        Column("to", Kind.REAL, "m"),
        Column("area", Kind.REAL, "ha"),
        Column("reports", Kind.WHOLE),
        Column("mentions", Kind.WHOLE),
        Column("density", Kind.REAL, "reports per km²"),
    )
    rows = [
        (
            *_who(park),
            zone.label,
            float(zone.inner_m),
            float(zone.outer_m),
            float(zone.area_ha),
            _count(zone.reports),
            _mentions(zone.mentions, pack.whole),
            HELD if zone.reports is None else zone.per_km2,
        )
        for park in pack.parks
        for zone in park.zones
    ]
    return table_of("Zones", "Reports and mentions in each park and ring", columns, rows)


def _reasons(pack: Pack) -> Table:
    columns = (*_PARK, Column("reason", Kind.TEXT), Column("mentions", Kind.WHOLE))
    rows: list[Sequence[Value]] = [
        (None, None, "All reports", label, mentions) for label, mentions in pack.whole.reasons
    ]
    rows += [
        (*_who(park), label, mentions) for park in pack.parks for label, mentions in park.reasons
    ]
    title = f"Reasons ticked, inside each park and its rings. {MORE_THAN_ONE}"
    return table_of("Reasons", title, columns, rows)


def _trend(pack: Pack) -> Table:
    columns = (
        *_PARK,
        Column("step", Kind.TEXT),
        Column("first", Kind.DATE),
        Column("last", Kind.DATE),
        Column("covered", Kind.TEXT),
        Column("reports", Kind.WHOLE),
    )
    rows = [*_steps((None, None, "All reports"), pack.whole.trend)]
    for park in pack.parks:
        rows += _steps(_who(park), park.trend)
    return table_of("Trend", "Reports by time, inside each park and its rings", columns, rows)


def _steps(who: Sequence[Value], trend: Trend | None) -> Iterator[Sequence[Value]]:
    if trend is None:
        return
    for step in trend.steps:
        covered = f"whole {trend.unit}" if step.covered else f"part of a {trend.unit}"
        yield *who, step.label, step.first, step.last, covered, _count(step.reports)


def _change(pack: Pack) -> Table:
    columns = (
        *_PARK,
        Column("change", Kind.TEXT),
        *(
            Column(f"{edge} of the period {when}", Kind.DATE)
            for when in ("before", "after")
            for edge in ("first", "last")
        ),
        *(
            Column(f"{place} {when}", Kind.WHOLE, "reports")
            for place in ("inside", "in the ring", "in the control area")
            for when in ("before", "after")
        ),
        Column("change against the control area", Kind.REAL, "reports"),
        Column("interval from", Kind.REAL, "reports"),
        Column("interval to", Kind.REAL, "reports"),
        Column("in words", Kind.TEXT),
    )
    rows: list[Sequence[Value]] = []
    if pack.whole.change is not None:
        rows.append((None, None, _ALL_PARKS, *_changed(pack.whole.change)))
    rows += [
        (*_who(park), *_changed(park.change)) for park in pack.parks if park.change is not None
    ]
    title = "Change against the control area, with its 95 % interval"
    return table_of("Change", title, columns, rows)


def _changed(change: Change) -> Iterator[Value]:
    yield in_short(change)
    yield from change.before or (None, None)
    yield from change.after or (None, None)
    # without an answer there is nothing to hold back
    lacking = None if change.why_not else HELD
    if change.counts is None:
        yield from [lacking] * 6
    else:
        yield from (count for pair in change.counts for count in pair)
    for number in (change.value, change.low, change.high):
        yield lacking if number is None else float(number)
    yield change.sentence


def _hot_spots(pack: Pack) -> Table:
    columns = (
        Column("cell", Kind.WHOLE),
        Column("class", Kind.TEXT),
        Column("reports", Kind.WHOLE),
        Column("x of the middle", Kind.REAL, "m"),
        Column("y of the middle", Kind.REAL, "m"),
    )
    cells = () if pack.hot_spots is None else pack.hot_spots.cells
    rows = [
        (number, cell.level, _count(cell.reports), float(middle.x), float(middle.y))
        for number, (cell, middle) in enumerate(
            ((cell, cell.shape.centroid) for cell in cells), start=1
        )
    ]
    size = 0 if pack.hot_spots is None else pack.hot_spots.cell_m
    title = f"Hexagons of {size:g} m that are hot or hold reports"
    return table_of("Hot spots", title, columns, rows)


def _fixes(pack: Pack) -> Table:
    columns = (
        Column("rank", Kind.WHOLE),
        Column("reason", Kind.TEXT),
        Column("owner", Kind.TEXT),
        Column("reports", Kind.WHOLE),
        Column("grid_ref", Kind.TEXT),
        Column("x", Kind.REAL, "m"),
        Column("y", Kind.REAL, "m"),
        Column("nearest_park", Kind.TEXT),
        Column("distance to it", Kind.REAL, "m"),
        Column("reason_code", Kind.TEXT),
    )
    rows = [
        (
            fix.rank,
            fix.reason,
            fix.owner,
            fix.reports,
            fix.grid_ref or None,
            fix.x,
            fix.y,
            fix.nearest_park or None,
            fix.nearest_park_m,
            fix.reason_code,
        )
        for fix in pack.fixes
    ]
    return table_of("Fix list", "Where several reports tick the same reason", columns, rows)


_RATIO = Column("share of reports divided by share of crimes", Kind.REAL)


def _fear_and_crime(pack: Pack) -> Table:
    gap, internal = pack.fear_and_crime, pack.audience is Audience.INTERNAL
    columns = (
        Column("place", Kind.TEXT),
        Column("class", Kind.TEXT),
        Column("reports", Kind.WHOLE),
        Column("crimes", Kind.WHOLE, "recorded"),
        *([_RATIO] if internal else []),
    )
    areas = () if gap is None else gap.areas
    rows = [
        (
            area.name,
            area.gap_class,
            _count(area.reports),
            area.crimes,
            *([area.ratio] if internal else []),
        )
        for area in areas
    ]
    size = 0 if gap is None else gap.cell_m
    title = f"Reports and recorded crime in hexagons of {size:g} m"
    return table_of("Fear and crime", title, columns, rows)


def _accounting(whole: Whole) -> Table:
    columns = (Column("line", Kind.TEXT), Column("reports", Kind.WHOLE))
    lines: list[tuple[str, Count]] = [
        ("read", whole.read),
        ("inside a park", whole.inside),
        ("in a ring around one", whole.in_rings),
        ("further away", whole.outside),
        *(
            (f"not counted: {LEFT_OUT.get(reason, reason)}", number)
            for reason, number in whole.excluded.items()
        ),
    ]
    rows = [(line, _count(number)) for line, number in lines]
    return table_of("Accounting", "Where every report went", columns, rows)
