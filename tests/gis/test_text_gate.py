# SPDX-License-Identifier: GPL-2.0-or-later
"""Text from data never becomes HTML, an expression, a path or a filter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qgis.core import (
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeatureRequest,
    QgsProcessingFeedback,
)

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.gis import text_gate

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://127.0.0.1/x>',
    "[% env('HOME') %]",
    "x' OR '1'='1",
    "\"cat\" = 'x'; DROP TABLE reports; --",
    "../../etc/passwd",
    "\u202egnp.exe",
    "O'Brien & Sons",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_the_text_and_runs_none_of_it(text: str) -> None:
    assert not re.search(r"[<>\"']", text_gate.as_html(text))


def test_a_label_is_not_evaluated() -> None:
    shown = text_gate.label("[% 6 * 7 %]")
    assert "42" not in QgsExpression.replaceExpressionText(shown, QgsExpressionContext())
    assert shown.replace("\u2060", "") == "[% 6 * 7 %]"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_map_tip_shows_values_as_text(make_layer, text: str) -> None:
    layer = make_layer(["Point(1 2)"], fields=[("note", "string(0)")], rows=[[text]])
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(next(layer.getFeatures()))
    tip = QgsExpression.replaceExpressionText(text_gate.map_tip(["note"]), context)
    value = tip.split(": ", 1)[1]
    assert "<" not in value
    assert ">" not in value


@pytest.mark.parametrize("text", HOSTILE)
def test_a_filter_finds_the_equal_row_and_no_other(make_layer, text: str) -> None:
    values = [*HOSTILE, "", "x"]
    layer = make_layer(
        ["Point(1 2)"] * len(values), fields=[("a b", "string(0)")], rows=[[v] for v in values]
    )
    request = QgsFeatureRequest().setFilterExpression(text_gate.field_equals("a b", text))
    assert [feature["a b"] for feature in layer.getFeatures(request)] == [text]


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_a_file_stem_is_harmless_everywhere(text: str) -> None:
    stem = text_gate.file_stem(text)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,81}", stem)
    assert stem.lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("../../x", "x"),
        ("con", "con_"),
        ("Queen's Park, Loughborough", "Queen-s-Park-Loughborough"),
        ("£500 a/b", "GBP500-a-b"),
        ("Café", "Cafe"),
        ("...", "unnamed"),
    ],
)
def test_a_file_stem_stays_readable(text: str, stem: str) -> None:
    assert text_gate.file_stem(text) == stem


def test_stems_differ_whatever_the_case_of_their_letters() -> None:
    assert text_gate.file_stems(["Park", "PARK", "park!"]) == ["Park", "PARK-2", "park-3"]


def test_a_path_stays_in_its_folder(tmp_path: Path) -> None:
    assert text_gate.path_inside(tmp_path, "../../x", ".pdf") == tmp_path / "x.pdf"
    with pytest.raises(InputRefused, match="out of the chosen folder"):
        text_gate.path_inside(tmp_path, "x", "/../../y.pdf")


@pytest.mark.parametrize("push", ["pushInfo", "pushWarning", "reportError"])
def test_processing_escapes_its_own_log(qgis_app, push: str) -> None:
    # the reason why algorithms hand over plain text and not HTML
    feedback = QgsProcessingFeedback(False)
    getattr(feedback, push)("<img src=x> & more")
    assert "<img" not in feedback.htmlLog()
    assert "<img src=x> & more" in feedback.textLog()


@given(st.text(max_size=12), st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\u200b="]))
@settings(max_examples=200, deadline=None)
def test_a_cell_never_starts_a_formula(text: str, start: str) -> None:
    shown = text_gate.cell(start + text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    plain = text_gate.plain(start + text)
    assert shown in (plain, f"'{plain}")
