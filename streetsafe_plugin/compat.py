# SPDX-License-Identifier: GPL-2.0-or-later
"""The few places where QGIS 3.22 and QGIS 4 have no spelling in common."""

from __future__ import annotations

import datetime
from typing import Any

from qgis.core import (
    NULL,
    Qgis,
    QgsAttributeEditorContainer,
    QgsAttributeEditorElement,
    QgsEditFormConfig,
    QgsField,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLegendStyle,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsTextFormat,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QMetaType
from qgis.PyQt.QtGui import QColor, QFont

try:
    QgsField("probe", QMetaType.Type.QString)
    _TEXT, _INTEGER, _REAL, _BOOLEAN, _DATE, _DATETIME = (
        QMetaType.Type.QString,
        QMetaType.Type.Int,
        QMetaType.Type.Double,
        QMetaType.Type.Bool,
        QMetaType.Type.QDate,
        QMetaType.Type.QDateTime,
    )
except TypeError:  # QGIS before 3.38 knows only QVariant's types here
    from qgis.PyQt.QtCore import QVariant

    _TEXT, _INTEGER, _REAL, _BOOLEAN, _DATE, _DATETIME = (
        QVariant.Type.String,
        QVariant.Type.Int,
        QVariant.Type.Double,
        QVariant.Type.Bool,
        QVariant.Type.Date,
        QVariant.Type.DateTime,
    )


_PLAIN = frozenset((str, int, float, bool))


def text_field(name: str) -> QgsField:
    """Return a text field without a length limit: a limit loses whole rows, not characters."""
    return QgsField(name, _TEXT)


def integer_field(name: str) -> QgsField:
    """Return a whole-number field."""
    return QgsField(name, _INTEGER)


def real_field(name: str) -> QgsField:
    """Return a decimal-number field."""
    return QgsField(name, _REAL)


def boolean_field(name: str) -> QgsField:
    """Return a yes/no field."""
    return QgsField(name, _BOOLEAN)


def date_field(name: str) -> QgsField:
    """Return a date field."""
    return QgsField(name, _DATE)


def datetime_field(name: str) -> QgsField:
    """Return a date-and-time field."""
    return QgsField(name, _DATETIME)


def is_null(value: Any) -> bool:
    """Tell whether an attribute is missing: a QVariant on Qt5, None on Qt6."""
    return value is None or bool(value == NULL)


def holds_days(field: QgsField) -> bool:
    """Tell whether a field's values are dates without a time of day."""
    return bool(field.type() == _DATE)


def to_python(value: Any) -> Any:
    """Return an attribute as a plain Python value: NULL as None, Qt dates as Python's."""
    if value is None or type(value) in _PLAIN:
        return value
    if is_null(value):
        return None
    if isinstance(value, QDateTime):
        if not value.isValid():
            return None
        day, clock = value.date(), value.time()
        return datetime.datetime(
            day.year(),
            day.month(),
            day.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.msec() * 1000,
        )
    if isinstance(value, QDate):
        return datetime.date(value.year(), value.month(), value.day()) if value.isValid() else None
    return value


def switch_off_geospatial_pdf(settings: QgsLayoutExporter.PdfExportSettings) -> None:
    """Keep features and their attributes out of a PDF; the settings were renamed over time."""
    for flag in (
        "writeGeoPdf",
        "includeGeoPdfFeatures",
        "writeGeospatialPdf",
        "includeGeospatialPdfFeatures",
        "exportLayersAsSeperateFiles",
    ):
        if hasattr(settings, flag):
            setattr(settings, flag, False)


def drag_and_drop_layout() -> Any:
    """Return the layout of a form whose pages and fields are put together one by one."""
    if hasattr(Qgis, "AttributeFormLayout"):
        return Qgis.AttributeFormLayout.DragAndDrop
    return QgsEditFormConfig.EditorLayout.TabLayout  # before QGIS 3.32


def tab_for_form(title: str, parent: QgsAttributeEditorElement) -> QgsAttributeEditorContainer:
    """Return a page of a form."""
    page = QgsAttributeEditorContainer(title, parent)
    if hasattr(Qgis, "AttributeEditorContainerType"):
        page.setType(Qgis.AttributeEditorContainerType.Tab)
    else:  # before QGIS 3.32
        page.setIsGroupBox(False)
    return page


def text_as_text() -> Any:
    """Return the setting that keeps text searchable in a PDF."""
    return Qgis.TextRenderFormat.AlwaysText


def set_label_look(label: QgsLayoutItemLabel, font: QFont, colour: QColor) -> None:
    """Set a layout label's font and colour."""
    if hasattr(label, "setTextFormat"):
        text_format = QgsTextFormat.fromQFont(font)
        text_format.setColor(colour)
        label.setTextFormat(text_format)
    else:  # before QGIS 3.24
        label.setFont(font)
        label.setFontColor(colour)


def label_look(label: QgsLayoutItemLabel) -> tuple[QFont, QColor]:
    """Return a layout label's font, its size in points, and its colour."""
    if hasattr(label, "textFormat"):
        text_format = label.textFormat()
        font = QFont(text_format.font())
        font.setPointSizeF(text_format.size())
        return font, QColor(text_format.color())
    return QFont(label.font()), QColor(label.fontColor())  # before QGIS 3.24


def set_legend_font(
    legend: QgsLayoutItemLegend, part: QgsLegendStyle.Style, font: QFont, colour: QColor
) -> None:
    """Set the font and colour of one part of a layout legend."""
    style = legend.rstyle(part)
    if hasattr(style, "setTextFormat"):
        text_format = QgsTextFormat.fromQFont(font)
        text_format.setColor(colour)
        style.setTextFormat(text_format)
    else:  # before QGIS 3.30
        style.setFont(font)
        legend.setFontColor(colour)


def shrink_legend_font(
    legend: QgsLayoutItemLegend, part: QgsLegendStyle.Style, factor: float
) -> None:
    """Make the font of one part of a layout legend smaller, by a factor below 1."""
    style = legend.rstyle(part)
    if hasattr(style, "setTextFormat"):
        text_format = QgsTextFormat(style.textFormat())
        text_format.setSize(text_format.size() * factor)
        style.setTextFormat(text_format)
    else:  # before QGIS 3.30
        font = QFont(style.font())
        font.setPointSizeF(font.pointSizeF() * factor)
        style.setFont(font)


def field_names(
    algorithm: QgsProcessingAlgorithm,
    parameters: dict[str, Any],
    name: str,
    context: QgsProcessingContext,
) -> list[str]:
    """Return the fields chosen for a parameter."""
    if hasattr(algorithm, "parameterAsStrings"):
        return list(algorithm.parameterAsStrings(parameters, name, context))
    return list(algorithm.parameterAsFields(parameters, name, context))  # before QGIS 3.32
