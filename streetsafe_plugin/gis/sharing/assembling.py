# SPDX-License-Identifier: GPL-2.0-or-later
"""A project put together anew from the cleaned parts of another.

Only what is named here is taken over, so that nothing travels by oversight: layers with all their
styles, the tree, themes, relations, layouts, coordinate system, units, variables and view. Macros,
expression functions, bookmarks, annotations and what plugins keep in a project are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.core import (
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsProjectMetadata,
    QgsRasterLayer,
    QgsReadWriteContext,
    QgsReferencedRectangle,
    QgsRelation,
    QgsRelationContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.gis.recipe import RECIPE
from streetsafe_plugin.gis.sharing.cleaning import Cleaner
from streetsafe_plugin.gis.sharing.copying import Copies
from streetsafe_plugin.gis.text_gate import file_stem, label
from streetsafe_plugin.i18n import tr

_EMBEDDED = ("embedded", "embedded_project", "embedded-invisible-layers")


class Assembly:
    """The shared project on its way: filled part by part, then saved by `project_file`."""

    def __init__(
        self,
        original: QgsProject,
        title: str,
        copies: Copies,
        cleaner: Cleaner,
        ids: Mapping[str, str],
        keep_recipes: bool,
    ) -> None:
        """Begin with the settings; `ids` are the new ids of the layers that are shared."""
        self.project = QgsProject()
        self._original = original
        self._copies = copies
        self._cleaner = cleaner
        self._ids = ids
        self._keep_recipes = keep_recipes
        self._take_settings(title)

    def add_layer(self, layer: QgsMapLayer, without: Sequence[str]) -> QgsMapLayer:
        """Add a copied layer with its styles, forms, notes and metadata; return the new one.

        Raises:
            WriteFailed: the copy cannot be opened.
        """
        document = QDomDocument("qgis")
        element = document.createElement("maplayer")
        document.appendChild(element)
        if not layer.writeLayerXml(element, document, QgsReadWriteContext()):
            raise _unreadable(layer)
        _replace_text(element, "datasource", "")
        clean = self._cleaner.document(document)
        described = clean.documentElement()
        _replace_text(described, "datasource", self._copies.sources[layer.id()])
        _replace_text(described, "provider", self._copies.providers[layer.id()])
        described.removeAttribute("embedded")
        described.removeAttribute("project")
        copy = QgsVectorLayer() if isinstance(layer, QgsVectorLayer) else QgsRasterLayer()
        if not copy.readLayerXml(described, QgsReadWriteContext()) or not copy.isValid():
            raise _unreadable(layer)
        copy.setName(label(layer.name()))
        if isinstance(copy, QgsVectorLayer):
            _hide_nothing_that_is_gone(copy, without)
        self._clean_metadata(copy)
        self.project.addMapLayer(copy, False)
        return copy

    def add_tree(self) -> None:
        """Add groups and layers in their order, ticked and unfolded as they are."""
        document = QDomDocument()
        top = document.createElement("tree")
        document.appendChild(top)
        self._original.layerTreeRoot().writeXml(top, QgsReadWriteContext())
        clean = self._cleaner.document(document)
        tree = QgsLayerTree.readXml(
            clean.documentElement().firstChildElement("layer-tree-group"), QgsReadWriteContext()
        )
        root = self.project.layerTreeRoot()
        for child in tree.children():
            root.addChildNode(child.clone())
        root.resolveReferences(self.project)
        root.removeChildrenGroupWithoutLayers()
        _forget_other_projects(root)
        if self._original.layerTreeRoot().hasCustomLayerOrder():
            layers = (
                self.project.mapLayer(self._ids.get(layer.id(), ""))
                for layer in self._original.layerTreeRoot().customLayerOrder()
            )
            root.setCustomLayerOrder([layer for layer in layers if layer is not None])
            root.setHasCustomLayerOrder(True)

    def add_themes(self) -> None:
        """Add the map themes, without the layers that stay behind."""
        document = QDomDocument()
        document.appendChild(document.createElement("qgis"))
        self._original.mapThemeCollection().writeXml(document)
        self.project.mapThemeCollection().readXml(self._cleaner.document(document))

    def add_relations(self) -> None:
        """Add the relations between layers that are shared."""
        for one in self._original.relationManager().relations().values():
            ends = [
                self._ids.get(end) for end in (one.referencedLayerId(), one.referencingLayerId())
            ]
            if not one.isValid() or None in ends:
                continue
            tie = QgsRelation(QgsRelationContext(self.project))
            tie.setId(self._cleaner.with_new_ids(one.id()))
            tie.setName(one.name())
            tie.setStrength(one.strength())
            tie.setReferencedLayer(ends[0])
            tie.setReferencingLayer(ends[1])
            for referencing, referenced in one.fieldPairs().items():
                tie.addFieldPair(referencing, referenced)
            self.project.relationManager().addRelation(tie)

    def add_layout(self, layout: QgsPrintLayout) -> None:
        """Add a print layout whose maps, legends and tables use the shared layers.

        Raises:
            WriteFailed: QGIS cannot read it again.
        """
        document = QDomDocument()
        document.appendChild(layout.writeXml(document, QgsReadWriteContext()))
        clean = self._cleaner.document(document)
        copy = QgsPrintLayout(self.project)
        read = copy.readXml(clean.documentElement(), clean, QgsReadWriteContext())
        if not read or not self.project.layoutManager().addLayout(copy):
            raise WriteFailed(
                tr("The layout “{}” could not be taken over.").format(layout.name()),
                tr("Rename it or remove it, and share again."),
            )

    def open_on(self, view: QgsReferencedRectangle) -> None:
        """Set what the map shows when the project is opened."""
        self.project.viewSettings().setDefaultViewExtent(view)

    def _take_settings(self, title: str) -> None:
        original, project = self._original, self.project
        project.setTitle(label(title))
        project.setCrs(original.crs())
        project.setEllipsoid(original.ellipsoid())
        project.setDistanceUnits(original.distanceUnits())
        project.setAreaUnits(original.areaUnits())
        project.setBackgroundColor(original.backgroundColor())
        project.setSelectionColor(original.selectionColor())
        project.setTransformContext(original.transformContext())
        project.setLabelingEngineSettings(original.labelingEngineSettings())
        project.timeSettings().setTemporalRange(original.timeSettings().temporalRange())
        variables = original.customVariables()
        project.setCustomVariables(
            {
                name: self._cleaner.text(value) if isinstance(value, str) else value
                for name, value in variables.items()
            }
        )
        metadata = QgsProjectMetadata()
        metadata.setTitle(label(title))
        metadata.setAbstract(self._cleaner.text(original.metadata().abstract()))
        metadata.setAuthor("")
        project.setMetadata(metadata)

    def _clean_metadata(self, layer: QgsMapLayer) -> None:
        metadata = layer.metadata().clone()
        metadata.setContacts([])
        metadata.setLinks([])
        if not self._keep_recipes:
            keywords = metadata.keywords()
            keywords.pop(RECIPE, None)
            metadata.setKeywords(keywords)
        layer.setMetadata(metadata)


def new_ids(layers: Sequence[QgsMapLayer]) -> dict[str, str]:
    """Return new ids for layers, made from what they are called now, by their old ones."""
    return {
        layer.id(): f"shared_{number:03}_{file_stem(layer.name()).replace('-', '_')}"
        for number, layer in enumerate(layers, start=1)
    }


def _replace_text(element: QDomElement, name: str, text: str) -> None:
    child = element.firstChildElement(name)
    document = element.ownerDocument()
    if child.isNull():
        child = document.createElement(name)
        element.appendChild(child)
    while child.hasChildNodes():
        child.removeChild(child.firstChild())
    child.appendChild(document.createTextNode(text))


def _hide_nothing_that_is_gone(layer: QgsVectorLayer, without: Sequence[str]) -> None:
    """Take fields that were not copied out of the attribute table's columns and the tip."""
    if not without:
        return
    config = layer.attributeTableConfig()
    config.update(layer.fields())
    layer.setAttributeTableConfig(config)
    if any(f'"{name}"' in layer.mapTipTemplate() for name in without):
        layer.setMapTipTemplate("")
    if any(name in layer.displayExpression() for name in without):
        layer.setDisplayExpression("")


def _forget_other_projects(group: QgsLayerTreeGroup) -> None:
    """Make groups that were embedded from another project groups of this one."""
    for node in group.children():
        for name in _EMBEDDED:
            node.removeCustomProperty(name)
        if isinstance(node, QgsLayerTreeGroup):
            _forget_other_projects(node)


def _unreadable(layer: QgsMapLayer) -> WriteFailed:
    return WriteFailed(
        tr("The copy of “{}” cannot be opened.").format(layer.name()),
        tr("Check the free space, or take the layer out of the project."),
    )
