# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be said of a change, made from its record; no fall and no rise unless it is clear."""

from __future__ import annotations

from streetsafe_plugin.domain.briefing_pack.material import RING_M
from streetsafe_plugin.domain.briefing_words import day
from streetsafe_plugin.domain.evaluation import Z_95, Difference, Doubt, Verdict
from streetsafe_plugin.domain.evaluation_words import (
    PUBLICITY,
    caution,
    interval_of,
    moved,
    signed,
)
from streetsafe_plugin.domain.pack import Change

NO_EVALUATION = "This compares periods and is no evaluation of any measure."
MEASURES_ASIDE = (
    "Parks for which a measure has a date are counted in here over the same months as all others."
)
_A_YEAR = 12
_WHY = {
    Doubt.FEW_REPORTS: "so few reports do not bear it out",
    Doubt.CLUSTERS: "reports come in clusters, which that interval does not know",
    Doubt.PROPORTION: "in proportion to the control area it may be none",
}


def sentence(change: Change) -> str:
    """Return all that can be said of a change."""
    if change.why_not:
        return f"Whether reports changed cannot be told: {change.why_not}."
    said = [_counts(change), _verdict(change), *_cautions(change)]
    return " ".join(part for part in said if part)


def in_short(change: Change) -> str:
    """Return the verdict in a word or two, without any number."""
    if change.verdict is Verdict.FALL:
        return "fall"
    if change.verdict is Verdict.RISE:
        return "rise"
    return "cannot be told" if change.why_not or _nothing_there(change) else "no clear change"


def without_counts(change: Change) -> str:
    """Return what can be said of a change where its numbers are held back."""
    if change.why_not:
        return sentence(change)
    found = {Verdict.FALL: "reports fell", Verdict.RISE: "reports rose"}.get(change.verdict)
    said = f"Set against the control area, {found}." if found else "There is no clear change."
    return " ".join([said, *_of_the_periods(change)])


def _counts(change: Change) -> str:
    if change.counts is None:
        return ""
    (before, after), in_ring, in_control = change.counts
    return (
        f"Inside, {before:,} {_noun(before)} in {_period(change, 0)} and {after:,} in"
        f" {_period(change, 1)}; {in_ring[0]:,} and {in_ring[1]:,} in the ring of {RING_M:g} m,"
        f" {in_control[0]:,} and {in_control[1]:,} in the control area."
    )


def _nothing_there(change: Change) -> bool:
    return change.counts is not None and not any(sum(pair) for pair in change.counts)


def _noun(reports: int) -> str:
    return "report" if reports == 1 else "reports"


def _period(change: Change, which: int) -> str:
    """Return a period in words: the one before (0) or the one after (1)."""
    span = (change.before, change.after)[which]
    dates = "" if span is None else f" ({day(span[0])} to {day(span[1])})"
    if change.months is not None:
        later = "the last" if which else "the"
        number = "month" if change.months == 1 else f"{change.months} months"
        return f"{later} {number}{dates}" if which else f"the {number} before{dates}"
    days = 0.0 if change.days is None else change.days[which]
    mean = "" if span else " on average"
    when = "with a measure in place" if which else "before the measures"
    return f"{days:,.0f} days{mean} {when}{dates}"


def _verdict(change: Change) -> str:
    if _nothing_there(change):
        return "Without any report nothing can be told."
    found = _difference(change)
    if found is None:
        return ""
    start = (
        f"Set against the control area, the difference is {signed(found.value)} reports"
        f" (95 % interval {interval_of(found)})"
    )
    if change.verdict is not Verdict.CANNOT_TELL:
        return f"{start}: a {in_short(change)}."
    if change.publicity:
        return f"{start}, but not {PUBLICITY}: no clear change."
    why = _WHY.get(change.doubt)
    if why is None or round(found.low, 1) <= 0 <= round(found.high, 1):
        return f"{start}: no clear change."
    return f"{start}, but {why}: no clear change."


def _cautions(change: Change) -> list[str]:
    found = _difference(change)
    if change.verdict is Verdict.CANNOT_TELL or found is None:
        return _of_the_periods(change)
    return [
        moved(change.verdict, change.in_ring),
        caution(found, None, change.control_density),
        *_of_the_periods(change),
    ]


def _difference(change: Change) -> Difference | None:
    if change.value is None or change.low is None or change.high is None:
        return None
    error = (change.high - change.low) / (2 * Z_95)
    return Difference(change.value, error, None, change.low, change.high)


def _of_the_periods(change: Change) -> list[str]:
    """Return what stands against taking a comparison of months for more than it is."""
    said = [] if change.months is None else [NO_EVALUATION]
    if change.months is not None and change.months < _A_YEAR:
        said.append("The periods are of different seasons.")
    if change.sets_measures_aside:
        said.append(MEASURES_ASIDE)
    return said
