# SPDX-License-Identifier: GPL-2.0-or-later
"""What has been handed out already: which numbers, and which reports they counted.

Two products may be harmless each and tell of one person together: the park and the park with its
ring, last month and this, a partner's pack and the public one. They are compared by the reports
they count and not by their names. Reports are known by hashes with a random salt that stays in the
register, so a register alone does not say which reports it holds, and a report that has left the
layer is still known.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streetsafe_plugin.domain.pack import Audience

#: Hexadecimal digits of a report's hash: among a million reports two agree once in 30 million.
_DIGITS = 16

#: A piece of ground by its name, and the distances from its edge that are meant: above the first,
#: up to and with the second. The ground itself lies between `INSIDE` and 0.
Piece = tuple[str, float, float]
INSIDE = -1.0
#: A square's west, south, east and north in metres; it holds its western and southern edge.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scope:
    """Where and when a number counts: what could lie in it, even if no report does.

    `pieces` and `boxes` are the ground, or all the rest where `others`. Neither is there where
    nothing but the reports themselves says what counts. `months` are the first and last, numbered
    since 1970; `undated` tells whether reports without a date count, too.
    """

    pieces: tuple[Piece, ...]
    others: bool
    months: tuple[int, int]
    undated: bool
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class IssuedNumber:
    """A number of a product: what it counts, and what a reader knows of it.

    `reason` is the code of the reason whose mentions are counted, empty for reports. `value` is
    as it was shown, None where it was not. A reader knows that the true one lies between `low` and
    `high`; None where nothing bounds it. A number that was never to be shown has neither.
    """

    name: str
    reason: str
    scope: Scope
    value: int | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Issued:
    """An entry of the register: a product, its numbers, and which reports each of them counts.

    `groups` are (positions in `numbers`, hashes of the reports that just these count). `files` are
    the names and SHA-256 of what was handed out.
    """

    on: datetime.date
    title: str
    audience: Audience
    threshold: int
    round_to: int
    salt: str
    numbers: tuple[IssuedNumber, ...] = ()
    groups: tuple[tuple[tuple[int, ...], tuple[str, ...]], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, int]:
        """Return the numbers that are shown as figures, by name."""
        return {one.name: one.value for one in self.numbers if one.value is not None}


def salt_of(earlier: Sequence[Issued]) -> str:
    """Return the salt of a register, a new random one where it has no entry."""
    return earlier[0].salt if earlier else secrets.token_hex(16)


def hashed(keys: Sequence[str], salt: str) -> list[str]:
    """Return the hashes by which a register knows reports."""
    start = hashlib.sha256(salt.encode())
    found = []
    for key in keys:
        one = start.copy()
        one.update(key.encode())
        found.append(one.hexdigest()[:_DIGITS])
    return found


def as_record(entry: Issued) -> dict[str, Any]:
    """Return an entry as what JSON can hold."""
    return {
        "on": entry.on.isoformat(),
        "title": entry.title,
        "audience": entry.audience.value,
        "threshold": entry.threshold,
        "round_to": entry.round_to,
        "salt": entry.salt,
        "numbers": [
            [
                one.name,
                one.reason,
                [list(piece) for piece in one.scope.pieces],
                one.scope.others,
                list(one.scope.months),
                one.scope.undated,
                [list(box) for box in one.scope.boxes],
                one.value,
                one.low,
                one.high,
            ]
            for one in entry.numbers
        ],
        "groups": [[list(held), list(reports)] for held, reports in entry.groups],
        "files": dict(entry.files),
    }


def from_record(record: Mapping[str, Any]) -> Issued:
    """Return the entry that a record holds.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    numbers = tuple(_number(*fields) for fields in record["numbers"])
    groups = tuple(
        (tuple(int(one) for one in held), tuple(str(one) for one in reports))
        for held, reports in record["groups"]
    )
    if any(not 0 <= place < len(numbers) for held, _ in groups for place in held):
        raise ValueError("a group of reports belongs to a number that is not there")
    return Issued(
        datetime.date.fromisoformat(record["on"]),
        str(record["title"]),
        Audience(record["audience"]),
        int(record["threshold"]),
        int(record["round_to"]),
        str(record["salt"]),
        numbers,
        groups,
        {str(name): str(digest) for name, digest in record["files"].items()},
    )


def _number(
    name: str,
    reason: str,
    pieces: Sequence[Sequence[Any]],
    others: bool,
    months: Sequence[int],
    undated: bool,
    boxes: Sequence[Sequence[Any]],
    value: int | None,
    low: int | None,
    high: int | None,
) -> IssuedNumber:
    first, last = months
    scope = Scope(
        tuple((str(ground), float(inner), float(outer)) for ground, inner, outer in pieces),
        bool(others),
        (int(first), int(last)),
        bool(undated),
        tuple((float(w), float(s), float(e), float(n)) for w, s, e, n in boxes),
    )
    return IssuedNumber(str(name), str(reason), scope, _whole(value), _whole(low), _whole(high))


def _whole(value: int | None) -> int | None:
    return None if value is None else int(value)
