# SPDX-License-Identifier: GPL-2.0-or-later
"""What a briefing says: every sentence from the same figures.

Reports are pins, mentions are ticked reasons; each figure says which it is. A percentage is given
only where its base is large enough for one report more or less not to change the message. A count
that is held back is said to be, and nothing that would give it away.
"""

from __future__ import annotations

from collections.abc import Sequence

from streetsafe_plugin.domain.briefing_method import MORE_THAN_ONE, HeatInWords, method
from streetsafe_plugin.domain.briefing_words import (
    FEW,
    SMALLEST_BASE,
    counted,
    day,
    figure,
    month,
    months,
    most_frequent,
    nice_step,
    share,
    why_held,
)
from streetsafe_plugin.domain.pack import Count, Park, Whole

#: All that pages say is asked for here.
__all__ = [
    "FEW",
    "LEFT_OUT",
    "MORE_THAN_ONE",
    "SMALLEST_BASE",
    "HeatInWords",
    "accounting",
    "circles",
    "counted",
    "day",
    "figure",
    "headline",
    "method",
    "months",
    "most_frequent",
    "nice_step",
    "park_sentences",
    "period",
    "share",
    "why_held",
]

#: Why a report is not among the figures, after a number.
LEFT_OUT = {
    "no_geometry": "without a place",
    "not_finite": "with an unusable place",
    "not_transformable": "with an unusable place",
    "no_date": "without a date",
    "outside_dates": "outside the dates",
    "outside_area": "outside the area",
}


def period(whole: Whole) -> str:
    """Return the dates covered, e.g. “2 September 2021 to 31 October 2022”."""
    if whole.first is None or whole.last is None:
        return "no dates given"
    said = month if whole.to_the_month else day
    first, last = said(whole.first), said(whole.last)
    return first if first == last else f"{first} to {last}"


def accounting(whole: Whole) -> str:
    """Return the sentence that says where every report went."""
    of = (
        "Of the reports counted"
        if whole.read is None
        else f"Of {counted(whole.read, 'report')} read"
    )
    left = "".join(
        f", {number:,} {LEFT_OUT.get(reason, reason)}"
        for reason, number in whole.excluded.items()
        if number
    )
    places = (whole.inside, whole.in_rings, whole.outside)
    inside, in_rings, outside = ("(held back)" if one is None else f"{one:,}" for one in places)
    return (
        f"{of}, {inside} lie inside a park, {in_rings} in a ring around one,"
        f" {outside} further away{left}. Each is counted once."
    )


def headline(whole: Whole) -> str:
    """Return the overview's first sentence."""
    if whole.used == 0:
        return "There is no report to count."
    if whole.used is None:
        start = f"Reports of {period(whole)}, their number held back"
    else:
        start = f"{counted(whole.used, 'report').capitalize()} ({period(whole)})"
    ticked = ""
    if whole.mentions is not None and whole.tells_reasons:
        ticked = f", in which {counted(whole.mentions, 'reason')} were ticked"
    carry = "carries" if whole.undated == 1 else "carry"
    some_undated = whole.undated and whole.first is not None
    undated = f" {counted(whole.undated or 0, 'report')} {carry} no date." if some_undated else ""
    return f"{start}{ticked}.{undated}"


def park_sentences(park: Park, whole: Whole, threshold: int = 0) -> list[str]:
    """Return what a park's page says, bound to the park's figures.

    `threshold` is below which number counts are held back, 0 where none are.
    """
    reach = f"{park.reach_m:g} m"
    sentences = [_how_many(park, whole, threshold)]
    if park.zones[0].area_ha <= 0:
        sentences.append(
            "No ground of the park itself was counted: it lies outside the area, or other parks"
            " cover it."
        )
    if park.within is not None and 0 < park.within < FEW:
        sentences.append(
            f"Fewer than {FEW} reports: one person more or less changes the picture, so nothing"
            " can be said of a pattern."
        )
    elif park.reasons:
        sentences.append(_most_ticked(park))
    lacking = _held_parts(park, whole) if threshold else []
    if lacking:
        sentences.append(
            f"{' and '.join(lacking).capitalize()} are held back here: too few reports, or to"
            " protect a small number."
        )
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


def _held_parts(park: Park, whole: Whole) -> list[str]:
    """Return which parts of a park's page a pack that leaves does without."""
    reasons = whole.tells_reasons and not park.reasons
    months = whole.first is not None and park.trend is None
    return [*(["reasons"] if reasons else []), *(["numbers by time"] if months else [])]


def _how_many(park: Park, whole: Whole, threshold: int) -> str:
    around = f"with the rings up to {park.reach_m:g} m around it"
    if not park.zones_told:
        within = f"inside the park and up to {park.reach_m:g} m around it"
        if park.within is None:
            return f"How many reports lie {within} is {why_held(threshold)}."
        verb = "lies" if park.within == 1 else "lie"
        number = counted(park.within, "report").capitalize()
        return f"{number} {verb} {within}{_of_all(park.within, whole.used)}."
    if park.inside is None:
        held = f"How many reports lie inside the park is {why_held(threshold)}"
        if park.within is None:
            return f"{held}; so is how many there are {around}."
        return f"{held}; {around}, there are {park.within:,}{_of_all(park.within, whole.used)}."
    verb = "lies" if park.inside == 1 else "lie"
    inside = f"{counted(park.inside, 'report').capitalize()} {verb} inside the park"
    if park.within is None:
        return f"{inside}; how many there are {around} is {why_held(threshold)}."
    return f"{inside}; {around}, {park.within:,}{_of_all(park.within, whole.used)}."


def _of_all(part: int, everything: Count) -> str:
    if not everything:
        return ""
    said = share(part, everything)
    return f" of {everything:,} in all" if said is None else f", {said} of all {everything:,}"


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
