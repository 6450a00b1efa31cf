# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user is told when a run has ended: one line, in plain text, for each outcome."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QLocale, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton, QTabWidget

from streetsafe_plugin.gui.runner import Ending, Outcome
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.log import TAB

if TYPE_CHECKING:
    from qgis.gui import QgisInterface, QgsMessageBarItem

Results = Mapping[str, Any]

_LEVELS = {
    Ending.DONE: Qgis.MessageLevel.Success,
    Ending.REFUSED: Qgis.MessageLevel.Warning,
    Ending.CANCELLED: Qgis.MessageLevel.Warning,
    Ending.FAILED: Qgis.MessageLevel.Critical,
}
_SECONDS = {Ending.DONE: 12, Ending.REFUSED: 12, Ending.CANCELLED: 8, Ending.FAILED: 0}


def line_for(outcome: Outcome) -> str:
    """Return the sentence for an outcome: what was made and left out, or why nothing was."""
    if outcome.ending is Ending.CANCELLED:
        return tr("{} was cancelled; nothing was added to the project.").format(outcome.title)
    if outcome.ending is not Ending.DONE:
        return outcome.sentence
    algorithm = outcome.algorithm_id.split(":")[-1]
    tell = _TELLING.get(algorithm)
    return tell(outcome.results) if tell else tr("{} has finished.").format(outcome.title)


class Messages:
    """Show outcomes in QGIS's message bar."""

    def __init__(self, iface: QgisInterface) -> None:
        self._iface = iface
        self._last: QgsMessageBarItem | None = None

    def show(self, outcome: Outcome) -> None:
        """Push one line in place of the last; names and paths in it can never act as HTML."""
        bar = self._iface.messageBar()
        if self._last in bar.items():
            bar.popWidget(self._last)
        item = bar.createMessage(TAB, html.escape(line_for(outcome), quote=False))
        for text, action in self._offers(outcome):
            button = QPushButton(text, item)
            button.clicked.connect(action)
            item.layout().addWidget(button)
        self._last = bar.pushWidget(item, _LEVELS[outcome.ending], _SECONDS[outcome.ending])

    def _offers(self, outcome: Outcome) -> list[tuple[str, Callable[[], object]]]:
        if outcome.ending is Ending.FAILED:
            return [(tr("Details"), self.open_log)]
        offers: list[tuple[str, Callable[[], object]]] = []
        pdf, folder = outcome.results.get("PDF"), outcome.results.get("FOLDER")
        page = outcome.results.get("HTML")
        if page:
            offers.append((tr("Open report"), lambda: _open(page)))
        if pdf:
            offers.append((tr("Open PDF"), lambda: _open(pdf)))
        if folder:
            offers.append((tr("Open folder"), lambda: _open(folder)))
        return offers

    def open_log(self) -> None:
        """Open the log messages on StreetSafe's own tab."""
        self._iface.openMessageLog()
        for tabs in self._iface.mainWindow().findChildren(QTabWidget):
            for index in range(tabs.count()):
                if tabs.tabText(index) == TAB:
                    tabs.setCurrentIndex(index)


def _open(path: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path))))


def _locale() -> QLocale:
    """Return the user's locale with thousands grouped, which QGIS leaves out unless asked."""
    locale = QLocale()
    locale.setNumberOptions(locale.numberOptions() & ~QLocale.NumberOption.OmitGroupSeparator)
    return locale


def _number(results: Results, name: str) -> int:
    return int(results.get(name) or 0)


def _count(count: int, one: str, many: str) -> str:
    return one if count == 1 else many.format(_locale().toString(count))


def _listed(parts: list[tuple[int, str, str]]) -> str:
    """Return what is not nought, as `12 rows rejected, 3 duplicates`."""
    return ", ".join(_count(count, one, many) for count, one, many in parts if count)


def _reports_imported(results: Results) -> str:
    made = _count(_number(results, "ACCEPTED"), tr("1 report imported"), tr("{} reports imported"))
    sentence = _made_from(made, _rows_read(results), _rows_left_out(results))
    return sentence + _rows_merged(results) + _outside_area(results)


def _reports_updated(results: Results) -> str:
    made = _listed(
        [
            (_number(results, "ADDED"), tr("1 report added"), tr("{} reports added")),
            (_number(results, "CHANGED"), tr("1 changed"), tr("{} changed")),
            (_number(results, "UNCHANGED"), tr("1 held already"), tr("{} held already")),
        ]
    )
    made = made or tr("Nothing to add")
    sentence = _made_from(made, _rows_read(results), _rows_left_out(results))
    return sentence + _rows_merged(results)


def _rows_read(results: Results) -> str:
    return _count(_number(results, "ROWS_READ"), tr("1 row"), tr("{} rows"))


def _rows_left_out(results: Results) -> str:
    return _listed(
        [
            (_number(results, "REJECTED_ROWS"), tr("1 row rejected"), tr("{} rows rejected")),
            (_number(results, "DUPLICATES"), tr("1 duplicate"), tr("{} duplicates")),
        ]
    )


def _rows_merged(results: Results) -> str:
    merged = _number(results, "MERGED")
    if not merged:
        return ""
    return " " + _count(
        merged, tr("1 row added a reason to a report."), tr("{} rows added a reason to a report.")
    )


def _crimes_imported(results: Results) -> str:
    made = _count(_number(results, "ACCEPTED"), tr("1 crime imported"), tr("{} crimes imported"))
    left_out = _listed(
        [
            (
                _number(results, "NO_LOCATION"),
                tr("1 without a location"),
                tr("{} without a location"),
            ),
            (_number(results, "REJECTED_ROWS"), tr("1 row rejected"), tr("{} rows rejected")),
            (_number(results, "FILTERED_OUT"), tr("1 not asked for"), tr("{} not asked for")),
        ]
    )
    sentence = _made_from(made, _rows_read(results), left_out) + _outside_area(results)
    missing = str(results.get("MISSING_MONTHS") or "")
    return sentence + " " + tr("Months missing: {}.").format(missing) if missing else sentence


def _outside_area(results: Results) -> str:
    """Say how many of those imported lie outside the area: they are kept, with a flag."""
    outside = _number(results, "OUTSIDE_AREA")
    if not outside:
        return ""
    return " " + _count(outside, tr("1 lies outside the area."), tr("{} lie outside the area."))


def _made_from(made: str, read: str, left_out: str) -> str:
    if left_out:
        return tr("{} from {}; left out: {}.").format(made, read, left_out)
    return tr("{} from {}; nothing left out.").format(made, read)


def _parks_loaded(results: Results) -> str:
    matched, circles = _number(results, "MATCHED"), _number(results, "INDICATIVE_COUNT")
    how = _listed(
        [
            (matched, tr("1 with its boundary"), tr("{} with their boundary")),
            (circles, tr("1 as an indicative circle"), tr("{} as indicative circles")),
        ]
    )
    of_them = _count(_number(results, "PARKS"), tr("1 park"), tr("{} parks"))
    loaded = _locale().toString(matched + circles)
    sentence = tr("{} of {} loaded: {}.").format(loaded, of_them, how or tr("none could be drawn"))
    # one line a park, with the reason after the colon; the log keeps the reasons
    not_drawn = [line.split(":")[0] for line in str(results.get("UNMATCHED") or "").splitlines()]
    if not_drawn:
        sentence += " " + tr("{} not drawn, for want of a boundary: {}.").format(
            len(not_drawn), "; ".join(not_drawn)
        )
    return sentence


def _heat_map_made(results: Results) -> str:
    locale = _locale()
    return tr("Heat map made from {} (radius {} m, cells of {} m).").format(
        _count(_number(results, "REPORTS"), tr("1 report"), tr("{} reports")),
        locale.toString(float(results.get("RADIUS_USED") or 0), "f", 0),
        locale.toString(float(results.get("CELL_SIZE_USED") or 0), "g", 4),
    )


def _pattern_tested(results: Results) -> str:
    said = {
        "clustered": tr("{} lie closer together than by chance (P {})."),
        "dispersed": tr("{} lie farther apart than by chance (P {})."),
        "not_distinguishable": tr("{} cannot be told from ones strewn by chance (P {})."),
    }.get(str(results.get("VERDICT")), tr("{} are too few to tell whether they cluster."))
    points = _count(_number(results, "N"), tr("1 point"), tr("{} points"))
    return said.format(points, _locale().toString(float(results.get("P") or 0), "f", 3))


def _reports_counted(results: Results) -> str:
    sentence = tr("{}: {} inside parks, {} in the rings, {} beyond.").format(
        _count(_number(results, "TOTAL"), tr("1 report counted"), tr("{} reports counted")),
        *(_locale().toString(_number(results, name)) for name in ("INSIDE", "IN_RINGS", "OUTSIDE")),
    )
    excluded = _number(results, "EXCLUDED")
    if excluded:
        sentence += " " + tr("{} left out.").format(_locale().toString(excluded))
    return sentence


def _fear_compared(results: Results) -> str:
    told = _listed(
        [
            (
                _number(results, "FEARED_ONLY"),
                tr("1 feared more than crime explains"),
                tr("{} feared more than crime explains"),
            ),
            (
                _number(results, "CRIME_ONLY"),
                tr("1 less than crime explains"),
                tr("{} less than crime explains"),
            ),
            (_number(results, "BOTH"), tr("1 with much of both"), tr("{} with much of both")),
            (
                _number(results, "NEITHER"),
                tr("1 with little of either"),
                tr("{} with little of either"),
            ),
            (
                _number(results, "NOT_ENOUGH_DATA"),
                tr("1 cannot be told"),
                tr("{} cannot be told"),
            ),
        ]
    )
    places = _count(_number(results, "CELLS"), tr("1 place"), tr("{} places"))
    return tr("Fear against recorded crime in {}: {}.").format(places, told)


def _places_listed(results: Results) -> str:
    places = _number(results, "PLACES")
    if not places:
        return tr("Fix list: no place has enough reports with the same reason.")
    return tr("Fix list: {} from {}.").format(
        _count(places, tr("1 place to mend"), tr("{} places to mend")),
        _count(_number(results, "REPORTS_LISTED"), tr("1 report"), tr("{} reports")),
    )


def _parks_evaluated(results: Results) -> str:
    told = _listed(
        [
            (_number(results, "FALLS"), tr("1 fall"), tr("{} falls")),
            (_number(results, "RISES"), tr("1 rise"), tr("{} rises")),
            (_number(results, "CANNOT_TELL"), tr("1 cannot be told"), tr("{} cannot be told")),
        ]
    )
    return tr("Parks before and after: {}.").format(told)


def _times_profiled(results: Results) -> str:
    """Say how the reports with a time lie in the light, or that none has a time."""
    if not _number(results, "WITH_TIME"):
        return tr("Reports counted by date; none has a time of day, so hours and light are not.")
    locale = _locale()
    return tr("{} with a time: {} in daylight, {} in twilight, {} in the dark.").format(
        _count(_number(results, "WITH_TIME"), tr("1 report"), tr("{} reports")),
        *(locale.toString(_number(results, name)) for name in ("DAYLIGHT", "TWILIGHT", "DARK")),
    )


def _hot_spots_found(results: Results) -> str:
    hot = _number(results, "HOT_CELLS")
    if not hot:
        return tr("No hot spot: none of {} differs so much from chance.").format(
            _count(_number(results, "CELLS"), tr("1 cell"), tr("{} cells"))
        )
    sentence = tr("{} of {}, with {} of what was counted on {} of the ground.").format(
        _count(hot, tr("1 hot cell"), tr("{} hot cells")),
        _locale().toString(_number(results, "CELLS")),
        _share(results, "SHARE_IN_HOT"),
        _share(results, "AREA_SHARE"),
    )
    alone = _number(results, "NEIGHBOURS_ONLY_CELLS")
    if alone:
        sentence += " " + _count(
            alone,
            tr("1 is hot by its neighbours only."),
            tr("{} are hot by their neighbours only."),
        )
    return sentence


def _coverage_measured(results: Results) -> str:
    if results.get("PAI") is None:
        return tr("There is no PAI: no points in the area, or no hot ground to divide by.")
    sentence = tr("Hot spots hold {} of the points on {} of the area: PAI {}.").format(
        _share(results, "SHARE_REPORTS"),
        _share(results, "SHARE_AREA"),
        _locale().toString(float(results["PAI"]), "f", 2),
    )
    if results.get("PAI_LATER") is not None:
        sentence += " " + tr("They hold {} of the later points: PAI {}.").format(
            _share(results, "SHARE_LATER"),
            _locale().toString(float(results["PAI_LATER"]), "f", 2),
        )
    return sentence


def _share(results: Results, name: str) -> str:
    return tr("{} %").format(_locale().toString(100 * float(results.get(name) or 0), "f", 1))


def _briefing_written(results: Results) -> str:
    return tr("Briefing written: {} for {}.").format(
        _count(_number(results, "PAGES"), tr("1 page"), tr("{} pages")),
        _count(_number(results, "PARKS"), tr("1 park"), tr("{} parks")),
    )


def _counts_held_back(results: Results) -> str:
    sentence = tr("{} with counts that may leave; {} held back for being small").format(
        _count(_number(results, "CELLS"), tr("1 cell"), tr("{} cells")),
        _count(_number(results, "SUPPRESSED"), tr("1 number"), tr("{} numbers")),
    )
    further = _number(results, "SECONDARY")
    if further:
        sentence += tr(", {} more to protect these").format(_locale().toString(further))
    sentence += "."
    if _number(results, "ALREADY_OUT"):
        sentence += " " + tr("Earlier products give some small numbers away.")
    return sentence


def _project_shared(results: Results) -> str:
    sentence = tr("Project shared: {} and {}, opened again and checked.").format(
        _count(_number(results, "LAYERS"), tr("1 layer"), tr("{} layers")),
        _count(_number(results, "LAYOUTS"), tr("1 layout"), tr("{} layouts")),
    )
    left_out = str(results.get("LEFT_OUT") or "")
    return sentence + (" " + tr("Left out: {}.").format(left_out) if left_out else "")


def _sample_made(results: Results) -> str:
    return tr("Invented sample data written and filled in here, ready to be imported.")


_TELLING: dict[str, Callable[[Results], str]] = {
    "importreports": _reports_imported,
    "updatereports": _reports_updated,
    "importcrimes": _crimes_imported,
    "loadparks": _parks_loaded,
    "clustertest": _pattern_tested,
    "heatmap": _heat_map_made,
    "hotspotgrid": _hot_spots_found,
    "hotspotcoverage": _coverage_measured,
    "parkrings": lambda results: tr("Rings drawn around the parks."),
    "parkanalysis": _reports_counted,
    "crimegap": _fear_compared,
    "fixlist": _places_listed,
    "evaluatepark": _parks_evaluated,
    "timeprofile": _times_profiled,
    "exportbriefing": _briefing_written,
    "disclosurecopy": _counts_held_back,
    "shareproject": _project_shared,
    "verifyresult": lambda results: str(results.get("SENTENCE") or ""),
    "sampledata": _sample_made,
}
