# SPDX-License-Identifier: GPL-2.0-or-later
"""Days on which the reports of a whole area jump: publicity, a campaign, not a change in a park.

A scan statistic in time (Naus 1965; Kulldorff 1997, Communications in Statistics 26:1481): every
window of up to two weeks is held against the four weeks on either side of it, and the likelihood
ratio of the window that stands out most is compared with the same in reports scattered at random
over a season. Held against its own season, slow growth or a busy summer is no surge. Where days
vary more than chance would have them (weekends, say), scores count for less in proportion.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.periods import Calendar

LONGEST_DAYS = 14
SIDE_DAYS = 28
#: A surge is named if so few of the random seasons hold one as marked.
SIGNIFICANCE = 0.01
SIMULATIONS = 199
SEED = 20210902
#: Fewer reports cannot surge.
FEWEST_REPORTS = 30
_MOST_SURGES = 50


@dataclass(frozen=True)
class Surge:
    """Days in a row with far more reports than the weeks around them: how many, how many usual."""

    first: datetime.date
    last: datetime.date
    reports: int
    expected: float


def find_surges(daily: Ints, calendar: Calendar) -> tuple[list[Surge], Bools]:
    """Return the surges in the number of reports a day, by date, and the days they take up.

    Each surge that is found is taken out before the next is looked for.
    """
    days = np.zeros(calendar.days, dtype=bool)
    found: list[Surge] = []
    if daily.sum() < FEWEST_REPORTS:
        return found, days
    counts = daily.astype(float)
    season = _season(counts)
    threshold = _threshold(season) * _dispersion(counts, season)
    for _ in range(_MOST_SURGES):
        scores, expected = _scores(counts)
        length, start = np.unravel_index(int(np.argmax(scores)), scores.shape)
        if scores[length, start] <= threshold:
            break
        window = slice(int(start), int(start) + int(length) + 1)
        usual = float(expected[length, start])
        found.append(
            Surge(
                calendar.first + datetime.timedelta(days=window.start),
                calendar.first + datetime.timedelta(days=window.stop - 1),
                int(daily[window].sum()),
                usual,
            )
        )
        days[window] = True
        counts[window] = usual / (window.stop - window.start)
    return sorted(found, key=lambda surge: surge.first), days


def _threshold(season: Floats) -> float:
    """Return the score that the best window of a random season exceeds in 1 % of cases."""
    rng = np.random.default_rng(SEED)
    best = [_scores(rng.poisson(season).astype(float))[0].max() for _ in range(SIMULATIONS)]
    return float(np.quantile(best, 1 - SIGNIFICANCE))


def _season(daily: Floats) -> Floats:
    """Return the usual number of reports each day: the median of the weeks around it, smoothed.

    The median, since a mean would take the surges themselves for part of the season; where most
    days have no report it is 0 and the mean is used.
    """
    span = min(2 * SIDE_DAYS + 1, len(daily))
    padded = np.pad(daily, (span // 2, span - 1 - span // 2), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, span)
    median = np.median(around, axis=1)
    return np.asarray(np.where(median >= 1, median, around.mean(axis=1)))


def _dispersion(daily: Floats, season: Floats) -> float:
    """Return how much more days vary than Poisson counts would, at least 1.

    The twentieth of the days that stand out most are left out: they may be what is looked for.
    """
    excess = np.sort((daily - season) ** 2 / np.maximum(season, 1e-9))
    return max(1.0, float(excess[: max(1, int(0.95 * len(excess)))].mean()))


def _scores(daily: Floats) -> tuple[Floats, Floats]:
    """Return every window's score, and what the weeks around it would lead one to expect.

    Both are (lengths, days): row k has the windows of k + 1 days, by their first day. The score
    is the log likelihood ratio of a higher rate inside, 0 where the rate is not higher or the
    window does not fit.
    """
    total = np.concatenate([[0.0], np.cumsum(daily)])
    days = len(daily)
    starts = np.arange(days)
    scores = np.zeros((min(LONGEST_DAYS, days), days))
    expected = np.zeros_like(scores)
    for row in range(len(scores)):
        ends = np.minimum(starts + row + 1, days)
        low, high = np.maximum(starts - SIDE_DAYS, 0), np.minimum(ends + SIDE_DAYS, days)
        inside, around = total[ends] - total[starts], total[high] - total[low]
        share = (ends - starts) / np.maximum(high - low, 1)
        usual = (around - inside) * share / np.maximum(1 - share, 1e-9)
        with np.errstate(divide="ignore", invalid="ignore"):
            outside = around - inside
            score = inside * np.log(inside / (around * share)) + np.where(
                outside > 0, outside * np.log(outside / (around * (1 - share))), 0.0
            )
        fits = (starts + row + 1 <= days) & (inside > around * share) & (share < 1)
        scores[row] = np.where(fits, score, 0.0)
        expected[row] = usual
    return scores, expected
