# SPDX-License-Identifier: GPL-2.0-or-later
"""The same pack once more: its files are replaced although the project's layers read them.

Windows refuses to rename or replace a file that anybody holds open, this programme too. That is
played here by refusing it for what this process holds open.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from qgis.core import NULL, QgsProcessingException, QgsProject

OPEN_FILES = Path("/proc/self/fd")


def held_open(path: Path) -> bool:
    """Tell whether this process has a file open, or one that was there under its name."""
    targets = []
    for descriptor in OPEN_FILES.iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except OSError:
            continue
    return str(path.resolve()) in targets


@pytest.fixture
def as_on_windows(monkeypatch):
    if not OPEN_FILES.is_dir():
        pytest.skip("this system does not tell which files are open")
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        for path in (self, Path(target)):
            if path.exists() and held_open(path):
                raise PermissionError(errno.EACCES, "in use", str(self), None, str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.fixture
def parks(make_layer):
    return make_layer(
        ["Polygon((457000 301000, 457300 301000, 457300 301300, 457000 301300, 457000 301000))"],
        kind="Polygon",
        fields=[("park_id", "string(0)"), ("park_name", "string(0)")],
        rows=[["a", "Park"]],
    )


@pytest.fixture
def brief(run_algorithm, make_layer, parks, tmp_path: Path):
    QgsProject.instance().write(str(tmp_path / "parks.qgz"))

    def run(reports: int, **more: object):
        places = [f"Point({457_050 + 5 * n} {301_040 + 5 * n})" for n in range(reports)]
        layer = make_layer(places)
        file = str(tmp_path / f"heat of {reports}.tif")
        heat = run_algorithm("heatmap", {"INPUT": layer, "OUTPUT": file})
        given = {
            "PARKS": parks,
            "REPORTS": layer,
            "HEATMAP": heat["OUTPUT"],
            "MARKING": 0,
            "FORMATS": [4],
            "FOLDER": str(tmp_path / "pack"),
        }
        return run_algorithm("exportbriefing", {**given, **more})

    return run


def kept(name: str):
    """Return the project's layers of this name, with whatever of them is drawn from a file read."""
    layers = QgsProject.instance().mapLayersByName(name)
    assert layers
    return layers


def counts() -> set[int]:
    return {feature["within"] for layer in kept("Parks") for feature in layer.getFeatures()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("audience", [0, 2])
def test_its_files_are_replaced_and_its_layers_show_the_new_figures(
    brief, as_on_windows, tmp_path: Path, audience: int
) -> None:
    brief(20, AUDIENCE=audience, ISSUED=str(tmp_path / "first.json"))
    assert counts() <= {20, NULL}
    before = names(tmp_path / "pack")
    assert any(name.endswith("_heat.tif") for name in before) == (audience == 2)
    made = brief(40, AUDIENCE=audience, ISSUED=str(tmp_path / "second.json"))
    assert counts() <= {40, NULL}
    assert names(tmp_path / "pack") == before
    assert not any("in use" in warning for warning in made.warnings)
    layers = QgsProject.instance().mapLayers().values()
    assert all(layer.isValid() for layer in layers)
    assert len(kept("Parks")) == 2
    files = {Path(layer.source().split("|")[0]).name for layer in layers}
    assert files <= {*before, "heat of 40.tif"}


def test_what_others_made_of_its_layers_reads_on(brief, as_on_windows, tmp_path: Path) -> None:
    """A copy of a layer, outside the briefing's group, follows to the new file, drawn as it was."""
    brief(20)
    own = kept("Parks")[0].clone()
    own.setName("Own")
    own.setOpacity(0.5)
    QgsProject.instance().addMapLayer(own)
    looks = own.renderer().dump()
    brief(40)
    assert [feature["within"] for feature in own.getFeatures()] == [40]
    assert own.opacity() == 0.5
    assert own.renderer().dump() == looks


def test_a_file_held_elsewhere_gives_a_dated_name(brief, as_on_windows, tmp_path: Path) -> None:
    brief(20)
    before = names(tmp_path / "pack")
    (maps,) = (tmp_path / "pack").glob("*_maps.gpkg")
    with maps.open("rb"):
        made = brief(40)
    assert any(f"“{maps.name}” is in use" in warning for warning in made.warnings)
    assert len(names(tmp_path / "pack")) == 2 * len(before)
    assert counts() == {40}


def test_after_a_failure_its_layers_read_what_is_still_there(
    brief, monkeypatch, tmp_path: Path
) -> None:
    brief(20)
    sources = sorted(layer.source() for layer in QgsProject.instance().mapLayers().values())
    rename = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).suffix == ".xlsx" and Path(target).parent.name == "pack":
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(QgsProcessingException, match="No space left"):
        brief(40)
    monkeypatch.undo()
    layers = QgsProject.instance().mapLayers().values()
    assert sorted(layer.source() for layer in layers) == sources
    assert all(layer.isValid() for layer in layers)
    assert counts() == {20}
