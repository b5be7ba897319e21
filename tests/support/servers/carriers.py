"""Carriers in a test's hands: each with what is behind it, which can be told to misbehave."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.guard import Guarded
from return_label.gateways.karrio.carrier import ups_carrier, usps_carrier
from return_label.gateways.marks import StoredMarks
from return_label.gateways.port import Carrier
from return_label.gateways.sandbox import sandbox_carrier
from shared.eventstore.connections import open_pool
from tests.support.servers.carrier_apis import CarrierApi, UpsApi, UspsApi
from tests.support.servers.sandbox import Served, sandbox
from tests.support.toys.notes import listening
from tests.support.toys.worst_carrier import WorstCarrier

Migrated = Callable[[str], Awaitable[str]]


class Behind(Protocol):
    """A carrier, and a hand on what is behind it."""

    carrier: Carrier
    keeps_keys: bool
    named: str | None
    """What the carrier is called in the table of numbers, where its numbers do not say it."""

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
    keeps_keys = True
    named: str | None = None

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
    keeps_keys = True
    named: str | None = None

    async def break_next(self, fault: str, code: str = "declined", **more: Any) -> None:
        self.worst.fault, self.worst.reason = fault, code

    async def break_next_void(self, fault: str, **more: Any) -> None:
        self.worst.fault_of_void = fault

    async def see(self, tracking_number: str, kind: ScanKind) -> None:
        self.worst.scan(tracking_number, kind)


@dataclass
class Karrio:
    """A carrier that Karrio speaks to, with marks in a real database."""

    carrier: Carrier
    api: CarrierApi
    named: str | None
    keeps_keys = False

    async def break_next(self, fault: str, code: str = "declined", **more: Any) -> None:
        self.api.fault, self.api.code = fault, code

    async def break_next_void(self, fault: str, **more: Any) -> None:
        self.api.fault_of_void = fault

    async def see(self, tracking_number: str, kind: ScanKind) -> None:
        self.api.seen.setdefault(tracking_number, []).append(kind)


@contextlib.asynccontextmanager
async def sandbox_behind(migrated: Migrated, limit: float) -> AsyncIterator[Sandbox]:
    """The sandbox's."""
    dsn = await migrated("sandbox")
    async with sandbox(dsn) as running, sandbox_carrier(running.address, limit=limit) as carrier:
        yield Sandbox(Guarded(carrier, limit), running)


@contextlib.asynccontextmanager
async def worst_behind(_: Migrated | None = None, limit: float = 2.0) -> AsyncIterator[Worst]:
    """The worst one."""
    worst = WorstCarrier()
    yield Worst(Guarded(worst, limit), worst)


@contextlib.asynccontextmanager
async def usps_behind(migrated: Migrated, limit: float = 8.0) -> AsyncIterator[Karrio]:
    """USPS."""
    api = UspsApi()
    async with (
        marked(migrated) as marks,
        listening(api.app()) as address,
        usps_carrier(known(address, "account=1&crid=1234&mid=5678"), marks) as carrier,
    ):
        yield Karrio(Guarded(carrier, limit), api, "USPS")


@contextlib.asynccontextmanager
async def ups_behind(migrated: Migrated, limit: float = 8.0) -> AsyncIterator[Karrio]:
    """UPS."""
    api = UpsApi()
    async with (
        marked(migrated) as marks,
        listening(api.app()) as address,
        ups_carrier(known(address, "account=999AA1"), marks) as carrier,
    ):
        yield Karrio(Guarded(carrier, limit), api, "UPS")


def known(address: str, account: str) -> str:
    """The address with credentials, as a setting has it."""
    return f"{address.replace('//', '//id:hush@')}?{account}"


@contextlib.asynccontextmanager
async def marked(migrated: Migrated) -> AsyncIterator[StoredMarks]:
    """Marks in a database of the return-label service's."""
    async with open_pool(await migrated("return_label"), 4) as pool:
        yield StoredMarks(pool)
