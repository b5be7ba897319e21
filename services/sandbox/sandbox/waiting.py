"""Waiting inside a request: no longer than a limit, nor than the process takes requests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import Request


async def wait_at_most(request: Request, waiting: Coroutine[Any, Any, None], limit: float) -> None:
    """Waits, but no longer than `limit` seconds nor than the process takes requests."""
    tasks = [asyncio.create_task(waiting), asyncio.create_task(request.app.draining.wait())]
    try:
        await asyncio.wait(tasks, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def until_disconnected(request: Request) -> None:
    """Returns once the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
