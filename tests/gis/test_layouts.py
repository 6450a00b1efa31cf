# SPDX-License-Identifier: GPL-2.0-or-later
"""Briefing pages: every paper, every kind of page, on packs that are small, large and held back."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayoutExporter,
    QgsLayoutFrame,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsRenderContext,
    QgsSymbolLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtXml import QDomDocument
from shapely.geometry import box as square

from streetsafe_plugin.compat import to_python
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.pack import Audience, FearAndCrime, GapArea, HotCell, HotSpots, Pack
from streetsafe_plugin.gis import release
from streetsafe_plugin.gis.briefing_layers import briefing_layers
from streetsafe_plugin.gis.kept_briefing import BRIEFING_PROPERTY, keep_in_project
from streetsafe_plugin.gis.layouts import Laid, briefing_layout
from streetsafe_plugin.gis.pages import method
from streetsafe_plugin.gis.pages.in_sight import symbols_in_sight
from streetsafe_plugin.gis.pages.page import box_of
from streetsafe_plugin.gis.pages.template import PAPERS, load_template, template_file
from streetsafe_plugin.gis.sheet import as_letters, font
from streetsafe_plugin.gis.text_fit import height_mm, width_mm
from streetsafe_plugin.paths import resource
from tests import packs

A4 = PAPERS[0]
FURNITURE = (
    "marking_top", "marking_bottom", "title", "subtitle", "audience", "handling", "attribution",
    "operation", "made", "page",
)  # fmt: skip
LONG = replace(
    packs.FRAME,
    title="A title of ninety letters, which is as long as a title of any briefing may be",
    handling="For police and council partners on a need-to-know basis; do not copy or forward it.",
    attribution="© Crown copyright and database rights 2026 Ordnance Survey AC0000000000. " * 5,
)
HOSTILE = "[% env('HOME') %] <script>x</script>"


class Made:
    """A layout with what must live as long as it."""

    def __init__(self, project, layers, laid: Laid) -> None:
        self.project, self.layers, self.laid = project, layers, laid

    def texts(self, page: int) -> dict[str, str]:
        """Return the texts of a page by the ids' part after its number."""
        return {
            item.id().split("_", 1)[1]: item.text()
            for item in on_page(self.laid, page)
            if isinstance(item, QgsLayoutItemLabel)
        }


@pytest.fixture
def draw(qgis_app, tmp_path: Path):
    """Return a function that writes a pack's layers; it gives them with their project."""
    counter = itertools.count()

    def make(pack, n: int = 300):
        project = QgsProject()
        layers = briefing_layers(
            tmp_path / f"pack{next(counter)}_maps.gpkg",
            project,
            QgsCoordinateReferenceSystem("EPSG:27700"),
            pack,
            packs.places_of(pack, n),
            packs.concerns_of(n),
            None,
            None,
        )
        return project, layers

    return make


@pytest.fixture
def lay(draw, tmp_path: Path):
    """Return a function that lays a pack out."""

    def make(pack, paper: str = A4, frame=packs.FRAME, n: int = 300, told=("Made by hand.",)):
        project, layers = draw(pack, n)
        used = load_template(template_file(paper, str(tmp_path)), paper)
        laid = briefing_layout(project, used, frame, pack, layers, None, list(told))
        return Made(project, layers, laid)

    return make


def on_page(laid: Laid, page: int) -> list[QgsLayoutItem]:
    items = laid.layout.pageCollection().itemsOnPage(page)
    return [item for item in items if not isinstance(item, QgsLayoutItemPage)]


def overlapping(laid: Laid) -> list[str]:
    """Return what lies over something else or off its page, in words."""
    faults = []
    for page in range(len(laid.pages)):
        sheet = laid.layout.pageCollection().page(page).rect()
        solid = {
            item.id(): box_of(item)
            for item in on_page(laid, page)
            if isinstance(
                item, (QgsLayoutItemLabel, QgsLayoutItemMap, QgsLayoutItemLegend, QgsLayoutFrame)
            )
        }
        for name, box in solid.items():
            inside = box.x >= -0.05 and box.y >= -0.05
            inside &= box.x + box.width <= sheet.width() + 0.05
            inside &= box.y + box.height <= sheet.height() + 0.05
            if not inside:
                faults.append(f"{name} leaves page {page + 1}")
        for (one, a), (two, b) in itertools.combinations(solid.items(), 2):
            across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
            down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
            # labels of a chart's axis stand close to one another
            if across > 0.15 and down > 0.35:
                faults.append(f"{one} and {two} by {across:.1f} x {down:.1f} mm")
    return faults


def telling(pack: Pack) -> Pack:
    """Return a pack with four of its parks: a vast, a void, a tiny one, one with a long name."""
    return replace(pack, parks=tuple(pack.parks[at] for at in (3, 11, 12, 16)))


LAID_OUT = [
    *[(paper, packs.large_pack) for paper in PAPERS],
    *[(paper, packs.partner_pack) for paper in (PAPERS[0], PAPERS[1])],
    *[(paper, packs.public_pack) for paper in (PAPERS[0], PAPERS[3])],
]


@pytest.mark.parametrize(("paper", "pack"), LAID_OUT)
def test_nothing_overlaps_or_leaves_its_page(lay, paper: str, pack) -> None:
    assert overlapping(lay(telling(pack()), paper, LONG).laid) == []


@pytest.mark.parametrize("paper", PAPERS)
def test_every_page_has_its_furniture(lay, paper: str) -> None:
    made = lay(packs.large_pack(3), paper)
    kinds = [page.kind for page in made.laid.pages]
    expected = ["overview", *["park"] * 3, "places", "gap"]
    assert kinds == (expected if paper == "slides-16x9" else [*expected, "method"])
    for number, kind in enumerate(kinds):
        texts = made.texts(number)
        assert set(FURNITURE) <= set(texts), (kind, set(FURNITURE) - set(texts))
        assert texts["marking_top"] == texts["marking_bottom"] == "OFFICIAL-SENSITIVE"
        assert texts["audience"] == "Internal"
        assert "2 September 2021 to 31 October 2022" in texts["subtitle"]
        assert "n = " in texts["subtitle"]
        assert texts["page"] == f"Page {number + 1} of {len(kinds)}"
        ids = {item.id().split("_", 1)[1] for item in on_page(made.laid, number)}
        if kind != "method":
            assert {"map", "legend", "scale_bar", "north_arrow"} <= ids
            assert "More than one reason" in texts["note"]
    assert made.laid.missing == made.laid.left_out == ()
    assert all(item.id().startswith("page01_") for item in on_page(made.laid, 0) if item.id())


def test_figures_stand_on_their_pages(lay) -> None:
    pack = packs.small_pack()
    made = lay(pack)
    overview, first, second, method = (made.texts(number) for number in range(4))
    assert [overview[f"figure_{n}"] for n in (1, 2, 3)] == ["31", "20", "4"]
    assert first["title"] == "1 North Green"
    assert "n = 24 of 31 reports" in first["subtitle"]
    assert overview["enough"] == pack.enough
    # no reports: no chart, and no title that promises one
    assert not [name for name in second if name.startswith(("trend", "reasons"))]
    assert any("Made by hand." in text for text in method.values())


def test_what_is_held_back_is_said_and_never_nought(lay) -> None:
    pack = packs.partner_pack()
    park = next(p for p in pack.parks if p.inside is None and p.trend)
    made = lay(replace(pack, parks=(park,)))
    texts = made.texts(1)
    assert texts["figure_1"] == "held back"
    assert texts["audience"] == "For partners"
    assert "held back" in texts["note"]
    assert [text for name, text in texts.items() if name.startswith("trend_chart_held")]


def test_text_from_data_is_shown_as_letters(lay) -> None:
    pack = packs.small_pack()
    parks = (replace(pack.parks[0], name=HOSTILE, district=HOSTILE), *pack.parks[1:])
    made = lay(replace(pack, parks=parks, enough=HOSTILE), frame=replace(LONG, handling=HOSTILE))
    for item in made.laid.layout.items():
        if isinstance(item, QgsLayoutItemLabel):
            assert item.mode() == QgsLayoutItemLabel.Mode.ModeFont
            assert item.currentText() == item.text(), item.id()
    assert "<script>" in made.texts(1)["title"]


def test_pages_without_figures_are_not_there(lay) -> None:
    pack = replace(packs.large_pack(2), hot_spots=None, fixes=(), fear_and_crime=None)
    kinds = [page.kind for page in lay(pack).laid.pages]
    assert kinds == ["overview", "park", "park", "method"]
    with_fixes = replace(pack, fixes=packs.fixes(3))
    made = lay(with_fixes)
    assert made.laid.pages[3].kind == "places"
    assert made.texts(3)["title"] == "Fix list"


def test_more_parks_than_the_table_holds_are_counted(lay, tmp_path: Path) -> None:
    only_overview = re.sub(r'id="(park|places|gap|method)\.', 'id="no-', shipped())
    (tmp_path / f"{A4}.qpt").write_text(only_overview)
    pack = packs.large_pack(30, 14)
    made = lay(pack, n=60)
    more = made.texts(0)["parks_table_more"]
    left_out = int(re.search(r"and (\d+) more", more).group(1))
    shown = next(
        frame.multiFrame().tableContents()
        for frame in on_page(made.laid, 0)
        if frame.id() == "page01_parks_table"
    )
    assert len(shown) - 1 + left_out == 30


def test_a_legend_explains_the_rings_in_sight_and_no_others(draw) -> None:
    pack = telling(packs.partner_pack())
    _project, layers = draw(pack)
    rings = next(one for one in layers.maps["park"] if "reports" in one.fields().names())
    expected, found = [], []
    for park in pack.parks:
        for shape, zone in zip(park.zone_shapes, park.zones):
            spot = shape.representative_point().buffer(0.5)
            # its first symbol is a ring with a number, its second one that is held back
            expected.append([1] if zone.reports is None else [0])
            found.append(symbols_in_sight(rings, QgsRectangle(*spot.bounds), (0, 1)))
    assert found == expected
    assert [0] in expected
    assert [1] in expected


def test_the_method_explains_every_part_of_the_pack(lay) -> None:
    made = lay(packs.large_pack(2))
    said = {
        text
        for number, page in enumerate(made.laid.pages)
        if page.kind == "method"
        for text in made.texts(number).values()
    }
    assert {
        "What the hot spots show",
        "How the fix list is made",
        "How fear and crime are compared",
    } <= said


def test_the_method_is_a_little_smaller_where_that_saves_a_page(lay, monkeypatch) -> None:
    def pages_of_method(lines: int) -> list[int]:
        told = [f"Step {line} of many, each of which says how it was run." for line in range(lines)]
        made = lay(packs.small_pack(), told=told)
        assert overlapping(made.laid) == []
        pages = [number for number, page in enumerate(made.laid.pages) if page.kind == "method"]
        said = [text for number in pages for text in made.texts(number).values()]
        assert [line for line in told if line not in said] == []
        return pages

    with monkeypatch.context() as patched:
        patched.setattr(method, "_SHARES", (1.0,))
        lines = next(number for number in range(1, 90, 4) if len(pages_of_method(number)) == 2)
    assert len(pages_of_method(lines)) == 1
    assert len(pages_of_method(lines + 60)) == 2


def test_text_is_measured_as_large_as_it_is_drawn(qgis_app) -> None:
    # 7.53 points are 2.656 mm, and QGIS before 3.24 draws a label in whole tenths: 2.7 mm
    shrunk, drawn = font(7.53), font(2.7 * 72 / 25.4)
    assert width_mm("Feeling safe", shrunk) == pytest.approx(width_mm("Feeling safe", drawn))
    assert height_mm("Feeling safe", shrunk, 90) == pytest.approx(
        height_mm("Feeling safe", drawn, 90)
    )


def test_points_are_in_internal_packs_only(draw) -> None:
    for whole in (packs.large_pack(), packs.partner_pack(), packs.public_pack()):
        pack = telling(whole)
        _project, layers = draw(pack)
        path = str(layers.path)
        held = QgsVectorLayer(path, "all", "ogr")
        names = {part.split("!!::!!")[1] for part in held.dataProvider().subLayers()}
        internal = pack.audience is Audience.INTERNAL
        assert ("reports" in names) is internal
        assert ("rings" in names) is (pack.audience is not Audience.PUBLIC)
        assert len(layers.places) == (300 if internal else 0)
        parks = QgsVectorLayer(f"{path}|layername=parks", "parks", "ogr")
        assert parks.fields().names() == ["fid", "park_name", "boundary_status", "within"]


def test_rings_of_partners_have_counts_or_none(draw) -> None:
    pack = telling(packs.partner_pack())
    _project, layers = draw(pack)
    rings = QgsVectorLayer(f"{layers.path}|layername=rings", "rings", "ogr")
    expected = [zone.reports for park in pack.parks for zone in park.zones]
    found = [to_python(feature["reports"]) for feature in rings.getFeatures()]
    assert found == expected
    assert None in expected


@pytest.mark.parametrize("paper", PAPERS)
def test_text_stays_text_in_a_pdf(lay, tmp_path: Path, paper: str) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    made = lay(packs.large_pack(2), paper, n=60)
    path = release.export_pdf(made.laid.layout, tmp_path / "pages.pdf", "title")
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    pages = done.stdout.decode().split("\f")[:-1]
    assert len(pages) == len(made.laid.pages)
    assert "Abbey Meadow Park" in pages[1]
    for page in pages:
        assert page.count("OFFICIAL-SENSITIVE") == 2


def test_kept_layouts_export_again_after_saving(lay, tmp_path: Path) -> None:
    made = lay(packs.large_pack(2))
    user = QgsProject()
    layouts = [made.laid]
    assert keep_in_project(user, layouts, made.layers, "Feeling safe", Audience.INTERNAL, {}) == [
        packs.FRAME.title
    ]
    # once more: the earlier one is replaced, not added to
    assert keep_in_project(user, layouts, made.layers, "Feeling safe", Audience.INTERNAL, {}) == [
        packs.FRAME.title
    ]
    assert len(user.layoutManager().printLayouts()) == 1
    groups = [
        group
        for group in user.layerTreeRoot().findGroups(True)
        if group.customProperty(BRIEFING_PROPERTY) == "Feeling safe"
    ]
    assert len(groups) == 1
    assert not groups[0].itemVisibilityChecked()
    assert len(user.mapLayers()) == len(made.layers.all_layers())
    before = [shades(made.laid.layout, page) for page in range(5)]
    assert user.write(str(tmp_path / "project.qgz"))
    user.clear()
    opened = QgsProject()
    assert opened.read(str(tmp_path / "project.qgz"))
    (layout,) = opened.layoutManager().printLayouts()
    assert layout.pageCollection().pageCount() == len(made.laid.pages)
    after = [shades(layout, page) for page in range(5)]
    for page in range(5):  # corners are rounded when they are saved, which moves a bar by a hair
        assert share_that_differs(before[page], after[page]) < 0.002
    assert share_that_differs(before[1], after[2]) > 0.02
    exported = tmp_path / "again.pdf"
    result = QgsLayoutExporter(layout).exportToPdf(
        str(exported), QgsLayoutExporter.PdfExportSettings()
    )
    assert result == QgsLayoutExporter.ExportResult.Success
    # every map is looked at by the gate, and would be refused if it came out blank
    release.export_pdf(layout, tmp_path / "gate.pdf", "OFFICIAL: again")


def test_another_layout_of_the_same_name_is_left_alone(lay) -> None:
    from qgis.core import QgsPrintLayout

    made, user = lay(packs.small_pack()), QgsProject()
    own = QgsPrintLayout(user)
    own.setName(packs.FRAME.title)
    user.layoutManager().addLayout(own)
    kept = keep_in_project(user, [made.laid], made.layers, "Feeling safe", Audience.INTERNAL, {})
    assert kept == [f"{packs.FRAME.title} (2)"]


def shades(layout, page: int) -> np.ndarray:
    """Return a page's shades of grey, 0 to 255."""
    image = QgsLayoutExporter(layout).renderPageToImage(page, QSize(), 50)
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    bits = grey.constBits()
    bits.setsize(grey.sizeInBytes())
    return np.frombuffer(bytes(bits), np.uint8).reshape(grey.height(), grey.bytesPerLine())


def share_that_differs(one: np.ndarray, other: np.ndarray) -> float:
    return float((np.abs(one.astype(int) - other.astype(int)) > 60).mean())


def crowded_pack() -> Pack:
    """Return a pack of five parks in one town and three far away from it and each other."""
    town = [(457_000 + 700 * at, 301_000 + 400 * (at % 2)) for at in range(5)]
    far = [(430_000, 280_000), (485_000, 320_000), (480_000, 285_000)]
    parks = [
        packs.park_of(number, f"Park {number}", packs.blob(x, y, 150, number), (9, 8, 7, 6))
        for number, (x, y) in enumerate([*town, *far], start=1)
    ]
    return Pack(Audience.INTERNAL, packs.whole_of(parks, 7), tuple(parks), "Enough for a pattern.")


def drawn_numbers(shown: QgsLayoutItemMap) -> list[str]:
    """Return the numbers that a map puts beside its parks."""
    (layer,) = [one for one in shown.layers() if one.name() == "Parks, by number"]
    settings, context = layer.labeling().settings(), shown.createExpressionContext()
    expression = settings.getLabelExpression()
    context.setFields(layer.fields())
    found = []
    for row in layer.getFeatures():
        context.setFeature(row)
        found.append(to_python(expression.evaluate(context)))
    return sorted(number for number in found if number is not None)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_crowd_of_parks_gets_an_inset(lay, paper: str) -> None:
    made = lay(crowded_pack(), paper)
    assert overlapping(made.laid) == []
    user = QgsProject()
    keep_in_project(user, [made.laid], made.layers, "Feeling safe", Audience.INTERNAL, {})
    (kept,) = user.layoutManager().printLayouts()
    for layout in (made.laid.layout, kept):
        shown, inset = (layout.itemById(f"page01_{name}") for name in ("map", "inset"))
        assert drawn_numbers(shown) == ["6", "7", "8"]
        assert set("12345") <= set(drawn_numbers(inset))
        town = QgsRectangle(456_800, 300_800, 460_000, 301_600)
        assert inset.extent().contains(town)
        assert inset.scale() * 3 < shown.scale()
        assert shown.extent().contains(inset.extent())
        assert shown.overviews().overview(0).linkedMap() is inset
        assert layout.itemById("page01_inset_scale_bar").linkedMap() is inset
        assert layout.itemById("page01_scale_bar").linkedMap() is shown


def test_without_a_crowd_the_map_has_the_inset_s_room(lay) -> None:
    of_two, of_many = lay(packs.small_pack()), lay(crowded_pack())
    sparse, crowded = of_two.laid.layout, of_many.laid.layout
    assert sparse.itemById("page01_inset") is None
    assert sparse.itemById("page01_inset_scale_bar") is None
    wide, narrow = (box_of(one.itemById("page01_map")) for one in (sparse, crowded))
    inset = box_of(crowded.itemById("page01_inset"))
    assert wide.x == narrow.x
    assert wide.x + wide.width == pytest.approx(inset.x + inset.width)
    # the arrow keeps its distance to the map's right edge
    arrow, before = (box_of(one.itemById("page01_north_arrow")) for one in (sparse, crowded))
    assert wide.x + wide.width - arrow.x == pytest.approx(narrow.x + narrow.width - before.x)
    assert drawn_numbers(sparse.itemById("page01_map")) == ["1", "2"]


def with_templates(draw, tmp_path: Path, pack: Pack, *changes: tuple[str, str]) -> Made:
    """Lay a pack out with a force's own template, which is the plugin's with changes."""
    text = template_file(A4, str(tmp_path)).read_text(encoding="utf-8")
    document = QDomDocument()
    document.setContent(text)
    items = document.elementsByTagName("LayoutItem")
    for at in range(items.count()):
        item = items.at(at).toElement()
        for name, place in changes:
            if item.attribute("id") == name and place == "":
                item.setAttribute("id", "logo")
            elif item.attribute("id") == name:
                for attribute in ("position", "positionOnPage"):
                    item.setAttribute(attribute, f"{place},mm")
    own = tmp_path / "own.qpt"
    own.write_text(document.toString(), encoding="utf-8")
    project, layers = draw(pack)
    template = load_template(own, A4)
    laid = briefing_layout(project, template, packs.FRAME, pack, layers, None, ["By hand."])
    return Made(project, layers, laid)


def test_a_template_without_an_inset_has_all_numbers_on_its_map(draw, tmp_path: Path) -> None:
    made = with_templates(draw, tmp_path, crowded_pack(), ("overview.inset", ""))
    assert made.laid.missing == ("overview.inset",)
    assert drawn_numbers(made.laid.layout.itemById("page01_map")) == [*"12345678"]
    assert made.laid.layout.itemById("page01_inset_scale_bar") is None


def test_a_template_without_a_map_has_no_inset(draw, tmp_path: Path) -> None:
    made = with_templates(draw, tmp_path, crowded_pack(), ("overview.map", ""))
    left = {item.id() for item in on_page(made.laid, 0)}
    assert not left & {"page01_inset", "page01_inset_scale_bar", "page01_scale_bar"}


@pytest.mark.parametrize("place", ["4,30", "90,75", "16.5,120"], ids=["left", "corner", "below"])
def test_a_map_keeps_its_place_where_the_inset_is_not_to_its_right(
    draw, tmp_path: Path, place: str
) -> None:
    made = with_templates(draw, tmp_path, packs.small_pack(), ("overview.inset", place))
    layout = made.laid.layout
    assert layout.itemById("page01_inset") is None
    shown, arrow = (
        box_of(layout.itemById("page01_map")),
        box_of(layout.itemById("page01_north_arrow")),
    )
    assert (shown.x, shown.y, shown.width, shown.height) == (16.5, 30, 116.5, 88)
    assert (arrow.x, arrow.y) == (121, 33)


def test_a_row_of_parks_gets_no_inset_that_would_be_hardly_larger(lay) -> None:
    row = [(440_000 + 1_400 * at, 301_000) for at in range(9)]
    far = [(431_000, 290_000), (470_000, 312_000), (469_000, 289_000)]
    parks = [
        packs.park_of(number, f"Park {number}", packs.blob(x, y, 150, number), (9, 8, 7, 6))
        for number, (x, y) in enumerate([*row, *far], start=1)
    ]
    pack = replace(crowded_pack(), parks=tuple(parks))
    made = lay(pack)
    assert "overview" in made.layers.crowds
    assert made.laid.layout.itemById("page01_inset") is None
    assert len(drawn_numbers(made.laid.layout.itemById("page01_map"))) == 12


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("with_fixes", [True, False])
def test_the_largest_hot_spot_gets_an_inset(lay, paper: str, with_fixes: bool) -> None:
    """Twelve cells of 500 m that touch, and two pairs of them far away."""
    corners = [(457_000 + 500 * i, 301_000 + 500 * j) for i in range(4) for j in range(3)]
    corners += [
        (x + 500 * i, y) for x, y in ((430_000, 280_000), (485_000, 320_000)) for i in (0, 1)
    ]
    cells = tuple(HotCell(square(x, y, x + 500, y + 500), 9, "hot_99") for x, y in corners)
    fixes = packs.fixes(12) if with_fixes else ()
    pack = replace(crowded_pack(), hot_spots=HotSpots(cells, 500.0, ("Hot.",)), fixes=fixes)
    made = lay(pack, paper)
    assert overlapping(made.laid) == []
    page = [one.kind for one in made.laid.pages].index("places") + 1
    shown, inset, bar = (
        made.laid.layout.itemById(f"page{page:02}_{name}")
        for name in ("map", "inset", "inset_scale_bar")
    )
    assert inset.extent().contains(QgsRectangle(457_000, 301_000, 459_000, 302_500))
    assert not inset.extent().contains(QgsPointXY(430_000, 280_000))
    there, here, scale = box_of(shown), box_of(inset), box_of(bar)
    assert (here.y, here.height) == (there.y, there.height)
    assert here.y + 0.8 * here.height < scale.y < here.y + here.height


@pytest.mark.parametrize("paper", PAPERS)
def test_feared_places_that_crowd_get_an_inset(lay, paper: str) -> None:
    """Nine hexagons of a town among places far away of which nothing can be told."""
    told = [(457_000 + 1_000 * i, 301_000 + 1_000 * j) for i in range(3) for j in range(3)]
    beyond = [(430_000, 280_000), (485_000, 320_000)]
    areas = [
        GapArea(f"{x} {y}", square(x, y, x + 500, y + 500), 9, 1, gap_class)
        for corners, gap_class in ((told, "feared_only"), (beyond, "not_enough_data"))
        for x, y in corners
    ]
    found = FearAndCrime(tuple(areas), ("Feared.",), 500.0)
    made = lay(replace(packs.large_pack(), fear_and_crime=found), paper)
    assert overlapping(made.laid) == []
    page = [one.kind for one in made.laid.pages].index("gap") + 1
    inset = made.laid.layout.itemById(f"page{page:02}_inset")
    assert inset.extent().contains(QgsRectangle(457_000, 301_000, 459_500, 303_500))
    assert not inset.extent().contains(QgsPointXY(430_000, 280_000))


def sizes_of_fixes(shown: QgsLayoutItemMap) -> dict[int, float]:
    """Return by rank how large a map draws places to mend."""
    [layer] = [one for one in shown.layers() if "Fix list" in one.name()]
    context = QgsRenderContext()
    context.setExpressionContext(shown.createExpressionContext())
    expressions = context.expressionContext()
    expressions.setFields(layer.fields())
    sizes = {}
    renderer = layer.renderer().clone()
    renderer.startRender(context, layer.fields())
    for row in layer.getFeatures():
        expressions.setFeature(row)
        body = renderer.symbolForFeature(row, context)[0]
        wanted = body.dataDefinedProperties().property(QgsSymbolLayer.Property.PropertySize)
        sizes[to_python(row["rank"])], _ = wanted.valueAsDouble(expressions, 0.0)
    renderer.stopRender(context)
    return sizes


def test_places_to_mend_are_small_where_an_inset_shows_them_and_beyond_the_tenth(lay) -> None:
    cells = [(457_000 + 500 * i, 301_000 + 500 * j) for i in range(4) for j in range(3)]
    cells += [(430_000, 280_000), (430_500, 280_000), (485_000, 320_000)]
    hot = tuple(HotCell(square(x, y, x + 500, y + 500), 9, "hot_99") for x, y in cells)
    places = {1: (457_800, 301_800), 2: (470_000, 290_000), 11: (480_000, 300_000)}
    fixes = tuple(
        replace(packs.fixes(1)[0], rank=rank, x=x, y=y) for rank, (x, y) in places.items()
    )
    made = lay(replace(crowded_pack(), hot_spots=HotSpots(hot, 500.0, ("Hot.",)), fixes=fixes))
    page = [one.kind for one in made.laid.pages].index("places") + 1
    shown, inset = (made.laid.layout.itemById(f"page{page:02}_{name}") for name in ("map", "inset"))
    assert sizes_of_fixes(shown) == {1: 2.4, 2: 5.6, 11: 2.4}
    assert sizes_of_fixes(inset) == {1: 5.6, 2: 5.6, 11: 2.4}


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("(P = 0.002).", 2),
        ("P < 0.001", 2),
        ("250 m on average", 1),
        ("the 95 % interval", 1),
        ("3 km² of it", 1),
        ("on 5 m² of it", 1),
        ("in 10 months, 3 parks, 5 men", 0),
    ],
)
def test_no_line_ends_within_a_figure(words: str, held: int) -> None:
    assert as_letters(words).count("\u00a0") == held
    assert as_letters(words).split() == words.split()


# --- templates -------------------------------------------------------------------------------


def shipped(paper: str = A4) -> str:
    return resource("layouts", f"{paper}.qpt").read_text(encoding="utf-8")


def test_shipped_templates_are_what_the_script_writes(qgis_app) -> None:
    scripts = Path(__file__).resolve().parents[2] / "scripts"
    sys.path.insert(0, str(scripts))
    try:
        import make_templates
    finally:
        sys.path.remove(str(scripts))
    for paper in make_templates.papers():
        text = make_templates.template_xml(paper)
        assert outline_of(text) == outline_of(shipped(paper.name)), paper.name


def outline_of(text: str) -> list[tuple[str, ...]]:
    """Return each item's id, type, place and size, which all versions of QGIS write alike."""
    items = re.findall(r"<LayoutItem [^>]*>", text)
    names = ("id", "type", "position", "size", "labelText")
    return [
        tuple((re.search(rf'\b{name}="([^"]*)"', item) or [None, ""])[1] for name in names)
        for item in items
    ]


def test_a_force_s_own_template_wins_and_a_given_one_over_both(tmp_path: Path) -> None:
    own = tmp_path / f"{A4}.qpt"
    assert template_file(A4, str(tmp_path)) == resource("layouts", f"{A4}.qpt")
    own.write_text(shipped())
    assert template_file(A4, str(tmp_path)) == own
    given = tmp_path / "given.qpt"
    given.write_text(shipped())
    assert template_file(A4, str(tmp_path), given) == given
    with pytest.raises(InputRefused, match="does not exist"):
        template_file(A4, str(tmp_path), tmp_path / "gone.qpt")


def test_what_a_force_removed_is_left_out_and_said(lay, tmp_path: Path) -> None:
    text = shipped().replace('id="park.trend_chart"', 'id="logo"')
    text = re.sub(r'id="gap\.', 'id="nothing.', text)
    own = tmp_path / f"{A4}.qpt"
    own.write_text(text)
    made = lay(packs.large_pack(2))
    assert "park.trend_chart" in made.laid.missing
    assert made.laid.left_out == ("gap",)
    assert "gap" not in [page.kind for page in made.laid.pages]
    assert len(made.laid.sentences()) == 2
    for page in (1, 2):  # what the force put there goes along
        assert f"page{page + 1:02d}_logo" in {item.id() for item in on_page(made.laid, page)}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("<Layout ", '<!DOCTYPE x [<!ENTITY a "b">]><Layout ', "document type"),
        ('file=""', 'file="https://evil.example/a.svg"', "another machine"),
        ('file=""', 'file="//server/share/a.svg"', "another machine"),
        ('file=""', 'file="/vsicurl/http://x/a.svg"', "another machine"),
        ('htmlState="0"', 'htmlState="1"', "HTML"),
        ("</Layout>", '<LayoutMultiFrame type="65648"/></Layout>', "HTML frame"),
        ("</Layout>", '<LayoutMultiFrame type="65649"/></Layout>', "table of a layer"),
        ("<Layout ", "<Layouts ", "not a layout template"),
    ],
)
def test_a_template_that_would_do_harm_is_refused(tmp_path: Path, old, new, sentence) -> None:
    path = tmp_path / "bad.qpt"
    text = shipped()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputRefused, match=sentence):
        load_template(path, A4)


def test_a_template_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.qpt"
    path.write_text(re.sub(r'id="(\w+)\.', r'id="\1-', shipped()))
    with pytest.raises(InputRefused, match="no page with an item"):
        load_template(path, A4)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputRefused, match="cannot be read"):
        load_template(path, A4)
