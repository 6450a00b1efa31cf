# SPDX-License-Identifier: GPL-2.0-or-later
"""Decimal numbers copied as they are.

QGIS rounds what it writes to the decimals that a field declares, and a layer in memory declares
five unless told otherwise while holding all of them.
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsField, QgsFields, QgsVectorFileWriter

from streetsafe_plugin.compat import real_field


class _AsTheyAre(QgsVectorFileWriter.FieldValueConverter):
    """Declare no decimals for decimal numbers, and hand every value on."""

    def clone(self) -> _AsTheyAre:
        """Return another, as QGIS asks for layers that it writes in the background."""
        return _AsTheyAre()

    def fieldDefinition(self, field: QgsField) -> QgsField:
        """Return the field that is written for a field."""
        if not _would_be_rounded(field):
            return field
        exact = real_field(field.name())
        exact.setAlias(field.alias())
        return exact

    def convert(self, index: int, value: Any) -> Any:
        """Return the value."""
        return value


def keep_exact(
    options: QgsVectorFileWriter.SaveVectorOptions, fields: QgsFields
) -> _AsTheyAre | None:
    """Have decimals written as they are; keep what is returned until all is written.

    It costs a call for every value, so it is only done for fields that would be rounded.
    """
    if not any(_would_be_rounded(one) for one in fields):
        return None
    converter = _AsTheyAre()
    options.fieldValueConverter = converter
    return converter


def _would_be_rounded(field: QgsField) -> bool:
    return field.precision() > 0 and field.type() == real_field("probe").type()
