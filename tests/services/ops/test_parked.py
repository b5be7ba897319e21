"""`makewhole parked`: what does not wait is said."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from ops.attention import Waiting
from ops.cli import app
from ops.commands import parked


@pytest.mark.parametrize("words", [("drop", "dispute", "X"), ("retry", "dispute", "--stream", "X")])
def test_a_name_that_does_not_wait_is_a_failure_and_no_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Given that nothing waits for a person, when X is to be dropped or handled, then one line says so and the exit
    code is 1.
    """

    async def nothing(*_: Any) -> list[Waiting]:
        return []

    monkeypatch.setattr(parked, "_found", nothing)
    result = CliRunner().invoke(app, ["parked", *words, "--yes", "--reason", "why"])
    assert (result.exit_code, result.stderr) == (1, "makewhole: X is not among what waits for a person\n")
