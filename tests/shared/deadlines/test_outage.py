"""An outside system that does not answer, on real PostgreSQL: timers keep their pace, and nobody hammers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from shared.deadlines.due_loop import DueLoop
from shared.deadlines.effect import Effect
from shared.eventstore.lease_session import Leases
from shared.resilience.breaker import FAILURES, Breaker
from shared.resilience.retry import Transient
from tests.support.servers.stack import eventually
from tests.support.toys.marks import DAY_1, SOON, Expire, Flow, HandClock, running, starts
from tests.support.toys.provider import PAYING, Bank, paying

WAITING, TIMERS = 200, 100
MANY, OUTAGE = 20_000, 180.0
"""Calls that wait, and seconds."""


class Away(Transient):
    """The bank does not answer."""


@dataclass
class Outage:
    """A bank that is away, behind a circuit breaker."""

    bank: Bank = field(default_factory=Bank)
    away: bool = True
    asked: int = 0

    async def pay(self, key: str) -> str:
        self.asked += 1
        if self.away:
            raise Away
        return await self.bank.pay(key)


def loop_of(flow: Flow, call: Any) -> DueLoop:
    clock = HandClock()
    clock.move(SOON)
    effects: dict[str, Effect[Any, Any, Any]] = {
        kind: replace(effect, call=call) for kind, effect in paying(Bank()).items()
    }
    return DueLoop(flow.store, PAYING, flow.pool, Leases(flow.dsn), clock, Expire, effects=effects)


async def due(flow: Flow, kind: str) -> int:
    """How many deadlines of a kind are due."""
    counted: int = await flow.pool.fetchval("select count(*) from deadlines where split_part(kind, ':', 1) = $1", kind)
    return counted


async def test_timers_keep_their_pace_while_calls_wait_for_a_provider_that_is_away(flow: Flow) -> None:
    outage, breaker = Outage(), Breaker(Away)
    await asyncio.gather(*(flow.record(f"order-p{n}", starts(f"pay:p{n}", DAY_1)) for n in range(WAITING)))
    await asyncio.gather(*(flow.record(f"order-t{n}", starts("respond", DAY_1)) for n in range(TIMERS)))

    async def timers_are_done() -> bool:
        return await due(flow, "respond") == 0

    async def all_is_paid() -> bool:
        return await due(flow, "pay") == 0

    async def it_is_left_alone() -> bool:
        return breaker.is_open

    async with running(loop_of(flow, lambda key: breaker.call(partial(outage.pay, key)))):
        await eventually(timers_are_done)
        await eventually(it_is_left_alone)
        assert await due(flow, "pay") == WAITING
        # What was under way when it was left alone, and then one at a time.
        assert outage.asked <= FAILURES + 16 + 20
        outage.away = False
        await eventually(all_is_paid)
    assert sum(outage.bank.book.values()) == WAITING == outage.bank.calls


@pytest.mark.proof
async def test_an_outage_of_three_minutes_with_twenty_thousand_waiting_costs_timers_nothing(flow: Flow) -> None:
    outage, breaker = Outage(), Breaker(Away)
    for start in range(0, MANY, 500):
        numbers = range(start, start + 500)
        await asyncio.gather(*(flow.record(f"order-p{n}", starts(f"pay:p{n}", DAY_1)) for n in numbers))
    async with running(loop := loop_of(flow, lambda key: breaker.call(partial(outage.pay, key)))):
        began = asyncio.get_running_loop().time()
        late = [await lateness(flow, loop, f"order-t{n}") for n in range(int(OUTAGE))]
        lasted = asyncio.get_running_loop().time() - began
        print(f"{lasted:.0f} s: asked {outage.asked} times; timers late by {max(late):.2f} s at most")
        assert lasted >= OUTAGE
        assert outage.asked <= FAILURES + 16 + 10 + lasted / 2.5
        assert max(late) < 1.0
        assert await due(flow, "pay") == MANY


async def lateness(flow: Flow, loop: DueLoop, stream: str) -> float:
    """Seconds until a timer has fired that is due at once; a second goes by in any case."""
    now = asyncio.get_running_loop().time
    begun = now()
    await flow.record(stream, starts("respond", DAY_1))
    loop.wake()
    while await due(flow, "respond"):
        await asyncio.sleep(0.01)
    late = now() - begun
    await asyncio.sleep(max(0.0, 1.0 - late))
    return late
