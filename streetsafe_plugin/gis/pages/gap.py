# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of fear and recorded crime: where one is without the other."""

from __future__ import annotations

from collections.abc import Sequence

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.pack import FearAndCrime, GapArea, Pack
from streetsafe_plugin.gis.pages.furniture import Head, figure_notes, tiles
from streetsafe_plugin.gis.pages.maps import BriefingLayers, show_map
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.tables import Column, table
from streetsafe_plugin.i18n import tr


def gap_page(page: Page, pack: Pack, layers: BriefingLayers) -> Head:
    """Fill the page of fear and recorded crime and return what stands at its head and foot."""
    gap = pack.fear_and_crime or FearAndCrime((), ())
    show_map(page, "gap", layers.extents["gap"], layers)
    page.tell("sentences", gap.sentences)
    page.say("headline", " ".join(gap.sentences[:2]))
    feared, crime = _of(gap, "feared_only"), _of(gap, "crime_only")
    tiles(
        page,
        [
            (len(feared), tr("places feared more than crime explains")),
            (len(crime), tr("places less feared than crime explains")),
            (len(_of(gap, "both")), tr("places feared, with much crime")),
        ],
    )
    if gap.areas:
        most = max(len(feared), len(crime))
        _places(page, "feared", feared, tr("Feared more than recorded crime explains"), most)
        less_feared = tr("Recorded crime, but less feared than that explains")
        _places(page, "crime", crime, less_feared, most)
    else:
        page.clear("feared_title", "feared_table", "crime_title", "crime_table")
    period = pack.whole.crime_period
    return Head(
        tr("Fear and recorded crime"),
        (tr("Recorded crime: {}").format(period),) if period else (),
        notes=figure_notes(pack),
    )


def _of(gap: FearAndCrime, gap_class: str) -> list[GapArea]:
    """Return the areas of a class, the one with most reports and crimes first."""
    found = [area for area in gap.areas if area.gap_class == gap_class]
    first = (
        (lambda area: (-(area.reports or 0), -area.crimes, area.name))
        if gap_class == "feared_only"
        else (lambda area: (-area.crimes, -(area.reports or 0), area.name))
    )
    return sorted(found, key=first)


def _places(page: Page, name: str, areas: Sequence[GapArea], title: str, like_rows: int) -> None:
    page.say(f"{name}_title", title if areas else tr("{}: no place").format(title))
    columns = [
        Column(tr("Place"), 48, words=True),
        Column(tr("Reports"), 16),
        Column(tr("Crimes"), 16),
    ]
    rows = [[area.name, briefing.figure(area.reports), f"{area.crimes:,}"] for area in areas]
    if all(area.reports is None for area in areas):  # a column of nothing but “held back”
        columns.pop(1)
        for row in rows:
            row.pop(1)
    table(
        page,
        f"{name}_table",
        columns,
        rows,
        tr("and {} more places, in the tables of this pack"),
        like_rows,
    )
