# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on every page: marking, title, dates and numbers, sources, how it was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qgis.core import QgsLayoutItemMap

from streetsafe_plugin.domain import briefing
from streetsafe_plugin.domain.pack import Audience, Count, Pack, Trend
from streetsafe_plugin.gis.pages.charts import HELD
from streetsafe_plugin.gis.pages.page import Page
from streetsafe_plugin.i18n import tr


@dataclass(frozen=True)
class Frame:
    """What stands on every page: marking, handling line, title, sources, how it was made."""

    title: str
    marking: str
    handling: str
    author: str
    attribution: str
    made: str
    operation: str


@dataclass(frozen=True)
class Head:
    """What a page says of itself: its heading, what follows the dates, and its footnotes."""

    heading: str
    where: tuple[str, ...] = ()
    n: str = ""
    notes: tuple[str, ...] = ()


def furnish(page: Page, frame: Frame, pack: Pack, head: Head, pages: int) -> None:
    """Fill the slots that every page has."""
    for name in ("marking_top", "marking_bottom"):
        page.say(name, frame.marking.upper())
    page.say("title", head.heading)
    page.say("briefing_title", "" if head.heading == frame.title else frame.title)
    n = head.n or tr("n = {}").format(number_of_reports(pack))
    page.say("subtitle", "  ·  ".join([*head.where, briefing.period(pack.whole), n]))
    page.say("audience", said_audience(pack.audience))
    page.say("note", " ".join([*head.notes, *_of_the_grid(page)]))
    page.say("handling", frame.handling)
    page.say("attribution", frame.attribution)
    page.say("operation", frame.operation)
    page.say("made", frame.made)
    page.say("page", tr("Page {} of {}").format(page.number + 1, pages))


def _of_the_grid(page: Page) -> list[str]:
    """Return what the figures at a map's edge are, nothing for a page without a grid."""
    shown = page.item("map", QgsLayoutItemMap)
    if shown is None or not shown.grids().size():
        return []
    return [tr("Map grid: {}, kilometres.").format(shown.crs().description().split(" / ")[-1])]


def said_audience(audience: Audience) -> str:
    """Return for whom a pack is, as its pages say it."""
    return {
        Audience.INTERNAL: tr("Internal"),
        Audience.PARTNER: tr("For partners"),
        Audience.PUBLIC: tr("For the public"),
    }[audience]


def number_of_reports(pack: Pack) -> str:
    """Return how many reports a pack counts, in figures even where there are none."""
    return (
        briefing.counted(pack.whole.used, tr("report")) if pack.whole.used != 0 else tr("0 reports")
    )


def figure_notes(pack: Pack, trend: Trend | None = None) -> tuple[str, ...]:
    """Return a page's footnotes: what mentions are, and the signs of its trend chart."""
    notes = [briefing.MORE_THAN_ONE] if pack.whole.tells_reasons else []
    steps = trend.steps if trend else ()
    if any(step.reports is None for step in steps):
        notes.append(tr("{} in the chart: {}.").format(HELD, briefing.why_held(pack.threshold)))
    if trend and any(step.reports and not step.covered for step in steps):
        notes.append(tr("Hatched: the reports cover only part of this {}.").format(trend.unit))
    return tuple(notes)


def tiles(page: Page, figures: Iterable[tuple[Count, str]]) -> None:
    """Fill the page's main figures, each with what it counts; tiles left over go."""
    last = 0
    for last, (count, meaning) in enumerate(figures, start=1):
        page.say(f"figure_{last}", briefing.figure(count))
        page.say(f"meaning_{last}", meaning)
    while page.has(f"tile_{last + 1}") or page.has(f"figure_{last + 1}"):
        last += 1
        page.clear(f"tile_{last}", f"figure_{last}", f"meaning_{last}")
