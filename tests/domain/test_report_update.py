# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.reading.flags import coincidences
from streetsafe_plugin.domain.reading.table import texts
from streetsafe_plugin.domain.report_update import Content, UpdatePlan, plan_update
from streetsafe_plugin.domain.taxonomy import REASON_CODES

NOON = "2024-04-03T12:00:00"


def content(*reports: tuple) -> Content:
    """Return reports from (id, x in metres, moment, number of the reason ticked, flags)."""
    ids, xs, moments, ticked, flags = zip(*reports) if reports else ((),) * 5
    count = len(ids)
    reasons = np.zeros((count, len(REASON_CODES)), dtype=bool)
    reasons[np.arange(count), list(ticked)] = True
    return Content(
        texts(list(ids)),
        np.array([(x, 0.0) for x in xs], dtype=float).reshape(-1, 2),
        np.array(moments, dtype="datetime64[s]"),
        texts(["time"] * count),
        reasons,
        texts([""] * count),
        texts([""] * count),
        texts(["bng"] * count),
        texts(list(flags)),
    )


def joined(one: Content, other: Content) -> Content:
    named = [f.name for f in fields(Content) if f.name != "others"]
    held = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in named}
    return Content(**held)


def taken(content: Content, rows) -> Content:
    named = [f.name for f in fields(Content) if f.name != "others"]
    return Content(**{name: getattr(content, name)[rows] for name in named})


def applied(there: Content, new: Content, plan: UpdatePlan) -> Content:
    """Do what a plan says, in the plainest way."""
    marked = replace(new, flags=plan.new_flags)
    flags = there.flags.copy()
    for row, text in plan.old_flags.items():
        flags[row] = text
    stays = [row for row in range(len(there)) if row not in dict(map(reversed, plan.changed))]
    written = [*(row for row, _ in plan.changed), *plan.added.tolist()]
    return joined(taken(replace(there, flags=flags), stays), taken(marked, written))


def test_each_new_report_is_added_changed_or_unchanged():
    there = content(("1", 0, NOON, 0, ""), ("2", 10, NOON, 1, ""), ("3", 20, NOON, 2, ""))
    new = content(("4", 40, NOON, 0, ""), ("2", 10, NOON, 5, ""), ("1", 0, NOON, 0, ""))
    plan = plan_update(there, new)
    assert plan.added.tolist() == [0]
    assert plan.changed == ((1, 1),)
    assert plan.unchanged == 1


@pytest.mark.parametrize(
    "different",
    [
        ("1", 0.02, NOON, 0, ""),
        ("1", 0, "2024-04-03T12:00:01", 0, ""),
        ("1", 0, "NaT", 0, ""),
        ("1", 0, NOON, 1, ""),
        ("1", 0, NOON, 0, "low_precision"),
    ],
)
def test_what_a_report_holds_makes_it_different(different):
    assert plan_update(content(("1", 0, NOON, 0, "")), content(different)).changed == ((0, 0),)


def test_less_than_half_a_centimetre_and_two_missing_moments_make_no_difference():
    plan = plan_update(content(("1", 0, "NaT", 0, "")), content(("1", 0.004, "NaT", 0, "")))
    assert (plan.changed, plan.unchanged) == ((), 1)


def test_a_neighbour_gives_and_takes_marks():
    there = content(("1", 0, NOON, 0, ""), ("2", 5, NOON, 0, "repeated_place;low_precision"))
    plan = plan_update(there, content(("3", 0, NOON, 1, "")))
    assert plan.new_flags.tolist() == ["repeated_place"]
    assert plan.old_flags == {0: "repeated_place", 1: "low_precision"}
    assert plan.changed == ()


def test_without_an_area_its_mark_stays_with_a_changed_report():
    there = content(("1", 0, NOON, 0, "outside_area;low_precision"))
    new = content(("1", 0, NOON, 3, "low_precision"))
    assert plan_update(there, new, area_known=False).new_flags.tolist() == [
        "outside_area;low_precision"
    ]
    assert plan_update(there, new, area_known=True).new_flags.tolist() == ["low_precision"]


def test_an_id_that_stands_twice_in_the_layer_is_refused():
    there = content(*[("1", 0, NOON, 0, "")] * 3)
    with pytest.raises(InputRefused, match="^2 rows of TARGET repeat"):
        plan_update(there, content())


REPORTS = st.lists(
    st.tuples(
        st.integers(0, 9).map(str),
        st.integers(0, 2),
        st.sampled_from([NOON, "2024-04-04T12:00:00", "NaT"]),
        st.integers(0, 1),
        st.sampled_from(["", "low_precision", "outside_area"]),
    ),
    unique_by=lambda report: report[0],
    max_size=8,
)


def marks_afresh(held: Content) -> list[tuple[bool, bool]]:
    answers = [held.crime_reported, held.why_not_reported]
    marks = coincidences(held.xy, held.moments, held.precisions, held.reasons, answers)
    return list(zip(*(mark.tolist() for mark in marks)))


@given(REPORTS, REPORTS)
def test_updating_twice_is_updating_once_and_the_marks_are_those_of_all_reports(first, second):
    """Faults 61: nothing is left to do, whichever reports the layer and the extract hold."""
    new = content(*second)
    empty = content()
    there = applied(empty, content(*first), plan_update(empty, content(*first)))
    after = applied(there, new, plan_update(there, new))
    assert set(after.report_id) == {report[0] for report in (*first, *second)}
    marks = [
        tuple(m in f.split(";") for m in ("repeated_place", "same_moment")) for f in after.flags
    ]
    assert marks == marks_afresh(after)
    again = plan_update(after, new)
    assert (len(again.added), again.changed, again.old_flags) == (0, (), {})
    assert again.unchanged == len(new)


@given(REPORTS, REPORTS)
def test_every_new_report_is_counted_once(first, second):
    plan = plan_update(content(*first), content(*second))
    assert len(plan.added) + len(plan.changed) + plan.unchanged == len(second)
