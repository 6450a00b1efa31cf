# SPDX-License-Identifier: GPL-2.0-or-later
"""A park's page: its map, its zones, why people felt unsafe there, and when."""

from __future__ import annotations

from qgis.core import QgsRectangle

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.pack import Audience, Count, Pack, Park, Zone
from streetsafe_plugin.gis.pages.charts import reasons_chart, trend_chart
from streetsafe_plugin.gis.pages.furniture import Head, figure_notes, number_of_reports, tiles
from streetsafe_plugin.gis.pages.maps import BriefingLayers, show_map, shows_heat
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.tables import Column, table
from streetsafe_plugin.gis.pages.titles import reasons_title, trend_title
from streetsafe_plugin.i18n import tr


def park_page(page: Page, pack: Pack, park: Park, layers: BriefingLayers) -> Head:
    """Fill a park's page and return what stands at its head and foot."""
    reach_of_it = _reach(park)
    shown = show_map(page, "park", reach_of_it, layers)
    notes = figure_notes(pack, park.trend if page.has("trend_chart") else None)
    reach = tr("inside and within {:g} m").format(park.reach_m)
    figures: list[tuple[Count, str]] = [(park.within, reach)]
    if park.zones_told:
        inside = tr("report inside") if park.inside == 1 else tr("reports inside")
        figures.insert(0, (park.inside, inside))
    if park.crimes is not None:
        figures.append((park.crimes, tr("recorded crimes, for context")))
    tiles(page, figures if page.has("tile_3") else figures[:2])
    sentences = briefing.park_sentences(park, pack.whole, pack.threshold)
    if pack.audience is Audience.PUBLIC and not shows_heat(layers, "park", shown):
        sentences.append(_why_nothing_is_drawn(layers))
    page.tell("sentences", sentences)
    page.say("headline", " ".join(sentences[:2]))
    _zones_table(page, pack, park)
    page.say("reasons_title", reasons_title(park.reasons, reach))
    reasons_chart(page, "reasons_chart", park.reasons)
    if park.trend is None or not park.trend.steps:
        page.move("change", to="trend_title")
    page.say("trend_title", trend_title(park.trend, reach))
    page.say("change", park.change.sentence if park.change else "")
    trend_chart(page, "trend_chart", park.trend)
    where = [park.district] if park.district else []
    if park.indicative:
        where.append(tr("indicative circle, boundary not known"))
    n = (tr("n held back, of {1}") if park.within is None else tr("n = {0} of {1}")).format(
        briefing.figure(park.within), number_of_reports(pack)
    )
    return Head(f"{park.number}  {park.name}", tuple(where), n, notes)


def _why_nothing_is_drawn(layers: BriefingLayers) -> str:
    if not layers.has_heat("park"):
        return tr("The map shows the park alone: where people made reports is not published.")
    return tr(
        "Nothing is drawn around the park: too few reports lie close together to be shown without"
        " pointing at people. That does not mean that there are none."
    )


def _reach(park: Park) -> QgsRectangle:
    """Return the ground that the park's map must show: the park and all its rings."""
    extent = QgsRectangle()
    extent.setMinimal()
    for shape in park.zone_shapes:
        if not shape.is_empty:
            extent.combineExtentWith(QgsRectangle(*shape.bounds))
    return extent


def _zones_table(page: Page, pack: Pack, park: Park) -> None:
    """List the zones; without a number of mentions there is no column of them.

    Where every number is held back the sentences say so, and there is no table.
    """
    if not park.zones_told:
        page.clear("zones_table")
        return
    columns = [
        Column(tr("Zone"), 27, words=True),
        Column(tr("Hectares"), 15),
        Column(tr("Reports"), 14),
        Column(tr("Mentions"), 16),
        Column(tr("Reports/km²"), 20),
    ]
    rows = [
        [
            zone.label,
            f"{zone.area_ha:,.1f}",
            briefing.figure(zone.reports),
            briefing.figure(zone.mentions),
            _per_km2(zone),
        ]
        for zone in park.zones
    ]
    if all(zone.mentions is None for zone in park.zones):
        columns.pop(3)
        for row in rows:
            row.pop(3)
    table(page, "zones_table", columns, rows, tr("and {} more rings"))


def _per_km2(zone: Zone) -> str:
    if zone.reports is None:
        return briefing.figure(None)
    return "" if zone.per_km2 is None else f"{zone.per_km2:,.1f}"
