# SPDX-License-Identifier: GPL-2.0-or-later
"""How much hot spots cover: what share of the reports, on what share of the ground.

n of N reports lie in hot spots that cover a of A square metres. Then

    PAI = (n / N) / (a / A)             Chainey, Tompson and Uhlig 2008, Security Journal 21:4
    PEI = PAI / the highest PAI that the same hot area could have had
                                        Hunt 2016; White, Hunt and Green 2023, Security Journal
    RRI = (n2 / n1) / (N2 / N1)         Levine 2008, Security Journal 21:295

with 1 for the period the hot spots were made from and 2 for a later one. Where a quotient has
nothing to divide by there is no answer, and None is given rather than a number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Floats, Ints


@dataclass(frozen=True)
class Coverage:
    """Reports, or their weights, and ground: in hot spots, and in all of the area.

    `best` is how many reports the busiest cells hold on as much ground as is hot; None where that
    was not worked out. It need not be whole: of the last cell only a part may be needed.
    """

    in_hot: float
    reports: float
    hot_m2: float
    area_m2: float
    best: float | None = None

    @property
    def share_reports(self) -> float | None:
        """Return the share of the reports that lie in hot spots; None without reports."""
        return _quotient(self.in_hot, self.reports)

    @property
    def share_area(self) -> float | None:
        """Return the share of the ground that is hot."""
        return _quotient(self.hot_m2, self.area_m2)

    @property
    def pai(self) -> float | None:
        """Return how many times as dense hot spots are as the whole; None without hot ground."""
        return _quotient(self.share_reports, self.share_area)

    @property
    def pei(self) -> float | None:
        """Return the PAI as a share of the highest attainable on the same area of cells.

        Shares of ground cancel. Above 1 where hot spots follow the reports more closely than
        cells can.
        """
        return _quotient(self.in_hot, self.best)


def rri(first: Coverage, later: Coverage) -> float | None:
    """Return the share of later reports in the hot spots over the share of the first ones.

    1 means that they held as large a share again; None where either share is missing or the first
    is 0.
    """
    return _quotient(later.share_reports, first.share_reports)


def most_reports_on(hot_m2: float, counts: Ints, ground_m2: Floats) -> float:
    """Return how many reports the densest cells (m) hold on so much ground, the last one in part.

    Of equal cells these are the cells with the most reports.

    Args:
        hot_m2: The ground that may be chosen.
        counts: Reports in each cell.
        ground_m2: The part of each cell that belongs to the area.
    """
    real = ground_m2 > 0
    counts, ground = counts[real], ground_m2[real]
    order = np.argsort(-counts / ground, kind="stable")
    covered = np.concatenate(([0.0], np.cumsum(ground[order])))
    held = np.concatenate(([0.0], np.cumsum(counts[order])))
    return float(np.interp(hot_m2, covered, held))


def _quotient(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else float(part / whole)
