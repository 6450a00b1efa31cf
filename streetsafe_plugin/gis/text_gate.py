# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way text from data reaches a label, a legend, a map tip, a file name or a filter.

QGIS treats text in many places as a small programme: `[% %]` in a name that a legend shows is
evaluated, HTML in a map tip is rendered, a filter is sent to the database as it stands. Nothing
that came in with a file goes to such a place but through a function of this module.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from qgis.core import QgsExpression

from streetsafe_plugin.domain.errors import InputRefused

_WORD_JOINER = "\u2060"
_LONGEST_FILE_NAME = 80
#: What a spreadsheet takes for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_DEVICE_NAMES = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"com{digit}" for digit in range(10)]
    + [f"lpt{digit}" for digit in range(10)]
)


def plain(text: str) -> str:
    """Return `text` on one line without control, direction or unassigned characters."""
    kept = (
        " " if character in "\t\r\n\u2028\u2029\u00a0" else character
        for character in unicodedata.normalize("NFC", text)
        if character in "\t\r\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn")
    )
    return re.sub(r" {2,}", " ", "".join(kept)).strip()


def label(text: str) -> str:
    """Return `text` for a layer name, legend or layout label: shown as it is, never evaluated."""
    return plain(text).replace("[%", f"[{_WORD_JOINER}%")


def as_html(text: str) -> str:
    """Return `text` for a place that renders HTML, such as a layer's notes."""
    return html.escape(plain(text), quote=True)


def cell(text: str) -> str:
    """Return `text` for a cell of a spreadsheet, which would run it as a formula by its start."""
    shown = plain(text)
    return f"'{shown}" if any(one.startswith(FORMULA_STARTS) for one in (text, shown)) else shown


def file_stem(text: str) -> str:
    """Return a file name stem that is harmless and readable on Windows, macOS and Linux.

    Letters, digits, `-` and `_` stay, everything else becomes `-`; names of devices
    (`con`, `nul` ...) get an underscore; at most 80 characters; never empty.
    """
    ascii_text = unicodedata.normalize("NFKD", text.replace("£", "GBP")).encode("ascii", "ignore")
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", ascii_text.decode("ascii")).strip("-_")
    stem = stem[:_LONGEST_FILE_NAME].rstrip("-_") or "unnamed"
    return f"{stem}_" if stem.lower() in _DEVICE_NAMES else stem


def file_stems(texts: Iterable[str]) -> list[str]:
    """Return a stem for each text, made different from the others whatever the letters' case."""
    taken: set[str] = set()
    stems = []
    for text in texts:
        stem = candidate = file_stem(text)
        number = 2
        while candidate.lower() in taken:
            candidate = f"{stem}-{number}"
            number += 1
        taken.add(candidate.lower())
        stems.append(candidate)
    return stems


def path_inside(folder: Path, stem: str, suffix: str) -> Path:
    """Return `folder`/`stem``suffix`, refusing anything that would lie elsewhere."""
    path = (folder / f"{file_stem(stem)}{suffix}").resolve()
    if folder.resolve() != path.parent:
        raise InputRefused(
            "A file name would lead out of the chosen folder.", "Choose another title."
        )
    return path


def field_equals(field: str, value: str | float | bool | None) -> str:
    """Return a filter that is true where `field` equals `value`, both quoted by QGIS."""
    return str(QgsExpression.createFieldEqualityExpression(field, value))


def map_tip(fields: Iterable[str]) -> str:
    """Return a map tip that shows fields by name with their values as text, never as HTML."""
    rows = []
    for field in fields:
        column = QgsExpression.quotedColumnRef(field)
        value = f"coalesce(to_string({column}), '')"
        for raw, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
            value = f"replace({value}, '{raw}', '{entity}')"
        rows.append(f"<b>{as_html(field)}</b>: [% {value} %]")
    return "<br>".join(rows)


def literal(name: str) -> str:
    """Return a file name in which a search takes no sign for a wildcard."""
    return re.sub(r"([\[\]*?])", r"[\1]", name)
