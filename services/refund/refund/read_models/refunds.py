"""Refunds: one row each, for "where is my money" by order and by dispute (S64), and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refund.domain.payment import RefundStatus
from shared.events import refund as refunds
from shared.events.base import Event, Recorded
from shared.subscriptions.upsert import update, upsert

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

NAME = "refunds"


async def project(connection: Connection, recorded: Recorded[Event]) -> None:  # noqa: C901 - one arm an event
    """Keeps the payment's row and the rows of its refunds."""
    match recorded.event:
        case refunds.PaymentCaptured() as event:
            parties = {"buyer_id": event.buyer_id, "seller_id": event.seller_id}
            await upsert(
                connection,
                "payments",
                {"order_id": event.order_id},
                payment_id=event.payment_id,
                method=event.method,
                **parties,
            )
        case refunds.RefundRequested() as event:
            await _begin(
                connection,
                recorded,
                event,
                status=RefundStatus.REQUESTED,
                source=event.source,
                seller_id=event.seller_id,
            )
        case refunds.RefundRefused() as event:
            await _begin(connection, recorded, event, status=RefundStatus.REFUSED, reason=event.reason)
        case refunds.RefundApproved() as event:
            await _set(
                connection, recorded, event.refund_id, status=RefundStatus.APPROVED, destination=event.destination
            )
        case refunds.RefundIssued() as event:
            window = {"expected_from": event.expected_from, "expected_until": event.expected_until}
            await _set(
                connection,
                recorded,
                event.refund_id,
                status=RefundStatus.ISSUED,
                issued_at=event.issued_at,
                retry_at=None,
                **window,
            )
        case refunds.RefundFailed() as event:
            failure = {"failures": event.failures, "reason": event.reason, "retry_at": event.retry_at}
            await _set(connection, recorded, event.refund_id, status=RefundStatus.FAILED, **failure)
        case refunds.RefundRetried() as event:
            await _set(connection, recorded, event.refund_id, status=RefundStatus.APPROVED, retry_at=None)
        case refunds.RefundSentToManual() as event:
            await _set(connection, recorded, event.refund_id, status=RefundStatus.MANUAL, retry_at=None)
        case refunds.RefundSettled() as event:
            await _set(connection, recorded, event.refund_id, status=RefundStatus.SETTLED, settled_at=event.settled_at)


async def _begin(
    connection: Connection,
    recorded: Recorded[Event],
    event: refunds.RefundRequested | refunds.RefundRefused,
    **columns: Any,
) -> None:
    await upsert(
        connection,
        NAME,
        {"refund_id": event.refund_id},
        first_position=recorded.position,
        position=recorded.position,
        order_id=event.order_id,
        dispute_id=event.dispute_id,
        amount=event.amount.minor,
        currency=event.amount.currency,
        exponent=event.amount.exponent,
        asked_at=recorded.metadata.at,
        **columns,
    )


async def _set(connection: Connection, recorded: Recorded[Event], refund_id: str, **columns: Any) -> None:
    await update(connection, NAME, {"refund_id": refund_id}, position=recorded.position, **columns)


async def order_of(pool: Pool, refund_id: str) -> str | None:
    """The order whose payment's stream holds the refund."""
    order_id: str | None = await pool.fetchval("select order_id from refunds where refund_id = $1", refund_id)
    return order_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which refunds a list shows; of nobody in particular where neither buyer nor seller is named, of either where both
    are.
    """

    order_id: str | None = None
    dispute_id: str | None = None
    buyer_id: str | None = None
    seller_id: str | None = None
    before: int | None = None


async def page(pool: Pool, wanted: Wanted, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest refunds first, from behind the one whose `first_position` is `before`."""
    statement, arguments = query(wanted, limit)
    return [dict(row) for row in await pool.fetch(statement, *arguments)]


def query(wanted: Wanted, limit: int) -> tuple[str, tuple[Any, ...]]:
    """The statement behind `page`, and its arguments."""
    given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    return _page(tuple(given)), (limit, *given.values())


_CONDITIONS = {
    "order_id": "r.order_id = {}",
    "dispute_id": "r.dispute_id = {}",
    "before": "r.first_position < {}",
    "buyer_id": "",
    "seller_id": "",
}

# A refund that names no seller is the payment's seller's; each half finds its index.
_PARTIES = {
    "buyer_id": "p.buyer_id = {0}",
    "seller_id": """r.refund_id in (
        select refund_id from refunds where seller_id = {0}
        union all
        select refund_id from payments join refunds using (order_id) where payments.seller_id = {0}
            and refunds.seller_id is null
    )""",
}


def _page(given: tuple[str, ...]) -> str:
    # Only the conditions that are given, so that each query finds its index.
    places = {name: f"${place}" for place, name in enumerate(given, 2)}
    plain = [_CONDITIONS[name].format(place) for name, place in places.items() if _CONDITIONS[name]]
    party = " or ".join(condition.format(places[name]) for name, condition in _PARTIES.items() if name in places)
    where = " and ".join([*plain, *([f"({party})"] if party else []), "true"])
    found = f"from refunds r left join payments p using (order_id) where {where}"
    return f"select r.* {found} order by r.first_position desc limit $1"
