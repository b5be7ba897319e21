"""Order status: how far an order is, until when it is protected, and what happened to its money (S23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text, any_, bindparam, column, func, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from dispute.domain.deadlines import DeadlineKind
from dispute.read_models import tables
from shared.events import dispute as disputes
from shared.events import order as orders
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.subscriptions.statements import compiled
from shared.subscriptions.upsert import upsert

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

NAME = "order_status"
TABLES = (tables.order_status, tables.order_status_lines)

_ORDERS, _LINES = tables.order_status, tables.order_status_lines
_FIND = compiled(select(_ORDERS).where(_ORDERS.c.order_id == bindparam("order_id")))
_FIND_LINES = compiled(select(_LINES).where(_LINES.c.order_id == bindparam("order_id")).order_by(_LINES.c.line_id))


async def project(connection: Connection, recorded: Recorded[Event]) -> None:  # noqa: C901 - one arm an event
    """Keeps the order's row and the rows of its lines; other streams are passed over."""
    if not recorded.stream.startswith("order-"):
        return
    match recorded.event:
        case orders.OrderRegistered() as event:
            await _register(connection, recorded, event)
        case orders.OrderPaid() as event:
            await _set(connection, recorded, paid_at=event.paid_at, **_end(event))
        case orders.OrderShipped() | orders.OrderDelivered() | orders.DeliveryCorrected() as event:
            await _set(connection, recorded, **_end(event))
        case orders.OrderFinished() as event:
            await _set(connection, recorded, **_end(event))
        case DeadlineMoved() as event:
            await _set(connection, recorded, **_moved(event))
        case orders.ProtectionExpired() as event:
            await _set(connection, recorded, expired=True, release_at=event.release_at)
        case orders.OrderCompleted():
            await _set(connection, recorded, completed=True)
        case event:
            await _set(connection, recorded)
            await _project_lines(connection, event)


async def find(pool: Pool, order_id: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]] | None:
    """The order's row and its lines' rows, by line id."""
    rows = await _FIND.fetch(pool, order_id=order_id)
    lines = await _FIND_LINES.fetch(pool, order_id=order_id)
    return (rows[0], lines) if rows else None


async def _project_lines(connection: Connection, event: Event) -> None:
    match event:
        case orders.PaymentHeld(dispute_id=dispute_id) if dispute_id:
            lines = [part.line_id for part in event.lines]
            await _HOLD.execute(connection, order_id=event.order_id, line_ids=lines, dispute_id=dispute_id)
        case orders.PaymentHoldLifted(dispute_id=dispute_id) if dispute_id:
            lines = list(event.lines)
            await _LIFT.execute(connection, order_id=event.order_id, line_ids=lines, dispute_id=dispute_id)
        case orders.PaymentReleased():
            amounts = _amounts(event.lines)
            await _RELEASE.execute(connection, order_id=event.order_id, dispute_id=event.dispute_id or "", **amounts)
        case disputes.RefundNoted(outcome=disputes.RefundOutcome.ISSUED):
            await _REFUND.execute(connection, order_id=event.order_id, **_amounts(event.lines))


# The lines of an event, each with its amount.
_PART = (
    func.unnest(bindparam("line_ids", type_=ARRAY(Text)), bindparam("amounts", type_=ARRAY(BigInteger)))
    .table_valued(column("line_id", Text), column("amount", BigInteger))
    .render_derived(name="part")
)
_OF_ORDER = update(_LINES).where(_LINES.c.order_id == bindparam("order_id"))
_OF_PART = _OF_ORDER.where(_LINES.c.line_id == _PART.c.line_id)
_DISPUTE: Any = bindparam("dispute_id", type_=Text)
_NAMED = _OF_ORDER.where(_LINES.c.line_id == any_(bindparam("line_ids", type_=ARRAY(Text))))
_HOLD = compiled(_NAMED.values(held_by=func.array_append(_LINES.c.held_by, _DISPUTE)))
_LIFT = compiled(_NAMED.values(held_by=func.array_remove(_LINES.c.held_by, _DISPUTE)))
_RELEASE = compiled(
    _OF_PART.values(
        released=func.coalesce(_LINES.c.released, literal_column("0")) + _PART.c.amount,
        held_by=func.array_remove(_LINES.c.held_by, _DISPUTE),
    )
)
_REFUND = compiled(_OF_PART.values(refunded=_LINES.c.refunded + _PART.c.amount))
_REGISTER = compiled(
    insert(_LINES).from_select(["order_id", "line_id", "cap"], select(bindparam("order_id", type_=Text), _PART))
)


async def _register(connection: Connection, recorded: Recorded[Event], event: orders.OrderRegistered) -> None:
    terms, amount = event.terms, event.payment.amount
    await _set(
        connection,
        recorded,
        buyer_id=event.buyer_id,
        seller_ids=sorted({event.seller_id, *(line.seller_id for line in event.lines)}),
        programme=terms.programme,
        currency=amount.currency,
        exponent=amount.exponent,
        placed_at=event.placed_at,
        promised_by=event.promised_by,
        **_end(event),
    )
    caps = {"line_ids": [line.line_id for line in event.lines], "amounts": [line.cap.minor for line in event.lines]}
    await _REGISTER.execute(connection, order_id=event.order_id, **caps)


async def _set(connection: Connection, recorded: Recorded[Event], **columns: Any) -> None:
    key = {"order_id": recorded.metadata.key}
    await upsert(connection, _ORDERS, key, version=recorded.version, position=recorded.position, **columns)


def _moved(event: DeadlineMoved) -> dict[str, Any]:
    match event.kind:
        case DeadlineKind.PROTECTION_END:
            return {"protection_ends_at": event.due_at, "expired": False, "release_at": None}
        case DeadlineKind.RELEASE:
            return {"release_at": event.due_at}
    return {}


def _end(event: Any) -> dict[str, Any]:
    return {"protection_ends_at": event.protection_ends_at} if event.protection_ends_at else {}


def _amounts(parts: Sequence[orders.LineAmount]) -> dict[str, Any]:
    return {"line_ids": [part.line_id for part in parts], "amounts": [part.amount.minor for part in parts]}
