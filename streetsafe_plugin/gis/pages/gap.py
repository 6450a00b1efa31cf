# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of fear and recorded crime: where one is without the other."""

from __future__ import annotations

from collections.abc import Sequence

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.pack import Audience, Count, FearAndCrime, GapArea, Pack
from streetsafe_plugin.gis.pages.furniture import Head, figure_notes, tiles
from streetsafe_plugin.gis.pages.maps import BriefingLayers, show_map
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.tables import Column, table
from streetsafe_plugin.i18n import tr


def gap_page(page: Page, pack: Pack, layers: BriefingLayers) -> Head:
    """Fill the page of fear and recorded crime and return what stands at its head and foot."""
    gap = pack.fear_and_crime or FearAndCrime((), ())
    show_map(page, "gap", layers.extents["gap"], layers)
    cells = tr("Places are hexagons {:g} m across.").format(gap.cell_m)
    page.tell("sentences", [*gap.sentences, *([cells] if gap.areas else [])])
    page.say("headline", " ".join(gap.sentences[:2]))
    feared, crime = _of(gap, "feared_only"), _of(gap, "crime_only")
    public, internal = (pack.audience is one for one in (Audience.PUBLIC, Audience.INTERNAL))
    figures: list[tuple[Count, str]] = [
        (len(feared), tr("places feared more than crime explains")),
        (len(crime), tr("places less feared than crime explains")),
        (len(_of(gap, "both")), tr("places feared, with much crime")),
    ]
    if public:  # the public is shown feared places only, so there is none to count
        figures.pop(1)
    if not internal:
        figures = [(number, tr("shown: {}").format(what)) for number, what in figures]
    tiles(page, figures)
    if gap.areas:
        most = max(len(feared), len(crime))
        none = tr("no place") if internal else tr("no place that may be shown")
        _places(page, "feared", feared, tr("Feared more than recorded crime explains"), none, most)
        less_feared = tr("Recorded crime, but less feared than that explains")
        none = tr("held back from the public") if public else none
        _places(page, "crime", crime, less_feared, none, most)
    else:
        page.clear("feared_title", "feared_table", "crime_title", "crime_table")
    period = pack.whole.crime_period
    return Head(
        tr("Fear and recorded crime"),
        (tr("Recorded crime: {}").format(period),) if period else (),
        notes=figure_notes(pack),
    )


def _of(gap: FearAndCrime, gap_class: str) -> list[GapArea]:
    """Return the areas of a class, the one with most reports and crimes first.

    Where reports are not told, feared places come by name: crimes alone are no rank among them.
    """
    found = [area for area in gap.areas if area.gap_class == gap_class]
    if gap_class == "feared_only" and all(area.reports is None for area in found):
        return sorted(found, key=lambda area: area.name)
    first = (
        (lambda area: (-(area.reports or 0), -area.crimes, area.name))
        if gap_class == "feared_only"
        else (lambda area: (-area.crimes, -(area.reports or 0), area.name))
    )
    return sorted(found, key=first)


def _places(
    page: Page, name: str, areas: Sequence[GapArea], title: str, none: str, like_rows: int
) -> None:
    page.say(f"{name}_title", title if areas else f"{title}: {none}")
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
