"""Simulators of the outside world: everything that the sandbox's process holds, opened together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from sandbox.carrier.labels import CarrierStore
from sandbox.clock.clock import Clock
from sandbox.clock.mover import ClockMover, StepTimeout
from sandbox.clock.store import ClockStore
from sandbox.clock.workers import WorkersClient
from sandbox.database import open_pool
from sandbox.faults.faults import Faults
from sandbox.identity.signing_key import stored_key
from sandbox.identity.tokens import IdentityProvider
from sandbox.provider.store import ProviderStore
from sandbox.provider.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Simulators:
    """The payment provider's books and its webhooks, the carrier's books, the identity provider, the clock with its
    mover, and the faults that are armed.
    """

    provider: ProviderStore
    webhooks: Webhooks
    carrier: CarrierStore
    carrier_webhooks: Webhooks
    identity: IdentityProvider
    clock: Clock
    mover: ClockMover
    faults: Faults


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who hears webhooks: an address, and the secret that both sides know."""

    address: str
    secret: str


@contextlib.asynccontextmanager
async def open_simulators(
    dsn: str,
    issuer: str,
    clock: Clock,
    workers: Mapping[str, str],
    hearer: Hearer,
    of_parcels: Hearer,
    timeout: Callable[[], StepTimeout] = StepTimeout,
) -> AsyncIterator[Simulators]:
    """Simulators whose state is in the database at `dsn`; sets `clock` to where it stood. `workers` maps names to
    addresses; `hearer` hears the payment provider, `of_parcels` the carrier.
    """
    async with open_pool(dsn) as pool, aiohttp.ClientSession() as session:
        positions = ClockStore(pool)
        clock.publish(await positions.load())
        identity = IdentityProvider(issuer, await stored_key(pool))
        mover = ClockMover(clock, positions, WorkersClient(session, workers), timeout)
        faults = Faults()
        webhooks, scans = (Webhooks(session, each.address, each.secret, faults) for each in (hearer, of_parcels))
        yield Simulators(ProviderStore(pool), webhooks, CarrierStore(pool), scans, identity, clock, mover, faults)
        await webhooks.close()
        await scans.close()
