# SPDX-License-Identifier: GPL-2.0-or-later
"""The height of the sun beside printed and computed almanacs."""

from __future__ import annotations

import numpy as np
import pytest

from streetsafe_plugin.domain.sun import LIGHTS, NO_LIGHT_KNOWN, Light, altitude, light_of

NREL = "Reda and Andreas (2008), NREL/TP-560-34302, appendix A.5, before refraction"
PVLIB = "pvlib's fixture of the same method a day later"
NOAA = "NOAA solar calculator: sunrise or sunset, to the minute"
MEEUS = "Meeus, examples 25.a and 28.a: where the sun stands overhead"
EPHEM = "PyEphem 4.2.1, pressure 0, centre of the sun"

#: Moment in UTC, degrees north, degrees east, altitude in degrees.
ALMANAC = [
    ("2003-10-17T19:30:30", 39.742476, -105.1786, 39.872046, NREL),
    ("2003-10-18T19:30:30", 39.742476, -105.1786, 39.505196, PVLIB),
    ("2024-06-20T03:43:00", 51.4779, 0.0, -0.833, NOAA),
    ("2024-06-20T20:21:00", 51.4779, 0.0, -0.833, NOAA),
    # declination -7.78507; equation of time 3.427351 degrees, so the meridian is 180 - 3.427
    ("1992-10-13T00:00:00", -7.78507, 176.573, 90.0, MEEUS),
    ("2021-12-21T15:52:00", 52.6369, -1.1398, -0.882, EPHEM),
    ("2022-06-21T20:34:00", 52.6369, -1.1398, -1.038, EPHEM),
    ("2022-03-20T18:20:00", 52.6369, -1.1398, -1.189, EPHEM),
    ("2022-10-30T01:30:00", 52.6369, -1.1398, -46.131, EPHEM),
    ("2022-06-21T04:10:00", 50.1188, -5.5371, -1.106, EPHEM),
    ("2022-06-21T00:05:00", 60.1546, -1.1494, -6.410, EPHEM),
    ("2021-12-21T12:00:00", 60.1546, -1.1494, 6.404, EPHEM),
    ("2022-11-01T17:30:00", 54.5973, -5.9301, -6.571, EPHEM),
    ("2024-02-29T12:00:00", 51.4769, 0.0, 30.788, EPHEM),
]


def moment(*texts):
    return np.array(texts, dtype="datetime64[s]")


@pytest.mark.parametrize(("utc", "lat", "lon", "expected", "source"), ALMANAC)
def test_altitude_is_that_of_an_almanac(utc, lat, lon, expected, source):
    [found] = altitude(moment(utc), np.array([lon]), np.array([lat]))
    # a sun that rises at 7 degrees an hour moves 0.06 degrees in the half minute of a printed time
    assert found == pytest.approx(expected, abs=0.07 if source == NOAA else 0.01), source


def test_many_moments_are_worked_out_as_each_alone():
    rng = np.random.default_rng(1)
    utc = moment("2022-01-01T00:00:00") + rng.integers(0, 31_536_000, 450_000)
    lon, lat = rng.uniform(-6, 2, len(utc)), rng.uniform(50, 60, len(utc))
    ticks = []
    together = altitude(utc, lon, lat, ticks.append)
    some = [0, 199_999, 200_000, 449_999]
    alone = [altitude(utc[[i]], lon[[i]], lat[[i]])[0] for i in some]
    assert together[some] == pytest.approx(alone, abs=1e-9)
    assert len(ticks) == 3


def test_light_changes_at_sunset_and_at_the_end_of_civil_twilight():
    found = light_of(np.array([40.0, -0.832, -0.834, -5.999, -6.001, -60.0]))
    assert [LIGHTS[number] for number in found] == [
        Light.DAYLIGHT, Light.DAYLIGHT, Light.TWILIGHT, Light.TWILIGHT, Light.DARK, Light.DARK,
    ]  # fmt: skip
    assert light_of(np.array([np.nan])).tolist() == [NO_LIGHT_KNOWN]
