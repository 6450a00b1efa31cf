# SPDX-License-Identifier: GPL-2.0-or-later
"""Time zones as Qt knows them, which has them on Windows too; British time is our own rule."""

from __future__ import annotations

import difflib

import numpy as np
from qgis.PyQt.QtCore import QDateTime, QTimeZone

from streetsafe_plugin.domain.arrays import Moments
from streetsafe_plugin.domain.clocks import BRITISH, Clock, british_clock
from streetsafe_plugin.i18n import tr

#: An offset of a zone may move a moment by so much.
_ROOM = np.timedelta64(2, "D")


def why_no_zone(name: str) -> str:
    """Return what is wrong with the name of a time zone, with the remedy; empty if nothing is."""
    if name == BRITISH or QTimeZone.isTimeZoneIdAvailable(name.encode()):
        return ""
    known = [bytes(zone).decode() for zone in QTimeZone.availableTimeZoneIds()]
    in_small = {zone.lower(): zone for zone in known}
    near = difflib.get_close_matches(name.lower(), in_small, 1)
    return tr("“{}” is not a time zone. Write it as {}.").format(
        name, in_small[near[0]] if near else BRITISH
    )


def clock_of(name: str, moments: Moments) -> Clock:
    """Return the clock of a time zone for the years around some local times."""
    if name == BRITISH or not len(moments):
        return british_clock(moments)
    zone = QTimeZone(name.encode())
    first, last = _utc(moments.min() - _ROOM), _utc(moments.max() + _ROOM)
    changes = zone.transitions(first, last)
    offsets = [zone.offsetFromUtc(first), *(change.offsetFromUtc for change in changes)]
    return Clock(
        np.array([change.atUtc.toSecsSinceEpoch() for change in changes], dtype="datetime64[s]"),
        np.array(offsets, dtype="timedelta64[s]"),
    )


def _utc(moment: np.datetime64) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(moment.astype(np.int64)), QTimeZone.utc())
