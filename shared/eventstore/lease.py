"""Lease: a session's advisory lock, so that one holder works at a time; it may also hear what appends announce."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from shared.eventstore.lease_session import Leases
from shared.resilience.retry import Transient

LOG_CHANNEL = "makewhole_log"
"""The channel on which the append function announces a batch: payload = the log's last position. A hint only; readers
also poll.
"""
DEADLINES_CHANNEL = "makewhole_deadlines"
"""The channel on which the append function announces that it set deadlines: payload = the instant of the first one, in
seconds since 1970. A hint only, too.
"""
LOG_LOCK = 7_001
"""Advisory lock of the append function, held from its first statement to commit; such locks hold within one
database.
"""
RELAY_LOCK = 7_002

T = TypeVar("T")


class LeaseLost(Transient):
    """The connection that held the lock is gone, and with it the right to go on."""


class Lease:
    """The lock `name` of one database, waited for on entering. Of one that `hears` a channel, `woken` returns when
    something was said there that `matters`; every session that listens costs each append a signal.

    It lives in a session that the leases of a worker share, so it does not work through a pooler that shares
    connections between transactions.
    """

    def __init__(
        self,
        leases: Leases,
        name: str,
        *,
        hears: str | None = None,
        matters: Callable[[str], bool] = lambda payload: True,
    ) -> None:
        self._leases = leases
        self._hears = hears
        self._matters = matters
        self._key = lock_key(name)
        self._told = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._session = await self._leases.join()
        try:
            if self._hears:
                await self._session.listen(self._hears, self._on_notify)
            await self._session.lock(self._key)
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._session.unlock(self._key)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        try:
            if self._hears:
                await self._session.unlisten(self._hears, self._on_notify)
        finally:
            self._leases.leave(self._session)

    async def guard(self, work: Awaitable[T]) -> T:
        """The result of `work`, which is cancelled at once when the lease is lost; LeaseLost then."""
        task, lost = asyncio.ensure_future(work), asyncio.ensure_future(self._session.lost.wait())
        try:
            await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise LeaseLost("the connection that held the lease is gone")
            if task.cancelled():  # by a library: raised as an error, or it would pass for a stop
                raise Transient("the work was cancelled from within")
            return task.result()
        finally:
            lost.cancel()
            await _ended(task)

    async def woken(self, limit: float) -> bool:
        """Whether something was said since the last call, as soon as it is, else after `limit` seconds; it may also say
        so early.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._told.wait()
        told = self._told.is_set()
        self._told.clear()
        return told

    def wake(self) -> None:
        """Ends the wait of `woken`."""
        self._told.set()

    def _on_notify(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        if self._matters(str(payload)):
            self._told.set()


async def _ended(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # marks it as seen, or asyncio would log it


def lock_key(name: str) -> int:
    """The advisory lock key of a lease: the relay's own, for others a hash of the name."""
    if name == "relay":
        return RELAY_LOCK
    return int.from_bytes(hashlib.sha256(f"lease {name}".encode()).digest()[:8], signed=True)
