# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetsafe_plugin.domain import taxonomy
from streetsafe_plugin.domain.sample_files import REASON_HEADINGS

CONTRACT_ORDER = (
    "env_no_cctv env_lighting env_empty env_layout env_visibility env_rundown env_drugs_alcohol"
    " env_other beh_verbal_single beh_verbal_group beh_followed beh_other"
).split()


def test_the_codes_stand_in_the_published_order():
    assert list(taxonomy.REASON_CODES) == CONTRACT_ORDER


def test_eight_reasons_are_about_the_surroundings_and_four_about_behaviour():
    groups = [reason.group for reason in taxonomy.REASONS]
    assert groups == ["environment"] * 8 + ["behaviour"] * 4
    assert all(reason.owner for reason in taxonomy.REASONS)


# the labels under which a force published its figures in 2022
@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Absence of CCTV", "env_no_cctv"),
        ("Badly lit", "env_lighting"),
        ("Empty buildings", "env_empty"),
        ("Poor layout", "env_layout"),
        ("Restricted visibility", "env_visibility"),
        ("Rundown area", "env_rundown"),
        ("Signs of drugs/alcohol", "env_drugs_alcohol"),
        ("Verbal harassment from an individual", "beh_verbal_single"),
        ("Verbal harassment from a group", "beh_verbal_group"),
        ("Feeling of being followed", "beh_followed"),
        ("Other harassment", "beh_other"),
    ],
)
def test_a_forces_labels_are_known(label, code):
    assert taxonomy.reason_for(label) == code


@pytest.mark.parametrize(
    ("wording", "code"),
    [
        ("Badly lit, poor/no street lighting", "env_lighting"),
        ("  bADLY\u00a0 Lit ", "env_lighting"),
        ("Badly\u200b lit.", "env_lighting"),
        ("Signs of drugs & alcohol", "env_drugs_alcohol"),
        ("Run‑down", "env_rundown"),
        ("Rundown: derelict buildings, litter", "env_rundown"),
        ("Restricted visibility (overgrown bushes)", "env_visibility"),
        ("Feeling followed – previously followed", "beh_followed"),
        ("Environmental - Badly lit", "env_lighting"),
        ("Behavioural issue: Other", "beh_other"),
        ("Environment: Other", "env_other"),
        ("env_lighting", "env_lighting"),
        ("ENV-NO-CCTV", "env_no_cctv"),
        ("drugs_alcohol", "env_drugs_alcohol"),
    ],
)
def test_wordings_may_differ_in_signs_blanks_and_explanations(wording, code):
    assert taxonomy.reason_for(wording) == code


@pytest.mark.parametrize(
    "wording", ["", "CCTV", "It felt odd", "Environmental", "Verbal harassment", "?"]
)
def test_what_is_not_known_is_not_guessed(wording):
    assert taxonomy.reason_for(wording) is None


def test_other_belongs_to_the_list_it_stands_in():
    assert taxonomy.reason_for("Other") == "env_other"
    assert taxonomy.reason_for("Other", taxonomy.BEHAVIOUR) == "beh_other"
    assert taxonomy.reason_for("Other: a man in a hood", taxonomy.BEHAVIOUR) == "beh_other"


def test_no_wording_means_two_things():
    meanings: dict[str, set[str]] = {}
    for reason in taxonomy.REASONS:
        for spelling in (reason.code, reason.label, *reason.spellings):
            meanings.setdefault(spelling.casefold(), set()).add(reason.code)
            assert taxonomy.reason_for(spelling) == reason.code
    assert {spelling for spelling, codes in meanings.items() if len(codes) > 1} == set()


def test_the_samples_own_headings_are_known():
    assert {taxonomy.reason_for(text) for text in REASON_HEADINGS.values()} == set(CONTRACT_ORDER)


@pytest.mark.parametrize(
    ("codes", "concern"),
    [
        ((), "unknown"),
        (("env_other", "env_lighting"), "environment"),
        (("beh_followed",), "behaviour"),
        (("beh_followed", "env_empty"), "both"),
    ],
)
def test_concern(codes, concern):
    assert taxonomy.concern_of(codes) == concern


@given(st.sets(st.sampled_from(CONTRACT_ORDER)))
@settings(max_examples=50)
def test_codes_are_put_in_order_whatever_order_they_come_in(codes):
    assert taxonomy.in_order(sorted(codes)) == tuple(
        code for code in CONTRACT_ORDER if code in codes
    )


@given(st.text(max_size=40))
@settings(max_examples=100)
def test_any_text_gives_a_code_or_none(text):
    assert taxonomy.reason_for(text) in {None, *CONTRACT_ORDER}
