"""The same at the same instant is done once: openings of a dispute on one line (G5, I2), registrations, facts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.cases.plugin import Came
from tests.e2e.client import Answer, Services
from tests.e2e.deals import Deal, ordered, usd
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e

ORDERS = 200
TIMES = 12
AT_ONCE = 25
"""Races under way side by side: enough to fill the writer's batches."""


async def races(services: Services) -> list[tuple[Deal, list[Answer]]]:
    """Every order with the two answers to its two openings; all orders are of one buyer."""
    turns = asyncio.Semaphore(AT_ONCE)
    buyer = services.new("buyer")

    async def race() -> tuple[Deal, list[Answer]]:
        async with turns:
            deal = await ordered(services, buyer_id=buyer)
            return deal, list(await asyncio.gather(deal.open(), deal.open()))

    return await asyncio.gather(*(race() for _ in range(ORDERS)))


async def test_i2_g5_of_two_openings_at_once_one_wins_and_the_other_is_told_already_open(
    services: Services, logs: Logs
) -> None:
    raced = await races(services)
    winners: dict[str, str] = {}
    for deal, answers in raced:
        won, lost = sorted(answers, key=lambda answer: answer.status)
        assert won.status == 201, won.raw
        assert lost.refused == (409, "already_open")
        assert (lost["dispute_id"], lost["line_id"]) == (won["id"], "1")
        winners[deal.order_id] = won["id"]
    assert len(set(winners.values())) == ORDERS

    await the_log_holds(logs, winners)
    await the_read_models_say(services, raced, winners)


async def the_log_holds(logs: Logs, winners: dict[str, str]) -> None:
    """One opening and one hold an order, both of the winner and next to each other in the log."""
    query = (
        "select key, stream, type, position, data->>'dispute_id' as dispute_id from events where key = any($1::text[])"
    )
    rows = await logs.rows("dispute", query, list(winners))
    for kind in ("DisputeOpened", "PaymentHeld"):
        of_kind = [row for row in rows if row["type"] == f"makewhole.{kind}.v1"]
        assert Counter(row["key"] for row in of_kind) == dict.fromkeys(winners, 1)
        assert {row["key"]: row["dispute_id"] for row in of_kind} == winners
    places = {row["key"]: row["position"] for row in rows if row["type"] == "makewhole.PaymentHeld.v1"}
    assert all(places[row["key"]] == row["position"] + 1 for row in rows if row["type"] == "makewhole.DisputeOpened.v1")
    assert {row["stream"] for row in rows if row["stream"].startswith("dispute-")} == {
        f"dispute-{winner}" for winner in winners.values()
    }


async def the_read_models_say(
    services: Services, raced: list[tuple[Deal, list[Answer]]], winners: dict[str, str]
) -> None:
    """The buyer's list and each order's status show the log's disputes and no other."""
    await services.at_rest()
    buyer, cursor = raced[0][0].buyer, ""
    listed: dict[str, str] = {}
    while True:
        page = (await buyer.read(f"/v1/disputes?limit=100{cursor}")).ok()
        listed |= {row["order_id"]: row["id"] for row in page["data"]}
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert listed == winners
    for deal, _ in raced[:: ORDERS // 10]:
        status = (await deal.status()).ok()
        assert (status["open_dispute"], status["payout"]) == (winners[deal.order_id], "held")
        assert [line["held_by"] for line in status["lines"]] == [winners[deal.order_id]]


async def registered(services: Services, *amounts: str) -> str:
    """How often each status was answered to the same order with these payments, all at once."""
    deal, order_id = await ordered(services, capture=None), services.new("order")
    bodies = [deal.body | {"payment": deal.body["payment"] | {"amount": usd(amount)}} for amount in amounts]
    answers = await asyncio.gather(
        *(services.shop.send("dispute", "PUT", f"/v1/orders/{order_id}", json=body) for body in bodies)
    )
    return counted(answer.status for answer in answers)


def counted(answers: Iterable[object]) -> str:
    """`200: 11, 201: 1`."""
    return ", ".join(f"{answer}: {times}" for answer, times in sorted(Counter(answers).items()))


@pytest.mark.case("B31", given="the same registration twelve times at once", right="200: 11, 201: 1")
async def test_a_registration_is_made_once(services: Services, came: Came) -> None:
    came(await registered(services, *["50.00"] * TIMES))


@pytest.mark.case(
    "B31+1", given="two registrations of one order, six times each at once", right="200: 5, 201: 1, 409: 6"
)
async def test_of_two_registrations_one_stands(services: Services, came: Came) -> None:
    came(await registered(services, *["50.00", "49.00"] * (TIMES // 2)))


@pytest.mark.case("B31+2", given="one fact twelve times at once", right="False: 11, True: 1")
async def test_a_fact_is_recorded_once(services: Services, came: Came) -> None:
    deal = await ordered(services)
    at = deal.body["facts"][0]["at"]
    answers = await asyncio.gather(*(deal.tell("delivered", at) for _ in range(TIMES)))
    came(counted(answer.ok()["recorded"] for answer in answers))
