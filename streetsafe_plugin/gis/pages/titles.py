# SPDX-License-Identifier: GPL-2.0-or-later
"""The titles of charts: what is counted, where, and in which unit."""

from __future__ import annotations

from collections.abc import Sequence

from streetsafe_plugin.domain.pack import Trend
from streetsafe_plugin.i18n import tr


def reasons_title(reasons: Sequence[tuple[str, int]], where: str) -> str:
    """Return the title of a chart of mentions, empty without any."""
    return tr("Reasons ticked, {} (mentions)").format(where) if reasons else ""


def trend_title(trend: Trend | None, where: str = "") -> str:
    """Return the title of a chart of reports in time, empty without a trend."""
    if trend is None or not trend.steps:
        return ""
    title = {
        "month": tr("Reports by month"),
        "quarter": tr("Reports by quarter"),
        "half-year": tr("Reports by half-year"),
        "year": tr("Reports by year"),
    }.get(trend.unit, tr("Reports over time"))
    return f"{title}, {where}" if where else title
