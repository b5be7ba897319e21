"""`makewhole parked`: what does not wait is said, and what is read again is kept by subscription."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.attention import Waiting
from ops.cli import app
from ops.commands import parked

SINCE = datetime(2026, 3, 2, tzinfo=UTC)


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


class Connected:
    """A connection whose transactions do nothing."""

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield


async def test_of_a_record_that_is_read_again_it_is_kept_which_subscription_had_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given one record in the quarantine of two subscriptions, when it is read again, then what is kept names each."""
    kept: list[Mapping[str, Any]] = []

    @contextlib.asynccontextmanager
    async def connected(_: str) -> AsyncIterator[Connected]:
        yield Connected()

    async def keep(*words: Any) -> None:
        kept.append(words[-1])

    async def done(*_: Any) -> bool:
        return True

    monkeypatch.setattr(parked, "connected", connected)
    monkeypatch.setattr(parked, "keep", keep)
    monkeypatch.setattr(parked, "attention", SimpleNamespace(read_records_again=done, read_to=done))
    both = [Waiting(name, "record", "dispute.events/3/5", SINCE, "far", 1) for name in ("orders", "notes")]
    assert await parked._read_again("dispute", both, "why") == 2
    assert [(each["subscription"], each["name"]) for each in kept[0]["records"]] == [
        ("orders", "dispute.events/3/5"),
        ("notes", "dispute.events/3/5"),
    ]
