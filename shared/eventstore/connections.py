"""Database connections: session settings asserted, JSON as bytes, the application's role; renewed after a failure."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from shared.eventstore.errors import UnsafeDatabase
from shared.resilience.retry import Transient

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    StoreConnection = asyncpg.Connection[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

CONNECT_LIMIT = 3.0
COMMAND_LIMIT = 6.0
ACQUIRE_LIMIT = 4.0
CLOSE_LIMIT = 5.0
POOL_SIZE = 8
ROLE = "makewhole_app"
PRIMARY = SessionAttribute.read_write
"""Of several servers in an address the one that takes writes: what a standby says may be old."""

SESSION = {
    "statement_timeout": "5000",  # milliseconds, as the next two
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
    # The append function takes its snapshot after the log's lock: under any other level it would count from what was
    # there before.
    "default_transaction_isolation": "read committed",
}
# The few plans of these sessions must come from the indexes even where the planner has no statistics yet, as in a new
# database, and are made once; compiling them never pays.
PLANNING = {"enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off", "plan_cache_mode": "force_generic_plan"}
DURABLE = {"fsync": "on"}

SETTINGS = "select name, setting from pg_settings where name = any($1)"
TAKE_ROLE = (
    "select set_config('role', rolname, false) from pg_roles where rolname = $1 and pg_has_role(session_user, "
    "oid, 'set')"
)


async def connect(dsn: str) -> StoreConnection:
    """A connection with the store's limits. UnsafeDatabase where the server does not keep what it acknowledges,
    Transient where there is no such database yet.

    It acts as the application's role where the login may, so that even an owner's login cannot change the log.
    """
    async with asyncio.timeout(CONNECT_LIMIT):
        return await _connect(dsn)


async def _connect(dsn: str) -> StoreConnection:
    settings = {**SESSION, **PLANNING, "application_name": "makewhole store"}
    try:
        connection: StoreConnection = await asyncpg.connect(
            dsn, command_timeout=COMMAND_LIMIT, server_settings=settings, target_session_attrs=PRIMARY
        )
    except asyncpg.InvalidCatalogNameError as error:
        raise Transient("the database is not there") from error
    try:
        await _assert_settings(connection)
        await connection.execute(TAKE_ROLE, ROLE)
        # As bytes both ways: the text is parsed once, by who needs it.
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb
        )
    except BaseException:
        connection.terminate()
        raise
    return connection


class ReconnectingConnection:
    """One connection: opened when first needed, replaced after a failure."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: StoreConnection | None = None

    async def open(self) -> StoreConnection:
        """The connection, made anew where there is none; not for two callers at once."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._dsn)
        return self._connection

    def drop(self) -> None:
        """Ends the connection at once: a statement may still be running on it."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self, limit: float = 2.0) -> None:
        """Ends the connection in order where that works within `limit` seconds."""
        if self._connection is None:
            return
        try:
            await self._connection.close(timeout=limit)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass  # it was broken already, and is dropped
        finally:
            self.drop()


async def _assert_settings(connection: StoreConnection) -> None:
    found = {
        row["name"]: row["setting"]
        for row in await connection.fetch(SETTINGS, [*SESSION, *DURABLE, "synchronous_commit"])
    }
    wrong = [
        f"{name} is {found.get(name)}, not {value}"
        for name, value in {**SESSION, **DURABLE}.items()
        if found.get(name) != value
    ]
    if found.get("synchronous_commit") == "off":
        wrong.append("synchronous_commit is off")
    if wrong:
        raise UnsafeDatabase("; ".join(wrong))


def _to_jsonb(text: bytes) -> bytes:
    return b"\x01" + text


def _from_jsonb(stored: Any) -> bytes:
    return bytes(stored[1:])


class BoundedPool(asyncpg.Pool):
    """A pool in which every wait has a limit: the library's own waits without one for a free connection, and for the
    end of a query that it gave up.
    """

    def acquire(self, *, timeout: float | None = ACQUIRE_LIMIT) -> Any:
        """A connection, or TimeoutError."""
        return super().acquire(timeout=timeout)


def bounded_pool(dsn: str, size: int, settings: Mapping[str, str], **options: Any) -> BoundedPool:
    """A pool of up to `size` connections, each made when it is first needed: it opens without a database too."""
    return BoundedPool(
        dsn,
        min_size=0,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=CONNECT_LIMIT,
        command_timeout=COMMAND_LIMIT,
        server_settings=dict(settings),
        target_session_attrs=PRIMARY,
        **options,
    )


@contextlib.asynccontextmanager
async def open_pool(dsn: str, size: int = POOL_SIZE) -> AsyncIterator[Pool]:
    """A pool whose connections have the store's time limits and the application's role, closed at the end within 5
    s.
    """
    settings = {**SESSION, "jit": "off", "application_name": "makewhole flow"}
    pool = await bounded_pool(dsn, size, settings, init=_take_role, reset=_nothing)
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await pool.close()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pool.terminate()


async def _take_role(connection: Any) -> None:
    await connection.execute(TAKE_ROLE, ROLE)


async def _nothing(connection: Any) -> None:
    """No reset at release: it would cost a round trip, and no session's settings are changed here."""
