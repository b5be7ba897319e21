"""The outside world as its routes see it: everything that the process was started with."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from sandbox.clock import Clock
from sandbox.clock_mover import Mover, Patience
from sandbox.faults import Faults
from sandbox.identity import Identity
from sandbox.store import Store, open_store
from sandbox.workers import HttpWorkers


@dataclass(frozen=True, slots=True)
class World:
    """The payment provider's books, the identity provider, the clock and who moves it, and what shall go wrong."""

    store: Store
    identity: Identity
    clock: Clock
    mover: Mover
    faults: Faults


@contextlib.asynccontextmanager
async def open_world(
    dsn: str, issuer: str, clock: Clock, workers: Mapping[str, str], patience: Callable[[], Patience] = Patience
) -> AsyncIterator[World]:
    """The world kept in the database at `dsn`; sets `clock` to where it stood. `workers` maps names to addresses."""
    async with open_store(dsn) as store, aiohttp.ClientSession() as session:
        clock.publish(await store.setting())
        identity = Identity(issuer, await store.signing_key())
        mover = Mover(clock, store, HttpWorkers(session, workers), patience)
        yield World(store, identity, clock, mover, Faults())
