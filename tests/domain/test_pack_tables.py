# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a pack: the figures of the record, and what is held back named and not shown."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from streetsafe_plugin.domain.briefing_figures import make_pack
from streetsafe_plugin.domain.briefing_pack.material import Asked, CrimeSet, ReportSet
from streetsafe_plugin.domain.pack import Pack
from streetsafe_plugin.domain.pack_tables import About, Kind, Table, tables
from streetsafe_plugin.domain.park_ground import ParkGround
from streetsafe_plugin.domain.taxonomy import REASON_CODES

ABOUT = About(
    "Feeling safe", "OFFICIAL", "Police only", "The team", "Made today", "As given", "© OS 2022"
)


@pytest.fixture(scope="module")
def pack() -> Pack:
    """Return a pack of 90 reports, 30 of them at one spot of the park."""
    rng = np.random.default_rng(4)
    xy = np.vstack([np.full((30, 2), 50.0), rng.uniform(-2000, 2000, (60, 2))])
    ticks = {code: np.zeros(90, dtype=bool) for code in REASON_CODES}
    ticks["env_lighting"][:40] = True
    dates = np.datetime64("2022-01-01") + np.arange(90)
    reports = ReportSet(xy, dates, ticks, 92, {"no_geometry": 2, "outside_area": 0})
    crimes = CrimeSet(xy[:50] + 1.0, np.full(50, "2022-01-01", "datetime64[D]"))
    grounds = [ParkGround("p", "Park", box(0, 0, 100, 100), "Leicester", True, "A note")]
    return make_pack(reports, grounds, Asked([100.0, 250.0]), crimes)[0]


def by_name(pack: Pack) -> dict[str, Table]:
    return {table.name: table for table in tables(pack, ABOUT)}


def column(table: Table, title: str) -> list[object]:
    number = [one.title for one in table.columns].index(title)
    return [row[number] for row in table.rows]


def test_every_part_of_a_pack_has_its_table(pack) -> None:
    assert list(by_name(pack)) == [
        "About", "Parks", "Zones", "Reasons", "Trend", "Change", "Hot spots", "Fix list",
        "Fear and crime", "Accounting",
    ]  # fmt: skip
    for table in tables(pack, ABOUT):
        assert {len(row) for row in table.rows} == {len(table.columns)}
        for place, one in enumerate(table.columns):
            kinds = {type(row[place]) for row in table.rows} - {type(None)}
            assert kinds <= {
                Kind.TEXT: {str}, Kind.WHOLE: {int}, Kind.REAL: {float}, Kind.DATE: {datetime.date}
            }[one.kind], (table.name, one.title, kinds)  # fmt: skip


def test_an_internal_pack_holds_nothing_back(pack) -> None:
    assert not any(any(column(table, "held_back")) for table in tables(pack, ABOUT))


def test_tables_hold_the_figures_of_the_record(pack) -> None:
    made = by_name(pack)
    park = pack.parks[0]
    assert column(made["Parks"], "inside (reports)") == [park.inside]
    assert column(made["Parks"], "boundary") == ["indicative circle"]
    assert column(made["Zones"], "reports") == [zone.reports for zone in park.zones]
    # 30 reports at one spot on 1 ha are 3,000 per square kilometre, with those strewn besides
    inside = park.zones[0].reports
    assert column(made["Zones"], "density (reports per km²)")[0] == pytest.approx(100 * inside)
    assert column(made["Reasons"], "mentions")[0] == 40
    assert sum(column(made["Hot spots"], "reports")) == 90
    whole_steps = column(made["Trend"], "reports")[: len(pack.whole.trend.steps)]
    assert sum(whole_steps) == 90
    lines = dict(zip(column(made["Accounting"], "line"), column(made["Accounting"], "reports")))
    assert lines["read"] == 92
    assert lines["not counted: without a place"] == 2
    assert sum(count for line, count in lines.items() if line != "read") == 92


def test_what_is_held_back_is_empty_and_named(pack) -> None:
    park = pack.parks[0]
    zones = (replace(park.zones[0], reports=None, mentions=None), *park.zones[1:])
    change = replace(park.change, counts=None, value=None, low=None, high=None)
    held = replace(park, zones=zones, within=None, change=change)
    made = by_name(replace(pack, parks=(held,), threshold=5, held=("Some are held back.",)))
    assert column(made["Zones"], "reports")[0] is None
    assert column(made["Zones"], "held_back") == [
        "reports; mentions; density (reports per km²)", None, None
    ]  # fmt: skip
    assert column(made["Parks"], "held_back") == [
        "inside (reports); inside and within 250 m (reports)"
    ]
    assert "inside before (reports)" in column(made["Change"], "held_back")[1]
    told = dict(zip(column(made["About"], "item"), column(made["About"], "text")))
    assert told["Smallest number shown"] == "5"
    assert told["Held back"] == "Some are held back."


def test_mentions_that_nobody_knows_are_not_held_back(pack) -> None:
    zones = tuple(replace(zone, mentions=None) for zone in pack.parks[0].zones)
    blind = replace(
        pack,
        whole=replace(pack.whole, mentions=None, reasons=(), tells_reasons=False),
        parks=(replace(pack.parks[0], zones=zones, reasons=()),),
    )
    made = by_name(blind)
    assert column(made["Zones"], "held_back") == [None, None, None]
    assert "Reasons" not in made


def test_what_this_is_says_all_that_pages_must(pack) -> None:
    about = by_name(pack)["About"]
    told = dict(zip(column(about, "item"), column(about, "text")))
    assert told["Marking"] == "OFFICIAL"
    assert told["Period"] == "1 January 2022 to 31 March 2022"
    assert told["Reports counted (n)"] == "90"
    assert told["Audience"] == "internal"
    assert told["Sources"] == "© OS 2022"
    assert "More than one reason could be ticked" in told["Reasons"]
