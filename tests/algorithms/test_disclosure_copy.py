# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts that may leave, through the front door, and the register that they are held against."""

from __future__ import annotations

import json

import numpy as np
import pytest
from qgis.core import QgsProcessing, QgsProcessingException, QgsProject, QgsRenderContext

from streetsafe_plugin.gis import styling
from streetsafe_plugin.gis.provenance import audience_of
from tests.front_door import Refused

MEMORY = QgsProcessing.TEMPORARY_OUTPUT
PARTNER, PUBLIC = 0, 1
WEST, SOUTH = 457_000, 303_000
#: Reports by 500 m square, from the south-west: 12 and 3 below, none and 30 above; a few far off.
COUNTS = {(0, 0): 12, (1, 0): 3, (0, 1): 0, (1, 1): 30, (8, 5): 1, (9, 5): 4}
FIELDS = [
    ("report_id", "string"),
    ("submitted_at", "datetime"),
    ("env_lighting", "boolean"),
    ("beh_followed", "boolean"),
    ("free_text", "string"),
    ("age_range", "string"),
]


def made_of(counts, month="2022-03"):
    """Return places and rows; every second report ticks lighting, the first four were followed."""
    places, rows = [], []
    rng = np.random.default_rng(11)
    for (column, row), count in counts.items():
        for number in range(count):
            x = WEST + 500 * column + rng.uniform(5, 495)
            y = SOUTH + 500 * row + rng.uniform(5, 495)
            places.append(f"Point({x} {y})")
            key = f"{column}_{row}_{number}"
            rows.append([key, f"{month}-05T12:00:00", number % 2 == 0, number < 4, "canary", "18"])
    return places, rows


@pytest.fixture
def reports(make_layer):
    places, rows = made_of(COUNTS)
    return make_layer(places, fields=FIELDS, rows=rows, name="reports")


@pytest.fixture
def copy(run_algorithm, reports):
    def run(cancel_at=None, **parameters):
        given = {"REPORTS": reports, "CELL_SIZE": 500, "OUTPUT": MEMORY, **parameters}
        return run_algorithm("disclosurecopy", given, cancel_at=cancel_at)

    return run


def by_cell(outcome):
    west, south = WEST // 500, SOUTH // 500
    found = {}
    for row in outcome.rows("OUTPUT"):
        column, line = map(int, row["cell_id"].split("_"))
        found[column - west, line - south] = row
    return found


def test_a_partner_sees_the_rectangle_and_no_small_number(copy):
    outcome = copy(AUDIENCE=PARTNER)
    cells = by_cell(outcome)
    assert set(cells) == {(0, 0), (1, 0), (0, 1), (1, 1)}
    # the far report is beyond the rectangle; 3 and none look alike
    assert {place: row["reports"] for place, row in cells.items()} == {
        (0, 0): 12, (1, 0): None, (0, 1): None, (1, 1): 30,
    }  # fmt: skip
    assert {place for place, row in cells.items() if row["held"]} == {(1, 0), (0, 1)}
    few, none = cells[1, 0], cells[0, 1]
    assert {**few, "cell_id": ""} == {**none, "cell_id": ""}
    # every second of 12 and 30; the four who were followed are too few anywhere
    assert [cells[0, 0]["env_lighting"], cells[1, 1]["env_lighting"]] == [6, 15]
    assert not any(row["beh_followed"] for row in cells.values())
    # two squares, and those followed in each of the other two
    assert (outcome["CELLS"], outcome["SUPPRESSED"], outcome["SECONDARY"]) == (4, 4, 0)


def test_the_public_gets_only_cells_with_enough_and_only_reports(copy):
    outcome = copy(AUDIENCE=PUBLIC)
    cells = by_cell(outcome)
    assert {place: row["reports"] for place, row in cells.items()} == {(0, 0): 12, (1, 1): 30}
    assert set(cells[0, 0]) == {"cell_id", "reports", "held"}
    assert (outcome["CELLS"], outcome["SUPPRESSED"]) == (2, 3)  # of 3, 1 and 4 reports


def test_nothing_of_a_report_itself_is_in_the_file(copy, tmp_path):
    path = tmp_path / "copy.gpkg"
    copy(OUTPUT=str(path))
    written = path.read_bytes()
    for text in (b"canary", b"free_text", b"age_range", b"1_1_29", b"2022-03"):
        assert text not in written, text


def test_the_audience_is_in_the_metadata_of_the_file(copy, tmp_path):
    from qgis.core import QgsVectorLayer

    for audience, word in ((PARTNER, "partner"), (PUBLIC, "public")):
        path = tmp_path / f"{word}.gpkg"
        copy(AUDIENCE=audience, OUTPUT=str(path))
        layer = QgsVectorLayer(str(path), word, "ogr")
        layer.loadDefaultMetadata()
        assert audience_of(layer) == word
        notes = layer.metadata().abstract()
        assert "Numbers below 5 are held back" in notes


def test_rounding_is_to_the_nearest_multiple_and_said(copy):
    outcome = copy(ROUND_TO=5)
    cells = by_cell(outcome)
    assert cells[0, 0]["reports"] == 10
    assert cells[1, 1]["reports"] == 30
    assert any("rounded to multiples of 5" in message for message in outcome.messages)


def test_where_nothing_may_be_shown_the_run_says_so(copy, make_layer):
    places, rows = made_of({(0, 0): 4})
    layer = make_layer(places, fields=FIELDS, rows=rows)
    with pytest.raises(QgsProcessingException, match="could be shown"):
        copy(REPORTS=layer)
    with pytest.raises(QgsProcessingException, match="could be shown"):
        copy(REPORTS=make_layer([], fields=FIELDS))


def test_without_a_register_that_is_said(copy):
    outcome = copy()
    assert any("Nothing was checked" in warning for warning in outcome.warnings)


def test_the_register_lies_beside_the_project(copy, tmp_path):
    assert QgsProject.instance().write(str(tmp_path / "parks.qgz"))
    copy(RECORD=False)
    register = tmp_path / "parks.issued.json"
    assert not register.exists()
    copy()
    held = json.loads(register.read_text("utf-8"))
    assert len(held["entries"]) == 1
    text = register.read_text("utf-8")
    assert "0_0_1" not in text.replace("cell 500", "")  # no report's id, only hashes
    again = copy()
    assert any("Held against 1 products" in message for message in again.messages)
    assert len(json.loads(register.read_text("utf-8"))["entries"]) == 2


def test_the_same_again_shows_the_same(copy, tmp_path):
    register = str(tmp_path / "register.json")
    first, second = (by_cell(copy(ISSUED=register)) for _ in range(2))
    assert first == second


def test_two_new_reports_in_a_month_do_not_show(copy, make_layer, tmp_path):
    """12 last month and 14 now would tell of two; rounded, neither tells."""
    register = str(tmp_path / "register.json")
    places, rows = made_of(COUNTS)
    more_places, more_rows = made_of({(0, 0): 2}, "2022-04")
    more_rows = [[f"new {number}", *row[1:]] for number, row in enumerate(more_rows)]
    layer = make_layer([*places, *more_places], fields=FIELDS, rows=[*rows, *more_rows])
    copy(ISSUED=register)
    assert by_cell(copy(REPORTS=layer))[0, 0]["reports"] == 14  # knowing of nothing
    # nor may the 30 stand again, which would tell that nobody reported there this month
    with pytest.raises(QgsProcessingException, match="could be shown"):
        copy(REPORTS=layer, ISSUED=register)

    rounded = str(tmp_path / "rounded.json")
    copy(ISSUED=rounded, ROUND_TO=10)
    assert by_cell(copy(REPORTS=layer, ISSUED=rounded, ROUND_TO=10))[0, 0]["reports"] == 10


def test_a_square_is_held_back_where_the_rest_would_be_too_few(copy, make_layer):
    """45 in all, which readers may know: beside 12 and 30 the others would have 3 together."""
    places, rows = made_of({(0, 0): 12, (1, 0): 3, (0, 1): 0, (1, 1): 30})
    outcome = copy(REPORTS=make_layer(places, fields=FIELDS, rows=rows))
    assert [row["reports"] for row in outcome.rows("OUTPUT")] == [30]
    assert outcome["SECONDARY"] >= 1


def test_cells_of_two_sizes_do_not_give_each_other_away(copy, tmp_path):
    """A square kilometre with 45 reports next to its squares of 12 and 30 would tell of three."""
    register = str(tmp_path / "register.json")
    kilometre = copy(CELL_SIZE=1000, RECORD=False)
    assert 45 in [row["reports"] for row in kilometre.rows("OUTPUT")]
    small = by_cell(copy(ISSUED=register))
    assert {small[0, 0]["reports"], small[1, 1]["reports"]} == {12, 30}
    with pytest.raises(QgsProcessingException, match="could be shown"):
        copy(CELL_SIZE=1000, ISSUED=register)


def test_a_damaged_or_newer_register_is_refused_in_a_sentence(copy, tmp_path):
    register = tmp_path / "register.json"
    for text, said in (
        ("{", "damaged"),
        ('{"kind": "streetsafe issued products", "version": 1, "entries": [{}]}', "damaged"),
        ('{"kind": "streetsafe issued products", "version": 9, "entries": []}', "newer StreetSafe"),
        ('{"kind": "something"}', "not a register"),
    ):
        register.write_text(text, "utf-8")
        with pytest.raises(Refused, match=said):
            copy(ISSUED=str(register))
        assert register.read_text("utf-8") == text


def test_a_register_nowhere_is_refused(copy, tmp_path):
    with pytest.raises(Refused, match="does not exist"):
        copy(ISSUED=str(tmp_path / "none" / "register.json"))


@pytest.mark.parametrize("cancel_at", [0, 30, 90])
def test_cancel_leaves_neither_file_nor_entry(copy, tmp_path, cancel_at):
    path, register = tmp_path / "copy.gpkg", tmp_path / "register.json"
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        copy(cancel_at=cancel_at, OUTPUT=str(path), ISSUED=str(register))
    assert list(tmp_path.iterdir()) == []


def test_the_style_has_a_class_for_every_cell(copy, tmp_path):
    outcome = copy()
    layer = outcome.layer("OUTPUT")
    styling.from_file("protected_counts")(layer)
    renderer = layer.renderer().clone()
    context = QgsRenderContext()
    renderer.startRender(context, layer.fields())
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        assert len(renderer.symbolsForFeature(feature, context)) == 1
    renderer.stopRender(context)
