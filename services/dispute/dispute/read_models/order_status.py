"""Order status: how far an order is, until when it is protected, and what happened to its money (S23)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from dispute.domain.deadlines import DeadlineKind
from dispute.read_models import clawbacks, tables
from shared.events import dispute as disputes
from shared.events import order as orders
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.events.mediation import ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackFailed
from shared.events.outside.chargeback import ExternalChargebackResolved
from shared.subscriptions.changes import Change, Computed, change, row_by_row, upsert
from shared.subscriptions.statements import compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "order_status"
TABLES = (tables.order_status, tables.order_status_lines, tables.goodwill_clawbacks)
STREAMS = ("order-",)

_ORDERS, _LINES = tables.order_status, tables.order_status_lines
_FIND = compiled(select(_ORDERS).where(_ORDERS.c.order_id == bindparam("order_id")))
_FIND_LINES = compiled(select(_LINES).where(_LINES.c.order_id == bindparam("order_id")).order_by(_LINES.c.line_id))


def changes(recorded: Recorded[Event]) -> Iterator[Change]:  # noqa: C901 - one arm an event
    """Keeps the order's row and the rows of its lines."""
    match recorded.event:
        case orders.OrderRegistered() as event:
            yield _register(recorded, event)
            for line in event.lines:
                cap = line.cap if line.captured is None else line.captured
                yield upsert(_LINES, event.order_id, line.line_id, sku=line.sku, cap=cap.minor)
        case orders.OrderPaid() as event:
            yield _set(recorded, paid_at=event.paid_at, **_end(event))
        case orders.OrderShipped() | orders.OrderDelivered() | orders.DeliveryCorrected() as event:
            yield _set(recorded, **_end(event))
        case orders.OrderFinished() as event:
            yield _set(recorded, **_end(event))
        case DeadlineMoved() as event:
            yield _set(recorded, **_moved(event))
        case orders.ProtectionExpired() as event:
            yield _set(recorded, expired=True, release_at=event.release_at)
        case orders.OrderCompleted():
            yield _set(recorded, completed=True)
        case event if isinstance(event, clawbacks.EVENTS):
            yield _set(recorded)
            yield from _given(event)
            yield from clawbacks.changes(recorded, tables.goodwill_clawbacks)
        case event:
            yield _set(recorded)
            yield from _lines(event)


project = row_by_row(changes, STREAMS)


async def find(pool: Pool, order_id: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]] | None:
    """The order's row and its lines' rows, by line id."""
    rows = await _FIND.fetch(pool, order_id=order_id)
    lines = await _FIND_LINES.fetch(pool, order_id=order_id)
    return (rows[0], lines) if rows else None


def _lines(event: Event) -> Iterator[Change]:
    match event:
        case orders.OrderCaptured():
            yield from _parts(event, _captured)
        case orders.PaymentHeld() if claimant := event.dispute_id or event.return_id:
            yield from _each(event.order_id, [part.line_id for part in event.lines], _held(claimant))
            yield from _each(event.order_id, event.paid_out, _asked_of_seller(claimant))
        case orders.PaymentHoldLifted() if claimant := event.dispute_id or event.return_id:
            yield from _each(event.order_id, event.lines, _lifted(claimant))
        case orders.PaymentReleased():
            yield from _parts(event, lambda part: _released(part, event))
        case ExternalChargebackResolved():
            yield from _parts(event, _charged_back)
        case disputes.RefundNoted(outcome=disputes.RefundOutcome.ISSUED | disputes.RefundOutcome.FOUND_PAID):
            yield from _parts(event, lambda part: _refunded(part, event.dispute_id))


def _given(event: Event) -> Iterator[Change]:
    """What a seller gives of what it was paid is asked of it, and is the seller's where it does not come (K19)."""
    match event:
        case ClawbackRequested():
            yield from _parts(event, partial(_asked, sign=1))
        case ClawbackFailed():
            yield from _parts(event, partial(_asked, sign=-1))


def _each(order_id: str, line_ids: Iterable[str], by: Computed) -> Iterator[Change]:
    return (change(_LINES, order_id, line_id, by=by) for line_id in line_ids)


def _parts(
    event: orders.OrderCaptured
    | orders.PaymentReleased
    | disputes.RefundNoted
    | ExternalChargebackResolved
    | ClawbackRequested
    | ClawbackFailed,
    by: Callable[[orders.LineAmount], Computed],
) -> Iterator[Change]:
    return (change(_LINES, event.order_id, part.line_id, by=by(part)) for part in event.lines)


def _captured(part: orders.LineAmount) -> Computed:
    return lambda line: {"cap": line["cap"] + part.amount.minor}


def _charged_back(part: orders.LineAmount) -> Computed:
    return lambda line: {"charged_back": line["charged_back"] + part.amount.minor}


def _asked(part: orders.LineAmount, sign: int) -> Computed:
    return lambda line: {"reclaimed": line["reclaimed"] + sign * part.amount.minor}


def _held(claimant: str) -> Computed:
    return lambda line: {"held_by": [*line["held_by"], claimant]}


def _lifted(claimant: str | None) -> Computed:
    return lambda line: {"held_by": [each for each in line["held_by"] if each != claimant]}


def _released(part: orders.LineAmount, event: orders.PaymentReleased) -> Computed:
    amount = part.amount.minor
    return lambda line: {
        "released": (line["released"] or 0) + amount,
        "reclaimed": line["reclaimed"] + (amount if event.clawback_id else 0),
        **_lifted(event.dispute_id)(line),
    }


def _asked_of_seller(claimant: str) -> Computed:
    return lambda line: {"asked_of_seller": [*line["asked_of_seller"], claimant]}


def _refunded(part: orders.LineAmount, dispute_id: str | None) -> Computed:
    amount = part.amount.minor
    return lambda line: {
        "refunded": line["refunded"] + amount,
        "reclaimed": line["reclaimed"] + (amount if dispute_id in line["asked_of_seller"] else 0),
    }


def _register(recorded: Recorded[Event], event: orders.OrderRegistered) -> Change:
    terms, amount = event.terms, event.payment.amount
    return _set(
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


def _set(recorded: Recorded[Event], **columns: Any) -> Change:
    return upsert(_ORDERS, recorded.metadata.key, version=recorded.version, position=recorded.position, **columns)


def _moved(event: DeadlineMoved) -> dict[str, Any]:
    match event.kind:
        case DeadlineKind.PROTECTION_END:
            return {"protection_ends_at": event.due_at, "expired": False, "release_at": None}
        case DeadlineKind.RELEASE:
            return {"release_at": event.due_at}
    return {}


def _end(event: Any) -> dict[str, Any]:
    return {"protection_ends_at": event.protection_ends_at} if event.protection_ends_at else {}
