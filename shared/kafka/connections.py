"""Kafka connections: limits, the library's errors as ours, orderly shutdown."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

from aiokafka.errors import KafkaError

from shared.resilience.retry import Halted, Transient

CONNECT_LIMIT = 15.0
ASK_LIMIT = 10.0
ACK_LIMIT = 30.0
STOP_LIMIT = 5.0
COMMON = {"request_timeout_ms": 10_000, "metadata_max_age_ms": 30_000, "retry_backoff_ms": 100}


class KafkaTrouble(Transient):
    """Kafka answered with an error, or not in time."""


@contextlib.contextmanager
def troubles() -> Iterator[None]:
    """The library's errors as ours."""
    try:
        yield
    except KafkaError as error:
        raise KafkaTrouble(f"{type(error).__name__}: {error}") from error


def other_partitions(topic: str, there: int, wanted: int) -> Halted:
    """The topic is not of this installation: its keys stand in other partitions than ours."""
    return Halted(
        f"topic {topic} has {there} partitions instead of {wanted}: keys would move; create it anew, or set "
        f"MAKEWHOLE_PARTITIONS={there} where the databases were made with that"
    )


async def ended(work: Coroutine[Any, Any, None]) -> None:
    """Lets the library clean up for at most 5 s; what that raises, at times a cancellation of its own, is not passed
    on.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=STOP_LIMIT)
    finally:
        if not task.cancel() and not task.cancelled():
            task.exception()
