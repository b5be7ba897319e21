"""Collects what came in the tests that show a known case, and prints the table (`pytest --cases`): row by row, then
kind by kind the neighbours of its rows. The run fails where something is wrong, not shown or a kind has too few.

What came travels with each test's report, so that the table is whole where several processes run the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

import pytest

from tests.cases.known import COMES_WITH, NEIGHBOURS, is_row, neighbours, row_of, rows

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


class Collector:
    """Collects what came from the reports of this process and of the others that run tests for it."""

    def __init__(self, shown: list[Shown]) -> None:
        self._shown = shown

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            told: list[tuple[str, Any]] = report.user_properties
            self._shown += [Shown(*values) for name, values in told if name == MARKER]


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
    config.pluginmanager.register(Collector(config.stash[SHOWN]))
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
    failed = request.session.testsfailed
    yield Came(shown)
    shown.passed = shown.came == shown.right and request.session.testsfailed == failed
    request.node.user_properties.append((MARKER, astuple(shown)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """All rows are only there to be looked for where all tests were asked for, and where all that came arrives."""
    if hasattr(session.config, "workerinput"):
        return
    whole = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS and not session.config.option.keyword
    if session.config.getoption("--cases") and whole and not complete(session.config.stash[SHOWN]):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--cases"):
        for line in table(config.stash[SHOWN]):
            terminalreporter.write_line(line)


def table(shown: list[Shown]) -> Iterator[str]:
    """The lines of the table: part by part, each row with its neighbours; kind by kind; at the end what is wrong."""
    heading = ""
    for part, row in rows():
        if part != heading:
            heading = part
            yield f"== {part}"
        found = sorted((one for one in shown if row_of(one.case) == row), key=lambda one: one.case)
        if row not in {one.case for one in found}:
            yield _missing(row)
        yield from map(_line, found)
    yield f"== kinds, and their neighbours ({NEIGHBOURS} at least)"
    of_kind = neighbours(one.case for one in shown)
    for kind, cases in of_kind.items():
        yield f"{len(cases):3} {'TOO FEW ' * (len(cases) < NEIGHBOURS)}{kind}: {' '.join(cases)}"
    few = sum(len(cases) < NEIGHBOURS for cases in of_kind.values())
    wrong = sum(not one.passed for one in shown)
    yield f"{len(shown)} shown, {wrong} wrong, {len(not_shown(shown))} not shown, {few} kinds with too few neighbours"


def complete(shown: list[Shown]) -> bool:
    """Whether every row is shown, none is wrong, and no kind has too few neighbours."""
    enough = all(len(cases) >= NEIGHBOURS for cases in neighbours(one.case for one in shown).values())
    return enough and not not_shown(shown) and all(one.passed for one in shown)


def not_shown(shown: list[Shown]) -> list[str]:
    """The rows that no test shows, although their machine exists."""
    there = {one.case for one in shown}
    return [row for _, row in rows() if row not in there and row not in COMES_WITH]


def _line(one: Shown) -> str:
    right = "" if one.passed else f" (right: {one.right})"
    return f"{one.case:6} {'' if one.passed else 'WRONG '}{one.given} -> {one.came}{right}"


def _missing(row: str) -> str:
    return f"{row:6} comes with {COMES_WITH[row]}" if row in COMES_WITH else f"{row:6} NOT SHOWN"
