# SPDX-License-Identifier: GPL-2.0-or-later
"""A briefing's layouts and layers in the user's project, where they can be changed and exported.

What an earlier run with the same title left there is replaced. Layouts and group are found by a
property: people rename what they see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qgis.core import (
    QgsDataProvider,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtXml import QDomDocument

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.gis.layouts import BriefingLayers, Laid
from streetsafe_plugin.gis.provenance import AUDIENCE
from streetsafe_plugin.gis.sharing.fitness import LAYOUT_AUDIENCE
from streetsafe_plugin.gis.text_gate import label
from streetsafe_plugin.i18n import tr

#: What belongs to a briefing in a project bears its title under this property.
BRIEFING_PROPERTY = "streetsafe/briefing"


def keep_in_project(
    project: QgsProject,
    laid: Sequence[Laid],
    layers: BriefingLayers,
    title: str,
    audience: Audience,
    moved: Mapping[Path, Path],
) -> list[str]:
    """Add a briefing's layers, in a group that is not drawn, and its layouts to a project.

    Args:
        project: the user's project.
        laid: the layouts, such as pages and slides.
        layers: the layers that they draw.
        title: the briefing's title; an earlier one of this title is replaced.
        audience: for whom it was made; layouts and layers say so.
        moved: where the files that the layers were drawn from have come to lie since.

    Returns:
        The names of the layouts, changed where the project has others of the same name.

    Raises:
        WriteFailed: a layer cannot be read at its place; the project is as it was.
    """
    kept = _copies(layers, audience, moved)
    _remove_earlier(project, title)
    group = project.layerTreeRoot().addGroup(label(tr("Briefing: {}").format(title)))
    group.setCustomProperty(BRIEFING_PROPERTY, title)
    for layer in reversed(list(kept.values())):
        project.addMapLayer(layer, False)
        group.addLayer(layer)
    group.setItemVisibilityChecked(False)
    group.setExpanded(False)
    new_ids = {old: layer.id() for old, layer in kept.items()}
    return [_keep_layout(project, one.layout, new_ids, title, audience) for one in laid]


def _copies(
    layers: BriefingLayers, audience: Audience, moved: Mapping[Path, Path]
) -> dict[str, QgsMapLayer]:
    """Return a copy of each layer by the id of the original, reading from where its file is now."""
    copies = {}
    for layer in layers.all_layers():
        copy = layer.clone()
        for before, now in moved.items():
            if copy.source().startswith(str(before)):
                source = copy.source().replace(str(before), str(now), 1)
                options = QgsDataProvider.ProviderOptions()
                copy.setDataSource(source, copy.name(), copy.providerType(), options)
        if not copy.isValid():
            raise WriteFailed(
                tr("The layer “{}” cannot be read at its place.").format(copy.name()),
                tr("Check that the briefing's folder is still there, then try again."),
            )
        if audience is not Audience.INTERNAL:
            metadata = copy.metadata()
            metadata.setKeywords({AUDIENCE: [audience.value]})
            copy.setMetadata(metadata)
        copies[layer.id()] = copy
    return copies


def _remove_earlier(project: QgsProject, title: str) -> None:
    manager = project.layoutManager()
    for layout in list(manager.printLayouts()):
        if layout.customProperty(BRIEFING_PROPERTY) == title:
            manager.removeLayout(layout)
    for group in project.layerTreeRoot().findGroups(True):
        if isinstance(group, QgsLayerTreeGroup) and (
            group.customProperty(BRIEFING_PROPERTY) == title
        ):
            project.removeMapLayers(group.findLayerIds())
            group.parent().removeChildNode(group)


def _keep_layout(
    project: QgsProject,
    laid: QgsPrintLayout,
    new_ids: dict[str, str],
    title: str,
    audience: Audience,
) -> str:
    """Copy a layout into the project, drawing the copies of its layers; return its name."""
    context = QgsReadWriteContext()
    document = QDomDocument()
    document.appendChild(laid.writeXml(document, context))
    text = document.toString(-1)
    for old, new in new_ids.items():
        text = text.replace(old, new)
    document = QDomDocument()
    document.setContent(text)
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.readLayoutXml(document.documentElement(), document, context)
    taken = {one.name() for one in project.layoutManager().printLayouts()}
    name, number = laid.name(), 2
    while name in taken:
        name, number = f"{laid.name()} ({number})", number + 1
    layout.setName(name)
    layout.setCustomProperty(BRIEFING_PROPERTY, title)
    layout.setCustomProperty(LAYOUT_AUDIENCE, audience.value)
    project.layoutManager().addLayout(layout)
    return name
