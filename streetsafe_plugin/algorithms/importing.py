# SPDX-License-Identifier: GPL-2.0-or-later
"""What the imports have in common: the area to mark against, the table of rejected rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shapely.geometry.base import BaseGeometry

from streetsafe_plugin.algorithms.base import Run
from streetsafe_plugin.compat import integer_field, text_field
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.progress import no_tick
from streetsafe_plugin.domain.reading.table import RejectedRow
from streetsafe_plugin.gis.store import LayerSpec, Row
from streetsafe_plugin.i18n import tr


def area_shapes(run: Run, name: str) -> list[BaseGeometry] | None:
    """Return the polygons of an optional area, None where it was left empty."""
    if not run.given(name):
        return None
    shapes = run.polygons(name).shapes
    if not shapes:
        raise InputRefused(
            tr("{} holds no polygon.").format(name),
            tr("Choose a layer with the area, or leave it empty."),
        )
    return shapes


def write_rejected(run: Run, name: str, rejected: Sequence[RejectedRow]) -> str | None:
    """Write the rejected rows to the optional output `name`.

    The accepted rows stand by now, so their account is written even if the user cancels.
    """
    fields = [
        text_field("source_file"),
        integer_field("source_row"),
        text_field("code"),
        text_field("reason"),
        text_field("raw"),
    ]
    spec = LayerSpec(run.label_of(name), fields, "none")
    run.mark_sensitive(["raw"])
    return run.write(name, spec, _rows(rejected), tick=no_tick)


def _rows(rejected: Sequence[RejectedRow]) -> Iterator[Row]:
    for row in rejected:
        yield None, (row.source_file, row.source_row, row.code, row.reason, row.raw)
