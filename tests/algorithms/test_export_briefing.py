# SPDX-License-Identifier: GPL-2.0-or-later
"""The briefing pack, through the front door and read back from its files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from qgis.core import QgsLayoutExporter, QgsProcessingException, QgsProject, QgsVectorLayer
from qgis.PyQt.QtGui import QImage

from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis.release_pdf import export_pdf
from tests.elsewhere import found_in
from tests.front_door import Outcome, Refused
from tests.sheets import sheets_of

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTILE = "<script>x</script> [% 6*7 %] Café Park"
OPERATION = "Coordinates were used as given, in EPSG:27700."


@pytest.fixture
def parks(make_layer):
    squares = [(457_000, 301_000, 300), (457_900, 301_000, 200)]
    return make_layer(
        [
            f"Polygon(({x} {y}, {x + s} {y}, {x + s} {y + s}, {x} {y + s}, {x} {y}))"
            for x, y, s in squares
        ],
        kind="Polygon",
        fields=[
            ("park_id", "string(0)"),
            ("park_name", "string(0)"),
            ("district", "string(0)"),
            ("boundary_status", "string(0)"),
            ("note", "string(0)"),
        ],
        rows=[
            ["a", HOSTILE, "Leicester", "matched", ""],
            ["b", "Small Green", "Leicester", "indicative", ""],
        ],
        name="parks",
    )


@pytest.fixture
def reports(make_layer):
    """60 reports: 20 in the first park's middle, 3 in the second's, the others far away."""
    rng = np.random.default_rng(5)
    places = (
        [(457_150 + x, 301_150 + y) for x, y in rng.uniform(-90, 90, (20, 2))]
        + [(458_000 + x, 301_100 + y) for x, y in rng.uniform(-60, 60, (3, 2))]
        + [(465_000 + x, 310_000 + y) for x, y in rng.uniform(-900, 900, (37, 2))]
    )
    fields = [
        ("report_id", "string(0)"),
        ("submitted_at", "datetime"),
        ("concern", "string(0)"),
        ("comment", "string(0)"),
        ("source_file", "string(0)"),
        *((code, "bool") for code in REASON_CODES),
    ]
    rows = [
        [
            str(n),
            f"2022-0{1 + n % 6}-1{n % 9}T12:00:00",
            "environment",
            "CANARY-77",
            "extract.csv",
            *(code == "env_lighting" for code in REASON_CODES),
        ]
        for n in range(60)
    ]
    return make_layer([f"Point({x} {y})" for x, y in places], fields=fields, rows=rows)


@pytest.fixture
def brief(run_algorithm, parks, reports, tmp_path: Path):
    def run(**more: object) -> Outcome:
        given = {
            "PARKS": parks,
            "REPORTS": reports,
            "MARKING": 1,
            "FOLDER": str(tmp_path / "pack"),
            "FORMATS": [0],
            **more,
        }
        return run_algorithm("exportbriefing", given)

    return run


def told(made: Outcome) -> dict[str, object]:
    """Return what the sheet About says, line by line."""
    return {row["item"]: row["text"] for row in sheets_of(made["XLSX"])["About"]}


def pages_of(pdf: str) -> list[str]:
    """Return each page's text as a reader's search finds it."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True
    ).stdout.decode("utf-8")
    return text.split("\f")[:-1]


def test_a_pack_has_its_pages_and_says_where(brief, tmp_path: Path) -> None:
    made = brief(FORMATS=[0, 1, 2, 3, 4, 5])
    assert (made["PAGES"], made["PARKS"], made["REPORTS_COUNTED"]) == (5, 2, 60)
    names = sorted(path.name for path in (tmp_path / "pack").iterdir())
    sheets = len(sheets_of(made["XLSX"]))
    # a PDF, pictures and drawings of pages, slides but of the method, tables, data of the maps
    assert len(names) == 1 + 5 + 5 + 4 + 1 + sheets + 1
    slides = [name for name in names if "_slides_" in name]
    pictures = [QImage(str(tmp_path / "pack" / name)) for name in slides]
    assert {(one.width(), one.height()) for one in pictures} == {(1920, 1080)}
    assert all(name.startswith("OFFICIAL-SENSITIVE_") for name in names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in names)
    assert Path(made["PDF"]).exists()


def test_tables_alone_can_be_asked_for(brief, tmp_path: Path) -> None:
    made = brief(FORMATS=[4], HANDLING="Police and council only", ATTRIBUTION="© OS 2022")
    made_of = sorted(path.suffix for path in (tmp_path / "pack").iterdir())
    assert made_of == [".gpkg", ".xlsx"]
    assert "PDF" not in made.results
    about = told(made)
    assert about["Marking"] == "OFFICIAL-SENSITIVE"
    assert about["Handling"] == "Police and council only"
    assert about["Coordinates"] == OPERATION
    assert about["Sources"].startswith("© OS 2022")
    assert about["Reports counted (n)"] == "60"
    assert about["Made"].startswith("Made ")
    names = {row["park"] for row in sheets_of(made["XLSX"])["Parks"]}
    assert names == {HOSTILE, "Small Green"}


def test_every_page_carries_what_it_must(brief) -> None:
    pages = pages_of(brief(HANDLING="Police and council only", ATTRIBUTION="© OS 2022")["PDF"])
    assert len(pages) == 5
    for number, page in enumerate(pages, start=1):
        assert page.count("OFFICIAL-SENSITIVE") >= 2, number
        for text in (
            "10 January 2022 to",
            "reports",
            "n = ",
            "Police and council only",
            "© OS 2022",
            "StreetSafe (police.uk)",
            OPERATION,
            f"Page {number} of 5",
        ):
            assert text in page, (number, text)


def test_figures_on_the_page_are_the_counts(brief) -> None:
    overview, first, second, _, method = pages_of(brief()["PDF"])
    assert re.search(r"Of 60 reports read, 23 lie inside a park, 0 in a ring", overview)
    assert "20 reports lie inside the park" in first
    assert "n = 20 of 60 reports" in first
    # 300 m by 300 m is 9 ha; 20 reports on it are 222.2 per km²
    assert re.search(r"Inside the park\s+9\.0\s+20\s+20\s+222\.2", first)
    assert "3 reports lie inside the park" in second
    assert "nothing" in second
    assert "indicative" in second
    assert "CANARY-77" not in overview + first + second + method


def test_text_from_data_is_shown_and_does_nothing(brief) -> None:
    page = pages_of(brief()["PDF"])[1]
    assert "<script>x</script>" in page
    assert "6*7" in page
    assert "42 Café" not in page


def test_the_map_is_drawn(brief, tmp_path: Path) -> None:
    brief(FORMATS=[1])
    page = next((tmp_path / "pack").glob("*_02_*.png"))
    image = QImage(str(page))
    # the park's green fill lies in the middle of the map, which takes the left half of the page
    colours = {
        image.pixelColor(x, y).name() for x in range(100, 1000, 7) for y in range(200, 880, 7)
    }
    greens = [
        name
        for name in colours
        if int(name[3:5], 16) > int(name[1:3], 16) + 8 and int(name[3:5], 16) > int(name[5:7], 16)
    ]
    assert greens
    assert image.textKeys() == ["Title"]
    assert image.text("Title") == "OFFICIAL-SENSITIVE: Feeling safe in our parks"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"MARKING": None}, r"Marking \(MARKING\) is not chosen"),
        ({"FROM": "2022-05-01", "TO": "2022-04-01"}, "swap them"),
        ({"DISTANCES": "near"}, "DISTANCES"),
        ({"DISTANCES": "1,2,3,4,5,6,7"}, "room for 6 rings"),
        ({"FORMATS": []}, r"Formats \(FORMATS\): none"),
        ({"THRESHOLD": 0}, r"\(THRESHOLD\): “0” is not a number from 1 to 1000"),
        ({"CELL_SIZE": "wide"}, r"\(CELL_SIZE\): “wide” is not a number from 10 to 100000"),
        ({"PAPER": 9}, r"Paper \(PAPER\): “9” is none of its choices, which are 0 = A4"),
    ],
)
def test_what_cannot_be_is_refused_before(brief, tmp_path: Path, more, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        brief(**more)
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize("at", [0, 30, 50])
def test_cancelling_leaves_nothing(run_algorithm, parks, reports, tmp_path: Path, at: int) -> None:
    given = {
        "PARKS": parks,
        "REPORTS": reports,
        "MARKING": 0,
        "FOLDER": str(tmp_path / "pack"),
    }
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run_algorithm("exportbriefing", given, cancel_at=at)
    left = list((tmp_path / "pack").iterdir()) if (tmp_path / "pack").exists() else []
    assert left == []


def test_once_handed_out_a_pack_is_finished(run_algorithm, parks, reports, tmp_path: Path) -> None:
    """Cancelled when the files are there already, it still leaves its layouts, and all of them."""
    given = {
        "PARKS": parks,
        "REPORTS": reports,
        "MARKING": 0,
        "FORMATS": [4],
        "FOLDER": str(tmp_path / "pack"),
    }
    made = run_algorithm("exportbriefing", given, cancel_at=97)
    assert Path(made["XLSX"]).exists()
    assert len(QgsProject.instance().layoutManager().printLayouts()) == 1


def test_layouts_stay_in_the_project_and_export_again(brief, tmp_path: Path) -> None:
    brief(FORMATS=[0, 3])
    brief(FORMATS=[0, 3])  # the second takes the place of the first
    project = QgsProject.instance()
    layouts = project.layoutManager().printLayouts()
    assert sorted(one.name() for one in layouts) == [
        "Feeling safe in our parks",
        "Feeling safe in our parks: slides",
    ]
    [maps] = (tmp_path / "pack").glob("*_maps.gpkg")
    sources = {layer.source().split("|")[0] for layer in project.mapLayers().values()}
    assert sources == {str(maps)}
    for layout in layouts:
        again = tmp_path / f"{layout.pageCollection().pageCount()}.pdf"
        settings = QgsLayoutExporter.PdfExportSettings()
        done = QgsLayoutExporter(layout).exportToPdf(str(again), settings)
        assert done == QgsLayoutExporter.ExportResult.Success
        assert len(pages_of(again)) == layout.pageCollection().pageCount()
        # every map is looked at by the gate, and would be refused if it came out blank
        export_pdf(layout, tmp_path / "gate.pdf", "OFFICIAL: again")


@pytest.mark.parametrize(("audience", "shared"), [(0, 2), (2, 1)])
def test_kept_layouts_go_along_with_those_they_are_for(
    brief, run_algorithm, tmp_path: Path, audience: int, shared: int
) -> None:
    brief()
    brief(AUDIENCE=2, FOLDER=str(tmp_path / "public"), ISSUED=str(tmp_path / "issued.json"))
    given = {"FOLDER": str(tmp_path / "out"), "AUDIENCE": audience}
    assert run_algorithm("shareproject", given)["LAYOUTS"] == shared
    shutil.move(tmp_path / "out", tmp_path / "renamed £")
    told = found_in(tmp_path / "renamed £")
    assert all(one["inked"] > 500 for one in told["layouts"])
    assert len(told["layouts"]) == shared
    # the reports themselves are in the internal pack's layers only
    assert ("Reports" in {one["name"] for one in told["layers"]}) == (audience == 0)


def test_parks_that_are_not_there_are_refused(brief, make_layer) -> None:
    with pytest.raises(QgsProcessingException, match="holds no polygon"):
        brief(PARKS=make_layer([], kind="Polygon"))


def test_a_folder_without_a_parent_is_named(brief, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"\(FOLDER\) is “pack”, and the folder around it"):
        brief(FOLDER=str(tmp_path / "missing" / "pack"))


def test_heat_and_crimes_are_shown_for_context(
    brief, run_algorithm, reports, make_layer, tmp_path: Path
) -> None:
    heat = run_algorithm("heatmap", {"INPUT": reports, "OUTPUT": str(tmp_path / "h.tif")})
    crimes = make_layer(
        ["Point(457150 301150)"] * 3,
        fields=[("reported_by", "string(0)"), ("month_start", "date")],
        rows=[["Leicestershire Police", "2022-06-01"]] * 3,
    )
    overview, first, *_ = pages_of(brief(HEATMAP=heat["OUTPUT"], CRIMES=crimes)["PDF"])
    assert "reports per km²" in overview
    assert "3 recorded crimes (June 2022) have their published" in first
    assert "data.police.uk" in overview


def test_a_sample_does_not_pass_for_the_real_thing(brief, make_layer) -> None:
    invented = make_layer(
        ["Point(457150 301150)"],
        fields=[("source_file", "string(0)")],
        rows=[["sample_reports_invented.csv"]],
    )
    overview = pages_of(brief(REPORTS=invented)["PDF"])[0]
    assert "invented sample" in overview
    assert "StreetSafe (police.uk)" not in overview


def test_crimes_in_place_of_reports_are_not_credited_to_streetsafe(brief, make_layer) -> None:
    crimes = make_layer(
        ["Point(457150 301150)"],
        fields=[("crime_type", "string(0)"), ("reported_by", "string(0)"),
                ("source_file", "string(0)")],
        rows=[["Robbery", "Leicestershire Police", "street.csv"]],
    )  # fmt: skip
    sources = told(brief(REPORTS=crimes, FORMATS=[4]))["Sources"]
    assert sources == "Recorded crime: data.police.uk, Open Government Licence v3.0."


def test_only_reports_in_the_area_are_counted(brief, make_layer) -> None:
    area = make_layer(
        ["Polygon((456000 300000, 459000 300000, 459000 303000, 456000 303000, 456000 300000))"],
        kind="Polygon",
    )
    overview = pages_of(brief(AREA=area)["PDF"])[0]
    assert "23 lie inside a park" in overview
    assert "37 outside the" in overview


def test_an_area_in_pieces_is_drawn_as_one(brief, make_layer, tmp_path: Path) -> None:
    """Two wards that meet but for a slit of 10 by 50 m, with a scrap in it, and one elsewhere."""
    left = "(456000 300000, 457500 300000, 457500 301000, 457490 301000, 457490 301050,"
    pieces = make_layer(
        [
            f"Polygon({left} 457500 301050, 457500 303000, 456000 303000, 456000 300000))",
            "Polygon((457500 300000, 459000 300000, 459000 303000, 457500 303000, 457500 300000))",
            "Polygon((457492 301010, 457496 301010, 457496 301020, 457492 301020, 457492 301010))",
            "Polygon((459500 303000, 459600 303000, 459600 303100, 459500 303100, 459500 303000))",
        ],
        kind="Polygon",
    )
    brief(AREA=pieces, FORMATS=[4])
    [maps] = (tmp_path / "pack").glob("*_maps.gpkg")
    [area] = QgsVectorLayer(f"{maps}|layername=area", "area", "ogr").getFeatures()
    parts = area.geometry().asMultiPolygon()
    assert [len(rings) for rings in parts] == [1, 1]
    assert area.geometry().isGeosValid()
    assert area.geometry().area() == pytest.approx(3000 * 3000 + 100 * 100)


def test_long_texts_stay_on_the_page(brief, parks, make_layer) -> None:
    name = "The " + "Very Long and Winding " * 8 + "Park"
    long_parks = make_layer(
        [feature.geometry().asWkt() for feature in parks.getFeatures()],
        kind="Polygon",
        fields=[("park_name", "string(0)")],
        rows=[[name], ["A" * 150]],
    )
    pages = pages_of(
        brief(PARKS=long_parks, TITLE="T" * 90, HANDLING="H" * 90, ATTRIBUTION="©A " * 130)["PDF"]
    )
    for number, page in enumerate(pages, start=1):
        assert page.count("OFFICIAL-SENSITIVE") >= 2
        assert f"Page {number} of {len(pages)}" in page
        assert OPERATION in page
    assert "The Very Long and Winding" in pages[1]
    assert "…" in pages[2]


@pytest.mark.parametrize("name", ["TITLE", "HANDLING", "ATTRIBUTION"])
def test_a_text_for_which_there_is_no_room_is_refused(brief, name: str) -> None:
    with pytest.raises(Refused, match=rf"\({name}\) has 500 letters"):
        brief(**{name: "x" * 500})


def test_the_method_flows_on_to_another_page(brief, run_algorithm, reports, monkeypatch) -> None:
    from streetsafe_plugin.gis import provenance

    monkeypatch.setattr(
        provenance, "history_of", lambda layers: [f"Line {n} " + "word " * 60 for n in range(60)]
    )
    made = brief()
    pages = pages_of(made["PDF"])
    assert made["PAGES"] == len(pages) > 5
    assert "Line 59" in pages[-1]
    assert all(page.count("OFFICIAL-SENSITIVE") >= 2 for page in pages)


def test_a_layer_without_reports_makes_a_briefing_that_says_so(brief, make_layer) -> None:
    made = brief(REPORTS=make_layer([None]), FORMATS=[0, 4])
    assert made["REPORTS_COUNTED"] == 0
    assert any("no report to count" in warning for warning in made.warnings)
    overview, first, *_ = pages_of(made["PDF"])
    assert "n = 0 reports" in overview
    assert "1 without a place" in " ".join(overview.split())
    assert "No reports lie inside the park" in first
    assert "There is no report, so there is no pattern." in told(made)["Pattern"]


def test_the_radius_of_the_heat_map_stands_on_the_page(
    brief, run_algorithm, reports, tmp_path: Path
) -> None:
    heat = run_algorithm(
        "heatmap", {"INPUT": reports, "RADIUS": 300, "OUTPUT": str(tmp_path / "h.tif")}
    )
    overview, *_, method = pages_of(brief(HEATMAP=heat["OUTPUT"])["PDF"])
    # whether there is a pattern at all, in the words of the test
    assert "by chance: to the nearest other it is" in " ".join(method.split())
    assert "radius 300 m" in overview
    # the style beside the file: the first colour starts above a lone report's 10.6 per km²
    assert "under 20: no colour" in overview
    assert "each of 60 reports" in method


def test_acknowledgements_of_a_layer_reach_the_page(brief, parks) -> None:
    metadata = parks.metadata()
    metadata.setRights(["© Crown copyright 2022 OS AC0000000000"])
    parks.setMetadata(metadata)
    assert "AC0000000000" in pages_of(brief()["PDF"])[0]


def test_a_force_s_template_and_another_paper_are_used(brief, tmp_path: Path) -> None:
    from streetsafe_plugin.paths import resource

    shipped = resource("layouts", "briefing-a4-portrait.qpt").read_text(encoding="utf-8")
    own = tmp_path / "own.qpt"
    own.write_text(shipped.replace('id="overview.enough"', 'id="logo"'), encoding="utf-8")
    made = brief(PAPER=1, TEMPLATE=str(own))
    assert [warning for warning in made.warnings if "lacks overview.enough" in warning]
    # A4 upright: 210 by 297 mm are 595 by 842 points
    assert re.search(rb"/MediaBox \[0 0 59[456]\S* 84[123]", Path(made["PDF"]).read_bytes())
