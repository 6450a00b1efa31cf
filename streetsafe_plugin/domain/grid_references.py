# SPDX-License-Identifier: GPL-2.0-or-later
"""Places as British National Grid references, as a highways officer takes them over the phone."""

from __future__ import annotations

from string import ascii_uppercase

#: 500 km squares from S (south-west) upwards, then 100 km squares within them; I is left out.
LETTERS = ascii_uppercase.replace("I", "")
_SQUARE_M = 100_000


def grid_reference(east: float, north: float, figures: int = 10) -> str | None:
    """Return a reference such as `SK 58712 04371` to the square that holds a place.

    Ten figures name a square of one metre, eight of ten metres, six of a hundred. None where the
    place lies outside the grid's letters, far from Great Britain.

    Args:
        east: Easting in metres of EPSG:27700.
        north: Northing in metres.
        figures: 2, 4, 6, 8 or 10.
    """
    column, row = int(east // _SQUARE_M), int(north // _SQUARE_M)
    # the grid's false origin is the south-west corner of the large square S
    if not (0 <= column + 10 < 25 and 0 <= row + 5 < 25):
        return None
    from_west, from_north = column + 10, 24 - (row + 5)
    large = LETTERS[from_north // 5 * 5 + from_west // 5]
    small = LETTERS[from_north % 5 * 5 + from_west % 5]
    half = figures // 2
    step = 10 ** (5 - half)
    digits = [f"{int(metres % _SQUARE_M) // step:0{half}d}" for metres in (east, north)]
    return f"{large}{small} {digits[0]} {digits[1]}"
