"""Flow benchmark: from a buyer's dispute to the money, as the buyer sees it; and what a flow costs all processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter

from bench.load import p99
from bench.machine import plain_work
from bench.orders import PRICE, Shop, shop_of
from bench.report import Row
from bench.stack import Stack

CLIENTS = 32
MEDUSA = 2.35
"""Claims to refunds a second of Medusa 2.21 on a machine of two cores, measured once."""
MOST_A_SECOND = 160
LOOK_EVERY = 0.02


async def rows(stack: Stack, seconds: float, rounds: int) -> Sequence[Row]:
    """Flows by 32 clients at once, whose orders were registered and captured before."""
    steady, rates, cpu, waits = [], [], [], []
    async with shop_of(stack) as shop:
        for _ in range(rounds):
            steady.append(plain_work())
            orders = iter(await shop.register(int(MOST_A_SECOND * seconds) + CLIENTS, captured=True))
            before, began = sum(stack.cpu().values()), perf_counter()
            took = await flows(shop, orders, seconds)
            rates.append(len(took) / (perf_counter() - began))
            cpu.append(1000 * (sum(stack.cpu().values()) - before) / len(took))
            waits.append(p99(took))
    medusa, note = [MEDUSA] * rounds, f"{CLIENTS} clients"
    return [
        Row("dispute to refund", "/s", rates, medusa, "Medusa, measured once", 40, 80, note=note, beside=steady),
        Row("server CPU a flow", "ms", cpu, gate=20, target=10, at_most=True, beside=steady),
        Row("dispute to refund, p99", "ms", waits, at_most=True, beside=steady),
    ]


async def flows(shop: Shop, orders: Iterator[str], seconds: float) -> list[float]:
    """Milliseconds of each flow that began within so many seconds, sorted."""
    took: list[float] = []
    end = perf_counter() + seconds

    async def client() -> None:
        while perf_counter() < end and (order_id := next(orders, None)):
            began = perf_counter()
            await flow(shop, order_id)
            took.append(1000 * (perf_counter() - began))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return sorted(took)


async def flow(shop: Shop, order_id: str) -> None:
    """The buyer asks for all of it, the seller agrees, and the buyer looks until it is paid."""
    form = {
        "order_id": order_id,
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "not_received",
        "type": "refund_only",
        "amount": PRICE,
        "description": "The promised day has passed and nothing came.",
    }
    headers, dispute = await shop.send("bench-buyer", "POST", "/v1/disputes", form, Idempotency_Key=order_id)
    path = f"/v1/disputes/{dispute['id']}"
    agreed = {"decision": "accept"}
    await shop.send(
        "bench-seller", "POST", f"{path}/response", agreed, Idempotency_Key=order_id, If_Match=headers["ETag"]
    )
    while (await shop.send("bench-buyer", "GET", path))[1]["state"] != "closed":
        await asyncio.sleep(LOOK_EVERY)
