"""Task groups: several coroutines as one; the first error cancels the others and is raised as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
Work = Coroutine[Any, Any, Any]


async def run_all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, run side by side until they are done or one fails; none of them goes on afterwards."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _ended(tasks)


async def run_with_companions(work: Work, *others: Work) -> None:
    """Runs `work` to its end beside the others; they end with it, or it ends with the first of them that fails."""
    main, *rest = tasks = [asyncio.create_task(one) for one in (work, *others)]
    try:
        while not main.done():
            done, _ = await asyncio.wait(
                [task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
    finally:
        await _ended([main, *rest])


async def _ended(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
