# SPDX-License-Identifier: GPL-2.0-or-later
"""The overview: the whole area, its figures, a table of the parks."""

from __future__ import annotations

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.pack import Pack
from streetsafe_plugin.gis.pages.charts import reasons_chart, trend_chart
from streetsafe_plugin.gis.pages.furniture import Frame, Head, figure_notes, tiles
from streetsafe_plugin.gis.pages.maps import BriefingLayers, show_map
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.tables import Column, table
from streetsafe_plugin.gis.pages.titles import reasons_title, trend_title
from streetsafe_plugin.i18n import tr


def overview(page: Page, frame: Frame, pack: Pack, layers: BriefingLayers) -> Head:
    """Fill the overview's page and return what stands at its head and foot."""
    whole, parks = pack.whole, pack.parks
    notes = figure_notes(pack, whole.trend if page.has("trend_chart") else None)
    shown = show_map(page, "overview", layers.extents["overview"], layers)
    headline = briefing.headline(whole)
    said = [headline, briefing.accounting(whole), briefing.circles(parks)]
    beyond = len(layers.places) - layers.reports_in(shown)
    if beyond:
        lie = tr("lies") if beyond == 1 else tr("lie")
        said.append(tr("{:,} of them {} beyond the edges of this map.").format(beyond, lie))
    change = whole.change.sentence if whole.change else ""
    if not page.has("change"):
        said.append(change)
    page.tell("summary", [text for text in said if text])
    page.say("headline", " ".join([headline, pack.enough]))
    page.say("enough", pack.enough)
    page.say("change", change)
    tiles(
        page,
        [
            (whole.used, tr("report") if whole.used == 1 else tr("reports")),
            (whole.inside, tr("inside the parks")),
            (whole.in_rings, tr("in rings around them")),
        ],
    )
    page.say("trend_title", trend_title(whole.trend))
    trend_chart(page, "trend_chart", whole.trend)
    page.say("reasons_title", reasons_title(whole.reasons, tr("all reports")))
    reasons_chart(page, "reasons_chart", whole.reasons)
    reach = f"{parks[0].reach_m:g}" if parks else ""
    columns = [
        Column(tr("Park"), 54, words=True),
        Column(tr("Inside"), 14),
        Column(tr("Within {} m").format(reach), 20),
    ]
    rows = [
        [
            f"{park.number}  {park.name}{' *' if park.indicative else ''}",
            briefing.figure(park.inside),
            briefing.figure(park.within),
        ]
        for park in parks
    ]
    if not any(park.zones_told for park in parks):
        columns.pop(1)
        for row in rows:
            row.pop(1)
    table(page, "parks_table", columns, rows, tr("and {} more, each on its own page"))
    return Head(frame.title, notes=notes)
