# SPDX-License-Identifier: GPL-2.0-or-later
"""A heat map that may leave gives no place of a report back; the plain surface does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from shapely.geometry import box

from streetsafe_plugin.domain.density import KERNELS, surface
from streetsafe_plugin.domain.disclosure import protected
from streetsafe_plugin.domain.disclosure.audit import audited
from streetsafe_plugin.domain.disclosure.statistics import CountedReports, Rule
from streetsafe_plugin.domain.errors import InputRefused
from streetsafe_plugin.domain.pack import Audience
from streetsafe_plugin.domain.protected_heat import heat_cells, protected_heat
from tests.briefing_packs import JANUARY, invent, pack_of

KERNEL = KERNELS[0]
RADIUS, PIXEL, THRESHOLD = 300.0, 25.0, 5
#: Six people in one yard, seven in the next street, two elsewhere and one far off.
YARD, STREET = (1_237.0, 1_163.0), (1_481.0, 1_022.0)
FEW, ALONE = (2_350.0, 1_250.0), (4_000.0, 4_000.0)


def places() -> np.ndarray:
    return np.array([YARD] * 6 + [STREET] * 7 + [FEW] * 2 + [ALONE])


def shown_by(xy: np.ndarray, threshold: int = THRESHOLD):
    cells = heat_cells(xy, RADIUS)
    reports = CountedReports([str(one) for one in range(len(xy))], np.full(len(xy), JANUARY), {})
    found = audited(cells.statistics((JANUARY, JANUARY), threshold), reports, Rule(threshold), ())
    return cells, protected_heat(cells, found.values, RADIUS, PIXEL, KERNEL)


def centres(grid) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(grid.columns), np.arange(grid.rows))
    x = grid.west + (columns + 0.5) * grid.cell_m
    y = grid.north - (rows + 0.5) * grid.cell_m
    return np.column_stack((x.ravel(), y.ravel()))


def deconvolved(found, near: tuple[float, float]) -> tuple[float, float]:
    """Return where the surface has its heaviest point within 60 m of a place, by least squares.

    Candidates lie 8 m apart around the places of the sample; the kernel is known.
    """
    spots = [
        (x + dx, y + dy)
        for x, y in (YARD, STREET)
        for dx in np.arange(-80, 81, 8.0)
        for dy in np.arange(-80, 81, 8.0)
    ]
    at, values = centres(found.grid), found.values.ravel()
    seen = np.isfinite(values)
    away = np.linalg.norm(at[seen][:, None, :] - np.array(spots)[None, :, :], axis=2)
    uu = np.minimum((away / RADIUS) ** 2, 1)
    weights, _ = nnls(3 / np.pi / RADIUS**2 * (1 - uu) ** 2, values[seen], maxiter=20_000)
    distance = np.linalg.norm(np.array(spots) - near, axis=1)
    close = np.flatnonzero(distance < 100)
    heaviest = close[np.argmax(weights[close])]
    return tuple(np.array(spots)[heaviest])


def test_least_squares_find_the_yard_in_the_plain_surface_and_not_in_this_one():
    plain = surface(places()[:13], RADIUS, PIXEL, KERNEL)
    for true in (YARD, STREET):
        assert np.linalg.norm(np.subtract(deconvolved(plain, true), true)) <= 8.0
    cells, found = shown_by(places())
    for true in (YARD, STREET):
        told = deconvolved(found, true)
        middle = cells.lattice.middles(cells.lattice.cells_of(np.array([true])))[0]
        # what is found is the middle of the cell, wherever in it the reports are
        assert np.linalg.norm(np.subtract(told, middle)) <= 8.0
        assert np.linalg.norm(np.subtract(told, true)) > 20.0


def test_the_middle_of_a_lone_blob_is_the_middle_of_a_cell():
    xy = np.array([YARD] * 6)
    plain = surface(xy, RADIUS, PIXEL, KERNEL)
    assert np.linalg.norm(centre_of(plain) - YARD) < 3.0
    cells, found = shown_by(xy)
    middle = cells.lattice.middles(cells.cells)[0]
    assert np.linalg.norm(centre_of(found) - middle) < 3.0


def centre_of(found) -> np.ndarray:
    weights = np.nan_to_num(found.values.ravel())
    return (centres(found.grid) * weights[:, None]).sum(axis=0) / weights.sum()


@given(st.lists(st.tuples(st.floats(5, 95), st.floats(5, 95)), min_size=5, max_size=30))
@settings(max_examples=20, deadline=None)
def test_reports_may_move_within_their_cell_and_nothing_changes(offsets):
    base = np.array([[1_200.0, 1_100.0]])
    one = shown_by(base + np.array(offsets))[1]
    other = shown_by(np.repeat(base + 50.0, len(offsets), axis=0))[1]
    assert one.grid == other.grid
    assert np.array_equal(one.values, other.values, equal_nan=True)


def test_one_report_or_four_at_a_spot_leave_no_trace():
    with_few = shown_by(np.concatenate((places(), [FEW] * 2)))[1]
    without = shown_by(places()[:13])[1]
    assert with_few.grid == without.grid
    assert np.array_equal(with_few.values, without.values, equal_nan=True)


def test_where_it_shows_at_least_so_many_reports_are_within_the_radius():
    rng = np.random.default_rng(5)
    xy = rng.normal((1_000, 1_000), 250, (120, 2))
    found = shown_by(xy)[1]
    at = centres(found.grid)
    within = (np.linalg.norm(at[:, None, :] - xy[None, :, :], axis=2) <= RADIUS).sum(axis=1)
    shown = np.isfinite(found.values.ravel())
    assert 0 < shown.sum() < len(shown)
    assert within[shown].min() >= THRESHOLD


@pytest.mark.parametrize("xy", [[ALONE], [YARD] * 4, [YARD] * 4 + [FEW] * 4])
def test_too_few_reports_make_no_map(xy):
    with pytest.raises(InputRefused, match="holds enough reports"):
        shown_by(np.array(xy))


def test_a_cell_goes_where_it_would_break_what_a_pack_holds_back():
    """A whole of 30 with 26 of them in one heat cell: the other four would be known."""
    made = invent(1, 30, 1, 1, 1, 0.0)
    xy = np.array([YARD] * 26 + [FEW] * 4)
    cells = heat_cells(xy, RADIUS)
    further = cells.statistics((JANUARY, JANUARY), THRESHOLD)
    pack, counted = pack_of(made)
    shown, issued = protected(pack, counted, Audience.PUBLIC, THRESHOLD, further=further)
    assert shown.whole.used is None or further[0].name not in issued.values()
    assert len(further) == 1


def test_what_is_left_of_a_park_without_the_squares_in_it_does_not_follow():
    """20 reports in a park, 18 of them in two squares that lie wholly in it: two are elsewhere."""
    made = invent(1, 60, 1, 1, 1, 0.0)
    made = replace(made, park=np.where(np.arange(60) < 20, 0, -1), distance_m=np.zeros(60))
    in_park = [(150.0, 150.0)] * 9 + [(350.0, 350.0)] * 9 + [(150.0, 350.0)] * 2
    xy = np.array(in_park + [(9_050.0, 9_050.0)] * 40)
    pack, counted = pack_of(made, ())
    pack = replace(pack, parks=(replace(pack.parks[0], zone_shapes=(box(0, 0, 500, 500),)),))
    further = heat_cells(xy, RADIUS).statistics((JANUARY, JANUARY), THRESHOLD)
    assert sorted(int(one.members.sum()) for one in further) == [9, 9, 40]
    shown, issued = protected(pack, counted, Audience.PARTNER, THRESHOLD, further=further)
    values = issued.values()
    squares = [values[one.name] for one in further if one.name in values and one.members[:20].any()]
    assert shown.parks[0].within is None or len(squares) < 2
    # and it is not all squares that go
    assert [one.name for one in further if one.name in values]
