"""Disputes: one row each, for lists and for the order's status (S53)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.progress import REFUND_STEPS, RETURN_STEPS, Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.read_models import mediation, tables
from shared.events import dispute as disputes
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.subscriptions.statements import Statement, compiled
from shared.subscriptions.upsert import update, upsert

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

NAME = "disputes"
TABLES = (tables.disputes,)
W = TypeVar("W", bound=StrEnum)


async def project(connection: Connection, recorded: Recorded[Event]) -> None:  # noqa: C901 - one arm an event
    """Keeps the dispute's row; other streams are passed over."""
    if not recorded.stream.startswith("dispute-"):
        return
    match recorded.event:
        case disputes.DisputeOpened() as event:
            await _open(connection, recorded, event)
        case disputes.SellerResponded() as event:
            until = {"answer_by": event.answer_by, "negotiate_until": event.negotiate_until}
            due_at = min(filter(None, until.values()), default=None)
            await _set(connection, recorded, state=DisputeState.AWAITING_BUYER, next_due_at=due_at, **until)
        case disputes.RequestModified() as event:
            asked = {"reason": event.reason, **_wanted(event.request), "next_due_at": event.respond_by}
            await _set(connection, recorded, state=DisputeState.AWAITING_SELLER, **asked)
        case disputes.SolutionReached() as event:
            await _set(connection, recorded, **_wanted(event.solution), **mediation.agreed(event))
        case disputes.Escalated() as event:
            anew = {"state": DisputeState.ESCALATED, "next_due_at": event.evidence_until, **mediation.ANEW}
            await _set(connection, recorded, **anew)
        case disputes.RefundDue() as event:
            due = {"fulfilment": Fulfilment.REFUND_PENDING, "refund_id": event.refund_id, "refund_outcome": None}
            await _set(connection, recorded, **due, proposed_until=None)
        case disputes.CancellationNoted() as event:
            settled = {"state": DisputeState.AGREED, "next_due_at": None, **mediation.NO_CASE}
            whole = {"solution_type": disputes.SolutionType.REFUND_ONLY, "amount": event.amount.minor}
            await _set(connection, recorded, **settled, **whole)
        case DeadlineMoved() as event:
            await _set(connection, recorded)
            await _move(connection, recorded, event)
        case disputes.ReturnDue() as event:
            await _set(connection, recorded, fulfilment=Fulfilment.RETURN_PENDING, return_id=event.return_id)
        case disputes.RefundNoted() as event:
            await _set(connection, recorded, **_step(REFUND_STEPS, event.outcome))
            await _note(connection, recorded, event)
        case disputes.ReturnNoted() as event:
            await _set(connection, recorded, return_event=event.source_event, **_returned(event.outcome))
        case disputes.DisputeClosed() as event:
            closed = {"close_reason": event.reason, "closed_at": event.closed_at, **mediation.came_to(event)}
            await _set(connection, recorded, state=DisputeState.CLOSED, next_due_at=None, **closed)
            await mediation.ground(connection, recorded, event)
        case event:
            await _set(connection, recorded, **mediation.mediated(event))
            await mediation.follow(connection, recorded)


async def _note(connection: Connection, recorded: Recorded[Event], event: disputes.RefundNoted) -> None:
    """The last word on the last refund, and the sum of all that were paid."""
    paid = event.amount.minor if event.outcome == disputes.RefundOutcome.ISSUED else 0
    dispute_id = recorded.stream.removeprefix("dispute-")
    outcome = event.outcome.value
    await _NOTED.execute(connection, moved_id=dispute_id, refund=event.refund_id, outcome=outcome, paid=paid)


async def _move(connection: Connection, recorded: Recorded[Event], event: DeadlineMoved) -> None:
    """Who is to act has more time, or less; a deadline that asks nobody now is not shown."""
    if move := _MOVES.get(event.kind):
        await move.execute(connection, moved_id=recorded.stream.removeprefix("dispute-"), due_at=event.due_at)


async def of_order(pool: Pool, order_id: str) -> Sequence[Mapping[str, Any]]:
    """The order's disputes, the oldest first."""
    return await _OF_ORDER.fetch(pool, order_id=order_id)


@dataclass(frozen=True, slots=True)
class DisputeFilter:
    """Which disputes a list shows; of nobody in particular where neither buyer nor seller is named, of either where
    both are.
    """

    order_id: str | None = None
    state: str | None = None
    due_before: datetime | None = None
    buyer_id: str | None = None
    seller_id: str | None = None
    before: Sequence[Any] | None = None


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
_DUE_AT = bindparam("due_at", type_=tables.INSTANT)


def _while(state: DisputeState, due_at: ColumnElement[Any]) -> ColumnElement[Any]:
    """The instant while who is asked by it is to act, else what stands."""
    return case((_ROWS.state == literal_column(f"'{state.value}'"), due_at), else_=_ROWS.next_due_at)


_OUTCOME, _PAID = bindparam("outcome", type_=Text), bindparam("paid", type_=BigInteger)
_ONE = tables.disputes.update().where(_ROWS.dispute_id == bindparam("moved_id"))
_MOVES: Mapping[str, Statement] = {
    DeadlineKind.SELLER_RESPONSE: compiled(_ONE.values(next_due_at=_while(DisputeState.AWAITING_SELLER, _DUE_AT))),
    DeadlineKind.BUYER_RESPONSE: compiled(
        _ONE.values(
            answer_by=_DUE_AT,
            next_due_at=_while(DisputeState.AWAITING_BUYER, func.least(_DUE_AT, _ROWS.negotiate_until)),
        )
    ),
    DeadlineKind.NEGOTIATION: compiled(
        _ONE.values(
            negotiate_until=_DUE_AT,
            next_due_at=_while(DisputeState.AWAITING_BUYER, func.least(_DUE_AT, _ROWS.answer_by)),
        )
    ),
    DeadlineKind.EVIDENCE: compiled(_ONE.values(next_due_at=_while(DisputeState.ESCALATED, _DUE_AT))),
    DeadlineKind.REVIEW: compiled(_ONE.values(next_due_at=_while(DisputeState.UNDER_REVIEW, _DUE_AT))),
    DeadlineKind.APPEAL: compiled(_ONE.values(next_due_at=_while(DisputeState.DECIDED, _DUE_AT))),
    DeadlineKind.APPEAL_REVIEW: compiled(_ONE.values(next_due_at=_while(DisputeState.APPEAL_REVIEW, _DUE_AT))),
}
_NOTED = compiled(
    _ONE.values(
        refund_outcome=case((_ROWS.refund_id == bindparam("refund"), _OUTCOME), else_=_ROWS.refund_outcome),
        refunded=case(
            (literal_column("0") < _PAID, func.coalesce(_ROWS.refunded, literal_column("0")) + _PAID),
            else_=_ROWS.refunded,
        ),
    )
)
_CONDITIONS = {
    "order_id": _ROWS.order_id == bindparam("order_id"),
    "state": _ROWS.state == bindparam("state"),
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


async def _open(connection: Connection, recorded: Recorded[Event], event: disputes.DisputeOpened) -> None:
    await upsert(
        connection,
        tables.disputes,
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
    if "state" in columns:  # what was proposed was proposed for the state before
        columns["proposed_until"] = None
    key = {"dispute_id": recorded.stream.removeprefix("dispute-")}
    await update(connection, tables.disputes, key, version=recorded.version, position=recorded.position, **columns)


def _wanted(solution: disputes.Solution) -> dict[str, Any]:
    return {"solution_type": solution.type, "amount": solution.amount.minor}


def _returned(outcome: disputes.ReturnOutcome) -> dict[str, Any]:
    return {"return_outcome": outcome, **_step(RETURN_STEPS, outcome)}


def _step(steps: Mapping[W, Fulfilment], outcome: W) -> dict[str, Fulfilment]:
    return {"fulfilment": steps[outcome]} if outcome in steps else {}
