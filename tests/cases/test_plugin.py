"""The table of known cases: it says what came, what is wrong and what nobody showed."""

from __future__ import annotations

from typing import Literal

import pytest
from pytest import TestReport

from tests.cases.known import COMES_WITH, KINDS, NEIGHBOURS, rows
from tests.cases.plugin import MARKER, Came, Collector, Shown, complete, table


def test_what_came_is_held_against_what_is_right() -> None:
    shown = Shown("B03", "at=20261120", "422")
    Came(shown)("422")
    with pytest.raises(AssertionError):
        Came(shown)(200)
    assert shown.came == "200"


def test_what_came_in_another_process_arrives_with_the_report_of_its_test() -> None:
    came = ["B03", "at=20261120", "422", "422", True]
    shown: list[Shown] = []
    phases: tuple[Literal["setup"], Literal["call"], Literal["teardown"]] = ("setup", "call", "teardown")
    for when in phases:
        report = TestReport("a test", ("file", 1, "name"), {}, "passed", None, when)
        report.user_properties = [(MARKER, came), ("other", 1)]
        Collector(shown).pytest_runtest_logreport(report)
    assert shown == [Shown("B03", "at=20261120", "422", "422", True)]


def test_a_row_that_nobody_shows_is_counted() -> None:
    lines = list(table([Shown("B03", "at=20261120", "422", "422", True), Shown("B03+1", "at=1", "422", "200")]))
    assert "B03    at=20261120 -> 422" in lines
    assert "B03+1  WRONG at=1 -> 200 (right: 422)" in lines
    missing = len(list(rows())) - len(COMES_WITH) - 1
    assert lines[-1] == f"2 shown, 1 wrong, {missing} not shown, {len(KINDS)} kinds with too few neighbours"


def test_every_row_stands_for_one_kind() -> None:
    assert sorted(row for of in KINDS.values() for row in of.split()) == sorted(row for _, row in rows())


def test_a_kind_with_too_few_neighbours_is_named() -> None:
    every = [row for _, row in rows() if row not in COMES_WITH]
    near = [f"{of.split()[0]}+{n}" for of in KINDS.values() for n in range(NEIGHBOURS)]
    shown = [Shown(case, "given", "right", "right", True) for case in (*every, *near)]
    assert complete(shown)
    assert not complete(shown[:-1])
    assert not complete(shown[1:])
    last = list(KINDS)[-1]
    assert any(line.startswith(f"  2 TOO FEW {last}: ") for line in table(shown[:-1]))
