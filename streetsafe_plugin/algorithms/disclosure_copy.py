# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of counts that may leave: no points, no texts, no small numbers."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.algorithms.report_dates import DATE_FIELDS, counted_if_leaving
from streetsafe_plugin.compat import boolean_field, integer_field, text_field
from streetsafe_plugin.domain.arrays import Bools, Ints, Moments
from streetsafe_plugin.domain.disclosure.audit import Audited, audited, groups_of
from streetsafe_plugin.domain.disclosure.statistics import CountedReports, Rule
from streetsafe_plugin.domain.disclosure.words import UNDATED_LEFT_OUT, counts_held, rule_in_words
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.issued import Issued, hashed, salt_of
from streetsafe_plugin.domain.pack import NO_MONTH, Audience
from streetsafe_plugin.domain.park_counts import read_ticks
from streetsafe_plugin.domain.periods import days_of
from streetsafe_plugin.domain.protected_cells import CellCounts, count_cells
from streetsafe_plugin.domain.report_keys import report_keys
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis.issue_register import entered, read_register, register_path
from streetsafe_plugin.gis.store import LayerSpec, Row
from streetsafe_plugin.i18n import tr

REPORTS, AUDIENCE, THRESHOLD = "REPORTS", "AUDIENCE", "THRESHOLD"
CELL_SIZE, ROUND_TO, ISSUED, RECORD = "CELL_SIZE", "ROUND_TO", "ISSUED", "RECORD"
OUTPUT, CELLS, SUPPRESSED, SECONDARY = "OUTPUT", "CELLS", "SUPPRESSED", "SECONDARY"
ALREADY_OUT = "ALREADY_OUT"

#: In the order in which the enumeration numbers them.
AUDIENCES = (Audience.PARTNER, Audience.PUBLIC)
_CELL_M = {Audience.PARTNER: 500.0, Audience.PUBLIC: 1000.0}
_REPORT_ID = "report_id"


@dataclass(frozen=True)
class _Read:
    """The reports of a layer, and their places."""

    counted: CountedReports
    xy: np.ndarray

    @property
    def has_dates(self) -> bool:
        """Tell whether reports have a date; if any has, all that count have one."""
        return bool((self.counted.month != NO_MONTH).any())

    def months(self) -> tuple[int, int]:
        """Return the first and last month that a report has."""
        known = self.counted.month[self.counted.month != NO_MONTH]
        return (int(known.min()), int(known.max())) if len(known) else (0, 0)


class DisclosureCopy(StreetSafeAlgorithm):
    """Counts in squares with small numbers held back, checked against what was issued before."""

    ID = "disclosurecopy"
    GROUP = Group.BRIEF

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Counts that may leave")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Reports counted in squares, with small numbers held back so that none is found")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr(
            "disclosure,suppression,small numbers,anonymous,partner,public,share,differencing"
        ).split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Counts reports in squares for a partner or for the public. No point, no date, no"
            " characteristic and no text of a report is in the result.\n\n"
            "Reports without a date are left out if any has one. A number below the threshold is"
            " held back, none included: its field is empty. Where it"
            " could be worked out from other numbers, further ones are held back until every held"
            " number could differ by the threshold or more; a linear programme proves it. Which of"
            " the two is the cause cannot be seen.\n\n"
            "Partner: every square of the rectangle around those with enough reports, `held` where"
            " the count is held back, and mentions by reason. Public: only the squares with enough"
            " reports, and reports only.\n\n"
            "Products give each other away: last month's and this month's, two cell sizes, a"
            " partner's and the public one. The register of issued products knows by hashes which"
            " report was counted where; a new product is held against all entries. It lies beside"
            " the project as its name and .issued.json, or in the file named here. Never hand it"
            " out. For products at regular intervals round to twice the threshold: exact numbers a"
            " month apart give the month's few reports away, so most of them are held back.\n\n"
            "SUPPRESSED = numbers held back for being small; SECONDARY = further ones held back to"
            " protect these; ALREADY_OUT = small numbers and differences that follow from earlier"
            " products, whatever is held back here. Not covered: what readers know from elsewhere,"
            " and that nearly all reports of a square tick the same reason."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        number = QgsProcessingParameterNumber.Type
        self.ask(
            QgsProcessingParameterFeatureSource(
                REPORTS, tr("Reports"), [QgsProcessing.SourceType.TypeVectorPoint]
            ),
            tr("Reports as an import makes them; other points are counted without reasons."),
        )
        self.ask(
            QgsProcessingParameterEnum(
                AUDIENCE, tr("Audience"), [tr("Partner"), tr("Public")], False, 0
            ),
            tr("Who will see the result. The public gets less."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                THRESHOLD, tr("Smallest number shown"), number.Integer, 5, False, 2, 1_000
            ),
            tr("Smaller numbers are held back, none included."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                CELL_SIZE, tr("Cell size (metres)"), number.Double, None, True, 50.0, 100_000.0
            ),
            tr("A square's side. Left empty, 500 m for a partner and 1,000 m for the public."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                ROUND_TO, tr("Round to multiples of"), number.Integer, 0, False, 0, 100
            ),
            tr(
                "0 leaves numbers as they are. For products at regular intervals choose twice the"
                " smallest number shown."
            ),
        )
        self.ask_advanced(
            QgsProcessingParameterFile(
                ISSUED,
                tr("Register of issued products"),
                QgsProcessingParameterFile.Behavior.File,
                "json",
                None,
                True,
            ),
            tr("Left empty, the one beside the project, if the project is saved in a file."),
        )
        self.ask_advanced(
            QgsProcessingParameterBoolean(RECORD, tr("Enter this one in the register"), True),
            tr("Leave it out only for a trial that you will not hand out."),
        )
        self.ask(
            QgsProcessingParameterFeatureSink(
                OUTPUT, tr("Counts that may leave"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
            tr("Squares with their counts, empty where held back."),
        )
        for name, label in (
            (CELLS, tr("Cells")),
            (SUPPRESSED, tr("Numbers held back for being small")),
            (SECONDARY, tr("Further numbers held back")),
            (ALREADY_OUT, tr("Small numbers that earlier products give away")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a register that cannot be read or would lie nowhere."""
        path = register_path(answers.file(ISSUED), answers.context.project())
        if path is None:
            return
        if not path.parent.is_dir():
            yield tr("ISSUED: the folder “{}” does not exist. Make it first.").format(
                path.parent.name
            )
        read_register(path)

    def execute(self, run: Run) -> dict[str, Any]:
        """Count, hold back, write, enter in the register."""
        audience = run.choice(AUDIENCE, AUDIENCES)
        rule = Rule(run.integer(THRESHOLD), run.integer(ROUND_TO))
        size_m = run.number(CELL_SIZE) if run.given(CELL_SIZE) else _CELL_M[audience]
        path = register_path(run.file(ISSUED), run.context.project())
        earlier = _earlier(run, path)
        reports = _read(run)
        # the public's copy has no reasons, but what was issued before may have
        ticks = reports.counted.ticks if audience is Audience.PARTNER else {}
        cells = count_cells(reports.xy, size_m, reports.months(), ticks, rule.threshold)
        tick = run.stage(0.3, 0.9)
        found = audited(cells.statistics, reports.counted, rule, earlier, tick)
        shown = cells.shown(found)
        if not len(shown):
            raise InputRefused(
                tr("No square of {:g} m has a number of reports that could be shown.").format(
                    size_m
                ),
                tr("Choose a larger CELL_SIZE, or share nothing."),
            )
        partner = audience is Audience.PARTNER
        drawn = cells.frame(found) if partner else shown
        looked_at = drawn if partner else cells.busy
        small = cells.held_for_being_small(found, looked_at, list(ticks))
        further = len(found.further)
        for sentence in counts_held(
            rule.threshold, rule.round_to, small, further, found.already_out
        ):
            run.say(sentence)
        said = rule_in_words(rule.threshold, rule.round_to)
        for sentence in (*said, *([UNDATED_LEFT_OUT] if reports.has_dates else [])):
            run.note(sentence)  # goes along with the layer, so it counts nothing
        if found.already_out:
            run.warn(
                tr("Earlier products may give small numbers away; see the register's entries.")
            )
        run.mark_audience(audience.value)
        tick(1.0)
        with ExitStack() as kept:
            if path is not None and run.flag(RECORD):
                entry = _entry(run.label_of(OUTPUT), earlier, rule, audience, found, reports)
                kept.enter_context(entered(path, entry, earlier))
                run.say(tr("Entered in the register “{}”; never hand it out.").format(path.name))
            output = run.write(
                OUTPUT,
                LayerSpec(run.label_of(OUTPUT), _fields(list(ticks)), "polygon", run.crs),
                list(_rows(cells, drawn, found, list(ticks))),
                style="protected_counts",
                tick=run.stage(0.9, 1.0),
            )
        return {
            OUTPUT: output,
            CELLS: len(drawn),
            SUPPRESSED: small,
            SECONDARY: further,
            ALREADY_OUT: found.already_out,
        }


def _earlier(run: Run, path: Path | None) -> list[Issued]:
    """Return what was issued before, and say against how much this is held."""
    if path is None:
        run.warn(
            tr(
                "Nothing was checked against earlier products, and this one is not entered"
                " anywhere: save the project or name a register in ISSUED."
            )
        )
        return []
    earlier = read_register(path)
    run.say(tr("Held against {} products of the register “{}”.").format(len(earlier), path.name))
    return earlier


def _read(run: Run) -> _Read:
    names = run.source(REPORTS).fields().names()
    codes = [code for code in REASON_CODES if code in names]
    dates = [field for field in DATE_FIELDS if field in names][:1]
    ids = [_REPORT_ID] if _REPORT_ID in names else []
    table = run.points(REPORTS, [*ids, *dates, *codes], run.stage(0.0, 0.3))
    days: Moments = np.full(len(table.xy), "NaT", dtype="datetime64[D]")
    if dates:
        days, _ = days_of(table.columns[dates[0]])
    kept = counted_if_leaving(days)
    if not kept.all():
        run.say(
            tr("{} reports without a date are left out of what leaves.").format(int((~kept).sum()))
        )
    known = ~np.isnat(days)
    month: Ints = np.full(len(days), NO_MONTH, dtype=np.int64)
    month[known] = days[known].astype("datetime64[M]").astype(np.int64)
    ticks: dict[str, Bools] = {code: read_ticks(table.columns[code])[kept] for code in codes}
    keys = report_keys(table.xy, days, table.columns[_REPORT_ID] if ids else None)
    counted = [key for key, counts in zip(keys, kept) if counts]
    return _Read(CountedReports(counted, month[kept], ticks), table.xy[kept])


def _fields(codes: list[str]) -> list[Any]:
    return [
        text_field("cell_id"),
        integer_field("reports"),
        boolean_field("held"),
        *(integer_field(code) for code in codes),
    ]


def _rows(cells: CellCounts, drawn: Ints, found: Audited, codes: list[str]) -> Iterator[Row]:
    outlines = cells.lattice.polygons(drawn)
    for outline, (column, row) in zip(outlines, drawn.tolist()):
        reports = found.values.get(cells.name(column, row))
        mentions = [found.values.get(cells.name(column, row, code)) for code in codes]
        yield outline, [f"{column}_{row}", reports, reports is None, *mentions]


def _entry(
    title: str,
    earlier: list[Issued],
    rule: Rule,
    audience: Audience,
    found: Audited,
    reports: _Read,
) -> Issued:
    salt = salt_of(earlier)
    return Issued(
        datetime.date.today(),
        title,
        audience,
        rule.threshold,
        rule.round_to,
        salt,
        found.numbers,
        groups_of(found.kept, hashed(reports.counted.keys, salt)),
    )
