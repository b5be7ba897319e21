"""Sweep: turn after turn, without a pause while more waits, and through what fails for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.resilience.retry import Transient
from shared.worker.sweep import Sweep
from tests.support.servers.stack import LIMIT

NEVER, AT_ONCE = 3600.0, 0.0


def turns(*answers: bool | Exception) -> tuple[Callable[[], Awaitable[bool]], asyncio.Event, list[int]]:
    """Work that answers so, one after the other, and then for ever that nothing waits; when it is done with these, and
    the turns that it had.
    """
    left, done, had = list(answers), asyncio.Event(), [0]

    async def turn() -> bool:
        had[0] += 1
        answer = left.pop(0) if left else False
        if not left:
            done.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return turn, done, had


async def ended(sweep: Sweep, done: asyncio.Event) -> None:
    running = asyncio.create_task(sweep.run())
    async with asyncio.timeout(LIMIT):
        await done.wait()
        assert sweep.stop()
        await running


async def test_more_that_waits_is_done_at_once() -> None:
    turn, done, had = turns(True, True, False)
    await ended(Sweep(turn, NEVER), done)
    assert had == [3]


async def test_without_more_the_next_turn_comes_after_a_while() -> None:
    turn, done, _ = turns(False, False, False)
    await ended(Sweep(turn, AT_ONCE), done)


async def test_what_does_not_answer_is_asked_again_in_the_next_turn() -> None:
    turn, done, _ = turns(Transient("away"), OSError(), False)
    await ended(Sweep(turn, AT_ONCE), done)


async def test_what_is_no_outage_ends_it() -> None:
    turn, _, _ = turns(LookupError("a defect"))
    with pytest.raises(LookupError):
        await Sweep(turn, AT_ONCE).run()
