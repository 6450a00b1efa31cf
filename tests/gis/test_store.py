# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing: the old file or the new one, never half of either."""

from __future__ import annotations

import datetime
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsVectorLayer,
)
from shapely.geometry import box

from streetsafe_plugin import compat
from streetsafe_plugin.domain.errors import Cancelled, InputRefused, WriteFailed
from streetsafe_plugin.gis import store, styling

BNG = QgsCoordinateReferenceSystem("EPSG:27700")
REPOSITORY = Path(__file__).resolve().parents[2]


def spec(geometry: str = "point") -> store.LayerSpec:
    fields = [compat.text_field("report_id"), compat.integer_field("n")]
    return store.LayerSpec("Reports", fields, geometry, BNG if geometry != "none" else None)


def rows(count: int) -> list[store.Row]:
    return [((450_000.0 + n, 300_000.0), [f"{n:03d}", n]) for n in range(count)]


def write(path: Path, some: object, layer: store.LayerSpec | None = None, **more: object) -> Path:
    style = styling.from_file("reports") if layer is None else None
    finish = styling.Finish("Reports", style, None, "", ("report_id",))
    return store.write_layer(
        path, layer or spec(), some, QgsCoordinateTransformContext(), finish, **more
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["a b £5 #1.gpkg", "rep?rts.gpkg", "ünï 100%.gpkg", "UPPER.GPKG"])
def test_a_geopackage_reads_back_with_style_and_without_side_files(
    tmp_path: Path, name: str
) -> None:
    path = write(tmp_path / name, rows(10))
    assert path == tmp_path / name
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    layer = QgsVectorLayer(str(path), "x", "ogr")
    assert layer.featureCount() == 10
    assert layer.crs().authid() == "EPSG:27700"
    assert layer.renderer().type() == "categorizedSymbol"
    assert next(layer.getFeatures())["report_id"] == "000"


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".csv", ".xlsx"])
def test_every_format_keeps_every_row(tmp_path: Path, suffix: str) -> None:
    table = spec("none") if suffix == ".xlsx" else spec()
    path = write(
        tmp_path / f"x{suffix}",
        rows(7) if suffix != ".xlsx" else [(None, values) for _, values in rows(7)],
        table,
    )
    dataset = gdal.OpenEx(str(path))
    assert dataset.GetLayer(0).GetFeatureCount() == 7


def test_a_workbook_of_words_alone_has_its_rows(tmp_path: Path) -> None:
    words = store.LayerSpec("Words", [compat.text_field("a"), compat.text_field("b")], "none")
    path = write(tmp_path / "x.xlsx", [(None, ["=1+1", "£"]), (None, ["x", "y"])], words)
    with zipfile.ZipFile(path) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"<row ") == 3  # the heading and the two
    assert b"<f" not in sheet


def test_values_arrive_as_what_they_are(tmp_path: Path) -> None:
    fields = [
        compat.text_field("text"),
        compat.integer_field("whole"),
        compat.real_field("real"),
        compat.boolean_field("yes"),
        compat.date_field("day"),
        compat.datetime_field("moment"),
    ]
    moment = datetime.datetime(2022, 3, 27, 1, 30, 15)
    values = ["x" * 300, np.int64(3), float("nan"), np.bool_(True), moment.date(), moment]
    path = write(
        tmp_path / "x.gpkg",
        [(box(0, 0, 1, 1), values)],
        store.LayerSpec("x", fields, "polygon", BNG),
    )
    layer = QgsVectorLayer(str(path), "x", "ogr")
    feature = next(layer.getFeatures())
    held = [compat.to_python(feature[field.name()]) for field in fields]
    assert held == ["x" * 300, 3, None, True, moment.date(), moment]


def test_a_run_cancelled_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", rows(5))
    before = digest(path)

    def tick(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write(path, rows(5000), tick=tick)
    assert digest(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.gpkg"]


CHILD = """
import os, resource, signal, sys
sys.path.insert(0, {repository!r})
from qgis.core import QgsApplication
application = QgsApplication([], False)
application.initQgis()
sys.path.insert(0, {here!r})
from pathlib import Path
import numpy as np
import test_store as t
from streetsafe_plugin.gis import store
def rows():
    for number, row in enumerate(t.rows(200_000)):
        if {fault!r} == "kill" and number == 5000:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row
def columns():
    many = 200_000
    names = np.array([str(n) for n in range(many)], dtype=object)
    return store.LayerColumns(np.ones((many, 2)), [names, np.arange(many)])
def die(share):
    if {fault!r} == "kill in bulk" and share > 0.4:
        os.kill(os.getpid(), signal.SIGKILL)
if {fault!r}.startswith("full"):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    some = columns() if {fault!r}.endswith("bulk") else rows()
    t.write(Path({path!r}), some, tick=die)
except t.WriteFailed as error:
    print("REFUSED", error)
"""


@pytest.mark.parametrize("fault", ["kill", "full", "kill in bulk", "full in bulk"])
def test_a_crash_or_a_full_disk_leaves_the_old_file(tmp_path: Path, fault: str) -> None:
    """Faults 1, 2, 14: killed or out of space half way, row by row and in bulk."""
    path = write(tmp_path / "x.gpkg", rows(5))
    before = digest(path)
    code = CHILD.format(
        repository=str(REPOSITORY), here=str(Path(__file__).parent), path=str(path), fault=fault
    )
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if fault.startswith("kill"):
        assert child.returncode == -signal.SIGKILL
    else:
        assert "REFUSED" in child.stdout, child.stderr
    assert digest(path) == before


def test_what_a_crash_left_does_not_disturb_the_next_run(tmp_path: Path) -> None:
    """Faults 1: what lies there from long ago goes; what may be in use stays."""
    left = tmp_path / f".x.{os.getpid()}.tmp.gpkg"
    left.write_bytes(b"half")
    others = tmp_path / ".x.1.tmp.gpkg", tmp_path / ".x.2.tmp.gpkg"
    for other in others:
        other.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(others[0], (two_days_ago, two_days_ago))
    write(tmp_path / "x.gpkg", rows(3))
    assert not left.exists()
    assert [other.exists() for other in others] == [False, True]


def test_other_layers_of_a_geopackage_are_spared(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", rows(3))
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    dataset.CreateLayer("other")
    del dataset
    before = digest(path)
    with pytest.raises(InputRefused, match="holds 2 layers"):
        write(path, rows(4))
    assert digest(path) == before


def test_a_file_held_open_gets_a_dated_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.csv", rows(3))
    real_replace = Path.replace

    def as_on_windows(source: Path, target: Path) -> Path:
        if target == path:
            raise PermissionError(13, "used by another process")
        return real_replace(source, target)

    monkeypatch.setattr(Path, "replace", as_on_windows)
    other = write(path, rows(4))
    assert other != path
    assert other.name.startswith("x_20")
    assert len(other.read_text().splitlines()) == 5
    assert len(path.read_text().splitlines()) == 4


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="“nowhere” does not exist.*Make it first"):
        write(tmp_path / "nowhere" / "x.gpkg", rows(1))


def test_a_path_that_qgis_would_misread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="cannot open"):
        write(tmp_path / "a%20b.gpkg", rows(1))


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"\.gpkg"):
        write(tmp_path / "x.shp", rows(1))


def test_formulas_are_defused_in_csv(tmp_path: Path) -> None:
    """Faults S20: texts that a spreadsheet would run; numbers are none."""
    texts = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-1-1", "plain", "-1.5", "+44"]
    path = write(tmp_path / "x.csv", [(None, [text, 1]) for text in texts], spec("none"))
    held = [line.split(",")[0].strip('"') for line in path.read_text().splitlines()[1:]]
    assert [text.startswith("'") for text in held] == [*[True] * 4, *[False] * 3]


def test_polygons_in_csv_keep_their_shape(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", [(box(0, 0, 1, 1), ["a", 1])], spec("polygon"))
    assert "MULTIPOLYGON" in path.read_text()


def test_a_raster_reads_back_with_holes_and_a_style_beside_it(tmp_path: Path) -> None:
    values = np.array([[0.0, 1.5], [np.nan, 60.0]])
    raster = store.Raster(values, 450_000, 300_050, 25, BNG, "reports per km²")
    finish = styling.Finish("Heat", styling.density([20, 40, 60], "reports per km²"))
    path = store.write_raster(tmp_path / "heat.tif", raster, finish)
    dataset = gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    assert dataset.GetGeoTransform() == (450_000, 25, 0, 300_050, 0, -25)
    assert band.GetNoDataValue() == store.NO_DATA
    assert band.ReadAsArray().tolist() == [[0, 1.5], [store.NO_DATA, 60]]
    assert band.GetUnitType() == "reports per km²"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["heat.qml", "heat.tif"]
