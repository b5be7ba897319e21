"""A circuit breaker: who does not answer is left alone, and nobody who waits asks again and again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from shared.resilience.breaker import FAILURES, Breaker, LeftAlone
from shared.resilience.retry import Transient


class Away(Transient):
    """Does not answer."""


class Refused(Exception):
    """An answer, and a bad one."""


@dataclass
class Outside:
    """An outside system."""

    error: type[Exception] | None = Away
    seconds: float = 0.0
    asked: int = 0
    under_way: int = 0
    most: int = 0
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self) -> str:
        self.asked += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
            if self.error:
                raise self.error
            return "well"
        finally:
            self.under_way -= 1


async def failing(breaker: Breaker, outside: Outside, times: int) -> list[BaseException | str]:
    return [await settled(breaker, outside) for _ in range(times)]


async def settled(breaker: Breaker, outside: Outside) -> BaseException | str:
    (came,) = await asyncio.gather(breaker.call(outside.ask), return_exceptions=True)
    return came


async def test_so_many_errors_in_a_row_open_it_and_an_answer_closes_it() -> None:
    breaker, outside = Breaker(Away), Outside()
    await failing(breaker, outside, FAILURES - 1)
    assert not breaker.is_open
    await failing(breaker, outside, 1)
    assert breaker.is_open
    outside.error = None
    assert await settled(breaker, outside) == "well"
    assert not breaker.is_open


async def test_an_answer_between_begins_the_count_anew() -> None:
    breaker, outside = Breaker(Away), Outside()
    for _ in range(3):
        await failing(breaker, outside, FAILURES - 1)
        outside.error = None
        await settled(breaker, outside)
        outside.error = Away
    assert not breaker.is_open


async def test_an_error_that_is_an_answer_does_not_count() -> None:
    breaker, outside = Breaker(Away), Outside(Refused)
    assert all(isinstance(came, Refused) for came in await failing(breaker, outside, 2 * FAILURES))
    assert not breaker.is_open


async def test_while_it_is_open_one_asks_at_a_time_with_pauses_and_the_others_are_told_that_they_did_not() -> None:
    breaker, outside = Breaker(Away, patience=1.0), Outside()
    await failing(breaker, outside, FAILURES)
    outside.asked = outside.most = 0
    came = await asyncio.gather(*(settled(breaker, outside) for _ in range(100)))
    left_alone = [each for each in came if isinstance(each, LeftAlone)]
    assert outside.most == 1
    assert outside.asked + len(left_alone) == 100
    assert outside.asked <= 8  # pauses of 0.1 s that double, each up to a half shorter, within a second


async def test_all_who_waited_go_on_at_once_when_one_is_answered() -> None:
    breaker, outside = Breaker(Away), Outside()
    await failing(breaker, outside, FAILURES)
    outside.error, outside.seconds, outside.most = None, 0.02, 0
    assert await asyncio.gather(*(settled(breaker, outside) for _ in range(50))) == ["well"] * 50
    assert outside.most > 1


async def test_who_is_called_off_while_it_waits_leaves_the_turn_to_the_next() -> None:
    breaker, outside = Breaker(Away), Outside()
    await failing(breaker, outside, FAILURES)
    waiting = [asyncio.create_task(breaker.call(outside.ask)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    outside.error = None
    assert await settled(breaker, outside) == "well"


async def test_a_call_that_is_called_off_before_it_is_answered_says_nothing_of_who_is_called() -> None:
    async def for_ever() -> str:
        await outside.answering.wait()
        return "late"

    breaker, outside = Breaker(Away), Outside()
    for _ in range(FAILURES):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await breaker.call(for_ever)
    assert not breaker.is_open
