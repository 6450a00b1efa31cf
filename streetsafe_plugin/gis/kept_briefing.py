# SPDX-License-Identifier: GPL-2.0-or-later
"""A briefing's layouts and layers in the user's project, where they can be changed and exported.

What an earlier run with the same title left there is replaced. Layouts and group are found by a
property: people rename what they see.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from qgis.core import (
    QgsDataProvider,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProcessingUtils,
    QgsProject,
    QgsProviderRegistry,
    QgsReadWriteContext,
)
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.domain.progress import Tick, no_tick, part
from streetsafe_plugin.gis.briefing_layers import copy_tables
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
    tick: Tick = no_tick,
) -> list[str]:
    """Add a briefing's layers, in a group that is not drawn, and its layouts to a project.

    Args:
        project: the user's project.
        laid: the layouts, such as pages and slides.
        layers: the layers that they draw.
        title: the briefing's title; an earlier one of this title is replaced.
        audience: for whom it was made; layouts and layers say so.
        moved: where the files that the layers were drawn from have come to lie since.
        tick: progress.

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
    names = []
    for number, one in enumerate(laid):
        reading = part(tick, number / len(laid), (number + 1) / len(laid))
        names.append(_keep_layout(project, one.layout, new_ids, title, audience, reading))
    return names


def _copies(
    layers: BriefingLayers, audience: Audience, moved: Mapping[Path, Path]
) -> dict[str, QgsMapLayer]:
    """Return a copy of each layer by the id of the original, both reading the file where it is."""
    copies = {}
    for layer in layers.all_layers():
        now = moved.get(_file_of(layer))
        if now is not None:
            _read_from(layer, now)  # first: a copy would be opened where the file no longer is
        copy = layer.clone()
        if not copy.isValid():
            raise WriteFailed(
                tr("The layer “{}” cannot be read at its place.").format(copy.name()),
                tr("Check that the briefing's folder is still there, then try again."),
            )
        metadata = copy.metadata()
        inside = audience is Audience.INTERNAL
        # an internal pack's say so too: it holds every park's exact count
        kept = metadata.keywords() if inside else {}
        metadata.setKeywords({**kept, AUDIENCE: [audience.value]})
        copy.setMetadata(metadata)
        copies[layer.id()] = copy
    return copies


def _file_of(layer: QgsMapLayer) -> Path:
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return Path(str(parts.get("path", "")))


def _read_from(layer: QgsMapLayer, path: Path) -> None:
    """Have a layer read the same table of another file, drawn as before."""
    registry, provider = QgsProviderRegistry.instance(), layer.providerType()
    parts = {**registry.decodeUri(provider, layer.source()), "path": str(path)}
    source = registry.encodeUri(provider, parts)
    layer.setDataSource(source, layer.name(), provider, QgsDataProvider.ProviderOptions())


@contextmanager
def letting_go(project: QgsProject | None, files: Sequence[Path]) -> Iterator[None]:
    """Have a project's layers read copies of files while these are replaced.

    Windows lets nobody replace a file that is open, and elsewhere an open layer goes on reading
    the file that was there before. Whatever happens, the layers read what has the name afterwards.

    Raises:
        OSError: a copy cannot be made.
    """
    layers = [] if project is None else list(project.mapLayers().values())
    wanted = {path.resolve() for path in files}
    held = [(layer, _file_of(layer)) for layer in layers]
    held = [(layer, path) for layer, path in held if path.is_file() and path.resolve() in wanted]
    copies: dict[Path, Path] = {}
    try:
        for layer, path in held:
            if path not in copies:
                copies[path] = _copy_of(path)
            _read_from(layer, copies[path])
        yield
    finally:
        for layer, path in held:
            _read_from(layer, path)
        for copy in copies.values():
            copy.unlink()


def _copy_of(path: Path) -> Path:
    copy = Path(QgsProcessingUtils.tempFolder()) / f"{uuid.uuid4().hex}{path.suffix}"
    if path.suffix == ".gpkg":
        copy_tables(path, copy)
    else:
        shutil.copyfile(path, copy)
    return copy


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
    tick: Tick,
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
    _read(layout, laid, document, context, tick)
    taken = {one.name() for one in project.layoutManager().printLayouts()}
    name, number = laid.name(), 2
    while name in taken:
        name, number = f"{laid.name()} ({number})", number + 1
    layout.setName(name)
    layout.setCustomProperty(BRIEFING_PROPERTY, title)
    layout.setCustomProperty(LAYOUT_AUDIENCE, audience.value)
    project.layoutManager().addLayout(layout)
    return name


def _read(
    layout: QgsPrintLayout,
    laid: QgsPrintLayout,
    document: QDomDocument,
    context: QgsReadWriteContext,
    tick: Tick,
) -> None:
    """Read a copy of a layout page by page: QGIS takes seconds to read it in one go.

    What an item refers to, as a scale bar does to its map, is on the same page, and so are all
    frames of a table.
    """
    whole = document.documentElement()
    pages = _items_by_page(laid, whole)
    layout.readLayoutXml(whole, document, context)
    for number, items in enumerate(pages):
        tick(number / len(pages))
        layout.addItemsFromXml(items, document, context)
    tick(1.0)


def _items_by_page(laid: QgsPrintLayout, whole: QDomElement) -> list[QDomElement]:
    """Take the items out of a layout's XML; return those of each page, in order."""
    pages: dict[int, QDomElement] = {}
    for tag in ("LayoutItem", "LayoutMultiFrame"):
        element = whole.firstChildElement(tag)
        while not element.isNull():
            after = element.nextSiblingElement(tag)
            page = _page_of(laid, element)
            if page not in pages:
                pages[page] = whole.ownerDocument().createElement(whole.tagName())
            pages[page].appendChild(whole.removeChild(element))
            element = after
    return [pages[page] for page in sorted(pages)]


def _page_of(laid: QgsPrintLayout, element: QDomElement) -> int:
    """Return the number of the page that an item is on, or the first frame of a table."""
    frame = element.firstChildElement("childFrame")
    item = laid.itemByUuid((element if frame.isNull() else frame).attribute("uuid"))
    # by its middle: it may begin above its page
    return int(laid.pageCollection().pageNumberForPoint(item.mapToScene(item.rect().center())))
