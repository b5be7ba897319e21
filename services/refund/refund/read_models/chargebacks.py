"""Chargebacks: one row each, for "which are open" and "of which is the bank still to be told" (S103)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, tuple_

from refund.domain.payments.chargeback import ChargebackState
from refund.read_models import tables
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.outside import chargeback as events
from shared.subscriptions.changes import Change, update, upsert
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

DUE, CLOSED = "due", "closed"
"""Whether the bank is still to be told of a refund, or no more."""


def changes(recorded: Recorded[Event]) -> Iterator[Change]:
    """Keeps the chargebacks' rows; the projection is that of the refunds."""
    match recorded.event:
        case events.RefundsFrozen() as event:
            yield upsert(
                tables.chargebacks,
                event.chargeback_id,
                position=recorded.position,
                order_id=event.order_id,
                payment_id=event.payment_id,
                buyer_id=event.buyer_id,
                seller_id=event.seller_id,
                state=ChargebackState.OPEN,
                amount=event.amount.minor,
                currency=event.amount.currency,
                exponent=event.amount.exponent,
                reason_code=event.reason_code,
                opened_at=event.opened_at,
            )
        case events.RepresentmentDue() as event:
            yield _set(recorded, event.chargeback_id, representment=DUE)
            yield update(tables.refunds, event.refund_id, position=recorded.position)
        case events.RepresentmentClosed() as event:
            yield _set(recorded, event.chargeback_id, representment=DUE if event.left else CLOSED)
            yield update(tables.refunds, event.refund_id, position=recorded.position)
        case events.RefundsUnfrozen() as event:
            yield _set(recorded, event.chargeback_id, state=str(event.result), resolved_at=event.resolved_at)


def _set(recorded: Recorded[Event], chargeback_id: str, **columns: Any) -> Change:
    return update(tables.chargebacks, chargeback_id, position=recorded.position, **columns)


async def order_of(pool: Pool, chargeback_id: str) -> str | None:
    """The order whose payment's stream holds the chargeback."""
    rows = await _ORDER_OF.fetch(pool, chargeback_id=chargeback_id)
    return rows[0]["order_id"] if rows else None


@dataclass(frozen=True, slots=True)
class ChargebackFilter:
    """Which chargebacks a list shows; of any seller where none is named, and of none that somebody is a party of who is
    `not` to look through them.
    """

    order_id: str | None = None
    state: str | None = None
    representment: str | None = None
    seller_id: str | None = None
    before: Sequence[Any] | None = None
    not_buyer_id: str | None = None
    not_seller_id: str | None = None


async def page(pool: Pool, wanted: ChargebackFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest chargebacks first, from behind the one whose `opened_at` and `chargeback_id` are `before`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: ChargebackFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    opened_at, chargeback_id = wanted.before or (None, None)
    last = {"last_opened_at": opened_at, "last_chargeback_id": chargeback_id}
    return _page(tuple(given)), {**given, **last, "limit": limit}


_TABLE = tables.chargebacks
_ORDER_OF = compiled(select(_TABLE.c.order_id).where(_TABLE.c.chargeback_id == bindparam("chargeback_id")))
_CONDITIONS = {
    "order_id": _TABLE.c.order_id == bindparam("order_id"),
    "state": _TABLE.c.state == bindparam("state"),
    "representment": _TABLE.c.representment == bindparam("representment"),
    "not_buyer_id": _TABLE.c.buyer_id != bindparam("not_buyer_id"),
    "not_seller_id": _TABLE.c.seller_id != bindparam("not_seller_id"),
    "seller_id": _TABLE.c.seller_id == bindparam("seller_id"),
    "before": tuple_(_TABLE.c.opened_at, _TABLE.c.chargeback_id)
    < tuple_(bindparam("last_opened_at"), bindparam("last_chargeback_id")),
}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    return compiled(
        select(_TABLE)
        .where(*(condition for name, condition in _CONDITIONS.items() if name in given))
        .order_by(_TABLE.c.opened_at.desc(), _TABLE.c.chargeback_id.desc())
        .limit(bindparam("limit"))
    )
