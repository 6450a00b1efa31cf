# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test of clustering allows to be said, in sentences made from its figures."""

from __future__ import annotations

from streetsafe_plugin.domain.clustering import FEWEST, MOST_SIMULATED, Clustering, Verdict


def verdict_in_words(found: Clustering, noun: str) -> str:
    """Return the verdict on so many reports, crimes or points with the figures behind it."""
    if found.verdict is Verdict.TOO_FEW:
        return (
            f"Too few to tell whether they cluster: {found.count} {noun}. Below {FEWEST} even a"
            " strong cluster would often be missed."
        )
    figures = (
        f"to the nearest other it is {found.mean:,.0f} m on average, where chance would make it"
        f" {found.expected_corrected:,.0f} m ({p_in_words(found.p)})"
    )
    if found.verdict is Verdict.CLUSTERED:
        return f"The {found.count:,} {noun} lie closer together than by chance: {figures}."
    if found.verdict is Verdict.DISPERSED:
        return f"The {found.count:,} {noun} lie farther apart than by chance: {figures}."
    return (
        f"The {found.count:,} {noun} cannot be told from ones strewn by chance: {figures}. Do not"
        " read a pattern into their hot spots."
    )


def p_in_words(p: float | None) -> str:
    """Return P as it is printed."""
    if p is None:
        return "P not known"
    return "P < 0.001" if p < 0.001 else f"P = {p:.3f}"


def remarks(found: Clustering, noun: str, is_stated: bool) -> list[str]:
    """Return what else is to be known about the test: its ground, shared places, its working."""
    said = []
    if found.ground is not None:
        km2 = found.ground.area_m2 / 1e6
        how = "in the area given" if is_stated else "in the rectangle around them, a little widened"
        said.append(f"{found.count:,} {noun} {how}, {km2:,.2f} km².")
    if not is_stated:
        said.append(
            "Give the area they could have been in for a better answer: a rectangle holds ground"
            " where none could be, and that looks like clustering."
        )
    if found.outside:
        said.append(f"{found.outside:,} outside the area were left out.")
    if found.sharing:
        said.append(
            f"{found.sharing:,} share their place with another, at a distance of 0; places that"
            " were moved onto shared points, as published crimes are, cluster for that alone."
        )
    if found.runs:
        said.append(f"P is the rank among {found.runs} sets of places drawn by chance.")
    elif found.p is not None:
        said.append(
            f"More than {MOST_SIMULATED:,}, so P is from Donnelly's z and the normal curve, not"
            " from simulation."
        )
    return said
