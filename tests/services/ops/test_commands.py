"""Commands of `makewhole` where no stack runs, and the registries that they read."""

from __future__ import annotations

import re
from datetime import date

import pytest
import typer
from typer.testing import CliRunner

from local_stack.state import PROJECT
from ops.cli import app
from ops.commands.options import Failed, day_of, run
from ops.deciders import DECIDERS
from ops.workers import WORKERS
from shared.events.logs import LOGS
from tests.support.servers.backing import free_port_base


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose ports nobody listens on."""
    for name in ("MAKEWHOLE_DATABASE_URL", "MAKEWHOLE_KAFKA", "MAKEWHOLE_SANDBOX", "MAKEWHOLE_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT_BASE", str(free_port_base()))


@pytest.mark.parametrize("words", [("audit",), ("ledger", "check")])
@pytest.mark.usefixtures("nowhere")
def test_an_audit_without_a_stack_is_one_line(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, words)
    (line,) = result.stderr.splitlines()
    assert line.startswith("makewhole: no stack runs here: the database of dispute does not answer")
    assert (result.exit_code, result.stdout) == (1, "")


def test_every_service_with_a_log_is_audited_and_its_parked_streams_can_be_handled() -> None:
    assert WORKERS.keys() == DECIDERS.keys() == LOGS.keys()


@pytest.mark.parametrize(
    ("failure", "said"), [(TimeoutError(), "TimeoutError"), (Failed("refused"), "refused"), (OSError(), "OSError")]
)
def test_a_failure_without_words_is_told_by_its_name(
    capsys: pytest.CaptureFixture[str], failure: Exception, said: str
) -> None:
    async def fails() -> None:
        raise failure

    with pytest.raises(typer.Exit):
        run(fails())
    assert capsys.readouterr().err == f"makewhole: {said}\n"


@pytest.mark.parametrize(
    ("text", "day"), [("2026-02-28", "2026-02-28"), ("yesterday", "2026-02-28"), ("2-days-ago", "2026-02-27")]
)
def test_a_day_of_the_books_is_named_by_its_date_or_from_today_so_that_a_schedule_can_name_it(
    text: str, day: str
) -> None:
    assert day_of(text, date(2026, 3, 1)).isoformat() == day


@pytest.mark.parametrize("text", ["", "28.2.2026", "today", "2026-02-30", "days-ago"])
def test_what_is_no_day_is_a_usage_error_before_anything_is_read(text: str) -> None:
    result = CliRunner().invoke(app, ("ledger", "export", "--day", text))
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_report_that_has_not_come_yet_is_a_usage_error_and_no_difference() -> None:
    """A schedule tells 1, which is for people, from 2, after which it runs again."""
    result = CliRunner().invoke(app, ("ledger", "reconcile", "not-yet.csv", "--day", "yesterday"))
    assert (result.exit_code, result.stdout) == (2, "")


def test_nowhere_is_an_error_taken_for_false() -> None:
    sources = [path for folder in ("shared", "services", "deploy") for path in (PROJECT / folder).rglob("*.py")]
    assert [path for path in sources if re.search(r"(?<!str\()\berror or type\(error\)", path.read_text("utf-8"))] == []
