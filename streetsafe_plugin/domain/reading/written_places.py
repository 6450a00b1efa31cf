# SPDX-License-Identifier: GPL-2.0-or-later
"""Read one written coordinate, grid reference or WKT point.

The letters of grid references are those Ordnance Survey describes in "A guide to coordinate
systems in Great Britain": squares of 500 km, each of 25 squares of 100 km, lettered from the
north-west without I.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate

from streetsafe_plugin.domain.grid_references import LETTERS

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
# an s after seconds is their mark only where minutes are marked m, else it is for south
_DEGREES = re.compile(
    r"(?P<before>[NSEW])?\s*(?P<sign>[+-]?)\s*(?P<degrees>\d+(?:\.\d*)?)\s*(?P<mark>°|d|deg)?\s*"
    r"(?:(?P<minutes>\d+(?:\.\d*)?)\s*(?:'|(?P<lettered>m|min))?\s*"
    r"(?:(?P<seconds>\d+(?:\.\d*)?)\s*(?:\"|''|sec|(?(lettered)s|(?!)))?)?)?\s*(?P<after>[NSEW])?",
    re.IGNORECASE,
)
_GRID_REFERENCE = re.compile(r"([A-HJ-Z])([A-HJ-Z])\s*((?:\d\s*){4,10})", re.IGNORECASE)
_WKT = re.compile(
    r"(?:SRID\s*=\s*(?P<srid>\d+)\s*;\s*)?POINT\s*(?:ZM|Z|M)?\s*\(\s*"
    r"(?P<x>[-+.\de]+)\s+(?P<y>[-+.\de]+)(?:\s+[-+.\de]+){0,2}\s*\)",
    re.IGNORECASE,
)
_WKT_EMPTY = re.compile(r"(?:SRID\s*=\s*\d+\s*;\s*)?[A-Z]+\s*(?:ZM|Z|M)?\s+EMPTY", re.IGNORECASE)
_WKT_START = re.compile(
    r"\s*(?:SRID\s*=\s*\d+\s*;\s*)?"
    r"(?:multi)?(?:point|linestring|polygon|geometrycollection)\s*(?:z|m|zm|empty)?\s*(?:\(|$)",
    re.IGNORECASE,
)
_LETTERS_FIRST = re.compile(r"([NS][^NSEW]+?)\s*,?\s*([EW][^NSEW]+)", re.IGNORECASE)
_LETTERS_LAST = re.compile(r"(.*[NS])\s*,?\s*(.*[EW])", re.IGNORECASE)
#: What survey apps write for a point: latitude, longitude, height and accuracy.
_SURVEYED = re.compile(r"(-?\d+\.\d+) (-?\d+\.\d+) -?[\d.]+ [\d.]+")
#: The marks that people, phones and word processors set for degrees, minutes, seconds and minus.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("’‘′´`", "'"),
        **dict.fromkeys("”“″", '"'),
        **dict.fromkeys("−–‐\u2011", "-"),
        **dict.fromkeys("º˚", "°"),
    }
)


@dataclass(frozen=True)
class GridSquare:
    """The centre of the square a grid reference names, in metres, and the square's side."""

    easting: float
    northing: float
    side_m: float


@dataclass(frozen=True)
class WktPoint:
    """A point written as WKT; `srid` is the number of its system, 0 where it says none."""

    x: float
    y: float
    srid: int = 0


def coordinate(text: str, degrees: bool) -> float | None:
    """Return a coordinate as a number, None where it is not one.

    Degrees may have minutes and seconds and the letter of a point of the compass; metres may have
    their thousands parted. A decimal comma is understood in both.
    """
    if _NUMBER.fullmatch(text):
        return float(text)
    tidy = _tidy(text)
    if not degrees and _THOUSANDS.fullmatch(tidy):
        return float(tidy.replace(",", "").replace(" ", ""))
    if tidy.count(",") == 1 and "." not in tidy:
        tidy = tidy.replace(",", ".")
    if _NUMBER.fullmatch(tidy):
        return float(tidy)
    return _degrees_minutes_seconds(tidy) if degrees else None


def _degrees_minutes_seconds(tidy: str) -> float | None:
    match = _DEGREES.fullmatch(tidy)
    if match is None or (match["before"] and match["after"]):
        return None
    letter = (match["before"] or match["after"] or "").upper()
    if letter and match["sign"]:
        return None
    if not letter and match["mark"] != "°" and match["minutes"] is None:
        return None
    whole = match["degrees"]
    minutes, seconds = match["minutes"] or "0", match["seconds"] or "0"
    # a part with decimals is the last one, and 60 of a part make the next
    if (match["minutes"] and "." in whole) or (match["seconds"] and "." in minutes):
        return None
    if float(minutes) >= 60 or float(seconds) >= 60:
        return None
    value = float(whole) + float(minutes) / 60 + float(seconds) / 3600
    return -value if letter in ("S", "W") or match["sign"] == "-" else value


def grid_square(text: str) -> GridSquare | None:
    """Return the square a British grid reference of 4 to 10 figures names, None for no reference.

    Squares that are lettered but lie off the grid come out with coordinates beyond it. Figures
    that are parted unevenly, as in "SK 5860 43", leave open which figure belongs to which half.
    """
    match = _GRID_REFERENCE.fullmatch(_tidy(text).replace(",", " "))
    if match is None:
        return None
    figures = "".join(match[3].split())
    if len(figures) % 2:
        return None
    half = len(figures) // 2
    ends = accumulate(map(len, match[3].split()))
    if half not in ends and len(match[3].split()) > 1:
        return None
    side = 10.0 ** (5 - half)
    first, second = (LETTERS.index(letter.upper()) for letter in match.group(1, 2))
    # the grid's origin is the south-west corner of S, two squares east of A and one north of V
    east = (first % 5 - 2) * 500_000 + (second % 5) * 100_000
    north = (3 - first // 5) * 500_000 + (4 - second // 5) * 100_000
    return GridSquare(
        east + (int(figures[:half]) + 0.5) * side, north + (int(figures[half:]) + 0.5) * side, side
    )


def wkt_point(text: str) -> WktPoint | None:
    """Return a point written as WKT, None where it is another shape, empty, or no WKT."""
    match = _WKT.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return WktPoint(float(match["x"]), float(match["y"]), int(match["srid"] or 0))
    except ValueError:
        return None


def is_empty_wkt(text: str) -> bool:
    """Tell whether a text is a WKT shape that holds nothing."""
    return _WKT_EMPTY.fullmatch(text.strip()) is not None


def pair_of_degrees(text: str) -> tuple[float, float] | None:
    """Return the two coordinates of a cell such as "52.63, -1.13", in the order they stand in."""
    tidy = _tidy(text).strip("()[]")
    for separator in (";", "|", ", ", ",", " "):
        halves = [half.strip() for half in tidy.split(separator) if half.strip()]
        if len(halves) == 2:
            first, second = (coordinate(half, degrees=True) for half in halves)
            if first is not None and second is not None:
                return first, second
    whole = (
        _LETTERS_LAST.fullmatch(tidy) or _LETTERS_FIRST.fullmatch(tidy) or _SURVEYED.fullmatch(tidy)
    )
    if whole is None:
        return None
    latitude, longitude = (coordinate(half, degrees=True) for half in whole.groups())
    return None if latitude is None or longitude is None else (latitude, longitude)


def looks_like_gridref(text: str) -> bool:
    """Tell whether a text is a British grid reference."""
    return grid_square(text) is not None


def looks_like_wkt(text: str) -> bool:
    """Tell whether a text is a shape written as WKT."""
    return _WKT_START.match(text) is not None


def looks_like_latlon(text: str) -> bool:
    """Tell whether a text holds two coordinates in degrees, not two whole numbers."""
    pair = pair_of_degrees(text)
    if pair is None or not any(mark in text for mark in ".°'NSEWnsew-"):
        return False
    return all(abs(value) <= 180 for value in pair)


def _tidy(text: str) -> str:
    # first, for to normalise takes some of the marks apart
    plain = unicodedata.normalize("NFKC", text.translate(_MARKS)).replace("\u200b", "")
    return " ".join(plain.translate(_MARKS).split())
