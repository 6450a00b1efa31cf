# SPDX-License-Identifier: GPL-2.0-or-later
"""How high the sun stands at a place and moment, and what light that makes.

The low-accuracy method of Meeus, Astronomical Algorithms (2nd edition, 1998), chapters 12, 13, 22
and 25, which the NOAA solar calculator uses as well. It is good to about 0.01°, although the sun's
parallax (0.002°) and the difference between dynamical and universal time (0.001°) are left out.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from streetsafe_plugin.domain.arrays import Floats, Ints, Moments
from streetsafe_plugin.domain.progress import Tick, no_tick

#: Sunrise and sunset: the upper edge of the sun on the horizon, lifted by refraction.
SUNSET_DEGREES = -0.833
#: The end of civil twilight, after which street lights are needed.
CIVIL_DEGREES = -6.0

_NOON_2000 = np.datetime64("2000-01-01T12:00:00", "s")
_DAY_S = 86_400
_DAYS_A_CENTURY = 36_525
#: So many moments at once take some 30 MB.
_BLOCK = 200_000


class Light(Enum):
    """What light there is outdoors, in order from most to least."""

    DAYLIGHT = "daylight"
    TWILIGHT = "twilight"
    DARK = "dark"


LIGHTS = tuple(Light)
NO_LIGHT_KNOWN = -1


def altitude(utc: Moments, lon: Floats, lat: Floats, tick: Tick = no_tick) -> Floats:
    """Return the geometric altitude of the sun's centre in degrees, without refraction.

    Args:
        utc: Moments in universal time (n).
        lon: Degrees east of Greenwich (n, or one for all).
        lat: Degrees north (n, or one for all).
        tick: Progress.
    """
    lon, lat = np.broadcast_to(lon, utc.shape), np.broadcast_to(lat, utc.shape)
    found = np.empty(len(utc))
    for start in range(0, len(utc), _BLOCK):
        tick(start / len(utc))
        block = slice(start, start + _BLOCK)
        found[block] = _altitude(utc[block], lon[block], lat[block])
    return found


def light_of(altitudes: Floats) -> Ints:
    """Return the number in `LIGHTS` for each altitude; `NO_LIGHT_KNOWN` where that is NaN."""
    fallen = (altitudes <= SUNSET_DEGREES).astype(np.int64) + (altitudes <= CIVIL_DEGREES)
    return np.where(np.isnan(altitudes), NO_LIGHT_KNOWN, fallen)


def _altitude(utc: Moments, lon: Floats, lat: Floats) -> Floats:
    days = (utc - _NOON_2000) / np.timedelta64(_DAY_S, "s")
    right_ascension, declination = _equatorial(days)
    # Meeus 12.4: what part of the sky stands over Greenwich
    sidereal = 280.46061837 + 360.98564736629 * days
    hour_angle = np.radians(sidereal + lon) - right_ascension
    phi = np.radians(lat)
    height = np.sin(phi) * np.sin(declination)
    height = height + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1.0, 1.0))))


def _equatorial(days: Floats) -> tuple[Floats, Floats]:
    """Return the sun's apparent right ascension and declination in radians (Meeus 25)."""
    t = days / _DAYS_A_CENTURY
    mean_longitude = 280.46646 + t * (36_000.76983 + 0.0003032 * t)
    anomaly = np.radians(357.52911 + t * (35_999.05029 - 0.0001537 * t))
    centre = (
        (1.914602 - t * (0.004817 + 0.000014 * t)) * np.sin(anomaly)
        + (0.019993 - 0.000101 * t) * np.sin(2 * anomaly)
        + 0.000289 * np.sin(3 * anomaly)
    )
    node = np.radians(125.04 - 1_934.136 * t)
    longitude = np.radians(mean_longitude + centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.439291 - 0.0130042 * t + 0.00256 * np.cos(node))
    right_ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    return right_ascension, np.arcsin(np.sin(tilt) * np.sin(longitude))
