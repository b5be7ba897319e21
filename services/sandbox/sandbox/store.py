"""The sandbox's database: the payment provider's books, the clock's position, the signing key."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from sandbox.clock import MICROSECOND, Setting
from sandbox.identity import SigningKey
from sandbox.psp import Answer, Capture, KeyReused, Payment, PaymentDiffers, RefundRequest, decline
from shared.events.base import wire_time
from shared.events.money import Money

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

CONNECTIONS = 16
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
SESSION = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
    "default_transaction_isolation": "read committed",
}

_CAPTURE = """
with new as (
    insert into payments (payment_id, order_id, captured, currency, exponent, at) values ($1, $2, $3, $4, $5, $6)
    on conflict (payment_id) do nothing returning *
)
insert into ledger (kind, order_id, payment_id, minor, currency, exponent, at)
select 'capture', order_id, payment_id, captured, currency, exponent, at from new returning at
"""
_PAYMENT = "select * from payments where payment_id = $1"
# One statement for the answer, the money and the books: all of it or, where the key is known, nothing.
_ANSWER = """
with answer as (
    insert into refunds (idempotency_key, request_hash, refund_id, payment_id, order_id, destination, minor, currency,
        exponent, declined, at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (idempotency_key) do nothing returning *
), paid as (
    update payments set refunded = refunded + answer.minor from answer
    where payments.payment_id = answer.payment_id and answer.declined is null
), booked as (
    insert into ledger (kind, order_id, payment_id, refund_id, idempotency_key, minor, currency, exponent, at)
    select 'refund', order_id, payment_id, refund_id, idempotency_key, minor, currency, exponent, at from answer
        where declined is null
)
select at from answer
"""


@dataclass(frozen=True, slots=True)
class Store:
    """The database behind one pool."""

    pool: Pool

    async def capture(self, capture: Capture, at: datetime) -> tuple[datetime, bool]:
        """Books the capture; answers when it was booked and whether that was before. Raises PaymentDiffers."""
        amount = capture.amount
        booked = await self.pool.fetchval(
            _CAPTURE, capture.payment_id, capture.order_id, amount.minor, amount.currency, amount.exponent, at
        )
        if booked:
            return booked, False
        row = await self.pool.fetchrow(_PAYMENT, capture.payment_id)
        if row is None or (row["order_id"], _money(row, "captured")) != (capture.order_id, amount):
            raise PaymentDiffers
        return row["at"], True

    async def refund(
        self, key: str, request: RefundRequest, at: datetime, forced: str | None = None
    ) -> tuple[Answer, bool]:
        """Pays or declines, once a key; answers what was answered first and whether that was before. Raises KeyReused.

        `forced` is the code of a decline that is wanted whatever the books say.
        """
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                # The lock makes the sum stand still; who waits for it reads what the one before has written.
                row = await connection.fetchrow(_PAYMENT + " for update", request.payment_id)
                answer = Answer(key, request, forced or decline(request, _payment(row)), at)
                if await connection.fetchval(_ANSWER, *_answer_row(answer)):
                    return answer, False
            return await self._first(connection, key, request), True

    async def _first(self, connection: Connection, key: str, request: RefundRequest) -> Answer:
        row = await connection.fetchrow("select * from refunds where idempotency_key = $1", key)
        if row is None or row["request_hash"] != request.fingerprint:
            raise KeyReused
        return _answer(row)

    async def refund_by_key(self, key: str) -> list[Answer]:
        """The refund that was asked for under this key, or nothing."""
        return [_answer(row) for row in await self.pool.fetch("select * from refunds where idempotency_key = $1", key)]

    async def attempts(self, refund_id: str) -> list[Answer]:
        """All that was ever answered about a refund, the oldest first."""
        return [
            _answer(row)
            for row in await self.pool.fetch("select * from refunds where refund_id = $1 order by id", refund_id)
        ]

    async def ledger(
        self, order_id: str | None, payment_id: str | None, after: int, limit: int, newest_first: bool = False
    ) -> list[dict[str, Any]]:
        """The movements of money, in the order of their booking."""
        wanted = {"order_id =": order_id, "payment_id =": payment_id, "id >": after}
        given = {condition: value for condition, value in wanted.items() if value is not None}
        # Only the conditions that are given, so that each query finds its index.
        where = " and ".join(f"{condition} ${place}" for place, condition in enumerate(given, 2))
        order = "desc" if newest_first else "asc"
        query = f"select * from ledger where {where} order by id {order} limit $1"  # noqa: S608  our own words only
        return [_line(row) for row in await self.pool.fetch(query, limit, *given.values())]

    async def setting(self) -> Setting:
        """The clock's position as it was kept last."""
        row = await self.pool.fetchrow("select offset_us, revision from clock")
        return Setting(timedelta(microseconds=row["offset_us"]), row["revision"])  # type: ignore[index]

    async def keep(self, setting: Setting) -> None:
        """Keeps the clock's next position; RuntimeError where another process has moved it."""
        statement = "update clock set offset_us = $1, revision = $2 where revision = $2 - 1"
        if await self.pool.execute(statement, setting.offset // MICROSECOND, setting.revision) != "UPDATE 1":
            raise RuntimeError("another sandbox moves the same clock")

    async def signing_key(self) -> SigningKey:
        """The kept key; made by the first process that asks."""
        new = SigningKey.generate()
        await self.pool.execute(
            "insert into signing_key (kid, private_pem) values ($1, $2) on conflict do nothing", new.kid, new.pem
        )
        return SigningKey.load(await self.pool.fetchval("select private_pem from signing_key"))


@contextlib.asynccontextmanager
async def open_store(dsn: str) -> AsyncIterator[Store]:
    """The store at this address; RuntimeError where the server would forget what it has acknowledged."""
    async with asyncpg.create_pool(
        dsn, min_size=2, max_size=CONNECTIONS, server_settings=SESSION, reset=_keep_session, command_timeout=10
    ) as pool:
        await _assert_durable(pool)
        yield Store(pool)


async def _keep_session(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Nothing to reset between two uses: no statement here changes the session, and the reset costs as much as a
    query.
    """


async def _assert_durable(pool: Pool) -> None:
    for name, value in DURABLE.items():
        if (found := await pool.fetchval("select current_setting($1)", name)) != value:
            raise RuntimeError(f"PostgreSQL runs with {name} = {found}: money is only safe with {value}")


def _money(row: asyncpg.Record, minor: str = "minor") -> Money:
    return Money(row[minor], row["currency"], row["exponent"])


def _payment(row: asyncpg.Record | None) -> Payment | None:
    return (
        None
        if row is None
        else Payment(row["payment_id"], row["order_id"], _money(row, "captured"), _money(row, "refunded"))
    )


def _answer_row(answer: Answer) -> tuple[Any, ...]:
    request, amount = answer.request, answer.request.amount
    ids = (
        answer.idempotency_key,
        request.fingerprint,
        request.refund_id,
        request.payment_id,
        request.order_id,
        request.destination,
    )
    return (*ids, amount.minor, amount.currency, amount.exponent, answer.declined, answer.at)


def _answer(row: asyncpg.Record) -> Answer:
    names = ("refund_id", "payment_id", "order_id", "destination")
    request = RefundRequest.model_construct(**{name: row[name] for name in names}, amount=_money(row))
    return Answer(row["idempotency_key"], request, row["declined"], row["at"])


def _line(row: asyncpg.Record) -> dict[str, Any]:
    ids = ("id", "kind", "order_id", "payment_id", "refund_id", "idempotency_key")
    money = _money(row)
    amount = {"amount": money.amount, "currency": money.currency}
    return {**{name: row[name] for name in ids}, "amount": amount, "at": wire_time(row["at"])}
