"""Lease session: one connection that holds all the leases of a worker in one database, and hears what appends
announce.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import asyncpg

from shared.eventstore.connections import PRIMARY
from shared.resilience.retry import Transient, jittered

CONNECT_LIMIT = 10.0
PING_EVERY = 3.0
PING_LIMIT = 5.0
RELEASE_LIMIT = 1.0
TRY_EVERY = 0.25
IDLE_LIMIT = 10.0
"""Seconds; a few pings."""

# Without them the server would keep the locks of a holder whose machine is gone for two hours, and those of one that
# hangs for as long as it hangs: its kernel goes on answering. A living one pings.
KEEPALIVE = {
    "idle_session_timeout": str(int(1000 * IDLE_LIMIT)),
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "application_name": "makewhole lease",
}

log = logging.getLogger(__name__)

Hear = Callable[[Any, int, str, object], None]


class LeaseSession:
    """An open session and the locks that it holds. A question that is not answered, or not waited for, ends it: nobody
    would know whether a lock is held.
    """

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self.lost = asyncio.Event()
        self.users = 0
        self._connection = connection
        self._turn = asyncio.Lock()
        self._mine: dict[int, asyncio.Lock] = {}
        connection.add_termination_listener(lambda _: self.lost.set())
        self._watch = asyncio.create_task(self._ping())

    @classmethod
    async def opened(cls, dsn: str) -> LeaseSession:
        """A new one."""
        connection = await asyncpg.connect(
            dsn,
            timeout=CONNECT_LIMIT,
            command_timeout=CONNECT_LIMIT,
            server_settings=KEEPALIVE,
            target_session_attrs=PRIMARY,
        )
        return cls(connection)

    async def lock(self, key: int) -> None:
        """Waits until it holds the lock: behind whoever in this process has it, for the session would get it twice."""
        mine = self._mine.setdefault(key, asyncio.Lock())
        await mine.acquire()
        try:
            while not await self._ask(self._connection.fetchval, "select pg_try_advisory_lock($1)", key):
                await asyncio.sleep(jittered(TRY_EVERY))
        except BaseException:
            mine.release()
            raise

    async def unlock(self, key: int) -> None:
        """Gives it back; where that fails the session ends, and the lock with it."""
        try:
            await self._say(self._connection.fetchval, "select pg_advisory_unlock($1)", key)
        finally:
            self._mine[key].release()

    async def listen(self, channel: str, hear: Hear) -> None:
        """What is said on the channel is heard from now on."""
        await self._ask(self._connection.add_listener, channel, hear)

    async def unlisten(self, channel: str, hear: Hear) -> None:
        """It is not heard any more."""
        await self._say(self._connection.remove_listener, channel, hear)

    def end(self) -> None:
        """Closes the socket, with which the server frees the locks: closing in order could hang."""
        self.lost.set()
        self._watch.cancel()
        self._connection.terminate()

    async def _ask(self, question: Callable[..., Any], *arguments: Any, limit: float = PING_LIMIT) -> Any:
        if self.lost.is_set():
            raise Transient("the session of the leases is gone")
        try:
            async with asyncio.timeout(limit), self._turn:
                return await question(*arguments)
        except BaseException:
            self.end()
            raise

    async def _say(self, *question: Any) -> None:
        """Asks what nobody waits for long, and which is moot once the session is gone."""
        if not self.lost.is_set():
            try:
                await self._ask(*question, limit=RELEASE_LIMIT)
            except Exception as error:
                log.info("the session of the leases ended: %r", error)

    async def _ping(self) -> None:
        try:
            while True:
                await asyncio.sleep(PING_EVERY)
                await self._ask(self._connection.fetchval, "select 1")
        except Exception as error:
            log.info("the session of the leases is lost: %r", error)


class Leases:
    """The session of one worker in one database, open from the first lease that is taken to the last that is given
    back. With the session all leases are lost.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._session: LeaseSession | None = None
        self._opening = asyncio.Lock()

    async def join(self) -> LeaseSession:
        """The session, for one more lease."""
        async with asyncio.timeout(CONNECT_LIMIT), self._opening:
            if self._session is None or self._session.lost.is_set():
                self._session = await LeaseSession.opened(self._dsn)
            self._session.users += 1
            return self._session

    def leave(self, session: LeaseSession) -> None:
        """One lease less."""
        session.users -= 1
        if not session.users:
            session.end()
