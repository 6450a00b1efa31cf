# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a briefing may leave: small numbers held back, a heat map made of what may be shown."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qgis.core import QgsProcessingUtils, QgsRasterLayer

from streetsafe_plugin.algorithms.base import Answers, Run
from streetsafe_plugin.algorithms.briefing_form import (
    AUDIENCE,
    AUDIENCES,
    ISSUED,
    ROUND_TO,
    THRESHOLD,
)
from streetsafe_plugin.algorithms.briefing_frame import heat_in_words
from streetsafe_plugin.algorithms.briefing_input import HEATMAP, Material
from streetsafe_plugin.domain import density
from streetsafe_plugin.domain.briefing import HeatInWords
from streetsafe_plugin.domain.disclosure import protected
from streetsafe_plugin.domain.disclosure.steps import month_number
from streetsafe_plugin.domain.issued import Issued
from streetsafe_plugin.domain.pack import NO_MONTH, Audience, Counted, Pack
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.protected_heat import HeatCells, heat_cells, protected_heat
from streetsafe_plugin.gis import issue_register, styling
from streetsafe_plugin.gis.heat_facts import HeatFacts, heat_facts
from streetsafe_plugin.gis.store import Raster, write_raster
from streetsafe_plugin.i18n import tr


@dataclass(frozen=True)
class Leaving:
    """A pack as its audience may have it, with its heat map and the map's words.

    `heat_file` is the file of a heat map that was made for it, `entry` what the `register` is to
    know of it; all None where nothing is held back, or nowhere to be entered. `earlier` are the
    entries that it was held against.
    """

    pack: Pack
    heat: QgsRasterLayer | None
    heat_words: HeatInWords | None
    heat_file: Path | None = None
    entry: Issued | None = None
    register: Path | None = None
    earlier: Sequence[Issued] = ()

    @contextmanager
    def entered(self, tick: Tick) -> Iterator[None]:
        """Have the pack in the register while it is made, and for good once it is."""
        if self.entry is None or self.register is None:
            yield
            return
        with issue_register.entered(self.register, self.entry, self.earlier, tick):
            yield

    def add_files(self, files: Iterable[Path], tick: Tick) -> None:
        """Have the register know which files were handed out."""
        if self.entry is not None and self.register is not None:
            issue_register.add_files(self.register, self.entry, files, tick)


def register_refusals(answers: Answers, folder: str) -> Iterator[str]:
    """Refuse a register that cannot be read, lies nowhere, or would be handed out with a pack.

    Args:
        answers: the answers of a briefing.
        folder: the parameter with the folder that is handed out.
    """
    if answers.choice(AUDIENCE, AUDIENCES) is Audience.INTERNAL:
        return
    path = issue_register.register_path(answers.file(ISSUED), answers.context.project())
    if path is None:
        return
    if not path.parent.is_dir():
        yield tr("ISSUED: the folder “{}” does not exist. Make it first.").format(path.parent.name)
        return
    given = answers.text(folder)
    if given and Path(given).resolve() in path.resolve().parents:
        yield tr(
            "{}: the register “{}” lies in it and must never be handed out. Choose a folder for the"
            " pack alone."
        ).format(folder, path.name)
    issue_register.read_register(path)


def protect(run: Run, pack: Pack, counted: Counted, material: Material, title: str) -> Leaving:
    """Return what may leave to the audience that was chosen.

    Raises:
        InputRefused: the register cannot be read.
    """
    audience = run.choice(AUDIENCE, AUDIENCES)
    heat = run.raster(HEATMAP)
    if audience is Audience.INTERNAL:
        return Leaving(pack, heat, heat_in_words(run, heat, pack.whole))
    register = issue_register.register_path(run.file(ISSUED), run.context.project())
    facts = None if heat is None else heat_facts(heat)
    cells = None if facts is None else heat_cells(material.reports.xy, facts.radius_m)
    threshold = run.integer(THRESHOLD)
    earlier = _earlier(run, register)
    shown, entry = protected(
        pack,
        counted,
        audience,
        threshold,
        run.integer(ROUND_TO),
        earlier,
        title,
        [] if cells is None else cells.statistics(_months(pack, counted), threshold),
        run.stage(0.2, 0.44),
        run.say,
    )
    made = None
    if cells is not None and facts is not None:
        made = _protected_heat(run, cells, entry, facts)
    if made is None:
        return Leaving(shown, None, None, None, entry, register, earlier)
    path, words = made
    layer = QgsRasterLayer(str(path), tr("Heat map of published counts"))
    styling.beside_file(layer)
    return Leaving(shown, layer, words, path, entry, register, earlier)


def _earlier(run: Run, register: Path | None) -> list[Issued]:
    """Return what was issued before, and say against how much this pack is held."""
    if register is None:
        run.warn(
            tr(
                "Nothing was checked against earlier packs, and this one is not entered anywhere:"
                " save the project or name a register in ISSUED."
            )
        )
        return []
    earlier = issue_register.read_register(register)
    run.say(
        tr("Held against {} products of the register “{}”; never hand that out.").format(
            len(earlier), register.name
        )
    )
    return earlier


def _months(pack: Pack, counted: Counted) -> tuple[int, int]:
    """Return the first and last month that the pack covers, numbered since 1970."""
    first, last = pack.whole.first, pack.whole.last
    if first is None or last is None:
        dated = counted.month[counted.month != NO_MONTH]
        return (int(dated.min()), int(dated.max())) if len(dated) else (0, 0)
    return month_number(first), month_number(last)


def _protected_heat(
    run: Run, cells: HeatCells, entry: Issued, facts: HeatFacts
) -> tuple[Path, HeatInWords] | None:
    """Write the heat map of what may be shown; None where no cell may."""
    values = entry.values()
    published = {name: values[name] for name in cells.names() if name in values}
    if not published:
        run.warn(tr("No heat map: no part of it holds enough reports for this audience."))
        return None
    named = {kernel.name: kernel for kernel in density.KERNELS}
    kernel = named.get(facts.kernel, density.KERNELS[0])
    cell_m = density.default_cell_m(kernel, facts.radius_m)
    made = protected_heat(cells, published, facts.radius_m, cell_m, kernel, run.stage(0.44, 0.46))
    in_km2 = made.values * density.M2_PER_KM2
    lowest = density.lone_peak(kernel, facts.radius_m) * density.M2_PER_KM2
    limits = density.class_limits(float(np.nanmax(in_km2)), lowest)
    unit = tr("reports per km²")
    title = tr("Heat map of published counts")
    path = write_raster(
        Path(QgsProcessingUtils.tempFolder()) / f"{uuid.uuid4().hex}_heat.tif",
        Raster(
            in_km2,
            made.grid.west,
            made.grid.north,
            cell_m,
            run.crs,
            unit,
            HeatFacts(facts.radius_m, made.reports, tuple(limits), kernel=kernel.name).as_items(),
        ),
        styling.Finish(
            title,
            styling.density(limits, unit, lowest=tr("no colour: too few to show, or none")),
        ),
        title,
    )
    return path, HeatInWords(
        tr(
            "made from the published counts of squares of {:.0f} m alone, each of at least {}"
            " reports, spread over a disc of {:g} m radius; what is white has too few reports to"
            " be shown"
        ).format(cells.lattice.size_m, entry.threshold, facts.radius_m),
        adds_up=False,
    )
