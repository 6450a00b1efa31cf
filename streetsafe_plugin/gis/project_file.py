# SPDX-License-Identifier: GPL-2.0-or-later
"""Save a project that opens anywhere: relative paths, nobody's name, checked before it counts.

QGIS's own way of saving a `.qgz` ruins the file that was there when the disk fills up, and
writes the login name and some absolute paths into it. Here the project is written beside its
target, cleaned, opened again, and only then put in place.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote as url_quote

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument

from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.gis.park_relation import relate_within
from streetsafe_plugin.gis.store import beside
from streetsafe_plugin.gis.text_gate import label
from streetsafe_plugin.i18n import tr

#: Groups are found by this property: people rename what they see.
GROUP_PROPERTY = "streetsafe/group"

_FILE_PROVIDERS = ("ogr", "gdal")
_NAMES_IN_ROOT = ("saveUser", "saveUserFull")
# Two steps from the root of a disk or a server; "/km²" and the like are no paths.
_ABSOLUTE_PATH = re.compile(r"""["'>](?:file:/*)?(?://?|[A-Za-z]:[\\/]|\\\\)[^/\\"'<>]+[/\\]""")
_PASSWORD = re.compile(r"\bpassword=", re.IGNORECASE)


@dataclass(frozen=True)
class ProjectLayer:
    """A layer to put into a project, drawn from the start or only listed."""

    layer: QgsMapLayer
    visible: bool = True


@dataclass(frozen=True)
class ProjectGroup:
    """A group of layers, the topmost first; `key` stays the same whatever it is called."""

    key: str
    title: str
    layers: Sequence[ProjectLayer]


def save_project(
    path: Path,
    title: str,
    groups: Sequence[ProjectGroup],
    crs: QgsCoordinateReferenceSystem,
    view: QgsRectangle,
) -> Path:
    """Save `groups`, the topmost first, as a project at `path` that opens on `view`.

    A layer of parks and a table of interventions among them are tied by a relation.
    The layers pass into the project's keeping and are gone afterwards. Returns where the file
    came to lie: `path`, or a dated name where `path` was held open.

    Raises:
        InputRefused: a layer is not a file in the project's folder or below it.
        WriteFailed: the project could not be written, does not open again with all its layers,
            or would name a person, a folder or a password. The old file is untouched.
    """
    for entry in _entries(groups):
        _require_file_below(entry.layer, path.parent.resolve())
    project = QgsProject()
    project.setTitle(label(title))
    project.setCrs(crs)
    project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(view, crs))
    for group in groups:
        node = project.layerTreeRoot().addGroup(label(group.title))
        node.setCustomProperty(GROUP_PROPERTY, group.key)
        for entry in group.layers:
            _add(project, node, entry)
    relate_within(project)
    return save_assembled(path, project)


def save_assembled(path: Path, project: QgsProject) -> Path:
    """Save a project that was put together for it, never the one that somebody is working in.

    The project is empty afterwards. Returns where the file came to lie, as `save_project` does.

    Raises:
        InputRefused: a layer is not a file in the project's folder or below it.
        WriteFailed: as for `save_project`.
    """
    folder = path.parent.resolve()
    for layer in project.mapLayers().values():
        _require_file_below(layer, folder)
    with beside(path) as pending:
        content = _write_with_qgis(pending.temporary, project)
        _clean(pending.temporary, path.stem, folder)
        _check(pending.temporary, path.name, content)
    return pending.final


def _entries(groups: Sequence[ProjectGroup]) -> Iterator[ProjectLayer]:
    for group in groups:
        yield from group.layers


def _require_file_below(layer: QgsMapLayer, folder: Path) -> None:
    """Refuse a layer that the project could not take along when its folder is copied."""
    name = layer.name()
    if not layer.isValid():
        raise InputRefused(
            tr("Layer “{}” cannot be read.").format(name), tr("Leave it out or repair it.")
        )
    if layer.providerType() not in _FILE_PROVIDERS:
        raise InputRefused(
            tr("Layer “{}” is not a file.").format(name),
            tr("Save it into the project's folder first."),
        )
    if folder not in _file_of(layer).parents:
        raise InputRefused(
            tr("The file of layer “{}” lies outside the project's folder.").format(name),
            tr("Save it into the project's folder first."),
        )


def _file_of(layer: QgsMapLayer) -> Path:
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return Path(parts.get("path", "")).resolve()


def _write_with_qgis(path: Path, project: QgsProject) -> list[str]:
    """Write the project as QGIS does and return what it must hold when it is opened again."""
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    content = _content(project)
    written = project.write(str(path))
    reason = project.error()
    project.clear()
    if not written:
        raise WriteFailed(
            tr("The project “{}” could not be written: {}.").format(path.name, reason.strip(" .")),
            tr("Check the free space and your rights in that folder."),
        )
    return content


def _add(project: QgsProject, group: QgsLayerTreeGroup, entry: ProjectLayer) -> None:
    entry.layer.setName(label(entry.layer.name()))
    project.addMapLayer(entry.layer, False)
    node = group.addLayer(entry.layer)
    node.setItemVisibilityChecked(entry.visible)
    node.setExpanded(entry.visible)


def _content(project: QgsProject) -> list[str]:
    """Return a line for each valid layer, relation, layout and theme: what must not be lost."""
    ties = [one.id() for one in project.relationManager().relations().values() if one.isValid()]
    layouts = [one.name() for one in project.layoutManager().layouts()]
    themes = project.mapThemeCollection().mapThemes()
    return [*_layer_lines(project), *sorted(ties), *sorted(layouts), *sorted(themes)]


def _layer_lines(project: QgsProject) -> list[str]:
    return [
        f"{layer.name()}: {_rows(layer)} rows, drawn as {renderer.type() if renderer else 'table'}"
        for node in project.layerTreeRoot().findLayers()
        for layer in [node.layer()]
        if layer is not None and layer.isValid()
        for renderer in [layer.renderer()]
    ]


def _rows(layer: QgsMapLayer) -> int:
    # an empty layer that was only just written counts as one below nothing
    return max(int(layer.featureCount()), 0) if isinstance(layer, QgsVectorLayer) else 0


def _clean(path: Path, stem: str, folder: Path) -> None:
    """Rewrite the archive under its final name, without people's names and absolute paths."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # QGIS names the parts after the temporary file, up to its first dot: that is, not at all
        for name, content in held.items():
            if name.endswith(".qgs"):
                archive.writestr(f"{stem}.qgs", _cleaned(content.decode(), folder))
            else:
                archive.writestr(f"{stem}.qgd" if name.endswith(".qgd") else name, content)


def _cleaned(text: str, folder: Path) -> str:
    """Return the project's XML with paths below `folder` made relative and names removed.

    Raises:
        WriteFailed: an absolute path or a password remains.
    """
    absolute = folder.as_posix().rstrip("/")
    if absolute:
        in_xml = {html.escape(absolute, quote) for quote in (True, False)}
        spellings = {absolute, url_quote(absolute, safe="/:"), *in_xml}
        any_spelling = "|".join(map(re.escape, spellings))
        text = re.sub(rf"(?<![\w.-])(?:file:/{{0,3}})?(?:{any_spelling})/", "./", text)
    document = QDomDocument()
    document.setContent(text)
    root = document.documentElement()
    for name in _NAMES_IN_ROOT:
        root.removeAttribute(name)
    authors = document.elementsByTagName("author")
    for index in range(authors.count()):
        author = authors.at(index)
        while author.hasChildNodes():
            author.removeChild(author.firstChild())
    cleaned = str(document.toString(1))
    if root.isNull() or _ABSOLUTE_PATH.search(cleaned) or _PASSWORD.search(cleaned):
        raise WriteFailed(
            tr("The project was not saved: it would name a folder of this machine or a password."),
            tr("Remove pictures and styles that point to files elsewhere, and try again."),
        )
    return cleaned


def _check(path: Path, name: str, content: Sequence[str]) -> None:
    """Open the project again: every layer must be there, valid and as full as before."""
    project = QgsProject()
    opened = project.read(str(path))
    found = _content(project)
    project.clear()
    if not opened or found != list(content):
        raise WriteFailed(
            tr("The project “{}” does not open again with all its layers.").format(name),
            tr("The old file, if there was one, is untouched; check the free space."),
        )
