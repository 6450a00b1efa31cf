# SPDX-License-Identifier: GPL-2.0-or-later
"""How an evaluation is told: the table's rows and the page, both from the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from streetsafe_plugin.algorithms.base import some_of
from streetsafe_plugin.algorithms.evaluate_counts import figures_help
from streetsafe_plugin.compat import integer_field, real_field, text_field
from streetsafe_plugin.domain.evaluation import Difference, Verdict
from streetsafe_plugin.domain.evaluation_words import interval_of, sentence, signed
from streetsafe_plugin.domain.park_evaluation import Evaluation
from streetsafe_plugin.domain.surges import Surge
from streetsafe_plugin.gis.html_page import Page
from streetsafe_plugin.gis.store import Row
from streetsafe_plugin.i18n import tr

ALL = "all"
_M2_PER_HA = 10_000.0


@dataclass(frozen=True)
class Sensitivity:
    """The answer for all parks with a ring `multiple` times as wide, perhaps half the periods."""

    multiple: float
    halved: bool
    answer: Evaluation
    asked: Evaluation

    @property
    def flipped(self) -> bool:
        """Tell whether the difference has the other sign than the one that was asked for."""
        if self.answer.difference is None or self.asked.difference is None:
            return False
        return self.answer.difference.value * self.asked.difference.value < 0


@dataclass(frozen=True)
class Result:
    """Everything an evaluation found; `answers` hold one more than there are parks, for all."""

    park_ids: list[str]
    names: list[str]
    answers: list[Evaluation]
    without_surges: list[Evaluation] | None
    sensitivity: list[Sensitivity]
    surges: list[Surge]
    ring_m: float
    own_control: bool

    def sentence(self, number: int) -> str:
        """Return what may be said of a park, or of all of them for the number behind the last."""
        name = self.names[number] if number < len(self.names) else tr("All parks together")
        calm = self.without_surges[number].verdict if self.without_surges else None
        return sentence(self.answers[number], name, calm)

    def surge_names(self) -> list[str]:
        """Return each surge as its days with the reports on them and the usual number."""
        return [
            tr("{} to {}: {:,} reports, {:,.1f} expected").format(
                surge.first, surge.last, surge.reports, surge.expected
            )
            for surge in self.surges
        ]

    def cautions(self) -> list[str]:
        """Return what a reader must not overlook."""
        found = []
        unknown = [
            f"{name} ({one.why_not})" for name, one in zip(self.names, self.answers) if one.why_not
        ]
        if unknown:
            found.append(tr("Not evaluated: {}.").format(some_of(unknown)))
        said = [one for one in self.answers[:-1] if one.verdict is not Verdict.CANNOT_TELL]
        judged = sum(1 for one in self.answers[:-1] if one.difference)
        if said and judged > 1:
            found.append(
                tr(
                    "{} of {} parks show a change; where nothing changed, about one in twenty"
                    " would by chance."
                ).format(len(said), judged)
            )
        if any(one.flipped for one in self.sensitivity):
            found.append(
                tr(
                    "The sign of the change for all parks depends on the width of the ring or the"
                    " length of the periods: do not rely on it."
                )
            )
        if self.surges:
            found.append(
                tr("Reports jumped on these days, as publicity makes them: {}. {}").format(
                    "; ".join(self.surge_names()), self._without_them()
                )
            )
        return found

    def _without_them(self) -> str:
        if self.without_surges is None:
            return ""
        with_them, without = self.answers[-1], self.without_surges[-1]
        if without.difference is None:
            return tr("Without them all parks together cannot be judged.")
        return tr("Without them all parks together changed by {}: {}, instead of {}.").format(
            signed(without.difference.value), _words(without.verdict), _words(with_them.verdict)
        )


def table_fields() -> list[Any]:
    """Return the fields of the table."""
    counts = [
        integer_field(f"{area}_{period}")
        for area in ("treated", "control", "displacement", "displacement_control")
        for period in ("before", "after")
    ]
    figures = [
        real_field(name)
        for name in (
            "days_before", "days_after", "treated_ha", "control_ha", "displacement_ha",
            "wdd", "wdd_se", "wdd_z", "wdd_low", "wdd_high", "ge", "ne", "wdq", "tne",
            "detectable_fall", "dispersion",
        )
    ]  # fmt: skip
    return [
        text_field("park_id"),
        text_field("park_name"),
        *counts,
        *figures,
        text_field("verdict"),
        text_field("displacement_verdict"),
        real_field("wdd_without_surges"),
        text_field("verdict_without_surges"),
        text_field("sentence"),
    ]


def rows(result: Result) -> Iterator[Row]:
    """Yield a row a park and one for all."""
    for number, one in enumerate(result.answers):
        is_all = number == len(result.names)
        found, older = one.difference, one.ratios
        without = result.without_surges[number] if result.without_surges else None
        yield (
            None,
            [
                ALL if is_all else result.park_ids[number],
                tr("All parks") if is_all else result.names[number],
                *one.treated,
                *one.control,
                *one.ring,
                None,
                None,
                *one.days,
                one.areas_m2[0] / _M2_PER_HA,
                one.areas_m2[2] / _M2_PER_HA,
                one.areas_m2[1] / _M2_PER_HA,
                *_interval(found, one.empty),
                *(
                    (older.gross_effect, older.net_effect, older.wdq, older.total_net_effect)
                    if older
                    else (None,) * 4
                ),
                one.detectable,
                one.dispersion,
                one.verdict.value,
                one.in_ring.value if found else None,
                without.difference.value if without and without.difference else None,
                without.verdict.value if without else None,
                result.sentence(number),
            ],
        )


def page(result: Result, history: Sequence[str]) -> str:
    """Return the evaluation as an HTML page."""
    written = Page(tr("Did it work? Reports in and around the parks, before and after"))
    whole = result.answers[-1]
    written.paragraph(result.sentence(len(result.names)), "lead")
    for caution in result.cautions():
        written.paragraph(caution, "caution")
    written.heading(tr("What could have been found"))
    written.paragraph(
        tr(
            "Before looking at what came after: the smallest fall in the treated area that would"
            " be found four times out of five, judged from the counts before alone."
        )
    )
    written.table(
        [tr("Park"), tr("Reports before"), tr("Smallest fall that can be found")],
        [[name, _whole(one.treated[0]), _fall(one)] for name, one in _named(result)],
        last_is_total=True,
    )
    written.heading(tr("Reports before and after"))
    written.paragraph(_set_out(result))
    written.table(
        [
            tr("Park"), tr("Park, before"), tr("after"), tr("Ring, before"), tr("after"),
            tr("Control, before"), tr("after"), tr("Days before"), tr("after"),
            tr("Park, ha"), tr("Ring, ha"), tr("Control, ha"),
        ],
        [
            [
                name,
                *(_whole(number) for number in (*one.treated, *one.ring, *one.control)),
                *(_whole(round(days)) for days in one.days),
                *(f"{area / _M2_PER_HA:,.1f}" for area in one.areas_m2),
            ]
            for name, one in _named(result)
        ],
        last_is_total=True,
    )  # fmt: skip
    written.heading(tr("Change beyond that of the control area"))
    written.paragraph(
        tr("WDD, the weighted displacement difference, in reports; below 0 is a fall.")
    )
    written.table(
        [tr("Park"), tr("WDD"), tr("Standard error"), tr("95 % interval"), tr("Verdict")],
        [
            [name, *_difference(one)[:-1], _verdict(result, number)]
            for number, (name, one) in enumerate(_named(result))
        ],
        last_is_total=True,
    )
    for number in range(len(result.names)):
        written.paragraph(result.sentence(number), "small")
    _older_measures(written, result)
    _sensitivity(written, result)
    written.heading(tr("How the figures are made"))
    for paragraph in figures_help().split("\n\n"):
        written.paragraph(paragraph, "small")
    said = {result.sentence(len(result.names)), *result.cautions()}
    for line in history:
        if line not in said:
            written.paragraph(line, "small")
    if whole.difference is not None:
        written.paragraph(tr("A working paper: choose a marking before it leaves the team."))
    return written.html()


def _older_measures(written: Page, result: Result) -> None:
    written.heading(tr("Older measures"))
    written.paragraph(
        tr(
            "Gross and net effect, weighted displacement quotient and total net effect; positive"
            " effects are falls. They are ratios, which swing widely where counts are small. A dash"
            " stands where a measure may not be read."
        )
    )
    written.table(
        [tr("Park"), tr("Gross effect"), tr("Net effect"), tr("WDQ"), tr("Total net effect")],
        [
            [
                name,
                *(
                    (
                        _decimal(older.gross_effect, 1),
                        _decimal(older.net_effect, 3),
                        _decimal(older.wdq, 2),
                        _decimal(older.total_net_effect, 1),
                    )
                    if (older := one.ratios)
                    else ("–",) * 4
                ),
            ]
            for name, one in _named(result)
        ],
        last_is_total=True,
    )


def _sensitivity(written: Page, result: Result) -> None:
    written.heading(tr("Does the answer hold with other rings and periods?"))
    written.table(
        [tr("All parks"), tr("Periods"), tr("WDD"), tr("Standard error"), tr("95 % interval"),
         tr("Verdict")],
        [
            [
                tr("Ring of {:,.0f} m").format(one.multiple * result.ring_m),
                tr("half as long") if one.halved else tr("as asked for"),
                *_difference(one.answer),
            ]
            for one in result.sensitivity
        ],
    )  # fmt: skip


def _set_out(result: Result) -> str:
    control = (
        tr("The control area is the analyst's own, less all parks and rings")
        if result.own_control
        else tr("The control area is the band from {:,.0f} to {:,.0f} m, less all parks and rings")
    )
    return tr(
        "The ring reaches {:,.0f} m from the park's edge. {}; its reports are scaled to the ground"
        " of park and ring, and those after to the days before."
    ).format(result.ring_m, control.format(result.ring_m, 2 * result.ring_m))


def _named(result: Result) -> list[tuple[str, Evaluation]]:
    return list(zip([*result.names, tr("All parks together")], result.answers))


def _difference(one: Evaluation) -> list[str]:
    if one.difference is None or one.empty:
        return ["–", "–", "–", one.why_not or tr("no report")]
    found = one.difference
    return [
        signed(found.value),
        f"{found.se:,.1f}",
        interval_of(found),
        _words(one.verdict),
    ]


def _verdict(result: Result, number: int) -> str:
    """Return a verdict, and that it falls without days of publicity where it does."""
    said = _difference(result.answers[number])[-1]
    one, calm = result.answers[number].verdict, result.without_surges
    if calm is None or one in (Verdict.CANNOT_TELL, calm[number].verdict):
        return said
    return tr("{}, but not without publicity").format(said)


def _interval(found: Difference | None, empty: bool) -> tuple[float | None, ...]:
    """Return the difference and its errors; of no report at all it has none."""
    if found is None:
        return (None,) * 5
    if empty:
        return (found.value, None, None, None, None)
    return (found.value, found.se, found.z, found.low, found.high)


def _fall(one: Evaluation) -> str:
    if one.difference is None:
        return "–"
    if one.detectable is None:
        return tr("no fall")
    return _decimal(one.detectable, 1)


def _words(said: Verdict) -> str:
    return {
        Verdict.FALL: tr("fall"),
        Verdict.RISE: tr("rise"),
        Verdict.CANNOT_TELL: tr("cannot tell"),
    }[said]


def _whole(number: int) -> str:
    return f"{number:,}"


def _decimal(value: float | None, places: int) -> str:
    # adding 0 turns a rounded -0.0 into 0.0
    return "–" if value is None else f"{round(value, places) + 0:,.{places}f}"
