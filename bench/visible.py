"""Visibility benchmark: from the answer to a command until the read model holds what it did, through Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

from asyncpg import Pool

from bench.load import at_a_rate, p99
from bench.machine import plain_work
from bench.orders import Shop, shop_of
from bench.report import Row
from bench.stack import Stack
from dispute.read_models import order_status
from migrations.migrator import dsn
from shared.events.slot import SlotPosition
from shared.eventstore.connections import open_pool
from shared.subscriptions.freshness import projected

A_SECOND = 500
"""Commands of one event each."""
SAMPLE = 20
"""One in so many is looked for."""
LOOK_EVERY = 0.003


async def rows(stack: Stack, seconds: float, rounds: int) -> Sequence[Row]:
    """Facts of orders at a steady rate, and when the order's page knows them."""
    steady, answered, seen = [], [], []
    async with shop_of(stack) as shop, open_pool(dsn(stack.server, "dispute")) as pool:
        for _ in range(rounds):
            steady.append(plain_work())
            took, visible = await told(shop, pool, await shop.register(int(A_SECOND * seconds)), seconds)
            answered.append(p99(took))
            seen.append(p99(sorted(visible)))
    note = f"{A_SECOND} commands of one event a second, a {SAMPLE}th of them looked for"
    return [
        Row("acked to visible, p99", "ms", seen, (), "", 100, 30, True, note, steady),
        Row("answers meanwhile, p99", "ms", answered, at_most=True, beside=steady),
    ]


async def told(shop: Shop, pool: Pool, orders: Sequence[str], seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds until the answer of each fact, and from the answer on until those of the sample are visible."""
    looking: list[asyncio.Task[float]] = []
    send = _telling(shop, orders, lambda position: looking.append(asyncio.create_task(visible(pool, position))))
    took = await at_a_rate(send, A_SECOND, seconds)
    return took, list(await asyncio.gather(*looking))


def _telling(shop: Shop, orders: Sequence[str], look: Callable[[str], object]) -> Callable[[], Awaitable[None]]:
    numbers = count()

    async def send() -> None:
        number = next(numbers)
        position = await shop.tell(orders[number])
        if number % SAMPLE == 0:
            look(position)

    return send


async def visible(pool: Pool, token: str) -> float:
    """Milliseconds from now on until the read model includes the position."""
    loop, wanted = asyncio.get_running_loop(), SlotPosition.parse(token)
    answered = loop.time()
    while not await projected(pool, order_status.NAME, wanted.position, wanted.slot):
        await asyncio.sleep(LOOK_EVERY)
    return 1000 * (loop.time() - answered)
