# SPDX-License-Identifier: GPL-2.0-or-later
"""A briefing as a print layout: its pages in order, made from a template and one record of figures.

What a page says is in `gis/pages/`, a room for each kind of page. Slides are laid out by the same
rooms from a template of their own, which has fewer slots and no page of method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import QgsPrintLayout, QgsProject

from streetsafe_plugin.domain.briefing import HeatInWords
from streetsafe_plugin.domain.pack import Pack
from streetsafe_plugin.domain.progress import Tick, no_tick
from streetsafe_plugin.gis.pages.furniture import Frame, Head, furnish
from streetsafe_plugin.gis.pages.gap import gap_page
from streetsafe_plugin.gis.pages.maps import BriefingLayers
from streetsafe_plugin.gis.pages.method import method_pages, method_paragraphs
from streetsafe_plugin.gis.pages.overview import overview
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.gis.pages.park import park_page
from streetsafe_plugin.gis.pages.places import places_page
from streetsafe_plugin.gis.pages.template import Template
from streetsafe_plugin.gis.text_gate import label
from streetsafe_plugin.i18n import tr

#: Longer lists of missing ids are cut short.
_MOST_NAMED = 8

__all__ = ["BriefingLayers", "Frame", "Laid", "LaidPage", "briefing_layout"]


@dataclass(frozen=True)
class LaidPage:
    """A page of a layout: its kind, and its name for files."""

    kind: str
    name: str


@dataclass(frozen=True)
class Laid:
    """A layout with its pages in order, and what the template could not give.

    `missing` are the ids of the shipped template that this one lacks, `left_out` the kinds of
    page for which there was something to say and no page in the template.
    """

    layout: QgsPrintLayout
    pages: tuple[LaidPage, ...]
    missing: tuple[str, ...]
    left_out: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Return what the user should know of the template, nothing if it has all."""
        said = []
        if self.missing:
            shown = ", ".join(self.missing[:_MOST_NAMED])
            more = len(self.missing) - _MOST_NAMED
            others = tr(" and {} more").format(more) if more > 0 else ""
            said.append(tr("The template lacks {}{}, so pages do without.").format(shown, others))
        if self.left_out:
            said.append(
                tr("The template has no page for {}, so there is none.").format(
                    ", ".join(self.left_out)
                )
            )
        return said


def briefing_layout(
    project: QgsProject,
    template: Template,
    frame: Frame,
    pack: Pack,
    layers: BriefingLayers,
    heat: HeatInWords | None,
    how_made: Sequence[str],
    tick: Tick = no_tick,
    name: str = "",
) -> Laid:
    """Lay out a briefing, or its slides, on the pages of a template.

    Args:
        project: the project that holds the layers.
        template: the template.
        frame: what stands on every page.
        pack: the figures.
        layers: what the maps draw.
        heat: words on the heat map, if there is one.
        how_made: the lines of provenance that the last pages print.
        tick: progress.
        name: the layout's name, the title's if empty.
    """
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(label(name or frame.title))
    wanted = _wanted(pack)
    filled: list[tuple[Page, Head]] = []
    parks = iter(pack.parks)
    to_fill = [one for one in wanted if one.kind in template.prototypes]
    for number, one in enumerate(to_fill):
        tick(number / len(to_fill))
        page = Page(layout, number, template.prototypes[one.kind], template)
        if one.kind == "overview":
            head = overview(page, frame, pack, layers)
        elif one.kind == "park":
            head = park_page(page, pack, next(parks), layers)
        elif one.kind == "places":
            head = places_page(page, pack, layers)
        else:
            head = gap_page(page, pack, layers)
        filled.append((page, head))
    if "method" in template.prototypes:
        paragraphs = method_paragraphs(frame, pack, heat, how_made)
        prototype = template.prototypes["method"]
        head = Head(tr("Method, caveats and sources"))
        more = method_pages(layout, len(filled), prototype, template, paragraphs)
        filled += [(page, head) for page in more]
    for page, head in filled:
        furnish(page, frame, pack, head, len(filled))
    laid = [*to_fill, *[LaidPage("method", tr("method"))] * (len(filled) - len(to_fill))]
    left_out = [one.kind for one in wanted if one not in to_fill]
    if "method" not in template.prototypes and "method.column_1" in template.missing:
        left_out.append("method")
    return Laid(layout, tuple(laid), template.missing, tuple(dict.fromkeys(left_out)))


def _wanted(pack: Pack) -> list[LaidPage]:
    """Return the pages for which there are figures, in order; those of the method aside."""
    wanted = [LaidPage("overview", tr("overview"))]
    wanted += [LaidPage("park", park.name) for park in pack.parks]
    if pack.hot_spots is not None or pack.fixes:
        wanted.append(LaidPage("places", tr("hot-spots-and-fixes")))
    if pack.fear_and_crime is not None:
        wanted.append(LaidPage("gap", tr("fear-and-crime")))
    return wanted
