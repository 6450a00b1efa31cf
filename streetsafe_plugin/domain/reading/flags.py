# SPDX-License-Identifier: GPL-2.0-or-later
"""The marks of a report about which something should be known, as words joined by semicolons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from streetsafe_plugin.domain.arrays import Bools, Floats, Moments, Texts
from streetsafe_plugin.domain.reading.table import texts

REPEATED_PLACE, SAME_MOMENT, OUTSIDE_AREA = "repeated_place", "same_moment", "outside_area"
#: The marks that depend on which other reports there are.
AMONG_OTHERS = (REPEATED_PLACE, SAME_MOMENT)


def joined(marks: Mapping[str, Bools]) -> Texts:
    """Return for each row the names of the marks it has, each combination worked out once."""
    bits = sum((held.astype(np.int64) << place for place, held in enumerate(marks.values())))
    combinations, which = np.unique(np.asarray(bits), return_inverse=True)
    joined = [
        ";".join(name for place, name in enumerate(marks) if combination >> place & 1)
        for combination in combinations.tolist()
    ]
    return texts(joined)[which] if joined else texts([])


def coincidences(
    xy: Floats, moments: Moments, precisions: Texts, reasons: Bools, answers: Sequence[Texts]
) -> tuple[Bools, Bools]:
    """Mark reports that share their place, and those that share place, time and answers.

    Places are the same to the centimetre. Reports without a date share no moment.
    """
    centimetres = np.round(xy * 100.0)
    place = pd.DataFrame({"x": centimetres[:, 0], "y": centimetres[:, 1]})
    repeated_place = place.duplicated(keep=False).to_numpy()
    # only those that share a place can share the rest as well
    rows = np.flatnonzero(repeated_place & ~np.isnat(moments))
    held = place.iloc[rows].assign(
        moment=moments[rows].astype("datetime64[s]").astype(np.int64),
        precision=precisions[rows],
        reasons=reasons[rows] @ (1 << np.arange(reasons.shape[1])),
        **{f"answer {number}": answer[rows] for number, answer in enumerate(answers)},
    )
    same_moment = np.zeros(len(xy), dtype=bool)
    same_moment[rows] = held.duplicated(keep=False).to_numpy()
    return repeated_place, same_moment
