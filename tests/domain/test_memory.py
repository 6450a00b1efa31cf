# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import gc

import pytest

from streetsafe_plugin.domain.memory import fewer_collections


def test_collections_are_rarer_inside_and_as_before_outside():
    before = gc.get_threshold()
    with fewer_collections():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_two_pieces_of_work_that_overlap_leave_it_as_it_was():
    before = gc.get_threshold()
    first, second = fewer_collections(), fewer_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() != before
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_a_failure_leaves_it_as_it_was():
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="x"), fewer_collections():
        raise ValueError("x")
    assert gc.get_threshold() == before
