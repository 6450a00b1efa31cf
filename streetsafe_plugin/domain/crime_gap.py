# SPDX-License-Identifier: GPL-2.0-or-later
"""Where fear and recorded crime differ, place by place.

Each place's share of all reports is held against its share of all recorded crime. Numbers of
reports and of crimes cannot be compared (one depends on publicity, the other on recording), but
shares can: where both are drawn from the same map they are equal but for chance.

**The test.** Of the t = r + c reports and crimes in a place, r are reports. If fear were spread
like crime, each of the t would be a report with the chance R / (R + C), whatever the place, and r
would follow the binomial distribution (Przyborowski and Wilenski 1940, Biometrika 31:313). The
two-sided exact p value of r is then adjusted for the number of places (Benjamini and Hochberg
unless the analyst chooses otherwise). R and C are themselves counted, so the test errs on the side
of caution where one place holds much of everything. It takes reports and crimes as independent of
each other; one person with many pins makes it too sure.

**Which places are tested.** Only where a difference could have come out at all: where the most
extreme split of t would have p of 0.05 or less before adjustment (after Tarone 1990, Biometrics
46:515), and t is at least three. This looks at t alone, so it favours neither side, and places
that could never differ do not use up the others' chances.

**The five classes.**

`feared_only`: significantly more of the reports than of the crime. Not "no crime": less than the
reports would make one expect.

`crime_only`: significantly more of the crime than of the reports.

`both` and `neither`: the two were tested and do not differ significantly, so reports and crimes
together are held against what an average place has (their total divided by the number of places
that hold any). `both` means significantly more than that together and more of each; `neither`
significantly fewer together and fewer of each. They are tested and adjusted in the same way.

Shares are of a whole: a place with very much of all reports leaves less for all the others, which
may then have significantly more of the crime than of the reports.

`not_enough_data`: everything else, which cannot be told. That is places that were not tested,
those near the average, and those with more than the average of one and less of the other that do
not differ significantly. Nor is a place called feared on fewer than three reports, or crime-ridden
on fewer than three crimes, whatever the p value: that may be one person.

**More data.** All shares, and their ratio, stay the same when all reports are counted twice. With
twice the reports from the same map, classes stay as they are in expectation save that the test
sees more: places leave `not_enough_data`, and a place where the shares differ a little may move
from `both` or `neither` to `feared_only` or `crime_only`. As counts grow every place with different
shares becomes `feared_only` or `crime_only`, so the ratio says how large a difference is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.exact_tests import binomial_p, least_binomial_p
from streetsafe_plugin.domain.many_tests import Correction, adjusted

#: What is called significant, after adjustment.
ALPHA = 0.05
#: Fewer reports, or crimes, than this may be one person and are no finding.
FEWEST = 3


class GapClass(Enum):
    """What can be said of a place; the value is the word in the results."""

    BOTH = "both"
    FEARED_ONLY = "feared_only"
    CRIME_ONLY = "crime_only"
    NEITHER = "neither"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True)
class Gap:
    """What the comparison found, each array with a value for every place.

    `ratio` is the report share divided by the crime share, NaN where there is no crime. `p_value`
    and `p_adjusted` belong to the difference between the shares, `p_level` (adjusted) to the
    difference from an average place; all three are NaN where nothing was tested. `classes` holds
    the members of `GapClass`.
    """

    report_share: Floats
    crime_share: Floats
    ratio: Floats
    p_value: Floats
    p_adjusted: Floats
    p_level: Floats
    classes: list[GapClass]

    def count(self, gap_class: GapClass) -> int:
        """Return how many places are of a class."""
        return self.classes.count(gap_class)

    def widest(self) -> Ints:
        """Return the places where the two differ significantly, the widest gap first.

        A gap is the absolute difference between the shares; equal ones keep their order.
        """
        gaps = np.abs(self.report_share - self.crime_share)
        order = np.argsort(-gaps, kind="stable")
        differing = (GapClass.FEARED_ONLY, GapClass.CRIME_ONLY)
        return np.array(
            [place for place in order if self.classes[place] in differing], dtype=np.int64
        )


def compare(reports: Ints, crimes: Ints, correction: Correction = Correction.FDR) -> Gap:
    """Compare where the reports and where the crimes lie, by the rule of this module.

    Args:
        reports: How many reports lie in each place (n), at least one in all.
        crimes: How many crimes lie in each place (n), at least one in all.
        correction: How p values are adjusted for the number of places.

    Raises:
        ValueError: there are no reports or no crimes, so there are no shares.
    """
    all_reports, all_crimes = int(reports.sum()), int(crimes.sum())
    if not all_reports or not all_crimes:
        raise ValueError("without reports or without crimes there are no shares")
    together = reports + crimes
    chance = all_reports / (all_reports + all_crimes)
    tested = (together >= FEWEST) & (least_binomial_p(together, chance) <= ALPHA)
    p_value = _where(tested, binomial_p(reports, together, chance))
    p_adjusted = adjusted(p_value, correction)
    fair = 1 / int((together > 0).sum())
    everything = np.full_like(together, all_reports + all_crimes)
    p_level = adjusted(_where(tested, binomial_p(together, everything, fair)), correction)

    report_share, crime_share = reports / all_reports, crimes / all_crimes
    differs, off_average = p_adjusted <= ALPHA, p_level <= ALPHA
    # whole numbers, so that equal shares are equal
    more_feared = reports * all_crimes > crimes * all_reports
    some_reports, some_crimes = reports >= FEWEST, crimes >= FEWEST
    many = (report_share > fair) & (crime_share > fair) & some_reports & some_crimes
    few = (report_share < fair) & (crime_share < fair)
    rules = (
        (differs & more_feared & some_reports, GapClass.FEARED_ONLY),
        (differs & ~more_feared & some_crimes, GapClass.CRIME_ONLY),
        (~differs & off_average & many, GapClass.BOTH),
        (~differs & off_average & few, GapClass.NEITHER),
    )
    classes = [GapClass.NOT_ENOUGH_DATA] * len(reports)
    for holds, gap_class in rules:
        for place in np.flatnonzero(holds):
            classes[place] = gap_class
    ratio = np.divide(
        report_share, crime_share, out=np.full(len(reports), np.nan), where=crimes > 0
    )
    return Gap(report_share, crime_share, ratio, p_value, p_adjusted, p_level, classes)


def _where(tested: Bools, p: Floats) -> Floats:
    return np.where(tested, p, np.nan)
