"""Order status: how far an order is, until when it is protected, and what happened to its money (S23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dispute.domain.order import PROTECTION_END
from shared.events import dispute as disputes
from shared.events import order as orders
from shared.events.base import Event, Recorded
from shared.subscriptions.upsert import upsert

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

NAME = "order_status"


async def project(connection: Connection, recorded: Recorded[Event]) -> None:  # noqa: C901 - one arm an event
    """Keeps the order's row and the rows of its lines; other streams are passed over."""
    if not recorded.stream.startswith("order-"):
        return
    match recorded.event:
        case orders.OrderRegistered() as event:
            await _register(connection, recorded, event)
        case orders.OrderPaid() as event:
            await _set(connection, recorded, paid_at=event.paid_at, **_end(event))
        case orders.OrderShipped() as event:
            await _set(connection, recorded, shipped_at=event.shipped_at, **_end(event))
        case orders.OrderDelivered() | orders.DeliveryCorrected() as event:
            await _set(connection, recorded, delivered_at=event.delivered_at, **_end(event))
        case orders.OrderFinished() as event:
            await _set(connection, recorded, finished_at=event.finished_at, **_end(event))
        case orders.DeadlineMoved(kind=kind) as event if kind == PROTECTION_END:
            await _set(connection, recorded, protection_ends_at=event.due_at)
        case orders.OrderCarrierLost() as event:
            await _set(connection, recorded, lost_at=event.lost_at)
        case orders.OrderCancelled() as event:
            await _set(connection, recorded, cancelled_at=event.cancelled_at)
        case orders.ProtectionExpired() as event:
            await _set(connection, recorded, expired=True, release_at=event.release_at)
        case orders.OrderCompleted():
            await _set(connection, recorded, completed=True)
        case event:
            await _set(connection, recorded)
            await _project_lines(connection, event)


async def find(pool: Pool, order_id: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]] | None:
    """The order's row and its lines' rows, by line id."""
    row = await pool.fetchrow("select * from order_status where order_id = $1", order_id)
    lines = await pool.fetch("select * from order_status_lines where order_id = $1 order by line_id", order_id)
    return (dict(row), [dict(line) for line in lines]) if row else None


async def _project_lines(connection: Connection, event: Event) -> None:
    match event:
        case orders.PaymentHeld():
            await connection.execute(_HOLD, event.order_id, list(event.lines), event.dispute_id)
        case orders.PaymentHoldLifted():
            await connection.execute(_HOLD, event.order_id, list(event.lines), None)
        case orders.PaymentReleased():
            await connection.execute(_RELEASE, event.order_id, *_amounts(event.lines))
        case disputes.RefundNoted(outcome=disputes.RefundOutcome.ISSUED):
            await connection.execute(_REFUND, event.order_id, *_amounts(event.lines))


_HOLD = "update order_status_lines set held_by = $3 where order_id = $1 and line_id = any($2::text[])"
_RELEASE = """
update order_status_lines line set released = part.amount, held_by = null
from unnest($2::text[], $3::bigint[]) as part (line_id, amount) where line.order_id = $1 and line.line_id = part.line_id
"""
_REFUND = """
update order_status_lines line set refunded = line.refunded + part.amount
from unnest($2::text[], $3::bigint[]) as part (line_id, amount) where line.order_id = $1 and line.line_id = part.line_id
"""
_LINE = "insert into order_status_lines (order_id, line_id, cap) select $1, * from unnest($2::text[], $3::bigint[])"


async def _register(connection: Connection, recorded: Recorded[Event], event: orders.OrderRegistered) -> None:
    terms, amount = event.terms, event.payment.amount
    await _set(
        connection,
        recorded,
        buyer_id=event.buyer_id,
        seller_ids=sorted({event.seller_id, *(line.seller_id for line in event.lines)}),
        programme=terms.programme,
        timezone=terms.timezone,
        opens_after_shipment_days=terms.opens_after_shipment_days,
        currency=amount.currency,
        exponent=amount.exponent,
        placed_at=event.placed_at,
        promised_by=event.promised_by,
        **_end(event),
    )
    caps = [(line.line_id, line.cap.minor) for line in event.lines]
    await connection.execute(_LINE, event.order_id, *map(list, zip(*caps, strict=True)))


async def _set(connection: Connection, recorded: Recorded[Event], **columns: Any) -> None:
    key = {"order_id": recorded.metadata.key}
    await upsert(connection, NAME, key, version=recorded.version, position=recorded.position, **columns)


def _end(event: Any) -> dict[str, Any]:
    return {"protection_ends_at": event.protection_ends_at} if event.protection_ends_at else {}


def _amounts(parts: Sequence[orders.LineAmount]) -> tuple[list[str], list[int]]:
    return [part.line_id for part in parts], [part.amount.minor for part in parts]
