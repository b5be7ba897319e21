"""Clawbacks: one row each, for "what is to be collected" and "what was lost" (K19). What sellers want to give of what
they were paid has a table of its own, which is the orders' (S20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, Text, all_, bindparam, literal_column, null, select, true, tuple_

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


def changes(recorded: Recorded[Event], table: Table = tables.clawbacks) -> Iterator[Change]:
    """Keeps the clawbacks' rows; the projection is that of the disputes, or of the orders."""
    match recorded.event:
        case ClawbackRequested() as event:
            yield upsert(
                table,
                event.clawback_id,
                position=recorded.position,
                **({"dispute_id": event.dispute_id} if event.dispute_id else {}),
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
            yield _end(recorded, table, event.clawback_id, ClawbackState.WITHDRAWN, ended_at=recorded.metadata.at)
        case ClawbackSettled() as event:
            told = {"ended_at": event.settled_at, "reason_code": event.reason_code}
            yield _end(recorded, table, event.clawback_id, ClawbackState.SETTLED, **told)
        case ClawbackFailed() as event:
            told = {"ended_at": event.failed_at, "reason_code": event.reason_code}
            yield _end(recorded, table, event.clawback_id, ClawbackState.FAILED, **told)


def _end(recorded: Recorded[Event], table: Table, clawback_id: str, state: ClawbackState, **columns: Any) -> Change:
    return update(table, clawback_id, position=recorded.position, state=state, **columns)


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
    found: list[Mapping[str, Any]] = []
    for of in (OF_DISPUTES, OF_GOODWILL):
        statement, values = query(wanted, limit, of)
        found += await statement.fetch(pool, **values)
    return sorted(found, key=lambda row: (row["asked_at"], row["clawback_id"]), reverse=True)[:limit]


@dataclass(frozen=True, slots=True)
class Source:
    """Where some of them stand, and beside them whose they are."""

    rows: Table
    beside: Table
    is_beside: ColumnElement[bool]
    more: tuple[ColumnElement[Any], ...]
    """Columns that the other table has."""
    not_sellers: ColumnElement[bool]

    def conditions(self) -> Mapping[str, ColumnElement[bool]]:
        """By member of a filter."""
        rows = self.rows.c
        return {
            "state": rows.state == bindparam("state"),
            "order_id": rows.order_id == bindparam("order_id"),
            "not_buyer_id": self.beside.c.buyer_id != bindparam("not_buyer_id"),
            "not_seller_id": self.not_sellers,
            "before": tuple_(rows.asked_at, rows.clawback_id)
            < tuple_(bindparam("last_asked_at"), bindparam("last_clawback_id")),
        }


_BACKS, _DISPUTES, _GIFTS, _ORDERS = tables.clawbacks, tables.disputes, tables.goodwill_clawbacks, tables.order_status
_CLOSED: ColumnElement[bool] = literal_column(f"disputes.state = '{DisputeState.CLOSED.value}'")
OF_DISPUTES = Source(
    _BACKS,
    _DISPUTES,
    _DISPUTES.c.dispute_id == _BACKS.c.dispute_id,
    (_CLOSED.label("is_closed"),),
    _DISPUTES.c.seller_id != bindparam("not_seller_id"),
)
OF_GOODWILL = Source(
    _GIFTS,
    _ORDERS,
    _ORDERS.c.order_id == _GIFTS.c.order_id,
    (null().label("dispute_id"), true().label("is_closed")),
    bindparam("not_seller_id", type_=Text) != all_(_ORDERS.c.seller_ids),
)


def query(wanted: ClawbackFilter, limit: int, of: Source) -> tuple[Statement, Mapping[str, Any]]:
    """The statement that finds those of one source, and its values."""
    given = {name: value for name in of.conditions() if (value := getattr(wanted, name)) is not None}
    asked_at, clawback_id = wanted.before or (None, None)
    last = {"last_asked_at": asked_at, "last_clawback_id": clawback_id}
    return _page(of, tuple(given)), {**given, **last, "limit": limit}


@cache
def _page(of: Source, given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    return compiled(
        select(of.rows, *of.more)
        .join(of.beside, of.is_beside)
        .where(*(condition for name, condition in of.conditions().items() if name in given))
        .order_by(of.rows.c.asked_at.desc(), of.rows.c.clawback_id.desc())
        .limit(bindparam("limit"))
    )
