"""The table of known cases: it says what came, what is wrong and what nobody showed."""

from __future__ import annotations

import pytest

from tests.cases.known import COMES_WITH, rows
from tests.cases.plugin import Came, Shown, table


def test_what_came_is_held_against_what_is_right() -> None:
    shown = Shown("B03", "at=20261120", "422")
    Came(shown)("422")
    with pytest.raises(AssertionError):
        Came(shown)(200)
    assert shown.came == "200"


def test_a_row_that_nobody_shows_is_counted() -> None:
    lines = list(table([Shown("B03", "at=20261120", "422", "422", True), Shown("B03+1", "at=1", "422", "200")]))
    assert "B03    at=20261120 -> 422" in lines
    assert "B03+1  WRONG at=1 -> 200 (right: 422)" in lines
    assert lines[-1] == f"2 shown, 1 wrong, {len(list(rows())) - len(COMES_WITH) - 1} not shown"
