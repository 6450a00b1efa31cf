# SPDX-License-Identifier: GPL-2.0-or-later
"""What a product says of the numbers that it does not show."""

from __future__ import annotations

from streetsafe_plugin.domain.pack import Audience, Pack

UNDATED_LEFT_OUT = "Reports without a date are not counted."


def held_sentences(
    pack: Pack, audience: Audience, threshold: int, round_to: int
) -> tuple[str, ...]:
    """Return what a pack says of what it holds back, left out and rounded.

    How many numbers are held back for which reason is not among it: where none is held back to
    protect another, every dash is a small number.
    """
    said = rule_in_words(threshold, round_to)
    if audience is Audience.PARTNER:
        said += (
            "Left out: mentions by zone, days, reports read and why some were not used, notes on"
            " parks. Places to mend are given by the 100 m square that holds them.",
        )
    else:
        said += (
            "Left out: zones of parks, places to mend, days, reports read and why some were not"
            " used, notes on parks, and every place with too few reports.",
        )
    if pack.whole.first is not None:
        said += (UNDATED_LEFT_OUT,)
    if any(park.trend for park in pack.parks) or pack.whole.trend:
        said += (
            "Trends are in months, quarters, half-years or years, by how many reports there are;"
            " one in which a step has too few, or would give such a number away, is left out.",
        )
    return said


def counts_held(
    threshold: int, round_to: int, small: int, further: int, already_out: int
) -> tuple[str, ...]:
    """Return how many numbers were held back and why, and whether the rest are rounded.

    It is for those who make a product and not for its readers, whom it would help to find them.
    """
    said = [
        f"{_numbers(small)} held back because fewer than {threshold} reports or mentions, or none,"
        " stand behind",
        f"{_numbers(further)} held back as well, so that these cannot be worked out from the rest"
        " or from products issued earlier. A dash does not tell which of the two it is.",
    ]
    said[0] += " it." if small == 1 else " them."
    if not small:
        said[0] = f"No number had to be held back for having fewer than {threshold} reports."
    if not further:
        said = said[:1]
    if round_to:
        said.append(_rounded(round_to))
    if already_out:
        # squares of earlier products are taken to lie where their reports do
        of_them = "number" if already_out == 1 else "numbers"
        said.append(
            f"{already_out:,} small {of_them} may follow from products issued earlier, whatever is"
            " held back here."
        )
    return tuple(said)


def rule_in_words(threshold: int, round_to: int) -> tuple[str, ...]:
    """Return what is held back, without saying how much of it there is."""
    said = (
        f"Numbers below {threshold} are held back, none included, and further ones from which they"
        " could be worked out; what is held back looks alike, whichever of the two it is.",
    )
    return (*said, _rounded(round_to)) if round_to else said


def _rounded(round_to: int) -> str:
    return (
        f"Numbers are rounded to multiples of {round_to}, totals by themselves, so they may not add"
        " up."
    )


def _numbers(count: int) -> str:
    return "1 number is" if count == 1 else f"{count:,} numbers are"
