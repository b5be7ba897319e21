"""Disputes: one row each, for lists and for the order's status (S53)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, true, tuple_

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.progress import Fulfilment, after_note, after_step
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.refund import FOUND, PAID
from dispute.read_models import chargebacks, clawbacks, mediation, tables
from shared.events import dispute as disputes
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.subscriptions.changes import Change, Computed, change, row_by_row, update, upsert
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "disputes"
TABLES = (tables.disputes, tables.clawbacks)
STREAMS = ("dispute-",)


def changes(recorded: Recorded[Event]) -> Iterator[Change]:  # noqa: C901 - one arm an event
    """Keeps the dispute's row."""
    match recorded.event:
        case disputes.DisputeOpened() as event:
            yield _open(recorded, event)
        case disputes.SellerResponded() as event:
            until = {"answer_by": event.answer_by, "negotiate_until": event.negotiate_until}
            due_at = min(filter(None, until.values()), default=None)
            yield _set(recorded, state=DisputeState.AWAITING_BUYER, next_due_at=due_at, **until)
        case disputes.RequestModified() as event:
            asked = {"reason": event.reason, **_wanted(event.request), "next_due_at": event.respond_by}
            yield _set(recorded, state=DisputeState.AWAITING_SELLER, **asked)
        case disputes.SolutionReached() as event:
            yield _set(recorded, **_wanted(event.solution), **mediation.agreed(event))
        case disputes.Escalated() as event:
            yield _set(recorded, state=DisputeState.ESCALATED, **mediation.ANEW)
            yield change(tables.disputes, _id(recorded), by=chargebacks.acts_until(event.evidence_until))
        case disputes.RefundDue() as event:
            due = {"fulfilment": Fulfilment.REFUND_PENDING, "refund_id": event.refund_id, "refund_outcome": None}
            yield _set(recorded, **due, proposed_until=None)
        case disputes.CancellationNoted() as event:
            settled = {"state": DisputeState.AGREED, "next_due_at": None, **mediation.NO_CASE}
            whole = {"solution_type": disputes.SolutionType.REFUND_ONLY, "amount": event.amount.minor}
            yield _set(recorded, **settled, **whole)
        case DeadlineMoved() as event:
            yield _set(recorded)
            if move := _MOVES.get(event.kind):  # one that asks nobody now is not shown
                yield change(tables.disputes, _id(recorded), by=move(event.due_at))
        case ExternalChargebackOpened() | ExternalChargebackResolved() as event:
            yield _set(recorded)
            yield change(tables.disputes, _id(recorded), by=chargebacks.heard(event))
        case disputes.ReturnDue() as event:
            yield _set(recorded, fulfilment=Fulfilment.RETURN_PENDING, return_id=event.return_id)
        case disputes.RefundNoted() as event:
            yield _set(recorded)
            yield change(tables.disputes, _id(recorded), by=_noted(event))
        case disputes.ReturnNoted() as event:
            yield _set(recorded, return_event=event.source_event, return_outcome=event.outcome)
            yield change(tables.disputes, _id(recorded), by=_returned(event.outcome))
        case disputes.DisputeClosed() as event:
            closed = {"close_reason": event.reason, "closed_at": event.closed_at, **mediation.came_to(event)}
            yield _set(recorded, state=DisputeState.CLOSED, next_due_at=None, **closed)
            yield from mediation.ground(recorded, event)
        case event if isinstance(event, clawbacks.EVENTS):
            yield _set(recorded)
            yield from clawbacks.changes(recorded)
        case event:
            yield _set(recorded, **mediation.mediated(event))
            yield from mediation.follow(recorded)


project = row_by_row(changes, STREAMS)


def _noted(event: disputes.RefundNoted) -> Computed:
    """The last word on the last refund, how far the solution is with it, and the sum of all that were paid."""
    paid = event.amount.minor if event.outcome in PAID else 0

    def noted(row: Mapping[str, Any]) -> Mapping[str, Any]:
        is_last, refunded = row["refund_id"] == event.refund_id, (row["refunded"] or 0) + paid
        now = Fulfilment(row["fulfilment"])
        return {
            "fulfilment": after_note(now, event.outcome, is_last=is_last, is_paid=refunded > 0),
            **({"refund_outcome": event.outcome} if is_last and event.outcome not in FOUND else {}),
            **({"refunded": refunded} if paid > 0 else {}),
        }

    return noted


async def of_order(pool: Pool, order_id: str) -> Sequence[Mapping[str, Any]]:
    """The order's disputes, the oldest first."""
    return await _OF_ORDER.fetch(pool, order_id=order_id)


@dataclass(frozen=True, slots=True)
class DisputeFilter:
    """Which disputes a list shows; of nobody in particular where neither buyer nor seller is named, of either where
    both are. None that somebody is a party of who is `not` to look through them.
    """

    order_id: str | None = None
    state: str | None = None
    due_before: datetime | None = None
    buyer_id: str | None = None
    seller_id: str | None = None
    before: Sequence[Any] | None = None
    not_buyer_id: str | None = None
    not_seller_id: str | None = None


async def page(pool: Pool, wanted: DisputeFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest disputes first, from behind the one whose `opened_at` and `dispute_id` are `before`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: DisputeFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    given = {name: value for name in (*_CONDITIONS, *_PARTIES) if (value := getattr(wanted, name)) is not None}
    opened_at, dispute_id = wanted.before or (None, None)
    return _page(tuple(given)), {**given, "last_opened_at": opened_at, "last_dispute_id": dispute_id, "limit": limit}


_ROWS = tables.disputes.c
_OF_ORDER = compiled(
    select(tables.disputes).where(_ROWS.order_id == bindparam("order_id")).order_by(_ROWS.opened_at, _ROWS.dispute_id)
)


def _while(
    state: DisputeState, kept: str | None = None, or_sooner: str | None = None
) -> Callable[[datetime], Computed]:
    """Who is to act in this state has more time, or less; the instant is `kept` in a column of its own where it has
    one, and what is due is the other one where that comes sooner.
    """

    def moved(due_at: datetime) -> Computed:
        def by(row: Mapping[str, Any]) -> Mapping[str, Any]:
            due = min(due_at, row[or_sooner] or due_at) if or_sooner else due_at
            return {**({kept: due_at} if kept else {}), **({"next_due_at": due} if row["state"] == state else {})}

        return by

    return moved


_MOVES: Mapping[str, Callable[[datetime], Computed]] = {
    DeadlineKind.SELLER_RESPONSE: _while(DisputeState.AWAITING_SELLER),
    DeadlineKind.BUYER_RESPONSE: _while(DisputeState.AWAITING_BUYER, "answer_by", or_sooner="negotiate_until"),
    DeadlineKind.NEGOTIATION: _while(DisputeState.AWAITING_BUYER, "negotiate_until", or_sooner="answer_by"),
    DeadlineKind.EVIDENCE: _while(DisputeState.ESCALATED),
    DeadlineKind.REVIEW: _while(DisputeState.UNDER_REVIEW),
    DeadlineKind.APPEAL: _while(DisputeState.DECIDED),
    DeadlineKind.APPEAL_REVIEW: _while(DisputeState.APPEAL_REVIEW),
}
_CONDITIONS = {
    "order_id": _ROWS.order_id == bindparam("order_id"),
    "state": _ROWS.state == bindparam("state"),
    "not_buyer_id": _ROWS.buyer_id != bindparam("not_buyer_id"),
    "not_seller_id": _ROWS.seller_id != bindparam("not_seller_id"),
    "due_before": _ROWS.next_due_at < bindparam("due_before"),
    "before": tuple_(_ROWS.opened_at, _ROWS.dispute_id)
    < tuple_(bindparam("last_opened_at"), bindparam("last_dispute_id")),
}
_PARTIES = {
    "buyer_id": _ROWS.buyer_id == bindparam("buyer_id"),
    "seller_id": _ROWS.seller_id == bindparam("seller_id"),
}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    conditions = [condition for name, condition in _CONDITIONS.items() if name in given]
    parties = [party for name, party in _PARTIES.items() if name in given]
    return compiled(
        select(tables.disputes)
        .where(*conditions, or_(*parties) if parties else true())
        .order_by(_ROWS.opened_at.desc(), _ROWS.dispute_id.desc())
        .limit(bindparam("limit"))
    )


def _open(recorded: Recorded[Event], event: disputes.DisputeOpened) -> Change:
    return upsert(
        tables.disputes,
        event.dispute_id,
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


def _set(recorded: Recorded[Event], **columns: Any) -> Change:
    if "state" in columns:  # what was proposed was proposed for the state before
        columns["proposed_until"] = None
    return update(tables.disputes, _id(recorded), version=recorded.version, position=recorded.position, **columns)


def _id(recorded: Recorded[Event]) -> str:
    return recorded.stream.removeprefix("dispute-")


def _wanted(solution: disputes.Solution) -> dict[str, Any]:
    return {"solution_type": solution.type, "amount": solution.amount.minor}


def _returned(outcome: disputes.ReturnOutcome) -> Computed:
    return lambda row: {"fulfilment": after_step(Fulfilment(row["fulfilment"]), outcome)}
