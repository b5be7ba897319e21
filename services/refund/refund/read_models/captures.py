"""Captures: which orders a payment was captured for, by the name that the provider knows it under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from refund.read_models import tables
from shared.subscriptions.statements import compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


class Capture(NamedTuple):
    """What was captured of a payment for an order."""

    payment_id: str
    order_id: str


async def of_payment(pool: Pool, payment_ids: Sequence[str]) -> Sequence[Capture]:
    """The orders that a payment of one of these names was captured for: two, where there are many."""
    rows = await _OF_PAYMENT.fetch(pool, payment_ids=payment_ids, limit=2)
    return [Capture(row["payment_id"], row["order_id"]) for row in rows]


_CAPTURES = tables.captures
_OF_PAYMENT = compiled(
    select(_CAPTURES)
    .where(_CAPTURES.c.payment_id == any_(bindparam("payment_ids", type_=ARRAY(Text))))
    .limit(bindparam("limit"))
)
