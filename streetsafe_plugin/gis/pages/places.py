# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of places: the hot spot map, and the fix list with who can mend what."""

from __future__ import annotations

from streetsafe_plugin.domain.pack import Audience, Count, Fix, Pack
from streetsafe_plugin.gis.pages.furniture import Head, figure_notes, tiles
from streetsafe_plugin.gis.pages.maps import BriefingLayers, show_map
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.tables import Column, table
from streetsafe_plugin.i18n import tr

#: From here on distances are told in kilometres.
_FAR_M = 2_000.0


def places_page(page: Page, pack: Pack, layers: BriefingLayers) -> Head:
    """Fill the page of hot spots and fixes, either of which may be missing; return its head."""
    hot, fixes = pack.hot_spots, pack.fixes
    if not fixes:
        page.give_room(
            "fixes_title",
            "fixes_table",
            to=("map", "inset"),
            below=("scale_bar", "inset_scale_bar", "legend", "sentences"),
        )
    show_map(page, "places", layers.extents["places"], layers)
    sentences = [*(hot.sentences if hot else ()), *pack.fix_sentences]
    if hot and any(cell.level.startswith("hot") for cell in hot.cells):
        what_hot_means = tr(
            "A cell is hot where it and its neighbours hold more reports than chance would gather"
            " there; {}."
        )
        internal = pack.audience is Audience.INTERNAL
        how_sure = (
            tr("99 %, 95 % and 90 % say how sure that is")
            if internal
            else tr("shown are those of which that is at least 95 % sure")
        )
        sentences.insert(0, what_hot_means.format(how_sure))
    page.tell("sentences", sentences)
    page.say("headline", " ".join(sentences[:2]))
    figures: list[tuple[Count, str]] = []
    if hot:
        cells = sum(cell.level.startswith("hot") for cell in hot.cells)
        figures.append((cells, tr("hot cells of {:g} m").format(hot.cell_m)))
    if fixes:
        figures.append((len(fixes), tr("places on the fix list")))
        figures.append((fixes[0].reports, tr("reports at the first of them")))
    tiles(page, figures)
    page.say("fixes_title", tr("Fix list: what to mend first, and who can") if fixes else "")
    table(
        page,
        "fixes_table",
        [
            Column(tr("Rank"), 13, words=True),
            Column(tr("Reason"), 47, words=True),
            Column(tr("Who can mend it"), 77, words=True),
            Column(tr("Grid reference"), 30, words=True),
            Column(tr("Nearest park"), 60, words=True),
            Column(tr("Reports"), 18),
        ],
        [
            [
                f"{fix.rank}",
                fix.reason,
                fix.owner,
                fix.grid_ref,
                _nearest(fix),
                f"{fix.reports:,}",
            ]
            for fix in fixes
        ],
        tr("and {} more places, in the tables of this pack"),
    )
    return Head(_heading(pack), notes=figure_notes(pack))


def _heading(pack: Pack) -> str:
    if pack.hot_spots is None:
        return tr("Fix list")
    return tr("Hot spots and fix list") if pack.fixes else tr("Hot spots")


def _nearest(fix: Fix) -> str:
    if not fix.nearest_park or fix.nearest_park_m is None:
        return fix.nearest_park
    if fix.nearest_park_m <= 0:
        return tr("{}, inside").format(fix.nearest_park)
    if fix.nearest_park_m >= _FAR_M:
        return tr("{}, {:.1f} km").format(fix.nearest_park, fix.nearest_park_m / 1000)
    return tr("{}, {:,.0f} m").format(fix.nearest_park, fix.nearest_park_m)
