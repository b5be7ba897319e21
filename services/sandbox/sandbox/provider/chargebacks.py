"""Chargebacks on demand: a buyer's bank takes money back from the provider, and decides (S103).

The bank's rail is not the provider's: what was refunded does not stop it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from fastapi import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from sandbox.provider.payments import Amount
from shared.events.base import Instant, Message
from shared.events.fields import ShortText
from shared.events.money import Money
from shared.events.outside.ids import Id
from shared.http.problems import Refusal
from shared.http.request.body import example
from shared.http.responses import query_response
from shared.http.routing import Router

if TYPE_CHECKING:
    from sandbox.database import Pool

Result = Literal["buyer_paid", "buyer_not_paid"]

router = Router("payment provider's chargebacks")

_OPEN = """
with paid as (
    select * from payments where payment_id = $1 and currency = $3 and order_id = $6
), opened as (
    insert into chargebacks (chargeback_id, payment_id, order_id, minor, currency, exponent, reason_code, at)
    select 'cb-' || $1 || '-' || (select count(*) + 1 from chargebacks where payment_id = $1), payment_id, order_id, $2,
        currency, exponent, $4, $5 from paid returning *
), booked as (
    insert into ledger (kind, order_id, payment_id, minor, currency, exponent, at)
    select 'chargeback', order_id, payment_id, minor, currency, exponent, at from opened
)
select * from opened
"""
_DECIDE = """
with decided as (
    update chargebacks set result = $2, decided_at = $3 where chargeback_id = $1 and result is null returning *
), booked as (
    insert into ledger (kind, order_id, payment_id, minor, currency, exponent, at)
    select 'chargeback_reversed', order_id, payment_id, minor, currency, exponent, $3 from decided
    where $2 = 'buyer_not_paid'
)
select * from decided
"""


class ChargebackRequest(Message):
    """A bank takes this much of a payment back; without its name the payment is called as its order."""

    model_config = example(order_id="order-1001", amount={"amount": "68.00", "currency": "USD"}, reason_code="13.1")

    order_id: Id
    payment_id: Id | None = None
    amount: Amount
    reason_code: ShortText | None = None


class ResultRequest(Message):
    """What the bank has decided."""

    model_config = example(result="buyer_not_paid")

    result: Result


class ChargebackView(TypedDict):
    """A chargeback in the provider's books; `result` once the bank has decided."""

    id: str
    order_id: str
    payment_id: str
    amount: Money
    reason_code: str | None
    at: Instant
    result: Result | None
    decided_at: Instant | None


@dataclass(frozen=True, slots=True)
class ChargebackStore:
    """The books behind one pool."""

    pool: Pool

    async def open(self, request: ChargebackRequest, at: datetime) -> ChargebackView | None:
        """Books it; None where there is no such payment."""
        amount, payment_id = request.amount, request.payment_id or request.order_id
        asked = (payment_id, amount.minor, amount.currency, request.reason_code, at, request.order_id)
        row = await self.pool.fetchrow(_OPEN, *asked)
        return _view(row) if row else None

    async def decide(self, chargeback_id: str, result: Result, at: datetime) -> ChargebackView | None:
        """The bank's first word stands; None where there is no such chargeback."""
        row = await self.pool.fetchrow(_DECIDE, chargeback_id, result, at)
        row = row or await self.pool.fetchrow("select * from chargebacks where chargeback_id = $1", chargeback_id)
        return _view(row) if row else None


@router.post("/psp/chargebacks", status_code=201, response_model=ChargebackView)
async def open_chargeback(request: Request, body: ChargebackRequest) -> Response:
    """A buyer's bank takes money of a payment back, whatever was refunded of it; the provider sends word of it."""
    opened = await _store(request).open(body, _simulators(request).clock.now())
    if opened is None:
        raise Refusal("not_found", "No such payment was captured in this currency.")
    _simulators(request).webhooks.tell_of_chargeback(opened)
    return query_response(opened, status=201)


@router.post("/psp/chargebacks/{chargeback_id}/result", response_model=ChargebackView)
async def decide_chargeback(request: Request, chargeback_id: str, body: ResultRequest) -> Response:
    """The bank decides: the buyer keeps the money, or it comes back; the provider sends word of it."""
    decided = await _store(request).decide(chargeback_id, body.result, _simulators(request).clock.now())
    if decided is None:
        raise Refusal("not_found", "There is no such chargeback.")
    _simulators(request).webhooks.tell_of_chargeback(decided)
    return query_response(decided)


def _view(row: Any) -> ChargebackView:
    return {
        "id": row["chargeback_id"],
        "order_id": row["order_id"],
        "payment_id": row["payment_id"],
        "amount": Money(row["minor"], row["currency"], row["exponent"]),
        "reason_code": row["reason_code"],
        "at": row["at"],
        "result": row["result"],
        "decided_at": row["decided_at"],
    }


def _simulators(request: Request) -> Any:
    return request.app.state.simulators


def _store(request: Request) -> ChargebackStore:
    return ChargebackStore(_simulators(request).provider.pool)
