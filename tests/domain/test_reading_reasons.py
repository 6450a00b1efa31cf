# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain.reading.reasons import Wordings, is_ticked, split_reasons
from streetsafe_plugin.domain.taxonomy import REASONS

LABELS = [reason.label for reason in REASONS]


@pytest.mark.parametrize(
    "cell",
    [
        *("1", "1.0", "1.00", "Yes", " y ", "Y ", "TRUE", "TRUE()", "X", "x", "✓", "✔️", "on"),
        *("Ticked", "selected", "-1", "-1.0", "Badly Lit", "ENV_LIGHTING"),
    ],
)
def test_ticks(cell):
    assert is_ticked(cell, "env_lighting") is True


@pytest.mark.parametrize("cell", ["", "  ", "0", "0.0", "No", "N", "FALSE", "-", "☐", "N/A"])
def test_blanks(cell):
    assert is_ticked(cell, "env_lighting") is False


@pytest.mark.parametrize("cell", ["2", "maybe", "Rundown area", "✗"])
def test_what_is_neither_is_not_guessed(cell):
    assert is_ticked(cell, "env_lighting") is None


@pytest.mark.parametrize("separator", ["|", ";", "; ", "\n", "\r\n", ", ", ","])
def test_several_wordings_in_one_cell(separator):
    cell = separator.join(["Badly lit", "Absence of CCTV", "Other harassment"])
    assert split_reasons(cell) == (
        frozenset(("env_lighting", "env_no_cctv", "beh_other")),
        (),
    )


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("Badly lit, poor/no street lighting", {"env_lighting"}),
        (
            "Badly lit, poor/no street lighting, Poor layout, Other",
            {"env_lighting", "env_layout", "env_other"},
        ),
        (
            "Rundown: derelict buildings, abandoned cars, graffiti, fly-tipping, Badly lit",
            {"env_rundown", "env_lighting"},
        ),
        (
            "Restricted visibility: overgrown bushes, trees, walls;"
            "Empty buildings, isolated places",
            {"env_visibility", "env_empty"},
        ),
        ('["Badly lit","Feeling followed"]', {"env_lighting", "beh_followed"}),
        ('["Badly lit, poor/no street lighting","No CCTV"]', {"env_lighting", "env_no_cctv"}),
        ("['Badly lit', 'No CCTV']", {"env_lighting", "env_no_cctv"}),
        ("ENV_LIGHTING|beh_other", {"env_lighting", "beh_other"}),
        ("env_lighting no_cctv", {"env_lighting", "env_no_cctv"}),
        ("1. Badly lit; 2. Absence of CCTV", {"env_lighting", "env_no_cctv"}),
        ("", set()),
        ("None of the above", set()),
    ],
)
def test_commas_inside_a_wording_do_not_break_it(cell, codes):
    assert split_reasons(cell) == (frozenset(codes), ())


def test_wordings_not_understood_are_handed_back():
    codes, unknown = split_reasons("Badly lit, Purple  cows; Too many gulls")
    assert codes == {"env_lighting"}
    assert unknown == ("Purple cows", "Too many gulls")


def test_numbers_mean_reasons_only_where_a_profile_says_so():
    assert split_reasons("[1, 2]") == (frozenset(), ("1", "2"))
    wordings = Wordings.of({"1": "env_lighting", "2": None})
    assert split_reasons("[1, 2, 3]", None, wordings) == (frozenset(("env_lighting",)), ("3",))


def test_words_parted_by_blanks_come_apart_only_where_all_are_known():
    assert split_reasons("env_lighting gull_trouble")[0] == frozenset()
    assert split_reasons("Other lighting") == (frozenset(), ("Other lighting",))


def test_the_list_decides_what_other_means():
    assert split_reasons("Other", "behaviour")[0] == {"beh_other"}
    assert split_reasons("Other", "environment")[0] == {"env_other"}


@given(
    st.lists(st.sampled_from(REASONS), min_size=1, unique=True),
    st.sampled_from([";", "|", "\n", ", "]),
)
@settings(max_examples=100)
def test_any_labels_joined_come_apart_again(reasons, separator):
    codes, unknown = split_reasons(separator.join(reason.label for reason in reasons))
    assert codes == {reason.code for reason in reasons}
    assert unknown == ()
