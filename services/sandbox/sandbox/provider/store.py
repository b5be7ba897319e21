"""The payment provider's books: captures, refunds and the ledger, in the sandbox's database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from sandbox.provider.payments import (
    BankWord,
    Capture,
    KeyReused,
    LedgerLine,
    Payment,
    PaymentDiffers,
    RefundRequest,
    RefundResult,
    decline,
)
from shared.events.money import Money

if TYPE_CHECKING:
    from sandbox.database import Pool

    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

_CAPTURE = """
with new as (
    insert into captures (payment_id, order_id, capture_id, minor, currency, exponent, at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (payment_id, order_id, capture_id) do nothing returning *
), share as (
    insert into payments (payment_id, order_id, captured, currency, exponent, at)
    select payment_id, order_id, minor, currency, exponent, at from new
    on conflict (payment_id, order_id) do update set captured = payments.captured + excluded.captured
)
insert into ledger (kind, order_id, payment_id, minor, currency, exponent, at)
select 'capture', order_id, payment_id, minor, currency, exponent, at from new returning at
"""
_CAPTURED = "select * from captures where payment_id = $1 and order_id = $2 and capture_id = $3"
_PAYMENT = "select * from payments where payment_id = $1 and order_id = $2"
_OF_OTHERS = "select exists (select 1 from payments where payment_id = $1)"
# One statement for the result, the money and the books: all of it or, where the key is known, nothing.
_REFUND = """
with result as (
    insert into refunds (idempotency_key, request_hash, refund_id, payment_id, order_id, destination, minor, currency,
        exponent, declined, at, pending)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    on conflict (idempotency_key) where not key_forgotten do nothing returning *
), paid as (
    update payments set refunded = refunded + result.minor from result
    where payments.payment_id = result.payment_id and payments.order_id = result.order_id and result.declined is null
), booked as (
    insert into ledger (kind, order_id, payment_id, refund_id, idempotency_key, destination, minor, currency, exponent,
        at)
    select 'refund', order_id, payment_id, refund_id, idempotency_key, destination, minor, currency, exponent, at
        from result
        where declined is null and not pending
)
select at from result
"""
# What comes back is the merchant's again, and may be paid anew under another key.
_BANK = """
with acted as (
    update refunds set bank = $2 where id = (
        select id from refunds
        where refund_id = $1 and declined is null and not pending and bank is distinct from 'returned'
        order by id desc limit 1) returning *
), back as (
    update payments set refunded = refunded - acted.minor from acted
    where payments.payment_id = acted.payment_id and payments.order_id = acted.order_id and acted.bank = 'returned'
), booked as (
    insert into ledger (kind, order_id, payment_id, refund_id, idempotency_key, destination, minor, currency, exponent,
        at)
    select 'return', order_id, payment_id, refund_id, idempotency_key, destination, minor, currency, exponent, $3
        from acted where bank = 'returned'
)
select * from acted
"""
_COMPLETE = """
with result as (
    update refunds set pending = false, declined = $2 where refund_id = $1 and pending returning *
), freed as (
    update payments set refunded = refunded - result.minor from result
    where payments.payment_id = result.payment_id and payments.order_id = result.order_id
    and result.declined is not null
), booked as (
    insert into ledger (kind, order_id, payment_id, refund_id, idempotency_key, destination, minor, currency, exponent,
        at)
    select 'refund', order_id, payment_id, refund_id, idempotency_key, destination, minor, currency, exponent, $3
        from result
        where declined is null
)
select * from result
"""
# Real time: what goes by the domain's clock would forget a call that is under way while the clock is moved.
_FORGET = """
update refunds set key_forgotten = true
where idempotency_key = $1 and not key_forgotten and asked_at < clock_timestamp() - interval '24 hours'
"""
_BY_KEY = """
select * from refunds where idempotency_key = $1 and not key_forgotten
and asked_at >= clock_timestamp() - interval '24 hours'
"""


@dataclass(frozen=True, slots=True)
class ProviderStore:
    """The books behind one pool."""

    pool: Pool

    async def capture(self, capture: Capture, at: datetime) -> tuple[datetime, bool]:
        """Books the capture, once each: when that was, and whether this is a repeat. Raises PaymentDiffers."""
        amount = capture.amount
        names = (capture.payment_id, capture.order_id, capture.capture_id or "")
        share = await self.pool.fetchrow(_PAYMENT, *names[:2])
        if share and not _money(share, "captured").same_currency(amount):
            raise PaymentDiffers
        booked = await self.pool.fetchval(_CAPTURE, *names, amount.minor, amount.currency, amount.exponent, at)
        if booked:
            return booked, False
        row = await self.pool.fetchrow(_CAPTURED, *names)
        if row is None or _money(row) != amount:
            raise PaymentDiffers
        return row["at"], True

    async def refund(
        self, key: str, request: RefundRequest, at: datetime, forced: str | None = None, pending: bool = False
    ) -> tuple[RefundResult, bool]:
        """Pays or declines, once a key: the key's first result, and whether it is a repeat. Raises KeyReused.

        After 24 hours a key is forgotten, and pays once more.

        `forced` is the code of a decline that is wanted whatever the books say; `pending` takes the money from what is
        left of the payment and books it later.
        """
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                # The lock makes the sum stand still; who waits for it reads what the one before has written.
                row = await connection.fetchrow(_PAYMENT + " for update", request.payment_id, request.order_id)
                await connection.execute(_FORGET, key)
                is_known = row is not None or await connection.fetchval(_OF_OTHERS, request.payment_id)
                declined = forced or decline(request, _payment(row) if is_known else None)
                result = RefundResult(key, request, declined, at, pending=pending and not declined)
                if await connection.fetchval(_REFUND, *_refund_row(result)):
                    return result, False
            return await self._first_result(connection, key, request), True

    async def _first_result(self, connection: Connection, key: str, request: RefundRequest) -> RefundResult:
        row = await connection.fetchrow(_BY_KEY, key)
        if row is None or row["request_hash"] != request.fingerprint:
            raise KeyReused
        return _refund(row)

    async def refund_by_key(self, key: str) -> list[RefundResult]:
        """The refund that was asked for under this key, or nothing: also where the key is forgotten."""
        return [_refund(row) for row in await self.pool.fetch(_BY_KEY, key)]

    async def complete(self, refund_id: str, declined: str | None, at: datetime) -> RefundResult | None:
        """What was pending of the refund is paid now, or refused; None where nothing was."""
        row = await self.pool.fetchrow(_COMPLETE, refund_id, declined, at)
        return _refund(row) if row else None

    async def attempts(self, refund_id: str) -> list[RefundResult]:
        """Every result of a refund, one for each key, the oldest first."""
        return [
            _refund(row)
            for row in await self.pool.fetch("select * from refunds where refund_id = $1 order by id", refund_id)
        ]

    async def bank_acts(self, refund_id: str, word: BankWord, at: datetime) -> RefundResult | None:
        """The bank credits what went last of this refund, or sends it back; None where nothing is with it."""
        row = await self.pool.fetchrow(_BANK, refund_id, word, at)
        return _refund(row) if row else None

    async def day(self, begin: datetime, end: datetime) -> list[LedgerLine]:
        """The movements of money from an instant to before another, in the order of their booking."""
        rows = await self.pool.fetch("select * from ledger where at >= $1 and at < $2 order by id", begin, end)
        return [_line(row) for row in rows]

    async def ledger(
        self, order_id: str | None, payment_id: str | None, after: int, limit: int, newest_first: bool = False
    ) -> list[LedgerLine]:
        """The movements of money, in the order of their booking."""
        conditions = {"order_id =": order_id, "payment_id =": payment_id, "id >": after}
        given = {condition: value for condition, value in conditions.items() if value is not None}
        # Only the conditions that are given, so that each query finds its index.
        where = " and ".join(f"{condition} ${place}" for place, condition in enumerate(given, 2))
        order = "desc" if newest_first else "asc"
        query = f"select * from ledger where {where} order by id {order} limit $1"  # noqa: S608  our own words only
        return [_line(row) for row in await self.pool.fetch(query, limit, *given.values())]


def _money(row: asyncpg.Record, minor: str = "minor") -> Money:
    return Money(row[minor], row["currency"], row["exponent"])


def _payment(row: asyncpg.Record | None) -> Payment:
    return Payment(_money(row, "captured"), _money(row, "refunded")) if row else Payment(None)


def _refund_row(result: RefundResult) -> tuple[Any, ...]:
    request, amount = result.request, result.request.amount
    ids = (
        result.idempotency_key,
        request.fingerprint,
        request.refund_id,
        request.payment_id,
        request.order_id,
        request.destination,
    )
    return (*ids, amount.minor, amount.currency, amount.exponent, result.declined, result.at, result.pending)


def _refund(row: asyncpg.Record) -> RefundResult:
    names = ("refund_id", "payment_id", "order_id", "destination")
    request = RefundRequest.model_construct(**{name: row[name] for name in names}, amount=_money(row))
    return RefundResult(row["idempotency_key"], request, row["declined"], row["at"], row["bank"], row["pending"])


def _line(row: asyncpg.Record) -> LedgerLine:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "order_id": row["order_id"],
        "payment_id": row["payment_id"],
        "refund_id": row["refund_id"],
        "idempotency_key": row["idempotency_key"],
        "destination": row["destination"],
        "amount": _money(row),
        "at": row["at"],
    }
