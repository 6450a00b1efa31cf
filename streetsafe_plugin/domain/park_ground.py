# SPDX-License-Identifier: GPL-2.0-or-later
"""A park as it goes into an analysis."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class ParkGround:
    """A park's identifier, name and shape, and what its layer says of it besides.

    `indicative` if the shape is a circle that stands for an edge nobody knows.
    """

    park_id: str
    name: str
    shape: BaseGeometry
    district: str = ""
    indicative: bool = False
    note: str = ""
