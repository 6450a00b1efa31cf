# SPDX-License-Identifier: GPL-2.0-or-later
"""Small numbers: nobody shall be found in what leaves, nor by comparing it with what left before.

Every number of a product is the size of a set of reports. What is below the threshold is held back,
none included, and so is whatever would give it away (`audit`), with all earlier products counted in
(`issued.py`). Held numbers look alike, whatever the reason.

What this covers: counts of reports, mentions, trends, places to mend, cells and areas of maps;
sums and differences of them, within a product and across products, whatever their rings, months,
thresholds and audiences; what is left of a park, ring or total without the squares that lie wholly
on its ground, those of its own heat map (`rests`) and those of another product (`audit`). A number
less those of its months would tell how many reports have no date, so these must have been left out.
What it does not cover:

- Words. That a change is a fall, that a cell is hot or an area feared tells something of counts.
- Shares of a whole: that nearly all reports of a park tick the same reason, and so few do not.
- What a reader knows from elsewhere: who reports, or a product that is not in the register.
- What is left without some of the squares, hot spots or places to mend only, or where squares lie
  across an edge; what is left of a square without a small park or ring that lies wholly in it.
- Ground on which two products differ without a report on it, other than parks, rings and months.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from streetsafe_plugin.domain.disclosure.audit import audited, groups_of
from streetsafe_plugin.domain.disclosure.pack_numbers import numbers_of
from streetsafe_plugin.domain.disclosure.pack_protected import put_together
from streetsafe_plugin.domain.disclosure.rests import with_rests
from streetsafe_plugin.domain.disclosure.statistics import CountedReports, Rule, Statistic
from streetsafe_plugin.domain.disclosure.words import counts_held
from streetsafe_plugin.domain.issued import Issued, hashed, salt_of
from streetsafe_plugin.domain.pack import Audience, Counted, Pack
from streetsafe_plugin.domain.progress import Tick, approaching, no_tick, part

__all__ = ["protected"]


def protected(
    pack: Pack,
    counted: Counted,
    audience: Audience,
    threshold: int,
    round_to: int = 0,
    earlier: Sequence[Issued] = (),
    title: str = "",
    further: Sequence[Statistic] = (),
    tick: Tick = no_tick,
    tell: Callable[[str], None] = lambda sentence: None,
) -> tuple[Pack, Issued]:
    """Return a pack as an audience may have it, and its entry for the register.

    An internal pack is returned as it is, and its entry has no numbers.

    Args:
        pack: the internal pack.
        counted: which report counts where; every figure of the pack follows from it. All reports
            have a date, or none has.
        audience: who will see it.
        threshold: the fewest reports or mentions that may be shown, at least 1.
        round_to: every number shown is rounded to a multiple of this; 0 leaves them as they are.
        earlier: the entries of the register.
        title: what the entry is called.
        further: numbers of what goes with the pack, such as the cells of a heat map; which of
            them may be shown is in the entry.
        tick: progress.
        tell: takes the sentences for those who make the pack, which are not for its readers.

    Raises:
        DoesNotAddUp: a figure is not what its reports add up to, or contradicts the register, or
            only some reports have a date.
    """
    salt, today = salt_of(earlier), datetime.date.today()
    if audience is Audience.INTERNAL:
        return pack, Issued(today, title, audience, threshold, round_to, salt)
    rule = Rule(threshold, round_to)
    numbers = numbers_of(pack, counted, audience, rule)
    reports = CountedReports(counted.keys, counted.month, counted.ticks)
    squares = [one for one in further if one.scope.boxes]
    statistics = [
        *with_rests(pack, numbers.statistics, squares, threshold, part(tick, 0.0, 0.1)),
        *further,
    ]
    asking = approaching(part(tick, 0.1, 1.0))
    found = audited(statistics, reports, rule, earlier, asking)
    tick(1.0)
    small, more = len(found.small), len(found.further)
    for sentence in counts_held(threshold, round_to, small, more, found.already_out):
        tell(sentence)
    entry = Issued(
        today,
        title,
        audience,
        threshold,
        round_to,
        salt,
        found.numbers,
        groups_of(found.kept, hashed(counted.keys, salt)),
    )
    return put_together(pack, counted, audience, threshold, round_to, numbers, found), entry
