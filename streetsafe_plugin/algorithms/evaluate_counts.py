# SPDX-License-Identifier: GPL-2.0-or-later
"""Did anything change? Worked out from counts that the analyst has, without a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterNumber,
)

from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.domain import evaluation_words
from streetsafe_plugin.domain.evaluation import (
    detectable_fall,
    difference,
    doubt,
    four_areas,
    ratios,
    verdict,
)
from streetsafe_plugin.i18n import tr

AREAS = ("TREATED", "CONTROL", "DISPLACEMENT", "DISPLACEMENT_CONTROL")
BEFORE, AFTER = "BEFORE", "AFTER"
TIME_BEFORE, TIME_AFTER = "TIME_BEFORE", "TIME_AFTER"


class EvaluateCounts(StreetSafeAlgorithm):
    """Work out the displacement figures from eight counts."""

    ID = "evaluatecounts"
    GROUP = Group.ANALYSE

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Did it work? From counts")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Weighted displacement difference with its interval, and what may be said of it")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("evaluation,displacement,WDD,WDQ,before,after,control,effect").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return figures_help() + tr(
            "\n\nWith lengths or areas given, every count is taken per unit of them: two years"
            " before and one after are 2 and 1, and the results are then reports a year. Give the"
            " areas of all areas that have counts, or none.\n\n"
            "Outputs that may not be read are left out of the results: NE, WDQ and TNE without a"
            " report in the control area, WDD_Z without any report, DETECTABLE_FALL where even a"
            " fall to none would be missed too often."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        labels = (
            tr("Treated area"),
            tr("Control area"),
            tr("Displacement area"),
            tr("Displacement control area"),
        )
        explained = (
            tr("Reports where the measure was taken."),
            tr("Reports in a like area that nothing was done in."),
            tr("Reports around the treated area, where trouble may have moved to."),
            tr("Reports in a like area to hold the displacement area against."),
        )
        for area, label, text in zip(AREAS, labels, explained):
            for period, when in ((BEFORE, tr("before")), (AFTER, tr("after"))):
                default = 0 if area.startswith("DISPLACEMENT") else None
                self.ask(
                    _number(f"{area}_{period}", f"{label}: {when}", default, whole=True),
                    text,
                )
        for name, label in ((TIME_BEFORE, tr("before")), (TIME_AFTER, tr("after"))):
            self.ask_advanced(
                _number(name, tr("Length of the period {}").format(label), 1.0),
                tr("In any unit, the same for both periods: months, days, years."),
            )
        for area, label in zip(AREAS, labels):
            self.ask_advanced(
                _number(f"AREA_{area}", tr("Size: {}").format(label.lower()), None, optional=True),
                tr("In any unit, the same for all areas. Left empty, areas are taken to be alike."),
            )
        for name, label in _FIGURES.items():
            self.addOutput(QgsProcessingOutputNumber(name, tr(label)))
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict")))
        self.addOutput(QgsProcessingOutputString("SENTENCE", tr("What may be said")))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse areas of which only some sizes are known."""
        sized = [answers.given(f"AREA_{area}") for area in AREAS]
        for area, has_size in zip(AREAS, sized):
            if any(sized) and not has_size and any(_counts(answers, area)):
                yield tr(
                    "AREA_{} is empty while other sizes are given. Give the sizes of all areas"
                    " that have counts, or none."
                ).format(area)

    def execute(self, run: Run) -> dict[str, Any]:
        """Work out the figures and say what they allow to be said."""
        counts = [_counts(run, area) for area in AREAS]
        times = run.number(TIME_BEFORE), run.number(TIME_AFTER)
        sizes = [run.number(f"AREA_{area}") if run.given(f"AREA_{area}") else 1.0 for area in AREAS]
        groups = four_areas(counts, times, sizes)
        found, said = difference(groups), verdict(groups)
        before, after = groups.before * groups.weight_before, groups.after * groups.weight_after
        older = ratios(*zip(before[:3].tolist(), after[:3].tolist()))
        share = detectable_fall(groups)
        fall = None if share is None else share * counts[0][0]
        sentence = " ".join(
            part
            for part in (
                evaluation_words.detectable(fall, counts[0][0]),
                evaluation_words.change(found, said, doubt(groups)),
                evaluation_words.caution(found, older, None),
            )
            if part
        )
        run.say(sentence)
        return {
            "WDD": found.value,
            "WDD_SE": found.se,
            "WDD_Z": found.z,
            "WDD_LOW": found.low,
            "WDD_HIGH": found.high,
            "GE": older.gross_effect,
            "NE": older.net_effect,
            "WDQ": older.wdq,
            "TNE": older.total_net_effect,
            "DETECTABLE_FALL": fall,
            "VERDICT": said.value,
            "SENTENCE": sentence,
        }


_FIGURES = {
    "WDD": "Weighted displacement difference",
    "WDD_SE": "Its standard error",
    "WDD_Z": "Its z",
    "WDD_LOW": "Lower end of its 95 % interval",
    "WDD_HIGH": "Upper end of its 95 % interval",
    "GE": "Gross effect",
    "NE": "Net effect",
    "WDQ": "Weighted displacement quotient",
    "TNE": "Total net effect",
    "DETECTABLE_FALL": "Smallest fall that would have been found",
}


def figures_help() -> str:
    """Return the help's paragraphs on the figures and the verdict."""
    return tr(
        "WDD, the weighted displacement difference (Wheeler and Ratcliffe 2018), is the change in"
        " the treated area and the ring around it beyond the change in the control areas: below 0"
        " is a fall. WDD_LOW and WDD_HIGH are its 95 % interval.\n\n"
        "VERDICT is fall, rise or cannot_tell. For few reports the interval is too short: without"
        " any change it leaves out 0 in up to one case in eight. So fall or rise is only said if"
        " the difference clears 1.96 standard errors, and still would if one report had come in the"
        " other period, the larger of two standard errors being taken. And WDD takes for granted"
        " that without the measure all areas would have changed by the same number: where a trend"
        " shared by all changes them in proportion, a busier control area alone makes a difference."
        " So reports must also have changed in proportion to the control area, beyond chance. Then"
        " the verdict is wrong in at most one case in twenty.\n\n"
        "DETECTABLE_FALL is the smallest fall in the treated area, in reports, that this rule would"
        " have found four times out of five, judged from the counts before alone.\n\n"
        "The older measures: GE = treated before - after. NE = treated before / control before"
        " - treated after / control after. WDQ, the weighted displacement quotient (Bowers and"
        " Johnson 2003), is withheld if the control area has no report in one of the periods, if"
        " the displacement area has none at all, and if nothing fell against the control area: its"
        " sign then misleads. TNE, the total net effect, is positive for a fall."
    )


def _counts(answers: Answers, area: str) -> tuple[int, int]:
    return answers.integer(f"{area}_{BEFORE}"), answers.integer(f"{area}_{AFTER}")


def _number(
    name: str,
    label: str,
    default: float | None,
    *,
    whole: bool = False,
    optional: bool = False,
) -> QgsProcessingParameterNumber:
    kinds = QgsProcessingParameterNumber.Type
    least = 0 if whole else 1e-9
    kind = kinds.Integer if whole else kinds.Double
    return QgsProcessingParameterNumber(name, label, kind, default, optional, least)
