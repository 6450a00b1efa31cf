# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock: what it sends off, what it lets one do meanwhile, and what it says afterwards."""

from __future__ import annotations

import json

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from streetsafe_plugin.gis.heat_facts import HeatFacts
from streetsafe_plugin.gis.store import Raster, write_raster
from streetsafe_plugin.gis.styling import Finish, density
from streetsafe_plugin.gui.dock import StreetSafeDock
from streetsafe_plugin.gui.panel import Section
from streetsafe_plugin.settings import PREFIX, Settings, save_settings
from tests.gui.fakes import FakeImport, grid_file, wait_until

REPORTS, PARKS, ANALYSE, BRIEF = range(4)
#: What cannot be placed is always listed.
REJECTED = {"REJECTED": QgsProcessing.TEMPORARY_OUTPUT}
#: How far the lower edges of two widgets in one row may differ, in pixels.
ROW_SLACK = 12
REPORT_FIELDS = "&field=report_id:string&field=reasons:string&field=n_reasons:integer"
CRIME_FIELDS = "&field=month_start:date&field=crime_type:string&field=last_outcome:string"
PARK_FIELDS = "&field=park_id:string&field=park_name:string&field=boundary_status:string"
INTERVENTION_FIELDS = (
    "&field=park_id:string&field=measure:string&field=status:string"
    "&field=date_from:date&field=date_to:date"
)


@pytest.fixture
def dock(interface, fake_algorithms):
    dock = StreetSafeDock(interface, interface.window)
    interface.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    dock.show()
    yield dock
    dock.close_down()


@pytest.fixture
def sent(dock):
    """Collect what a panel's buttons ask to be run instead of running it."""
    requests = []
    for panel in dock.panels:
        panel.run_requested.disconnect()
        panel.dialog_requested.disconnect()
        panel.run_requested.connect(lambda name, parameters: requests.append((name, parameters)))
        panel.dialog_requested.connect(
            lambda name, parameters: requests.append(("dialog", name, parameters))
        )
    return requests


def press(dock, name):
    dock.findChild(QPushButton, name).click()


def add(geometry, fields="", name="layer"):
    layer = QgsVectorLayer(f"{geometry}?crs=EPSG:27700{fields}", name, "memory")
    QgsProject.instance().addMapLayer(layer)
    return layer


def heat_map(folder):
    crs = QgsCoordinateReferenceSystem("EPSG:27700")
    raster = Raster(np.zeros((2, 2)), 0, 50, 25, crs, "x", HeatFacts(250, 3).as_items())
    path = write_raster(folder / "heat.tif", raster, Finish("x", density([1, 2], "x")))
    layer = QgsRasterLayer(str(path), "renamed by somebody")
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_one_step_is_open_and_the_header_says_which(dock):
    for step, button in enumerate(dock.header.buttons):
        button.click()
        assert dock.stack.currentIndex() == step
        assert [other.isChecked() for other in dock.header.buttons] == [
            index == step for index in range(4)
        ]


def test_header_is_used_with_the_keyboard_alone(dock, qtbot):
    first = dock.header.buttons[0]
    assert first.focusPolicy() == Qt.FocusPolicy.StrongFocus  # Tab leads to the open step
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert dock.stack.currentIndex() == PARKS
    qtbot.keyClick(dock.header.buttons[PARKS], Qt.Key.Key_Left)
    assert dock.stack.currentIndex() == REPORTS
    keys = [button.shortcut().toString() for button in dock.header.buttons]
    assert keys == ["Alt+1", "Alt+2", "Alt+3", "Alt+4"]


def test_every_field_has_a_label_that_leads_to_it_and_a_name_to_be_read_aloud(dock):
    fields = 0
    for panel in dock.panels:
        for label in panel.findChildren(QLabel):
            if label.buddy() is None:
                continue
            fields += 1
            assert "&" in label.text()
            assert label.buddy().focusPolicy() != Qt.FocusPolicy.NoFocus
            assert label.buddy().accessibleName() == label.text().replace("&", "")
            assert label.buddy().accessibleDescription()
    assert fields == 6 + 2 + 17 + 18


def test_no_mnemonic_is_given_twice_on_a_panel(dock):
    for panel in dock.panels:
        texts = [widget.text() for widget in panel.findChildren(QLabel) if widget.buddy()]
        texts += [button.text() for button in panel.findChildren(QPushButton)]
        keys = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
        assert len(keys) == len(set(keys)), keys


@pytest.mark.parametrize("step", [REPORTS, PARKS, ANALYSE, BRIEF])
def test_tab_visits_a_panel_from_top_to_bottom(dock, step):
    panel = dock.panels[step]
    dock.open_step(step)
    wait_until(panel.isVisible)
    visited, widget = [], panel
    while not visited or widget is not panel:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            visited.append(widget)
        widget = widget.nextInFocusChain()
        if widget is panel:
            break
    inside = [widget for widget in visited if panel.isAncestorOf(widget)]
    tops = [widget.mapTo(panel, widget.rect().bottomLeft()).y() for widget in inside]
    assert len(inside) >= 4
    assert all(later > earlier - ROW_SLACK for earlier, later in zip(tops, tops[1:])), tops


def test_every_label_takes_text_as_text(dock):
    dock.job.show_ended("<img src=/x>")
    assert dock.job.label.textFormat() == Qt.TextFormat.PlainText


def test_reports_panel_sends_the_files(dock, sent):
    panel = dock.panels[REPORTS]
    panel.extract.setFilePath("/data/ÅB £.csv")
    panel.crimes.setFilePath("/data/2022.zip")
    panel.folder.setFilePath("/data/sample")
    for name in ("importreports", "importcrimes", "sampledata"):
        press(dock, f"run_{name}")
    press(dock, "advanced_importcrimes")
    assert sent == [
        ("streetsafe:importreports", {"SOURCE": "/data/ÅB £.csv", **REJECTED}),
        ("streetsafe:importcrimes", {"SOURCE": "/data/2022.zip", **REJECTED}),
        ("streetsafe:sampledata", {"FOLDER": "/data/sample"}),
        ("dialog", "streetsafe:importcrimes", {"SOURCE": "/data/2022.zip", **REJECTED}),
    ]


def test_reports_panel_sends_how_to_read_and_what_to_update(dock, sent, tmp_path):
    panel = dock.panels[REPORTS]
    profile = tmp_path / "county.json"
    profile.write_text('{"streetsafe_profile": 1, "name": "County"}')
    panel.extract.setFilePath("/data/july.xlsx")
    panel.profile.choose(str(profile))
    assert panel.profile.currentText() == "County"
    panel.date_order.setCurrentIndex(1)
    held = add("Point", "&field=report_id:string&field=reasons:string&field=n_reasons:integer")
    press(dock, "run_updatereports")
    how = {"SOURCE": "/data/july.xlsx", "PROFILE": str(profile), "DATE_ORDER": 1}
    assert sent == [("streetsafe:updatereports", {**how, "TARGET": held.id(), **REJECTED})]


def test_empty_fields_are_not_sent(dock, sent):
    press(dock, "run_importreports")
    assert sent == [("streetsafe:importreports", REJECTED)]


def test_parks_panel_sends_boundaries_and_their_field(dock, sent):
    press(dock, "run_loadparks")
    panel = dock.panels[PARKS]
    assert not panel.name_field.isEnabled()
    spaces = add("Polygon", "&field=distname:string")
    panel.boundaries.setLayer(spaces)
    panel.name_field.setField("distname")
    panel.indicative.setChecked(False)
    press(dock, "run_loadparks")
    assert sent == [
        ("streetsafe:loadparks", {"INDICATIVE": True}),
        (
            "streetsafe:loadparks",
            {"BOUNDARIES": spaces.id(), "NAME_FIELD": "distname", "INDICATIVE": False},
        ),
    ]


def test_analyse_panel_sends_metres_and_dates(dock, sent):
    points, parks = add("Point", REPORT_FIELDS), add("Polygon", PARK_FIELDS)
    panel = dock.panels[ANALYSE]
    press(dock, "run_heatmap")
    panel.cell_size.setValue(20)
    press(dock, "run_heatmap")
    press(dock, "run_parkrings")
    press(dock, "run_parkanalysis")
    panel.date_from.setDate(QDate(2021, 9, 2))
    panel.date_to.setDate(QDate(2022, 3, 31))
    press(dock, "run_parkanalysis")
    around = {"PARKS": parks.id(), "DISTANCES": "100,250,400"}
    assert sent == [
        ("streetsafe:heatmap", {"INPUT": points.id(), "RADIUS": 250.0}),
        ("streetsafe:heatmap", {"INPUT": points.id(), "RADIUS": 250.0, "CELL_SIZE": 20.0}),
        ("streetsafe:parkrings", around),
        ("streetsafe:parkanalysis", {**around, "REPORTS": points.id()}),
        (
            "streetsafe:parkanalysis",
            {**around, "REPORTS": points.id(), "FROM": "2021-09-02", "TO": "2022-03-31"},
        ),
    ]


def test_the_question_whether_it_worked_goes_with_the_parks_and_their_measures(dock, sent):
    points, parks = add("Point", REPORT_FIELDS), add("Polygon", PARK_FIELDS)
    measures = add("None", INTERVENTION_FIELDS)
    panel = dock.panels[ANALYSE]
    panel.window.setValue(90)
    press(dock, "run_evaluatepark")
    assert sent == [
        (
            "streetsafe:evaluatepark",
            {
                "PARKS": parks.id(),
                "REPORTS": points.id(),
                "INTERVENTIONS": measures.id(),
                "BUFFER": 250.0,
                "WINDOW_DAYS": 90,
                "HTML": "TEMPORARY_OUTPUT",
            },
        )
    ]


HOT_FIELDS = (
    "&field=cell_id:string&field=gi_z:double&field=class:string&field=neighbours_only:boolean"
)


def test_questions_share_their_layers_and_ask_for_little_more(dock, sent, tmp_path):
    points, crimes = add("Point", REPORT_FIELDS), add("Point", CRIME_FIELDS)
    parks, area = add("Polygon", PARK_FIELDS), add("Polygon", name="force area")
    panel = dock.panels[ANALYSE]
    panel.area.setLayer(area)
    for question in ("clustertest", "hotspotgrid", "crimegap", "fixlist", "timeprofile"):
        press(dock, f"run_{question}")
    inside = {"INPUT": points.id(), "AREA": area.id()}
    assert sent == [
        ("streetsafe:clustertest", inside),
        (
            "streetsafe:hotspotgrid",
            {**inside, "CELL_SIZE": 250.0, "SHAPE": 1, "PARKS": parks.id(),
             "PLACES": QgsProcessing.TEMPORARY_OUTPUT},
        ),
        (
            "streetsafe:crimegap",
            {"REPORTS": points.id(), "CRIMES": crimes.id(), "CELL_SIZE": 500.0, "AREA": area.id(),
             "PARKS": parks.id(), "PLACES": QgsProcessing.TEMPORARY_OUTPUT},
        ),
        (
            "streetsafe:fixlist",
            {"REPORTS": points.id(), "PARKS": parks.id(), "DISTANCE": 50.0, "MINIMUM": 3},
        ),
        (
            "streetsafe:timeprofile",
            {"REPORTS": points.id(), "HTML": QgsProcessing.TEMPORARY_OUTPUT},
        ),
    ]  # fmt: skip


def test_cover_is_measured_of_the_hot_spots_or_the_heat_map_made_last(dock, sent, tmp_path):
    points, grid = add("Point", REPORT_FIELDS), add("Polygon", HOT_FIELDS)
    dock.open_step(ANALYSE)
    press(dock, "run_hotspotcoverage")
    heat = heat_map(tmp_path)
    press(dock, "run_hotspotcoverage")
    assert sent == [
        ("streetsafe:hotspotcoverage", {"HOTSPOTS": grid.id(), "INPUT": points.id()}),
        ("streetsafe:hotspotcoverage", {"HEATMAP": heat.id(), "INPUT": points.id()}),
    ]


def test_only_the_first_question_is_unfolded(dock):
    dock.open_step(ANALYSE)
    folded = [section.isCollapsed() for section in dock.panels[ANALYSE].findChildren(Section)]
    assert folded == [False, False, *[True] * 6]


def test_no_marking_is_chosen_until_somebody_chooses_one(dock, sent):
    panel = dock.panels[BRIEF]
    assert panel.marking.currentData() is None
    press(dock, "run_exportbriefing")
    assert "MARKING" not in sent[0][1]
    panel.marking.setCurrentText("OFFICIAL-SENSITIVE")
    panel.folder.setFilePath("/out")
    panel.author.setText(" Team ")
    press(dock, "run_exportbriefing")
    assert sent[1] == (
        "streetsafe:exportbriefing",
        {"AUDIENCE": 0, "MARKING": 1, "PAPER": 0, "AUTHOR": "Team", "FOLDER": "/out"},
    )


def test_the_least_number_is_asked_of_what_leaves_only(dock, sent):
    panel = dock.panels[BRIEF]
    assert not panel.threshold.isEnabled()
    panel.audience.setCurrentIndex(1)
    assert panel.threshold.isEnabled()
    panel.threshold.setValue(10)
    panel.paper.setCurrentIndex(2)
    panel.date_from.setDate(QDate(2021, 10, 1))
    measures = add("None", INTERVENTION_FIELDS)
    press(dock, "run_exportbriefing")
    assert sent == [
        (
            "streetsafe:exportbriefing",
            {
                "INTERVENTIONS": measures.id(),
                "FROM": "2021-10-01",
                "AUDIENCE": 1,
                "THRESHOLD": 10,
                "PAPER": 2,
                "FOLDER": "",
            },
        )
    ]


def test_a_project_is_shared_with_an_audience_of_its_own(dock, sent):
    panel = dock.panels[BRIEF]
    panel.audience.setCurrentIndex(1)
    panel.shared_audience.setCurrentIndex(2)
    panel.shared_folder.setFilePath("/to/share")
    press(dock, "run_shareproject")
    assert sent == [("streetsafe:shareproject", {"AUDIENCE": 2, "FOLDER": "/to/share"})]


def test_standing_lines_come_from_the_settings_but_never_over_what_was_typed(dock):
    panel = dock.panels[BRIEF]
    panel.author.setText("Me")
    save_settings(Settings(handling="For the team", author="Everybody"))
    dock.open_step(BRIEF)
    QgsSettings().remove(PREFIX.rstrip("/"))
    assert panel.handling.text() == "For the team"
    assert panel.author.text() == "Me"


def test_layers_of_earlier_steps_are_chosen(dock):
    add("Point", name="anything")
    reports, crimes = add("Point", REPORT_FIELDS), add("Point", CRIME_FIELDS)
    parks = add("Polygon", PARK_FIELDS)
    analyse, brief = dock.panels[ANALYSE], dock.panels[BRIEF]
    assert analyse.points.currentLayer() == reports
    assert analyse.crimes.currentLayer() == crimes
    assert analyse.parks.currentLayer() == parks
    assert brief.reports.currentLayer() == reports
    assert brief.parks.currentLayer() == parks
    assert brief.crimes.currentLayer() == crimes
    newer = add("Point", REPORT_FIELDS)
    assert analyse.points.currentLayer() == newer


def test_a_layer_that_is_nobody_s_is_never_chosen(dock):
    add("Point", name="anything")
    dock.open_step(ANALYSE)
    assert dock.panels[ANALYSE].points.currentLayer() is None
    assert dock.panels[BRIEF].reports.currentLayer() is None


def test_heat_map_is_known_by_what_its_file_says(dock, tmp_path):
    QgsProject.instance().addMapLayer(QgsRasterLayer(grid_file(tmp_path), "Any raster"))
    dock.open_step(BRIEF)
    assert dock.panels[BRIEF].heat_map.currentLayer() is None
    layer = heat_map(tmp_path)
    dock.open_step(BRIEF)
    assert dock.panels[BRIEF].heat_map.currentLayer() == layer


def test_a_choice_made_by_hand_is_kept_when_coming_back(dock, qtbot):
    add("Point", REPORT_FIELDS)
    other = add("Point", name="other")
    box = dock.panels[ANALYSE].points
    box.setLayer(other)
    box.activated.emit(box.currentIndex())
    dock.open_step(BRIEF)
    dock.open_step(ANALYSE)
    assert box.currentLayer() == other


def test_an_import_ends_in_one_line_that_counts_what_was_left_out(dock, interface):
    dock.panels[REPORTS].extract.setFilePath("good")
    press(dock, "run_importreports")
    wait_until(lambda: not dock.runner.busy)
    line = "1,204 reports imported from 1,240 rows; left out: 12 rows rejected, 24 duplicates."
    assert interface.lines() == [f"StreetSafe: {line}"]
    assert dock.job.label.text() == line
    assert dock.panels[ANALYSE].points.currentLayer() in QgsProject.instance().mapLayers().values()


def test_buttons_wait_while_a_job_runs_and_cancel_is_at_hand(dock, interface):
    dock.panels[REPORTS].extract.setFilePath("slow")
    press(dock, "run_importreports")
    wait_until(lambda: FakeImport.working)
    runs = [button for button in dock.findChildren(QPushButton) if "run_" in button.objectName()]
    assert len(runs) == 17
    assert not any(button.isEnabled() for button in runs)
    assert dock.job.cancel_button.isVisible()
    assert dock.job.bar.isVisible()
    dock.job.cancel_button.click()
    wait_until(lambda: not dock.runner.busy)
    assert all(button.isEnabled() for button in runs)
    assert not dock.job.cancel_button.isVisible()
    assert interface.lines() == [
        "StreetSafe: Import reports was cancelled; nothing was added to the project."
    ]


def test_escape_cancels(dock, qtbot):
    QApplication.setActiveWindow(dock.window())
    dock.panels[REPORTS].extract.setFilePath("slow")
    press(dock, "run_importreports")
    wait_until(lambda: FakeImport.working)
    dock.header.buttons[0].setFocus()
    qtbot.keyClick(dock.header.buttons[0], Qt.Key.Key_Escape)
    wait_until(lambda: not dock.runner.busy)
    assert "cancelled" in dock.job.label.text()


def test_refusal_is_a_warning_that_names_the_remedy(dock, interface):
    press(dock, "run_importreports")
    assert interface.lines() == ["StreetSafe: Source: choose the file that holds the reports."]


def test_failure_shows_markup_as_text_and_leads_to_the_log(dock, interface):
    dock.panels[REPORTS].extract.setFilePath("fail")
    press(dock, "run_importreports")
    wait_until(lambda: not dock.runner.busy)
    assert interface.lines() == ["StreetSafe: “a <b>.csv” cannot be read. Save it again."]
    [details] = [
        button for button in interface.bar.findChildren(QPushButton) if button.text() == "Details"
    ]
    details.click()
    assert interface.log_opened == 1


def test_sample_data_are_filled_in_for_the_next_step(dock):
    panel = dock.panels[REPORTS]
    panel.take_samples({"REPORTS_LONLAT": "/s/reports.csv", "CRIMES": "/s/crimes.zip"})
    assert panel.extract.filePath() == "/s/reports.csv"
    assert panel.crimes.filePath() == "/s/crimes.zip"


def test_dock_can_be_made_as_narrow_as_a_phone(dock):
    """A narrow dock scrolls; it never forces the map out of the window."""
    assert dock.widget().minimumSizeHint().width() < 320
    assert all(isinstance(panel, QWidget) for panel in dock.panels)


def test_the_samples_outlines_are_ready_for_the_parks(dock, tmp_path):
    outlines = tmp_path / "outlines.geojson"
    ring = [[-1.1, 52.6], [-1.0, 52.6], [-1.0, 52.7], [-1.1, 52.6]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": geometry}
    outlines.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    panel = dock.panels[PARKS]
    panel.take_sample({"BOUNDARIES": str(outlines)})
    assert panel.boundaries.currentLayer().name() == "Park outlines (invented)"
    panel.take_sample({})
    assert panel.boundaries.currentLayer().name() == "Park outlines (invented)"
