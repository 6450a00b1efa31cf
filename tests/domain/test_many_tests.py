# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from streetsafe_plugin.domain.many_tests import Correction, adjusted

#: Benjamini and Hochberg (1995), section 3.2: fifteen comparisons, of which the first four are
#: rejected at 5 % by their procedure and the first three by Bonferroni's.
PUBLISHED = np.array([
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
])  # fmt: skip


@pytest.mark.parametrize(("correction", "found"), [(Correction.FDR, 4), (Correction.BONFERRONI, 3)])
def test_the_published_example(correction, found):
    values = adjusted(PUBLISHED[::-1], correction)[::-1]
    assert (values <= 0.05).tolist() == [True] * found + [False] * (15 - found)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_fdr_is_what_scipy_makes_of_it(values):
    p = np.array(values)
    if len(p) and hasattr(stats, "false_discovery_control"):
        assert adjusted(p, Correction.FDR) == pytest.approx(stats.false_discovery_control(p))


def test_what_was_not_tested_does_not_count():
    p = np.array([0.01, np.nan, 0.04])
    assert adjusted(p, Correction.BONFERRONI) == pytest.approx([0.02, np.nan, 0.08], nan_ok=True)
    assert adjusted(p, Correction.FDR) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert adjusted(p, Correction.NONE) == pytest.approx(p, nan_ok=True)
