# SPDX-License-Identifier: GPL-2.0-or-later
"""How layers look: styles from `resources/styles`, class limits from the numbers shown.

Style files are read for symbols, labels and rendering only; the rest of what a QML may carry
(actions, form code, map tips) never comes in through here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Callable

import numpy as np
from qgis.core import (
    QgsColorRampShader,
    QgsLayerMetadata,
    QgsLayerNotesUtils,
    QgsMapLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor, QPainter
from qgis.PyQt.QtXml import QDomDocument

from streetsafe_plugin.gis import text_gate
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

Style = Callable[[QgsMapLayer], None]

#: Layers of one run that belong together bear the same value of this property.
KIN_PROPERTY = "streetsafe/kin"

_CATEGORIES = (
    QgsMapLayer.StyleCategory.Symbology
    | QgsMapLayer.StyleCategory.Labeling
    | QgsMapLayer.StyleCategory.Rendering
)

#: From low to high: five steps of equal contrast on a white page, after the magma scale.
_DENSITY_COLOURS = ("#feebd0", "#fec3a3", "#e57089", "#9a4390", "#471d78")
#: What lies above limits that were given: a step darker than all, which leaves the others theirs.
_BEYOND_COLOUR = "#0d0414"


@dataclass(frozen=True)
class Finish:
    """What a layer gets once its data are right: title, look, how it was made, and a map tip.

    `form` sets how its rows are edited; `kin` is the same for layers that belong together.
    """

    title: str
    style: Style | None = None
    metadata: QgsLayerMetadata | None = None
    notes_html: str = ""
    tip_fields: tuple[str, ...] = field(default=())
    form: Style | None = None
    kin: str = ""


def dress(layer: QgsMapLayer, finish: Finish) -> None:
    """Apply `finish` to `layer`; its name is only changed by whoever loads it."""
    if finish.style is not None:
        finish.style(layer)
    if finish.metadata is not None:
        metadata = finish.metadata.clone()
        metadata.setCrs(layer.crs())
        layer.setMetadata(metadata)
    if finish.notes_html:
        QgsLayerNotesUtils.setLayerNotes(layer, finish.notes_html)
    if isinstance(layer, QgsVectorLayer) and finish.tip_fields:
        # without a template QGIS renders the display field as HTML, whatever it holds
        layer.setMapTipTemplate(text_gate.map_tip(finish.tip_fields))
        layer.setDisplayExpression(f'"{finish.tip_fields[0]}"')
    if finish.form is not None:
        finish.form(layer)
    if finish.kin:
        layer.setCustomProperty(KIN_PROPERTY, finish.kin)


def from_file(stem: str) -> Style:
    """Return the style of `resources/styles/<stem>.qml`."""
    path = resource("styles", f"{stem}.qml")

    def apply(layer: QgsMapLayer) -> None:
        # not loadNamedStyle: it would take the style that lies in a layer's GeoPackage instead
        document = QDomDocument()
        document.setContent(path.read_text(encoding="utf-8"))
        loaded, message = layer.importNamedStyle(document, _CATEGORIES)
        if not loaded:
            raise FileNotFoundError(f"{path.name}: {message}")

    return apply


def density(
    limits: Sequence[float], unit: str, open_ended: bool = False, lowest: str = ""
) -> Style:
    """Return the style of a density surface in equal classes up to `limits`, at least one.

    What is `open_ended` has a class above the last limit as well; `lowest` says what it means to be
    without colour, where that is more than being under the first limit.

    The lowest class is left without colour, so that the map beneath stays readable and a lone
    report far from any other is no hot spot. Colours run from light to dark evenly for the eye
    and tell apart for the colour-blind and in grey.
    """
    limits = list(limits)
    steps = np.linspace(0, len(_DENSITY_COLOURS) - 1, max(len(limits) - 1, 1))
    items = [
        QgsColorRampShader.ColorRampItem(
            limits[0],
            QColor(255, 255, 255, 0),
            lowest or tr("under {:g}: no colour").format(limits[0]),
        ),
        *(
            QgsColorRampShader.ColorRampItem(
                upper,
                QColor(_DENSITY_COLOURS[round(step)]),
                tr("{:g} – {:g} {}").format(above, upper, unit),
            )
            for above, upper, step in zip(limits, limits[1:], steps)
        ),
    ]
    if open_ended:
        items.append(
            QgsColorRampShader.ColorRampItem(
                math.inf, QColor(_BEYOND_COLOUR), tr("over {:g} {}").format(limits[-1], unit)
            )
        )

    def apply(layer: QgsMapLayer) -> None:
        function = QgsColorRampShader(0.0, limits[-1], None, QgsColorRampShader.Type.Discrete)
        function.setColorRampItemList(items)
        shader = QgsRasterShader()
        shader.setRasterShaderFunction(function)
        renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
        renderer.setClassificationMin(0.0)
        renderer.setClassificationMax(limits[-1])
        layer.setRenderer(renderer)
        # a map beneath shines through, and on white the colours are those of the legend
        layer.setBlendMode(QPainter.CompositionMode.CompositionMode_Multiply)

    return apply


def beside_file(layer: QgsMapLayer) -> None:
    """Give a layer the look of the style file beside its data, where there is one."""
    layer.loadNamedStyle(layer.styleURI(), categories=_CATEGORIES)
