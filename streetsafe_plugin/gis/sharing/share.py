# SPDX-License-Identifier: GPL-2.0-or-later
"""Share a project: copy its data, put it together anew, check all of it, then let it be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import (
    QgsLayerMetadata,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsRasterLayer,
    QgsReadWriteContext,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument

from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.gis.project_file import save_assembled
from streetsafe_plugin.gis.quiet_gdal import no_gdal_messages, no_write_ahead_log
from streetsafe_plugin.gis.sharing import folder as shared_folder
from streetsafe_plugin.gis.sharing.assembling import Assembly, new_ids
from streetsafe_plugin.gis.sharing.cleaning import CODE, PICTURE, PLACE, Cleaner
from streetsafe_plugin.gis.sharing.copying import Copies
from streetsafe_plugin.gis.sharing.fitness import fields_in_own_words, why_not_layout
from streetsafe_plugin.gis.sharing.selecting import (
    LeftOut,
    Selection,
    fields_about_people,
    hidden_fields,
    layers_in_order,
    tied_fields,
)
from streetsafe_plugin.gis.text_gate import file_stem
from streetsafe_plugin.i18n import tr

_LONGEST_STYLE_NAME = 30


@dataclass
class Shared:
    """What came of sharing: where it lies, how much it is, what stayed behind, what to say."""

    project: Path
    geopackage: Path
    layers: int
    layouts: int
    left_out: list[LeftOut]
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def share(
    project: QgsProject,
    folder: Path,
    title: str,
    audience: Audience,
    selection: Selection,
    view: QgsReferencedRectangle | None,
    tick: Tick,
) -> Shared:
    """Write what is selected of a project into `folder` as one GeoPackage and one project.

    The project itself is only read. Files of the same names in the folder are replaced once all
    is checked; after an error or a cancel the folder is as it was.

    Raises:
        WriteFailed: a part cannot be written, read back, or put in place.
        Cancelled: `tick` raised it.
    """
    with shared_folder.staging(folder) as place, no_write_ahead_log():
        sharing = _Sharing(project, folder, place, title, audience, selection, tick)
        try:
            return sharing.run(view)
        finally:
            sharing.close()


@dataclass(frozen=True)
class _Look:
    """How a table is drawn and described, apart from the layer, which holds the file open."""

    source: str
    name: str
    style: QDomDocument
    metadata: QgsLayerMetadata


def _look_of(layer: QgsVectorLayer) -> _Look:
    style = QDomDocument()
    layer.exportNamedStyle(style)
    return _Look(layer.source(), layer.name(), style, layer.metadata().clone())


class _Sharing:
    def __init__(
        self,
        project: QgsProject,
        folder: Path,
        place: Path,
        title: str,
        audience: Audience,
        selection: Selection,
        tick: Tick,
    ) -> None:
        self._original = project
        self._folder = folder
        self._place = place
        self._audience = audience
        self._layers = selection.layers
        self._left_out = [*selection.left_out]
        self._tick = tick
        self._warnings: list[str] = []
        self._notes: list[str] = []
        inside = audience is Audience.INTERNAL
        self._copies = Copies(place / f"{file_stem(title)}.gpkg", inside)
        everything = layers_in_order(project)
        self._folders = shared_folder.folders_of(project, everything)
        ids = new_ids(self._layers)
        gone = [layer.id() for layer in everything if layer.id() not in ids]
        self._gone = frozenset(gone)
        self._cleaner = Cleaner(ids, gone, [*self._folders, str(place)])
        self._assembly = Assembly(project, title, self._copies, self._cleaner, ids, inside)

    def run(self, view: QgsReferencedRectangle | None) -> Shared:
        """Copy, put together, save, check, and move into place."""
        without = {layer.id(): self._fields_to_drop(layer) for layer in self._layers}
        for number, layer in enumerate(self._layers):
            self._copy(layer, without[layer.id()], number)
        assembly = self._assembly
        copies = [assembly.add_layer(one, without[one.id()]) for one in self._layers]
        looks = [_look_of(one) for one in copies if isinstance(one, QgsVectorLayer)]
        assembly.add_tree()
        assembly.add_themes()
        assembly.add_relations()
        layouts = [one for one in self._original.layoutManager().layouts() if self._goes(one)]
        for layout in layouts:
            assembly.add_layout(layout)
        assembly.open_on(view if view is not None else self._view(copies))
        self._say_what_was_taken_out()
        del copies
        name = self._copies.geopackage.with_suffix(".qgz")
        self._tick(0.92)
        save_assembled(name, assembly.project)
        self._keep_looks(looks)
        self._check(name)
        self._tick(1.0)  # the last moment at which stopping leaves everything as it was
        shared_folder.take_place(self._place, self._folder)
        return Shared(
            self._folder / name.name,
            self._folder / self._copies.geopackage.name,
            len(self._layers),
            len(layouts),
            self._left_out,
            self._warnings,
            self._notes,
        )

    def close(self) -> None:
        """Let go of the files, so that they can be moved or removed."""
        self._assembly.project.clear()

    def _copy(self, layer: QgsMapLayer, without: Sequence[str], number: int) -> None:
        start, share = 0.85 * number / len(self._layers), 0.85 / len(self._layers)

        def tick(done: float) -> None:
            self._tick(start + share * done)

        tick(0.0)
        if isinstance(layer, QgsRasterLayer):
            self._copies.add_cells(layer, tick)
            return
        self._copies.add_rows(layer, without, tick)
        if layer.providerType() == "memory":
            self._notes.append(
                tr("The scratch layer “{}” was saved into the GeoPackage.").format(layer.name())
            )
        if layer.subsetString():
            self._notes.append(
                tr("Of “{}” only the {} rows of its filter were copied.").format(
                    layer.name(), layer.featureCount()
                )
            )

    def _fields_to_drop(self, layer: QgsMapLayer) -> list[str]:
        if not isinstance(layer, QgsVectorLayer):
            return []
        personal = fields_about_people(layer)
        hidden = hidden_fields(layer, tied_fields(self._original, layer))
        internal = self._audience is Audience.INTERNAL
        own_words = [] if internal else fields_in_own_words(layer)
        found = list(dict.fromkeys([*personal, *hidden, *own_words]))
        if not found:
            return []
        if internal:
            self._warnings.append(
                tr("“{}” keeps fields that describe people or are hidden: {}.").format(
                    layer.name(), ", ".join(found)
                )
            )
            return []
        self._notes.append(tr("“{}” goes without {}.").format(layer.name(), ", ".join(found)))
        return found

    def _keep_looks(self, looks: Sequence[_Look]) -> None:
        """Keep each table's style and metadata in the GeoPackage, for who opens only that.

        This comes when nothing else has the file open: it is written to, and whoever reads it
        meanwhile would lose its place.
        """
        for look in {look.source: look for look in reversed(looks)}.values():
            layer = QgsVectorLayer(look.source, look.name, "ogr")
            layer.importNamedStyle(look.style)
            layer.setMetadata(look.metadata)
            layer.saveStyleToDatabase(file_stem(look.name)[:_LONGEST_STYLE_NAME], "", True, "")
            layer.saveDefaultMetadata()
            with no_gdal_messages():  # as in store.py
                del layer

    def _goes(self, layout: QgsPrintLayout) -> bool:
        """Tell whether a layout is shared; say so where it is not."""
        if not isinstance(layout, QgsPrintLayout):
            self._left_out.append(
                LeftOut(layout.name(), tr("reports of several parts are not taken along"))
            )
            return False
        document = QDomDocument()
        document.appendChild(layout.writeXml(document, QgsReadWriteContext()))
        text = document.toString(-1)
        lost = sorted(
            one.name() for one in self._original.mapLayers().values()
            if one.id() in self._gone and one.id() in text
        )  # fmt: skip
        reason = why_not_layout(layout, self._audience)
        if not reason and lost and self._audience is not Audience.INTERNAL:
            reason = tr("it shows “{}”, which is not shared").format(lost[0])
        if reason:
            self._left_out.append(LeftOut(layout.name(), reason))
        elif lost:
            self._warnings.append(
                tr("The layout “{}” goes without {}.").format(layout.name(), ", ".join(lost))
            )
        return not reason

    def _view(self, copies: Sequence[QgsMapLayer]) -> QgsReferencedRectangle:
        saved = self._original.viewSettings().defaultViewExtent()
        if not saved.isNull() and not saved.isEmpty():
            return saved
        return self._assembly.project.viewSettings().fullExtent()

    def _say_what_was_taken_out(self) -> None:
        counted: Counter[str] = self._cleaner.taken_out
        for kind, sentence in (
            (PLACE, tr("{} settings named a folder or a server and were emptied.")),
            (CODE, tr("{} expressions use functions of plugins and were emptied.")),
            (PICTURE, tr("{} pictures could not be taken along.")),
        ):
            if counted[kind]:
                self._warnings.append(sentence.format(counted[kind]))
        acting = sorted(
            layer.name()
            for layer in self._layers
            if isinstance(layer, QgsVectorLayer)
            and (layer.actions().actions() or layer.editFormConfig().initCode())
        )
        if acting:
            self._warnings.append(
                tr("Actions and form code of {} were taken out.").format(", ".join(acting))
            )
        for scope, key in (("Macros", "/pythonCode"), ("ExpressionFunctions", "/pythonCode")):
            if self._original.readEntry(scope, key, "")[0]:
                self._warnings.append(tr("The project's Python code was not taken along."))

    def _check(self, project: Path) -> None:
        if self._copies.geopackage.exists():
            shared_folder.check_database(
                self._copies.geopackage, [*self._folders, str(self._place)]
            )
        shared_folder.clear_side_files(self._place)
        named = shared_folder.where_named(project, shared_folder.names_of_this_machine())
        if named:
            self._warnings.append(
                tr(
                    "Texts that you wrote into the project still hold the name “{}”: read its layer"
                    " names, notes and layouts before you pass it on."
                ).format(named[0])
            )
