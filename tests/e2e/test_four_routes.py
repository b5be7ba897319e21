"""Four ways to the money of one line at once: whoever gets it is followed to the payment, and it is paid once (I1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.client import Answer, Services, eventually
from tests.e2e.deals import Deal, Dispute, counter, now, split
from tests.e2e.test_returns import ask, bought, granted, inspected, sent_and_received

pytestmark = pytest.mark.e2e

ROUNDS = [3, pytest.param(50, marks=pytest.mark.proof)]
AT_ONCE = 10
"""Orders under way side by side."""
PRICE = Decimal("50.00")
NO_LABEL_OF_THE_PLATFORMS = {"kind": "statutory", "condition": None}
SHIPPED = (409, "already_shipped")
CLOSED = [(409, "appeal_window_closed"), (409, "already_agreed"), SHIPPED, (409, "order_completed")]
Way = Callable[[], Awaitable[Answer]]


async def in_any_order(n: int, ways: Sequence[Way]) -> list[Answer]:
    """All of them at once, each of them begun first in turn; the answers in the order of `ways`."""
    first = n % len(ways)
    answers = await asyncio.gather(*(way() for way in (*ways[first:], *ways[:first])))
    return [*answers[len(ways) - first :], *answers[: len(ways) - first]]


async def for_each(rounds: int, play: Callable[[int], Awaitable[None]]) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def turn(n: int) -> None:
        async with turns:
            await play(n)

    await asyncio.gather(*map(turn, range(rounds)))


async def went_back(services: Services, deal: Deal) -> Decimal:
    """What the provider has paid back, by its own ledger; nothing else was moved after the payment."""
    moved = (await services.ledger(deal.order_id))[1:]
    assert {line["kind"] for line in moved} <= {"refund"}, moved
    return sum((Decimal(line["amount"]["amount"]) for line in moved), Decimal())


async def paid_once(services: Services, deal: Deal) -> None:
    """All of it has gone back, and every way to it is shut."""

    async def paid() -> Decimal:
        return await went_back(services, deal)

    await eventually(paid, lambda amount: amount >= PRICE)
    done = await eventually(deal.status, lambda found: found.status == 200 and found["completed"])
    assert (done["payout"], await paid()) == ("refunded", PRICE)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_i1_g5_of_a_dispute_a_cancellation_and_two_returns_at_once_one_gets_the_money(
    services: Services, rounds: int
) -> None:
    async def race(n: int) -> None:
        deal = await bought(services)
        dispute, cancelled, free, by_law = await in_any_order(
            n,
            [
                lambda: deal.open(reason="late"),
                lambda: cancel(services, deal),
                lambda: ask(deal, "free"),
                lambda: ask(deal, "law", **NO_LABEL_OF_THE_PLATFORMS),
            ],
        )
        assert cancelled.refused == SHIPPED
        won = [answer for answer in (dispute, free, by_law) if answer.status == 201]
        lost = [answer for answer in (dispute, free, by_law) if answer.status != 201]
        assert len(won) == 1, [answer.raw for answer in won]
        assert {answer.refused for answer in lost} == {(409, "already_open")}
        if dispute.status == 201:
            await Dispute(deal, dispute["id"]).respond({"decision": "accept"})
        else:
            await sent_back(services, deal, won[0])
        await paid_once(services, deal)

    await for_each(rounds, race)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_i1_s55_k18_an_appeal_a_dispute_a_cancellation_and_a_return_at_once_pay_the_line_once(
    services: Services, rounds: int
) -> None:
    second = services.party("reviewer-2", "case_team")

    async def race(n: int) -> None:
        decided = await decided_for_a_part(services)
        deal = decided.deal
        ways: list[Way] = [
            lambda: decided.command(deal.buyer, "appeal", {"ground": "It is worth nothing."}),
            lambda: deal.open(reason="late"),
            lambda: cancel(services, deal),
            lambda: ask(deal, services.new("key")),
        ]
        appealed, *others = await in_any_order(n, ways)
        appealed.ok()
        assert [answer.refused for answer in others] == [(409, "already_open"), SHIPPED, (409, "already_open")]
        await decided.appeal(deal.seller)
        amended = split("50.00", decision="amended", outcome="buyer_favour")
        await asyncio.gather(decided.decide(amended, second, "appeal-decision"), *(way() for way in ways[1:]))
        await decided.closed()
        await paid_once(services, deal)
        assert [answer.refused for answer in await in_any_order(n, ways)] == CLOSED

    await for_each(rounds, race)


async def cancel(services: Services, deal: Deal) -> Answer:
    return await deal.tell("cancelled", await now(services), by="seller")


async def sent_back(services: Services, deal: Deal, answer: Answer) -> None:
    """The goods of the return that was granted go back, and pass."""
    back = await granted(deal, answer)
    number: Any = back["label"]["tracking_number"]
    await sent_and_received(services, deal, back["href"], number or "RR123456785DE")
    await inspected(services, back["href"], {"result": "pass"})


async def decided_for_a_part(services: Services) -> Dispute:
    """The case team gave 20.00 of the 50.00, and that is paid."""
    deal = await bought(services)
    dispute = await deal.opened(reason="late")
    await dispute.respond(counter("10.00"))
    await dispute.escalate()
    for party in (deal.seller, deal.buyer):
        await dispute.state(party)
    await dispute.decide(split("20.00"))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    return dispute
