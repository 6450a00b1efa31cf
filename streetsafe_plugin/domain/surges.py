# SPDX-License-Identifier: GPL-2.0-or-later
"""Days on which the reports of a whole area jump: publicity, a campaign, not a change in a park.

An expectation-based scan in time (Neill 2009, International Journal of Forecasting 25:498): every
window of up to four weeks is held against the usual number of reports on its days, and the
likelihood ratio of the window that stands out most is compared with the same in reports scattered
at random over that season, each time with the season worked out anew.

The usual number must not contain what is looked for, least of all a surge that an extract begins
with. So it is a line through the logarithms of the weeks around a day, or nearest to it at the
ends, by repeated medians (Siegel 1982, Biometrika 69:242), which hold while less than half of the
weeks are unusual; times a factor for the day of the week. Slow growth, a busy summer and busy
weekends are then usual. Where days vary more than chance would have them, the random reports
vary as much.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from streetsafe_plugin.domain.arrays import Bools, Floats, Ints
from streetsafe_plugin.domain.periods import Calendar

LONGEST_DAYS = 28
#: What is usual is judged by so many weeks: a month's campaign is a quarter of them.
SEASON_WEEKS = 17
#: A surge is named if so few of the random seasons hold one as marked.
SIGNIFICANCE = 0.01
SIMULATIONS = 199
SEED = 20210902
#: Fewer reports cannot surge.
FEWEST_REPORTS = 30

_DAYS_A_WEEK = 7
#: Weeks are taken together until those with reports mostly have so many, but to no fewer blocks.
_ENOUGH_A_BLOCK, _FEWEST_BLOCKS = 5, 4
#: A weekday's factor is held back as if so many more reports had come evenly.
_EVEN_REPORTS = 10.0
_FOR_DISPERSION = 19
_MOST_PASSES = 3
#: By how much the median of Poisson counts plus a half exceeds their mean.
_MEDIAN_OVER_MEAN = 1 / 3


@dataclass(frozen=True)
class Surge:
    """Days in a row with far more reports than is usual: how many came, how many are usual."""

    first: datetime.date
    last: datetime.date
    reports: int
    expected: float


def find_surges(daily: Ints, calendar: Calendar) -> tuple[list[Surge], Bools]:
    """Return the surges in the number of reports a day, by date, and the days they take up.

    Each window that is found gives way to the usual number before the next is looked for. Then
    the season is worked out anew without those days, in case they hid others.
    """
    days = np.zeros(calendar.days, dtype=bool)
    if daily.sum() < FEWEST_REPORTS:
        return [], days
    rng = np.random.default_rng(SEED)
    reports = daily.astype(float)
    usual = _usual(reports, days)
    for _ in range(_MOST_PASSES):
        counts = np.where(days, usual, reports)
        found = _standing_out(counts, usual, _threshold(counts, usual, rng))
        if not found.any():
            break
        days |= found
        usual = _usual(reports, days)
    return _named(daily, usual, days, calendar), days


def window_sums(daily: Floats, longest: int) -> Floats:
    """Return the sum of every window of days: row k has those of k + 1 days, by their first day.

    A window that reaches beyond the last day has no sum (NaN).
    """
    total = np.concatenate([[0.0], np.cumsum(daily), np.full(longest, np.nan)])
    first = np.arange(len(daily))
    lengths = np.arange(1, min(longest, len(daily)) + 1)
    return np.asarray(total[first + lengths[:, None]] - total[first])


def _named(daily: Ints, usual: Floats, days: Bools, calendar: Calendar) -> list[Surge]:
    """Return each run of days as one surge."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], days, [False]]).astype(int)))
    return [
        Surge(
            calendar.first + datetime.timedelta(days=int(first)),
            calendar.first + datetime.timedelta(days=int(end) - 1),
            int(daily[first:end].sum()),
            float(usual[first:end].sum()),
        )
        for first, end in edges.reshape(-1, 2)
    ]


def _standing_out(daily: Floats, usual: Floats, threshold: float) -> Bools:
    """Return the days of the windows whose scores exceed the threshold, the highest first."""
    days = np.zeros(len(daily), dtype=bool)
    counts = daily.copy()
    while True:
        scores = _scores(counts, usual)
        row, start = np.unravel_index(int(np.argmax(scores)), scores.shape)
        if scores[row, start] <= threshold:
            return days
        window = slice(int(start), int(start + row) + 1)
        days[window] = True
        counts[window] = usual[window]


def _threshold(daily: Floats, usual: Floats, rng: np.random.Generator) -> float:
    """Return the score that the best window of a random season exceeds in 1 % of cases.

    It is infinite as soon as enough of them exceed the highest score there is.
    """
    allowed = round(SIGNIFICANCE * (SIMULATIONS + 1))
    highest = _scores(daily, usual).max()
    dispersion = _dispersion(daily, usual, rng)
    best: list[float] = []
    for _ in range(SIMULATIONS):
        rate = usual
        if dispersion > 1:  # a gamma mixture of Poisson counts varies so much more
            rate = rng.gamma(usual / (dispersion - 1), dispersion - 1)
        one = rng.poisson(rate).astype(float)
        best.append(_scores(one, _usual(one)).max())
        if sum(score >= highest for score in best) == allowed:
            return np.inf
    return sorted(best)[-allowed]


def _dispersion(daily: Floats, usual: Floats, rng: np.random.Generator) -> float:
    """Return how many times as much as in random reports of the same season days vary."""
    by_chance = (rng.poisson(usual).astype(float) for _ in range(_FOR_DISPERSION))
    varying = float(np.mean([_variation(one, _usual(one)) for one in by_chance]))
    return _variation(daily, usual) / varying if varying else 1.0


def _variation(daily: Floats, usual: Floats) -> float:
    """Return the mean square of the standardised counts.

    The twentieth of the days that stand out most are left out: they may be what is looked for.
    """
    squares = np.sort((daily - usual) ** 2 / usual)
    return float(squares[: max(1, int(0.95 * len(squares)))].mean())


def _scores(daily: Floats, usual: Floats) -> Floats:
    """Return every window's log likelihood ratio of a higher rate, laid out as `window_sums`.

    It is 0 where the rate is not higher or the window does not fit.
    """
    inside, expected = window_sums(daily, LONGEST_DAYS), window_sums(usual, LONGEST_DAYS)
    higher = inside > expected  # not where either is not a number
    scores = np.zeros_like(inside)
    some, least = inside[higher], expected[higher]
    scores[higher] = some * np.log(some / least) - (some - least)
    return scores


def _usual(daily: Floats, without: Bools | None = None) -> Floats:
    """Return the usual number of reports on each day, above 0; judged without some of the days."""
    counted = np.ones(len(daily), dtype=bool) if without is None else ~without
    level = _level(daily, counted)
    weekday = np.arange(len(daily)) % _DAYS_A_WEEK
    even = np.bincount(weekday, level * counted, _DAYS_A_WEEK) + _EVEN_REPORTS
    usual = level
    for _ in range(2):  # what is unusual for a Saturday is told once Saturdays are known
        likely = np.minimum(daily, usual + 3 * np.sqrt(usual) + 1) * counted
        reports = np.bincount(weekday, likely, _DAYS_A_WEEK) + _EVEN_REPORTS
        usual = level * (reports / even)[weekday]
    return usual


def _level(daily: Floats, counted: Bools) -> Floats:
    """Return the usual number of reports a day around each day, whatever the day of the week.

    A week of which half the days or more do not count says nothing.
    """
    length = _block_days(daily)
    totals, days = _in_blocks(daily * counted, length), _in_blocks(counted, length)
    blocks, length = len(totals), min(length, len(daily))
    telling = 2 * days > length
    if not telling.any():
        return _level(daily, np.ones_like(counted))
    heights = np.where(telling, np.log(totals * length / np.maximum(days, 1) + 0.5), np.nan)
    span = min(SEASON_WEEKS, blocks)
    windows = np.lib.stride_tricks.sliding_window_view(heights, span)
    slope, middle = _repeated_median_lines(windows)
    day = np.arange(len(daily))
    around = np.clip(day // length - span // 2, 0, blocks - span)
    since_middle = (day + 0.5) / length - around - span / 2
    line = middle[around] + slope[around] * since_middle
    line = np.where(np.isnan(line), _median(heights), line)
    return np.asarray(np.maximum(np.exp(line) - _MEDIAN_OVER_MEAN, 0.5) / length)


def _in_blocks(daily: Floats | Bools, length: int) -> Floats:
    """Return the sum of each run of so many days; the days that are left over are in none."""
    blocks, length = max(1, len(daily) // length), min(length, len(daily))
    return np.asarray(daily[: blocks * length].reshape(blocks, length).sum(axis=1), dtype=float)


def _block_days(daily: Floats) -> int:
    """Return how many days to take together, whole weeks, so that their median says something."""
    weeks = 1
    while True:
        length = weeks * _DAYS_A_WEEK
        totals = _in_blocks(daily, length)
        if len(totals) <= _FEWEST_BLOCKS or np.median(totals[totals > 0]) >= _ENOUGH_A_BLOCK:
            return length
        weeks += 1


def _repeated_median_lines(heights: Floats) -> tuple[Floats, Floats]:
    """Return the slope and the height in the middle of each row's repeated median line."""
    places = np.arange(heights.shape[1])
    if len(places) == 1:
        return np.zeros(len(heights)), heights[:, 0]
    others = np.array([np.delete(places, place) for place in places])
    rises = heights[:, others] - heights[:, :, None]
    slope = _median(_median(rises / (others - places[:, None])))
    return slope, _median(heights - slope[:, None] * (places - places.mean()))


def _median(values: Floats) -> Floats:
    """Return the median of each last row, of what is a number; none (NaN) where nothing is."""
    ordered = np.sort(values, axis=-1)  # what is no number goes last
    number = np.maximum(1, (~np.isnan(values)).sum(axis=-1, keepdims=True))
    lower = np.take_along_axis(ordered, (number - 1) // 2, axis=-1)
    upper = np.take_along_axis(ordered, number // 2, axis=-1)
    return np.asarray((lower + upper)[..., 0] / 2)
