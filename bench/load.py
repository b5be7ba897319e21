"""Load at a steady rate: requests are sent when their moment has come, whatever became of those before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def at_a_rate(send: Callable[[], Awaitable[object]], rate: float, seconds: float) -> list[float]:
    """Milliseconds of each, from the moment when it was due to be sent until it was answered, sorted."""
    loop = asyncio.get_running_loop()
    began, took = loop.time(), []

    async def one(due: float) -> None:
        await send()
        took.append(1000 * (loop.time() - due))

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(due - loop.time())
            group.create_task(one(due))
    return sorted(took)


def p99(sorted_figures: list[float]) -> float:
    """The figure that one in a hundred exceeds."""
    return sorted_figures[int(0.99 * len(sorted_figures))]
