"""Warranty claims: one row each, for "what waits for the case team, and what is over its time" (T41, D14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, literal_column, not_, or_, select, true, tuple_

from dispute.domain.warranties.state import ClaimState
from dispute.read_models import tables
from shared.events import warranty as events
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.open_enums import known
from shared.subscriptions.changes import Change, change, row_by_row, update, upsert
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "warranties"
TABLES = (tables.warranties,)
STREAMS = ("warranty-",)


def changes(recorded: Recorded[Event]) -> Iterator[Change]:
    """Keeps the claim's row."""
    match recorded.event:
        case events.WarrantyClaimOpened() as event:
            yield _open(recorded, event)
        case events.WarrantyReviewOverdue(review_until=until):
            here = {"version": recorded.version, "position": recorded.position, "due_at": until}
            yield change(tables.warranties, _id(recorded), by=lambda row: here | {"overdue": row["overdue"] + 1})
        case events.WarrantyAssessed(result=result):
            refused = known(result) is events.WarrantyResult.REFUSED
            yield _set(recorded, state=ClaimState.REFUSED if refused else ClaimState.ASSESSED, due_at=None)
        case events.WarrantyFulfilled():
            yield _set(recorded, state=ClaimState.FULFILLED)
        case _:
            yield _set(recorded)


project = row_by_row(changes, STREAMS)


def _open(recorded: Recorded[Event], event: events.WarrantyClaimOpened) -> Change:
    return upsert(
        tables.warranties,
        event.warranty_id,
        version=recorded.version,
        position=recorded.position,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        line_id=event.line_id,
        quantity=event.quantity,
        state=ClaimState.OPENED,
        opened_at=event.opened_at,
        due_at=event.review_until,
    )


def _set(recorded: Recorded[Event], **columns: Any) -> Change:
    return update(tables.warranties, _id(recorded), version=recorded.version, position=recorded.position, **columns)


def _id(recorded: Recorded[Event]) -> str:
    return recorded.stream.removeprefix("warranty-")


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims a list shows; anybody's where neither side is named, and of none that somebody is a party of who is
    `not` to look through them. One that is `overdue` has had its alarm and is not assessed (D14).
    """

    order_id: str | None = None
    state: str | None = None
    overdue: bool | None = None
    buyer_id: str | None = None
    seller_id: str | None = None
    before: Sequence[Any] | None = None
    not_buyer_id: str | None = None
    not_seller_id: str | None = None


async def page(pool: Pool, wanted: ClaimFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest claims first, from behind the one whose `opened_at` and `warranty_id` are `before`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: ClaimFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    opened_at, warranty_id = wanted.before or (None, None)
    given = {name: value for name in (*_CONDITIONS, *_PARTIES) if (value := getattr(wanted, name)) is not None}
    last = {"last_opened_at": opened_at, "last_warranty_id": warranty_id}
    return _page(tuple(given), wanted.overdue), {**given, **last, "limit": limit}


_ROWS = tables.warranties.c
# Spelled as in the index's condition, without which it is not found.
_OVERDUE: ColumnElement[bool] = literal_column("(overdue > 0 and due_at is not null)")
_CONDITIONS = {
    "order_id": _ROWS.order_id == bindparam("order_id"),
    "state": _ROWS.state == bindparam("state"),
    "not_buyer_id": _ROWS.buyer_id != bindparam("not_buyer_id"),
    "not_seller_id": _ROWS.seller_id != bindparam("not_seller_id"),
    "before": tuple_(_ROWS.opened_at, _ROWS.warranty_id)
    < tuple_(bindparam("last_opened_at"), bindparam("last_warranty_id")),
}
_PARTIES = {
    "buyer_id": _ROWS.buyer_id == bindparam("buyer_id"),
    "seller_id": _ROWS.seller_id == bindparam("seller_id"),
}


@cache
def _page(given: tuple[str, ...], overdue: bool | None) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    parties = [party for name, party in _PARTIES.items() if name in given]
    late = true() if overdue is None else _OVERDUE if overdue else not_(_OVERDUE)
    return compiled(
        select(tables.warranties)
        .where(*(condition for name, condition in _CONDITIONS.items() if name in given))
        .where(late, or_(*parties) if parties else true())
        .order_by(_ROWS.opened_at.desc(), _ROWS.warranty_id.desc())
        .limit(bindparam("limit"))
    )
