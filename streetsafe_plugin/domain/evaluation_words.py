# SPDX-License-Identifier: GPL-2.0-or-later
"""What the figures of an evaluation allow to be said, in sentences made from those figures.

What could have been found comes first, then what was counted, then the verdict; a percentage is
never given, since the counts of parks are too small to bear one.
"""

from __future__ import annotations

from streetsafe_plugin.domain.evaluation import Difference, Doubt, Ratios, Verdict
from streetsafe_plugin.domain.park_evaluation import Evaluation

#: Beyond these, a trend that both places share in proportion would pass for a change in one.
_MUCH_DENSER, _MUCH_SPARSER = 2.0, 0.5
PUBLICITY = "without the days on which reports of the whole area jumped, as publicity makes them"


def sentence(one: Evaluation, name: str, in_calm: Verdict | None = None) -> str:
    """Return all that can be said of one park, or of all together.

    `in_calm` is the verdict without days of publicity, None where there are no such days.
    """
    if one.difference is None:
        return f"{name}: cannot be told, because {one.why_not}."
    if one.empty:
        return f"{name}: no report before or after, so nothing can be told."
    parts = [
        f"{name}: {counts(one)}",
        detectable(one.detectable, one.treated[0]),
        change(one.difference, one.verdict, one.doubt),
        _but_for_publicity(one.verdict, in_calm),
        allowed_for(one.dispersion),
        moved(one.verdict, one.in_ring),
        caution(one.difference, one.ratios, one.control_density),
    ]
    return " ".join(part for part in parts if part)


def counts(one: Evaluation) -> str:
    """Return the sentence with the reports and how long they were counted."""
    days_before, days_after = one.days
    mean = " on average" if one.days_differ else ""
    noun = "report" if one.treated[0] == 1 else "reports"
    return (
        f"inside, {one.treated[0]:,} {noun} in {days_before:,.0f} days before and"
        f" {one.treated[1]:,} in {days_after:,.0f} days after{mean}, {one.ring[0]:,} and"
        f" {one.ring[1]:,} in the ring, {one.control[0]:,} and {one.control[1]:,} in the control"
        " area."
    )


def detectable(fall: float | None, before: float) -> str:
    """Return the sentence on what fall could have been found at all."""
    if fall is None:
        return "Even a fall to none would be missed more often than once in five."
    return (
        f"A fall by {fall:,.1f} reports or more, from {before:,.0f}, would be found at least four"
        " times out of five."
    )


def change(found: Difference, said: Verdict, doubt: Doubt) -> str:
    """Return the sentence with the difference, its interval and the verdict."""
    interval = f"95 % interval {interval_of(found)}"
    start = f"Set against the control area, reports changed by {signed(found.value)} ({interval})"
    if said is Verdict.FALL:
        return f"{start}: a fall."
    if said is Verdict.RISE:
        return f"{start}: a rise."
    unknown = "whether anything changed cannot be told."
    if found.low <= 0 <= found.high:
        return f"{start}: {unknown}"
    why = {
        Doubt.FEW_REPORTS: "with so few reports that interval is too short to rely on",
        Doubt.CLUSTERS: "reports come in clusters, which that interval does not know",
        Doubt.PROPORTION: "in proportion to the control area that may be no change",
    }[doubt]
    return f"{start}, but {why}: {unknown}"


def _but_for_publicity(said: Verdict, in_calm: Verdict | None) -> str:
    """Return that a change is none without days of publicity; empty where it stays one."""
    if said is Verdict.CANNOT_TELL or in_calm in (None, said):
        return ""
    return f"But not {PUBLICITY}: do not rely on it."


def allowed_for(dispersion: float) -> str:
    """Return the sentence on clustered reports; empty where they come as chance has it."""
    if dispersion <= 1:
        return ""
    return (
        f"From month to month reports vary {dispersion:.1f} times as much as chance would make"
        " them, which the verdict allows for."
    )


def signed(value: float) -> str:
    """Return a change to one decimal with its sign; no sign where that is nought."""
    rounded = round(value, 1)
    return f"{rounded:+,.1f}" if rounded else "0.0"


def interval_of(found: Difference) -> str:
    """Return the ends of an interval to one decimal."""
    # adding 0 turns a rounded -0.0 into 0.0
    return f"{round(found.low, 1) + 0:,.1f} to {round(found.high, 1) + 0:,.1f}"


def moved(said: Verdict, in_ring: Verdict) -> str:
    """Return the sentence on displacement; empty where nothing fell that could have moved."""
    if said is not Verdict.FALL:
        return ""
    return {
        Verdict.RISE: "In the ring reports rose, so part of it may have moved there.",
        Verdict.FALL: "In the ring reports fell as well.",
        Verdict.CANNOT_TELL: "Whether anything moved into the ring cannot be told.",
    }[in_ring]


def caution(found: Difference, older: Ratios | None, control_density: float | None) -> str:
    """Return what stands against taking the control area at its word; empty if nothing does."""
    said = []
    if control_density is not None and not _MUCH_SPARSER <= control_density <= _MUCH_DENSER:
        compared = (
            f"{control_density:.2g} times as many reports on the same ground"
            if control_density
            else "no report at all"
        )
        said.append(
            f"Beforehand the control area had {compared}, so a trend shared by both may look like a"
            " change here."
        )
    # as they are shown: what rounds to nought points nowhere
    total = round(older.total_net_effect or 0.0, 1) if older else 0.0
    if total * round(found.value, 1) > 0:
        said.append(
            "In proportion to the control area the change points the other way"
            f" (total net effect {signed(total)}, where a fall is positive)."
        )
    return " ".join(said)
