"""Disputes: one row each, for lists and for the order's status (S53)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from dispute.domain.dispute import REFUND_STEPS, RETURN_STEPS, DisputeState, Fulfilment
from shared.events import dispute as disputes
from shared.events.base import Event, Recorded
from shared.subscriptions.upsert import update, upsert

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

NAME = "disputes"
W = TypeVar("W", bound=StrEnum)


async def project(connection: Connection, recorded: Recorded[Event]) -> None:  # noqa: C901 - one arm an event
    """Keeps the dispute's row; other streams are passed over."""
    if not recorded.stream.startswith("dispute-"):
        return
    match recorded.event:
        case disputes.DisputeOpened() as event:
            await _open(connection, recorded, event)
        case disputes.SellerResponded() as event:
            await _set(connection, recorded, state=DisputeState.AWAITING_BUYER, next_due_at=event.answer_by)
        case disputes.RequestModified() as event:
            ask = {"reason": event.reason, "solution_type": event.request.type, "amount": event.request.amount.minor}
            await _set(connection, recorded, state=DisputeState.AWAITING_SELLER, next_due_at=event.respond_by, **ask)
        case disputes.SolutionReached() as event:
            what = {"solution_type": event.solution.type, "amount": event.solution.amount.minor}
            await _set(connection, recorded, state=DisputeState.AGREED, next_due_at=None, **what)
        case disputes.Escalated() as event:
            await _set(connection, recorded, state=DisputeState.ESCALATED, next_due_at=event.evidence_until)
        case disputes.RefundDue() as event:
            await _set(
                connection,
                recorded,
                fulfilment=Fulfilment.REFUND_PENDING,
                refund_id=event.refund_id,
                refund_outcome=None,
            )
        case disputes.ReturnDue() as event:
            await _set(connection, recorded, fulfilment=Fulfilment.RETURN_PENDING, return_id=event.return_id)
        case disputes.RefundNoted() as event:
            paid = {"refunded": event.amount.minor} if event.outcome == disputes.RefundOutcome.ISSUED else {}
            step = _step(REFUND_STEPS, event.outcome)
            await _set(connection, recorded, refund_outcome=event.outcome, **step, **paid)
        case disputes.ReturnNoted() as event:
            await _set(connection, recorded, return_outcome=event.outcome, **_step(RETURN_STEPS, event.outcome))
        case disputes.DisputeClosed() as event:
            end = {"close_reason": event.reason, "closed_at": event.closed_at}
            await _set(connection, recorded, state=DisputeState.CLOSED, next_due_at=None, **end)
        case _:
            await _set(connection, recorded)


async def of_order(pool: Pool, order_id: str) -> Sequence[Mapping[str, Any]]:
    """The order's disputes, the oldest first."""
    rows = await pool.fetch("select * from disputes where order_id = $1 order by opened_at, dispute_id", order_id)
    return [dict(row) for row in rows]


async def page(
    pool: Pool,
    *,
    limit: int,
    before: Sequence[Any] | None,
    buyer_id: str | None = None,
    seller_id: str | None = None,
    order_id: str | None = None,
    state: str | None = None,
    due_before: datetime | None = None,
) -> Sequence[Mapping[str, Any]]:
    """The newest disputes first, from after `before` = (opened_at, dispute_id) of the last one seen; a party is either
    side's.
    """
    at, dispute_id = before or (None, None)
    rows = await pool.fetch(_PAGE, buyer_id, seller_id, order_id, state, due_before, at, dispute_id, limit)
    return [dict(row) for row in rows]


_PAGE = """
select * from disputes
where (($1::text is null and $2::text is null) or buyer_id = $1 or seller_id = $2)
and ($3::text is null or order_id = $3) and ($4::text is null or state = $4)
    and ($5::timestamptz is null or next_due_at < $5)
and ($6::timestamptz is null or (opened_at, dispute_id) < ($6, $7))
order by opened_at desc, dispute_id desc limit $8
"""


async def _open(connection: Connection, recorded: Recorded[Event], event: disputes.DisputeOpened) -> None:
    await upsert(
        connection,
        "disputes",
        {"dispute_id": event.dispute_id},
        version=recorded.version,
        position=recorded.position,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        state=DisputeState.AWAITING_SELLER,
        fulfilment=Fulfilment.NONE,
        reason=event.reason,
        solution_type=event.request.type,
        amount=event.request.amount.minor,
        currency=event.request.amount.currency,
        exponent=event.request.amount.exponent,
        opened_at=event.opened_at,
        next_due_at=event.respond_by,
    )


async def _set(connection: Connection, recorded: Recorded[Event], **columns: Any) -> None:
    key = {"dispute_id": recorded.stream.removeprefix("dispute-")}
    await update(connection, "disputes", key, version=recorded.version, position=recorded.position, **columns)


def _step(steps: Mapping[W, Fulfilment], outcome: W) -> dict[str, Fulfilment]:
    return {"fulfilment": steps[outcome]} if outcome in steps else {}
