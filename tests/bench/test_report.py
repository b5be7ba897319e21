"""The benchmark report: what it judges, and what it does not."""

from __future__ import annotations

import pytest

from bench.machine import interpreter
from bench.report import Row, status

STEADY, RESTLESS = [100.0, 104.0, 98.0], [100.0, 190.0, 60.0]


def row(ours: list[float], beside: list[float], *, at_most: bool = False) -> Row:
    return Row("a goal", "ms", ours, gate=50, target=20, at_most=at_most, beside=beside)


@pytest.mark.parametrize(
    ("ours", "verdict"), [([60.0] * 3, "misses the gate"), ([40.0] * 3, "gate"), ([20.0] * 3, "target")]
)
def test_a_row_says_what_it_reaches(ours: list[float], verdict: str) -> None:
    assert row(ours, STEADY, at_most=True).verdict == verdict


def test_a_row_is_not_judged_where_the_machine_was_restless() -> None:
    assert row([60.0] * 3, RESTLESS, at_most=True).verdict == "not judged"


def test_a_row_without_a_gate_and_a_target_has_no_verdict() -> None:
    assert Row("for information", "us", [1.0], beside=RESTLESS).verdict == ""


def test_the_figure_is_the_median_of_the_rounds_ratios() -> None:
    """Each round is held against its own reference, for the machine's hour differs."""
    halves = Row("a goal", "/s", [50, 10, 200], [100, 20, 400], "reference", 0.4, 0.6)
    assert (halves.figure, halves.verdict) == (0.5, "not judged")


def test_a_gate_that_is_missed_outweighs_what_was_not_judged() -> None:
    missed, unjudged, passed = row([10.0], STEADY), row([10.0], RESTLESS), row([60.0], STEADY)
    assert (status([passed]), status([passed, unjudged]), status([unjudged, missed])) == (0, 2, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("'--enable-optimizations' '--with-lto'", "built with PGO and LTO"),
        ("'--prefix=/usr'", "built with neither PGO nor LTO"),
    ],
)
def test_the_interpreter_says_how_it_was_built(options: str, said: str) -> None:
    assert interpreter(options).endswith(said)
