# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers of a project are shared, which stay behind and why, and which fields go along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qgis.core import (
    QgsFields,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
)

from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.gis.provenance import sensitive_fields
from streetsafe_plugin.gis.sharing.fitness import why_not_layer
from streetsafe_plugin.i18n import tr

_WEB = frozenset(
    (
        "wms", "wcs", "wfs", "oapif", "arcgisfeatureserver", "arcgismapserver", "vectortile",
        "geonode", "xyzvectortiles", "mbtilesvectortiles", "arcgisvectortileservice", "ept",
        "copc", "sensorthings", "stac",
    )
)  # fmt: skip
_REMOTE_FILES = ("http:", "https:", "ftp:", "/vsi", "wms:", "wfs:", "oapif:")


@dataclass(frozen=True)
class LeftOut:
    """A layer or layout that stays behind, and why."""

    name: str
    reason: str


@dataclass
class Selection:
    """What is shared of a project: layers in the order of the tree, and what is not."""

    layers: list[QgsMapLayer] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    missing: list[QgsMapLayer] = field(default_factory=list)


def select(project: QgsProject, audience: Audience) -> Selection:
    """Return what of a project may go to an audience; missing layers are listed apart."""
    chosen = Selection()
    for layer in layers_in_order(project):
        reason = why_not_shareable(layer)
        if not reason and not layer.isValid():
            chosen.missing.append(layer)
            continue
        reason = reason or why_not_layer(layer, audience)
        if reason:
            chosen.left_out.append(LeftOut(layer.name(), reason))
        else:
            chosen.layers.append(layer)
    return chosen


def layers_in_order(project: QgsProject) -> list[QgsMapLayer]:
    """Return a project's layers as the tree lists them, then those that it does not list."""
    listed = [node.layerId() for node in project.layerTreeRoot().findLayers()]
    held = project.mapLayers()
    ids = dict.fromkeys([one for one in listed if one in held] + sorted(held))
    return [held[one] for one in ids]


def why_not_shareable(layer: QgsMapLayer) -> str:
    """Return why a layer cannot be copied into a file for anybody; empty where it can."""
    if layer.providerType().lower() in _WEB or _is_remote(layer):
        return tr("it comes from the web, and would call out wherever the project is opened")
    if not isinstance(layer, (QgsVectorLayer, QgsRasterLayer)):
        return tr("layers of its kind cannot be copied into a GeoPackage")
    if isinstance(layer, QgsRasterLayer) and layer.providerType() not in ("gdal", ""):
        return tr("rasters of its kind cannot be copied into a file")
    return ""


def _is_remote(layer: QgsMapLayer) -> bool:
    if layer.providerType() not in ("ogr", "gdal", "delimitedtext"):
        return False
    source = layer.source().lower()
    if layer.providerType() == "delimitedtext":
        return not source.startswith("file:")
    path = str(
        QgsProviderRegistry.instance()
        .decodeUri(layer.providerType(), layer.source())
        .get("path", source)
    ).lower()
    if path.startswith(("/vsizip/", "/vsigzip/", "/vsitar/")) and "/vsicurl" not in path:
        return False
    return path.startswith(_REMOTE_FILES)


def fields_about_people(layer: QgsVectorLayer) -> list[str]:
    """Return the fields that a layer, or a layer joined to it, marks as sensitive."""
    marked = set(sensitive_fields(layer))
    for join in layer.vectorJoins():
        joined = join.joinLayer()
        if joined is not None:
            prefix = join.prefix() or f"{joined.name()}_"
            marked |= {f"{prefix}{name}" for name in sensitive_fields(joined)}
            marked |= sensitive_fields(joined) if join.prefix() == "" else set()
    return [name for name in layer.fields().names() if name in marked]


def hidden_fields(layer: QgsVectorLayer, needed: Sequence[str]) -> list[str]:
    """Return the fields that are hidden from people, but for those by which layers are tied."""
    fields: QgsFields = layer.fields()
    columns = {column.name for column in layer.attributeTableConfig().columns() if column.hidden}
    keys = {fields[index].name() for index in layer.primaryKeyAttributes()}
    return [
        one.name()
        for index, one in enumerate(fields)
        if one.name() not in needed
        and one.name() not in keys
        and (one.name() in columns or layer.editorWidgetSetup(index).type() == "Hidden")
    ]


def tied_fields(project: QgsProject, layer: QgsVectorLayer) -> list[str]:
    """Return the fields of a layer by which relations tie it to others."""
    manager = project.relationManager()
    return [
        *(n for one in manager.referencingRelations(layer) for n in one.fieldPairs()),
        *(n for one in manager.referencedRelations(layer) for n in one.fieldPairs().values()),
    ]
