"""Leases that a command takes, so that it never works beside the component that it mends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ops.commands.options import Failed
from shared.eventstore.lease import Lease
from shared.eventstore.lease_session import Leases

LIMIT = 8.0
"""Seconds: a component that stands still lets go of its lease every five."""


@contextlib.asynccontextmanager
async def lease(dsn: str, name: str, service: str) -> AsyncIterator[None]:
    """Holds it while the body runs; Failed where somebody works under it."""
    taken = Lease(Leases(dsn), name)
    try:
        async with asyncio.timeout(LIMIT):
            await taken.__aenter__()
    except TimeoutError:
        raise Failed(
            f"the worker of {service} works on it ({name}): stop {service}.worker first, where it is kept running; "
            f"with `make run`, Ctrl-C and then `.venv/bin/python -m local_stack backing`, which runs the servers alone"
        ) from None
    try:
        yield
    finally:
        await taken.__aexit__(None, None, None)
