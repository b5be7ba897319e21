"""Kafka connections: limits, the library's errors as ours, orderly shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError

from shared.process.environment import Environment
from shared.resilience.retry import Halted, Transient

CONNECT_LIMIT = 15.0
ASK_LIMIT = 10.0
ACK_LIMIT = 30.0
STOP_LIMIT = 5.0
COMMON = {"request_timeout_ms": 10_000, "metadata_max_age_ms": 30_000, "retry_backoff_ms": 100}


@dataclass(frozen=True, slots=True)
class Brokers:
    """Where the brokers are, and how a client is let in."""

    bootstrap: str
    security: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None

    @classmethod
    def of(cls, settings: Environment) -> Brokers:
        """Those that the settings name."""
        return cls(
            settings.kafka,
            settings.kafka_security,
            settings.kafka_mechanism,
            settings.kafka_user,
            settings.kafka_password,
            settings.kafka_ca,
        )

    def options(self) -> dict[str, Any]:
        """What every client of the library is made with."""
        options: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.security}
        if self.security.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ca)
        if self.security.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options


def client_options(brokers: Brokers | str) -> dict[str, Any]:
    """The options of a client; an address alone is one of brokers that let everybody in."""
    return (Brokers(brokers) if isinstance(brokers, str) else brokers).options()


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


async def connected(work: Coroutine[Any, Any, None]) -> None:
    """The library connects, within `CONNECT_LIMIT` seconds: else a KafkaTrouble or a TimeoutError.

    Cancelled in between it would forget an open connection, so it gets up to 5 s more to come to its own end.
    """
    task = asyncio.create_task(work)
    try:
        with troubles():
            async with asyncio.timeout(CONNECT_LIMIT):
                await asyncio.shield(task)
    except (asyncio.CancelledError, TimeoutError):
        await asyncio.wait({task}, timeout=STOP_LIMIT)
        if not task.cancel() and not task.cancelled():
            task.exception()
        raise


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
