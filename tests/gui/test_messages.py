# SPDX-License-Identifier: GPL-2.0-or-later
"""The one line for each outcome: its numbers, its singulars, and nothing about what is nought."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtWidgets import QPushButton

from streetsafe_plugin.gui.messages import Messages, line_for
from streetsafe_plugin.gui.runner import Ending, Outcome


def done(algorithm, **results):
    return Outcome(Ending.DONE, f"streetsafe:{algorithm}", "Title", results)


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (
            done("importreports", ROWS_READ=10, ACCEPTED=10),
            "10 reports imported from 10 rows; nothing left out.",
        ),
        (
            done(
                "importreports",
                ROWS_READ=5,
                ACCEPTED=1,
                MERGED=2,
                REJECTED_ROWS=1,
                DUPLICATES=1,
                OUTSIDE_AREA=1,
            ),
            "1 report imported from 5 rows; left out: 1 row rejected, 1 duplicate."
            " 2 rows added a reason to a report. 1 lies outside the area.",
        ),
        (
            done("updatereports", ROWS_READ=10, ADDED=3, CHANGED=1, UNCHANGED=5, REJECTED_ROWS=1),
            "3 reports added, 1 changed, 5 held already from 10 rows; left out: 1 row rejected.",
        ),
        (
            done("updatereports", ROWS_READ=1, REJECTED_ROWS=1),
            "Nothing to add from 1 row; left out: 1 row rejected.",
        ),
        (
            done(
                "importcrimes",
                ROWS_READ=344_693,
                ACCEPTED=340_000,
                NO_LOCATION=4_600,
                REJECTED_ROWS=90,
                FILTERED_OUT=3,
                OUTSIDE_AREA=2,
                MISSING_MONTHS="2021-03",
            ),
            "340,000 crimes imported from 344,693 rows; left out: 4,600 without a location,"
            " 90 rows rejected, 3 not asked for. 2 lie outside the area. Months missing: 2021-03.",
        ),
        (
            done("loadparks", PARKS=18, MATCHED=12, INDICATIVE_COUNT=6, UNMATCHED=""),
            "18 of 18 parks loaded: 12 with their boundary, 6 as indicative circles.",
        ),
        (
            done(
                "loadparks",
                PARKS=18,
                MATCHED=16,
                INDICATIVE_COUNT=0,
                UNMATCHED="Abbey Park: no boundary was found\nTod's Piece, Uppingham: too far",
            ),
            "16 of 18 parks loaded: 16 with their boundary."
            " 2 not drawn, for want of a boundary: Abbey Park; Tod's Piece, Uppingham.",
        ),
        (
            done("heatmap", REPORTS=1192.0, RADIUS_USED=250.0, CELL_SIZE_USED=12.5),
            "Heat map made from 1,192 reports (radius 250 m, cells of 12.5 m).",
        ),
        (
            done(
                "hotspotgrid",
                CELLS=12_150,
                HOT_CELLS=472,
                NEIGHBOURS_ONLY_CELLS=5,
                SHARE_IN_HOT=0.677,
                AREA_SHARE=0.04,
            ),
            "472 hot cells of 12,150, with 67.7 % of what was counted on 4.0 % of the ground."
            " 5 are hot by their neighbours only.",
        ),
        (
            done("hotspotgrid", CELLS=100, HOT_CELLS=0, SHARE_IN_HOT=0.0, AREA_SHARE=0.0),
            "No hot spot: none of 100 cells differs so much from chance.",
        ),
        (
            done("hotspotcoverage", SHARE_REPORTS=0.3, SHARE_AREA=0.05, PAI=6.0),
            "Hot spots hold 30.0 % of the points on 5.0 % of the area: PAI 6.00.",
        ),
        (
            done(
                "hotspotcoverage",
                SHARE_REPORTS=0.3,
                SHARE_AREA=0.05,
                PAI=6.0,
                SHARE_LATER=0.2,
                PAI_LATER=4.0,
            ),
            "Hot spots hold 30.0 % of the points on 5.0 % of the area: PAI 6.00."
            " They hold 20.0 % of the later points: PAI 4.00.",
        ),
        (
            done("hotspotcoverage", SHARE_AREA=0.05),
            "There is no PAI: no points in the area, or no hot ground to divide by.",
        ),
        (
            done("clustertest", N=1192, VERDICT="clustered", P=0.002),
            "1,192 points lie closer together than by chance (P 0.002).",
        ),
        (
            done("clustertest", N=40, VERDICT="not_distinguishable", P=0.31),
            "40 points cannot be told from ones strewn by chance (P 0.310).",
        ),
        (
            done("clustertest", N=3, VERDICT="too_few"),
            "3 points are too few to tell whether they cluster.",
        ),
        (
            done("parkanalysis", TOTAL=100, INSIDE=10, IN_RINGS=20, OUTSIDE=65, EXCLUDED=5),
            "100 reports counted: 10 inside parks, 20 in the rings, 65 beyond. 5 left out.",
        ),
        (
            done(
                "crimegap",
                CELLS=1_234,
                BOTH=1,
                FEARED_ONLY=2,
                CRIME_ONLY=0,
                NEITHER=31,
                NOT_ENOUGH_DATA=1_200,
            ),
            "Fear against recorded crime in 1,234 places: 2 feared more than crime explains,"
            " 1 with much of both, 31 with little of either, 1,200 cannot be told.",
        ),
        (
            done("fixlist", PLACES=28, REPORTS_LISTED=78),
            "Fix list: 28 places to mend from 78 reports.",
        ),
        (
            done("fixlist", PLACES=0, REPORTS_LISTED=0),
            "Fix list: no place has enough reports with the same reason.",
        ),
        (
            done("evaluatepark", FALLS=1, RISES=0, CANNOT_TELL=17),
            "Parks before and after: 1 fall, 17 cannot be told.",
        ),
        (
            done("timeprofile", TOTAL=1200, WITH_TIME=1190, DAYLIGHT=700, TWILIGHT=40, DARK=450),
            "1,190 reports with a time: 700 in daylight, 40 in twilight, 450 in the dark.",
        ),
        (
            done("timeprofile", TOTAL=12, WITH_TIME=0, WITH_DATE=12),
            "Reports counted by date; none has a time of day, so hours and light are not.",
        ),
        (done("exportbriefing", PAGES=20, PARKS=18), "Briefing written: 20 pages for 18 parks."),
        (
            done("disclosurecopy", CELLS=40, SUPPRESSED=22, SECONDARY=3, ALREADY_OUT=0),
            "40 cells with counts that may leave; 22 numbers held back for being small, 3 more to"
            " protect these.",
        ),
        (
            done("disclosurecopy", CELLS=1, SUPPRESSED=1, SECONDARY=0, ALREADY_OUT=2),
            "1 cell with counts that may leave; 1 number held back for being small. Earlier"
            " products give some small numbers away.",
        ),
        (
            done("shareproject", LAYERS=7, LAYOUTS=1, LEFT_OUT=""),
            "Project shared: 7 layers and 1 layout, opened again and checked.",
        ),
        (
            done("shareproject", LAYERS=1, LAYOUTS=0, LEFT_OUT="Web map: it comes from the web"),
            "Project shared: 1 layer and 0 layouts, opened again and checked."
            " Left out: Web map: it comes from the web.",
        ),
        (
            done("verifyresult", VERDICT="same", SENTENCE="The same figures come out."),
            "The same figures come out.",
        ),
        (done("somethingnew"), "Title has finished."),
    ],
    ids=lambda value: value.algorithm_id if isinstance(value, Outcome) else "",
)
def test_line(outcome, line):
    assert line_for(outcome) == line


def test_folder_and_pdf_are_offered(interface):
    Messages(interface).show(done("exportbriefing", PAGES=3, PARKS=1, FOLDER="/f", PDF="/f/a.pdf"))
    buttons = [button.text() for button in interface.bar.findChildren(QPushButton)]
    assert [text for text in buttons if text] == ["Open PDF", "Open folder"]


def test_a_page_to_read_is_offered(interface):
    Messages(interface).show(done("evaluatepark", CANNOT_TELL=1, HTML="/f/a.html"))
    buttons = [button.text() for button in interface.bar.findChildren(QPushButton)]
    assert [text for text in buttons if text] == ["Open report"]


def test_a_line_takes_the_place_of_the_one_before(interface):
    messages = Messages(interface)
    messages.show(done("first"))
    messages.show(done("exportbriefing", PAGES=1, PARKS=1))
    assert interface.lines() == ["StreetSafe: Briefing written: 1 page for 1 park."]
    interface.bar.clearWidgets()
    messages.show(done("second"))
    assert interface.lines() == ["StreetSafe: Title has finished."]
