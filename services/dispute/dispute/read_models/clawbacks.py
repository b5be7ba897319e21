"""Clawbacks: one row each, for "what is to be collected" and "what was lost" (K19)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, literal_column, select, tuple_

from dispute.domain.disputes.asked_back.clawbacks import OF_CLAWBACKS, ClawbackState
from dispute.domain.disputes.state import DisputeState
from dispute.read_models import tables
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackFailed, ClawbackSettled
from shared.subscriptions.changes import Change, update, upsert
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

EVENTS = tuple(OF_CLAWBACKS)


def changes(recorded: Recorded[Event]) -> Iterator[Change]:
    """Keeps the clawbacks' rows; the projection is that of the disputes."""
    match recorded.event:
        case ClawbackRequested() as event:
            yield upsert(
                tables.clawbacks,
                event.clawback_id,
                position=recorded.position,
                dispute_id=event.dispute_id,
                order_id=event.order_id,
                payment_id=event.payment_id,
                party=event.party,
                state=ClawbackState.REQUESTED,
                amount=event.amount.minor,
                currency=event.amount.currency,
                exponent=event.amount.exponent,
                asked_at=recorded.metadata.at,
            )
        case ClawbackNotDue() as event:
            yield _end(recorded, event.clawback_id, ClawbackState.WITHDRAWN, ended_at=recorded.metadata.at)
        case ClawbackSettled() as event:
            told = {"ended_at": event.settled_at, "reason_code": event.reason_code}
            yield _end(recorded, event.clawback_id, ClawbackState.SETTLED, **told)
        case ClawbackFailed() as event:
            told = {"ended_at": event.failed_at, "reason_code": event.reason_code}
            yield _end(recorded, event.clawback_id, ClawbackState.FAILED, **told)


def _end(recorded: Recorded[Event], clawback_id: str, state: ClawbackState, **columns: Any) -> Change:
    return update(tables.clawbacks, clawback_id, position=recorded.position, state=state, **columns)


@dataclass(frozen=True, slots=True)
class ClawbackFilter:
    """Which clawbacks a list shows; none that somebody is a party of who is `not` to look through them."""

    state: str | None = None
    order_id: str | None = None
    before: Sequence[Any] | None = None
    not_buyer_id: str | None = None
    not_seller_id: str | None = None


async def page(pool: Pool, wanted: ClawbackFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest clawbacks first, from behind the one whose `asked_at` and `clawback_id` are `before`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: ClawbackFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    asked_at, clawback_id = wanted.before or (None, None)
    last = {"last_asked_at": asked_at, "last_clawback_id": clawback_id}
    return _page(tuple(given)), {**given, **last, "limit": limit}


_ROWS, _DISPUTES = tables.clawbacks.c, tables.disputes.c
_CONDITIONS = {
    "state": _ROWS.state == bindparam("state"),
    "order_id": _ROWS.order_id == bindparam("order_id"),
    "not_buyer_id": _DISPUTES.buyer_id != bindparam("not_buyer_id"),
    "not_seller_id": _DISPUTES.seller_id != bindparam("not_seller_id"),
    "before": tuple_(_ROWS.asked_at, _ROWS.clawback_id)
    < tuple_(bindparam("last_asked_at"), bindparam("last_clawback_id")),
}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    closed: ColumnElement[bool] = literal_column(f"disputes.state = '{DisputeState.CLOSED.value}'").label("is_closed")
    return compiled(
        select(tables.clawbacks, closed)
        .join(tables.disputes, _DISPUTES.dispute_id == _ROWS.dispute_id)
        .where(*(condition for name, condition in _CONDITIONS.items() if name in given))
        .order_by(_ROWS.asked_at.desc(), _ROWS.clawback_id.desc())
        .limit(bindparam("limit"))
    )
