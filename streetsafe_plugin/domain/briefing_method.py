# SPDX-License-Identifier: GPL-2.0-or-later
"""How the figures of a briefing came about and what they cannot say."""

from __future__ import annotations

from dataclasses import dataclass

from streetsafe_plugin.domain.briefing_pack.fixes import DISTANCE_M, FEWEST
from streetsafe_plugin.domain.briefing_pack.material import RING_M
from streetsafe_plugin.domain.pack import Pack, Whole

MORE_THAN_ONE = "More than one reason could be ticked, so mentions add up to more than reports."

#: A section of the method: its heading and its text.
Section = tuple[str, str]


@dataclass(frozen=True)
class HeatInWords:
    """What a page says of a heat map: how reports were spread, and whether there is a pattern.

    `adds_up` if its volume is the number of reports, which a map without the small is not.
    """

    spread: str
    pattern: str = ""
    adds_up: bool = True


def method(whole: Whole, heat: HeatInWords | None, pack: Pack | None = None) -> list[Section]:
    """Return the method and the caveats as (heading, text).

    `heat` describes a heat map, if any; with a `pack` its further parts are explained as well.
    """
    return [
        _counting(whole),
        (
            "How parks and rings are measured",
            "The park itself includes its edge. Each ring reaches to the stated"
            " distance from the park's edge, measured from the edge and not from the centre, that"
            " distance included. A report belongs to the park whose edge is nearest; where"
            " parks overlap or are equally near, to the smaller one, and of parks of the same size"
            " to the one whose park_id comes first. Each report is counted once. Areas are true"
            " areas; other parks are cut out of a ring.",
        ),
        *_heat(heat),
        *([] if pack is None else _parts(pack)),
        (
            "What these figures cannot say",
            "StreetSafe reports are perceptions given by people who chose to give them: they are"
            " neither crimes nor a sample of the public. Numbers follow publicity. The time is"
            " when the report was sent, not when somebody felt unsafe. Nobody can tell from them"
            " how many people use a park. Small numbers change by chance.",
        ),
    ]


def _counting(whole: Whole) -> Section:
    if not whole.tells_reasons:
        return (
            "What is counted",
            "A report is one point of the layer. The layer says nothing of reasons, or not of all,"
            " so there are no mentions.",
        )
    return (
        "What is counted",
        "A report is one pin placed on the StreetSafe map by a member of the public. A mention"
        " is one reason ticked in a report; a report may have several or none. The two are"
        f" counted separately. {MORE_THAN_ONE}",
    )


def _heat(heat: HeatInWords | None) -> list[Section]:
    if heat is None:
        return []
    volume = " The volume under the surface equals the number of reports." if heat.adds_up else ""
    return [
        (
            "What the heat map shows",
            f"Reports per square kilometre around each place, {heat.spread}.{volume} Where reports"
            f" are few it shows where those few pins lie, not a pattern. {heat.pattern}".strip(),
        )
    ]


def _parts(pack: Pack) -> list[Section]:
    """Return what explains the parts that a pack has."""
    sections: list[Section] = []
    if pack.whole.change is not None:
        sections.append(
            (
                "How change is judged",
                "Reports in each park and in the ring of"
                f" {RING_M:g} m around it are held against those in the band as wide again beyond,"
                " scaled to the same ground and time (weighted displacement difference, Wheeler"
                " and Ratcliffe 2018). It is called a fall or a rise only where the 95 % interval"
                " leaves out zero and that does not hang on a report or two. Of many parks judged"
                " at once about one in twenty will seem to change by chance.",
            )
        )
    if pack.hot_spots is not None:
        sections.append(
            (
                "What the hot spots show",
                f"Hexagons {pack.hot_spots.cell_m:g} m across, each tested with its six neighbours"
                " against all others (Getis and Ord's G*), the tests corrected for their number"
                " (false discovery rate). Of maps of points strewn by chance at most one in twenty"
                " shows a cell hot at 95 %.",
            )
        )
    if pack.fixes:
        sections.append(
            (
                "How the fix list is made",
                f"Reports with the same reason within {DISTANCE_M:g} m of one of them are a place,"
                f" if they are {max(FEWEST, pack.threshold)} or more. One person may have made"
                " several reports: look before you send anyone.",
            )
        )
    if pack.fear_and_crime is not None:
        sections.append(
            (
                "How fear and crime are compared",
                "Each place's share of all reports is held against its share of all recorded crime"
                " by an exact test, corrected for the number of places. Reports come from those"
                " who know of the service, recorded crime from what reaches the police: neither is"
                " the truth about the other.",
            )
        )
    if pack.held:
        sections.append(("What is held back", " ".join(pack.held)))
    return sections
