"""Commands of `makewhole` where no stack runs, and the registries that they read."""

from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

from local_stack.state import PROJECT
from ops.cli import app
from ops.commands.options import Failed, run
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


def test_nowhere_is_an_error_taken_for_false() -> None:
    sources = [path for folder in ("shared", "services", "deploy") for path in (PROJECT / folder).rglob("*.py")]
    assert [path for path in sources if re.search(r"(?<!str\()\berror or type\(error\)", path.read_text("utf-8"))] == []
