# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing says: every sentence and table from the same figures.

Reports are pins, mentions are ticked reasons; each figure says which it is. A percentage is given
only where its base is large enough for one report more or less not to change the message.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streetsafe_plugin.domain.pack import Park, Whole

#: Below this many reports a share is given as counts only.
SMALLEST_BASE = 50
#: A figure built on fewer reports than this gets a word of caution.
FEW = 10

#: Why a report is not among the figures, after a number.
_LEFT_OUT = {
    "no_geometry": "without a place",
    "not_finite": "with an unusable place",
    "not_transformable": "with an unusable place",
    "outside_area": "outside the area",
}

MORE_THAN_ONE = "More than one reason could be ticked, so mentions add up to more than reports."


def period(whole: Whole) -> str:
    """Return the dates covered, e.g. “2 September 2021 to 31 October 2022”."""
    if whole.first is None or whole.last is None:
        return "no dates given"
    said = _month_of if whole.to_the_month else day
    first, last = said(whole.first), said(whole.last)
    return first if first == last else f"{first} to {last}"


def day(date: datetime.date) -> str:
    """Return a date in words, e.g. “2 September 2021”."""
    return f"{date.day} {date:%B %Y}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, e.g. “1 report”, “2,014 reports”, “no reports”."""
    if number == 0:
        return f"no {noun}s"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def share(part: int, base: int) -> str | None:
    """Return a share in per cent, or None where there is nothing to share or too small a base."""
    return f"{100 * part / base:.1f}%" if part and base >= SMALLEST_BASE else None


def accounting(whole: Whole) -> str:
    """Return the sentence that says where every report went."""
    left = "".join(
        f", {number:,} {_LEFT_OUT.get(reason, reason)}"
        for reason, number in whole.excluded.items()
        if number
    )
    return (
        f"Of {counted(whole.read, 'report')} read, {whole.inside:,} lie inside a park,"
        f" {whole.in_rings:,} in a ring around one, {whole.outside:,} further away{left}."
        " Each is counted once."
    )


def headline(whole: Whole) -> str:
    """Return the overview's first sentence."""
    ticked = (
        f", in which {counted(whole.mentions, 'reason')} were ticked"
        if whole.mentions is not None
        else ""
    )
    carry = "carries" if whole.undated == 1 else "carry"
    some_undated = whole.undated and whole.first is not None
    undated = f" {counted(whole.undated, 'report')} {carry} no date." if some_undated else ""
    return f"{counted(whole.used, 'report').capitalize()} ({period(whole)}){ticked}.{undated}"


def park_sentences(park: Park, whole: Whole) -> list[str]:
    """Return what a park's page says, bound to the park's figures."""
    reach = f"{park.reach_m:g} m"
    verb = "lies" if park.inside == 1 else "lie"
    part = share(park.within, whole.used)
    of_all = f", {part} of all {whole.used:,}" if part is not None else f" of {whole.used:,} in all"
    sentences = [
        f"{counted(park.inside, 'report').capitalize()} {verb} inside the park;"
        f" with the rings up to {reach} around it, {park.within:,}{of_all}."
    ]
    if 0 < park.within < FEW:
        sentences.append(
            f"Fewer than {FEW} reports: one person more or less changes the picture, so nothing"
            " can be said of a pattern."
        )
    elif park.reasons:
        sentences.append(_most_ticked(park))
    if park.crimes is not None:
        have = "has its" if park.crimes == 1 else "have their"
        sentences.append(
            f"{counted(park.crimes, 'recorded crime').capitalize()} ({whole.crime_period}) {have}"
            f" published point in the park or within {reach}; published points are moved to shared"
            " map points, so this is context, not a count for the park."
        )
    if park.indicative:
        sentences.append(
            "The park's boundary is not known here: a circle of its known area about its"
            " approximate place stands for it, and every figure on this page is indicative."
        )
    return sentences


def _most_ticked(park: Park) -> str:
    label, mentions = park.reasons[0]
    level = [name for name, count in park.reasons if count == mentions]
    if len(level) == 1:
        return f"Most often ticked: {label} ({counted(mentions, 'mention')})."
    times = f"{counted(mentions, 'mention')} each"
    return f"Most often ticked, equally: {', '.join(level)} ({times})."


def circles(parks: Sequence[Park]) -> str | None:
    """Return the overview's caution about parks that are drawn as circles, if there are any."""
    number = sum(park.indicative for park in parks)
    if not number:
        return None
    are = "is a circle" if number == 1 else "are circles"
    return (
        f"{counted(number, 'park')} (marked *) {are} of known area about an approximate place, not"
        " a boundary: such figures are indicative."
    )


def months(held: Iterable[datetime.date]) -> str:
    """Return the months covered, with the gaps, e.g. “June to October 2022, 1 month missing”."""
    found = sorted({(day.year, day.month) for day in held})
    if not found:
        return "no months given"
    (first_year, first), (last_year, last) = found[0], found[-1]
    span = (last_year - first_year) * 12 + last - first + 1
    if span == 1:
        return _month(first_year, first)
    start = f"{datetime.date(first_year, first, 1):%B}"
    if first_year != last_year:
        start = _month(first_year, first)
    text = f"{start} to {_month(last_year, last)}"
    missing = span - len(found)
    return f"{text}, {counted(missing, 'month')} missing" if missing else text


def _month_of(date: datetime.date) -> str:
    return _month(date.year, date.month)


def _month(year: int, month: int) -> str:
    return f"{datetime.date(year, month, 1):%B %Y}"


@dataclass(frozen=True)
class HeatInWords:
    """What a page says of a heat map: how reports were spread, and whether there is a pattern."""

    spread: str
    pattern: str = ""


def method(whole: Whole, heat: HeatInWords | None) -> list[tuple[str, str]]:
    """Return the method and the caveats as (heading, text); `heat` describes a heat map, if any."""
    sections = [
        (
            "What is counted",
            "A report is one pin placed on the StreetSafe map by a member of the public. A mention"
            " is one reason ticked in a report; a report may have several or none. The two are"
            f" counted separately. {MORE_THAN_ONE}",
        ),
        (
            "How parks and rings are measured",
            "Ring 0 is the park, its edge included. Each further ring reaches to the stated"
            " distance from the park's edge, measured from the edge and not from the centre, that"
            " distance included. A report belongs to the park whose edge is nearest; where"
            " parks overlap or are equally near, to the smaller one, and of parks of the same size"
            " to the one whose park_id comes first. Each report is counted once. Areas are true"
            " areas; other parks are cut out of a ring.",
        ),
        (
            "What these figures cannot say",
            "StreetSafe reports are perceptions given by people who chose to give them: they are"
            " neither crimes nor a sample of the public. Numbers follow publicity. The time is"
            " when the report was sent, not when somebody felt unsafe. Nobody can tell from them"
            " how many people use a park. Small numbers change by chance.",
        ),
    ]
    if heat is not None:
        sections.insert(
            2,
            (
                "What the heat map shows",
                f"Reports per square kilometre around each place, {heat.spread}. The volume under"
                " the surface equals the number of reports. Where reports are few it shows where"
                f" those few pins lie, not a pattern. {heat.pattern}".strip(),
            ),
        )
    if whole.mentions is None:
        sections[0] = (
            "What is counted",
            "A report is one point of the layer. The layer says nothing of reasons, so there are no"
            " mentions.",
        )
    return sections


def nice_step(span: float, parts: int) -> float:
    """Return the largest of 1, 2, 2.5 and 5 times a power of ten that fits `parts` in `span`."""
    raw = span / parts
    power = 10.0 ** math.floor(math.log10(raw))
    return max(factor * power for factor in (1, 2, 2.5, 5) if factor * power <= raw * (1 + 1e-9))


def most_frequent(labels: Sequence[str], mentions: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Return (label, mentions) with the most frequent first, none with zero; ties keep order."""
    pairs = [(label, count) for label, count in zip(labels, mentions) if count > 0]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))
