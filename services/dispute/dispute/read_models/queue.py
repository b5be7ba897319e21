"""Queue of the case team: what waits for a review, by due time; rows of the disputes' table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, select, tuple_

from dispute.domain.disputes.state import DisputeState
from dispute.read_models import tables
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

STATES = (DisputeState.ESCALATED, DisputeState.UNDER_REVIEW, DisputeState.APPEAL_REVIEW)
"""Which disputes are the case team's."""
NOBODY = "nobody"

_ROWS = tables.disputes.c
_WAITS: ColumnElement[bool] = literal_column(f"state = any (array[{', '.join(repr(state.value) for state in STATES)}])")
# Spelled as in the index's condition, without which it is not found.
_CONDITIONS = {
    "state": _ROWS.state == bindparam("state"),
    "order_id": _ROWS.order_id == bindparam("order_id"),
    "due_before": _ROWS.next_due_at < bindparam("due_before"),
    "reviewer": _ROWS.reviewer == bindparam("reviewer"),
    "unassigned": _ROWS.reviewer.is_(None),
    "reader": and_(_ROWS.buyer_id != bindparam("reader"), _ROWS.seller_id != bindparam("reader")),
    "after": tuple_(_ROWS.next_due_at, _ROWS.dispute_id)
    > tuple_(bindparam("last_due_at"), bindparam("last_dispute_id")),
}


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which cases the queue shows; `assigned_to` is a reviewer, or nobody, by which no case is found of whose order the
    `reader` is a party (G15).
    """

    state: str | None = None
    order_id: str | None = None
    due_before: datetime | None = None
    assigned_to: str | None = None
    reader: str | None = None
    after: Sequence[Any] | None = None


async def page(pool: Pool, wanted: QueueFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The cases that are due first, from behind the one whose due time and `dispute_id` are `after`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: QueueFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    unassigned = wanted.assigned_to == NOBODY
    given = {
        "state": wanted.state,
        "order_id": wanted.order_id,
        "due_before": wanted.due_before,
        "reviewer": None if unassigned else wanted.assigned_to,
        "unassigned": True if unassigned else None,
        "reader": wanted.reader if wanted.assigned_to is not None else None,
        "after": wanted.after,
    }
    named = tuple(name for name, value in given.items() if value is not None)
    last_due_at, last_dispute_id = wanted.after or (None, None)
    return _page(named), {**given, "last_due_at": last_due_at, "last_dispute_id": last_dispute_id, "limit": limit}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    return compiled(
        select(tables.disputes)
        .where(_WAITS, *(_CONDITIONS[name] for name in given))
        .order_by(_ROWS.next_due_at, _ROWS.dispute_id)
        .limit(bindparam("limit"))
    )
