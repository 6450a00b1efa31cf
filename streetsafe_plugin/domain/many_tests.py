# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a p value where many places are tested at once.

Among a thousand places of which none is special, fifty are "significant at 5 %". Benjamini and
Hochberg (1995, J. R. Statist. Soc. B 57:289) bound the share of such false finds among all finds;
Bonferroni bounds the chance that there is even one.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from streetsafe_plugin.domain.arrays import Floats


class Correction(Enum):
    """How p values are adjusted; the value is the word in the results."""

    FDR = "fdr"
    BONFERRONI = "bonferroni"
    NONE = "none"


#: In the order in which the enumeration numbers them.
CORRECTIONS = (Correction.FDR, Correction.BONFERRONI, Correction.NONE)


def adjusted(p: Floats, correction: Correction) -> Floats:
    """Return adjusted p values (n): comparing one with 0.05 keeps the promise of the correction.

    NaN marks what was not tested; it stays NaN and does not count as a test.
    """
    tested = ~np.isnan(p)
    result = np.array(p, dtype=float)
    count = int(tested.sum())
    if correction is Correction.NONE or not count:
        return result
    if correction is Correction.BONFERRONI:
        result[tested] = np.minimum(p[tested] * count, 1.0)
        return result
    order = np.argsort(p[tested], kind="stable")
    raised = p[tested][order] * count / np.arange(1, count + 1)
    # no place may do better than one with a larger p value
    lowered = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    back = np.empty(count)
    back[order] = lowered
    result[tested] = back
    return result
