"""Collects what came in the tests that show a known case, and prints the table (`pytest --cases`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cases.known import COMES_WITH, is_row, rows

MARKER = "case"


@dataclass(slots=True)
class Shown:
    """One row as a test showed it."""

    case: str
    given: str
    right: str
    came: str = "nothing"
    passed: bool = False


SHOWN = pytest.StashKey[list[Shown]]()


class Came:
    """Says what came: the test goes on where it is what is right."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def __call__(self, came: object) -> None:
        self._shown.came = str(came)
        assert self._shown.came == self._shown.right


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", action="store_true", help="only the known cases, and their table")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SHOWN] = []
    config.addinivalue_line("markers", f"{MARKER}(id, given, right): an input that failed once, and the right value")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers(MARKER):
            if not is_row(marker.args[0]):
                raise pytest.UsageError(f"{item.nodeid}: there is no case {marker.args[0]}")
    if config.getoption("--cases"):
        items[:] = [item for item in items if item.get_closest_marker(MARKER)]


@pytest.fixture
def came(request: pytest.FixtureRequest) -> Iterator[Came]:
    """`came(value)`: what the case's input led to, held against what is right."""
    marker = request.node.get_closest_marker(MARKER)
    shown = Shown(marker.args[0], marker.kwargs["given"], marker.kwargs["right"])
    request.config.stash[SHOWN].append(shown)
    failed = request.session.testsfailed
    yield Came(shown)
    shown.passed = shown.came == shown.right and request.session.testsfailed == failed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--cases"):
        for line in table(config.stash[SHOWN]):
            terminalreporter.write_line(line)


def table(shown: list[Shown]) -> Iterator[str]:
    """The lines of the table: part by part, each row with its neighbours; at the end what is wrong."""
    wrong = missing = 0
    heading = ""
    for part, row in rows():
        if part != heading:
            heading = part
            yield f"== {part}"
        found = sorted((one for one in shown if one.case.partition("+")[0] == row), key=lambda one: one.case)
        if not found and row in COMES_WITH:
            yield f"{row:6} comes with {COMES_WITH[row]}"
        elif not found:
            missing += 1
            yield f"{row:6} NOT SHOWN"
        for one in found:
            wrong += not one.passed
            yield f"{one.case:6} {'' if one.passed else 'WRONG '}{one.given} -> {one.came}" + (
                "" if one.passed else f" (right: {one.right})"
            )
    yield f"{len(shown)} shown, {wrong} wrong, {missing} not shown"
