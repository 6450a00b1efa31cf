# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import QgsProcessingException, QgsProject, QgsVectorLayer

from streetsafe_plugin.algorithms import update_reports
from streetsafe_plugin.domain.errors import WriteFailed
from streetsafe_plugin.gis import report_target
from streetsafe_plugin.gis.report_target import ReportTarget
from streetsafe_plugin.gis.text_gate import file_stem
from tests.conftest import REPOSITORY
from tests.front_door import Refused

HEADER = "ref,submitted,longitude,latitude,Badly lit,Absence of CCTV"
FIRST = (
    "007,2024-04-03 21:30,-1.1330,52.6363,1,0",
    "008,2024-04-04 08:05,-1.1402,52.6401,0,1",
    "009,2024-04-05,-1.1502,52.6501,0,0",
)
# 008 has another reason now, 010 stands where 007 stands, 009 is not in the new extract
SECOND = (
    "007,2024-04-03 21:30,-1.1330,52.6363,1,0",
    "008,2024-04-04 08:05,-1.1402,52.6401,1,1",
    "010,2024-05-01 10:00,-1.1330,52.6363,0,1",
    "011,2024-05-02 10:00,see map,52.6,0,1",
)


RUN_IN_ITS_OWN_QGIS = f"""
import sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / "scripts")!r}]
from headless import qgis_running, run
with qgis_running():
    run("streetsafe:updatereports", {{"SOURCE": sys.argv[1], "TARGET": sys.argv[2]}})
"""


@pytest.fixture
def extract(tmp_path: Path):
    """Return a function that writes lines to a file and returns its path."""

    def make(*lines: str, name: str = "next £ extract.csv", header: str = HEADER) -> str:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return str(path)

    return make


@pytest.fixture
def target(run_algorithm, extract, tmp_path: Path) -> str:
    """Return a GeoPackage with the first three reports."""
    path = tmp_path / "kept reports.gpkg"
    run_algorithm(
        "importreports", {"SOURCE": extract(*FIRST, name="first.csv"), "OUTPUT": str(path)}
    )
    return str(path)


def table_in(path: str) -> str:
    return file_stem(Path(path).stem)


def table_of(path: str) -> str:
    return f"{path}|layername={table_in(path)}"


def reports_in(path: str) -> dict[str, dict]:
    layer = QgsVectorLayer(table_of(path), "there", "ogr")
    assert layer.isValid()
    names = [field.name() for field in layer.fields()]
    return {f["report_id"]: {name: f[name] for name in names} for f in layer.getFeatures()}


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def numbers(outcome) -> dict[str, int]:
    names = ("ROWS_READ", "ADDED", "CHANGED", "UNCHANGED", "REJECTED_ROWS", "DUPLICATES", "MERGED")
    return {name: outcome[name] for name in names}


def test_new_reports_are_added_and_different_ones_changed(run_algorithm, target, extract):
    outcome = run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert numbers(outcome) == {
        "ROWS_READ": 4,
        "ADDED": 1,
        "CHANGED": 1,
        "UNCHANGED": 1,
        "REJECTED_ROWS": 1,
        "DUPLICATES": 0,
        "MERGED": 0,
    }
    held = reports_in(target)
    assert sorted(held) == ["007", "008", "009", "010"]
    assert held["008"]["reasons"] == "env_no_cctv;env_lighting"
    assert held["008"]["source_file"] == "next £ extract.csv"
    assert held["007"]["source_file"] == "first.csv"


def test_marks_are_worked_out_over_old_and_new_reports(run_algorithm, target, extract):
    run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    held = reports_in(target)
    assert held["007"]["flags"] == held["010"]["flags"] == "repeated_place"
    assert held["008"]["flags"] == ""


def test_the_same_file_twice_changes_nothing(run_algorithm, target, extract):
    """Faults 61: importing twice is the same as importing once."""
    lines = (*SECOND, *("lines without an id,,,,,",)[:0])
    run_algorithm("updatereports", {"SOURCE": extract(*lines), "TARGET": target})
    before = reports_in(target)
    again = run_algorithm("updatereports", {"SOURCE": extract(*lines), "TARGET": target})
    assert (again["ADDED"], again["CHANGED"], again["UNCHANGED"]) == (0, 0, 3)
    assert reports_in(target) == before


def test_rows_without_an_id_are_known_by_their_content(run_algorithm, target, extract):
    """Faults 62: two rows exactly alike are two reports, and stay two."""
    lines = [",2024-06-01 10:00,-1.1330,52.6363,1,0"] * 2
    first = run_algorithm("updatereports", {"SOURCE": extract(*lines), "TARGET": target})
    again = run_algorithm("updatereports", {"SOURCE": extract(*lines), "TARGET": target})
    assert (first["ADDED"], again["ADDED"], again["UNCHANGED"]) == (2, 0, 2)
    flags = [row["flags"] for key, row in reports_in(target).items() if key.startswith("h:")]
    assert flags == ["repeated_place;same_moment"] * 2


def test_the_receipt_goes_into_the_table_of_imports(run_algorithm, target, extract):
    run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    imports = QgsVectorLayer(f"{target}|layername=imports", "imports", "ogr")
    rows = [(f["source_file"], f["rows_read"], f["rejected"]) for f in imports.getFeatures()]
    assert rows == [("first.csv", 3, 0), ("next £ extract.csv", 4, 1)]


def test_the_spatial_index_finds_added_reports(run_algorithm, target, extract):
    """Faults 10: the index is kept by triggers that only GDAL can serve."""
    run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    with sqlite3.connect(target) as database:
        table = table_in(target)
        index = f"rtree_{table}_geom"
        count = 'SELECT count(*) FROM "{}"'
        assert database.execute(count.format(index)).fetchone() == (4,)
        assert database.execute("SELECT rtreecheck(?)", (index,)).fetchone() == ("ok",)


def test_a_field_of_the_users_own_keeps_what_is_in_it(run_algorithm, target, extract):
    layer = QgsVectorLayer(table_of(target), "there", "ogr")
    layer.startEditing()
    from streetsafe_plugin.compat import text_field

    layer.addAttribute(text_field("comment"))
    layer.commitChanges()
    layer.startEditing()
    for feature in layer.getFeatures():
        index = layer.fields().indexOf("comment")
        layer.changeAttributeValue(feature.id(), index, f"seen {feature['report_id']}")
    assert layer.commitChanges()
    run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert reports_in(target)["008"]["comment"] == "seen 008"


def test_an_open_layer_shows_the_new_reports(run_algorithm, target, extract):
    """Faults 11: a layer counts its features once and must be told to look again."""
    layer = QgsVectorLayer(table_of(target), "there", "ogr")
    QgsProject.instance().addMapLayer(layer)
    assert layer.featureCount() == 3
    run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer.id()})
    assert layer.featureCount() == 4


def test_a_layer_being_edited_is_refused(run_algorithm, target, extract):
    layer = QgsVectorLayer(table_of(target), "there", "ogr")
    QgsProject.instance().addMapLayer(layer)
    layer.startEditing()
    with pytest.raises(Refused, match="is being edited.*Save the edits or drop them"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer.id()})


def test_edits_in_another_layer_of_the_same_file_are_refused_too(run_algorithm, target, extract):
    layer = QgsVectorLayer(table_of(target), "opened another way", "ogr")
    QgsProject.instance().addMapLayer(layer)
    layer.startEditing()
    with pytest.raises(Refused, match="being edited in another layer.*save the edits or drop"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})


def test_a_memory_layer_is_refused(run_algorithm, make_layer, extract):
    layer = make_layer(["POINT (1 2)"])
    with pytest.raises(Refused, match="neither in a GeoPackage nor in PostGIS"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer})


def test_a_layer_of_something_else_is_refused_by_its_missing_fields(
    run_algorithm, make_layer, extract, tmp_path
):
    from qgis.core import QgsCoordinateTransformContext, QgsVectorFileWriter

    path = str(tmp_path / "trees.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    layer = make_layer(["POINT (1 2)"], fields=[("kind", "string")], rows=[["oak"]])
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, QgsCoordinateTransformContext(), options)
    before = digest(path)
    with pytest.raises(Refused, match="lacks the fields report_id.*concern.*import_id"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": path})
    assert digest(path) == before


def test_ids_kept_as_numbers_are_refused(run_algorithm, target, extract, tmp_path):
    """Faults 37: in a field of numbers 007 would become 7."""
    path = str(tmp_path / "numbers.gpkg")
    columns = sorted(reports_in(target)["007"].keys() - {"fid", "report_id"})
    query = 'SELECT CAST(report_id AS integer) AS report_id, geom, {} FROM "{}"'
    query = query.format(", ".join(columns), table_in(target))
    gdal.VectorTranslate(path, target, SQLStatement=query, layerName="numbers")
    with pytest.raises(Refused, match="keeps report_id or submitted_at as another kind"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": path})


def test_a_table_of_imports_of_something_else_is_refused(run_algorithm, target, extract):
    with sqlite3.connect(target) as database:
        database.execute("ALTER TABLE imports RENAME COLUMN import_id TO consignment")
    with pytest.raises(Refused, match="a table “imports” of something else. Rename that table"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})


def test_rejected_rows_do_not_go_into_the_file_that_is_locked(run_algorithm, target, extract):
    inside = f"ogr:dbname='{target}' table=\"rejected\""
    with pytest.raises(Refused, match="written into the file of"):
        run_algorithm(
            "updatereports", {"SOURCE": extract(*SECOND), "TARGET": target, "REJECTED": inside}
        )


def test_what_fails_with_the_rejected_rows_undoes_the_update(
    run_algorithm, target, extract, monkeypatch
):
    """Faults 14: an update that ends with an error is one that did not happen."""

    def fail(*_):
        raise WriteFailed("The disk is full.", "Make room.")

    monkeypatch.setattr(update_reports, "write_rejected", fail)
    before = reports_in(target)
    with pytest.raises(QgsProcessingException, match="The disk is full"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert reports_in(target) == before


def test_overlapping_months_add_only_what_is_new(run_algorithm, target, extract):
    """Faults 61: April and May after March and April."""
    months = [
        [f"{month}-{n},2024-0{month}-0{n} 10:00,-1.1{month}{n},52.6{n},1,0" for n in (1, 2, 3)]
        for month in (3, 4, 5)
    ]
    run_algorithm("updatereports", {"SOURCE": extract(*months[0], *months[1]), "TARGET": target})
    done = run_algorithm(
        "updatereports", {"SOURCE": extract(*months[2], *months[1]), "TARGET": target}
    )
    assert (done["ADDED"], done["CHANGED"], done["UNCHANGED"]) == (3, 0, 3)
    assert len(reports_in(target)) == 3 + 9


def test_a_report_that_is_gone_meanwhile_is_not_taken_for_written(
    run_algorithm, target, extract, monkeypatch
):
    """Faults 9: changing a row that is not there is an error and undoes the rest."""
    content = ReportTarget.content

    def then_lose_them(self, *arguments):
        there = content(self, *arguments)
        for fid in self._fids:
            self._layer.DeleteFeature(fid)
        return there

    monkeypatch.setattr(ReportTarget, "content", then_lose_them)
    before = reports_in(target)
    with pytest.raises(Exception, match="could not be written; it is as it was"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert reports_in(target) == before


def test_a_report_id_that_stands_twice_in_the_layer_is_refused(run_algorithm, target, extract):
    layer = QgsVectorLayer(table_of(target), "there", "ogr")
    feature = next(layer.getFeatures())
    feature.setAttribute("fid", None)
    assert layer.dataProvider().addFeatures([feature])[0]
    del layer
    with pytest.raises(QgsProcessingException, match="1 rows of .* repeat the report_id"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})


SURPRISES = {
    "surprise": 'AFTER UPDATE ON "{table}"',
    # names and tables under which a stranger's trigger could pass for GDAL's own
    "rtree_{table}_geom_update9": 'AFTER UPDATE ON "{table}"',
    "trigger_insert_feature_count_{table} ": 'AFTER INSERT ON "{table}"',
    "on the list of layers": "AFTER UPDATE ON gpkg_contents",
    "on the count of rows": "AFTER UPDATE ON gpkg_ogr_contents",
    "on the index": 'AFTER INSERT ON "rtree_{table}_geom_rowid"',
    "on the imports": "AFTER INSERT ON imports",
}


@pytest.mark.parametrize("name", SURPRISES)
def test_triggers_of_somebody_elses_are_refused_by_name(run_algorithm, target, extract, name):
    """Faults S17: a trigger in a file from outside would run with every row written."""
    names = {"table": table_in(target)}
    trigger = 'CREATE TRIGGER "{}" {} BEGIN DELETE FROM layer_styles; END'
    trigger = trigger.format(name, SURPRISES[name])
    with sqlite3.connect(target) as database:
        database.execute(trigger.format(**names))
    before = digest(target)
    with pytest.raises(Refused, match="triggers of its own") as refused:
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert name.format(**names) in str(refused.value)
    assert digest(target) == before


def test_a_trigger_that_comes_after_the_checks_does_not_run(
    run_algorithm, target, extract, monkeypatch
):
    """Faults S17: they are looked at again under the lock, before a row is written."""
    monkeypatch.setattr(update_reports, "inspect", lambda *_: None)
    with sqlite3.connect(target) as database:
        database.execute(
            "CREATE TRIGGER late AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM imports; END"
        )
    before = digest(target)
    with pytest.raises(QgsProcessingException, match="triggers of its own .late"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert digest(target) == before


def test_somebody_elses_lock_is_waited_for_and_then_said(
    run_algorithm, target, extract, monkeypatch
):
    """Faults 7: the sentence says who may hold it and that nothing was changed."""
    monkeypatch.setattr(report_target, "LOCK_TRIES", 1)
    before = digest(target)
    other = sqlite3.connect(target, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(QgsProcessingException, match="in use by somebody else.*nothing was chan"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    other.execute("ROLLBACK")
    other.close()
    assert digest(target) == before
    done = run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert done["ADDED"] == 1


def test_a_lock_that_is_released_in_time_is_waited_for(run_algorithm, target, extract):
    """Faults 7: a short write of somebody else's does not fail the update."""
    other = sqlite3.connect(target, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(1.5, other.rollback).start()
    done = run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})
    assert done["ADDED"] == 1


def test_waiting_for_a_lock_can_be_cancelled(run_algorithm, target, extract):
    """Faults 7: within a second, not after all the tries."""
    other = sqlite3.connect(target, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Exception, match="Cancelled"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target}, cancel_at=50)
    other.close()


@pytest.mark.parametrize("at", [0, 55, 61, 90])
def test_cancelling_leaves_the_layer_as_it_was(run_algorithm, target, extract, at):
    """Faults 2: half an update is worse than none."""
    lines = [f"n{number},2024-05-01 10:00,-1.13{number:04d},52.6,1,0" for number in range(2_000)]
    before = reports_in(target)
    with pytest.raises(Exception, match="Cancelled"):
        run_algorithm("updatereports", {"SOURCE": extract(*lines), "TARGET": target}, cancel_at=at)
    assert reports_in(target) == before


def test_killing_it_half_way_leaves_the_layer_as_it_was(target, extract, tmp_path):
    """Faults 3: the process dies after rows were written and before they stand."""
    before = reports_in(target)
    script = f"""
import os, signal, sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / "scripts")!r}]
from headless import qgis_running, run
from streetsafe_plugin.gis.report_target import ReportTarget
with qgis_running():
    def die(self, ledger):
        self._layer.SyncToDisk()
        os.kill(os.getpid(), signal.SIGKILL)
    ReportTarget.enter = die
    run("streetsafe:updatereports", {{"SOURCE": {extract(*SECOND)!r}, "TARGET": {target!r}}})
"""
    died = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False)
    assert died.returncode == -signal.SIGKILL
    assert reports_in(target) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_leaves_the_layer_as_it_was(target, extract):
    """Faults 14: what does not fit is found when it is written, and all of it is undone."""
    lines = [f"n{number},2024-05-01 10:00,-1.13{number:04d},52.6,1,0" for number in range(3_000)]
    before = reports_in(target)
    room = Path(target).stat().st_size + 100_000
    script = f"""
import resource, signal, sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / "scripts")!r}]
from headless import StepFailed, qgis_running, run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with qgis_running():
    resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
    try:
        run("streetsafe:updatereports", {{"SOURCE": {extract(*lines)!r}, "TARGET": {target!r}}})
    except StepFailed as failed:
        print(failed)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], env=os.environ, check=True, capture_output=True, text=True
    )
    assert "could not be written; it is as it was" in ended.stdout
    assert reports_in(target) == before
    with sqlite3.connect(target) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_folder_that_may_not_be_written_is_said_before_work(
    run_algorithm, target, extract, monkeypatch
):
    """Faults 13: the journal needs a place beside the file."""
    touch = Path.touch

    def refuse(self, *arguments, **named):
        if self.parent == Path(target).parent:
            raise PermissionError(13, "Permission denied")
        touch(self, *arguments, **named)

    source = extract(*SECOND)
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(Refused, match="cannot be written to .Permission denied.*Copy the file"):
        run_algorithm("updatereports", {"SOURCE": source, "TARGET": target})


def test_a_target_that_may_not_be_written_is_said(run_algorithm, target, extract):
    """Faults 13: no right to write is found before any work is lost."""
    Path(target).chmod(0o444)
    if os.access(target, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(Refused, match="cannot be opened for writing"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": target})


def test_the_area_mark_stays_where_no_area_is_given(run_algorithm, extract, tmp_path, make_layer):
    square = "POLYGON ((-1.2 52.6, -1.138 52.6, -1.138 52.7, -1.2 52.7, -1.2 52.6))"
    area = make_layer([square], "Polygon", crs="EPSG:4326")
    path = str(tmp_path / "kept.gpkg")
    first = extract(*FIRST, name="first.csv")
    run_algorithm("importreports", {"SOURCE": first, "OUTPUT": path, "AREA": area})
    done = run_algorithm("updatereports", {"SOURCE": first, "TARGET": path})
    assert (done["ADDED"], done["CHANGED"], done["UNCHANGED"]) == (0, 0, 3)
    assert reports_in(path)["007"]["flags"] == "outside_area"


def test_two_updates_at_once_both_arrive(target, extract, tmp_path):
    """Faults 8: neither overwrites what the other has just written."""
    first = extract("a1,2024-05-01 10:00,-1.1311,52.6311,1,0", name="a.csv")
    second = extract("b1,2024-05-01 10:00,-1.1322,52.6322,1,0", name="b.csv")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RUN_IN_ITS_OWN_QGIS, source, target], env=os.environ
        )
        for source in (first, second)
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert {"007", "008", "009", "a1", "b1"} == set(reports_in(target))


def test_a_layer_in_postgis(run_algorithm, extract, postgis):
    """Faults 9, 21: the same on a server, in one transaction there."""
    import_into, rows = postgis
    layer = import_into(run_algorithm, extract(*FIRST, name="first.csv"))
    done = run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer})
    assert (done["ADDED"], done["CHANGED"], done["UNCHANGED"]) == (1, 1, 1)
    again = run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer})
    assert (again["ADDED"], again["CHANGED"], again["UNCHANGED"]) == (0, 0, 3)
    held = rows("SELECT report_id, reasons FROM reports ORDER BY report_id")
    assert held[1] == ["008", "env_no_cctv;env_lighting"]
    assert len(held) == 4
    assert rows("SELECT rows_read FROM imports") == [["4"], ["4"]]


def test_a_cancelled_update_in_postgis_leaves_it_as_it_was(run_algorithm, extract, postgis):
    """Faults 2: the server takes back what was written."""
    import_into, rows = postgis
    layer = import_into(run_algorithm, extract(*FIRST, name="first.csv"))
    before = rows("SELECT * FROM reports ORDER BY report_id")
    lines = [f"n{number},2024-05-01 10:00,-1.13{number:04d},52.6,1,0" for number in range(2_000)]
    with pytest.raises(Exception, match="Cancelled"):
        run_algorithm("updatereports", {"SOURCE": extract(*lines), "TARGET": layer}, cancel_at=80)
    assert rows("SELECT * FROM reports ORDER BY report_id") == before


def test_somebody_elses_lock_in_postgis_is_said(run_algorithm, extract, postgis, monkeypatch):
    """Faults 7: on a server too."""
    monkeypatch.setattr(report_target, "LOCK_TRIES", 1)
    import_into, rows = postgis
    layer = import_into(run_algorithm, extract(*FIRST, name="first.csv"))
    in_use = pytest.raises(QgsProcessingException, match="in use by somebody else")
    with rows.locked("reports"), in_use:
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer})
    assert len(rows("SELECT report_id FROM reports")) == 3


def test_two_updates_in_postgis_at_once_both_arrive(run_algorithm, extract, postgis):
    """Faults 8: the second waits for the first, then compares with what that has written."""
    import_into, rows = postgis
    layer = import_into(run_algorithm, extract(*FIRST, name="first.csv"))
    sources = [
        extract(f"{name},2024-05-01 10:00,-1.1311,52.6311,1,0", name=f"{name}.csv")
        for name in ("a1", "b1")
    ]
    script = RUN_IN_ITS_OWN_QGIS.replace(
        "sys.argv[2]}", f"QgsVectorLayer({layer.source()!r}, 'there', 'postgres')}}"
    ).replace("with qgis", "from qgis.core import QgsVectorLayer\nwith qgis")
    running = [
        subprocess.Popen([sys.executable, "-c", script, source], env=os.environ)
        for source in sources
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    held = rows("SELECT report_id, flags FROM reports WHERE report_id IN ('a1', 'b1') ORDER BY 1")
    assert held == [["a1", "repeated_place;same_moment"], ["b1", "repeated_place;same_moment"]]


def test_a_server_that_goes_away_half_way_keeps_the_layer_as_it_was(
    run_algorithm, extract, postgis, monkeypatch
):
    """Faults 21: what was sent before the connection broke is taken back."""
    import_into, rows = postgis
    layer = import_into(run_algorithm, extract(*FIRST, name="first.csv"))
    before = rows("SELECT * FROM reports ORDER BY report_id")

    def lose_the_server(self, ledger):
        rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND state = 'idle in transaction'"
        )

    monkeypatch.setattr(ReportTarget, "enter", lose_the_server)
    with pytest.raises(QgsProcessingException, match="could not be written; it is as it was"):
        run_algorithm("updatereports", {"SOURCE": extract(*SECOND), "TARGET": layer})
    assert rows("SELECT * FROM reports ORDER BY report_id") == before
