"""The guard in front of every gateway: so many calls at once, so many seconds for each, and pauses for one that is
away.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from refund.gateways.guard import ANSWER_LIMIT, AT_ONCE, Guarded
from refund.gateways.port import Answer, Issued, RefundCall, Unanswered, Unavailable
from shared.deadlines.due_loop import CALL_LIMIT, CALLS_AT_ONCE
from shared.events.money import Money
from shared.events.refund import Destination
from shared.observability import metrics
from shared.resilience.breaker import FAILURES, PATIENCE
from tests.support.builders import refunds as p

CALL = RefundCall("rfd_1", "o1", "o1", Money(2500, "USD", 2), Destination.ORIGINAL, 0)
ISSUED = Issued("psp", p.said(CALL))


class Slow:
    """A gateway whose answers take their time, or do not come."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.seconds, self.error = seconds, error
        self.under_way = self.most = self.asked = 0

    async def refund(self, call: RefundCall) -> Answer:
        self.asked += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
            if self.error:
                raise self.error
            return ISSUED
        finally:
            self.under_way -= 1

    async def find(self, call: RefundCall) -> Answer | None:
        return await self.refund(call)


async def test_no_more_than_so_many_calls_are_under_way() -> None:
    slow = Slow(0.01)
    guarded = Guarded(slow)
    asked = [guarded.refund(CALL) if n % 2 else guarded.find(CALL) for n in range(4 * AT_ONCE)]
    assert await asyncio.gather(*asked) == [ISSUED] * 4 * AT_ONCE
    assert slow.most == AT_ONCE


async def test_an_answer_that_takes_too_long_is_none() -> None:
    with pytest.raises(Unavailable, match=r"within 0\.01 s"):
        await Guarded(Slow(5.0), 0.01).refund(CALL)


def test_who_waits_for_its_turn_and_then_for_two_answers_is_told_so_before_the_due_loop_calls_it_off() -> None:
    looked_up_and_paid = 2 * (PATIENCE + ANSWER_LIMIT)
    assert looked_up_and_paid < CALL_LIMIT
    assert CALLS_AT_ONCE <= AT_ONCE  # nobody waits for a place besides


async def test_who_is_called_off_says_nothing_of_the_provider() -> None:
    guarded = Guarded(Slow(5.0))
    for _ in range(2 * FAILURES):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await guarded.refund(CALL)
    assert left_alone() == 0


def left_alone() -> float:
    """What the metric says."""
    (metric,) = metrics.GATEWAY_LEFT_ALONE.collect()
    return metric.samples[0].value


async def test_it_is_said_once_that_a_provider_is_left_alone_and_once_that_it_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Slow(error=Unavailable("503"))
    guarded = Guarded(away)
    with caplog.at_level(logging.WARNING, "refund"):
        await asyncio.gather(*(guarded.refund(CALL) for _ in range(FAILURES + 3)), return_exceptions=True)
        assert left_alone() == 1
        away.error = None
        await asyncio.gather(*(guarded.refund(CALL) for _ in range(5)))
    assert left_alone() == 0
    assert [record.getMessage() for record in caplog.records] == [
        "the payment provider is left alone: it does not answer",
        "the payment provider answers again",
    ]


async def test_what_is_unknown_of_one_refund_says_nothing_of_the_provider() -> None:
    guarded = Guarded(Slow(error=Unanswered("is pending")))
    for _ in range(2 * FAILURES):
        with pytest.raises(Unanswered, match="is pending"):
            await guarded.refund(CALL)
    assert left_alone() == 0
