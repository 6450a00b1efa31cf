# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs made from nothing but reports' parks, rings, months and ticks, for tests of disclosure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Point, Polygon, box

from streetsafe_plugin.domain import samples
from streetsafe_plugin.domain.pack import (
    NO_MONTH,
    Audience,
    Counted,
    Pack,
    Park,
    Step,
    Trend,
    Whole,
    Zone,
)
from streetsafe_plugin.domain.rings import assign
from streetsafe_plugin.domain.taxonomy import REASONS

#: January 2022, numbered since 1970.
JANUARY = 52 * 12
SAMPLE_SEED = 1


@dataclass(frozen=True)
class Made:
    """Reports (n): the park they belong to, -1 for none, and how far from its edge, 0 inside."""

    park: np.ndarray
    distance_m: np.ndarray
    month: np.ndarray
    ticks: Mapping[str, np.ndarray]
    parks: int
    keys: Sequence[str]

    def only(self, some: np.ndarray) -> Made:
        """Return some of the reports."""
        return Made(
            self.park[some],
            self.distance_m[some],
            self.month[some],
            {code: ticks[some] for code, ticks in self.ticks.items()},
            self.parks,
            [key for key, kept in zip(self.keys, some) if kept],
        )


def invent(seed: int, reports: int, parks: int, months: int, reasons: int, near: float) -> Made:
    """Return invented reports; parks are visited unevenly, so that some have few or none."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(parks, 0.7))
    park = np.where(rng.random(reports) < near, rng.choice(parks, reports, p=weights), -1)
    distance = np.where(rng.random(reports) < 0.3, 0.0, np.ceil(rng.uniform(0, 400, reports)))
    likely = rng.uniform(0.05, 0.5, reasons)
    ticks = {reason.code: rng.random(reports) < chance for reason, chance in zip(REASONS, likely)}
    month = JANUARY + rng.integers(0, months, reports)
    keys = [f"report {number}" for number in range(reports)]
    return Made(park, distance, month, ticks, parks, keys)


def sample(parks: Sequence[samples.ParkPlace], reports: int, codes: Sequence[str]) -> Made:
    """Return the invented sample's reports as they lie around invented parks."""
    boundaries = samples.invent_boundaries(parks, SAMPLE_SEED)
    rows = samples.invent_reports(reports, boundaries, SAMPLE_SEED)
    shapes = [boundary.shape for boundary in boundaries[: len(parks)]]
    xy = np.array([row.place for row in rows], dtype=float)
    near = assign(xy, shapes, (1_000.0,))
    park, distance = np.full(len(xy), -1), np.full(len(xy), 1e6)
    park[near.reports] = near.parks
    distance[near.reports] = [
        shapes[owner].distance(Point(xy[report])) for report, owner in zip(near.reports, near.parks)
    ]
    month = np.array(
        [
            (row.submitted_at.year - 1970) * 12 + row.submitted_at.month - 1
            if row.submitted_at
            else NO_MONTH
            for row in rows
        ]
    )
    ticks = {code: np.array([code in row.reasons for row in rows]) for code in codes}
    return Made(park, distance, month, ticks, len(parks), [row.report_id for row in rows])


def ground(park: int, zone: int) -> Polygon:
    """Return where a zone of a park lies; where its reports do is another matter."""
    return box(1_000 * park + 10 * zone, -100, 1_000 * park + 10 * zone + 5, -95)


def pack_of(made: Made, limits: Sequence[float] = (100.0, 250.0, 400.0)) -> tuple[Pack, Counted]:
    """Return the internal pack of reports with such rings, and which report counts where."""
    ring = np.searchsorted(np.array([0.0, *limits]), made.distance_m)
    park = np.where(ring > len(limits), -1, made.park)
    ring = np.where(park < 0, -1, ring)
    dated = made.month[made.month != NO_MONTH]
    months = range(int(dated.min()), int(dated.max()) + 1) if len(dated) else range(0)

    def trend(some: np.ndarray) -> Trend:
        steps = [
            Step(
                f"month {month}",
                datetime.date(1970 + month // 12, month % 12 + 1, 1),
                datetime.date(1970 + month // 12, month % 12 + 1, 28),
                int((some & (made.month == month)).sum()),
            )
            for month in months
        ]
        return Trend("month", tuple(steps))

    def reasons(some: np.ndarray) -> tuple[tuple[str, int], ...]:
        labels = {reason.code: reason.label for reason in REASONS}
        pairs = [(labels[code], int((some & on).sum())) for code, on in made.ticks.items()]
        return tuple(sorted((pair for pair in pairs if pair[1]), key=lambda pair: -pair[1]))

    edges = [0.0, 0.0, *limits]
    parks = []
    for place in range(made.parks):
        there = park == place
        zones = tuple(
            Zone(inner, outer, 1.0, int((there & (ring == number)).sum()), None)
            for number, (inner, outer) in enumerate(zip(edges, edges[1:]))
        )
        parks.append(
            Park(
                number=place + 1,
                park_id=f"park-{place}",
                name=f"Park {place}",
                district="",
                indicative=False,
                note="",
                zones=zones,
                zone_shapes=tuple(ground(place, number) for number in range(len(zones))),
                reasons=reasons(there),
                crimes=None,
                within=int(there.sum()),
                trend=trend(there),
            )
        )
    everywhere = np.ones(len(park), dtype=bool)
    whole = Whole(
        read=len(park) + 3,
        used=len(park),
        inside=int((ring == 0).sum()),
        in_rings=int((ring > 0).sum()),
        outside=int((park < 0).sum()),
        excluded={"no_geometry": 3},
        mentions=sum(int(on.sum()) for on in made.ticks.values()),
        first=None,
        last=None,
        undated=int((made.month == NO_MONTH).sum()),
        reasons=reasons(everywhere),
        trend=trend(everywhere),
    )
    counted = Counted(made.keys, park, ring, made.month, made.ticks)
    return Pack(Audience.INTERNAL, whole, tuple(parks), "Enough for a pattern."), counted
