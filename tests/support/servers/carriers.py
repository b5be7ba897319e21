"""Carriers in a test's hands: each with what is behind it, which can be told to misbehave."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.guard import Guarded
from return_label.gateways.port import Carrier
from return_label.gateways.sandbox import sandbox_carrier
from tests.support.servers.sandbox import Served, sandbox
from tests.support.toys.worst_carrier import WorstCarrier

Migrated = Callable[[str], Awaitable[str]]


class Behind(Protocol):
    """A carrier, and a hand on what is behind it."""

    carrier: Carrier

    async def break_next(self, fault: str, **more: Any) -> None:
        """The next purchase meets a fault: `decline`, `timeout_before`, `timeout_after` or `error_after`."""

    async def break_next_void(self, fault: str, **more: Any) -> None:
        """The next label that is given back meets a fault: `timeout_before`, `timeout_after` or `error_after`."""

    async def see(self, tracking_number: str, kind: ScanKind) -> None:
        """The parcel is scanned."""


@dataclass
class Sandbox:
    """The sandbox's carrier."""

    carrier: Carrier
    running: Served

    async def break_next(self, fault: str, **more: Any) -> None:
        assert (await self.running.post("/faults", {"on": "label", "fault": fault, **more})).status == 201

    async def break_next_void(self, fault: str, **more: Any) -> None:
        assert (await self.running.post("/faults", {"on": "label_void", "fault": fault, **more})).status == 201

    async def see(self, tracking_number: str, kind: ScanKind) -> None:
        path = f"/carrier/labels/{tracking_number}/scans"
        assert (await self.running.post(path, {"kind": kind.value})).status == 201


@dataclass
class Worst:
    """What does the worst that the port's words allow."""

    carrier: Carrier
    worst: WorstCarrier

    async def break_next(self, fault: str, code: str = "declined", **more: Any) -> None:
        self.worst.fault, self.worst.reason = fault, code

    async def break_next_void(self, fault: str, **more: Any) -> None:
        self.worst.fault_of_void = fault

    async def see(self, tracking_number: str, kind: ScanKind) -> None:
        self.worst.scan(tracking_number, kind)


@contextlib.asynccontextmanager
async def sandbox_behind(migrated: Migrated, limit: float) -> AsyncIterator[Sandbox]:
    """The sandbox's."""
    dsn = await migrated("sandbox")
    async with sandbox(dsn) as running, sandbox_carrier(running.address, limit) as carrier:
        yield Sandbox(Guarded(carrier, limit), running)


@contextlib.asynccontextmanager
async def worst_behind(_: Migrated | None = None, limit: float = 2.0) -> AsyncIterator[Worst]:
    """The worst one."""
    worst = WorstCarrier()
    yield Worst(Guarded(worst, limit), worst)
